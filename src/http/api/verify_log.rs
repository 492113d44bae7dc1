//! `POST /api/v1/log/verification`: recomputes the whole log and says what is wrong with it.

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    audit::verify::Report,
    http::{
        access::{CanAudit, Server},
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// What a recomputation of the whole log found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogVerification {
    /// Whether everything holds.
    ok: bool,
    /// Entries that were read.
    size: u64,
    /// What does not hold, in the order in which it was found; long lists are cut.
    findings: Vec<LogFinding>,
}

/// One thing that does not hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogFinding {
    /// The entry, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    /// What is wrong.
    problem: String,
}

impl From<Report> for LogVerification {
    fn from(report: Report) -> Self {
        let findings = report
            .findings
            .into_iter()
            .map(|finding| LogFinding { entry: finding.entry, problem: finding.problem })
            .collect();
        Self { ok: report.ok, size: report.size, findings }
    }
}

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyLogError {
    /// Another verification runs.
    #[error("another verification runs")]
    Running,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<VerifyLogError> for Problem {
    fn from(error: VerifyLogError) -> Self {
        match error {
            VerifyLogError::Running => {
                let detail =
                    "A verification runs already, and each reads the whole log. Wait for it.";
                Self::new(StatusCode::CONFLICT, "verification_runs", detail).retry_after(10)
            }
            VerifyLogError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(VerifyLogError);

/// Reads the whole log, recomputes every hash, root and signature, and says what does not hold.
/// One at a time; may take minutes on a large log.
#[utoipa::path(
    post, path = "/api/v1/log/verification", tag = "log",
    responses(
        (status = OK, body = LogVerification),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn verify_log(
    auditor: CanAudit,
    State(server): State<Server>,
) -> Result<Json<LogVerification>, VerifyLogError> {
    let _place = server.verification_place().ok_or(VerifyLogError::Running)?;
    let report = auditor.verify_log(server.log_vkey(), &mut |_, _| {}).await?;
    if !report.ok {
        tracing::error!(size = report.size, "the log does not verify");
    }
    Ok(Json(report.into()))
}
