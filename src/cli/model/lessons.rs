//! `sereno model lessons`: captions whose author says what is true of them, as prompts and right answers.
//!
//! What trains the adapter that ships (`models/training/`). The pipeline's own stages make the prompts
//! and the policy engine rules on the facts, so that no answer contradicts a schema or a rule.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use indicatif::ProgressIterator as _;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::{App, AppError, Ending, print, triage::progress_bar};
use crate::{
    assessment::{self, Case, Depth},
    context,
    domain::{Alarm, Context, Facts, RecentAlarms},
    model::engine::Tokenizer,
    pipeline,
    policy::LivePolicies,
    prompts::{Lesson, Prompts},
    reading::{self, Prepared, lesson::Labels},
};

/// What to make lessons of.
#[derive(Debug, Args)]
pub struct Lessons {
    /// Scenes, JSON Lines: captions and what is true of them, as models/training/README.md tells.
    #[arg(value_name = "CORPUS", required = true)]
    files: Vec<PathBuf>,
}

/// One line of a corpus.
#[derive(Debug, Deserialize)]
struct Scene {
    group: String,
    lang: String,
    style: String,
    captions: Vec<String>,
    #[serde(default)]
    visible_text: Vec<String>,
    #[serde(flatten)]
    labels: Labels,
}

/// Times at which a scene is set: by day, by night, at the weekend, in a window of the sample site.
const TIMES: [&str; 6] = [
    "2026-03-03T10:15:00Z",
    "2026-03-04T22:40:00Z",
    "2026-03-05T02:20:00Z",
    "2026-03-07T16:05:00Z",
    "2026-03-06T18:30:00Z",
    "2026-03-08T04:50:00Z",
];

impl Lessons {
    /// Prints one JSON object a lesson; the first line names the prompts.
    pub fn run(&self, app: &App) -> Result<Ending, AppError> {
        let tokenizer =
            Tokenizer::open(&app.config.model_file(&app.config.models.language_model.file))
                .map_err(AppError::environment)?;
        let prompts = Prompts::embedded().map_err(AppError::input)?;
        print(&json!({ "prompts": prompts.learned_as() }).to_string())?;
        let policies = app.policies()?;
        let teacher = Teacher { app, policies, tokenizer, prompts: prompts.without_examples() };
        let mut scenes = Vec::new();
        for file in &self.files {
            let text = fs::read_to_string(file)
                .map_err(|error| AppError::Input(format!("{}: {error}", file.display())))?;
            for (number, line) in (1..).zip(text.lines()) {
                let scene: Scene = serde_json::from_str(line).map_err(|error| {
                    AppError::Input(format!("{}:{number}: {error}", file.display()))
                })?;
                scenes.push((file.as_path(), number, scene));
            }
        }
        let progress = progress_bar(scenes.len() as u64, "scenes");
        let mut refused = 0_usize;
        for (file, number, scene) in scenes.iter().progress_with(progress) {
            if let Err(error) = teacher.teach(scene) {
                refused += 1;
                report(file, *number, &error);
            }
        }
        Ok(if refused == 0 { Ending::Done } else { Ending::BadInput })
    }
}

fn report(file: &Path, number: u64, error: &AppError) {
    tracing::error!(file = %file.display(), line = number, %error, "this scene is left out");
}

struct Teacher<'a> {
    app: &'a App,
    policies: Arc<LivePolicies>,
    tokenizer: Tokenizer,
    prompts: Prompts,
}

impl Teacher<'_> {
    /// What is read does not hang on the place and the time; what is assessed does, so twice.
    fn teach(&self, scene: &Scene) -> Result<(), AppError> {
        let mut alarm = alarm(scene)?;
        let prepared = reading::prepare(&alarm);
        let (read, facts) =
            reading::lesson::lesson(&self.prompts.read, &alarm, &prepared, &scene.labels)
                .map_err(AppError::Input)?;
        self.put("read", scene, &read)?;
        put_sentences(scene, &prepared)?;
        let seed = Sha256::digest(scene.captions.join("\n"));
        let cameras = self.cameras();
        for turn in 0..2 {
            let pick = |byte: usize, among: usize| usize::from(seed[byte + turn]) % among.max(1);
            if let Some(camera) = cameras.get(pick(0, cameras.len())) {
                alarm.camera.clone_from(camera);
            }
            alarm.occurred_at = TIMES[pick(8, TIMES.len())].parse().map_err(AppError::input)?;
            if let Some(assess) = self.assess(&alarm, &facts) {
                self.put("assess", scene, &assess)?;
            }
        }
        Ok(())
    }

    fn cameras(&self) -> Vec<String> {
        let sample = self.app.sites.get("sample");
        sample
            .map_or_else(Vec::new, |site| site.cameras().map(|camera| camera.id.clone()).collect())
    }

    fn assess(&self, alarm: &Alarm, facts: &Facts) -> Option<Lesson> {
        let context = self.context(alarm);
        let policies = self.policies.current();
        let ruling = policies.of(&context.site).evaluate(&pipeline::view(alarm), facts, &context);
        let case = Case {
            facts,
            context: &context,
            ruling: &ruling,
            quoted: &ruling.rules,
            depth: Depth::Report,
        };
        assessment::lesson::lesson(&self.prompts.assess, case)
    }

    fn context(&self, alarm: &Alarm) -> Context {
        let received_at = alarm.occurred_at + SignedDuration::from_secs(5);
        let site = self.app.sites.get("sample");
        context::gather(alarm, received_at, site, "sample", RecentAlarms::default())
    }

    fn put(&self, stage: &str, scene: &Scene, lesson: &Lesson) -> Result<(), AppError> {
        let prompt = self.tokenizer.prompt(&lesson.messages).map_err(AppError::environment)?;
        let line = json!({
            "stage": stage, "group": scene.group, "lang": scene.lang, "style": scene.style,
            "danger": scene.labels.danger.as_str(), "prompt": prompt,
            "answer": self.tokenizer.answer(&lesson.answer), "text": lesson.answer,
        });
        print(&line.to_string()).map(|_| ())
    }
}

/// The sentences as the classifier reads them.
fn put_sentences(scene: &Scene, prepared: &Prepared) -> Result<(), AppError> {
    let sentences: Vec<_> =
        pipeline::sentences(prepared).into_iter().map(|(_, text)| text).collect();
    let line = json!({
        "stage": "classify", "group": scene.group, "lang": scene.lang,
        "danger": scene.labels.danger.as_str(), "sentences": sentences,
    });
    print(&line.to_string()).map(|_| ())
}

fn alarm(scene: &Scene) -> Result<Alarm, AppError> {
    let captions: Vec<_> = scene.captions.iter().map(|text| json!({ "text": text })).collect();
    serde_json::from_value(json!({
        "source": "corpus", "source_event_id": scene.group, "occurred_at": TIMES[0],
        "camera": "corpus", "kind": "motion", "captions": captions, "visible_text": scene.visible_text,
    }))
    .map_err(AppError::input)
}
