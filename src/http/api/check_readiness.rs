//! `GET /readyz`: alarms are accepted and decided.

use axum::{extract::State, http::StatusCode};

use crate::http::{
    Readiness,
    access::{Server, Visitor},
};

/// Whether alarms are accepted; `degraded` where a model is missing, so that every alarm goes to a
/// person. What is missing stands in the log: strangers may ask.
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
    if let Err(error) = visitor.ping().await {
        tracing::warn!(%error, "not ready: the store does not answer");
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n");
    }
    match server.readiness() {
        Readiness::Ready => (StatusCode::OK, "ready\n"),
        Readiness::Degraded => (StatusCode::OK, "degraded\n"),
    }
}
