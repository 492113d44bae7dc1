//! llama.cpp alone: a loop that decodes the most probable token, with no grammar and no bookkeeping.

use std::{num::NonZeroU32, path::Path, time::Instant};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};
use sereno::model::engine::backend;

/// Tokens of every sequence's prompt, about as many as the engine's has; its time counts on both sides.
const PROMPT: usize = 30;

/// A context for some sequences.
pub(super) struct Bare {
    context: LlamaContext<'static>,
    sequences: i32,
}

impl Bare {
    /// Loads the model again, for itself.
    pub(super) fn open(path: &Path, threads: i32, sequences: i32) -> Self {
        let params = LlamaModelParams::default();
        let backend = backend().unwrap();
        // A handful for the life of this program.
        let model: &'static LlamaModel =
            Box::leak(Box::new(LlamaModel::load_from_file(backend, path, &params).unwrap()));
        let wide = u32::try_from(sequences).unwrap();
        let params = LlamaContextParams::default()
            .with_flash_attention_policy(llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_AUTO)
            .with_n_ctx(NonZeroU32::new(4_096 * wide))
            .with_n_seq_max(wide)
            .with_kv_unified(false)
            .with_n_threads(threads)
            .with_n_threads_batch(threads);
        Self { context: model.new_context(backend, params).unwrap(), sequences }
    }

    /// Tokens per second over all sequences, `steps` tokens each.
    pub(super) fn rate(&mut self, steps: usize) -> f64 {
        let mut batch = LlamaBatch::new(512, 1);
        self.context.clear_kv_cache();
        let begun = Instant::now();
        for sequence in 0..self.sequences {
            batch.clear();
            for (position, token) in (0..).zip((0..PROMPT).map(|at| 400 + 7 * at)) {
                let token = LlamaToken(i32::try_from(token).unwrap() + sequence);
                batch.add(token, position, &[sequence], false).unwrap();
            }
            self.context.decode(&mut batch).unwrap();
        }
        let mut next: Vec<LlamaToken> =
            (0..self.sequences).map(|at| LlamaToken(500 + at)).collect();
        for step in 0..steps {
            batch.clear();
            let position = i32::try_from(PROMPT + step).unwrap();
            for (sequence, token) in (0..).zip(&next) {
                batch.add(*token, position, &[sequence], true).unwrap();
            }
            self.context.decode(&mut batch).unwrap();
            for (row, token) in (0..).zip(&mut next) {
                let logits = self.context.get_logits_ith(row);
                let best = (0..).zip(logits).max_by(|(_, one), (_, other)| one.total_cmp(other));
                *token = LlamaToken(best.unwrap().0);
            }
        }
        (steps * next.len()) as f64 / begun.elapsed().as_secs_f64()
    }
}
