//! The event stream as a browser reads it.

use reqwest::{Method, Response};
use serde_json::json;
use sereno::domain::Role;

use super::harness::{Service, soon};
use crate::database::Database;

/// Reads until the text so far has `mark`.
async fn until(response: &mut Response, text: &mut String, mark: &str) {
    while !text.contains(mark) {
        let piece = soon(mark, response.chunk()).await.unwrap();
        let piece = piece.unwrap_or_else(|| panic!("the stream ended before {mark}: {text}"));
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
}

#[tokio::test]
async fn a_listener_hears_of_a_new_alarm_and_of_its_closing() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let mut stream = operator.get("/api/v1/stream").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-cache");
    let mut text = String::new();
    until(&mut stream, &mut text, ": listening").await;
    assert!(!text.contains("resync"), "nothing was missed: {text}");

    let source = service.program(Role::Source).await;
    let mut alarm = serde_json::to_value(crate::database::sample::alarm(1)).unwrap();
    alarm["source_event_id"] = json!("streamed");
    source.post("/api/v1/alarms", &alarm).await;
    until(&mut stream, &mut text, "\"state\":\"waiting\"}\n\n").await;
    assert!(text.contains("event: alarm\n"), "{text}");
    assert!(text.contains("\nid: "), "{text}");

    let id = service.decided(2).await;
    let path = format!("/api/v1/alarms/{id}/dispositions");
    operator.post(&path, &json!({ "code": "technical" })).await;
    until(&mut stream, &mut text, &format!("{{\"id\":\"{id}\",\"state\":\"closed\"}}")).await;
}

#[tokio::test]
async fn a_listener_that_comes_back_is_told_to_read_the_list_again() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let request =
        operator.request(Method::GET, "/api/v1/stream").header("last-event-id", "x:waiting");
    let mut stream = request.send().await.unwrap();
    until(&mut stream, &mut String::new(), "event: resync").await;
}

#[tokio::test]
async fn streams_end_when_the_service_stops() {
    let db = Database::sqlite();
    let service = Service::start(&db).await;
    let operator = service.person(Role::Operator).await;
    let mut stream = operator.get("/api/v1/stream").await;
    until(&mut stream, &mut String::new(), ": listening").await;
    service.stopping.cancel();
    assert!(soon("the end", stream.chunk()).await.unwrap().is_none());
}
