//! Checks a GGUF file before llama.cpp sees it, so that a bad one is named in words and never aborts.

use std::{ffi::CString, fs::File, io::Read, path::Path};

use crate::model::ModelError;

/// What to do about a file that cannot be used, said once.
const REMEDY: &str = "fetch it again with `make setup`, or point the configuration to a GGUF file";

/// Whether the file exists, can be read and begins as GGUF files do.
///
/// # Errors
/// [`ModelError::Load`] naming the file.
pub(super) fn check_magic(path: &Path) -> Result<(), ModelError> {
    let refuse =
        |why: String| ModelError::Load(format!("model file {} {why}; {REMEDY}", path.display()));
    let mut file =
        File::open(path).map_err(|error| refuse(format!("cannot be opened ({error})")))?;
    let mut magic = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut magic)
        .map_err(|error| refuse(format!("cannot be read ({error})")))?;
    if magic == *b"GGUF" { Ok(()) } else { Err(refuse("is not a GGUF file".to_owned())) }
}

/// Whether the file holds every tensor that its header promises.
///
/// # Errors
/// [`ModelError::Load`] with both sizes when the file is cut short.
pub(super) fn check_complete(path: &Path) -> Result<(), ModelError> {
    let refuse =
        |why: String| ModelError::Load(format!("model file {} {why}; {REMEDY}", path.display()));
    let size =
        std::fs::metadata(path).map_err(|error| refuse(format!("cannot be read ({error})")))?.len();
    match promised_size(path) {
        None => Err(refuse("is damaged or cut short: its header cannot be read".to_owned())),
        Some(promised) if promised > size => Err(refuse(format!(
            "is cut short: it has {size} bytes, its header promises {promised}"
        ))),
        Some(_) => Ok(()),
    }
}

/// The end of the last tensor in bytes, as the header tells; `None` when there is no readable header.
#[expect(
    unsafe_code,
    reason = "llama-cpp-2 does not wrap the tensor table, and GGUF's sizes depend on ggml's types"
)]
fn promised_size(path: &Path) -> Option<u64> {
    use llama_cpp_sys_2 as sys;
    let name = CString::new(path.to_str()?).ok()?;
    let params = sys::gguf_init_params { no_alloc: true, ctx: std::ptr::null_mut() };
    // SAFETY: `name` is a C string that outlives the call; with `no_alloc` and no `ctx` only the
    // header is read. The result is null or ours to free, is only read, and is freed once below.
    unsafe {
        let header = sys::gguf_init_from_file(name.as_ptr(), params);
        if header.is_null() {
            return None;
        }
        let data = sys::gguf_get_data_offset(header);
        let end = (0..sys::gguf_get_n_tensors(header))
            .map(|tensor| {
                let offset = sys::gguf_get_tensor_offset(header, tensor);
                let size = sys::gguf_get_tensor_size(header, tensor);
                data.saturating_add(offset).saturating_add(size)
            })
            .max()
            .unwrap_or(data);
        sys::gguf_free(header);
        u64::try_from(end).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file_with(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn a_missing_file_is_named_with_what_to_do() {
        let message = check_magic(Path::new("/no/such/model.gguf")).unwrap_err().to_string();
        assert!(message.contains("/no/such/model.gguf"), "{message}");
        assert!(message.contains("make setup"), "{message}");
    }

    #[test]
    fn a_text_file_is_not_gguf() {
        let file = file_with(b"version https://git-lfs.github.com/spec/v1\n");
        let message = check_magic(file.path()).unwrap_err().to_string();
        assert!(message.contains("is not a GGUF file"), "{message}");
    }

    #[test]
    fn an_empty_file_is_not_gguf() {
        let file = file_with(b"");
        assert!(check_magic(file.path()).is_err());
    }

    #[test]
    fn a_header_cut_short_is_damaged() {
        // Starting it sends its log to `tracing`.
        crate::model::engine::weights::backend().unwrap();
        let file = file_with(b"GGUF\x03\0\0\0\x10\0\0\0");
        assert!(check_magic(file.path()).is_ok());
        let message = check_complete(file.path()).unwrap_err().to_string();
        assert!(message.contains("cut short"), "{message}");
    }
}
