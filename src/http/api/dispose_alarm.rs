//! `POST /api/v1/alarms/{id}/dispositions`: a person says what it was.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};

use crate::{
    domain::{ActionCode, AlarmId, Approver, Disposition, NewDisposition, RecommendedAction, Role},
    http::{
        access::{CanDispose, Server},
        body::JsonBody,
        problem::{Problem, answers_with_problem},
    },
    store::{AlarmState, StoreError},
};

/// Characters of a site's own reason code at most.
const REASON_CODE_MAX: usize = 64;

/// Characters of a note at most.
const NOTE_MAX: usize = 2000;

/// Why the person's word was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DisposeAlarmError {
    /// No alarm has this id.
    #[error("there is no such alarm")]
    NotFound,
    /// The alarm still waits: nobody may close what nobody has seen.
    #[error("the alarm is not decided yet")]
    Waiting,
    /// A member is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Which.
        field: String,
        /// What would be right.
        message: String,
    },
    /// An action needs somebody else's approval.
    #[error(
        "approved_actions[{at}]: the role {role} may not approve {action}, which needs {approver}"
    )]
    NotYours {
        /// Which of the approved actions.
        at: usize,
        /// The action.
        action: ActionCode,
        /// Who must approve it.
        approver: Approver,
        /// Who tried.
        role: Role,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DisposeAlarmError> for Problem {
    fn from(error: DisposeAlarmError) -> Self {
        let told = error.to_string();
        match error {
            DisposeAlarmError::NotFound => Self::no_such_alarm(),
            DisposeAlarmError::Waiting => {
                let detail = "The alarm is not decided yet; it can be closed once it is.";
                Self::new(StatusCode::CONFLICT, "not_decided", detail)
            }
            DisposeAlarmError::Invalid { field, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_disposition", told).at(field)
            }
            DisposeAlarmError::NotYours { at, .. } => {
                Self::new(StatusCode::FORBIDDEN, "approval_not_allowed", told)
                    .at(format!("approved_actions[{at}]"))
            }
            DisposeAlarmError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(DisposeAlarmError);

/// Says what the alarm was, and closes it. The verdict stays as it is; later words stand beside
/// earlier ones.
#[utoipa::path(
    post, path = "/api/v1/alarms/{id}/dispositions", tag = "alarms",
    params(("id" = String, Path, description = "The alarm's id.")),
    request_body = NewDisposition,
    responses(
        (status = CREATED, body = Disposition),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn dispose_alarm(
    person: CanDispose,
    State(server): State<Server>,
    Path(id): Path<String>,
    JsonBody(said): JsonBody<NewDisposition>,
) -> Result<(StatusCode, Json<Disposition>), DisposeAlarmError> {
    check_words(&said)?;
    let id: AlarmId = id.parse().map_err(|_| DisposeAlarmError::NotFound)?;
    let kept = person.alarm(id).await?.ok_or(DisposeAlarmError::NotFound)?;
    if kept.state == AlarmState::Waiting {
        return Err(DisposeAlarmError::Waiting);
    }
    let decision = person.decision(id).await?.ok_or(DisposeAlarmError::Waiting)?;
    // Nobody approves what they were not shown.
    let shown = if kept.blind { &[][..] } else { &decision.verdict.actions };
    check_approvals(&said.approved_actions, shown, person.user().role)?;
    let disposition = person.dispose(id, &said, person.user()).await?;
    server.announce(id, AlarmState::Closed);
    Ok((StatusCode::CREATED, Json(disposition)))
}

fn check_words(said: &NewDisposition) -> Result<(), DisposeAlarmError> {
    let invalid = |field: &str, message: String| {
        Err(DisposeAlarmError::Invalid { field: field.to_owned(), message })
    };
    if let Some(code) = &said.reason_code {
        let length = code.chars().count();
        if length == 0 || length > REASON_CODE_MAX || code.contains(char::is_control) {
            let message =
                format!("must have 1 to {REASON_CODE_MAX} characters, none a control character");
            return invalid("reason_code", message);
        }
    }
    if let Some(note) = &said.note {
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if note.chars().count() > NOTE_MAX || note.contains(odd) {
            let message = format!(
                "must have at most {NOTE_MAX} characters, no control characters but line breaks and tabs"
            );
            return invalid("note", message);
        }
    }
    Ok(())
}

/// A person may approve what is recommended and what their role may approve, nothing else.
fn check_approvals(
    approved: &[ActionCode],
    recommended: &[RecommendedAction],
    role: Role,
) -> Result<(), DisposeAlarmError> {
    for (at, &action) in approved.iter().enumerate() {
        let invalid = |message: String| {
            Err(DisposeAlarmError::Invalid { field: format!("approved_actions[{at}]"), message })
        };
        if approved.iter().take(at).any(|earlier| *earlier == action) {
            return invalid(format!("{action} stands there twice"));
        }
        // Where several rules make it due, the strictest of them says who must approve.
        let strictest =
            recommended.iter().filter(|one| one.code == action).map(|one| one.approver).max();
        let Some(needed) = strictest else {
            return invalid(format!("{action} is not recommended for this alarm"));
        };
        if !may_approve(role, needed) {
            return Err(DisposeAlarmError::NotYours { at, action, approver: needed, role });
        }
    }
    Ok(())
}

/// Whether one person of `role` suffices.
const fn may_approve(role: Role, approver: Approver) -> bool {
    match approver {
        Approver::Operator => role.disposes(),
        Approver::Supervisor => matches!(role, Role::Supervisor | Role::Manager),
        Approver::Manager => matches!(role, Role::Manager),
        Approver::TwoPersons => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DispositionCode, Urgency};

    fn said(reason_code: Option<&str>, note: Option<&str>) -> NewDisposition {
        NewDisposition {
            code: DispositionCode::FalseDetection,
            reason_code: reason_code.map(ToOwned::to_owned),
            note: note.map(ToOwned::to_owned),
            approved_actions: Vec::new(),
            dwell_ms: None,
        }
    }

    fn due(code: ActionCode, approver: Approver) -> RecommendedAction {
        RecommendedAction {
            code,
            urgency: Urgency::Soon,
            approver,
            rule: "r".into(),
            because: "b".into(),
        }
    }

    fn refused(words: &NewDisposition) -> (u16, Option<String>) {
        let problem = Problem::from(check_words(words).unwrap_err());
        (problem.status, problem.path.map(String::from))
    }

    #[test]
    fn words_have_bounds_and_the_answer_names_the_field() {
        assert!(check_words(&said(Some("cat-on-fence"), Some("Same cat.\nAgain."))).is_ok());
        assert!(check_words(&said(None, Some(&"ñ".repeat(2000)))).is_ok());
        let reason = (422, Some("reason_code".to_owned()));
        assert_eq!(refused(&said(Some(""), None)), reason);
        assert_eq!(refused(&said(Some("a\0b"), None)), reason);
        assert_eq!(refused(&said(Some(&"x".repeat(65)), None)), reason);
        assert_eq!(refused(&said(None, Some("a\0b"))), (422, Some("note".to_owned())));
        assert_eq!(refused(&said(None, Some(&"x".repeat(2001)))).0, 422);
    }

    #[test]
    fn nobody_approves_what_was_not_recommended_or_is_not_theirs() {
        use ActionCode::{CallPolice, SendGuard, TalkDown};
        let recommended = [
            due(SendGuard, Approver::Operator),
            due(CallPolice, Approver::Operator),
            due(CallPolice, Approver::Supervisor),
        ];
        let check = |approved: &[ActionCode], role| {
            check_approvals(approved, &recommended, role).map_err(Problem::from).map_err(
                |problem| (problem.status, problem.path.map(String::from).unwrap_or_default()),
            )
        };
        assert_eq!(check(&[SendGuard], Role::Operator), Ok(()));
        assert_eq!(check(&[SendGuard, CallPolice], Role::Supervisor), Ok(()));
        let second = "approved_actions[1]".to_owned();
        assert_eq!(check(&[SendGuard, CallPolice], Role::Operator), Err((403, second.clone())));
        assert_eq!(check(&[SendGuard, TalkDown], Role::Manager), Err((422, second.clone())));
        assert_eq!(check(&[SendGuard, SendGuard], Role::Manager), Err((422, second)));
    }

    #[test]
    fn two_persons_are_never_one() {
        for role in [Role::Operator, Role::Supervisor, Role::Manager, Role::Admin] {
            assert!(!may_approve(role, Approver::TwoPersons));
        }
        assert!(!may_approve(Role::Admin, Approver::Operator), "an admin closes no alarms");
    }
}
