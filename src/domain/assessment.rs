//! What the model thinks of the facts, and how sure the two reads are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{facts::Presence, ids::CaptionId, verdict::Outcome};

/// A condition that the model weighed, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Criterion {
    /// A code from the facts, such as `climbs` or `fire`, or a rule's id.
    pub name: String,
    /// Whether it is met.
    pub met: Presence,
    /// Captions that say so.
    pub evidence: Vec<CaptionId>,
}

/// Three kinds of confidence, measured, not asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Confidence {
    /// The language model's probability of danger, from the logits of its first answer, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_threat: Option<f64>,
    /// Logit margin of the proposed verdict over the next permitted one, in nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict_margin: Option<f64>,
    /// The classifier's probability of a threat, 0 to 1; it reads the captions by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier_threat: Option<f64>,
    /// Whether both reads fall on the same side.
    pub agree: bool,
}

/// A stage that gave no result, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageFailure {
    /// `read`, `classify`, `rule`, `assess`.
    pub stage: String,
    /// A stable code such as `model_timeout`.
    pub code: String,
}

/// What the model thinks. The policy outranks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    /// The verdict it proposes among the permitted ones; `uncertain` where it was not asked or failed.
    pub proposed: Outcome,
    /// What it weighed.
    pub criteria: Vec<Criterion>,
    /// How sure.
    pub confidence: Confidence,
    /// One short sentence, the model's own words; empty where no model ran.
    pub rationale: String,
    /// Stages that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StageFailure>,
}

impl Assessment {
    /// Nobody was asked.
    pub const fn none() -> Self {
        Self {
            proposed: Outcome::Uncertain,
            criteria: Vec::new(),
            confidence: Confidence {
                model_threat: None,
                verdict_margin: None,
                classifier_threat: None,
                agree: false,
            },
            rationale: String::new(),
            failures: Vec::new(),
        }
    }
}
