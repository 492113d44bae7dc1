//! `sereno policy`: check, prove, test, explain and backtest the rules.

mod backtest;
mod strength;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{App, AppError, Ending, print};
use crate::{
    config::Config,
    domain::AlarmId,
    policy::{Draft, PolicyError},
    reports::{self, Language},
};

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Parse, validate and prove every rule; say what is wrong, with file and line.
    Check {
        /// The folder; the configured one, else the rules that ship, where it is left out.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Run the cases beside the rules; say which conditions and changes no case would notice.
    Test {
        /// The folder; the configured one, else the rules that ship, where it is left out.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Also fail where a changed rule passes every case.
        #[arg(long)]
        strict: bool,
    },
    /// Print every rule in Cedar's own JSON form, by id.
    Json {
        /// The folder; the configured one, else the rules that ship, where it is left out.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Say why an alarm was ruled on as it was, and what would have changed it.
    Explain {
        /// The alarm's id.
        #[arg(value_name = "ALARM")]
        alarm: AlarmId,
        /// The language: en or es.
        #[arg(long, default_value = "en")]
        language: Language,
    },
    /// Try other rules on recorded alarms, without asking a model, and say what would change.
    Backtest(backtest::Backtest),
}

impl Policy {
    /// Runs the command. Only `explain` and `backtest` of recorded alarms open the store.
    pub async fn run(
        self,
        config: impl FnOnce() -> Result<Config, AppError>,
    ) -> Result<Ending, AppError> {
        match self {
            Self::Check { dir } => check(read(dir.as_deref(), config)?),
            Self::Test { dir, strict } => {
                let draft = read(dir.as_deref(), config)?.map_err(AppError::input)?;
                strength::run(&draft, strict)
            }
            Self::Json { dir } => {
                let draft = read(dir.as_deref(), config)?.map_err(AppError::input)?;
                let json = serde_json::to_string_pretty(&draft.cedar_json());
                print(&json.map_err(AppError::environment)?)
            }
            Self::Explain { alarm, language } => explain(config()?, alarm, language).await,
            Self::Backtest(backtest) => backtest.run(config()?).await,
        }
    }
}

/// The draft in `dir`, else in the configured folder, else the one that ships.
fn read(
    dir: Option<&Path>,
    config: impl FnOnce() -> Result<Config, AppError>,
) -> Result<Result<Draft, PolicyError>, AppError> {
    let configured = if dir.is_none() { config()?.policies_dir } else { None };
    Ok(match dir.or(configured.as_deref()) {
        Some(dir) => Draft::read(dir),
        None => Draft::shipped(),
    })
}

fn check(draft: Result<Draft, PolicyError>) -> Result<Ending, AppError> {
    let draft = match draft {
        Ok(draft) => draft,
        Err(error) => return refused(&error),
    };
    for remark in draft.remarks() {
        print(&format!("remark: {remark}"))?;
    }
    for site in draft.site_policies() {
        for replaced in &site.replaced {
            let by = replaced
                .by
                .as_ref()
                .map_or("taken out".to_owned(), |by| format!("replaced by {by}"));
            let name = site.site.as_deref().unwrap_or("sites that are not named");
            print(&format!(
                "{name}: `{}` of {} is {by}: {}",
                replaced.rule, replaced.at, replaced.because
            ))?;
        }
    }
    let unused = draft.unused_facts();
    if !unused.is_empty() {
        print(&format!("no rule asks about: {}", unused.join(", ")))?;
    }
    match draft.prove() {
        Ok(policies) => {
            let prover = if policies.confirmed() {
                "by search and by cvc5"
            } else {
                "by search; cvc5 is not installed"
            };
            print(&format!(
                "{} rules, invariants proven over all alarms ({prover}), digest {}",
                policies.rules().count(),
                policies.digest()
            ))
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &PolicyError) -> Result<Ending, AppError> {
    print(&error.to_string())?;
    Ok(Ending::No)
}

async fn explain(config: Config, alarm: AlarmId, language: Language) -> Result<Ending, AppError> {
    let store = App::new(config)?.open_store().await?;
    let decision = store.decision(alarm).await?.ok_or_else(|| {
        AppError::Input(format!("no decision of the alarm {alarm} is recorded in this data folder"))
    })?;
    print(&reports::explain(&decision, language))
}
