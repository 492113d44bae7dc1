//! Sentence vectors from all-MiniLM-L6-v2 on ONNX Runtime, loaded at run time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::Tensor,
};
use tokenizers::{Encoding, PaddingParams, Tokenizer, TruncationParams};

use super::{ModelError, ModelManifest, SentenceEmbedder, manifest};

/// Numbers in a vector.
const WIDTH: usize = 384;
/// Tokens of a sentence that are read; what the model was trained on.
const LONGEST: usize = 128;
/// Sentences evaluated together.
const BATCH: usize = 32;
/// The graph's output: one vector per token.
const OUTPUT: &str = "last_hidden_state";

/// What to load and how to run it.
#[derive(Debug, Clone)]
pub struct EmbedOptions {
    /// The ONNX graph: `input_ids`, `attention_mask` and `token_type_ids` to `last_hidden_state`.
    pub model_path: PathBuf,
    /// Its `tokenizer.json`.
    pub tokenizer_path: PathBuf,
    /// `libonnxruntime.so` 1.24 or newer. One is loaded per process: the first that is named.
    pub runtime_path: PathBuf,
    /// SHA-256 that the graph must have, hex.
    pub expected_sha256: Option<String>,
    /// Threads that evaluate; at least one.
    pub threads: usize,
}

/// all-MiniLM-L6-v2. Evaluates one batch at a time, on the runtime's blocking threads.
pub struct MiniLm {
    manifest: ModelManifest,
    graph: Arc<Mutex<Graph>>,
}

impl MiniLm {
    /// Checks the files, loads them and embeds one sentence as a test. Blocks meanwhile.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what to do about it.
    pub fn load(options: &EmbedOptions) -> Result<Self, ModelError> {
        let sha256 =
            manifest::verify_file(&options.model_path, options.expected_sha256.as_deref())?;
        // A foreign library or graph may fail in ways that ort answers with a panic.
        let graph =
            catch_unwind(AssertUnwindSafe(|| Graph::open(options))).unwrap_or_else(|_| {
                Err(refuse(&options.runtime_path, "panicked while it was loaded"))
            })?;
        Ok(Self {
            manifest: ModelManifest {
                name: "all-MiniLM-L6-v2".to_owned(),
                sha256,
                adapter_sha256: None,
                form_sha256: None,
                runtime: "onnxruntime".to_owned(),
            },
            graph: Arc::new(Mutex::new(graph)),
        })
    }
}

#[async_trait]
impl SentenceEmbedder for MiniLm {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    async fn embed(&self, sentences: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let graph = Arc::clone(&self.graph);
        let sentences = sentences.to_vec();
        tokio::task::spawn_blocking(move || {
            // A session keeps nothing from one run to the next, so a poisoned lock holds a sound one.
            let mut graph = graph.lock().unwrap_or_else(PoisonError::into_inner);
            graph.embed(&sentences)
        })
        .await
        .map_err(|error| ModelError::Failed(format!("embedding: {error}")))?
    }
}

/// The session and its tokenizer.
struct Graph {
    session: Session,
    tokenizer: Tokenizer,
}

impl Graph {
    fn open(options: &EmbedOptions) -> Result<Self, ModelError> {
        let tokenizer = tokenizer(&options.tokenizer_path)?;
        let environment = environment(&options.runtime_path)?;
        let session = session(&environment, options)
            .map_err(|why| refuse(&options.model_path, &format!("cannot be loaded: {why}")))?;
        let mut graph = Self { session, tokenizer };
        let probe = ["A man stands at the gate.".to_owned()];
        graph
            .embed(&probe)
            .map_err(|error| refuse(&options.model_path, &format!("does not embed: {error}")))?;
        Ok(graph)
    }

    fn embed(&mut self, sentences: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(sentences.len());
        for batch in sentences.chunks(BATCH) {
            let texts: Vec<&str> = batch.iter().map(String::as_str).collect();
            let encodings = self
                .tokenizer
                .encode_batch(texts, true)
                .map_err(|error| failed(&error.to_string()))?;
            vectors.extend(self.evaluate(&encodings)?);
        }
        Ok(vectors)
    }

    /// One vector per encoding, all of which are padded to one length.
    fn evaluate(&mut self, encodings: &[Encoding]) -> Result<Vec<Vec<f32>>, ModelError> {
        let length = encodings.first().map_or(0, Encoding::len);
        let input = |numbers: fn(&Encoding) -> &[u32]| {
            let flat: Vec<i64> = encodings
                .iter()
                .flat_map(|encoding| numbers(encoding).iter().copied().map(i64::from))
                .collect();
            Tensor::from_array(([encodings.len(), length], flat))
                .map_err(|error| failed(&error.to_string()))
        };
        let inputs = ort::inputs! {
            "input_ids" => input(Encoding::get_ids)?,
            "attention_mask" => input(Encoding::get_attention_mask)?,
            "token_type_ids" => input(Encoding::get_type_ids)?,
        };
        let outputs = self.session.run(inputs).map_err(|error| failed(&error.to_string()))?;
        let (shape, states) = outputs
            .get(OUTPUT)
            .ok_or_else(|| failed(&format!("the graph has no output `{OUTPUT}`")))?
            .try_extract_tensor::<f32>()
            .map_err(|error| failed(&error.to_string()))?;
        if states.len() != encodings.len() * length * WIDTH {
            return Err(failed(&format!(
                "the graph's output has the shape {shape:?}, not [{}, {length}, {WIDTH}]",
                encodings.len()
            )));
        }
        Ok(encodings
            .iter()
            .zip(states.chunks_exact(length.max(1) * WIDTH))
            .map(|(encoding, states)| pool(encoding.get_attention_mask(), states))
            .collect())
    }
}

/// The mean of the vectors of the tokens that are not padding, scaled to length 1 (Sentence-BERT,
/// arXiv 1908.10084, as all-MiniLM-L6-v2 was trained).
fn pool(mask: &[u32], states: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; WIDTH];
    let tokens = states.chunks_exact(WIDTH);
    for (state, _) in tokens.zip(mask).filter(|&(_, &is_token)| is_token == 1) {
        for (total, value) in sum.iter_mut().zip(state) {
            *total += value;
        }
    }
    // The mean's divisor falls out of the scaling.
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut sum {
            *value /= length;
        }
    }
    sum
}

fn tokenizer(path: &Path) -> Result<Tokenizer, ModelError> {
    let mut tokenizer = Tokenizer::from_file(path)
        .map_err(|error| refuse(path, &format!("is no tokenizer: {error}")))?;
    let truncation = TruncationParams { max_length: LONGEST, ..TruncationParams::default() };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| refuse(path, &format!("cannot cut sentences: {error}")))?;
    tokenizer.with_padding(Some(PaddingParams::default()));
    Ok(tokenizer)
}

/// ONNX Runtime, of which a process has one.
fn environment(path: &Path) -> Result<Environment, ModelError> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    // Checked even if another library is loaded already, so that a wrong path is never hidden.
    if !path.is_file() {
        return Err(refuse(path, "is missing"));
    }
    let path = path.canonicalize().map_err(|error| refuse(path, &error.to_string()))?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let environment = ort::init_from(&path)
        .map_err(|error| refuse(&path, &format!("is no usable ONNX Runtime: {error}")))?
        .with_name("sereno")
        .with_telemetry(false)
        .build()
        .map_err(|error| refuse(&path, &format!("cannot be started: {error}")))?;
    *loaded = Some(environment.clone());
    Ok(environment)
}

fn session(environment: &Environment, options: &EmbedOptions) -> Result<Session, String> {
    let builder = Session::builder(environment).map_err(|error| error.to_string())?;
    builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|error| error.to_string())?
        .with_intra_threads(options.threads.max(1))
        .map_err(|error| error.to_string())?
        .commit_from_file(&options.model_path)
        .map_err(|error| error.to_string())
}

fn refuse(path: &Path, why: &str) -> ModelError {
    ModelError::Load(format!(
        "model file {} {why}; fetch it again with `make setup`",
        path.display()
    ))
}

fn failed(why: &str) -> ModelError {
    ModelError::Failed(format!("embedding: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token's vector: `value` at `place`, zeros elsewhere.
    fn state(place: usize, value: f32) -> Vec<f32> {
        let mut state = vec![0.0; WIDTH];
        state[place] = value;
        state
    }

    #[test]
    fn padding_has_no_part_in_the_mean() {
        let states = [state(0, 3.0), state(1, 4.0), state(2, 100.0)].concat();
        let vector = pool(&[1, 1, 0], &states);
        assert!((vector[0] - 0.6).abs() < 1e-6);
        assert!((vector[1] - 0.8).abs() < 1e-6);
        assert!(vector[2].abs() < 1e-6);
    }

    #[test]
    fn a_vector_of_zeros_stays_one() {
        let vector = pool(&[1], &vec![0.0; WIDTH]);
        assert!(vector.iter().all(|value| value.abs() < f32::EPSILON));
    }
}
