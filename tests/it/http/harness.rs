//! A server of one test, and clients that sign in.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use jiff::SignedDuration;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sereno::{
    app::{Desk, Watch},
    config::{IntakeLimits, Limits, Sites},
    domain::{AlarmId, Clock, Outcome, RandomIds, Role, Severity},
    http::{ApiState, Change, Readiness, ReportFormat, auth, router},
    model::site::SiteModels,
    policy::LivePolicies,
    store::Store,
};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::command::client;
use crate::database::{Database, sample};
use crate::policies::{proven, small};

/// Bytes that an alarm may have in these tests.
pub const BODY_BYTES: usize = 20_000;

/// A running server.
pub struct Service {
    /// Its store.
    pub store: Store,
    /// Woken after an alarm was accepted.
    pub wake: Arc<Notify>,
    /// Changes of alarms.
    pub changes: broadcast::Sender<Change>,
    /// Ends the streams.
    pub stopping: CancellationToken,
    address: SocketAddr,
    client: reqwest::Client,
    now: jiff::Timestamp,
}

impl Service {
    /// Serves `db`.
    pub async fn start(db: &Database) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        Self::start_with(db, recorder.handle(), |_| ()).await
    }

    /// Serves `db` with something changed.
    pub async fn start_with(
        db: &Database,
        metrics: PrometheusHandle,
        change: impl FnOnce(&mut ApiState),
    ) -> Self {
        let mut state = state(db, metrics).await;
        change(&mut state);
        let (store, wake) = (state.store.clone(), state.wake.clone());
        let (changes, stopping) = (state.changes.clone(), state.stopping.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(state).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let client = client();
        let now = db.clock.now();
        Self { store, wake, changes, stopping, address, client, now }
    }

    /// A request without any credential.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A GET without any credential.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Somebody of this role, with a session in the store.
    pub async fn person(&self, role: Role) -> Client<'_> {
        let name = format!("{role}-person");
        // The second session of the same person finds the account there.
        let _ = self.store.add_user(&name, role, "no password").await;
        let secret = auth::new_api_token(&RandomIds).token;
        let token = secret.trim_start_matches(auth::TOKEN_PREFIX).to_owned();
        let expires = self.now + SignedDuration::from_hours(12);
        self.store.add_session(&name, &auth::token_hash(&token), expires).await.unwrap();
        Client { service: self, header: "cookie", value: format!("sereno_session={token}") }
    }

    /// A program with a token of this role.
    pub async fn program(&self, role: Role) -> Client<'_> {
        let secret = auth::new_api_token(&RandomIds);
        let name = format!("{role}-{}", &secret.hash[..8]);
        self.store.add_token(&name, role, &secret.hash).await.unwrap();
        let value = format!("Bearer {}", secret.token);
        Client { service: self, header: "authorization", value }
    }

    /// A waiting alarm.
    pub async fn waiting(&self, n: u32) -> AlarmId {
        self.store.accept(&sample::alarm(n), "sample").await.unwrap().id
    }

    /// An alarm with a decision that recommends a guard (anybody approves) and the police (a
    /// supervisor approves).
    pub async fn decided(&self, n: u32) -> AlarmId {
        let id = self.waiting(n).await;
        let mut draft = sample::draft(id, &sample::alarm(n), Outcome::Verified, Severity::High);
        draft.verdict.actions = serde_json::from_value(json!([
            {"code": "send_guard", "urgency": "immediate", "approver": "operator", "rule": "r1", "because": "b"},
            {"code": "call_police", "urgency": "immediate", "approver": "supervisor", "rule": "r2", "because": "b"},
        ]))
        .unwrap();
        self.store.commit_decision(None, draft).await.unwrap();
        id
    }
}

/// Requests with a credential.
pub struct Client<'s> {
    service: &'s Service,
    header: &'static str,
    value: String,
}

impl Client<'_> {
    /// A request as the console or a program sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("x-sereno-csrf", "1")
    }

    /// The same without the header against forged requests.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.service.request(method, path).header(self.header, &self.value)
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// A GET that gives 200 and JSON.
    pub async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// A POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().await.unwrap()
    }
}

/// The problem document of a refusal, which must be complete.
pub async fn problem(response: Response, status: u16) -> Value {
    let answered = response.status();
    let media_type = response.headers()["content-type"].clone();
    let request_id = response.headers()["x-request-id"].clone();
    let text = response.text().await.unwrap();
    assert_eq!(answered, status, "{text}");
    assert_eq!(media_type, "application/problem+json");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], request_id.to_str().unwrap());
    for member in ["type", "title", "detail"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {text}");
    }
    problem
}

async fn state(db: &Database, metrics: PrometheusHandle) -> ApiState {
    let store = db.store().await;
    let watch = watch(db, &store);
    ApiState {
        site_ids: watch.sites.iter().map(|site| site.id.clone()).collect(),
        quality: Arc::new(move |site| {
            let watch = watch.clone();
            Box::pin(async move { watch.figures(&site).await })
        }),
        policies: Arc::new(Desk::new(
            store.clone(),
            Arc::new(LivePolicies::new(proven(&small()))),
            db.clock.clone(),
            None,
        )),
        store,
        clock: db.clock.clone(),
        ids: Arc::new(RandomIds),
        changes: broadcast::channel(64).0,
        wake: Arc::new(Notify::new()),
        metrics,
        ready: Arc::new(|| Readiness::Ready),
        log_vkey: db.vkey(),
        render: Arc::new(|report, format| match (format, report.get("broken")) {
            (_, Some(_)) => Err("template line 7 is broken".to_owned()),
            (ReportFormat::Html, _) => Ok("<p>report</p>".to_owned()),
            (ReportFormat::Markdown, _) => Ok("# report".to_owned()),
        }),
        resolve_site: Arc::new(|alarm| alarm.site.clone().unwrap_or_else(|| "sample".to_owned())),
        limits: Limits { body_bytes: BODY_BYTES, queue_open: 1000, alarm: IntakeLimits::default() },
        secure_cookies: false,
        stopping: CancellationToken::new(),
    }
}

/// What watches over the decisions of `sample::draft`.
pub fn watch(db: &Database, store: &Store) -> Watch {
    Watch {
        store: store.clone(),
        sites: Arc::new(Sites::embedded().unwrap()),
        learned: SiteModels::default(),
        made_with: "test".into(),
        clock: db.clock.clone(),
        ids: Arc::new(RandomIds),
        wake: Arc::new(Notify::new()),
        recorded: Arc::default(),
    }
}

/// Fails a test that would otherwise wait for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come"))
}
