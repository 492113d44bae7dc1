//! Who may reach what: the store lies behind extractor types, so that a handler that names none
//! of them cannot touch a record.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{ApiState, Change, auth, cookie, problem::Problem, sign_in_limit::SignInLimit};
use crate::{
    domain::{Alarm, AlarmId, Role, User},
    store::{AlarmState, Store, StoreError},
};

/// A cross-site form cannot set a header, so its presence shows that our own console asks.
const CSRF: HeaderName = HeaderName::from_static("x-sereno-csrf");

/// Event streams open at once. Each costs a connection and a few kilobytes.
const MOST_STREAMS: usize = 256;

/// Passwords hashed at once: each takes 19 MiB and a core for 20 ms.
const MOST_HASHINGS: usize = 4;

/// Seconds for which the length of the queue is believed, so that each alarm need not count it.
const COUNTED_FOR: SignedDuration = SignedDuration::from_secs(1);

/// What every handler may use without asking who is there. The store is not among it.
#[derive(Clone)]
pub(super) struct Server(Arc<Inner>);

struct Inner {
    state: ApiState,
    sign_ins: SignInLimit,
    hashings: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    verifications: Arc<Semaphore>,
    waiting: Mutex<Option<(Timestamp, u64)>>,
}

impl Server {
    /// Takes over what the application composed.
    pub(super) fn new(state: ApiState) -> Self {
        Self(Arc::new(Inner {
            state,
            sign_ins: SignInLimit::default(),
            hashings: Arc::new(Semaphore::new(MOST_HASHINGS)),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            verifications: Arc::new(Semaphore::new(1)),
            waiting: Mutex::new(None),
        }))
    }

    /// A new request id.
    pub(super) fn new_id(&self) -> String {
        self.0.state.ids.new_id(self.0.state.clock.as_ref()).to_string()
    }

    /// Whether browsers come by https.
    pub(super) fn secure_cookies(&self) -> bool {
        self.0.state.secure_cookies
    }

    /// What the application composed, without its store.
    pub(super) fn render(&self) -> &super::RenderReport {
        &self.0.state.render
    }

    /// The metrics as Prometheus reads them.
    pub(super) fn metrics(&self) -> String {
        self.0.state.metrics.render()
    }

    /// Whether alarms are being decided.
    pub(super) fn readiness(&self) -> super::Readiness {
        (self.0.state.ready)()
    }

    /// The log's verifier key.
    pub(super) fn log_vkey(&self) -> &str {
        &self.0.state.log_vkey
    }

    /// Bounds on what strangers may send.
    pub(super) fn limits(&self) -> &super::Limits {
        &self.0.state.limits
    }

    /// The site of `alarm`.
    pub(super) fn site_of(&self, alarm: &Alarm) -> String {
        (self.0.state.resolve_site)(alarm)
    }

    /// Tells the streams that an alarm changed. Nobody listening is no error.
    pub(super) fn announce(&self, id: AlarmId, state: AlarmState) {
        let _ = self.0.state.changes.send(Change { id, state });
    }

    /// Wakes the worker.
    pub(super) fn wake_worker(&self) {
        self.0.state.wake.notify_one();
    }

    /// Changes from now on.
    pub(super) fn changes(&self) -> tokio::sync::broadcast::Receiver<Change> {
        self.0.state.changes.subscribe()
    }

    /// Resolves when the service stops.
    pub(super) fn stopping(&self) -> tokio_util::sync::CancellationToken {
        self.0.state.stopping.clone()
    }

    /// A place among the open streams, or nothing where all are taken.
    pub(super) fn stream_place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    /// The right to verify the log, which reads all of it; one at a time.
    pub(super) fn verification_place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.verifications.clone().try_acquire_owned().ok()
    }

    /// Checks a password on a thread that may block. A user who does not exist costs the same.
    async fn check_password(&self, password: String, hash: Option<String>) -> bool {
        let Ok(permit) = self.0.hashings.clone().acquire_owned().await else { return false };
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            auth::verify_password(&password, hash.as_deref())
        })
        .await
        .unwrap_or(false)
    }
}

/// Somebody who signed in, whatever their role. Reaches their own session and nothing else.
pub(super) struct Signed {
    /// Who.
    pub(super) user: User,
    session: Option<String>,
    server: Server,
}

impl Signed {
    /// Ends the session that the request came with; an API token has none and lives on.
    pub(super) async fn end_session(&self) -> Result<(), StoreError> {
        match &self.session {
            Some(hash) => self.server.0.state.store.end_session(hash).await,
            None => Ok(()),
        }
    }
}

impl FromRequestParts<Server> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let (user, session) = identify(parts, server).await?;
        Ok(Self { user, session, server: server.clone() })
    }
}

/// Defines an extractor that stands for a right: only a user whose role has it makes one, and only
/// one of these gives the store.
macro_rules! right {
    ($(#[$doc:meta])* $name:ident, $has:path) => {
        $(#[$doc])*
        pub(super) struct $name {
            /// Who.
            pub(super) user: User,
            server: Server,
        }

        impl Deref for $name {
            type Target = Store;

            fn deref(&self) -> &Store {
                &self.server.0.state.store
            }
        }

        impl FromRequestParts<Server> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
                let Signed { user, server, .. } = Signed::from_request_parts(parts, server).await?;
                if $has(user.role) { Ok(Self { user, server }) } else { Err(forbidden(user.role)) }
            }
        }
    };
}

right! {
    /// May read alarms, decisions and reports.
    CanRead, Role::reads_alarms
}
right! {
    /// May close alarms.
    CanDispose, Role::disposes
}
right! {
    /// May read the log's entries and have it verified.
    CanAudit, Role::audits
}
right! {
    /// May send alarms.
    CanSend, Role::sends_alarms
}

impl CanSend {
    /// Whether so many alarms wait that another would only grow the delay.
    pub(super) async fn queue_is_full(&self) -> Result<bool, StoreError> {
        let inner = &self.server.0;
        let now = inner.state.clock.now();
        let counted = *inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = match counted {
            Some((at, waiting)) if now.duration_since(at).abs() < COUNTED_FOR => waiting,
            _ => {
                let waiting = self.counts().await?.waiting;
                let mut counted = inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                *counted = Some((now, waiting));
                waiting
            }
        };
        Ok(waiting >= inner.state.limits.queue_open)
    }
}

/// May read the metrics: whoever reads alarms, or a scraper on this machine.
pub(super) struct CanScrape;

impl FromRequestParts<Server> for CanScrape {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        // A reverse proxy on this machine makes strangers look local; it says so in a header.
        let forwarded =
            ["forwarded", "x-forwarded-for"].iter().any(|name| parts.headers.contains_key(*name));
        if address(parts).is_some_and(|address| address.is_loopback()) && !forwarded {
            return Ok(Self);
        }
        CanRead::from_request_parts(parts, server).await.map(|_| Self)
    }
}

/// Anybody. These are all the doors into the store that need no sign-in.
pub(super) struct Visitor {
    server: Server,
    address: IpAddr,
}

impl FromRequestParts<Server> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let address = address(parts).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(Self { server: server.clone(), address })
    }
}

/// What became of a log-in.
pub(super) enum SignIn {
    /// The user, and the token for the cookie.
    Done(User, String),
    /// Name or password is wrong; which of them is not said.
    Refused,
    /// Too many tries; seconds until the next.
    Wait(u64),
}

impl Visitor {
    /// Signs in with a password and opens a session of twelve hours.
    pub(super) async fn sign_in(&self, name: &str, password: String) -> Result<SignIn, StoreError> {
        let Inner { state, sign_ins, .. } = &*self.server.0;
        let now = state.clock.now();
        if let Err(seconds) = sign_ins.take(name, self.address, now) {
            return Ok(SignIn::Wait(seconds));
        }
        let (user, hash) = state.store.user_credentials(name).await?.unzip();
        let matches = self.server.check_password(password, hash).await;
        let Some(user) = user.filter(|_| matches) else { return Ok(SignIn::Refused) };
        sign_ins.succeeded(name, self.address);
        let secret = auth::new_session_token(state.ids.as_ref());
        let expires = now + SignedDuration::from_hours(cookie::SESSION_HOURS);
        state.store.add_session(&user.name, &secret.hash, expires).await?;
        Ok(SignIn::Done(user, secret.token))
    }

    /// The log's last signed head, which is public so that witnesses can fetch it.
    pub(super) async fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.server.0.state.store.latest_checkpoint().await
    }

    /// Whether the store answers.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.server.0.state.store.ping().await
    }
}

/// The user, and the hash of the session where it came by cookie.
async fn identify(parts: &Parts, server: &Server) -> Result<(User, Option<String>), Problem> {
    let store = &server.0.state.store;
    if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
        let token = authorization
            .to_str()
            .ok()
            .and_then(|value| value.strip_prefix("Bearer "))
            .filter(|token| auth::is_well_formed(token, auth::TOKEN_PREFIX))
            .ok_or_else(unknown)?;
        let user = store.token_user(&auth::token_hash(token)).await?.ok_or_else(unknown)?;
        return Ok((user, None));
    }
    let token = cookie::session_token(&parts.headers)
        .filter(|token| auth::is_well_formed(token, ""))
        .ok_or_else(unknown)?;
    let hash = auth::token_hash(token);
    let user = store.session_user(&hash).await?.ok_or_else(unknown)?;
    if changes_something(&parts.method) && !has_csrf_header(&parts.headers) {
        let detail = "A request by cookie that changes something needs the header `x-sereno-csrf`.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", detail));
    }
    Ok((user, Some(hash)))
}

fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

fn has_csrf_header(headers: &HeaderMap) -> bool {
    headers.get(CSRF).is_some_and(|value| !value.is_empty())
}

fn address(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().to_canonical())
}

fn unknown() -> Problem {
    let detail = "Sign in, or send an API token as `Authorization: Bearer sereno_…`.";
    Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", detail)
}

fn forbidden(role: Role) -> Problem {
    let detail = format!("The role {role} may not do this.");
    Problem::new(StatusCode::FORBIDDEN, "role_not_allowed", detail)
}
