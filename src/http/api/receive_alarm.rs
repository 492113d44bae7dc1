//! `POST /api/v1/alarms`: takes an alarm in; 202 says that it is committed.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Alarm, AlarmId, Decision},
    http::{
        access::{CanSend, Server},
        body::JsonBytes,
        problem::{Problem, answers_with_problem},
    },
    intake::{self, BadAlarm},
    store::{Accepted, AlarmState, StoreError},
};

/// The alarm is kept under this id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmReceipt {
    /// Sereno's id of the alarm; the same for every repeat.
    id: AlarmId,
    /// How far it has come.
    state: AlarmState,
    /// When it was first accepted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// The decision, where a repeated alarm has one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

/// Why an alarm was not taken. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveAlarmError {
    /// The body is no JSON.
    #[error("no JSON: {0}")]
    Malformed(BadAlarm),
    /// The body is JSON, but no alarm.
    #[error("no alarm: {0}")]
    Invalid(BadAlarm),
    /// Too many alarms wait.
    #[error("the queue of waiting alarms is full")]
    QueueFull,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReceiveAlarmError> for Problem {
    fn from(error: ReceiveAlarmError) -> Self {
        match error {
            ReceiveAlarmError::Malformed(bad) => {
                Self::new(StatusCode::BAD_REQUEST, "malformed_json", bad.message).at(bad.path)
            }
            ReceiveAlarmError::Invalid(bad) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(status, "invalid_alarm", bad.message).at(bad.path)
            }
            ReceiveAlarmError::QueueFull => {
                let detail = "Too many alarms wait for a decision, so this one was not accepted. \
                              Keep it and send it again.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", detail).retry_after(30)
            }
            ReceiveAlarmError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ReceiveAlarmError);

/// Takes an alarm in. The answer comes after the alarm is committed to disk: 202 for a new one,
/// 200 for one that was here before (same `source` and `source_event_id`), with its first answer.
/// Any other status means that nothing was kept, and the same alarm may be sent again.
#[utoipa::path(
    post, path = "/api/v1/alarms", tag = "alarms",
    request_body = Alarm,
    responses(
        (status = ACCEPTED, body = AlarmReceipt),
        (status = OK, body = AlarmReceipt),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, body = Problem, content_type = "application/problem+json"),
        (status = UNSUPPORTED_MEDIA_TYPE, body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive_alarm(
    source: CanSend,
    State(server): State<Server>,
    JsonBytes(body): JsonBytes,
) -> Result<(StatusCode, Json<AlarmReceipt>), ReceiveAlarmError> {
    let alarm = intake::parse_alarm(&body, &server.limits().alarm).map_err(|bad| {
        if is_json(&body) {
            ReceiveAlarmError::Invalid(bad)
        } else {
            ReceiveAlarmError::Malformed(bad)
        }
    })?;
    if source.queue_is_full().await? {
        return Err(ReceiveAlarmError::QueueFull);
    }
    let site = server.site_of(&alarm);
    let Accepted { id, fresh, received_at, decision } = source.accept(&alarm, &site).await?;
    if fresh {
        server.wake_worker();
        server.announce(id, AlarmState::Waiting);
        metrics::counter!("sereno_alarms_accepted_total").increment(1);
        let receipt = AlarmReceipt { id, state: AlarmState::Waiting, received_at, decision };
        return Ok((StatusCode::ACCEPTED, Json(receipt)));
    }
    let state = source.alarm(id).await?.map_or(AlarmState::Waiting, |kept| kept.state);
    Ok((StatusCode::OK, Json(AlarmReceipt { id, state, received_at, decision })))
}

/// Tells a broken sender (400) from one that speaks JSON of another shape (422).
fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_member_and_keeps_its_status() {
        let bad = || BadAlarm { path: "captions[2].text".into(), message: "must be text".into() };
        let invalid = Problem::from(ReceiveAlarmError::Invalid(bad()));
        assert_eq!((invalid.status, invalid.path.as_deref()), (422, Some("captions[2].text")));
        assert_eq!(Problem::from(ReceiveAlarmError::Malformed(bad())).status, 400);
    }

    #[test]
    fn a_full_queue_asks_the_sender_to_keep_the_alarm() {
        let problem = Problem::from(ReceiveAlarmError::QueueFull);
        assert_eq!((problem.status, problem.retry_after_s), (503, Some(30)));
        assert!(problem.detail.contains("send it again"));
    }

    #[test]
    fn json_is_told_from_noise() {
        assert!(is_json(br#"{"a":[1,2,{"b":null}]}"#));
        assert!(!is_json(b"{\"a\":"));
        assert!(!is_json(&[0, 159, 146]));
    }
}
