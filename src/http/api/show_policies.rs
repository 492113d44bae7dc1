//! `GET /api/v1/policies`: the versions of the rules that people work under, and what is in force.

use axum::{Json, extract::Path};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    domain::{PolicyDocument, PolicyVersion},
    http::{
        access::CanRead,
        desk::{PolicyDeskError, PolicyFolder},
        problem::Problem,
    },
};

/// The versions of the policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyList {
    /// The digest of the version in force.
    live: String,
    /// The version that a roll back would put in force.
    previous: Option<String>,
    /// Where versions are found.
    folder: PolicyFolder,
    /// Every version, the newest first. The single alarms of a backtest stand in the version's own
    /// document.
    items: Vec<PolicyVersion>,
}

/// Every version, and which is in force. Everybody who reads alarms sees the rules behind them.
#[utoipa::path(
    get, path = "/api/v1/policies", tag = "policies",
    responses(
        (status = OK, body = PolicyList),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_policies(reader: CanRead) -> Result<Json<PolicyList>, PolicyDeskError> {
    let live = reader.live_policy().await?.map(|live| live.digest);
    let mut items = reader.policies().await?;
    for backtest in items.iter_mut().filter_map(|version| version.backtest.as_mut()) {
        backtest.changes.clear();
    }
    Ok(Json(PolicyList {
        live: live.unwrap_or_else(|| reader.policy_in_force()),
        previous: reader.previous_policy().await?,
        folder: reader.policy_folder(),
        items,
    }))
}

/// One version whole: its files, its rules, what holds at which site, and what is odd about it. Alarms
/// that the reader is to judge first are left out of its backtest.
#[utoipa::path(
    get, path = "/api/v1/policies/{digest}", tag = "policies",
    params(("digest" = String, Path, description = "The version's digest.")),
    responses(
        (status = OK, body = PolicyDocument),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_policy(
    reader: CanRead,
    Path(digest): Path<String>,
) -> Result<Json<PolicyDocument>, PolicyDeskError> {
    let digest = parse(&digest)?;
    let mut document = reader.policy_document(digest).await?;
    if let Some(backtest) = &mut document.version.backtest {
        reader.hide_blind(backtest).await?;
    }
    Ok(Json(document))
}

/// The rules of a version in Cedar's own JSON form, by their ids, for other tools; a site's own stand
/// under `site:ID/` and their id.
#[utoipa::path(
    get, path = "/api/v1/policies/{digest}/cedar.json", tag = "policies",
    params(("digest" = String, Path, description = "The version's digest.")),
    responses(
        (status = OK, body = Object),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export_policy(
    reader: CanRead,
    Path(digest): Path<String>,
) -> Result<Json<Value>, PolicyDeskError> {
    reader.policy_json(parse(&digest)?).await.map(Json)
}

/// A digest as versions are named: nothing else is looked up.
pub(super) fn parse(digest: &str) -> Result<&str, PolicyDeskError> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digest.len() == 64 && digest.bytes().all(hex) {
        Ok(digest)
    } else {
        Err(PolicyDeskError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_is_looked_up() {
        assert!(parse(&"0f".repeat(32)).is_ok());
        for wrong in ["", "rollback", &"0F".repeat(32), &"0".repeat(65), &"\0".repeat(64)] {
            assert!(matches!(parse(wrong), Err(PolicyDeskError::NotFound)), "{wrong:?}");
        }
    }
}
