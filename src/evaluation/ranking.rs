//! How well scores order threats before the harmless: areas under the curves, dismissals at a recall.

use std::collections::BTreeMap;

use serde::Serialize;

/// One scored and labelled thing: a clip, or a group with its highest clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Higher means more threatening.
    pub score: f64,
    /// The truth.
    pub threat: bool,
    /// Index of the group that it belongs to; weights are given per group.
    pub group: usize,
}

/// Scored things in falling order of score, so that every figure is one pass.
#[derive(Debug, Clone)]
pub struct Ranking {
    items: Vec<Scored>,
}

/// How much is dismissed when so many of the threats must be kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtRecall {
    /// Share of the threats to keep, 0 to 1.
    pub recall_target: f64,
    /// Below this score everything is dismissed.
    pub threshold: f64,
    /// Share of the threats that is really kept; ties may keep more than was asked for.
    pub recall: f64,
    /// Harmless ones below the threshold.
    pub harmless_dismissed: usize,
    /// Their share of all harmless ones.
    pub harmless_dismissed_share: f64,
}

/// What comes of looking at everything that scores at least so much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The lowest score that is looked at.
    pub score: f64,
    /// Share of the threats that is looked at, 0 to 1.
    pub recall: f64,
    /// Share of what is looked at that is a threat.
    pub precision: f64,
    /// Share of the harmless that is not looked at.
    pub harmless_dismissed_share: f64,
}

/// Threats and harmless ones that share a score.
struct Tie {
    score: f64,
    threats: f64,
    harmless: f64,
}

impl Ranking {
    /// Sorts `items` by score, highest first.
    pub fn new(mut items: Vec<Scored>) -> Self {
        items.sort_by(|left, right| right.score.total_cmp(&left.score));
        Self { items }
    }

    /// Each group with its highest clip; a group is a threat when one of its clips is.
    #[must_use]
    pub fn by_group(&self) -> Self {
        let mut groups: BTreeMap<usize, Scored> = BTreeMap::new();
        for clip in &self.items {
            let group = groups.entry(clip.group).or_insert(*clip);
            group.score = group.score.max(clip.score);
            group.threat |= clip.threat;
        }
        Self::new(groups.into_values().collect())
    }

    /// The items, highest score first.
    pub fn items(&self) -> &[Scored] {
        &self.items
    }

    /// How many threats and harmless ones there are.
    pub fn counts(&self) -> (usize, usize) {
        let threats = self.items.iter().filter(|item| item.threat).count();
        (threats, self.items.len() - threats)
    }

    fn ties(&self, weights: Option<&[u32]>) -> Vec<Tie> {
        let mut ties: Vec<Tie> = Vec::new();
        for item in &self.items {
            let weight =
                weights.map_or(1.0, |all| all.get(item.group).copied().map_or(0.0, f64::from));
            let (threats, harmless) = if item.threat { (weight, 0.0) } else { (0.0, weight) };
            // In falling order, "not above this one" means the same score, -0.0 and 0.0 included.
            match ties.last_mut().filter(|tie| tie.score <= item.score) {
                Some(tie) => {
                    tie.threats += threats;
                    tie.harmless += harmless;
                }
                None => ties.push(Tie { score: item.score, threats, harmless }),
            }
        }
        ties
    }

    /// Area under the ROC curve: the chance that a threat scores above a harmless one, half for
    /// ties (Mann and Whitney 1947). `weights` counts each group so many times; `None` counts all
    /// once. Nothing where one of the two kinds is missing.
    pub fn roc_auc(&self, weights: Option<&[u32]>) -> Option<f64> {
        let (mut above, mut threats, mut harmless) = (0.0, 0.0, 0.0);
        for tie in self.ties(weights) {
            above += tie.harmless * (threats + tie.threats / 2.0);
            threats += tie.threats;
            harmless += tie.harmless;
        }
        (threats > 0.0 && harmless > 0.0).then(|| above / (threats * harmless))
    }

    /// Average precision: the sum over thresholds of the recall gained times the precision there,
    /// without interpolation. Nothing where one of the two kinds is missing.
    pub fn average_precision(&self, weights: Option<&[u32]>) -> Option<f64> {
        let ties = self.ties(weights);
        let total: f64 = ties.iter().map(|tie| tie.threats).sum();
        let all_harmless: f64 = ties.iter().map(|tie| tie.harmless).sum();
        if total <= 0.0 || all_harmless <= 0.0 {
            return None;
        }
        let (mut area, mut threats, mut seen) = (0.0, 0.0, 0.0);
        for tie in ties {
            threats += tie.threats;
            seen += tie.threats + tie.harmless;
            if tie.threats > 0.0 {
                area += tie.threats / total * (threats / seen);
            }
        }
        Some(area)
    }

    /// Every threshold, highest score first. Nothing where one of the two kinds is missing.
    pub fn thresholds(&self) -> Vec<Threshold> {
        let (all_threats, all_harmless) = self.counts();
        if all_threats == 0 || all_harmless == 0 {
            return Vec::new();
        }
        let (mut threats, mut harmless) = (0.0, 0.0);
        self.ties(None)
            .into_iter()
            .map(|tie| {
                threats += tie.threats;
                harmless += tie.harmless;
                Threshold {
                    score: tie.score,
                    recall: threats / super::real(all_threats),
                    precision: threats / (threats + harmless),
                    harmless_dismissed_share: 1.0 - harmless / super::real(all_harmless),
                }
            })
            .collect()
    }

    /// The harmless ones below the highest threshold that keeps at least `target` of the threats.
    /// Nothing where one of the two kinds is missing.
    pub fn at_recall(&self, target: f64) -> Option<AtRecall> {
        let (threats, harmless) = self.counts();
        if threats == 0 || harmless == 0 {
            return None;
        }
        let threats = super::real(threats);
        // 0.95 × 20 must ask for 19, whatever the product's last bit says.
        let needed = (target * threats - 1e-9).ceil().max(1.0);
        let mut kept = 0.0;
        let mut threshold = f64::NEG_INFINITY;
        for item in self.items.iter().filter(|item| item.threat) {
            kept += 1.0;
            threshold = item.score;
            if kept >= needed {
                break;
            }
        }
        let kept = self.items.iter().filter(|item| item.threat && item.score >= threshold).count();
        let dismissed =
            self.items.iter().filter(|item| !item.threat && item.score < threshold).count();
        Some(AtRecall {
            recall_target: target,
            threshold,
            recall: super::real(kept) / threats,
            harmless_dismissed: dismissed,
            harmless_dismissed_share: super::real(dismissed) / super::real(harmless),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(items: &[(f64, bool)]) -> Ranking {
        let scored = items.iter().enumerate().map(|(group, (score, threat))| Scored {
            score: *score,
            threat: *threat,
            group,
        });
        Ranking::new(scored.collect())
    }

    fn close(found: Option<f64>, right: f64) {
        let found = found.unwrap();
        assert!((found - right).abs() < 1e-12, "{found} is not {right}");
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_the_right_order() {
        // Pairs: 0.9>0.4, 0.9>0.1, 0.3<0.4, 0.3>0.1: three of four.
        let found = ranking(&[(0.9, true), (0.4, false), (0.3, true), (0.1, false)]);
        close(found.roc_auc(None), 0.75);
        // Recall 1/2 at precision 1/1, then 1/2 more at precision 2/3.
        close(found.average_precision(None), 0.5 + 0.5 * 2.0 / 3.0);
    }

    #[test]
    fn a_tie_counts_half() {
        let found = ranking(&[(0.5, true), (0.5, false), (0.5, false)]);
        close(found.roc_auc(None), 0.5);
        close(found.average_precision(None), 1.0 / 3.0);
        let mixed = ranking(&[(0.8, true), (0.5, true), (0.5, false), (0.2, false)]);
        close(mixed.roc_auc(None), 3.5 / 4.0);
        close(ranking(&[(0.0, true), (-0.0, false)]).roc_auc(None), 0.5);
    }

    #[test]
    fn one_kind_alone_has_no_area() {
        let found = ranking(&[(0.9, true), (0.1, true)]);
        assert_eq!(found.roc_auc(None), None);
        assert_eq!(found.average_precision(None), None);
        assert_eq!(found.at_recall(0.95), None);
        assert_eq!(ranking(&[]).roc_auc(None), None);
    }

    #[test]
    fn a_weight_of_two_is_the_same_as_saying_it_twice() {
        let once = ranking(&[(0.9, true), (0.4, false), (0.3, true), (0.1, false)]);
        let twice = ranking(&[(0.9, true), (0.4, false), (0.4, false), (0.3, true), (0.1, false)]);
        close(once.roc_auc(Some(&[1, 2, 1, 1])), twice.roc_auc(None).unwrap());
        close(once.average_precision(Some(&[1, 2, 1, 1])), twice.average_precision(None).unwrap());
        assert_eq!(once.roc_auc(Some(&[1, 0, 1, 0])), None);
    }

    #[test]
    fn thresholds_are_one_for_each_score_and_end_with_everything() {
        let items = [(0.9, true), (0.4, false), (0.4, true), (0.1, false)];
        let found = ranking(&items).thresholds();
        assert_eq!(found.len(), 3);
        let told =
            |at: usize| (found[at].recall, found[at].precision, found[at].harmless_dismissed_share);
        assert_eq!(told(0), (0.5, 1.0, 1.0));
        assert_eq!(told(1), (1.0, 2.0 / 3.0, 0.5));
        assert_eq!(told(2), (1.0, 0.5, 0.0));
        assert!(ranking(&[(0.9, true)]).thresholds().is_empty());
    }

    #[test]
    fn dismissals_at_a_recall_use_the_highest_threshold_that_keeps_enough() {
        let mut items: Vec<(f64, bool)> = (1..=20).map(|n| (f64::from(n) / 20.0, true)).collect();
        items.extend([(0.05, false), (0.1, false), (0.5, false), (0.08, false)]);
        let found = ranking(&items).at_recall(0.95).unwrap();
        // 19 of 20 threats lie at 0.10 or above; 0.05 and 0.08 are below.
        close(Some(found.threshold), 0.1);
        close(Some(found.recall), 0.95);
        assert_eq!(found.harmless_dismissed, 2);
        close(Some(found.harmless_dismissed_share), 0.5);
        let all = ranking(&items).at_recall(0.99).unwrap();
        close(Some(all.recall), 1.0);
        assert_eq!(all.harmless_dismissed, 0);
    }

    proptest! {
        #[test]
        fn reversed_scores_have_the_rest_of_the_area(
            items in prop::collection::vec((0_u8..6, any::<bool>()), 2..60)
        ) {
            let ahead: Vec<_> = items.iter().map(|(s, t)| (f64::from(*s), *t)).collect();
            let back: Vec<_> = items.iter().map(|(s, t)| (-f64::from(*s), *t)).collect();
            match (ranking(&ahead).roc_auc(None), ranking(&back).roc_auc(None)) {
                (Some(one), Some(other)) => prop_assert!((one + other - 1.0).abs() < 1e-9),
                (one, other) => prop_assert_eq!(one, other),
            }
        }

        #[test]
        fn keeping_more_threats_never_dismisses_more(
            items in prop::collection::vec((0.0_f64..1.0, any::<bool>()), 2..60)
        ) {
            let ranked = ranking(&items);
            if let (Some(low), Some(high)) = (ranked.at_recall(0.9), ranked.at_recall(0.99)) {
                prop_assert!(low.recall >= 0.9 - 1e-9 && high.recall >= 0.99 - 1e-9);
                prop_assert!(high.harmless_dismissed <= low.harmless_dismissed);
            }
        }
    }
}
