//! Floors that learn from the dataset's own labels: what an afternoon with labelled captions gives.
//!
//! Each sample's score comes from a model that saw no clip of its group. So these floors know what the
//! annotators of just this dataset meant, which a product that is installed tomorrow does not.

mod logistic;
mod words;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use self::logistic::{Logistic, Row};
use super::Sample;

/// Parts that the groups are split into; each is scored by what was learned from the others.
pub const FOLDS: u64 = 5;
/// Groups with a threat, and groups with something harmless, that learning needs.
pub const FEWEST_GROUPS: usize = 10;

/// Whether the labels suffice to learn from.
///
/// # Errors
/// A sentence that says what is missing.
pub fn suffices(samples: &[Sample]) -> Result<(), String> {
    let groups = |threat: bool| {
        samples
            .iter()
            .filter(|sample| sample.threat == Some(threat))
            .map(|sample| &sample.group)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let (threats, harmless) = (groups(true), groups(false));
    if threats < FEWEST_GROUPS || harmless < FEWEST_GROUPS {
        return Err(format!(
            "Learned floors need {FEWEST_GROUPS} groups of each truth; here are {threats} and \
             {harmless}."
        ));
    }
    let split = (0..FOLDS).all(|fold| {
        let both = samples.iter().filter(|sample| self::fold(&sample.group) != fold);
        let truths: BTreeSet<bool> = both.filter_map(|sample| sample.threat).collect();
        truths.len() == 2
    });
    if split {
        Ok(())
    } else {
        Err("A fold of the groups leaves only one truth to learn from.".into())
    }
}

/// Probabilities by TF-IDF of the captions' words and logistic regression, for the labelled.
pub fn by_words(samples: &[Sample]) -> Vec<Option<f64>> {
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    out_of_fold(samples, words::CLOSENESS, |learn| words::rows(&texts, learn))
}

/// Probabilities by logistic regression over one vector a sample, for the labelled that have one.
pub fn by_vectors(samples: &[Sample], vectors: &[Vec<f32>]) -> Vec<Option<f64>> {
    /// How closely the labels are followed: scikit-learn's default.
    const CLOSENESS: f64 = 1.0;
    out_of_fold(samples, CLOSENESS, |_| {
        let row = |vector: &Vec<f32>| (0..).zip(vector.iter().copied().map(f64::from)).collect();
        let mut rows: Vec<Row> = vectors.iter().map(row).collect();
        rows.resize(samples.len(), Row::new());
        rows
    })
}

/// The mean of a text's sentence vectors, which are equally long; empty where there are none.
pub fn mean(vectors: &[Vec<f32>]) -> Vec<f32> {
    let Some(first) = vectors.first() else { return Vec::new() };
    let mut mean = vec![0.0; first.len()];
    #[expect(clippy::cast_precision_loss, reason = "an alarm has few sentences")]
    let share = 1.0 / vectors.len() as f32;
    for vector in vectors {
        for (sum, number) in mean.iter_mut().zip(vector) {
            *sum += share * number;
        }
    }
    mean
}

/// `features` gets the places that may be learned from and gives a row for every sample; one without
/// features has no score.
fn out_of_fold(
    samples: &[Sample],
    closeness: f64,
    features: impl Fn(&[usize]) -> Vec<Row>,
) -> Vec<Option<f64>> {
    let folds: Vec<u64> = samples.iter().map(|sample| fold(&sample.group)).collect();
    let mut scores = vec![None; samples.len()];
    for held_out in 0..FOLDS {
        let (mut learn, mut truths) = (Vec::new(), Vec::new());
        for (at, sample) in samples.iter().enumerate() {
            if let Some(threat) = sample.threat.filter(|_| folds[at] != held_out) {
                learn.push(at);
                truths.push(threat);
            }
        }
        let rows = features(&learn);
        let known: Vec<&Row> = learn.iter().map(|at| &rows[*at]).collect();
        let model = Logistic::fitted(&known, &truths, closeness);
        for (at, sample) in samples.iter().enumerate() {
            if folds[at] == held_out && sample.threat.is_some() && !rows[at].is_empty() {
                scores[at] = Some(model.probability(&rows[at]));
            }
        }
    }
    scores
}

/// The part that a group belongs to, by the hash of its name, so that it is the same everywhere.
fn fold(group: &str) -> u64 {
    let digest = Sha256::digest(group);
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) % FOLDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::sample;

    /// Sixty groups of two clips that say what they are, but for every tenth.
    fn telling() -> Vec<Sample> {
        (0..120_u32)
            .map(|at| {
                let threat = at / 2 % 2 == 0;
                let says = if at % 10 == 0 { !threat } else { threat };
                let text = if says { "A man smashes glass" } else { "A man waters plants" };
                sample(&format!("s{at}"), &format!("g{}", at / 2), Some(threat), text)
            })
            .collect()
    }

    fn right(samples: &[Sample], scores: &[Option<f64>]) -> usize {
        let pairs = samples.iter().zip(scores);
        pairs.filter(|(one, score)| score.map(|score| score >= 0.5) == one.threat).count()
    }

    #[test]
    fn what_the_words_tell_is_learned_and_what_they_do_not_is_not() {
        let samples = telling();
        suffices(&samples).unwrap();
        let scores = by_words(&samples);
        assert_eq!(right(&samples, &scores), 108, "all but every tenth");
    }

    #[test]
    fn nothing_is_learned_from_the_group_that_is_scored() {
        // A word of its own for each group: known only to who saw the group's other clip.
        let samples: Vec<Sample> = (0..120_u32)
            .map(|at| {
                let group = at / 2;
                let threat = group * 7 % 13 < 6;
                sample(
                    &format!("s{at}"),
                    &format!("g{group}"),
                    Some(threat),
                    &format!("word{group}"),
                )
            })
            .collect();
        let scores = by_words(&samples);
        assert!(scores.iter().all(Option::is_none), "no word is known: {scores:?}");
    }

    #[test]
    fn vectors_are_learned_from_and_one_that_is_missing_has_no_score() {
        let mut samples = telling();
        let vector = |one: &Sample| {
            let says = if one.text.contains("smashes") { [1.0, 0.0] } else { [0.0, 1.0] };
            says.to_vec()
        };
        let mut vectors: Vec<Vec<f32>> = samples.iter().map(vector).collect();
        vectors[7].clear();
        samples[9].threat = None;
        let scores = by_vectors(&samples, &vectors);
        assert_eq!((scores[7], scores[9]), (None, None));
        assert!(right(&samples, &scores) > 100);
        vectors.truncate(50);
        assert!(by_vectors(&samples, &vectors)[50..].iter().all(Option::is_none));
    }

    #[test]
    fn a_text_is_the_mean_of_its_sentences() {
        assert_eq!(mean(&[vec![1.0, 0.0], vec![0.0, 0.5]]), [0.5, 0.25]);
        assert!(mean(&[]).is_empty());
    }

    #[test]
    fn too_few_groups_of_a_truth_are_said_to_be() {
        let few: Vec<Sample> = telling().into_iter().take(30).collect();
        let said = suffices(&few).unwrap_err();
        assert!(said.contains("here are 8 and 7"), "{said}");
        assert!(suffices(&[]).is_err());
    }

    #[test]
    fn folds_are_even_and_the_same_everywhere() {
        let mut sizes = [0_usize; 5];
        for group in 0..1_000 {
            sizes[usize::try_from(fold(&format!("video-{group}"))).unwrap()] += 1;
        }
        assert!(sizes.iter().all(|size| (150..250).contains(size)), "{sizes:?}");
        // SHA-256 of the empty name begins e3b0c44298fc1c14.
        assert_eq!(fold(""), 0xe3b0_c442_98fc_1c14 % FOLDS);
    }
}
