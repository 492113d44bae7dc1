//! The language model on llama.cpp: one thread owns it, a bounded queue feeds it, a grammar holds its answers.

mod choose;
mod decode;
mod gguf;
mod grammar;
mod prompt;
mod queue;
mod room;
mod session;
mod slots;
mod vocabulary;
mod weights;
mod worker;

use std::{path::PathBuf, sync::Arc, thread::JoinHandle};

use async_trait::async_trait;
use tokio::sync::oneshot;

pub use self::gguf::{Facts, inspect};
use self::{
    queue::{Job, Queue},
    vocabulary::Vocabulary,
    weights::Loaded,
};
use super::{Completion, GenerateRequest, LanguageModel, ModelError, ModelManifest, manifest};

/// What to load and how to run it.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// A GGUF file with a chat template that llama.cpp knows.
    pub model_path: PathBuf,
    /// SHA-256 that the file must have, hex.
    pub expected_sha256: Option<String>,
    /// What was trained on top of the model, where there is something.
    pub adapter: Option<AdapterOptions>,
    /// For people and records: `SmolLM2-135M-Instruct`.
    pub name: String,
    /// Tokens that prompt and answer together may have; rounded up to a multiple of 256.
    /// Memory for the attention cache grows with it, three prompts being kept. 0 chooses: 4,096, or
    /// what the model was trained for if that is less, or less where memory is short.
    pub context_tokens: u32,
    /// Threads that evaluate; all cores but one when absent. Where other processes share the machine,
    /// start this one with `OMP_WAIT_POLICY=passive`, or more than one thread is slower than one.
    pub threads: Option<i32>,
    /// Requests that may wait, besides the one being answered.
    pub queue_limit: usize,
    /// Whether tokens that the schema forces are evaluated together with the next chosen one.
    /// Without it each is evaluated alone, which is slower and exists to compare with.
    pub batch_forced: bool,
}

/// A LoRA adapter, applied whole to everything that the model evaluates.
#[derive(Debug, Clone)]
pub struct AdapterOptions {
    /// A GGUF file as llama.cpp's `convert_lora_to_gguf` writes it.
    pub path: PathBuf,
    /// SHA-256 that the file must have, hex.
    pub expected_sha256: Option<String>,
}

impl EngineOptions {
    /// The defaults: context chosen, all cores but one, 64 requests waiting, no adapter, no pinned
    /// hash, and the file's name as the model's.
    pub fn new(model_path: impl Into<PathBuf>) -> Self {
        let model_path = model_path.into();
        let name = model_path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Self {
            model_path,
            expected_sha256: None,
            adapter: None,
            name,
            context_tokens: 0,
            threads: None,
            queue_limit: 64,
            batch_forced: true,
        }
    }
}

/// A GGUF model behind its own thread. Dropping it ends the thread and frees the model.
pub struct LlamaModel {
    manifest: ModelManifest,
    context_tokens: usize,
    vocabulary: Arc<Vocabulary>,
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl LlamaModel {
    /// Checks the file, loads it and starts its thread. Blocks for as long as hashing and loading take:
    /// call it before serving, or on a blocking thread.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what to do about it.
    pub fn load(options: EngineOptions) -> Result<Self, ModelError> {
        let facts = gguf::check_model(&options.model_path)?;
        let sha256 =
            manifest::verify_file(&options.model_path, options.expected_sha256.as_deref())?;
        let adapter_sha256 = match &options.adapter {
            None => None,
            Some(AdapterOptions { path, expected_sha256 }) => {
                gguf::check_adapter(path, &facts.architecture)?;
                Some(manifest::verify_file(path, expected_sha256.as_deref())?)
            }
        };
        let manifest = ModelManifest {
            name: options.name.clone(),
            sha256,
            adapter_sha256,
            runtime: "llama.cpp".to_owned(),
        };
        let queue = Arc::new(Queue::new(options.queue_limit));
        let started = worker::start(options, Arc::clone(&queue))?;
        Ok(Self {
            manifest,
            context_tokens: started.context_tokens,
            vocabulary: started.vocabulary,
            queue,
            thread: Some(started.thread),
        })
    }
}

impl Drop for LlamaModel {
    fn drop(&mut self) {
        self.queue.close();
        // Every caller borrows the model, so none is left and the thread stops at its next step.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the model's thread panicked while it ended");
        }
    }
}

#[async_trait]
impl LanguageModel for LlamaModel {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.vocabulary.tokenize_text(text).len()
    }

    fn context_tokens(&self) -> usize {
        self.context_tokens
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError> {
        let deadline = request.deadline;
        let (answer, reply) = oneshot::channel();
        self.queue.push(Job::new(request, answer))?;
        // The thread checks the deadline between steps; this holds it when a step itself hangs.
        match tokio::time::timeout(deadline, reply).await {
            Err(_) => Err(ModelError::Deadline(deadline)),
            Ok(Err(_)) => Err(ModelError::Failed("its thread is gone".to_owned())),
            Ok(Ok(result)) => result,
        }
    }
}
