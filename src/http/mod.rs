//! The HTTP interface: every route on one screen, and what the application hands to it.

mod access;
mod api;
pub mod auth;
mod body;
mod console;
mod cookie;
mod desk;
mod observe;
mod openapi;
mod problem;
mod sign_in_limit;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{delete, get, post},
};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

use crate::{
    config::Limits,
    domain::{Alarm, Clock, IdSource, SiteQuality},
    store::{Store, StoreError},
};

pub use crate::store::Change;
use api::{
    change_policy::{
        approve_policy, backtest_policy, propose_policy, roll_back_policy, withdraw_policy,
    },
    check_health::check_health,
    check_readiness::check_readiness,
    close_session::close_session,
    dispose_alarm::dispose_alarm,
    grant_autonomy::{grant_autonomy, list_grants, withdraw_autonomy},
    list_alarms::list_alarms,
    list_entries::list_entries,
    open_session::open_session,
    print_report::print_html,
    print_report::print_markdown,
    receive_alarm::receive_alarm,
    show_alarm::show_alarm,
    show_checkpoint::show_checkpoint,
    show_decision::show_decision,
    show_log::show_log,
    show_metrics::show_metrics,
    show_openapi::show_openapi,
    show_policies::{export_policy, list_policies, show_policy},
    show_quality::show_quality,
    show_report::show_report,
    show_session::show_session,
    stream_changes::stream_changes,
    verify_log::verify_log,
};
pub use desk::{PolicyDesk, PolicyDeskError, PolicyFolder};
pub use openapi::openapi_json;

/// Renders a report's JSON; the error is for the log, never for the client.
pub type RenderReport = Arc<dyn Fn(&Value, ReportFormat) -> Result<String, String> + Send + Sync>;

/// Finds the site of an alarm that may not name one.
pub type ResolveSite = Arc<dyn Fn(&Alarm) -> String + Send + Sync>;

/// Asks whether alarms are being decided; must answer at once, from memory.
pub type AskReadiness = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// Measures how well the system does at a site; nothing where nobody described it.
pub type AskQuality = Arc<
    dyn Fn(String) -> BoxFuture<'static, Result<Option<SiteQuality>, StoreError>> + Send + Sync,
>;

/// What the handlers work with. Serve the router with connection information
/// (`into_make_service_with_connect_info::<SocketAddr>()`): without it every client counts as
/// one stranger for the log-in limit, and none is local.
#[derive(Clone)]
pub struct ApiState {
    /// Where everything is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where session tokens and request ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Each change of an alarm's state; the worker sends here too.
    pub changes: broadcast::Sender<Change>,
    /// Wakes the worker after an alarm was accepted.
    pub wake: Arc<Notify>,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Whether alarms are being decided.
    pub ready: AskReadiness,
    /// The log's verifier key, `origin+hash+base64`.
    pub log_vkey: String,
    /// Renders reports for people.
    pub render: RenderReport,
    /// Finds an alarm's site.
    pub resolve_site: ResolveSite,
    /// The sites that somebody described.
    pub site_ids: Arc<[String]>,
    /// Measures how well the system does.
    pub quality: AskQuality,
    /// Works with policies.
    pub policies: Arc<dyn PolicyDesk>,
    /// Bounds on what strangers may send.
    pub limits: Limits,
    /// Whether browsers reach this service by https alone: marks the session cookie `Secure` and
    /// sends HSTS. Forwarding headers are not believed in its place.
    pub secure_cookies: bool,
    /// Cancelled when the service stops: ends the event streams, which would never end by themselves.
    pub stopping: CancellationToken,
}

/// Whether alarms are being decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// They are.
    Ready,
    /// A model is missing: alarms are accepted, and every one goes to a person.
    Degraded,
}

/// What a report is rendered to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A page to print.
    Html,
    /// Text with marks.
    Markdown,
}

/// Bytes of a proposed version with all its files.
const POLICY_BYTES: usize = 12 * 1024 * 1024;

/// Every route. Who may use one stands in its handler's first argument (`CanRead`, `CanSend`, …).
pub fn router(state: ApiState) -> Router {
    let body_bytes = state.limits.body_bytes;
    let server = access::Server::new(state);
    let bounded = Router::new()
        .route("/api/v1/session", post(open_session))
        .route("/api/v1/session", get(show_session))
        .route("/api/v1/session", delete(close_session))
        .route("/api/v1/alarms/{id}/dispositions", post(dispose_alarm))
        .route("/api/v1/autonomy", get(list_grants))
        .route("/api/v1/autonomy", post(grant_autonomy))
        .route("/api/v1/autonomy/{id}/withdrawal", post(withdraw_autonomy))
        .route("/api/v1/policies/{digest}/withdrawal", post(withdraw_policy))
        .layer(DefaultBodyLimit::max(body::SMALL_BODY_BYTES))
        .route("/api/v1/policies", get(list_policies))
        .route("/api/v1/policies/{digest}", get(show_policy))
        .route("/api/v1/policies/{digest}/cedar.json", get(export_policy))
        .route("/api/v1/quality", get(show_quality))
        .route("/api/v1/alarms", get(list_alarms))
        .route("/api/v1/alarms", post(receive_alarm).layer(DefaultBodyLimit::max(body_bytes)))
        .route("/api/v1/alarms/{id}", get(show_alarm))
        .route("/api/v1/alarms/{id}/decision", get(show_decision))
        .route("/api/v1/alarms/{id}/report", get(show_report))
        .route("/api/v1/alarms/{id}/report.html", get(print_html))
        .route("/api/v1/alarms/{id}/report.md", get(print_markdown))
        .route("/api/v1/log/status", get(show_log))
        .route("/api/v1/log/entries", get(list_entries))
        .route("/api/openapi.json", get(show_openapi))
        .route("/log/checkpoint", get(show_checkpoint))
        .route("/metrics", get(show_metrics))
        .route("/healthz", get(check_health))
        .route("/readyz", get(check_readiness))
        .fallback(console::serve)
        .layer(from_fn_with_state(observe::QUICK, observe::bound_time))
        .layer(CompressionLayer::new());
    let long = Router::new()
        .route("/api/v1/log/verification", post(verify_log))
        .route("/api/v1/policies/{digest}/backtest", post(backtest_policy))
        .route("/api/v1/policies/{digest}/approval", post(approve_policy))
        .route("/api/v1/policies/rollback", post(roll_back_policy))
        .layer(DefaultBodyLimit::max(body::SMALL_BODY_BYTES))
        .route("/api/v1/policies", post(propose_policy).layer(DefaultBodyLimit::max(POLICY_BYTES)))
        .layer(from_fn_with_state(observe::LONG, observe::bound_time));
    Router::new()
        .route("/api/v1/stream", get(stream_changes))
        .merge(long)
        .merge(bounded)
        .layer(from_fn_with_state(server.clone(), observe::observe))
        .with_state(server)
}
