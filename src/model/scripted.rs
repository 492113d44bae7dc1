//! Models for tests alone: they answer what a script says, at once and always alike.

use std::{
    collections::VecDeque,
    hash::Hasher,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{
    Choice, Completion, GenerateRequest, LanguageModel, ModelError, ModelManifest,
    SentenceEmbedder, Usage,
};

type Script = dyn FnMut(&GenerateRequest) -> Result<Completion, ModelError> + Send;

/// A language model for tests alone: a closure answers, and every request is remembered.
pub struct ScriptedModel {
    manifest: ModelManifest,
    script: Mutex<Box<Script>>,
    requests: Mutex<Vec<GenerateRequest>>,
}

impl ScriptedModel {
    /// Answers each request by `script`.
    pub fn new(
        script: impl FnMut(&GenerateRequest) -> Result<Completion, ModelError> + Send + 'static,
    ) -> Self {
        Self {
            manifest: scripted_manifest("scripted"),
            script: Mutex::new(Box::new(script)),
            requests: Mutex::default(),
        }
    }

    /// Answers every request by the same text.
    pub fn answering(text: &str) -> Self {
        let text = text.to_owned();
        Self::new(move |_| Ok(completion(&text, &[])))
    }

    /// Answers by these in turn, then fails with a message that says so.
    pub fn queue(answers: impl IntoIterator<Item = Result<Completion, ModelError>>) -> Self {
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        Self::new(move |_| {
            answers
                .pop_front()
                .unwrap_or_else(|| Err(ModelError::Failed("no scripted answer is left".to_owned())))
        })
    }

    /// What has been asked so far, in order.
    pub fn requests(&self) -> Vec<GenerateRequest> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A scripted answer: `text`, and for each key its alternatives with their probabilities, the chosen one
/// first. A key's choice lies where [`Completion::choice_at`] looks for it; keys not in `text` are left out.
/// The margin is the logarithm of the first two probabilities' ratio, as softmax has it.
pub fn completion(text: &str, choices: &[(&str, &[(&str, f64)])]) -> Completion {
    let mut choices: Vec<_> = choices
        .iter()
        .filter_map(|(key, alternatives)| {
            let marker = format!("\"{key}\":\"");
            let offset = text.find(&marker)? + marker.len();
            let margin = match alternatives {
                [(_, first), (_, second), ..] if *second > 0.0 => (first / second).ln(),
                _ => f64::from(f32::MAX),
            };
            let alternatives = alternatives.iter();
            Some(Choice {
                offset,
                alternatives: alternatives
                    .map(|&(token, share)| (token.to_owned(), share))
                    .collect(),
                margin,
            })
        })
        .collect();
    choices.sort_by_key(|choice| choice.offset);
    let sampled_tokens = u32::try_from(choices.len()).unwrap_or(u32::MAX);
    Completion {
        text: text.to_owned(),
        choices,
        usage: Usage { sampled_tokens, ..Usage::default() },
    }
}

#[async_trait]
impl LanguageModel for ScriptedModel {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn context_tokens(&self) -> usize {
        4096
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script(&request)
    }
}

/// A sentence embedder for tests alone: sentences that share words point in like directions.
pub struct ScriptedEmbedder {
    manifest: ModelManifest,
}

impl ScriptedEmbedder {
    /// All are alike.
    pub fn new() -> Self {
        Self { manifest: scripted_manifest("scripted-words") }
    }
}

impl Default for ScriptedEmbedder {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl SentenceEmbedder for ScriptedEmbedder {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    async fn embed(&self, sentences: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(sentences.iter().map(|text| bag_of_words(text)).collect())
    }
}

fn scripted_manifest(name: &str) -> ModelManifest {
    ModelManifest {
        name: name.to_owned(),
        sha256: "0".repeat(64),
        adapter_sha256: None,
        form_sha256: None,
        runtime: "scripted".to_owned(),
    }
}

/// Counts each word at a place that its hash decides, and scales to length 1; no words give zeros.
fn bag_of_words(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0_f32; 384];
    let words = text.split(|character: char| !character.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        vector[place(&word.to_lowercase())] += 1.0;
    }
    let length = vector.iter().map(|count| count * count).sum::<f32>().sqrt();
    if length > 0.0 {
        for count in &mut vector {
            *count /= length;
        }
    }
    vector
}

/// FNV-1a, which stays the same from one build to the next.
fn place(word: &str) -> usize {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.write(word.as_bytes());
    usize::try_from(hash.finish() % 384).unwrap_or(0)
}

struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::model::Urgency;

    fn request() -> GenerateRequest {
        GenerateRequest {
            messages: Vec::new(),
            schema: Arc::new(serde_json::json!({})),
            max_tokens: 10,
            deadline: Duration::from_secs(1),
            seed: 0,
            urgency: Urgency::Routine,
        }
    }

    #[tokio::test]
    async fn answers_come_in_turn_and_then_run_out() {
        let model = ScriptedModel::queue([Ok(completion("{}", &[]))]);
        assert_eq!(model.generate(request()).await.unwrap().text, "{}");
        let spent = model.generate(request()).await;
        assert!(matches!(spent, Err(ModelError::Failed(_))));
        assert_eq!(model.requests().len(), 2);
    }

    #[test]
    fn a_scripted_choice_is_found_at_its_key() {
        let text = r#"{"why":"smoke","verdict":"real"}"#;
        let answer = completion(text, &[("verdict", &[("real", 0.8), ("false", 0.2)])]);
        let choice = answer.choice_at("verdict").unwrap();
        assert_eq!(choice.alternatives[0].0, "real");
        assert!((choice.margin - 4.0_f64.ln()).abs() < 1e-9);
        assert!(answer.choice_at("why").is_none());
    }

    #[tokio::test]
    async fn shared_words_point_in_like_directions() {
        let sentences = ["A man runs.", "a MAN runs", "Smoke over a roof", ""];
        let sentences: Vec<_> = sentences.into_iter().map(str::to_owned).collect();
        let vectors = ScriptedEmbedder::new().embed(&sentences).await.unwrap();
        let cosine = |a: usize, b: usize| -> f32 {
            let pairs = vectors[a].iter().zip(&vectors[b]);
            pairs.map(|(x, y)| x * y).sum()
        };
        assert!((cosine(0, 1) - 1.0).abs() < 1e-6);
        assert!(cosine(0, 2) < 0.9);
        assert!(cosine(3, 3).abs() < 1e-6);
    }
}
