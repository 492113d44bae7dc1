//! One answer being written: what the grammar forces is copied, the rest is chosen by the model.

use std::mem;

use llguidance::{Matcher, api::StopReason};
use toktrie::{SimpleVob, TokTrie, TokenId};

use super::choose::{self, Pick};
use crate::model::{Choice, ModelError};

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

/// How answers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Tokens that the answer may have.
    pub max_tokens: u32,
    /// Whether forced tokens wait to be evaluated with the next chosen one.
    pub batch_forced: bool,
}

/// What an answer needs to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The logits that follow its pending tokens.
    Logits,
    /// Nothing: it is complete.
    Complete,
}

/// An answer as far as it has come. Its owner evaluates the pending tokens and hands in the logits.
pub(super) struct Answer {
    matcher: Matcher,
    limits: Limits,
    written: Written,
    pending: Vec<TokenId>,
    mask: Option<SimpleVob>,
}

impl Answer {
    /// Nothing written. `prompt_tail` are the prompt's last tokens, not evaluated yet: they are
    /// evaluated together with what is forced first.
    pub(super) fn new(matcher: Matcher, limits: Limits, prompt_tail: Vec<TokenId>) -> Self {
        let written = Written::default();
        Self { matcher, limits, written, pending: prompt_tail, mask: None }
    }

    /// Copies what is forced, up to the next choice.
    ///
    /// # Errors
    /// [`ModelError::Truncated`] at the limit, [`ModelError::Failed`] when the grammar stops.
    pub(super) fn settle(&mut self, trie: &TokTrie) -> Result<Next, ModelError> {
        loop {
            if self.limits.batch_forced {
                let forced = self.matcher.compute_ff_tokens();
                if !forced.is_empty() {
                    for token in forced {
                        self.take_forced(trie, token)?;
                    }
                    continue;
                }
            }
            if self.matcher.is_stopped() {
                return self.complete();
            }
            let mask = self.matcher.compute_mask().map_err(grammar_failed)?;
            match choose::only(&mask) {
                Some(token) if self.limits.batch_forced => self.take_forced(trie, token)?,
                _ => {
                    self.mask = Some(mask);
                    return Ok(Next::Logits);
                }
            }
        }
    }

    /// Takes the tokens that wait for evaluation; there is at least one after [`Next::Logits`].
    pub(super) fn take_pending(&mut self) -> Vec<TokenId> {
        mem::take(&mut self.pending)
    }

    /// Chooses what follows by `logits`, one for each token of the vocabulary.
    ///
    /// # Errors
    /// As [`Answer::settle`]; [`ModelError::Failed`] if no permitted token has a finite logit.
    pub(super) fn choose(&mut self, trie: &TokTrie, logits: &[f32]) -> Result<(), ModelError> {
        let failed = |why: &str| ModelError::Failed(why.to_owned());
        let mask =
            self.mask.take().ok_or_else(|| failed("an answer was not asked for a choice"))?;
        if let Some(token) = choose::only(&mask) {
            return self.take_forced(trie, token);
        }
        let pick = choose::greedy(logits, &mask)
            .ok_or_else(|| failed("no permitted token has a finite logit"))?;
        self.take_chosen(trie, &pick)
    }

    /// The answer, once complete.
    pub(super) fn into_written(self) -> Written {
        self.written
    }

    fn take_forced(&mut self, trie: &TokTrie, token: TokenId) -> Result<(), ModelError> {
        self.take(trie, token)?;
        self.written.forced += 1;
        Ok(())
    }

    fn take_chosen(&mut self, trie: &TokTrie, pick: &Pick) -> Result<(), ModelError> {
        let alternatives = pick.alternatives.iter();
        let choice = Choice {
            offset: self.written.bytes.len(),
            alternatives: alternatives.map(|&(token, share)| (shown(trie, token), share)).collect(),
            margin: pick.margin,
        };
        self.take(trie, pick.token)?;
        self.written.choices.push(choice);
        self.written.sampled += 1;
        Ok(())
    }

    fn take(&mut self, trie: &TokTrie, token: TokenId) -> Result<(), ModelError> {
        if self.written.sampled + self.written.forced >= self.limits.max_tokens {
            return Err(ModelError::Truncated(self.limits.max_tokens));
        }
        self.matcher.consume_token(token).map_err(grammar_failed)?;
        self.written.bytes.extend_from_slice(text_bytes(trie, token));
        self.pending.push(token);
        Ok(())
    }

    /// Whether the matcher stopped because the answer is whole.
    fn complete(&self) -> Result<Next, ModelError> {
        match self.matcher.stop_reason() {
            StopReason::NoExtension | StopReason::EndOfSentence => Ok(Next::Complete),
            reason => Err(ModelError::Failed(format!(
                "the grammar stopped the answer: {reason:?} {}",
                self.matcher.get_error().unwrap_or_default()
            ))),
        }
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
    use toktrie::{ApproximateTokEnv, TokenizerEnv as _};

    use super::*;
    use crate::model::engine::grammar::{Grammars, tests::bytes_factory};

    /// A model over single bytes that prefers the bytes of a text, in order, wherever it has a choice.
    struct Prefers {
        wishes: Vec<TokenId>,
        steps: Vec<usize>,
    }

    impl Prefers {
        fn new(wishes: &str) -> Self {
            Self { wishes: wishes.bytes().rev().map(TokenId::from).collect(), steps: Vec::new() }
        }
    }

    /// A model at some place in a text: goes on by tokens and tells what comes next.
    trait Evaluate {
        fn evaluate(&mut self, tokens: &[TokenId]) -> Vec<f32>;
    }

    impl Evaluate for Prefers {
        fn evaluate(&mut self, tokens: &[TokenId]) -> Vec<f32> {
            self.steps.push(tokens.len());
            let mut logits = vec![0.0; 300];
            if let Some(wish) = self.wishes.pop() {
                logits[wish as usize] = 5.0;
            }
            logits
        }
    }

    fn write(
        schema: &Value,
        model: &mut impl Evaluate,
        max_tokens: u32,
        batch_forced: bool,
    ) -> Result<Written, ModelError> {
        let vocabulary = ApproximateTokEnv::single_byte();
        let trie = vocabulary.tok_trie();
        let matcher = Grammars::default().matcher(&bytes_factory(), schema)?;
        let limits = Limits { max_tokens, batch_forced };
        let mut answer = Answer::new(matcher, limits, vec![1, 2, 3]);
        while answer.settle(trie)? == Next::Logits {
            let logits = model.evaluate(&answer.take_pending());
            answer.choose(trie, &logits)?;
        }
        Ok(answer.into_written())
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
    }

    impl Evaluate for Recalls {
        fn evaluate(&mut self, tokens: &[TokenId]) -> Vec<f32> {
            let mix = |state: u64, with: u64| (state ^ with).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.state = tokens
                .iter()
                .fold(self.state, |state, &token| mix(state.rotate_left(7), token.into()));
            (0..300_u64)
                .map(|token| f32::from(u16::try_from(mix(self.state, token) >> 48).unwrap()))
                .collect()
        }
    }

    #[test]
    fn copying_writes_what_stepping_writes() {
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
                write(&schema, &mut Recalls { state: seed }, 200, batch_forced).unwrap()
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
