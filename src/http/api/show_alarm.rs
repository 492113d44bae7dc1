//! `GET /api/v1/alarms/{id}`: one alarm with all that is known of it.

use axum::{Json, extract::Path};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Alarm, AlarmId, Decision, Disposition, Review},
    http::{
        access::CanRead,
        problem::{Problem, answers_with_problem},
    },
    store::{AlarmState, StoreError, StoredAlarm},
};

/// One alarm: what arrived, what the system suggests, and apart from it what people said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmDetail {
    /// Sereno's id.
    id: AlarmId,
    /// The site that it was found to be of.
    site: String,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// How far it has come.
    state: AlarmState,
    /// The alarm as it arrived.
    alarm: Alarm,
    /// The decision; null while it waits, or where it is hidden.
    #[schema(required)]
    decision: Option<Decision>,
    /// Whether the decision is hidden until a person has judged the alarm themselves.
    blind: bool,
    /// The grant under which the system closed it without a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_under: Option<String>,
    /// Why it was hidden; told once a person has judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<Review>,
    /// What people said, oldest first.
    dispositions: Vec<Disposition>,
}

/// Why there is no alarm to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowAlarmError {
    /// No alarm has this id.
    #[error("there is no such alarm")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ShowAlarmError> for Problem {
    fn from(error: ShowAlarmError) -> Self {
        match error {
            ShowAlarmError::NotFound => Self::no_such_alarm(),
            ShowAlarmError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ShowAlarmError);

/// One alarm with its decision and what people said of it.
#[utoipa::path(
    get, path = "/api/v1/alarms/{id}", tag = "alarms",
    params(("id" = String, Path, description = "The alarm's id.")),
    responses(
        (status = OK, body = AlarmDetail),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_alarm(
    reader: CanRead,
    Path(id): Path<String>,
) -> Result<Json<AlarmDetail>, ShowAlarmError> {
    // A name that cannot be an id is the name of no alarm.
    let id: AlarmId = id.parse().map_err(|_| ShowAlarmError::NotFound)?;
    let kept = reader.alarm(id).await?.ok_or(ShowAlarmError::NotFound)?;
    let knows = reader.may_know(&kept);
    let StoredAlarm { id, site, received_at, alarm, state, blind, closed_under } = kept;
    let decision = if knows { reader.decision(id).await? } else { None };
    let review = if knows { reader.review(id).await? } else { None };
    let dispositions = reader.dispositions(id).await?;
    Ok(Json(AlarmDetail {
        id,
        site,
        received_at,
        state,
        alarm,
        decision,
        blind,
        closed_under,
        review,
        dispositions,
    }))
}
