//! The layout, held by a machine: who may import whom, how long a file may be, how it opens.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use syn::visit::Visit;

/// Each module of `src/`, lowest first, and the modules that it may import.
/// A module that is not here fails the test; so does an import that is not.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("audit", &["domain"]),
    ("store", &["domain", "audit", "config"]),
    ("model", &["domain", "config"]),
    ("prompts", &["domain", "config", "model"]),
    ("intake", &["domain", "config"]),
    ("context", &["domain", "config"]),
    ("reading", &["domain", "config", "model", "prompts"]),
    ("policy", &["domain", "config"]),
    ("assessment", &["domain", "config", "model", "prompts"]),
    ("verdict", &["domain", "config"]),
    ("actions", &["domain", "config"]),
    ("reports", &["domain", "config"]),
    (
        "pipeline",
        &[
            "domain",
            "config",
            "audit",
            "store",
            "model",
            "prompts",
            "context",
            "reading",
            "policy",
            "assessment",
            "verdict",
            "actions",
            "reports",
        ],
    ),
    ("worker", &["domain", "config", "store", "model", "pipeline"]),
    (
        "evaluation",
        &[
            "domain", "config", "model", "prompts", "store", "reading", "policy", "verdict",
            "actions", "pipeline",
        ],
    ),
    ("http", &["domain", "config", "store", "audit", "intake"]),
    // The composition root and the commands see everything.
    ("telemetry", EVERYTHING),
    ("lifecycle", EVERYTHING),
    ("app", EVERYTHING),
    ("cli", EVERYTHING),
    ("main", EVERYTHING),
];
const EVERYTHING: &[&str] = &["*"];

/// Lines of a file before its tests.
const LONGEST_FILE: usize = 450;

fn source_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.sort();
    files
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let first = inside.expect("the file lies in src").components().next().expect("it has a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Collects the first segment behind `crate::` of every path outside test modules.
#[derive(Default)]
struct Imports(BTreeSet<String>);

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
        });
        if !is_test {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        if path.ident == "crate" {
            collect_heads(&path.tree, &mut self.0);
        } else {
            syn::visit::visit_use_path(self, path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut segments = path.segments.iter();
        if segments.next().is_some_and(|segment| segment.ident == "crate")
            && let Some(module) = segments.next()
        {
            self.0.insert(module.ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}

fn collect_heads(tree: &syn::UseTree, heads: &mut BTreeSet<String>) {
    match tree {
        syn::UseTree::Path(path) => drop(heads.insert(path.ident.to_string())),
        syn::UseTree::Name(name) => drop(heads.insert(name.ident.to_string())),
        syn::UseTree::Rename(rename) => drop(heads.insert(rename.ident.to_string())),
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|item| collect_heads(item, heads));
        }
        syn::UseTree::Glob(_) => drop(heads.insert("*".to_owned())),
    }
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` is not in the table", file.display()));
            continue;
        };
        let text = fs::read_to_string(&file).expect("a source file is text");
        let mut imports = Imports::default();
        imports.visit_file(&syn::parse_file(&text).expect("a source file is Rust"));
        wrong.extend(
            imports
                .0
                .iter()
                .filter(|name| **name != module && *allowed != EVERYTHING)
                .filter(|name| !allowed.contains(&name.as_str()))
                .map(|name| format!("{}: `{module}` may not import `{name}`", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycles() {
    for (place, (name, allowed)) in MAY_IMPORT.iter().enumerate() {
        for import in allowed.iter().filter(|import| **import != "*") {
            let below = MAY_IMPORT[..place].iter().any(|(lower, _)| lower == import);
            assert!(below, "`{name}` may import `{import}`, which does not stand below it");
        }
    }
}

#[test]
fn files_open_with_what_lives_there_and_stay_short() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let text = fs::read_to_string(&file).expect("a source file is text");
        if !text.starts_with("//! ") {
            wrong.push(format!("{}: does not open with a `//!` line", file.display()));
        }
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines before its tests", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
