//! All figures of one run together, and how they come from the samples.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;

use super::{
    Sample,
    baselines::{Floor, keyword_count},
    bootstrap::{Draws, Estimate, RESAMPLES, SEED},
    bound::{Bound, MISSED_AT_MOST},
    calibration::Calibration,
    confusion::{Confusion, LevelRow, Missed, NamedRow, VerdictWorth, by_name, levels, missed},
    operation::Operation,
    ranking::{AtRecall, Ranking, Scored},
    real,
};

/// Recalls of threats at which the dismissed share of the harmless is told.
const RECALLS: [f64; 4] = [0.90, 0.95, 0.98, 0.99];
/// With fewer groups an interval is told, but with a warning.
const FEW_GROUPS: usize = 20;

/// A number that orders samples, where they have it.
type Score = fn(&Sample) -> Option<f64>;

/// What is told about the run as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run {
    /// How long deciding all samples took.
    pub wall: Option<Duration>,
    /// Lines of the dataset that could not be read or decided, so that they are missing here.
    pub lost: usize,
}

/// How well the probability orders clips, or groups by their highest clip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ordering {
    /// Labelled threats.
    pub threats: usize,
    /// Labelled harmless ones.
    pub harmless: usize,
    /// Area under the ROC curve; 0.5 is chance.
    pub roc_auc: Option<Estimate>,
    /// Average precision; the share of threats is chance.
    pub average_precision: Option<Estimate>,
    /// Harmless ones below the threshold that keeps so many of the threats.
    pub at_recall: Vec<AtRecall>,
}

/// How the intervals were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Resampling {
    /// Draws.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Groups that are drawn from.
    pub groups: usize,
}

/// All figures of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Samples that were decided.
    pub n: usize,
    /// Of these, those with a label.
    pub labelled: usize,
    /// Lines of the dataset that are missing here.
    pub lost: usize,
    /// By clip.
    pub clip: Ordering,
    /// By group.
    pub group: Ordering,
    /// Verdicts against the truth.
    pub confusion: Confusion,
    /// Share of the labelled samples that was dismissed.
    pub dismissed_share: Option<Estimate>,
    /// Share of the threats that was dismissed: the false-dismissal rate.
    pub missed_share: Option<Estimate>,
    /// Share of the harmless that was dismissed: the work that is saved.
    pub harmless_dismissed_share: Option<Estimate>,
    /// Every threat that was dismissed.
    pub missed: Vec<Missed>,
    /// What each verdict is worth.
    pub verdicts: Vec<VerdictWorth>,
    /// Samples by AVS-style level.
    pub levels: Vec<LevelRow>,
    /// Samples by the label's class.
    pub classes: Vec<NamedRow>,
    /// Samples by the alarm's kind.
    pub kinds: Vec<NamedRow>,
    /// Whether the probabilities can be believed.
    pub calibration: Option<Calibration>,
    /// The same with each half of the groups on the scale that the other half's labels give.
    pub crossed: Option<Calibration>,
    /// What the labels allow to be dismissed without a person.
    pub bound: Bound,
    /// What simple methods and peers reach on the same samples.
    pub floors: Vec<Floor>,
    /// What deciding cost.
    pub operation: Option<Operation>,
    /// How the intervals were made.
    pub resampling: Resampling,
    /// What the labels do not support, and what is odd about them.
    pub notes: Vec<String>,
}

/// The labelled samples with their groups numbered, and the draws of these groups.
struct Grouped<'a> {
    labelled: Vec<(&'a Sample, usize, bool)>,
    draws: Draws,
}

impl<'a> Grouped<'a> {
    fn new(samples: &'a [Sample]) -> Self {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut labelled = Vec::new();
        for sample in samples {
            if let Some(threat) = sample.threat {
                let next = numbers.len();
                let group = *numbers.entry(&sample.group).or_insert(next);
                labelled.push((sample, group, threat));
            }
        }
        Self { labelled, draws: Draws::new(numbers.len()) }
    }

    fn clips(&self, score: impl Fn(&Sample) -> Option<f64>) -> Ranking {
        let scored = self.labelled.iter().filter_map(|(sample, group, threat)| {
            Some(Scored { score: score(sample)?, threat: *threat, group: *group })
        });
        Ranking::new(scored.collect())
    }

    fn ordering(&self, ranking: &Ranking) -> Ordering {
        let (threats, harmless) = ranking.counts();
        Ordering {
            threats,
            harmless,
            roc_auc: self.draws.estimate(|weights| ranking.roc_auc(weights)),
            average_precision: self.draws.estimate(|weights| ranking.average_precision(weights)),
            at_recall: RECALLS.iter().filter_map(|target| ranking.at_recall(*target)).collect(),
        }
    }

    /// The share of the labelled samples within `whole` for which `part` holds.
    fn share(
        &self,
        whole: impl Fn(&Sample) -> bool,
        part: impl Fn(&Sample) -> bool,
    ) -> Option<Estimate> {
        self.draws.estimate(|weights| {
            let (mut have, mut all) = (0.0, 0.0);
            for (sample, group, _) in self.labelled.iter().filter(|(sample, ..)| whole(sample)) {
                let weight = weights.map_or(1.0, |each| f64::from(each[*group]));
                all += weight;
                have += if part(sample) { weight } else { 0.0 };
            }
            (all > 0.0).then(|| have / all)
        })
    }

    fn floor(&self, name: &str, score: impl Fn(&Sample) -> Option<f64>) -> Floor {
        let clips = self.clips(&score);
        let groups = clips.by_group();
        let own = self.clips(|sample| score(sample).map(|_| sample.probability));
        let own_groups = own.by_group();
        Floor {
            name: name.to_owned(),
            n: clips.items().len(),
            clip_roc_auc: self.draws.estimate(|weights| clips.roc_auc(weights)),
            group_roc_auc: self.draws.estimate(|weights| groups.roc_auc(weights)),
            group_at_95: groups.at_recall(0.95),
            own_clip_roc_auc: own.roc_auc(None),
            clip_lead: self
                .draws
                .estimate(|weights| Some(own.roc_auc(weights)? - clips.roc_auc(weights)?)),
            group_lead: self
                .draws
                .estimate(|weights| Some(own_groups.roc_auc(weights)? - groups.roc_auc(weights)?)),
        }
    }
}

impl Figures {
    /// All figures of `samples`. Total: nothing that the samples hold makes it fail. A probability
    /// that is no number counts as 0.5, and a note says so.
    pub fn of(samples: &[Sample], run: Run) -> Self {
        let mended: Vec<Sample> = samples.iter().map(mend).collect();
        let grouped = Grouped::new(&mended);
        let clips = grouped.clips(|sample| Some(sample.probability));
        let confusion = Confusion::of(&mended);
        let dismissed = |sample: &Sample| sample.outcome == crate::domain::Outcome::Dismissed;
        let mut floors = vec![
            grouped.floor("alarming words, counted", |one| Some(real(keyword_count(&one.text)))),
        ];
        let reads: [(&str, Score); 2] = [
            ("the language model's read alone", |one| one.model_threat),
            ("the classifier's read alone", |one| one.classifier_threat),
        ];
        for (name, read) in reads {
            if mended.iter().any(|sample| read(sample).is_some()) {
                floors.push(grouped.floor(name, read));
            }
        }
        if mended.iter().any(|sample| sample.threat.is_some() && sample.peer_score.is_some()) {
            floors.push(grouped.floor("peer's score in the labels", |one| one.peer_score));
        }
        Self {
            n: samples.len(),
            labelled: grouped.labelled.len(),
            lost: run.lost,
            clip: grouped.ordering(&clips),
            group: grouped.ordering(&clips.by_group()),
            confusion,
            dismissed_share: grouped.share(|_| true, dismissed),
            missed_share: grouped.share(|sample| sample.threat == Some(true), dismissed),
            harmless_dismissed_share: grouped
                .share(|sample| sample.threat == Some(false), dismissed),
            missed: missed(&mended),
            verdicts: confusion.worth(),
            levels: levels(&mended),
            classes: by_name(&mended, |sample| &sample.class),
            kinds: by_name(&mended, |sample| &sample.kind),
            calibration: Calibration::of(&mended),
            crossed: Calibration::crossed(&mended),
            bound: Bound::of(&clips.by_group(), MISSED_AT_MOST),
            floors,
            operation: Operation::of(&mended, run.wall),
            resampling: Resampling {
                resamples: RESAMPLES,
                seed: SEED,
                groups: grouped.draws.groups(),
            },
            notes: notes(samples, run, confusion, grouped.draws.groups()),
        }
    }

    /// An aligned plain-text account for a terminal of 100 columns.
    pub fn render(&self) -> String {
        super::render::render(self)
    }
}

fn mend(sample: &Sample) -> Sample {
    let probability = if sample.probability.is_finite() { sample.probability } else { 0.5 };
    let peer_score = sample.peer_score.filter(|score| score.is_finite());
    Sample { probability, peer_score, ..sample.clone() }
}

/// What the labels do not support, and what is odd about them, in plain sentences.
fn notes(samples: &[Sample], run: Run, confusion: Confusion, groups: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let all = confusion.all();
    if run.lost > 0 {
        notes.push(format!("{} lines gave no decision and count nowhere here.", run.lost));
    }
    if all.total() == 0 {
        notes.push("No sample has a label, so nothing can be said about right and wrong.".into());
    } else if all.threats == 0 {
        notes.push("No labelled threat: how many would be missed cannot be measured.".into());
    } else if all.harmless == 0 {
        notes.push("No labelled harmless alarm: areas and dismissals cannot be measured.".into());
    }
    if (1..FEW_GROUPS).contains(&groups) {
        notes.push(format!("Few groups ({groups}): the intervals are rough or missing."));
    }
    let unlabelled = samples.len() - all.total();
    if unlabelled > 0 && all.total() > 0 {
        notes.push(format!("{unlabelled} samples without an agreed label are left out."));
    }
    let broken = samples.iter().filter(|sample| !sample.probability.is_finite()).count();
    if broken > 0 {
        notes.push(format!("{broken} probabilities are no numbers and count as 0.5."));
    }
    notes.extend(doubles(samples));
    notes
}

fn doubles(samples: &[Sample]) -> Vec<String> {
    let mut truths: BTreeMap<&str, BTreeSet<Option<bool>>> = BTreeMap::new();
    for sample in samples {
        truths.entry(&sample.id).or_default().insert(sample.threat);
    }
    let mut notes = Vec::new();
    let repeated = samples.len() - truths.len();
    if repeated > 0 {
        notes.push(format!("{repeated} samples repeat the id of another and count again."));
    }
    let torn: Vec<&str> = truths
        .iter()
        .filter(|(_, said)| said.contains(&Some(true)) && said.contains(&Some(false)))
        .map(|(id, _)| *id)
        .collect();
    if let Some(first) = torn.first() {
        notes.push(format!("{} ids are labelled both ways, first {first}.", torn.len()));
    }
    notes
}
