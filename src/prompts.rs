//! The prompts of `prompts/`: loaded, rendered and hashed, so that a record can say which one was used.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model::{Message, Role};

/// A prompt that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("prompts/{file}: {message}")]
pub struct PromptError {
    file: &'static str,
    message: String,
}

/// A prompt: what to do, worked examples, and its hash.
#[derive(Debug, Clone)]
pub struct Prompt {
    system: String,
    examples: Vec<Example>,
    digest: String,
}

/// A worked example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the model is shown.
    pub data: String,
    /// What it should answer: JSON of the prompt's schema.
    pub answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptFile {
    #[expect(dead_code, reason = "for people who compare files; the digest tells versions apart")]
    version: u32,
    system: String,
    examples: Vec<Example>,
}

impl Prompt {
    fn parse(file: &'static str, text: &str) -> Result<Self, PromptError> {
        let parsed: PromptFile = toml::from_str(text)
            .map_err(|error| PromptError { file, message: error.to_string() })?;
        Ok(Self {
            system: parsed.system.trim().to_owned(),
            examples: parsed.examples,
            digest: hex::encode(Sha256::digest(text.as_bytes())),
        })
    }

    /// The prompt of who judges what was written; no decision sees it, so no adapter learns it.
    ///
    /// # Errors
    /// When the file is not what it should be; a test holds that it is.
    pub fn judge() -> Result<Self, PromptError> {
        Self::parse("judge.toml", include_str!("../prompts/judge.toml"))
    }

    /// The prompt for a model that was trained on it: without the examples, which it has learned.
    #[must_use]
    pub fn without_examples(self) -> Self {
        let digest = hex::encode(Sha256::digest(format!("{} without examples", self.digest)));
        Self { examples: Vec::new(), digest, ..self }
    }

    /// SHA-256 of the prompt's file, hex; another one where its examples are left out.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The worked examples.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The turns that ask about `data`. All but the last are the same for every alarm.
    pub fn messages(&self, data: &str) -> Vec<Message> {
        let mut messages = vec![Message { role: Role::System, content: self.system.clone() }];
        for example in &self.examples {
            messages.push(Message { role: Role::User, content: example.data.trim().to_owned() });
            messages.push(Message { role: Role::Assistant, content: example.answer.clone() });
        }
        messages.push(Message { role: Role::User, content: data.to_owned() });
        messages
    }
}

/// A prompt and its right answer, to train a model with.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The turns.
    pub messages: Vec<Message>,
    /// JSON of the prompt's schema.
    pub answer: String,
}

/// Every prompt that ships.
#[derive(Debug, Clone)]
pub struct Prompts {
    /// Captions to facts.
    pub read: Prompt,
    /// Facts to a proposed verdict.
    pub assess: Prompt,
}

impl Prompts {
    /// The prompts for a model that was trained on them.
    #[must_use]
    pub fn without_examples(self) -> Self {
        Self { read: self.read.without_examples(), assess: self.assess.without_examples() }
    }

    /// What an adapter names that was trained on these prompts: both digests.
    pub fn learned_as(&self) -> String {
        let bare = self.clone().without_examples();
        format!("{} {}", bare.read.digest, bare.assess.digest)
    }

    /// The prompts that are compiled in.
    ///
    /// # Errors
    /// When a file is not what it should be; a test holds that none is.
    pub fn embedded() -> Result<Self, PromptError> {
        Ok(Self {
            read: Prompt::parse("read.toml", include_str!("../prompts/read.toml"))?,
            assess: Prompt::parse("assess.toml", include_str!("../prompts/assess.toml"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_load_and_only_the_last_turn_differs_between_alarms() {
        let prompts = Prompts::embedded().unwrap();
        let (one, other) =
            (prompts.read.messages("c1: A cat."), prompts.read.messages("c1: A dog."));
        assert_eq!(one[..one.len() - 1], other[..other.len() - 1]);
        assert_ne!(one.last(), other.last());
        assert_eq!(prompts.read.digest().len(), 64);
    }

    #[test]
    fn a_broken_prompt_names_its_file_and_line() {
        let error =
            Prompt::parse("read.toml", "version = 1\nsistem = 'x'").unwrap_err().to_string();
        assert!(error.contains("prompts/read.toml") && error.contains("sistem"), "{error}");
    }
}
