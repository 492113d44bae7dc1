//! How long a context may be: what is asked for, else what model and memory allow.

use llama_cpp_2::model::LlamaModel as Weights;

/// Longer prompts than this do not make decisions better, only slower.
const ENOUGH: u32 = 4_096;
/// Fewer tokens do not hold the instructions and one caption.
const LEAST: u32 = 1_024;

/// What a model needs.
pub(super) struct Needs {
    /// Tokens that it was trained for.
    trained: u32,
    /// Bytes of its weights, which are mapped and so still count as available.
    weights: u64,
    /// Bytes of attention cache per token of context, in all kept prompts together.
    per_token: u64,
}

impl Needs {
    /// Of this model with `prompts` kept: keys and values of two bytes for each head and layer.
    pub(super) fn of(weights: &Weights, prompts: u32) -> Self {
        let head = u64::from(weights.n_embd().unsigned_abs() / weights.n_head().max(1));
        let layer = head * u64::from(weights.n_head_kv());
        Self {
            trained: weights.n_ctx_train(),
            weights: weights.size(),
            per_token: 2 * 2 * layer * u64::from(weights.n_layer()) * u64::from(prompts),
        }
    }
}

/// `asked` tokens, or as many as the model was trained for; where 0 are asked for, as many as are
/// enough, halved until half of the free memory holds them.
pub(super) fn context_tokens(asked: u32, needs: &Needs, available: Option<u64>) -> u32 {
    if asked > 0 {
        return asked.min(needs.trained);
    }
    let room = available.map_or(u64::MAX, |bytes| bytes.saturating_sub(needs.weights) / 2);
    let mut tokens = ENOUGH.min(needs.trained);
    while tokens / 2 >= LEAST && u64::from(tokens) * needs.per_token > room {
        tokens /= 2;
    }
    tracing::debug!(tokens, trained = needs.trained, available, "length of the context chosen");
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// As SmolLM2-135M has it, three prompts kept.
    fn small() -> Needs {
        Needs { trained: 8_192, weights: 98_000_000, per_token: 3 * 23_040 }
    }

    #[test]
    fn what_is_asked_for_is_taken_up_to_what_the_model_was_trained_for() {
        assert_eq!(context_tokens(2_048, &small(), Some(0)), 2_048);
        assert_eq!(context_tokens(100_000, &small(), None), 8_192);
    }

    #[test]
    fn enough_is_chosen_and_less_where_memory_is_short() {
        assert_eq!(context_tokens(0, &small(), None), 4_096);
        assert_eq!(context_tokens(0, &small(), Some(8 * GIB)), 4_096);
        assert_eq!(context_tokens(0, &small(), Some(GIB / 2)), 2_048);
        assert_eq!(context_tokens(0, &small(), Some(0)), 1_024);
        assert_eq!(context_tokens(0, &Needs { trained: 512, ..small() }, Some(0)), 512);
    }
}
