//! What the system suggests: outcome, severity, level, and why.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{action::RecommendedAction, facts::codes};

codes! {
    /// The three outcomes, mildest first.
    Outcome {
        /// Harmless on positive evidence.
        Dismissed,
        /// A person must look: the evidence does not settle it, or something failed.
        Uncertain,
        /// Real on positive evidence.
        Verified,
    }
}

codes! {
    /// How bad it would be, mildest first.
    Severity {
        /// Nothing to fear.
        None,
        /// A nuisance.
        Low,
        /// Worth a look soon.
        Medium,
        /// Property or access is at stake.
        High,
        /// A life may be at stake.
        Critical,
    }
}

impl Severity {
    /// One step worse, up to critical.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::None => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

/// A level in the style of ANSI/TMA-AVS-01, 0 to 4: a function of the evidence, never of confidence.
/// 0 no call for service; 1 little or no information; 2 human presence; 3 an act against property
/// was seen; 4 a danger to life was seen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "u8", into = "u8")]
#[schema(value_type = u8, minimum = 0, maximum = 4)]
pub struct AvsLevel(u8);

impl AvsLevel {
    /// No call for service.
    pub const NO_CALL: Self = Self(0);
    /// A call with little or no information.
    pub const LIMITED: Self = Self(1);
    /// Somebody is there.
    pub const PRESENCE: Self = Self(2);
    /// A threat to property was seen.
    pub const PROPERTY: Self = Self(3);
    /// A threat to life was seen.
    pub const LIFE: Self = Self(4);
}

impl TryFrom<u8> for AvsLevel {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        if level <= 4 { Ok(Self(level)) } else { Err(format!("AVS level {level} is not 0 to 4")) }
    }
}

impl From<AvsLevel> for u8 {
    fn from(level: AvsLevel) -> Self {
        level.0
    }
}

codes! {
    /// Why the outcome is what it is.
    ReasonCode {
        /// A rule, and both reads, say that it is real.
        Verified,
        /// A rule, and both reads, say that it is harmless.
        Harmless,
        /// A rule settles it without a read: a declared test or maintenance window, or a hard rule.
        SettledByRule,
        /// A stage failed; the failures are listed.
        Failed,
        /// No captions came with the alarm.
        NoCaptions,
        /// The camera is not in the site's file.
        UnknownCamera,
        /// The captions do not suffice, or were cut to fit.
        InsufficientEvidence,
        /// Fire, smoke, a weapon, somebody down: a person must look.
        LifeSafety,
        /// Text in the scene tells the reader what to do about the alarm.
        InstructionInScene,
        /// The model and the classifier disagree.
        ReadsDisagree,
        /// No rule permits what the model proposes.
        NotPermitted,
        /// The model itself cannot tell.
        ModelUncertain,
        /// The source's clock cannot be right.
        ClockSuspect,
    }
}

/// Why, as a code that can be counted and a sentence that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// One sentence, in English; the console translates by code.
    pub text: String,
}

/// What the system suggests. A person's disposition never changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// Probability of a threat, 0 to 1.
    pub threat_probability: f64,
    /// Whether that probability was calibrated on labels.
    pub calibrated: bool,
    /// How bad it would be.
    pub severity: Severity,
    /// The AVS-01-style level.
    pub avs_level: AvsLevel,
    /// Ids of the rules that determined the outcome.
    pub rules: Vec<String>,
    /// What a person is recommended to do.
    pub actions: Vec<RecommendedAction>,
    /// Why.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_severities_are_ordered_from_mild_to_grave() {
        assert!(Outcome::Dismissed < Outcome::Uncertain && Outcome::Uncertain < Outcome::Verified);
        assert!(Severity::None < Severity::Critical);
        assert_eq!(Severity::Critical.raised(), Severity::Critical);
    }

    #[test]
    fn a_level_is_a_number_from_0_to_4() {
        assert_eq!(serde_json::to_string(&AvsLevel::LIFE).ok().as_deref(), Some("4"));
        assert!(serde_json::from_str::<AvsLevel>("5").is_err());
    }
}
