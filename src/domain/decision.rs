//! One decision whole, as `sereno triage` prints it and the API serves it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    alarm::Alarm, assessment::Assessment, context::Context, facts::Facts, ids::AlarmId,
    ruling::Ruling, verdict::Verdict,
};

/// Which alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlarmRef {
    /// Sereno's id.
    pub id: AlarmId,
    /// The source.
    pub source: String,
    /// The source's id.
    pub source_event_id: String,
    /// The site.
    pub site: String,
    /// The camera.
    pub camera: String,
    /// The kind.
    pub kind: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
}

impl AlarmRef {
    /// Names `alarm` once its site is known.
    pub fn new(id: AlarmId, alarm: &Alarm, site: &str) -> Self {
        Self {
            id,
            source: alarm.source.clone(),
            source_event_id: alarm.source_event_id.clone(),
            site: site.to_owned(),
            camera: alarm.camera.clone(),
            kind: alarm.kind.clone(),
            occurred_at: alarm.occurred_at,
        }
    }
}

/// Where the decision stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionRecord {
    /// Index of the verdict's entry.
    pub entry: u64,
    /// RFC 6962 hash of that entry's leaf, hex.
    pub hash: String,
}

/// The four things that are never merged but for the person's, with the record that holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// Which alarm.
    pub alarm: AlarmRef,
    /// What was read.
    pub facts: Facts,
    /// What the site knew then; older records lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// What the rules say.
    pub ruling: Ruling,
    /// What the model thinks.
    pub assessment: Assessment,
    /// What the system suggests.
    pub verdict: Verdict,
    /// Where it is recorded.
    pub record: DecisionRecord,
}
