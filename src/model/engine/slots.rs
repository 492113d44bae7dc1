//! Which evaluated prompt is kept where, and which of them a new prompt can go on from.

use super::prompt::Chunk;

/// Where a prompt is evaluated and how much of it is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The slot, which is also llama.cpp's sequence.
    pub slot: usize,
    /// Leading chunks that need no evaluation.
    pub chunks: usize,
    /// The tokens of these chunks.
    pub tokens: usize,
}

#[derive(Default, Clone)]
struct Slot {
    chunks: Vec<Chunk>,
    used_at: u64,
}

/// The prompts whose evaluation is kept, without their last chunks: those are evaluated anew each time,
/// in one batch with the answer's first forced tokens, and so never stand for a later prompt's chunk.
pub(super) struct Slots {
    slots: Vec<Slot>,
    clock: u64,
}

impl Slots {
    /// `count` empty slots.
    pub(super) fn new(count: usize) -> Self {
        Self { slots: vec![Slot::default(); count], clock: 0 }
    }

    /// Chooses where `prompt` goes, and forgets what that slot holds beyond the shared chunks. A slot is
    /// taken over for what it shares only if that is more than what is lost; else the one unused the
    /// longest gives way, so that two prompts in turn do not evict each other.
    pub(super) fn place(&mut self, prompt: &[Chunk]) -> Place {
        let mut best = None;
        for (index, slot) in self.slots.iter().enumerate() {
            let shared = shared_chunks(&slot.chunks, prompt);
            let kept = tokens(&slot.chunks[..shared]);
            let lost = tokens(&slot.chunks[shared..]);
            let is_better = best.is_none_or(|(_, _, most)| kept > most);
            if kept > lost && is_better {
                best = Some((index, shared, kept));
            }
        }
        let (slot, chunks, tokens) = best.unwrap_or_else(|| (self.oldest(), 0, 0));
        self.clock += 1;
        if let Some(taken) = self.slots.get_mut(slot) {
            taken.chunks.truncate(chunks);
            taken.used_at = self.clock;
        }
        Place { slot, chunks, tokens }
    }

    /// Remembers that `chunk` has been evaluated after what `slot` holds.
    pub(super) fn keep(&mut self, slot: usize, chunk: Chunk) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.chunks.push(chunk);
        }
    }

    /// Forgets what `slot` holds.
    pub(super) fn clear(&mut self, slot: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.chunks.clear();
        }
    }

    fn oldest(&self) -> usize {
        let by_use = self.slots.iter().enumerate();
        by_use.min_by_key(|(_, slot)| slot.used_at).map_or(0, |(index, _)| index)
    }
}

/// Leading chunks of `prompt` that are there, its last one never counted.
fn shared_chunks(held: &[Chunk], prompt: &[Chunk]) -> usize {
    let reusable = &prompt[..prompt.len().saturating_sub(1)];
    held.iter().zip(reusable).take_while(|(held, wanted)| held == wanted).count()
}

fn tokens(chunks: &[Chunk]) -> usize {
    chunks.iter().map(Vec::len).sum()
}

#[cfg(test)]
mod tests {
    use llama_cpp_2::token::LlamaToken;

    use super::*;

    /// A prompt whose chunks have four tokens each, all equal to the number given.
    fn prompt(chunks: &[i32]) -> Vec<Chunk> {
        chunks.iter().map(|&id| vec![LlamaToken(id); 4]).collect()
    }

    fn evaluate(slots: &mut Slots, chunks: &[i32]) -> Place {
        let mut prompt = prompt(chunks);
        let place = slots.place(&prompt);
        prompt.pop();
        for chunk in prompt.drain(place.chunks..) {
            slots.keep(place.slot, chunk);
        }
        place
    }

    #[test]
    fn the_last_chunk_is_never_reused() {
        let mut slots = Slots::new(2);
        evaluate(&mut slots, &[1, 2, 3]);
        let place = evaluate(&mut slots, &[1, 2, 3]);
        assert_eq!((place.chunks, place.tokens), (2, 8));
        let longer = evaluate(&mut slots, &[1, 2, 3, 4]);
        assert_eq!(longer.chunks, 2);
    }

    #[test]
    fn prompts_in_turn_keep_a_slot_each() {
        let mut slots = Slots::new(2);
        let read = evaluate(&mut slots, &[1, 2, 3, 90]);
        let assess = evaluate(&mut slots, &[5, 6, 7, 91]);
        assert_ne!(read.slot, assess.slot);
        let next_read = evaluate(&mut slots, &[1, 2, 3, 92]);
        let next_assess = evaluate(&mut slots, &[5, 6, 7, 93]);
        assert_eq!((next_read.slot, next_read.chunks), (read.slot, 3));
        assert_eq!((next_assess.slot, next_assess.chunks), (assess.slot, 3));
    }

    #[test]
    fn a_small_likeness_takes_no_slot_over() {
        let mut slots = Slots::new(2);
        let first = evaluate(&mut slots, &[1, 2, 3, 4, 90]);
        let other = evaluate(&mut slots, &[1, 7, 8, 9, 91]);
        assert_ne!(first.slot, other.slot);
        assert_eq!(other.chunks, 0);
    }

    #[test]
    fn the_longest_unused_gives_way() {
        let mut slots = Slots::new(2);
        let first = evaluate(&mut slots, &[1, 2, 90]);
        evaluate(&mut slots, &[3, 4, 91]);
        evaluate(&mut slots, &[3, 4, 92]);
        let third = evaluate(&mut slots, &[5, 6, 93]);
        assert_eq!(third.slot, first.slot);
    }

    #[test]
    fn a_cleared_slot_shares_nothing() {
        let mut slots = Slots::new(1);
        let place = evaluate(&mut slots, &[1, 2, 3]);
        slots.clear(place.slot);
        assert_eq!(evaluate(&mut slots, &[1, 2, 3]).chunks, 0);
    }
}
