//! How well a search finds the one right answer: recall@K and the mean reciprocal rank.

use serde::Serialize;

use crate::evaluation::real;

/// Figures over many searches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retrieval {
    /// Searches.
    pub searches: usize,
    /// Share of searches whose answer is among the first K, for each K.
    pub recall_at: Vec<(usize, f64)>,
    /// Mean of one over the answer's rank; 0 for one that was not found.
    pub mean_reciprocal_rank: f64,
}

impl Retrieval {
    /// `ranks` holds the answer's rank of each search, from 1; `None` where it was not found.
    pub fn of(ranks: &[Option<usize>], among: &[usize]) -> Self {
        let all = real(ranks.len().max(1));
        let within =
            |most: usize| real(ranks.iter().flatten().filter(|rank| **rank <= most).count()) / all;
        Self {
            searches: ranks.len(),
            recall_at: among.iter().map(|most| (*most, within(*most))).collect(),
            mean_reciprocal_rank: ranks
                .iter()
                .flatten()
                .map(|rank| 1.0 / real((*rank).max(1)))
                .sum::<f64>()
                / all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_from_one_and_the_lost_count_as_nothing() {
        let figures = Retrieval::of(&[Some(1), Some(2), Some(10), None], &[1, 5, 10]);
        assert_eq!(figures.recall_at, [(1, 0.25), (5, 0.5), (10, 0.75)]);
        assert!((figures.mean_reciprocal_rank - (1.0 + 0.5 + 0.1) / 4.0).abs() < 1e-12);
        assert!(Retrieval::of(&[], &[1]).mean_reciprocal_rank < 1e-12);
    }
}
