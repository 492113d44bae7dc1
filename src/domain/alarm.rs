//! What a source raised: the alarm, its clip and the captions that describe it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event that a source raised about one camera or sensor, exactly as it arrived.
/// Idempotent by `source` and `source_event_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The system that raised it, for example `milestone:madrid-1`.
    pub source: String,
    /// That system's own id of the event.
    pub source_event_id: String,
    /// When it happened, by the source's clock.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// The site; where it is left out, the site that knows the camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The camera or sensor, as the site's file names it.
    pub camera: String,
    /// What the source says it is: `line_crossing`, `loitering`, `panic_button`, …
    pub kind: String,
    /// Where in its course the event stands.
    #[serde(default)]
    pub phase: Phase,
    /// The media, by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// What a vision-language model, or a person, wrote about the clip.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Caption>,
    /// Text that the captioner read in the picture: data from strangers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visible_text: Vec<String>,
    /// What a detector found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detections: Vec<Detection>,
    /// The source's own message, kept and never interpreted.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    #[schema(value_type = Object)]
    pub raw: serde_json::Value,
}

/// Where in its course an event stands.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// A single moment.
    #[default]
    Instant,
    /// It begins.
    Start,
    /// It goes on.
    Update,
    /// It has ended.
    End,
    /// A standing condition, reported again.
    State,
}

/// The media, by reference and digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// Where it lies.
    pub uri: String,
    /// SHA-256 of the file, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its length in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
}

/// A time-stamped sentence or paragraph about the clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Caption {
    /// Seconds from the clip's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<f64>,
    /// Seconds from the clip's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<f64>,
    /// What is said.
    pub text: String,
    /// The model that wrote it, or `human`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What a detector found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Detection {
    /// The detector's word: `person`, `car`, …
    pub label: String,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Seconds from the clip's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<f64>,
    /// Seconds from the clip's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<f64>,
}
