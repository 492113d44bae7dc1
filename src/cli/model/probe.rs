//! Tries a model file out in a process of its own: whatever llama.cpp does with it, this one lives on.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AppError, Ending, print};
use crate::{
    model::{
        GenerateRequest, LanguageModel as _, Message, ModelError, Role, Urgency,
        engine::{AdapterOptions, EngineOptions, Facts, LlamaModel, inspect},
    },
    telemetry::{self, LogFormat},
};

/// What the process that tries says on standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It can be used.
    Usable(Facts),
    /// It cannot, and why.
    Refused(String),
}

/// Loads the file, decodes once and prints what came of it, as JSON.
pub async fn probe(file: PathBuf, adapter: Option<PathBuf>) -> Result<Ending, AppError> {
    telemetry::start_log("error", LogFormat::Text);
    let (outcome, ending) = match decode_once(file, adapter).await {
        Ok(facts) => (Outcome::Usable(facts), Ending::Done),
        Err(error) => (Outcome::Refused(error.to_string()), Ending::BadInput),
    };
    print(&serde_json::to_string(&outcome).map_err(AppError::environment)?)?;
    Ok(ending)
}

async fn decode_once(file: PathBuf, adapter: Option<PathBuf>) -> Result<Facts, ModelError> {
    let facts = inspect(&file)?;
    let adapter = adapter.map(|path| AdapterOptions { path, expected_sha256: None });
    // No test of speed, and little memory.
    let options = EngineOptions { adapter, context_tokens: 1_024, ..EngineOptions::new(file) };
    let model = LlamaModel::load(options)?;
    let message = |role, content: &str| Message { role, content: content.to_owned() };
    let request = GenerateRequest {
        messages: vec![
            message(Role::System, "Answer in JSON."),
            message(Role::User, "Is it night?"),
        ],
        schema: Arc::new(json!({"enum": ["yes", "no"]})),
        max_tokens: 16,
        deadline: Duration::from_mins(10),
        seed: 0,
        urgency: Urgency::Background,
    };
    model.generate(request).await.map(|_| facts)
}

/// Runs the above in another process and waits for it.
///
/// # Errors
/// [`AppError::Input`] when the file cannot be used, also when it brings llama.cpp down.
pub(super) fn try_out(file: &Path, adapter: Option<&Path>) -> Result<Facts, AppError> {
    let program = std::env::current_exe().map_err(AppError::environment)?;
    let mut command = Command::new(program);
    command.args(["model", "probe"]);
    if let Some(adapter) = adapter {
        command.arg("--adapter").arg(adapter);
    }
    command.arg("--").arg(file).stdin(Stdio::null());
    let spinner = ProgressBar::new_spinner().with_message("trying the model");
    spinner.enable_steady_tick(Duration::from_millis(200));
    let output = command.output().map_err(AppError::environment)?;
    spinner.finish_and_clear();
    let errors = String::from_utf8_lossy(&output.stderr);
    match serde_json::from_slice(&output.stdout) {
        Ok(Outcome::Usable(facts)) if output.status.success() => Ok(facts),
        Ok(Outcome::Refused(why)) => Err(AppError::Input(format!("{why}{}", said(&errors)))),
        _ => Err(ended(file, output.status, &errors)),
    }
}

/// Why the process ended without a word.
fn ended(file: &Path, status: ExitStatus, errors: &str) -> AppError {
    let (file, said) = (file.display(), said(errors));
    #[cfg(unix)]
    if std::os::unix::process::ExitStatusExt::signal(&status) == Some(9) {
        return AppError::Environment(format!(
            "trying {file} was killed from outside (signal 9), as happens when memory runs out; \
             use a smaller model or quantisation, or end other programs{said}"
        ));
    }
    AppError::Input(format!(
        "llama.cpp crashed on {file} ({status}): this build cannot run it, or the file is damaged; \
         nothing was added{said}"
    ))
}

/// The first thing that llama.cpp reported as an error, for the end of a message; what follows it only
/// repeats that loading failed.
fn said(errors: &str) -> String {
    errors.lines().find_map(complaint).map_or_else(String::new, |words| {
        let words = words.split(" module=").next().unwrap_or(words);
        format!("\nllama.cpp says: {}", words.trim())
    })
}

/// The words of a line that reports an error, or of the last one before an abort.
fn complaint(line: &str) -> Option<&str> {
    let logged = line.split_once(" ERROR ").map(|(_, words)| words);
    logged.or_else(|| line.get(line.find("GGML_ASSERT")?..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_quoted() {
        let log = "2026-11-24T06:58:22Z ERROR unknown model architecture: 'foo' module=\"llama.cpp\"\n\
                   2026-11-24T06:58:22Z ERROR failed to load model\n";
        assert_eq!(said(log), "\nllama.cpp says: unknown model architecture: 'foo'");
        assert_eq!(
            said("/x/y.cpp:1: GGML_ASSERT(n > 0) failed"),
            "\nllama.cpp says: GGML_ASSERT(n > 0) failed"
        );
        assert_eq!(said("Segmentation fault"), "");
    }

    #[cfg(unix)]
    #[test]
    fn a_crash_and_a_kill_are_told_apart() {
        use std::os::unix::process::ExitStatusExt as _;
        let crash = ended(Path::new("m.gguf"), ExitStatus::from_raw(11), "");
        assert!(matches!(&crash, AppError::Input(why) if why.contains("crashed on m.gguf")));
        let kill = ended(Path::new("m.gguf"), ExitStatus::from_raw(9), "");
        assert!(matches!(&kill, AppError::Environment(why) if why.contains("memory")));
    }
}
