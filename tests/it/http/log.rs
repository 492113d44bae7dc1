//! The log over HTTP: its status, entries, verification and public checkpoint.

use serde_json::{Value, json};
use sereno::{
    audit::{Checkpoint, VerifierKey},
    domain::Role,
};

use super::harness::{Service, problem};
use crate::database::{Database, ORIGIN, both_databases};

both_databases!(the_log_shows_where_it_stands, entries_are_the_bytes_that_were_hashed);

async fn the_log_shows_where_it_stands(db: &Database) {
    let service = Service::start(db).await;
    let auditor = service.person(Role::Auditor).await;
    let empty = auditor.read("/api/v1/log/status").await;
    assert_eq!((&empty["origin"], &empty["checkpoint"]), (&json!(ORIGIN), &json!("")));
    problem(service.get("/log/checkpoint").await, 404).await;

    service.decided(1).await;
    service.store.checkpoint().await.unwrap();
    let status = auditor.read("/api/v1/log/status").await;
    assert_eq!(status["size"], status["signed_size"]);
    assert_eq!(status["verifier_key"], db.vkey());
    let public = service.get("/log/checkpoint").await;
    assert_eq!(public.headers()["content-type"], "text/plain; charset=utf-8");
    let note = public.text().await.unwrap();
    assert_eq!(status["checkpoint"], note.as_str());
    let head = Checkpoint::open(&note, &VerifierKey::parse(&db.vkey()).unwrap()).unwrap();
    assert_eq!(json!(head.size), status["signed_size"]);
    assert_eq!(json!(hex::encode(head.root)), status["root"]);

    service.waiting(2).await;
    let grown = auditor.read("/api/v1/log/status").await;
    assert_eq!(grown["size"].as_u64().unwrap(), grown["signed_size"].as_u64().unwrap() + 1);
}

async fn entries_are_the_bytes_that_were_hashed(db: &Database) {
    let service = Service::start(db).await;
    let manager = service.person(Role::Manager).await;
    service.decided(1).await;
    let list = manager.read("/api/v1/log/entries?from=1&limit=2").await;
    let entries = list["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for (seq, entry) in (1_u64..).zip(entries) {
        assert_eq!(entry["seq"], seq);
        let leaf = entry["leaf"].as_str().unwrap();
        let bytes = [&[0], leaf.as_bytes()].concat();
        assert_eq!(entry["leaf_hash"], hex::encode(sereno::audit::sha256(&bytes)), "RFC 6962");
    }
    assert_eq!(manager.read("/api/v1/log/entries?from=9999").await, json!({ "entries": [] }));
    for query in ["limit=0", "limit=501", "from=-1", "from=18446744073709551615", "to=3"] {
        problem(manager.get(&format!("/api/v1/log/entries?{query}")).await, 400).await;
    }
}

#[tokio::test]
async fn a_verification_finds_nothing_until_somebody_changes_a_row() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let admin = service.person(Role::Admin).await;
    service.decided(1).await;
    service.store.checkpoint().await.unwrap();
    let verify = || async {
        let response = admin.post("/api/v1/log/verification", &Value::Null).await;
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()
    };
    let clean = verify().await;
    assert_eq!((&clean["ok"], &clean["findings"]), (&json!(true), &json!([])));
    assert!(clean["size"].as_u64().unwrap() > 1);

    db.disarm().await;
    db.sql("UPDATE log_entry SET leaf = replace(leaf, 'alarm.received', 'alarm.Received')").await;
    let changed = verify().await;
    assert_eq!(changed["ok"], false);
    let finding = &changed["findings"][0];
    assert!(finding["entry"].is_u64() && finding["problem"].is_string(), "{finding}");
}
