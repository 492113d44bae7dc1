//! What a model is: its name, its files' hashes, and how they are checked before loading.

use std::{fs::File, io::Read, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::ModelError;

/// Names and hashes of a loaded model, as records carry them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelManifest {
    /// For people: `SmolLM2-135M-Instruct`.
    pub name: String,
    /// SHA-256 of the weights file, hex; of a remote model, whose weights are out of sight, that of
    /// its server's address and its name there (`model::remote`).
    pub sha256: String,
    /// SHA-256 of the adapter's file, hex, where one is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter_sha256: Option<String>,
    /// SHA-256 of the file that is evaluated, hex, where weights and adapter were merged into one: the
    /// same files give the same one on the same build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form_sha256: Option<String>,
    /// What runs it: `llama.cpp`, `openai-compatible`, `onnxruntime`, `scripted`.
    pub runtime: String,
}

/// SHA-256 of a file, hex, read in blocks.
///
/// # Errors
/// [`ModelError::Load`] naming the file when it is missing or unreadable.
pub fn hash_file(path: &Path) -> Result<String, ModelError> {
    hash_file_telling(path, &mut |_| {})
}

/// The same; `told` is called with the bytes of every block that is done.
///
/// # Errors
/// As [`hash_file`].
pub fn hash_file_telling(path: &Path, told: &mut dyn FnMut(u64)) -> Result<String, ModelError> {
    let unreadable =
        |error: std::io::Error| ModelError::Load(format!("model file {}: {error}", path.display()));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut block).map_err(unreadable)?;
        if read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&block[..read]);
        told(read as u64);
    }
}

/// Hashes the file and compares with what the configuration pins.
///
/// # Errors
/// [`ModelError::Load`] that names the file, the hash found and the hash expected.
pub fn verify_file(path: &Path, expected_sha256: Option<&str>) -> Result<String, ModelError> {
    let found = hash_file(path)?;
    match expected_sha256 {
        Some(expected) if !expected.eq_ignore_ascii_case(&found) => Err(ModelError::Load(format!(
            "model file {} has SHA-256 {found}, but the configuration pins {expected}; \
             fetch it again with `make setup`, or pin the new hash",
            path.display()
        ))),
        _ => Ok(found),
    }
}
