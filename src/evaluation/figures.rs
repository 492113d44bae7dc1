//! All figures of one run together, and how they come from the samples.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;

use super::{
    Sample,
    baselines::{Floor, Rivals},
    bootstrap::{Estimate, RESAMPLES, SEED},
    bound::{Bound, MISSED_AT_MOST},
    calibration::Calibration,
    confusion::{Confusion, LevelRow, Missed, NamedRow, VerdictWorth, by_name, levels, missed},
    grouped::Grouped,
    judge::JudgeFigures,
    operation::Operation,
    ranking::AtRecall,
    selective::Selective,
};

/// With fewer groups an interval is told, but with a warning.
const FEW_GROUPS: usize = 20;

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
    /// What is left to err where only the surest are decided.
    pub selective: Option<Selective>,
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
    /// What a judge says of what was written, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeFigures>,
    /// How the intervals were made.
    pub resampling: Resampling,
    /// What the labels do not support, and what is odd about them.
    pub notes: Vec<String>,
}

impl Figures {
    /// All figures of `samples`, beside what simple methods reach. Total: nothing that the samples
    /// hold makes it fail. A probability that is no number counts as 0.5, and a note says so.
    pub fn of(samples: &[Sample], run: Run) -> Self {
        Self::beside(samples, run, &Rivals::of(samples, None))
    }

    /// The same beside `rivals`, which are those of these very samples.
    pub fn beside(samples: &[Sample], run: Run, rivals: &Rivals) -> Self {
        let mended: Vec<Sample> = samples.iter().map(Sample::mended).collect();
        let grouped = Grouped::new(&mended);
        let clips = grouped.clips(|at| Some(mended[at].probability));
        let groups = clips.by_group();
        let confusion = Confusion::of(&mended);
        let dismissed = |sample: &Sample| sample.outcome == crate::domain::Outcome::Dismissed;
        let mut notes = notes(samples, run, confusion, groups.counts());
        notes.extend(rivals.notes.iter().cloned());
        Self {
            n: samples.len(),
            labelled: grouped.labelled(),
            lost: run.lost,
            clip: grouped.ordering(&clips),
            group: grouped.ordering(&groups),
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
            bound: Bound::of(&groups, MISSED_AT_MOST),
            floors: rivals.all.iter().map(|rival| grouped.floor(rival)).collect(),
            operation: Operation::of(&mended, run.wall),
            judge: None,
            resampling: Resampling { resamples: RESAMPLES, seed: SEED, groups: grouped.groups() },
            notes,
        }
    }

    /// An aligned plain-text account for a terminal of 100 columns.
    pub fn render(&self) -> String {
        super::render::render(self)
    }
}

/// What the labels do not support, and what is odd about them, in plain sentences.
fn notes(
    samples: &[Sample],
    run: Run,
    confusion: Confusion,
    (threat_groups, harmless_groups): (usize, usize),
) -> Vec<String> {
    let mut notes = Vec::new();
    let (all, groups) = (confusion.all(), threat_groups + harmless_groups);
    if run.lost > 0 {
        notes.push(format!("{} lines gave no decision and count nowhere here.", run.lost));
    }
    if all.total() == 0 {
        notes.push("No sample has a label, so nothing can be said about right and wrong.".into());
    } else if all.threats == 0 {
        notes.push("No labelled threat: how many would be missed cannot be measured.".into());
    } else if all.harmless == 0 {
        notes.push("No labelled harmless alarm: areas and dismissals cannot be measured.".into());
    } else if harmless_groups == 0 {
        notes.push("Every group has a threat: nothing can be said about order by group.".into());
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
