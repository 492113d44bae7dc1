//! What this build makes of a set of files: whether they are policy files, what is wrong with them, and
//! their rules as people read them.

use serde_json::Value;

use crate::{
    domain::{PolicyDocument, PolicyFile, PolicyVersion},
    policy::{CaseReport, Draft, Policies, PolicyError, PolicyFiles, run_cases},
    store::PolicyCheck,
};

/// A set of files as this build sees it.
#[derive(Debug)]
pub(super) struct Checked {
    /// What was found.
    pub check: PolicyCheck,
    /// The files, sorted by name.
    pub files: Vec<PolicyFile>,
    /// The rules, where their invariants are proven; cases may have failed all the same.
    pub proven: Option<Policies>,
}

impl Checked {
    /// Files that are kept and that this build does not take as policy files any more.
    pub(super) fn unread(digest: &str, problems: Vec<String>) -> Self {
        let check = PolicyCheck { digest: digest.to_owned(), problems, ..PolicyCheck::default() };
        Self { check, files: Vec::new(), proven: None }
    }
}

/// Checks files that somebody sent or that the store keeps: parse, schema, cases, invariants.
///
/// # Errors
/// What of them is no policy file, one finding each. Everything else that is wrong stands in the check.
pub(super) fn check(files: Vec<PolicyFile>) -> Result<Checked, Vec<String>> {
    let files = PolicyFiles::sent(files).map_err(|error| findings(&error))?;
    Ok(match Draft::new(files.clone()) {
        Ok(draft) => examine(draft),
        Err(error) => {
            let digest = files.digest().to_owned();
            let check =
                PolicyCheck { digest, problems: findings(&error), ..PolicyCheck::default() };
            Checked { check, files: files.to_vec(), proven: None }
        }
    })
}

/// Runs the cases and proves the invariants.
pub(super) fn examine(draft: Draft) -> Checked {
    let mut check = PolicyCheck {
        digest: draft.digest().to_owned(),
        rules: draft.rules().count() as u64,
        ..PolicyCheck::default()
    };
    try_cases(run_cases(&draft), &mut check);
    let files = draft.files().to_vec();
    let proven = match draft.prove() {
        Ok(policies) => {
            check.confirmed = policies.confirmed();
            Some(policies)
        }
        Err(error) => {
            check.problems.extend(findings(&error));
            None
        }
    };
    Checked { check, files, proven }
}

/// What is known of rules that are proven already: their cases are run, nothing else.
pub(super) fn check_proven(policies: &Policies) -> PolicyCheck {
    let mut check = PolicyCheck {
        digest: policies.digest().to_owned(),
        rules: policies.rules().count() as u64,
        confirmed: policies.confirmed(),
        ..PolicyCheck::default()
    };
    try_cases(run_cases(policies), &mut check);
    check
}

/// A failed case is a finding like any other.
fn try_cases(report: Result<CaseReport, PolicyError>, check: &mut PolicyCheck) {
    let report = match report {
        Ok(report) => report,
        Err(error) => return check.problems.extend(findings(&error)),
    };
    let (all, failed) = (report.results.len() as u64, report.failures().count() as u64);
    check.cases = (all - failed, all);
    check.problems.extend(report.failures().map(|result| {
        let differences = result.differences.join("; ");
        format!("{}:{}: case `{}` failed: {differences}", result.file, result.line, result.id)
    }));
}

/// A version whole.
pub(super) fn describe(version: PolicyVersion, files: Vec<PolicyFile>) -> PolicyDocument {
    let (rules, sites, remarks) = match Draft::sent(files.clone()) {
        Ok(draft) => (
            draft.policy_rules(),
            draft.site_policies(),
            draft.remarks().iter().map(ToString::to_string).collect(),
        ),
        // What is wrong with them stands in the version.
        Err(_) => (Vec::new(), Vec::new(), Vec::new()),
    };
    PolicyDocument { version, files, rules, sites, remarks }
}

/// The rules in Cedar's own JSON form.
///
/// # Errors
/// What is wrong with the files.
pub(super) fn cedar_json(files: Vec<PolicyFile>) -> Result<Value, Vec<String>> {
    Draft::sent(files).map(|draft| draft.cedar_json()).map_err(|error| findings(&error))
}

/// Everything that is wrong, one finding each.
pub(super) fn findings(error: &PolicyError) -> Vec<String> {
    match error.problems() {
        [] => vec![error.to_string()],
        problems => problems.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "@id(\"seen\")\n@severity(\"high\")\n@because(\"A danger is seen.\")\n\
        @cites(\"T-1\")\npermit (principal, action == Sereno::Action::\"verify\", resource)\n\
        when { resource.danger == Presence::\"present\" };\n";

    fn file(name: &str, text: &str) -> PolicyFile {
        PolicyFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn what_is_no_policy_file_is_not_taken_at_all() {
        assert!(check(vec![file("a.txt", "")]).is_err());
        assert!(check(Vec::new()).is_err());
    }

    #[test]
    fn files_have_one_digest_whether_they_can_be_read_or_not() {
        let files = vec![file("a.cedar", RULE), file("b.cases.toml", "")];
        let draft = Draft::sent(files.clone()).unwrap();
        assert_eq!(draft.digest(), check(files).unwrap().check.digest);
        let faulty = vec![file("a.cedar", &RULE.replace("permit", "permut"))];
        let named = PolicyFiles::sent(faulty.clone()).unwrap();
        let faulty = check(faulty).unwrap();
        assert_eq!(faulty.check.digest, named.digest());
        assert!(faulty.check.problems[0].starts_with("a.cedar:5: "), "{:?}", faulty.check);
    }

    #[test]
    fn a_failed_case_and_a_broken_invariant_are_findings() {
        let case = "[[case]]\nid = \"quiet\"\n[case.expect]\nfires = [\"seen\"]\n";
        let dismissing = RULE.replace("verify", "dismiss");
        let checked = check(vec![file("a.cedar", RULE), file("a.cases.toml", case)]).unwrap();
        assert_eq!((checked.check.rules, checked.check.cases), (1, (0, 1)));
        let [told] = checked.check.problems.as_slice() else { panic!("{:?}", checked.check) };
        assert!(told.starts_with("a.cases.toml:1: case `quiet` failed: `seen`"), "{told}");
        assert!(checked.proven.is_some(), "its invariants hold");
        let unsafe_rule = check(vec![file("a.cedar", &dismissing)]).unwrap();
        assert!(unsafe_rule.proven.is_none());
        assert!(unsafe_rule.check.problems.len() > 1, "{:?}", unsafe_rule.check.problems);
    }
}
