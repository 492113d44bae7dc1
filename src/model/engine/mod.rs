//! The language model on llama.cpp: one thread owns it, a bounded queue feeds it, a grammar holds its answers.

mod answer;
mod choose;
mod form;
mod gguf;
mod grammar;
mod prefixes;
mod prompt;
mod queue;
mod room;
mod session;
mod slots;
mod task;
mod tokenizer;
mod vocabulary;
mod watchdog;
mod weights;
mod whole;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::oneshot;

pub use self::{
    gguf::{Facts, inspect},
    tokenizer::Tokenizer,
    weights::backend,
};
use self::{
    queue::{Job, Queue},
    vocabulary::Vocabulary,
    watchdog::Watchdog,
    weights::Loaded,
};
use super::{
    Completion, GenerateRequest, LanguageModel, Learned, ModelError, ModelManifest, manifest,
};

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
    /// Memory for the attention cache grows with it, a prompt being kept for each request that runs and
    /// two besides. 0 chooses: 4,096, or
    /// what the model was trained for if that is less, or less where memory is short.
    pub context_tokens: u32,
    /// Threads that evaluate; all cores but one when absent. Where other processes share the machine,
    /// start this one with `OMP_WAIT_POLICY=passive`, or more than one thread is slower than one.
    pub threads: Option<i32>,
    /// Requests that are answered beside each other in shared batches. With 1, the same request always
    /// gives the same bytes; with more, sums are rounded differently from company to company.
    pub parallel: u32,
    /// Requests that may wait, besides those being answered.
    pub queue_limit: usize,
    /// Where the beginnings of prompts are kept across restarts, if anywhere.
    pub cache: Option<CacheOptions>,
    /// Folder for the form in which a small model is evaluated: merged with its adapter, in 8 bits.
    /// Without one the files are evaluated as they are.
    pub forms: Option<PathBuf>,
    /// How long one step may take before the model's thread counts as stuck and is replaced.
    pub stall: Duration,
    /// Whether tokens that the schema forces are evaluated together with the next chosen one.
    /// Without it each is evaluated alone, which is slower and exists to compare with.
    pub batch_forced: bool,
}

/// A folder for evaluated beginnings of prompts.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// Made when it is missing.
    pub folder: PathBuf,
    /// Bytes that its files may have together; the oldest give way.
    pub limit_bytes: u64,
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
    /// The defaults: context chosen, all cores but one, one request at a time and 64 waiting, no adapter,
    /// no pinned hash, nothing kept on disk, stuck after a minute, and the file's name as the model's.
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
            parallel: 1,
            queue_limit: 64,
            cache: None,
            forms: None,
            stall: Duration::from_mins(1),
            batch_forced: true,
        }
    }
}

/// A GGUF model behind its own thread. Dropping it ends the thread and frees the model.
pub struct LlamaModel {
    manifest: ModelManifest,
    file: PathBuf,
    learned: Option<Learned>,
    context_tokens: usize,
    vocabulary: Arc<Vocabulary>,
    queue: Arc<Queue>,
    /// Dropped after the queue is closed; it waits for the thread's end.
    watchdog: Option<Watchdog>,
}

impl LlamaModel {
    /// Checks the file, loads it and starts its thread. Blocks for as long as hashing and loading take:
    /// call it before serving, or on a blocking thread.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what to do about it.
    pub fn load(mut options: EngineOptions) -> Result<Self, ModelError> {
        let facts = gguf::check_model(&options.model_path)?;
        let sha256 =
            manifest::verify_file(&options.model_path, options.expected_sha256.as_deref())?;
        let adapter_sha256 = match &options.adapter {
            None => None,
            Some(AdapterOptions { path, expected_sha256 }) => {
                gguf::check_adapter(path, &options.model_path, &facts.architecture)?;
                Some(manifest::verify_file(path, expected_sha256.as_deref())?)
            }
        };
        let mut manifest = ModelManifest {
            name: options.name.clone(),
            sha256,
            adapter_sha256,
            form_sha256: None,
            runtime: "llama.cpp".to_owned(),
        };
        let learned = options.adapter.as_ref().and_then(|adapter| gguf::learned(&adapter.path));
        if let Some(form) = form::of(&options, &facts, &manifest) {
            manifest.form_sha256 = Some(form.sha256);
            options.model_path = form.path;
            options.adapter = None;
        }
        let file = options.model_path.clone();
        let queue = Arc::new(Queue::new(options.queue_limit));
        let world = weights::world(&manifest);
        let options = Arc::new(options);
        let started = worker::start(&options, &world, &queue)?;
        let (stall, shared) = (options.stall, Arc::clone(&queue));
        let watchdog = Watchdog::start(started.worker, stall, move || {
            let started = worker::start(&options, &world, &shared);
            started.map(|started| started.worker).map_err(|error| error.to_string())
        })
        .map_err(|error| ModelError::Load(format!("no thread for the watchdog: {error}")))?;
        Ok(Self {
            manifest,
            file,
            learned,
            context_tokens: started.context_tokens,
            vocabulary: started.vocabulary,
            queue,
            watchdog: Some(watchdog),
        })
    }
}

impl LlamaModel {
    /// The file that is evaluated: the form, where there is one.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for LlamaModel {
    fn drop(&mut self) {
        // The watchdog first, or it would take the thread that the closed queue ends for one that died.
        let watchdog = self.watchdog.take();
        self.queue.close();
        drop(watchdog);
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

    fn learned(&self) -> Option<&Learned> {
        self.learned.as_ref()
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
