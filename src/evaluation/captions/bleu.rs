//! BLEU (Papineni et al. 2002) over a set, as the COCO caption evaluation computes it: clipped n-gram
//! counts of all images together, and the reference length nearest to each caption's.

use std::collections::HashMap;

use super::Captioned;
use crate::evaluation::real;

/// Keep quotients defined where nothing matches; the COCO evaluation's own values.
const TINY: f64 = 1e-15;
const SMALL: f64 = 1e-9;

/// BLEU-1 to BLEU-4 of the set; 0 where it is empty.
pub fn corpus(set: &[Captioned]) -> [f64; 4] {
    let (mut correct, mut guessed) = ([0_usize; 4], [0_usize; 4]);
    let (mut length, mut reference_length) = (0_usize, 0_usize);
    for Captioned { candidate, references } in set {
        length += candidate.len();
        reference_length += references
            .iter()
            .map(Vec::len)
            .min_by_key(|reference| (reference.abs_diff(candidate.len()), *reference))
            .unwrap_or(0);
        for order in 1..=4 {
            guessed[order - 1] += (candidate.len() + 1).saturating_sub(order);
            let mut most: HashMap<&[String], usize> = HashMap::new();
            for reference in references {
                for (gram, count) in counts(reference, order) {
                    let known = most.entry(gram).or_default();
                    *known = count.max(*known);
                }
            }
            correct[order - 1] += counts(candidate, order)
                .into_iter()
                .map(|(gram, count)| count.min(most.get(gram).copied().unwrap_or(0)))
                .sum::<usize>();
        }
    }
    if length == 0 {
        return [0.0; 4];
    }
    let ratio = (real(length) + TINY) / (real(reference_length) + SMALL);
    let brevity = if ratio < 1.0 { (1.0 - 1.0 / ratio).exp() } else { 1.0 };
    let mut product = 1.0;
    let mut scores = [0.0; 4];
    for (order, score) in scores.iter_mut().enumerate() {
        product *= (real(correct[order]) + TINY) / (real(guessed[order]) + SMALL);
        *score = product.powf(1.0 / real(order + 1)) * brevity;
    }
    scores
}

/// How often each run of `order` words stands there.
pub(super) fn counts(words: &[String], order: usize) -> HashMap<&[String], usize> {
    let mut counts = HashMap::new();
    for gram in words.windows(order) {
        *counts.entry(gram).or_default() += 1;
    }
    counts
}
