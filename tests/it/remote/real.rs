//! A real OpenAI-compatible server: llama-server with the model that `make setup` fetches.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use sereno::{
    config::RemoteSettings,
    model::{LanguageModel, remote::RemoteModel},
    prompts::Prompts,
};

use super::{asking, connect, settings};
use crate::{
    command::{alarm, complaint, lines, run, sereno},
    engine::model_file,
};

const NAME: &str = "smollm2";

/// A running llama-server, stopped when it is dropped.
struct LlamaServer {
    child: Child,
    url: String,
}

impl LlamaServer {
    /// Starts one on a free port and waits until it has loaded the model.
    async fn start() -> Self {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port().to_string()
        };
        let child = Command::new(binary())
            .args(["--host", "127.0.0.1", "--port", &port, "--alias", NAME, "--model"])
            .arg(model_file("smollm2-135m-instruct-q4_1.gguf"))
            .args(["--ctx-size", "8192", "--parallel", "2", "--threads", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, url: format!("http://127.0.0.1:{port}") };
        let model = server.model();
        let patience = Instant::now() + Duration::from_mins(1);
        while model.check().await.is_err() || !server.is_healthy() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "llama-server ended: {ended:?}");
            assert!(Instant::now() < patience, "llama-server is not up within a minute");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        server
    }

    /// Not while it loads the model.
    fn is_healthy(&self) -> bool {
        let address = self.url.trim_start_matches("http://");
        let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
        let mut answer = String::new();
        let asked = std::io::Write::write_all(
            &mut stream,
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        );
        let read = std::io::Read::read_to_string(&mut stream, &mut answer);
        asked.is_ok() && read.is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    fn model(&self) -> RemoteModel {
        connect(&self.url, RemoteSettings { model: NAME.to_owned(), ..settings() })
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "the tools' place is the test's, not the service's")]
fn binary() -> PathBuf {
    let named = std::env::var_os("SERENO_CACHE_DIR").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/sereno");
    let path = named.unwrap_or_else(home).join("tools/bin/llama-server");
    assert!(path.exists(), "{} is missing: run `make setup-server`", path.display());
    path
}

#[tokio::test]
async fn a_real_server_fills_the_schema_and_decides_an_alarm() {
    let server = LlamaServer::start().await;
    let model = server.model();
    let completion = model.generate(asking()).await.unwrap();
    let value: Value = serde_json::from_str(&completion.text).unwrap();
    assert_eq!(value.to_string(), completion.text, "compact, and in the schema's order");
    for key in ["verdict", "danger"] {
        let choice = completion.choice_at(key).unwrap();
        let total: f64 = choice.alternatives.iter().map(|(_, share)| share).sum();
        assert!((total - 1.0).abs() < 1e-6, "{choice:?}");
        assert!(choice.margin >= 0.0, "greedy: {choice:?}");
        let first = &choice.alternatives[0].0;
        assert!(completion.text[choice.offset..].starts_with(first.as_str()), "{choice:?}");
    }
    assert!(completion.usage.prompt_tokens > 20 && completion.usage.sampled_tokens > 10);

    let folder = tempfile::tempdir().unwrap();
    let triage = |input: &Value| {
        let mut command = sereno(folder.path(), &["triage"]);
        command.env("SERENO_MODELS__REMOTE__URL", &server.url);
        command.env("SERENO_MODELS__REMOTE__MODEL", NAME);
        // The server has two slots.
        command.env("SERENO_MODELS__REMOTE__CONTEXT_TOKENS", "4096");
        run(command, &input.to_string())
    };
    let output = triage(&alarm("1", "fence-east", &["A man climbs over the fence at night."]));
    assert!(output.status.success(), "{}", complaint(&output));
    let decision = &lines(&output)[0];
    assert!(decision["assessment"].get("failures").is_none(), "{decision}");
    assert!(decision["facts"]["read_by_model"].as_bool().unwrap());
    assert!(decision["assessment"]["confidence"]["model_threat"].is_number(), "{decision}");
    let verified = run(sereno(folder.path(), &["log", "verify"]), "");
    assert!(verified.status.success());
}

#[test]
fn the_estimate_of_tokens_is_not_below_the_engines_count() {
    use sereno::model::engine::{EngineOptions, LlamaModel};
    let engine = LlamaModel::load(EngineOptions {
        context_tokens: 512,
        threads: Some(1),
        ..EngineOptions::new(model_file("smollm2-135m-instruct-q4_1.gguf"))
    })
    .unwrap();
    let remote = connect("http://127.0.0.1:9", settings());
    let prompts = Prompts::embedded().unwrap();
    let turns = [prompts.read.messages(""), prompts.assess.messages("")].concat();
    let own = [
        "La imagen nocturna muestra una puerta metálica corredera y parte del muelle de carga.",
        "c12 (0-14 s): \"Quotes\", a back\\slash,\ttab, 2026-11-23T22:14:05Z and an emoji 🚨.",
        "    indented\n\n\nand    spaced   ",
        "La façade brûle. 警備員が門を確認する。 Охранник идёт.",
    ];
    let texts = turns.iter().map(|turn| turn.content.as_str()).chain(own);
    for text in texts {
        let (estimate, counted) = (remote.count_tokens(text), engine.count_tokens(text));
        assert!(estimate >= counted, "{estimate} < {counted}: {text}");
    }
}
