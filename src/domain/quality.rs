//! How well the system and the people around it do at a site, measured in operation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{autonomy::Grant, facts::codes};

/// A count out of a count, with the interval that holds the true share with 95 % confidence
/// (Clopper and Pearson 1934).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rate {
    /// How many.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// The share; absent where there is nothing to divide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// An estimate with its upper bound, from a share of a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Extrapolated {
    /// The best guess.
    pub share: f64,
    /// It is at most this, with 97.5 % confidence.
    pub high: f64,
}

/// What happened in the period, at a site or at one camera of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// Alarms decided. Control alarms are not counted here.
    pub decided: u64,
    /// Suggested as verified.
    pub verified: u64,
    /// Suggested as dismissed, or closed as such.
    pub dismissed: u64,
    /// Left to people.
    pub uncertain: u64,
    /// Closed without a person, as granted.
    pub closed_without_person: u64,
    /// Suggestions of verified or dismissed that people contradicted, of those that they were shown.
    pub overridden: Rate,
    /// Real threats among dismissals, as people found who were not told the verdict.
    pub false_dismissals: Rate,
    /// Dismissals drawn for blind review that nobody has judged yet.
    pub reviews_open: u64,
    /// Share of all real threats that are dismissed: the false dismissals, extrapolated to every
    /// dismissal, beside the real threats that people confirmed among the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_threats: Option<Extrapolated>,
    /// Control alarms that people recognised as a real threat.
    pub controls_seen: Rate,
}

/// One camera's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraTally {
    /// The camera.
    pub camera: String,
    /// Its figures.
    #[serde(flatten)]
    pub tally: Tally,
}

codes! {
    /// What is watched for drift.
    DriftSignCode {
        /// The captions' embeddings.
        Embeddings,
        /// Which facts are read.
        Facts,
        /// How verdicts are shared out.
        VerdictMix,
        /// How often the two reads disagree.
        Disagreement,
        /// How often people contradict the suggestion.
        Overrides,
    }
}

/// One sign: how far the latest decisions are from those before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DriftSign {
    /// What is compared.
    pub code: DriftSignCode,
    /// Decisions that it is compared with.
    pub reference: u64,
    /// Latest decisions.
    pub current: u64,
    /// A population stability index, or a difference of shares; absent where there are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// From this on it is drift.
    pub limit: f64,
    /// Whether it is.
    pub raised: bool,
}

/// What the site has learned, and what its labels allow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Learning {
    /// The version in force; 0 is what ships.
    pub version: u32,
    /// Its SHA-256, hex; empty for what ships.
    pub sha256: String,
    /// Share of threats that the site lets be missed.
    pub missed_at_most: f64,
    /// Below this calibrated probability an alarm may be closed without a person, where that is
    /// granted; absent where the labels do not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Threats among the labels that it was learned from.
    pub threats: u64,
    /// Threats that must still be labelled before anything can be granted.
    pub more_threats_needed: u64,
}

/// One site's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SiteQuality {
    /// The site.
    pub site: String,
    /// Since when alarms are counted.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// All cameras together.
    pub all: Tally,
    /// Camera by camera, by name.
    pub cameras: Vec<CameraTally>,
    /// Signs of drift.
    pub drift: Vec<DriftSign>,
    /// What was learned.
    pub learning: Learning,
    /// Grants in force, and those that ended in the period.
    pub grants: Vec<Grant>,
    /// SHA-256 of all of the above as JSON, hex. Whoever grants autonomy names it.
    pub digest: String,
}
