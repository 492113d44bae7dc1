//! Inclusion and consistency proofs of RFC 6962 §2.1.1 and §2.1.2: which subtrees make them, and their check.

use super::tree::{Hash, NodeId, cover, join, node_hash};

/// The leaves `start..end`, whose joined hash is one element of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First leaf.
    pub start: u64,
    /// One past the last leaf.
    pub end: u64,
}

impl Range {
    /// The stored subtrees that make it, from left to right.
    pub fn nodes(self) -> Vec<NodeId> {
        cover(self.start, self.end)
    }

    /// Its hash, given that of every one of [`Range::nodes`].
    pub fn hash(self, node: impl FnMut(NodeId) -> Option<Hash>) -> Option<Hash> {
        let hashes: Option<Vec<Hash>> = self.nodes().into_iter().map(node).collect();
        hashes.map(|hashes| join(&hashes))
    }
}

/// The elements of the proof that leaf `index` is in the tree of `size` leaves, in order.
/// `None` when there is no such leaf.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Range>> {
    if index >= size {
        return None;
    }
    let (mut start, mut end) = (0, size);
    let mut ranges = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(Range { start: middle, end });
            end = middle;
        } else {
            ranges.push(Range { start, end: middle });
            start = middle;
        }
    }
    ranges.reverse();
    Some(ranges)
}

/// The elements of the proof that the tree of `old` leaves is a beginning of that of `new`.
/// `None` when `old` is 0 or more than `new`.
pub fn consistency(old: u64, new: u64) -> Option<Vec<Range>> {
    if old == 0 || old > new {
        return None;
    }
    let (mut start, mut end) = (0, new);
    let mut ranges = Vec::new();
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push(Range { start: middle, end });
            end = middle;
        } else {
            ranges.push(Range { start, end: middle });
            start = middle;
        }
    }
    // Where the old tree is itself a subtree on the left edge, its root is known to the reader.
    if start > 0 {
        ranges.push(Range { start, end });
    }
    ranges.reverse();
    Some(ranges)
}

/// Whether `proof` shows that `leaf` is number `index` in the tree of `size` leaves with this `root`.
pub fn includes(index: u64, size: u64, leaf: Hash, proof: &[Hash], root: &Hash) -> bool {
    let Some(ranges) = inclusion(index, size) else { return false };
    if ranges.len() != proof.len() {
        return false;
    }
    let joined = ranges.iter().zip(proof).fold(leaf, |hash, (range, sibling)| {
        if range.start > index { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) }
    });
    joined == *root
}

/// Whether `proof` shows that the tree of `old` leaves with `old_root` is a beginning of that of
/// `new` leaves with `new_root`.
pub fn extends(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    let Some(ranges) = consistency(old, new) else { return false };
    if ranges.len() != proof.len() {
        return false;
    }
    // A first range that ends where the old tree ends is common to both; else the old root itself is.
    let own = ranges.first().zip(proof.first()).filter(|(range, _)| range.end == old);
    let seed = own.map_or(*old_root, |(_, hash)| *hash);
    let mut before = seed;
    let mut after = seed;
    for (range, hash) in ranges.iter().zip(proof).skip(usize::from(own.is_some())) {
        if range.start >= old {
            after = node_hash(&after, hash);
        } else {
            before = node_hash(hash, &before);
            after = node_hash(hash, &after);
        }
    }
    before == *old_root && after == *new_root
}

/// The largest power of two that is less than `n`; `n` is at least 2.
const fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use std::ops::Range as Span;

    use proptest::prelude::*;

    use super::*;
    use crate::audit::tree::naive;

    /// RFC 6962 §2.1.1, `PATH(m, D[n])`.
    fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(naive::split(leaves.len()));
        let (mut path, other) = if index < left.len() {
            (naive_path(index, left), naive::root(right))
        } else {
            (naive_path(index - left.len(), right), naive::root(left))
        };
        path.push(other);
        path
    }

    /// RFC 6962 §2.1.2, `SUBPROOF(m, D[n], b)`.
    fn naive_subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![naive::root(leaves)] };
        }
        let (left, right) = leaves.split_at(naive::split(leaves.len()));
        let (mut path, other) = if old <= left.len() {
            (naive_subproof(old, left, whole), naive::root(right))
        } else {
            (naive_subproof(old - left.len(), right, false), naive::root(left))
        };
        path.push(other);
        path
    }

    fn hashes(ranges: &[Range], leaves: &[Hash]) -> Vec<Hash> {
        let slice = |range: Span<u64>| {
            &leaves[usize::try_from(range.start).unwrap_or_default()
                ..usize::try_from(range.end).unwrap_or_default()]
        };
        ranges
            .iter()
            .filter_map(|range| {
                range.hash(|node| {
                    let start = node.idx << node.level;
                    Some(naive::root(slice(start..start + (1 << node.level))))
                })
            })
            .collect()
    }

    fn number(n: usize) -> u64 {
        u64::try_from(n).unwrap_or_default()
    }

    #[test]
    fn inclusion_is_that_of_the_standard_at_all_sizes() {
        let all = naive::leaves(130);
        for size in 0..=all.len() {
            let leaves = &all[..size];
            assert!(inclusion(number(size), number(size)).is_none());
            for index in 0..size {
                let ranges = inclusion(number(index), number(size)).unwrap_or_default();
                let proof = hashes(&ranges, leaves);
                assert_eq!(proof, naive_path(index, leaves), "leaf {index} of {size}");
                assert!(includes(
                    number(index),
                    number(size),
                    leaves[index],
                    &proof,
                    &naive::root(leaves)
                ));
            }
        }
    }

    #[test]
    fn consistency_is_that_of_the_standard_at_all_pairs_of_sizes() {
        let all = naive::leaves(130);
        for new in 0..=all.len() {
            assert!(consistency(0, number(new)).is_none());
            assert!(consistency(number(new + 1), number(new)).is_none());
            let new_root = naive::root(&all[..new]);
            for old in 1..=new {
                let ranges = consistency(number(old), number(new)).unwrap_or_default();
                let proof = hashes(&ranges, &all[..new]);
                assert_eq!(proof, naive_subproof(old, &all[..new], true), "{old} of {new}");
                let old_root = naive::root(&all[..old]);
                assert!(
                    extends(number(old), &old_root, number(new), &new_root, &proof),
                    "{old} of {new}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn an_altered_proof_proves_nothing(
            size in 2_u64..300, index: prop::sample::Index, place: prop::sample::Index, bit in 0_usize..256,
        ) {
            let leaves = naive::leaves(size);
            let root = naive::root(&leaves);
            let at = index.index(leaves.len());
            let mut proof = hashes(&inclusion(number(at), size).unwrap_or_default(), &leaves);
            let element = place.index(proof.len());
            proof[element][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!includes(number(at), size, leaves[at], &proof, &root));

            let old = number(at) + 1;
            let mut proof = hashes(&consistency(old, size).unwrap_or_default(), &leaves);
            let old_root = naive::root(&leaves[..=at]);
            prop_assert!(extends(old, &old_root, size, &root, &proof));
            if !proof.is_empty() {
                let element = place.index(proof.len());
                proof[element][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!extends(old, &old_root, size, &root, &proof));
            }
        }
    }
}
