//! `sereno model bench`: what this machine does with a model, in alarms per hour, on the sample alarms.

mod raw;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use self::raw::Raw;
use super::{App, AppError, Ending, list::scaled, print, short};
use crate::{
    app::{OnMissingModel, sample_alarms},
    assessment::Depth,
    cli::{eval::received, triage::progress_bar},
    domain::Alarm,
    evaluation::bootstrap::quantile,
    model::{CallTrace, ModelManifest, library::Library, machine::memory_peak, site::SiteModels},
    pipeline::Pipeline,
};

/// What to measure.
#[derive(Debug, Args)]
pub struct Bench {
    /// A model that was added; the one in use where it is left out.
    #[arg(long)]
    name: Option<String>,
    /// Sample alarms to decide; taken again from the first when there are more than samples.
    #[arg(long, value_name = "N")]
    alarms: Option<NonZeroUsize>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    model: ModelManifest,
    /// Tokens that prompt and answer may have together.
    context_tokens: usize,
    cores: usize,
    #[serde(flatten)]
    deciding: Deciding,
    #[serde(flatten)]
    raw: Raw,
    /// Until the models were hashed and loaded.
    load_seconds: f64,
    /// From then until the first alarm could be decided.
    warm_up_seconds: f64,
    /// The most memory that the process held; absent where the machine does not say.
    peak_memory_bytes: Option<u64>,
}

/// What deciding the samples cost.
#[derive(Debug, Serialize)]
struct Deciding {
    /// Alarms decided.
    alarms: usize,
    /// Of these, how many the rules settled before any model ran.
    without_model: usize,
    /// Alarms that are decided at the same time, as `workers` says.
    at_a_time: usize,
    alarms_per_hour: f64,
    seconds_median: f64,
    seconds_p95: f64,
    /// Prompt tokens that were not evaluated again, of all prompt tokens; 0 to 1.
    reused_share: f64,
    /// Answer tokens that the schema forced, of all answer tokens; 0 to 1.
    forced_share: f64,
    /// Calls that gave no answer, by code; their alarms go to a person.
    failed_calls: BTreeMap<&'static str, usize>,
}

/// One decided alarm.
struct Decided {
    seconds: f64,
    calls: Vec<CallTrace>,
}

impl Bench {
    /// Decides the samples as `sereno triage` does, but stores nothing; then asks the model alone.
    pub(super) async fn run(self, mut app: App) -> Result<Ending, AppError> {
        if let Some(name) = &self.name {
            choose(&mut app, name)?;
        }
        let policies = app.policies()?;
        let samples = sample_alarms();
        let count = self.alarms.map_or(samples.len(), NonZeroUsize::get);
        let begun = Instant::now();
        let models = app.load_models(OnMissingModel::Stop).await?;
        let load = begun.elapsed();
        let pipeline =
            app.pipeline(policies, &models, SiteModels::default(), Depth::Report).await?;
        let warm_up = begun.elapsed().saturating_sub(load);
        let alarms = samples.into_iter().cycle().take(count).collect();
        let begun = Instant::now();
        let decided = decide(&app, &pipeline, alarms).await;
        let wall = begun.elapsed();
        let raw = Raw::of(models.language.as_ref()).await.map_err(AppError::environment)?;
        let figures = Figures {
            model: models.language.manifest().clone(),
            context_tokens: models.language.context_tokens(),
            cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            deciding: Deciding::of(&decided, wall, app.config.workers),
            load_seconds: load.as_secs_f64(),
            warm_up_seconds: warm_up.as_secs_f64(),
            raw,
            peak_memory_bytes: memory_peak(),
        };
        if self.json {
            return print(&serde_json::to_string_pretty(&figures).map_err(AppError::environment)?);
        }
        print(&figures.render())
    }
}

/// Puts a model that was added in the place of the one in use.
fn choose(app: &mut App, name: &str) -> Result<(), AppError> {
    if app.config.models.language_model.name == name {
        return Ok(());
    }
    let library = Library::open(&app.config.models.dir)?;
    let Some(model) = library.find(name) else {
        return Err(AppError::Input(format!(
            "no model {name} was added; `sereno model list` shows which were"
        )));
    };
    let settings = &mut app.config.models.language_model;
    settings.name.clone_from(&model.name);
    settings.file.clone_from(&model.file);
    settings.sha256 = Some(model.sha256.clone());
    settings.adapter = model.adapter.as_ref().map(|adapter| adapter.file.clone());
    settings.adapter_sha256 = model.adapter.as_ref().map(|adapter| adapter.sha256.clone());
    Ok(())
}

/// Each alarm as if it were the first of its camera, as many at a time as the service would take.
async fn decide(app: &App, pipeline: &Pipeline, alarms: Vec<Alarm>) -> Vec<Decided> {
    let progress = progress_bar(alarms.len() as u64, "alarms");
    let decided = stream::iter(alarms)
        .map(|alarm| {
            let received = received(app, alarm);
            let progress = &progress;
            async move {
                let began = Instant::now();
                let decided = pipeline.decide(&received).await;
                progress.inc(1);
                Decided { seconds: began.elapsed().as_secs_f64(), calls: decided.calls }
            }
        })
        .buffer_unordered(app.config.workers)
        .collect()
        .await;
    progress.finish_and_clear();
    decided
}

impl Deciding {
    fn of(decided: &[Decided], wall: Duration, at_a_time: usize) -> Self {
        let mut seconds: Vec<f64> = decided.iter().map(|alarm| alarm.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let calls = || decided.iter().flat_map(|alarm| &alarm.calls);
        let sum = |part: fn(&CallTrace) -> u32| calls().map(|call| f64::from(part(call))).sum();
        let forced: f64 = sum(|call| call.usage.forced_tokens);
        let sampled: f64 = sum(|call| call.usage.sampled_tokens);
        let mut failed_calls = BTreeMap::new();
        for code in calls().filter_map(|call| call.outcome.as_ref().err()) {
            *failed_calls.entry(*code).or_default() += 1;
        }
        let count = u32::try_from(decided.len()).unwrap_or(u32::MAX);
        Self {
            alarms: decided.len(),
            without_model: decided.iter().filter(|alarm| alarm.calls.is_empty()).count(),
            at_a_time,
            alarms_per_hour: share(f64::from(count) * 3_600.0, wall.as_secs_f64()),
            seconds_median: quantile(&seconds, 0.5),
            seconds_p95: quantile(&seconds, 0.95),
            reused_share: share(
                sum(|call| call.usage.reused_tokens),
                sum(|call| call.usage.prompt_tokens),
            ),
            forced_share: share(forced, forced + sampled),
            failed_calls,
        }
    }
}

impl Figures {
    fn render(&self) -> String {
        let adapter = self.model.adapter_sha256.as_deref();
        let mut lines = vec![
            format!(
                "{} ({}), {}, {} cores, {} tokens of context",
                self.model.name,
                short(&self.model.sha256),
                adapter.map_or_else(
                    || "no adapter".to_owned(),
                    |sha256| format!("adapter {}", short(sha256))
                ),
                self.cores,
                self.context_tokens,
            ),
            format!(
                "  alarms per hour        {:.0}, {} at a time ({} decided, {} of them without the model)",
                self.deciding.alarms_per_hour,
                self.deciding.at_a_time,
                self.deciding.alarms,
                self.deciding.without_model
            ),
            format!(
                "  seconds per alarm      {:.2} median, {:.2} at the 95th percentile",
                self.deciding.seconds_median, self.deciding.seconds_p95
            ),
            format!("  prompt tokens/s        {:.0}", self.raw.prompt_tokens_per_second),
            format!("  generated tokens/s     {:.0}", self.raw.generated_tokens_per_second),
            format!("  prompt reused          {:.0} %", self.deciding.reused_share * 100.0),
            format!("  answer forced          {:.0} %", self.deciding.forced_share * 100.0),
            format!(
                "  start                  {:.1} s to load, {:.1} s to warm up",
                self.load_seconds, self.warm_up_seconds
            ),
        ];
        if let Some(bytes) = self.peak_memory_bytes {
            lines.push(format!("  memory at most         {}B", scaled(bytes)));
        }
        lines.extend(self.deciding.failed_calls.iter().map(|(code, calls)| {
            format!("  {calls} calls failed: {code}; such alarms go to a person undecided")
        }));
        lines.join("\n")
    }
}

/// `part` of `whole`; 0 of nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
