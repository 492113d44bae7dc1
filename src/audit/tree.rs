//! The Merkle tree of RFC 6962 §2.1: hashes, growth by one leaf, and roots from complete subtrees.

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// A complete subtree: the `idx`-th, from the left, of those with 2^`level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height; a leaf has 0.
    pub level: u32,
    /// Place among its level's complete subtrees, from 0.
    pub idx: u64,
}

impl NodeId {
    /// Index of the subtree's last leaf: the entry that completes it.
    pub const fn last_leaf(self) -> u64 {
        ((self.idx + 1) << self.level) - 1
    }
}

/// Hash of a leaf's bytes: SHA-256(0x00 ‖ bytes).
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Hash of two subtrees: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Root of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The stored subtrees that the leaf at `index` completes others with, lowest first.
pub fn siblings(index: u64) -> Vec<NodeId> {
    (0..index.trailing_ones()).map(|level| NodeId { level, idx: (index >> level) - 1 }).collect()
}

/// The subtrees above the leaf level that the leaf at `index` completes, lowest first;
/// `siblings` are the hashes of [`siblings`]`(index)`.
pub fn completed(index: u64, leaf: Hash, siblings: &[Hash]) -> Vec<(NodeId, Hash)> {
    let mut hash = leaf;
    (1_u32..)
        .zip(siblings)
        .map(|(level, sibling)| {
            hash = node_hash(sibling, &hash);
            (NodeId { level, idx: index >> level }, hash)
        })
        .collect()
}

/// The largest complete subtrees that together hold leaves `start..end`, from left to right.
/// `start` must be a multiple of the largest power of two that is at most `end - start`,
/// which every range of RFC 6962 is.
pub fn cover(start: u64, end: u64) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut at = start;
    while at < end {
        let level = (end - at).ilog2();
        nodes.push(NodeId { level, idx: at >> level });
        at += 1 << level;
    }
    nodes
}

/// The subtrees whose hashes make the root of the first `size` leaves, from left to right.
pub fn peaks(size: u64) -> Vec<NodeId> {
    cover(0, size)
}

/// Joins the hashes of [`cover`] or [`peaks`] into one.
pub fn join(hashes: &[Hash]) -> Hash {
    hashes
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or_else(empty_root)
}

/// A tree that is being read leaf by leaf; it remembers its peaks alone.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    size: u64,
    peaks: Vec<Hash>,
}

impl Growing {
    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root of the leaves so far.
    pub fn root(&self) -> Hash {
        join(&self.peaks)
    }

    /// Adds a leaf and returns the subtrees that it completes, lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<(NodeId, Hash)> {
        let merged = self.size.trailing_ones() as usize;
        let siblings: Vec<Hash> = self.peaks.iter().rev().take(merged).copied().collect();
        let completed = completed(self.size, leaf, &siblings);
        self.peaks.truncate(self.peaks.len() - siblings.len());
        self.peaks.push(completed.last().map_or(leaf, |(_, hash)| *hash));
        self.size += 1;
        completed
    }
}

#[cfg(test)]
pub(super) mod naive {
    //! RFC 6962 §2.1 word for word: slow, and not written like the code that it checks.

    use super::{Hash, empty_root, node_hash};

    pub fn split(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    pub fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len()));
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| super::leaf_hash(&n.to_be_bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_certificate_transparency_test_data() {
        // The empty tree and the empty leaf, as every CT implementation publishes them.
        assert_eq!(
            hex::encode(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex::encode(leaf_hash(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn growth_by_stored_nodes_gives_the_root_of_the_standard_at_every_size() {
        let mut stored = HashMap::new();
        let mut growing = Growing::default();
        let leaves = naive::leaves(130);
        for (index, leaf) in (0_u64..).zip(&leaves) {
            let known: Vec<Hash> = siblings(index).iter().map(|id| stored[id]).collect();
            let new = completed(index, *leaf, &known);
            assert_eq!(new, growing.push(*leaf));
            for (id, _) in &new {
                assert_eq!(id.last_leaf(), index);
            }
            stored.insert(NodeId { level: 0, idx: index }, *leaf);
            stored.extend(new);
            let tops: Vec<Hash> = peaks(index + 1).iter().map(|id| stored[id]).collect();
            let expected = naive::root(&leaves[..=usize::try_from(index).unwrap_or_default()]);
            assert_eq!(join(&tops), expected);
            assert_eq!(growing.root(), expected);
        }
        assert_eq!(Growing::default().root(), naive::root(&[]));
    }

    proptest! {
        #[test]
        fn any_changed_leaf_changes_the_root(size in 1_u64..200, at: prop::sample::Index, bit in 0_usize..256) {
            let mut leaves = naive::leaves(size);
            let before = naive::root(&leaves);
            let at = at.index(leaves.len());
            leaves[at][bit / 8] ^= 1 << (bit % 8);
            let mut growing = Growing::default();
            for leaf in leaves {
                growing.push(leaf);
            }
            prop_assert_ne!(growing.root(), before);
        }
    }
}
