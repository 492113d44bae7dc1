//! Writes one answer: what the grammar forces is copied, the rest is chosen by the model.

use llguidance::{Matcher, api::StopReason};
use toktrie::{TokTrie, TokenId, TokenizerEnv};

use super::choose::{self, Pick};
use crate::model::{Choice, ModelError};

/// A model at some place in a text.
pub(super) trait Evaluate {
    /// Goes on by `tokens`, of which there is at least one, and gives the logits of what comes next.
    ///
    /// # Errors
    /// [`ModelError::Failed`] and [`ModelError::Deadline`].
    fn evaluate(&mut self, tokens: &[TokenId]) -> Result<&[f32], ModelError>;
}

/// What has been written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// UTF-8, once complete.
    pub bytes: Vec<u8>,
    /// Where the model chose.
    pub choices: Vec<Choice>,
    /// Tokens that the model chose.
    pub sampled: u32,
    /// Tokens that the grammar left no choice about.
    pub forced: u32,
}

/// How to write.
pub(super) struct Writer<'a, V: TokenizerEnv + ?Sized> {
    /// The model's tokens.
    pub vocabulary: &'a V,
    /// Tokens that the answer may have.
    pub max_tokens: u32,
    /// Whether forced tokens wait to be evaluated with the next chosen one.
    pub batch_forced: bool,
}

impl<V: TokenizerEnv + ?Sized> Writer<'_, V> {
    /// Writes until the grammar is satisfied. `prompt_tail` are the prompt's last tokens, not evaluated yet.
    ///
    /// # Errors
    /// [`ModelError::Truncated`] at `max_tokens`, and what `model` tells.
    pub(super) fn write(
        &self,
        mut matcher: Matcher,
        model: &mut impl Evaluate,
        prompt_tail: Vec<TokenId>,
    ) -> Result<Written, ModelError> {
        let mut written = Written::default();
        let mut pending = prompt_tail;
        loop {
            if self.batch_forced {
                let forced = matcher.compute_ff_tokens();
                if !forced.is_empty() {
                    self.take_forced(&mut written, &mut matcher, &forced)?;
                    pending.extend(forced);
                    continue;
                }
            }
            if matcher.is_stopped() {
                return finished(&matcher, written);
            }
            let mask = matcher.compute_mask().map_err(grammar_failed)?;
            let only = choose::only(&mask);
            if let (Some(token), true) = (only, self.batch_forced) {
                self.take_forced(&mut written, &mut matcher, &[token])?;
                pending.push(token);
                continue;
            }
            let logits = model.evaluate(&pending)?;
            pending.clear();
            let token = if let Some(token) = only {
                self.take_forced(&mut written, &mut matcher, &[token])?;
                token
            } else {
                let pick = choose::greedy(logits, &mask).ok_or_else(|| {
                    ModelError::Failed("no permitted token has a finite logit".to_owned())
                })?;
                self.take_chosen(&mut written, &mut matcher, &pick)?;
                pick.token
            };
            pending.push(token);
        }
    }

    fn take_forced(
        &self,
        written: &mut Written,
        matcher: &mut Matcher,
        tokens: &[TokenId],
    ) -> Result<(), ModelError> {
        for &token in tokens {
            self.take(written, matcher, token)?;
            written.forced += 1;
        }
        Ok(())
    }

    fn take_chosen(
        &self,
        written: &mut Written,
        matcher: &mut Matcher,
        pick: &Pick,
    ) -> Result<(), ModelError> {
        let trie = self.vocabulary.tok_trie();
        let alternatives = pick.alternatives.iter();
        let choice = Choice {
            offset: written.bytes.len(),
            alternatives: alternatives.map(|&(token, share)| (shown(trie, token), share)).collect(),
            margin: pick.margin,
        };
        self.take(written, matcher, pick.token)?;
        written.choices.push(choice);
        written.sampled += 1;
        Ok(())
    }

    fn take(
        &self,
        written: &mut Written,
        matcher: &mut Matcher,
        token: TokenId,
    ) -> Result<(), ModelError> {
        if written.sampled + written.forced >= self.max_tokens {
            return Err(ModelError::Truncated(self.max_tokens));
        }
        matcher.consume_token(token).map_err(grammar_failed)?;
        written.bytes.extend_from_slice(text_bytes(self.vocabulary.tok_trie(), token));
        Ok(())
    }
}

/// The answer, if the matcher stopped because it is complete.
fn finished(matcher: &Matcher, written: Written) -> Result<Written, ModelError> {
    match matcher.stop_reason() {
        StopReason::NoExtension | StopReason::EndOfSentence => Ok(written),
        reason => Err(ModelError::Failed(format!(
            "the grammar stopped the answer: {reason:?} {}",
            matcher.get_error().unwrap_or_default()
        ))),
    }
}

fn grammar_failed(error: impl std::fmt::Display) -> ModelError {
    ModelError::Failed(format!("the grammar: {error}"))
}

/// The bytes of a token that is text; none for a special one, such as the end of the answer.
fn text_bytes(trie: &TokTrie, token: TokenId) -> &[u8] {
    match trie.token(token) {
        [TokTrie::SPECIAL_TOKEN_MARKER, ..] => &[],
        bytes => bytes,
    }
}

/// A token as a record shows it.
fn shown(trie: &TokTrie, token: TokenId) -> String {
    let bytes = match trie.token(token) {
        [TokTrie::SPECIAL_TOKEN_MARKER, name @ ..] => name,
        bytes => bytes,
    };
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use toktrie::ApproximateTokEnv;

    use super::*;
    use crate::model::engine::grammar::{Grammars, tests::bytes_factory};

    /// A model over single bytes that prefers the bytes of a text, in order, wherever it has a choice.
    struct Prefers {
        wishes: Vec<TokenId>,
        logits: Vec<f32>,
        steps: Vec<usize>,
    }

    impl Prefers {
        fn new(wishes: &str) -> Self {
            Self {
                wishes: wishes.bytes().rev().map(TokenId::from).collect(),
                logits: Vec::new(),
                steps: Vec::new(),
            }
        }
    }

    impl Evaluate for Prefers {
        fn evaluate(&mut self, tokens: &[TokenId]) -> Result<&[f32], ModelError> {
            self.steps.push(tokens.len());
            self.logits = vec![0.0; 300];
            if let Some(wish) = self.wishes.pop() {
                self.logits[wish as usize] = 5.0;
            }
            Ok(&self.logits)
        }
    }

    fn write(
        schema: &Value,
        model: &mut Prefers,
        max_tokens: u32,
        batch_forced: bool,
    ) -> Result<Written, ModelError> {
        let vocabulary = ApproximateTokEnv::single_byte();
        let matcher = Grammars::default().matcher(&bytes_factory(), schema)?;
        let writer = Writer { vocabulary: &vocabulary, max_tokens, batch_forced };
        writer.write(matcher, model, vec![1, 2, 3])
    }

    fn verdict() -> Value {
        json!({
            "type": "object",
            "properties": {"verdict": {"enum": ["real", "false"]}, "n": {"const": 7}},
            "required": ["verdict", "n"],
            "additionalProperties": false
        })
    }

    #[test]
    fn only_the_choice_is_sampled_and_the_rest_is_copied() {
        let mut model = Prefers::new("f");
        let written = write(&verdict(), &mut model, 100, true).unwrap();
        assert_eq!(written.bytes, br#"{"verdict":"false","n":7}"#);
        assert_eq!((written.sampled, written.forced), (1, 24));
        // The prompt's tail goes with the forced beginning; what is forced to the end needs no step.
        assert_eq!(model.steps, [3 + 12]);
        let choice = &written.choices[0];
        assert_eq!(choice.offset, 12);
        assert_eq!(choice.alternatives[0].0, "f");
        assert_eq!(choice.alternatives[1].0, "r");
        assert!((choice.margin - 5.0).abs() < 1e-6);
    }

    #[test]
    fn one_step_per_token_writes_the_same() {
        let mut model = Prefers::new("............r");
        let written = write(&verdict(), &mut model, 100, false).unwrap();
        assert_eq!(written.bytes, br#"{"verdict":"real","n":7}"#);
        assert_eq!((written.sampled, written.forced), (1, 23));
        assert_eq!(model.steps.len(), 24);
    }

    /// A model whose likings depend on all that it has read, and on nothing else.
    struct Recalls {
        state: u64,
        logits: Vec<f32>,
    }

    impl Evaluate for Recalls {
        fn evaluate(&mut self, tokens: &[TokenId]) -> Result<&[f32], ModelError> {
            let mix = |state: u64, with: u64| (state ^ with).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.state = tokens
                .iter()
                .fold(self.state, |state, &token| mix(state.rotate_left(7), token.into()));
            self.logits = (0..300_u64)
                .map(|token| f32::from(u16::try_from(mix(self.state, token) >> 48).unwrap()))
                .collect();
            Ok(&self.logits)
        }
    }

    #[test]
    fn copying_writes_what_stepping_writes() {
        let vocabulary = ApproximateTokEnv::single_byte();
        let schema = json!({
            "type": "object",
            "properties": {
                "verdict": {"enum": ["real", "false", "uncertain"]},
                "people": {"type": "integer", "minimum": 0, "maximum": 99},
                "cites": {"type": "array", "items": {"enum": ["c1", "c12"]}, "maxItems": 3},
                "why": {"type": "string", "maxLength": 12}
            },
            "required": ["verdict", "people", "cites", "why"],
            "additionalProperties": false
        });
        for seed in 0..50 {
            let write = |batch_forced| {
                let mut model = Recalls { state: seed, logits: Vec::new() };
                let writer = Writer { vocabulary: &vocabulary, max_tokens: 200, batch_forced };
                let matcher = Grammars::default().matcher(&bytes_factory(), &schema).unwrap();
                writer.write(matcher, &mut model, vec![1]).unwrap()
            };
            let (copied, stepped) = (write(true), write(false));
            assert_eq!(copied.bytes, stepped.bytes);
            assert_eq!(copied.choices, stepped.choices);
            assert_eq!(copied.forced, stepped.forced);
            serde_json::from_slice::<Value>(&copied.bytes).unwrap();
        }
    }

    #[test]
    fn an_answer_that_is_too_long_is_cut() {
        let cut = write(&verdict(), &mut Prefers::new("f"), 24, true);
        assert!(matches!(cut, Err(ModelError::Truncated(24))));
        assert!(write(&verdict(), &mut Prefers::new("f"), 25, true).is_ok());
    }

    #[test]
    fn free_text_ends_where_its_schema_says() {
        let schema = json!({"type": "string", "maxLength": 3});
        let written = write(&schema, &mut Prefers::new("abc"), 100, true).unwrap();
        assert_eq!(written.bytes, br#""abc""#);
        assert_eq!(written.sampled, 3);
    }

    #[test]
    fn a_value_that_could_go_on_ends_by_the_end_token() {
        let schema = json!({"type": "integer"});
        let mut model = Prefers::new("42");
        let end = ApproximateTokEnv::single_byte().eos_token();
        model.wishes.insert(0, end);
        let written = write(&schema, &mut model, 100, true).unwrap();
        assert_eq!(written.bytes, b"42");
        assert_eq!(written.choices.len(), 3);
    }
}
