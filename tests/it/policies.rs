//! The life cycle of policies: proposed, checked, tried, approved by a second person, in force, and back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use sereno::{
    app::Desk,
    assessment::Depth,
    audit::{Event, EventKind},
    config::Sites,
    domain::{Outcome, PolicyFile, PolicyState, RandomIds, ReviewReason, Role, Severity, User},
    http::{PolicyDesk as _, PolicyFolder},
    model::{
        Completion, GenerateRequest, LanguageModel, ModelError, ModelManifest, Urgency,
        absent::Absent, site::SiteModels,
    },
    pipeline::{Parts, Pipeline, Settings},
    policy::{Draft, LivePolicies, Policies},
    prompts::Prompts,
    reports::Language,
    store::{LiveReason, PolicyCheck, Store, StoreError},
    worker::Worker,
};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    command::{Service as Binary, client, complaint, run, sereno},
    database::{Database, both_databases, sample},
    http::harness::{Client, Service, problem, soon},
};

both_databases!(
    a_version_goes_its_way_to_being_in_force_and_back,
    whoever_proposed_cannot_approve,
    a_faulty_version_stays_a_draft,
    what_was_tried_beside_another_version_is_tried_again,
    a_version_that_another_service_put_in_force_decides_here_too,
    what_another_build_left_in_force_is_carried_over,
    two_first_starts_at_once_make_one_version,
    an_alarm_is_finished_under_the_version_that_it_was_begun_under,
    whoever_opens_the_store_names_in_its_entries_what_is_in_force,
);

const DANGER: &str = r#"@id("danger")
@severity("high")
@because("A danger is plainly seen.")
@cites("T-1")
permit (principal, action == Sereno::Action::"verify", resource)
when { resource.danger == Presence::"present" };
"#;

const DANGER_CASE: &str = r#"[[case]]
id = "danger_is_seen"
[case.facts]
danger = "present"
[case.expect]
fires = ["danger"]
"#;

/// Verifies every line crossing before any model reads it.
const CROSSING: &str = r#"@id("crossing")
@severity("high")
@because("Nobody may cross the line.")
@cites("T-2")
@settles("verified")
permit (principal, action == Sereno::Action::"verify", resource)
when { resource.kind == "line_crossing" };
"#;

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile { name: name.to_owned(), text: text.to_owned() }
}

/// A small set of files, which the others change.
pub fn small() -> Vec<PolicyFile> {
    vec![file("danger.cases.toml", DANGER_CASE), file("danger.cedar", DANGER)]
}

/// The same with one more file, sorted as versions keep them.
fn with(name: &str, text: &str) -> Vec<PolicyFile> {
    let mut files: Vec<PolicyFile> = small().into_iter().chain([file(name, text)]).collect();
    files.sort_unstable();
    files
}

/// The rules of `files`, proven.
pub fn proven(files: &[PolicyFile]) -> Policies {
    Draft::sent(files.to_vec()).unwrap().prove().unwrap()
}

fn digest(files: &[PolicyFile]) -> String {
    Draft::sent(files.to_vec()).unwrap().digest().to_owned()
}

/// Makes the folder hold these files and no other.
fn write(folder: &Path, files: &[PolicyFile]) {
    for entry in fs::read_dir(folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for file in files {
        fs::write(folder.join(&file.name), &file.text).unwrap();
    }
}

/// What is governed in a test.
struct Governed {
    service: Service,
    desk: Arc<Desk>,
    policies: Arc<LivePolicies>,
    folder: TempDir,
}

impl Governed {
    /// A service after its first start with the small set in its folder.
    async fn start(db: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &small());
        let (desk, policies) = desk(db, folder.path(), &small()).await;
        desk.start(None).await.unwrap();
        let recorder = PrometheusBuilder::new().build_recorder();
        let shared = Arc::clone(&desk);
        let service =
            Service::start_with(db, recorder.handle(), |state| state.policies = shared).await;
        Self { service, desk, policies, folder }
    }

    fn in_force(&self) -> String {
        self.policies.current().digest().to_owned()
    }

    async fn admin(&self) -> Client<'_> {
        self.service.person(Role::Admin).await
    }

    async fn manager(&self) -> Client<'_> {
        self.service.person(Role::Manager).await
    }
}

/// A desk of its own over the database, as another service or the next start has it.
async fn desk(
    db: &Database,
    folder: &Path,
    loaded: &[PolicyFile],
) -> (Arc<Desk>, Arc<LivePolicies>) {
    let policies = Arc::new(LivePolicies::new(proven(loaded)));
    let shared = Arc::clone(&policies);
    let desk = Desk::new(db.store().await, shared, db.clock.clone(), Some(folder.to_owned()));
    (Arc::new(desk), policies)
}

async fn post(client: &Client<'_>, path: &str, body: Value, status: u16) -> Value {
    let response = client.post(&format!("/api/v1/policies{path}"), &body).await;
    let answered = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(answered, status, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn refused(client: &Client<'_>, path: &str, body: Value, code: &str) -> Value {
    let status = match code {
        "policy_not_found" => 404,
        "invalid_policy" | "invalid_words" => 422,
        _ => 409,
    };
    let told = client.post(&format!("/api/v1/policies{path}"), &body).await;
    let told = problem(told, status).await;
    assert_eq!(told["type"], format!("urn:sereno:problem:{code}"), "{told}");
    told
}

/// Proposes files and tries them; returns the digest.
async fn tried(client: &Client<'_>, note: &str, files: &[PolicyFile]) -> String {
    let version = post(client, "", json!({ "note": note, "files": files }), 201).await;
    let digest = version["digest"].as_str().unwrap().to_owned();
    post(client, &format!("/{digest}/backtest"), json!({}), 200).await;
    digest
}

/// The leaves about policies, in the order of the log.
async fn told(store: &Store) -> Vec<Value> {
    let leaves = store.entries(0, 1_000).await.unwrap();
    let leaves = leaves.iter().map(|entry| serde_json::from_str::<Value>(&entry.leaf).unwrap());
    leaves
        .filter(|leaf| {
            let kind = leaf["type"].as_str().unwrap();
            kind.starts_with("policy.") || kind == "change.policy"
        })
        .collect()
}

async fn state(db: &Database, digest: &str) -> PolicyState {
    db.store().await.policy(digest).await.unwrap().unwrap().state
}

async fn a_version_goes_its_way_to_being_in_force_and_back(db: &Database) {
    let governed = Governed::start(db).await;
    let (manager, admin) = (governed.manager().await, governed.admin().await);
    let operator = governed.service.person(Role::Operator).await;
    let first = digest(&small());
    let list = operator.read("/api/v1/policies").await;
    assert_eq!((&list["live"], &list["previous"]), (&json!(first), &Value::Null));
    assert_eq!(list["folder"]["problem"], Value::Null);
    assert_eq!(list["folder"]["path"], governed.folder.path().display().to_string());
    assert_eq!(list["items"][0]["proposed_by"], "sereno");

    // An alarm on which the two versions differ.
    governed.service.waiting(1).await;
    let store = &governed.service.store;
    let id = store.accept(&sample::alarm(2), "sample").await.unwrap().id;
    let draft = sample::draft(id, &sample::alarm(2), Outcome::Uncertain, Severity::Low);
    store.commit_decision(None, draft).await.unwrap();

    db.advance(60);
    let files = with("crossing.cedar", CROSSING);
    let version =
        post(&manager, "", json!({ "note": "Nobody crosses.", "files": files }), 201).await;
    let second = digest(&files);
    assert_eq!(version["digest"], second);
    assert_eq!(version["state"], "checked");
    assert_eq!((&version["rules"], &version["cases"]), (&json!(2), &json!([1, 1])));
    refused(&admin, &format!("/{second}/approval"), json!({}), "not_backtested").await;
    let tried = post(&manager, &format!("/{second}/backtest"), json!({}), 200).await;
    assert_eq!((&tried["digest"], &tried["against"]), (&json!(second), &json!(first)));
    assert_eq!((&tried["alarms"], &tried["changed"]), (&json!(1), &json!(1)), "{tried}");
    assert_eq!(tried["changes"][0]["alarm"]["id"], json!(id));
    assert_eq!(state(db, &second).await, PolicyState::Backtested);
    assert_eq!(governed.in_force(), first, "nothing has changed yet");

    db.advance(60);
    let approved = post(&admin, &format!("/{second}/approval"), json!({}), 200).await;
    assert_eq!(approved["state"], "live");
    assert_eq!(approved["approved_by"], "admin-person");
    assert_eq!(governed.in_force(), second);
    let list = operator.read("/api/v1/policies").await;
    assert_eq!((&list["live"], &list["previous"]), (&json!(second), &json!(first)));
    let states: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["live", "retired"]);
    assert_eq!(list["items"][0]["backtest"]["changes"], json!([]), "only in its own document");

    let old = operator.read(&format!("/api/v1/policies/{first}")).await;
    assert_eq!(old["files"], json!(small()));
    assert_eq!(old["rules"][0]["id"], "danger");
    let new = operator.read(&format!("/api/v1/policies/{second}")).await;
    assert_eq!(new["version"]["backtest"]["changes"][0]["alarm"]["id"], json!(id));
    assert_eq!(new["rules"][0]["file"], "crossing.cedar");
    assert_eq!(new["sites"][0]["rules"], 2);
    let cedar = operator.read(&format!("/api/v1/policies/{second}/cedar.json")).await;
    assert_eq!(cedar["crossing"]["effect"], "permit");
    problem(operator.get(&format!("/api/v1/policies/{}", "0".repeat(64))).await, 404).await;

    let words = json!({ "because": "Too many false ones." });
    let back = post(&manager, "/rollback", words.clone(), 200).await;
    assert_eq!((&back["digest"], &back["state"]), (&json!(first), &json!("live")));
    assert_eq!(back["because"], "Too many false ones.");
    assert_eq!(governed.in_force(), first);
    refused(&manager, "/rollback", words, "nothing_before").await;
    let known = json!({ "note": "Again.", "files": small() });
    refused(&manager, "", known, "known_version").await;
    let again = post(&manager, "", json!({ "note": "Again.", "files": files }), 201).await;
    assert_eq!(again["state"], "checked", "what was taken back can be proposed again");
    the_log_has_the_whole_way(&governed.service.store, &first, &second).await;
}

/// What the log tells of the life of `second` beside `first`.
async fn the_log_has_the_whole_way(store: &Store, first: &str, second: &str) {
    let leaves = told(store).await;
    let steps: Vec<(&str, &str)> = leaves
        .iter()
        .map(|leaf| (leaf["type"].as_str().unwrap(), leaf["data"]["digest"].as_str().unwrap()))
        .collect();
    assert_eq!(
        steps,
        [
            ("policy.proposed", first),
            ("policy.checked", first),
            ("change.policy", first),
            ("policy.proposed", second),
            ("policy.checked", second),
            ("policy.backtested", second),
            ("policy.approved", second),
            ("change.policy", second),
            ("change.policy", first),
            ("policy.proposed", second),
            ("policy.checked", second),
        ]
    );
    let change = |at: usize| &leaves[at]["data"];
    assert_eq!(change(2), &json!({ "before": null, "digest": first, "reason": "first_start" }));
    assert_eq!(change(7), &json!({ "before": first, "digest": second, "reason": "approved" }));
    assert_eq!(change(8), &json!({ "before": second, "digest": first, "reason": "rolled_back" }));
    let roles: Vec<_> = leaves.iter().map(|leaf| leaf["actor"]["role"].as_str()).collect();
    let (manager, admin) = (Some("manager"), Some("admin"));
    assert_eq!(roles[..4], [None, None, None, manager]);
    assert_eq!(roles[4..9], [None, manager, admin, admin, manager]);
    for leaf in &leaves {
        assert_eq!(leaf["art12_2"], "a");
        let text = leaf.to_string();
        for personal in ["-person", "Nobody crosses", "Too many"] {
            assert!(!text.contains(personal), "{text}");
        }
    }
    assert_eq!(leaves[5]["data"]["alarms"], 1);
    assert_eq!(leaves[3]["payload_class"], "staff");
}

async fn whoever_proposed_cannot_approve(db: &Database) {
    let governed = Governed::start(db).await;
    let manager = governed.manager().await;
    let digest = tried(&manager, "A line.", &with("crossing.cedar", CROSSING)).await;
    let path = format!("/{digest}/approval");
    let told = refused(&manager, &path, json!({}), "second_person_needed").await;
    assert!(told["detail"].as_str().unwrap().contains("second person"), "{told}");
    // The store holds it, too.
    let proposer = User { name: "manager-person".into(), role: Role::Manager };
    let held = governed.service.store.approve_policy(&digest, &proposer).await.unwrap_err();
    assert!(matches!(held, StoreError::Conflict(_)), "{held}");
    assert_eq!(state(db, &digest).await, PolicyState::Backtested);
    post(&governed.admin().await, &path, json!({}), 200).await;

    // What nobody proposed is approved by somebody else than who tried it.
    let files = with("other.cedar", &CROSSING.replace("line_crossing", "duress"));
    write(governed.folder.path(), &files);
    for _ in 0..2 {
        governed.desk.look().await.unwrap();
    }
    let found = self::digest(&files);
    post(&manager, &format!("/{found}/backtest"), json!({}), 200).await;
    let path = format!("/{found}/approval");
    refused(&manager, &path, json!({}), "second_person_needed").await;
    let approved = post(&governed.admin().await, &path, json!({}), 200).await;
    assert_eq!(approved["proposed_by"], "sereno");
    assert_eq!(approved["tried_by"], "manager-person");
    assert!(approved["note"].as_str().unwrap().starts_with("Found in the policy folder"));
    assert_eq!(governed.in_force(), found);
}

async fn a_faulty_version_stays_a_draft(db: &Database) {
    let governed = Governed::start(db).await;
    let (manager, admin) = (governed.manager().await, governed.admin().await);
    let faulty = with("crossing.cedar", &CROSSING.replace("permit", "forbit"));
    let proposal = json!({ "note": "A slip of the pen.", "files": faulty });
    let version = post(&manager, "", proposal.clone(), 201).await;
    assert_eq!(version["state"], "draft");
    let problems = version["problems"].as_array().unwrap();
    assert!(problems[0].as_str().unwrap().starts_with("crossing.cedar:6: "), "{version}");
    let digest = version["digest"].as_str().unwrap();
    refused(&admin, &format!("/{digest}/backtest"), json!({}), "not_checked").await;
    refused(&admin, &format!("/{digest}/approval"), json!({}), "not_backtested").await;
    let document = admin.read(&format!("/api/v1/policies/{digest}")).await;
    assert_eq!((&document["rules"], &document["files"]), (&json!([]), &json!(faulty)));
    let told =
        problem(admin.get(&format!("/api/v1/policies/{digest}/cedar.json")).await, 409).await;
    assert_eq!(told["type"], "urn:sereno:problem:not_sound");
    refused(&manager, "", proposal.clone(), "known_version").await;

    let withdrawal = format!("/{digest}/withdrawal");
    refused(&manager, &withdrawal, json!({ "because": " " }), "invalid_words").await;
    let taken = post(&admin, &withdrawal, json!({ "because": "A slip." }), 200).await;
    assert_eq!((&taken["state"], &taken["because"]), (&json!("withdrawn"), &json!("A slip.")));
    refused(&manager, &withdrawal, json!({ "because": "Again." }), "not_on_its_way").await;
    let again = post(&manager, "", proposal, 201).await;
    assert_eq!((&again["state"], &again["because"]), (&json!("draft"), &Value::Null));

    // Cases and invariants count, too.
    let failing = DANGER_CASE.replace("\"present\"", "\"absent\"");
    let mild = CROSSING.replace("verified", "dismissed").replace("verify", "dismiss");
    for (name, text, said) in [
        ("more.cases.toml", failing.replace("danger_is_seen", "x").as_str(), "case `x` failed"),
        ("mild.cedar", mild.as_str(), "could be dismissed"),
    ] {
        let files = with(name, text);
        let version = post(&manager, "", json!({ "note": "N.", "files": files }), 201).await;
        assert_eq!(version["state"], "draft");
        assert!(version["problems"].to_string().contains(said), "{version}");
    }
    for (files, field, code) in [
        (json!([{ "name": "../x.cedar", "text": "" }]), "files", "invalid_policy"),
        (json!([]), "files", "invalid_policy"),
    ] {
        let told = refused(&manager, "", json!({ "note": "N.", "files": files }), code).await;
        assert_eq!(told["path"], field);
    }
    let nameless = json!({ "note": "\u{7}", "files": small() });
    assert_eq!(refused(&manager, "", nameless, "invalid_words").await["path"], "note");
    let strange = json!({ "note": "N.", "files": small(), "state": "live" });
    problem(manager.post("/api/v1/policies", &strange).await, 422).await;
    for step in ["backtest", "approval"] {
        let path = format!("/{}/{step}", "e".repeat(64));
        refused(&manager, &path, json!({}), "policy_not_found").await;
    }
    assert_eq!(governed.in_force(), self::digest(&small()));
}

async fn what_was_tried_beside_another_version_is_tried_again(db: &Database) {
    let governed = Governed::start(db).await;
    let (manager, admin) = (governed.manager().await, governed.admin().await);
    let one = tried(&manager, "One.", &with("crossing.cedar", CROSSING)).await;
    let other = CROSSING.replace("line_crossing", "duress");
    let two = tried(&manager, "Two.", &with("crossing.cedar", &other)).await;
    post(&admin, &format!("/{one}/approval"), json!({}), 200).await;
    refused(&admin, &format!("/{two}/approval"), json!({}), "stale_backtest").await;
    let admin_user = User { name: "admin-person".into(), role: Role::Admin };
    assert!(governed.service.store.approve_policy(&two, &admin_user).await.is_err());
    post(&admin, &format!("/{two}/backtest"), json!({ "since": "2026-01-01T00:00:00Z" }), 200)
        .await;
    post(&admin, &format!("/{two}/approval"), json!({}), 200).await;
    assert_eq!(governed.in_force(), two);
    for before in [&one, &digest(&small())] {
        let back = post(&admin, "/rollback", json!({ "because": "Step by step." }), 200).await;
        assert_eq!(&back["digest"], before);
    }
}

async fn a_version_that_another_service_put_in_force_decides_here_too(db: &Database) {
    let governed = Governed::start(db).await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &small());
    let (elsewhere, policies) = desk(db, folder.path(), &small()).await;
    elsewhere.start(None).await.unwrap();
    let manager = governed.manager().await;
    let digest = tried(&manager, "A line.", &with("crossing.cedar", CROSSING)).await;
    post(&governed.admin().await, &format!("/{digest}/approval"), json!({}), 200).await;
    assert_ne!(policies.current().digest(), digest);
    elsewhere.look().await.unwrap();
    assert_eq!(policies.current().digest(), digest);
    assert_eq!(elsewhere.in_force(), digest);
    let admin = User { name: "admin-person".into(), role: Role::Admin };
    elsewhere.roll_back("Elsewhere.", &admin).await.unwrap();
    governed.desk.look().await.unwrap();
    assert_eq!(governed.in_force(), self::digest(&small()));
}

async fn what_another_build_left_in_force_is_carried_over(db: &Database) {
    let store = db.store().await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &small());
    let check = |digest: char| PolicyCheck {
        digest: digest.to_string().repeat(64),
        rules: 1,
        ..PolicyCheck::default()
    };
    // Another schema gave these files another digest.
    let files = with("crossing.cedar", CROSSING);
    let first = LiveReason::FirstStart;
    store.begin_policy("Of old.", &files, &check('a'), first, None).await.unwrap();
    let (desk_, policies) = desk(db, folder.path(), &small()).await;
    desk_.start(None).await.unwrap();
    let carried = digest(&files);
    assert_eq!(policies.current().digest(), carried);
    let live = store.live_policy().await.unwrap().unwrap();
    assert_eq!((live.digest.as_str(), live.reason), (carried.as_str(), LiveReason::CarriedOver));
    assert_eq!(state(db, &"a".repeat(64)).await, PolicyState::Retired);
    assert_eq!(store.policy_files(&carried).await.unwrap().unwrap(), files);
    assert_eq!(store.previous_policy().await.unwrap(), None, "it is the same version");
    let (again, policies) = desk(db, folder.path(), &small()).await;
    again.start(None).await.unwrap();
    assert_eq!(policies.current().digest(), carried);
    assert_eq!(told(&store).await.len(), 8, "a second start carries nothing over: {carried}");

    // What this build cannot load at all is replaced by what it can.
    let before = Some(carried.as_str());
    let unknown = with("new.cedar", &CROSSING.replace("resource.kind", "resource.later"));
    let carried_over = LiveReason::CarriedOver;
    store.begin_policy("Of later.", &unknown, &check('b'), carried_over, before).await.unwrap();
    again.look().await.unwrap();
    assert_eq!(policies.current().digest(), carried, "what decides goes on");
    let (fallback, policies) = desk(db, folder.path(), &small()).await;
    fallback.start(None).await.unwrap();
    assert_eq!(policies.current().digest(), digest(&small()));
    assert_eq!(store.live_policy().await.unwrap().unwrap().digest, digest(&small()));
    let last = told(&store).await.pop().unwrap();
    assert_eq!(last["data"]["reason"], "carried_over");
    assert_eq!(last["data"]["before"], "b".repeat(64));
}

async fn two_first_starts_at_once_make_one_version(db: &Database) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &small());
    let (one, _) = desk(db, folder.path(), &small()).await;
    let (other, _) = desk(db, folder.path(), &small()).await;
    let (first, second) = tokio::join!(one.start(None), other.start(None));
    first.unwrap();
    second.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM policy_live").await, 1);
    assert_eq!(told(&db.store().await).await.len(), 3);
}

/// A language model that says nothing until it is let go.
struct Held {
    manifest: ModelManifest,
    asked: Notify,
    free: Semaphore,
}

#[async_trait]
impl LanguageModel for Held {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len() / 4
    }

    fn context_tokens(&self) -> usize {
        100_000
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError> {
        if request.urgency != Urgency::Background {
            self.asked.notify_one();
            let _free = self.free.acquire().await;
        }
        Err(ModelError::Failed("it has nothing to say".to_owned()))
    }
}

fn held() -> Arc<Held> {
    let manifest = ModelManifest {
        name: "held".to_owned(),
        sha256: "0".repeat(64),
        adapter_sha256: None,
        form_sha256: None,
        runtime: "test".to_owned(),
    };
    Arc::new(Held { manifest, asked: Notify::new(), free: Semaphore::new(0) })
}

/// What decides the alarms of `db` under the policies in force.
async fn worker(db: &Database, governed: &Governed, model: Arc<Held>) -> Worker {
    let parts = Parts {
        policies: Arc::clone(&governed.policies),
        sites: Arc::new(Sites::embedded().unwrap()),
        model,
        classifier: Arc::new(Absent::new("classifier", &ModelError::Failed("none".into()))),
        prompts: Prompts::embedded().unwrap(),
        clock: db.clock.clone(),
        learned: SiteModels::default(),
    };
    let settings = Settings {
        deadline: Duration::from_mins(1),
        seed: 1,
        language: Language::En,
        depth: Depth::Verdict,
    };
    Worker {
        name: "w".into(),
        store: governed.service.store.clone(),
        pipeline: Arc::new(Pipeline::new(parts, settings).await),
        sites: Arc::new(Sites::embedded().unwrap()),
        ids: Arc::new(RandomIds),
        wake: Arc::clone(&governed.service.wake),
        changes: governed.service.changes.clone(),
    }
}

async fn an_alarm_is_finished_under_the_version_that_it_was_begun_under(db: &Database) {
    let governed = Governed::start(db).await;
    let (manager, admin) = (governed.manager().await, governed.admin().await);
    let store = governed.service.store.clone();
    let first = digest(&small());
    let second = tried(&manager, "A line.", &with("crossing.cedar", CROSSING)).await;
    let model = held();
    let worker = worker(db, &governed, Arc::clone(&model)).await;
    let decision = async |id| store.decision(id).await.unwrap().unwrap();

    let begun = governed.service.waiting(1).await;
    let working = tokio::spawn({
        let worker = worker.clone();
        async move { worker.work_once().await }
    });
    soon("the model's question", model.asked.notified()).await;
    post(&admin, &format!("/{second}/approval"), json!({}), 200).await;
    assert_eq!(governed.in_force(), second);
    let next = governed.service.waiting(2).await;
    assert!(worker.work_once().await.unwrap(), "another worker takes the next one");
    let after = decision(next).await;
    assert_eq!((after.verdict.outcome, &after.ruling.policy_digest), (Outcome::Verified, &second));

    model.free.add_permits(10);
    assert!(soon("the first decision", working).await.unwrap().unwrap());
    let before = decision(begun).await;
    assert_eq!(
        (before.verdict.outcome, &before.ruling.policy_digest),
        (Outcome::Uncertain, &first)
    );

    post(&admin, "/rollback", json!({ "because": "Too many." }), 200).await;
    let last = governed.service.waiting(3).await;
    assert!(worker.work_once().await.unwrap());
    let back = decision(last).await;
    assert_eq!((back.verdict.outcome, &back.ruling.policy_digest), (Outcome::Uncertain, &first));
    assert_eq!(store.counts().await.unwrap().waiting, 0, "none was dropped");
}

#[tokio::test]
async fn a_folder_that_breaks_vanishes_and_comes_back_leaves_what_is_in_force() {
    let db = Database::sqlite();
    let governed = Governed::start(&db).await;
    let operator = governed.service.person(Role::Operator).await;
    let first = digest(&small());
    let looked = async |wanted: &str| {
        for _ in 0..2 {
            governed.desk.look().await.unwrap();
        }
        let list = operator.read("/api/v1/policies").await;
        let problem = list["folder"]["problem"].as_str().unwrap_or_default().to_owned();
        assert!(problem.contains(wanted) && problem.is_empty() == wanted.is_empty(), "{list}");
        assert_eq!(governed.in_force(), first);
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(looked("").await, 1);
    let path = governed.folder.path();
    write(path, &with("crossing.cedar", "permit (principal, action, resource"));
    assert_eq!(looked("crossing.cedar:1: ").await, 1, "a faulty folder proposes nothing");
    write(path, &with("more.cases.toml", &DANGER_CASE.replace("\"present\"", "\"absent\"")));
    assert_eq!(looked("two cases have the id").await, 1);
    fs::remove_dir_all(path).unwrap();
    assert_eq!(looked("No such file").await, 1);
    fs::create_dir(path).unwrap();
    write(path, &small());
    assert_eq!(looked("").await, 1, "all is well again");
    write(path, &with("crossing.cedar", CROSSING));
    assert_eq!(looked("").await, 2, "what is new and sound is proposed");
    write(path, &small());
    assert_eq!(looked("").await, 2);

    // The same by itself, as the service does it.
    let stop = CancellationToken::new();
    let running = tokio::spawn(Arc::clone(&governed.desk).run(stop.clone()));
    fs::write(path.join("danger.cedar"), DANGER.replace("T-1", "T-9")).unwrap();
    let patience = tokio::time::Instant::now() + Duration::from_mins(1);
    loop {
        let list = operator.read("/api/v1/policies").await;
        if list["items"].as_array().unwrap().len() == 3 {
            break;
        }
        assert!(tokio::time::Instant::now() < patience, "it was not proposed: {list}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.cancel();
    running.await.unwrap();
    db.settle().await;
}

#[tokio::test]
async fn a_restart_keeps_what_was_approved_whatever_the_folder_says() {
    let db = Database::sqlite();
    let governed = Governed::start(&db).await;
    let manager = governed.manager().await;
    let digest = tried(&manager, "A line.", &with("crossing.cedar", CROSSING)).await;
    post(&governed.admin().await, &format!("/{digest}/approval"), json!({}), 200).await;

    let (next, policies) = desk(&db, governed.folder.path(), &small()).await;
    next.start(None).await.unwrap();
    assert_eq!(policies.current().digest(), digest);
    assert_eq!(db.store().await.policies().await.unwrap().len(), 2, "the folder's is known");

    // Even one that is not known, or faulty, or gone.
    let other = with("other.cedar", &CROSSING.replace("crossing", "other"));
    write(governed.folder.path(), &other);
    let (next, policies) = desk(&db, governed.folder.path(), &other).await;
    next.start(None).await.unwrap();
    assert_eq!(policies.current().digest(), digest);
    let versions = db.store().await.policies().await.unwrap();
    let found = versions.iter().find(|one| one.digest == self::digest(&other)).unwrap();
    assert_eq!((found.state, found.proposed_by.as_str()), (PolicyState::Checked, "sereno"));
    let gone = governed.folder.path().join("gone");
    let (next, policies) = desk(&db, &gone, &small()).await;
    next.start(Some("the folder is gone")).await.unwrap();
    assert_eq!(policies.current().digest(), digest);
    assert!(next.folder().problem.is_some());
    db.settle().await;
}

/// A command such as `sereno user add` decides nothing and loads no policies; its entries name the same.
async fn whoever_opens_the_store_names_in_its_entries_what_is_in_force(db: &Database) {
    let digest = digest(&small());
    let check = PolicyCheck { digest: digest.clone(), ..PolicyCheck::default() };
    let first = LiveReason::FirstStart;
    db.store().await.begin_policy("N.", &small(), &check, first, None).await.unwrap();
    let store = db.store().await;
    let now = sereno::domain::Clock::now(&*db.clock);
    let place = store.record(Event::new(EventKind::SystemStop, now)).await.unwrap();
    let entry = store.entries(place.entry, 1).await.unwrap().remove(0);
    let leaf: Value = serde_json::from_str(&entry.leaf).unwrap();
    assert_eq!(leaf["policy_digest"], digest);
}

#[tokio::test]
async fn what_a_newer_program_ships_is_proposed_where_there_is_no_folder() {
    let db = Database::sqlite();
    // What an older program shipped is in force.
    let older = proven(&small());
    let check = PolicyCheck { digest: older.digest().to_owned(), ..PolicyCheck::default() };
    let store = db.store().await;
    let first = LiveReason::FirstStart;
    store.begin_policy("Of old.", &small(), &check, first, None).await.unwrap();
    db.advance(60);
    let shipped = Policies::shipped().unwrap();
    let newer = shipped.digest().to_owned();
    let policies = Arc::new(LivePolicies::new(shipped));
    let shared = Arc::clone(&policies);
    let desk = Desk::new(db.store().await, shared, db.clock.clone(), None);
    desk.start(None).await.unwrap();
    assert_eq!(policies.current().digest(), check.digest, "the older ones stay in force");
    assert_eq!(desk.folder(), PolicyFolder::default());
    let versions = store.policies().await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!((&versions[0].digest, versions[0].state), (&newer, PolicyState::Checked));
    assert!(versions[0].note.starts_with("Came with Sereno"), "{}", versions[0].note);
    desk.look().await.unwrap();
    db.settle().await;
}

#[tokio::test]
async fn an_alarm_that_is_judged_blind_is_in_no_backtest_of_whoever_judges_it() {
    let db = Database::sqlite();
    let governed = Governed::start(&db).await;
    let store = &governed.service.store;
    let mut ids = Vec::new();
    for (n, review) in [(1, None), (2, Some(ReviewReason::Dismissal))] {
        let id = store.accept(&sample::alarm(n), "sample").await.unwrap().id;
        let mut draft = sample::draft(id, &sample::alarm(n), Outcome::Dismissed, Severity::None);
        draft.review = review;
        store.commit_decision(None, draft).await.unwrap();
        ids.push(json!(id));
    }
    let manager = governed.manager().await;
    let files = with("crossing.cedar", CROSSING);
    let version = post(&manager, "", json!({ "note": "N.", "files": files }), 201).await;
    let digest = version["digest"].as_str().unwrap();
    let alarms = |backtest: &Value| -> BTreeSet<String> {
        let changes = backtest["changes"].as_array().unwrap().iter();
        changes.map(|change| change["alarm"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let all: BTreeSet<String> = ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let open = BTreeSet::from([ids[0].as_str().unwrap().to_owned()]);
    let tried = post(&manager, &format!("/{digest}/backtest"), json!({}), 200).await;
    assert_eq!((&tried["changed"], alarms(&tried)), (&json!(2), open.clone()));
    for (role, sees) in [
        (Role::Operator, &open),
        (Role::Manager, &open),
        (Role::Auditor, &all),
        (Role::Admin, &all),
    ] {
        let reader = governed.service.person(role).await;
        let document = reader.read(&format!("/api/v1/policies/{digest}")).await;
        assert_eq!(&alarms(&document["version"]["backtest"]), sees, "{role}");
    }
    db.settle().await;
}

#[tokio::test]
async fn a_proposal_may_be_large_but_not_endless() {
    let db = Database::sqlite();
    let governed = Governed::start(&db).await;
    let manager = governed.manager().await;
    let large = |files: usize| {
        let text = format!("// {}\n", "x".repeat(1_000_000));
        let more = (0..files).map(|n| file(&format!("c{n}.cedar"), &text));
        json!({ "note": "Large.", "files": small().into_iter().chain(more).collect::<Vec<_>>() })
    };
    post(&manager, "", large(11), 201).await;
    problem(manager.post("/api/v1/policies", &large(13)).await, 413).await;
    db.settle().await;
}

/// Starts the real service and stops it once it answers.
async fn runs(data: &Path) -> bool {
    let service = Binary::start(data, &[]);
    let answer = client().get(format!("{}/healthz", service.url)).send().await.unwrap();
    assert!(answer.status().is_success());
    tokio::task::spawn_blocking(|| service.stop()).await.unwrap()
}

#[tokio::test]
async fn a_broken_folder_stops_the_first_start_and_no_other() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(folder.path(), &small());
    let settings = |data: &Path| {
        let text = format!("policies_dir = {:?}\n", folder.path().display().to_string());
        fs::write(data.join("sereno.toml"), text).unwrap();
    };
    settings(data.path());
    assert!(runs(data.path()).await, "it stops in good order");
    write(folder.path(), &[file("a.cedar", "permit")]);
    assert!(runs(data.path()).await, "it starts with what is in force");
    let fresh = tempfile::tempdir().unwrap();
    settings(fresh.path());
    let output = run(sereno(fresh.path(), &["serve"]), "");
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    assert!(complaint(&output).contains("a.cedar:1"), "{}", complaint(&output));
    write(folder.path(), &small());
    let verified = run(sereno(data.path(), &["log", "verify", "--json"]), "");
    assert!(verified.status.success(), "{}", complaint(&verified));
}
