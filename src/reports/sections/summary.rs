//! What happened, in a few lines.

use super::name;
use crate::reports::{
    ReportInput,
    evidence::{Cited, Evidence, Sentence},
    words::{Language, Word, date_and_time, say},
};

/// The summary's sentences.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences = vec![raised(input), suggested(input), place(input)];
    sentences.extend(windows(input));
    sentences.extend(recent(input));
    sentences
}

fn raised(input: &ReportInput<'_>) -> Sentence {
    let when = date_and_time(input.language, input.context.local_time);
    let camera = name(&input.reference.camera);
    let kind = name(&input.reference.kind);
    let site = name(&input.reference.site);
    let text = say!(
        input.language,
        "On {when} (local time), camera “{camera}” of site “{site}” raised an alarm of kind “{kind}”.",
        "El {when} (hora local), la cámara “{camera}” del lugar “{site}” generó una alarma de tipo “{kind}”.",
    );
    let evidence = Cited::new(
        Evidence::Context("local_time"),
        [Evidence::Alarm("occurred_at"), Evidence::Alarm("camera"), Evidence::Alarm("kind")],
    );
    Sentence::template(text, evidence)
}

fn suggested(input: &ReportInput<'_>) -> Sentence {
    let outcome = input.verdict.outcome.word(input.language);
    let severity = input.verdict.severity.word(input.language);
    let reason = input.verdict.reason.code.word(input.language);
    let text = say!(
        input.language,
        "Sereno suggests “{outcome}”, severity {severity}. {reason}",
        "Sereno sugiere “{outcome}”, gravedad {severity}. {reason}",
    );
    let evidence = Cited::new(
        Evidence::Verdict("outcome"),
        [Evidence::Verdict("severity"), Evidence::Verdict("reason")],
    );
    Sentence::template(text, evidence)
}

fn place(input: &ReportInput<'_>) -> Sentence {
    let context = input.context;
    let zone = name(&context.zone.id);
    let kind = context.zone.kind.word(input.language);
    let text = match input.language {
        Language::En => {
            let armed = if context.armed { "armed" } else { "not armed" };
            let open = if context.open { "open" } else { "closed" };
            format!(
                "The camera watches zone “{zone}” ({kind}); it was {armed} and the site was {open}."
            )
        }
        Language::Es => {
            let armed = if context.armed { "armada" } else { "desarmada" };
            let open = if context.open { "abierto" } else { "cerrado" };
            format!(
                "La cámara vigila la zona “{zone}” ({kind}), que estaba {armed}; el lugar estaba {open}."
            )
        }
    };
    let evidence = Cited::new(
        Evidence::Context("zone"),
        [Evidence::Context("armed"), Evidence::Context("open")],
    );
    Sentence::template(text, evidence)
}

fn windows(input: &ReportInput<'_>) -> impl Iterator<Item = Sentence> {
    input.context.windows.iter().map(|window| {
        let id = name(&window.id);
        let kind = window.kind.word(input.language);
        let until = date_and_time(input.language, window.until);
        let text = say!(
            input.language,
            "The window “{id}” ({kind}) was open until {until}.",
            "La ventana “{id}” ({kind}) estaba abierta hasta el {until}.",
        );
        Sentence::template(text, Evidence::Context("windows"))
    })
}

fn recent(input: &ReportInput<'_>) -> Option<Sentence> {
    let recent = &input.context.recent;
    let (day, real) = (recent.last_day, recent.real_threats_last_day);
    let text = say!(
        input.language,
        "Alarms of this camera in the day before: {day}; closed by people as a real threat: {real}.",
        "Alarmas de esta cámara en el día anterior: {day}; cerradas por personas como amenaza real: {real}.",
    );
    (day > 0).then(|| Sentence::template(text, Evidence::Context("recent")))
}
