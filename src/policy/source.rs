//! Where policy files come from: a folder, or the set that this build ships with.

use std::{fs, io, io::Read as _, path::Path};

use sha2::{Digest as _, Sha256};

use super::{
    error::{PolicyError, Problem},
    schema::cedar_schema,
};
use crate::domain::PolicyFile;

/// Bytes that one file may have.
const LARGEST_FILE: u64 = 1024 * 1024;
/// Files that a folder may have.
const MOST_FILES: usize = 512;
/// How a file of rules ends.
pub(super) const RULES: &str = ".cedar";
/// How a file of cases ends.
pub(super) const CASES: &str = ".cases.toml";
/// The file that says which packs hold where.
pub(super) const SITES: &str = "sites.toml";
/// The folders whose own folders hold packs and the rules of single sites.
const NESTED: [&str; 2] = ["packs", "sites"];

#[derive(rust_embed::RustEmbed)]
#[folder = "policies/"]
struct Shipped;

/// Whether a file of this name has a say: rules, cases, and `sites.toml`.
fn counts(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name == SITES || (!last.starts_with('.') && (last.ends_with(RULES) || last.ends_with(CASES)))
}

/// Files whose names and sizes are those of policy files, sorted by name; what they say may be faulty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFiles {
    files: Vec<PolicyFile>,
    digest: String,
}

impl PolicyFiles {
    /// Every file of `dir` that has a say.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`] where the folder cannot be read, [`PolicyError::Refused`] where a
    /// file is too large or is no text.
    pub fn read(dir: &Path) -> Result<Self, PolicyError> {
        let unreadable = |reason: String| PolicyError::Unreadable { path: dir.to_owned(), reason };
        let names = names(dir).map_err(|error| unreadable(error.to_string()))?;
        if names.len() > MOST_FILES {
            let found = names.len();
            return Err(unreadable(format!("it has {found} files, but {MOST_FILES} is the limit")));
        }
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for name in names {
            match content(&dir.join(&name)) {
                Ok(text) => files.push(PolicyFile { name, text }),
                Err(reason) => problems.push(Problem::at(&name, 0, reason)),
            }
        }
        if problems.is_empty() { Ok(Self::new(files)) } else { Err(PolicyError::refused(problems)) }
    }

    /// Files that somebody sent.
    ///
    /// # Errors
    /// [`PolicyError::Refused`] with what of them is no policy file.
    pub fn sent(files: Vec<PolicyFile>) -> Result<Self, PolicyError> {
        let mut problems: Vec<Problem> = files.iter().filter_map(stranger).collect();
        let count = files.len();
        let sorted = Self::new(files);
        let twins = sorted.files.windows(2).filter(|pair| pair[0].name == pair[1].name);
        problems
            .extend(twins.map(|pair| Problem::at(&pair[0].name, 0, "this file is there twice")));
        if !(1..=MOST_FILES).contains(&count) {
            let message = format!("there are {count} files");
            problems.push(
                Problem::at(".", 0, message).suggest(format!("1 to {MOST_FILES} make a policy")),
            );
        }
        if problems.is_empty() { Ok(sorted) } else { Err(PolicyError::refused(problems)) }
    }

    /// The files that this build ships with.
    pub fn shipped() -> Self {
        let files = Shipped::iter().filter(|name| counts(name)).filter_map(|name| {
            let file = Shipped::get(&name)?;
            let text = String::from_utf8_lossy(&file.data).into_owned();
            Some(PolicyFile { name: name.into_owned(), text })
        });
        Self::new(files.collect())
    }

    fn new(mut files: Vec<PolicyFile>) -> Self {
        files.sort_unstable();
        let digest = digest(&cedar_schema(), &files);
        Self { files, digest }
    }

    /// SHA-256, hex, over the schema and every file: names these files in every record.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl std::ops::Deref for PolicyFiles {
    type Target = [PolicyFile];

    fn deref(&self) -> &[PolicyFile] {
        &self.files
    }
}

/// What makes this no policy file.
fn stranger(file: &PolicyFile) -> Option<Problem> {
    let parts: Vec<&str> = file.name.split('/').collect();
    let placed = match parts.as_slice() {
        [_] => true,
        [nested, _, _] => NESTED.contains(nested),
        _ => false,
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let plain =
        |part: &&str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(letters);
    if !placed || !parts.iter().all(plain) || !counts(&file.name) {
        let name = file.name.escape_debug().to_string();
        let advice = "a file is NAME.cedar, NAME.cases.toml or sites.toml, or lies in packs/PACK or sites/SITE";
        return Some(Problem::at(&name, 0, "this is no policy file").suggest(advice));
    }
    let large = file.text.len() as u64 > LARGEST_FILE;
    large.then(|| Problem::at(&file.name, 0, too_large()))
}

fn too_large() -> String {
    format!("it is larger than {LARGEST_FILE} bytes; split it into several files")
}

/// Names of the files of `dir` and of the folders in `packs` and `sites`.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = entries(dir)?;
    for nested in NESTED {
        let folder = dir.join(nested);
        if !folder.is_dir() {
            continue;
        }
        for inner in entries(&folder)? {
            if folder.join(&inner).is_dir() {
                let files = entries(&folder.join(&inner))?;
                names.extend(files.into_iter().map(|file| format!("{nested}/{inner}/{file}")));
            }
        }
    }
    names.retain(|name| counts(name));
    names.sort_unstable();
    Ok(names)
}

fn entries(dir: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// The file's text, read no further than the limit.
fn content(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("it is not UTF-8 text (byte {} is wrong)", error.utf8_error().valid_up_to())
    })
}

/// The line, counted from one, of the byte `offset` of `text`.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let until = offset.min(text.len());
    1 + text.as_bytes()[..until].iter().filter(|byte| **byte == b'\n').count()
}

/// SHA-256, hex, over the schema and every file's name and content, each with its length (u64,
/// little-endian) before it. `sources` must be sorted.
fn digest(schema: &str, sources: &[PolicyFile]) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(schema.as_bytes());
    for source in sources {
        part(source.name.as_bytes());
        part(source.text.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> PolicyFile {
        PolicyFile { name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_digest_changes_with_any_name_content_or_schema() {
        let sets = [
            digest("s", &[source("a", "bc")]),
            digest("s", &[source("ab", "c")]),
            digest("s", &[source("a", "b"), source("", "c")]),
            digest("t", &[source("a", "bc")]),
        ];
        for (at, one) in sets.iter().enumerate() {
            assert!(sets.iter().skip(at + 1).all(|other| other != one), "{sets:?}");
        }
        assert_eq!(sets[0], digest("s", &[source("a", "bc")]));
    }

    #[test]
    fn the_shipped_rules_are_there_and_sorted() {
        let names: Vec<String> =
            PolicyFiles::shipped().iter().map(|source| source.name.clone()).collect();
        for name in ["life_safety.cedar", "packs/office/entrance.cedar", "sites.toml"] {
            assert!(names.iter().any(|one| one == name), "{names:?}");
        }
        assert!(names.is_sorted());
    }

    #[test]
    fn what_is_no_policy_file_leads_out_of_the_folder_or_comes_twice_is_refused() {
        let sent =
            |names: &[&str]| PolicyFiles::sent(names.iter().map(|name| source(name, "")).collect());
        for name in
            ["a.cedar", "a.cases.toml", "sites.toml", "packs/p/a.cedar", "sites/s/a-b_c.cedar"]
        {
            assert!(sent(&[name]).is_ok(), "{name}");
        }
        for name in [
            "",
            "a.txt",
            "/a.cedar",
            "../a.cedar",
            "packs/a.cedar",
            "packs/../a.cedar",
            "packs/p/q/a.cedar",
            "other/p/a.cedar",
            ".a.cedar",
            "packs/.p/a.cedar",
            "packs/p/.a.cedar",
            "a b.cedar",
            "packs/p/sites.toml",
            "a\0.cedar",
            "é.cedar",
        ] {
            assert!(sent(&[name]).is_err(), "{name:?}");
        }
        assert!(sent(&[]).is_err());
        assert!(sent(&["x.cedar", "x.cedar"]).is_err());
        let large = " ".repeat(1024 * 1024 + 1);
        assert!(PolicyFiles::sent(vec![source("x.cedar", &large)]).is_err());
        let sorted = sent(&["sites.toml", "packs/a/x.cases.toml"]).unwrap();
        assert_eq!(sorted[0].name, "packs/a/x.cases.toml");
    }
}
