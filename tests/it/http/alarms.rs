//! The queue, one alarm, its report, and closing it.

use reqwest::Method;
use serde_json::{Value, json};
use sereno::{domain::Role, store::AlarmState};

use super::harness::{Service, problem};
use crate::database::{Database, both_databases, sample};

both_databases!(
    the_queue_is_listed_filtered_and_counted,
    an_alarm_is_shown_with_everything_that_belongs_to_it,
    a_person_closes_an_alarm_and_the_verdict_stays,
);

const NOBODY: &str = "01936e8a-0000-7000-8000-000000000001";

async fn the_queue_is_listed_filtered_and_counted(db: &Database) {
    let service = Service::start(db).await;
    let operator = service.person(Role::Operator).await;
    let (waiting, decided) = (service.waiting(1).await, service.decided(2).await);
    let all = operator.read("/api/v1/alarms").await;
    assert_eq!(
        all["counts"],
        json!({ "waiting": 1, "decided": 1, "closed": 0, "closed_without_person": 0 })
    );
    assert_eq!(all["items"].as_array().unwrap().len(), 2);

    let ids = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let some = operator.read("/api/v1/alarms?state=decided&site=sample&limit=10&offset=0").await;
    assert_eq!(ids(&some), [decided.to_string()]);
    assert_eq!(some["items"][0]["outcome"], "verified");
    assert_eq!(
        ids(&operator.read("/api/v1/alarms?state=waiting&site=").await),
        [waiting.to_string()]
    );
    assert!(ids(&operator.read("/api/v1/alarms?site=elsewhere").await).is_empty());
    assert!(ids(&operator.read("/api/v1/alarms?site=a%00b").await).is_empty());
    for query in ["limit=0", "limit=501", "limit=x", "state=lost", "offset=-1", "colour=red"] {
        problem(operator.get(&format!("/api/v1/alarms?{query}")).await, 400).await;
    }
}

async fn an_alarm_is_shown_with_everything_that_belongs_to_it(db: &Database) {
    let service = Service::start(db).await;
    let auditor = service.person(Role::Auditor).await;
    let waiting = service.waiting(1).await;
    let detail = auditor.read(&format!("/api/v1/alarms/{waiting}")).await;
    assert_eq!(detail["alarm"]["source_event_id"], "event-1");
    assert_eq!(detail["decision"], Value::Null, "the member is there, and empty");
    assert_eq!(detail["dispositions"], json!([]));
    for part in ["decision", "report", "report.html", "report.md"] {
        let told =
            problem(auditor.get(&format!("/api/v1/alarms/{waiting}/{part}")).await, 404).await;
        assert_ne!(told["type"], "urn:sereno:problem:alarm_not_found", "{part} comes later");
    }

    let decided = service.decided(2).await;
    let detail = auditor.read(&format!("/api/v1/alarms/{decided}")).await;
    let decision = auditor.read(&format!("/api/v1/alarms/{decided}/decision")).await;
    assert_eq!(detail["decision"], decision);
    assert_eq!(decision["record"]["entry"].as_u64().map(|entry| entry > 0), Some(true));
    assert!(auditor.read(&format!("/api/v1/alarms/{decided}/report")).await.is_object());
    let page = auditor.get(&format!("/api/v1/alarms/{decided}/report.html")).await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert_eq!(page.text().await.unwrap(), "<p>report</p>");
    let text = auditor.get(&format!("/api/v1/alarms/{decided}/report.md")).await;
    assert_eq!(text.headers()["content-type"], "text/markdown; charset=utf-8");

    for id in [NOBODY, "7", "%00", "..%2f..%2fetc"] {
        for part in ["", "/decision", "/report", "/report.html"] {
            let response = auditor.get(&format!("/api/v1/alarms/{id}{part}")).await;
            let told = problem(response, 404).await;
            assert_eq!(told["type"], "urn:sereno:problem:alarm_not_found", "{id}{part}");
        }
    }
}

async fn a_person_closes_an_alarm_and_the_verdict_stays(db: &Database) {
    let service = Service::start(db).await;
    let operator = service.person(Role::Operator).await;
    let id = service.decided(1).await;
    let before = operator.read(&format!("/api/v1/alarms/{id}")).await;
    let said = json!({
        "code": "real_no_threat", "reason_code": "cleaner", "note": "Maria from the night shift.",
        "approved_actions": ["send_guard"], "dwell_ms": 4200,
    });
    let response = operator.post(&format!("/api/v1/alarms/{id}/dispositions"), &said).await;
    assert_eq!(response.status(), 201);
    let kept: Value = response.json().await.unwrap();
    assert_eq!((&kept["by"], &kept["suggested"]), (&json!("operator-person"), &json!("verified")));

    let after = operator.read(&format!("/api/v1/alarms/{id}")).await;
    assert_eq!(after["state"], "closed");
    assert_eq!(after["decision"], before["decision"], "a person's word never changes the verdict");
    assert_eq!(after["dispositions"], json!([kept]));
    let second = json!({ "code": "undetermined" });
    operator.post(&format!("/api/v1/alarms/{id}/dispositions"), &second).await;
    let words = operator.read(&format!("/api/v1/alarms/{id}")).await["dispositions"].clone();
    assert_eq!(words.as_array().unwrap().len(), 2, "the earlier word stands");
}

#[tokio::test]
async fn a_waiting_alarm_cannot_be_closed() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let id = service.waiting(1).await;
    let body = json!({ "code": "false_detection" });
    let path = format!("/api/v1/alarms/{id}/dispositions");
    problem(operator.post(&path, &body).await, 409).await;
    assert_eq!(service.store.alarm(id).await.unwrap().unwrap().state, AlarmState::Waiting);
    let nobody = format!("/api/v1/alarms/{NOBODY}/dispositions");
    problem(operator.post(&nobody, &body).await, 404).await;
}

#[tokio::test]
async fn a_wrong_word_names_its_field_and_closes_nothing() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let id = service.decided(1).await;
    let path = format!("/api/v1/alarms/{id}/dispositions");
    let wrong = [
        (json!({ "code": "boring" }), 422, "code"),
        (json!({ "code": "test", "verdict": "dismissed" }), 422, "verdict"),
        (json!({ "code": "test", "note": "x".repeat(2001) }), 422, "note"),
        (json!({ "code": "test", "reason_code": "a\0b" }), 422, "reason_code"),
        (json!({ "code": "test", "dwell_ms": -1 }), 422, "dwell_ms"),
        (json!({ "code": "test", "approved_actions": ["talk_down"] }), 422, "approved_actions[0]"),
        (
            json!({ "code": "test", "approved_actions": ["call_police"] }),
            403,
            "approved_actions[0]",
        ),
    ];
    for (body, status, field) in wrong {
        let told = problem(operator.post(&path, &body).await, status).await;
        assert_eq!(told["path"], field, "{told}");
    }
    assert_eq!(service.store.alarm(id).await.unwrap().unwrap().state, AlarmState::Decided);
    let supervisor = service.person(Role::Supervisor).await;
    let police = json!({ "code": "real_threat", "approved_actions": ["call_police"] });
    assert_eq!(supervisor.post(&path, &police).await.status(), 201);
}

#[tokio::test]
async fn a_broken_template_is_told_to_the_log_only() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let id = service.waiting(1).await;
    let (outcome, severity) =
        (sereno::domain::Outcome::Uncertain, sereno::domain::Severity::Medium);
    let mut draft = sample::draft(id, &sample::alarm(1), outcome, severity);
    draft.report["broken"] = json!(true);
    service.store.commit_decision(None, draft).await.unwrap();
    let page = operator.request(Method::GET, &format!("/api/v1/alarms/{id}/report.html"));
    let told = problem(page.send().await.unwrap(), 500).await;
    assert!(!told.to_string().contains("template"), "{told}");
}
