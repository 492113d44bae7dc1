//! Loads a GGUF file: weights, vocabulary, chat template, and what grammars are compiled against.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
};

use llama_cpp_2::{
    LogOptions,
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    model::{LlamaLoraAdapter, LlamaModel as Weights, params::LlamaModelParams},
    send_logs_to_tracing,
};
use llguidance::ParserFactory;

use super::{
    CacheOptions, EngineOptions, grammar, prefixes::Prefixes, prompt::ChatTemplate, room, session,
    vocabulary::Vocabulary,
};
use crate::model::{ModelError, ModelManifest, machine};

/// The version of llama.cpp's bindings, as Cargo.toml pins it.
const LLAMA: &str = "0.1.160";

/// All that an evaluation depends on besides its tokens.
pub(super) fn world(manifest: &ModelManifest) -> String {
    let adapter = manifest.adapter_sha256.as_deref().unwrap_or("-");
    let form = manifest.form_sha256.as_deref().unwrap_or("-");
    let model = &manifest.sha256;
    format!("{model} {adapter} {form} llama-cpp-2 {LLAMA} f16 batch {}", session::BATCH)
}

/// llama.cpp itself, started once in a process and never stopped. Its log goes to `tracing`.
///
/// # Errors
/// [`ModelError::Load`] when it cannot be started.
pub fn backend() -> Result<&'static LlamaBackend, ModelError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            send_logs_to_tracing(LogOptions::default());
            LlamaBackend::init().map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| ModelError::Load(format!("llama.cpp cannot be started: {error}")))
}

/// A loaded model; what is evaluated with it lives in a [`session::Session`].
pub(super) struct Loaded {
    /// Everything that does not change.
    pub weights: Arc<Weights>,
    /// Its tokens, for callers and grammars.
    pub vocabulary: Arc<Vocabulary>,
    /// How it wants its prompts.
    pub template: ChatTemplate,
    /// Compiles grammars over its vocabulary.
    pub grammars: ParserFactory,
    /// Whether forced tokens are evaluated together.
    pub batch_forced: bool,
    /// Requests that run beside each other.
    pub parallel: u32,
    cache: Option<CacheOptions>,
    world: String,
    /// What every context evaluates with; freed with the weights. llama.cpp takes it as mutable.
    adapter: Option<Mutex<LlamaLoraAdapter>>,
    context_tokens: u32,
    threads: i32,
}

impl Loaded {
    /// Reads the file, which the caller has checked to be a whole GGUF file.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what it lacks.
    pub(super) fn open(options: &EngineOptions, world: &str) -> Result<Self, ModelError> {
        let path = options.model_path.display();
        let refuse = |why: String| ModelError::Load(format!("model file {path} {why}"));
        let mut weights =
            Weights::load_from_file(backend()?, &options.model_path, &LlamaModelParams::default())
                .map_err(|error| {
                    refuse(format!(
                        "cannot be loaded by this build of llama.cpp ({error}); its architecture \
                         may be newer than the build, or memory short; the log says more"
                    ))
                })?;
        let adapter = match &options.adapter {
            Some(adapter) => Some(Mutex::new(load_adapter(&mut weights, &adapter.path)?)),
            None => None,
        };
        let weights = Arc::new(weights);
        let template = ChatTemplate::of(&weights).map_err(refuse)?;
        let vocabulary = Arc::new(Vocabulary::of(Arc::clone(&weights)).map_err(refuse)?);
        let grammars = grammar::factory(&vocabulary).map_err(refuse)?;
        Ok(Self {
            adapter,
            context_tokens: room::context_tokens(
                options.context_tokens,
                &room::Needs::of(&weights, sequences(options.parallel)),
                machine::memory_available(),
            ),
            threads: options.threads.unwrap_or_else(spare_cores),
            batch_forced: options.batch_forced,
            parallel: options.parallel.max(1),
            cache: options.cache.clone(),
            world: world.to_owned(),
            weights,
            vocabulary,
            template,
            grammars,
        })
    }

    /// Prompts that a context holds: one for each request that runs, and those that are kept besides.
    pub(super) fn sequences(&self) -> u32 {
        sequences(self.parallel)
    }

    /// Where evaluated beginnings of prompts are kept, if anywhere.
    pub(super) fn prefixes(&self) -> Option<Prefixes> {
        let CacheOptions { folder, limit_bytes } = self.cache.as_ref()?;
        Prefixes::open(folder, *limit_bytes, self.world.clone())
    }

    /// A context in which each of the kept prompts has a cache of its own, so that where one lies
    /// never changes how another is summed up.
    ///
    /// # Errors
    /// [`ModelError::Load`] when llama.cpp gives none, as when memory is short.
    pub(super) fn context(&self) -> Result<LlamaContext<'_>, ModelError> {
        let attention = llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_AUTO;
        let params = LlamaContextParams::default()
            .with_flash_attention_policy(attention)
            .with_n_ctx(NonZeroU32::new(self.context_tokens.saturating_mul(self.sequences())))
            .with_n_seq_max(self.sequences())
            .with_kv_unified(false)
            .with_n_batch(session::BATCH)
            .with_n_ubatch(session::BATCH)
            .with_n_threads(self.threads)
            .with_n_threads_batch(self.threads);
        let mut context = self.weights.new_context(backend()?, params).map_err(|error| {
            ModelError::Load(format!(
                "no context for {} tokens: {error}; the log says more",
                self.context_tokens
            ))
        })?;
        if let Some(adapter) = &self.adapter {
            let mut adapter = adapter.lock().unwrap_or_else(PoisonError::into_inner);
            context.lora_adapter_set(&mut adapter, 1.0).map_err(|error| {
                ModelError::Load(format!("the adapter cannot be used in a context: {error}"))
            })?;
        }
        Ok(context)
    }
}

fn sequences(parallel: u32) -> u32 {
    parallel.max(1).saturating_add(session::PROMPTS_KEPT)
}

/// Reads an adapter, which the caller has checked to be made for this architecture.
fn load_adapter(weights: &mut Weights, path: &Path) -> Result<LlamaLoraAdapter, ModelError> {
    weights.lora_adapter_init(path).map_err(|error| {
        ModelError::Load(format!(
            "model file {} was made for another model: its tensors do not fit this one ({error}; \
             the log says which); use it with the model that it was trained on, or none \
             (`adapter = \"\"`)",
            path.display()
        ))
    })
}

/// All cores but one. llama.cpp's threads wait for each other actively several hundred times per token:
/// as soon as one of them shares its core with anything else, all of them stall, and an answer takes
/// ten times as long. The service, its database and the embedder get the core that is left.
fn spare_cores() -> i32 {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    i32::try_from(cores.saturating_sub(1).max(1)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_prompts_name_the_version_that_is_built_in() {
        let pinned = format!("llama-cpp-2 = {{ version = \"={LLAMA}\"");
        assert!(include_str!("../../../Cargo.toml").contains(&pinned));
    }
}
