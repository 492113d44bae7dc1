//! `/api/v1/autonomy`: what people let the system close without them.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{Grant, NewGrant, Outcome, SiteQuality},
    http::{
        access::{CanDispose, CanGrant, CanRead, Server},
        body::{self, JsonBody, WORDS_MAX},
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Grants, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantList {
    /// Those in force, and those that ended within 90 days.
    items: Vec<Grant>,
}

/// Why a grant is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Withdrawal {
    /// In words, at most 500 characters.
    because: String,
}

/// Why nothing was granted or taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AutonomyError {
    /// A member is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What would be right.
        message: String,
    },
    /// The figures that were on the screen are not those that count now.
    #[error("read the quality figures of the site again, then grant")]
    StaleFigures,
    /// The site's labels do not bound what would be missed.
    #[error("the labels do not suffice: {0} more real threats must be labelled and learned first")]
    LabelsDoNotSuffice(u64),
    /// Something has changed at the site.
    #[error("the site's alarms have changed, so the bound does not hold: {0}")]
    Drift(String),
    /// The same is granted already.
    #[error("this is granted already; take that grant back first")]
    GrantedAlready,
    /// No such grant is in force.
    #[error("no grant of this id is in force")]
    NotInForce,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AutonomyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::GrantedAlready,
            StoreError::NotFound(_) => Self::NotInForce,
            error => Self::Store(error),
        }
    }
}

impl From<AutonomyError> for Problem {
    fn from(error: AutonomyError) -> Self {
        let told = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, told.clone());
        match error {
            AutonomyError::Invalid { field, .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_grant", told).at(field)
            }
            AutonomyError::StaleFigures => conflict("stale_figures").at("figures"),
            AutonomyError::LabelsDoNotSuffice(_) => conflict("labels_do_not_suffice"),
            AutonomyError::Drift(_) => conflict("drift"),
            AutonomyError::GrantedAlready => conflict("granted_already"),
            AutonomyError::NotInForce => {
                Self::new(StatusCode::NOT_FOUND, "grant_not_in_force", told)
            }
            AutonomyError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(AutonomyError);

/// What is granted now, and what was and why it ended. Everybody who reads alarms sees it.
#[utoipa::path(
    get, path = "/api/v1/autonomy", tag = "quality",
    responses(
        (status = OK, body = GrantList),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_grants(
    reader: CanRead,
    State(server): State<Server>,
) -> Result<Json<GrantList>, AutonomyError> {
    let since = server.now() - SignedDuration::from_hours(24 * Grant::LONGEST_DAYS);
    Ok(Json(GrantList { items: reader.grants(None, since).await? }))
}

/// Lets the system close dismissed alarms of one kind at one site without a person. Needs labels
/// that bound what is missed, no drift, and the quality figures on the screen.
#[utoipa::path(
    post, path = "/api/v1/autonomy", tag = "quality",
    request_body = NewGrant,
    responses(
        (status = CREATED, body = Grant),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn grant_autonomy(
    person: CanGrant,
    State(server): State<Server>,
    JsonBody(new): JsonBody<NewGrant>,
) -> Result<(StatusCode, Json<Grant>), AutonomyError> {
    check(&new, server.now())?;
    let figures = server.quality(&new.site).await?.ok_or_else(|| {
        invalid("site", format!("no file describes the site `{}`", new.site.escape_debug()))
    })?;
    if !server.has_shown(&new.site, &new.figures) {
        return Err(AutonomyError::StaleFigures);
    }
    let below = bound(&figures)?;
    let learned = &figures.learning.sha256;
    let grant = person.grant(&new, below, learned, person.user()).await?;
    Ok((StatusCode::CREATED, Json(grant)))
}

/// Takes a grant back, at once. Whoever closes alarms may.
#[utoipa::path(
    post, path = "/api/v1/autonomy/{id}/withdrawal", tag = "quality",
    params(("id" = String, Path, description = "The grant's id.")),
    request_body = Withdrawal,
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw_autonomy(
    person: CanDispose,
    Path(id): Path<String>,
    JsonBody(Withdrawal { because }): JsonBody<Withdrawal>,
) -> Result<StatusCode, AutonomyError> {
    let because = body::words(&because).ok_or_else(|| {
        invalid("because", format!("must have 1 to {WORDS_MAX} characters, all printable"))
    })?;
    // A NUL can be in no id.
    let id = id.replace('\0', "\u{fffd}");
    person.withdraw_grant(&id, because, person.user()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn invalid(field: &'static str, message: String) -> AutonomyError {
    AutonomyError::Invalid { field, message }
}

fn check(new: &NewGrant, now: jiff::Timestamp) -> Result<(), AutonomyError> {
    if new.verdict != Outcome::Dismissed {
        let message =
            format!("only `dismissed` can be granted; a person looks at `{}`", new.verdict);
        return Err(invalid("verdict", message));
    }
    let code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=64).contains(&new.kind.len()) || !new.kind.bytes().all(code) {
        let message = "must be an alarm kind such as `line_crossing`".to_owned();
        return Err(invalid("kind", message));
    }
    let latest = now + SignedDuration::from_hours(24 * Grant::LONGEST_DAYS);
    if new.expires_at <= now || new.expires_at > latest {
        let message = format!("must lie within the next {} days", Grant::LONGEST_DAYS);
        return Err(invalid("expires_at", message));
    }
    Ok(())
}

/// The probability that the site's labels allow, where nothing has changed since.
fn bound(figures: &SiteQuality) -> Result<f64, AutonomyError> {
    let raised: Vec<&str> =
        figures.drift.iter().filter(|sign| sign.raised).map(|sign| sign.code.as_str()).collect();
    if !raised.is_empty() {
        return Err(AutonomyError::Drift(raised.join(", ")));
    }
    let learning = &figures.learning;
    learning.below.ok_or(AutonomyError::LabelsDoNotSuffice(learning.more_threats_needed))
}
