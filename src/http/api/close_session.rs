//! `DELETE /api/v1/session`: signs out.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};

use crate::{
    http::{
        access::{Server, Signed},
        cookie,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Why the session was not closed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct CloseSessionError(#[from] StoreError);

impl From<CloseSessionError> for Problem {
    fn from(CloseSessionError(error): CloseSessionError) -> Self {
        error.into()
    }
}
answers_with_problem!(CloseSessionError);

/// Signs out: the session ends on the server, and the browser forgets the cookie.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session",
    responses(
        (status = NO_CONTENT),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn close_session(
    State(server): State<Server>,
    signed: Signed,
) -> Result<(StatusCode, HeaderMap), CloseSessionError> {
    signed.end_session().await?;
    let mut headers = HeaderMap::new();
    if let Some(cookie) = cookie::clear(server.secure_cookies()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::NO_CONTENT, headers))
}
