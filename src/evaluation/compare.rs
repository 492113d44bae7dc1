//! Two runs over the same alarms: which is better, pair by pair, and whether that is more than chance.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{
    Sample,
    bootstrap::{Draws, Estimate},
    ranking::{Ranking, Scored},
};
use crate::domain::Outcome;

/// Two runs over the samples that both decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Labelled samples that both runs decided.
    pub pairs: usize,
    /// Labelled samples that only one of them decided, which count nowhere here.
    pub unpaired: usize,
    /// Groups of the pairs.
    pub groups: usize,
    /// The figures.
    pub rows: Vec<Row>,
}

/// One figure of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// Of the first run.
    pub first: Option<f64>,
    /// Of the second run.
    pub second: Option<f64>,
    /// Second less first, over draws of whole groups.
    pub difference: Option<Estimate>,
}

/// A figure of one run, from its samples and how often each group counts.
type Figure = fn(&[Paired], Option<&[u32]>) -> Option<f64>;

#[derive(Debug, Clone, Copy)]
struct Paired {
    group: usize,
    threat: bool,
    probability: f64,
    outcome: Outcome,
}

impl Comparison {
    /// Compares `second` with `first`. Samples are paired by their id and must carry the same label.
    ///
    /// # Errors
    /// In words, naming the sample, when an id stands twice in a run or is labelled differently.
    pub fn of(first: &[Sample], second: &[Sample]) -> Result<Self, String> {
        let (one, other) = (by_id(first, "first")?, by_id(second, "second")?);
        let mut groups = BTreeMap::new();
        let (mut ours, mut theirs, mut unpaired) = (Vec::new(), Vec::new(), 0);
        for (id, sample) in &one {
            let Some(threat) = sample.threat else { continue };
            let Some(twin) = other.get(id) else {
                unpaired += 1;
                continue;
            };
            if twin.threat != sample.threat || twin.group != sample.group {
                return Err(format!("sample {id} has another label or group in the second run"));
            }
            let next = groups.len();
            let group = *groups.entry(&sample.group).or_insert(next);
            ours.push(paired(sample, group, threat));
            theirs.push(paired(twin, group, threat));
        }
        unpaired += other
            .iter()
            .filter(|(id, sample)| sample.threat.is_some() && !one.contains_key(*id))
            .count();
        let draws = Draws::new(groups.len());
        let rows = FIGURES.iter().map(|(name, more_is_better, figure)| Row {
            name,
            more_is_better: *more_is_better,
            first: figure(&ours, None),
            second: figure(&theirs, None),
            difference: draws
                .estimate(|weights| Some(figure(&theirs, weights)? - figure(&ours, weights)?)),
        });
        let rows = rows.collect();
        Ok(Self { pairs: ours.len(), unpaired, groups: groups.len(), rows })
    }

    /// An aligned plain-text account.
    pub fn render(&self) -> String {
        let mut out = format!(
            "{} pairs in {} groups; {} samples without a partner\n\n{:<38}{:>8}{:>9}  difference\n",
            self.pairs, self.groups, self.unpaired, "", "first", "second"
        );
        let number =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        for row in &self.rows {
            let difference = row.difference.map_or("-".to_owned(), |found| {
                let (Some(low), Some(high)) = (found.low, found.high) else {
                    return format!("{:+.3}", found.value);
                };
                let told = if low <= 0.0 && high >= 0.0 {
                    "not proven"
                } else if (found.value > 0.0) == row.more_is_better {
                    "better"
                } else {
                    "worse"
                };
                format!("{:+.3} [{low:+.3}, {high:+.3}]  {told}", found.value)
            });
            let (first, second) = (number(row.first), number(row.second));
            let _infallible = writeln!(out, "{:<38}{first:>8}{second:>9}  {difference}", row.name);
        }
        out
    }
}

const FIGURES: [(&str, bool, Figure); 5] = [
    ("area under the ROC curve, by clip", true, |run, weights| clips(run).roc_auc(weights)),
    ("area under the ROC curve, by group", true, |run, weights| groups(run).roc_auc(weights)),
    ("Brier score", false, |run, weights| {
        mean(
            run,
            weights,
            |_| true,
            |one| (one.probability - f64::from(u8::from(one.threat))).powi(2),
        )
    }),
    ("threats dismissed", false, |run, weights| {
        mean(run, weights, |one| one.threat, |one| dismissed(one.outcome))
    }),
    ("harmless alarms dismissed", true, |run, weights| {
        mean(run, weights, |one| !one.threat, |one| dismissed(one.outcome))
    }),
];

fn dismissed(outcome: Outcome) -> f64 {
    f64::from(u8::from(outcome == Outcome::Dismissed))
}

fn by_id<'a>(samples: &'a [Sample], run: &str) -> Result<BTreeMap<&'a str, &'a Sample>, String> {
    let mut found = BTreeMap::new();
    for sample in samples {
        if found.insert(sample.id.as_str(), sample).is_some() {
            return Err(format!("sample {} stands twice in the {run} run", sample.id));
        }
    }
    Ok(found)
}

fn paired(sample: &Sample, group: usize, threat: bool) -> Paired {
    let probability = if sample.probability.is_finite() { sample.probability } else { 0.5 };
    Paired { group, threat, probability, outcome: sample.outcome }
}

fn clips(run: &[Paired]) -> Ranking {
    let scored =
        |one: &Paired| Scored { score: one.probability, threat: one.threat, group: one.group };
    Ranking::new(run.iter().map(scored).collect())
}

fn groups(run: &[Paired]) -> Ranking {
    clips(run).by_group()
}

/// The weighted mean of `value` over those that `counts`.
fn mean(
    run: &[Paired],
    weights: Option<&[u32]>,
    counts: fn(&Paired) -> bool,
    value: fn(&Paired) -> f64,
) -> Option<f64> {
    let (mut sum, mut all) = (0.0, 0.0);
    for one in run.iter().filter(|one| counts(one)) {
        let weight = weights.map_or(1.0, |each| f64::from(each[one.group]));
        sum += weight * value(one);
        all += weight;
    }
    (all > 0.0).then(|| sum / all)
}
