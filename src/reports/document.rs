//! The report as one JSON document: head, sections, texts seen in the scene, index of evidence.

use serde_json::{Value, json};
use strum::VariantArray;

use super::{
    ReportInput,
    evidence::{Evidence, Part, Sentence},
    sections::{self, actions, limits, name, rules, seen, summary, unclear, verdict},
    words::{Language, Word, date_and_time, labels::label, number, say},
};
use crate::domain::{CaptionId, Disposition};

/// Version of the report's schema; it rises when a reader of old reports would stumble.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Name of the report's schema.
pub const SCHEMA_ID: &str = "urn:sereno:schema:incident-report:1";
/// IPTC's mark for media made by a trained model
/// (<https://cv.iptc.org/newscodes/digitalsourcetype/>).
pub const DIGITAL_SOURCE_TYPE: &str =
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
/// Texts of the scene that are shown.
const SCENE_TEXTS: usize = 40;

/// The report of one alarm.
pub(super) fn write(input: &ReportInput<'_>) -> Value {
    let parts: Vec<(Part, Vec<Sentence>)> =
        Part::VARIANTS.iter().map(|part| (*part, sentences(input, *part))).collect();
    let sections: Vec<Value> =
        parts.iter().map(|(part, sentences)| section(input.language, *part, sentences)).collect();
    let evidence = index(input, parts.iter().flat_map(|(_, sentences)| sentences));
    let camera = name(&input.reference.camera);
    let when = date_and_time(input.language, input.context.local_time);
    let report = label(input.language, "incident_report");
    json!({
        "schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "id": format!("report:{}", input.reference.id),
        "language": input.language.as_str(),
        "title": format!("{report}: {camera}, {when}"),
        "ai_generated": true,
        "digital_source_type": DIGITAL_SOURCE_TYPE,
        "notice": label(input.language, "notice"),
        "generator": {
            "name": "Sereno",
            "version": env!("CARGO_PKG_VERSION"),
            "model": input.model_name.map(name),
        },
        "generated_at": input.generated_at.to_string(),
        "alarm": alarm(input),
        "verdict": head(input),
        "policy_digest": input.ruling.policy_digest,
        "sections": sections,
        "scene_text": scene_text(input),
        "evidence": evidence,
    })
}

/// `report` with what people decided in its last section; the rest stays as it was. A later call
/// replaces what an earlier one wrote, so it gets all dispositions, oldest first.
pub(super) fn decided(report: &Value, dispositions: &[Disposition]) -> Value {
    let mut report = report.clone();
    let language = language_of(&report);
    let sentences: Vec<Sentence> =
        (1..).zip(dispositions).flat_map(|(at, one)| said(language, at, one)).collect();
    let sections = report.get_mut("sections").and_then(Value::as_array_mut);
    let part: &str = Part::Decided.into();
    let section = sections.and_then(|all| {
        all.iter_mut().find(|one| one.get("key").and_then(Value::as_str) == Some(part))
    });
    if let Some(section) = section {
        section["sentences"] = sentences.iter().map(Sentence::to_json).collect();
    }
    if let Some(index) = report.get_mut("evidence").and_then(Value::as_array_mut) {
        index.retain(|one| one.get("kind").and_then(Value::as_str) != Some("disposition"));
        index.extend((1..).zip(dispositions).map(|(at, one)| {
            let text = format!("{}, {}", name(&one.by), one.at);
            json!({ "id": Evidence::Disposition(at).to_string(), "kind": "disposition", "text": text })
        }));
    }
    report
}

/// The language that a report says it is in; English where it says none that we know.
pub(super) fn language_of(report: &Value) -> Language {
    let code = report.get("language").and_then(Value::as_str).unwrap_or_default();
    code.parse().unwrap_or_default()
}

fn said(language: Language, at: usize, disposition: &Disposition) -> Vec<Sentence> {
    let by = name(&disposition.by);
    let what = disposition.said.code.word(language);
    let when = disposition.at;
    let text = say!(
        language,
        "“{by}” closed the alarm at {when} as: {what}.",
        "“{by}” cerró la alarma el {when} como: {what}.",
    );
    let mut sentences = vec![Sentence::template(text, Evidence::Disposition(at))];
    let mut approved: Vec<&str> = Vec::new();
    for word in disposition.said.approved_actions.iter().map(|action| action.word(language)) {
        if !approved.contains(&word) {
            approved.push(word);
        }
    }
    if !approved.is_empty() {
        let list = super::words::joined(language, &approved);
        let text = say!(language, "Approved: {list}.", "Se aprobó: {list}.");
        sentences.push(Sentence::template(text, Evidence::Disposition(at)));
    }
    if let Some(note) = disposition.said.note.as_deref().filter(|note| !note.trim().is_empty()) {
        sentences.push(Sentence {
            text: format!("“{}”", super::quote::clipped(note, 2_000)),
            evidence: Evidence::Disposition(at).into(),
            origin: super::evidence::Origin::Person,
        });
    }
    sentences
}

fn sentences(input: &ReportInput<'_>, part: Part) -> Vec<Sentence> {
    match part {
        Part::Summary => summary::write(input),
        Part::Seen => seen::write(input),
        Part::Unclear => unclear::write(input),
        Part::Rules => rules::write(input),
        Part::Verdict => verdict::write(input),
        Part::Actions => actions::write(input),
        Part::Limits => limits::write(input),
        // Nobody has decided when a report is first written.
        Part::Decided => Vec::new(),
    }
}

fn section(language: Language, part: Part, sentences: &[Sentence]) -> Value {
    let key: &'static str = part.into();
    let sentences: Vec<Value> = sentences.iter().map(Sentence::to_json).collect();
    json!({ "key": key, "heading": label(language, key), "sentences": sentences })
}

fn alarm(input: &ReportInput<'_>) -> Value {
    let reference = input.reference;
    let clip =
        input.alarm.clip.as_ref().map(
            |clip| json!({ "uri": super::quote::clipped(&clip.uri, 500), "sha256": clip.sha256 }),
        );
    json!({
        "id": reference.id.to_string(),
        "source": name(&reference.source),
        "source_event_id": name(&reference.source_event_id),
        "site": name(&reference.site),
        "camera": name(&reference.camera),
        "kind": name(&reference.kind),
        "occurred_at": reference.occurred_at.to_string(),
        "local_time": date_and_time(input.language, input.context.local_time),
        "clip": clip,
    })
}

fn head(input: &ReportInput<'_>) -> Value {
    let verdict = input.verdict;
    let avs = u8::from(verdict.avs_level);
    json!({
        "outcome": verdict.outcome.as_str(),
        "severity": verdict.severity.as_str(),
        "avs_level": avs,
        "threat_probability": verdict.threat_probability,
        "calibrated": verdict.calibrated,
        "reason": verdict.reason.code.as_str(),
        "words": {
            "outcome": verdict.outcome.word(input.language),
            "severity": verdict.severity.word(input.language),
            "avs_level": verdict::level(input.language, avs),
            "threat_probability": number(input.language, verdict.threat_probability, 2),
            "reason": verdict.reason.code.word(input.language),
        },
    })
}

fn scene_text(input: &ReportInput<'_>) -> Value {
    let texts = sections::scene_texts(input, SCENE_TEXTS);
    json!({
        "trusted": false,
        "class": input.facts.scene_text.as_str(),
        "class_words": input.facts.scene_text.word(input.language),
        "items": texts.items,
        "omitted": texts.omitted,
    })
}

/// Everything that is cited, once, with what it is.
fn index<'a>(input: &ReportInput<'_>, sentences: impl Iterator<Item = &'a Sentence>) -> Vec<Value> {
    let mut cited: Vec<&Evidence> = Vec::new();
    for evidence in sentences.flat_map(|sentence| sentence.evidence.iter()) {
        if !cited.contains(&evidence) {
            cited.push(evidence);
        }
    }
    // Captions and detections first: they are what a reader looks up.
    cited.sort_by_key(|evidence| match evidence {
        Evidence::Caption(id) => (0, id.0),
        Evidence::Detection(at) => (1, u32::try_from(*at).unwrap_or(u32::MAX)),
        Evidence::Rule(_) => (2, 0),
        _ => (3, 0),
    });
    cited
        .into_iter()
        .map(|evidence| {
            let (kind, text) = describe(input, evidence);
            json!({ "id": evidence.to_string(), "kind": kind, "text": text })
        })
        .collect()
}

fn describe(input: &ReportInput<'_>, evidence: &Evidence) -> (&'static str, String) {
    let language = input.language;
    match evidence {
        Evidence::Caption(id) => ("caption", caption(input, *id)),
        Evidence::Detection(at) => ("detection", detection(input, *at)),
        Evidence::Rule(_) => {
            ("rule", say!(language, "rule of the site's policy", "regla de la política del lugar"))
        }
        Evidence::Alarm(_) => (
            "alarm",
            say!(
                language,
                "the alarm, as its source sent it",
                "la alarma, tal como la envió su fuente"
            ),
        ),
        Evidence::Context(_) => (
            "context",
            say!(
                language,
                "what the site's file and log know",
                "lo que saben el fichero del lugar y el registro"
            ),
        ),
        Evidence::Facts(_) => (
            "facts",
            say!(
                language,
                "what was read from all captions",
                "lo que se leyó en todas las descripciones"
            ),
        ),
        Evidence::Ruling(_) => {
            ("ruling", say!(language, "what the rules say", "lo que dicen las reglas"))
        }
        Evidence::Assessment(_) => {
            ("assessment", say!(language, "what the models think", "lo que opinan los modelos"))
        }
        Evidence::Verdict(_) => {
            ("verdict", say!(language, "what Sereno suggests", "lo que sugiere Sereno"))
        }
        Evidence::Disposition(_) => {
            ("disposition", say!(language, "what a person said", "lo que dijo una persona"))
        }
    }
}

fn caption(input: &ReportInput<'_>, id: CaptionId) -> String {
    let language = input.language;
    let at = usize::try_from(id.0).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(caption) = input.alarm.captions.get(at) else { return String::new() };
    let when = sections::span(language, caption.start_s, caption.end_s);
    let model = caption.model.as_deref().map(name).unwrap_or_default();
    let known: Vec<String> = [label(language, "caption").to_owned(), when, model]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    known.join(", ")
}

fn detection(input: &ReportInput<'_>, at: usize) -> String {
    let Some(found) = input.alarm.detections.get(at.saturating_sub(1)) else {
        return String::new();
    };
    let sure = found.confidence.map(|value| number(input.language, value, 2)).unwrap_or_default();
    let when = sections::span(input.language, found.start_s, found.end_s);
    let known: Vec<String> =
        [name(&found.label), sure, when].into_iter().filter(|part| !part.is_empty()).collect();
    known.join(", ")
}
