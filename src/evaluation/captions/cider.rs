//! CIDEr and CIDEr-D (Vedantam et al. 2015): n-grams weighed by how few images' references have them.

use std::collections::{HashMap, HashSet};

use super::{Captioned, bleu::counts};
use crate::evaluation::real;

/// Longest n-grams.
const ORDERS: usize = 4;
/// Width of CIDEr-D's penalty for another length, in words.
const SIGMA: f64 = 6.0;
/// What the mean is multiplied by.
const SCALE: f64 = 10.0;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// CIDEr.
    Plain,
    /// CIDEr-D: repetition is clipped and another length costs, against gaming.
    D,
}

/// Mean over the set, 0 to 10; 0 where it is empty or has one image.
pub fn corpus(set: &[Captioned], variant: Variant) -> f64 {
    let images = Images::of(set);
    let sum: f64 = set.iter().map(|captioned| images.score(captioned, variant)).sum();
    sum / real(set.len().max(1))
}

/// In how many images' references each n-gram stands.
struct Images<'a> {
    having: HashMap<&'a [String], usize>,
    log_all: f64,
}

/// Weights of a sentence's n-grams of one length, and their norm.
struct Vector<'a> {
    weights: HashMap<&'a [String], f64>,
    norm: f64,
}

impl<'a> Images<'a> {
    fn of(set: &'a [Captioned]) -> Self {
        let mut having: HashMap<&[String], usize> = HashMap::new();
        for captioned in set {
            let grams: HashSet<&[String]> = captioned
                .references
                .iter()
                .flat_map(|reference| (1..=ORDERS).flat_map(|order| reference.windows(order)))
                .collect();
            for gram in grams {
                *having.entry(gram).or_default() += 1;
            }
        }
        Self { having, log_all: real(set.len().max(1)).ln() }
    }

    fn vector<'w>(&self, words: &'w [String], order: usize) -> Vector<'w> {
        let weights: HashMap<&[String], f64> = counts(words, order)
            .into_iter()
            .map(|(gram, count)| {
                let having = self.having.get(gram).copied().unwrap_or(0).max(1);
                (gram, real(count) * (self.log_all - real(having).ln()))
            })
            .collect();
        let norm = weights.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        Vector { weights, norm }
    }

    fn score(&self, captioned: &Captioned, variant: Variant) -> f64 {
        let mut sum = 0.0;
        for order in 1..=ORDERS {
            let candidate = self.vector(&captioned.candidate, order);
            for reference in &captioned.references {
                let likeness = candidate.likeness(&self.vector(reference, order), variant);
                // In bigrams, as the published code counts lengths; the difference is that of words.
                let bigrams = |words: &[String]| real(words.len().saturating_sub(1));
                let apart = bigrams(&captioned.candidate) - bigrams(reference);
                sum += match variant {
                    Variant::Plain => likeness,
                    Variant::D => likeness * (-(apart * apart) / (2.0 * SIGMA * SIGMA)).exp(),
                };
            }
        }
        SCALE * sum / real(ORDERS * captioned.references.len().max(1))
    }
}

impl Vector<'_> {
    /// The cosine; with repetition clipped for CIDEr-D.
    fn likeness(&self, reference: &Self, variant: Variant) -> f64 {
        if self.norm == 0.0 || reference.norm == 0.0 {
            return 0.0;
        }
        let product: f64 = self
            .weights
            .iter()
            .map(|(gram, weight)| {
                let theirs = reference.weights.get(gram).copied().unwrap_or(0.0);
                match variant {
                    Variant::Plain => weight * theirs,
                    Variant::D => weight.min(theirs) * theirs,
                }
            })
            .sum();
        product / (self.norm * reference.norm)
    }
}
