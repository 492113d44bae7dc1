//! `sereno policy`: check the rules, and run the cases beside them.

use std::path::PathBuf;

use clap::Subcommand;

use super::{AppError, Ending, print};
use crate::{config::Config, policy};

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Parse and validate every rule; say what is wrong, with file and line.
    Check {
        /// The folder; the one in force where it is left out.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Run the cases beside the rules.
    Test {
        /// The folder; the one in force where it is left out.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Runs the command. Needs no store and no model.
pub fn run(
    command: &Policy,
    config: impl FnOnce() -> Result<Config, AppError>,
) -> Result<Ending, AppError> {
    let (Policy::Check { dir } | Policy::Test { dir }) = command;
    let dir = match dir {
        Some(dir) => Some(dir.clone()),
        None => config()?.policies_dir,
    };
    match command {
        Policy::Check { .. } => {
            let loaded = match &dir {
                Some(dir) => policy::PolicySet::load(dir),
                None => policy::PolicySet::embedded(),
            };
            match loaded {
                Ok(set) => {
                    print(&format!("{} rules, digest {}", set.rules().count(), set.digest()))
                }
                Err(error) => {
                    print(&error.to_string())?;
                    Ok(Ending::No)
                }
            }
        }
        Policy::Test { .. } => {
            let report = match &dir {
                Some(dir) => policy::run_cases(dir),
                None => policy::run_embedded_cases(),
            };
            let report = report.map_err(AppError::input)?;
            print(&report.to_string())?;
            Ok(if report.passed() { Ending::Done } else { Ending::No })
        }
    }
}
