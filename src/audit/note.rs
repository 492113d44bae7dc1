//! Signed notes (C2SP `signed-note` v1.0.0) with Ed25519 signatures, and the text form of verifier keys.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::{base64_standard, from_base64_standard, sha256};

/// The signature type of plain Ed25519.
const ED25519: u8 = 0x01;

/// The most bytes of a note that is read at all.
const MAX_NOTE: usize = 64 * 1024;

/// Why a note or a key is not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoteError {
    /// It has not the form of a note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// The key's text is wrong.
    #[error(
        "not a verifier key: {0}; right is `name+8 hex digits+base64`, as in the file log.vkey"
    )]
    Key(&'static str),
    /// No signature by this key.
    #[error("the note has no signature by the key {0}")]
    Unsigned(String),
    /// The key's signature does not fit the text.
    #[error("the signature by {0} does not fit the note's text")]
    Signature(String),
}

/// A public key and its name: enough to check a log's checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names `key`.
    ///
    /// # Errors
    /// When the name is empty or holds a space, a plus sign or a control character.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// Reads `name+hash+base64`.
    ///
    /// # Errors
    /// When the text is not such a key, or its hash is not that of its name and bytes.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(NoteError::Key("it has not three parts"));
        };
        let bytes = from_base64_standard(encoded).ok_or(NoteError::Key("its end is not base64"))?;
        let Some((&ED25519, public)) = bytes.split_first() else {
            return Err(NoteError::Key("it is not of the type Ed25519 (0x01)"));
        };
        let public =
            public.try_into().map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(public)
            .map_err(|_| NoteError::Key("its bytes are no Ed25519 point"))?;
        let read = Self::new(name, key)?;
        if hex::encode(read.id()) == id {
            Ok(read)
        } else {
            Err(NoteError::Key("its hash does not fit its name and bytes"))
        }
    }

    /// The text that [`VerifierKey::parse`] reads.
    pub fn to_text(&self) -> String {
        format!("{}+{}+{}", self.name, hex::encode(self.id()), base64_standard(&self.typed()))
    }

    /// The key's name: for a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id: the first four bytes of SHA-256(name ‖ `\n` ‖ 0x01 ‖ key).
    pub fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.clone().into_bytes();
        bytes.push(b'\n');
        bytes.extend(self.typed());
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// Checks this key's signature on `note` and returns the signed text, with its last newline.
    /// Signatures by other keys are not looked at.
    ///
    /// # Errors
    /// When the note is malformed, or this key has not signed exactly this text.
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures.lines() {
            let (name, bytes) = signature_line(line)?;
            let Some((id, signature)) = bytes.split_first_chunk::<4>() else {
                return Err(NoteError::Form("a signature is shorter than its key's id"));
            };
            if name != self.name || *id != self.id() {
                continue;
            }
            let wrong = || NoteError::Signature(self.name.clone());
            let signature = Signature::from_slice(signature).map_err(|_| wrong())?;
            self.key.verify_strict(text.as_bytes(), &signature).map_err(|_| wrong())?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::Unsigned(self.name.clone())) }
    }

    fn typed(&self) -> Vec<u8> {
        let mut bytes = vec![ED25519];
        bytes.extend(self.key.as_bytes());
        bytes
    }
}

/// Signs `text`, which must end with a newline and hold no other control character.
///
/// # Errors
/// When the text or the key's name cannot be part of a note.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    if !text.ends_with('\n') || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Form(
            "its text must end with a newline and hold no control character",
        ));
    }
    let verifier = VerifierKey::new(name, key.verifying_key())?;
    let mut bytes = verifier.id().to_vec();
    bytes.extend(key.sign(text.as_bytes()).to_bytes());
    Ok(format!("{text}\n\u{2014} {name} {}\n", base64_standard(&bytes)))
}

fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MAX_NOTE {
        return Err(NoteError::Form("it is longer than 64 KiB"));
    }
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Form("it holds a control character"));
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Form("it has no blank line before signatures"))?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(NoteError::Form("it does not end with a signature line"));
    }
    Ok((text, signatures))
}

fn signature_line(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    let wrong = NoteError::Form("a signature line is `\u{2014} name base64`");
    let Some((name, encoded)) =
        line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' '))
    else {
        return Err(wrong);
    };
    let bytes = from_base64_standard(encoded).ok_or(wrong)?;
    Ok((name, bytes))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.chars().any(bad) {
        return Err(NoteError::Key("a name is not empty and has no space and no plus sign"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example note and key of the specification and of Go's `sumdb/note` package.
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[5; 32])
    }

    #[test]
    fn a_note_that_others_signed_is_read() {
        let verifier = VerifierKey::parse(GO_KEY).unwrap();
        assert_eq!(verifier.to_text(), GO_KEY);
        assert!(verifier.open(GO_NOTE).unwrap().ends_with("problem is.\n"));
        let forged = GO_NOTE.replace("answer", "anchor");
        assert_eq!(verifier.open(&forged), Err(NoteError::Signature("PeterNeumann".into())));
    }

    #[test]
    fn own_notes_open_with_the_own_key_alone() {
        let note = sign("one\n\ntwo\n", "log.test/1", &key()).unwrap();
        let verifier = VerifierKey::new("log.test/1", key().verifying_key()).unwrap();
        assert_eq!(verifier.open(&note), Ok("one\n\ntwo\n"));
        let other = SigningKey::from_bytes(&[6; 32]);
        let stranger = VerifierKey::new("log.test/1", other.verifying_key()).unwrap();
        assert_eq!(stranger.open(&note), Err(NoteError::Unsigned("log.test/1".into())));
        // A witness's line beside ours changes nothing.
        let witnessed = format!("{note}\u{2014} witness.test AAAAAAAA\n");
        assert_eq!(verifier.open(&witnessed), Ok("one\n\ntwo\n"));
    }

    #[test]
    fn malformed_keys_and_notes_say_what_is_wrong() {
        for (text, word) in [
            ("", "three parts"),
            ("a+b", "three parts"),
            ("a+00000000+!", "base64"),
            ("a+00000000+Ag==", "Ed25519"),
            ("a+00000000+AQ==", "32 bytes"),
            (&GO_KEY.replace("c74f20a3", "c74f20a4"), "hash"),
        ] {
            let error = VerifierKey::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        assert!(sign("no newline", "a", &key()).is_err());
        assert!(sign("a\n", "with space", &key()).is_err());
    }

    proptest! {
        #[test]
        fn no_byte_of_a_note_can_be_changed(at: prop::sample::Index, to in 32_u8..127) {
            let note = sign("log.test/1\n5\nAAAA\n", "log.test/1", &key()).unwrap();
            let mut bytes = note.clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            let changed = String::from_utf8_lossy(&bytes).into_owned();
            let verifier = VerifierKey::new("log.test/1", key().verifying_key()).unwrap();
            prop_assert!(verifier.open(&changed).is_err());
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}") {
            let verifier = VerifierKey::new("log.test/1", key().verifying_key()).unwrap();
            prop_assert!(verifier.open(&text).is_err());
            prop_assert!(VerifierKey::parse(&text).is_err());
        }
    }
}
