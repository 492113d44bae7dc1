//! `GET /api/v1/log/status`: how large the log is, and its last signed head.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    audit::Checkpoint,
    http::{
        access::{CanAudit, Server},
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Where the log stands.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LogStatus {
    /// The log's name.
    origin: String,
    /// The key to check its signatures with, `origin+hash+base64`.
    verifier_key: String,
    /// Entries now.
    size: u64,
    /// Entries that the last checkpoint covers.
    signed_size: u64,
    /// RFC 6962 root over these, hex; empty before the first checkpoint.
    root: String,
    /// The last checkpoint as C2SP `tlog-checkpoint` writes it; empty before the first.
    checkpoint: String,
}

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct ShowLogError(#[from] StoreError);

impl From<ShowLogError> for Problem {
    fn from(ShowLogError(error): ShowLogError) -> Self {
        error.into()
    }
}
answers_with_problem!(ShowLogError);

/// How large the log is, and its last signed head.
#[utoipa::path(
    get, path = "/api/v1/log/status", tag = "log",
    responses(
        (status = OK, body = LogStatus),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_log(
    auditor: CanAudit,
    State(server): State<Server>,
) -> Result<Json<LogStatus>, ShowLogError> {
    // The note is read first: the log only grows, so it can never cover more than `size` says.
    let note = auditor.latest_checkpoint().await?.unwrap_or_default();
    let size = auditor.counts().await?.entries;
    Ok(Json(status(server.log_vkey(), size, note)))
}

fn status(verifier_key: &str, size: u64, checkpoint: String) -> LogStatus {
    let origin = verifier_key.split('+').next().unwrap_or_default().to_owned();
    let (body, _) = checkpoint.split_once("\n\n").unwrap_or_default();
    let head = Checkpoint::parse(&format!("{body}\n")).ok();
    let signed_size = head.as_ref().map_or(0, |head| head.size);
    let root = head.map_or_else(String::new, |head| hex::encode(head.root));
    let verifier_key = verifier_key.to_owned();
    LogStatus { origin, verifier_key, size, signed_size, root, checkpoint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_head_is_read_out_of_its_note() {
        let root = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let note = format!("site.example/log\n7\n{root}\n\n— site.example/log c2ln\n");
        let status = status("site.example/log+aabbccdd+AQID", 9, note.clone());
        assert_eq!(status.origin, "site.example/log");
        assert_eq!((status.size, status.signed_size), (9, 7));
        assert!(status.root.starts_with("000102") && status.root.len() == 64, "{}", status.root);
        assert_eq!(status.checkpoint, note);
    }

    #[test]
    fn before_the_first_checkpoint_there_is_no_root() {
        let status = status("site.example/log+aabbccdd+AQID", 0, String::new());
        assert_eq!((status.signed_size, status.root.as_str()), (0, ""));
    }
}
