//! What strangers send, read strictly: JSON bodies and query parameters, each fault with its path.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Bytes of a body that is not an alarm.
pub(super) const SMALL_BODY_BYTES: usize = 64 * 1024;

/// The bytes of a JSON body: the media type and the size are right, the content is unread.
#[derive(Debug)]
pub(super) struct JsonBytes(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        Bytes::from_request(request, state).await.map(Self).map_err(|error| unread(&error))
    }
}

/// A JSON body as a `T`. Unknown members are refused where `T` says so.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let JsonBytes(bytes) = JsonBytes::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// Query parameters as a `T`.
#[derive(Debug)]
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(query)| Self(query))
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad_query", error.body_text()))
    }
}

/// 400 where it is no JSON at all, 422 where it is JSON of another shape.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let (status, code) = if error.is_data() {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_body")
        } else {
            (StatusCode::BAD_REQUEST, "malformed_json")
        };
        Problem::new(status, code, error.to_string()).at(path)
    })?;
    json.end().map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", error.to_string())
    })?;
    Ok(value)
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail| {
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
    };
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return refuse("Send `Content-Type: application/json`.");
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return refuse("Send the body without a content encoding.");
    }
    Ok(())
}

fn unread(error: &BytesRejection) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "The body is too large. A clip is sent by reference, not in the alarm.";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        }
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "unreadable_body",
            "The connection ended before the body did.",
        )
        .because(&error.body_text()),
    }
}

/// Characters of a note or a reason at most.
pub(super) const WORDS_MAX: usize = 500;

/// A note or a reason in one line, trimmed; nothing where it is empty, too long or not printable.
pub(super) fn words(text: &str) -> Option<&str> {
    let text = text.trim();
    let printable = !text.contains(char::is_control);
    ((1..=WORDS_MAX).contains(&text.chars().count()) && printable).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its type is tested")]
        number: u8,
    }

    fn fault(body: &str) -> (u16, Option<String>) {
        let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
        (problem.status, problem.path.map(String::from))
    }

    #[test]
    fn a_fault_of_shape_is_422_and_names_its_path() {
        assert_eq!(
            fault(r#"{"inner":[{"number":1},{"number":"two"}]}"#),
            (422, Some("inner[1].number".to_owned()))
        );
        assert_eq!(fault(r#"{"inner":[],"more":1}"#), (422, Some("more".to_owned())));
    }

    #[test]
    fn what_is_no_json_is_400() {
        for body in ["", "{", "nonsense", "{\"inner\":[]} trailing", "{\"inner\":[\0]}"] {
            assert_eq!(fault(body).0, 400, "{body:?}");
        }
        assert_eq!(parse::<Outer>(&[0xff, 0xfe]).unwrap_err().status, 400);
        assert_eq!(fault(&format!("{{\"inner\":{}", "[".repeat(100_000))).0, 422);
        assert_eq!(parse::<Outer>(br#"{"inner":[]}"#).unwrap().inner.len(), 0);
    }

    #[test]
    fn the_media_type_is_checked_without_its_parameters() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            check_media_type(&headers)
        };
        assert!(with("application/json").is_ok());
        assert!(with("Application/JSON; charset=utf-8").is_ok());
        assert_eq!(with("text/plain").unwrap_err().status, 415);
        assert_eq!(check_media_type(&HeaderMap::new()).unwrap_err().status, 415);
    }
}
