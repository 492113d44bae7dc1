//! Floors to stand beside every result: what counting alarming words reaches, and what a peer reached.

use serde::Serialize;

use super::{bootstrap::Estimate, ranking::AtRecall};

/// Beginnings of words that sound alarming, English and Spanish. A crude floor on purpose: it is
/// what anybody could do in an afternoon, and a model that does not beat it is not worth its cost.
const ALARMING: [&str; 62] = [
    "abus",
    "accident",
    "aggress",
    "ambush",
    "arma",
    "armed",
    "arrest",
    "arson",
    "assault",
    "attack",
    "blood",
    "break",
    "burgl",
    "burn",
    "chase",
    "climb",
    "collaps",
    "collision",
    "crash",
    "crime",
    "damag",
    "danger",
    "explo",
    "fall",
    "fight",
    "fire",
    "flame",
    "force",
    "fuego",
    "golpe",
    "grab",
    "gun",
    "hit",
    "humo",
    "incendi",
    "injur",
    "kick",
    "knife",
    "mask",
    "navaja",
    "pelea",
    "pistol",
    "pull",
    "punch",
    "push",
    "rob",
    "salta",
    "sangre",
    "shoot",
    "shot",
    "smash",
    "smoke",
    "steal",
    "stole",
    "struggl",
    "suspic",
    "tens",
    "theft",
    "threat",
    "trepa",
    "violen",
    "weapon",
];

/// How many words of `text` begin with an alarming stem, negated or not.
pub fn keyword_count(text: &str) -> usize {
    text.to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| ALARMING.iter().any(|stem| word.starts_with(stem)))
        .count()
}

/// What a simple method, or another system, reaches on the same samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Floor {
    /// Its name.
    pub name: String,
    /// How many labelled clips it has a score for.
    pub n: usize,
    /// Area under the ROC curve per clip.
    pub clip_roc_auc: Option<Estimate>,
    /// Area under the ROC curve per group, by its highest clip.
    pub group_roc_auc: Option<Estimate>,
    /// Harmless groups dismissed when 95 % of the threat groups are kept.
    pub group_at_95: Option<AtRecall>,
    /// Our own area per clip on exactly these clips.
    pub own_clip_roc_auc: Option<f64>,
    /// How far our area per clip lies above, over draws of whole groups.
    pub clip_lead: Option<Estimate>,
    /// The same per group.
    pub group_lead: Option<Estimate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_by_their_beginning() {
        assert_eq!(keyword_count("Two men FIGHT; one is kicking. No weapon."), 3);
        assert_eq!(keyword_count("Una pelea con navaja, y humo."), 3);
        assert_eq!(keyword_count("A cat walks over the grass."), 0);
        assert_eq!(keyword_count(""), 0);
    }

    #[test]
    fn the_list_is_sorted_and_has_no_stem_twice() {
        assert!(ALARMING.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
