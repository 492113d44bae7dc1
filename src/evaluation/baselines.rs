//! Floors to stand beside every result: what counting alarming words reaches, and what a peer reached.

use serde::Serialize;

use super::{Sample, bootstrap::Estimate, floors, ranking::AtRecall, real};

/// Beginnings of words that sound alarming, English and Spanish. A crude floor on purpose: it is
/// what anybody could do in an afternoon, and a model that does not beat it is not worth its cost.
const ALARMING: [&str; 62] = [
    "abus",
    "accident",
    "aggress",
    "ambush",
    "arma",
    "armed",
    "arrest",
    "arson",
    "assault",
    "attack",
    "blood",
    "break",
    "burgl",
    "burn",
    "chase",
    "climb",
    "collaps",
    "collision",
    "crash",
    "crime",
    "damag",
    "danger",
    "explo",
    "fall",
    "fight",
    "fire",
    "flame",
    "force",
    "fuego",
    "golpe",
    "grab",
    "gun",
    "hit",
    "humo",
    "incendi",
    "injur",
    "kick",
    "knife",
    "mask",
    "navaja",
    "pelea",
    "pistol",
    "pull",
    "punch",
    "push",
    "rob",
    "salta",
    "sangre",
    "shoot",
    "shot",
    "smash",
    "smoke",
    "steal",
    "stole",
    "struggl",
    "suspic",
    "tens",
    "theft",
    "threat",
    "trepa",
    "violen",
    "weapon",
];

/// How many words of `text` begin with an alarming stem, negated or not.
pub fn keyword_count(text: &str) -> usize {
    text.to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| ALARMING.iter().any(|stem| word.starts_with(stem)))
        .count()
}

/// A number that orders samples, where they have it.
type Score = fn(&Sample) -> Option<f64>;

/// The scores that a simple method, or another system, gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Rival {
    /// Its name.
    pub name: &'static str,
    /// One for each sample, where it has one.
    pub scores: Vec<Option<f64>>,
    /// Whether the scores are probabilities of a threat, so that they can be right or wrong.
    pub is_probability: bool,
}

/// All that stand beside the figures, and why one that might be expected does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rivals {
    /// In the order in which they are told.
    pub all: Vec<Rival>,
    /// Plain sentences.
    pub notes: Vec<String>,
}

impl Rivals {
    /// Those of `samples`. `vectors` holds one for each sample, empty where it has none: the mean of
    /// its sentences' vectors.
    pub fn of(samples: &[Sample], vectors: Option<&[Vec<f32>]>) -> Self {
        let mut rivals = Self::default();
        let fixed: [(&str, bool, Score); 4] = [
            ("alarming words, counted", false, |one| Some(real(keyword_count(&one.text)))),
            ("the language model's read alone", true, |one| one.model_threat),
            ("the classifier's read alone", true, |one| one.classifier_threat),
            ("peer's score in the labels", true, |one| one.peer_score),
        ];
        for (name, is_probability, score) in fixed {
            let finite = |one: &Sample| score(one).filter(|score| score.is_finite());
            rivals.add(samples, name, is_probability, samples.iter().map(finite).collect());
        }
        if let Err(why) = floors::suffices(samples) {
            if samples.iter().any(|sample| sample.threat.is_some()) {
                rivals.notes.push(why);
            }
            return rivals;
        }
        let words = floors::by_words(samples);
        rivals.add(samples, "TF-IDF and logistic regression, in 5 folds", true, words);
        if let Some(vectors) = vectors {
            let means = floors::by_vectors(samples, vectors);
            rivals.add(samples, "MiniLM and logistic regression, in 5 folds", true, means);
        }
        rivals
    }

    fn add(
        &mut self,
        samples: &[Sample],
        name: &'static str,
        is_probability: bool,
        scores: Vec<Option<f64>>,
    ) {
        let told =
            |(sample, score): (&Sample, &Option<f64>)| sample.threat.is_some() && score.is_some();
        // Counted words stand there always: the floor that needs no label and no model.
        if !is_probability || samples.iter().zip(&scores).any(told) {
            self.all.push(Rival { name, scores, is_probability });
        }
    }
}

/// What a simple method, or another system, reaches on the same samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Floor {
    /// Its name.
    pub name: String,
    /// How many labelled clips it has a score for.
    pub n: usize,
    /// Area under the ROC curve per clip.
    pub clip_roc_auc: Option<Estimate>,
    /// Area under the ROC curve per group, by its highest clip.
    pub group_roc_auc: Option<Estimate>,
    /// Harmless groups dismissed when 95 % of the threat groups are kept.
    pub group_at_95: Option<AtRecall>,
    /// Our own area per clip on exactly these clips.
    pub own_clip_roc_auc: Option<f64>,
    /// How far our area per clip lies above, over draws of whole groups.
    pub clip_lead: Option<Estimate>,
    /// The same per group.
    pub group_lead: Option<Estimate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_by_their_beginning() {
        assert_eq!(keyword_count("Two men FIGHT; one is kicking. No weapon."), 3);
        assert_eq!(keyword_count("Una pelea con navaja, y humo."), 3);
        assert_eq!(keyword_count("A cat walks over the grass."), 0);
        assert_eq!(keyword_count(""), 0);
    }

    #[test]
    fn the_list_is_sorted_and_has_no_stem_twice() {
        assert!(ALARMING.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
