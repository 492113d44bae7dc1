//! Which rules fire: their formulas find them, and Cedar confirms each that is to count.
//!
//! Asking Cedar about every rule takes a microsecond and more a rule, so the formulas, of which a property
//! test holds that they say what Cedar says, pick those worth asking about.

use cedar_policy::{Authorizer, EntityUid, PolicySet as CedarSet};

use crate::domain::Effect;

use super::{
    action::PolicyAction,
    compile::Checked,
    condition::{Part, State},
    error::PolicyError,
    request::{Question, action_uid},
    rule::Rule,
};

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

/// Who says which rules fire.
pub(super) enum Engine {
    /// Cedar's own evaluator has the last word: for every alarm that counts.
    Cedar(Box<CedarEngine>),
    /// The formulas alone: for changed rules, which are tried by the thousand.
    Formulas,
}

impl Engine {
    /// What fires, for each action, in the schema's order.
    pub(super) fn fire(
        &self,
        question: &Question,
        state: &State,
        rules: &[Rule],
        parts: &[Vec<Part>],
    ) -> Vec<(PolicyAction, Fired)> {
        let mut fired: Vec<(PolicyAction, Fired)> =
            PolicyAction::all().map(|action| (action, Fired::default())).collect();
        for (place, rule) in rules.iter().enumerate() {
            if !Part::all_hold(&parts[place], state) {
                continue;
            }
            let confirmed = match self {
                Self::Cedar(engine) => engine.confirms(place, question),
                Self::Formulas => true,
            };
            for (_, fired) in fired.iter_mut().filter(|(action, _)| rule.actions.contains(action)) {
                let places = match rule.effect {
                    Effect::Permit => &mut fired.permits,
                    Effect::Forbid => &mut fired.forbids,
                };
                places.push(place);
                fired.failed |= !confirmed;
            }
        }
        fired
    }
}

/// Cedar, ready to be asked about each rule by itself.
pub(super) struct CedarEngine {
    authorizer: Authorizer,
    /// An action that the rule bears on, and the rule alone.
    rules: Vec<(EntityUid, CedarSet)>,
}

impl CedarEngine {
    /// An engine over `rules`, whose places are those that it is asked about.
    pub(super) fn new(rules: &[Checked]) -> Result<Self, PolicyError> {
        let alone = rules.iter().map(|Checked { rule, policy, .. }| {
            let action = rule.actions.first().copied().unwrap_or(PolicyAction::Verify);
            let set = CedarSet::from_policies([policy.clone()]).map_err(PolicyError::vocabulary)?;
            Ok((action_uid(action)?, set))
        });
        Ok(Self {
            authorizer: Authorizer::new(),
            rules: alone.collect::<Result<_, PolicyError>>()?,
        })
    }

    /// Whether Cedar says that the rule at `place` fires, without an error.
    pub(super) fn confirms(&self, place: usize, question: &Question) -> bool {
        let Some((action, alone)) = self.rules.get(place) else { return false };
        let Some(request) = question.ask(action) else { return false };
        let response = self.authorizer.is_authorized(&request, alone, &question.entities);
        let diagnostics = response.diagnostics();
        diagnostics.errors().next().is_none() && diagnostics.reason().next().is_some()
    }
}
