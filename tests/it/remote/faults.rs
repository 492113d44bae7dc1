//! What a remote model makes of a server that misbehaves.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;
use sereno::{
    config::{RemoteSettings, Structured},
    model::{LanguageModel, ModelError, remote::RemoteModel},
};

use super::{
    ANSWER, asking, connect,
    injector::{Act, Injector},
    settings,
};

/// The model on a server that does these things in turn.
async fn facing(acts: impl IntoIterator<Item = Act>) -> (RemoteModel, Injector) {
    let (injector, url) = Injector::start(acts).await;
    (connect(&url, settings()), injector)
}

#[tokio::test]
async fn a_good_answer_comes_through_and_the_request_says_everything() {
    let (model, server) = facing([Act::good()]).await;
    model.check().await.unwrap();
    let completion = model.generate(asking()).await.unwrap();
    assert_eq!((completion.text.as_str(), completion.choices.len()), (ANSWER, 0));
    assert_eq!((completion.usage.prompt_tokens, completion.usage.sampled_tokens), (40, 12));
    let body = &server.asked()[0].body;
    assert_eq!(body["model"], "m");
    assert_eq!((&body["temperature"], &body["seed"]), (&json!(0), &json!(1)));
    assert_eq!((&body["max_tokens"], &body["logprobs"]), (&json!(120), &json!(true)));
    assert_eq!(body["response_format"]["json_schema"]["schema"], *asking().schema);
    let manifest = model.manifest();
    assert_eq!((manifest.name.as_str(), manifest.runtime.as_str()), ("m", "openai-compatible"));
    assert_eq!(manifest.sha256.len(), 64);
}

#[tokio::test]
async fn the_older_form_carries_the_schema_beside_the_messages() {
    let (server, url) = Injector::start([Act::good()]).await;
    let settings = RemoteSettings { structured: Structured::GuidedJson, ..settings() };
    connect(&format!("{url}/v1/"), settings).generate(asking()).await.unwrap();
    assert_eq!(server.asked()[0].body["guided_json"], *asking().schema);
}

#[tokio::test]
async fn what_is_no_answer_is_refused_by_what_it_is() {
    let html = b"<html><body>Bad gateway</body></html>".to_vec();
    for (act, code, told) in [
        (Act::Says("Sure! The verdict is".to_owned(), "stop"), "model_answer_invalid", "not JSON"),
        (Act::Says(ANSWER[..20].to_owned(), "length"), "model_answer_truncated", "12 tokens"),
        (Act::Says(ANSWER[..20].to_owned(), "stop"), "model_answer_invalid", "not JSON"),
        (Act::Says(String::new(), "stop"), "model_answer_invalid", "empty"),
        (
            Act::Says(ANSWER.replace("verified", "ignore"), "stop"),
            "model_answer_invalid",
            "not of the schema at “/verdict”",
        ),
        (Act::json(b""), "model_answer_invalid", "no body"),
        (Act::json(b"{\"choices\":[]}"), "model_answer_invalid", "none"),
        (Act::json(b"{\"error\":\"x\"}"), "model_answer_invalid", "choices"),
        (Act::json(b"{\"choices\":[\"\xff\xfe\"]}"), "model_answer_invalid", "from http://"),
        (Act::json(&vec![b' '; 5 << 20]), "model_answer_invalid", "more than"),
        (Act::Sends(200, None, "text/html", html), "model_answer_invalid", "text/html"),
        (Act::Sends(200, None, "", ANSWER.into()), "model_answer_invalid", "content type"),
        (Act::status(302), "model_failed", "302"),
        (Act::status(400), "model_failed", "400"),
        (Act::status(401), "model_failed", "api_key_file"),
        (Act::status(404), "model_failed", "models.remote.model"),
        (Act::status(500), "model_unreachable", "500"),
    ] {
        let (model, server) = facing([act]).await;
        let error = model.generate(asking()).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(server.asked().len(), 1, "{error}: asking again would not help");
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for act in [Act::status(502), Act::status(503), Act::status(504), Act::status(429), Act::Breaks]
    {
        let (model, server) = facing([act.clone(), act, Act::good()]).await;
        assert_eq!(model.generate(asking()).await.unwrap().text, ANSWER);
        assert_eq!(server.asked().len(), 3);
        assert!(model.is_ready(), "an answer wipes out the failures before it");
    }
    let (model, server) = facing([Act::status(503)]).await;
    let error = model.generate(asking()).await.unwrap_err();
    assert_eq!((error.code(), server.asked().len()), ("model_unreachable", 3));
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it_or_nobody_waits_in_vain() {
    let busy = |wait| Act::Sends(429, Some(wait), "text/plain", b"busy".to_vec());
    let (model, _) = facing([busy("1"), Act::good()]).await;
    let begun = Instant::now();
    model.generate(asking()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));

    // The longest that can be written must not overflow anything.
    for wait in ["3600", "18446744073709551615"] {
        let (model, server) = facing([busy(wait), Act::good()]).await;
        let begun = Instant::now();
        let error = model.generate(asking()).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!((error.code(), server.asked().len()), ("model_unreachable", 1));
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_deadline_and_no_more() {
    let (model, _) = facing([Act::Hangs]).await;
    let mut request = asking();
    request.deadline = Duration::from_millis(300);
    let begun = Instant::now();
    let error = model.generate(request).await.unwrap_err();
    assert!(matches!(error, ModelError::Deadline(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_and_found_again() {
    let failing = std::iter::repeat_n(Act::status(500), 3).chain([Act::good()]);
    let (server, url) = Injector::start(failing).await;
    let settings = RemoteSettings { breaker_failures: 3, breaker_seconds: 1, ..settings() };
    let model = connect(&url, settings);
    for _ in 0..3 {
        assert!(model.generate(asking()).await.is_err());
    }
    assert!(!model.is_ready());
    let error = model.generate(asking()).await.unwrap_err();
    assert!(error.to_string().contains("keeps failing"), "{error}");
    assert_eq!(server.asked().len(), 3, "it is left alone");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(model.generate(asking()).await.unwrap().text, ANSWER);
    assert!(model.is_ready());
}

#[tokio::test]
async fn a_server_that_is_down_at_start_is_used_once_it_is_up() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://{address}");
    let model = connect(&url, RemoteSettings { breaker_seconds: 1, ..settings() });
    let error = model.check().await.unwrap_err();
    assert!(error.to_string().contains(&url), "{error}");
    assert!(!model.is_ready());
    let begun = Instant::now();
    assert_eq!(model.generate(asking()).await.unwrap_err().code(), "model_unreachable");
    assert!(begun.elapsed() < Duration::from_millis(500), "nobody waits for it");
    let _server = Injector::start_at(address, Act::good()).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(model.generate(asking()).await.unwrap().text, ANSWER);
}

#[tokio::test]
async fn a_model_that_is_not_served_is_told_with_those_that_are() {
    let (_, url) = Injector::start([Act::good()]).await;
    let model = connect(&url, RemoteSettings { model: "qwen".to_owned(), ..settings() });
    let error = model.check().await.unwrap_err().to_string();
    for told in [url.as_str(), "`qwen`", "“m”", "models.remote.model"] {
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_program_that_speaks_no_tls_is_told_so() {
    let (_, url) = Injector::start([Act::good()]).await;
    let model = connect(&url.replace("http:", "https:"), settings());
    let error = model.check().await.unwrap_err();
    assert!(error.to_string().contains("https://127.0.0.1"), "{error}");
}

#[tokio::test]
async fn more_than_may_wait_is_refused_at_once() {
    let (_, url) = Injector::start([Act::Hangs]).await;
    // One with the server and four that wait: see `connect`.
    let model = connect(&url, RemoteSettings { concurrency: 1, ..settings() });
    let mut request = asking();
    request.deadline = Duration::from_millis(500);
    let answers = (0..7).map(|_| model.generate(request.clone()));
    let answers = futures_util::future::join_all(answers).await;
    let refused = |answer: &&Result<_, _>| matches!(answer, Err(ModelError::Overloaded(5)));
    assert_eq!(answers.iter().filter(refused).count(), 2);
}

#[tokio::test]
async fn the_key_is_sent_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, "sk-very-secret\n").unwrap();
    let (server, url) = Injector::start([Act::status(401)]).await;
    let with_key = RemoteSettings { api_key_file: Some(file.clone()), ..settings() };
    let model = connect(&url, with_key.clone());
    let error = model.generate(asking()).await.unwrap_err();
    assert_eq!(server.asked()[0].authorization.as_deref(), Some("Bearer sk-very-secret"));
    let shown = format!("{model:?} {error} {error:?}");
    assert!(!shown.contains("very-secret"), "{shown}");

    for (content, told) in
        [("", "key alone"), ("two words", "key alone"), ("sk\nx-y: z", "key alone")]
    {
        fs::write(&file, content).unwrap();
        let error = RemoteModel::new(
            &url,
            with_key.clone(),
            4,
            std::sync::Arc::new(sereno::domain::RandomIds),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains(told) && error.contains(file.to_str().unwrap()), "{error}");
    }
    fs::remove_file(&file).unwrap();
    let error = RemoteModel::new(&url, with_key, 4, std::sync::Arc::new(sereno::domain::RandomIds));
    assert!(error.unwrap_err().to_string().contains("api_key_file"));
}
