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
    fn each_undoes_the_other_and_certainty_stays_finite() {
        for given in [0.01, 0.3, 0.5, 0.99] {
            assert!((probability(log_odds(given)) - given).abs() < 1e-12);
        }
        assert!(log_odds(0.0).is_finite() && log_odds(1.0).is_finite());
    }
}
