//! The form in which a small model is evaluated on a processor: its adapter merged in, its matrices as `Q8_0`.
//!
//! llama.cpp multiplies several types without packed kernels (`Q4_1` among them), and an adapter costs
//! two more products for each matrix. For a model that fits the cache many times over neither saves
//! anything, so both are settled once, in a file of their own beside the models. 8 bits keep what 4
//! held and what the adapter adds; larger models are bound by memory, and are left as they are.

use std::{
    collections::BTreeSet,
    ffi::{CStr, CString, c_void},
    fs, io,
    path::{Path, PathBuf},
    ptr, slice,
};

use llama_cpp_sys_2 as sys;
use sha2::{Digest as _, Sha256};

use super::{EngineOptions, gguf::Facts, whole};
use crate::model::{ModelManifest, manifest};

/// Models with more weights than this are bound by memory, which more bits only slow down.
const MOST_PARAMETERS: u64 = 500_000_000;
/// Changes when the same files would be written differently.
const VERSION: u32 = 1;
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

/// Finds or writes the form of a model; nothing where the files are better used as they are, or where
/// no exact form can be made of them: then llama.cpp takes them as they are, or says what is wrong.
pub(super) fn of(options: &EngineOptions, facts: &Facts, manifest: &ModelManifest) -> Option<Form> {
    let folder = options.forms.as_ref()?;
    let adapter = options.adapter.as_ref().map(|adapter| adapter.path.as_path());
    let on_processor = !cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));
    let as_it_should_be = facts.quantisation == "Q8_0" && adapter.is_none();
    if !on_processor || facts.parameters > MOST_PARAMETERS || as_it_should_be {
        return None;
    }
    let path = folder.join(format!("{}.gguf", key(manifest)));
    find(&path).or_else(|| match write(&options.model_path, adapter, folder, &path) {
        Ok(sha256) => Some(Form { path, sha256 }),
        Err(why) => {
            let folder = folder.display();
            tracing::warn!(%folder, why, "the model is used as it is, which is slower");
            None
        }
    })
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

/// Writes the form, then its hash, and returns that.
///
/// # Errors
/// In words, when the folder cannot be written, or the adapter cannot be merged exactly.
fn write(
    model: &Path,
    adapter: Option<&Path>,
    folder: &Path,
    path: &Path,
) -> Result<String, String> {
    let open =
        |file: &Path| Gguf::open(file).ok_or_else(|| format!("{} cannot be read", file.display()));
    let (model, adapter) = (open(model)?, adapter.map(open).transpose()?);
    let changed = model.merged(adapter.as_ref())?;
    fs::create_dir_all(folder)
        .and_then(|()| whole::write(path, |unfinished| model.write(&changed, unfinished)))
        .map_err(|error| error.to_string())?;
    let sha256 = manifest::hash_file(path).map_err(|error| error.to_string())?;
    fs::write(path.with_extension("sha256"), &sha256).map_err(|error| error.to_string())?;
    trim(folder);
    Ok(sha256)
}

/// Keeps the newest forms, unfinished ones among them. What cannot be removed stays; it does no harm.
fn trim(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_form = |path: &Path| {
        path.extension().is_some_and(|kind| kind == "gguf" || kind == whole::UNFINISHED)
    };
    let mut forms: Vec<_> = entries
        .flatten()
        .filter(|entry| is_form(&entry.path()))
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
struct Added {
    /// `rank` rows as long as the matrix's.
    a: Vec<f32>,
    /// As many rows as the matrix, each `rank` long.
    b: Vec<f32>,
    rank: usize,
    scale: f32,
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

    /// The matrices that change: in 8 bits, with the adapter's products added.
    ///
    /// # Errors
    /// In words, when anything of the adapter would be lost.
    fn merged(&self, adapter: Option<&Self>) -> Result<Vec<(&CStr, Vec<u8>)>, String> {
        let mut waiting: BTreeSet<&CStr> = adapter.into_iter().flat_map(Self::names).collect();
        let mut changed = Vec::new();
        for name in self.names() {
            let Some(tensor) = self.tensor(name) else { continue };
            let factor = |suffix: &str| {
                let factor = CString::new(format!("{}.lora_{suffix}", name.to_string_lossy()));
                factor.ok().and_then(|factor| adapter?.tensor(&factor).map(|found| (factor, found)))
            };
            let factors = factor("a").zip(factor("b"));
            let added = adapter
                .zip(factors.as_ref())
                .and_then(|(adapter, ((_, a), (_, b)))| adapter.product(tensor, a, b));
            let as_it_should_be = tensor.type_ == sys::GGML_TYPE_Q8_0 && added.is_none();
            if as_it_should_be || !can_be_rewritten(tensor, name) {
                continue;
            }
            let Some(data) = rewritten(tensor, added.as_ref()) else { continue };
            changed.push((name, data));
            if let Some(((a, _), (b, _))) = factors.filter(|_| added.is_some()) {
                waiting.remove(a.as_c_str());
                waiting.remove(b.as_c_str());
            }
        }
        match waiting.first() {
            None => Ok(changed),
            Some(left) => {
                Err(format!("{} of the adapter cannot be merged", left.to_string_lossy()))
            }
        }
    }

    /// Writes this model with the matrices that are `changed`.
    fn write(&self, changed: &[(&CStr, Vec<u8>)], path: &Path) -> io::Result<()> {
        let c_path = path.to_str().and_then(|path| CString::new(path).ok());
        let c_path = c_path.ok_or_else(|| io::Error::other("its path is no text"))?;
        // SAFETY: the new header copies keys and the description of each tensor, and keeps pointers to
        // data that live until it is written: this file's, and `changed`'s, each of Q8_0's size.
        let done = unsafe {
            let header = sys::gguf_init_empty();
            sys::gguf_set_kv(header, self.header);
            for name in self.names() {
                let Some(tensor) = self.tensor(name) else { continue };
                sys::gguf_add_tensor(header, tensor);
                if let Some((_, data)) = changed.iter().find(|(other, _)| *other == name) {
                    let data = data.as_ptr().cast::<c_void>();
                    sys::gguf_set_tensor_type(header, name.as_ptr(), sys::GGML_TYPE_Q8_0);
                    sys::gguf_set_tensor_data(header, name.as_ptr(), data);
                }
            }
            let done = sys::gguf_write_to_file(header, c_path.as_ptr(), false);
            sys::gguf_free(header);
            done
        };
        if done { Ok(()) } else { Err(io::Error::other("it cannot be written: is the disk full?")) }
    }

    /// What this adapter's factors add to a matrix; nothing where their shapes are not its own.
    fn product(
        &self,
        matrix: &sys::ggml_tensor,
        a: &sys::ggml_tensor,
        b: &sys::ggml_tensor,
    ) -> Option<Added> {
        let fits = a.ne[0] == matrix.ne[0] && b.ne[1] == matrix.ne[1] && a.ne[1] == b.ne[0];
        let rank = usize::try_from(a.ne[1]).ok().filter(|rank| fits && *rank > 0)?;
        let alpha = self.number(c"adapter.lora.alpha").filter(|alpha| *alpha != 0.0);
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let scale = alpha.map_or(1.0, |alpha| alpha / rank as f32);
        Some(Added { a: floats(a)?, b: floats(b)?, rank, scale })
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

/// Whether it is a block's matrix that fits 8-bit blocks. What the model reads tokens from and writes
/// them with stays as it is: its answers hang on it, and it is looked up, not multiplied.
fn can_be_rewritten(tensor: &sys::ggml_tensor, name: &CStr) -> bool {
    let is_matrix = tensor.ne[1] > 1 && tensor.ne[2] == 1 && tensor.ne[0] % 32 == 0;
    is_matrix && name.to_bytes().starts_with(b"blk.")
}

/// The matrix in 8 bits with what is added.
fn rewritten(tensor: &sys::ggml_tensor, added: Option<&Added>) -> Option<Vec<u8>> {
    let mut matrix = floats(tensor)?;
    let columns = usize::try_from(tensor.ne[0]).ok()?;
    if let Some(added) = added {
        let rows = matrix.chunks_exact_mut(columns).zip(added.b.chunks_exact(added.rank));
        for (row, weights) in rows {
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
