//! Who looks at a decision: grants, blind reviews, control alarms, drift, and what sites learn.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::SignedDuration;
use serde_json::{Value, json};
use sereno::{
    domain::{
        AlarmId, DispositionCode, DriftSignCode, Grant, GrantEndCode, NewDisposition, NewGrant,
        Outcome, ReviewReason, Role, Severity, User,
    },
    store::{AlarmState, QueueFilter, Store},
};

use crate::{
    database::{Database, both_databases, sample},
    http::harness::{Service, problem, watch},
};

both_databases!(
    a_granted_dismissal_is_closed_without_a_person,
    a_grant_that_was_just_lowered_closes_nothing,
    a_hidden_suggestion_is_hidden_everywhere_until_a_person_has_judged,
    a_real_threat_among_what_a_grant_covers_ends_it_at_once,
    a_grant_ends_by_its_time_and_can_be_given_again,
    a_recorded_threat_is_shown_again_and_counts_nowhere_else,
    the_figures_count_what_happened,
    what_a_site_learns_is_kept_in_versions_and_can_be_taken_back,
);

fn person(role: Role) -> User {
    User { name: format!("{role}-person"), role }
}

fn said(code: DispositionCode) -> NewDisposition {
    NewDisposition {
        code,
        reason_code: None,
        note: None,
        approved_actions: Vec::new(),
        dwell_ms: None,
    }
}

async fn granted(db: &Database, store: &Store) -> Grant {
    let new = NewGrant {
        site: "sample".into(),
        kind: "line_crossing".into(),
        verdict: Outcome::Dismissed,
        expires_at: db_now(db) + SignedDuration::from_hours(24),
        figures: "f".repeat(64),
    };
    store.grant(&new, 0.05, &"e".repeat(64), &person(Role::Manager)).await.unwrap()
}

fn db_now(db: &Database) -> jiff::Timestamp {
    use sereno::domain::Clock as _;
    db.clock.now()
}

/// A dismissed alarm that `closes` and `review` are said of.
async fn dismissed(
    store: &Store,
    n: u32,
    closes: Option<&Grant>,
    review: Option<ReviewReason>,
) -> AlarmId {
    let id = store.accept(&sample::alarm(n), "sample").await.unwrap().id;
    let mut draft = sample::draft(id, &sample::alarm(n), Outcome::Dismissed, Severity::None);
    draft.closes = closes.map(|grant| grant.id.clone());
    draft.review = review;
    store.commit_decision(None, draft).await.unwrap();
    id
}

async fn state(store: &Store, id: AlarmId) -> AlarmState {
    store.alarm(id).await.unwrap().unwrap().state
}

/// The kinds of the alarm's entries, in the order of the log.
async fn told(store: &Store, id: AlarmId) -> Vec<String> {
    let leaves = store.entries(0, 1_000).await.unwrap();
    let leaves = leaves.iter().map(|entry| serde_json::from_str::<Value>(&entry.leaf).unwrap());
    leaves
        .filter(|leaf| leaf["alarm_id"] == id.to_string())
        .map(|leaf| leaf["type"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_granted_dismissal_is_closed_without_a_person(db: &Database) {
    let store = db.store().await;
    let grant = granted(db, &store).await;
    assert_eq!(store.grant_in_force("sample", "line_crossing").await.unwrap().unwrap(), grant);
    assert_eq!(store.grant_in_force("sample", "motion").await.unwrap(), None);
    let id = dismissed(&store, 1, Some(&grant), None).await;
    assert_eq!(state(&store, id).await, AlarmState::ClosedWithoutPerson);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.closed_without_person, counts.decided), (1, 0));
    let other = dismissed(&store, 2, None, None).await;
    assert_eq!(state(&store, other).await, AlarmState::Decided);
    assert_eq!(told(&store, id).await.last().unwrap(), "alarm.closed_without_person");
    assert!(!told(&store, other).await.contains(&"alarm.closed_without_person".to_owned()));
}

async fn a_grant_that_was_just_lowered_closes_nothing(db: &Database) {
    let store = db.store().await;
    let grant = granted(db, &store).await;
    let operator = person(Role::Operator);
    store.withdraw_grant(&grant.id, "Too many visitors today.", &operator).await.unwrap();
    // The decision had begun while the grant still held.
    let id = dismissed(&store, 1, Some(&grant), None).await;
    assert_eq!(state(&store, id).await, AlarmState::Decided);
    assert!(store.withdraw_grant(&grant.id, "Again.", &operator).await.is_err());
    let kept = store.grants(Some("sample"), db_now(db)).await.unwrap();
    let end = kept[0].ended.clone().unwrap();
    assert_eq!((end.code, end.by.as_deref()), (GrantEndCode::Person, Some("operator-person")));
    assert_eq!(end.because, "Too many visitors today.");
}

async fn a_hidden_suggestion_is_hidden_everywhere_until_a_person_has_judged(db: &Database) {
    let service = Service::start(db).await;
    let store = &service.store;
    let grant = granted(db, store).await;
    let id = dismissed(store, 1, Some(&grant), Some(ReviewReason::Dismissal)).await;
    assert_eq!(state(store, id).await, AlarmState::Decided, "a person must look");
    let plain = dismissed(store, 2, None, None).await;

    let operator = service.person(Role::Operator).await;
    let queue = operator.read("/api/v1/alarms").await;
    let items = queue["items"].as_array().unwrap();
    // An uncertain alarm of low severity stands before a dismissed one.
    assert_eq!(items[0]["id"], json!(id));
    assert_eq!(items[0]["blind"], true);
    for member in ["outcome", "severity", "avs_level", "threat_probability", "reason_code"] {
        assert_eq!(items[0].get(member), None, "{member}");
        assert!(items[1].get(member).is_some(), "{member}");
    }
    let detail = operator.read(&format!("/api/v1/alarms/{id}")).await;
    assert_eq!((&detail["decision"], &detail["blind"]), (&Value::Null, &json!(true)));
    assert_eq!(detail.get("review"), None, "not even why it is hidden");
    for part in ["decision", "report", "report.html", "report.md"] {
        let told = problem(operator.get(&format!("/api/v1/alarms/{id}/{part}")).await, 409).await;
        assert_eq!(told["type"], "urn:sereno:problem:judge_first");
    }
    let auditor = service.person(Role::Auditor).await;
    let seen = auditor.read(&format!("/api/v1/alarms/{id}")).await;
    assert_eq!(seen["decision"]["verdict"]["outcome"], "dismissed");
    assert_eq!(seen["review"]["reason"], "dismissal");

    let path = format!("/api/v1/alarms/{id}/dispositions");
    let unseen = json!({ "code": "real_no_threat", "approved_actions": ["send_guard"] });
    problem(operator.post(&path, &unseen).await, 422).await;
    let answer = operator.post(&path, &json!({ "code": "real_no_threat" })).await;
    let word: Value = answer.json().await.unwrap();
    assert_eq!(word.get("suggested"), None, "nothing was on the screen");
    let after = operator.read(&format!("/api/v1/alarms/{id}")).await;
    assert_eq!(after["decision"]["verdict"]["outcome"], "dismissed");
    assert_eq!((&after["blind"], &after["review"]["reason"]), (&json!(false), &json!("dismissal")));
    assert!(told(store, id).await.contains(&"oversight.review_drawn".to_owned()));
    assert!(!operator.read(&format!("/api/v1/alarms/{plain}")).await["decision"].is_null());
    assert!(store.grant_in_force("sample", "line_crossing").await.unwrap().is_some());
}

async fn a_real_threat_among_what_a_grant_covers_ends_it_at_once(db: &Database) {
    let store = db.store().await;
    let operator = person(Role::Operator);
    for found_blind in [true, false] {
        let grant = granted(db, &store).await;
        let n = if found_blind { 1 } else { 2 };
        let review = found_blind.then_some(ReviewReason::Dismissal);
        let id = dismissed(&store, n, Some(&grant), review).await;
        let other = dismissed(&store, n + 10, Some(&grant), Some(ReviewReason::Dismissal)).await;
        store.dispose(other, &said(DispositionCode::FalseDetection), &operator).await.unwrap();
        assert!(store.grant_in_force("sample", "line_crossing").await.unwrap().is_some());
        store.dispose(id, &said(DispositionCode::RealThreat), &operator).await.unwrap();
        assert_eq!(store.grant_in_force("sample", "line_crossing").await.unwrap(), None);
        let ended = store.grants(None, db_now(db)).await.unwrap();
        let end = ended.iter().find(|one| one.id == grant.id).unwrap().ended.clone().unwrap();
        assert_eq!((end.code, end.by), (GrantEndCode::FalseDismissal, None));
        assert!(end.because.contains(&id.to_string()));
    }
}

async fn a_grant_ends_by_its_time_and_can_be_given_again(db: &Database) {
    let store = db.store().await;
    let grant = granted(db, &store).await;
    let new = NewGrant {
        site: grant.site.clone(),
        kind: grant.kind.clone(),
        verdict: grant.verdict,
        expires_at: grant.expires_at,
        figures: String::new(),
    };
    assert!(
        store.grant(&new, 0.05, "", &person(Role::Manager)).await.is_err(),
        "it stands already"
    );
    db.advance(24 * 3_600);
    assert_eq!(store.grant_in_force("sample", "line_crossing").await.unwrap(), None);
    let id = dismissed(&store, 1, Some(&grant), None).await;
    assert_eq!(state(&store, id).await, AlarmState::Decided);
    granted(db, &store).await;
    let kept = store.grants(Some("sample"), grant.granted_at).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].ended.as_ref().unwrap().code, GrantEndCode::Expired);
}

async fn a_recorded_threat_is_shown_again_and_counts_nowhere_else(db: &Database) {
    let store = db.store().await;
    assert_eq!(store.seed_control("sample").await.unwrap(), None, "there is none to show");
    let id = store.accept(&sample::alarm(1), "sample").await.unwrap().id;
    let draft = sample::draft(id, &sample::alarm(1), Outcome::Verified, Severity::High);
    store.commit_decision(None, draft).await.unwrap();
    let operator = person(Role::Operator);
    store.dispose(id, &said(DispositionCode::RealThreat), &operator).await.unwrap();

    let control = store.seed_control("sample").await.unwrap().unwrap();
    let copy = store.alarm(control).await.unwrap().unwrap();
    assert_eq!(copy.alarm.captions, sample::alarm(1).captions);
    assert_eq!(copy.alarm.occurred_at, db_now(db));
    assert!(!copy.blind, "while it waits it is like any other");
    assert_eq!(store.seed_control("sample").await.unwrap(), None, "it rests for a month");
    let mut draft = sample::draft(control, &copy.alarm, Outcome::Verified, Severity::Critical);
    draft.review = None;
    store.commit_decision(None, draft).await.unwrap();
    let queued = store.queue(&QueueFilter::default()).await.unwrap();
    let item = queued.iter().find(|item| item.id == control).unwrap();
    assert_eq!((item.blind, item.severity), (true, None));
    store.dispose(control, &said(DispositionCode::RealThreat), &operator).await.unwrap();

    let figures = watch(db, &store).figures("sample").await.unwrap().unwrap();
    assert_eq!((figures.all.controls_seen.hits, figures.all.controls_seen.of), (1, 1));
    assert_eq!((figures.all.decided, figures.all.verified), (1, 1), "the copy is no alarm");
    assert_eq!(store.labelled("sample").await.unwrap().len(), 1, "nor does it teach");
    let later = db_now(db) + SignedDuration::from_secs(1);
    let recent = store.recent("sample", "gate-north", later, id).await.unwrap();
    assert_eq!(recent.last_day, 0);
}

async fn the_figures_count_what_happened(db: &Database) {
    let store = db.store().await;
    let operator = person(Role::Operator);
    let grant = granted(db, &store).await;
    for (n, code) in [(1, DispositionCode::RealThreat), (2, DispositionCode::RealNoThreat)] {
        let id = dismissed(&store, n, None, None).await;
        store.dispose(id, &said(code), &operator).await.unwrap();
    }
    for n in 3..7 {
        let id = dismissed(&store, n, None, Some(ReviewReason::Dismissal)).await;
        if n < 6 {
            store.dispose(id, &said(DispositionCode::Technical), &operator).await.unwrap();
        }
    }
    dismissed(&store, 7, Some(&grant), None).await;
    let figures = watch(db, &store).figures("sample").await.unwrap().unwrap();
    let all = &figures.all;
    assert_eq!((all.decided, all.dismissed, all.closed_without_person), (7, 7, 1));
    assert_eq!((all.overridden.hits, all.overridden.of), (1, 2));
    assert_eq!((all.false_dismissals.hits, all.false_dismissals.of), (0, 3));
    assert_eq!((all.false_dismissals.low, all.reviews_open), (Some(0.0), 1));
    assert_eq!(figures.cameras.len(), 1);
    assert_eq!(figures.cameras[0].camera, "gate-north");
    assert_eq!(figures.grants, [grant]);
    assert_eq!(figures.learning.version, 0);
    assert_eq!(figures.learning.more_threats_needed, 299);
    assert!(watch(db, &store).figures("elsewhere").await.unwrap().is_none());
    let again = watch(db, &store).figures("sample").await.unwrap().unwrap();
    assert_eq!(again.digest, figures.digest);
}

/// A document as `evaluation::learning` writes it, over models of this name.
fn document(version: u32, made_with: &str, below: Option<f64>) -> String {
    json!({
        "site": "sample", "version": version, "made_with": made_with, "head": null,
        "scale": {"slope": 1.0, "offset": -1.0},
        "bound": {"missed_at_most": 0.01, "confidence": 0.95, "threats": 320, "below": below,
            "missed": 0, "upper": 0.0093, "harmless_dismissed_share": 0.4, "more_threats_needed": 0},
    })
    .to_string()
}

async fn what_a_site_learns_is_kept_in_versions_and_can_be_taken_back(db: &Database) {
    let store = db.store().await;
    let (watch, manager) = (watch(db, &store), person(Role::Manager));
    assert_eq!(store.next_learned_version("sample").await.unwrap(), 1);
    store.keep_learned("sample", 1, &document(1, "test", Some(0.04)), &manager).await.unwrap();
    assert!(store.keep_learned("sample", 1, "{}", &manager).await.is_err(), "1 is taken");
    store.keep_learned("sample", 2, &document(2, "others", Some(0.9)), &manager).await.unwrap();
    watch.refresh().await.unwrap();
    assert_eq!(watch.learned.get("sample").unwrap().version, 2);
    let figures = watch.figures("sample").await.unwrap().unwrap();
    assert_eq!(figures.learning.below, None, "what was learned over other models bounds nothing");

    store.revert_learned("sample", 1, &manager).await.unwrap();
    watch.refresh().await.unwrap();
    let figures = watch.figures("sample").await.unwrap().unwrap();
    assert_eq!((figures.learning.version, figures.learning.below), (1, Some(0.04)));
    assert_eq!(figures.learning.threats, 320);
    assert!(store.revert_learned("sample", 7, &manager).await.is_err());

    // A grant stands on the scale that it was given on.
    let grant = granted(db, &store).await;
    watch.look().await.unwrap();
    let ended = store.grants(None, grant.granted_at).await.unwrap()[0].ended.clone().unwrap();
    assert_eq!(ended.code, GrantEndCode::ModelsChanged);
    store.revert_learned("sample", 0, &manager).await.unwrap();
    watch.refresh().await.unwrap();
    assert!(watch.learned.get("sample").is_none());
    let versions = store.learned_versions(None).await.unwrap();
    assert_eq!(
        versions.iter().map(|one| (one.version, one.in_force)).collect::<Vec<_>>(),
        [(2, false), (1, false)]
    );
}

#[tokio::test]
async fn autonomy_is_granted_by_a_manager_who_has_the_figures_in_view() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let manager = service.person(Role::Manager).await;
    let expires = (db_now(&db) + SignedDuration::from_hours(48)).to_string();
    let ask = |figures: &str| {
        json!({ "site": "sample", "kind": "line_crossing", "verdict": "dismissed",
            "expires_at": expires, "figures": figures })
    };
    let stale = problem(manager.post("/api/v1/autonomy", &ask("f")).await, 409).await;
    assert_eq!(stale["type"], "urn:sereno:problem:stale_figures");
    let figures = manager.read("/api/v1/quality?site=sample").await;
    let digest = figures["sites"][0]["digest"].as_str().unwrap().to_owned();
    let few = problem(manager.post("/api/v1/autonomy", &ask(&digest)).await, 409).await;
    assert_eq!(few["type"], "urn:sereno:problem:labels_do_not_suffice");
    assert!(few["detail"].as_str().unwrap().contains("299 more"), "{few}");

    let learned = document(1, "test", Some(0.04));
    service.store.keep_learned("sample", 1, &learned, &person(Role::Manager)).await.unwrap();
    for (field, value) in [
        ("verdict", json!("verified")),
        ("kind", json!("Mr Smith")),
        ("expires_at", json!("2027-11-23T00:00:00Z")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("site", json!("elsewhere")),
    ] {
        let mut wrong = ask(&digest);
        wrong[field] = value;
        let told = problem(manager.post("/api/v1/autonomy", &wrong).await, 422).await;
        assert_eq!(told["path"], field, "{told}");
    }
    let granted = manager.post("/api/v1/autonomy", &ask(&digest)).await;
    assert_eq!(granted.status(), 201);
    let grant: Value = granted.json().await.unwrap();
    assert_eq!((&grant["below"], &grant["granted_by"]), (&json!(0.04), &json!("manager-person")));
    let twice = problem(manager.post("/api/v1/autonomy", &ask(&digest)).await, 409).await;
    assert_eq!(twice["type"], "urn:sereno:problem:granted_already");

    let operator = service.person(Role::Operator).await;
    let seen = operator.read("/api/v1/autonomy").await;
    assert_eq!(seen["items"], json!([grant]), "everybody sees what is granted");
    let path = format!("/api/v1/autonomy/{}/withdrawal", grant["id"].as_str().unwrap());
    problem(operator.post(&path, &json!({ "because": " " })).await, 422).await;
    let back = operator.post(&path, &json!({ "because": "A fair on the car park." })).await;
    assert_eq!(back.status(), 204);
    problem(operator.post(&path, &json!({ "because": "Again." })).await, 404).await;
    let ended = operator.read("/api/v1/autonomy").await;
    assert_eq!(ended["items"][0]["ended"]["because"], "A fair on the car park.");
}

#[tokio::test]
async fn drift_ends_what_was_granted_and_says_why() {
    let db = Database::sqlite();
    let store = db.store().await;
    let (watch, manager) = (watch(&db, &store), person(Role::Manager));
    store.keep_learned("sample", 1, &document(1, "test", Some(0.04)), &manager).await.unwrap();
    let digest = watch.figures("sample").await.unwrap().unwrap().learning.sha256;
    let new = NewGrant {
        site: "sample".into(),
        kind: "line_crossing".into(),
        verdict: Outcome::Dismissed,
        expires_at: db_now(&db) + SignedDuration::from_hours(24),
        figures: String::new(),
    };
    store.grant(&new, 0.04, &digest, &manager).await.unwrap();
    let decide = async |n: u32, outcome: Outcome| {
        let id = store.accept(&sample::alarm(n), "sample").await.unwrap().id;
        let draft = sample::draft(id, &sample::alarm(n), outcome, Severity::Low);
        store.commit_decision(None, draft).await.unwrap();
        db.advance(1);
    };
    for n in 0..200 {
        decide(n, Outcome::Dismissed).await;
    }
    watch.look().await.unwrap();
    assert!(store.grant_in_force("sample", "line_crossing").await.unwrap().is_some(), "too few");
    for n in 200..400 {
        decide(n, Outcome::Verified).await;
    }
    watch.look().await.unwrap();
    assert_eq!(store.grant_in_force("sample", "line_crossing").await.unwrap(), None);
    let figures = watch.figures("sample").await.unwrap().unwrap();
    let up: Vec<_> = figures.drift.iter().filter(|one| one.raised).map(|one| one.code).collect();
    assert_eq!(up, [DriftSignCode::VerdictMix]);
    let end = figures.grants[0].ended.clone().unwrap();
    assert_eq!(end.code, GrantEndCode::Drift);
    assert!(end.because.starts_with("verdict_mix moved by"), "{}", end.because);
    let raised = "SELECT COUNT(*) FROM log_entry WHERE leaf LIKE '%drift.raised%'";
    assert_eq!(db.count(raised).await, 1);
    watch.look().await.unwrap();
    assert_eq!(db.count(raised).await, 1, "it is told once");
    let measured = "SELECT COUNT(*) FROM log_entry WHERE leaf LIKE '%quality.measured%'";
    assert_eq!(db.count(measured).await, 1, "so are the day's figures");
    db.settle().await;
}
