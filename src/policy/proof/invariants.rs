//! What no set of rules may break, of whatever alarm: DESIGN.md §2.4, 2.5 and 2.7.

use cedar_policy::Policy;
use strum::VariantArray as _;

use super::{Search, alarm, alarm::written, allowed, any, bears, fires, symbolic};
use crate::{
    domain::{Act, ActionCode, Effect, Hazard, Outcome, Oversight, SceneText, Severity},
    policy::{
        action::PolicyAction,
        compile::Checked,
        condition::{self, Code, Formula, Part, State},
        error::{PolicyError, Problem},
    },
};

/// Something that must be so wherever the rules allow an action.
pub(super) struct Bound {
    /// The action.
    pub action: PolicyAction,
    /// What is wrong where it is not so.
    pub broken: String,
    /// What would be right.
    pub advice: &'static str,
    /// What must be so, as a Cedar condition.
    pub condition: String,
}

/// The bounds: on dismissing, on closing without a person, and on naming an emergency service.
pub(super) fn bounds() -> Vec<Bound> {
    let codes = |name: &str, codes: &[&str]| {
        codes.iter().map(|code| format!("{name}::\"{code}\"")).collect::<Vec<_>>().join(", ")
    };
    let hazards = codes("Hazard", &Hazard::LIFE_SAFETY.map(Hazard::as_str));
    let acts = codes("Act", &Act::AGAINST_LIFE.map(Act::as_str));
    let dismiss = |broken: &str, advice, condition: String| Bound {
        action: PolicyAction::Dismiss,
        broken: broken.to_owned(),
        advice,
        condition,
    };
    let mut bounds = vec![
        dismiss(
            "an alarm could be dismissed though a life may be in danger",
            "keep the shared rules of life_safety.cedar and violence.cedar, or let the rule ask \
             resource.hazards.possible.isEmpty()",
            format!(
                "!resource.hazards.possible.containsAny([{hazards}]) && \
                 !resource.acts.possible.containsAny([{acts}])"
            ),
        ),
        dismiss(
            "an alarm could be dismissed though the captions show a danger",
            "let the rule ask resource.danger == Presence::\"absent\"",
            "resource.danger != Presence::\"present\"".to_owned(),
        ),
        dismiss(
            "an alarm could be dismissed though a text in the scene gives orders",
            "keep the shared rules of scene_text.cedar",
            "!(resource.sceneText == SceneText::\"instruction_like\")".to_owned(),
        ),
        Bound {
            action: PolicyAction::CloseWithoutPerson,
            broken: "an alarm could be closed without a person though nobody granted that"
                .to_owned(),
            advice: "let the rule ask context.autonomyGranted",
            condition: "context.autonomyGranted".to_owned(),
        },
    ];
    bounds.extend(ActionCode::EMERGENCY.map(|code| Bound {
        action: PolicyAction::Due(code),
        broken: format!("`{code}` could be due though the site names no emergency services"),
        advice: "let the rule ask context.emergencyServices",
        condition: "context.emergencyServices".to_owned(),
    }));
    bounds
}

impl Bound {
    /// The bound as a rule, which permits the action exactly where it may be allowed.
    pub(super) fn rule(&self) -> String {
        format!(
            "permit (principal, action == Sereno::Action::\"{}\", resource) when {{ {} }};",
            self.action.name(),
            self.condition
        )
    }

    fn formula(&self) -> Result<Formula, PolicyError> {
        let rule = Policy::parse(None, self.rule()).map_err(PolicyError::vocabulary)?;
        let parts = condition::read(&rule).map_err(PolicyError::vocabulary)?;
        Ok(Part::all(&parts))
    }
}

/// Something that must never grow milder when a text comes into the scene.
struct Grave {
    broken: String,
    /// Whether it must not cease to be (`true`) or not begin to be (`false`) with a text.
    kept: bool,
    formula: Formula,
}

/// What was proven of rules that hold together.
#[derive(Debug, Default)]
pub(in crate::policy) struct Proof {
    /// What they break, with a counterexample each.
    pub problems: Vec<Problem>,
    /// Whether cvc5 proved the same.
    pub confirmed: bool,
}

/// Looks for everything that `rules`, which hold together at `place`, break.
///
/// # Errors
/// [`PolicyError::Vocabulary`] where this build's own bounds cannot be read: a test holds that they can.
pub(in crate::policy) fn prove(rules: &[&Checked], place: &str) -> Result<Proof, PolicyError> {
    let mut search = Search::new();
    let mut problems = Vec::new();
    for bound in bounds() {
        let broken = Formula::All(vec![allowed(rules, bound.action), bound.formula()?.negated()]);
        if let Some(found) = search.find(&[&broken]) {
            let found = alarm::plainest(found, |state| broken.holds(state));
            problems.push(told(rules, bound.action, place, &bound.broken, bound.advice, &found));
        }
    }
    problems.extend(text_lowers(rules, place, &mut search));
    if search.never(&allowed(rules, PolicyAction::Verify)) {
        problems
            .push(Problem::at(place, 0, "no alarm at all could be verified").suggest(
                "a rule that permits verify is missing, or another forbids it everywhere",
            ));
    }
    let mut confirmed = false;
    if problems.is_empty() {
        match symbolic::second_opinion(rules, place) {
            Some(Ok(())) => confirmed = true,
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    Ok(Proof { problems, confirmed })
}

/// A broken bound with the rules that let it happen and the alarm of which it is so.
fn told(
    rules: &[&Checked],
    action: PolicyAction,
    place: &str,
    broken: &str,
    advice: &str,
    found: &State,
) -> Problem {
    let permits: Vec<&Checked> = rules
        .iter()
        .copied()
        .filter(|rule| bears(rule, action, Effect::Permit) && fires(rule).holds(found))
        .collect();
    let named: Vec<String> = permits.iter().map(|rule| format!("`{}`", rule.rule.id)).collect();
    let (file, line) =
        permits.first().map_or((place, 0), |rule| (&*rule.rule.file, rule.rule.line));
    let by = if named.is_empty() { String::new() } else { format!(" by {}", named.join(", ")) };
    Problem::at(file, line, format!("{broken}{by}, such as\n{}", written(found))).suggest(advice)
}

/// Everything in which a text in the scene could make an alarm milder.
fn text_lowers(rules: &[&Checked], place: &str, search: &mut Search) -> Vec<Problem> {
    let reads_text = |rule: &Checked| {
        let mut reads = false;
        fires(rule)
            .atoms(&mut |atom| reads |= atom.fact() == condition::Fact::Code(Code::SceneText));
        reads
    };
    if !rules.iter().any(|rule| reads_text(rule)) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for Grave { broken, kept, formula } in graves(rules) {
        let without = formula.with_text(SceneText::None as usize);
        for class in &SceneText::VARIANTS[1..] {
            let with = formula.with_text(*class as usize);
            let lowers = if kept {
                Formula::All(vec![without.clone(), with.negated()])
            } else {
                Formula::All(vec![with, without.clone().negated()])
            };
            let Some(found) = search.find(&[&lowers]) else { continue };
            let mut found = alarm::plainest(found, |state| lowers.holds(state));
            found.codes[Code::SceneText as usize] = *class as usize;
            let reading = rules.iter().find(|rule| {
                reads_text(rule) && {
                    let formula = fires(rule);
                    formula.with_text(*class as usize).holds(&found)
                        != formula.with_text(SceneText::None as usize).holds(&found)
                }
            });
            let (file, line) =
                reading.map_or((place, 0), |rule| (&*rule.rule.file, rule.rule.line));
            problems.push(
                Problem::at(file, line, format!("a text in the scene {broken}, such as\n{}", written(&found)))
                    .suggest("text may raise an alarm, never lower it: let only permits of verify and of actions, and forbids of dismiss, ask for resource.sceneText, and never for \"none\""),
            );
            break;
        }
    }
    problems
}

fn graves(rules: &[&Checked]) -> Vec<Grave> {
    let all = || rules.iter().copied();
    let grave = |kept, broken: &str, formula| Grave { broken: broken.to_owned(), kept, formula };
    let settling = |outcome: Outcome| any(all(), |rule| rule.rule.settles == Some(outcome));
    let mut graves = vec![
        grave(false, "could make an alarm dismissable", allowed(rules, PolicyAction::Dismiss)),
        grave(
            true,
            "could keep an alarm from being verified",
            allowed(rules, PolicyAction::Verify),
        ),
        grave(
            false,
            "could let an alarm be closed without a person",
            allowed(rules, PolicyAction::CloseWithoutPerson),
        ),
        grave(false, "could settle an alarm as dismissed", settling(Outcome::Dismissed)),
        grave(false, "could settle an alarm as uncertain, unread", settling(Outcome::Uncertain)),
        grave(
            true,
            "could keep an alarm from being settled as verified",
            settling(Outcome::Verified),
        ),
    ];
    graves.extend(ActionCode::VARIANTS.iter().map(|code| {
        let broken = format!("could keep `{code}` from being due");
        grave(true, &broken, allowed(rules, PolicyAction::Due(*code)))
    }));
    graves.extend(Severity::VARIANTS[1..].iter().map(|level| {
        let at_least = |rule: &Checked| rule.rule.severity >= *level;
        let verifies =
            |rule: &Checked| bears(rule, PolicyAction::Verify, Effect::Permit) && at_least(rule);
        let unforbidden =
            any(all(), |rule| bears(rule, PolicyAction::Verify, Effect::Forbid)).negated();
        let holds_back =
            any(all(), |rule| bears(rule, PolicyAction::Dismiss, Effect::Forbid) && at_least(rule));
        let formula =
            Formula::Any(vec![Formula::All(vec![any(all(), verifies), unforbidden]), holds_back]);
        grave(true, &format!("could take the severity below `{level}`"), formula)
    }));
    graves.extend(Oversight::VARIANTS[1..].iter().map(|level| {
        let formula = any(all(), |rule| rule.rule.oversight >= *level);
        grave(true, &format!("could take the oversight below `{level}`"), formula)
    }));
    graves
}
