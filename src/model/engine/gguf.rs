//! Checks a GGUF file before llama.cpp loads it, so that a bad one is named in words and never aborts.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{CStr, CString},
    fs::File,
    io::Read,
    path::Path,
};

use llama_cpp_2::gguf::GgufContext;
use llama_cpp_sys_2 as sys;
use serde::{Deserialize, Serialize};

use crate::model::{Learned, ModelError};

/// What to do about a file that cannot be used, said once.
const REMEDY: &str =
    "fetch it again (`make setup` gets the one that ships), or name another GGUF file";

/// What the header of a GGUF file tells about the model in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `general.architecture`: `llama`, `qwen3`.
    pub architecture: String,
    /// Weights, each counted once.
    pub parameters: u64,
    /// The type in which most bytes are kept: `Q4_1`, `F16`.
    pub quantisation: String,
    /// Tokens of context that it was trained for; 0 where the file does not say.
    pub trained_tokens: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// Reads the header of a whole GGUF file.
///
/// # Errors
/// [`ModelError::Load`] naming the file and what is wrong with it.
pub fn inspect(path: &Path) -> Result<Facts, ModelError> {
    super::weights::backend()?;
    check_magic(path)?;
    let tensors = check_complete(path)?;
    let header = Header::open(path)?;
    let architecture = header.text("general.architecture").unwrap_or_default();
    Ok(Facts {
        trained_tokens: header.number(&format!("{architecture}.context_length")).unwrap_or(0),
        architecture,
        parameters: tensors.parameters,
        quantisation: tensors.main_type,
        bytes: std::fs::metadata(path).map_or(0, |file| file.len()),
    })
}

/// Whether the file is a model that can be talked to: whole, with a vocabulary and a chat template.
/// Whether llama.cpp knows its architecture shows only when it is loaded.
///
/// # Errors
/// [`ModelError::Load`] naming the file and what it lacks.
pub(super) fn check_model(path: &Path) -> Result<Facts, ModelError> {
    let facts = inspect(path)?;
    let header = Header::open(path)?;
    let wrong = if header.text("general.type").as_deref() == Some("adapter") {
        "is an adapter, not a model; name the model that it was made for, and this one as its adapter"
    } else if is_part(path) {
        "is one part of a model that is split over several files; join them with llama.cpp's \
         `llama-gguf-split --merge` first"
    } else if !header.has("tokenizer.ggml.model") || !header.has("tokenizer.ggml.tokens") {
        "has no vocabulary, so no text can be read or written with it; get a complete GGUF file"
    } else if !header.has("tokenizer.chat_template")
        // llama.cpp knows the template of the one popular model that was published without.
        && header.text("tokenizer.ggml.pre").as_deref() != Some("tekken")
    {
        "carries no chat template; use the `instruct` or `chat` version of the model"
    } else {
        return Ok(facts);
    };
    Err(refuse(path, wrong))
}

/// Whether the file is a LoRA adapter in llama.cpp's format for this model of this architecture.
/// Whether its shapes fit shows only when it is loaded.
///
/// # Errors
/// [`ModelError::Load`] naming the file and what does not fit.
pub(super) fn check_adapter(
    path: &Path,
    model: &Path,
    architecture: &str,
) -> Result<(), ModelError> {
    check_magic(path)?;
    let tensors = check_complete(path)?;
    let header = Header::open(path)?;
    if header.text("general.type").as_deref() != Some("adapter") {
        return Err(refuse(
            path,
            "is not an adapter; make one with llama.cpp's convert_lora_to_gguf",
        ));
    }
    let kind = header.text("adapter.type").unwrap_or_default();
    if kind != "lora" || header.has("adapter.alora.invocation_tokens") {
        return Err(refuse(path, "is an adapter of another kind; only plain LoRA can be used"));
    }
    // llama.cpp aborts where this is of another type.
    if header.has("adapter.lora.alpha") && !header.is("adapter.lora.alpha", sys::GGUF_TYPE_FLOAT32)
    {
        return Err(refuse(path, "has an `adapter.lora.alpha` that is not a 32-bit float"));
    }
    let made_for = header.text("general.architecture").unwrap_or_default();
    if made_for == architecture {
        // Where one matrix reads tokens and writes them, llama.cpp takes such an adapter for one of
        // the other kind, and aborts.
        let changes_tokens = tensors.names.iter().any(|name| name.starts_with("token_embd."));
        if changes_tokens && !check_complete(model)?.names.contains("output.weight") {
            return Err(refuse(
                path,
                "changes the tokens' own vectors, which this model also writes with, and llama.cpp \
                 cannot evaluate that; train it without them",
            ));
        }
        return Ok(());
    }
    Err(refuse(
        path,
        &format!(
            "was made for another model: its architecture is `{made_for}`, the model's is \
             `{architecture}`; use the adapter with the model that it was trained on, or none \
             (`adapter = \"\"`)"
        ),
    ))
}

/// What an adapter says of its training, where it was trained for Sereno: `sereno.prompts` and, as
/// midpoint and stretch with a space between them, `sereno.danger`.
pub(super) fn learned(adapter: &Path) -> Option<Learned> {
    let header = Header::open(adapter).ok()?;
    let prompts = header.text("sereno.prompts")?;
    let measured = header.text("sereno.danger")?;
    let (midpoint, stretch) = measured.split_once(' ')?;
    let (midpoint, stretch) = (midpoint.parse::<f64>().ok()?, stretch.parse::<f64>().ok()?);
    Some(Learned { prompts, midpoint, stretch }).filter(|_| midpoint.is_finite() && stretch > 0.0)
}

fn refuse(path: &Path, why: &str) -> ModelError {
    ModelError::Load(format!("model file {} {why}", path.display()))
}

/// llama.cpp finds the parts of a split model by their names: `…-00001-of-00003.gguf`.
fn is_part(path: &Path) -> bool {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    stem.rsplit_once("-of-").is_some_and(|(head, count)| {
        number(count) && head.rsplit_once('-').is_some_and(|(_, part)| number(part))
    })
}

/// The keys and values at the beginning of a file.
struct Header(GgufContext);

impl Header {
    fn open(path: &Path) -> Result<Self, ModelError> {
        GgufContext::from_file(path).map(Self).ok_or_else(|| unreadable(path))
    }

    fn has(&self, key: &str) -> bool {
        self.0.find_key(key) >= 0
    }

    /// llama.cpp aborts the process when a value is read as what it is not, so ask first.
    fn is(&self, key: &str, kind: sys::gguf_type) -> bool {
        let index = self.0.find_key(key);
        index >= 0 && self.0.kv_type(index) == kind
    }

    fn text(&self, key: &str) -> Option<String> {
        let found = self.is(key, sys::GGUF_TYPE_STRING);
        found.then(|| self.0.val_str(self.0.find_key(key)).map(str::to_owned)).flatten()
    }

    fn number(&self, key: &str) -> Option<u64> {
        let index = self.0.find_key(key);
        if self.is(key, sys::GGUF_TYPE_UINT32) {
            Some(u64::from(self.0.val_u32(index)))
        } else {
            self.is(key, sys::GGUF_TYPE_UINT64).then(|| self.0.val_u64(index))
        }
    }
}

/// Whether the file exists, can be read and begins as GGUF files do.
///
/// # Errors
/// [`ModelError::Load`] naming the file.
fn check_magic(path: &Path) -> Result<(), ModelError> {
    let refuse = |why: &str| refuse(path, &format!("{why}; {REMEDY}"));
    let mut file =
        File::open(path).map_err(|error| refuse(&format!("cannot be opened ({error})")))?;
    let mut magic = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut magic)
        .map_err(|error| refuse(&format!("cannot be read ({error})")))?;
    if magic == *b"GGUF" { Ok(()) } else { Err(refuse("is not a GGUF file")) }
}

/// Whether the file holds every tensor that its header promises.
///
/// # Errors
/// [`ModelError::Load`] with both sizes when the file is cut short.
fn check_complete(path: &Path) -> Result<Tensors, ModelError> {
    let refuse = |why: &str| refuse(path, &format!("{why}; {REMEDY}"));
    let size = std::fs::metadata(path)
        .map_err(|error| refuse(&format!("cannot be read ({error})")))?
        .len();
    let tensors = Tensors::of(path).ok_or_else(|| unreadable(path))?;
    if tensors.end > size {
        let promised = tensors.end;
        return Err(refuse(&format!(
            "is cut short: it has {size} bytes, its header promises {promised}"
        )));
    }
    Ok(tensors)
}

fn unreadable(path: &Path) -> ModelError {
    refuse(path, &format!("is damaged or cut short: its header cannot be read; {REMEDY}"))
}

/// What the table of tensors tells.
#[derive(Debug)]
struct Tensors {
    /// The end of the last one, in bytes from the beginning of the file.
    end: u64,
    /// Their elements together.
    parameters: u64,
    /// The type in which most bytes are kept.
    main_type: String,
    /// What they are called.
    names: BTreeSet<String>,
}

impl Tensors {
    /// Reads the table; `None` when there is no readable header.
    #[expect(
        unsafe_code,
        reason = "llama-cpp-2 does not wrap the tensor table, and GGUF's sizes depend on ggml's types"
    )]
    fn of(path: &Path) -> Option<Self> {
        let name = CString::new(path.to_str()?).ok()?;
        let params = sys::gguf_init_params { no_alloc: true, ctx: std::ptr::null_mut() };
        let (mut tensors, mut names) = (Vec::new(), BTreeSet::new());
        // SAFETY: `name` is a C string that outlives the call; with `no_alloc` and no `ctx` only the
        // header is read, and every type in it is checked. The result is null or ours to free, is
        // only read, with indices below its count, and is freed once below.
        let data = unsafe {
            let header = sys::gguf_init_from_file(name.as_ptr(), params);
            if header.is_null() {
                return None;
            }
            for index in 0..sys::gguf_get_n_tensors(header) {
                tensors.push((
                    sys::gguf_get_tensor_offset(header, index),
                    sys::gguf_get_tensor_size(header, index),
                    sys::gguf_get_tensor_type(header, index),
                ));
                let name = CStr::from_ptr(sys::gguf_get_tensor_name(header, index));
                names.insert(name.to_string_lossy().into_owned());
            }
            let data = sys::gguf_get_data_offset(header);
            sys::gguf_free(header);
            data
        };
        let mut bytes_of = BTreeMap::<sys::ggml_type, u64>::new();
        let (mut end, mut parameters) = (data, 0_u64);
        for (offset, size, kind) in tensors {
            end = end.max(data.saturating_add(offset).saturating_add(size));
            // SAFETY: both look the type up in ggml's table, and it came out of a checked header.
            let (block_bytes, block) =
                unsafe { (sys::ggml_type_size(kind), sys::ggml_blck_size(kind)) };
            let blocks = u64::try_from(size / block_bytes.max(1)).ok()?;
            parameters =
                parameters.saturating_add(blocks.saturating_mul(u64::try_from(block).ok()?));
            *bytes_of.entry(kind).or_default() += u64::try_from(size).ok()?;
        }
        let main = bytes_of.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(kind, _)| kind);
        let main_type = main.map_or_else(String::new, |kind| {
            // SAFETY: a constant C string of ggml's table.
            let name = unsafe { CStr::from_ptr(sys::ggml_type_name(kind)) };
            name.to_string_lossy().to_uppercase()
        });
        Some(Self { end: u64::try_from(end).ok()?, parameters, main_type, names })
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

    #[test]
    fn parts_of_a_split_model_are_known_by_their_names() {
        assert!(is_part(Path::new("/m/qwen-00001-of-00003.gguf")));
        assert!(!is_part(Path::new("/m/one-of-a-kind.gguf")));
        assert!(!is_part(Path::new("/m/qwen-1-of-3.gguf")));
    }
}
