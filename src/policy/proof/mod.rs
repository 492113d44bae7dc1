//! Proofs over every alarm that there could be: the invariants of DESIGN.md §2.4, 2.5 and 2.7.
//!
//! A rule's condition asks about finitely many things (codes, windows, bounds on numbers, texts that it
//! names), so "for all facts and contexts" is a question that a solver settles ([`search`]). Where
//! cvc5 is installed, Cedar's own symbolic compiler proves the same a second time ([`symbolic`]).

mod alarm;
mod invariants;
mod review;
mod search;
mod symbolic;

pub(super) use invariants::{Proof, prove};
pub use review::Remark;
pub(super) use review::{review, unused};
pub(super) use search::Search;

use super::{
    action::PolicyAction,
    compile::Checked,
    condition::{Formula, Part},
};
use crate::domain::Effect;

/// When the rule fires.
pub(super) fn fires(rule: &Checked) -> Formula {
    Part::all(&rule.parts)
}

/// When one of those of `rules` that `chosen` takes fires.
fn any<'a>(
    rules: impl IntoIterator<Item = &'a Checked>,
    chosen: impl Fn(&Checked) -> bool,
) -> Formula {
    Formula::Any(rules.into_iter().filter(|rule| chosen(rule)).map(fires).collect())
}

/// Whether the rule bears on `action` with this effect.
fn bears(rule: &Checked, action: PolicyAction, effect: Effect) -> bool {
    rule.rule.effect == effect && rule.rule.actions.contains(&action)
}

/// When the rules allow `action`: one permits it and none forbids it.
fn allowed(rules: &[&Checked], action: PolicyAction) -> Formula {
    let of = |effect| any(rules.iter().copied(), |rule| bears(rule, action, effect));
    Formula::All(vec![of(Effect::Permit), of(Effect::Forbid).negated()])
}
