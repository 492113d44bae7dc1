//! The parts of a report: templates over facts, context, ruling, assessment and verdict.

pub mod actions;
pub mod limits;
pub mod rules;
pub mod seen;
pub mod summary;
pub mod unclear;
pub mod verdict;

use super::{
    ReportInput,
    evidence::{Cited, Evidence},
    quote::{self, Withheld},
    words::{Language, say},
};
use crate::domain::CaptionId;

/// Names and ids from outside are shown up to this many characters.
pub(super) const NAME: usize = 120;
/// Sentences of policies and models are shown up to this many characters.
pub(super) const SENTENCE: usize = 500;

/// Captions that are quoted; the others are kept with the alarm.
pub(super) const QUOTED: usize = 6;
/// Captions that one sentence cites at most.
const CITED: usize = 12;
/// Characters of one text of the scene that are shown.
const SCENE_TEXT: usize = 300;

/// What was read in the scene, to be shown apart and marked as not trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SceneTexts {
    /// The texts, each once, in one plain line.
    pub items: Vec<String>,
    /// How many more there are.
    pub omitted: usize,
}

/// The texts that came as such, and those that the quoted captions repeat; at most `most`.
pub(super) fn scene_texts(input: &ReportInput<'_>, most: usize) -> SceneTexts {
    let quoted = input.alarm.captions.iter().take(QUOTED);
    let repeated = quoted.flat_map(|caption| withhold(input, &caption.text).taken);
    let mut texts = SceneTexts::default();
    for text in input.alarm.visible_text.iter().cloned().chain(repeated) {
        let text = quote::clipped(&text, SCENE_TEXT);
        let known = |one: &String| one.to_lowercase() == text.to_lowercase();
        if text.is_empty() || texts.items.iter().any(known) {
            continue;
        }
        if texts.items.len() < most {
            texts.items.push(text);
        } else {
            texts.omitted += 1;
        }
    }
    texts
}

/// A name from outside, in one plain line.
pub(super) fn name(text: &str) -> String {
    quote::clipped(text, NAME)
}

/// The captions that say so, where the alarm really has them; else the fact as a whole.
pub(super) fn captions(input: &ReportInput<'_>, ids: &[CaptionId], field: &'static str) -> Cited {
    let mut known = ids
        .iter()
        .filter(|id| usize::try_from(id.0).is_ok_and(|at| at <= input.alarm.captions.len()))
        .map(|id| Evidence::Caption(*id))
        .take(CITED);
    match known.next() {
        Some(first) => Cited::new(first, known),
        None => Evidence::Facts(field).into(),
    }
}

/// `text` without what was read in the scene.
pub(super) fn withhold(input: &ReportInput<'_>, text: &str) -> Withheld {
    let marker = say!(input.language, "[text in the scene]", "[texto en la escena]");
    quote::withhold(text, &input.alarm.visible_text, &marker)
}

/// Seconds of a clip as `0.0–6.1 s`.
pub(super) fn span(language: Language, start_s: Option<f64>, end_s: Option<f64>) -> String {
    let show = |seconds: f64| super::words::number(language, seconds, 1);
    match (start_s, end_s) {
        (Some(start), Some(end)) => format!("{}–{} s", show(start), show(end)),
        (Some(only), None) | (None, Some(only)) => format!("{} s", show(only)),
        (None, None) => String::new(),
    }
}
