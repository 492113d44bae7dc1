//! What was seen: facts that are present, what is expressly absent, and the captions' own words.

use std::collections::BTreeMap;

use super::{QUOTED, captions, name, span, withhold};
use crate::{
    domain::{CaptionId, CountBand, Counted, Detection, Observed, Presence, Reader},
    reports::{
        ReportInput,
        evidence::{Cited, Evidence, Origin, Sentence},
        quote,
        words::{Language, Word, joined, number, say},
    },
};

/// Characters of a quotation.
const QUOTATION: usize = 600;
/// Labels of the detector that are told.
const LABELS: usize = 8;

/// The sentences on what was seen.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = danger(input).into_iter().collect();
    let facts = input.facts;
    observed(input, &facts.hazards, Presence::Present, "hazards", &mut sentences);
    observed(input, &facts.acts, Presence::Present, "acts", &mut sentences);
    observed(input, &facts.objects, Presence::Present, "objects", &mut sentences);
    sentences.extend(counted(input, &facts.people, "people"));
    sentences.extend(counted(input, &facts.vehicles, "vehicles"));
    sentences.extend(counted(input, &facts.animals, "animals"));
    sentences.push(cause(input));
    sentences.extend(absent(input));
    sentences.extend(detections(input));
    quotations(input, &mut sentences);
    sentences
}

fn danger(input: &ReportInput<'_>) -> Option<Sentence> {
    let text = say!(
        input.language,
        "The captions as a whole show a crime, an accident, violence, fire or somebody in danger.",
        "En conjunto, las descripciones muestran un delito, un accidente, violencia, fuego o a alguien en peligro.",
    );
    let cited = all_captions(input, "danger");
    (input.facts.danger == Presence::Present).then(|| Sentence::template(text, cited))
}

fn all_captions(input: &ReportInput<'_>, field: &'static str) -> Cited {
    let ids = (1..).take(input.alarm.captions.len().min(QUOTED)).map(CaptionId);
    Cited::new(Evidence::Facts(field), ids.map(Evidence::Caption))
}

/// One sentence for each fact of this presence, those read twice told once.
pub(super) fn observed<T: Word + PartialEq>(
    input: &ReportInput<'_>,
    facts: &[Observed<T>],
    presence: Presence,
    field: &'static str,
    sentences: &mut Vec<Sentence>,
) {
    let strongest =
        |code: T| facts.iter().filter(|one| one.code == code).map(|one| one.presence).min();
    for (at, fact) in facts.iter().enumerate() {
        let first = facts.iter().position(|one| one.code == fact.code && one.presence == presence);
        if first != Some(at) || strongest(fact.code) != Some(presence) {
            continue;
        }
        let what = fact.code.word(input.language);
        let text = match (presence, fact.reader) {
            (Presence::Present, _) => say!(input.language, "Seen: {what}.", "Se vio: {what}."),
            (_, Reader::Lexicon) => say!(
                input.language,
                "Words in the captions may mean {what}.",
                "Algunas palabras de las descripciones pueden significar {what}.",
            ),
            _ => say!(input.language, "Not clear: {what}.", "No queda claro: {what}."),
        };
        let cited = captions(input, &fact.evidence, field);
        sentences.push(Sentence::template(text, cited));
    }
}

fn counted(input: &ReportInput<'_>, counted: &Counted, field: &'static str) -> Option<Sentence> {
    if counted.count == CountBand::Unclear {
        return None;
    }
    let count = counted.count.word(input.language);
    let things = match (input.language, field) {
        (Language::En, _) => field,
        (Language::Es, "people") => "personas",
        (Language::Es, "vehicles") => "vehículos",
        (Language::Es, _) => "animales",
    };
    let text =
        say!(input.language, "Number of {things}: {count}.", "Número de {things}: {count}.",);
    Some(Sentence::template(text, captions(input, &counted.evidence, field)))
}

fn cause(input: &ReportInput<'_>) -> Sentence {
    let cause = input.facts.cause.word(input.language);
    let place = input.facts.place.word(input.language);
    let text = say!(
        input.language,
        "Most likely cause of the alarm: {cause}; place, as the captions show it: {place}.",
        "Causa más probable de la alarma: {cause}; lugar, según las descripciones: {place}.",
    );
    Sentence::template(text, Cited::new(Evidence::Facts("cause"), [Evidence::Facts("place")]))
}

/// What the captions expressly say not to be there: one sentence for all of it.
fn absent(input: &ReportInput<'_>) -> Option<Sentence> {
    let facts = input.facts;
    let mut words = Vec::new();
    let mut evidence = Vec::new();
    let mut gather = |word: &'static str, ids: &[CaptionId], field| {
        if !words.contains(&word) {
            words.push(word);
        }
        evidence.extend(captions(input, ids, field).iter().cloned());
    };
    for one in facts.hazards.iter().filter(|one| facts.hazard(one.code) == Presence::Absent) {
        gather(one.code.word(input.language), &one.evidence, "hazards");
    }
    for one in facts.acts.iter().filter(|one| facts.act(one.code) == Presence::Absent) {
        gather(one.code.word(input.language), &one.evidence, "acts");
    }
    let list = joined(input.language, &words);
    let mut evidence = evidence.into_iter();
    let first = evidence.next()?;
    let text = say!(
        input.language,
        "The captions say that this was not there: {list}.",
        "Las descripciones dicen que esto no estaba: {list}.",
    );
    Some(Sentence::template(text, Cited::new(first, evidence)))
}

fn detections(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut by_label: BTreeMap<&str, Vec<(usize, &Detection)>> = BTreeMap::new();
    for (at, detection) in input.alarm.detections.iter().enumerate() {
        by_label.entry(&detection.label).or_default().push((at + 1, detection));
    }
    by_label
        .into_iter()
        .take(LABELS)
        .filter_map(|(label, found)| detected(input, label, &found))
        .collect()
}

fn detected(
    input: &ReportInput<'_>,
    label: &str,
    found: &[(usize, &Detection)],
) -> Option<Sentence> {
    let (count, label) = (found.len(), name(label));
    let (surest, best) = found.iter().max_by(|(_, one), (_, other)| {
        one.confidence.unwrap_or(-1.0).total_cmp(&other.confidence.unwrap_or(-1.0))
    })?;
    let sure = best.confidence.map_or_else(String::new, |confidence| {
        let confidence = number(input.language, confidence, 2);
        say!(
            input.language,
            ", at most {confidence} sure",
            ", con una seguridad de {confidence} como máximo"
        )
    });
    let text = say!(
        input.language,
        "The source's detector reports “{label}” ({count}×{sure}).",
        "El detector de la fuente indica “{label}” ({count}×{sure}).",
    );
    Some(Sentence::template(text, Evidence::Detection(*surest)))
}

/// The captions' own words, what was read in the scene taken out.
fn quotations(input: &ReportInput<'_>, sentences: &mut Vec<Sentence>) {
    for (caption, id) in input.alarm.captions.iter().zip(1..).take(QUOTED) {
        let freed = withhold(input, &caption.text).text;
        if freed.is_empty() {
            continue;
        }
        let when = span(input.language, caption.start_s, caption.end_s);
        let lead = if when.is_empty() { String::new() } else { format!("{when}: ") };
        sentences.push(Sentence {
            text: format!("{lead}“{}”", quote::opening(&freed, QUOTATION)),
            evidence: Evidence::Caption(CaptionId(id)).into(),
            origin: Origin::Caption,
        });
    }
    let left = input.alarm.captions.len().saturating_sub(QUOTED);
    if left > 0 {
        let text = say!(
            input.language,
            "{left} more captions are kept with the alarm and not quoted here.",
            "{left} descripciones más se guardan con la alarma y no se citan aquí.",
        );
        sentences.push(Sentence::template(text, Evidence::Alarm("captions")));
    }
}
