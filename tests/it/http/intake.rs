//! Alarms sent in: taken once, refused with a reason, never half kept.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use sereno::{
    domain::{Outcome, Role, Severity},
    store::QueueFilter,
};

use super::harness::{BODY_BYTES, Client, Service, problem, soon};
use crate::database::{Database, both_databases, sample};

both_databases!(
    an_accepted_alarm_is_committed_and_wakes_the_worker,
    a_repeat_gets_the_first_answer,
    a_store_that_fails_accepts_nothing_and_tells_nothing,
);

fn alarm(event: &str) -> Value {
    json!({
        "source": "test:vms", "source_event_id": event, "occurred_at": "2026-11-23T21:59:30Z",
        "camera": "gate-north", "kind": "line_crossing",
        "captions": [{"start_s": 0.0, "end_s": 4.0, "text": "Somebody climbs over the gate."}],
    })
}

async fn send_raw(
    source: &Client<'_>,
    media_type: &str,
    body: impl Into<reqwest::Body>,
) -> Response {
    let request = source.request(Method::POST, "/api/v1/alarms");
    request.header("content-type", media_type).body(body).send().await.unwrap()
}

async fn kept(service: &Service) -> usize {
    service.store.queue(&QueueFilter::default()).await.unwrap().len()
}

async fn an_accepted_alarm_is_committed_and_wakes_the_worker(db: &Database) {
    let service = Service::start(db).await;
    let source = service.program(Role::Source).await;
    let mut changes = service.changes.subscribe();
    let response = source.post("/api/v1/alarms", &alarm("e1")).await;
    assert_eq!(response.status(), 202);
    let receipt: Value = response.json().await.unwrap();
    assert_eq!(receipt["state"], "waiting");
    assert_eq!(receipt["received_at"], "2026-11-23T22:00:00Z");
    assert!(receipt.get("decision").is_none());

    let id = receipt["id"].as_str().unwrap().parse().unwrap();
    let stored = service.store.alarm(id).await.unwrap().unwrap();
    assert_eq!(stored.alarm.source_event_id, "e1");
    assert_eq!(stored.site, "sample", "the site was found by the camera");
    soon("the worker's call", service.wake.notified()).await;
    assert_eq!(soon("the change", changes.recv()).await.unwrap().id, id);
}

async fn a_repeat_gets_the_first_answer(db: &Database) {
    let service = Service::start(db).await;
    let source = service.program(Role::Source).await;
    let first: Value = source.post("/api/v1/alarms", &alarm("e1")).await.json().await.unwrap();
    db.advance(60);
    let again = source.post("/api/v1/alarms", &alarm("e1")).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.json::<Value>().await.unwrap(), first);

    let id = first["id"].as_str().unwrap().parse().unwrap();
    let kept_alarm = service.store.alarm(id).await.unwrap().unwrap().alarm;
    let draft = sample::draft(id, &kept_alarm, Outcome::Verified, Severity::High);
    service.store.commit_decision(None, draft).await.unwrap();
    let after: Value = source.post("/api/v1/alarms", &alarm("e1")).await.json().await.unwrap();
    assert_eq!((&after["id"], &after["state"]), (&first["id"], &json!("decided")));
    assert_eq!(after["decision"]["verdict"]["outcome"], "verified");
    assert_eq!(kept(&service).await, 1);
}

#[tokio::test]
async fn every_fault_has_its_status_and_its_place() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let source = service.program(Role::Source).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut alarm = alarm("bad");
        change(&mut alarm);
        alarm.to_string()
    };
    let nested = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = alarm("bad").to_string().replacen('{', &format!("{{\"raw\":{nested},"), 1);
    let cases: [(&str, String, u16, &str); 12] = [
        ("cut off", "{\"source\":\"x\"".into(), 400, ""),
        ("no JSON", "alarm=1".into(), 400, ""),
        ("empty", String::new(), 400, ""),
        ("raw NUL", alarm("bad").to_string().replace("climbs", "cli\0mbs"), 400, ""),
        ("two documents", format!("{0}{0}", alarm("bad")), 400, ""),
        ("another shape", "[1,2]".into(), 422, ""),
        ("unknown member", with(&|a| a["severty"] = json!(1)), 422, "severty"),
        (
            "unknown member below",
            with(&|a| a["captions"][0]["txt"] = json!("x")),
            422,
            "captions[0]",
        ),
        ("wrong type", with(&|a| a["captions"][0]["text"] = json!(7)), 422, "captions[0].text"),
        ("missing member", with(&|a| _ = a.as_object_mut().unwrap().remove("camera")), 422, ""),
        ("wrong time", with(&|a| a["occurred_at"] = json!("yesterday")), 422, "occurred_at"),
        ("deep nesting", deep, 422, ""),
    ];
    for (what, body, status, path) in cases {
        let told = problem(send_raw(&source, "application/json", body).await, status).await;
        let at = told["path"].as_str().unwrap_or_default();
        assert!(at.contains(path), "{what}: {told}");
    }
    assert_eq!(kept(&service).await, 0);
    assert_eq!(send_raw(&source, "application/json", alarm("ok").to_string()).await.status(), 202);
}

#[tokio::test]
async fn an_escaped_nul_is_no_way_to_break_the_store() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let source = service.program(Role::Source).await;
    let mut camera = alarm("nul");
    camera["camera"] = json!("gate\0north");
    let status = source.post("/api/v1/alarms", &camera).await.status().as_u16();
    assert_eq!(status, 422, "an identifier has no control characters");
    assert_eq!(kept(&service).await, 0);
}

#[tokio::test]
async fn only_json_of_a_bounded_size_is_read() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let source = service.program(Role::Source).await;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let response = send_raw(&source, media_type, alarm("e1").to_string()).await;
        assert!(
            problem(response, 415).await["detail"].as_str().unwrap().contains("application/json")
        );
    }
    let packed = source.request(Method::POST, "/api/v1/alarms").header("content-encoding", "gzip");
    problem(packed.json(&alarm("e1")).send().await.unwrap(), 415).await;

    let mut large = alarm("large");
    let rest = BODY_BYTES - large.to_string().len();
    large["captions"][0]["text"] =
        json!(format!("Somebody climbs over the gate.{}", " ".repeat(rest)));
    let body = large.to_string();
    assert_eq!(body.len(), BODY_BYTES);
    problem(send_raw(&source, "application/json", format!("{body} ")).await, 413).await;
    // Without a length announced, the bytes are counted as they come.
    let pieces = futures_util::stream::iter(
        vec![vec![b' '; 8_000]; 10].into_iter().map(Ok::<_, std::io::Error>),
    );
    let streamed = reqwest::Body::wrap_stream(pieces);
    problem(send_raw(&source, "application/json", streamed).await, 413).await;
    assert_eq!(kept(&service).await, 0);
    assert_eq!(send_raw(&source, "application/json", body).await.status(), 202);
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_when_to_come_back() {
    let db = Database::sqlite();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let service =
        Service::start_with(&db, recorder.handle(), |state| state.limits.queue_open = 2).await;
    let source = service.program(Role::Source).await;
    for event in ["e1", "e2"] {
        assert_eq!(source.post("/api/v1/alarms", &alarm(event)).await.status(), 202);
        db.advance(2);
    }
    let refused = source.post("/api/v1/alarms", &alarm("e3")).await;
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(problem(refused, 503).await["type"], "urn:sereno:problem:queue_full");
    assert_eq!(kept(&service).await, 2);
}

async fn a_store_that_fails_accepts_nothing_and_tells_nothing(db: &Database) {
    let service = Service::start(db).await;
    let source = service.program(Role::Source).await;
    db.sql("ALTER TABLE job RENAME TO hidden_job").await;
    let told = source.post("/api/v1/alarms", &alarm("e1")).await;
    let status = told.status().as_u16();
    assert!(status == 500 || status == 503, "{status}");
    let told = problem(told, status).await.to_string().to_lowercase();
    for internal in ["job", "table", "sql", "relation", "postgres"] {
        assert!(!told.contains(internal), "{internal}: {told}");
    }
    db.sql("ALTER TABLE hidden_job RENAME TO job").await;
    assert_eq!(kept(&service).await, 0, "nothing is half kept");
    assert_eq!(source.post("/api/v1/alarms", &alarm("e1")).await.status(), 202, "it goes on");

    service.store.close().await;
    let told = problem(source.post("/api/v1/alarms", &alarm("e2")).await, 503).await.to_string();
    assert!(!told.to_lowercase().contains("pool"), "{told}");
    assert_eq!(service.get("/readyz").await.status(), 503);
    assert_eq!(service.get("/healthz").await.status(), 200);
}
