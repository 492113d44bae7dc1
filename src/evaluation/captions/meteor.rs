//! METEOR with its exact and stem matches (Denkowski and Lavie 2014): no synonyms, no paraphrases and
//! no discount for function words, whose tables the full one needs. So it is not comparable with it.

use rust_stemmers::{Algorithm, Stemmer};

use super::Captioned;
use crate::evaluation::real;

/// METEOR 1.5's parameters for English: recall against precision, and what breaks in order cost.
const ALPHA: f64 = 0.85;
const BETA: f64 = 0.2;
const GAMMA: f64 = 0.6;
/// What a match of stems counts.
const STEM: f64 = 0.6;

/// Of one caption by its best reference, 0 to 1.
pub fn score(captioned: &Captioned) -> f64 {
    let stemmer = Stemmer::create(Algorithm::English);
    captioned
        .references
        .iter()
        .map(|reference| against(&captioned.candidate, reference, &stemmer))
        .fold(0.0, f64::max)
}

fn against(candidate: &[String], reference: &[String], stemmer: &Stemmer) -> f64 {
    let stems = |words: &[String]| -> Vec<String> {
        words.iter().map(|word| stemmer.stem(word).into_owned()).collect()
    };
    let mut pairs = Pairs { of: vec![None; candidate.len()], taken: vec![false; reference.len()] };
    let exact = pairs.add(candidate, reference);
    let stemmed = pairs.add(&stems(candidate), &stems(reference));
    let matched = exact + stemmed;
    if matched == 0 {
        return 0.0;
    }
    let weight = real(exact) + STEM * real(stemmed);
    let precision = weight / real(candidate.len());
    let recall = weight / real(reference.len());
    let mean = precision * recall / (ALPHA * precision + (1.0 - ALPHA) * recall);
    let breaks = if pairs.chunks() == 1 { 0.0 } else { real(pairs.chunks()) / real(matched) };
    mean * (1.0 - GAMMA * breaks.powf(BETA))
}

/// Which word of the reference each word of the candidate is matched with.
struct Pairs {
    of: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairs {
    /// Matches equal words that are still free, where it can behind the match before; how many.
    fn add(&mut self, candidate: &[String], reference: &[String]) -> usize {
        let mut added = 0;
        for (at, word) in candidate.iter().enumerate() {
            if self.of[at].is_some() {
                continue;
            }
            let free = |place: &usize| !self.taken[*place] && reference[*place] == *word;
            let next = at.checked_sub(1).and_then(|before| self.of[before]).map(|place| place + 1);
            let found = next
                .filter(|place| *place < reference.len())
                .filter(&free)
                .or_else(|| (0..reference.len()).find(free));
            if let Some(place) = found {
                self.of[at] = Some(place);
                self.taken[place] = true;
                added += 1;
            }
        }
        added
    }

    /// Runs of matches that stand side by side in both.
    fn chunks(&self) -> usize {
        let mut before = None;
        let mut chunks = 0;
        for place in &self.of {
            if let Some(place) = place
                && before != Some(*place)
            {
                chunks += 1;
            }
            before = place.map(|place| place + 1);
        }
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    fn of(candidate: &str, reference: &str) -> f64 {
        score(&Captioned { candidate: words(candidate), references: vec![words(reference)] })
    }

    #[test]
    fn stems_count_for_less_than_words_and_more_than_nothing() {
        let (same, stem, none) = (
            of("a man climbs a fence", "a man climbs a fence"),
            of("a man climbing a fence", "a man climbs a fence"),
            of("a man paints a fence", "a man climbs a fence"),
        );
        assert!((same - 1.0).abs() < 1e-12, "{same}");
        assert!(same > stem && stem > none, "{same} {stem} {none}");
    }

    #[test]
    fn breaks_in_order_cost_as_the_formula_says() {
        // Four of five words in two runs: P 0.8, R 1.
        let mean = 0.8 / (0.85 * 0.8 + 0.15);
        let expected = mean * (1.0 - 0.6 * 0.5_f64.powf(0.2));
        assert!((of("this is a good test", "this is a test") - expected).abs() < 1e-12);
    }
}
