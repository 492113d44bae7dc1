//! Models behind traits: a language model that fills a schema, an embedder that reads sentences.

pub mod absent;
pub mod classify;
pub mod embed;
pub mod engine;
pub mod library;
pub mod machine;
pub mod manifest;
pub mod remote;
pub mod scripted;
pub mod site;
pub mod trace;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

pub use manifest::ModelManifest;
pub use trace::{CallLimits, CallTrace};

/// Who speaks in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the model is to do; written by us, shared by all alarms.
    System,
    /// Data to read, or a worked example of it.
    User,
    /// A worked example of an answer.
    Assistant,
}

impl Role {
    /// The name that chat templates know.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said. Never interpreted as chat-template markup: special tokens in it are plain text.
    pub content: String,
}

/// What an adapter's file says of its training.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// Digests of the prompts, as [`crate::prompts::Prompts::learned_as`] writes them.
    pub prompts: String,
    /// Log-odds that it gives a caption which is as likely to show danger as not.
    pub midpoint: f64,
    /// What its log-odds beside the midpoint are multiplied by, to be what held-out captions show.
    pub stretch: f64,
}

/// How soon an answer is needed; the queue serves the most urgent first, then the earliest deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Batch work: evaluation, replay.
    Background,
    /// An ordinary alarm.
    Routine,
    /// An alarm that may concern a life.
    LifeSafety,
}

/// A prompt, the JSON Schema that the answer must satisfy, and the limits.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// The turns, in order; those shared between alarms come first so that their evaluation is reused.
    pub messages: Vec<Message>,
    /// JSON Schema (2020-12) of the answer. Compiled once per distinct `Arc` content.
    pub schema: Arc<serde_json::Value>,
    /// Upper bound on emitted tokens, forced ones included.
    pub max_tokens: u32,
    /// Time from the call to the answer, queueing included.
    pub deadline: Duration,
    /// Recorded; decoding is greedy, so it changes nothing unless a sampler is configured.
    pub seed: u32,
    /// Place in the queue.
    pub urgency: Urgency,
}

/// One token that the model really chose: more than one token was permitted there.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Byte offset in [`Completion::text`] where the token begins.
    pub offset: usize,
    /// Permitted tokens with their probabilities, renormalised over the permitted ones,
    /// most probable first, at most eight. Sums to at most 1.
    pub alternatives: Vec<(String, f64)>,
    /// Logit of the chosen token minus that of the best permitted other one (nats, ≥ 0 when greedy).
    pub margin: f64,
}

/// What an answer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the rendered prompt.
    pub prompt_tokens: u32,
    /// Of these, how many were not evaluated again.
    pub reused_tokens: u32,
    /// Answer tokens that the model chose.
    pub sampled_tokens: u32,
    /// Answer tokens that the schema left no choice about.
    pub forced_tokens: u32,
    /// Milliseconds waited in the queue.
    pub queued_ms: u32,
    /// Milliseconds from the queue to the answer.
    pub busy_ms: u32,
}

/// A complete answer: JSON text that satisfies the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The JSON text.
    pub text: String,
    /// Every real choice, in the order of the text.
    pub choices: Vec<Choice>,
    /// What it cost.
    pub usage: Usage,
}

impl Completion {
    /// The choice made for the value that follows `"key":"`, at its first occurrence.
    pub fn choice_at(&self, key: &str) -> Option<&Choice> {
        let marker = format!("\"{key}\":\"");
        let offset = self.text.find(&marker)? + marker.len();
        self.choices.iter().find(|choice| choice.offset == offset)
    }
}

/// Why a model gave no answer. `Display` is for the log; [`ModelError::code`] goes into records.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The queue is full.
    #[error("the model's queue is full ({0} requests)")]
    Overloaded(usize),
    /// The deadline passed before the answer was complete.
    #[error("no complete answer within {0:?}")]
    Deadline(Duration),
    /// Prompt and answer do not fit into the context window.
    #[error(
        "the prompt has {prompt} tokens and the answer may have {answer}, but the context holds {context}"
    )]
    TooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens that the answer may have.
        answer: usize,
        /// Tokens that the context holds.
        context: usize,
    },
    /// The schema cannot be compiled to a grammar.
    #[error("the answer's schema cannot be compiled: {0}")]
    Schema(String),
    /// The answer ended before it was complete.
    #[error("the answer was cut at {0} tokens")]
    Truncated(u32),
    /// The model file is missing, damaged, or of a kind that this build cannot run.
    #[error("{0}")]
    Load(String),
    /// Evaluation failed, or the model's thread is gone, or its server refused the request.
    #[error("the model failed: {0}")]
    Failed(String),
    /// The model's server gives no answer, or keeps failing and is left alone for a while.
    #[error("the model server is out of reach: {0}")]
    Unreachable(String),
    /// What a model's server sent is no answer: of another kind, too long, or not of the schema.
    #[error("the model server's answer is invalid: {0}")]
    Answer(String),
}

impl ModelError {
    /// A stable code for records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overloaded(_) => "model_overloaded",
            Self::Deadline(_) => "model_timeout",
            Self::TooLong { .. } => "model_prompt_too_long",
            Self::Schema(_) => "model_schema_invalid",
            Self::Truncated(_) => "model_answer_truncated",
            Self::Load(_) => "model_unavailable",
            Self::Failed(_) => "model_failed",
            Self::Unreachable(_) => "model_unreachable",
            Self::Answer(_) => "model_answer_invalid",
        }
    }
}

/// A model that answers in JSON. Implementations bound their own queue and honour the deadline;
/// dropping the future abandons the request.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// What is loaded: names and hashes for the record.
    fn manifest(&self) -> &ModelManifest;

    /// How many tokens `text` has for this model, without special tokens.
    fn count_tokens(&self, text: &str) -> usize;

    /// Tokens that prompt and answer together may have.
    fn context_tokens(&self) -> usize;

    /// What it was trained on, where it says so.
    fn learned(&self) -> Option<&Learned> {
        None
    }

    /// Whether the next request may be answered, as far as is known.
    fn is_ready(&self) -> bool {
        true
    }

    /// Answers `request`, or says why not. Greedy: the same request to the same build and
    /// model gives the same bytes; a remote model's server may not keep that.
    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError>;
}

/// A model that turns sentences into unit vectors.
#[async_trait]
pub trait SentenceEmbedder: Send + Sync {
    /// What is loaded.
    fn manifest(&self) -> &ModelManifest;

    /// One unit vector (384 numbers for MiniLM) per sentence, in order.
    async fn embed(&self, sentences: &[String]) -> Result<Vec<Vec<f32>>, ModelError>;
}
