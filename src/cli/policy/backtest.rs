//! `sereno policy backtest`: what other rules would have made of recorded alarms.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;

use crate::{
    cli::{App, AppError, Ending, print, triage},
    config::Config,
    domain::{self, Decision, DispositionCode},
    evaluation::backtest,
    policy::Draft,
    store::Recorded,
};

/// Which rules, on which alarms.
#[derive(Debug, Args)]
pub struct Backtest {
    /// The folder of the rules to try.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The folder to compare with; the configured one, else the rules that ship, where it is left out.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Only alarms that arrived since, such as 2026-10-24T00:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "dataset")]
    since: Option<Timestamp>,
    /// Instead of the data folder's alarms: a dataset of alarms, labelled or not …
    #[arg(long, value_name = "ALARMS", requires = "decisions")]
    dataset: Option<PathBuf>,
    /// … and what `sereno triage` made of it.
    #[arg(long, value_name = "DECISIONS", requires = "dataset")]
    decisions: Option<PathBuf>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

impl Backtest {
    /// Tries the rules. The answer is no where an alarm that people found real would be dismissed.
    pub async fn run(self, config: Config) -> Result<Ending, AppError> {
        let after = Draft::read(&self.dir).map_err(AppError::input)?;
        let before = match self.against.as_ref().or(config.policies_dir.as_ref()) {
            Some(dir) => Draft::read(dir),
            None => Draft::shipped(),
        };
        let before = before.map_err(AppError::input)?;
        let app = App::new(config)?;
        let now = app.clock.now();
        let found = if let (Some(alarms), Some(decisions)) = (&self.dataset, &self.decisions) {
            let recorded = pair(&app, alarms, decisions)?;
            backtest::over(recorded.iter(), &before, &after, now)
        } else {
            let store = app.open_store().await?;
            backtest::run(&store, &before, &after, self.since, now).await?
        };
        if self.json {
            print(&serde_json::to_string_pretty(&found).map_err(AppError::environment)?)?;
        } else {
            print(&told(&found))?;
        }
        Ok(if found.dismissed_threats.is_empty() { Ending::Done } else { Ending::No })
    }
}

/// The alarms of a dataset with what was decided on them; a label stands for a person's word.
fn pair(app: &App, alarms: &Path, decisions: &Path) -> Result<Vec<Recorded>, AppError> {
    let text = fs::read_to_string(decisions).map_err(|error| {
        AppError::Input(format!("{} cannot be read: {error}", decisions.display()))
    })?;
    let mut decided = HashMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let decision: Decision = serde_json::from_str(line).map_err(|error| {
            AppError::Input(format!(
                "{}:{}: this is no decision: {error}",
                decisions.display(),
                number + 1
            ))
        })?;
        let key = (decision.alarm.source.clone(), decision.alarm.source_event_id.clone());
        decided.insert(key, decision);
    }
    let mut recorded = Vec::new();
    for (file, number, line) in
        triage::read_alarms(&[alarms.to_owned()], &app.config.intake_limits())?
    {
        let (alarm, label) = line.map_err(|error| {
            AppError::Input(format!(
                "{}:{number}: `{}`: {}",
                file.display(),
                error.path,
                error.message
            ))
        })?;
        let key = (alarm.source.clone(), alarm.source_event_id.clone());
        if let Some(decision) = decided.remove(&key) {
            let disposition = label.and_then(|label| label.threat).map(|threat| {
                if threat { DispositionCode::RealThreat } else { DispositionCode::RealNoThreat }
            });
            recorded.push(Recorded { alarm, decision, disposition });
        }
    }
    if recorded.is_empty() {
        return Err(AppError::Input(format!(
            "no decision of {} belongs to an alarm of {}; make it with `sereno triage`",
            decisions.display(),
            alarms.display()
        )));
    }
    Ok(recorded)
}

/// The backtest for people: counts first, then the threats that would be dismissed, then each alarm.
fn told(found: &domain::Backtest) -> String {
    let mut told = String::new();
    // Writing into a `String` cannot fail.
    let _ = writeln!(told, "{} of {} alarms change", found.changed, found.alarms);
    if found.to_be_read > 0 {
        let _ = writeln!(
            told,
            "{} were settled unread and would have to be read: their verdict is open",
            found.to_be_read
        );
    }
    if found.skipped > 0 {
        let _ =
            writeln!(told, "{} could not be tried: their context was not recorded", found.skipped);
    }
    for shift in &found.verdicts {
        let _ = writeln!(told, "  {} -> {}: {}", shift.from, shift.to, shift.alarms);
    }
    let _ =
        writeln!(told, "  severity: {} higher, {} lower", found.severity_up, found.severity_down);
    let _ = writeln!(
        told,
        "  oversight: {} stricter, {} laxer",
        found.oversight_up, found.oversight_down
    );
    for (what, shifts) in [("action", &found.actions), ("rule", &found.rules)] {
        for shift in shifts {
            let _ = writeln!(
                told,
                "  {what} {}: {} new, {} gone",
                shift.name, shift.begins, shift.ends
            );
        }
    }
    for shift in &found.sites {
        let _ =
            writeln!(told, "  site {}: {} of {} change", shift.site, shift.changed, shift.alarms);
    }
    for alarm in &found.dismissed_threats {
        let _ = writeln!(
            told,
            "REAL THREAT DISMISSED: {} ({}, {}, {})",
            alarm.id, alarm.site, alarm.camera, alarm.occurred_at
        );
    }
    for change in &found.changes {
        let (before, after) = (&change.before, &change.after);
        let _ = writeln!(
            told,
            "{} {}/{}: {} ({}) -> {} ({}) by {}",
            change.alarm.id,
            change.alarm.site,
            change.alarm.camera,
            before.outcome,
            before.severity,
            after.outcome,
            after.severity,
            after.rules.join(", ")
        );
    }
    told.trim_end().to_owned()
}
