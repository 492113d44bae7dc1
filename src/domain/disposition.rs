//! A person's closing word on an alarm.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{action::ActionCode, facts::codes, verdict::Outcome};

codes! {
    /// What it was.
    DispositionCode {
        /// A real threat.
        RealThreat,
        /// Really there, but no threat.
        RealNoThreat,
        /// Nothing of the kind was there.
        FalseDetection,
        /// A fault of camera, network or sensor.
        Technical,
        /// A test.
        Test,
        /// The same event as another alarm.
        Duplicate,
        /// It cannot be told.
        Undetermined,
    }
}

impl DispositionCode {
    /// Whether it says that it was a real threat; nothing where it does not tell threat and harmless apart.
    pub const fn threat(self) -> Option<bool> {
        match self {
            Self::RealThreat => Some(true),
            Self::RealNoThreat | Self::FalseDetection | Self::Technical => Some(false),
            Self::Test | Self::Duplicate | Self::Undetermined => None,
        }
    }
}

/// What a person sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDisposition {
    /// What it was.
    pub code: DispositionCode,
    /// A site's own reason code, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Free text, at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Recommended actions that the person approves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_actions: Vec<ActionCode>,
    /// Milliseconds from the alarm's page being shown to this choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwell_ms: Option<u32>,
}

/// A person's word as it is kept. Later ones stand beside it; none is overwritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disposition {
    /// What was said.
    #[serde(flatten)]
    pub said: NewDisposition,
    /// Who said it: the user's name.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The verdict that was on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<Outcome>,
}
