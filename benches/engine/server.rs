//! A llama.cpp server with the same model, threads, prompts and schemas, to compare with.

use std::{
    fmt,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use sereno::{
    app::App,
    config::RemoteSettings,
    model::{
        GenerateRequest, LanguageModel as _, Message, Role, Urgency, engine::EngineOptions,
        remote::RemoteModel,
    },
};

/// What a server evaluates.
pub(super) enum Files {
    /// The model and its adapter, as they ship.
    Shipped,
    /// The form that the engine made of them.
    Form(PathBuf),
}

impl fmt::Display for Files {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Shipped => "the files that ship",
            Self::Form(_) => "the engine's form",
        })
    }
}

/// A running server, stopped when it is dropped.
pub(super) struct LlamaServer {
    child: Child,
    model: Arc<RemoteModel>,
}

impl LlamaServer {
    /// Starts the server that set-up compiled, with a slot for each of the two prompts, its prompt
    /// cache on, and waits until it answers; `None` where set-up compiled none.
    pub(super) async fn start(app: &App, files: &Files, threads: i32) -> Option<Self> {
        let program = program();
        if !program.exists() {
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let mut command = Command::new(program);
        let EngineOptions { model_path, adapter, .. } = app.engine_options();
        match (files, adapter) {
            (Files::Form(form), _) => command.arg("--model").arg(form),
            (Files::Shipped, None) => command.arg("--model").arg(model_path),
            (Files::Shipped, Some(adapter)) => {
                command.arg("--model").arg(model_path).arg("--lora").arg(adapter.path)
            }
        };
        let child = command
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--alias", "bench"])
            .args(["--ctx-size", "8192", "--parallel", "2", "--threads", &threads.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let settings = RemoteSettings {
            model: "bench".to_owned(),
            context_tokens: 4_096,
            // It refuses until it has loaded the model.
            breaker_failures: u32::MAX,
            ..app.config.models.remote.clone()
        };
        let url = format!("http://127.0.0.1:{port}");
        let model = RemoteModel::new(&url, settings, 64, Arc::clone(&app.ids)).ok()?;
        let server = Self { child, model: Arc::new(model) };
        for _ in 0..600 {
            if server.model.generate(ping()).await.is_ok() {
                return Some(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// The model that it serves.
    pub(super) fn model(&self) -> Arc<RemoteModel> {
        Arc::clone(&self.model)
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ping() -> GenerateRequest {
    GenerateRequest {
        messages: vec![Message { role: Role::User, content: "Say yes.".to_owned() }],
        schema: Arc::new(json!({"type": "object", "properties": {"a": {"enum": ["yes", "no"]}},
            "required": ["a"], "additionalProperties": false})),
        max_tokens: 200,
        deadline: Duration::from_secs(30),
        seed: 0,
        urgency: Urgency::Routine,
    }
}

#[expect(clippy::disallowed_methods, reason = "the tools' place is the bench's, not the service's")]
fn program() -> PathBuf {
    let named = std::env::var_os("SERENO_CACHE_DIR").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/sereno");
    named.unwrap_or_else(home).join("tools/bin/llama-server")
}
