//! Which codes the captions mention at all: the model is asked about these, and cannot invent others.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::domain::{Act, CaptionId, Cause, Hazard, Object, Place};

/// Every code that some caption mentions without denying it, with those captions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Acts.
    pub acts: BTreeMap<Act, Vec<CaptionId>>,
    /// Things.
    pub objects: BTreeMap<Object, Vec<CaptionId>>,
    /// Hazards.
    pub hazards: BTreeMap<Hazard, Vec<CaptionId>>,
    /// Causes other than somebody, an animal or a vehicle.
    pub causes: BTreeMap<Cause, Vec<CaptionId>>,
    /// Places.
    pub places: BTreeMap<Place, Vec<CaptionId>>,
    /// Captions that mention people.
    pub people: Vec<CaptionId>,
    /// Captions that say that nobody is there.
    pub people_denied: Vec<CaptionId>,
    /// Captions that mention vehicles.
    pub vehicles: Vec<CaptionId>,
    /// Captions that mention animals.
    pub animals: Vec<CaptionId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for people who compare files")]
    version: u32,
    acts: BTreeMap<Act, Vec<Phrase>>,
    objects: BTreeMap<Object, Vec<Phrase>>,
    hazards: BTreeMap<Hazard, Vec<Phrase>>,
    counts: Counts,
    causes: BTreeMap<Cause, Vec<Phrase>>,
    places: BTreeMap<Place, Vec<Phrase>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    people: Vec<Phrase>,
    vehicles: Vec<Phrase>,
    animals: Vec<Phrase>,
}

/// Words that follow one another; each a whole word, or a stem that the word begins with.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
struct Phrase(Vec<Word>);

#[derive(Debug)]
struct Word {
    text: String,
    stem: bool,
}

impl From<String> for Phrase {
    fn from(phrase: String) -> Self {
        let word =
            |word: &str| Word { stem: word.ends_with('*'), text: fold(word.trim_end_matches('*')) };
        Self(phrase.split_whitespace().map(word).collect())
    }
}

impl Phrase {
    /// Where the phrase begins in `words`, each place.
    fn places<'a>(&'a self, words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
        let fits = move |place: usize| {
            self.0.iter().zip(&words[place..]).all(|(wanted, word)| {
                if wanted.stem { word.starts_with(&wanted.text) } else { *word == wanted.text }
            })
        };
        (0..(words.len() + 1).saturating_sub(self.0.len())).filter(move |place| fits(*place))
    }
}

/// The word lists that ship. A test holds that the file reads.
static WORDS: LazyLock<Option<File>> =
    LazyLock::new(|| toml::from_str(include_str!("../../prompts/mentions.toml")).ok());

/// A clause that holds one of these denies what follows it in the same clause.
const DENIALS: &[&str] = &[
    "no", "not", "without", "nobody", "none", "never", "neither", "nor", "sin", "ningun",
    "ninguna", "nadie", "tampoco", "ni",
];
/// Denials that say by themselves that nobody is there.
const NOBODY: &[&str] = &["nobody", "nadie"];
/// Where a denial ends, besides punctuation.
const TURNS: &[&str] = &["but", "however", "while", "then", "pero", "mientras", "luego"];

/// Finds what the captions mention.
pub fn find(captions: &[(CaptionId, String)]) -> Mentions {
    let Some(file) = WORDS.as_ref() else { return Mentions::default() };
    let mut mentions = Mentions::default();
    for (id, text) in captions {
        for clause in clauses(text) {
            note(&mut mentions.acts, &file.acts, &clause, *id);
            note(&mut mentions.objects, &file.objects, &clause, *id);
            note(&mut mentions.hazards, &file.hazards, &clause, *id);
            note(&mut mentions.causes, &file.causes, &clause, *id);
            note(&mut mentions.places, &file.places, &clause, *id);
            note_count(&mut mentions.people, &file.counts.people, &clause, *id);
            if mentions.people_denied.last() != Some(id) && clause.denies(&file.counts.people) {
                mentions.people_denied.push(*id);
            }
            note_count(&mut mentions.vehicles, &file.counts.vehicles, &clause, *id);
            note_count(&mut mentions.animals, &file.counts.animals, &clause, *id);
        }
    }
    mentions
}

/// Words of one clause, folded, and where a denial begins in it.
struct Clause {
    words: Vec<String>,
    denied_from: usize,
}

impl Clause {
    fn mentions(&self, phrases: &[Phrase]) -> bool {
        phrases
            .iter()
            .any(|phrase| phrase.places(&self.words).any(|place| place < self.denied_from))
    }

    /// Whether the clause says that none of these is there.
    fn denies(&self, people: &[Phrase]) -> bool {
        let nobody = self.words.iter().any(|word| NOBODY.contains(&word.as_str()));
        let after =
            |phrase: &Phrase| phrase.places(&self.words).any(|place| place >= self.denied_from);
        nobody || people.iter().any(after)
    }
}

impl Mentions {
    /// Whether the captions say that nobody is there, and mention nobody anywhere.
    pub const fn nobody(&self) -> bool {
        !self.people_denied.is_empty() && self.people.is_empty()
    }
}

fn clauses(text: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut after_comma = false;
    for part in text.split_inclusive(['.', ',', ';', ':', '!', '?', '\n', '(', ')']) {
        let words: Vec<String> = part
            .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
            .filter(|word| !word.is_empty())
            .map(fold)
            .collect();
        for words in words.split(|word| TURNS.contains(&word.as_str())) {
            let denied_from = words
                .iter()
                .position(|word| DENIALS.contains(&word.as_str()))
                .unwrap_or(words.len());
            let denied = clauses.last().is_some_and(|last| last.denied_from < last.words.len());
            let denied_from = if after_comma && denied && goes_on(words) { 0 } else { denied_from };
            clauses.push(Clause { words: words.to_vec(), denied_from });
            after_comma = false;
        }
        after_comma = part.ends_with(',');
    }
    clauses
}

/// Whether these words go on with a list that a comma parted, as in "no person, animal or vehicle".
fn goes_on(words: &[String]) -> bool {
    const JOINS: &[&str] = &["or", "nor", "ni", "o"];
    words.iter().take(2).any(|word| JOINS.contains(&word.as_str()))
}

fn note<T: Ord + Copy>(
    found: &mut BTreeMap<T, Vec<CaptionId>>,
    wanted: &BTreeMap<T, Vec<Phrase>>,
    clause: &Clause,
    id: CaptionId,
) {
    for (code, phrases) in wanted {
        if clause.mentions(phrases) {
            let captions = found.entry(*code).or_default();
            if captions.last() != Some(&id) {
                captions.push(id);
            }
        }
    }
}

fn note_count(found: &mut Vec<CaptionId>, phrases: &[Phrase], clause: &Clause, id: CaptionId) {
    if found.last() != Some(&id) && clause.mentions(phrases) {
        found.push(id);
    }
}

/// Lower case without the accents of Spanish.
fn fold(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'á' | 'à' => 'a',
            'é' | 'è' => 'e',
            'í' => 'i',
            'ó' => 'o',
            'ú' | 'ü' => 'u',
            'ñ' => 'n',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn mentioned(text: &str) -> Mentions {
        find(&[(CaptionId(1), text.to_owned())])
    }

    #[test]
    fn the_word_lists_read_and_cover_every_code() {
        let file = WORDS.as_ref().expect("prompts/mentions.toml reads");
        assert!(Act::VARIANTS.iter().all(|act| file.acts.contains_key(act)));
        assert!(Object::VARIANTS.iter().all(|object| file.objects.contains_key(object)));
        assert!(Hazard::VARIANTS.iter().all(|hazard| file.hazards.contains_key(hazard)));
    }

    #[test]
    fn what_is_said_is_found_in_both_languages_with_its_caption() {
        let found = find(&[
            (CaptionId(1), "The yard is quiet.".to_owned()),
            (CaptionId(2), "A man climbs over the fence with a crowbar.".to_owned()),
            (CaptionId(3), "Una persona rompe la ventana y se lleva unas cajas.".to_owned()),
        ]);
        assert_eq!(found.acts[&Act::Climbs], [CaptionId(2)]);
        assert_eq!(found.acts[&Act::ForcesEntry], [CaptionId(2), CaptionId(3)]);
        assert_eq!(found.acts[&Act::Takes], [CaptionId(3)]);
        assert_eq!(found.people, [CaptionId(2), CaptionId(3)]);
    }

    #[test]
    fn what_is_denied_is_not_mentioned_until_the_clause_turns() {
        assert!(mentioned("There is no visible smoke or fire in the room.").hazards.is_empty());
        assert!(mentioned("No se ve humo ni fuego.").hazards.is_empty());
        assert!(!mentioned("Nobody is there, but smoke rises.").hazards.is_empty());
        assert!(!mentioned("Smoke rises. There are no people.").hazards.is_empty());
    }

    #[test]
    fn that_nobody_is_there_is_said_and_not_only_not_said() {
        for text in [
            "A cat walks by. No people and no vehicles are visible.",
            "Nobody is in the room.",
            "No hay personas en la imagen.",
            "Nadie pasa por la puerta.",
        ] {
            assert!(mentioned(text).nobody(), "{text}");
        }
        for text in ["A cat walks by.", "A man waits. No other people are there.", ""] {
            assert!(!mentioned(text).nobody(), "{text}");
        }
    }

    #[test]
    fn a_list_is_denied_to_its_end_and_no_further() {
        for text in [
            "No person, animal or vehicle can be seen.",
            "No se ven personas, animales ni vehiculos.",
        ] {
            let found = mentioned(text);
            assert!(
                found.nobody() && found.animals.is_empty() && found.vehicles.is_empty(),
                "{text}"
            );
        }
        let found = mentioned("There is no smoke, a man runs to the car.");
        assert!(!found.people.is_empty() && !found.vehicles.is_empty());
        assert!(!mentioned("No smoke, man running.").people.is_empty());
    }

    #[test]
    fn a_word_inside_another_is_not_a_mention() {
        assert!(mentioned("The carpet is scarlet.").vehicles.is_empty());
        assert!(!mentioned("A man runs.").hazards.contains_key(&Hazard::Weapon));
    }
}
