//! `GET /metrics`: counts and latencies for Prometheus.

use axum::{
    extract::State,
    http::{HeaderName, header},
};

use crate::http::{
    access::{CanScrape, Server},
    problem::Problem,
};

const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics in Prometheus' text format. Open to a scraper on the same machine, otherwise to
/// whoever reads alarms.
#[utoipa::path(
    get, path = "/metrics", tag = "service",
    responses(
        (status = OK, body = String, content_type = "text/plain"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_metrics(
    State(server): State<Server>,
    _: CanScrape,
) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], server.metrics().await)
}
