//! What the marks come to: their mean over groups, their spread, and the lowest by name.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

use super::{Judge, Judgement};
use crate::{
    evaluation::{
        bootstrap::{Draws, Estimate},
        render,
    },
    model::{ModelError, ModelManifest},
};

/// How many of the lowest are named.
const NAMED: usize = 3;

/// The marks of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeFigures {
    /// The rubric's name.
    pub rubric: String,
    /// SHA-256 of its file, hex.
    pub rubric_sha256: String,
    /// SHA-256 of the judge's prompt, hex.
    pub prompt_sha256: String,
    /// The model that judged.
    pub judge: String,
    /// SHA-256 of its file; empty for a remote one.
    pub judge_sha256: String,
    /// Whether it judged what it wrote itself.
    pub judges_itself: bool,
    /// How many it was asked about.
    pub asked: usize,
    /// Why it gave no mark, by code, and how often.
    pub failures: BTreeMap<&'static str, usize>,
    /// Mean mark.
    pub mean: Option<Estimate>,
    /// Mean of the expected marks, where the judge tells probabilities.
    pub expected_mean: Option<Estimate>,
    /// How often each mark was given, from 1 to 5.
    pub distribution: [usize; 5],
    /// The lowest marks.
    pub lowest: Vec<Judgement>,
    /// All, in the order of the dataset.
    pub judgements: Vec<Judgement>,
}

impl JudgeFigures {
    /// Of what `judge` answered about texts that `writer` wrote.
    pub fn of(
        judge: &Judge,
        writer: &ModelManifest,
        answers: Vec<Result<Judgement, ModelError>>,
    ) -> Self {
        let asked = answers.len();
        let mut failures = BTreeMap::new();
        let mut judgements = Vec::new();
        for answer in answers {
            match answer {
                Ok(judgement) => judgements.push(judgement),
                Err(error) => *failures.entry(error.code()).or_default() += 1,
            }
        }
        let mut distribution = [0; 5];
        for judgement in &judgements {
            if let Some(count) = distribution.get_mut(usize::from(judgement.score) - 1) {
                *count += 1;
            }
        }
        let mut lowest = judgements.clone();
        lowest.sort_by(|one, other| rank(one).total_cmp(&rank(other)).then(one.id.cmp(&other.id)));
        lowest.truncate(NAMED);
        let manifest = judge.model.manifest();
        Self {
            rubric: judge.rubric.name.clone(),
            rubric_sha256: judge.rubric.digest.clone(),
            prompt_sha256: judge.prompt.digest().to_owned(),
            judge: manifest.name.clone(),
            judge_sha256: manifest.sha256.clone(),
            judges_itself: manifest == writer,
            asked,
            failures,
            mean: mean(&judgements, |one| Some(f64::from(one.score))),
            expected_mean: mean(&judgements, |one| one.expected),
            distribution,
            lowest,
            judgements,
        }
    }

    /// Lines for the account, at most `columns` wide.
    pub(in crate::evaluation) fn render(&self, columns: usize) -> String {
        let mut out = format!("\nJUDGE {}, by {}\n", self.rubric, self.judge);
        let marked = self.judgements.len();
        let _infallible = writeln!(
            out,
            "  {marked} of {} marked; mean of 1 to 5 {}",
            self.asked,
            render::number(self.mean)
        );
        if let Some(expected) = self.expected_mean {
            let told = render::number(Some(expected));
            let _infallible = writeln!(out, "  by the marks' probabilities {told}");
        }
        let _infallible = write!(out, " ");
        for (mark, count) in (1..).zip(self.distribution) {
            let _infallible = write!(out, " {mark}: {count}{}", if mark < 5 { "," } else { "\n" });
        }
        for (code, count) in &self.failures {
            let _infallible = writeln!(out, "  {count} without a mark: {code}");
        }
        for one in &self.lowest {
            let line = format!("    {} {}", one.score, one.id);
            let _infallible = writeln!(out, "{}", render::cut(&line, columns));
            for line in wrapped(&one.feedback, columns - 6) {
                let _infallible = writeln!(out, "      {}", render::cut(&line, columns - 6));
            }
        }
        if self.judges_itself {
            let told = "  The judge is the model that decided, so its marks prove little; --judge-config \
                        names another.\n";
            out.push_str(told);
        }
        out
    }
}

/// The words in lines of at most `width` characters, but for a word that is longer by itself.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let needed = word.chars().count() + 1;
        match lines.last_mut().filter(|line| line.chars().count() + needed <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn rank(one: &Judgement) -> f64 {
    // The mark decides; the expected one orders equals.
    f64::from(one.score) * 10.0 + one.expected.unwrap_or(f64::from(one.score))
}

fn mean(judgements: &[Judgement], value: impl Fn(&Judgement) -> Option<f64>) -> Option<Estimate> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut values = Vec::new();
    for judgement in judgements {
        if let Some(value) = value(judgement) {
            let next = groups.len();
            values.push((*groups.entry(&judgement.group).or_insert(next), value));
        }
    }
    Draws::new(groups.len()).estimate(|weights| {
        let (mut sum, mut all) = (0.0, 0.0);
        for (group, value) in &values {
            let weight = weights.map_or(1.0, |each| f64::from(each[*group]));
            sum += weight * value;
            all += weight;
        }
        (all > 0.0).then(|| sum / all)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        evaluation::judge::{Rubric, rubric::tests::SHIPPED},
        model::{LanguageModel as _, scripted::ScriptedModel},
        prompts::Prompt,
    };

    fn judgement(id: &str, group: &str, score: u8, expected: Option<f64>) -> Judgement {
        let feedback = format!("Of {id}.\u{1b}[31m");
        Judgement { id: id.to_owned(), group: group.to_owned(), score, expected, feedback }
    }

    fn figures(answers: Vec<Result<Judgement, ModelError>>) -> JudgeFigures {
        let model = Arc::new(ScriptedModel::answering("{}"));
        let writer = model.manifest().clone();
        let rubric = Rubric::parse(SHIPPED[0]).unwrap();
        let judge = Judge::new(model, Prompt::judge().unwrap(), rubric, 1);
        JudgeFigures::of(&judge, &writer, answers)
    }

    #[test]
    fn marks_are_averaged_counted_and_the_lowest_named() {
        let found = figures(vec![
            Ok(judgement("a", "g1", 4, Some(3.5))),
            Ok(judgement("b", "g1", 2, Some(2.5))),
            Ok(judgement("c", "g2", 2, Some(1.5))),
            Err(ModelError::Truncated(9)),
            Ok(judgement("d", "g3", 4, None)),
        ]);
        let mean = found.mean.unwrap();
        assert!((mean.value - 3.0).abs() < 1e-12 && mean.low.unwrap() < mean.high.unwrap());
        assert!((found.expected_mean.unwrap().value - 2.5).abs() < 1e-12);
        assert_eq!(found.distribution, [0, 2, 0, 2, 0]);
        let named: Vec<&str> = found.lowest.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(named, ["c", "b", "a"]);
        assert_eq!((found.asked, found.failures["model_answer_truncated"]), (5, 1));
        let shown = found.render(100);
        assert!(shown.contains("4 of 5 marked; mean of 1 to 5 3.000 ["), "{shown}");
        assert!(shown.contains("1: 0, 2: 2, 3: 0, 4: 2, 5: 0\n") && !shown.contains('\u{1b}'));
        assert!(shown.contains("its marks prove little"), "the judge is the writer");
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    }

    #[test]
    fn feedback_is_told_whole_in_lines_that_fit() {
        let mut long = judgement("a", "g", 1, None);
        long.feedback = "It says more than it saw. ".repeat(11);
        let shown = figures(vec![Ok(long)]).render(100);
        assert_eq!(shown.matches("more").count(), 11, "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    }

    #[test]
    fn without_a_mark_there_is_no_mean() {
        let found = figures(vec![Err(ModelError::Failed(String::new()))]);
        assert_eq!((found.mean, found.judgements.len()), (None, 0));
        assert!(found.render(100).contains("0 of 1 marked; mean of 1 to 5 cannot be told"));
    }
}
