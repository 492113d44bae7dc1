//! `GET /api/v1/alarms/{id}/report`: the incident report as data.

use axum::{Json, extract::Path, http::StatusCode};
use serde_json::Value;

use crate::{
    domain::AlarmId,
    http::{
        access::CanRead,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Why there is no report to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowReportError {
    /// No alarm has this id.
    #[error("there is no such alarm")]
    NotFound,
    /// The alarm still waits for its decision, and the report comes with it.
    #[error("the report is not written yet")]
    NotWritten,
    /// The reader is to judge the alarm first.
    #[error("the suggestion is hidden")]
    Hidden,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ShowReportError> for Problem {
    fn from(error: ShowReportError) -> Self {
        match error {
            ShowReportError::NotFound => Self::no_such_alarm(),
            ShowReportError::NotWritten => {
                let detail = "The report comes with the decision, which is not made yet.";
                Self::new(StatusCode::NOT_FOUND, "report_not_written", detail).retry_after(1)
            }
            ShowReportError::Hidden => Self::judge_first(),
            ShowReportError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ShowReportError);

/// The incident report as data, in the form of its published schema.
#[utoipa::path(
    get, path = "/api/v1/alarms/{id}/report", tag = "reports",
    params(("id" = String, Path, description = "The alarm's id.")),
    responses(
        (status = OK, body = Object),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_report(
    reader: CanRead,
    Path(id): Path<String>,
) -> Result<Json<Value>, ShowReportError> {
    find_report(&reader, &id).await.map(Json)
}

/// The report of the alarm that `id` names.
pub(super) async fn find_report(reader: &CanRead, id: &str) -> Result<Value, ShowReportError> {
    let id: AlarmId = id.parse().map_err(|_| ShowReportError::NotFound)?;
    let kept = reader.alarm(id).await?.ok_or(ShowReportError::NotFound)?;
    if !reader.may_know(&kept) {
        return Err(ShowReportError::Hidden);
    }
    reader.report(id).await?.ok_or(ShowReportError::NotWritten)
}
