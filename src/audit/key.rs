//! The log's private key: a file that its owner alone may read, and the public key beside it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use ed25519_dalek::SigningKey;

use super::{
    base64_standard, from_base64_standard,
    note::{self, NoteError, VerifierKey},
};
use crate::domain::IdSource;

/// Why the log's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Others may read the private key.
    #[error(
        "{path}: others may read the log's private key (mode {mode:o}); run `chmod 600 {path}`, and make a new log if somebody may have copied it"
    )]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold a key.
    #[error(
        "{path}: not a log key ({why}); restore it from the backup, for without it the log cannot go on"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key belongs to another log.
    #[error(
        "{path}: the key is of the log `{found}`, but the configuration says `{wanted}`; keep the log's name, or begin a new data folder"
    )]
    OtherLog {
        /// The file.
        path: PathBuf,
        /// The log that the key names.
        found: String,
        /// The log that was asked for.
        wanted: String,
    },
    /// The log's name cannot be that of a key.
    #[error(transparent)]
    Name(#[from] NoteError),
    /// The file system says no.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The key that signs a log's checkpoints. Its private half never leaves this value or its file.
#[derive(Clone)]
pub struct LogKey {
    signing: SigningKey,
    verifier: VerifierKey,
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("LogKey").field(&self.verifier.to_text()).finish()
    }
}

impl LogKey {
    /// The key of the log `origin` from 32 secret bytes.
    ///
    /// # Errors
    /// When the origin is empty or holds a space, a plus sign or a control character.
    pub fn from_seed(seed: [u8; 32], origin: &str) -> Result<Self, NoteError> {
        let signing = SigningKey::from_bytes(&seed);
        let verifier = VerifierKey::new(origin, signing.verifying_key())?;
        Ok(Self { signing, verifier })
    }

    /// Reads `log.key` in `folder`, or makes it (mode 0600) when there is none, and keeps
    /// `log.vkey` beside it.
    ///
    /// # Errors
    /// When others may read the file, it is damaged, or it is another log's.
    pub fn open(folder: &Path, origin: &str, ids: &dyn IdSource) -> Result<Self, KeyError> {
        let path = folder.join("log.key");
        let key = match fs::symlink_metadata(&path) {
            Ok(_) => Self::read(&path, origin)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::from_seed(ids.random_bytes(), origin)?;
                key.write(&path)?;
                key
            }
            Err(source) => return Err(KeyError::Io { path, source }),
        };
        let public = folder.join("log.vkey");
        let text = format!("{}\n", key.verifier.to_text());
        if fs::read_to_string(&public).ok().as_deref() != Some(text.as_str()) {
            fs::write(&public, text).map_err(|source| KeyError::Io { path: public, source })?;
        }
        Ok(key)
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs a note's text.
    ///
    /// # Errors
    /// When the text cannot be that of a note.
    pub(super) fn sign(&self, text: &str) -> Result<String, NoteError> {
        note::sign(text, self.origin(), &self.signing)
    }

    fn read(path: &Path, origin: &str) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        let malformed =
            |why: &str| KeyError::Malformed { path: path.to_owned(), why: why.to_owned() };
        let bytes = fs::read(path).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|_| malformed("it is not text"))?;
        let (found, id, seed) = parts(text.trim_end_matches('\n')).map_err(malformed)?;
        if found != origin {
            return Err(KeyError::OtherLog {
                path: path.to_owned(),
                found: found.to_owned(),
                wanted: origin.to_owned(),
            });
        }
        let key = Self::from_seed(seed, origin)?;
        if hex::encode(key.verifier.id()) == id {
            Ok(key)
        } else {
            Err(malformed("its hash does not fit its name and bytes"))
        }
    }

    /// Writes a new file whole or not at all: a crash leaves no half key behind.
    fn write(&self, path: &Path) -> Result<(), KeyError> {
        let draft = path.with_extension("key.new");
        let written = self
            .write_draft(&draft)
            .and_then(|()| fs::rename(&draft, path))
            .and_then(|()| path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()));
        written.map_err(|source| KeyError::Io { path: path.to_owned(), source })
    }

    fn write_draft(&self, draft: &Path) -> io::Result<()> {
        // A draft that a crash left behind was never the log's key.
        match fs::remove_file(draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut typed = vec![0x01];
        typed.extend(self.signing.as_bytes());
        let id = hex::encode(self.verifier.id());
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        writeln!(file, "PRIVATE+KEY+{}+{id}+{}", self.origin(), base64_standard(&typed))?;
        file.sync_all()
    }
}

/// Name, id and secret bytes of `PRIVATE+KEY+name+id+base64`, the form of Go's `sumdb/note`.
fn parts(text: &str) -> Result<(&str, &str, [u8; 32]), &'static str> {
    let rest = text.strip_prefix("PRIVATE+KEY+").ok_or("it does not begin with PRIVATE+KEY+")?;
    let mut parts = rest.splitn(3, '+');
    let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("it is cut short");
    };
    let bytes = from_base64_standard(encoded).ok_or("its end is not base64")?;
    match bytes.split_first() {
        Some((1, seed)) => {
            seed.try_into().map(|seed| (name, id, seed)).map_err(|_| "an Ed25519 key has 32 bytes")
        }
        _ => Err("it is not of the type Ed25519 (0x01)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RandomIds;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let made = LogKey::open(folder.path(), "log.test/1", &RandomIds).unwrap();
        let read = LogKey::open(folder.path(), "log.test/1", &RandomIds).unwrap();
        assert_eq!(made.verifier(), read.verifier());
        let bits = fs::metadata(folder.path().join("log.key")).unwrap().permissions().mode();
        assert_eq!(bits & 0o777, 0o600);
        let public = fs::read_to_string(folder.path().join("log.vkey")).unwrap();
        assert_eq!(VerifierKey::parse(&public).as_ref(), Ok(made.verifier()));
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }

    #[test]
    fn an_exposed_a_damaged_and_another_logs_key_are_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let open = |origin| LogKey::open(folder.path(), origin, &RandomIds).map(|_| ());
        open("log.test/1").unwrap();
        let whole = fs::read_to_string(&path).unwrap();

        let error = open("log.test/2").unwrap_err().to_string();
        assert!(error.contains("`log.test/1`") && error.contains("`log.test/2`"), "{error}");

        for damaged in ["", "PRIVATE+KEY+log.test/1", &whole[..whole.len() - 9], "garbage"] {
            fs::write(&path, damaged).unwrap();
            let error = open("log.test/1").unwrap_err().to_string();
            assert!(error.contains("log.key: not a log key"), "{error}");
        }

        fs::write(&path, &whole).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = open("log.test/1").unwrap_err().to_string();
        assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_draft_that_a_crash_left_behind_is_not_taken_for_the_key() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.key.new"), "PRIVATE+KEY+half").unwrap();
        assert!(LogKey::open(folder.path(), "log.test/1", &RandomIds).is_ok());
        assert!(!folder.path().join("log.key.new").exists());
    }
}
