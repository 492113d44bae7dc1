//! What every answer has in common, and the routes about the service itself.

use std::{fs, path::Path};

use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;
use serde_json::Value;
use sereno::{
    domain::Role,
    http::{Readiness, openapi_json},
};

use super::harness::{Service, problem};
use crate::database::Database;

#[test]
fn openapi_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/openapi.json");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    // Not `assert_eq!`: the two documents are long, and the remedy is what counts.
    assert!(kept == openapi_json(), "run: sereno openapi > web/openapi.json");
}

#[tokio::test]
async fn the_served_document_is_the_same() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let response = service.get("/api/openapi.json").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.text().await.unwrap(), openapi_json());
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    for path in ["/", "/healthz", "/api/v1/alarms", "/api/v1/nothing", "/log/checkpoint"] {
        let response = service.get(path).await;
        let headers = response.headers();
        assert_eq!(headers["x-request-id"].len(), 36, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'"), "{path}: {policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    }
}

#[tokio::test]
async fn a_plain_request_id_is_kept_and_another_is_replaced() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let ask = async |id: &str| {
        let request = service.request(Method::GET, "/api/v1/alarms").header("x-request-id", id);
        problem(request.send().await.unwrap(), 401).await["request_id"].clone()
    };
    assert_eq!(ask("vms-17").await, "vms-17");
    assert_ne!(ask("<script>").await, "<script>");
}

#[tokio::test]
async fn a_wrong_address_or_method_is_told_as_a_problem() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    for path in ["/api/v1/alarmz", "/api", "/log/tile/0/000", "/assets/missing.js", "/x.php"] {
        problem(service.get(path).await, 404).await;
    }
    for (method, path) in [(Method::PUT, "/api/v1/alarms"), (Method::POST, "/alarms")] {
        problem(service.request(method, path).send().await.unwrap(), 405).await;
    }
}

#[tokio::test]
async fn the_console_answers_every_page_and_is_cached_by_content() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let first = service.get("/").await;
    assert_eq!(first.status(), 200);
    assert!(first.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let tag = first.headers().get("etag").cloned();
    let page = first.text().await.unwrap();
    assert!(page.contains("Sereno"), "{page}");
    for path in ["/alarms/01936e8a-0000-7000-8000-000000000001", "/log", "/sign-in"] {
        let other = service.get(path).await;
        assert_eq!(other.status(), 200, "{path}");
        assert_eq!(other.text().await.unwrap(), page, "{path}");
    }
    // Without a built console, a page in its place says how to build it.
    let Some(tag) = tag else {
        assert!(page.contains("make build"), "{page}");
        return;
    };
    let again =
        service.request(Method::GET, "/").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["cache-control"], "no-cache");
    let (_, rest) = page.split_once("src=\"/assets/").unwrap();
    let script = format!("/assets/{}", rest.split('"').next().unwrap());
    let script = service.get(&script).await;
    assert!(script.headers()["content-type"].to_str().unwrap().contains("javascript"));
    assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn readiness_says_in_one_word_what_works() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    assert_eq!(service.get("/healthz").await.text().await.unwrap(), "ok\n");
    assert_eq!(service.get("/readyz").await.text().await.unwrap(), "ready\n");
    let handle = PrometheusBuilder::new().build_recorder().handle();
    let degraded = |state: &mut sereno::http::ApiState| {
        state.ready = std::sync::Arc::new(|| Readiness::Degraded);
    };
    let service = Service::start_with(&db, handle, degraded).await;
    let response = service.get("/readyz").await;
    assert_eq!(response.status(), 200, "alarms are accepted, and go to a person");
    assert_eq!(response.text().await.unwrap(), "degraded\n");
}

/// One thread runs client and server, so that the recorder of this thread sees both.
#[tokio::test(flavor = "current_thread")]
async fn requests_are_counted_by_route_and_not_by_address() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let db = Database::sqlite();
    let service = Service::start_with(&db, recorder.handle(), |_| ()).await;
    let operator = service.person(Role::Operator).await;
    for id in ["7", "8"] {
        operator.get(&format!("/api/v1/alarms/{id}")).await;
    }
    let invented = Method::from_bytes(b"INVENTED").unwrap();
    service.request(invented, "/nowhere").send().await.unwrap();
    let text = service.get("/metrics").await.text().await.unwrap();
    let line =
        r#"sereno_http_requests_total{method="GET",route="/api/v1/alarms/{id}",status="404"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(text.contains("sereno_http_request_seconds"), "{text}");
    for line in [
        r#"sereno_alarms{state="waiting"} 0"#,
        r#"sereno_alarms{state="decided"} 0"#,
        "sereno_jobs_dead 0",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("INVENTED") && !text.contains("nowhere"), "{text}");
}

#[tokio::test]
async fn nobody_reads_metrics_through_a_proxy_on_this_machine() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    assert_eq!(service.get("/metrics").await.status(), 200);
    for header in ["x-forwarded-for", "forwarded"] {
        let request = service.request(Method::GET, "/metrics").header(header, "for=203.0.113.9");
        problem(request.send().await.unwrap(), 401).await;
    }
}

#[tokio::test]
async fn a_list_is_compressed_for_who_asks_for_it() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let request =
        service.request(Method::GET, "/api/openapi.json").header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body: Result<Value, _> = serde_json::from_slice(&response.bytes().await.unwrap());
    assert!(body.is_err(), "it really is compressed");
}
