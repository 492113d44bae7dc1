//! Documents do not rot: every path that one names exists, and every command it shows is known.

use std::{fs, path::Path, process::Command};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/inference.md",
    "docs/evaluation.md",
    "docs/benchmarks.md",
    "docs/oversight.md",
    "docs/policies.md",
    "policies/README.md",
    "models/README.md",
];

/// Text between single backticks that looks like a path of this repository.
fn named_paths(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut paths = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        paths.extend(
            line.split('`').skip(1).step_by(2).filter(|code| is_path(code)).map(str::to_owned),
        );
        paths.extend(linked(line));
    }
    paths
}

fn is_path(code: &str) -> bool {
    const TOP: &[&str] = &[
        "src/",
        "tests/",
        "policies/",
        "prompts/",
        "models/",
        "migrations/",
        "benches/",
        "web/",
        "docs/",
        "config/",
    ];
    TOP.iter().any(|top| code.starts_with(top))
        && !code.contains(['*', '<', '{', ' ', '…'])
        && !code.contains("web/dist")
}

/// Targets of Markdown links that are not addresses.
fn linked(line: &str) -> impl Iterator<Item = String> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .map(|target| target.split('#').next().unwrap_or(target).to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

#[test]
fn every_path_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document))
            .unwrap_or_else(|error| panic!("{document}: {error}"));
        for path in named_paths(&text) {
            let beside =
                root.join(document).parent().is_some_and(|folder| folder.join(&path).exists());
            if !beside && !root.join(&path).exists() {
                missing.push(format!("{document} names {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_command_that_a_document_shows_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).expect("the document is there");
        for line in text.lines().map(str::trim) {
            let Some(rest) = line.strip_prefix("sereno ") else { continue };
            let words: Vec<&str> = rest
                .split_whitespace()
                .take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase()))
                .take(2)
                .collect();
            let known = (1..=words.len()).rev().any(|count| {
                Command::new(env!("CARGO_BIN_EXE_sereno"))
                    .args(&words[..count])
                    .arg("--help")
                    .output()
                    .is_ok_and(|output| output.status.success())
            });
            assert!(known, "{document} shows `{line}`, which sereno does not know");
        }
    }
}

/// Text inside fences that open with exactly this line.
fn fenced<'a>(text: &'a str, opening: &str) -> Vec<&'a str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(opening) {
        let block = &rest[at + opening.len()..];
        let end = block.find("\n```").expect("a fence ends");
        blocks.push(&block[..=end]);
        rest = &block[end..];
    }
    blocks
}

#[test]
fn the_worked_rules_of_the_manual_are_sound_beside_the_shipped_ones() {
    use sereno::{domain::PolicyFile, policy::Draft};

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(root.join("docs/policies.md")).expect("the manual is there");
    let worked = fenced(&manual, "```cedar\n").concat();
    let overriding = fenced(&manual, "```cedar override\n").concat();
    let file = |name: &str, text: String| PolicyFile { name: name.to_owned(), text };
    let shipped = Draft::shipped().expect("the shipped policies can be read");
    let mut files: Vec<PolicyFile> =
        shipped.files().iter().filter(|file| file.name != "sites.toml").cloned().collect();
    files.push(file("my_rules.cedar", worked));
    files.push(file("sites/shop-12/own.cedar", overriding));
    let draft = Draft::sent(files).expect("the worked rules can be read");
    assert!(draft.rules().filter(|rule| rule.file == "my_rules.cedar").count() >= 20);
    let remarks: Vec<String> = draft.remarks().iter().map(ToString::to_string).collect();
    assert!(remarks.is_empty(), "{}", remarks.join("\n"));
    draft.prove().expect("the worked rules are proven");
}
