//! Fixed word lists that see acts and hazards in captions, whatever a model says; they only raise doubt.

pub(in crate::reading) mod fold;
pub(in crate::reading) mod patterns;

use std::{collections::BTreeMap, str::FromStr, sync::LazyLock};

use serde::Deserialize;

use self::{
    fold::{Gap, Token},
    patterns::Patterns,
};
use crate::domain::{Act, Caption, CaptionId, Hazard, Observed, Presence, facts::Reader};

/// Captions named as evidence for one code; the first ones are as good as all.
const MOST_EVIDENCE: usize = 8;

/// What the lists saw. Always `unclear`, because a word is not an act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Hazards, each once, with the captions that name it.
    pub hazards: Vec<Observed<Hazard>>,
    /// Acts, each once, with the captions that name it.
    pub acts: Vec<Observed<Act>>,
}

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Hazard(Hazard),
    Act(Act),
    /// A thing whose name contains a word of the lists and which is no danger.
    Harmless,
    Negation,
    Filler,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    #[expect(dead_code, reason = "for people who compare files")]
    version: u32,
    hazards: BTreeMap<String, Vec<String>>,
    acts: BTreeMap<String, Vec<String>>,
    read: ReadRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadRules {
    negations: Vec<String>,
    fillers: Vec<String>,
    harmless: Vec<String>,
}

/// One list a language: a word of one language must not be negated by a word of the other.
#[expect(clippy::expect_used, reason = "the files are compiled in; a test holds that they load")]
static LISTS: LazyLock<[Patterns<Meaning>; 2]> = LazyLock::new(|| {
    [include_str!("../../prompts/lexicon/en.toml"), include_str!("../../prompts/lexicon/es.toml")]
        .map(|text| load(text).expect("the word lists are well-formed"))
});

fn load(text: &str) -> Result<Patterns<Meaning>, String> {
    let file: ListFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut patterns = Patterns::default();
    for (name, list) in &file.hazards {
        let code = Hazard::from_str(name).map_err(|_| format!("`{name}` is no hazard"))?;
        patterns.add(list, Meaning::Hazard(code));
    }
    for (name, list) in &file.acts {
        let code = Act::from_str(name).map_err(|_| format!("`{name}` is no act"))?;
        patterns.add(list, Meaning::Act(code));
    }
    patterns.add(&file.read.harmless, Meaning::Harmless);
    patterns.add(&file.read.negations, Meaning::Negation);
    patterns.add(&file.read.fillers, Meaning::Filler);
    Ok(patterns)
}

/// Every act and hazard that the captions name without denying it, scene text included. More text
/// behind a sentence's end never takes anything away. Linear in the captions' length.
pub fn scan(captions: &[Caption]) -> Found {
    let mut seen: BTreeMap<Meaning, Vec<CaptionId>> = BTreeMap::new();
    for (id, caption) in (1..).map(CaptionId).zip(captions) {
        for meaning in meanings(&caption.text) {
            let evidence = seen.entry(meaning).or_default();
            if evidence.len() < MOST_EVIDENCE && evidence.last() != Some(&id) {
                evidence.push(id);
            }
        }
    }
    let mut found = Found::default();
    for (meaning, evidence) in seen {
        match meaning {
            Meaning::Hazard(code) => found.hazards.push(observed(code, evidence)),
            Meaning::Act(code) => found.acts.push(observed(code, evidence)),
            Meaning::Harmless | Meaning::Negation | Meaning::Filler => {}
        }
    }
    found
}

fn observed<T>(code: T, evidence: Vec<CaptionId>) -> Observed<T> {
    Observed { code, presence: Presence::Unclear, evidence, reader: Reader::Lexicon }
}

/// Whether a text names an act or a hazard.
pub(super) fn names_danger(text: &str) -> bool {
    !meanings(text).is_empty()
}

fn meanings(text: &str) -> Vec<Meaning> {
    let tokens = fold::tokens(text);
    LISTS.iter().flat_map(|list| dangers(list, &tokens)).collect()
}

/// Acts and hazards in one language. A negation holds over fillers and over the terms that it denies,
/// and ends at any other word, at punctuation and at `and`.
fn dangers(list: &Patterns<Meaning>, tokens: &[Token]) -> Vec<Meaning> {
    let mut found = Vec::new();
    let (mut place, mut denied) = (0, false);
    while place < tokens.len() {
        denied &= tokens[place].gap == Gap::Space;
        let matches = list.at(tokens, place);
        let longest = matches.iter().map(|(length, _)| *length).max().unwrap_or(1);
        let has = |wanted: Meaning| matches.iter().any(|(_, meaning)| **meaning == wanted);
        let harmless = matches
            .iter()
            .filter(|(_, meaning)| **meaning == Meaning::Harmless)
            .map(|(length, _)| *length)
            .max();
        if let Some(length) = harmless.filter(|length| *length == longest) {
            place += length;
            continue;
        }
        let terms: Vec<(usize, Meaning)> = matches
            .iter()
            .filter(|(_, meaning)| matches!(meaning, Meaning::Hazard(_) | Meaning::Act(_)))
            .map(|(length, meaning)| (*length, **meaning))
            .collect();
        if terms.is_empty() {
            denied = has(Meaning::Negation) || (denied && has(Meaning::Filler));
            place += 1;
            continue;
        }
        if !denied {
            found.extend(terms.iter().map(|(_, meaning)| *meaning));
        }
        // One word at a time: `armed man with a gun` names more than one thing.
        place += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan_text(text: &str) -> Found {
        scan(&[Caption { start_s: None, end_s: None, text: text.to_owned(), model: None }])
    }

    fn hazards(text: &str) -> Vec<Hazard> {
        scan_text(text).hazards.iter().map(|one| one.code).collect()
    }

    fn acts(text: &str) -> Vec<Act> {
        scan_text(text).acts.iter().map(|one| one.code).collect()
    }

    #[test]
    fn the_lists_load() {
        assert_eq!(LISTS.len(), 2);
        assert!(load("version = 1\n[hazards]\nflood = []\n[acts]\n[read]\nnegations=[]\nfillers=[]\nharmless=[]").is_err());
    }

    #[test]
    fn dangers_are_seen_in_both_languages() {
        for (text, hazard) in [
            ("A man walks in with a handgun.", Hazard::Weapon),
            ("He keeps a kitchen knife in his hand.", Hazard::Weapon),
            ("Un encapuchado saca una navaja.", Hazard::Weapon),
            ("Flames rise behind the bins.", Hazard::Fire),
            ("Sale humo del almacén.", Hazard::Smoke),
            ("Se declara un incendio en la nave.", Hazard::Fire),
            ("A woman is lying on the ground.", Hazard::PersonDown),
            ("Una persona está tendida en el suelo.", Hazard::PersonDown),
            ("There is blood on the floor.", Hazard::Injury),
            ("Se oye una explosión.", Hazard::Explosion),
            ("She collapses beside the desk.", Hazard::PersonDown),
        ] {
            assert!(hazards(text).contains(&hazard), "{text}: {:?}", hazards(text));
        }
        for (text, act) in [
            ("Two men punch each other.", Act::Fights),
            ("Dos hombres se pelean junto al muelle.", Act::Fights),
            ("He points a gun at the cashier.", Act::ThreatensWithWeapon),
            ("Amenaza al vigilante.", Act::ThreatensWithWeapon),
            ("Somebody sets the car on fire.", Act::SetsFire),
            ("Prende fuego al contenedor.", Act::SetsFire),
        ] {
            assert!(acts(text).contains(&act), "{text}: {:?}", acts(text));
        }
    }

    #[test]
    fn what_is_denied_is_not_seen() {
        for text in [
            "No visible weapon.",
            "The yard is calm, with no signs of fire or smoke.",
            "There are no weapons or flames.",
            "No one is lying on the ground.",
            "Sin humo ni llamas.",
            "No se ve ningún arma.",
            "The machine runs without smoke.",
        ] {
            assert_eq!(scan_text(text), Found::default(), "{text}");
        }
    }

    #[test]
    fn a_denial_does_not_reach_past_its_own_words() {
        assert_eq!(hazards("There are no people, flames rise from the roof."), [Hazard::Fire]);
        assert_eq!(hazards("No guard is there and smoke comes out."), [Hazard::Smoke]);
        assert_eq!(hazards("With no fear he shows a gun."), [Hazard::Weapon]);
        assert_eq!(hazards("No hay nadie y sale humo."), [Hazard::Smoke]);
        assert_eq!(hazards("No. A gun is visible."), [Hazard::Weapon]);
    }

    #[test]
    fn things_that_only_sound_dangerous_are_not() {
        for text in [
            "A fire extinguisher hangs beside the fire exit.",
            "The smoke detector blinks.",
            "A gunmetal grey van parks.",
            "Hay un extintor y un detector de humos.",
            "Una mujer llama al timbre.",
        ] {
            assert_eq!(scan_text(text), Found::default(), "{text}");
        }
        assert_eq!(hazards("A fire extinguisher stands near the fire."), [Hazard::Fire]);
    }

    #[test]
    fn disguised_letters_and_quotes_hide_nothing() {
        assert_eq!(
            hazards("A sign says \"this is not a GUN\u{200b}\" and he lifts a ｇｕｎ."),
            [Hazard::Weapon]
        );
        assert_eq!(hazards("He holds a gun\u{200b}."), [Hazard::Weapon]);
        assert_eq!(hazards("smоke"), [Hazard::Smoke], "with a Cyrillic o");
    }

    #[test]
    fn evidence_names_the_captions_up_to_a_bound() {
        let captions: Vec<Caption> = (0..40)
            .map(|number| Caption {
                start_s: None,
                end_s: None,
                text: if number % 2 == 0 { "A gun." } else { "A cat." }.to_owned(),
                model: None,
            })
            .collect();
        let found = scan(&captions);
        assert_eq!(found.hazards.len(), 1);
        assert_eq!(found.hazards[0].evidence[..3], [CaptionId(1), CaptionId(3), CaptionId(5)]);
        assert_eq!(found.hazards[0].evidence.len(), MOST_EVIDENCE);
        assert_eq!(found.hazards[0].presence, Presence::Unclear);
    }

    proptest! {
        #[test]
        fn more_text_takes_nothing_away(
            before in "(a |the |no |fire |gun |smoke |man |on |ground |lying |and |, |sin |humo ){0,12}",
            after in "(extinguisher |no |not |detector |false |alarm |without |metal |\\. |exit ){0,8}",
        ) {
            let (alone, more) = (scan_text(&before), scan_text(&format!("{before}. {after}")));
            for hazard in &alone.hazards {
                prop_assert!(more.hazards.iter().any(|one| one.code == hazard.code));
            }
            for act in &alone.acts {
                prop_assert!(more.acts.iter().any(|one| one.code == act.code));
            }
        }
    }
}
