//! Figures of decision quality from labelled decisions: what was sorted right, and what was missed.
//!
//! Everything here but [`judge`] is arithmetic over [`Sample`]s: no model runs, nothing is read or
//! written. A figure that the labels do not support is absent, and a note says why.

pub mod backtest;
pub mod baselines;
pub mod bootstrap;
pub mod bound;
pub mod calibration;
pub mod captions;
pub mod compare;
pub mod confusion;
pub mod drift;
pub mod figures;
pub mod floors;
mod grouped;
pub mod judge;
pub mod learning;
pub mod operation;
pub mod plots;
pub mod quality;
pub mod ranking;
mod render;
pub mod selective;

pub use baselines::Rivals;
pub use compare::Comparison;
pub use figures::{Figures, Run};

use serde::{Deserialize, Serialize};

use crate::domain::{AvsLevel, Outcome, Severity};

/// One decided alarm of a dataset, with its label apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The alarm's id in the dataset; missed threats are named by it.
    pub id: String,
    /// Clips of one video or event; they are resampled together.
    pub group: String,
    /// The truth; `None` where the annotators did not agree.
    pub threat: Option<bool>,
    /// The label's class, or empty.
    pub class: String,
    /// The alarm's kind.
    pub kind: String,
    /// The verdict's probability of a threat, 0 to 1.
    pub probability: f64,
    /// The verdict's outcome.
    pub outcome: Outcome,
    /// The verdict's severity.
    pub severity: Severity,
    /// The verdict's level.
    pub avs_level: AvsLevel,
    /// What the language model's read gave, 0 to 1, where it answered.
    #[serde(default)]
    pub model_threat: Option<f64>,
    /// What the classifier's read gave, 0 to 1, where it answered.
    #[serde(default)]
    pub classifier_threat: Option<f64>,
    /// Another system's score for the same captions, where the label carries one.
    pub peer_score: Option<f64>,
    /// The captions, for the keyword floor.
    pub text: String,
    /// Milliseconds from the alarm to its decision.
    pub latency_ms: f64,
    /// What the model calls cost together.
    pub tokens: TokenCount,
}

impl Sample {
    /// The sample with 0.5 for a probability that is no number.
    fn mended(&self) -> Self {
        let probability = if self.probability.is_finite() { self.probability } else { 0.5 };
        Self { probability, ..self.clone() }
    }
}

/// Tokens of one alarm's model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    /// Tokens of the prompts.
    pub prompt: u64,
    /// Of these, how many were not evaluated again.
    pub reused: u64,
    /// Answer tokens that the model chose.
    pub sampled: u64,
    /// Answer tokens that the schema left no choice about.
    pub forced: u64,
}

/// A count as a number to calculate with; datasets stay far below 2^52 alarms.
#[expect(clippy::cast_precision_loss, reason = "counts of alarms are far below 2^52")]
pub(crate) const fn real(count: usize) -> f64 {
    count as f64
}

/// `part` of `whole`, or nothing where there is no whole.
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| real(part) / real(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample that says `text`, undecided.
    pub(super) fn sample(id: &str, group: &str, threat: Option<bool>, text: &str) -> Sample {
        Sample {
            id: id.to_owned(),
            group: group.to_owned(),
            threat,
            class: String::new(),
            kind: "motion".to_owned(),
            probability: 0.5,
            outcome: Outcome::Uncertain,
            severity: Severity::Low,
            avs_level: AvsLevel::PRESENCE,
            model_threat: None,
            classifier_threat: None,
            peer_score: None,
            text: text.to_owned(),
            latency_ms: 1.0,
            tokens: TokenCount::default(),
        }
    }
}
