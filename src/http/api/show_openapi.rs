//! `GET /api/openapi.json`: this interface's own document.

use axum::http::{HeaderName, header};

use crate::http::openapi;

/// This document.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "service", security(()),
    responses((status = OK, body = Object, content_type = "application/json"))
)]
pub(crate) async fn show_openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], openapi::served())
}
