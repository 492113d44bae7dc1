//! What other policies would have made of recorded alarms. No model is asked: the facts, the context and the
//! assessment are those of the record, and only the rules and what follows from them are worked out anew.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    actions,
    domain::{
        ActionCode, Assessment, Backtest, BacktestChange, Context, Decision, DispositionCode,
        Outcome, RuledAlarm, Ruling, Shift, SiteShift, VerdictShift,
    },
    pipeline,
    policy::{Draft, PolicySet},
    reading,
    store::{Recorded, Store, StoreError},
    verdict::{self, Grounds},
};

/// Alarms that are read from the store at once.
const PAGE: u32 = 500;
/// Changed alarms that are told one by one.
const MOST_CHANGES: usize = 500;

/// Tries `after` on every recorded alarm that arrived `since`, and compares with what `before` makes of it.
///
/// # Errors
/// Where the store fails.
pub async fn run(
    store: &Store,
    before: &Draft,
    after: &Draft,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Backtest, StoreError> {
    let mut tally = Tally::new(before, after, since, now);
    let mut last = None;
    loop {
        let page = store.recorded(since, last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(tally.finish()) };
        last = Some(end.decision.alarm.id);
        for recorded in &page {
            tally.count(recorded);
        }
        tokio::task::yield_now().await;
    }
}

/// The same over alarms that are at hand.
pub fn over<'a>(
    recorded: impl Iterator<Item = &'a Recorded>,
    before: &Draft,
    after: &Draft,
    now: Timestamp,
) -> Backtest {
    let mut tally = Tally::new(before, after, None, now);
    recorded.for_each(|one| tally.count(one));
    tally.finish()
}

/// One alarm under one set of rules.
struct Ruled {
    told: RuledAlarm,
    fired: BTreeSet<String>,
    /// Whether a model would have to read it first, which nobody did.
    to_be_read: bool,
}

/// What the rules make of a recorded alarm.
fn rule(policy: &PolicySet, recorded: &Recorded, context: &Context) -> Ruled {
    let Recorded { alarm, decision, .. } = recorded;
    let view = pipeline::view(alarm);
    let prepared = reading::prepare(alarm);
    let settled = policy.settle(&view, &prepared.facts, context);
    let unread = decision.ruling.settled.is_some();
    let to_be_read = settled.is_none() && unread;
    let none = Assessment::none();
    let (ruling, facts, assessment) = match settled {
        Some(ruling) => (ruling, &prepared.facts, &none),
        None => (
            policy.evaluate(&view, &decision.facts, context),
            &decision.facts,
            &decision.assessment,
        ),
    };
    let proposed = propose(decision, &ruling);
    let assessment = Assessment { proposed, ..assessment.clone() };
    let mut verdict = verdict::combine(Grounds {
        facts,
        context,
        ruling: &ruling,
        assessment: &assessment,
        captions: alarm.captions.len(),
        scale: None,
    });
    verdict.actions = actions::plan(&ruling, &verdict, context);
    Ruled {
        told: RuledAlarm {
            outcome: verdict.outcome,
            severity: verdict.severity,
            oversight: ruling.oversight,
            actions: verdict.actions.iter().map(|action| action.code).collect(),
            rules: verdict.rules,
        },
        fired: ruling.rules.into_iter().map(|rule| rule.id).collect(),
        to_be_read,
    }
}

/// What the model would have proposed had these rules been in force: what it did, where they permit it.
/// Where it said `uncertain` because it had no choice, both its reads say which of the permitted it takes.
fn propose(decision: &Decision, ruling: &Ruling) -> Outcome {
    let recorded = decision.assessment.proposed;
    let had_no_choice =
        decision.ruling.permitted.iter().all(|outcome| *outcome == Outcome::Uncertain);
    if recorded != Outcome::Uncertain || !had_no_choice {
        return if ruling.permits(recorded) { recorded } else { Outcome::Uncertain };
    }
    let confidence = &decision.assessment.confidence;
    match (confidence.model_threat, confidence.classifier_threat) {
        (Some(model), Some(classifier)) if confidence.agree => {
            let choice =
                if model.min(classifier) >= 0.5 { Outcome::Verified } else { Outcome::Dismissed };
            if ruling.permits(choice) { choice } else { Outcome::Uncertain }
        }
        _ => Outcome::Uncertain,
    }
}

/// Counts that begin and end, by name.
#[derive(Default)]
struct Shifts(BTreeMap<String, (u64, u64)>);

impl Shifts {
    fn add(&mut self, name: &str, begins: bool, ends: bool) {
        let counts = self.0.entry(name.to_owned()).or_default();
        counts.0 += u64::from(begins);
        counts.1 += u64::from(ends);
    }

    fn listed(self) -> Vec<Shift> {
        self.0.into_iter().map(|(name, (begins, ends))| Shift { name, begins, ends }).collect()
    }
}

struct Tally<'a> {
    before: &'a Draft,
    after: &'a Draft,
    found: Backtest,
    verdicts: BTreeMap<(Outcome, Outcome), u64>,
    actions: Shifts,
    sites: BTreeMap<String, SiteShift>,
    rules: Shifts,
}

impl<'a> Tally<'a> {
    fn new(before: &'a Draft, after: &'a Draft, since: Option<Timestamp>, now: Timestamp) -> Self {
        let found = Backtest {
            digest: after.digest().to_owned(),
            against: before.digest().to_owned(),
            at: now,
            since,
            alarms: 0,
            changed: 0,
            to_be_read: 0,
            skipped: 0,
            verdicts: Vec::new(),
            severity_up: 0,
            severity_down: 0,
            oversight_up: 0,
            oversight_down: 0,
            actions: Vec::new(),
            sites: Vec::new(),
            rules: Vec::new(),
            dismissed_threats: Vec::new(),
            changes: Vec::new(),
        };
        Self {
            before,
            after,
            found,
            verdicts: BTreeMap::new(),
            actions: Shifts::default(),
            sites: BTreeMap::new(),
            rules: Shifts::default(),
        }
    }

    fn count(&mut self, recorded: &Recorded) {
        let decision = &recorded.decision;
        let Some(context) = &decision.context else {
            self.found.skipped += 1;
            return;
        };
        self.found.alarms += 1;
        let site = &decision.alarm.site;
        let before = rule(self.before.of(site), recorded, context);
        let after = rule(self.after.of(site), recorded, context);
        self.found.to_be_read += u64::from(after.to_be_read && !before.to_be_read);
        let changed = before.told != after.told;
        let shift = self.sites.entry(site.clone()).or_insert_with(|| SiteShift {
            site: site.clone(),
            alarms: 0,
            changed: 0,
        });
        shift.alarms += 1;
        shift.changed += u64::from(changed);
        for id in after.fired.difference(&before.fired) {
            self.rules.add(id, true, false);
        }
        for id in before.fired.difference(&after.fired) {
            self.rules.add(id, false, true);
        }
        let threat = recorded.disposition.and_then(DispositionCode::threat) == Some(true);
        if threat && after.told.outcome == Outcome::Dismissed {
            self.found.dismissed_threats.push(decision.alarm.clone());
        }
        if changed {
            self.change(recorded, before.told, after.told);
        }
    }

    fn change(&mut self, recorded: &Recorded, before: RuledAlarm, after: RuledAlarm) {
        let found = &mut self.found;
        found.changed += 1;
        if before.outcome != after.outcome {
            *self.verdicts.entry((before.outcome, after.outcome)).or_default() += 1;
        }
        let (up, down) = order(&before.severity, &after.severity);
        found.severity_up += up;
        found.severity_down += down;
        let (up, down) = order(&before.oversight, &after.oversight);
        found.oversight_up += up;
        found.oversight_down += down;
        let codes =
            |ruled: &RuledAlarm| ruled.actions.iter().copied().collect::<BTreeSet<ActionCode>>();
        let (had, has) = (codes(&before), codes(&after));
        for code in has.difference(&had) {
            self.actions.add(code.as_str(), true, false);
        }
        for code in had.difference(&has) {
            self.actions.add(code.as_str(), false, true);
        }
        found.changes.push(BacktestChange {
            alarm: recorded.decision.alarm.clone(),
            before,
            after,
            disposition: recorded.disposition,
        });
    }

    /// The gravest changes first: what would no longer be looked at.
    fn finish(self) -> Backtest {
        let mut found = self.found;
        found.verdicts = self
            .verdicts
            .into_iter()
            .map(|((from, to), alarms)| VerdictShift { from, to, alarms })
            .collect();
        found.actions = self.actions.listed();
        found.sites = self.sites.into_values().collect();
        found.rules = self.rules.listed();
        found.changes.sort_by_key(|change| {
            let moved = change.before.outcome != change.after.outcome;
            (
                !moved,
                change.after.outcome,
                std::cmp::Reverse(change.before.severity),
                change.alarm.id,
            )
        });
        found.changes.truncate(MOST_CHANGES);
        found
    }
}

/// One for up or one for down, where `after` lies above or below `before`.
fn order<T: Ord>(before: &T, after: &T) -> (u64, u64) {
    (u64::from(after > before), u64::from(after < before))
}
