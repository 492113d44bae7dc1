//! What the store takes and gives that is not a word of `domain`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    audit::Event,
    domain::{
        Act, Alarm, AlarmId, AlarmRef, Assessment, AvsLevel, Cause, Context, Decision,
        DispositionCode, Facts, Outcome, ReasonCode, ReviewReason, Ruling, Severity, Verdict,
        facts::codes,
    },
};

codes! {
    /// How far an alarm has come.
    AlarmState {
        /// Accepted, not decided yet.
        Waiting,
        /// The system has suggested a verdict; nobody has closed it yet.
        Decided,
        /// A person has said what it was.
        Closed,
        /// The system has closed it as harmless, as people granted; nobody has looked.
        ClosedWithoutPerson,
    }
}

/// What the log says about itself in every entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIdentity {
    /// The log's name; the same as its key's.
    pub origin: String,
    /// Sereno's version.
    pub system_version: String,
    /// SHA-256 of the binary, hex.
    pub build_digest: String,
    /// SHA-256 of the configuration, hex.
    pub config_digest: String,
}

/// An alarm that has been committed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Accepted {
    /// Sereno's id of it.
    pub id: AlarmId,
    /// Whether it is new; else it was here before and the first answer stands.
    pub fresh: bool,
    /// When it was first accepted.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The decision, where a repeated alarm has one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// An alarm as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StoredAlarm {
    /// Sereno's id.
    pub id: AlarmId,
    /// The site that it was found to be of.
    pub site: String,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The alarm as it arrived.
    pub alarm: Alarm,
    /// How far it has come.
    pub state: AlarmState,
    /// Whether its suggestion is hidden from those who close alarms until one of them has.
    pub blind: bool,
    /// The grant under which the system closed it without a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_under: Option<String>,
}

/// Which alarms of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFilter {
    /// Only these; all when `None`.
    pub state: Option<AlarmState>,
    /// Only this site's; all when `None`.
    pub site: Option<String>,
    /// At most so many, up to [`QueueFilter::MAX_LIMIT`].
    pub limit: u32,
    /// So many are left out at the beginning.
    pub offset: u32,
}

impl QueueFilter {
    /// The most alarms that one call returns.
    pub const MAX_LIMIT: u32 = 500;
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self { state: None, site: None, limit: 100, offset: 0 }
    }
}

/// One line of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueItem {
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
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// How far it has come.
    pub state: AlarmState,
    /// The suggested outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How bad it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The AVS-01-style level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avs_level: Option<AvsLevel>,
    /// Probability of a threat, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threat_probability: Option<f64>,
    /// Why the outcome is what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<ReasonCode>,
    /// Beginning of the first caption, at most 160 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// The last word of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<DispositionCode>,
    /// Whether people judge it before they are told what the system suggests; until then nothing of
    /// the suggestion stands here.
    pub blind: bool,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Alarms that wait for a decision.
    pub waiting: u64,
    /// Alarms that wait for a person.
    pub decided: u64,
    /// Alarms that a person has closed.
    pub closed: u64,
    /// Alarms that the system has closed without one.
    pub closed_without_person: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Jobs that failed [`Counts::DEAD_AFTER`] times or more. They are tried again all the same,
    /// for an accepted alarm is never given up, but somebody should look.
    pub jobs_dead: u64,
}

impl Counts {
    /// Failed attempts after which a job is counted as dead.
    pub const DEAD_AFTER: u32 = 10;
}

/// An alarm to decide, leased to one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// The alarm.
    pub alarm: AlarmId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Whether it may concern a life.
    pub urgent: bool,
}

/// Everything that one decision commits at once.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionDraft {
    /// Which alarm.
    pub alarm: AlarmRef,
    /// What was read.
    pub facts: Facts,
    /// What the site knew.
    pub context: Context,
    /// What the rules say.
    pub ruling: Ruling,
    /// What the model thinks.
    pub assessment: Assessment,
    /// What the system suggests.
    pub verdict: Verdict,
    /// The steps that led to it, in order. Where none is of the kind `alarm.verdict`, the store
    /// writes that one itself and puts it last.
    pub events: Vec<Event>,
    /// The incident report.
    pub report: serde_json::Value,
    /// What drift is measured on.
    pub signs: DecisionSigns,
    /// The grant under which it may be closed without a person; that it still holds is looked up
    /// when it is committed.
    pub closes: Option<String>,
    /// Why people are to judge it before they know the verdict; then nothing closes it but a person.
    pub review: Option<ReviewReason>,
}

/// The few codes and numbers of a decision that drift is measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionSigns {
    /// Digest of the models and prompts that read it.
    pub made_with: String,
    /// What set it off.
    pub cause: Cause,
    /// Acts that were plainly seen.
    pub acts: Vec<Act>,
    /// Whether a model read it.
    pub read: bool,
    /// Whether both reads agree.
    pub agree: bool,
    /// Coordinates of the captions' embedding, in thousandths; none where there was none.
    pub sketch: Vec<i32>,
}

/// A decision as drift is measured on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionSample {
    /// Its signs.
    pub signs: DecisionSigns,
    /// What was suggested.
    pub outcome: Outcome,
    /// What people said, where they did.
    pub disposition: Option<DispositionCode>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogEntry {
    /// Its index, from 0.
    pub seq: u64,
    /// The leaf: RFC 8785 JSON, the bytes that were hashed.
    pub leaf: String,
    /// RFC 6962 hash of the leaf, hex.
    pub leaf_hash: String,
    /// When it was recorded.
    pub recorded_at: String,
}

/// Where the log stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogHead {
    /// The log's name.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// RFC 6962 root over them, hex.
    pub root: String,
    /// Entries that the last checkpoint covers.
    pub signed: u64,
}

/// An alarm is now in this state: what listeners are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    /// Which alarm.
    pub id: AlarmId,
    /// Its state now.
    pub state: AlarmState,
}
