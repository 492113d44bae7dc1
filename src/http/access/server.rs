//! What the handlers share. Its store can be reached from `access` alone.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Limits,
    domain::{Alarm, AlarmId, SiteQuality},
    http::{
        ApiState, Change, PolicyDesk, Readiness, RenderReport, auth, sign_in_limit::SignInLimit,
    },
    store::{AlarmState, Counts, Store, StoreError},
};

/// Event streams open at once. Each costs a connection and a few kilobytes.
const MOST_STREAMS: usize = 256;

/// Passwords hashed at once: each takes 19 MiB and a core for 20 ms.
const MOST_HASHINGS: usize = 4;

/// How long figures that were shown count as being on the screen.
const FIGURES_LAST: SignedDuration = SignedDuration::from_mins(15);

/// Seconds for which the length of the queue is believed, so that each alarm need not count it.
const COUNTED_FOR: SignedDuration = SignedDuration::from_secs(1);

/// What every handler may use without asking who is there. The store is not among it.
#[derive(Clone)]
pub(in crate::http) struct Server(Arc<Inner>);

struct Inner {
    state: ApiState,
    sign_ins: SignInLimit,
    hashings: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    verifications: Arc<Semaphore>,
    waiting: Mutex<Option<(Timestamp, u64)>>,
    /// Quality figures that were shown: site, digest, when.
    shown: Mutex<Vec<(String, String, Timestamp)>>,
}

impl Server {
    /// Takes over what the application composed.
    pub(in crate::http) fn new(state: ApiState) -> Self {
        Self(Arc::new(Inner {
            state,
            sign_ins: SignInLimit::default(),
            hashings: Arc::new(Semaphore::new(MOST_HASHINGS)),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            verifications: Arc::new(Semaphore::new(1)),
            waiting: Mutex::new(None),
            shown: Mutex::new(Vec::new()),
        }))
    }

    /// A new request id.
    pub(in crate::http) fn new_id(&self) -> String {
        self.0.state.ids.new_id(self.0.state.clock.as_ref()).to_string()
    }

    /// Whether browsers come by https.
    pub(in crate::http) fn secure_cookies(&self) -> bool {
        self.0.state.secure_cookies
    }

    /// Renders reports for people.
    pub(in crate::http) fn render(&self) -> &RenderReport {
        &self.0.state.render
    }

    /// The metrics as Prometheus reads them. What the store counts is asked for now; where it does
    /// not answer, the rest is told all the same.
    pub(in crate::http) async fn metrics(&self) -> String {
        let figure = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        match self.store().counts().await {
            Ok(counts) => {
                let Counts { waiting, decided, closed, closed_without_person, .. } = counts;
                let Counts { entries, jobs_dead, .. } = counts;
                for (state, count) in [
                    ("waiting", waiting),
                    ("decided", decided),
                    ("closed", closed),
                    ("closed_without_person", closed_without_person),
                ] {
                    metrics::gauge!("sereno_alarms", "state" => state).set(figure(count));
                }
                metrics::gauge!("sereno_log_entries").set(figure(entries));
                metrics::gauge!("sereno_jobs_dead").set(figure(jobs_dead));
            }
            Err(error) => tracing::warn!(%error, "alarms cannot be counted for the metrics"),
        }
        self.0.state.metrics.render()
    }

    /// Whether alarms are being decided.
    pub(in crate::http) fn readiness(&self) -> Readiness {
        (self.0.state.ready)()
    }

    /// The log's verifier key.
    pub(in crate::http) fn log_vkey(&self) -> &str {
        &self.0.state.log_vkey
    }

    /// The sites that somebody described.
    pub(in crate::http) fn site_ids(&self) -> &[String] {
        &self.0.state.site_ids
    }

    /// How well the system does at a site; nothing where nobody described it.
    pub(in crate::http) async fn quality(
        &self,
        site: &str,
    ) -> Result<Option<SiteQuality>, StoreError> {
        (self.0.state.quality)(site.to_owned()).await
    }

    /// These figures are on somebody's screen now.
    pub(in crate::http) fn remember_figures(&self, figures: &SiteQuality) {
        let now = self.now();
        let mut shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|(_, digest, at)| {
            now.duration_since(*at) < FIGURES_LAST && *digest != figures.digest
        });
        shown.push((figures.site.clone(), figures.digest.clone(), now));
    }

    /// Whether figures of this digest were shown for the site lately.
    pub(in crate::http) fn has_shown(&self, site: &str, digest: &str) -> bool {
        let now = self.now();
        let shown = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter().any(|(of, one, at)| {
            of == site && one == digest && now.duration_since(*at) < FIGURES_LAST
        })
    }

    /// Bounds on what strangers may send.
    pub(in crate::http) fn limits(&self) -> &Limits {
        &self.0.state.limits
    }

    /// The site of `alarm`.
    pub(in crate::http) fn site_of(&self, alarm: &Alarm) -> String {
        (self.0.state.resolve_site)(alarm)
    }

    /// Tells the streams that an alarm changed. Nobody listening is no error.
    pub(in crate::http) fn announce(&self, id: AlarmId, state: AlarmState) {
        let _ = self.0.state.changes.send(Change { id, state });
    }

    /// Wakes the worker.
    pub(in crate::http) fn wake_worker(&self) {
        self.0.state.wake.notify_one();
    }

    /// Changes from now on.
    pub(in crate::http) fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.state.changes.subscribe()
    }

    /// Resolves when the service stops.
    pub(in crate::http) fn stopping(&self) -> CancellationToken {
        self.0.state.stopping.clone()
    }

    /// A place among the open streams, or nothing where all are taken.
    pub(in crate::http) fn stream_place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    /// The right to verify the log, which reads all of it; one at a time.
    pub(in crate::http) fn verification_place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.verifications.clone().try_acquire_owned().ok()
    }

    /// Who works with policies: for `access` alone, which gives it to whoever may.
    pub(super) fn desk(&self) -> &dyn PolicyDesk {
        self.0.state.policies.as_ref()
    }

    /// The store: for `access` alone, which gives it to whoever has a right to it.
    pub(super) fn store(&self) -> &Store {
        &self.0.state.store
    }

    /// The time.
    pub(in crate::http) fn now(&self) -> Timestamp {
        self.0.state.clock.now()
    }

    /// How often a log-in may be tried.
    pub(super) fn sign_ins(&self) -> &SignInLimit {
        &self.0.sign_ins
    }

    /// A token for a new session.
    pub(super) fn new_session_token(&self) -> auth::Secret {
        auth::new_session_token(self.0.state.ids.as_ref())
    }

    /// Alarms that wait for a decision, counted at most once a second.
    pub(super) async fn waiting(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let counted = *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, waiting)) = counted
            && now.duration_since(at).abs() < COUNTED_FOR
        {
            return Ok(waiting);
        }
        let waiting = self.store().counts().await?.waiting;
        *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, waiting));
        Ok(waiting)
    }

    /// Checks a password on a thread that may block. A user who does not exist costs the same.
    pub(super) async fn check_password(&self, password: String, hash: Option<String>) -> bool {
        let Ok(permit) = self.0.hashings.clone().acquire_owned().await else { return false };
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            auth::verify_password(&password, hash.as_deref())
        })
        .await
        .unwrap_or(false)
    }
}
