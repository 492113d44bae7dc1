//! `GET /api/v1/alarms/{id}/decision`: one decision whole.

use axum::{Json, extract::Path, http::StatusCode};

use crate::{
    domain::{AlarmId, Decision},
    http::{
        access::CanRead,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Why there is no decision to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowDecisionError {
    /// No alarm has this id.
    #[error("there is no such alarm")]
    NotFound,
    /// The alarm still waits.
    #[error("the alarm is not decided yet")]
    Waiting,
    /// The reader is to judge the alarm first.
    #[error("the suggestion is hidden")]
    Hidden,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ShowDecisionError> for Problem {
    fn from(error: ShowDecisionError) -> Self {
        match error {
            ShowDecisionError::NotFound => Self::no_such_alarm(),
            ShowDecisionError::Waiting => {
                let detail = "The alarm is not decided yet. Ask again, or listen to the stream.";
                Self::new(StatusCode::NOT_FOUND, "not_decided", detail).retry_after(1)
            }
            ShowDecisionError::Hidden => Self::judge_first(),
            ShowDecisionError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ShowDecisionError);

/// The decision on an alarm: facts, ruling, assessment, verdict and record.
#[utoipa::path(
    get, path = "/api/v1/alarms/{id}/decision", tag = "alarms",
    params(("id" = String, Path, description = "The alarm's id.")),
    responses(
        (status = OK, body = Decision),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_decision(
    reader: CanRead,
    Path(id): Path<String>,
) -> Result<Json<Decision>, ShowDecisionError> {
    let id: AlarmId = id.parse().map_err(|_| ShowDecisionError::NotFound)?;
    let kept = reader.alarm(id).await?.ok_or(ShowDecisionError::NotFound)?;
    if !reader.may_know(&kept) {
        return Err(ShowDecisionError::Hidden);
    }
    reader.decision(id).await?.map(Json).ok_or(ShowDecisionError::Waiting)
}
