//! Probabilities as log-odds, which can be added, scaled and averaged.

use serde::{Deserialize, Serialize};

/// Nearer to 0 or 1 than this nobody knows anything, and the log-odds stay finite.
const CERTAIN: f64 = 1e-6;

/// The log-odds of a probability.
pub fn log_odds(probability: f64) -> f64 {
    let bounded = probability.clamp(CERTAIN, 1.0 - CERTAIN);
    (bounded / (1.0 - bounded)).ln()
}

/// The probability that has these log-odds.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// No read is taken to be surer than this, so that none decides alone.
const UNSURE: f64 = 1e-4;

/// What several reads say together: their log-odds, averaged, and what `lift` adds that no read can
/// know. Nothing where there is no read.
pub fn together(reads: impl IntoIterator<Item = f64>, lift: f64) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for read in reads {
        sum += log_odds(read.clamp(UNSURE, 1.0 - UNSURE));
        count += 1.0;
    }
    (count > 0.0).then(|| probability(sum / count + lift))
}

/// A line through log-odds, which puts probabilities on another scale (Platt 1999).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// What log-odds are multiplied by.
    pub slope: f64,
    /// What is added.
    pub offset: f64,
}

impl Scale {
    /// The probability on this scale.
    pub fn of(self, given: f64) -> f64 {
        probability(self.slope * log_odds(given) + self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_meet_half_way_and_none_decides_alone() {
        let close = |found: Option<f64>, right: f64| assert!((found.unwrap() - right).abs() < 1e-9);
        close(together([0.2, 0.8], 0.0), 0.5);
        close(together([0.3], 0.0), 0.3);
        close(together([1.0, 0.0], 0.0), 0.5);
        close(together([0.5], 2.0), probability(2.0));
        assert_eq!(together([], 1.0), None);
    }

    #[test]
    fn each_undoes_the_other_and_certainty_stays_finite() {
        for given in [0.01, 0.3, 0.5, 0.99] {
            assert!((probability(log_odds(given)) - given).abs() < 1e-12);
        }
        assert!(log_odds(0.0).is_finite() && log_odds(1.0).is_finite());
    }
}
