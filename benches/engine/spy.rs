//! Models that are watched: how long they took and what they answered.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use sereno::{
    domain::CaptionId,
    model::{
        Completion, GenerateRequest, LanguageModel, Learned, ModelError, ModelManifest,
        classify::{Classifier, ClassifierRead, Head},
    },
};

/// A language model that keeps what it answers.
pub(super) struct Spy {
    inner: Arc<dyn LanguageModel>,
    learned: Option<Learned>,
    seen: Mutex<(Duration, Vec<Completion>)>,
}

impl Spy {
    /// A server does not say what its model has learned, so it is said here, of both alike.
    pub(super) fn new(inner: Arc<dyn LanguageModel>, learned: Option<Learned>) -> Self {
        Self { inner, learned, seen: Mutex::default() }
    }

    /// Time in the model so far.
    pub(super) fn time(&self) -> Duration {
        self.seen.lock().unwrap().0
    }

    /// Forgets what it has seen.
    pub(super) fn forget(&self) {
        *self.seen.lock().unwrap() = Default::default();
    }

    /// Sampled of emitted tokens, an answer each: without the free text at its end, and with it.
    pub(super) fn shares(&self) -> [Vec<f64>; 2] {
        let seen = self.seen.lock().unwrap();
        let (mut record, mut report) = (Vec::new(), Vec::new());
        for completion in &seen.1 {
            let emitted = completion.usage.sampled_tokens + completion.usage.forced_tokens;
            report.push(completion.choices.len() as f64 / f64::from(emitted));
            let end = completion.text.find("\"why\":\"").unwrap_or(completion.text.len());
            let before = completion.choices.iter().filter(|choice| choice.offset < end).count();
            let text = self.inner.count_tokens(&completion.text[..end]);
            record.push(before as f64 / text as f64);
        }
        [record, report]
    }
}

#[async_trait]
impl LanguageModel for Spy {
    fn manifest(&self) -> &ModelManifest {
        self.inner.manifest()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }

    fn context_tokens(&self) -> usize {
        self.inner.context_tokens()
    }

    fn learned(&self) -> Option<&Learned> {
        self.learned.as_ref()
    }

    async fn generate(&self, request: GenerateRequest) -> Result<Completion, ModelError> {
        let begun = Instant::now();
        let answer = self.inner.generate(request).await;
        let mut seen = self.seen.lock().unwrap();
        seen.0 += begun.elapsed();
        seen.1.extend(answer.as_ref().ok().cloned());
        answer
    }
}

/// A classifier that is timed.
pub(super) struct Slow {
    inner: Arc<dyn Classifier>,
    seen: Mutex<Duration>,
}

impl Slow {
    pub(super) fn new(inner: Arc<dyn Classifier>) -> Self {
        Self { inner, seen: Mutex::default() }
    }

    /// Time in the classifier so far.
    pub(super) fn time(&self) -> Duration {
        *self.seen.lock().unwrap()
    }
}

#[async_trait]
impl Classifier for Slow {
    fn head_digest(&self) -> &str {
        self.inner.head_digest()
    }

    fn manifest(&self) -> &ModelManifest {
        self.inner.manifest()
    }

    async fn read(
        &self,
        sentences: &[(CaptionId, String)],
        head: Option<&Head>,
    ) -> Result<ClassifierRead, ModelError> {
        let begun = Instant::now();
        let read = self.inner.read(sentences, head).await;
        *self.seen.lock().unwrap() += begun.elapsed();
        read
    }
}
