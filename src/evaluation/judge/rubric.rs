//! What a judge looks at and what each mark stands for: a TOML file that anybody can write.

use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Longer texts would leave no room for what is judged.
const LONGEST: usize = 2_000;

/// Which text of a decision is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// The sentences of the incident report.
    Report,
    /// The reason that the operator reads beside the verdict.
    Reason,
}

/// A rubric, in the form of Prometheus-Vision (Lee et al. 2024): the task, what is looked at, a
/// description of each mark, and an answer of the highest mark where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rubric {
    /// For people.
    pub name: String,
    /// Which text of a decision is judged.
    pub judges: Subject,
    /// SHA-256 of the file, hex.
    pub digest: String,
    task: String,
    criteria: String,
    scores: [String; 5],
    reference: Option<String>,
    language: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RubricFile {
    name: String,
    language: String,
    judges: Subject,
    task: String,
    criteria: String,
    score1: String,
    score2: String,
    score3: String,
    score4: String,
    score5: String,
    #[serde(default)]
    reference: Option<String>,
}

impl Rubric {
    /// Reads a rubric's file.
    ///
    /// # Errors
    /// What is wrong, with line and column where TOML knows them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: RubricFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let scores = [file.score1, file.score2, file.score3, file.score4, file.score5];
        let named = [
            ("name", &file.name),
            ("language", &file.language),
            ("task", &file.task),
            ("criteria", &file.criteria),
        ];
        let marks = ["score1", "score2", "score3", "score4", "score5"].into_iter().zip(&scores);
        let reference = file.reference.iter().map(|text| ("reference", text));
        for (key, text) in named.into_iter().chain(marks).chain(reference) {
            if text.trim().is_empty() {
                return Err(format!("`{key}` is empty; the judge needs it"));
            }
            if text.chars().count() > LONGEST {
                return Err(format!("`{key}` has more than {LONGEST} characters"));
            }
        }
        Ok(Self {
            name: file.name,
            judges: file.judges,
            digest: hex::encode(Sha256::digest(text)),
            task: file.task,
            criteria: file.criteria,
            scores,
            reference: file.reference,
            language: file.language,
        })
    }

    /// What is the same for every answer.
    pub(super) fn render(&self) -> String {
        let mut text = format!(
            "asked of the writer: {}\nlooked at: {}\n",
            self.task.trim(),
            self.criteria.trim()
        );
        for (mark, means) in (1..).zip(&self.scores) {
            let _infallible = writeln!(text, "mark {mark}: {}", means.trim());
        }
        if let Some(reference) = &self.reference {
            let shown = super::quoted(reference);
            let _infallible = writeln!(text, "an answer that earns a 5: {shown}");
        }
        let _infallible = writeln!(text, "language of the feedback: {}", self.language.trim());
        text
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const SHIPPED: [&str; 2] = [
        include_str!("../../../prompts/rubrics/report-faithfulness.toml"),
        include_str!("../../../prompts/rubrics/reason-usefulness.toml"),
    ];

    #[test]
    fn the_rubrics_that_ship_can_be_read() {
        let rubrics = SHIPPED.map(|text| Rubric::parse(text).unwrap());
        assert_eq!(rubrics[0].judges, Subject::Report);
        assert_eq!(rubrics[1].judges, Subject::Reason);
        let shown = rubrics[0].render();
        assert!(shown.contains("mark 1: ") && shown.contains("mark 5: "), "{shown}");
        assert!(!shown.contains("earns a 5"));
    }

    #[test]
    fn a_rubric_that_cannot_be_used_says_why() {
        let missing = SHIPPED[0].replace("score3", "#score3");
        assert!(Rubric::parse(&missing).unwrap_err().contains("score3"));
        let unknown = format!("{}\nscore6 = \"x\"", SHIPPED[0]);
        assert!(Rubric::parse(&unknown).unwrap_err().contains("score6"));
        let empty = SHIPPED[0].replace("language = \"en\"", "language = \" \"");
        assert!(Rubric::parse(&empty).unwrap_err().contains("`language` is empty"));
        let line = Rubric::parse("name = 1").unwrap_err();
        assert!(line.contains("line 1"), "{line}");
    }

    #[test]
    fn a_reference_is_shown_as_data() {
        let text = format!("{}\nreference = \"Two\\nlines\"", SHIPPED[1]);
        let shown = Rubric::parse(&text).unwrap().render();
        assert!(shown.contains(r#"earns a 5: "Two\nlines""#), "{shown}");
    }
}
