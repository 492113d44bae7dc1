//! A site's own head: the one that ships, moved as far as the site's labels prove.
//!
//! The head that ships is one more input, which the penalty hardly touches; the embedding's coordinates
//! are held back by it. With few labels the result is therefore the shipped head on another scale, and
//! with many it becomes the site's own.

use linfa::{DatasetBase, traits::Fit as _};
use linfa_logistic::LogisticRegression;
use ndarray_linfa::{Array1, Array2};

use super::Labelled;
use crate::{evaluation::real, model::classify};

/// How free the embedding's coordinates are; tried one after another.
pub(super) const FREEDOMS: [f64; 3] = [1.0, 3.0, 10.0];
/// The shipped head's log-odds are multiplied by this, so that the penalty hardly holds it.
const KEPT: f64 = 10.0;
/// Rounds of choosing each alarm's most alarming sentence and learning from it.
const ROUNDS: usize = 3;
/// Steps of the minimiser.
const STEPS: u64 = 200;

/// A line over the vector of a sentence; the most alarming one speaks for the alarm.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) weights: Vec<f64>,
    pub(super) bias: f64,
}

impl Line {
    /// Log-odds of a threat in one sentence.
    pub(super) fn sentence(&self, vector: &[f32]) -> f64 {
        classify::line(&self.weights, self.bias, vector)
    }

    /// Log-odds of a threat in the alarm, and the sentence that they come from.
    pub(super) fn alarm<'v>(&self, vectors: &'v [Vec<f32>]) -> Option<(f64, &'v [f32])> {
        vectors
            .iter()
            .map(|vector| (self.sentence(vector), vector.as_slice()))
            .max_by(|one, other| one.0.total_cmp(&other.0))
    }

    /// Moved towards these labels; nothing where they say that what alarms is harmless, or where no
    /// best line was found.
    pub(super) fn moved(&self, labels: &[&Labelled], freedom: f64) -> Option<Self> {
        let mut line = self.clone();
        for _ in 0..ROUNDS {
            line = self.fitted(&line, labels, freedom)?;
        }
        Some(line)
    }

    /// One round: `speaking` chooses the sentences, `self` is what ships.
    fn fitted(&self, speaking: &Self, labels: &[&Labelled], freedom: f64) -> Option<Self> {
        let width = self.weights.len();
        let mut inputs = Array2::<f64>::zeros((labels.len(), width + 1));
        for (label, mut row) in labels.iter().zip(inputs.outer_iter_mut()) {
            let (_, vector) = speaking.alarm(&label.vectors)?;
            row[0] = KEPT * self.sentence(vector);
            for (at, number) in vector.iter().enumerate() {
                row[at + 1] = freedom * f64::from(*number);
            }
        }
        let truths: Array1<usize> = labels.iter().map(|label| usize::from(label.threat)).collect();
        let fitted = LogisticRegression::default()
            .max_iterations(STEPS)
            .fit(&DatasetBase::new(inputs, truths))
            .ok()?;
        // The library chooses which of the two truths counts upwards.
        let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
        let params = fitted.params();
        let kept = sign * params[0] * KEPT;
        if kept <= 0.0 {
            return None;
        }
        let own = params.iter().skip(1);
        let weights: Vec<f64> = self
            .weights
            .iter()
            .zip(own)
            .map(|(shipped, own)| kept * shipped + sign * freedom * own)
            .collect();
        let bias = kept * self.bias + sign * fitted.intercept();
        let finite = weights.iter().chain([&bias]).all(|number| number.is_finite());
        finite.then_some(Self { weights, bias })
    }
}

/// Mean of −ln of the probability that was given to the truth.
pub(super) fn log_loss(told: &[(f64, bool)]) -> f64 {
    const SURE: f64 = 1e-6;
    let losses = told.iter().map(|(probability, threat)| {
        let given = if *threat { *probability } else { 1.0 - probability };
        -given.clamp(SURE, 1.0).ln()
    });
    losses.sum::<f64>() / real(told.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alarms of one sentence on two coordinates; the second tells the truth, the first misleads.
    fn labels(n: usize) -> Vec<Labelled> {
        (0..n)
            .map(|at| {
                let threat = at % 2 == 0;
                let misleading = if at % 3 == 0 { 0.9 } else { 0.1 };
                let telling = if threat { 0.6 } else { -0.6 };
                Labelled {
                    group: format!("g{}", at / 4),
                    threat,
                    vectors: vec![vec![misleading, telling], vec![-1.0, -0.7]],
                    model_threat: None,
                    lift: 0.0,
                }
            })
            .collect()
    }

    #[test]
    fn labels_move_the_line_to_what_tells_the_truth() {
        let shipped = Line { weights: vec![1.0, 0.2], bias: 0.0 };
        let labels = labels(80);
        let labels: Vec<&Labelled> = labels.iter().collect();
        let moved = shipped.moved(&labels, 10.0).unwrap();
        let right = |line: &Line, middle: f64| {
            labels
                .iter()
                .filter(|one| (line.alarm(&one.vectors).unwrap().0 > middle) == one.threat)
                .count()
        };
        assert_eq!(right(&moved, 0.0), 80, "{moved:?}");
        assert!(right(&shipped, 0.4) < 70);
    }

    #[test]
    fn labels_that_turn_the_shipped_head_round_are_not_followed() {
        let shipped = Line { weights: vec![0.0, -5.0], bias: 0.0 };
        let labels = labels(40);
        assert_eq!(shipped.moved(&labels.iter().collect::<Vec<_>>(), 1e-6), None);
    }

    #[test]
    fn the_loss_is_the_mean_surprise() {
        let found = log_loss(&[(0.8, true), (0.4, false)]);
        assert!((found + f64::midpoint(0.8_f64.ln(), 0.6_f64.ln())).abs() < 1e-12);
    }
}
