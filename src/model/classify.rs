//! The second, independent read: a logistic head over the embedding of every caption sentence.
//!
//! Each sentence gets log-odds of a threat; the most alarming one speaks for the alarm. So a calm
//! sentence, however many of them somebody adds to a scene, never lowers what another one raised.

use std::{fs, path::Path, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{ModelError, ModelManifest, SentenceEmbedder, manifest};
use crate::domain::{CaptionId, odds};

/// What the second read says of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierRead {
    /// Probability of a threat, 0 to 1. Not calibrated for any site.
    pub threat: f64,
    /// The caption whose sentence weighs most.
    pub nearest: Option<CaptionId>,
    /// Some coordinates of the sentences' mean vector, in thousandths, by which drift is seen; a
    /// caption cannot be told from them.
    pub sketch: Vec<i32>,
}

/// A read of the captions that does not ask the language model.
#[async_trait]
pub trait Classifier: Send + Sync {
    /// What is loaded.
    fn manifest(&self) -> &ModelManifest;

    /// SHA-256 of what it has learned, hex: the embedder stays the same when that changes.
    fn head_digest(&self) -> &str;

    /// Whether it can read.
    fn is_ready(&self) -> bool {
        true
    }

    /// Reads the sentences of one alarm, with the site's own head where it has one. More sentences never lower the threat, so that text
    /// added to a scene cannot make it look harmless. No sentence gives an error.
    async fn read(
        &self,
        sentences: &[(CaptionId, String)],
        head: Option<&Head>,
    ) -> Result<ClassifierRead, ModelError>;
}

/// What was learned from labelled captions; `models/training/head.py` writes it.
#[derive(Debug, Clone)]
pub struct Head {
    learned: HeadFile,
    digest: String,
}

/// A head as its file, or a site's learned document, holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadFile {
    /// For people who compare files; the digest tells versions apart.
    pub version: u32,
    /// SHA-256 of the embedder whose vectors it reads; empty takes any.
    pub embedder_sha256: String,
    /// One weight for each number of a sentence's vector.
    pub weights: Vec<f64>,
    /// Log-odds of a sentence whose vector says nothing.
    pub bias: f64,
    /// What an alarm's highest sentence is multiplied by, to become the alarm's log-odds.
    pub slope: f64,
    /// What is added to it.
    pub offset: f64,
}

impl Head {
    /// Reads a head's file, which must have the hash that the settings pin, if any.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file, and the hash, the field or the number that is wrong.
    pub fn load(path: &Path, expected_sha256: Option<&str>) -> Result<Self, ModelError> {
        let digest = manifest::verify_file(path, expected_sha256)?;
        let file = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| ModelError::Load(format!("model file {file}: {error}")))?;
        Self::parse(&file, &text, digest)
    }

    /// Reads a head from its JSON text; `file` is for messages.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming `file` and what is wrong.
    pub fn parse(file: &str, text: &str, digest: String) -> Result<Self, ModelError> {
        let refuse = |why: String| ModelError::Load(format!("{file}: {why}"));
        let learned: HeadFile =
            serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
        let HeadFile { weights, bias, slope, offset, .. } = &learned;
        if weights.is_empty() {
            return Err(refuse("`weights` is empty: one number for each of the vector's".into()));
        }
        if !weights.iter().chain([bias, slope, offset]).all(|number| number.is_finite()) {
            return Err(refuse("holds a number that is not finite".into()));
        }
        if *slope <= 0.0 {
            return Err(refuse("`slope` must be above 0, or alarming sentences would calm".into()));
        }
        Ok(Self { learned, digest })
    }

    /// SHA-256 of its file, or of the document that it stands in, hex.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Log-odds of a threat in the alarm whose most alarming sentence has these.
    pub fn alarm(&self, sentence: f64) -> f64 {
        self.learned.slope * sentence + self.learned.offset
    }

    /// What it learned.
    pub const fn file(&self) -> &HeadFile {
        &self.learned
    }

    /// Log-odds of a threat in one sentence.
    pub fn sentence(&self, vector: &[f32]) -> f64 {
        line(&self.learned.weights, self.learned.bias, vector)
    }
}

/// Where `vector` lies on a line with these weights.
pub fn line(weights: &[f64], bias: f64, vector: &[f32]) -> f64 {
    let pairs = weights.iter().zip(vector);
    bias + pairs.map(|(weight, number)| weight * f64::from(*number)).sum::<f64>()
}

/// The head over an embedder.
pub struct SentenceClassifier {
    embedder: Arc<dyn SentenceEmbedder>,
    head: Head,
}

impl SentenceClassifier {
    /// Puts both together.
    ///
    /// # Errors
    /// [`ModelError::Load`] when the head was learned over another embedder.
    pub fn new(embedder: Arc<dyn SentenceEmbedder>, head: Head) -> Result<Self, ModelError> {
        let (expected, found) = (&head.learned.embedder_sha256, &embedder.manifest().sha256);
        if !expected.is_empty() && expected != found {
            return Err(ModelError::Load(format!(
                "the classifier's head was learned over the embedder {expected}, and {found} is \
                 loaded; use the embedder that ships, or learn a head for this one"
            )));
        }
        Ok(Self { embedder, head })
    }

    /// What it reads with where a site has no head of its own.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What it reads sentences with.
    pub fn embedder(&self) -> Arc<dyn SentenceEmbedder> {
        Arc::clone(&self.embedder)
    }
}

/// Every so many coordinates one enters a sketch: 16 of MiniLM's 384.
const SKETCH_EVERY: usize = 24;

/// A few coordinates of the mean of `vectors`, in thousandths.
fn sketch(vectors: &[Vec<f32>]) -> Vec<i32> {
    let mean = |at: usize| {
        let sum: f32 = vectors.iter().filter_map(|vector| vector.get(at)).sum();
        #[expect(clippy::cast_precision_loss, reason = "an alarm has some hundred sentences")]
        let mean = sum / vectors.len().max(1) as f32;
        #[expect(clippy::cast_possible_truncation, reason = "a unit vector's coordinate is small")]
        let thousandths = (mean * 1000.0).round() as i32;
        thousandths
    };
    (0..vectors.first().map_or(0, Vec::len)).step_by(SKETCH_EVERY).map(mean).collect()
}

#[async_trait]
impl Classifier for SentenceClassifier {
    fn manifest(&self) -> &ModelManifest {
        self.embedder.manifest()
    }

    fn head_digest(&self) -> &str {
        &self.head.digest
    }

    async fn read(
        &self,
        sentences: &[(CaptionId, String)],
        head: Option<&Head>,
    ) -> Result<ClassifierRead, ModelError> {
        let head = head.unwrap_or(&self.head);
        let texts: Vec<String> = sentences.iter().map(|(_, text)| text.clone()).collect();
        let vectors = self.embedder.embed(&texts).await?;
        let (log_odds, caption) = vectors
            .iter()
            .zip(sentences)
            .map(|(vector, (id, _))| (head.sentence(vector), *id))
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .ok_or_else(|| ModelError::Failed("there is no sentence to read".to_owned()))?;
        let threat = odds::probability(head.alarm(log_odds));
        Ok(ClassifierRead { threat, nearest: Some(caption), sketch: sketch(&vectors) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scripted::ScriptedEmbedder;

    /// A head whose weights point from a calm sentence to an alarming one.
    async fn classifier() -> SentenceClassifier {
        let embedder = Arc::new(ScriptedEmbedder::default());
        let ends = ["a man climbs the fence".to_owned(), "a cat walks".to_owned()];
        let vectors = embedder.embed(&ends).await.unwrap();
        let weights: Vec<f64> = vectors[0]
            .iter()
            .zip(&vectors[1])
            .map(|(harm, calm)| 8.0 * f64::from(harm - calm))
            .collect();
        let text = serde_json::json!({"version": 1, "embedder_sha256": "", "weights": weights,
            "bias": 0.0, "slope": 1.0, "offset": 0.0});
        let head = Head::parse("head.json", &text.to_string(), String::new()).unwrap();
        SentenceClassifier::new(embedder, head).unwrap()
    }

    fn sentences(texts: &[&str]) -> Vec<(CaptionId, String)> {
        (1..).map(CaptionId).zip(texts.iter().map(|text| (*text).to_owned())).collect()
    }

    async fn read(classifier: &SentenceClassifier, texts: &[&str]) -> ClassifierRead {
        classifier.read(&sentences(texts), None).await.unwrap()
    }

    #[tokio::test]
    async fn a_sites_own_head_reads_in_place_of_the_one_that_ships() {
        let classifier = classifier().await;
        let mut file = classifier.head().file().clone();
        file.weights.iter_mut().for_each(|weight| *weight = -*weight);
        file.bias = -file.bias;
        let text = serde_json::to_string(&file).unwrap();
        let own = Head::parse("own", &text, "own".into()).unwrap();
        let calm = sentences(&["a cat walks"]);
        let shipped = classifier.read(&calm, None).await.unwrap().threat;
        let sites = classifier.read(&calm, Some(&own)).await.unwrap().threat;
        assert!((shipped + sites - 1.0).abs() < 1e-9, "{shipped} {sites}");
    }

    #[test]
    fn a_sketch_is_the_mean_of_some_coordinates() {
        let (mut one, mut other) = (vec![0.0; 384], vec![0.0; 384]);
        (one[24], other[24], one[25]) = (0.5, 0.25, 1.0);
        let sketched = sketch(&[one, other]);
        assert_eq!((sketched.len(), sketched[1]), (16, 375));
        assert_eq!(sketched.iter().sum::<i32>(), 375);
        assert!(sketch(&[]).is_empty());
    }

    #[tokio::test]
    async fn harm_is_told_from_harmlessness_and_the_caption_is_named() {
        let classifier = classifier().await;
        let harm = read(&classifier, &["a cat walks", "a man climbs the fence"]).await;
        let calm = read(&classifier, &["a cat walks"]).await;
        assert!(harm.threat > 0.9 && calm.threat < 0.1, "{harm:?} {calm:?}");
        assert_eq!(harm.nearest, Some(CaptionId(2)));
    }

    #[tokio::test]
    async fn added_sentences_never_lower_the_threat() {
        let classifier = classifier().await;
        let before = read(&classifier, &["people fight"]).await;
        let after = read(&classifier, &["people fight", "a cat walks", "people talk calmly"]).await;
        assert!(after.threat >= before.threat);
    }

    #[tokio::test]
    async fn nothing_to_read_is_an_error_not_an_all_clear() {
        assert!(classifier().await.read(&[], None).await.is_err());
    }

    #[test]
    fn the_head_that_ships_reads_the_embedder_that_ships() {
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/models/sereno-minilm-head.json");
        let head = Head::load(Path::new(ours), None).unwrap();
        assert_eq!(head.learned.weights.len(), 384);
        let pinned = include_str!("../../models/models.toml");
        assert!(pinned.contains(&head.learned.embedder_sha256) && pinned.contains(&head.digest));
    }

    #[test]
    fn a_broken_head_is_refused_by_name() {
        let said =
            |text: &str| Head::parse("head.json", text, String::new()).unwrap_err().to_string();
        assert!(said("{}").contains("head.json: missing field"));
        let with = |weights: &str, slope: &str| {
            said(&format!(
                r#"{{"version":1,"embedder_sha256":"","weights":{weights},"bias":0,"slope":{slope},"offset":0}}"#
            ))
        };
        assert!(with("[]", "1").contains("`weights` is empty"));
        assert!(with("[1]", "-1").contains("`slope` must be above 0"));
    }
}
