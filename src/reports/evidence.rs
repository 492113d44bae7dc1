//! Sentences and what they rest on: a sentence without evidence cannot be built.

use std::fmt;

use serde_json::{Value, json};

use crate::domain::CaptionId;

/// One thing that a sentence can rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A caption of the alarm, written `c1`.
    Caption(CaptionId),
    /// A detection of the source, counted from one, written `detection:1`.
    Detection(usize),
    /// A rule of the policy, written `rule:` and its id.
    Rule(String),
    /// A field of the alarm, written `alarm:` and its name.
    Alarm(&'static str),
    /// A field of what the site knows, written `context:` and its name.
    Context(&'static str),
    /// A field of what was read as a whole, written `facts:` and its name.
    Facts(&'static str),
    /// A field of what the rules say, written `ruling:` and its name.
    Ruling(&'static str),
    /// A field of what the model thinks, written `assessment:` and its name.
    Assessment(&'static str),
    /// A field of what the system suggests, written `verdict:` and its name.
    Verdict(&'static str),
    /// What a person said, counted from one, written `disposition:1`.
    Disposition(usize),
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caption(id) => id.fmt(formatter),
            Self::Detection(number) => write!(formatter, "detection:{number}"),
            Self::Rule(id) => write!(formatter, "rule:{id}"),
            Self::Alarm(field) => write!(formatter, "alarm:{field}"),
            Self::Context(field) => write!(formatter, "context:{field}"),
            Self::Facts(field) => write!(formatter, "facts:{field}"),
            Self::Ruling(field) => write!(formatter, "ruling:{field}"),
            Self::Assessment(field) => write!(formatter, "assessment:{field}"),
            Self::Verdict(field) => write!(formatter, "verdict:{field}"),
            Self::Disposition(number) => write!(formatter, "disposition:{number}"),
        }
    }
}

/// At least one evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    first: Evidence,
    rest: Vec<Evidence>,
}

impl Cited {
    /// `first`, and whatever else there is, each once.
    pub fn new(first: Evidence, rest: impl IntoIterator<Item = Evidence>) -> Self {
        let mut cited = Self { first, rest: Vec::new() };
        for one in rest {
            if !cited.iter().any(|known| *known == one) {
                cited.rest.push(one);
            }
        }
        cited
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = &Evidence> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl From<Evidence> for Cited {
    fn from(only: Evidence) -> Self {
        Self { first: only, rest: Vec::new() }
    }
}

/// Whose words a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Origin {
    /// Ours, from a template over the facts.
    Template,
    /// The captioner's, quoted.
    Caption,
    /// The language model's.
    Model,
    /// A person's note.
    Person,
}

/// A sentence of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What it says.
    pub text: String,
    /// What it rests on.
    pub evidence: Cited,
    /// Whose words it is.
    pub origin: Origin,
}

impl Sentence {
    /// A sentence of our own.
    pub fn template(text: String, evidence: impl Into<Cited>) -> Self {
        Self { text, evidence: evidence.into(), origin: Origin::Template }
    }

    /// The sentence as the report's JSON holds it.
    pub fn to_json(&self) -> Value {
        let evidence: Vec<String> = self.evidence.iter().map(ToString::to_string).collect();
        let origin: &str = self.origin.into();
        json!({ "text": self.text, "evidence": evidence, "origin": origin })
    }
}

/// The parts of a report, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// What happened, in a few lines.
    Summary,
    /// What was seen.
    Seen,
    /// What was not clear.
    Unclear,
    /// Rules that applied.
    Rules,
    /// The suggested verdict.
    Verdict,
    /// Recommended actions.
    Actions,
    /// Limits of this report.
    Limits,
    /// What people decided.
    Decided,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_shows_its_evidence_once_and_in_order() {
        let evidence = Cited::new(
            Evidence::Caption(CaptionId(2)),
            [Evidence::Rule("x".into()), Evidence::Caption(CaptionId(2))],
        );
        let sentence = Sentence::template("It is so.".into(), evidence);
        assert_eq!(
            sentence.to_json(),
            json!({ "text": "It is so.", "evidence": ["c2", "rule:x"], "origin": "template" })
        );
    }
}
