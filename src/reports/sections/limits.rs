//! Limits of the report: what it does not know and must not be used for.

use super::{name, scene_texts};
use crate::{
    domain::SceneText,
    reports::{
        ReportInput,
        evidence::{Evidence, Sentence},
        words::{Word, joined, say},
    },
};

/// Captioners that are named.
const NAMED: usize = 4;

/// The sentences on the limits.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences = vec![read(input)];
    sentences.extend(clip(input));
    sentences.extend(scene_text(input));
    let acts = say!(
        input.language,
        "It names acts and things. It says nothing of who anybody is, feels or intends.",
        "Nombra actos y cosas. No dice nada de quién es nadie, ni de lo que siente o pretende.",
    );
    sentences.push(Sentence::template(acts, Evidence::Facts("acts")));
    let person = say!(
        input.language,
        "The verdict is a suggestion: only a person's decision closes the alarm.",
        "El veredicto es una sugerencia: solo la decisión de una persona cierra la alarma.",
    );
    sentences.push(Sentence::template(person, Evidence::Verdict("outcome")));
    sentences
}

fn read(input: &ReportInput<'_>) -> Sentence {
    let mut models: Vec<String> = Vec::new();
    for caption in &input.alarm.captions {
        let model = caption.model.as_deref().map(name).filter(|model| !model.is_empty());
        if let Some(model) = model.filter(|model| !models.contains(model)) {
            models.push(model);
        }
        if models.len() == NAMED {
            break;
        }
    }
    let words: Vec<&str> = models.iter().map(String::as_str).collect();
    let by = match joined(input.language, &words) {
        list if list.is_empty() => String::new(),
        list => format!(" ({list})"),
    };
    let text = say!(
        input.language,
        "This report rests on captions that another program or a person wrote{by}; Sereno did not look at the picture.",
        "Este informe se apoya en descripciones escritas por otro programa o por una persona{by}; Sereno no miró la imagen.",
    );
    Sentence::template(text, Evidence::Alarm("captions"))
}

fn clip(input: &ReportInput<'_>) -> Option<Sentence> {
    let clip = input.alarm.clip.as_ref()?;
    let text = if clip.sha256.is_some() {
        say!(
            input.language,
            "The clip stays with its source; its digest, as the source gave it, is in this report.",
            "El vídeo queda en su fuente; su resumen digital, tal como lo dio la fuente, figura en este informe.",
        )
    } else {
        say!(
            input.language,
            "The clip stays with its source, which gave no digest: a later change would not be noticed.",
            "El vídeo queda en su fuente, que no dio resumen digital: un cambio posterior no se notaría.",
        )
    };
    Some(Sentence::template(text, Evidence::Alarm("clip")))
}

fn scene_text(input: &ReportInput<'_>) -> Option<Sentence> {
    let none = scene_texts(input, 1).items.is_empty();
    let class = input.facts.scene_text.word(input.language);
    let text = say!(
        input.language,
        "Text seen in the scene ({class}) is set apart below and was given no weight towards harmlessness.",
        "El texto visto en la escena ({class}) se muestra aparte, abajo, y no se usó para suavizar nada.",
    );
    (input.facts.scene_text != SceneText::None || !none)
        .then(|| Sentence::template(text, Evidence::Facts("scene_text")))
}
