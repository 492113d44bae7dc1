//! What this build makes of a set of files: whether they are policy files, what is wrong with them, and
//! their rules as people read them.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    domain::{PolicyDocument, PolicyFile, PolicyVersion},
    policy::{CaseReport, Draft, Policies, PolicyError, cedar_schema, run_cases},
    store::PolicyCheck,
};

/// Bytes that one file may have.
const LARGEST_FILE: usize = 1024 * 1024;
/// How files of rules and of cases end.
const SUFFIXES: [&str; 2] = [".cedar", ".cases.toml"];
/// Files that a version may have.
const MOST_FILES: usize = 512;

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
pub(super) fn check(mut files: Vec<PolicyFile>) -> Result<Checked, Vec<String>> {
    let strangers = strangers(&files);
    if !strangers.is_empty() {
        return Err(strangers);
    }
    files.sort_unstable();
    Ok(match Draft::sent(files.clone()) {
        Ok(draft) => examine(draft),
        Err(error) => {
            let digest = digest(&cedar_schema(), &files);
            let check =
                PolicyCheck { digest, problems: findings(&error), ..PolicyCheck::default() };
            Checked { check, files, proven: None }
        }
    })
}

/// Checks the folder's files.
///
/// # Errors
/// Why they cannot be read, or what is wrong with their text.
pub(super) fn check_folder(dir: &Path) -> Result<Checked, Vec<String>> {
    Draft::read(dir).map(examine).map_err(|error| findings(&error))
}

/// Checks what this build ships.
///
/// # Errors
/// None but for a faulty build.
pub(super) fn check_shipped() -> Result<Checked, Vec<String>> {
    Draft::shipped().map(examine).map_err(|error| findings(&error))
}

/// Runs the cases and proves the invariants.
fn examine(draft: Draft) -> Checked {
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
fn findings(error: &PolicyError) -> Vec<String> {
    match error.problems() {
        [] => vec![error.to_string()],
        problems => problems.iter().map(ToString::to_string).collect(),
    }
}

/// Names and sizes that no policy file has. The same as `policy` refuses, but apart from what is wrong
/// with a file's text; a test holds the two together.
fn strangers(files: &[PolicyFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let name = file.name.escape_debug();
        if !is_policy_file(&file.name) {
            found.push(format!(
                "{name}: a file is NAME.cedar, NAME.cases.toml or sites.toml, or lies in packs/PACK or sites/SITE"
            ));
        } else if file.text.len() > LARGEST_FILE {
            found.push(format!(
                "{name}: {} bytes, but {LARGEST_FILE} is the limit",
                file.text.len()
            ));
        }
    }
    let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    let twins = names.windows(2).filter(|pair| pair[0] == pair[1]);
    found.extend(twins.map(|pair| format!("{}: is there twice", pair[0].escape_debug())));
    if files.is_empty() || files.len() > MOST_FILES {
        found.push(format!("there are {} files; 1 to {MOST_FILES} make a version", files.len()));
    }
    found
}

fn is_policy_file(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let placed = match parts.as_slice() {
        [_] => true,
        [nested, _, _] => ["packs", "sites"].contains(nested),
        _ => false,
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let plain =
        |part: &&str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(letters);
    let counts = name == "sites.toml" || SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    placed && counts && parts.iter().all(plain)
}

/// The digest of files that cannot be read, which [`Draft`] gives for those that can; a test holds the
/// two together. `files` must be sorted.
fn digest(schema: &str, files: &[PolicyFile]) -> String {
    let mut hash = Sha256::new();
    let texts = files.iter().flat_map(|file| [&file.name, &file.text]);
    for text in [schema].into_iter().chain(texts.map(String::as_str)) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hex::encode(hash.finalize())
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
    fn what_is_no_policy_file_is_what_policy_refuses() {
        for name in [
            "a.cedar",
            "a.cases.toml",
            "sites.toml",
            "packs/p/a.cedar",
            "sites/s/a-b_c.cedar",
            "",
            "a.txt",
            "/a.cedar",
            "../a.cedar",
            "packs/a.cedar",
            "packs/p/q/a.cedar",
            "other/p/a.cedar",
            ".a.cedar",
            "packs/.p/a.cedar",
            "a b.cedar",
            "packs/p/sites.toml",
            "a\0.cedar",
            "é.cedar",
        ] {
            let files = vec![file(name, ""), file("rule.cedar", RULE)];
            let taken = Draft::sent(files.clone()).is_ok();
            assert_eq!(strangers(&files).is_empty(), taken, "{name:?}");
        }
        assert!(check(vec![file("a.cedar", RULE), file("a.cedar", RULE)]).is_err());
        assert!(check(vec![file("a.cedar", &" ".repeat(LARGEST_FILE + 1))]).is_err());
        assert!(check(Vec::new()).is_err());
    }

    #[test]
    fn files_have_one_digest_whether_they_can_be_read_or_not() {
        let files = vec![file("a.cedar", RULE), file("b.cases.toml", "")];
        let draft = Draft::sent(files.clone()).unwrap();
        assert_eq!(draft.digest(), digest(&cedar_schema(), &files));
        let faulty = check(vec![file("a.cedar", &RULE.replace("permit", "permut"))]).unwrap();
        assert_eq!(faulty.check.digest.len(), 64);
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
