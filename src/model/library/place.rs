//! Copies one file into the models' folder: beside its place first, then into it by renaming.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{LibraryError, cannot_write, hash_file_telling};

/// Files that were put into the folder and go again unless they are kept.
pub(super) struct Placed<'f> {
    folder: &'f Path,
    fresh: Vec<PathBuf>,
}

impl<'f> Placed<'f> {
    /// Nothing yet.
    pub(super) const fn new(folder: &'f Path) -> Self {
        Self { folder, fresh: Vec::new() }
    }

    /// The list names them now.
    pub(super) fn keep(mut self) {
        self.fresh.clear();
    }
}

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        for file in &self.fresh {
            let _gone = fs::remove_file(file);
        }
    }
}

/// Sees to it that the folder holds the bytes of `source`, and returns the name they have there: the
/// one they have already, else `name`.
pub(super) fn place(
    placed: &mut Placed<'_>,
    source: &Path,
    sha256: &str,
    name: &str,
    known: &[(PathBuf, String)],
    told: &mut dyn FnMut(u64),
) -> Result<PathBuf, LibraryError> {
    let folder = placed.folder;
    if let Some(name) = inside(source, folder) {
        return Ok(name);
    }
    let same = |(file, other): &&(PathBuf, String)| other == sha256 && folder.join(file).is_file();
    if let Some((file, _)) = known.iter().find(same) {
        return Ok(file.clone());
    }
    let target = folder.join(name);
    if target.exists() {
        if hash_file_telling(&target, told)? == sha256 {
            return Ok(name.into());
        }
        return Err(LibraryError::Refused(format!(
            "{} is there already with other bytes; choose another name with --name, or delete it",
            target.display()
        )));
    }
    let part = folder.join(format!(".{name}.part"));
    placed.fresh.push(part.clone());
    if copy(source, &part, told)? != sha256 {
        return Err(LibraryError::Refused(format!(
            "{} changed while it was copied; try again when it is complete",
            source.display()
        )));
    }
    let settle = fs::rename(&part, &target).and_then(|()| File::open(folder)?.sync_all());
    placed.fresh.push(target.clone());
    settle.map_err(|error| cannot_write(&target, &error))?;
    Ok(name.into())
}

/// The name of a file that lies in the folder itself.
fn inside(source: &Path, folder: &Path) -> Option<PathBuf> {
    let source = source.canonicalize().ok()?;
    let same = source.parent()? == folder.canonicalize().ok()?;
    same.then(|| source.file_name().map(PathBuf::from)).flatten()
}

/// Copies to disk, not only to memory, and returns the SHA-256 of what was copied.
fn copy(source: &Path, target: &Path, told: &mut dyn FnMut(u64)) -> Result<String, LibraryError> {
    let unreadable = |error: io::Error| {
        LibraryError::Refused(format!("{} cannot be read: {error}", source.display()))
    };
    let unwritable = |error: io::Error| cannot_write(target, &error);
    let mut from = File::open(source).map_err(unreadable)?;
    let mut to = File::create(target).map_err(unwritable)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let read = from.read(&mut block).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        to.write_all(&block[..read]).map_err(unwritable)?;
        hasher.update(&block[..read]);
        told(read as u64);
    }
    to.sync_all().map_err(unwritable)?;
    Ok(hex::encode(hasher.finalize()))
}
