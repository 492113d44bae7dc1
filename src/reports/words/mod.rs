//! Human words in English and Spanish: a word for every code, dates, numbers, labels.

mod conditions;
mod decisions;
mod facts;
pub mod labels;

pub use conditions::clause;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language that reports are written in.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Language {
    /// The language's code (BCP 47).
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A code of the domain that people can read.
pub trait Word: Copy {
    /// What it is called in `language`, in lower case, to stand within a sentence.
    fn word(self, language: Language) -> &'static str;
}

/// Gives every code of a closed list its two words; a code without them does not compile.
macro_rules! words {
    ($name:ty { $($code:ident: $en:literal, $es:literal;)+ }) => {
        impl $crate::reports::words::Word for $name {
            fn word(self, language: $crate::reports::words::Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$code, $crate::reports::words::Language::En) => $en,
                        (Self::$code, $crate::reports::words::Language::Es) => $es,
                    )+
                }
            }
        }
    };
}
pub(crate) use words;

/// Formats the sentence of the language that is asked for.
macro_rules! say {
    ($language:expr, $en:literal, $es:literal $(, $name:ident = $value:expr)* $(,)?) => {
        match $language {
            $crate::reports::words::Language::En => format!($en $(, $name = $value)*),
            $crate::reports::words::Language::Es => format!($es $(, $name = $value)*),
        }
    };
}
pub(crate) use say;

const DAYS_EN: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const DAYS_ES: [&str; 7] =
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

/// The day as people write it, and the time to the minute.
pub fn date_and_time(language: Language, at: DateTime) -> String {
    let (days, months) = match language {
        Language::En => (DAYS_EN, MONTHS_EN),
        Language::Es => (DAYS_ES, MONTHS_ES),
    };
    let name = |names: &[&'static str], at: i8| {
        usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let weekday = name(&days, at.weekday().to_monday_zero_offset());
    let month = name(&months, at.month() - 1);
    let (year, day, hour, minute) = (at.year(), at.day(), at.hour(), at.minute());
    say!(
        language,
        "{weekday} {day} {month} {year}, {hour:02}:{minute:02}",
        "{weekday} {day} de {month} de {year}, {hour:02}:{minute:02}"
    )
}

/// A number with so many decimals; Spanish writes a comma.
pub fn number(language: Language, value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match language {
        Language::En => text,
        Language::Es => text.replace('.', ","),
    }
}

/// Words joined as a sentence joins them: `a, b and c`.
pub fn joined(language: Language, words: &[&str]) -> String {
    let and = match language {
        Language::En => "and",
        // "y" becomes "e" before the sound of i.
        Language::Es => match words.last().map(|last| last.to_lowercase()) {
            Some(last) if last.starts_with('i') || last.starts_with("hi") => "e",
            _ => "y",
        },
    };
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

/// `text` with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantArray;

    use super::*;
    use crate::domain::{
        Act, ActionCode, Approver, Cause, CountBand, DispositionCode, Effect, Hazard, Object,
        Outcome, Oversight, Place, Presence, Reader, ReasonCode, Role, SceneText, Severity,
        Sufficiency, Urgency, WindowKind, ZoneKind,
    };

    fn told_apart<T: Word + VariantArray>() {
        for language in Language::VARIANTS {
            let words: BTreeSet<&str> =
                T::VARIANTS.iter().map(|code| code.word(*language)).collect();
            assert_eq!(words.len(), T::VARIANTS.len(), "two codes share a word: {words:?}");
            assert!(words.iter().all(|word| !word.is_empty() && !word.contains('_')));
        }
    }

    #[test]
    fn every_code_has_a_word_of_its_own_in_both_languages() {
        told_apart::<Act>();
        told_apart::<ActionCode>();
        told_apart::<Approver>();
        told_apart::<Cause>();
        told_apart::<CountBand>();
        told_apart::<DispositionCode>();
        told_apart::<Effect>();
        told_apart::<Hazard>();
        told_apart::<Object>();
        told_apart::<Outcome>();
        told_apart::<Oversight>();
        told_apart::<Place>();
        told_apart::<Presence>();
        told_apart::<Reader>();
        told_apart::<ReasonCode>();
        told_apart::<Role>();
        told_apart::<SceneText>();
        told_apart::<Severity>();
        told_apart::<Sufficiency>();
        told_apart::<Urgency>();
        told_apart::<WindowKind>();
        told_apart::<ZoneKind>();
    }

    #[test]
    fn dates_numbers_and_lists_follow_the_language() {
        let at = jiff::civil::date(2026, 11, 18).at(2, 5, 59, 0);
        assert_eq!(date_and_time(Language::En, at), "Wednesday 18 November 2026, 02:05");
        assert_eq!(date_and_time(Language::Es, at), "miércoles 18 de noviembre de 2026, 02:05");
        assert_eq!(number(Language::Es, 0.876, 2), "0,88");
        assert_eq!(joined(Language::En, &["a", "b", "c"]), "a, b and c");
        assert_eq!(joined(Language::Es, &["humo", "incendio"]), "humo e incendio");
        assert_eq!(joined(Language::Es, &["humo"]), "humo");
        assert_eq!(capital("única"), "Única");
    }
}
