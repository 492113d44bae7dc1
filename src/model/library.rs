//! Which models are installed: `installed.toml` in the models' folder, and how a file gets in whole or not at all.

mod place;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use self::place::{Placed, place};
use super::{ModelError, engine::Facts, manifest::hash_file_telling};

/// The list's name in the models' folder.
pub const LIST: &str = "installed.toml";

const HEADING: &str = "\
# The models that `sereno model add` put into this folder. Written by that command; to take a model
# out, delete its [[model]] table here and its files. `sereno model verify` compares the files with
# these hashes. Which model is used is not said here but in sereno.toml.
";

/// One model that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// For people and records; unique in the list.
    pub name: String,
    /// GGUF file in the models' folder.
    pub file: PathBuf,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// What its header told.
    #[serde(flatten)]
    pub facts: Facts,
    /// What is used with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<InstalledAdapter>,
}

/// A LoRA adapter that was added with its model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledAdapter {
    /// GGUF file in the models' folder.
    pub file: PathBuf,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

/// Files to add, checked by the caller to be usable.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The name that the model shall have.
    pub name: String,
    /// The model.
    pub model: PathBuf,
    /// What its header told.
    pub facts: Facts,
    /// Its adapter.
    pub adapter: Option<PathBuf>,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its entry in the list.
    pub entry: Installed,
    /// Whether all of it was there before.
    pub was_there: bool,
}

/// Why a model was not added, or the list not read. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The person asks for what cannot be.
    #[error("{0}")]
    Refused(String),
    /// The machine does not let it happen: disk full, folder not writable.
    #[error("{0}")]
    Machine(String),
}

impl From<ModelError> for LibraryError {
    fn from(error: ModelError) -> Self {
        Self::Refused(error.to_string())
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default, rename = "model", skip_serializing_if = "Vec::is_empty")]
    models: Vec<Installed>,
}

/// The list of one folder.
#[derive(Debug)]
pub struct Library {
    folder: PathBuf,
    list: List,
}

impl Library {
    /// Reads the list; a folder without one has no models.
    ///
    /// # Errors
    /// [`LibraryError`] when the list cannot be read, naming it.
    pub fn open(folder: &Path) -> Result<Self, LibraryError> {
        let path = folder.join(LIST);
        let list = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| {
                LibraryError::Refused(format!(
                    "{} is damaged: {error}mend it, or delete it and add the models again",
                    path.display()
                ))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => List::default(),
            Err(error) => {
                return Err(LibraryError::Machine(format!(
                    "{} cannot be read: {error}",
                    path.display()
                )));
            }
        };
        Ok(Self { folder: folder.to_owned(), list })
    }

    /// The models, in the order in which they were added.
    pub fn models(&self) -> &[Installed] {
        &self.list.models
    }

    /// The model of this name.
    pub fn find(&self, name: &str) -> Option<&Installed> {
        self.list.models.iter().find(|model| model.name == name)
    }

    /// Hashes the files, copies them into the folder and writes them into the list. Doing it again
    /// changes nothing. Two of these at the same time wait for each other. `told` is called with the
    /// bytes of every block that is read.
    ///
    /// # Errors
    /// [`LibraryError`] with what to do; the folder is then as it was.
    pub fn add(
        folder: &Path,
        candidate: &Candidate,
        told: &mut dyn FnMut(u64),
    ) -> Result<Added, LibraryError> {
        check_name(&candidate.name)?;
        let _one_at_a_time = lock(folder)?;
        let mut library = Self::open(folder)?;
        let sha256 = hash_file_telling(&candidate.model, told)?;
        let adapter = match &candidate.adapter {
            Some(path) => Some((path, hash_file_telling(path, told)?)),
            None => None,
        };
        let adapter_sha256 = adapter.as_ref().map(|(_, sha256)| sha256.as_str());
        if let Some(known) = library.find(&candidate.name) {
            if !known.is(&sha256, adapter_sha256) {
                return Err(taken(&candidate.name, &known.sha256));
            }
            if known.files().all(|file| folder.join(file).is_file()) {
                return Ok(Added { entry: known.clone(), was_there: true });
            }
        }
        let mut placed = Placed::new(folder);
        let name = &candidate.name;
        let known = library.known();
        let file =
            place(&mut placed, &candidate.model, &sha256, &format!("{name}.gguf"), &known, told)?;
        let adapter = match adapter {
            Some((path, sha256)) => Some(InstalledAdapter {
                file: place(
                    &mut placed,
                    path,
                    &sha256,
                    &format!("{name}.adapter.gguf"),
                    &known,
                    told,
                )?,
                sha256,
            }),
            None => None,
        };
        let facts = candidate.facts.clone();
        let entry = Installed { name: name.clone(), file, sha256, facts, adapter };
        library.list.models.retain(|model| model.name != entry.name);
        library.list.models.push(entry.clone());
        library.save()?;
        placed.keep();
        Ok(Added { entry, was_there: false })
    }

    /// Files of the folder with their hashes.
    fn known(&self) -> Vec<(PathBuf, String)> {
        let models = self.list.models.iter();
        models
            .flat_map(|model| {
                let adapter = model.adapter.iter().map(|adapter| (&adapter.file, &adapter.sha256));
                [(&model.file, &model.sha256)].into_iter().chain(adapter)
            })
            .map(|(file, sha256)| (file.clone(), sha256.clone()))
            .collect()
    }

    /// Writes the list beside the old one and puts it in its place.
    fn save(&self) -> Result<(), LibraryError> {
        let path = self.folder.join(LIST);
        let part = self.folder.join(format!(".{LIST}.part"));
        let list = toml::to_string(&self.list)
            .map_err(|error| LibraryError::Machine(format!("{}: {error}", path.display())))?;
        let write = || {
            let mut file = fs::File::create(&part)?;
            file.write_all(format!("{HEADING}\n{list}").as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| {
            let _gone = fs::remove_file(&part);
            cannot_write(&path, &error)
        })
    }
}

impl Installed {
    /// Whether these are its bytes.
    fn is(&self, sha256: &str, adapter_sha256: Option<&str>) -> bool {
        let adapter = self.adapter.as_ref().map(|adapter| adapter.sha256.as_str());
        self.sha256 == sha256 && adapter == adapter_sha256
    }

    /// Its files in the models' folder.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let adapter = self.adapter.iter().map(|adapter| adapter.file.as_path());
        std::iter::once(self.file.as_path()).chain(adapter)
    }
}

/// The refusal of a name that other bytes have.
pub fn taken(name: &str, sha256: &str) -> LibraryError {
    LibraryError::Refused(format!(
        "the name {name} is in use for other files (SHA-256 {sha256}, or another adapter); choose \
         another with --name, or take the old model out first: {LIST} in the models' folder says how"
    ))
}

fn cannot_write(path: &Path, error: &io::Error) -> LibraryError {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room there",
        _ => "make the folder writable",
    };
    LibraryError::Machine(format!(
        "{} cannot be written: {error}; nothing was added; {remedy}, or choose another folder with \
         SERENO_MODELS_DIR",
        path.display()
    ))
}

/// Held while a model is added.
fn lock(folder: &Path) -> Result<fs::File, LibraryError> {
    let path = folder.join(".installed.lock");
    let locked = fs::create_dir_all(folder).and_then(|()| {
        let file = fs::File::create(&path)?;
        file.lock()?;
        Ok(file)
    });
    locked.map_err(|error| cannot_write(&path, &error))
}

/// A name becomes the name of a file and stands in records.
fn check_name(name: &str) -> Result<(), LibraryError> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if (1..=100).contains(&name.len()) && name.chars().all(fine) && !name.starts_with(['.', '-']) {
        return Ok(());
    }
    Err(LibraryError::Refused(format!(
        "`{name}` cannot be a model's name; give it one with --name: letters, digits, `.`, `_` and \
         `-`, at most 100, beginning with a letter or a digit"
    )))
}

#[cfg(test)]
mod tests;
