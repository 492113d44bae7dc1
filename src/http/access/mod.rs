//! Who may reach what: the store lies behind extractor types, so that a handler that names none
//! of them cannot touch a record.

mod server;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::Deref,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
};
use jiff::SignedDuration;
use serde_json::Value;

pub(super) use server::Server;

use super::{
    auth, cookie,
    desk::{PolicyDesk, PolicyDeskError, PolicyFolder},
    problem::Problem,
};
use crate::{
    domain::{Backtest, PolicyDocument, Role, User},
    store::{Store, StoreError, StoredAlarm},
};

/// A cross-site form cannot set a header, so its presence shows that our own console asks.
const CSRF: HeaderName = HeaderName::from_static("x-sereno-csrf");

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
            Some(hash) => self.server.store().end_session(hash).await,
            None => Ok(()),
        }
    }

    /// Takes out the alarms that this reader is to judge before they know what the system suggests.
    async fn hide_blind(&self, backtest: &mut Backtest) -> Result<(), StoreError> {
        if self.user.role.disposes() && !backtest.changes.is_empty() {
            let blind = self.server.store().blind_alarms().await?;
            backtest.changes.retain(|change| !blind.contains(&change.alarm.id));
        }
        Ok(())
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
    ($(#[$doc:meta])* $name:ident, $has:expr) => {
        $(#[$doc])*
        pub(super) struct $name(Signed);

        impl Deref for $name {
            type Target = Store;

            fn deref(&self) -> &Store {
                self.0.server.store()
            }
        }

        impl FromRequestParts<Server> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
                let signed = Signed::from_request_parts(parts, server).await?;
                let has: fn(&Signed) -> bool = $has;
                if has(&signed) { Ok(Self(signed)) } else { Err(forbidden(signed.user.role)) }
            }
        }
    };
}

right! {
    /// May read alarms, decisions and reports.
    CanRead, |signed| signed.user.role.reads_alarms()
}
right! {
    /// May close alarms: a person who signed in themselves. A program with a token is none.
    CanDispose, |signed| signed.user.role.disposes() && signed.session.is_some()
}
right! {
    /// May read the log's entries and have it verified.
    CanAudit, |signed| signed.user.role.audits()
}
right! {
    /// May see how well the system and the people around it do.
    CanWatch, |signed| signed.user.role.sees_quality()
}
right! {
    /// May let the system close alarms without a person: a person who signed in themselves.
    CanGrant, |signed| signed.user.role.grants_autonomy() && signed.session.is_some()
}
right! {
    /// May change which policies are in force: a person who signed in themselves.
    CanGovern, |signed| signed.user.role.governs_policy() && signed.session.is_some()
}
right! {
    /// May send alarms.
    CanSend, |signed| signed.user.role.sends_alarms()
}

impl CanRead {
    /// Whether this reader may know what the system suggests. Where that is hidden, whoever closes
    /// alarms learns it once one of them has judged.
    pub(super) fn may_know(&self, kept: &StoredAlarm) -> bool {
        !(kept.blind && self.0.user.role.disposes())
    }
}

impl CanRead {
    /// The digest of the policies that decide alarms here.
    pub(super) fn policy_in_force(&self) -> String {
        self.0.server.desk().in_force()
    }

    /// The folder of policies, as it was seen last.
    pub(super) fn policy_folder(&self) -> PolicyFolder {
        self.0.server.desk().folder()
    }

    /// A version of the policies whole.
    pub(super) async fn policy_document(
        &self,
        digest: &str,
    ) -> Result<PolicyDocument, PolicyDeskError> {
        self.0.server.desk().document(digest).await
    }

    /// Its rules in Cedar's own JSON form.
    pub(super) async fn policy_json(&self, digest: &str) -> Result<Value, PolicyDeskError> {
        self.0.server.desk().cedar_json(digest).await
    }

    /// See [`Signed::hide_blind`].
    pub(super) async fn hide_blind(&self, backtest: &mut Backtest) -> Result<(), StoreError> {
        self.0.hide_blind(backtest).await
    }
}

impl CanGovern {
    /// Who governs.
    pub(super) fn user(&self) -> &User {
        &self.0.user
    }

    /// Who works with policies.
    pub(super) fn desk(&self) -> &dyn PolicyDesk {
        self.0.server.desk()
    }

    /// See [`Signed::hide_blind`].
    pub(super) async fn hide_blind(&self, backtest: &mut Backtest) -> Result<(), StoreError> {
        self.0.hide_blind(backtest).await
    }
}

impl CanGrant {
    /// Who grants.
    pub(super) fn user(&self) -> &User {
        &self.0.user
    }
}

impl CanDispose {
    /// Who disposes.
    pub(super) fn user(&self) -> &User {
        &self.0.user
    }
}

impl CanSend {
    /// Whether so many alarms wait that another would only grow the delay.
    pub(super) async fn queue_is_full(&self) -> Result<bool, StoreError> {
        let server = &self.0.server;
        Ok(server.waiting().await? >= server.limits().queue_open)
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
    Wait(u32),
}

impl Visitor {
    /// Signs in with a password and opens a session of twelve hours.
    pub(super) async fn sign_in(&self, name: &str, password: String) -> Result<SignIn, StoreError> {
        let server = &self.server;
        let now = server.now();
        if let Err(seconds) = server.sign_ins().take(name, self.address, now) {
            return Ok(SignIn::Wait(seconds));
        }
        let (user, hash) = server.store().user_credentials(name).await?.unzip();
        let matches = server.check_password(password, hash).await;
        let Some(user) = user.filter(|_| matches) else { return Ok(SignIn::Refused) };
        server.sign_ins().succeeded(name, self.address);
        let secret = server.new_session_token();
        let expires = now + SignedDuration::from_hours(cookie::SESSION_HOURS);
        server.store().add_session(&user.name, &secret.hash, expires).await?;
        Ok(SignIn::Done(user, secret.token))
    }

    /// The log's last signed head, which is public so that witnesses can fetch it.
    pub(super) async fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.server.store().latest_checkpoint().await
    }

    /// Whether the store answers.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.server.store().ping().await
    }
}

/// The user, and the hash of the session where it came by cookie.
async fn identify(parts: &Parts, server: &Server) -> Result<(User, Option<String>), Problem> {
    let store = server.store();
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
    let detail = format!("The role {role}, signed in like this, may not do that.");
    Problem::new(StatusCode::FORBIDDEN, "role_not_allowed", detail)
}
