//! `GET /readyz`: alarms are accepted and decided.

use axum::{extract::State, http::StatusCode};

use crate::http::{
    Readiness,
    access::{Server, Visitor},
};

/// Whether alarms are accepted and decided. Why not stands in the log: strangers may ask.
#[utoipa::path(
    get, path = "/readyz", tag = "service", security(()),
    responses(
        (status = OK, body = String, content_type = "text/plain"),
        (status = SERVICE_UNAVAILABLE, body = String, content_type = "text/plain"),
    )
)]
pub(crate) async fn check_readiness(
    State(server): State<Server>,
    visitor: Visitor,
) -> (StatusCode, &'static str) {
    let not_ready = (StatusCode::SERVICE_UNAVAILABLE, "not ready\n");
    if let Readiness::NotReady(why) = server.readiness() {
        tracing::warn!(why, "not ready");
        return not_ready;
    }
    if let Err(error) = visitor.ping().await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return not_ready;
    }
    (StatusCode::OK, "ready\n")
}
