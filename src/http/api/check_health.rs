//! `GET /healthz`: the process answers.

/// Whether the process answers. Says nothing else: strangers may ask.
#[utoipa::path(
    get, path = "/healthz", tag = "service", security(()),
    responses((status = OK, body = String, content_type = "text/plain"))
)]
pub(crate) async fn check_health() -> &'static str {
    "ok\n"
}
