//! `POST /api/v1/session`: signs in with name and password.

use std::fmt;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::User,
    http::{
        access::{Server, SignIn, Visitor},
        auth::PASSWORD_MAX_BYTES,
        body::JsonBody,
        cookie,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Bytes that a user's name has at most: a bound on what the log-in limit remembers.
const NAME_MAX_BYTES: usize = 128;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The user's name.
    name: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenSessionError {
    /// Name or password is wrong. Which of them is not told, to anybody.
    #[error("name or password is wrong")]
    Refused,
    /// Too many tries.
    #[error("too many tries; the next is possible in {0} s")]
    Wait(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OpenSessionError> for Problem {
    fn from(error: OpenSessionError) -> Self {
        match error {
            OpenSessionError::Refused => {
                let detail = "Name or password is wrong.";
                Self::new(StatusCode::UNAUTHORIZED, "wrong_credentials", detail)
            }
            OpenSessionError::Wait(seconds) => {
                let detail = format!("Too many tries. Wait {seconds} s.");
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", detail)
                    .retry_after(seconds)
            }
            OpenSessionError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(OpenSessionError);

/// Signs in. The answer sets the session cookie, which lasts twelve hours.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", security(()),
    request_body = Credentials,
    responses(
        (status = OK, body = User),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = TOO_MANY_REQUESTS, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open_session(
    State(server): State<Server>,
    visitor: Visitor,
    JsonBody(credentials): JsonBody<Credentials>,
) -> Result<(HeaderMap, Json<User>), OpenSessionError> {
    let Credentials { name, password } = credentials;
    let storable = !name.is_empty() && !name.contains('\0') && name.len() <= NAME_MAX_BYTES;
    if !storable || password.len() > PASSWORD_MAX_BYTES {
        return Err(OpenSessionError::Refused);
    }
    let (user, token) = match visitor.sign_in(&name, password).await? {
        SignIn::Done(user, token) => (user, token),
        SignIn::Refused => return Err(OpenSessionError::Refused),
        SignIn::Wait(seconds) => return Err(OpenSessionError::Wait(seconds)),
    };
    let mut headers = HeaderMap::new();
    if let Some(cookie) = cookie::set(&token, server.secure_cookies()) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok((headers, Json(user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_reach_the_log_by_accident() {
        let said = Credentials { name: "ana".into(), password: "secret lamp".into() };
        assert!(!format!("{said:?}").contains("lamp"));
    }

    #[test]
    fn a_limited_client_is_told_when_to_come_back() {
        let problem = Problem::from(OpenSessionError::Wait(12));
        assert_eq!((problem.status, problem.retry_after_s), (429, Some(12)));
    }
}
