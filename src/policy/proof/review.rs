//! What is sound but odd: rules that never fire or never count, conditions that change nothing, rules that
//! contradict each other, facts that no rule asks about.

use std::{
    collections::BTreeSet,
    fmt::{self, Display},
};

use serde::Serialize;
use utoipa::ToSchema;

use super::{Search, alarm::plainest, alarm::written, any, bears, fires};
use crate::{
    domain::Effect,
    policy::{
        action::PolicyAction,
        compile::Checked,
        condition::{Fact, Formula, Number, Part},
    },
};

/// Something that a rule's author should look at; it keeps nothing from going live.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// The line where the rule begins.
    pub line: usize,
    /// What is odd.
    pub message: String,
}

impl Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// The remarks on `rules`, which hold together somewhere.
pub(in crate::policy) fn review(rules: &[&Checked]) -> Vec<Remark> {
    let mut search = Search::new();
    let mut remarks = Vec::new();
    for rule in rules {
        let remark = |message: String| Remark {
            file: rule.rule.file.clone(),
            line: rule.rule.line,
            message: format!("rule `{}` {message}", rule.rule.id),
        };
        let firing = fires(rule);
        if search.never(&firing) {
            remarks.push(remark("can never fire: its conditions exclude each other".to_owned()));
            continue;
        }
        remarks.extend(beaten(rule, rules, &mut search).map(remark));
        remarks.extend(idle(rule, &mut search).into_iter().map(remark));
        remarks.extend(contradicted(rule, rules, &mut search).map(remark));
    }
    remarks
}

/// Facts of the schema that no rule asks about, by their paths.
pub(in crate::policy) fn unused<'a>(rules: impl Iterator<Item = &'a Checked>) -> Vec<&'static str> {
    let mut asked = BTreeSet::new();
    for rule in rules {
        fires(rule).atoms(&mut |atom| {
            asked.insert(atom.fact());
        });
    }
    // The hour is asked about as the minute of the day.
    if asked.contains(&Fact::Number(Number::MinuteOfDay)) {
        asked.insert(Fact::Hour);
    }
    Fact::all().filter(|fact| !asked.contains(fact)).map(Fact::path).collect()
}

/// A permit that some forbid beats wherever it fires.
fn beaten(rule: &Checked, rules: &[&Checked], search: &mut Search) -> Option<String> {
    if rule.rule.effect == Effect::Forbid {
        return None;
    }
    let counts = |action: &PolicyAction| {
        let forbidden = any(rules.iter().copied(), |one| bears(one, *action, Effect::Forbid));
        search.find(&[&fires(rule), &forbidden.negated()]).is_some()
    };
    let idle = !rule.rule.actions.is_empty() && !rule.rule.actions.iter().any(counts);
    idle.then(|| "never counts: wherever it fires, another rule forbids the same".to_owned())
}

/// Conditions without which the rule would fire just the same.
fn idle(rule: &Checked, search: &mut Search) -> Vec<String> {
    let mut idle = Vec::new();
    for (at, part) in rule.parts.iter().enumerate() {
        let others = rule.parts.iter().enumerate().filter(|(other, _)| *other != at);
        let without = Part::all(others.map(|(_, one)| one));
        if search.find(&[&without, &part.formula.clone().negated()]).is_none() {
            idle.push(format!(
                "asks `{}`, which changes nothing beside its other conditions",
                part.text
            ));
        }
    }
    idle
}

/// A rule that permits dismissing what another lets be verified, both at once and unforbidden.
fn contradicted(rule: &Checked, rules: &[&Checked], search: &mut Search) -> Option<String> {
    if !bears(rule, PolicyAction::Dismiss, Effect::Permit) {
        return None;
    }
    let forbidden =
        |action| any(rules.iter().copied(), |one| bears(one, action, Effect::Forbid)).negated();
    let free = Formula::All(vec![
        forbidden(PolicyAction::Dismiss),
        forbidden(PolicyAction::Verify),
        fires(rule),
    ]);
    let other = rules.iter().find_map(|other| {
        if !bears(other, PolicyAction::Verify, Effect::Permit) {
            return None;
        }
        let both = Formula::All(vec![free.clone(), fires(other)]);
        let found = search.find(&[&both])?;
        Some((other, plainest(found, |state| both.holds(state))))
    });
    other.map(|(other, found)| {
        format!(
            "permits dismissing what `{}` ({}) lets be verified, such as\n{}",
            other.rule.id,
            other.rule.at(),
            written(&found)
        )
    })
}
