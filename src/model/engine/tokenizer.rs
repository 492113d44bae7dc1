//! A model's tokenizer and chat template without its weights: what a model is trained with.

use std::{path::Path, sync::Arc};

use llama_cpp_2::model::{LlamaModel as Weights, params::LlamaModelParams};

use super::{gguf, prompt::ChatTemplate, vocabulary::Vocabulary, weights::backend};
use crate::model::{Message, ModelError};

/// Turns prompts and answers into the tokens that the engine would evaluate and sample.
pub struct Tokenizer {
    weights: Arc<Weights>,
    vocabulary: Vocabulary,
    template: ChatTemplate,
}

impl Tokenizer {
    /// Reads the vocabulary of a GGUF file.
    ///
    /// # Errors
    /// [`ModelError::Load`] naming the file and what it lacks.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        gguf::check_model(path)?;
        let refuse = |why: String| ModelError::Load(format!("model file {} {why}", path.display()));
        let params = LlamaModelParams::default().with_vocab_only(true);
        let weights = Weights::load_from_file(backend()?, path, &params)
            .map_err(|error| refuse(format!("cannot be loaded ({error})")))?;
        let weights = Arc::new(weights);
        let template = ChatTemplate::of(&weights).map_err(refuse)?;
        let vocabulary = Vocabulary::of(Arc::clone(&weights)).map_err(refuse)?;
        Ok(Self { weights, vocabulary, template })
    }

    /// The tokens of a prompt, up to where the answer begins.
    ///
    /// # Errors
    /// [`ModelError::Failed`] when the chat template cannot render these turns.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<i32>, ModelError> {
        let chunks = self.template.render(&self.weights, messages).map_err(ModelError::Failed)?;
        Ok(chunks.into_iter().flatten().map(|token| token.0).collect())
    }

    /// The tokens of an answer.
    pub fn answer(&self, text: &str) -> Vec<u32> {
        self.vocabulary.tokenize_text(text)
    }
}
