//! How well an image is found again by a caption of it: recall at K and mean reciprocal rank.

use serde::Serialize;

use crate::evaluation::{real, share};

/// How many results somebody looks at.
const DEPTHS: [usize; 3] = [1, 5, 10];

/// How often the right image is among the first K.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecallAt {
    /// K.
    pub first: usize,
    /// Share of the searches.
    pub recall: f64,
}

/// How well a search finds images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Retrieval {
    /// Searches, and images that are searched.
    pub images: usize,
    /// Recall at 1, 5 and 10.
    pub recall: Vec<RecallAt>,
    /// Mean of 1 ⁄ rank of the right image (Voorhees 1999).
    pub mean_reciprocal_rank: f64,
}

impl Retrieval {
    /// Searches with each of `queries` among all images; image number `i` is right for query `i`, and
    /// its nearest reference speaks for it. All vectors have length one. An image that is as near as the
    /// right one counts as nearer: a search that cannot tell them apart has found neither.
    pub fn of(queries: &[Vec<f32>], references: &[Vec<Vec<f32>>]) -> Self {
        let ranks = queries.iter().enumerate().map(|(right, query)| {
            let near = |image: &Vec<Vec<f32>>| {
                image.iter().map(|vector| dot(query, vector)).fold(f64::NEG_INFINITY, f64::max)
            };
            let own = references.get(right).map_or(f64::NEG_INFINITY, near);
            let others = references.iter().enumerate().filter(|(image, _)| *image != right);
            1 + others.filter(|(_, image)| near(image) >= own).count()
        });
        Self::of_ranks(&ranks.collect::<Vec<_>>())
    }

    /// Over the rank of the right image in each search, from 1.
    pub fn of_ranks(ranks: &[usize]) -> Self {
        let within = |first: usize| ranks.iter().filter(|rank| **rank <= first).count();
        let recall_at = |first| RecallAt {
            first,
            recall: share(within(first), ranks.len()).unwrap_or_default(),
        };
        let reciprocal: f64 = ranks.iter().map(|rank| 1.0 / real(*rank)).sum();
        Self {
            images: ranks.len(),
            recall: DEPTHS.map(recall_at).to_vec(),
            mean_reciprocal_rank: reciprocal / real(ranks.len().max(1)),
        }
    }
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_and_rank_are_those_of_the_definition() {
        let found = Retrieval::of_ranks(&[1, 2, 4, 20]);
        let recall: Vec<_> = found.recall.iter().map(|at| (at.first, at.recall)).collect();
        assert_eq!(recall, [(1, 0.25), (5, 0.75), (10, 0.75)]);
        assert!((found.mean_reciprocal_rank - (1.0 + 0.5 + 0.25 + 0.05) / 4.0).abs() < 1e-12);
        assert_eq!(Retrieval::of_ranks(&[]).images, 0);
    }

    #[test]
    fn the_nearest_reference_speaks_for_its_image_and_a_tie_is_no_find() {
        let [east, north, north_east] = [vec![1.0, 0.0], vec![0.0, 1.0], vec![0.6, 0.8]];
        let found = Retrieval::of(
            &[east.clone(), north.clone()],
            &[vec![north.clone(), east], vec![north_east]],
        );
        // The first finds its second reference; the second finds the other image's first.
        assert_eq!(found.recall[0].recall.to_bits(), 0.5_f64.to_bits());
        assert!((found.mean_reciprocal_rank - 0.75).abs() < 1e-12);
        let twins = Retrieval::of(
            std::slice::from_ref(&north),
            &[vec![north.clone()], vec![north.clone()]],
        );
        assert!((twins.mean_reciprocal_rank - 0.5).abs() < 1e-12);
    }
}
