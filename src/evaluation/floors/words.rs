//! TF-IDF: a text as its words, rare ones weighing more (Spärck Jones 1972), scaled to length 1.

use std::collections::BTreeMap;

use super::logistic::Row;
use crate::evaluation::real;

/// How closely the labels are followed; rows of length 1 over thousands of words need some slack.
pub(super) const CLOSENESS: f64 = 1.0;
/// Words of fewer texts say nothing about others.
const FEWEST_TEXTS: usize = 2;

/// A row for every text, by the words and frequencies of those in `learn` alone.
pub(super) fn rows(texts: &[&str], learn: &[usize]) -> Vec<Row> {
    let counted: Vec<BTreeMap<String, usize>> = texts.iter().map(|text| counts(text)).collect();
    let mut found_in: BTreeMap<&str, usize> = BTreeMap::new();
    for word in learn.iter().flat_map(|at| counted[*at].keys()) {
        *found_in.entry(word).or_default() += 1;
    }
    let rarity: BTreeMap<&str, (usize, f64)> = found_in
        .into_iter()
        .filter(|(_, texts)| *texts >= FEWEST_TEXTS)
        .enumerate()
        .map(|(place, (word, texts))| {
            (word, (place, ((1.0 + real(learn.len())) / (1.0 + real(texts))).ln() + 1.0))
        })
        .collect();
    counted
        .iter()
        .map(|words| {
            let weighed = words.iter().filter_map(|(word, count)| {
                let (place, rarity) = rarity.get(word.as_str())?;
                Some((*place, (1.0 + real(*count).ln()) * rarity))
            });
            scaled(weighed.collect())
        })
        .collect()
}

fn scaled(mut row: Row) -> Row {
    let length = row.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
    for (_, value) in &mut row {
        *value /= length;
    }
    row
}

/// How often each word, and each pair of neighbours, is in a text.
fn counts(text: &str) -> BTreeMap<String, usize> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some())
        .collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let mut counts = BTreeMap::new();
    for word in words.iter().map(|word| (*word).to_owned()).chain(pairs) {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_weighed_by_how_rare_they_are_and_rows_have_length_one() {
        let texts = ["red car", "red van", "car", "van boat"];
        let rows = rows(&texts, &[0, 1, 2]);
        // Known are "car" and "red", each in two of three texts; the rest is in one, or unseen.
        assert_eq!(rows[0].len(), 2);
        assert!((rows[0][0].1 - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(rows[1], [(1, 1.0)]);
        assert_eq!(rows[2], [(0, 1.0)]);
        assert!(rows[3].is_empty());
    }

    #[test]
    fn neighbours_count_as_a_word() {
        let counts = counts("No weapon, a GUN");
        let words: Vec<&str> = counts.keys().map(String::as_str).collect();
        assert_eq!(words, ["gun", "no", "no weapon", "weapon", "weapon gun"]);
    }
}
