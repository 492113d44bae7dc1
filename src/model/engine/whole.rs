//! Writes a file whole or not at all: beside its place first, then into it by renaming.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// What files that are being written end in.
pub(super) const UNFINISHED: &str = "part";

/// Has `write` fill a new file beside `path`, sees that it is on the disk, and renames it.
///
/// Each process writes under its own name; the last one to finish wins, and all wrote the same. What a
/// killed one leaves ends in [`UNFINISHED`], and goes when its folder is trimmed.
///
/// # Errors
/// The first that occurs; then nothing is left of the file.
pub(super) fn write(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.{UNFINISHED}", std::process::id()));
    let finished = write(&unfinished)
        .and_then(|()| File::open(&unfinished)?.sync_all())
        .and_then(|()| fs::rename(&unfinished, path));
    if finished.is_err() {
        // What is left of it is of no use; the error that is told is the first one.
        drop(fs::remove_file(&unfinished));
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_leaves_what_was_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        write(&path, |file| fs::write(file, "one")).unwrap();
        let failed = write(&path, |file| {
            fs::write(file, "tw")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
