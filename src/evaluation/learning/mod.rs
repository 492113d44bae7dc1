//! What a site's labels teach: a head of its own where that is proven better, the scale of its
//! probabilities, and the bound below which nobody need look.
//!
//! Everything that is reported comes from groups that were not learned from: the groups are parted into
//! five by the hash of their names, each part is scored by what the other four taught, and how far the
//! head may move is chosen inside those four.

mod head;
mod render;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::head::{FREEDOMS, Line, log_loss};
use super::{
    bootstrap::{Draws, Estimate},
    bound::Bound,
    calibration::{Calibration, crossed, fitted},
    ranking::{Ranking, Scored},
};
use crate::{
    domain::odds::{self, Scale},
    model::classify::{Head, HeadFile},
};

/// Parts of the groups.
const FOLDS: u8 = 5;
/// Labels of each truth, and groups that have them, below which nothing is learned.
pub const FEWEST: usize = 20;

/// A labelled alarm, ready to learn from.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Alarms that resemble each other have one group; no part separates them.
    pub group: String,
    /// Whether it was a real threat.
    pub threat: bool,
    /// The vectors of its captions' sentences.
    pub vectors: Vec<Vec<f32>>,
    /// What the language model's read gave, where it answered.
    pub model_threat: Option<f64>,
    /// Log-odds that the rules added: what the site prohibits, which no read can know.
    pub lift: f64,
}

/// What the labels are learned over, and what must hold.
#[derive(Debug)]
pub struct Terms<'a> {
    /// The site.
    pub site: &'a str,
    /// The version that this would be.
    pub version: u32,
    /// The head that ships.
    pub shipped: &'a Head,
    /// Digest of the models and prompts.
    pub made_with: &'a str,
    /// Share of threats that the site lets be missed.
    pub missed_at_most: f64,
    /// Now.
    pub now: Timestamp,
}

/// How many labels there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Real threats.
    pub threats: usize,
    /// Harmless alarms.
    pub harmless: usize,
    /// Groups.
    pub groups: usize,
}

/// How well the held-out groups were told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// Area under the ROC curve, by alarm.
    pub roc_auc: Option<Estimate>,
    /// The same by group, by its highest alarm.
    pub group_roc_auc: Option<Estimate>,
    /// Mean −ln of the probability that was given to the truth.
    pub log_loss: f64,
    /// Expected calibration error.
    pub ece: f64,
}

/// Before and after, on the same held-out groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// As the site decides without labels: probabilities as they are.
    pub shipped: Told,
    /// With the head that ships, on the scale of the labels.
    pub scaled: Told,
    /// With a head of the site's own, on the scale of the labels; absent where none was found.
    pub own: Option<Told>,
    /// How much smaller the loss is with the own head, over draws of whole groups.
    pub gain: Option<Estimate>,
}

/// What was learned: the document that is kept, hashed, approved and put in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lesson {
    /// The site.
    pub site: String,
    /// The version.
    pub version: u32,
    /// When it was learned.
    pub learned_at: Timestamp,
    /// Digest of the models and prompts that it was learned over.
    pub made_with: String,
    /// The site's own head; absent where the one that ships is no worse.
    pub head: Option<HeadFile>,
    /// The scale of the probabilities.
    pub scale: Scale,
    /// What the labels allow to be dismissed without a person.
    pub bound: Bound,
    /// How many labels.
    pub labels: Counts,
    /// Whether it is better.
    pub measured: Comparison,
}

/// Learns from a site's labels.
///
/// # Errors
/// A sentence that says how many labels of which kind are missing.
pub fn learn(labels: &[Labelled], terms: &Terms<'_>) -> Result<Lesson, String> {
    let counts = counts(labels);
    suffice(labels, counts)?;
    let file = terms.shipped.file();
    // With its slope and offset, a sentence's line is the alarm's.
    let shipped = Line {
        weights: file.weights.iter().map(|weight| file.slope * weight).collect(),
        bias: file.slope * file.bias + file.offset,
    };
    let study = Study { labels, shipped, draws: Draws::new(counts.groups) };
    let as_shipped = study.scores(|_| Some(study.shipped.clone())).ok_or(UNREAD)?;
    let own = study.scores(|rest| study.best(rest));
    let measured = study.compare(&as_shipped, own.as_deref()).ok_or(ONE_SIDED)?;
    let better = measured.gain.is_some_and(|gain| gain.low.is_some_and(|low| low > 0.0));
    let chosen = own.filter(|_| better).zip(study.best(&study.all()));
    let (scores, line) = match chosen {
        Some((scores, line)) => (scores, Some(line)),
        None => (as_shipped, None),
    };
    let scale = fitted(&study.pairs(&scores)).filter(|scale| scale.slope > 0.0).ok_or(TURNED)?;
    let scaled: Vec<f64> = scores.iter().map(|score| scale.of(*score)).collect();
    Ok(Lesson {
        site: terms.site.to_owned(),
        version: terms.version,
        learned_at: terms.now,
        made_with: terms.made_with.to_owned(),
        head: line.map(|line| HeadFile {
            version: terms.version,
            embedder_sha256: terms.shipped.file().embedder_sha256.clone(),
            weights: line.weights,
            bias: line.bias,
            slope: 1.0,
            offset: 0.0,
        }),
        scale,
        bound: Bound::of(&study.ranking(&scaled).by_group(), terms.missed_at_most),
        labels: counts,
        measured,
    })
}

const UNREAD: &str = "a labelled alarm has no sentence to read; nothing was learned";
const ONE_SIDED: &str =
    "one half of the groups has threats or harmless alarms alone; label more days";
const TURNED: &str = "on these labels what looks alarming is harmless more often than not; look at the \
     labels, for nothing can be learned from them";

fn counts(labels: &[Labelled]) -> Counts {
    let threats = labels.iter().filter(|label| label.threat).count();
    let groups: BTreeSet<&str> = labels.iter().map(|label| label.group.as_str()).collect();
    Counts { threats, harmless: labels.len() - threats, groups: groups.len() }
}

fn suffice(labels: &[Labelled], counts: Counts) -> Result<(), String> {
    let folds = |truth: bool| {
        let own = labels.iter().filter(|label| label.threat == truth);
        own.map(|label| fold(&label.group)).collect::<BTreeSet<u8>>().len()
    };
    if counts.threats < FEWEST || counts.harmless < FEWEST || folds(true) < 2 || folds(false) < 2 {
        return Err(format!(
            "{} real threats and {} harmless alarms are labelled, in {} groups; at least {FEWEST} of \
             each are needed, spread over several groups, before anything can be learned",
            counts.threats, counts.harmless, counts.groups
        ));
    }
    Ok(())
}

/// The part that a group belongs to.
fn fold(group: &str) -> u8 {
    Sha256::digest(group)[0] % FOLDS
}

/// The labels, and what they are learned from.
struct Study<'a> {
    labels: &'a [Labelled],
    shipped: Line,
    draws: Draws,
}

impl<'a> Study<'a> {
    fn all(&self) -> Vec<&'a Labelled> {
        self.labels.iter().collect()
    }

    /// Each alarm's probability, both reads together, by the line that the other parts give; nothing
    /// where a part gives none.
    fn scores(&self, line: impl Fn(&[&Labelled]) -> Option<Line>) -> Option<Vec<f64>> {
        let mut scores = vec![0.5; self.labels.len()];
        for part in 0..FOLDS {
            let (held, rest): (Vec<_>, Vec<_>) =
                self.labels.iter().enumerate().partition(|(_, label)| fold(&label.group) == part);
            let rest: Vec<&Labelled> = rest.into_iter().map(|(_, label)| label).collect();
            let line = line(&rest)?;
            for (at, label) in held {
                let (read, _) = line.alarm(&label.vectors)?;
                let reads = label.model_threat.into_iter().chain([odds::probability(read)]);
                scores[at] = odds::together(reads, label.lift)?;
            }
        }
        Some(scores)
    }

    /// The line that tells these labels' own parts apart best.
    fn best(&self, labels: &[&Labelled]) -> Option<Line> {
        let loss = |freedom: f64| -> Option<f64> {
            let mut told = Vec::new();
            let mut parts: Vec<u8> = labels.iter().map(|label| fold(&label.group)).collect();
            parts.sort_unstable();
            parts.dedup();
            for part in parts {
                let (held, rest): (Vec<&Labelled>, Vec<&Labelled>) =
                    labels.iter().partition(|label| fold(&label.group) == part);
                let line = self.shipped.moved(&rest, freedom)?;
                for label in held {
                    told.push((odds::probability(line.alarm(&label.vectors)?.0), label.threat));
                }
            }
            Some(log_loss(&told))
        };
        let (freedom, _) = FREEDOMS
            .into_iter()
            .filter_map(|freedom| Some((freedom, loss(freedom)?)))
            .min_by(|one, other| one.1.total_cmp(&other.1))?;
        self.shipped.moved(labels, freedom)
    }

    fn pairs(&self, scores: &[f64]) -> Vec<(f64, bool)> {
        scores.iter().zip(self.labels).map(|(score, label)| (*score, label.threat)).collect()
    }

    fn ranking(&self, scores: &[f64]) -> Ranking {
        let numbers = self.numbers();
        let scored = scores.iter().zip(self.labels).zip(numbers);
        Ranking::new(
            scored
                .map(|((score, label), group)| Scored {
                    score: *score,
                    threat: label.threat,
                    group,
                })
                .collect(),
        )
    }

    /// Each label's group, numbered.
    fn numbers(&self) -> Vec<usize> {
        let names: BTreeSet<&str> = self.labels.iter().map(|label| label.group.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let place = |label: &Labelled| names.binary_search(&label.group.as_str()).unwrap_or(0);
        self.labels.iter().map(place).collect()
    }

    fn crossed(&self, scores: &[f64]) -> Option<Vec<(f64, bool)>> {
        let labels = scores.iter().zip(self.labels);
        let told = labels.map(|(score, label)| (label.group.as_str(), *score, label.threat));
        crossed(&told.collect::<Vec<_>>())
    }

    fn told(&self, scores: &[f64], probabilities: &[(f64, bool)]) -> Option<Told> {
        let ranking = self.ranking(scores);
        let groups = ranking.by_group();
        Some(Told {
            roc_auc: self.draws.estimate(|weights| ranking.roc_auc(weights)),
            group_roc_auc: self.draws.estimate(|weights| groups.roc_auc(weights)),
            log_loss: log_loss(probabilities),
            ece: Calibration::over(probabilities)?.ece,
        })
    }

    fn compare(&self, shipped: &[f64], own: Option<&[f64]>) -> Option<Comparison> {
        let scaled = self.crossed(shipped)?;
        let own = own.and_then(|scores| Some((scores, self.crossed(scores)?)));
        Some(Comparison {
            shipped: self.told(shipped, &self.pairs(shipped))?,
            scaled: self.told(shipped, &scaled)?,
            gain: own.as_ref().and_then(|(_, own)| self.gain(&scaled, own)),
            own: own.as_ref().and_then(|(scores, own)| self.told(scores, own)),
        })
    }

    /// How much smaller the second's loss is.
    fn gain(&self, first: &[(f64, bool)], second: &[(f64, bool)]) -> Option<Estimate> {
        let numbers = self.numbers();
        self.draws.estimate(|weights| {
            let (mut sum, mut all) = (0.0, 0.0);
            for ((one, other), group) in first.iter().zip(second).zip(&numbers) {
                let weight = weights.map_or(1.0, |each| f64::from(each[*group]));
                sum += weight * (log_loss(&[*one]) - log_loss(&[*other]));
                all += weight;
            }
            (all > 0.0).then(|| sum / all)
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

    use super::*;

    const WIDTH: usize = 8;

    /// A head that listens to the first coordinate.
    fn shipped() -> Head {
        let mut weights = vec![0.0; WIDTH];
        weights[0] = 2.0;
        let text = serde_json::json!({"version": 1, "embedder_sha256": "", "weights": weights,
            "bias": 0.0, "slope": 1.0, "offset": 0.0});
        Head::parse("shipped", &text.to_string(), String::new()).unwrap()
    }

    /// Alarms of which every fifth is a threat. The first coordinate tells it a little, the second as
    /// well as `telling`.
    fn labels(n: usize, telling: f32, seed: u64) -> Vec<Labelled> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..n)
            .map(|at| {
                let threat = at % 5 == 0;
                let side = if threat { 1.0 } else { -1.0 };
                let mut vector: Vec<f32> =
                    (0..WIDTH).map(|_| random.random_range(-1.0..1.0)).collect();
                vector[0] += 0.5 * side;
                vector[1] += telling * side;
                Labelled {
                    group: format!("camera {} day {}", at % 7, at / 21),
                    threat,
                    vectors: vec![vector],
                    model_threat: Some(random.random_range(0.2..0.8)),
                    lift: 0.0,
                }
            })
            .collect()
    }

    fn learned(labels: &[Labelled]) -> Result<Lesson, String> {
        let head = shipped();
        let terms = Terms {
            site: "s",
            version: 3,
            shipped: &head,
            made_with: "m",
            missed_at_most: 0.01,
            now: Timestamp::UNIX_EPOCH,
        };
        learn(labels, &terms)
    }

    #[test]
    fn a_head_of_the_sites_own_is_taken_where_it_is_better_on_groups_that_it_never_saw() {
        let lesson = learned(&labels(600, 1.0, 1)).unwrap();
        let own = lesson.head.as_ref().expect("the second coordinate tells much");
        assert!(own.weights[1] > 0.5, "{own:?}");
        let area = |told: &Told| told.roc_auc.unwrap().value;
        assert!(
            area(lesson.measured.own.as_ref().unwrap()) > area(&lesson.measured.shipped) + 0.05
        );
        assert!(lesson.measured.scaled.ece < lesson.measured.shipped.ece);
        assert_eq!((lesson.labels.threats, lesson.labels.harmless), (120, 480));
    }

    #[test]
    fn labels_without_news_leave_the_head_that_ships_and_give_the_scale_alone() {
        let lesson = learned(&labels(300, 0.0, 2)).unwrap();
        assert_eq!(lesson.head, None, "{:?}", lesson.measured.gain);
        assert!(lesson.scale.slope > 0.0);
        assert_eq!(lesson.bound.below, None, "60 threats do not bound one per cent");
        assert!(lesson.bound.more_threats_needed > 200);
    }

    #[test]
    fn what_is_learned_decides_as_it_was_measured() {
        let lesson = learned(&labels(600, 1.0, 3)).unwrap();
        let document = serde_json::to_string(&lesson).unwrap();
        let model = crate::model::site::SiteModel::parse(&document, "hash").unwrap();
        assert_eq!((model.version, model.made_with.as_str()), (3, "m"));
        let head = model.head.unwrap();
        let told = labels(200, 1.0, 4)
            .iter()
            .filter(|one| {
                let read = odds::probability(head.alarm(head.sentence(&one.vectors[0])));
                let both = odds::together([read, one.model_threat.unwrap()], 0.0).unwrap();
                (model.scale.of(both) >= 0.5) == one.threat
            })
            .count();
        assert!(told > 170, "{told} of 200 that nobody had seen");
    }

    #[test]
    fn the_scale_is_that_of_the_probabilities_it_is_put_on() {
        // What a rule prohibits tells the truth where both reads are blind.
        let blind: Vec<Labelled> = labels(400, 0.0, 8)
            .into_iter()
            .map(|label| Labelled { lift: if label.threat { 8.0 } else { 0.0 }, ..label })
            .collect();
        let lesson = learned(&blind).unwrap();
        assert!(lesson.measured.shipped.roc_auc.unwrap().value > 0.95);
        let given = |lift| lesson.scale.of(odds::together([0.5, 0.5], lift).unwrap());
        assert!(given(8.0) > 0.9 && given(0.0) < 0.2, "{} {}", given(8.0), given(0.0));
    }

    #[test]
    fn too_few_labels_teach_nothing_and_the_sentence_says_how_many() {
        let said = learned(&labels(50, 1.0, 5)).unwrap_err();
        assert!(said.contains("10 real threats and 40 harmless alarms"), "{said}");
        assert!(said.contains("at least 20 of each"), "{said}");
        let one_sided: Vec<Labelled> =
            labels(500, 1.0, 6).into_iter().filter(|label| !label.threat).collect();
        assert!(learned(&one_sided).is_err());
        assert!(learned(&[]).is_err());
    }

    #[test]
    fn labels_that_are_upside_down_are_told() {
        let turned: Vec<Labelled> = labels(400, 1.0, 7)
            .into_iter()
            .map(|label| Labelled { threat: !label.threat, ..label })
            .collect();
        let said = learned(&turned).unwrap_err();
        assert!(said.contains("look at the"), "{said}");
    }
}
