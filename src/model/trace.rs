//! What a record keeps of one call to a language model, so that it can be checked and replayed.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Completion, GenerateRequest, Message, ModelError, Usage};

/// Limits that every call of one alarm shares.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Place in the model's queue.
    pub urgency: super::Urgency,
    /// Time for one call, queueing included.
    pub deadline: Duration,
    /// Seed, recorded.
    pub seed: u32,
}

/// One call: what went in, by digest, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct CallTrace {
    /// The stage that asked.
    pub stage: &'static str,
    /// SHA-256 of the prompt's file, hex.
    pub prompt_digest: String,
    /// SHA-256 of the schema's JSON, hex.
    pub schema_digest: String,
    /// SHA-256 of the turns as sent, hex.
    pub input_digest: String,
    /// Seed.
    pub seed: u32,
    /// Bound on the answer's tokens.
    pub max_tokens: u32,
    /// The answer's JSON text, or the code of the failure.
    pub outcome: Result<String, &'static str>,
    /// What it cost.
    pub usage: Usage,
}

impl CallTrace {
    /// The trace of `request`, once its outcome is known.
    pub fn new(
        stage: &'static str,
        prompt_digest: &str,
        request: &GenerateRequest,
        outcome: &Result<Completion, ModelError>,
    ) -> Self {
        Self {
            stage,
            prompt_digest: prompt_digest.to_owned(),
            schema_digest: hex::encode(Sha256::digest(request.schema.to_string())),
            input_digest: digest_turns(&request.messages),
            seed: request.seed,
            max_tokens: request.max_tokens,
            outcome: match outcome {
                Ok(completion) => Ok(completion.text.clone()),
                Err(error) => Err(error.code()),
            },
            usage: outcome.as_ref().map(|completion| completion.usage).unwrap_or_default(),
        }
    }
}

/// Each turn is written with its length, so that no two different prompts have the same digest.
fn digest_turns(messages: &[Message]) -> String {
    let mut hasher = Sha256::new();
    for message in messages {
        hasher.update(format!("{} {}\n", message.role.as_str(), message.content.len()));
        hasher.update(&message.content);
    }
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    fn turn(content: &str) -> Message {
        Message { role: Role::User, content: content.to_owned() }
    }

    #[test]
    fn moving_a_word_between_turns_changes_the_digest() {
        let one = digest_turns(&[turn("a b"), turn("c")]);
        let other = digest_turns(&[turn("a"), turn("b c")]);
        assert_ne!(one, other);
    }
}
