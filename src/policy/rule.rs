//! A rule as people read it: its id, its place, its annotations, and what it bears on.

use std::str::FromStr;

use cedar_policy::{ActionConstraint, Policy};

use crate::domain::{
    Act, Approver, Effect, Hazard, Object, Outcome, Oversight, PolicyRule, Severity, Urgency,
};

use super::{action::PolicyAction, compose::Place, error::Problem, statements::Statement};

/// Annotations that every rule must carry.
const REQUIRED: [&str; 4] = ["id", "severity", "because", "cites"];
/// Annotations that Sereno reads.
const KNOWN: [&str; 11] = [
    "id",
    "severity",
    "because",
    "cites",
    "approval",
    "urgency",
    "oversight",
    "settles",
    "prohibits",
    "because_es",
    "overrides",
];

/// One rule of a policy set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its `@id`, unique in the set.
    pub id: String,
    /// The file that it stands in.
    pub file: String,
    /// Where it holds.
    pub place: Place,
    /// The file's line where it begins, counted from one.
    pub line: usize,
    /// Permit or forbid; a forbid beats every permit.
    pub effect: Effect,
    /// What it bears on; at least one.
    pub actions: Vec<PolicyAction>,
    /// How bad it would be, by its `@severity`.
    pub severity: Severity,
    /// Why, in one plain sentence: its `@because`.
    pub because: String,
    /// The same in Spanish: its `@because_es`, where it has one.
    pub because_es: Option<String>,
    /// Why it replaces the rule of a pack that bears the same id: its `@overrides`.
    pub overrides: Option<String>,
    /// The site rule, standard or law that it rests on: its `@cites`.
    pub cites: String,
    /// Whose confirmation it demands: its `@oversight`, else an operator's.
    pub oversight: Oversight,
    /// Who must approve what it makes due: its `@approval`, else an operator.
    pub approver: Approver,
    /// How soon that is due: its `@urgency`, else routine.
    pub urgency: Urgency,
    /// What it decides before any model reads the alarm: its `@settles`.
    pub settles: Option<Outcome>,
    /// Acts, things and hazards that are forbidden here though they are no danger anywhere: its
    /// `@prohibits`. The two reads, which look for danger, cannot know them.
    pub prohibits: Vec<String>,
    /// The whole rule, as the file has it.
    pub text: String,
}

impl Rule {
    /// The rule as the API tells it.
    pub(super) fn told(&self) -> PolicyRule {
        PolicyRule {
            id: self.id.clone(),
            place: self.place.to_string(),
            file: self.file.clone(),
            line: self.line,
            effect: self.effect,
            actions: self.actions.iter().map(|action| action.name().to_owned()).collect(),
            severity: self.severity,
            oversight: self.oversight,
            because: self.because.clone(),
            because_es: self.because_es.clone(),
            cites: self.cites.clone(),
            text: self.text.clone(),
        }
    }

    /// Its file and line.
    pub fn at(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Whether it permits `action`.
    pub fn permits(&self, action: PolicyAction) -> bool {
        self.effect == Effect::Permit && self.actions.contains(&action)
    }

    /// Reads a parsed rule's annotations and scope, or says everything that is wrong with them.
    pub(super) fn read(
        policy: &Policy,
        file: &str,
        statement: Statement<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { policy, file, line: statement.line, problems: Vec::new() };
        reader.check_names();
        let rule = Self {
            id: reader.words("id"),
            file: file.to_owned(),
            place: Place::of(file),
            line: statement.line,
            effect: match policy.effect() {
                cedar_policy::Effect::Permit => Effect::Permit,
                cedar_policy::Effect::Forbid => Effect::Forbid,
            },
            actions: reader.actions(),
            severity: reader.code("severity").unwrap_or(Severity::None),
            because: reader.words("because"),
            because_es: reader.maybe("because_es"),
            overrides: reader.maybe("overrides"),
            cites: reader.words("cites"),
            oversight: reader.code("oversight").unwrap_or(Oversight::Operator),
            approver: reader.code("approval").unwrap_or(Approver::Operator),
            urgency: reader.code("urgency").unwrap_or(Urgency::Routine),
            settles: reader.code("settles"),
            prohibits: reader.prohibits(),
            text: statement.text.to_owned(),
        };
        reader.check_id(&rule.id);
        reader.check_due(&rule);
        reader.check_prohibition(&rule);
        reader.check_override(&rule);
        reader.check_settlement(&rule);
        if reader.problems.is_empty() { Ok(rule) } else { Err(reader.problems) }
    }
}

/// Reads one rule and gathers what is wrong with it.
struct Reader<'a> {
    policy: &'a Policy,
    file: &'a str,
    line: usize,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, message: String, suggestion: String) {
        self.problems.push(Problem::at(self.file, self.line, message).suggest(suggestion));
    }

    /// Missing annotations, and names that are a slip of the pen away from one that is read.
    fn check_names(&mut self) {
        for name in REQUIRED {
            if self.policy.annotation(name).is_none_or(|value| value.trim().is_empty()) {
                self.refuse(
                    format!("this rule has no @{name}"),
                    format!("write @{name}(\"…\") above it; all rules carry {}", at(&REQUIRED)),
                );
            }
        }
        for (name, _) in self.policy.annotations() {
            let meant = KNOWN.iter().find(|known| distance(known, name) <= 2);
            if let Some(known) = meant.filter(|_| !KNOWN.contains(&name)) {
                self.refuse(format!("@{name} is not known"), format!("did you mean @{known}?"));
            }
        }
    }

    fn words(&self, name: &str) -> String {
        self.policy.annotation(name).unwrap_or_default().trim().to_owned()
    }

    /// The words of an annotation that may be left out.
    fn maybe(&self, name: &str) -> Option<String> {
        self.policy.annotation(name).map(|words| words.trim().to_owned())
    }

    /// A closed list's member; nothing where the annotation is missing or wrong.
    fn code<T: FromStr + strum::VariantArray + Into<&'static str> + Copy>(
        &mut self,
        name: &str,
    ) -> Option<T> {
        let value = self.policy.annotation(name)?.to_owned();
        let code = value.parse().ok();
        if code.is_none() && !(value.is_empty() && REQUIRED.contains(&name)) {
            let names: Vec<&str> = T::VARIANTS.iter().map(|one| (*one).into()).collect();
            self.refuse(
                format!("@{name}(\"{value}\") is not a code"),
                format!("write one of {}", names.join(", ")),
            );
        }
        code
    }

    /// The codes of `@prohibits`, parted by spaces.
    fn prohibits(&mut self) -> Vec<String> {
        let codes: Vec<String> =
            self.words("prohibits").split_whitespace().map(ToOwned::to_owned).collect();
        for code in &codes {
            let known = Act::from_str(code).is_ok()
                || Object::from_str(code).is_ok()
                || Hazard::from_str(code).is_ok();
            if !known {
                self.refuse(
                    format!("@prohibits names `{code}`"),
                    "write codes of acts, objects or hazards, such as \"bicycle runs\"".to_owned(),
                );
            }
        }
        codes
    }

    fn check_prohibition(&mut self, rule: &Rule) {
        if !rule.prohibits.is_empty() && !rule.permits(PolicyAction::Verify) {
            self.refuse(
                "@prohibits stands at a rule that verifies nothing".to_owned(),
                "put it at a permit of verify; a forbid of dismiss needs none".to_owned(),
            );
        }
    }

    fn check_override(&mut self, rule: &Rule) {
        let Some(because) = &rule.overrides else { return };
        if because.is_empty() {
            self.refuse("@overrides says no reason".to_owned(), "say why in a sentence".to_owned());
        }
        if !matches!(rule.place, Place::Site(_)) {
            self.refuse(
                "@overrides stands at a rule that is not a site's own".to_owned(),
                "only rules in sites/ID may replace another".to_owned(),
            );
        }
    }

    /// `@settles` must say what the rule's own effect says.
    fn check_settlement(&mut self, rule: &Rule) {
        let Some(settles) = rule.settles else { return };
        let fits = match (rule.effect, rule.actions.as_slice()) {
            (Effect::Permit, [PolicyAction::Verify]) => settles == Outcome::Verified,
            (Effect::Permit, [PolicyAction::Dismiss]) => settles == Outcome::Dismissed,
            (Effect::Forbid, [PolicyAction::Dismiss]) => settles == Outcome::Uncertain,
            _ => false,
        };
        if !fits {
            self.refuse(
                format!("@settles(\"{settles}\") does not fit what the rule does"),
                "a permit of verify settles verified, a permit of dismiss settles dismissed, a \
                 forbid of dismiss settles uncertain, each with that one action"
                    .to_owned(),
            );
        }
    }

    fn actions(&mut self) -> Vec<PolicyAction> {
        let named = match self.policy.action_constraint() {
            ActionConstraint::Any => Vec::new(),
            ActionConstraint::Eq(uid) => vec![uid],
            ActionConstraint::In(uids) => uids,
        };
        if named.is_empty() {
            self.refuse(
                "this rule does not say which action it is about".to_owned(),
                "write `action == Sereno::Action::\"verify\"`, or `action in […]` for several"
                    .to_owned(),
            );
        }
        // Names that do not exist are left to the schema's validation, which suggests the right one.
        let mut actions: Vec<PolicyAction> =
            named.iter().filter_map(|uid| PolicyAction::named(uid.id().unescaped())).collect();
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    fn check_id(&mut self, id: &str) {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !id.is_empty() && !id.bytes().all(plain) {
            self.refuse(
                format!("@id(\"{id}\") is not a plain id"),
                "use small letters, digits and _ only".to_owned(),
            );
        }
        if id.starts_with("guard_") || id == "policy_error" {
            self.refuse(
                format!("@id(\"{id}\") is one of Sereno's own"),
                "choose an id that does not begin with guard_ and is not policy_error".to_owned(),
            );
        }
    }

    fn check_due(&mut self, rule: &Rule) {
        let due = rule.actions.iter().any(|action| matches!(action, PolicyAction::Due(_)));
        for name in ["approval", "urgency"] {
            if due && rule.effect == Effect::Permit && self.policy.annotation(name).is_none() {
                self.refuse(
                    format!("this rule makes an action due but has no @{name}"),
                    format!("write @{name}(\"…\") above it"),
                );
            }
        }
    }
}

fn at(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("@{name}")).collect();
    names.join(" ")
}

/// Levenshtein's distance: how many letters must change to turn one name into the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.bytes().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(a != b)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Rule, Vec<Problem>> {
        Rule::read(&Policy::parse(None, text).unwrap(), "x.cedar", Statement { text, line: 3 })
    }

    const SCOPE: &str = "permit (principal, action == Sereno::Action::\"send_guard\", resource);";

    #[test]
    fn annotations_become_fields() {
        let head = r#"@id("a") @severity("high") @because("B.") @cites("C")
            @approval("supervisor") @urgency("soon") @oversight("two_persons")"#;
        let rule = read(&format!("{head} {SCOPE}")).unwrap();
        assert_eq!((rule.id.as_str(), rule.line, rule.severity), ("a", 3, Severity::High));
        assert_eq!((rule.approver, rule.urgency), (Approver::Supervisor, Urgency::Soon));
        assert_eq!(rule.oversight, Oversight::TwoPersons);
        assert!(rule.permits(PolicyAction::named("send_guard").unwrap()));
    }

    #[test]
    fn a_settlement_says_what_its_rule_does() {
        let refused = |settles: &str, effect: &str, action: &str| {
            let text = format!(
                r#"@id("x") @severity("low") @because("B.") @cites("C") @settles("{settles}")
                {effect} (principal, action == Sereno::Action::"{action}", resource);"#
            );
            read(&text).is_err()
        };
        assert!(!refused("verified", "permit", "verify"));
        assert!(!refused("dismissed", "permit", "dismiss"));
        assert!(!refused("uncertain", "forbid", "dismiss"));
        assert!(refused("dismissed", "permit", "verify"));
        assert!(refused("verified", "forbid", "dismiss"));
    }

    #[test]
    fn everything_missing_is_said_at_once() {
        let problems = read(&format!("@becuase(\"x\") {SCOPE}")).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 7, "{said:#?}");
        assert!(
            said.iter().any(|one| one.contains("@becuase is not known (did you mean @because?)"))
        );
        assert!(said.iter().any(|one| one.contains("no @urgency")));
    }

    #[test]
    fn wrong_codes_reserved_ids_and_open_scopes_are_refused() {
        let text = r#"@id("guard_x") @severity("hihg") @because("B.") @cites("C")
            permit (principal, action, resource);"#;
        let said = read(text).unwrap_err().iter().map(ToString::to_string).collect::<String>();
        assert!(said.contains("write one of none, low, medium, high, critical"), "{said}");
        assert!(said.contains("Sereno's own") && said.contains("which action"), "{said}");
    }
}
