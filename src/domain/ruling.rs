//! What the policies permit and demand for these facts in this context.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    action::RecommendedAction,
    context::WindowKind,
    facts::codes,
    ids::CaptionId,
    verdict::{Outcome, Severity},
};

codes! {
    /// What a rule does.
    Effect {
        /// Allows.
        Permit,
        /// Forbids; beats every permit.
        Forbid,
    }
}

codes! {
    /// Whose confirmation the verdict needs, in rising order.
    Oversight {
        /// An operator's.
        Operator,
        /// A supervisor's.
        Supervisor,
        /// Two persons'.
        TwoPersons,
    }
}

/// A rule that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FiredRule {
    /// Its `@id`.
    pub id: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// The Cedar action that it bears on: `verify`, `dismiss`, or an action code.
    pub action: String,
    /// Its `@severity`.
    pub severity: Severity,
    /// Its `@because`.
    pub because: String,
    /// Its `@cites`: the site rule, standard or law that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cites: Option<String>,
    /// Its `@because_es`: the same sentence in Spanish, where the rule has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because_es: Option<String>,
}

impl FiredRule {
    /// Why, in Spanish where that is asked for and the rule says it.
    pub fn because_in(&self, spanish: bool) -> &str {
        self.because_es.as_deref().filter(|_| spanish).unwrap_or(&self.because)
    }
}

/// Something that a rule asks of an alarm. Facts are named by their paths in the policies' schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Condition {
    /// The fact has one of these codes.
    OneOf {
        /// Such as `resource.cause`.
        fact: String,
        /// Such as `animal`.
        codes: Vec<String>,
    },
    /// A code is in the list `present`; where not `plainly`, in `possible`.
    Seen {
        /// `resource.acts`, `resource.objects` or `resource.hazards`.
        fact: String,
        /// Such as `climbs`.
        code: String,
        /// Whether a doubtful reading does not suffice.
        plainly: bool,
    },
    /// A window of this kind is open.
    WindowOpen {
        /// The kind.
        kind: WindowKind,
    },
    /// A plain fact holds.
    Yes {
        /// Such as `context.armed`.
        fact: String,
    },
    /// A text is this one; `*` stands for any run of letters.
    Text {
        /// Such as `resource.kind`.
        fact: String,
        /// The text.
        text: String,
    },
    /// A number is less than this.
    Below {
        /// Such as `context.recent.lastHour`.
        fact: String,
        /// The bound.
        number: i64,
    },
    /// The contrary.
    Not {
        /// Of this.
        #[schema(no_recursion)]
        of: Box<Condition>,
    },
    /// Everything of this.
    All {
        /// The parts.
        #[schema(no_recursion)]
        of: Vec<Condition>,
    },
    /// One of these at least.
    Any {
        /// The parts.
        #[schema(no_recursion)]
        of: Vec<Condition>,
    },
}

/// A rule that did not fire because of a single one of its conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NearMiss {
    /// The rule's `@id`.
    pub id: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// The Cedar actions that it bears on.
    pub actions: Vec<String>,
    /// The condition that failed, in Cedar's words.
    pub condition: String,
    /// What would have to be so for the rule to fire: the least part of that condition.
    pub lacks: Condition,
}

/// A rule that decides before any model has read the alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settlement {
    /// What it decides.
    pub outcome: Outcome,
    /// The rule's id.
    pub rule: String,
}

/// What the policies permit and demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ruling {
    /// SHA-256 of the policy set, hex.
    pub policy_digest: String,
    /// Outcomes that may be chosen. `uncertain` is always among them.
    pub permitted: Vec<Outcome>,
    /// The verdict's severity is at least this.
    pub severity_floor: Severity,
    /// Whose confirmation the verdict needs.
    pub oversight: Oversight,
    /// Whether a dismissal may be closed without a person, where people granted that.
    #[serde(default)]
    pub may_close_without_person: bool,
    /// The rules that determined this, sorted by id and action.
    pub rules: Vec<FiredRule>,
    /// The rules that a single condition kept from firing while two or more held, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<NearMiss>,
    /// Captions that plainly show what a rule prohibits here, though it is no danger anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prohibited: Vec<CaptionId>,
    /// Actions that the policies make due, most urgent first.
    pub due: Vec<RecommendedAction>,
    /// Set where a rule settles the alarm without a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settlement>,
}

impl Ruling {
    /// Whether `outcome` may be chosen.
    pub fn permits(&self, outcome: Outcome) -> bool {
        outcome == Outcome::Uncertain || self.permitted.contains(&outcome)
    }

    /// Ids of the permits and forbids that bear on a Cedar action, such as `dismiss`.
    pub fn rule_ids(&self, action: &str) -> Vec<String> {
        self.rules.iter().filter(|rule| rule.action == action).map(|rule| rule.id.clone()).collect()
    }
}
