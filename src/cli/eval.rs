//! `sereno eval`: the real pipeline on labelled alarms, and the figures of what came out.

mod judge;
pub(super) mod screen;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use self::{
    judge::{Docket, Judging},
    screen::{Screened, screen},
};
use super::{
    App, AppError, Ending, print,
    triage::{progress_bar, read_alarms, tell},
};
use crate::{
    app::{Models, OnMissingModel},
    assessment::Depth,
    domain::{Alarm, AlarmId, RecentAlarms},
    evaluation::{
        Comparison, Figures, Rivals, Run, Sample, TokenCount,
        captions::{self, CaptionFigures, Captioned, retrieval::Retrieval},
        floors,
        plots::plots,
    },
    intake::Label,
    model::{ModelError, site::SiteModels},
    pipeline::{self, Decided, Received},
    reading,
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
    /// With --captions: also search for each image by its caption, and tell recall at 1, 5 and 10 and the
    /// mean reciprocal rank.
    #[arg(long, requires = "captions")]
    search: bool,
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
    /// Draw the curves into this folder, as SVG files.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    #[command(flatten)]
    judging: Judging,
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
    fn of(alarm: &Alarm, label: &Label) -> Self {
        let group = label.group.as_deref().unwrap_or(&alarm.source_event_id);
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
            return self.captions(app, references, candidates).await;
        }
        let (alarms, lost) = self.alarms(app)?;
        if let Some(folder) = &self.plots {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        let models = app.load_models(OnMissingModel::Stop).await?;
        let ids = alarms.iter().map(|(alarm, _)| alarm.source_event_id.as_str());
        let mut docket = self.judging.prepare(&models, ids).await?;
        let begun = Instant::now();
        let (samples, sentences) = self.decide(app, &models, alarms, docket.as_mut()).await?;
        let run = Run { wall: Some(begun.elapsed()), lost };
        let rivals = rivals(&models, &samples, &sentences).await;
        let mut figures = Figures::beside(&samples, run, &rivals);
        if let Some(docket) = docket {
            figures.judge = Some(docket.judge(&models).await);
        }
        if let Some(file) = &self.write {
            let run = json!({ "figures": figures, "samples": samples });
            fs::write(file, run.to_string()).map_err(|error| unwritable(file, &error))?;
        }
        if let Some(folder) = &self.plots {
            for plot in plots(&figures, &samples, &rivals).map_err(AppError::Environment)? {
                let file = folder.join(plot.file);
                fs::write(&file, plot.svg).map_err(|error| unwritable(&file, &error))?;
            }
        }
        if self.json {
            print(&serde_json::to_string_pretty(&figures).map_err(AppError::input)?)?;
        } else {
            print(&figures.render())?;
        }
        Ok(if lost == 0 { Ending::Done } else { Ending::BadInput })
    }

    /// The labelled alarms that can be measured, and how many lines cannot, which are told.
    fn alarms(&self, app: &App) -> Result<(Vec<(Alarm, Label)>, usize), AppError> {
        let mut lines = screen(read_alarms(&self.files, &app.config.intake_limits())?);
        if lines.is_empty() {
            return Err(AppError::Input("the dataset holds no alarm".to_owned()));
        }
        lines.retain(|(_, _, line): &Screened| match (self.half, line) {
            (Some(half), Ok((alarm, label))) => Half::of(alarm, label) == half,
            _ => true,
        });
        lines.truncate(self.limit.unwrap_or(usize::MAX));
        let (mut alarms, mut lost) = (Vec::new(), 0);
        for (file, number, line) in lines {
            match line {
                Ok(labelled) => alarms.push(labelled),
                Err(error) => {
                    lost += 1;
                    tell(&ProgressBar::hidden(), &file, number, &error);
                }
            }
        }
        if alarms.is_empty() {
            let why = format!("no alarm is left to measure; {lost} lines were refused");
            return Err(AppError::Input(why));
        }
        Ok((alarms, lost))
    }

    /// Every alarm decided, and the sentences that its second read was given.
    async fn decide(
        &self,
        app: &App,
        models: &Models,
        alarms: Vec<(Alarm, Label)>,
        mut docket: Option<&mut Docket>,
    ) -> Result<(Vec<Sample>, Vec<Vec<String>>), AppError> {
        let depth = if self.judging.is_asked() { Depth::Report } else { Depth::Verdict };
        let pipeline = app.pipeline(app.policies()?, models, SiteModels::default(), depth).await?;
        let progress = progress_bar(alarms.len() as u64, "alarms");
        let (mut samples, mut sentences) = (Vec::new(), Vec::new());
        for (alarm, label) in alarms {
            let received = received(app, alarm);
            let began = Instant::now();
            let decided = pipeline.decide(&received).await;
            let latency_ms = began.elapsed().as_secs_f64() * 1000.0;
            let sample = sample(&received.alarm, label, &decided, latency_ms);
            let read = pipeline::sentences(&reading::prepare(&received.alarm));
            let read: Vec<String> = read.into_iter().map(|(_, sentence)| sentence).collect();
            if let Some(docket) = docket.as_deref_mut() {
                docket.take(&sample, &read, &decided);
            }
            sentences.push(read);
            samples.push(sample);
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok((samples, sentences))
    }
}

/// What simple methods reach. Sentences are embedded only where the labels suffice to learn from.
async fn rivals(models: &Models, samples: &[Sample], sentences: &[Vec<String>]) -> Rivals {
    if floors::suffices(samples).is_err() {
        return Rivals::of(samples, None);
    }
    match means(models, sentences).await {
        Ok(vectors) => Rivals::of(samples, Some(&vectors)),
        // The decisions took longer than what is missing here is worth.
        Err(error) => {
            let mut rivals = Rivals::of(samples, None);
            rivals.notes.push(format!("The floor over MiniLM's vectors is left out: {error}."));
            rivals
        }
    }
}

/// For each alarm the mean of its sentences' vectors; empty where it has none.
async fn means(models: &Models, sentences: &[Vec<String>]) -> Result<Vec<Vec<f32>>, ModelError> {
    let Some(classifier) = &models.sentences else {
        return Err(ModelError::Load("no embedder is loaded".to_owned()));
    };
    let embedder = classifier.embedder();
    let progress = progress_bar(sentences.len() as u64, "alarms embedded");
    let mut means = Vec::with_capacity(sentences.len());
    for sentences in sentences {
        let vectors = embedder.embed(sentences).await?;
        means.push(floors::mean(&vectors));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(means)
}

fn unwritable(path: &Path, error: &std::io::Error) -> AppError {
    AppError::Environment(format!("{} cannot be written: {error}", path.display()))
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
    async fn captions(
        &self,
        app: &App,
        references: &Path,
        candidates: &Path,
    ) -> Result<Ending, AppError> {
        let read = |file: &Path| {
            let refuse = |why: String| AppError::Input(format!("{}: {why}", file.display()));
            let text = fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
            captions::files::captions(&text).map_err(refuse)
        };
        let (set, apart) = captions::files::pair(&read(references)?, &read(candidates)?)
            .map_err(AppError::Input)?;
        let mut figures = CaptionFigures::of(&set);
        if self.search {
            figures.search = Some(search(app, &set).await?);
        }
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

/// Searches with each caption among the references of all images, by the embedder.
async fn search(app: &App, set: &[Captioned]) -> Result<Retrieval, AppError> {
    let embedder = app.load_classifier().await.map_err(AppError::environment)?.embedder();
    let progress = progress_bar(set.len() as u64, "images");
    let (mut queries, mut references) = (Vec::new(), Vec::new());
    for one in set {
        let words = [&one.candidate].into_iter().chain(&one.references);
        let texts: Vec<String> = words.map(|words| words.join(" ")).collect();
        let mut vectors = embedder.embed(&texts).await.map_err(AppError::environment)?.into_iter();
        queries.push(vectors.next().unwrap_or_default());
        references.push(vectors.collect());
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(Retrieval::of(&queries, &references))
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

fn sample(alarm: &Alarm, label: Label, decided: &Decided, latency_ms: f64) -> Sample {
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
