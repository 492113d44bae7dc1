//! How low a score must be for nobody to look, so that few threats are missed, and that is proven.
//!
//! Thresholds are tested from the lowest up, each against the exact binomial bound, and the last one
//! that passes is taken: fixed-sequence testing, so no correction for their number is needed
//! (Angelopoulos et al., "Learn then Test", 2021; Clopper and Pearson 1934). What is counted is groups,
//! since clips of one video are no independent evidence.

use serde::{Deserialize, Serialize};

use super::{ranking::Ranking, real, share};

/// Share of threats that may be missed, unless a site says otherwise.
pub const MISSED_AT_MOST: f64 = 0.01;
/// How sure it must be.
pub const CONFIDENCE: f64 = 0.95;
/// Halvings of an interval; more than a double can tell apart.
const HALVINGS: usize = 60;

/// What the labels allow to be dismissed without a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Share of threats that may be missed.
    pub missed_at_most: f64,
    /// How sure that is.
    pub confidence: f64,
    /// Threat groups among the labels.
    pub threats: usize,
    /// Below this score a group may be dismissed; absent where the labels do not suffice for any.
    pub below: Option<f64>,
    /// Threat groups of the labels that lie below it.
    pub missed: usize,
    /// With that confidence, no greater share of threats lies below it.
    pub upper: f64,
    /// Share of the harmless groups that lie below it: the work that is saved.
    pub harmless_dismissed_share: Option<f64>,
    /// Threat groups that must still be labelled before anything can be dismissed.
    pub more_threats_needed: usize,
}

impl Bound {
    /// For `groups`, each with its highest clip.
    pub fn of(groups: &Ranking, missed_at_most: f64) -> Self {
        let mut threats: Vec<f64> =
            groups.items().iter().filter(|one| one.threat).map(|one| one.score).collect();
        threats.sort_by(f64::total_cmp);
        let total = threats.len();
        let passes = |missed: usize| upper_bound(missed, total) <= missed_at_most;
        // With `missed` threats given up, the threshold is the score of the next one: equal scores stay.
        let allowed = (0..total).take_while(|missed| passes(*missed)).last();
        let below = allowed.map(|missed| threats[missed]);
        let under = |score: f64| below.is_some_and(|below| score < below);
        let missed = threats.iter().filter(|score| under(**score)).count();
        let harmless: Vec<_> = groups.items().iter().filter(|one| !one.threat).collect();
        let saved = harmless.iter().filter(|one| under(one.score)).count();
        Self {
            missed_at_most,
            confidence: CONFIDENCE,
            threats: total,
            below,
            missed,
            upper: upper_bound(missed, total),
            harmless_dismissed_share: share(saved, harmless.len()).filter(|_| below.is_some()),
            more_threats_needed: fewest(missed_at_most).saturating_sub(total),
        }
    }
}

/// With [`CONFIDENCE`], the true share is no greater, `hits` of `total` having been seen.
pub fn upper_bound(hits: usize, total: usize) -> f64 {
    upper(hits, total, CONFIDENCE)
}

/// The interval that holds the true share with 95 % confidence, `hits` of `total` having been seen.
pub fn clopper_pearson(hits: usize, total: usize) -> (f64, f64) {
    const EACH_SIDE: f64 = 0.975;
    let low = 1.0 - upper(total.saturating_sub(hits), total, EACH_SIDE);
    (low, upper(hits, total, EACH_SIDE))
}

fn upper(hits: usize, total: usize, confidence: f64) -> f64 {
    if hits >= total {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if at_most(hits, total, middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    high
}

/// Probability of at most `hits` of `total` where each has the probability `share`, inside (0, 1).
fn at_most(hits: usize, total: usize, share: f64) -> f64 {
    let odds = (share / (1.0 - share)).ln();
    let mut term = real(total) * (1.0 - share).ln();
    let mut sum = term.exp();
    for hit in 1..=hits {
        term += (real(total - hit + 1) / real(hit)).ln() + odds;
        sum += term.exp();
    }
    sum
}

/// Threats without a single miss that prove the share.
pub(super) fn fewest(missed_at_most: f64) -> usize {
    (1..=1_000_000).find(|total| upper_bound(0, *total) <= missed_at_most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::ranking::Scored;

    fn groups(threats: &[f64], harmless: &[f64]) -> Ranking {
        let scored = |threat| move |score: &f64| (*score, threat);
        let all = threats.iter().map(scored(true)).chain(harmless.iter().map(scored(false)));
        Ranking::new(
            (0..)
                .zip(all)
                .map(|(group, (score, threat))| Scored { score, threat, group })
                .collect(),
        )
    }

    #[test]
    fn the_bound_is_that_of_the_tables() {
        for (hits, total, known) in [(0, 299, 0.009_97), (1, 100, 0.046_6), (5, 50, 0.198_83)] {
            let bound = upper_bound(hits, total);
            assert!((bound - known).abs() < 1e-4, "{hits} of {total}: {bound}");
        }
        assert!((upper_bound(3, 3) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn too_few_threats_dismiss_nothing_and_say_how_many_are_missing() {
        let bound = Bound::of(&groups(&[0.9; 67], &[0.1; 74]), MISSED_AT_MOST);
        assert_eq!((bound.below, bound.harmless_dismissed_share), (None, None));
        assert_eq!(bound.more_threats_needed, 299 - 67);
    }

    #[test]
    fn as_many_threats_are_given_up_as_the_bound_proves() {
        // 475 threats prove one per cent with one miss, not with two.
        let mut threats = vec![0.8; 473];
        threats.extend([0.1, 0.2]);
        let bound = Bound::of(&groups(&threats, &[0.05, 0.15, 0.3]), MISSED_AT_MOST);
        assert_eq!((bound.below, bound.missed), (Some(0.2), 1));
        assert_eq!(bound.harmless_dismissed_share, Some(2.0 / 3.0));
        assert!(bound.upper <= MISSED_AT_MOST && bound.more_threats_needed == 0);
    }

    #[test]
    fn a_threat_at_the_threshold_is_looked_at() {
        let bound = Bound::of(&groups(&[0.4; 400], &[0.4, 0.3]), MISSED_AT_MOST);
        assert_eq!((bound.below, bound.missed), (Some(0.4), 0));
        assert_eq!(bound.harmless_dismissed_share, Some(0.5));
    }
}
