//! Which evaluated prompt is kept where, and which of them a new prompt can go on from.

use super::prompt::Chunk;

/// Where a prompt is evaluated and how much of it is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The slot, which is also llama.cpp's sequence.
    pub slot: usize,
    /// Another slot that holds these chunks and is to be copied from.
    pub from: Option<usize>,
    /// Leading chunks that need no evaluation.
    pub chunks: usize,
    /// The tokens of these chunks.
    pub tokens: usize,
}

#[derive(Default, Clone)]
struct Slot {
    chunks: Vec<Chunk>,
    used_at: u64,
    busy: bool,
}

/// The prompts whose evaluation is kept, without their last chunks: those are evaluated anew each time,
/// in one batch with the answer's first forced tokens, and so never stand for a later prompt's chunk.
pub(super) struct Slots {
    held: Vec<Slot>,
    clock: u64,
    worth_copying: usize,
}

impl Slots {
    /// `count` empty slots. Fewer than `worth_copying` tokens are evaluated again faster than copied.
    pub(super) fn new(count: usize, worth_copying: usize) -> Self {
        Self { held: vec![Slot::default(); count], clock: 0, worth_copying }
    }

    /// Chooses a free slot where `prompt` goes, marks it busy, and forgets what it holds beyond the shared
    /// chunks; `None` when all are busy. A slot is taken over for what it shares only if that is more than
    /// what is lost; else the one unused the longest gives way, so that two prompts in turn do not evict
    /// each other. Where any other slot, busy or not, shares more, it is copied from.
    pub(super) fn place(&mut self, prompt: &[Chunk]) -> Option<Place> {
        let mut best: Option<Place> = None;
        for (index, slot) in self.free() {
            let chunks = shared_chunks(&slot.chunks, prompt);
            let kept = tokens(&slot.chunks[..chunks]);
            let lost = tokens(&slot.chunks[chunks..]);
            if kept > lost && best.is_none_or(|best| kept > best.tokens) {
                best = Some(Place { slot: index, from: None, chunks, tokens: kept });
            }
        }
        let oldest = self.free().min_by_key(|(_, slot)| slot.used_at).map(|(index, _)| index);
        let mut place = match best {
            Some(place) => place,
            None => Place { slot: oldest?, from: None, chunks: 0, tokens: 0 },
        };
        for (index, slot) in self.held.iter().enumerate() {
            let chunks = shared_chunks(&slot.chunks, prompt);
            let kept = tokens(&slot.chunks[..chunks]);
            if kept >= place.tokens + self.worth_copying {
                place = Place { from: Some(index), chunks, tokens: kept, ..place };
            }
        }
        let held = prompt[..place.chunks].to_vec();
        self.clock += 1;
        let used_at = self.clock;
        *self.held.get_mut(place.slot)? = Slot { chunks: held, used_at, busy: true };
        Some(place)
    }

    /// Whether a prompt can be placed now.
    pub(super) fn has_room(&self) -> bool {
        self.free().next().is_some()
    }

    /// Gives a slot back; what it holds stays for the next prompt.
    pub(super) fn release(&mut self, slot: usize) {
        if let Some(slot) = self.held.get_mut(slot) {
            slot.busy = false;
        }
    }

    /// Remembers that `chunk` has been evaluated after what `slot` holds.
    pub(super) fn keep(&mut self, slot: usize, chunk: Chunk) {
        if let Some(slot) = self.held.get_mut(slot) {
            slot.chunks.push(chunk);
        }
    }

    /// Forgets what `slot` holds.
    pub(super) fn clear(&mut self, slot: usize) {
        if let Some(slot) = self.held.get_mut(slot) {
            slot.chunks.clear();
        }
    }

    fn free(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.held.iter().enumerate().filter(|(_, slot)| !slot.busy)
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
        let place = slots.place(&prompt).unwrap();
        prompt.pop();
        for chunk in prompt.drain(place.chunks..) {
            slots.keep(place.slot, chunk);
        }
        slots.release(place.slot);
        place
    }

    #[test]
    fn the_last_chunk_is_never_reused() {
        let mut slots = Slots::new(2, 8);
        evaluate(&mut slots, &[1, 2, 3]);
        let place = evaluate(&mut slots, &[1, 2, 3]);
        assert_eq!((place.chunks, place.tokens), (2, 8));
        let longer = evaluate(&mut slots, &[1, 2, 3, 4]);
        assert_eq!(longer.chunks, 2);
    }

    #[test]
    fn prompts_in_turn_keep_a_slot_each() {
        let mut slots = Slots::new(2, 8);
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
        let mut slots = Slots::new(2, 8);
        let first = evaluate(&mut slots, &[1, 2, 3, 4, 90]);
        let other = evaluate(&mut slots, &[1, 7, 8, 9, 91]);
        assert_ne!(first.slot, other.slot);
        assert_eq!(other.chunks, 0);
    }

    #[test]
    fn the_longest_unused_gives_way() {
        let mut slots = Slots::new(2, 8);
        let first = evaluate(&mut slots, &[1, 2, 90]);
        evaluate(&mut slots, &[3, 4, 91]);
        evaluate(&mut slots, &[3, 4, 92]);
        let third = evaluate(&mut slots, &[5, 6, 93]);
        assert_eq!(third.slot, first.slot);
    }

    #[test]
    fn a_cleared_slot_shares_nothing() {
        let mut slots = Slots::new(1, 8);
        let place = evaluate(&mut slots, &[1, 2, 3]);
        slots.clear(place.slot);
        assert_eq!(evaluate(&mut slots, &[1, 2, 3]).chunks, 0);
    }

    #[test]
    fn a_busy_slot_is_left_alone_and_copied_from() {
        let mut slots = Slots::new(2, 8);
        let first = evaluate(&mut slots, &[1, 2, 3, 90]);
        let running = slots.place(&prompt(&[1, 2, 3, 91])).unwrap();
        assert_eq!((running.slot, running.from), (first.slot, None));
        let beside = slots.place(&prompt(&[1, 2, 3, 92])).unwrap();
        assert_ne!(beside.slot, running.slot);
        assert_eq!((beside.from, beside.chunks), (Some(running.slot), 3));
        assert!(!slots.has_room());
        assert_eq!(slots.place(&prompt(&[1, 93])), None);
        slots.release(beside.slot);
        assert!(slots.has_room());
    }
}
