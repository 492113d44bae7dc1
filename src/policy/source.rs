//! Where policy files come from: a folder, or the set that this build ships with.

use std::{fs, io::Read as _, path::Path};

use sha2::{Digest as _, Sha256};

use super::error::{PolicyError, Problem};

/// Bytes that one policy or cases file may have.
const LARGEST_FILE: u64 = 1024 * 1024;
/// Files that a folder may have.
const MOST_FILES: usize = 256;
/// How a file of rules ends.
pub(super) const RULES: &str = ".cedar";
/// How a file of cases ends.
pub(super) const CASES: &str = ".cases.toml";

#[derive(rust_embed::RustEmbed)]
#[folder = "policies/"]
struct Shipped;

/// One file's name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// Its name inside the folder.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The files of `dir` whose names end in `ending`, sorted by name. Folders inside it are not read.
pub(super) fn read(dir: &Path, ending: &str) -> Result<Vec<Source>, PolicyError> {
    let unreadable = |reason: String| PolicyError::Unreadable { path: dir.to_owned(), reason };
    let names = names(dir, ending).map_err(|error| unreadable(error.to_string()))?;
    if names.len() > MOST_FILES {
        let found = names.len();
        return Err(unreadable(format!("it has {found} files, but {MOST_FILES} is the limit")));
    }
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        match content(&dir.join(&name)) {
            Ok(text) => sources.push(Source { name, text }),
            Err(reason) => problems.push(Problem::at(&name, 0, reason)),
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(PolicyError::refused(problems)) }
}

fn names(dir: &Path, ending: &str) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The file's text, read no further than the limit.
fn content(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("it is larger than {LARGEST_FILE} bytes; split it into several files"));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("it is not UTF-8 text (byte {} is wrong)", error.utf8_error().valid_up_to())
    })
}

/// The shipped files whose names end in `ending`, sorted by name.
pub(super) fn shipped(ending: &str) -> Vec<Source> {
    let mut sources: Vec<Source> = Shipped::iter()
        .filter(|name| name.ends_with(ending))
        .filter_map(|name| {
            let file = Shipped::get(&name)?;
            let text = String::from_utf8_lossy(&file.data).into_owned();
            Some(Source { name: name.into_owned(), text })
        })
        .collect();
    sources.sort_unstable();
    sources
}

/// SHA-256, hex, over the schema and every file's name and content, each with its length (u64,
/// little-endian) before it. `sources` must be sorted.
pub(super) fn digest(schema: &str, sources: &[Source]) -> String {
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

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
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
        let names: Vec<String> = shipped(RULES).into_iter().map(|source| source.name).collect();
        assert!(names.iter().any(|name| name == "life_safety.cedar"), "{names:?}");
        assert!(names.is_sorted());
    }
}
