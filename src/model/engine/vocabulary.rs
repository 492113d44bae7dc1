//! The model's own vocabulary and tokenizer, as the grammar engine wants them.

use std::sync::Arc;

use llama_cpp_2::{model::LlamaModel as Weights, token::LlamaToken};
use toktrie::{TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

/// Text that answers look like; the tokenizer must give it back unchanged for tokens to be forced.
const PROBE: &str = r#"{"verdict":"alarm","cites":["c1","c2"],"why":"A man, 2 m away: ñ."}"#;

/// Tokens, their bytes, and the tokenizer that llama.cpp runs for this model.
pub(super) struct Vocabulary {
    weights: Arc<Weights>,
    trie: TokTrie,
    canonical: bool,
}

impl Vocabulary {
    /// Walks the whole vocabulary, so build it once per model.
    ///
    /// # Errors
    /// In words, when the model has no token that ends an answer.
    pub(super) fn of(weights: Arc<Weights>) -> Result<Self, String> {
        let trie = trie(&weights)?;
        let mut vocabulary = Self { weights, trie, canonical: true };
        let probe = vocabulary.tokenize_text(PROBE);
        // SentencePiece models put a space before any text they tokenize: what is forced would then
        // differ from what is asked, so such models have every token chosen under the mask instead.
        vocabulary.canonical = vocabulary.trie.decode_raw(&probe) == PROBE.as_bytes();
        if !vocabulary.canonical {
            tracing::warn!("this model's tokenizer changes text; answers take one step per token");
        }
        Ok(vocabulary)
    }

    /// Tokens of plain text: what looks like a special token in it is text too.
    pub(super) fn tokenize_text(&self, text: &str) -> Vec<TokenId> {
        self.weights
            .vocab()
            .tokenize(text.as_bytes(), false, false)
            .into_iter()
            .map(|token| token.0.cast_unsigned())
            .collect()
    }

    /// This vocabulary as the grammar engine shares it.
    pub(super) fn shared(self: &Arc<Self>) -> TokEnv {
        Arc::<Self>::clone(self)
    }
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| self.tokenize_text(text))
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.canonical
    }
}

/// Every token's bytes; those of special tokens are marked, so that no text can be read as one.
fn trie(weights: &Weights) -> Result<TokTrie, String> {
    let vocab = weights.vocab();
    let mut words = Vec::new();
    let mut ends = Vec::new();
    for token in vocab.tokens() {
        if vocab.is_eog(token) {
            ends.push(token.0.cast_unsigned());
        }
        let mut bytes = vocab.token_to_piece(token, false, None);
        if bytes.is_empty() {
            bytes = vocab.token_to_piece(token, true, None);
            if !bytes.is_empty() {
                bytes.insert(0, TokTrie::SPECIAL_TOKEN_MARKER);
            }
        }
        words.push(bytes);
    }
    let preferred = [vocab.eot(), vocab.eos()]
        .into_iter()
        .map(|LlamaToken(id)| id.cast_unsigned())
        .find(|id| ends.contains(id))
        .or_else(|| ends.first().copied())
        .ok_or("has no token that ends an answer, so it cannot be used for chat")?;
    ends.retain(|&end| end != preferred);
    ends.insert(0, preferred);
    let size = u32::try_from(words.len()).map_err(|error| error.to_string())?;
    Ok(TokTrie::from(&TokRxInfo::new(size, preferred), &words).with_eos_tokens(&ends))
}
