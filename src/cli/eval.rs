//! `sereno eval`: the real pipeline on labelled alarms, and the figures of what came out.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    App, AppError, Ending, print,
    triage::{progress_bar, read_alarms, tell},
};
use crate::{
    app::OnMissingModel,
    assessment::Depth,
    domain::{Alarm, AlarmId, RecentAlarms},
    evaluation::{
        Comparison, Figures, Run, Sample, TokenCount,
        captions::{self, CaptionFigures},
    },
    intake::Label,
    model::site::SiteModels,
    pipeline::{Decided, Received},
};

/// What to measure on.
#[derive(Debug, Args)]
pub struct Eval {
    /// Labelled alarms, JSON Lines: each alarm with `"label":{"threat":…,"class":…,"group":…}`.
    #[arg(value_name = "DATASET", required_unless_present_any = ["compare", "captions"])]
    files: Vec<PathBuf>,
    /// Compare two runs that --write kept, pair by pair; no alarm is decided.
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"], conflicts_with = "files")]
    compare: Option<Vec<PathBuf>>,
    /// Compare captions with reference captions: COCO, Visual Genome regions or ChatEarthNet.
    #[arg(
        long,
        num_args = 2,
        value_names = ["REF.json", "HYP.json"],
        conflicts_with_all = ["files", "compare"]
    )]
    captions: Option<Vec<PathBuf>>,
    /// Write the figures and every decided sample as JSON, for --compare.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Stop after this many alarms.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Take only the alarms of one half of the groups, split by the hash of their names: choose on
    /// one half, report on the other.
    #[arg(long, value_enum)]
    half: Option<Half>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// One half of a dataset's groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Half {
    /// Those whose name's SHA-256 is even.
    A,
    /// Those whose name's SHA-256 is odd.
    B,
}

impl Half {
    fn of(alarm: &Alarm, label: Option<&Label>) -> Self {
        let group =
            label.and_then(|label| label.group.as_deref()).unwrap_or(&alarm.source_event_id);
        if Sha256::digest(group)[31].is_multiple_of(2) { Self::A } else { Self::B }
    }
}

impl Eval {
    /// Decides every alarm, each as if it were the first of its camera, and prints the figures.
    /// Nothing is stored: a measurement is not an operation.
    pub async fn run(&self, app: &App) -> Result<Ending, AppError> {
        if let Some([first, second]) = self.compare.as_deref() {
            return self.compare(first, second);
        }
        if let Some([references, candidates]) = self.captions.as_deref() {
            return self.captions(references, candidates);
        }
        let mut lines = read_alarms(&self.files, &app.config.intake_limits())?;
        lines.retain(|(_, _, line)| match (self.half, line) {
            (Some(half), Ok((alarm, label))) => Half::of(alarm, label.as_ref()) == half,
            _ => true,
        });
        lines.truncate(self.limit.unwrap_or(usize::MAX));
        let models = app.load_models(OnMissingModel::Stop).await?;
        let pipeline = app.pipeline(&models, SiteModels::default(), Depth::Verdict).await?;
        let progress = progress_bar(lines.len() as u64, "alarms");
        let (mut samples, mut lost) = (Vec::new(), 0);
        let begun = Instant::now();
        for (file, number, line) in lines {
            match line {
                Ok((alarm, label)) => {
                    let received = received(app, alarm);
                    let began = Instant::now();
                    let decided = pipeline.decide(&received).await;
                    let latency_ms = began.elapsed().as_secs_f64() * 1000.0;
                    samples.push(sample(&received.alarm, label, &decided, latency_ms));
                }
                Err(error) => {
                    lost += 1;
                    tell(&progress, &file, number, &error);
                }
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        let figures = Figures::of(&samples, Run { wall: Some(begun.elapsed()), lost });
        if let Some(file) = &self.write {
            let run = json!({ "figures": figures, "samples": samples });
            fs::write(file, run.to_string()).map_err(|error| {
                AppError::Environment(format!("{} cannot be written: {error}", file.display()))
            })?;
        }
        if self.json {
            print(&serde_json::to_string_pretty(&figures).map_err(AppError::input)?)?;
        } else {
            print(&figures.render())?;
        }
        Ok(if lost == 0 { Ending::Done } else { Ending::BadInput })
    }
}

impl Eval {
    fn compare(&self, first: &Path, second: &Path) -> Result<Ending, AppError> {
        let (ours, theirs) = (kept_samples(first)?, kept_samples(second)?);
        let comparison = Comparison::of(&ours, &theirs).map_err(AppError::Input)?;
        if comparison.pairs == 0 {
            return Err(AppError::Input(format!(
                "{} and {} have no labelled alarm in common, so there is nothing to compare",
                first.display(),
                second.display()
            )));
        }
        if self.json {
            print(&serde_json::to_string_pretty(&comparison).map_err(AppError::input)?)
        } else {
            print(comparison.render().trim_end())
        }
    }
}

impl Eval {
    fn captions(&self, references: &Path, candidates: &Path) -> Result<Ending, AppError> {
        let read = |file: &Path| {
            let refuse = |why: String| AppError::Input(format!("{}: {why}", file.display()));
            let text = fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
            captions::files::captions(&text).map_err(refuse)
        };
        let (set, apart) = captions::files::pair(&read(references)?, &read(candidates)?)
            .map_err(AppError::Input)?;
        let figures = CaptionFigures::of(&set);
        if self.json {
            return print(&serde_json::to_string_pretty(&figures).map_err(AppError::input)?);
        }
        let left_out = match apart {
            0 => String::new(),
            apart => format!("\n{apart} images are in one file alone and count nowhere here."),
        };
        print(&format!("{}{left_out}", figures.render().trim_end()))
    }
}

/// The samples of a run that `--write` kept.
fn kept_samples(file: &Path) -> Result<Vec<Sample>, AppError> {
    #[derive(Deserialize)]
    struct Kept {
        samples: Vec<Sample>,
    }
    let refuse = |why: &dyn std::fmt::Display| {
        AppError::Input(format!("{} is no run that `--write` kept: {why}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| refuse(&error))?;
    let kept: Kept = serde_json::from_str(&text).map_err(|error| refuse(&error))?;
    Ok(kept.samples)
}

/// The alarm as if it had just come in, with no other alarm known.
pub fn received(app: &App, alarm: Alarm) -> Received {
    Received {
        id: AlarmId(app.ids.new_id(app.clock.as_ref())),
        site: app.sites.resolve(&alarm),
        received_at: app.clock.now(),
        recent: RecentAlarms::default(),
        grant: None,
        alarm,
    }
}

fn sample(alarm: &Alarm, label: Option<Label>, decided: &Decided, latency_ms: f64) -> Sample {
    let label = label.unwrap_or_default();
    let verdict = &decided.draft.verdict;
    let mut tokens = TokenCount::default();
    for call in &decided.calls {
        tokens.prompt += u64::from(call.usage.prompt_tokens);
        tokens.reused += u64::from(call.usage.reused_tokens);
        tokens.sampled += u64::from(call.usage.sampled_tokens);
        tokens.forced += u64::from(call.usage.forced_tokens);
    }
    let texts: Vec<&str> = alarm.captions.iter().map(|caption| caption.text.as_str()).collect();
    Sample {
        id: alarm.source_event_id.clone(),
        group: label.group.unwrap_or_else(|| alarm.source_event_id.clone()),
        threat: label.threat,
        class: label.class.unwrap_or_default(),
        kind: alarm.kind.clone(),
        probability: verdict.threat_probability,
        model_threat: decided.draft.assessment.confidence.model_threat,
        classifier_threat: decided.draft.assessment.confidence.classifier_threat,
        outcome: verdict.outcome,
        severity: verdict.severity,
        avs_level: verdict.avs_level,
        peer_score: label.peer_llm_score,
        text: texts.join(" "),
        latency_ms,
        tokens,
    }
}
