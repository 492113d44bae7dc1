//! `sereno model verify`: hashes every file again and compares with what it should be.

use std::{fs, path::PathBuf};

use super::{AppError, Ending, bytes_bar, list, print};
use crate::{config::Config, model::manifest::hash_file_telling};

/// The embedder's name, as its records have it.
const EMBEDDER: &str = "all-MiniLM-L6-v2";

/// A file and the hash that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pinned {
    name: String,
    file: PathBuf,
    expected: Option<String>,
}

/// Hashes the files of the named models, or of all, and prints what came of each.
pub(super) fn run(config: &Config, names: &[String]) -> Result<Ending, AppError> {
    let mut files = pinned(config)?;
    if let Some(unknown) = names.iter().find(|name| !files.iter().any(|file| file.name == **name)) {
        let mut known: Vec<String> = files.into_iter().map(|file| file.name).collect();
        known.dedup();
        return Err(AppError::Input(format!(
            "there is no model {unknown}; there are {}",
            known.join(", ")
        )));
    }
    files.retain(|file| names.is_empty() || names.contains(&file.name));
    let size = |file: &Pinned| fs::metadata(&file.file).map_or(0, |file| file.len());
    let progress = bytes_bar(files.iter().map(size).sum());
    let mut ending = Ending::Done;
    for file in &files {
        let (line, holds) = compare(file, &mut |bytes| progress.inc(bytes));
        if !holds {
            ending = Ending::No;
        }
        progress.suspend(|| print(&line))?;
    }
    progress.finish_and_clear();
    Ok(ending)
}

/// What came of the comparison, and whether the file is what it should be.
fn compare(pinned: &Pinned, told: &mut dyn FnMut(u64)) -> (String, bool) {
    let (name, file) = (&pinned.name, pinned.file.display());
    match (hash_file_telling(&pinned.file, told), &pinned.expected) {
        (Err(_), _) if !pinned.file.exists() => (format!("MISSING  {name}: {file}"), false),
        (Err(error), _) => (format!("UNREADABLE  {name}: {error}"), false),
        (Ok(found), None) => {
            (format!("no pin   {name}: {file} has {found}; pin it in sereno.toml"), true)
        }
        (Ok(found), Some(expected)) if found.eq_ignore_ascii_case(expected) => {
            (format!("ok       {name}: {file} {found}"), true)
        }
        (Ok(found), Some(expected)) => (
            format!(
                "DIFFERS  {name}: {file}\n         found    {found}\n         expected {expected}"
            ),
            false,
        ),
    }
}

/// Every file of a model, whether added, in use or shipped, and the embedder's.
fn pinned(config: &Config) -> Result<Vec<Pinned>, AppError> {
    let mut files = Vec::new();
    for row in list::rows(config)? {
        let name = &row.name;
        files.push(Pinned { name: name.clone(), file: row.file, expected: row.sha256 });
        files.extend(row.adapter.map(|file| Pinned {
            name: name.clone(),
            file,
            expected: row.adapter_sha256,
        }));
    }
    // What the settings pin may differ from what the list of the installed says.
    let in_use = &config.models.language_model;
    let name = &in_use.name;
    let embedder = &config.models.embedder;
    let adapter = in_use.adapter.as_ref().map(|file| (name.as_str(), file, &in_use.adapter_sha256));
    let settings = [(name.as_str(), &in_use.file, &in_use.sha256)]
        .into_iter()
        .chain(adapter)
        .chain([(EMBEDDER, &embedder.file, &embedder.sha256)]);
    for (name, file, expected) in settings {
        let file = config.model_file(file);
        let is_new = !files.iter().any(|known| known.file == file && known.expected == *expected);
        // No pin is no second opinion.
        if is_new && (expected.is_some() || !files.iter().any(|known| known.file == file)) {
            files.push(Pinned { name: name.to_owned(), file, expected: expected.clone() });
        }
    }
    Ok(files)
}
