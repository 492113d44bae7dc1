//! The store as its callers know it, on both databases: alarms, jobs, decisions, dispositions, people.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use sereno::{
    audit::{Event, EventKind},
    domain::{
        AlarmId, DispositionCode, NewDisposition, Outcome, Role, Severity, User,
        disposition::Disposition,
    },
    store::{AlarmState, Job, QueueFilter, Store, StoreError},
};
use tokio::task::JoinSet;

use crate::database::{Database, both_databases, sample};

both_databases!(
    an_accepted_alarm_comes_back_as_it_arrived,
    a_repeated_alarm_gets_the_first_answer,
    an_alarm_that_comes_eight_times_at_once_is_one,
    eight_workers_never_share_a_job,
    jobs_come_urgent_first_and_again_when_their_worker_dies,
    jobs_of_a_dead_process_are_free_at_the_next_start,
    an_alarm_is_decided_once,
    steps_are_recorded_in_order_and_the_verdict_is_the_record,
    the_queue_is_most_urgent_first,
    earlier_alarms_of_a_camera_are_counted,
    a_disposition_closes_and_never_touches_the_verdict,
    people_are_let_in_by_what_they_may,
    sessions_run_out_end_and_fall_with_their_user,
    what_is_not_there_is_said_to_be_missing,
);

async fn accepted(store: &Store, n: u32) -> AlarmId {
    store.accept(&sample::alarm(n), "sample").await.unwrap().id
}

async fn decided(store: &Store, n: u32, outcome: Outcome, severity: Severity) -> AlarmId {
    let id = accepted(store, n).await;
    let draft = sample::draft(id, &sample::alarm(n), outcome, severity);
    store.commit_decision(None, draft).await.unwrap();
    id
}

fn operator() -> User {
    User { name: "maria".into(), role: Role::Operator }
}

fn said(code: DispositionCode) -> NewDisposition {
    NewDisposition {
        code,
        reason_code: Some("gate_left_open".into()),
        note: Some("The driver of lorry 12 forgot his key.".into()),
        approved_actions: Vec::new(),
        dwell_ms: Some(4_200),
    }
}

/// Runs `count` tasks at once and returns what they gave.
async fn at_once<F>(count: u32, task: impl Fn(u32) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..count {
        tasks.spawn(task(n));
    }
    tasks.join_all().await
}

async fn an_accepted_alarm_comes_back_as_it_arrived(db: &Database) {
    let store = db.store().await;
    let accepted = store.accept(&sample::alarm(1), "sample").await.unwrap();
    assert!(accepted.fresh && accepted.decision.is_none());
    let stored = store.alarm(accepted.id).await.unwrap().unwrap();
    assert_eq!(stored.alarm, sample::alarm(1));
    assert_eq!((stored.site.as_str(), stored.state), ("sample", AlarmState::Waiting));
    assert_eq!(stored.received_at, accepted.received_at);

    let entries = store.entries(0, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].leaf.contains(r#""type":"alarm.received""#));
    for personal in ["grey hood", "gate-north", "event-1", "test:vms", "NO ENTRY"] {
        assert!(!entries[0].leaf.contains(personal), "`{personal}` stands in the leaf for ever");
    }
    assert_eq!(store.counts().await.unwrap().waiting, 1);
}

async fn a_repeated_alarm_gets_the_first_answer(db: &Database) {
    let store = db.store().await;
    let first = store.accept(&sample::alarm(1), "sample").await.unwrap();
    db.advance(60);
    let again = store.accept(&sample::alarm(1), "elsewhere").await.unwrap();
    assert_eq!((again.id, again.fresh, again.received_at), (first.id, false, first.received_at));
    assert_eq!(store.counts().await.unwrap().entries, 1);

    let draft = sample::draft(first.id, &sample::alarm(1), Outcome::Verified, Severity::High);
    let decision = store.commit_decision(None, draft).await.unwrap();
    let after = store.accept(&sample::alarm(1), "sample").await.unwrap();
    assert_eq!(after.decision, Some(decision));

    let mut other = sample::alarm(1);
    other.captions.clear();
    let answer = store.accept(&other, "sample").await.unwrap();
    assert!(!answer.fresh);
    assert_eq!(store.alarm(first.id).await.unwrap().unwrap().alarm, sample::alarm(1));
    let last = store.entries(2, 1).await.unwrap().remove(0);
    assert!(
        last.leaf.contains("alarm.repeated"),
        "another content is worth an entry: {}",
        last.leaf
    );
}

async fn an_alarm_that_comes_eight_times_at_once_is_one(db: &Database) {
    let store = db.store().await;
    let other = db.store().await;
    let answers = at_once(8, |n| {
        let store = if n % 2 == 0 { store.clone() } else { other.clone() };
        async move { store.accept(&sample::alarm(1), "sample").await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|one| one.fresh).count(), 1);
    assert!(answers.iter().all(|one| one.id == answers[0].id));
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.entries), (1, 1));
    assert_eq!(db.count("SELECT COUNT(*) FROM job").await, 1);
}

async fn eight_workers_never_share_a_job(db: &Database) {
    let store = db.store().await;
    for n in 0..100 {
        accepted(&store, n).await;
    }
    let claimed = at_once(8, |n| {
        let store = store.clone();
        async move {
            let mut jobs = Vec::new();
            let lease = Duration::from_mins(1);
            while let Some(job) = store.claim_job(&format!("worker-{n}"), lease).await.unwrap() {
                jobs.push(job.id);
            }
            jobs
        }
    })
    .await;
    let mut ids: Vec<String> = claimed.into_iter().flatten().collect();
    assert_eq!(ids.len(), 100, "every job is claimed");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100, "none is claimed twice");
}

async fn claim(store: &Store) -> Option<Job> {
    store.claim_job("worker", Duration::from_mins(1)).await.unwrap()
}

async fn jobs_of_a_dead_process_are_free_at_the_next_start(db: &Database) {
    let store = db.store().await;
    let alarm = accepted(&store, 1).await;
    claim(&store).await.unwrap();
    let restarted = db.store().await;
    restarted.release_jobs().await.unwrap();
    let claimed = claim(&restarted).await.map(|job| job.alarm);
    if db.url.starts_with("postgres") {
        assert_eq!(claimed, None, "another process may be alive and at work on it");
        db.advance(61);
        assert_eq!(claim(&restarted).await.unwrap().alarm, alarm);
    } else {
        assert_eq!(claimed, Some(alarm));
    }
}

async fn jobs_come_urgent_first_and_again_when_their_worker_dies(db: &Database) {
    let store = db.store().await;
    let first = accepted(&store, 1).await;
    db.advance(1);
    accepted(&store, 2).await;
    db.advance(1);
    let mut panic_button = sample::alarm(3);
    panic_button.kind = "panic_button".into();
    let urgent = store.accept(&panic_button, "sample").await.unwrap().id;

    let job = claim(&store).await.unwrap();
    assert_eq!((job.alarm, job.attempt, job.urgent), (urgent, 1, true));
    let job = claim(&store).await.unwrap();
    assert_eq!((job.alarm, job.urgent), (first, false));
    store.retry_job(&job, Duration::from_secs(30), "model_timeout").await.unwrap();
    assert_ne!(claim(&store).await.unwrap().alarm, first);
    assert_eq!(claim(&store).await, None, "all are leased or put off");

    db.advance(31);
    let again = claim(&store).await.unwrap();
    assert_eq!((again.alarm, again.attempt), (first, 2));
    // The first lease is over: giving that one back must not take the job from its new owner.
    store.retry_job(&job, Duration::ZERO, "late").await.unwrap();
    assert_eq!(claim(&store).await, None);

    db.advance(61);
    assert_eq!(claim(&store).await.unwrap().alarm, urgent, "a lease that has run out is free");

    let mut job = claim(&store).await.unwrap();
    while store.counts().await.unwrap().jobs_dead == 0 {
        assert!(job.attempt < 20, "a job that always fails is never counted as dead");
        store.retry_job(&job, Duration::ZERO, "model_failed").await.unwrap();
        job = claim(&store).await.unwrap();
    }
    assert_eq!(job.attempt, 10);
}

async fn an_alarm_is_decided_once(db: &Database) {
    let store = db.store().await;
    let id = accepted(&store, 1).await;
    let job = Arc::new(claim(&store).await.unwrap());
    let outcomes = [Outcome::Verified, Outcome::Dismissed, Outcome::Uncertain, Outcome::Verified];
    let decisions = at_once(4, |n| {
        let (store, job) = (store.clone(), job.clone());
        let outcome = outcomes[n as usize];
        let draft = sample::draft(id, &sample::alarm(1), outcome, Severity::High);
        async move { store.commit_decision(Some(&job), draft).await.unwrap() }
    })
    .await;
    assert!(decisions.iter().all(|one| *one == decisions[0]), "all get the first decision");
    assert_eq!(store.decision(id).await.unwrap().as_ref(), Some(&decisions[0]));
    assert_eq!(store.report(id).await.unwrap().unwrap()["title"], "Somebody at the gate");
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.decided, counts.entries), (0, 1, 2));
    assert_eq!(claim(&store).await, None);
    assert_eq!(db.count("SELECT COUNT(*) FROM job").await, 0);
}

async fn steps_are_recorded_in_order_and_the_verdict_is_the_record(db: &Database) {
    let store = db.store().await;
    store.set_policy_digest("p1");
    let id = accepted(&store, 1).await;
    let mut draft = sample::draft(id, &sample::alarm(1), Outcome::Verified, Severity::High);
    let now = "2026-11-23T22:00:01Z".parse().unwrap();
    draft.events = [EventKind::AgentStep, EventKind::AlarmVerdict, EventKind::ReportGenerated]
        .map(|kind| Event::new(kind, now).personal("text", "What the model said."))
        .to_vec();
    let decision = store.commit_decision(None, draft).await.unwrap();
    let entries = store.entries(0, 10).await.unwrap();
    let kinds: Vec<String> = entries
        .iter()
        .map(|one| {
            serde_json::from_str::<serde_json::Value>(&one.leaf).unwrap()["type"].to_string()
        })
        .collect();
    assert_eq!(
        kinds,
        ["\"alarm.received\"", "\"agent.step\"", "\"alarm.verdict\"", "\"report.generated\""]
    );
    assert_eq!((decision.record.entry, &decision.record.hash), (2, &entries[2].leaf_hash));
    // All entries of one alarm share its data key and follow from its arrival.
    let leaf = |n: usize| serde_json::from_str::<serde_json::Value>(&entries[n].leaf).unwrap();
    for n in 1..4 {
        assert_eq!(leaf(n)["dek_id"], leaf(0)["dek_id"]);
        assert_eq!(leaf(n)["refs"][0], leaf(0)["event_id"]);
        assert_eq!(leaf(n)["alarm_id"], id.to_string());
        assert_eq!(leaf(n)["policy_digest"], "p1");
    }
}

async fn the_queue_is_most_urgent_first(db: &Database) {
    let store = db.store().await;
    let low = decided(&store, 1, Outcome::Dismissed, Severity::Low).await;
    let high = decided(&store, 2, Outcome::Uncertain, Severity::High).await;
    let high_verified = decided(&store, 3, Outcome::Verified, Severity::High).await;
    let waiting = accepted(&store, 4).await;
    db.advance(1);
    let later = accepted(&store, 5).await;
    let closed = decided(&store, 6, Outcome::Verified, Severity::Critical).await;
    let critical = decided(&store, 7, Outcome::Uncertain, Severity::Critical).await;
    store.dispose(closed, &said(DispositionCode::RealThreat), &operator()).await.unwrap();

    let queue = store.queue(&QueueFilter::default()).await.unwrap();
    let ids: Vec<AlarmId> = queue.iter().map(|one| one.id).collect();
    assert_eq!(ids, [critical, waiting, later, high_verified, high, low, closed]);
    assert_eq!(queue[0].headline.as_deref(), Some("Somebody in a grey hood climbs over gate 7."));
    assert_eq!(queue[0].severity, Some(Severity::Critical));
    assert_eq!(queue[1].outcome, None);
    assert_eq!(queue[6].disposition, Some(DispositionCode::RealThreat));

    let page = QueueFilter { limit: 2, offset: 1, ..QueueFilter::default() };
    let ids: Vec<AlarmId> = store.queue(&page).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(ids, [waiting, later]);
    let only = QueueFilter { state: Some(AlarmState::Closed), ..QueueFilter::default() };
    assert_eq!(store.queue(&only).await.unwrap().len(), 1);
    let elsewhere = QueueFilter { site: Some("elsewhere".into()), ..QueueFilter::default() };
    assert_eq!(store.queue(&elsewhere).await.unwrap(), []);
}

async fn earlier_alarms_of_a_camera_are_counted(db: &Database) {
    let store = db.store().await;
    let times = [
        "2026-11-23T21:59:59Z", // within the hour
        "2026-11-23T21:00:00Z", // exactly an hour before
        "2026-11-23T20:59:59Z", // earlier the same day
        "2026-11-22T21:59:59Z", // more than a day before
        "2026-11-23T22:00:01Z", // afterwards
    ];
    let mut ids = Vec::new();
    for (n, time) in (0..).zip(times) {
        let alarm = sample::alarm_at(n, time);
        let id = store.accept(&alarm, "sample").await.unwrap().id;
        let draft = sample::draft(id, &alarm, Outcome::Uncertain, Severity::Low);
        store.commit_decision(None, draft).await.unwrap();
        ids.push(id);
    }
    store.dispose(ids[0], &said(DispositionCode::RealThreat), &operator()).await.unwrap();
    store.dispose(ids[1], &said(DispositionCode::FalseDetection), &operator()).await.unwrap();
    let before = "2026-11-23T22:00:00Z".parse().unwrap();
    let recent = store.recent("sample", "gate-north", before, ids[4]).await.unwrap();
    assert_eq!((recent.last_hour, recent.last_day), (2, 3));
    assert_eq!((recent.real_threats_last_day, recent.harmless_last_day), (1, 1));
    let without = store.recent("sample", "gate-north", before, ids[0]).await.unwrap();
    assert_eq!((without.last_hour, without.real_threats_last_day), (1, 0));
    let other = store.recent("sample", "dock", before, ids[4]).await.unwrap();
    assert_eq!(other.last_day, 0);
}

async fn a_disposition_closes_and_never_touches_the_verdict(db: &Database) {
    let store = db.store().await;
    let waiting = accepted(&store, 1).await;
    let refused = store.dispose(waiting, &said(DispositionCode::Test), &operator()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");

    let id = decided(&store, 2, Outcome::Dismissed, Severity::Low).await;
    let before = store.decision(id).await.unwrap();
    let first = store.dispose(id, &said(DispositionCode::RealThreat), &operator()).await.unwrap();
    assert_eq!(first.suggested, Some(Outcome::Dismissed));
    let second = store.dispose(id, &said(DispositionCode::Technical), &operator()).await.unwrap();
    let kept: Vec<Disposition> = store.dispositions(id).await.unwrap();
    assert_eq!(kept, [first, second], "a later word stands beside the earlier one");
    assert_eq!(store.decision(id).await.unwrap(), before);
    assert_eq!(store.alarm(id).await.unwrap().unwrap().state, AlarmState::Closed);

    let last = store.entries(0, 100).await.unwrap().pop().unwrap();
    assert!(last.leaf.contains("oversight.disposition") && last.leaf.contains("gate_left_open"));
    for personal in ["maria", "lorry"] {
        assert!(!last.leaf.contains(personal), "`{personal}` stands in the leaf for ever");
    }
}

async fn people_are_let_in_by_what_they_may(db: &Database) {
    let store = db.store().await;
    assert!(!store.has_users().await.unwrap());
    store.add_user("maria", Role::Operator, "hash-1").await.unwrap();
    assert!(store.has_users().await.unwrap());
    let twice = store.add_user("maria", Role::Admin, "hash-2").await;
    assert!(matches!(&twice, Err(StoreError::Conflict(why)) if why.contains("maria")), "{twice:?}");
    let (user, hash) = store.user_credentials("maria").await.unwrap().unwrap();
    assert_eq!((user.role, hash.as_str()), (Role::Operator, "hash-1"));
    store.set_role("maria", Role::Auditor).await.unwrap();
    assert_eq!(store.user_credentials("maria").await.unwrap().unwrap().0.role, Role::Auditor);
    store.disable_user("maria").await.unwrap();
    assert_eq!(store.user_credentials("maria").await.unwrap(), None);
    assert!(!store.has_users().await.unwrap());

    store.add_token("vms", Role::Source, "token-hash").await.unwrap();
    let token = store.token_user("token-hash").await.unwrap().unwrap();
    assert_eq!((token.name.as_str(), token.role), ("vms", Role::Source));
    assert_eq!(store.token_user("other").await.unwrap(), None);
    assert!(store.add_token("vms", Role::Source, "token-hash-2").await.is_err());

    let entries = store.entries(0, 100).await.unwrap();
    assert_eq!(entries.len(), 4, "every change of who may do what is an entry");
    assert!(
        entries.iter().all(|one| one.leaf.contains("change.user") && !one.leaf.contains("maria"))
    );
}

async fn sessions_run_out_end_and_fall_with_their_user(db: &Database) {
    let store = db.store().await;
    store.add_user("maria", Role::Operator, "hash").await.unwrap();
    let expires = "2026-11-23T22:00:10Z".parse().unwrap();
    assert!(matches!(
        store.add_session("nobody", "s0", expires).await,
        Err(StoreError::NotFound("user"))
    ));
    for token in ["s1", "s2"] {
        store.add_session("maria", token, expires).await.unwrap();
    }
    assert_eq!(store.session_user("s1").await.unwrap(), Some(operator()));
    store.end_session("s1").await.unwrap();
    assert_eq!(store.session_user("s1").await.unwrap(), None);
    db.advance(9);
    assert!(store.session_user("s2").await.unwrap().is_some());
    db.advance(1);
    assert_eq!(store.session_user("s2").await.unwrap(), None, "it has run out");

    let later = "2026-11-24T22:00:00Z".parse().unwrap();
    store.add_session("maria", "s3", later).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM user_session").await, 1, "old ones are cleared");
    store.disable_user("maria").await.unwrap();
    assert_eq!(store.session_user("s3").await.unwrap(), None);
    assert!(store.add_session("maria", "s4", later).await.is_err());
}

async fn what_is_not_there_is_said_to_be_missing(db: &Database) {
    let store = db.store().await;
    let nobody = AlarmId(uuid::Uuid::nil());
    assert!(store.alarm(nobody).await.unwrap().is_none());
    assert!(store.decision(nobody).await.unwrap().is_none());
    assert!(store.report(nobody).await.unwrap().is_none());
    assert_eq!(store.dispositions(nobody).await.unwrap(), []);
    let disposed = store.dispose(nobody, &said(DispositionCode::Test), &operator()).await;
    assert!(matches!(disposed, Err(StoreError::NotFound("alarm"))), "{disposed:?}");
    let draft = sample::draft(nobody, &sample::alarm(1), Outcome::Uncertain, Severity::Low);
    let decided = store.commit_decision(None, draft).await;
    assert!(matches!(decided, Err(StoreError::NotFound("alarm"))), "{decided:?}");
    assert!(matches!(store.set_role("x", Role::Admin).await, Err(StoreError::NotFound("user"))));
    assert!(matches!(store.disable_user("x").await, Err(StoreError::NotFound("user"))));
    assert_eq!(store.counts().await.unwrap().entries, 0, "what failed left no entry");
}
