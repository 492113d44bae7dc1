//! What a rule asks, as a clause that people can read: "the zone is armed".

use strum::VariantArray;

use super::{Language, Word, joined, say};
use crate::domain::{
    Act, Cause, Condition, CountBand, Hazard, Object, Phase, Place, Presence, SceneText,
    Sufficiency, ZoneKind,
};

/// The facts that are a plain yes or no, as clauses: English, its contrary, Spanish, its contrary.
const YES: [(&str, [&str; 4]); 10] = [
    (
        "resource.hasCaptions",
        [
            "the alarm has captions",
            "the alarm has no captions",
            "la alarma trae descripciones",
            "la alarma no trae descripciones",
        ],
    ),
    (
        "resource.readByModel",
        [
            "the language model read the captions",
            "the language model did not read the captions",
            "el modelo de lenguaje leyó las descripciones",
            "el modelo de lenguaje no leyó las descripciones",
        ],
    ),
    (
        "resource.cut",
        [
            "captions were cut",
            "no caption was cut",
            "se recortaron descripciones",
            "no se recortó ninguna descripción",
        ],
    ),
    (
        "context.cameraKnown",
        [
            "the site's file names the camera",
            "the site's file does not name the camera",
            "el fichero del lugar nombra la cámara",
            "el fichero del lugar no nombra la cámara",
        ],
    ),
    (
        "context.zone.public",
        [
            "the public may be there",
            "the public may not be there",
            "el público puede estar allí",
            "el público no puede estar allí",
        ],
    ),
    (
        "context.open",
        [
            "the site is open",
            "the site is closed",
            "el lugar está abierto",
            "el lugar está cerrado",
        ],
    ),
    (
        "context.armed",
        [
            "the zone is armed",
            "the zone is not armed",
            "la zona está armada",
            "la zona no está armada",
        ],
    ),
    (
        "context.clockSuspect",
        [
            "the source's clock cannot be right",
            "the source's clock can be right",
            "el reloj de la fuente no puede estar bien",
            "el reloj de la fuente puede estar bien",
        ],
    ),
    (
        "context.emergencyServices",
        [
            "the site lets emergency services be named",
            "the site does not let emergency services be named",
            "el lugar permite nombrar a los servicios de emergencia",
            "el lugar no permite nombrar a los servicios de emergencia",
        ],
    ),
    (
        "context.autonomyGranted",
        [
            "somebody granted closing without a person",
            "nobody granted closing without a person",
            "alguien autorizó el cierre sin persona",
            "nadie autorizó el cierre sin persona",
        ],
    ),
];

/// The other facts, as things that are or have something: English, Spanish.
const NAMES: [(&str, [&str; 2]); 23] = [
    ("resource.phase", ["the event's phase", "la fase del suceso"]),
    ("resource.sufficiency", ["what the captions say", "lo que dicen las descripciones"]),
    ("resource.danger", ["a danger", "un peligro"]),
    ("resource.cause", ["the cause", "la causa"]),
    ("resource.place", ["the place seen", "el sitio que se ve"]),
    ("resource.people", ["the number of people", "el número de personas"]),
    ("resource.vehicles", ["the number of vehicles", "el número de vehículos"]),
    ("resource.animals", ["the number of animals", "el número de animales"]),
    ("resource.sceneText", ["the text in the scene", "el texto de la escena"]),
    ("context.zone.kind", ["the kind of zone", "el tipo de zona"]),
    ("resource.kind", ["the kind of alarm", "el tipo de alarma"]),
    ("resource.camera", ["the camera", "la cámara"]),
    ("context.site", ["the site", "el lugar"]),
    ("context.zone.id", ["the zone", "la zona"]),
    (
        "context.recent.lastHour",
        ["this camera's alarms of the last hour", "las alarmas de esta cámara en la última hora"],
    ),
    (
        "context.recent.lastDay",
        ["this camera's alarms of the last day", "las alarmas de esta cámara en el último día"],
    ),
    (
        "context.recent.realThreatsLastDay",
        [
            "real threats at this camera within a day",
            "las amenazas reales en esta cámara en un día",
        ],
    ),
    (
        "context.recent.harmlessLastDay",
        [
            "harmless alarms of this camera within a day",
            "las alarmas inofensivas de esta cámara en un día",
        ],
    ),
    (
        "context.recent.harmlessLastHour",
        [
            "harmless alarms of this camera within an hour",
            "las alarmas inofensivas de esta cámara en una hora",
        ],
    ),
    (
        "context.sequence.signals",
        ["the site's alarms within half an hour", "las alarmas del lugar en media hora"],
    ),
    (
        "context.sequence.detectors",
        [
            "the site's cameras and sensors that raised alarms within half an hour",
            "las cámaras y sensores del lugar que dieron alarma en media hora",
        ],
    ),
    ("context.minuteOfDay", ["the local time", "la hora local"]),
    (
        "context.weekday",
        ["the day of the week, Monday being 1", "el día de la semana, siendo 1 el lunes"],
    ),
];

/// The condition as a clause in `language`, without a full stop.
pub fn clause(language: Language, condition: &Condition) -> String {
    told(language, condition, true)
}

/// The clause, or its contrary where it does not `hold`.
fn told(language: Language, condition: &Condition, holds: bool) -> String {
    match condition {
        Condition::Not { of } => told(language, of, !holds),
        // The contrary of all is one that is not, and the other way round.
        Condition::All { of } => several(language, of, holds, holds),
        Condition::Any { of } => several(language, of, !holds, holds),
        Condition::Yes { fact } => yes(language, fact, holds),
        Condition::OneOf { fact, codes } => {
            let words: Vec<String> = codes.iter().map(|code| word(language, fact, code)).collect();
            let words = either(language, &words);
            let name = name(language, fact);
            if holds {
                say!(language, "{name} is {words}", "{name} es {words}")
            } else {
                say!(language, "{name} is not {words}", "{name} no es {words}")
            }
        }
        Condition::Seen { fact, code, plainly } => {
            let word = word(language, fact, code);
            match (holds, plainly) {
                (true, true) => say!(language, "there is {word}", "se ve {word}"),
                (true, false) => say!(language, "there may be {word}", "puede haber {word}"),
                (false, true) => {
                    say!(language, "{word} is not plainly seen", "no se ve claramente {word}")
                }
                (false, false) => say!(language, "{word} is ruled out", "se descarta {word}"),
            }
        }
        Condition::WindowOpen { kind } => {
            let word = kind.word(language);
            if holds {
                say!(language, "a window for {word} is open", "hay una ventana de {word} abierta")
            } else {
                say!(
                    language,
                    "no window for {word} is open",
                    "no hay ninguna ventana de {word} abierta"
                )
            }
        }
        Condition::Text { fact, text } => {
            let name = name(language, fact);
            if holds {
                say!(language, "{name} is “{text}”", "{name} es “{text}”")
            } else {
                say!(language, "{name} is not “{text}”", "{name} no es “{text}”")
            }
        }
        Condition::Below { fact, number } => below(language, fact, *number, holds),
    }
}

fn several(language: Language, parts: &[Condition], all: bool, holds: bool) -> String {
    let clauses: Vec<String> = parts.iter().map(|part| told(language, part, holds)).collect();
    match (clauses.as_slice(), all) {
        ([], true) => say!(language, "nothing more is asked", "no se pide nada más"),
        ([], false) => say!(language, "it can never be", "no puede darse nunca"),
        (clauses, true) => {
            joined(language, &clauses.iter().map(String::as_str).collect::<Vec<_>>())
        }
        (clauses, false) => either(language, clauses),
    }
}

fn either(language: Language, words: &[String]) -> String {
    let or = match language {
        Language::En => " or ",
        Language::Es => " o ",
    };
    match words {
        [first @ .., last] if !first.is_empty() => format!("{}{or}{last}", first.join(", ")),
        words => words.concat(),
    }
}

fn yes(language: Language, fact: &str, holds: bool) -> String {
    let place = match (language, holds) {
        (Language::En, true) => 0,
        (Language::En, false) => 1,
        (Language::Es, true) => 2,
        (Language::Es, false) => 3,
    };
    let known = YES.iter().find(|(path, _)| *path == fact);
    known.map_or_else(|| fact.to_owned(), |(_, words)| words[place].to_owned())
}

fn name(language: Language, fact: &str) -> String {
    let known = NAMES.iter().find(|(path, _)| *path == fact);
    known.map_or_else(|| fact.to_owned(), |(_, words)| words[language as usize].to_owned())
}

fn below(language: Language, fact: &str, number: i64, holds: bool) -> String {
    let name = name(language, fact);
    let shown = if fact == "context.minuteOfDay" {
        format!("{:02}:{:02}", number / 60, number % 60)
    } else {
        number.to_string()
    };
    match (fact, holds) {
        ("context.minuteOfDay", true) => {
            say!(language, "{name} is before {shown}", "{name} es anterior a las {shown}")
        }
        ("context.minuteOfDay", false) => {
            say!(language, "{name} is {shown} or later", "{name} es las {shown} o más tarde")
        }
        (_, true) => say!(language, "{name}: fewer than {shown}", "{name}: menos de {shown}"),
        (_, false) => say!(language, "{name}: {shown} or more", "{name}: {shown} o más"),
    }
}

/// The word of a code in the closed list of this fact.
fn word(language: Language, fact: &str, code: &str) -> String {
    let found = match fact {
        "resource.phase" => [Phase::Instant, Phase::Start, Phase::Update, Phase::End, Phase::State]
            .into_iter()
            .find(|phase| Into::<&str>::into(*phase) == code)
            .map(|phase| phase.word(language)),
        "resource.sufficiency" => of::<Sufficiency>(language, code),
        "resource.danger" => of::<Presence>(language, code),
        "resource.cause" => of::<Cause>(language, code),
        "resource.place" => of::<Place>(language, code),
        "resource.people" | "resource.vehicles" | "resource.animals" => {
            of::<CountBand>(language, code)
        }
        "resource.sceneText" => of::<SceneText>(language, code),
        "context.zone.kind" => of::<ZoneKind>(language, code),
        "resource.acts" => of::<Act>(language, code),
        "resource.objects" => of::<Object>(language, code),
        "resource.hazards" => of::<Hazard>(language, code),
        _ => None,
    };
    found.unwrap_or(code).to_owned()
}

fn of<T: Word + VariantArray + Into<&'static str>>(
    language: Language,
    code: &str,
) -> Option<&'static str> {
    let found = T::VARIANTS.iter().find(|one| Into::<&'static str>::into(**one) == code);
    found.map(|one| one.word(language))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WindowKind;

    #[test]
    fn conditions_read_as_clauses_in_both_languages() {
        let seen = |code: &str, plainly| Condition::Seen {
            fact: "resource.acts".into(),
            code: code.into(),
            plainly,
        };
        let not = |of| Condition::Not { of: Box::new(of) };
        let conditions = [
            Condition::WindowOpen { kind: WindowKind::Maintenance },
            not(Condition::Yes { fact: "context.armed".into() }),
            Condition::OneOf {
                fact: "resource.cause".into(),
                codes: vec!["animal".into(), "weather".into()],
            },
            Condition::All { of: vec![not(seen("climbs", false)), seen("cleans", true)] },
            not(Condition::Below { fact: "context.recent.harmlessLastHour".into(), number: 3 }),
            Condition::Below { fact: "context.minuteOfDay".into(), number: 390 },
            not(Condition::Text { fact: "resource.kind".into(), text: "motion*".into() }),
        ];
        let all = |language| {
            conditions.iter().map(|one| clause(language, one)).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(all(Language::En), @r"
        a window for announced maintenance is open
        the zone is not armed
        the cause is an animal, an insect or a spider's web or the weather or moving leaves
        climbing a fence, wall or gate is ruled out and there is cleaning
        harmless alarms of this camera within an hour: 3 or more
        the local time is before 06:30
        the kind of alarm is not “motion*”
        ");
        insta::assert_snapshot!(all(Language::Es), @r"
        hay una ventana de mantenimiento anunciado abierta
        la zona no está armada
        la causa es un animal, un insecto o una telaraña o el tiempo o el movimiento de las hojas
        se descarta escalar una valla, un muro o una puerta y se ve limpiar
        las alarmas inofensivas de esta cámara en una hora: 3 o más
        la hora local es anterior a las 06:30
        el tipo de alarma no es “motion*”
        ");
    }
}
