//! `GET /api/v1/stream`: changes of alarms as they happen, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use crate::http::{
    Change,
    access::{CanRead, Server},
    problem::{Problem, answers_with_problem},
};

/// A stream ends after this long and the browser reconnects by itself, so that somebody whose
/// session ended or whose account was disabled does not listen on.
const LONGEST: Duration = Duration::from_mins(15);

/// A comment goes out this often, so that proxies keep the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon a browser reconnects.
const RECONNECT: Duration = Duration::from_secs(2);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamChangesError {
    /// All places are taken.
    #[error("too many streams are open")]
    TooMany,
}

impl From<StreamChangesError> for Problem {
    fn from(error: StreamChangesError) -> Self {
        let detail = "Too many streams are open. Close some, or ask for the list instead.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail)
            .retry_after(30)
            .because(&error)
    }
}
answers_with_problem!(StreamChangesError);

/// Changes as server-sent events: `alarm` with `{id, state}`, and `resync` where some were missed
/// and the client must read the list again. The first event after a reconnection is `resync`.
#[utoipa::path(
    get, path = "/api/v1/stream", tag = "alarms",
    responses(
        (status = OK, body = Change, content_type = "text/event-stream"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream_changes(
    _: CanRead,
    State(server): State<Server>,
    headers: HeaderMap,
) -> Result<Response, StreamChangesError> {
    let place = server.stream_place().ok_or(StreamChangesError::TooMany)?;
    let again = headers.contains_key(&LAST_EVENT_ID);
    let changes = BroadcastStream::new(server.changes());
    let stopping = server.stopping();
    let end = async move {
        let _ = tokio::time::timeout(LONGEST, stopping.cancelled()).await;
        drop(place);
    };
    let events = events(changes, again).take_until(Box::pin(end));
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would hold events back in its buffer.
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

fn events<S>(changes: S, again: bool) -> impl Stream<Item = Result<Event, Infallible>>
where
    S: Stream<Item = Result<Change, BroadcastStreamRecvError>>,
{
    // Sent at once, so that the client knows that it listens before it reads the list.
    let hello = Event::default().retry(RECONNECT).comment("listening");
    let missed = again.then(|| resync(0));
    stream::iter([Some(hello), missed].into_iter().flatten())
        .chain(changes.map(|change| match change {
            Ok(change) => told(change),
            Err(BroadcastStreamRecvError::Lagged(missed)) => resync(missed),
        }))
        .map(Ok)
}

/// The id says what was told last; a client that sends it back is answered with `resync`.
fn told(Change { id, state }: Change) -> Event {
    let data = serde_json::json!({ "id": id, "state": state }).to_string();
    Event::default().event("alarm").id(format!("{id}:{state}")).data(data)
}

fn resync(missed: u64) -> Event {
    Event::default().event("resync").data(serde_json::json!({ "missed": missed }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::AlarmId, store::AlarmState};

    async fn sent(changes: Vec<Result<Change, BroadcastStreamRecvError>>, again: bool) -> String {
        let response = Sse::new(events(stream::iter(changes), again)).into_response();
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn change() -> Change {
        let id: AlarmId = "01936e8a-0000-7000-8000-000000000001".parse().unwrap();
        Change { id, state: AlarmState::Decided }
    }

    #[tokio::test]
    async fn a_change_is_told_with_its_name_and_id() {
        insta::assert_snapshot!(sent(vec![Ok(change())], false).await, @r#"
        retry: 2000
        : listening

        event: alarm
        id: 01936e8a-0000-7000-8000-000000000001:decided
        data: {"id":"01936e8a-0000-7000-8000-000000000001","state":"decided"}
        "#);
    }

    #[tokio::test]
    async fn a_listener_that_fell_behind_or_came_back_is_told_to_read_again() {
        let lagged = vec![Err(BroadcastStreamRecvError::Lagged(7)), Ok(change())];
        let text = sent(lagged, false).await;
        assert!(text.contains("event: resync\ndata: {\"missed\":7}"), "{text}");
        assert!(text.contains("event: alarm"), "it goes on after that: {text}");
        assert!(sent(Vec::new(), true).await.contains("event: resync\ndata: {\"missed\":0}"));
    }
}
