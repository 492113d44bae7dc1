//! The second, independent read: how near each caption sentence is to harmful and harmless acts.

use std::sync::Arc;

use async_trait::async_trait;

use super::{ModelError, ModelManifest, SentenceEmbedder};
use crate::domain::CaptionId;

/// What the second read says of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierRead {
    /// Probability of a threat, 0 to 1. Not calibrated.
    pub threat: f64,
    /// The caption whose sentence weighs most.
    pub nearest: Option<CaptionId>,
}

/// A read of the captions that does not ask the language model.
#[async_trait]
pub trait Classifier: Send + Sync {
    /// What is loaded.
    fn manifest(&self) -> &ModelManifest;

    /// Whether it can read.
    fn is_ready(&self) -> bool {
        true
    }

    /// Reads the sentences of one alarm. More sentences never lower the threat, so that text
    /// added to a scene cannot make it look harmless. No sentence gives an error.
    async fn read(&self, sentences: &[(CaptionId, String)]) -> Result<ClassifierRead, ModelError>;
}

/// Zero-shot: compares with written descriptions; needs no labels.
pub struct ZeroShot {
    embedder: Arc<dyn SentenceEmbedder>,
    harmful: Vec<Vec<f32>>,
    harmless: Vec<Vec<f32>>,
}

/// Cosine differences lie within about ±0.4; this spreads them over the probabilities.
const STEEPNESS: f64 = 12.0;
/// Where a sentence is as near to harm as to harmlessness. The nearest of several sentences is
/// taken, which by chance alone lies somewhat on the harmful side.
const MIDPOINT: f64 = 0.05;

impl ZeroShot {
    /// Embeds the descriptions once.
    ///
    /// # Errors
    /// When the embedder fails.
    pub async fn new(
        embedder: Arc<dyn SentenceEmbedder>,
        harmful: &[String],
        harmless: &[String],
    ) -> Result<Self, ModelError> {
        let harmful = embedder.embed(harmful).await?;
        let harmless = embedder.embed(harmless).await?;
        Ok(Self { embedder, harmful, harmless })
    }
}

#[async_trait]
impl Classifier for ZeroShot {
    fn manifest(&self) -> &ModelManifest {
        self.embedder.manifest()
    }

    async fn read(&self, sentences: &[(CaptionId, String)]) -> Result<ClassifierRead, ModelError> {
        let texts: Vec<String> = sentences.iter().map(|(_, text)| text.clone()).collect();
        let vectors = self.embedder.embed(&texts).await?;
        let worst = vectors
            .iter()
            .zip(sentences)
            .map(|(vector, (id, _))| {
                (nearest(vector, &self.harmful) - nearest(vector, &self.harmless), *id)
            })
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .ok_or_else(|| ModelError::Failed("there is no sentence to read".to_owned()))?;
        Ok(ClassifierRead {
            threat: logistic(STEEPNESS * (worst.0 - MIDPOINT)),
            nearest: Some(worst.1),
        })
    }
}

/// The cosine of the nearest of `anchors`; all vectors have length one.
fn nearest(vector: &[f32], anchors: &[Vec<f32>]) -> f64 {
    anchors
        .iter()
        .map(|anchor| vector.iter().zip(anchor).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum())
        .fold(-1.0, f64::max)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scripted::ScriptedEmbedder;

    async fn classifier() -> ZeroShot {
        let harmful = ["a man climbs the fence".to_owned(), "people fight".to_owned()];
        let harmless = ["a cat walks".to_owned(), "people talk".to_owned()];
        ZeroShot::new(Arc::new(ScriptedEmbedder::default()), &harmful, &harmless).await.unwrap()
    }

    fn sentences(texts: &[&str]) -> Vec<(CaptionId, String)> {
        (1..).map(CaptionId).zip(texts.iter().map(|text| (*text).to_owned())).collect()
    }

    #[tokio::test]
    async fn harm_is_told_from_harmlessness_and_the_caption_is_named() {
        let classifier = classifier().await;
        let harm =
            classifier.read(&sentences(&["a cat walks", "a man climbs the fence"])).await.unwrap();
        let calm = classifier.read(&sentences(&["a cat walks", "people talk"])).await.unwrap();
        assert!(harm.threat > 0.9 && calm.threat < 0.1, "{harm:?} {calm:?}");
        assert_eq!(harm.nearest, Some(CaptionId(2)));
    }

    #[tokio::test]
    async fn added_sentences_never_lower_the_threat() {
        let classifier = classifier().await;
        let before = classifier.read(&sentences(&["people fight"])).await.unwrap();
        let after = classifier
            .read(&sentences(&["people fight", "a cat walks", "people talk calmly"]))
            .await
            .unwrap();
        assert!(after.threat >= before.threat);
    }

    #[tokio::test]
    async fn nothing_to_read_is_an_error_not_an_all_clear() {
        assert!(classifier().await.read(&[]).await.is_err());
    }
}
