//! The labelled samples with their groups numbered: what orderings, shares and floors are made from.

use std::collections::BTreeMap;

use super::{
    Sample,
    baselines::{Floor, Rival},
    bootstrap::{Draws, Estimate},
    figures::Ordering,
    ranking::{Ranking, Scored},
    selective::Selective,
};

/// Recalls of threats at which the dismissed share of the harmless is told.
const RECALLS: [f64; 4] = [0.90, 0.95, 0.98, 0.99];

/// A sample whose label says something.
struct Labelled<'a> {
    sample: &'a Sample,
    at: usize,
    group: usize,
    threat: bool,
}

/// The labelled samples with their groups numbered, and the draws of these groups.
pub(super) struct Grouped<'a> {
    labelled: Vec<Labelled<'a>>,
    draws: Draws,
}

impl<'a> Grouped<'a> {
    pub(super) fn new(samples: &'a [Sample]) -> Self {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut labelled = Vec::new();
        for (at, sample) in samples.iter().enumerate() {
            if let Some(threat) = sample.threat {
                let next = numbers.len();
                let group = *numbers.entry(&sample.group).or_insert(next);
                labelled.push(Labelled { sample, at, group, threat });
            }
        }
        Self { labelled, draws: Draws::new(numbers.len()) }
    }

    pub(super) const fn groups(&self) -> usize {
        self.draws.groups()
    }

    pub(super) const fn labelled(&self) -> usize {
        self.labelled.len()
    }

    /// Those for which `score` gives one; it gets the sample's place.
    pub(super) fn clips(&self, score: impl Fn(usize) -> Option<f64>) -> Ranking {
        let scored = self.labelled.iter().filter_map(|one| {
            Some(Scored { score: score(one.at)?, threat: one.threat, group: one.group })
        });
        Ranking::new(scored.collect())
    }

    pub(super) fn ordering(&self, ranking: &Ranking) -> Ordering {
        let (threats, harmless) = ranking.counts();
        Ordering {
            threats,
            harmless,
            roc_auc: self.draws.estimate(|weights| ranking.roc_auc(weights)),
            average_precision: self.draws.estimate(|weights| ranking.average_precision(weights)),
            at_recall: RECALLS.iter().filter_map(|target| ranking.at_recall(*target)).collect(),
            selective: Selective::of(ranking, &self.draws),
        }
    }

    /// The share of the labelled samples within `whole` for which `part` holds.
    pub(super) fn share(
        &self,
        whole: impl Fn(&Sample) -> bool,
        part: impl Fn(&Sample) -> bool,
    ) -> Option<Estimate> {
        self.draws.estimate(|weights| {
            let (mut have, mut all) = (0.0, 0.0);
            for one in self.labelled.iter().filter(|one| whole(one.sample)) {
                let weight = weights.map_or(1.0, |each| f64::from(each[one.group]));
                all += weight;
                have += if part(one.sample) { weight } else { 0.0 };
            }
            (all > 0.0).then(|| have / all)
        })
    }

    pub(super) fn floor(&self, rival: &Rival) -> Floor {
        let score = |at: usize| rival.scores.get(at).copied().flatten();
        let clips = self.clips(score);
        let groups = clips.by_group();
        let probability = |one: &Labelled<'_>| one.sample.probability;
        let own = Ranking::new(
            self.labelled
                .iter()
                .filter(|one| score(one.at).is_some())
                .map(|one| Scored { score: probability(one), threat: one.threat, group: one.group })
                .collect(),
        );
        let own_groups = own.by_group();
        Floor {
            name: rival.name.to_owned(),
            n: clips.items().len(),
            clip_roc_auc: self.draws.estimate(|weights| clips.roc_auc(weights)),
            group_roc_auc: self.draws.estimate(|weights| groups.roc_auc(weights)),
            group_at_95: groups.at_recall(0.95),
            own_clip_roc_auc: own.roc_auc(None),
            clip_lead: self
                .draws
                .estimate(|weights| Some(own.roc_auc(weights)? - clips.roc_auc(weights)?)),
            group_lead: self
                .draws
                .estimate(|weights| Some(own_groups.roc_auc(weights)? - groups.roc_auc(weights)?)),
        }
    }
}
