//! `sereno model`: which language models are there, whether they are whole, and what they can do here.

mod bench;
mod lessons;
mod list;
mod probe;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use probe::probe;

use super::{App, AppError, Ending, print};
use crate::{
    config::{Config, LanguageModelSettings},
    model::library::{self, Candidate, Installed, Library, LibraryError},
};

/// What to do with the models.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Show every language model: what it is, and which one is in use.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check a GGUF file, put it into the models' folder, and say how to use it.
    Add {
        /// The model: GGUF, with a chat template.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its name in records; the file's name where it is left out.
        #[arg(long)]
        name: Option<String>,
        /// A LoRA adapter that was trained on this model: GGUF, in llama.cpp's format.
        #[arg(long, value_name = "FILE")]
        adapter: Option<PathBuf>,
    },
    /// Hash the files again and compare: exit code 1 if one differs from what it should be.
    Verify {
        /// Models to look at; all where none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Measure what this machine does with a model, on the sample alarms. Stores nothing.
    Bench(bench::Bench),
    /// Turn captions whose author says what is true of them into prompts and answers to train on.
    #[command(hide = true)]
    Lessons(lessons::Lessons),
    /// Load a file and decode once; `add` runs this in a process of its own.
    #[command(hide = true)]
    Probe {
        /// The model.
        file: PathBuf,
        /// Its adapter.
        #[arg(long)]
        adapter: Option<PathBuf>,
    },
}

impl Model {
    /// Runs the command.
    pub async fn run(self, config: Config) -> Result<Ending, AppError> {
        match self {
            Self::List { json } => list::run(&config, json),
            Self::Add { file, name, adapter } => add(&config, &file, name, adapter),
            Self::Verify { names } => verify::run(&config, &names),
            Self::Bench(bench) => bench.run(App::new(config)?).await,
            Self::Lessons(lessons) => lessons.run(&App::new(config)?),
            Self::Probe { file, adapter } => probe(file, adapter).await,
        }
    }
}

impl From<LibraryError> for AppError {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::Refused(why) => Self::Input(why),
            LibraryError::Machine(why) => Self::Environment(why),
        }
    }
}

/// Checks the files in a process of their own, then copies them and says how to use them.
fn add(
    config: &Config,
    file: &Path,
    name: Option<String>,
    adapter: Option<PathBuf>,
) -> Result<Ending, AppError> {
    let named = name.or_else(|| Some(file.file_stem()?.to_string_lossy().into_owned()));
    let facts = probe::try_out(file, adapter.as_deref())?;
    let candidate =
        Candidate { name: named.unwrap_or_default(), model: file.to_owned(), facts, adapter };
    // Hashed once and copied once.
    let progress = bytes_bar(candidate.facts.bytes.saturating_mul(2));
    let mut told = |bytes| progress.inc(bytes);
    check_configured(config, &candidate, &mut told)?;
    let added = Library::add(&config.models.dir, &candidate, &mut told)?;
    progress.finish_and_clear();
    let state = if added.was_there { "was there already" } else { "was added" };
    print(&format!(
        "{} {state}: {}\n\n{}",
        added.entry.name,
        list::describe(&added.entry.facts),
        how_to_use(config, &added.entry)
    ))
}

/// The names of the model in use and of the one that ships are taken, though neither was added.
fn check_configured(
    config: &Config,
    candidate: &Candidate,
    told: &mut dyn FnMut(u64),
) -> Result<(), AppError> {
    for settings in known_settings(config)? {
        let Some(pinned) = settings.sha256.filter(|_| settings.name == candidate.name) else {
            continue;
        };
        let found = crate::model::manifest::hash_file_telling(&candidate.model, told)
            .map_err(AppError::input)?;
        if !found.eq_ignore_ascii_case(&pinned)
            || settings.adapter.is_some() != candidate.adapter.is_some()
        {
            let library = Library::open(&config.models.dir)?;
            if library.find(&candidate.name).is_none() {
                return Err(library::taken(&candidate.name, &pinned).into());
            }
        }
    }
    Ok(())
}

/// The language model in use, and the one that ships.
fn known_settings(config: &Config) -> Result<[LanguageModelSettings; 2], AppError> {
    let shipped = Config::shipped_language_model().map_err(AppError::input)?;
    Ok([config.models.language_model.clone(), shipped])
}

/// The lines of `sereno.toml` that put a model into use.
fn how_to_use(config: &Config, model: &Installed) -> String {
    let quoted = |path: &Path| toml::Value::from(path.display().to_string()).to_string();
    let (adapter, adapter_sha256) = match &model.adapter {
        Some(adapter) => (quoted(&adapter.file), adapter.sha256.as_str()),
        None => (quoted(Path::new("")), ""),
    };
    format!(
        "To use it, put these lines into {} (in place of those that are there) and restart Sereno:\n\n\
         [models.language_model]\nfile = {}\nsha256 = \"{}\"\nname = \"{}\"\nadapter = {adapter}\n\
         adapter_sha256 = \"{adapter_sha256}\"\n\n\
         Another model changes how many alarms this machine can decide. Measure that first:\n\n\
         sereno model bench --name {}",
        config.data_dir.join("sereno.toml").display(),
        quoted(&model.file),
        model.sha256,
        model.name,
        model.name,
    )
}

/// A bar in bytes on a terminal, nothing where standard error is not one.
fn bytes_bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(
        "{bar:40} {binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
    ) {
        bar.set_style(style);
    }
    bar
}

/// The first eight digits, which tell files apart for people.
fn short(sha256: &str) -> &str {
    sha256.get(..8).unwrap_or(sha256)
}
