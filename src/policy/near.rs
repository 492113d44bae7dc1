//! What nearly fired: for each rule that a single condition held back, that condition.

use crate::domain::NearMiss;

use super::{
    condition::{Part, State},
    rule::Rule,
};

/// Conditions that must hold for the one that fails to have been close.
const HELD: usize = 2;

/// The rules of which exactly one condition fails while two or more hold; those first that lacked least.
pub(super) fn misses(rules: &[Rule], parts: &[Vec<Part>], state: &State) -> Vec<NearMiss> {
    let mut misses: Vec<(usize, NearMiss)> = rules
        .iter()
        .zip(parts)
        .filter_map(|(rule, parts)| Some((parts.len(), miss(rule, parts, state)?)))
        .collect();
    misses.sort_by(|(one, _), (other, _)| other.cmp(one));
    misses.into_iter().map(|(_, miss)| miss).collect()
}

fn miss(rule: &Rule, parts: &[Part], state: &State) -> Option<NearMiss> {
    let mut failing = parts.iter().filter(|part| !part.formula.holds(state));
    let (Some(failed), None) = (failing.next(), failing.next()) else { return None };
    if parts.len() <= HELD {
        return None;
    }
    Some(NearMiss {
        id: rule.id.clone(),
        effect: rule.effect,
        actions: rule.actions.iter().map(|action| action.name().to_owned()).collect(),
        condition: failed.text.clone(),
        lacks: failed.formula.to_blame(state, true)?.told(),
    })
}
