//! One llama.cpp context and the requests that run in it, one step at a time.

use std::{cmp::Reverse, mem};

use llama_cpp_2::{
    context::{LlamaContext, session::LlamaStateSeqFlags},
    llama_batch::LlamaBatch,
};
use toktrie::TokenizerEnv as _;

use super::{
    Loaded,
    answer::{Answer, Limits},
    grammar::Grammars,
    prefixes::Prefixes,
    prompt::Chunk,
    queue::Job,
    slots::{Place, Slots},
    task::{Part, Prepared, Task},
    worker::Engine,
};
use crate::model::ModelError;

/// Tokens evaluated in one step; also how long a deadline may go unseen.
pub(super) const BATCH: u32 = 256;

/// Prompts whose evaluation is kept besides those that run: reading and assessing take turns.
pub(super) const PROMPTS_KEPT: u32 = 2;

/// A shared beginning shorter than this is evaluated faster than it is read from disk or copied.
const WORTH_KEEPING: usize = 64;

/// A context with the books about what it holds and what runs in it.
///
/// With one request at a time, the same request gives the same bytes whatever came before: each kept
/// prompt has a cache of its own, chunks are evaluated in batches that depend on the chunk alone, and
/// only whole chunks are reused. Requests that run beside each other share batches, and sums over a
/// larger batch are rounded differently: then the last digits, and at a tie a word, may differ.
pub(super) struct Session<'m> {
    loaded: &'m Loaded,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    slots: Slots,
    grammars: Grammars,
    prefixes: Option<Prefixes>,
    tasks: Vec<Task>,
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
            slots: Slots::new(loaded.sequences() as usize, WORTH_KEEPING),
            grammars: Grammars::default(),
            prefixes: loaded.prefixes(),
            tasks: Vec::new(),
        })
    }

    /// Tokens that prompt and answer together may have.
    pub(super) fn context_tokens(&self) -> usize {
        (self.context.n_ctx() / self.loaded.sequences()) as usize
    }

    /// Everything that can be refused before the first token is evaluated.
    fn prepare(&mut self, job: &Job) -> Result<Prepared, ModelError> {
        job.check()?;
        let request = &job.request;
        let mut chunks = self
            .loaded
            .template
            .render(&self.loaded.weights, &request.messages)
            .map_err(|why| ModelError::Failed(format!("the chat template: {why}")))?;
        let prompt_tokens = self.check_fits(&chunks, request.max_tokens)?;
        let matcher = self.grammars.matcher(&self.loaded.grammars, &request.schema)?;
        let (place, keep_as) = self.place(&chunks)?;
        let tail = chunks.pop().unwrap_or_default();
        let tail = tail.iter().map(|token| token.0.cast_unsigned()).collect();
        let limits =
            Limits { max_tokens: request.max_tokens, batch_forced: self.loaded.batch_forced };
        Ok(Prepared {
            place,
            keep_as,
            prompt_tokens,
            chunks: chunks.into_iter().skip(place.chunks).collect(),
            answer: Answer::new(matcher, limits, tail),
        })
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

    /// Chooses where the prompt goes and brings there what is known of it, from the slot itself, another
    /// slot, or the disk. Also says under which name its beginning is to be kept on disk, if it is not yet.
    fn place(&mut self, prompt: &[Chunk]) -> Result<(Place, Option<String>), ModelError> {
        let full = || ModelError::Failed("no sequence is free".to_owned());
        let place = self.slots.place(prompt).ok_or_else(full)?;
        let filled = self.bring(prompt, place);
        if filled.is_err() {
            // Nobody will run in it, and nobody knows what its cache holds.
            self.slots.clear(place.slot);
            self.slots.release(place.slot);
        }
        filled
    }

    /// Brings to its place what is known of the prompt.
    fn bring(
        &mut self,
        prompt: &[Chunk],
        mut place: Place,
    ) -> Result<(Place, Option<String>), ModelError> {
        let shared = &prompt[..prompt.len().saturating_sub(1)];
        let shared_tokens: usize = shared.iter().map(Vec::len).sum();
        let mut keep_as = None;
        if place.tokens + WORTH_KEEPING <= shared_tokens
            && let Some(prefixes) = &self.prefixes
        {
            let key = prefixes.key(shared);
            if self.restore(&mut place, &key)? {
                for chunk in shared.iter().skip(place.chunks) {
                    self.slots.keep(place.slot, chunk.clone());
                }
                return Ok((
                    Place { from: None, chunks: shared.len(), tokens: shared_tokens, ..place },
                    None,
                ));
            }
            keep_as = Some(key);
        }
        if !self.cut(place)? {
            // Models with recurrent layers cannot forget a part, so these begin anew.
            self.slots.clear(place.slot);
            self.clear(place.slot, None)?;
            place = Place { chunks: 0, tokens: 0, ..place };
        }
        Ok((place, keep_as))
    }

    /// Leaves in the slot's cache what the new prompt shares, copied from another slot where that is said.
    fn cut(&mut self, place: Place) -> Result<bool, ModelError> {
        if let Some(from) = place.from {
            self.context
                .kv_cache_seq_cp(whole_number(from)?, whole_number(place.slot)?, None, None)
                .map_err(|error| ModelError::Failed(error.to_string()))?;
        }
        self.clear(place.slot, Some(place.tokens))
    }

    fn clear(&mut self, slot: usize, from: Option<usize>) -> Result<bool, ModelError> {
        let from = from.map(whole_number).transpose()?;
        self.context
            .clear_kv_cache_seq(Some(whole_number(slot)?), from, None)
            .map_err(|error| ModelError::Failed(error.to_string()))
    }

    /// Reads what the disk keeps under `key` into the slot. What llama.cpp does not take is removed.
    #[expect(
        unsafe_code,
        reason = "the safe wrapper takes only states of the same process, and this one was on disk"
    )]
    fn restore(&mut self, place: &mut Place, key: &str) -> Result<bool, ModelError> {
        let slot = place.slot;
        let Some(state) = self.prefixes.as_ref().and_then(|prefixes| prefixes.read(key)) else {
            return Ok(false);
        };
        let sequence = whole_number(slot)?;
        self.clear(slot, None)?;
        // SAFETY: the bytes are, by their hash, those that `state_seq_get_data_ext` wrote for this very
        // model, build and shape, and llama.cpp checks sizes and types again as it reads them.
        let taken = unsafe {
            self.context.state_seq_set_data_ext(&state, sequence, LlamaStateSeqFlags::empty())
        };
        if !taken {
            self.clear(slot, None)?;
            self.slots.clear(slot);
            *place = Place { slot, from: None, chunks: 0, tokens: 0 };
            if let Some(prefixes) = &self.prefixes {
                prefixes.forget(key);
            }
        }
        Ok(taken)
    }

    /// Keeps on disk what the slot holds now.
    #[expect(unsafe_code, reason = "the safe wrapper does not give the bytes out")]
    fn keep(&self, slot: usize, key: &str) -> Result<(), ModelError> {
        let Some(prefixes) = &self.prefixes else { return Ok(()) };
        let sequence = whole_number(slot)?;
        let flags = LlamaStateSeqFlags::empty();
        let mut state = vec![0; self.context.state_seq_get_size_ext(sequence, flags)];
        // SAFETY: the buffer has the size that llama.cpp just named for this sequence, and nothing is
        // evaluated between the two calls.
        let written =
            unsafe { self.context.state_seq_get_data_ext(state.as_mut_ptr(), sequence, flags) };
        if written == state.len() {
            prefixes.keep(key, state);
        }
        Ok(())
    }

    /// Puts the next tokens into the batch: of the prompt that waits the longest, or, when all prompts are
    /// evaluated, of every answer. llama.cpp cuts a batch into parts of equal length for all sequences in
    /// it, so that a prompt and answers beside each other cost more than one after the other. Prompts go
    /// first: the more answers are written together, the less each costs.
    ///
    /// Gives the tasks that take part, each with the batch index of the logits that it waits for.
    fn fill(&mut self) -> Result<Vec<Part>, ModelError> {
        self.batch.clear();
        let reading = (0..self.tasks.len())
            .filter(|&index| !self.tasks[index].answering || self.tasks[index].is_long())
            .min_by_key(|&index| self.tasks[index].started);
        let mut order = reading.map_or_else(|| (0..self.tasks.len()).collect(), |one| vec![one]);
        // Neighbouring sequences go into one part.
        order.sort_by_key(|&index| self.tasks[index].slot);
        let mut parts = Vec::with_capacity(order.len());
        for index in order {
            let task = &self.tasks[index];
            let sequence = whole_number(task.slot)?;
            let room = (BATCH as usize).saturating_sub(whole_number(self.batch.n_tokens())?);
            let wanted = &task.chunk[task.done..];
            let taken = wanted.len().min(room);
            let asks = task.answering && taken == wanted.len();
            for (offset, &token) in wanted.iter().take(taken).enumerate() {
                let position = whole_number(task.position + offset)?;
                let logits = asks && offset + 1 == taken;
                self.batch
                    .add(token, position, &[sequence], logits)
                    .map_err(|error| ModelError::Failed(error.to_string()))?;
            }
            if taken > 0 {
                let logits = asks.then(|| self.batch.n_tokens() - 1);
                parts.push(Part { task: index, taken, logits });
            }
        }
        Ok(parts)
    }

    /// Moves a task on after its tokens were evaluated. `true` when its answer is complete.
    fn advance(&mut self, part: &Part) -> Result<bool, ModelError> {
        let trie = self.loaded.vocabulary.tok_trie();
        let task = &mut self.tasks[part.task];
        task.position += part.taken;
        task.done += part.taken;
        if task.done < task.chunk.len() {
            return Ok(false);
        }
        if let Some(logits) = part.logits {
            task.answer.choose(trie, self.context.get_logits_ith(logits))?;
            return task.write_on(trie);
        }
        self.slots.keep(task.slot, mem::take(&mut task.chunk));
        if let Some(next) = task.after.pop_front() {
            task.chunk = next;
            task.done = 0;
            return Ok(false);
        }
        let complete = task.write_on(trie)?;
        if let (slot, Some(key)) = (task.slot, task.keep_as.take()) {
            self.keep(slot, &key)?;
        }
        Ok(complete)
    }

    /// Ends a task and answers its caller.
    fn end(&mut self, index: usize, result: Result<(), ModelError>) {
        let task = self.tasks.swap_remove(index);
        self.slots.release(task.slot);
        task.reply(result);
    }
}

impl Engine for Session<'_> {
    fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }

    fn has_room(&self) -> bool {
        self.tasks.len() < self.loaded.parallel as usize && self.slots.has_room()
    }

    fn admit(&mut self, job: Job) {
        let prepared = match self.prepare(&job) {
            Ok(prepared) => prepared,
            Err(error) => return job.reply(Err(error)),
        };
        let mut task = Task::new(job, prepared);
        let complete = match task.after.pop_front() {
            Some(chunk) => {
                task.chunk = chunk;
                Ok(false)
            }
            None => task.write_on(self.loaded.vocabulary.tok_trie()),
        };
        self.tasks.push(task);
        match complete {
            Ok(false) => {}
            Ok(true) => self.end(self.tasks.len() - 1, Ok(())),
            Err(error) => self.end(self.tasks.len() - 1, Err(error)),
        }
    }

    fn step(&mut self) -> Result<(), ModelError> {
        for index in (0..self.tasks.len()).rev() {
            if let Err(error) = self.tasks[index].job.check() {
                self.end(index, Err(error));
            }
        }
        let parts = self.fill()?;
        if parts.is_empty() {
            return Ok(());
        }
        metrics::histogram!("sereno_model_batch_tokens").record(f64::from(self.batch.n_tokens()));
        metrics::histogram!("sereno_model_batch_requests")
            .record(f64::from(whole_number::<_, u32>(parts.len())?));
        self.context
            .decode(&mut self.batch)
            .map_err(|error| ModelError::Failed(error.to_string()))?;
        let mut ended: Vec<(usize, Result<(), ModelError>)> = Vec::new();
        for part in parts {
            match self.advance(&part) {
                Ok(false) => {}
                Ok(true) => ended.push((part.task, Ok(()))),
                Err(error) => ended.push((part.task, Err(error))),
            }
        }
        // From the last to the first, so that the numbers of those before stay right.
        ended.sort_by_key(|(index, _)| Reverse(*index));
        for (index, result) in ended {
            self.end(index, result);
        }
        Ok(())
    }

    fn abandon(&mut self, why: &str) {
        for task in self.tasks.drain(..) {
            task.reply(Err(ModelError::Failed(why.to_owned())));
        }
    }
}

/// llama.cpp counts in 32 bits; the context is far smaller than that.
pub(super) fn whole_number<N, T: TryFrom<N>>(number: N) -> Result<T, ModelError> {
    T::try_from(number).map_err(|_| ModelError::Failed("a count is out of range".to_owned()))
}
