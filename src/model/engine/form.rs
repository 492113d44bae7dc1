//! The form in which a small model is evaluated on a processor: its adapter merged in, its matrices as `Q8_0`.
//!
//! llama.cpp multiplies several types without packed kernels (`Q4_1` among them), and an adapter costs
//! two more products for each matrix. For a model that fits the cache many times over neither saves
//! anything, so both are settled once, in a file of their own beside the models. 8 bits keep what 4
//! held and what the adapter adds; larger models are bound by memory, and are left as they are.

use std::{
    ffi::{CStr, CString, c_void},
    fs,
    path::{Path, PathBuf},
    ptr, slice,
};

use llama_cpp_sys_2 as sys;
use sha2::{Digest as _, Sha256};

use super::{EngineOptions, gguf::Facts};
use crate::model::{ModelError, ModelManifest, manifest};

/// Models with more weights than this are bound by memory, which more bits only slow down.
const MOST_PARAMETERS: u64 = 500_000_000;
/// Changes when the same files would be written differently.
const VERSION: u32 = 1;
/// What to do about an adapter that does not fit.
const REMEDY: &str = "use it with the model that it was trained on, or none (`adapter = \"\"`)";
/// Forms that are kept: of the model in use, of the one before it, and of one that is tried.
const KEPT: usize = 3;

/// A model file that is evaluated in place of another.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// The file; its adapter is part of it.
    pub path: PathBuf,
    /// Its SHA-256, hex.
    pub sha256: String,
}

/// Finds or writes the form of a model; nothing where the files are better used as they are.
///
/// # Errors
/// [`ModelError::Load`] when the adapter's shapes are not the model's.
pub(super) fn of(
    options: &EngineOptions,
    facts: &Facts,
    manifest: &ModelManifest,
) -> Result<Option<Form>, ModelError> {
    let Some(folder) = &options.forms else { return Ok(None) };
    let adapter = options.adapter.as_ref().map(|adapter| adapter.path.as_path());
    let on_processor = !cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));
    let as_it_should_be = facts.quantisation == "Q8_0" && adapter.is_none();
    if !on_processor || facts.parameters > MOST_PARAMETERS || as_it_should_be {
        return Ok(None);
    }
    let path = folder.join(format!("{}.gguf", key(manifest)));
    if let Some(form) = find(&path) {
        return Ok(Some(form));
    }
    match write(&options.model_path, adapter, folder, &path) {
        Ok(sha256) => Ok(Some(Form { path, sha256 })),
        Err(Trouble::Adapter(why)) => Err(ModelError::Load(why)),
        Err(Trouble::File(why)) => {
            tracing::warn!(folder = %folder.display(), why, "the model is used as it is, which is slower");
            Ok(None)
        }
    }
}

/// Why there is no form.
enum Trouble {
    /// The adapter does not fit.
    Adapter(String),
    /// The disk is full, the folder read-only, the file unreadable: the model itself may be fine.
    File(String),
}

/// Names the form by all that it is made of.
fn key(manifest: &ModelManifest) -> String {
    let adapter = manifest.adapter_sha256.as_deref().unwrap_or("-");
    let made_of = format!("{} {adapter} q8_0 {VERSION}", manifest.sha256);
    hex::encode(&Sha256::digest(made_of)[..16])
}

/// The form, where it is whole: its hash stands beside it.
fn find(path: &Path) -> Option<Form> {
    let expected = fs::read_to_string(path.with_extension("sha256")).ok()?;
    let sha256 = manifest::hash_file(path).ok()?;
    (sha256 == expected.trim()).then(|| Form { path: path.to_owned(), sha256 })
}

/// Writes the form beside its place and renames it, then its hash: a half-written one is never found.
fn write(
    model: &Path,
    adapter: Option<&Path>,
    folder: &Path,
    path: &Path,
) -> Result<String, Trouble> {
    let failed = |error: std::io::Error| Trouble::File(error.to_string());
    fs::create_dir_all(folder).map_err(failed)?;
    let model = Gguf::open(model).ok_or_else(|| Trouble::File("it cannot be read".to_owned()))?;
    let adapter = match adapter {
        None => None,
        Some(file) => Some(Gguf::open(file).ok_or_else(|| {
            Trouble::Adapter(format!("model file {} cannot be read", file.display()))
        })?),
    };
    let part = path.with_extension(format!("part-{}", std::process::id()));
    model.write_merged(adapter.as_ref(), &part)?;
    let written = fs::File::open(&part).and_then(|file| file.sync_all());
    written.and_then(|()| fs::rename(&part, path)).map_err(failed)?;
    let sha256 = manifest::hash_file(path).map_err(|error| Trouble::File(error.to_string()))?;
    fs::write(path.with_extension("sha256"), &sha256).map_err(failed)?;
    trim(folder);
    Ok(sha256)
}

/// Keeps the newest forms. What cannot be removed stays; it does no harm.
fn trim(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut forms: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "gguf"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    forms.sort();
    for (_, old) in forms.iter().rev().skip(KEPT) {
        let _stays =
            fs::remove_file(old).and_then(|()| fs::remove_file(old.with_extension("sha256")));
    }
}

/// A GGUF file with all its tensors in memory.
struct Gguf {
    header: *mut sys::gguf_context,
    tensors: *mut sys::ggml_context,
}

/// A matrix that an adapter adds to another: `scale · b · a`.
struct Added<'a> {
    /// `rank` rows as long as the matrix's.
    a: Vec<f32>,
    /// As many rows as the matrix, each `rank` long.
    b: Vec<f32>,
    rank: usize,
    scale: f32,
    name: &'a CStr,
}

#[expect(unsafe_code, reason = "llama-cpp-2 does not wrap the tensors of a file, nor ggml's types")]
impl Gguf {
    fn open(path: &Path) -> Option<Self> {
        let name = CString::new(path.to_str()?).ok()?;
        let mut tensors = ptr::null_mut();
        let params = sys::gguf_init_params { no_alloc: false, ctx: &raw mut tensors };
        // SAFETY: the name is a C string, and `tensors` outlives the call; the header is null or ours.
        let header = unsafe { sys::gguf_init_from_file(name.as_ptr(), params) };
        (!header.is_null()).then_some(Self { header, tensors })
    }

    fn names(&self) -> impl Iterator<Item = &CStr> {
        // SAFETY: indices are below the count; names live as long as the header.
        (0..unsafe { sys::gguf_get_n_tensors(self.header) })
            .map(|index| unsafe { CStr::from_ptr(sys::gguf_get_tensor_name(self.header, index)) })
    }

    fn tensor(&self, name: &CStr) -> Option<&sys::ggml_tensor> {
        // SAFETY: null, or a tensor that lives as long as the context.
        unsafe { sys::ggml_get_tensor(self.tensors, name.as_ptr()).as_ref() }
    }

    fn number(&self, key: &CStr) -> Option<f32> {
        // SAFETY: the key's type is asked before its value is read as that.
        unsafe {
            let index = sys::gguf_find_key(self.header, key.as_ptr());
            let known =
                index >= 0 && sys::gguf_get_kv_type(self.header, index) == sys::GGUF_TYPE_FLOAT32;
            known.then(|| sys::gguf_get_val_f32(self.header, index))
        }
    }

    /// Writes the model with every matrix in 8 bits and the adapter's products added.
    fn write_merged(&self, adapter: Option<&Self>, path: &Path) -> Result<(), Trouble> {
        let c_path = path.to_str().and_then(|path| CString::new(path).ok());
        let c_path = c_path.ok_or_else(|| Trouble::File("its path is no text".to_owned()))?;
        if let Some(adapter) = adapter {
            adapter.check_targets(self)?;
        }
        let mut changed = Vec::new();
        for name in self.names() {
            let Some(tensor) = self.tensor(name) else { continue };
            let added = match adapter {
                Some(adapter) => adapter.added(name, tensor)?,
                None => None,
            };
            if let Some(data) = rewritten(tensor, name, added.as_ref()) {
                changed.push((name, data));
            }
        }
        // SAFETY: the new header copies keys and the description of each tensor, and keeps pointers to
        // data that live until it is written: this file's, and `changed`'s, each of Q8_0's size.
        let done = unsafe {
            let header = sys::gguf_init_empty();
            sys::gguf_set_kv(header, self.header);
            for name in self.names() {
                let Some(tensor) = self.tensor(name) else { continue };
                sys::gguf_add_tensor(header, tensor);
                if let Some((_, data)) = changed.iter().find(|(other, _)| *other == name) {
                    sys::gguf_set_tensor_type(header, name.as_ptr(), sys::GGML_TYPE_Q8_0);
                    sys::gguf_set_tensor_data(
                        header,
                        name.as_ptr(),
                        data.as_ptr().cast::<c_void>(),
                    );
                }
            }
            let done = sys::gguf_write_to_file(header, c_path.as_ptr(), false);
            sys::gguf_free(header);
            done
        };
        if done {
            return Ok(());
        }
        let _half = fs::remove_file(path);
        Err(Trouble::File("it cannot be written: is the disk full?".to_owned()))
    }

    /// Whether all that this adapter changes is a block's matrix of `model`.
    fn check_targets(&self, model: &Self) -> Result<(), Trouble> {
        for name in self.names() {
            let name = name.to_string_lossy();
            let Some((target, _)) = name.split_once(".lora_") else { continue };
            let found = CString::new(target).is_ok_and(|target| model.tensor(&target).is_some());
            if !found {
                return Err(Trouble::Adapter(format!(
                    "the adapter was made for another model: this one has no {target}; {REMEDY}"
                )));
            }
            if !target.starts_with("blk.") {
                return Err(Trouble::File(format!("the adapter changes {target}")));
            }
        }
        Ok(())
    }

    /// What this adapter adds to the matrix of that name.
    fn added<'a>(
        &self,
        name: &'a CStr,
        matrix: &sys::ggml_tensor,
    ) -> Result<Option<Added<'a>>, Trouble> {
        let factor = |suffix: &str| {
            let name = CString::new(format!("{}.lora_{suffix}", name.to_string_lossy())).ok()?;
            self.tensor(&name)
        };
        let (Some(a), Some(b)) = (factor("a"), factor("b")) else { return Ok(None) };
        let misfit = || {
            Trouble::Adapter(format!(
                "the adapter was made for another model: its tensors do not fit {}; {REMEDY}",
                name.to_string_lossy()
            ))
        };
        if a.ne[0] != matrix.ne[0] || b.ne[1] != matrix.ne[1] || a.ne[1] != b.ne[0] {
            return Err(misfit());
        }
        let rank = usize::try_from(a.ne[1]).ok().filter(|rank| *rank > 0).ok_or_else(misfit)?;
        let alpha = self.number(c"adapter.lora.alpha").filter(|alpha| *alpha != 0.0);
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let scale = alpha.map_or(1.0, |alpha| alpha / rank as f32);
        let (Some(a), Some(b)) = (floats(a), floats(b)) else { return Err(misfit()) };
        Ok(Some(Added { a, b, rank, scale, name }))
    }
}

#[expect(unsafe_code, reason = "both were given by llama.cpp and are freed once")]
impl Drop for Gguf {
    fn drop(&mut self) {
        // SAFETY: made in `open`, freed here alone; tensors are not used after their context.
        unsafe {
            sys::gguf_free(self.header);
            sys::ggml_free(self.tensors);
        }
    }
}

/// The matrix in 8 bits with what is added; nothing where it should stay as it is. What the model
/// reads tokens from and writes them with stays: its answers hang on it, and it is looked up, not multiplied.
fn rewritten(tensor: &sys::ggml_tensor, name: &CStr, added: Option<&Added<'_>>) -> Option<Vec<u8>> {
    let is_matrix = tensor.ne[1] > 1 && tensor.ne[2] == 1 && tensor.ne[0] % 32 == 0;
    let is_block = name.to_bytes().starts_with(b"blk.");
    if !is_matrix || !is_block || (tensor.type_ == sys::GGML_TYPE_Q8_0 && added.is_none()) {
        return None;
    }
    let mut matrix = floats(tensor)?;
    let columns = usize::try_from(tensor.ne[0]).ok()?;
    if let Some(added) = added {
        debug_assert_eq!(added.name, name);
        for (row, weights) in matrix.chunks_exact_mut(columns).zip(added.b.chunks_exact(added.rank))
        {
            for (weight, along) in weights.iter().zip(added.a.chunks_exact(columns)) {
                let weight = weight * added.scale;
                row.iter_mut().zip(along).for_each(|(cell, part)| *cell += weight * part);
            }
        }
    }
    Some(quantised(&matrix, tensor.ne[1], tensor.ne[0]))
}

#[expect(unsafe_code, reason = "ggml's own conversion, by its own table")]
fn floats(tensor: &sys::ggml_tensor) -> Option<Vec<f32>> {
    // SAFETY: the tensor came out of a file that was checked whole; its data has `count` elements of its
    // type, and ggml's conversion writes as many floats.
    unsafe {
        let count = sys::ggml_nelements(tensor);
        let length = usize::try_from(count).ok()?;
        if tensor.type_ == sys::GGML_TYPE_F32 {
            return Some(slice::from_raw_parts(tensor.data.cast::<f32>(), length).to_vec());
        }
        let convert = (*sys::ggml_get_type_traits(tensor.type_)).to_float?;
        let mut floats = vec![0.0; length];
        convert(tensor.data, floats.as_mut_ptr(), count);
        Some(floats)
    }
}

#[expect(unsafe_code, reason = "ggml's own conversion")]
fn quantised(matrix: &[f32], rows: i64, columns: i64) -> Vec<u8> {
    // SAFETY: `bytes` has room for `rows` rows of Q8_0, which needs no importance matrix.
    unsafe {
        let row = sys::ggml_row_size(sys::GGML_TYPE_Q8_0, columns);
        let mut bytes = vec![0_u8; row.saturating_mul(usize::try_from(rows).unwrap_or(0))];
        let to = bytes.as_mut_ptr().cast::<c_void>();
        let from = matrix.as_ptr();
        sys::ggml_quantize_chunk(sys::GGML_TYPE_Q8_0, from, to, 0, rows, columns, ptr::null());
        bytes
    }
}
