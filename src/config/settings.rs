//! The settings, checked, and what is derived from them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ConfigError, check, layers::Layers};

const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Every setting, as `config/default.toml` explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder for the database, the log's key and reports.
    pub data_dir: PathBuf,
    /// Address and port of the API and the console.
    pub listen: String,
    /// Whether browsers reach the service by https alone.
    pub secure_cookies: bool,
    /// The database, where it is not the file in the data folder. May hold a password.
    #[serde(with = "blank")]
    pub database_url: Option<String>,
    /// Folder of policies; the ones that ship where there is none.
    #[serde(with = "blank")]
    pub policies_dir: Option<PathBuf>,
    /// Folder of site files; the ones that ship where there is none.
    #[serde(with = "blank")]
    pub sites_dir: Option<PathBuf>,
    /// The log's name in its checkpoints.
    pub log_origin: String,
    /// Alarms that are decided at the same time.
    pub workers: usize,
    /// The service's own log lines.
    pub log: LogSettings,
    /// The models.
    pub models: Models,
    /// Bounds on what strangers may send.
    pub limits: Limits,
}

/// The service's own log lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// A filter in the form of `tracing`.
    pub level: String,
    /// One JSON object a line.
    pub json: bool,
}

/// The models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// Folder of the model files.
    pub dir: PathBuf,
    /// Reads and assesses.
    pub language_model: LanguageModelSettings,
    /// Reads and assesses in its place, where it has an address.
    pub remote: RemoteSettings,
    /// The second read's sentence embedder.
    pub embedder: Embedder,
}

/// The language model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelSettings {
    /// GGUF file; see [`Config::model_file`].
    pub file: PathBuf,
    /// SHA-256 that it must have, hex.
    #[serde(with = "blank")]
    pub sha256: Option<String>,
    /// GGUF file of a LoRA adapter for it, found in the same way.
    #[serde(with = "blank")]
    pub adapter: Option<PathBuf>,
    /// SHA-256 that the adapter must have, hex.
    #[serde(with = "blank")]
    pub adapter_sha256: Option<String>,
    /// Name in records.
    pub name: String,
    /// Tokens that prompt and answer may have together; 0 lets model and memory decide.
    pub context_tokens: u32,
    /// Threads that evaluate; all cores but one where there is none.
    #[serde(with = "zero")]
    pub threads: Option<i32>,
    /// Requests that are answered beside each other.
    pub parallel: u32,
    /// Requests that may wait.
    pub queue: usize,
    /// Folder for evaluated beginnings of prompts.
    #[serde(with = "blank")]
    pub prompt_cache: Option<PathBuf>,
    /// Megabytes that it may hold.
    pub prompt_cache_mb: u64,
    /// Folder for the forms in which small models are evaluated.
    #[serde(with = "blank")]
    pub forms: Option<PathBuf>,
    /// Seconds without progress after which the model's thread is replaced.
    pub stall_seconds: u64,
    /// Seconds for one answer.
    pub deadline_seconds: u64,
}

/// A language model on an OpenAI-compatible server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteSettings {
    /// The server's address; the built-in engine answers where there is none.
    #[serde(with = "blank")]
    pub url: Option<String>,
    /// Name of the model there.
    pub model: String,
    /// File with the server's API key.
    #[serde(with = "blank")]
    pub api_key_file: Option<PathBuf>,
    /// How the server is told the schema.
    pub structured: Structured,
    /// Whether token probabilities are asked for.
    pub logprobs: bool,
    /// Seconds to open a connection.
    pub connect_seconds: u64,
    /// Requests that the server works on at once.
    pub concurrency: usize,
    /// Tries after the first.
    pub retries: u32,
    /// Failures in a row after which the server is left alone.
    pub breaker_failures: u32,
    /// Seconds until it is tried again.
    pub breaker_seconds: u64,
    /// Tokens that prompt and answer may have together.
    pub context_tokens: u32,
}

/// How a server is told the schema of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// `OpenAI`'s `response_format`.
    JsonSchema,
    /// vLLM's own field, up to 0.11.
    GuidedJson,
}

/// The sentence embedder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedder {
    /// ONNX file; see [`Config::model_file`].
    pub file: PathBuf,
    /// Its tokenizer.
    pub tokenizer: PathBuf,
    /// SHA-256 that the ONNX file must have, hex.
    #[serde(with = "blank")]
    pub sha256: Option<String>,
    /// What the second read learned over its vectors.
    pub head: PathBuf,
    /// SHA-256 that it must have.
    #[serde(with = "blank")]
    pub head_sha256: Option<String>,
    /// ONNX Runtime's shared library.
    pub runtime: PathBuf,
    /// Threads that evaluate.
    pub threads: usize,
}

/// Bounds on what strangers may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of an alarm's body.
    pub body_bytes: usize,
    /// Alarms that may wait for a decision.
    pub queue_open: u64,
    /// Bounds on an alarm's members.
    pub alarm: IntakeLimits,
}

/// Bounds on the members of one alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeLimits {
    /// Captions.
    pub captions: usize,
    /// Bytes of a caption's text.
    pub caption_bytes: usize,
    /// Pieces of text seen in the scene.
    pub visible_texts: usize,
    /// Characters of one such piece.
    pub visible_text_chars: usize,
    /// Detections.
    pub detections: usize,
    /// Bytes of `raw`, written as JSON.
    pub raw_bytes: usize,
}

impl Default for IntakeLimits {
    /// What `config/default.toml` says; a test holds the two together.
    fn default() -> Self {
        Self {
            captions: 10_000,
            caption_bytes: 102_400,
            visible_texts: 1_000,
            visible_text_chars: 2_000,
            detections: 10_000,
            raw_bytes: 65_536,
        }
    }
}

impl Config {
    /// Reads the settings: the defaults, then one file (`file`, else the one that `SERENO_CONFIG`
    /// names, else `sereno.toml` in the data folder if it is there), then `SERENO_…` variables.
    ///
    /// # Errors
    /// [`ConfigError`], which names key, place and what would be right.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read(file, &environment())
    }

    /// The same with the environment as an argument.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::defaults(DEFAULTS)?;
        let named = file.map(Path::to_owned).or_else(|| {
            environment.get("SERENO_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from)
        });
        let asked_for = named.is_some();
        let file = named.unwrap_or_else(|| {
            let default = layers.table().get("data_dir").and_then(|value| value.as_str());
            let folder = environment.get("SERENO_DATA_DIR").map(String::as_str).or(default);
            Path::new(folder.unwrap_or_default()).join("sereno.toml")
        });
        match fs::read_to_string(&file) {
            Ok(text) => layers.add_file(&file, &text)?,
            Err(error) if !asked_for && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(ConfigError::Unreadable { file, source }),
        }
        layers.add_environment(environment)?;
        let mut config = typed(&layers)?;
        if let Some((key, problem)) = check::first_problem(&config) {
            return Err(ConfigError::WrongValue {
                key: key.to_owned(),
                place: layers.place(key),
                problem: problem.to_owned(),
            });
        }
        config.models.dir = at_home(&config.models.dir, environment);
        Ok(config)
    }

    /// The language model that set-up fetches, whatever the settings in force name.
    ///
    /// # Errors
    /// None: a test reads the defaults.
    pub fn shipped_language_model() -> Result<LanguageModelSettings, ConfigError> {
        let config: Self = typed(&Layers::defaults(DEFAULTS)?)?;
        Ok(config.models.language_model)
    }

    /// Where a model's file lies: in the models' folder, unless it is named with its full path.
    pub fn model_file(&self, file: &Path) -> PathBuf {
        self.models.dir.join(file)
    }

    /// Where evaluated beginnings of prompts are kept, and how many bytes of them.
    pub fn prompt_cache(&self) -> Option<(PathBuf, u64)> {
        let settings = &self.models.language_model;
        let folder = settings.prompt_cache.as_ref()?;
        Some((self.model_file(folder), settings.prompt_cache_mb.saturating_mul(1_000_000)))
    }

    /// The database's address. May hold a password.
    pub fn store_url(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.data_dir.join("sereno.db").display()))
    }

    /// Bounds on the members of one alarm.
    pub fn intake_limits(&self) -> IntakeLimits {
        self.limits.alarm.clone()
    }

    /// The settings in force as TOML, with the database's password masked.
    pub fn redacted(&self) -> String {
        let shown = Self {
            database_url: self.database_url.as_deref().map(without_password),
            ..self.clone()
        };
        // Every member has a place in TOML, so this cannot fail; a test writes and reads it back.
        toml::to_string(&shown).unwrap_or_default()
    }

    /// SHA-256 of the settings in force without secrets, hex.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.redacted()))
    }
}

/// Every variable of the environment that is text.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("SERENO_") || name == "HOME")
        .collect()
}

fn typed(layers: &Layers) -> Result<Config, ConfigError> {
    serde_path_to_error::deserialize(layers.table().clone()).map_err(|error| {
        let key = error.path().to_string();
        ConfigError::WrongValue {
            place: layers.place(&key),
            key,
            problem: format!("is out of range: {}", error.inner().message()),
        }
    })
}

fn at_home(path: &Path, environment: &BTreeMap<String, String>) -> PathBuf {
    match (path.strip_prefix("~"), environment.get("HOME")) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path.to_owned(),
    }
}

/// A database address whose password, in the authority or in the query, is `***`.
fn without_password(url: &str) -> String {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let head = match head.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((login, host)) => {
                let name = login.split(':').next().unwrap_or_default();
                let mask = if login.contains(':') { ":***" } else { "" };
                format!("{scheme}://{name}{mask}@{host}")
            }
            None => head.to_owned(),
        },
        None => head.to_owned(),
    };
    let query: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("pass") => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    if query.is_empty() { head } else { format!("{head}?{}", query.join("&")) }
}

/// An empty text stands for nothing, so that `config/default.toml` can list the setting.
mod blank {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for this shape")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, T: From<String>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Some(text).filter(|text| !text.is_empty()).map(T::from))
    }
}

/// Zero stands for nothing, for the same reason.
mod zero {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for this shape"
    )]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<i32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(value.unwrap_or(0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<i32>, D::Error> {
        Ok(Some(i32::deserialize(deserializer)?).filter(|value| *value != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_masked_wherever_it_stands() {
        assert_eq!(
            without_password("postgres://eva:s3@cr@t@db:5432/x"),
            "postgres://eva:***@db:5432/x"
        );
        assert_eq!(
            without_password("postgres://db/x?user=eva&password=secret&sslmode=require"),
            "postgres://db/x?user=eva&password=***&sslmode=require"
        );
        assert_eq!(without_password("sqlite:///tmp/x.db"), "sqlite:///tmp/x.db");
    }

    #[test]
    fn a_home_folder_is_only_meant_at_the_start() {
        let environment = BTreeMap::from([("HOME".to_owned(), "/home/eva".to_owned())]);
        assert_eq!(at_home(Path::new("~/m"), &environment), Path::new("/home/eva/m"));
        assert_eq!(at_home(Path::new("/x/~/m"), &environment), Path::new("/x/~/m"));
    }
}
