//! A site's figures in operation, from what the store counted.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::bound;
use crate::{
    domain::{
        CameraTally, DriftSign, Extrapolated, Grant, Learning, Rate, ReviewReason, SiteQuality,
        Tally,
    },
    store::{CameraCounts, ReviewCounts},
};

/// Everything that a site's figures are made of.
#[derive(Debug)]
pub struct Grounds<'a> {
    /// The site.
    pub site: &'a str,
    /// Since when alarms are counted.
    pub since: Timestamp,
    /// Its alarms, by camera.
    pub counts: &'a [CameraCounts],
    /// Its hidden suggestions, by camera and reason.
    pub reviews: &'a [ReviewCounts],
    /// Its signs of drift.
    pub drift: Vec<DriftSign>,
    /// What it learned.
    pub learning: Learning,
    /// Its grants.
    pub grants: Vec<Grant>,
}

impl Grounds<'_> {
    /// The figures, with their digest.
    pub fn figures(self) -> SiteQuality {
        let cameras: Vec<CameraTally> = self
            .counts
            .iter()
            .map(|counts| {
                let own: Vec<_> =
                    self.reviews.iter().filter(|review| review.camera == counts.camera).collect();
                let tally = tally(std::slice::from_ref(counts), &own);
                CameraTally { camera: counts.camera.clone(), tally }
            })
            .collect();
        let mut figures = SiteQuality {
            site: self.site.to_owned(),
            since: self.since,
            all: tally(self.counts, &self.reviews.iter().collect::<Vec<_>>()),
            cameras,
            drift: self.drift,
            learning: self.learning,
            grants: self.grants,
            digest: String::new(),
        };
        // Every member has a JSON form, so this cannot fail.
        let text = serde_json::to_string(&figures).unwrap_or_default();
        figures.digest = hex::encode(Sha256::digest(text));
        figures
    }
}

fn tally(counts: &[CameraCounts], reviews: &[&ReviewCounts]) -> Tally {
    let sum = |of: fn(&CameraCounts) -> u64| counts.iter().map(of).sum::<u64>();
    let of = |reason| reviews.iter().filter(move |review| review.reason == reason);
    let told = |reason| of(reason).map(|review| review.told).sum::<u64>();
    let threats = |reason| of(reason).map(|review| review.threats).sum::<u64>();
    let dismissed = sum(|one| one.dismissed);
    let false_dismissals = rate(threats(ReviewReason::Dismissal), told(ReviewReason::Dismissal));
    Tally {
        decided: sum(|one| one.decided),
        verified: sum(|one| one.verified),
        dismissed,
        uncertain: sum(|one| one.uncertain),
        closed_without_person: sum(|one| one.closed_without_person),
        overridden: rate(sum(|one| one.overridden), sum(|one| one.judged)),
        false_dismissals,
        reviews_open: of(ReviewReason::Dismissal).map(|review| review.open).sum(),
        missed_threats: missed(false_dismissals, dismissed, sum(|one| one.threats_elsewhere)),
        controls_seen: rate(threats(ReviewReason::Control), told(ReviewReason::Control)),
    }
}

/// Threats that must be labelled before anything can be closed without a person.
pub fn threats_needed(missed_at_most: f64) -> u64 {
    u64::try_from(bound::fewest(missed_at_most)).unwrap_or(u64::MAX)
}

/// What a document of `evaluation::learning` says, on top of the site's own settings.
pub fn learning(document: &str, settings: Learning, version: u32, sha256: &str) -> Learning {
    #[derive(serde::Deserialize)]
    struct Document {
        bound: bound::Bound,
    }
    let Ok(Document { bound }) = serde_json::from_str(document) else { return settings };
    Learning {
        version,
        sha256: sha256.to_owned(),
        // A bound for another share than the site lets be missed now is none.
        below: bound.below.filter(|_| bound.missed_at_most <= settings.missed_at_most),
        threats: bound.threats as u64,
        more_threats_needed: bound.more_threats_needed as u64,
        ..settings
    }
}

/// A share with its interval.
pub fn rate(hits: u64, of: u64) -> Rate {
    let counts = usize::try_from(hits).ok().zip(usize::try_from(of).ok().filter(|of| *of > 0));
    let Some((hit, all)) = counts else { return Rate { hits, of, ..Rate::default() } };
    let (low, high) = bound::clopper_pearson(hit, all);
    Rate { hits, of, share: super::share(hit, all), low: Some(low), high: Some(high) }
}

/// How many of all real threats are dismissed. The share among dismissals says little by itself: a
/// site that dismisses ten thousand alarms a month misses one threat in ten where one in a thousand
/// dismissals is false and ninety threats were found.
fn missed(false_dismissals: Rate, dismissed: u64, elsewhere: u64) -> Option<Extrapolated> {
    let whole = |count: u64| u32::try_from(count).map_or(f64::MAX, f64::from);
    let of_all = |share: f64| {
        let missed = share * whole(dismissed);
        if missed > 0.0 { missed / (missed + whole(elsewhere)) } else { 0.0 }
    };
    let (share, high) = (false_dismissals.share?, false_dismissals.high?);
    Some(Extrapolated { share: of_all(share), high: of_all(high) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(camera: &str, dismissed: u64, threats_elsewhere: u64) -> CameraCounts {
        CameraCounts {
            camera: camera.to_owned(),
            decided: dismissed + threats_elsewhere,
            dismissed,
            threats_elsewhere,
            ..CameraCounts::default()
        }
    }

    fn review(camera: &str, reason: ReviewReason, told: u64, threats: u64) -> ReviewCounts {
        ReviewCounts { camera: camera.to_owned(), reason, drawn: told, told, threats, open: 1 }
    }

    fn figures(counts: &[CameraCounts], reviews: &[ReviewCounts]) -> SiteQuality {
        let (drift, learning, grants) = (Vec::new(), Learning::default(), Vec::new());
        let since = Timestamp::UNIX_EPOCH;
        Grounds { site: "s", since, counts, reviews, drift, learning, grants }.figures()
    }

    #[test]
    fn a_rate_has_the_interval_of_the_tables() {
        let found = rate(2, 50);
        assert!((found.share.unwrap() - 0.04).abs() < 1e-12);
        assert!((found.low.unwrap() - 0.004_88).abs() < 1e-4, "{found:?}");
        assert!((found.high.unwrap() - 0.137_14).abs() < 1e-4, "{found:?}");
        let none = rate(0, 30);
        assert!(none.low == Some(0.0) && (none.high.unwrap() - 0.115_70).abs() < 1e-4, "{none:?}");
        assert_eq!(rate(0, 0), Rate::default());
    }

    #[test]
    fn only_blind_reviews_of_dismissals_tell_the_false_dismissals() {
        let found = figures(
            &[counts("gate", 900, 3), counts("dock", 100, 0)],
            &[
                review("gate", ReviewReason::Dismissal, 40, 1),
                review("gate", ReviewReason::Decoy, 20, 10),
                review("dock", ReviewReason::Dismissal, 10, 0),
                review("dock", ReviewReason::Control, 4, 3),
            ],
        );
        assert_eq!((found.all.false_dismissals.hits, found.all.false_dismissals.of), (1, 50));
        assert_eq!((found.all.controls_seen.hits, found.all.controls_seen.of), (3, 4));
        assert_eq!(found.all.reviews_open, 2);
        let gate = &found.cameras[0].tally;
        assert_eq!((gate.false_dismissals.hits, gate.false_dismissals.of), (1, 40));
        // 1 in 50 of 1,000 dismissals would be 20 threats, beside 3 that were found.
        assert!((found.all.missed_threats.unwrap().share - 20.0 / 23.0).abs() < 1e-12);
    }

    #[test]
    fn a_digest_changes_with_any_figure() {
        let one = figures(&[counts("gate", 9, 0)], &[]);
        assert_eq!(one.digest, figures(&[counts("gate", 9, 0)], &[]).digest);
        assert_ne!(one.digest, figures(&[counts("gate", 10, 0)], &[]).digest);
        assert_eq!(one.all.missed_threats, None, "without a review nothing is claimed");
    }
}
