//! Lists of word patterns, looked up at a place in a text by the first letter.

use std::collections::HashMap;

use super::fold::{self, Gap, Token};

/// Patterns of words, each with what it means.
///
/// A pattern is words with spaces between: `a|b` matches either word, `word*` whatever begins so,
/// `word?` may be missing. Words of one pattern are never parted by punctuation.
#[derive(Debug)]
pub(in crate::reading) struct Patterns<T> {
    by_letter: HashMap<char, Vec<usize>>,
    entries: Vec<(Vec<Slot>, T)>,
    /// Whether the words of a pattern may be parted by punctuation, as lines of a sign are.
    across: bool,
}

impl<T> Default for Patterns<T> {
    fn default() -> Self {
        Self { by_letter: HashMap::new(), entries: Vec::new(), across: false }
    }
}

#[derive(Debug)]
struct Slot {
    words: Vec<Stem>,
    optional: bool,
}

#[derive(Debug)]
struct Stem {
    text: String,
    prefix: bool,
}

impl Stem {
    fn is(&self, word: &str) -> bool {
        if self.prefix { word.starts_with(&self.text) } else { word == self.text }
    }
}

impl Slot {
    fn parse(text: &str) -> Self {
        let optional = text.ends_with('?');
        let words = text
            .trim_end_matches('?')
            .split('|')
            .map(|word| Stem {
                text: fold::fold(word.trim_end_matches('*')),
                prefix: word.ends_with('*'),
            })
            .collect();
        Self { words, optional }
    }

    fn is(&self, token: &Token) -> bool {
        self.words
            .iter()
            .any(|stem| stem.is(&token.text) || token.variants.iter().any(|word| stem.is(word)))
    }
}

impl<T> Patterns<T> {
    /// An empty list whose patterns match across punctuation.
    pub(in crate::reading) fn across_punctuation() -> Self {
        Self { across: true, ..Self::default() }
    }

    /// Adds patterns that all mean the same.
    pub(in crate::reading) fn add(&mut self, list: &[String], meaning: T)
    where
        T: Clone,
    {
        for text in list {
            let slots: Vec<Slot> = text.split_whitespace().map(Slot::parse).collect();
            let number = self.entries.len();
            for stem in slots.first().into_iter().flat_map(|slot| &slot.words) {
                let Some(letter) = stem.text.chars().next() else { continue };
                let bucket = self.by_letter.entry(letter).or_default();
                if bucket.last() != Some(&number) {
                    bucket.push(number);
                }
            }
            self.entries.push((slots, meaning.clone()));
        }
    }

    /// Every pattern that matches at a place, with how many words it takes.
    pub(in crate::reading) fn at(&self, tokens: &[Token], place: usize) -> Vec<(usize, &T)> {
        let Some(token) = tokens.get(place) else { return Vec::new() };
        let mut letters: Vec<char> = std::iter::once(&token.text)
            .chain(&token.variants)
            .filter_map(|word| word.chars().next())
            .collect();
        letters.dedup();
        letters
            .iter()
            .filter_map(|letter| self.by_letter.get(letter))
            .flatten()
            .filter_map(|number| {
                let (slots, meaning) = self.entries.get(*number)?;
                Some((self.length(slots, &tokens[place..])?, meaning))
            })
            .collect()
    }

    /// How many words a pattern takes at the start of `tokens`, if it matches there.
    fn length(&self, slots: &[Slot], tokens: &[Token]) -> Option<usize> {
        let mut taken = 0;
        for slot in slots {
            let token = tokens
                .get(taken)
                .filter(|token| taken == 0 || self.across || token.gap == Gap::Space);
            match token {
                Some(token) if slot.is(token) => taken += 1,
                _ if slot.optional => {}
                _ => return None,
            }
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(patterns: &[&str], text: &str) -> Vec<usize> {
        let list: Vec<String> = patterns.iter().map(|&text| text.to_owned()).collect();
        let mut all = Patterns::default();
        all.add(&list, ());
        let tokens = fold::tokens(text);
        all.at(&tokens, 0).iter().map(|(length, ())| *length).collect()
    }

    #[test]
    fn words_alternatives_endings_and_gaps() {
        assert_eq!(matches(&["set|sets it? on fire"], "Sets it on fire"), [4]);
        assert_eq!(matches(&["set|sets it? on fire"], "set on fire"), [3]);
        assert_eq!(matches(&["set|sets it? on fire"], "set, on fire"), [0; 0]);
        assert_eq!(matches(&["incendi*"], "Incendió"), [1]);
        assert_eq!(matches(&["gun"], "gunmetal"), [0; 0]);
        assert_eq!(matches(&["gun", "gun shot"], "gun shot"), [1, 2]);
    }
}
