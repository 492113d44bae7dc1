//! Signing in and out: cookies, wrong passwords, limits, forged requests, sessions that end.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use sereno::{
    domain::{RandomIds, Role},
    http::auth::hash_password,
};

use super::harness::{Service, problem};
use crate::database::{Database, both_databases};

const PASSWORD: &str = "the lamp at the gate";

both_databases!(a_person_signs_in_and_out);

async fn with_ana(db: &Database) -> Service {
    let service = Service::start(db).await;
    let hash = hash_password(PASSWORD, &RandomIds).unwrap();
    service.store.add_user("ana", Role::Operator, &hash).await.unwrap();
    service
}

async fn try_sign_in(service: &Service, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password });
    service.request(Method::POST, "/api/v1/session").json(&body).send().await.unwrap()
}

/// The cookie pair that a browser would send back.
fn cookie(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn a_person_signs_in_and_out(db: &Database) {
    let service = with_ana(db).await;
    let response = try_sign_in(&service, "ana", PASSWORD).await;
    assert_eq!(response.status(), 200);
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Secure"), "this server is reached without https");
    let cookie = cookie(&response);
    let user: Value = response.json().await.unwrap();
    assert_eq!(user, json!({ "name": "ana", "role": "operator" }));

    let ask = |method| {
        let request = service.request(method, "/api/v1/session").header("cookie", &cookie);
        request.header("x-sereno-csrf", "1").send()
    };
    assert_eq!(ask(Method::GET).await.unwrap().json::<Value>().await.unwrap(), user);
    let token = cookie.split_once('=').unwrap().1;
    let query = format!("SELECT COUNT(*) FROM user_session WHERE token_hash = '{token}'");
    assert_eq!(db.count(&query).await, 0, "the token itself is not stored");

    let out = ask(Method::DELETE).await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    problem(ask(Method::GET).await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let db = Database::sqlite();
    let service = with_ana(&db).await;
    let mut wrong = problem(try_sign_in(&service, "ana", "not the lamp at all").await, 401).await;
    let mut unknown = problem(try_sign_in(&service, "eva", PASSWORD).await, 401).await;
    wrong["request_id"] = Value::Null;
    unknown["request_id"] = Value::Null;
    assert_eq!(wrong, unknown);
    assert_eq!(wrong["type"], "urn:sereno:problem:wrong_credentials");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_waiting_helps() {
    let db = Database::sqlite();
    let service = with_ana(&db).await;
    for _ in 0..5 {
        problem(try_sign_in(&service, "ana", "a wrong password").await, 401).await;
    }
    let held = try_sign_in(&service, "ana", PASSWORD).await;
    assert_eq!(held.headers()["retry-after"], "12");
    problem(held, 429).await;
    problem(try_sign_in(&service, "eva", "a wrong password").await, 401).await;
    db.advance(12);
    assert_eq!(try_sign_in(&service, "ana", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn what_is_no_log_in_is_refused_before_any_hashing() {
    let db = Database::sqlite();
    let service = with_ana(&db).await;
    let post = |body: Value| service.request(Method::POST, "/api/v1/session").json(&body).send();
    let missing = problem(post(json!({ "name": "ana" })).await.unwrap(), 422).await;
    assert!(missing["detail"].as_str().unwrap().contains("password"));
    let more = json!({ "name": "ana", "password": "x", "admin": true });
    assert_eq!(problem(post(more).await.unwrap(), 422).await["path"], "admin");
    for name in ["", "a\0b", &"x".repeat(500)] {
        problem(try_sign_in(&service, name, PASSWORD).await, 401).await;
    }
    problem(try_sign_in(&service, "ana", &"x".repeat(5000)).await, 401).await;
    problem(try_sign_in(&service, "ana", &"x".repeat(70_000)).await, 413).await;
}

#[tokio::test]
async fn a_forged_request_with_the_victims_cookie_changes_nothing() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let victim = service.person(Role::Operator).await;
    let id = service.decided(1).await;
    let path = format!("/api/v1/alarms/{id}/dispositions");
    let body = json!({ "code": "false_detection" });
    let forged = victim.bare(Method::POST, &path).json(&body).send().await.unwrap();
    assert_eq!(problem(forged, 403).await["type"], "urn:sereno:problem:csrf");
    assert!(service.store.dispositions(id).await.unwrap().is_empty());
    assert_eq!(victim.post(&path, &body).await.status(), 201);
    // Reading needs no header, and neither does a token, which no browser sends by itself.
    assert_eq!(victim.bare(Method::GET, "/api/v1/alarms").send().await.unwrap().status(), 200);
    let program = service.program(Role::Source).await;
    let sent = program.bare(Method::POST, "/api/v1/alarms").json(&json!({})).send().await.unwrap();
    assert_eq!(sent.status(), 422);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_and_with_its_user() {
    let db = Database::sqlite();
    let service = with_ana(&db).await;
    let cookie = cookie(&try_sign_in(&service, "ana", PASSWORD).await);
    let status = || async {
        let request = service.request(Method::GET, "/api/v1/session").header("cookie", &cookie);
        request.send().await.unwrap().status().as_u16()
    };
    db.advance(12 * 3600 - 1);
    assert_eq!(status().await, 200);
    db.advance(1);
    assert_eq!(status().await, 401);

    let operator = service.person(Role::Manager).await;
    assert_eq!(operator.get("/api/v1/session").await.status(), 401, "its 12 hours began before");
    service.store.disable_user("ana").await.unwrap();
    problem(try_sign_in(&service, "ana", PASSWORD).await, 401).await;
}

#[tokio::test]
async fn by_https_the_cookie_never_travels_in_the_clear() {
    let db = Database::sqlite();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let service =
        Service::start_with(&db, recorder.handle(), |state| state.secure_cookies = true).await;
    let hash = hash_password(PASSWORD, &RandomIds).unwrap();
    service.store.add_user("ana", Role::Operator, &hash).await.unwrap();
    let response = try_sign_in(&service, "ana", PASSWORD).await;
    assert!(response.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert!(response.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn what_only_looks_like_a_credential_is_none() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let long = format!("sereno_session={}", "A".repeat(5000));
    for (header, value) in [
        ("cookie", "sereno_session="),
        ("cookie", "sereno_session=' OR 1=1 --"),
        ("cookie", long.as_str()),
        ("authorization", "Basic YW5hOmxhbXA="),
        ("authorization", "Bearer "),
        ("authorization", "Bearer sereno_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        let request = service.request(Method::GET, "/api/v1/session").header(header, value);
        problem(request.send().await.unwrap(), 401).await;
    }
}
