//! `GET /api/v1/session`: who is signed in.

use axum::Json;

use crate::{
    domain::User,
    http::{access::Signed, problem::Problem},
};

/// Who is signed in, by cookie or by token.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session",
    responses(
        (status = OK, body = User),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_session(signed: Signed) -> Json<User> {
    Json(signed.user)
}
