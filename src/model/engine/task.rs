//! One request that runs in a session: how far its prompt and its answer are.

use std::{collections::VecDeque, time::Instant};

use llama_cpp_2::token::LlamaToken;
use toktrie::TokTrie;

use super::{
    answer::{Answer, Next},
    prompt::Chunk,
    queue::Job,
    session::whole_number,
    slots::Place,
};
use crate::model::{Completion, ModelError, Usage};

/// More tokens than this are evaluated by themselves: beside each other they cost no less.
const LONG: usize = 32;

/// A request that may run.
pub(super) struct Prepared {
    pub place: Place,
    /// The name under which the beginning of its prompt is to be kept on disk.
    pub keep_as: Option<String>,
    pub prompt_tokens: usize,
    /// The chunks to evaluate, without the last one, which the answer has.
    pub chunks: VecDeque<Chunk>,
    pub answer: Answer,
}

/// What one task has in the batch.
pub(super) struct Part {
    /// Its number.
    pub task: usize,
    /// How many of its tokens.
    pub taken: usize,
    /// Where in the batch the logits are that it waits for.
    pub logits: Option<i32>,
}

/// One request that runs.
pub(super) struct Task {
    pub job: Job,
    pub slot: usize,
    pub started: Instant,
    pub prompt_tokens: usize,
    pub reused_tokens: usize,
    /// Tokens in the cache.
    pub position: usize,
    /// The tokens under evaluation: a chunk of the prompt, or what the answer waits for.
    pub chunk: Chunk,
    /// How many of these tokens have been evaluated.
    pub done: usize,
    /// Chunks to evaluate after it.
    pub after: VecDeque<Chunk>,
    /// The name under which the prompt's beginning is kept on disk once it is evaluated.
    pub keep_as: Option<String>,
    /// Whether the prompt is evaluated, but for its last chunk.
    pub answering: bool,
    pub answer: Answer,
}

impl Task {
    pub(super) fn new(job: Job, prepared: Prepared) -> Self {
        Self {
            job,
            slot: prepared.place.slot,
            started: Instant::now(),
            prompt_tokens: prepared.prompt_tokens,
            reused_tokens: prepared.place.tokens,
            position: prepared.place.tokens,
            chunk: Chunk::new(),
            done: 0,
            after: prepared.chunks,
            keep_as: prepared.keep_as,
            answering: false,
            answer: prepared.answer,
        }
    }

    /// Whether as much waits for evaluation as a prompt has: its last chunk, or a long forced run.
    pub(super) fn is_long(&self) -> bool {
        self.chunk.len() - self.done >= LONG
    }

    /// Copies what is forced, and lines up the tokens that the next choice waits for. `true` when the
    /// answer is complete.
    pub(super) fn write_on(&mut self, trie: &TokTrie) -> Result<bool, ModelError> {
        self.answering = true;
        let next = self.answer.settle(trie)?;
        let pending = self.answer.take_pending();
        self.chunk = pending.into_iter().map(|token| LlamaToken(token.cast_signed())).collect();
        self.done = 0;
        Ok(next == Next::Complete)
    }

    pub(super) fn reply(self, result: Result<(), ModelError>) {
        let waited = self.started - self.job.queued_at;
        let busy = self.started.elapsed();
        metrics::histogram!("sereno_model_queue_seconds").record(waited);
        metrics::histogram!("sereno_model_busy_seconds").record(busy);
        let result = result.and_then(|()| {
            let usage = Usage {
                prompt_tokens: whole_number(self.prompt_tokens)?,
                reused_tokens: whole_number(self.reused_tokens)?,
                queued_ms: u32::try_from(waited.as_millis()).unwrap_or(u32::MAX),
                busy_ms: u32::try_from(busy.as_millis()).unwrap_or(u32::MAX),
                ..Usage::default()
            };
            completion(self.answer, usage)
        });
        self.job.reply(result);
    }
}

fn completion(answer: Answer, usage: Usage) -> Result<Completion, ModelError> {
    let written = answer.into_written();
    let usage = Usage { sampled_tokens: written.sampled, forced_tokens: written.forced, ..usage };
    let count = |name, tokens: u32| metrics::counter!(name).increment(u64::from(tokens));
    count("sereno_model_prompt_tokens_total", usage.prompt_tokens);
    count("sereno_model_reused_tokens_total", usage.reused_tokens);
    count("sereno_model_sampled_tokens_total", usage.sampled_tokens);
    count("sereno_model_forced_tokens_total", usage.forced_tokens);
    let text = String::from_utf8(written.bytes)
        .map_err(|_| ModelError::Failed("the answer is not UTF-8".to_owned()))?;
    Ok(Completion { text, choices: written.choices, usage })
}
