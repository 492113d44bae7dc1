//! `sereno triage`: alarms in, decisions out, through the same store, pipeline and log as the service.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::{App, AppError, Ending};
use crate::{
    app::OnMissingModel,
    assessment::Depth,
    domain::Alarm,
    intake::{self, BadAlarm},
    model::site::SiteModels,
    pipeline::{Pipeline, Received},
    store::Store,
};

/// What to decide.
#[derive(Debug, Args)]
pub struct Triage {
    /// Files of alarms, JSON or JSON Lines; `-` or none reads standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Stop after this many alarms.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// One input line: which file and line, and the alarm or what is wrong with it.
pub type Line = (PathBuf, u64, Result<(Alarm, Option<intake::Label>), BadAlarm>);

impl Triage {
    /// Decides every alarm in order. A bad line is told on standard error and the rest goes on.
    pub async fn run(&self, app: &App) -> Result<Ending, AppError> {
        let mut lines = read_alarms(&self.files, &app.config.intake_limits())?;
        lines.truncate(self.limit.unwrap_or(usize::MAX));
        let policies = app.policies()?;
        let store = app.open_store().await?;
        store.set_policy_digest(policies.current().digest());
        let models = app.load_models(OnMissingModel::Stop).await?;
        let pipeline =
            app.pipeline(policies, &models, SiteModels::default(), Depth::Report).await?;
        let progress = progress_bar(lines.len() as u64, "alarms");
        let mut ending = Ending::Done;
        for (file, number, alarm) in lines {
            match alarm {
                Ok((alarm, _label)) => {
                    let decision = decide(app, &store, &pipeline, &alarm).await?;
                    if !put(&progress, &decision)? {
                        break;
                    }
                }
                Err(error) => {
                    ending = Ending::BadInput;
                    tell(&progress, &file, number, &error);
                }
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        store.checkpoint().await?;
        Ok(ending)
    }
}

/// Accepts, decides and commits one alarm; a repeat gets the first answer.
async fn decide(
    app: &App,
    store: &Store,
    pipeline: &Pipeline,
    alarm: &Alarm,
) -> Result<Value, AppError> {
    let site = app.sites.resolve(alarm);
    let accepted = store.accept(alarm, &site).await?;
    if let Some(decision) = accepted.decision {
        return Ok(json!(decision));
    }
    let recent = store.recent(&site, &alarm.camera, alarm.occurred_at, accepted.id).await?;
    let received = Received {
        id: accepted.id,
        alarm: alarm.clone(),
        site,
        received_at: accepted.received_at,
        recent,
        // Grants are for the service, where people see what it closes.
        grant: None,
    };
    let draft = pipeline.decide(&received).await.draft;
    Ok(json!(store.commit_decision(None, draft).await?))
}

/// Writes one line; `false` when the reader went away.
fn put(progress: &ProgressBar, decision: &Value) -> Result<bool, AppError> {
    let written = progress.suspend(|| {
        let mut out = io::stdout().lock();
        writeln!(out, "{decision}").and_then(|()| out.flush())
    });
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(AppError::environment(error)),
    }
}

/// One JSON object on standard error for a line that is not an alarm.
pub fn tell(progress: &ProgressBar, file: &Path, number: u64, error: &BadAlarm) {
    let object = json!({
        "file": file, "line": number, "path": error.path, "error": error.message,
    });
    progress.suspend(|| {
        let _told = writeln!(io::stderr(), "{object}");
    });
}

/// Every alarm of the files: JSON Lines, one JSON object, or an array of them.
///
/// # Errors
/// [`AppError::Input`] when a file cannot be read or is not text.
pub fn read_alarms(
    files: &[PathBuf],
    limits: &intake::IntakeLimits,
) -> Result<Vec<Line>, AppError> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input[..] } else { files };
    let mut lines = Vec::new();
    for file in files {
        let text = read_text(file)?;
        for (number, line) in split(&text) {
            lines.push((file.clone(), number, intake::parse_line(&line, number, limits)));
        }
    }
    Ok(lines)
}

fn read_text(file: &Path) -> Result<String, AppError> {
    let unreadable =
        |error: io::Error| AppError::Input(format!("{} cannot be read: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        Ok(text)
    } else {
        fs::read_to_string(file).map_err(unreadable)
    }
}

/// A file that is one JSON value over several lines is taken as that value; an array as its
/// members; anything else as JSON Lines. Numbers are lines, or places in the array.
fn split(text: &str) -> Vec<(u64, String)> {
    let first = text.trim_start();
    if first.starts_with('[')
        && let Ok(Value::Array(alarms)) = serde_json::from_str(first)
    {
        return (1..).zip(alarms.iter().map(Value::to_string)).collect();
    }
    let several_lines = first
        .lines()
        .next()
        .is_some_and(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_err());
    if several_lines && serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok() {
        return vec![(1, first.to_owned())];
    }
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| (number, line.to_owned()))
        .collect()
}

/// A bar on a terminal, nothing where standard error is not one.
pub fn progress_bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = format!("{{bar:40}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_an_array_and_lines_are_told_apart() {
        assert_eq!(split("{\n \"a\": 1\n}").len(), 1);
        assert_eq!(split("[{\"a\":1},\n{\"a\":2}]").len(), 2);
        let lines = split("{\"a\":1}\n\n{\"a\":2}\n{broken\n");
        assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 3, 4]);
    }
}
