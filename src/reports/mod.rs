//! Incident reports: one JSON document in which every sentence names its evidence, and its pages.
//!
//! Text from the scene stands in one list that is marked as not trusted and nowhere else; captions
//! are quoted as quotations; the model's own sentence is marked as the model's.

mod document;
mod evidence;
mod explanation;
mod quote;
mod render;
mod schema;
mod sections;
mod words;

pub use document::{DIGITAL_SOURCE_TYPE, SCHEMA_ID, SCHEMA_VERSION};
pub use explanation::explain;
pub use render::{HTML_TEMPLATE, MARKDOWN_TEMPLATE, escape_markdown, html, markdown};
pub use schema::{INCIDENT_SCHEMA, validate};
pub use words::{Language, Word};

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{Alarm, AlarmRef, Assessment, Context, Disposition, Facts, Ruling, Verdict};

/// Everything that one incident report is written from.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// The alarm as it arrived.
    pub alarm: &'a Alarm,
    /// Which alarm it is to us.
    pub reference: &'a AlarmRef,
    /// What was read.
    pub facts: &'a Facts,
    /// What the rules say.
    pub ruling: &'a Ruling,
    /// What the model thinks.
    pub assessment: &'a Assessment,
    /// What the system suggests.
    pub verdict: &'a Verdict,
    /// What the site knows.
    pub context: &'a Context,
    /// When the report is written.
    pub generated_at: Timestamp,
    /// The language model that took part, where one did.
    pub model_name: Option<&'a str>,
    /// The language to write in.
    pub language: Language,
}

/// Why a report cannot leave.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It does not fit its schema.
    #[error("the report does not fit its schema at `{path}`: {message}")]
    Invalid {
        /// JSON Pointer to the first place that does not fit.
        path: String,
        /// What would be right.
        message: String,
    },
    /// A sentence cites what the report does not list.
    #[error("a sentence cites `{0}`, which the report's list of evidence does not have")]
    Uncited(String),
    /// The built-in schema is broken.
    #[error("incident.schema.json cannot be compiled: {0}")]
    Schema(String),
    /// A template is broken, or the document lacks what it shows.
    #[error("the report cannot be shown: {0}")]
    Template(String),
}

/// The report of one decided alarm, in a form that [`validate`] accepts. The same input gives the
/// same document.
pub fn incident(input: &ReportInput<'_>) -> Value {
    document::write(input)
}

/// `report` with its last section filled from what people said, oldest first.
pub fn decided(report: &Value, dispositions: &[Disposition]) -> Value {
    document::decided(report, dispositions)
}
