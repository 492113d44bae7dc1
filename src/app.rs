//! The composition root: puts the parts together, for every command, top to bottom.

mod first_start;
mod policy_desk;
mod samples;
mod serve;
mod watch;

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    assessment::Depth,
    audit::LogKey,
    config::{Config, Sites},
    domain::{Clock, IdSource, RandomIds, SystemClock},
    model::{
        LanguageModel, ModelError,
        absent::Absent,
        classify::{Classifier, Head, SentenceClassifier},
        embed::{EmbedOptions, MiniLm},
        engine::{AdapterOptions, CacheOptions, EngineOptions, LlamaModel},
        remote::RemoteModel,
        site::SiteModels,
    },
    pipeline::{Parts, Pipeline, Settings},
    policy::{Draft, LivePolicies, PolicyError},
    prompts::Prompts,
    reports::Language,
    store::{LogIdentity, Store, StoreError},
};

pub use policy_desk::Desk;
pub use samples::sample_alarms;
pub use serve::serve;
pub use watch::Watch;

/// Seed of every call to a model. Decoding is greedy, so it changes nothing; it is recorded.
pub const SEED: u32 = 20_260_101;

/// Why the parts could not be put together, and whose fault that is.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Something that a person wrote is wrong: a configuration, a policy, a site. Exit code 2.
    #[error("{0}")]
    Input(String),
    /// The machine does not give what is needed: database, model, port, disk. Exit code 3.
    #[error("{0}")]
    Environment(String),
}

impl AppError {
    /// Wraps what is a person's mistake.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Wraps what the machine lacks.
    pub fn environment(error: impl std::fmt::Display) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::environment(error)
    }
}

/// What to do when a model cannot be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissingModel {
    /// Say so and stop: for commands that are run by hand.
    Stop,
    /// Run on; every alarm goes to a person: for the service.
    RunOn,
}

/// The parts that every command shares.
pub struct App {
    /// Settings.
    pub config: Config,
    /// Sites.
    pub sites: Arc<Sites>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and secrets.
    pub ids: Arc<dyn IdSource>,
}

/// The models, loaded or standing in.
pub struct Models {
    /// Reads and assesses.
    pub language: Arc<dyn LanguageModel>,
    /// Reads by itself.
    pub classifier: Arc<dyn Classifier>,
    /// The same classifier with its head and its embedder in reach, where it is loaded.
    pub sentences: Option<Arc<SentenceClassifier>>,
    /// What could not be loaded, and why.
    pub problems: Vec<String>,
}

impl App {
    /// Loads the sites that people described.
    ///
    /// # Errors
    /// [`AppError::Input`] that names file, line and what would be right.
    pub fn new(config: Config) -> Result<Self, AppError> {
        let sites = match &config.sites_dir {
            Some(folder) => Sites::load(folder),
            None => Sites::embedded(),
        };
        Ok(Self {
            sites: Arc::new(sites.map_err(AppError::input)?),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            config,
        })
    }

    /// Reads the folder's policies, or else those that ship; nothing of them is proven.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read_policies(&self) -> Result<Draft, PolicyError> {
        match &self.config.policies_dir {
            Some(folder) => Draft::read(folder),
            None => Draft::shipped(),
        }
    }

    /// The same, proven: for commands that decide. Takes a second or two.
    ///
    /// # Errors
    /// [`AppError::Input`] with everything that is wrong with them.
    pub fn policies(&self) -> Result<Arc<LivePolicies>, AppError> {
        let proven = self.read_policies().and_then(Draft::prove).map_err(AppError::input)?;
        Ok(Arc::new(LivePolicies::new(proven)))
    }

    /// Opens the store and the log's key; creates both on the first start.
    ///
    /// # Errors
    /// [`AppError::Environment`] when the folder or the database cannot be used.
    pub async fn open_store(&self) -> Result<Store, AppError> {
        let folder = &self.config.data_dir;
        std::fs::create_dir_all(folder).map_err(|error| {
            AppError::Environment(format!(
                "the data folder {} cannot be made: {error}; choose another with SERENO_DATA_DIR",
                folder.display()
            ))
        })?;
        let identity = LogIdentity {
            origin: self.config.log_origin.clone(),
            system_version: env!("CARGO_PKG_VERSION").to_owned(),
            build_digest: build_digest(),
            config_digest: self.config.digest(),
        };
        let key = LogKey::open(folder, &identity.origin, self.ids.as_ref())
            .map_err(AppError::environment)?;
        Ok(Store::open(
            &self.config.store_url(),
            identity,
            key,
            Arc::clone(&self.clock),
            Arc::clone(&self.ids),
        )
        .await?)
    }

    /// Loads the models.
    ///
    /// # Errors
    /// [`AppError::Environment`] where a model is missing and `on_missing` says to stop.
    pub async fn load_models(&self, on_missing: OnMissingModel) -> Result<Models, AppError> {
        let mut problems = Vec::new();
        let language = self.load_language(&mut problems).await;
        let mut sentences = None;
        let classifier: Arc<dyn Classifier> = match self.load_classifier().await {
            Ok(classifier) => {
                let classifier = Arc::new(classifier);
                sentences = Some(Arc::clone(&classifier));
                classifier
            }
            Err(error) => {
                problems.push(error.to_string());
                Arc::new(Absent::new("classifier", &error))
            }
        };
        if on_missing == OnMissingModel::Stop && !problems.is_empty() {
            return Err(AppError::Environment(problems.join("\n")));
        }
        Ok(Models { language, classifier, sentences, problems })
    }

    /// Loads the language model alone; what is wrong with it is added to `problems`.
    pub async fn load_language(&self, problems: &mut Vec<String>) -> Arc<dyn LanguageModel> {
        let settings = &self.config.models;
        let (name, found) = match &settings.remote.url {
            Some(url) => (&settings.remote.model, self.find_remote_model(url, problems).await),
            None => (&settings.language_model.name, self.load_language_model().await),
        };
        found.unwrap_or_else(|error| {
            problems.push(error.to_string());
            Arc::new(Absent::new(name, &error))
        })
    }

    /// A server that is out of reach is a problem of now: the model is there for when it is back.
    async fn find_remote_model(
        &self,
        url: &str,
        problems: &mut Vec<String>,
    ) -> Result<Arc<dyn LanguageModel>, ModelError> {
        let waiting = self.config.models.language_model.queue;
        let settings = self.config.models.remote.clone();
        let model = RemoteModel::new(url, settings, waiting, Arc::clone(&self.ids))?;
        problems.extend(model.check().await.err().map(|error| error.to_string()));
        Ok(Arc::new(model))
    }

    /// What the settings say about the built-in engine.
    pub fn engine_options(&self) -> EngineOptions {
        let settings = &self.config.models.language_model;
        EngineOptions {
            model_path: self.config.model_file(&settings.file),
            expected_sha256: settings.sha256.clone(),
            adapter: settings.adapter.as_ref().map(|file| AdapterOptions {
                path: self.config.model_file(file),
                expected_sha256: settings.adapter_sha256.clone(),
            }),
            name: settings.name.clone(),
            context_tokens: settings.context_tokens,
            threads: settings.threads,
            parallel: settings.parallel,
            queue_limit: settings.queue,
            cache: self
                .config
                .prompt_cache()
                .map(|(folder, limit_bytes)| CacheOptions { folder, limit_bytes }),
            forms: settings.forms.as_ref().map(|folder| self.config.model_file(folder)),
            stall: Duration::from_secs(settings.stall_seconds),
            batch_forced: true,
        }
    }

    async fn load_language_model(&self) -> Result<Arc<dyn LanguageModel>, ModelError> {
        let options = self.engine_options();
        let model = blocking(move || LlamaModel::load(options)).await?;
        Ok(Arc::new(model))
    }

    /// Loads the second read alone.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what to do about it.
    pub async fn load_classifier(&self) -> Result<SentenceClassifier, ModelError> {
        let settings = &self.config.models.embedder;
        let options = EmbedOptions {
            model_path: self.config.model_file(&settings.file),
            tokenizer_path: self.config.model_file(&settings.tokenizer),
            runtime_path: self.config.model_file(&settings.runtime),
            expected_sha256: settings.sha256.clone(),
            threads: settings.threads,
        };
        let embedder = blocking(move || MiniLm::load(&options)).await?;
        let head =
            Head::load(&self.config.model_file(&settings.head), settings.head_sha256.as_deref())?;
        SentenceClassifier::new(Arc::new(embedder), head)
    }

    /// Puts the stages together, over what sites have `learned`.
    ///
    /// # Errors
    /// [`AppError::Input`] when a prompt is broken.
    pub async fn pipeline(
        &self,
        policies: Arc<LivePolicies>,
        models: &Models,
        learned: SiteModels,
        depth: Depth,
    ) -> Result<Pipeline, AppError> {
        let mut prompts = Prompts::embedded().map_err(AppError::input)?;
        match models.language.learned() {
            Some(learned) if learned.prompts == prompts.learned_as() => {
                prompts = prompts.without_examples();
            }
            Some(_) => tracing::warn!(
                "the adapter was trained on other prompts than these: it is asked with examples, \
                 which is slower, and reads worse; train it again (models/training/README.md)"
            ),
            None => {}
        }
        let settings = Settings {
            deadline: Duration::from_secs(self.config.models.language_model.deadline_seconds),
            seed: SEED,
            language: Language::En,
            depth,
        };
        let parts = Parts {
            policies,
            sites: Arc::clone(&self.sites),
            model: Arc::clone(&models.language),
            classifier: Arc::clone(&models.classifier),
            prompts,
            clock: Arc::clone(&self.clock),
            learned,
        };
        Ok(Pipeline::new(parts, settings).await)
    }
}

/// Loading reads large files, which must not hold up the runtime.
async fn blocking<T: Send + 'static>(
    load: impl FnOnce() -> Result<T, ModelError> + Send + 'static,
) -> Result<T, ModelError> {
    tokio::task::spawn_blocking(load)
        .await
        .unwrap_or_else(|error| Err(ModelError::Failed(format!("loading was broken off: {error}"))))
}

/// SHA-256 of the running program, hex; empty where it cannot be read.
fn build_digest() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|program: PathBuf| crate::model::manifest::hash_file(&program).ok())
        .unwrap_or_default()
}
