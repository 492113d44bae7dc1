//! `GET /log/checkpoint`: the log's last signed head, as C2SP `tlog-checkpoint` has it.

use axum::http::{HeaderName, StatusCode, header};

use crate::{
    http::{
        access::Visitor,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

const TEXT: &str = "text/plain; charset=utf-8";

/// Why there is no checkpoint to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowCheckpointError {
    /// None was signed.
    #[error("no checkpoint was signed yet")]
    None,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ShowCheckpointError> for Problem {
    fn from(error: ShowCheckpointError) -> Self {
        match error {
            ShowCheckpointError::None => {
                let detail = "No checkpoint was signed yet.";
                Self::new(StatusCode::NOT_FOUND, "no_checkpoint", detail)
            }
            ShowCheckpointError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ShowCheckpointError);

/// The log's last signed head: a C2SP checkpoint, public so that witnesses and auditors can fetch it.
#[utoipa::path(
    get, path = "/log/checkpoint", tag = "log", security(()),
    responses(
        (status = OK, body = String, content_type = "text/plain"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_checkpoint(
    visitor: Visitor,
) -> Result<([(HeaderName, &'static str); 1], String), ShowCheckpointError> {
    let note = visitor.checkpoint().await?.ok_or(ShowCheckpointError::None)?;
    Ok(([(header::CONTENT_TYPE, TEXT)], note))
}
