//! Problem documents (RFC 9457): what a client is told, apart from what the log is told.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::store::StoreError;

/// What went wrong, as the client sees it (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Problem {
    /// A stable name of the kind of problem: `urn:sereno:problem:` and a code.
    #[serde(rename = "type", serialize_with = "urn")]
    #[schema(value_type = String)]
    pub code: &'static str,
    /// The HTTP status in words.
    #[schema(value_type = String)]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, and what would be right.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// Where in the body or the query the trouble lies, such as `captions[3].text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub path: Option<Box<str>>,
    /// Joins this answer to the service's log.
    #[schema(value_type = String)]
    pub request_id: Box<str>,
    /// For the log alone.
    #[serde(skip)]
    #[schema(ignore)]
    pub internal: Option<Box<str>>,
    /// Seconds after which another try may succeed.
    #[serde(skip)]
    #[schema(ignore)]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem of the kind `code` (`snake_case`), told in `detail`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Box<str>>) -> Self {
        Self {
            code,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            path: None,
            request_id: Box::default(),
            internal: None,
            retry_after_s: None,
        }
    }

    /// Adds where in the request the trouble lies; an empty path says nothing and is left out.
    #[must_use]
    pub fn at(mut self, path: impl Into<Box<str>>) -> Self {
        self.path = Some(path.into()).filter(|path| !matches!(&**path, "" | "."));
        self
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn because(mut self, internal: &impl ToString) -> Self {
        self.internal = Some(internal.to_string().into());
        self
    }

    /// Adds a `Retry-After` of `seconds`.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What the system suggests is hidden from whoever closes the alarm, until they have.
    pub fn judge_first() -> Self {
        let detail =
            "This alarm is judged blind: what the system suggests is shown once it is closed.";
        Self::new(StatusCode::CONFLICT, "judge_first", detail)
    }

    /// No alarm has this id.
    pub fn no_such_alarm() -> Self {
        Self::new(StatusCode::NOT_FOUND, "alarm_not_found", "No alarm has this id.")
    }

    /// Something of ours failed; the client learns no more than that.
    pub fn unexpected(internal: &impl ToString) -> Self {
        let detail = "The service failed. Its log has the details under this request id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).because(internal)
    }
}

fn urn<S: Serializer>(code: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("urn:sereno:problem:{code}"))
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = match &error {
            StoreError::NotFound(_) => {
                Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing by this name.")
            }
            StoreError::Conflict(_) => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "The present state does not allow this. Read it again, then decide.",
            ),
            StoreError::Invalid(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not_storable",
                "A value in the request cannot be stored as it is.",
            ),
            StoreError::Corrupt(_) => return Self::unexpected(&error),
            _ => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "The record cannot be reached, and nothing was changed. Try again.",
            )
            .retry_after(5),
        };
        problem.because(&error)
    }
}

impl IntoResponse for Problem {
    /// The bare response. `observe` logs it and writes its body once the request id is known.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives an endpoint's error enum its answer: the enum says what happened, `Problem` how it is told.
macro_rules! answers_with_problem {
    ($error:ty) => {
        impl axum::response::IntoResponse for $error {
            fn into_response(self) -> axum::response::Response {
                crate::http::problem::Problem::from(self).into_response()
            }
        }
    };
}
pub(crate) use answers_with_problem;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_never_sees_the_internal_message() {
        let problem = Problem::from(StoreError::Unavailable("/var/lib/x.db is locked".into()));
        let told = serde_json::to_string(&problem).unwrap();
        assert!(!told.contains("x.db"), "{told}");
        assert!(problem.internal.unwrap().contains("x.db"));
        assert_eq!((problem.status, problem.retry_after_s), (503, Some(5)));
    }

    #[test]
    fn every_store_error_has_its_status() {
        let status = |error| Problem::from(error).status;
        assert_eq!(status(StoreError::Conflict("waiting".into())), 409);
        assert_eq!(status(StoreError::Corrupt("row".into())), 500);
        assert_eq!(status(StoreError::Unavailable("closed".into())), 503);
    }

    #[test]
    fn a_path_that_names_the_whole_body_is_left_out() {
        let problem = |path: &str| Problem::new(StatusCode::BAD_REQUEST, "x", "y").at(path).path;
        assert_eq!(problem("."), None);
        assert_eq!(problem("captions[0].text").as_deref(), Some("captions[0].text"));
    }
}
