//! Verdicts against the truth: the confusion table, what each verdict is worth, what was missed.

use std::collections::BTreeMap;

use serde::Serialize;
use strum::VariantArray;

use super::{Sample, share};
use crate::domain::{Outcome, Severity};

/// Threats and harmless ones in one cell or row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Truths {
    /// Labelled a threat.
    pub threats: usize,
    /// Labelled harmless.
    pub harmless: usize,
}

impl Truths {
    /// Both together.
    pub const fn total(self) -> usize {
        self.threats + self.harmless
    }

    fn add(&mut self, threat: bool) {
        if threat {
            self.threats += 1;
        } else {
            self.harmless += 1;
        }
    }
}

/// Outcomes × truth over the labelled samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// Said to be real.
    pub verified: Truths,
    /// Left to a person.
    pub uncertain: Truths,
    /// Dismissed.
    pub dismissed: Truths,
}

impl Confusion {
    /// Counts the labelled among `samples`.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let mut table = Self::default();
        for sample in samples {
            if let Some(threat) = sample.threat {
                table.row_mut(sample.outcome).add(threat);
            }
        }
        table
    }

    /// The row of one outcome.
    pub const fn row(&self, outcome: Outcome) -> Truths {
        match outcome {
            Outcome::Verified => self.verified,
            Outcome::Uncertain => self.uncertain,
            Outcome::Dismissed => self.dismissed,
        }
    }

    const fn row_mut(&mut self, outcome: Outcome) -> &mut Truths {
        match outcome {
            Outcome::Verified => &mut self.verified,
            Outcome::Uncertain => &mut self.uncertain,
            Outcome::Dismissed => &mut self.dismissed,
        }
    }

    /// All labelled samples.
    pub const fn all(&self) -> Truths {
        Truths {
            threats: self.verified.threats + self.uncertain.threats + self.dismissed.threats,
            harmless: self.verified.harmless + self.uncertain.harmless + self.dismissed.harmless,
        }
    }

    /// What each outcome is worth, most serious first.
    pub fn worth(&self) -> Vec<VerdictWorth> {
        Outcome::VARIANTS
            .iter()
            .rev()
            .map(|&outcome| {
                let row = self.row(outcome);
                let right = match outcome {
                    Outcome::Verified => Some(row.threats),
                    Outcome::Dismissed => Some(row.harmless),
                    // Leaving it to a person is neither right nor wrong.
                    Outcome::Uncertain => None,
                };
                VerdictWorth {
                    outcome,
                    n: row.total(),
                    coverage: share(row.total(), self.all().total()),
                    precision: right.and_then(|right| share(right, row.total())),
                }
            })
            .collect()
    }
}

/// How often an outcome is given, and how often it is right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerdictWorth {
    /// The outcome.
    pub outcome: Outcome,
    /// How many labelled samples got it.
    pub n: usize,
    /// Share of the labelled samples that got it, 0 to 1.
    pub coverage: Option<f64>,
    /// Share of these that it is right for, 0 to 1; absent for `uncertain`, which claims nothing.
    pub precision: Option<f64>,
}

/// A threat that was dismissed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missed {
    /// The alarm's id in the dataset.
    pub id: String,
    /// Its group.
    pub group: String,
    /// The label's class.
    pub class: String,
    /// The probability that the verdict gave it.
    pub probability: f64,
    /// The severity that the verdict gave it.
    pub severity: Severity,
}

/// Threats that were dismissed, the surest mistakes first.
pub fn missed(samples: &[Sample]) -> Vec<Missed> {
    let mut missed: Vec<Missed> = samples
        .iter()
        .filter(|sample| sample.threat == Some(true) && sample.outcome == Outcome::Dismissed)
        .map(|sample| Missed {
            id: sample.id.clone(),
            group: sample.group.clone(),
            class: sample.class.clone(),
            probability: sample.probability,
            severity: sample.severity,
        })
        .collect();
    missed.sort_by(|one, other| {
        one.probability.total_cmp(&other.probability).then_with(|| one.id.cmp(&other.id))
    });
    missed
}

/// One AVS-style level: how many samples got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelRow {
    /// 0 to 4.
    pub level: u8,
    /// Labelled samples with this level.
    #[serde(flatten)]
    pub truths: Truths,
}

/// Samples by AVS-style level, 0 to 4, empty levels too.
pub fn levels(samples: &[Sample]) -> Vec<LevelRow> {
    (0..=4)
        .map(|level| {
            let mut truths = Truths::default();
            for sample in samples.iter().filter(|sample| u8::from(sample.avs_level) == level) {
                if let Some(threat) = sample.threat {
                    truths.add(threat);
                }
            }
            LevelRow { level, truths }
        })
        .collect()
}

/// The samples of one class or kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedRow {
    /// The class or kind.
    pub name: String,
    /// Its verdicts against the truth.
    pub confusion: Confusion,
    /// Mean probability of a threat that its samples got.
    pub mean_probability: f64,
}

/// Labelled samples by a name, in alphabetical order.
pub fn by_name(samples: &[Sample], name: impl Fn(&Sample) -> &str) -> Vec<NamedRow> {
    let mut rows: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.threat.is_some()) {
        rows.entry(name(sample)).or_default().push(sample);
    }
    rows.into_iter()
        .map(|(name, members)| NamedRow {
            name: if name.is_empty() { "(none)".to_owned() } else { name.to_owned() },
            confusion: Confusion::of(members.iter().copied()),
            mean_probability: members.iter().map(|sample| sample.probability).sum::<f64>()
                / super::real(members.len()),
        })
        .collect()
}
