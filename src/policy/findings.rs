//! Puts what fired together into a ruling.

use std::collections::BTreeSet;

use crate::domain::{
    ActionCode, Approver, CaptionId, Context, Effect, Facts, FiredRule, Observed, Outcome,
    Oversight, Presence, RecommendedAction, Ruling, SceneText, Severity, Urgency,
};

use super::{
    action::PolicyAction,
    engine::Fired,
    guards::{self, Guard},
    rule::Rule,
};

/// Everything that a ruling is made of.
pub(super) struct Findings<'a> {
    /// The policy set's rules, sorted by id.
    pub rules: &'a [Rule],
    /// The policy set's digest.
    pub digest: &'a str,
    /// What fired, by action.
    pub fired: Vec<(PolicyAction, Fired)>,
    /// The alarm, its facts and its context.
    pub case: guards::Case<'a>,
}

impl Findings<'_> {
    /// What is permitted and demanded, with `guards` on dismissal.
    pub(super) fn rule(&self, guards: &[Guard]) -> Ruling {
        let dismiss = self.of(PolicyAction::Dismiss);
        let biting = match dismiss {
            Some(fired) if !fired.permits.is_empty() => guards::biting(guards, self.case),
            _ => Vec::new(),
        };
        let failed = self.fired.iter().any(|(_, fired)| fired.failed);
        let allowed = |action| !failed && self.of(action).is_some_and(Fired::allowed);
        let mut permitted = Vec::new();
        if allowed(PolicyAction::Dismiss) && biting.is_empty() {
            permitted.push(Outcome::Dismissed);
        }
        permitted.push(Outcome::Uncertain);
        if allowed(PolicyAction::Verify) {
            permitted.push(Outcome::Verified);
        }
        // No policy file replaces a person's grant, or what only a verdict of harmless allows.
        let permitted_alone = self.case.context.autonomy_granted
            && permitted == [Outcome::Dismissed, Outcome::Uncertain];
        let mut rules = self.fired_rules();
        rules.extend(biting);
        rules.extend(failed.then(policy_error));
        rules.sort_by(|one, other| (&one.id, &one.action).cmp(&(&other.id, &other.action)));
        Ruling {
            policy_digest: self.digest.to_owned(),
            permitted,
            severity_floor: self.severity_floor(failed),
            oversight: self.oversight(failed),
            may_close_without_person: permitted_alone && allowed(PolicyAction::CloseWithoutPerson),
            rules,
            near: Vec::new(),
            prohibited: if allowed(PolicyAction::Verify) { self.prohibited() } else { Vec::new() },
            due: self.due(self.case.context),
            settled: None,
        }
    }

    /// What fired for `action`; nothing where no rule names it.
    pub(super) fn of(&self, action: PolicyAction) -> Option<&Fired> {
        self.fired.iter().find(|(one, _)| *one == action).map(|(_, fired)| fired)
    }

    /// The first rule by id that fired for `action` with this effect and settles the alarm.
    pub(super) fn settling(&self, action: PolicyAction, effect: Effect) -> Option<&Rule> {
        let fired = self.of(action)?;
        let places = if effect == Effect::Permit { &fired.permits } else { &fired.forbids };
        places.iter().map(|place| &self.rules[*place]).find(|rule| rule.settles.is_some())
    }

    fn fired_rules(&self) -> Vec<FiredRule> {
        self.fired
            .iter()
            .flat_map(|(action, fired)| {
                let places = fired.permits.iter().chain(&fired.forbids);
                places.map(move |place| {
                    let rule = &self.rules[*place];
                    FiredRule {
                        id: rule.id.clone(),
                        effect: rule.effect,
                        action: action.name().to_owned(),
                        severity: rule.severity,
                        because: rule.because.clone(),
                        cites: Some(rule.cites.clone()),
                        because_es: rule.because_es.clone(),
                    }
                })
            })
            .collect()
    }

    /// Places of the rules that determined each action's answer: the forbids where there are any.
    fn determining(&self) -> impl Iterator<Item = (PolicyAction, &Rule)> {
        self.fired.iter().flat_map(|(action, fired)| {
            let places = if fired.forbids.is_empty() { &fired.permits } else { &fired.forbids };
            places.iter().map(|place| (*action, &self.rules[*place]))
        })
    }

    /// The worst of the rules that say it is real and of those that forbid dismissing it, of the
    /// dangers to life, and one step more for text that gives orders.
    fn severity_floor(&self, failed: bool) -> Severity {
        let grave = self.determining().filter(|(action, rule)| {
            matches!(
                (action, rule.effect),
                (PolicyAction::Verify, Effect::Permit) | (PolicyAction::Dismiss, Effect::Forbid)
            )
        });
        let floor = grave
            .map(|(_, rule)| rule.severity)
            .chain([guards::life_safety_floor(self.case.facts)])
            .chain(failed.then_some(Severity::High))
            .max()
            .unwrap_or(Severity::None);
        if orders(self.case.facts) { floor.raised() } else { floor }
    }

    /// The captions that plainly show what a rule that fired prohibits.
    fn prohibited(&self) -> Vec<CaptionId> {
        let codes: BTreeSet<&str> = self
            .of(PolicyAction::Verify)
            .into_iter()
            .flat_map(|fired| &fired.permits)
            .flat_map(|place| self.rules[*place].prohibits.iter().map(String::as_str))
            .collect();
        let facts = self.case.facts;
        let captions: BTreeSet<CaptionId> = shown(&facts.acts, &codes)
            .into_iter()
            .chain(shown(&facts.objects, &codes))
            .chain(shown(&facts.hazards, &codes))
            .collect();
        captions.into_iter().collect()
    }

    /// The strictest of all rules that fired, beaten or not: a rule that fires beside them, because of a
    /// text in the scene, lowers nothing.
    fn oversight(&self, failed: bool) -> Oversight {
        self.fired
            .iter()
            .flat_map(|(_, fired)| fired.permits.iter().chain(&fired.forbids))
            .map(|place| self.rules[*place].oversight)
            .chain(failed.then_some(Oversight::Supervisor))
            .max()
            .unwrap_or(Oversight::Operator)
    }

    /// One entry per action: the most urgent rule's words, the strictest rule's approver.
    fn due(&self, context: &Context) -> Vec<RecommendedAction> {
        let mut due: Vec<RecommendedAction> = self
            .fired
            .iter()
            .filter_map(|(action, fired)| match action {
                PolicyAction::Due(code) if fired.allowed() && may_name(*code, context) => {
                    self.recommended(*code, &fired.permits)
                }
                _ => None,
            })
            .collect();
        due.sort_by_key(|action| (action.urgency, action.code));
        due
    }

    fn recommended(&self, code: ActionCode, permits: &[usize]) -> Option<RecommendedAction> {
        let rules = permits.iter().map(|place| &self.rules[*place]);
        let first = rules.clone().min_by_key(|rule| urgent_first(rule))?;
        let strictest = rules.map(|rule| rule.approver).max()?;
        let least = if emergency(code) { Approver::Supervisor } else { Approver::Operator };
        Some(RecommendedAction {
            code,
            urgency: first.urgency,
            approver: strictest.max(least),
            rule: first.id.clone(),
            because: first.because.clone(),
        })
    }
}

/// The captions that plainly show one of the `codes`.
fn shown<T: Copy + Into<&'static str>>(
    observed: &[Observed<T>],
    codes: &BTreeSet<&str>,
) -> Vec<CaptionId> {
    observed
        .iter()
        .filter(|one| one.presence == Presence::Present && codes.contains(one.code.into()))
        .flat_map(|one| one.evidence.iter().copied())
        .collect()
}

fn urgent_first(rule: &Rule) -> (Urgency, std::cmp::Reverse<Approver>, &str) {
    (rule.urgency, std::cmp::Reverse(rule.approver), &rule.id)
}

fn emergency(code: ActionCode) -> bool {
    ActionCode::EMERGENCY.contains(&code)
}

/// Police, fire brigade and ambulance are named only where the site turned that on (§2.7).
fn may_name(code: ActionCode, context: &Context) -> bool {
    context.emergency_services || !emergency(code)
}

fn orders(facts: &Facts) -> bool {
    facts.scene_text == SceneText::InstructionLike
}

/// Stands in the ruling when a rule could not be evaluated.
fn policy_error() -> FiredRule {
    FiredRule {
        id: "policy_error".to_owned(),
        effect: Effect::Forbid,
        action: "dismiss".to_owned(),
        severity: Severity::High,
        because: "A rule could not be evaluated, so a supervisor must look.".to_owned(),
        cites: Some("Built in: no policy file can lift it".to_owned()),
        because_es: Some(
            "Una regla no se pudo evaluar, así que debe mirarlo un supervisor.".to_owned(),
        ),
    }
}

/// The ruling where the alarm could not even be put to the rules.
pub(super) fn unanswerable(digest: &str, facts: &Facts) -> Ruling {
    let floor = guards::life_safety_floor(facts).max(Severity::High);
    Ruling {
        policy_digest: digest.to_owned(),
        permitted: vec![Outcome::Uncertain],
        may_close_without_person: false,
        severity_floor: if orders(facts) { floor.raised() } else { floor },
        oversight: Oversight::Supervisor,
        rules: vec![policy_error()],
        near: Vec::new(),
        prohibited: Vec::new(),
        due: Vec::new(),
        settled: None,
    }
}
