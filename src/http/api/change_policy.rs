//! `POST /api/v1/policies…`: a version of the policies on its way from a proposal to being in force, and
//! back.

use axum::{Json, extract::Path, http::StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::show_policies::parse;
use crate::{
    domain::{Backtest, PolicyFile, PolicyState, PolicyVersion},
    http::{
        access::CanGovern,
        body::{self, JsonBody, WORDS_MAX},
        desk::PolicyDeskError,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Files to become a version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPolicy {
    /// What it is for, in words, at most 500 characters.
    note: String,
    /// The whole folder.
    files: Vec<PolicyFile>,
}

/// Which alarms to try a version on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBacktest {
    /// Those that arrived since; all where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// An approval says nothing but that it is one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApproval {}

/// Why a version is withdrawn or rolled back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyReason {
    /// In words, at most 500 characters.
    because: String,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangePolicyError {
    /// A text is missing or too long.
    #[error("{0}: must have 1 to {WORDS_MAX} characters, all printable")]
    Words(&'static str),
    /// The desk or the store says no.
    #[error(transparent)]
    Desk(#[from] PolicyDeskError),
}

impl From<StoreError> for ChangePolicyError {
    fn from(error: StoreError) -> Self {
        Self::Desk(error.into())
    }
}

impl From<ChangePolicyError> for Problem {
    fn from(error: ChangePolicyError) -> Self {
        match error {
            ChangePolicyError::Words(field) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_words", error.to_string())
                    .at(field)
            }
            ChangePolicyError::Desk(error) => error.into(),
        }
    }
}
answers_with_problem!(ChangePolicyError);

/// Proposes files as a version, which is checked at once: parsed, validated, tried on its cases, its
/// invariants proven. A faulty one is kept as a draft with its problems, and never goes further.
#[utoipa::path(
    post, path = "/api/v1/policies", tag = "policies",
    request_body = NewPolicy,
    responses(
        (status = CREATED, body = PolicyVersion),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn propose_policy(
    person: CanGovern,
    JsonBody(NewPolicy { note, files }): JsonBody<NewPolicy>,
) -> Result<(StatusCode, Json<PolicyVersion>), ChangePolicyError> {
    let note = words("note", &note)?;
    let version = person.desk().propose(note, files, person.user()).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

/// Tries a version on recorded alarms and says what it would have changed. Asks no model; may take
/// minutes where there are many alarms. Alarms that the reader is to judge first are left out of the
/// answer's list.
#[utoipa::path(
    post, path = "/api/v1/policies/{digest}/backtest", tag = "policies",
    params(("digest" = String, Path, description = "The version's digest.")),
    request_body = NewBacktest,
    responses(
        (status = OK, body = Backtest),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn backtest_policy(
    person: CanGovern,
    Path(digest): Path<String>,
    JsonBody(NewBacktest { since }): JsonBody<NewBacktest>,
) -> Result<Json<Backtest>, ChangePolicyError> {
    let digest = parse(&digest)?;
    let mut backtest = person.desk().backtest(digest, since, person.user()).await?;
    person.hide_blind(&mut backtest).await?;
    Ok(Json(backtest))
}

/// Puts a version in force that somebody else proposed and that was tried beside what is in force now.
/// Alarms that were begun are finished under the version before.
#[utoipa::path(
    post, path = "/api/v1/policies/{digest}/approval", tag = "policies",
    params(("digest" = String, Path, description = "The version's digest.")),
    request_body = NewApproval,
    responses(
        (status = OK, body = PolicyVersion),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn approve_policy(
    person: CanGovern,
    Path(digest): Path<String>,
    JsonBody(NewApproval {}): JsonBody<NewApproval>,
) -> Result<Json<PolicyVersion>, ChangePolicyError> {
    Ok(Json(person.desk().approve(parse(&digest)?, person.user()).await?))
}

/// Takes a version back before it is in force.
#[utoipa::path(
    post, path = "/api/v1/policies/{digest}/withdrawal", tag = "policies",
    params(("digest" = String, Path, description = "The version's digest.")),
    request_body = PolicyReason,
    responses(
        (status = OK, body = PolicyVersion),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw_policy(
    person: CanGovern,
    Path(digest): Path<String>,
    JsonBody(PolicyReason { because }): JsonBody<PolicyReason>,
) -> Result<Json<PolicyVersion>, ChangePolicyError> {
    let because = words("because", &because)?;
    let digest = parse(&digest)?;
    let version = person.policy(digest).await?.ok_or(PolicyDeskError::NotFound)?;
    match version.state {
        PolicyState::Draft | PolicyState::Checked | PolicyState::Backtested => {}
        state => return Err(PolicyDeskError::NotOnItsWay(state).into()),
    }
    Ok(Json(person.withdraw_policy(digest, because, person.user()).await?))
}

/// Puts the version in force that was before, in one step; once more goes back one further. The version
/// that was taken back can be proposed again.
#[utoipa::path(
    post, path = "/api/v1/policies/rollback", tag = "policies",
    request_body = PolicyReason,
    responses(
        (status = OK, body = PolicyVersion),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn roll_back_policy(
    person: CanGovern,
    JsonBody(PolicyReason { because }): JsonBody<PolicyReason>,
) -> Result<Json<PolicyVersion>, ChangePolicyError> {
    let because = words("because", &because)?;
    Ok(Json(person.desk().roll_back(because, person.user()).await?))
}

fn words<'a>(field: &'static str, text: &'a str) -> Result<&'a str, ChangePolicyError> {
    body::words(text).ok_or(ChangePolicyError::Words(field))
}
