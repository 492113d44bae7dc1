//! A set of policies on its way from a draft to being in force, and what it would change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    action::ActionCode,
    decision::AlarmRef,
    disposition::DispositionCode,
    facts::codes,
    ruling::{Effect, Oversight},
    verdict::{Outcome, Severity},
};

/// One file of a policy folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Its path inside the folder, such as `packs/office/entrance.cedar`.
    pub name: String,
    /// Its text.
    pub text: String,
}

codes! {
    /// How far a version of the policies has come.
    PolicyState {
        /// Proposed; it has faults that must be mended first.
        Draft,
        /// Parsed, validated, its cases passed and its invariants proven.
        Checked,
        /// Tried on recorded alarms; a second person may approve it.
        Backtested,
        /// In force.
        Live,
        /// It was in force once.
        Retired,
        /// Taken back before it was in force.
        Withdrawn,
    }
}

/// A version of the policies. Its files never change; whoever changes them makes another version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyVersion {
    /// SHA-256 over the schema and all files, hex: its name in every record.
    pub digest: String,
    /// How far it has come.
    pub state: PolicyState,
    /// What it is for, in its author's words.
    pub note: String,
    /// Who proposed it; `sereno` where it came with the program or lay in the folder.
    pub proposed_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub proposed_at: Timestamp,
    /// How many rules it has.
    pub rules: u64,
    /// What is wrong with it, one finding each with file, line and what would be right.
    pub problems: Vec<String>,
    /// Cases that passed, and how many there are.
    pub cases: (u64, u64),
    /// Whether cvc5 proved the invariants too.
    pub confirmed: bool,
    /// What it would have changed, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Backtest>,
    /// Who tried it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_by: Option<String>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it went into force last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub live_since: Option<Timestamp>,
    /// Why it was withdrawn, or rolled back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl PolicyVersion {
    /// The name in place of a person's where nobody is known to have proposed a version.
    pub const NOBODY: &str = "sereno";

    /// Whether somebody else than `name` has had a hand in it, so that `name` is the second person: who
    /// proposed it, or, where nobody is known to have, who tried it.
    pub fn has_first_person_beside(&self, name: &str) -> bool {
        let first = if self.proposed_by == Self::NOBODY {
            self.tried_by.as_deref()
        } else {
            Some(self.proposed_by.as_str())
        };
        first.is_some_and(|first| first != name)
    }
}

/// A rule as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRule {
    /// Its `@id`.
    pub id: String,
    /// `shared`, `pack:NAME` or `site:ID`.
    pub place: String,
    /// The file.
    pub file: String,
    /// The line where it begins.
    pub line: usize,
    /// Permit or forbid.
    pub effect: Effect,
    /// The Cedar actions that it bears on.
    pub actions: Vec<String>,
    /// Its `@severity`.
    pub severity: Severity,
    /// Its `@oversight`, else an operator's.
    pub oversight: Oversight,
    /// Its `@because`.
    pub because: String,
    /// Its `@because_es`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because_es: Option<String>,
    /// Its `@cites`.
    pub cites: String,
    /// The whole rule, as the file has it.
    pub text: String,
}

/// A rule that does not hold at a site though its pack does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplacedRule {
    /// The rule's id.
    pub rule: String,
    /// The file and line that it stands in.
    pub at: String,
    /// The file and line of the site's own rule in its place; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in the words of whoever did it.
    pub because: String,
}

/// What holds at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SitePolicy {
    /// The site; absent for every site that is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Its packs, sorted.
    pub packs: Vec<String>,
    /// How many rules hold there.
    pub rules: u64,
    /// What was taken out or replaced there.
    pub replaced: Vec<ReplacedRule>,
}

/// A version whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDocument {
    /// How far it has come.
    pub version: PolicyVersion,
    /// Its files, sorted by name.
    pub files: Vec<PolicyFile>,
    /// Its rules, sorted by id; none where they cannot be read.
    pub rules: Vec<PolicyRule>,
    /// What holds where.
    pub sites: Vec<SitePolicy>,
    /// What is sound but odd: rules that never fire, conditions that change nothing, contradictions.
    pub remarks: Vec<String>,
}

/// How one alarm is ruled on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuledAlarm {
    /// The suggested verdict.
    pub outcome: Outcome,
    /// Its severity.
    pub severity: Severity,
    /// Whose confirmation it needs.
    pub oversight: Oversight,
    /// The recommended actions.
    pub actions: Vec<ActionCode>,
    /// The rules that the verdict rests on.
    pub rules: Vec<String>,
}

/// An alarm on which two versions differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestChange {
    /// Which alarm.
    pub alarm: AlarmRef,
    /// Under the version in force.
    pub before: RuledAlarm,
    /// Under the other.
    pub after: RuledAlarm,
    /// What people said of it, where they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<DispositionCode>,
}

/// How many alarms moved from one verdict to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictShift {
    /// From this.
    pub from: Outcome,
    /// To this.
    pub to: Outcome,
    /// How many.
    pub alarms: u64,
}

/// How often something would be so that was not, and the contrary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shift {
    /// A rule's id or an action's code.
    pub name: String,
    /// Alarms on which it is new.
    pub begins: u64,
    /// Alarms on which it is gone.
    pub ends: u64,
}

/// How much changes at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteShift {
    /// The site.
    pub site: String,
    /// Its alarms that were tried.
    pub alarms: u64,
    /// Of them, those on which anything changes.
    pub changed: u64,
}

/// What another version of the policies would have made of recorded alarms, without asking a model again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backtest {
    /// The version that was tried.
    pub digest: String,
    /// The version that it was compared with.
    pub against: String,
    /// When it was tried.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Alarms since.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Alarms that were tried.
    pub alarms: u64,
    /// Of them, those on which anything changes.
    pub changed: u64,
    /// Of them, those that no model had read and that would now have to be read: their verdict is open.
    pub to_be_read: u64,
    /// Recorded alarms that could not be tried, because their context was not recorded.
    pub skipped: u64,
    /// Verdicts that change.
    pub verdicts: Vec<VerdictShift>,
    /// Alarms of a higher severity than before.
    pub severity_up: u64,
    /// Alarms of a lower one.
    pub severity_down: u64,
    /// Alarms that need a stricter look than before.
    pub oversight_up: u64,
    /// Alarms that need a laxer one.
    pub oversight_down: u64,
    /// Recommended actions that are new or gone.
    pub actions: Vec<Shift>,
    /// Changes by site.
    pub sites: Vec<SiteShift>,
    /// Rules that fire where they did not, or no longer do.
    pub rules: Vec<Shift>,
    /// Alarms that would be dismissed though people found a real threat.
    pub dismissed_threats: Vec<AlarmRef>,
    /// The alarms that change, the gravest first; the first five hundred.
    pub changes: Vec<BacktestChange>,
}
