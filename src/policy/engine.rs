//! Asks Cedar which rules fire, action by action.

use cedar_policy::{Authorizer, EntityUid, Policy, PolicySet as CedarSet, Response};

use crate::domain::Effect;

use super::{
    action::PolicyAction,
    error::PolicyError,
    request::{Question, action_uid},
    rule::Rule,
};

/// The rules that bear on one action, permits and forbids apart, so that a ruling can show the
/// permits that a forbid beat.
struct ActionRules {
    action: PolicyAction,
    uid: EntityUid,
    permits: CedarSet,
    forbids: CedarSet,
}

/// What fired for one action; numbers are places in the policy set's rules, rising.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fired {
    pub permits: Vec<usize>,
    pub forbids: Vec<usize>,
    /// A rule could not be evaluated, so nothing may be concluded.
    pub failed: bool,
}

impl Fired {
    /// Whether the action is allowed: something permits it and nothing forbids it.
    pub(super) fn allowed(&self) -> bool {
        !self.permits.is_empty() && self.forbids.is_empty() && !self.failed
    }
}

/// The rules, sorted by what they bear on. Actions that no rule names are left out.
pub(super) struct Engine {
    authorizer: Authorizer,
    actions: Vec<ActionRules>,
}

impl Engine {
    /// An engine over those of `rules` that `wanted` takes. The rules are sorted by id.
    pub(super) fn new(
        rules: &[(Rule, Policy)],
        wanted: impl Fn(&Rule) -> bool,
    ) -> Result<Self, PolicyError> {
        let chosen: Vec<&(Rule, Policy)> = rules.iter().filter(|(rule, _)| wanted(rule)).collect();
        let mut actions = Vec::new();
        for action in PolicyAction::all() {
            let bearing: Vec<_> =
                chosen.iter().filter(|(rule, _)| rule.actions.contains(&action)).collect();
            let set = |effect: Effect| {
                let of_effect = bearing.iter().filter(|(rule, _)| rule.effect == effect);
                CedarSet::from_policies(of_effect.map(|(_, policy)| policy.clone()))
                    .map_err(PolicyError::vocabulary)
            };
            if !bearing.is_empty() {
                actions.push(ActionRules {
                    action,
                    uid: action_uid(action)?,
                    permits: set(Effect::Permit)?,
                    forbids: set(Effect::Forbid)?,
                });
            }
        }
        Ok(Self { authorizer: Authorizer::new(), actions })
    }

    /// What fires, for each action that has rules, in the schema's order.
    pub(super) fn fire(&self, question: &Question, rules: &[Rule]) -> Vec<(PolicyAction, Fired)> {
        self.actions.iter().map(|one| (one.action, self.fire_one(one, question, rules))).collect()
    }

    fn fire_one(&self, action: &ActionRules, question: &Question, rules: &[Rule]) -> Fired {
        let Some(request) = question.ask(&action.uid) else {
            return Fired { failed: true, ..Fired::default() };
        };
        let decide =
            |set: &CedarSet| self.authorizer.is_authorized(&request, set, &question.entities);
        let (permits, forbids) = (decide(&action.permits), decide(&action.forbids));
        let failed = [&permits, &forbids]
            .iter()
            .any(|response| response.diagnostics().errors().next().is_some());
        Fired { permits: places(&permits, rules), forbids: places(&forbids, rules), failed }
    }
}

/// The places of a response's determining rules among `rules`, which are sorted by id.
fn places(response: &Response, rules: &[Rule]) -> Vec<usize> {
    let mut places: Vec<usize> = response
        .diagnostics()
        .reason()
        .filter_map(|id| {
            let id: &str = id.as_ref();
            rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()
        })
        .collect();
    places.sort_unstable();
    places
}
