//! What people let the system close without them: per site, kind of alarm and verdict, with an end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{facts::codes, verdict::Outcome};

codes! {
    /// Why a grant ended.
    GrantEndCode {
        /// A person took it back.
        Person,
        /// Its time was over.
        Expired,
        /// A person found a real threat among what it covers.
        FalseDismissal,
        /// The site's alarms, or the verdicts on them, have changed.
        Drift,
        /// The models, or what the site has learned, are others now; the bound was that of the old ones.
        ModelsChanged,
    }
}

/// What a person asks to grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// The site.
    pub site: String,
    /// The kind of alarm, such as `line_crossing`.
    pub kind: String,
    /// The verdict; only `dismissed` can be granted.
    pub verdict: Outcome,
    /// When it ends by itself, at most 90 days from now.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// `digest` of the site's quality figures that were on the screen.
    pub figures: String,
}

/// How a grant ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantEnd {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who ended it; nobody where the system did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, to be counted.
    pub code: GrantEndCode,
    /// Why, to be read.
    pub because: String,
}

/// A grant. It is never changed; it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The site.
    pub site: String,
    /// The kind of alarm.
    pub kind: String,
    /// The verdict.
    pub verdict: Outcome,
    /// Only alarms with a calibrated probability below this are closed.
    pub below: f64,
    /// SHA-256 of what the site had learned when it was granted, hex; `below` is on that scale.
    pub learned: String,
    /// `digest` of the quality figures that were on the screen.
    pub figures: String,
    /// Who granted it.
    pub granted_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub granted_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// How it ended; absent while it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<GrantEnd>,
}

impl Grant {
    /// The longest time that a grant may be given for.
    pub const LONGEST_DAYS: i64 = 90;

    /// Whether it is in force at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

codes! {
    /// Why people are not told the verdict on an alarm before they have judged it themselves.
    ReviewReason {
        /// Drawn at random among what the system would dismiss.
        Dismissal,
        /// Drawn at random among what it is uncertain about, so that a hidden verdict tells nothing.
        Decoy,
        /// A recorded real threat, shown again: do people still look?
        Control,
    }
}

/// What a person is told of a blind review once they have judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Why the verdict was hidden.
    pub reason: ReviewReason,
    /// When the alarm was drawn.
    #[schema(value_type = String, format = DateTime)]
    pub drawn_at: Timestamp,
    /// When a person judged it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}
