//! 95 % intervals by resampling whole groups, because clips of one video resemble each other.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde::Serialize;

/// How often the groups are drawn anew.
pub const RESAMPLES: usize = 1_000;
/// Seed of the draws, fixed so that the same decisions give the same intervals.
pub const SEED: u64 = 20_261_124;
/// Below this share of usable draws an interval would describe the lucky draws only.
const USABLE: f64 = 0.9;

/// A figure and the interval that holds it in 95 of 100 draws of the groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure on all samples.
    pub value: f64,
    /// Lower bound; absent where the groups do not suffice.
    pub low: Option<f64>,
    /// Upper bound; absent where the groups do not suffice.
    pub high: Option<f64>,
}

/// Draws of groups with replacement: how often each group is in each draw.
#[derive(Debug, Clone)]
pub struct Draws {
    groups: usize,
    weights: Vec<Vec<u32>>,
}

impl Draws {
    /// [`RESAMPLES`] draws of `groups` groups; the same for the same number.
    pub fn new(groups: usize) -> Self {
        Self::seeded(groups, RESAMPLES, SEED)
    }

    /// `resamples` draws of `groups` groups from `seed`.
    pub fn seeded(groups: usize, resamples: usize, seed: u64) -> Self {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut weights = Vec::with_capacity(resamples);
        // A single group gives the same draw each time: no interval can come of it.
        for _ in 0..if groups > 1 { resamples } else { 0 } {
            let mut draw = vec![0_u32; groups];
            for _ in 0..groups {
                if let Some(count) = draw.get_mut(generator.random_range(0..groups)) {
                    *count += 1;
                }
            }
            weights.push(draw);
        }
        Self { groups, weights }
    }

    /// How many groups are drawn from.
    pub const fn groups(&self) -> usize {
        self.groups
    }

    /// The figure on all samples with its interval. `figure` gets the weight of each group, or
    /// `None` for all samples once; it says nothing where a draw does not support the figure.
    pub fn estimate(&self, figure: impl Fn(Option<&[u32]>) -> Option<f64>) -> Option<Estimate> {
        let value = figure(None)?;
        let mut drawn: Vec<f64> =
            self.weights.iter().filter_map(|weights| figure(Some(weights))).collect();
        drawn.sort_by(f64::total_cmp);
        let usable = super::real(drawn.len()) >= USABLE * super::real(self.weights.len());
        let bound = |share| (usable && !drawn.is_empty()).then(|| quantile(&drawn, share));
        Some(Estimate { value, low: bound(0.025), high: bound(0.975) })
    }
}

/// The value below which `share` of `sorted` lies, interpolated between neighbours; 0 of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let position = share.clamp(0.0, 1.0) * super::real(last);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position within the slice is not negative and fits"
    )]
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = position - super::real(below);
    sorted[below] + (sorted[above] - sorted[below]) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_groups() {
        let one = Draws::seeded(5, 20, 1);
        assert_eq!(one.weights, Draws::seeded(5, 20, 1).weights);
        assert_ne!(one.weights, Draws::seeded(5, 20, 2).weights);
        assert!(one.weights.iter().all(|draw| draw.iter().sum::<u32>() == 5));
    }

    #[test]
    fn an_interval_holds_its_value_and_narrows_with_more_groups() {
        let width = |groups: usize| {
            let draws = Draws::new(groups);
            // The share of groups with an odd index.
            let found = draws
                .estimate(|weights| {
                    let weight = |at: usize| weights.map_or(1, |all| all[at]);
                    let odd: u32 = (0..groups).filter(|at| at % 2 == 1).map(weight).sum();
                    Some(f64::from(odd) / super::super::real(groups))
                })
                .unwrap();
            let (low, high) = (found.low.unwrap(), found.high.unwrap());
            assert!(low <= found.value && found.value <= high);
            high - low
        };
        // A share of one half over n groups: about 2 × 1.96 × √(0.25 / n).
        assert!((width(100) - 0.196).abs() < 0.04);
        assert!(width(400) < width(100));
    }

    #[test]
    fn one_group_or_too_few_usable_draws_give_no_interval() {
        let single = Draws::new(1).estimate(|_| Some(0.4)).unwrap();
        assert_eq!((single.low, single.high), (None, None));
        let rare = Draws::new(3)
            .estimate(|weights| match weights {
                None => Some(1.0),
                Some(all) => (all[0] == 3).then_some(1.0),
            })
            .unwrap();
        assert_eq!(rare.low, None);
        assert_eq!(Draws::new(3).estimate(|_| None), None);
    }

    #[test]
    fn quantiles_interpolate() {
        let close = |found: f64, right: f64| assert!((found - right).abs() < 1e-12);
        close(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        close(quantile(&[1.0, 2.0, 3.0], 0.95), 2.9);
        close(quantile(&[7.0], 0.95), 7.0);
        close(quantile(&[], 0.5), 0.0);
    }
}
