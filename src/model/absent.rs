//! A model that could not be loaded: the service runs on, and every alarm goes to a person.

use async_trait::async_trait;

use super::{
    Completion, GenerateRequest, LanguageModel, ModelError, ModelManifest,
    classify::{Classifier, ClassifierRead, Head},
};
use crate::domain::CaptionId;

/// Stands where a model should be, and says why it is not there.
#[derive(Debug, Clone)]
pub struct Absent {
    manifest: ModelManifest,
    reason: String,
}

impl Absent {
    /// `name` could not be loaded because of `reason`.
    pub fn new(name: &str, reason: &ModelError) -> Self {
        Self {
            manifest: ModelManifest {
                name: name.to_owned(),
                sha256: String::new(),
                adapter_sha256: None,
                form_sha256: None,
                runtime: "absent".to_owned(),
            },
            reason: reason.to_string(),
        }
    }

    fn error(&self) -> ModelError {
        ModelError::Load(self.reason.clone())
    }
}

#[async_trait]
impl LanguageModel for Absent {
    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len() / 4
    }

    fn context_tokens(&self) -> usize {
        4096
    }

    fn is_ready(&self) -> bool {
        false
    }

    async fn generate(&self, _request: GenerateRequest) -> Result<Completion, ModelError> {
        Err(self.error())
    }
}

#[async_trait]
impl Classifier for Absent {
    fn head_digest(&self) -> &'static str {
        ""
    }

    fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    fn is_ready(&self) -> bool {
        false
    }

    async fn read(
        &self,
        _sentences: &[(CaptionId, String)],
        _head: Option<&Head>,
    ) -> Result<ClassifierRead, ModelError> {
        Err(self.error())
    }
}
