//! Runs the cases that stand beside the policy files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
    sync::Arc,
};

use serde::Serialize;

use crate::domain::{ActionCode, Outcome, PolicyFile, Ruling};

use super::{
    Draft, Place, PolicyError, PolicySet, Problem,
    case::{CaseFile, Expectation, WrittenCase},
    source,
};

/// How one case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The cases file.
    pub file: String,
    /// Its line where the case begins, counted from one.
    pub line: usize,
    /// The case's id.
    pub id: String,
    /// What differed from the expectation, one sentence each; empty when the case passed.
    pub differences: Vec<String>,
}

/// How all cases of a folder ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Every case, in the order of the files.
    pub results: Vec<CaseResult>,
    /// Ids of rules that no case fires, sorted.
    pub unfired: Vec<String>,
}

impl CaseReport {
    /// Whether there are cases and all of them passed.
    pub fn passed(&self) -> bool {
        !self.results.is_empty() && self.failures().next().is_none()
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &CaseResult> {
        self.results.iter().filter(|result| !result.differences.is_empty())
    }
}

impl Display for CaseReport {
    /// The failures with what differed, the rules that no case fires, and a line that counts.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in self.failures() {
            writeln!(formatter, "{}:{}: case `{}` failed", result.file, result.line, result.id)?;
            for difference in &result.differences {
                writeln!(formatter, "    {difference}")?;
            }
        }
        for id in &self.unfired {
            writeln!(formatter, "no case fires the rule `{id}`")?;
        }
        let (all, failed) = (self.results.len(), self.failures().count());
        write!(formatter, "{} of {all} cases passed", all - failed)
    }
}

/// Runs every case of the draft's `*.cases.toml` files: those beside shared rules against these alone, those
/// of a pack against these and the pack, those of a site against what holds there.
///
/// # Errors
/// [`PolicyError::Refused`] where a cases file cannot be read, has a field that no case has, expects a
/// rule that does not exist, or gives two cases one id.
pub fn run_cases(draft: &Draft) -> Result<CaseReport, PolicyError> {
    let suites = suites(draft)?;
    let mut fired = BTreeSet::new();
    let mut results = Vec::new();
    for suite in &suites {
        for placed in &suite.cases {
            let (ruling, mut differences) = judge(&suite.policy, &placed.case);
            compare(&ruling, &placed.case.expect, &mut differences);
            fired.extend(ruling.rules.into_iter().map(|rule| rule.id));
            results.push(CaseResult {
                file: placed.file.clone(),
                line: placed.line,
                id: placed.case.id.clone(),
                differences,
            });
        }
    }
    let unfired = draft.rules().map(|rule| &rule.id).filter(|id| !fired.contains(*id));
    Ok(CaseReport { unfired: unfired.cloned().collect(), results })
}

/// Cases that are run against the same rules.
pub(super) struct Suite {
    pub policy: Arc<PolicySet>,
    pub cases: Vec<PlacedCase>,
}

/// The draft's cases, by what they are run against.
pub(super) fn suites(draft: &Draft) -> Result<Vec<Suite>, PolicyError> {
    let mut problems = Vec::new();
    let mut suites: BTreeMap<Place, Suite> = BTreeMap::new();
    for source in draft.files().iter().filter(|source| source.name.ends_with(source::CASES)) {
        let place = Place::of(&source.name);
        match parse(source) {
            Ok(cases) => {
                if let Some(suite) = suites.get_mut(&place) {
                    suite.cases.extend(cases);
                } else {
                    let policy = draft.beside(&place)?;
                    suites.insert(place, Suite { policy, cases });
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(twins(suites.values().flat_map(|suite| &suite.cases)));
    for suite in suites.values() {
        problems.extend(suite.cases.iter().flat_map(|case| strangers(case, &suite.policy)));
    }
    if problems.is_empty() {
        Ok(suites.into_values().collect())
    } else {
        Err(PolicyError::refused(problems))
    }
}

/// A case and where it stands.
pub(super) struct PlacedCase {
    pub file: String,
    pub line: usize,
    pub case: WrittenCase,
}

fn parse(source: &PolicyFile) -> Result<Vec<PlacedCase>, Problem> {
    let line_of = |offset| source::line_of(&source.text, offset);
    let file: CaseFile = toml::from_str(&source.text).map_err(|error| {
        let line = error.span().map_or(0, |span| line_of(span.start));
        Problem::at(&source.name, line, error.message().to_owned())
            .suggest("a case has id, alarm, facts, context and expect")
    })?;
    let place = |case: toml::Spanned<WrittenCase>| PlacedCase {
        file: source.name.clone(),
        line: line_of(case.span().start),
        case: case.into_inner(),
    };
    Ok(file.cases.into_iter().map(place).collect())
}

fn twins<'a>(cases: impl Iterator<Item = &'a PlacedCase>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    cases
        .filter(|placed| !seen.insert(placed.case.id.as_str()))
        .map(|placed| {
            let message = format!("two cases have the id `{}`", placed.case.id);
            Problem::at(&placed.file, placed.line, message).suggest("rename one of them")
        })
        .collect()
}

/// Expected rules that do not exist.
fn strangers(placed: &PlacedCase, policy: &PolicySet) -> Vec<Problem> {
    let expect = &placed.case.expect;
    let known = |id: &str| {
        id.starts_with("guard_") || id == "policy_error" || policy.rules().any(|rule| rule.id == id)
    };
    expect
        .fires
        .iter()
        .chain(&expect.silent)
        .filter(|id| !known(id))
        .map(|id| {
            let message = format!("case `{}` names the rule `{id}`", placed.case.id);
            Problem::at(&placed.file, placed.line, message).suggest("no rule has that id")
        })
        .collect()
}

/// The ruling that the case is about: the early one where it must be settled, else the full one.
fn judge(policy: &PolicySet, case: &WrittenCase) -> (Ruling, Vec<String>) {
    let (alarm, facts) = (case.alarm.view(), case.facts.facts());
    let context = case.context.clone().into_context();
    let full = || policy.evaluate(&alarm, &facts, &context);
    let Some(expected) = case.expect.settled else { return (full(), Vec::new()) };
    let settled = policy.settle(&alarm, &facts, &context);
    let outcome =
        settled.as_ref().and_then(|ruling| ruling.settled.as_ref()).map(|one| one.outcome);
    let mut differences = Vec::new();
    differ("settles as", &outcome, &expected.outcome(), &mut differences);
    (settled.unwrap_or_else(full), differences)
}

/// Whether the case ends as it expects.
pub(super) fn passes(policy: &PolicySet, placed: &PlacedCase) -> bool {
    let (ruling, mut differences) = judge(policy, &placed.case);
    compare(&ruling, &placed.case.expect, &mut differences);
    differences.is_empty()
}

fn compare(ruling: &Ruling, expect: &Expectation, differences: &mut Vec<String>) {
    let fired: BTreeSet<&str> = ruling.rules.iter().map(|rule| rule.id.as_str()).collect();
    let missing = expect.fires.iter().filter(|id| !fired.contains(id.as_str()));
    differences.extend(missing.map(|id| format!("`{id}` does not fire, but should")));
    let unwanted = expect.silent.iter().filter(|id| fired.contains(id.as_str()));
    differences.extend(unwanted.map(|id| format!("`{id}` fires, but should not")));
    if let Some(permitted) = &expect.permitted {
        let with_uncertain = permitted.iter().copied().chain([Outcome::Uncertain]);
        differ(
            "permits",
            &set(ruling.permitted.iter().copied()),
            &set(with_uncertain),
            differences,
        );
    }
    if let Some(severity) = &expect.severity {
        differ("has the severity", &ruling.severity_floor, severity, differences);
    }
    if let Some(oversight) = &expect.oversight {
        differ("demands the oversight", &ruling.oversight, oversight, differences);
    }
    if let Some(closes) = &expect.closes_without_person {
        let may = ruling.may_close_without_person;
        differ("may close without a person:", &may, closes, differences);
    }
    if let Some(due) = &expect.due {
        let codes: BTreeSet<ActionCode> = ruling.due.iter().map(|action| action.code).collect();
        differ("makes due", &codes, &set(due.iter().copied()), differences);
    }
}

fn set<T: Ord>(items: impl Iterator<Item = T>) -> BTreeSet<T> {
    items.collect()
}

fn differ<T: PartialEq + Serialize>(what: &str, is: &T, should: &T, differences: &mut Vec<String>) {
    // Written as the cases file writes it.
    let written = |value: &T| serde_json::to_string(value).unwrap_or_default();
    if is != should {
        differences.push(format!("it {what} {}, but should be {}", written(is), written(should)));
    }
}
