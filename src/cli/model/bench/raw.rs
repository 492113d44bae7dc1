//! How fast the model is by itself: reading a prompt, and writing where nothing is forced.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{GenerateRequest, LanguageModel, Message, ModelError, Role, Urgency, Usage};

/// Characters that the model must write: about a hundred tokens.
const WRITTEN: usize = 400;
/// Words that the model must read: about as many tokens.
const READ: usize = 500;

/// Speeds of the model alone.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Raw {
    /// Prompt tokens evaluated in a second.
    pub prompt_tokens_per_second: f64,
    /// Answer tokens in a second, one chosen after another.
    pub generated_tokens_per_second: f64,
}

impl Raw {
    /// Measures each once, the prompt being new to the model.
    ///
    /// # Errors
    /// What the model says.
    pub(super) async fn of(model: &dyn LanguageModel) -> Result<Self, ModelError> {
        let prompt = "lorry gate fence man dog ".repeat(READ / 5);
        let read = ask(model, &prompt, json!({"enum": ["y", "n"]})).await?;
        let prompt_rate = rate(evaluated(read), f64::from(read.busy_ms));
        let text = json!({"type": "string", "minLength": WRITTEN, "maxLength": WRITTEN});
        let written = ask(model, "Tell a long story.", text).await?;
        let reading_ms =
            if prompt_rate > 0.0 { evaluated(written) / prompt_rate * 1_000.0 } else { 0.0 };
        let answer = f64::from(written.sampled_tokens + written.forced_tokens);
        Ok(Self {
            prompt_tokens_per_second: prompt_rate,
            generated_tokens_per_second: rate(answer, f64::from(written.busy_ms) - reading_ms),
        })
    }
}

fn evaluated(usage: Usage) -> f64 {
    f64::from(usage.prompt_tokens.saturating_sub(usage.reused_tokens))
}

fn rate(tokens: f64, milliseconds: f64) -> f64 {
    if milliseconds > 0.0 { tokens * 1_000.0 / milliseconds } else { 0.0 }
}

async fn ask(model: &dyn LanguageModel, prompt: &str, schema: Value) -> Result<Usage, ModelError> {
    let request = GenerateRequest {
        messages: vec![Message { role: Role::User, content: prompt.to_owned() }],
        schema: Arc::new(schema),
        max_tokens: 400,
        deadline: Duration::from_mins(10),
        seed: 0,
        urgency: Urgency::Background,
    };
    Ok(model.generate(request).await?.usage)
}
