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
