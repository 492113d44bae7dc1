//! What to recommend: what the rules make due, and what a verdict always asks for. Pure.

use crate::domain::{
    ActionCode, Approver, Context, Outcome, RecommendedAction, Ruling, Urgency, Verdict,
};

/// The recommended actions, most urgent first, one entry an action. Never empty.
pub fn plan(ruling: &Ruling, verdict: &Verdict, context: &Context) -> Vec<RecommendedAction> {
    let mut actions: Vec<RecommendedAction> = ruling
        .due
        .iter()
        .filter(|action| {
            context.emergency_services || !ActionCode::EMERGENCY.contains(&action.code)
        })
        .filter(|action| verdict.outcome != Outcome::Dismissed || is_mild(action.code))
        .cloned()
        .collect();
    for action in always(verdict.outcome) {
        if !actions.iter().any(|planned| planned.code == action.code) {
            actions.push(action);
        }
    }
    if actions.iter().any(|action| action.code != ActionCode::LogOnly) {
        actions.retain(|action| action.code != ActionCode::LogOnly);
    }
    actions.sort_by_key(|action| (action.urgency, action.code));
    actions
}

/// What is worth doing even where the alarm was harmless.
const fn is_mild(code: ActionCode) -> bool {
    matches!(code, ActionCode::RequestCameraService | ActionCode::LogOnly)
}

/// What each outcome asks for whatever the rules say.
fn always(outcome: Outcome) -> Vec<RecommendedAction> {
    let standing = |code, urgency, because: &str| RecommendedAction {
        code,
        urgency,
        approver: Approver::Operator,
        rule: "standing".to_owned(),
        because: because.to_owned(),
    };
    match outcome {
        Outcome::Verified => vec![
            standing(ActionCode::CheckLiveView, Urgency::Immediate, "See what happens now."),
            standing(
                ActionCode::PreserveClip,
                Urgency::Routine,
                "A verified alarm's clip is kept.",
            ),
        ],
        Outcome::Uncertain => vec![standing(
            ActionCode::CheckLiveView,
            Urgency::Soon,
            "The captions do not settle it; the live picture may.",
        )],
        Outcome::Dismissed => {
            vec![standing(ActionCode::LogOnly, Urgency::Routine, "There is nothing to do.")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AvsLevel, Oversight, Reason, ReasonCode, Severity};

    fn verdict(outcome: Outcome) -> Verdict {
        Verdict {
            outcome,
            threat_probability: 0.5,
            calibrated: false,
            severity: Severity::Low,
            avs_level: AvsLevel::LIMITED,
            rules: Vec::new(),
            actions: Vec::new(),
            reason: Reason { code: ReasonCode::ModelUncertain, text: String::new() },
        }
    }

    fn due(code: ActionCode, urgency: Urgency) -> RecommendedAction {
        RecommendedAction {
            code,
            urgency,
            approver: Approver::Supervisor,
            rule: "a_rule".to_owned(),
            because: "It says so.".to_owned(),
        }
    }

    fn plan_with(
        outcome: Outcome,
        emergency: bool,
        due: Vec<RecommendedAction>,
    ) -> Vec<ActionCode> {
        let ruling = Ruling {
            policy_digest: String::new(),
            permitted: vec![outcome],
            severity_floor: Severity::Low,
            oversight: Oversight::Operator,
            rules: Vec::new(),
            due,
            may_close_without_person: false,
            near: Vec::new(),
            prohibited: Vec::new(),
            settled: None,
        };
        let mut context = Context::unknown("test", jiff::Timestamp::UNIX_EPOCH);
        context.emergency_services = emergency;
        plan(&ruling, &verdict(outcome), &context).iter().map(|action| action.code).collect()
    }

    #[test]
    fn emergency_services_are_named_only_where_the_site_turned_them_on() {
        let police = vec![due(ActionCode::CallPolice, Urgency::Immediate)];
        assert!(
            !plan_with(Outcome::Verified, false, police.clone()).contains(&ActionCode::CallPolice)
        );
        assert!(plan_with(Outcome::Verified, true, police).contains(&ActionCode::CallPolice));
    }

    #[test]
    fn the_most_urgent_comes_first_and_a_rule_keeps_its_approver() {
        let codes = plan_with(
            Outcome::Uncertain,
            false,
            vec![
                due(ActionCode::SendGuard, Urgency::Routine),
                due(ActionCode::TalkDown, Urgency::Immediate),
            ],
        );
        assert_eq!(codes, [ActionCode::TalkDown, ActionCode::CheckLiveView, ActionCode::SendGuard]);
    }

    #[test]
    fn a_harmless_alarm_sends_nobody_anywhere() {
        let guard = vec![due(ActionCode::SendGuard, Urgency::Immediate)];
        assert_eq!(plan_with(Outcome::Dismissed, true, guard), [ActionCode::LogOnly]);
        let service = vec![due(ActionCode::RequestCameraService, Urgency::Routine)];
        assert_eq!(
            plan_with(Outcome::Dismissed, true, service),
            [ActionCode::RequestCameraService]
        );
    }
}
