//! One llama.cpp context: prompts are evaluated in it, kept in it, and answered from it.

use llama_cpp_2::{context::LlamaContext, llama_batch::LlamaBatch, token::LlamaToken};
use toktrie::TokenId;

use super::{
    Loaded,
    decode::{Evaluate, Writer, Written},
    grammar::Grammars,
    prompt::Chunk,
    queue::Job,
    slots::{Place, Slots},
};
use crate::model::{Completion, ModelError, Usage};

/// Tokens evaluated in one step; also how long a deadline may go unseen.
pub(super) const BATCH: u32 = 256;

/// Prompts whose evaluation is kept: reading and assessing, which take turns, and one more.
pub(super) const PROMPTS_KEPT: u32 = 3;

/// A context with the books about what it holds.
///
/// The same request gives the same bytes whatever came before: each kept prompt has a cache of its own,
/// chunks are evaluated in batches that depend on the chunk alone, and only whole chunks are reused.
pub(super) struct Session<'m> {
    loaded: &'m Loaded,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    slots: Slots,
    grammars: Grammars,
}

impl<'m> Session<'m> {
    /// An empty context.
    ///
    /// # Errors
    /// [`ModelError::Load`] when memory is short.
    pub(super) fn open(loaded: &'m Loaded) -> Result<Self, ModelError> {
        Ok(Self {
            loaded,
            context: loaded.context()?,
            batch: LlamaBatch::new(BATCH as usize, 1),
            slots: Slots::new(PROMPTS_KEPT as usize),
            grammars: Grammars::default(),
        })
    }

    /// Tokens that prompt and answer together may have.
    pub(super) fn context_tokens(&self) -> usize {
        (self.context.n_ctx() / PROMPTS_KEPT) as usize
    }

    /// Answers one request.
    ///
    /// # Errors
    /// As [`crate::model::LanguageModel::generate`] tells; after [`ModelError::Failed`] the session is spent.
    pub(super) fn answer(&mut self, job: &Job) -> Result<Completion, ModelError> {
        let request = &job.request;
        let mut chunks = self
            .loaded
            .template
            .render(&self.loaded.weights, &request.messages)
            .map_err(|why| ModelError::Failed(format!("the chat template: {why}")))?;
        let prompt_tokens = self.check_fits(&chunks, request.max_tokens)?;
        let matcher = self.grammars.matcher(&self.loaded.grammars, &request.schema)?;
        let place = self.place(&chunks)?;
        let tail = chunks.pop().unwrap_or_default();
        let mut cursor = Cursor {
            context: &mut self.context,
            batch: &mut self.batch,
            job,
            sequence: whole_number(place.slot)?,
            position: place.tokens,
        };
        for chunk in chunks.drain(place.chunks..) {
            cursor.advance(&chunk, false)?;
            self.slots.keep(place.slot, chunk);
        }
        let writer = Writer {
            vocabulary: self.loaded.vocabulary.as_ref(),
            max_tokens: request.max_tokens,
            batch_forced: self.loaded.batch_forced,
        };
        let tail = tail.iter().map(|token| token.0.cast_unsigned()).collect();
        let written = writer.write(matcher, &mut cursor, tail)?;
        completion(written, prompt_tokens, place.tokens)
    }

    fn check_fits(&self, chunks: &[Chunk], max_tokens: u32) -> Result<usize, ModelError> {
        let prompt = chunks.iter().map(Vec::len).sum();
        let answer = max_tokens as usize;
        let context = self.context_tokens();
        if prompt + answer > context {
            return Err(ModelError::TooLong { prompt, answer, context });
        }
        Ok(prompt)
    }

    /// Chooses where the prompt goes and removes from the cache there what it does not share.
    fn place(&mut self, chunks: &[Chunk]) -> Result<Place, ModelError> {
        let place = self.slots.place(chunks);
        let sequence = whole_number(place.slot)?;
        let shared = whole_number(place.tokens)?;
        let removed = self
            .context
            .clear_kv_cache_seq(Some(sequence), Some(shared), None)
            .map_err(|error| ModelError::Failed(error.to_string()))?;
        if removed {
            return Ok(place);
        }
        // Models with recurrent layers cannot forget a part, so these begin anew.
        self.slots.clear(place.slot);
        self.context
            .clear_kv_cache_seq(Some(sequence), None, None)
            .map_err(|error| ModelError::Failed(error.to_string()))?;
        Ok(Place { chunks: 0, tokens: 0, ..place })
    }
}

/// The model at a place in one sequence, on behalf of one job.
struct Cursor<'s, 'm> {
    context: &'s mut LlamaContext<'m>,
    batch: &'s mut LlamaBatch<'static>,
    job: &'s Job,
    sequence: i32,
    position: usize,
}

impl Cursor<'_, '_> {
    /// Evaluates `tokens`, in steps between which the deadline is checked; logits only for the last one.
    fn advance(&mut self, tokens: &[LlamaToken], with_logits: bool) -> Result<(), ModelError> {
        let steps = tokens.chunks(BATCH as usize);
        let last_step = steps.len().saturating_sub(1);
        for (index, step) in steps.enumerate() {
            self.job.check()?;
            self.batch.clear();
            for (offset, &token) in step.iter().enumerate() {
                let logits = with_logits && index == last_step && offset + 1 == step.len();
                let position = whole_number(self.position + offset)?;
                self.batch
                    .add(token, position, &[self.sequence], logits)
                    .map_err(|error| ModelError::Failed(error.to_string()))?;
            }
            self.context
                .decode(self.batch)
                .map_err(|error| ModelError::Failed(error.to_string()))?;
            self.position += step.len();
        }
        Ok(())
    }
}

impl Evaluate for Cursor<'_, '_> {
    fn evaluate(&mut self, tokens: &[TokenId]) -> Result<&[f32], ModelError> {
        let tokens: Vec<_> = tokens.iter().map(|token| LlamaToken(token.cast_signed())).collect();
        self.advance(&tokens, true)?;
        Ok(self.context.get_logits_ith(-1))
    }
}

fn completion(
    written: Written,
    prompt_tokens: usize,
    reused_tokens: usize,
) -> Result<Completion, ModelError> {
    let usage = Usage {
        prompt_tokens: whole_number(prompt_tokens)?,
        reused_tokens: whole_number(reused_tokens)?,
        sampled_tokens: written.sampled,
        forced_tokens: written.forced,
        ..Usage::default()
    };
    let count = |name, tokens: u32| metrics::counter!(name).increment(u64::from(tokens));
    count("sereno_model_prompt_tokens_total", usage.prompt_tokens);
    count("sereno_model_reused_tokens_total", usage.reused_tokens);
    count("sereno_model_sampled_tokens_total", usage.sampled_tokens);
    count("sereno_model_forced_tokens_total", usage.forced_tokens);
    let text = String::from_utf8(written.bytes)
        .map_err(|_| ModelError::Failed("the answer is not UTF-8".to_owned()))?;
    Ok(Completion { text, choices: written.choices, usage })
}

/// llama.cpp counts in 32 bits; the context is far smaller than that.
fn whole_number<T: TryFrom<usize>>(number: usize) -> Result<T, ModelError> {
    T::try_from(number).map_err(|_| ModelError::Failed(format!("{number} is out of range")))
}
