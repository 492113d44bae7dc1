//! What wraps every request: its id, its time limit, its count, its security headers, and the
//! one place where problems are logged and written out.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::{access::Server, problem::Problem};

/// Seconds that an ordinary request may take.
pub(super) const QUICK: u64 = 30;

/// Seconds that what reads the whole record may take: the log's verification, a backtest, a proof.
pub(super) const LONG: u64 = 600;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the console needs and nothing more. Mantine writes style elements, hence the exception.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// Ends a request that takes longer than `seconds` with a problem document.
pub(super) async fn bound_time(
    State(seconds): State<u64>,
    request: Request,
    next: Next,
) -> Response {
    let limit = Duration::from_secs(seconds);
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let detail = "The answer took too long. Sending the same request again does no harm.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
            .retry_after(5)
            .into_response()
    })
}

/// Names, times, counts, logs and secures a request and its answer.
pub(super) async fn observe(
    State(server): State<Server>,
    request: Request,
    next: Next,
) -> Response {
    let request_id = request_id(request.headers(), &server);
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let begun = Instant::now();
    // A handler that panics must cost its own request only.
    let response = AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Problem::unexpected(&"the handler panicked").into_response());
    let took = begun.elapsed();
    let mut response = finish_problem(response, &request_id);
    let status = response.status().as_u16();
    metrics::counter!(
        "sereno_http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!(
        "sereno_http_request_seconds", "method" => method, "route" => route.clone()
    )
    .record(took.as_secs_f64());
    tracing::debug!(%request_id, method, route, status, ms = took.as_millis(), "request");
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    secure(response.headers_mut(), server.secure_cookies());
    response
}

/// The client's own id where it is short and plain, so that its log and ours can be joined;
/// otherwise a new one.
fn request_id(headers: &HeaderMap, server: &Server) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_plain_id(id))
        .map_or_else(|| server.new_id(), ToOwned::to_owned)
}

fn is_plain_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The method as a metric label: strangers may invent methods, and each label costs memory.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Writes the body of a problem, and gives one to failures that the framework answered by itself.
fn finish_problem(mut response: Response, request_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let Some(mut problem) = response.extensions_mut().remove::<Problem>().or_else(|| plain(status))
    else {
        return response;
    };
    problem.request_id = request_id.into();
    let internal = problem.internal.as_deref().unwrap_or_default();
    if status.is_server_error() {
        tracing::error!(request_id, status = problem.status, code = problem.code, internal);
    } else {
        tracing::info!(request_id, status = problem.status, code = problem.code, internal);
    }
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
    response
}

/// What the framework refuses before a handler runs.
fn plain(status: StatusCode) -> Option<Problem> {
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("not_found", "There is nothing at this address."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method_not_allowed", "This address does not know this method; see `Allow`.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "The body is too large."),
        // A refusal that carries its own words, such as a readiness answer, stays as it is.
        _ => return None,
    };
    Some(Problem::new(status, code, detail))
}

/// Adds the security headers; a handler that set its own policy keeps it.
fn secure(headers: &mut HeaderMap, https: bool) {
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_taken_over() {
        assert!(is_plain_id("vms-17.a_B"));
        for id in ["", "a b", "a\nb", "é", "{}", &"x".repeat(65)] {
            assert!(!is_plain_id(id), "{id:?}");
        }
    }

    #[test]
    fn an_invented_method_does_not_become_a_metric_label() {
        assert_eq!(known_method(&Method::PATCH), "other");
        assert_eq!(known_method(&Method::GET), "GET");
    }

    #[test]
    fn a_handler_keeps_its_own_cache_rule_and_gets_the_rest() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        secure(&mut headers, false);
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        secure(&mut headers, true);
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
