//! What was not clear: doubtful facts, gaps, failures, and whatever cannot be right.

use super::{captions, name, seen::observed};
use crate::{
    domain::{Presence, SceneText, Sufficiency},
    reports::{
        ReportInput,
        evidence::{Evidence, Sentence},
        words::{Language, say},
    },
};

/// The sentences on what was not clear; one that says so where nothing was.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = Vec::new();
    let facts = input.facts;
    sentences.extend(sufficiency(input));
    if facts.danger == Presence::Unclear {
        let text = say!(
            input.language,
            "It is not clear whether anybody or anything was in danger.",
            "No queda claro si alguien o algo corría peligro.",
        );
        sentences.push(Sentence::template(text, Evidence::Facts("danger")));
    }
    observed(input, &facts.hazards, Presence::Unclear, "hazards", &mut sentences);
    observed(input, &facts.acts, Presence::Unclear, "acts", &mut sentences);
    observed(input, &facts.objects, Presence::Unclear, "objects", &mut sentences);
    sentences.extend(cut(input));
    sentences.extend(instruction(input));
    sentences.extend(setting(input));
    sentences.extend(failures(input));
    if sentences.is_empty() {
        let text = say!(
            input.language,
            "The captions suffice, and no step failed.",
            "Las descripciones bastan y ningún paso falló.",
        );
        sentences.push(Sentence::template(text, Evidence::Facts("sufficiency")));
    }
    sentences
}

fn sufficiency(input: &ReportInput<'_>) -> Option<Sentence> {
    if input.alarm.captions.is_empty() {
        let text = say!(
            input.language,
            "No captions came with this alarm, so nothing of the picture was read.",
            "La alarma llegó sin descripciones, así que no se leyó nada de la imagen.",
        );
        return Some(Sentence::template(text, Evidence::Alarm("captions")));
    }
    let text = match input.facts.sufficiency {
        Sufficiency::Enough => return None,
        Sufficiency::Partial => say!(
            input.language,
            "The captions leave a gap: they do not tell what happens from start to end.",
            "Las descripciones dejan lagunas: no cuentan lo que ocurre de principio a fin.",
        ),
        Sufficiency::None => say!(
            input.language,
            "The captions say nothing that helps to judge the alarm.",
            "Las descripciones no dicen nada que ayude a juzgar la alarma.",
        ),
    };
    Some(Sentence::template(text, Evidence::Facts("sufficiency")))
}

fn cut(input: &ReportInput<'_>) -> Option<Sentence> {
    let count = input.facts.cut.len();
    let text = say!(
        input.language,
        "Captions that were cut or left out to fit the model: {count}.",
        "Descripciones recortadas u omitidas para que cupieran en el modelo: {count}.",
    );
    let cited = captions(input, &input.facts.cut, "cut");
    (count > 0).then(|| Sentence::template(text, cited))
}

fn instruction(input: &ReportInput<'_>) -> Option<Sentence> {
    let text = say!(
        input.language,
        "Text in the scene tells the reader what to do about the alarm; it never makes the alarm milder.",
        "Un texto en la escena dice al lector qué hacer con la alarma; nunca la suaviza.",
    );
    (input.facts.scene_text == SceneText::InstructionLike)
        .then(|| Sentence::template(text, Evidence::Facts("scene_text")))
}

fn setting(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    if !input.context.camera_known {
        let camera = name(&input.reference.camera);
        let text = say!(
            input.language,
            "The site's file does not name the camera “{camera}”.",
            "El fichero del lugar no nombra la cámara “{camera}”.",
        );
        sentences.push(Sentence::template(text, Evidence::Context("camera_known")));
    }
    if input.context.clock_suspect {
        let skew = input.context.clock_skew_s;
        let text = say!(
            input.language,
            "The source's clock cannot be right ({skew} s apart), so opening hours prove nothing.",
            "El reloj de la fuente no puede estar bien ({skew} s de diferencia), así que los horarios no prueban nada.",
        );
        sentences.push(Sentence::template(text, Evidence::Context("clock_suspect")));
    }
    sentences
}

fn failures(input: &ReportInput<'_>) -> impl Iterator<Item = Sentence> {
    input.assessment.failures.iter().map(|failure| {
        let stage = stage(input.language, &failure.stage);
        let code = name(&failure.code);
        let text = say!(
            input.language,
            "A step failed: {stage} (“{code}”).",
            "Falló un paso: {stage} (“{code}”).",
        );
        Sentence::template(text, Evidence::Assessment("failures"))
    })
}

fn stage(language: Language, stage: &str) -> String {
    let words = match stage {
        "read" => ("reading the captions", "la lectura de las descripciones"),
        "classify" => ("the classifier's reading", "la lectura del clasificador"),
        "rule" => ("applying the rules", "la aplicación de las reglas"),
        "assess" => ("weighing the facts", "la valoración de los hechos"),
        other => return name(other),
    };
    match language {
        Language::En => words.0.to_owned(),
        Language::Es => words.1.to_owned(),
    }
}
