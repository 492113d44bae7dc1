//! `sereno eval --judge`: a model marks some of what was written, by a rubric.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    app::{Models, SEED},
    cli::{App, AppError, triage::progress_bar},
    config::Config,
    evaluation::{
        Sample,
        judge::{Case, Judge, JudgeFigures, Rubric, Subject},
    },
    pipeline::Decided,
    prompts::Prompt,
};

/// Whether a model marks what was written, and which.
#[derive(Debug, Args)]
pub(super) struct Judging {
    /// Let a model mark what was written by this rubric (prompts/rubrics/ has two).
    #[arg(long, value_name = "RUBRIC.toml")]
    judge: Option<PathBuf>,
    /// Mark this many decisions, chosen by the hash of their ids.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "judge")]
    judge_sample: usize,
    /// Settings whose language model judges; without them the one that decides judges itself.
    #[arg(long, value_name = "FILE", requires = "judge")]
    judge_config: Option<PathBuf>,
}

/// A judge, and what it is to be asked about.
pub(super) struct Docket {
    judge: Judge,
    chosen: BTreeSet<String>,
    cases: Vec<Case>,
}

impl Judging {
    /// Whether reports have to be written.
    pub(super) const fn is_asked(&self) -> bool {
        self.judge.is_some()
    }

    /// Reads the rubric and loads the judge, before anything is decided in vain.
    pub(super) async fn prepare(
        &self,
        models: &Models,
        ids: impl Iterator<Item = &str>,
    ) -> Result<Option<Docket>, AppError> {
        let Some(file) = &self.judge else { return Ok(None) };
        let refuse = |why: String| AppError::Input(format!("the rubric {}: {why}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
        let rubric = Rubric::parse(&text).map_err(refuse)?;
        let prompt = Prompt::judge().map_err(AppError::input)?;
        let model = match &self.judge_config {
            None => Arc::clone(&models.language),
            Some(settings) => {
                let config = Config::load(Some(settings)).map_err(AppError::input)?;
                let mut problems = Vec::new();
                let model = App::new(config)?.load_language(&mut problems).await;
                if !problems.is_empty() {
                    return Err(AppError::Environment(problems.join("\n")));
                }
                model
            }
        };
        let judge = Judge::new(model, prompt, rubric, SEED);
        Ok(Some(Docket { judge, chosen: chosen(ids, self.judge_sample), cases: Vec::new() }))
    }
}

impl Docket {
    /// Keeps what was written about an alarm, if it is one of those that were chosen.
    pub(super) fn take(&mut self, sample: &Sample, sentences: &[String], decided: &Decided) {
        if !self.chosen.contains(&sample.id) {
            return;
        }
        let answer = match self.judge.rubric().judges {
            Subject::Report => report(&decided.draft.report),
            Subject::Reason => reason(decided),
        };
        self.cases.push(Case {
            id: sample.id.clone(),
            group: sample.group.clone(),
            captions: sentences.to_vec(),
            answer,
        });
    }

    /// Asks about all, one by one.
    pub(super) async fn judge(self, models: &Models) -> JudgeFigures {
        let progress = progress_bar(self.cases.len() as u64, "marked");
        let mut answers = Vec::with_capacity(self.cases.len());
        for case in &self.cases {
            answers.push(self.judge.judge(case).await);
            progress.inc(1);
        }
        progress.finish_and_clear();
        JudgeFigures::of(&self.judge, models.language.manifest(), answers)
    }
}

/// So many of the ids, the same on every machine and in whatever order they stand.
fn chosen<'a>(ids: impl Iterator<Item = &'a str>, most: usize) -> BTreeSet<String> {
    let mut hashed: Vec<_> = ids.map(|id| (Sha256::digest(id), id)).collect();
    hashed.sort();
    hashed.dedup();
    hashed.into_iter().take(most).map(|(_, id)| id.to_owned()).collect()
}

/// The report's headings and sentences, as a person reads them.
fn report(report: &Value) -> String {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut text = String::new();
    for section in list(report, "sections") {
        let sentences = list(&section, "sentences");
        let said: Vec<&str> =
            sentences.iter().filter_map(|sentence| sentence["text"].as_str()).collect();
        if !said.is_empty() {
            text.push_str(section["heading"].as_str().unwrap_or_default());
            text.push_str(": ");
            text.push_str(&said.join(" "));
            text.push('\n');
        }
    }
    text
}

/// The verdict, its reason and what the model says of it: what stands at the top of an alarm.
fn reason(decided: &Decided) -> String {
    let words = &decided.draft.report["verdict"]["words"];
    let word = |key: &str| words[key].as_str().unwrap_or_default().to_owned();
    let rationale = &decided.draft.assessment.rationale;
    format!("{}: {}. {rationale}", word("outcome"), word("reason")).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_are_chosen_in_whatever_order_they_stand() {
        let ids = ["a", "b", "c", "d", "e", "a"];
        let ahead = chosen(ids.into_iter(), 3);
        assert_eq!(ahead, chosen(ids.into_iter().rev(), 3));
        assert_eq!(ahead.len(), 3);
        assert!(chosen(ids.into_iter(), 2).is_subset(&ahead));
        assert_eq!(chosen(ids.into_iter(), 50).len(), 5);
    }

    #[test]
    fn a_report_is_read_with_its_headings_and_without_empty_parts() {
        let document = json!({ "sections": [
            { "heading": "Seen", "sentences": [{ "text": "A man." }, { "text": "He climbs." }] },
            { "heading": "Decided", "sentences": [] },
        ]});
        assert_eq!(report(&document), "Seen: A man. He climbs.\n");
        assert_eq!(report(&json!({})), "");
    }
}
