//! What can be recorded: kinds of event, who acted, what is public and what is personal.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::{AlarmId, Role};

/// The closed list of things that are recorded.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum EventKind {
    /// The service started.
    #[strum(serialize = "system.start")]
    SystemStart,
    /// The service stopped in good order.
    #[strum(serialize = "system.stop")]
    SystemStop,
    /// An alarm was accepted.
    #[strum(serialize = "alarm.received")]
    AlarmReceived,
    /// An alarm came again with the same id and another content; the first one stands.
    #[strum(serialize = "alarm.repeated")]
    AlarmRepeated,
    /// A vision-language model wrote captions.
    #[strum(serialize = "vlm.caption")]
    VlmCaption,
    /// The language model answered.
    #[strum(serialize = "agent.step")]
    AgentStep,
    /// The agent called a tool.
    #[strum(serialize = "tool.call")]
    ToolCall,
    /// The classifier gave the second, independent read.
    #[strum(serialize = "classifier.read")]
    ClassifierRead,
    /// The policies ruled.
    #[strum(serialize = "policy.eval")]
    PolicyEval,
    /// A verdict was reached.
    #[strum(serialize = "alarm.verdict")]
    AlarmVerdict,
    /// Actions were recommended.
    #[strum(serialize = "action.recommended")]
    ActionRecommended,
    /// A report was written.
    #[strum(serialize = "report.generated")]
    ReportGenerated,
    /// A person closed an alarm.
    #[strum(serialize = "oversight.disposition")]
    OversightDisposition,
    /// The system closed an alarm as harmless without a person, as granted.
    #[strum(serialize = "alarm.closed_without_person")]
    AlarmClosedWithoutPerson,
    /// People are to judge an alarm before they know the verdict.
    #[strum(serialize = "oversight.review_drawn")]
    OversightReviewDrawn,
    /// A recorded real threat is shown again, to see whether people still look.
    #[strum(serialize = "oversight.control_seeded")]
    OversightControlSeeded,
    /// A person let the system close alarms of a kind without one.
    #[strum(serialize = "autonomy.granted")]
    AutonomyGranted,
    /// That ended.
    #[strum(serialize = "autonomy.ended")]
    AutonomyEnded,
    /// A site's alarms, or the verdicts on them, have changed.
    #[strum(serialize = "drift.raised")]
    DriftRaised,
    /// They are as they were.
    #[strum(serialize = "drift.ended")]
    DriftEnded,
    /// A site's quality figures, once a day and after each start.
    #[strum(serialize = "quality.measured")]
    QualityMeasured,
    /// What a site learned from its labels was put in force, or taken back.
    #[strum(serialize = "change.learned")]
    ChangeLearned,
    /// A version of the policies was proposed.
    #[strum(serialize = "policy.proposed")]
    PolicyProposed,
    /// It was parsed, validated, tried on its cases, and its invariants were looked at.
    #[strum(serialize = "policy.checked")]
    PolicyChecked,
    /// It was tried on recorded alarms.
    #[strum(serialize = "policy.backtested")]
    PolicyBacktested,
    /// A second person approved it.
    #[strum(serialize = "policy.approved")]
    PolicyApproved,
    /// It was taken back before it was in force.
    #[strum(serialize = "policy.withdrawn")]
    PolicyWithdrawn,
    /// Another model or adapter was loaded.
    #[strum(serialize = "change.model")]
    ChangeModel,
    /// Another prompt or answer schema was loaded.
    #[strum(serialize = "change.prompt")]
    ChangePrompt,
    /// Another policy set went live.
    #[strum(serialize = "change.policy")]
    ChangePolicy,
    /// Another configuration went live.
    #[strum(serialize = "change.config")]
    ChangeConfig,
    /// A user, a role or an API token was changed.
    #[strum(serialize = "change.user")]
    ChangeUser,
    /// Text in the scene tells the reader what to do.
    #[strum(serialize = "security.injection_suspected")]
    SecurityInjectionSuspected,
    /// Something about signing in went wrong.
    #[strum(serialize = "security.auth")]
    SecurityAuth,
    /// The log or a model file does not verify.
    #[strum(serialize = "security.integrity_fail")]
    SecurityIntegrityFail,
}

impl EventKind {
    /// The name in leaves, such as `alarm.received`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The point of Regulation (EU) 2024/1689, Art. 12(2), that the event serves: `a` situations of
    /// risk and substantial modifications, `b` post-market monitoring, `c` monitoring of operation.
    pub const fn art12_2(self) -> char {
        match self {
            Self::ChangeModel
            | Self::ChangePrompt
            | Self::ChangePolicy
            | Self::ChangeConfig
            | Self::ChangeUser
            | Self::ChangeLearned
            | Self::PolicyProposed
            | Self::PolicyChecked
            | Self::PolicyBacktested
            | Self::PolicyApproved
            | Self::PolicyWithdrawn
            | Self::AutonomyGranted
            | Self::AutonomyEnded
            | Self::DriftRaised
            | Self::SecurityInjectionSuspected
            | Self::SecurityAuth
            | Self::SecurityIntegrityFail => 'a',
            Self::AlarmVerdict
            | Self::AlarmClosedWithoutPerson
            | Self::OversightDisposition
            | Self::OversightReviewDrawn
            | Self::OversightControlSeeded
            | Self::QualityMeasured
            | Self::DriftEnded => 'b',
            _ => 'c',
        }
    }

    /// What sort of personal data the event's payload holds, when it holds any.
    pub const fn payload_class(self) -> &'static str {
        match self {
            Self::OversightDisposition
            | Self::AutonomyGranted
            | Self::AutonomyEnded
            | Self::ChangeLearned
            | Self::ChangePolicy
            | Self::PolicyProposed
            | Self::PolicyChecked
            | Self::PolicyBacktested
            | Self::PolicyApproved
            | Self::PolicyWithdrawn
            | Self::ChangeUser
            | Self::SecurityAuth => "staff",
            _ => "scene",
        }
    }
}

/// A share in thousandths. Leaves hold whole numbers alone: floating-point text differs between languages.
pub fn permille(share: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and shares are small")]
    let whole = (share * 1000.0).round() as i64;
    whole
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Sereno itself.
    System,
    /// A model.
    Model {
        /// Its name in the manifest.
        name: String,
    },
    /// Somebody of the staff, by a pseudonym whose meaning can be deleted.
    Person {
        /// Random; `store` keeps the mapping to a name.
        pseudonym: String,
        /// The role that was used.
        role: Role,
    },
}

impl Actor {
    /// The form that leaves hold.
    pub fn to_json(&self) -> Value {
        match self {
            Self::System => json!({"kind": "system"}),
            Self::Model { name } => json!({"kind": "model", "name": name}),
            Self::Person { pseudonym, role } => {
                json!({"kind": "person", "pseudonym": pseudonym, "role": role})
            }
        }
    }
}

/// One thing to record.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The alarm that it concerns.
    pub alarm: Option<AlarmId>,
    /// The site that it concerns.
    pub site: Option<String>,
    /// Who acted.
    pub actor: Actor,
    /// When it happened, which may be before it is recorded.
    pub occurred_at: Timestamp,
    /// Codes, hashes and numbers: they enter the leaf and can never be taken out again.
    pub public: Map<String, Value>,
    /// Captions, rationale, notes, names: by name, each at most once. The leaf holds salted
    /// commitments to them; the values lie in rows that can be deleted.
    pub personal: Vec<(String, Value)>,
}

impl Event {
    /// An event of the system itself, without particulars.
    pub fn new(kind: EventKind, occurred_at: Timestamp) -> Self {
        Self {
            kind,
            alarm: None,
            site: None,
            actor: Actor::System,
            occurred_at,
            public: Map::new(),
            personal: Vec::new(),
        }
    }

    /// Says which alarm and site it concerns.
    #[must_use]
    pub fn about(mut self, alarm: AlarmId, site: &str) -> Self {
        self.alarm = Some(alarm);
        self.site = Some(site.to_owned());
        self
    }

    /// Says who acted.
    #[must_use]
    pub fn by(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// Adds a code, a hash or a number.
    #[must_use]
    pub fn public(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.public.insert(name.to_owned(), value.into());
        self
    }

    /// Adds something personal, to be committed to and kept outside the leaf.
    #[must_use]
    pub fn personal(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.personal.push((name.to_owned(), value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_kind_has_a_dotted_name_that_reads_back_and_serves_a_point_of_article_12() {
        for kind in EventKind::VARIANTS {
            let name = kind.as_str();
            assert!(
                name.split_once('.')
                    .is_some_and(|(area, what)| !area.is_empty() && !what.is_empty()),
                "{name}"
            );
            assert_eq!(name.parse(), Ok(*kind));
            assert!(('a'..='c').contains(&kind.art12_2()));
        }
        assert_eq!(EventKind::ChangePolicy.art12_2(), 'a');
        assert_eq!(EventKind::OversightDisposition.art12_2(), 'b');
        assert_eq!(EventKind::AlarmReceived.art12_2(), 'c');
    }

    #[test]
    fn an_actor_is_named_by_pseudonym_and_role() {
        let actor = Actor::Person { pseudonym: "p-1".into(), role: Role::Operator };
        assert_eq!(
            actor.to_json(),
            json!({"kind": "person", "pseudonym": "p-1", "role": "operator"})
        );
        assert_eq!(Actor::System.to_json(), json!({"kind": "system"}));
    }
}
