//! The log's signed head (C2SP `tlog-checkpoint` v1.0.0, without extension lines).

use super::{
    base64_standard, from_base64_standard,
    key::LogKey,
    note::{NoteError, VerifierKey},
    tree::Hash,
};

/// How many entries the log has, and the root hash over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, without a scheme: `log.customer.example/site7/2026`.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Hash,
}

impl Checkpoint {
    /// The three lines that are signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64_standard(&self.root))
    }

    /// Reads the three lines.
    ///
    /// # Errors
    /// When a line is missing, wrong or too many.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split_terminator('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(NoteError::Form("a checkpoint has three lines: origin, size, root"));
        };
        let root = from_base64_standard(root)
            .and_then(|bytes| Hash::try_from(bytes).ok())
            .ok_or(NoteError::Form("the root is not the base64 of 32 bytes"))?;
        let size: u64 =
            size.parse().map_err(|_| NoteError::Form("the size is not a decimal number"))?;
        let read = Self { origin: origin.to_owned(), size, root };
        if origin.is_empty() || read.to_text() != text {
            return Err(NoteError::Form("a checkpoint has one spelling, and this is another"));
        }
        Ok(read)
    }

    /// Signs it.
    ///
    /// # Errors
    /// When it is not of the key's own log.
    pub fn sign(&self, key: &LogKey) -> Result<String, NoteError> {
        if self.origin != key.origin() {
            return Err(NoteError::Form("the key is another log's"));
        }
        key.sign(&self.to_text())
    }

    /// Checks the signature of `note` and reads it.
    ///
    /// # Errors
    /// When it is malformed, not signed by `verifier`, or of another log.
    pub fn open(note: &str, verifier: &VerifierKey) -> Result<Self, NoteError> {
        let read = Self::parse(verifier.open(note)?)?;
        if read.origin == verifier.name() {
            Ok(read)
        } else {
            Err(NoteError::Form("its origin is another log's"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LogKey {
        LogKey::from_seed([5; 32], "log.test/1").unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log.test/1".into(), size: 20_852_163, root: [9; 32] }
    }

    #[test]
    fn a_checkpoint_is_three_lines_and_a_signature() {
        let note = checkpoint().sign(&key()).unwrap();
        insta::assert_snapshot!(note, @r"
        log.test/1
        20852163
        CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=

        — log.test/1 bTdW4eW0lIddemeT3SDC1qUwMWP5AwGCRa61l4ZRbyJOOZmNoLhyRpCxpdlJUEmXpe1sd/z7osPzlhk15a+jZhB7owY=
        ");
        assert_eq!(Checkpoint::open(&note, key().verifier()), Ok(checkpoint()));
    }

    #[test]
    fn other_spellings_and_other_logs_are_refused() {
        let text = checkpoint().to_text();
        for wrong in [
            text.replace("20852163", "020852163"),
            text.replace("20852163", "+20852163"),
            text.replace("20852163", "-1"),
            text.replace("CQkJ", "CQk"),
            format!("{text}extension\n"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(Checkpoint::parse(&wrong).is_err(), "{wrong}");
        }
        let other = Checkpoint { origin: "log.test/2".into(), ..checkpoint() };
        assert!(other.sign(&key()).is_err());
    }
}
