//! Risk and coverage: how often the probability errs where it is surest, and so what it may be left alone with.
//!
//! Confidence is the distance from 0.5; an error is a probability on the wrong side of it (Geifman and
//! El-Yaniv 2017). The area under the curve and its excess are those of Geifman, Uziel and El-Yaniv 2019,
//! the best area being counted out instead of approximated.

use serde::Serialize;

use super::{
    bootstrap::{Draws, Estimate},
    ranking::{Ranking, Scored},
};

/// Coverages at which the risk is told.
const COVERAGES: [f64; 4] = [0.5, 0.7, 0.8, 0.9];

/// Differences of confidence below this come from the last bits: 0.2 and 0.8 are equally sure.
const EQUAL: f64 = 1e-12;

/// What is left to err where only the surest are decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selective {
    /// Share of errors where all are decided.
    pub risk: f64,
    /// Area under the risk–coverage curve: the mean risk over all coverages. 0 is best.
    pub aurc: Estimate,
    /// What of it better confidence would spare, the errors being as many as they are. 0 is best.
    pub excess_aurc: Estimate,
    /// The risk at some coverages.
    pub at_coverage: Vec<AtCoverage>,
}

/// The risk where so many are decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtCoverage {
    /// Share that is decided, 0 to 1.
    pub coverage: f64,
    /// Share of errors among them; equally sure ones count in equal parts.
    pub risk: f64,
}

/// Those that are equally sure.
#[derive(Debug, Clone, Copy)]
struct Level {
    confidence: f64,
    all: f64,
    wrong: f64,
}

impl Selective {
    /// Of scores that are probabilities. Nothing where threats or harmless ones are missing: who errs
    /// on one side alone is told from who never errs by nothing.
    pub fn of(ranking: &Ranking, draws: &Draws) -> Option<Self> {
        if !has_both(ranking) {
            return None;
        }
        let sorted = by_confidence(ranking);
        let levels = levels(&sorted, None);
        Some(Self {
            risk: risk_at(&levels, 1.0)?,
            aurc: draws.estimate(|weights| area(&self::levels(&sorted, weights)))?,
            excess_aurc: draws.estimate(|weights| {
                let levels = self::levels(&sorted, weights);
                Some(area(&levels)? - best_area(&levels)?)
            })?,
            at_coverage: COVERAGES
                .iter()
                .filter_map(|&coverage| {
                    Some(AtCoverage { coverage, risk: risk_at(&levels, coverage)? })
                })
                .collect(),
        })
    }
}

fn has_both(ranking: &Ranking) -> bool {
    let (threats, harmless) = ranking.counts();
    threats > 0 && harmless > 0
}

/// The whole curve, a point for each level of confidence, lowest coverage first. Nothing where threats
/// or harmless ones are missing.
pub fn curve(ranking: &Ranking) -> Vec<AtCoverage> {
    if !has_both(ranking) {
        return Vec::new();
    }
    let levels = levels(&by_confidence(ranking), None);
    let total: f64 = levels.iter().map(|level| level.all).sum();
    let (mut all, mut wrong) = (0.0, 0.0);
    levels
        .iter()
        .map(|level| {
            all += level.all;
            wrong += level.wrong;
            AtCoverage { coverage: all / total, risk: wrong / all }
        })
        .collect()
}

fn confidence(one: &Scored) -> f64 {
    (one.score - 0.5).abs()
}

fn by_confidence(ranking: &Ranking) -> Vec<Scored> {
    let mut sorted = ranking.items().to_vec();
    sorted.sort_by(|one, other| confidence(other).total_cmp(&confidence(one)));
    sorted
}

fn levels(sorted: &[Scored], weights: Option<&[u32]>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for one in sorted {
        let weight = weights.map_or(1.0, |all| all.get(one.group).copied().map_or(0.0, f64::from));
        if weight <= 0.0 {
            continue;
        }
        let wrong = if (one.score >= 0.5) == one.threat { 0.0 } else { weight };
        let confidence = confidence(one);
        match levels.last_mut().filter(|level| level.confidence <= confidence + EQUAL) {
            Some(level) => {
                level.all += weight;
                level.wrong += wrong;
            }
            None => levels.push(Level { confidence, all: weight, wrong }),
        }
    }
    levels
}

/// The mean over 1, 2, … decided of the share of errors among them, equals in equal parts.
fn area(levels: &[Level]) -> Option<f64> {
    let (mut before, mut wrong, mut sum) = (0.0, 0.0, 0.0);
    for level in levels {
        let share = level.wrong / level.all;
        let mut within = 1.0;
        while within <= level.all {
            sum += (wrong + within * share) / (before + within);
            within += 1.0;
        }
        before += level.all;
        wrong += level.wrong;
    }
    (before > 0.0).then(|| sum / before)
}

/// The same where every error is less sure than all that is right.
fn best_area(levels: &[Level]) -> Option<f64> {
    let wrong: f64 = levels.iter().map(|level| level.wrong).sum();
    let all: f64 = levels.iter().map(|level| level.all).sum();
    let parted = [
        Level { confidence: 1.0, all: all - wrong, wrong: 0.0 },
        Level { confidence: 0.0, all: wrong, wrong },
    ];
    area(&parted.into_iter().filter(|level| level.all > 0.0).collect::<Vec<_>>())
}

fn risk_at(levels: &[Level], coverage: f64) -> Option<f64> {
    let total: f64 = levels.iter().map(|level| level.all).sum();
    // 0.7 × 10 must ask for 7, whatever the product's last bit says.
    let wanted = (coverage * total - 1e-9).ceil().max(1.0);
    let (mut before, mut wrong) = (0.0, 0.0);
    for level in levels {
        if before + level.all >= wanted {
            let part = (wanted - before) / level.all;
            return Some((wrong + part * level.wrong) / wanted);
        }
        before += level.all;
        wrong += level.wrong;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(items: &[(f64, bool)]) -> Ranking {
        let scored = (0..).zip(items).map(|(group, (score, threat))| Scored {
            score: *score,
            threat: *threat,
            group,
        });
        Ranking::new(scored.collect())
    }

    fn found(items: &[(f64, bool)]) -> Selective {
        Selective::of(&ranking(items), &Draws::new(items.len())).unwrap()
    }

    fn close(found: f64, right: f64) {
        assert!((found - right).abs() < 1e-12, "{found} is not {right}");
    }

    #[test]
    fn the_area_is_the_mean_of_the_risks_worked_out_by_hand() {
        // Surest first: right, wrong, right, wrong; so risks 0, 1/2, 1/3, 1/2.
        let found = found(&[(0.95, true), (0.1, true), (0.3, false), (0.6, false)]);
        close(found.risk, 0.5);
        close(found.aurc.value, (0.0 + 0.5 + 1.0 / 3.0 + 0.5) / 4.0);
        // At best: right, right, wrong, wrong.
        close(found.excess_aurc.value, found.aurc.value - (1.0 / 3.0 + 0.5) / 4.0);
        let risks: Vec<f64> = found.at_coverage.iter().map(|at| at.risk).collect();
        close(risks[0], 0.5);
        close(risks[1], 1.0 / 3.0);
        close(risks[3], 0.5);
    }

    #[test]
    fn equally_sure_ones_count_in_equal_parts_whichever_side_they_are_on() {
        // 0.2 and 0.8 are equally sure; one of the two is wrong.
        let items = [(0.2, true), (0.8, true), (0.4, false)];
        let tied = found(&items);
        close(tied.aurc.value, (0.5 + 0.5 + 1.0 / 3.0) / 3.0);
        close(tied.at_coverage[0].risk, 0.5);
        assert_eq!(curve(&ranking(&items)).len(), 2);
        close(found(&[(0.5, true), (0.5, false)]).risk, 0.5);
    }

    #[test]
    fn no_error_has_no_area_and_nothing_at_all_has_no_figure() {
        let right = found(&[(0.9, true), (0.2, false), (0.6, true)]);
        close(right.aurc.value, 0.0);
        close(right.excess_aurc.value, 0.0);
        let wrong = found(&[(0.1, true), (0.8, false)]);
        close(wrong.aurc.value, 1.0);
        close(wrong.excess_aurc.value, 0.0);
        for one_truth in [&[][..], &[(0.9, true), (0.8, true)]] {
            assert!(curve(&ranking(one_truth)).is_empty());
            assert_eq!(Selective::of(&ranking(one_truth), &Draws::new(2)), None);
        }
    }

    #[test]
    fn an_interval_is_over_groups() {
        let items: Vec<_> =
            (0..60_u32).map(|at| (f64::from(at) / 60.0, at % 7 == 0 || at > 40)).collect();
        let aurc = found(&items).aurc;
        let (low, high) = (aurc.low.unwrap(), aurc.high.unwrap());
        assert!(low < aurc.value && aurc.value < high, "{aurc:?}");
    }

    proptest! {
        #[test]
        fn the_excess_is_never_negative_and_the_curve_ends_at_the_risk(
            items in prop::collection::vec((0_u8..=10, any::<bool>()), 1..40)
        ) {
            let items: Vec<_> = items.iter().map(|(s, t)| (f64::from(*s) / 10.0, *t)).collect();
            let ranked = ranking(&items);
            let found = Selective::of(&ranked, &Draws::seeded(items.len(), 1, 1));
            prop_assume!(found.is_some());
            let found = found.unwrap();
            prop_assert!(found.excess_aurc.value > -1e-9);
            let last = curve(&ranked).last().copied().unwrap();
            prop_assert!((last.risk - found.risk).abs() < 1e-9);
            prop_assert!((last.coverage - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_weight_of_two_is_the_same_as_saying_it_twice(
            items in prop::collection::vec((0_u8..=10, any::<bool>()), 1..20)
        ) {
            let items: Vec<_> = items.iter().map(|(s, t)| (f64::from(*s) / 10.0, *t)).collect();
            let twice: Vec<_> = items.iter().chain(&items).copied().collect();
            let weights = vec![2; items.len()];
            let weighted = area(&levels(&by_confidence(&ranking(&items)), Some(&weights)));
            let said = area(&levels(&by_confidence(&ranking(&twice)), None));
            prop_assert!((weighted.unwrap() - said.unwrap()).abs() < 1e-9);
        }
    }
}
