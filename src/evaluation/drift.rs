//! Whether a site's latest decisions are still like those before: population stability indices and
//! differences of shares.
//!
//! A population stability index sums (p − q)·ln(p ⁄ q) over bins; 0.25 and more is by convention a
//! population that has changed (Siddiqi 2006). With the counts asked for here, chance alone stays far
//! below that.

use strum::VariantArray as _;

use super::{bootstrap::quantile, real};
use crate::{
    domain::{Act, Cause, DriftSign, DriftSignCode, Outcome},
    store::DecisionSample,
};

/// Latest decisions that are looked at.
pub const CURRENT: u32 = 200;
/// Decisions before them, at most.
pub const REFERENCE: u32 = 1_000;
/// With fewer on either side nothing is said.
const FEWEST: usize = 200;
/// Labels of people come more slowly.
const FEWEST_JUDGED: usize = 50;
/// From this index on a population has changed.
const INDEX: f64 = 0.25;
/// A share must have moved by this much, and by more than chance explains.
const MOVED: f64 = 0.10;
/// Standard errors that chance explains.
const CHANCE: f64 = 3.0;
/// Bins of a coordinate, by the quantiles of the reference.
const BINS: usize = 5;

/// Every sign, for the `current` decisions beside the `reference`.
pub fn signs(reference: &[DecisionSample], current: &[DecisionSample]) -> Vec<DriftSign> {
    let counted = |code, value, limit: f64, fewest: usize, sizes: [usize; 2]| {
        let value: Option<f64> = if sizes.iter().all(|n| *n >= fewest) { value } else { None };
        DriftSign {
            code,
            reference: sizes[0] as u64,
            current: sizes[1] as u64,
            value,
            limit,
            raised: value.is_some_and(|value| value >= limit),
        }
    };
    let sizes = [reference.len(), current.len()];
    let index = |code, value| counted(code, value, INDEX, FEWEST, sizes);
    let moved = |code, fewest, told: [(usize, usize); 2]| {
        let (value, limit) = difference(told).unzip();
        counted(code, value, limit.unwrap_or(MOVED), fewest, told.map(|(_, of)| of))
    };
    vec![
        index(DriftSignCode::Embeddings, embeddings(reference, current)),
        index(DriftSignCode::Facts, facts(reference, current)),
        index(
            DriftSignCode::VerdictMix,
            population(Outcome::VARIANTS.len(), reference, current, |one| {
                vec![one.outcome as usize]
            }),
        ),
        moved(DriftSignCode::Disagreement, FEWEST, [disagreeing(reference), disagreeing(current)]),
        moved(
            DriftSignCode::Overrides,
            FEWEST_JUDGED,
            [overridden(reference), overridden(current)],
        ),
    ]
}

/// The index between two histograms. Half a count is added to every bin, so that an empty one is no
/// infinite surprise.
fn index(expected: &[usize], found: &[usize]) -> Option<f64> {
    let smoothed = |counts: &[usize]| -> Option<Vec<f64>> {
        let total = counts.iter().sum::<usize>();
        let all = real(total) + 0.5 * real(counts.len());
        (total > 0).then(|| counts.iter().map(|count| (real(*count) + 0.5) / all).collect())
    };
    let (expected, found) = (smoothed(expected)?, smoothed(found)?);
    Some(found.iter().zip(&expected).map(|(p, q)| (p - q) * (p / q).ln()).sum())
}

fn population(
    bins: usize,
    reference: &[DecisionSample],
    current: &[DecisionSample],
    places: impl Fn(&DecisionSample) -> Vec<usize>,
) -> Option<f64> {
    let histogram = |samples: &[DecisionSample]| {
        let mut counts = vec![0; bins];
        for place in samples.iter().flat_map(&places) {
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
        }
        counts
    };
    index(&histogram(reference), &histogram(current))
}

/// The greater of two indices: what set the alarms off, and the acts that were seen.
fn facts(reference: &[DecisionSample], current: &[DecisionSample]) -> Option<f64> {
    let causes =
        population(Cause::VARIANTS.len(), reference, current, |one| vec![one.signs.cause as usize]);
    let none = Act::VARIANTS.len();
    let acts = population(none + 1, reference, current, |one| match one.signs.acts.as_slice() {
        [] => vec![none],
        acts => acts.iter().map(|act| *act as usize).collect(),
    });
    [causes, acts].into_iter().flatten().max_by(f64::total_cmp)
}

/// The mean index over the sketch's coordinates.
fn embeddings(reference: &[DecisionSample], current: &[DecisionSample]) -> Option<f64> {
    let coordinates = reference.iter().map(|one| one.signs.sketch.len()).max()?;
    let column = |samples: &[DecisionSample], at: usize| -> Vec<f64> {
        samples.iter().filter_map(|one| one.signs.sketch.get(at).copied()).map(f64::from).collect()
    };
    let mut indices = Vec::new();
    for at in 0..coordinates {
        let (mut expected, found) = (column(reference, at), column(current, at));
        expected.sort_by(f64::total_cmp);
        let edges: Vec<f64> =
            (1..BINS).map(|edge| quantile(&expected, real(edge) / real(BINS))).collect();
        let histogram = |values: &[f64]| {
            let mut counts = vec![0; BINS];
            for value in values {
                counts[edges.iter().filter(|edge| **edge < *value).count()] += 1;
            }
            counts
        };
        indices.extend(index(&histogram(&expected), &histogram(&found)));
    }
    (!indices.is_empty()).then(|| indices.iter().sum::<f64>() / real(indices.len()))
}

/// How far a share has moved, and from where on that is drift.
fn difference(told: [(usize, usize); 2]) -> Option<(f64, f64)> {
    let [(before, of_before), (now, of_now)] = told;
    let (was, is) = (super::share(before, of_before)?, super::share(now, of_now)?);
    let pooled = real(before + now) / real(of_before + of_now);
    let error = (pooled * (1.0 - pooled) * (1.0 / real(of_before) + 1.0 / real(of_now))).sqrt();
    Some(((is - was).abs(), MOVED.max(CHANCE * error)))
}

fn disagreeing(samples: &[DecisionSample]) -> (usize, usize) {
    let read = samples.iter().filter(|one| one.signs.read);
    (read.clone().filter(|one| !one.signs.agree).count(), read.count())
}

/// Suggestions that people contradicted, of those that they told apart.
fn overridden(samples: &[DecisionSample]) -> (usize, usize) {
    let judged: Vec<bool> = samples
        .iter()
        .filter_map(|one| {
            let threat = one.disposition?.threat()?;
            match one.outcome {
                Outcome::Verified => Some(!threat),
                Outcome::Dismissed => Some(threat),
                Outcome::Uncertain => None,
            }
        })
        .collect();
    (judged.iter().filter(|wrong| **wrong).count(), judged.len())
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};

    use super::*;
    use crate::{domain::DispositionCode, store::DecisionSigns};

    /// Decisions with embeddings around `centre`, of which `agreeing` per cent agree.
    fn samples(
        n: usize,
        seed: u64,
        centre: i32,
        agreeing: u32,
        acts: &[Act],
    ) -> Vec<DecisionSample> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..n)
            .map(|_| DecisionSample {
                signs: DecisionSigns {
                    made_with: String::new(),
                    cause: Cause::VARIANTS[random.random_range(0..3)],
                    acts: vec![acts[random.random_range(0..acts.len())]],
                    read: true,
                    agree: random.random_range(0..100) < agreeing,
                    sketch: (0..16).map(|_| centre + random.random_range(-50..50)).collect(),
                },
                outcome: Outcome::VARIANTS[random.random_range(0..3)],
                disposition: Some(DispositionCode::RealNoThreat),
            })
            .collect()
    }

    const USUAL: [Act; 3] = [Act::Walks, Act::Works, Act::Cleans];

    fn raised(reference: &[DecisionSample], current: &[DecisionSample]) -> Vec<DriftSignCode> {
        signs(reference, current).iter().filter(|one| one.raised).map(|one| one.code).collect()
    }

    #[test]
    fn the_index_is_that_of_the_definition() {
        // Without smoothing: 0.2·ln 2 + (−0.2)·ln ⅔ for halves that become 7 and 3 tenths of many.
        let found = index(&[500_000, 500_000], &[700_000, 300_000]).unwrap();
        let right = 0.2 * (0.7_f64 / 0.5).ln() - 0.2 * (0.3_f64 / 0.5).ln();
        assert!((found - right).abs() < 1e-4, "{found} {right}");
        assert_eq!(index(&[0, 0], &[1, 2]), None);
    }

    #[test]
    fn chance_alone_raises_nothing() {
        for seed in 0..40 {
            let reference = samples(1_000, seed, 0, 80, &USUAL);
            let current = samples(200, seed + 1_000, 0, 80, &USUAL);
            assert_eq!(raised(&reference, &current), [], "seed {seed}");
        }
    }

    #[test]
    fn each_change_raises_its_own_sign() {
        let reference = samples(1_000, 1, 0, 80, &USUAL);
        let with = |centre, agreeing, acts: &[Act]| samples(200, 2, centre, agreeing, acts);
        let moved = raised(&reference, &with(40, 80, &USUAL));
        assert_eq!(moved, [DriftSignCode::Embeddings]);
        assert_eq!(raised(&reference, &with(0, 50, &USUAL)), [DriftSignCode::Disagreement]);
        let climbing = with(0, 80, &[Act::Climbs, Act::Walks]);
        assert_eq!(raised(&reference, &climbing), [DriftSignCode::Facts]);
        let mut verified = with(0, 80, &USUAL);
        for one in &mut verified {
            one.outcome = Outcome::Verified;
        }
        let found = raised(&reference, &verified);
        assert!(found.contains(&DriftSignCode::VerdictMix), "{found:?}");
        let mut contradicted = with(0, 80, &USUAL);
        for one in &mut contradicted {
            // Every dismissal turns out to be real, where a half of the verdicts was right before.
            (one.outcome, one.disposition) =
                (Outcome::Dismissed, Some(DispositionCode::RealThreat));
        }
        assert!(raised(&reference, &contradicted).contains(&DriftSignCode::Overrides));
    }

    #[test]
    fn too_few_decisions_say_nothing() {
        let found = signs(&samples(199, 1, 0, 80, &USUAL), &samples(200, 2, 40, 10, &USUAL));
        assert!(
            found
                .iter()
                .filter(|one| one.code != DriftSignCode::Overrides)
                .all(|one| one.value.is_none() && !one.raised)
        );
    }
}
