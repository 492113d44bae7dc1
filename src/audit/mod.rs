//! The decision log as pure functions: leaves, tree, signed notes, and the verifier that trusts none of them.
//!
//! Nothing here knows a database. `store` keeps the rows; [`verify::Verifier`] checks rows that
//! anybody hands it.

pub mod checkpoint;
pub mod disclosure;
pub mod event;
pub mod key;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod tree;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use disclosure::Disclosure;
pub use event::{Actor, Event, EventKind, permille};
pub use key::{KeyError, LogKey};
pub use leaf::{Envelope, LeafError};
pub use note::{NoteError, VerifierKey};
pub use tree::Hash;

use base64::{Engine as _, engine::general_purpose};
use sha2::{Digest as _, Sha256};

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Base64 with the standard alphabet and padding, as signed notes use it.
fn base64_standard(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Reads [`base64_standard`] back; `None` for anything else.
fn from_base64_standard(text: &str) -> Option<Vec<u8>> {
    general_purpose::STANDARD.decode(text).ok()
}

/// Base64 with the URL alphabet and no padding, as SD-JWT disclosures use it.
fn base64_url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads [`base64_url`] back; `None` for anything else.
fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}
