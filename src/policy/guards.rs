//! What no policy file can lift: the conditions under which nothing is dismissed (DESIGN.md §2.3–2.5).

use crate::domain::{
    Act, Cause, Context, CountBand, Counted, Effect, Facts, FiredRule, Hazard, Object, Observed,
    Presence, Reader, SceneText, Severity, Sufficiency,
};

use super::AlarmView;

/// The alarm with everything known about it.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub alarm: &'a AlarmView<'a>,
    pub facts: &'a Facts,
    pub context: &'a Context,
}

/// A built-in forbid of `dismiss`.
pub(super) struct Guard {
    id: &'static str,
    because: &'static str,
    because_es: &'static str,
    bites: fn(Case<'_>) -> bool,
}

const CAMERA_UNKNOWN: Guard = Guard {
    id: "guard_camera_unknown",
    because: "The site's file does not name this camera.",
    because_es: "El archivo del sitio no nombra esta cámara.",
    bites: |case| !case.context.camera_known,
};
const CLOCK_SUSPECT: Guard = Guard {
    id: "guard_clock_suspect",
    because: "The source's clock cannot be right, so hours and windows prove nothing.",
    because_es: "El reloj del origen no puede ser correcto, así que horarios y ventanas no prueban nada.",
    bites: |case| case.context.clock_suspect,
};
const CUT: Guard = Guard {
    id: "guard_cut",
    because: "Some captions were cut or left out.",
    because_es: "Algunas descripciones se recortaron u omitieron.",
    bites: |case| !case.facts.cut.is_empty(),
};
const DANGER: Guard = Guard {
    id: "guard_danger",
    because: "The captions show a crime, an accident, violence, fire or somebody in danger.",
    because_es: "Las descripciones muestran un delito, un accidente, violencia, fuego o a alguien en peligro.",
    bites: |case| case.facts.danger == Presence::Present,
};
const INSTRUCTION_TEXT: Guard = Guard {
    id: "guard_instruction_text",
    because: "Text in the scene tells the reader what to do about the alarm.",
    because_es: "Un texto de la escena dice al lector qué hacer con la alarma.",
    bites: |case| case.facts.scene_text == SceneText::InstructionLike,
};
const INSUFFICIENT: Guard = Guard {
    id: "guard_insufficient",
    because: "The captions do not say enough to judge by.",
    because_es: "Las descripciones no dicen lo bastante para juzgar.",
    bites: |case| case.facts.sufficiency != Sufficiency::Enough,
};
const LIFE_SAFETY: Guard = Guard {
    id: "guard_life_safety",
    because: "A danger to life is seen or cannot be ruled out, so a person must look.",
    because_es: "Se ve un peligro para la vida, o no puede descartarse: debe mirarlo una persona.",
    bites: |case| case.facts.life_safety(),
};
const NO_CAPTIONS: Guard = Guard {
    id: "guard_no_captions",
    because: "The alarm has no captions.",
    because_es: "La alarma no trae descripciones.",
    bites: |case| !case.alarm.has_captions,
};
const NO_EVIDENCE: Guard = Guard {
    id: "guard_no_evidence",
    because: "No caption positively shows what harmless thing set the alarm off.",
    because_es: "Ninguna descripción muestra qué cosa inofensiva hizo saltar la alarma.",
    bites: |case| !evidenced(case.facts),
};
const PROPERTY_ACT: Guard = Guard {
    id: "guard_property_act",
    because: "The captions may show an act against property, so they must be read first.",
    because_es: "Las descripciones pueden mostrar un acto contra la propiedad: antes hay que leerlas.",
    bites: |case| Act::AGAINST_PROPERTY.iter().any(|act| case.facts.act(*act) != Presence::Absent),
};
const UNREAD: Guard = Guard {
    id: "guard_unread",
    because: "The language model has not read the captions.",
    because_es: "El modelo de lenguaje no ha leído las descripciones.",
    bites: |case| !case.facts.read_by_model,
};

/// Guards on a dismissal after the captions were read, by id.
pub(super) const AFTER_READING: [Guard; 10] = [
    CAMERA_UNKNOWN,
    CLOCK_SUSPECT,
    CUT,
    DANGER,
    INSTRUCTION_TEXT,
    INSUFFICIENT,
    LIFE_SAFETY,
    NO_CAPTIONS,
    NO_EVIDENCE,
    UNREAD,
];

/// Guards on a rule that would dismiss before anything was read, by id.
pub(super) const BEFORE_READING: [Guard; 7] = [
    CAMERA_UNKNOWN,
    CLOCK_SUSPECT,
    DANGER,
    INSTRUCTION_TEXT,
    LIFE_SAFETY,
    NO_CAPTIONS,
    PROPERTY_ACT,
];

/// The guards that forbid dismissing this alarm.
pub(super) fn biting(guards: &[Guard], case: Case<'_>) -> Vec<FiredRule> {
    guards
        .iter()
        .filter(|guard| (guard.bites)(case))
        .map(|guard| FiredRule {
            id: guard.id.to_owned(),
            effect: Effect::Forbid,
            action: "dismiss".to_owned(),
            severity: Severity::None,
            because: guard.because.to_owned(),
            cites: Some("Built in: no policy file can lift it".to_owned()),
            because_es: Some(guard.because_es.to_owned()),
        })
        .collect()
}

/// The least severity that dangers to life demand: critical when seen, high when not ruled out.
pub(super) fn life_safety_floor(facts: &Facts) -> Severity {
    let hazards = Hazard::LIFE_SAFETY.iter().map(|hazard| facts.hazard(*hazard));
    let acts = Act::AGAINST_LIFE.iter().map(|act| facts.act(*act));
    match hazards.chain(acts).min() {
        Some(Presence::Present) => Severity::Critical,
        Some(Presence::Unclear) => Severity::High,
        Some(Presence::Absent) | None => Severity::None,
    }
}

/// Whether a caption positively shows something that is not text: an act, an object or a count of
/// somebody or something, or, where the cause is weather or light, a scene counted empty.
fn evidenced(facts: &Facts) -> bool {
    let counts = [&facts.people, &facts.vehicles, &facts.animals];
    let empty_scene = matches!(facts.cause, Cause::Weather | Cause::Light | Cause::CameraFault);
    facts.acts.iter().any(seen)
        || facts.objects.iter().any(|object| object.code != Object::Sign && seen(object))
        || counts.iter().any(|counted| shown(counted, empty_scene))
}

fn seen<T>(observed: &Observed<T>) -> bool {
    observed.presence == Presence::Present
        && observed.reader != Reader::Lexicon
        && !observed.evidence.is_empty()
}

fn shown(counted: &Counted, empty_scene: bool) -> bool {
    let counts = match counted.count {
        CountBand::One | CountBand::Few | CountBand::Many => true,
        CountBand::None => empty_scene,
        CountBand::Unclear => false,
    };
    counts && !counted.evidence.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CaptionId;

    fn object(code: Object, reader: Reader, evidence: Vec<CaptionId>) -> Facts {
        let observed = Observed { code, presence: Presence::Present, evidence, reader };
        Facts { objects: vec![observed], ..Facts::unread() }
    }

    #[test]
    fn evidence_is_a_thing_in_a_caption_and_never_a_sign() {
        assert!(evidenced(&object(Object::Trolley, Reader::Model, vec![CaptionId(1)])));
        assert!(!evidenced(&object(Object::Trolley, Reader::Model, vec![])));
        assert!(!evidenced(&object(Object::Trolley, Reader::Lexicon, vec![CaptionId(1)])));
        assert!(!evidenced(&object(Object::Sign, Reader::Model, vec![CaptionId(1)])));
        assert!(!evidenced(&Facts::unread()));
    }

    #[test]
    fn an_empty_scene_is_evidence_of_weather_but_not_of_people_being_harmless() {
        let nobody = Counted { count: CountBand::None, evidence: vec![CaptionId(1)] };
        let facts = |cause| Facts { cause, people: nobody.clone(), ..Facts::unread() };
        assert!(evidenced(&facts(Cause::Weather)));
        assert!(!evidenced(&facts(Cause::Person)));
    }

    #[test]
    fn guards_stand_in_the_order_of_their_ids() {
        for guards in [&AFTER_READING[..], &BEFORE_READING[..]] {
            assert!(guards.iter().map(|guard| guard.id).is_sorted());
        }
    }
}
