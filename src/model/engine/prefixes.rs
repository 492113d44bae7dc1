//! Evaluated beginnings of prompts on disk, so that a restart does not evaluate them again.
//!
//! A file is written whole or not at all and carries the hash of its content; one that is cut short,
//! damaged or of another model is removed and its prompt is evaluated anew. The folder is bounded.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::SystemTime,
};

use sha2::{Digest as _, Sha256};

use super::{prompt::Chunk, whole};

/// First bytes of every file; the number is the layout's version.
const MAGIC: &[u8; 8] = b"SERKV\0\0\x01";
/// Bytes before the content: the magic and the content's SHA-256.
const HEADER: usize = MAGIC.len() + 32;
/// How a finished file's name ends.
const ENDING: &str = "kv";

/// A folder of evaluated beginnings for one model in one shape.
pub(super) struct Prefixes {
    folder: PathBuf,
    limit_bytes: u64,
    world: String,
}

impl Prefixes {
    /// `world` names all that an evaluation depends on besides the tokens: model, adapter, build, shape.
    /// A folder that cannot be made is told and done without.
    pub(super) fn open(folder: &Path, limit_bytes: u64, world: String) -> Option<Self> {
        match fs::create_dir_all(folder) {
            Ok(()) => Some(Self { folder: folder.to_owned(), limit_bytes, world }),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "prompts are not kept on disk");
                None
            }
        }
    }

    /// The name under which the evaluation of `chunks` is kept, hex.
    pub(super) fn key(&self, chunks: &[Chunk]) -> String {
        let mut hasher = Sha256::new();
        hasher.update((self.world.len() as u64).to_le_bytes());
        hasher.update(&self.world);
        for chunk in chunks {
            hasher.update((chunk.len() as u64).to_le_bytes());
            for token in chunk {
                hasher.update(token.0.to_le_bytes());
            }
        }
        hex::encode(hasher.finalize())
    }

    /// What was kept under `key`, if it is whole.
    pub(super) fn read(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "a kept prompt cannot be read");
                return None;
            }
        };
        let whole = bytes.len() >= HEADER
            && bytes.starts_with(MAGIC)
            && Sha256::digest(&bytes[HEADER..]).as_slice() == &bytes[MAGIC.len()..HEADER];
        if whole {
            Some(bytes.split_off(HEADER))
        } else {
            tracing::warn!(file = %path.display(), "a kept prompt is damaged and is made anew");
            self.forget(key);
            None
        }
    }

    /// Removes what is kept under `key`.
    pub(super) fn forget(&self, key: &str) {
        let path = self.path(key);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(file = %path.display(), %error, "a damaged file cannot be removed");
        }
    }

    /// Keeps `state` under `key`, on a thread of its own: nobody waits for the disk. When the disk is
    /// full or read-only that is told, and the next start evaluates the prompt again.
    pub(super) fn keep(&self, key: &str, state: Vec<u8>) {
        let (path, folder, limit) = (self.path(key), self.folder.clone(), self.limit_bytes);
        let write = move || {
            let kept = write(&path, &state).and_then(|()| trim(&folder, limit));
            if let Err(error) = kept {
                tracing::warn!(file = %path.display(), %error, "a prompt is not kept on disk");
            }
        };
        if let Err(error) = thread::Builder::new().name("sereno-prefix".to_owned()).spawn(write) {
            tracing::warn!(%error, "a prompt is not kept on disk");
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key).with_extension(ENDING)
    }
}

fn write(path: &Path, state: &[u8]) -> io::Result<()> {
    whole::write(path, |unfinished| {
        let mut file = fs::File::create(unfinished)?;
        file.write_all(MAGIC)?;
        file.write_all(&Sha256::digest(state))?;
        file.write_all(state)
    })
}

/// Removes the files written longest ago until the rest is within `limit_bytes`.
fn trim(folder: &Path, limit_bytes: u64) -> io::Result<()> {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        if about.is_file() {
            files.push((about.modified()?, about.len(), entry.path()));
        }
    }
    files.sort();
    let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in files {
        if total <= limit_bytes {
            break;
        }
        fs::remove_file(path)?;
        total -= bytes;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use llama_cpp_2::token::LlamaToken;

    use super::*;

    fn chunks(tokens: &[&[i32]]) -> Vec<Chunk> {
        tokens.iter().map(|chunk| chunk.iter().map(|&id| LlamaToken(id)).collect()).collect()
    }

    fn folder() -> (tempfile::TempDir, Prefixes) {
        let folder = tempfile::tempdir().unwrap();
        let prefixes = Prefixes::open(folder.path(), 1_000, "model".to_owned()).unwrap();
        (folder, prefixes)
    }

    #[test]
    fn another_cut_or_another_model_is_another_key() {
        let (folder, prefixes) = folder();
        let other = Prefixes::open(folder.path(), 1_000, "model 2".to_owned()).unwrap();
        let keys = [
            prefixes.key(&chunks(&[&[1, 2], &[3]])),
            prefixes.key(&chunks(&[&[1], &[2, 3]])),
            prefixes.key(&chunks(&[&[1, 2]])),
            other.key(&chunks(&[&[1, 2], &[3]])),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key));
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let (_folder, prefixes) = folder();
        write(&prefixes.path("a"), b"state").unwrap();
        assert_eq!(prefixes.read("a").unwrap(), b"state");
        assert_eq!(prefixes.read("b"), None);
    }

    #[test]
    fn a_damaged_or_truncated_file_is_removed() {
        let (_folder, prefixes) = folder();
        for damage in [
            |bytes: &mut Vec<u8>| bytes[HEADER] ^= 1,
            |bytes: &mut Vec<u8>| bytes[3] ^= 1,
            |bytes: &mut Vec<u8>| bytes.truncate(HEADER + 2),
            Vec::clear,
        ] {
            write(&prefixes.path("a"), b"state").unwrap();
            let mut bytes = fs::read(prefixes.path("a")).unwrap();
            damage(&mut bytes);
            fs::write(prefixes.path("a"), bytes).unwrap();
            assert_eq!(prefixes.read("a"), None);
            assert!(!prefixes.path("a").exists());
        }
    }

    #[test]
    fn the_folder_stays_within_its_bound() {
        let (folder, prefixes) = folder();
        for key in ["a", "b", "c"] {
            write(&prefixes.path(key), &[0; 400]).unwrap();
        }
        trim(folder.path(), 1_000).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(!prefixes.path("a").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_done_without() {
        assert!(Prefixes::open(Path::new("/proc/no/such"), 1, String::new()).is_none());
    }
}
