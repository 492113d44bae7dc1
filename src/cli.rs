//! The commands. Each ends with an exit code: 0 done, 1 the answer is no, 2 wrong use or bad
//! input, 3 the environment.

mod eval;
mod learn;
mod log;
mod model;
mod policy;
mod schema;
mod triage;
mod user;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

pub use eval::received;

use crate::{
    app::{self, App, AppError, OnMissingModel},
    config::Config,
    http,
    telemetry::{self, LogFormat},
};

/// Decision support for security control rooms.
#[derive(Debug, Parser)]
#[command(name = "sereno", version, about, max_term_width = 100)]
struct Cli {
    /// Settings to use instead of sereno.toml in the data folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service: API, console and worker.
    Serve {
        /// Send two dozen sample alarms to an empty store.
        #[arg(long)]
        samples: bool,
    },
    /// Decide alarms: JSON or JSON lines in, one decision a line out. Needs no server.
    Triage(triage::Triage),
    /// Measure the decisions on labelled alarms.
    Eval(eval::Eval),
    /// Learn from a site's labels: a dry run unless told to put it in force.
    Learn(learn::Learn),
    /// Check and test the rules.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Add language models, look after them, and measure them.
    #[command(subcommand)]
    Model(model::Model),
    /// Check and sign the log.
    #[command(subcommand)]
    Log(log::Log),
    /// Manage who may log in and who may send alarms.
    #[command(subcommand)]
    User(user::User),
    /// Show the settings in force.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say whether everything that Sereno needs is there.
    Doctor,
    /// Print a schema that is generated from the program.
    Schema {
        /// Which one.
        name: schema::Name,
    },
    /// Print the description of the API (`OpenAPI`).
    Openapi,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every setting with secrets masked.
    Show,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Done, and the answer is no: verification or cases failed.
    No,
    /// Some of the input was bad; the rest was done.
    BadInput,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::No => Self::from(1),
            Ending::BadInput => Self::from(2),
        }
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&AppError::environment(error)),
    };
    match runtime.block_on(run(cli)) {
        Ok(ending) => ending.into(),
        Err(error) => complain(&error),
    }
}

fn complain(error: &AppError) -> ExitCode {
    // Standard error may be closed; the exit code still tells.
    let _told = writeln!(io::stderr(), "sereno: {error}");
    match error {
        AppError::Input(_) => ExitCode::from(2),
        AppError::Environment(_) => ExitCode::from(3),
    }
}

async fn run(cli: Cli) -> Result<Ending, AppError> {
    match cli.command {
        Command::Schema { name } => return print(&schema::text(name)?),
        Command::Openapi => return print(&http::openapi_json()),
        Command::Policy(command) => {
            return command.run(|| load_config(cli.config.as_deref())).await;
        }
        Command::Model(model::Model::Probe { file, adapter }) => {
            return model::probe(file, adapter).await;
        }
        _ => {}
    }
    let config = load_config(cli.config.as_deref())?;
    let service = matches!(cli.command, Command::Serve { .. });
    telemetry::start_log(
        if service { &config.log.level } else { "warn" },
        if config.log.json { LogFormat::Json } else { LogFormat::Text },
    );
    if matches!(cli.command, Command::Config(ConfigCommand::Show)) {
        return print(&config.redacted());
    }
    if let Command::Model(model) = cli.command {
        return model.run(config).await;
    }
    let app = App::new(config)?;
    match cli.command {
        Command::Serve { samples } => app::serve(app, samples).await.map(|()| Ending::Done),
        Command::Triage(triage) => triage.run(&app).await,
        Command::Eval(eval) => eval.run(&app).await,
        Command::Learn(learn) => learn.run(&app).await,
        Command::Log(log) => log.run(&app).await,
        Command::User(user) => user.run(&app).await,
        Command::Doctor => doctor(&app).await,
        Command::Schema { .. }
        | Command::Openapi
        | Command::Policy(_)
        | Command::Model(_)
        | Command::Config(_) => Ok(Ending::Done),
    }
}

fn load_config(file: Option<&std::path::Path>) -> Result<Config, AppError> {
    Config::load(file).map_err(AppError::input)
}

/// Each line is one thing that is needed, and whether it is there.
async fn doctor(app: &App) -> Result<Ending, AppError> {
    let mut lines = vec![format!(
        "ok       settings, {} sites, {} rules",
        app.sites.len(),
        app.read_policies().map_err(AppError::input)?.rules().count()
    )];
    let mut missing = false;
    match app.open_store().await {
        Ok(store) => {
            let counts = store.counts().await?;
            lines.push(format!("ok       store, {} log entries", counts.entries));
        }
        Err(error) => {
            missing = true;
            lines.push(format!("missing  store: {error}"));
        }
    }
    let models = app.load_models(OnMissingModel::RunOn).await?;
    if models.problems.is_empty() {
        lines.push(format!(
            "ok       {} and {}",
            models.language.manifest().name,
            models.classifier.manifest().name
        ));
    }
    missing |= !models.problems.is_empty();
    lines.extend(models.problems.iter().map(|problem| format!("missing  {problem}")));
    print(&lines.join("\n"))?;
    Ok(if missing { Ending::No } else { Ending::Done })
}

/// Prints to standard output. A reader that went away is not an error.
fn print(text: &str) -> Result<Ending, AppError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(AppError::environment(error))
        }
        _ => Ok(Ending::Done),
    }
}
