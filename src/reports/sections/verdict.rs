//! The suggested verdict: what it is, how it came about, how sure the two reads were.

use super::{SENTENCE, name, withhold};
use crate::{
    domain::{Act, Hazard, Presence},
    reports::{
        ReportInput,
        evidence::{Cited, Evidence, Origin, Sentence},
        quote,
        words::{Language, Word, joined, number, say},
    },
};

/// Conditions that are told.
const CRITERIA: usize = 12;

/// The sentences on the verdict.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences = vec![outcome(input), probability(input)];
    sentences.extend(reads(input));
    sentences.extend(criteria(input));
    sentences.extend(rationale(input));
    sentences
}

/// What a level means, in words; 0 to 4.
pub fn level(language: Language, level: u8) -> &'static str {
    let (en, es) = match level {
        0 => ("no call for service", "sin aviso"),
        1 => ("little or no information", "poca o ninguna información"),
        2 => ("somebody is there", "hay alguien"),
        3 => ("an act against property was seen", "se vio un acto contra bienes"),
        _ => ("a danger to life was seen", "se vio un peligro para la vida"),
    };
    match language {
        Language::En => en,
        Language::Es => es,
    }
}

fn outcome(input: &ReportInput<'_>) -> Sentence {
    let verdict = input.verdict;
    let outcome = verdict.outcome.word(input.language);
    let severity = verdict.severity.word(input.language);
    let avs = u8::from(verdict.avs_level);
    let meaning = level(input.language, avs);
    let reason = verdict.reason.code.word(input.language);
    let text = say!(
        input.language,
        "Suggested: “{outcome}”, severity {severity}, level {avs} ({meaning}). {reason}",
        "Se sugiere “{outcome}”, gravedad {severity}, nivel {avs} ({meaning}). {reason}",
    );
    let rules = verdict.rules.iter().map(|rule| Evidence::Rule(name(rule)));
    let fields = ["severity", "avs_level", "reason"].map(Evidence::Verdict);
    Sentence::template(
        text,
        Cited::new(Evidence::Verdict("outcome"), fields.into_iter().chain(rules)),
    )
}

fn probability(input: &ReportInput<'_>) -> Sentence {
    let probability = number(input.language, input.verdict.threat_probability, 2);
    let text = if input.verdict.calibrated {
        say!(
            input.language,
            "Probability of a threat: {probability}, calibrated on this site's labels.",
            "Probabilidad de amenaza: {probability}, calibrada con las etiquetas del lugar.",
        )
    } else {
        say!(
            input.language,
            "Probability of a threat: {probability}, not calibrated: it puts alarms in order and is no frequency.",
            "Probabilidad de amenaza: {probability}, sin calibrar: ordena alarmas y no es una frecuencia.",
        )
    };
    let evidence =
        Cited::new(Evidence::Verdict("threat_probability"), [Evidence::Verdict("calibrated")]);
    Sentence::template(text, evidence)
}

fn reads(input: &ReportInput<'_>) -> Vec<Sentence> {
    let confidence = &input.assessment.confidence;
    let mut sentences = Vec::new();
    if let Some(threat) = confidence.model_threat {
        let threat = number(input.language, threat, 2);
        let proposed = input.assessment.proposed.word(input.language);
        let text = say!(
            input.language,
            "The language model gives danger {threat} and proposes “{proposed}”.",
            "El modelo de lenguaje da al peligro {threat} y propone “{proposed}”.",
        );
        let evidence =
            Cited::new(Evidence::Assessment("model_threat"), [Evidence::Assessment("proposed")]);
        sentences.push(Sentence::template(text, evidence));
    }
    if let Some(threat) = confidence.classifier_threat {
        let threat = number(input.language, threat, 2);
        let agreed = match (input.language, confidence.agree) {
            (Language::En, true) => "both reads agree",
            (Language::En, false) => "the two reads do not agree",
            (Language::Es, true) => "las dos lecturas coinciden",
            (Language::Es, false) => "las dos lecturas no coinciden",
        };
        let text = say!(
            input.language,
            "The classifier, reading by itself, gives a threat {threat}; {agreed}.",
            "El clasificador, leyendo por su cuenta, da a la amenaza {threat}; {agreed}.",
        );
        let evidence =
            Cited::new(Evidence::Assessment("classifier_threat"), [Evidence::Assessment("agree")]);
        sentences.push(Sentence::template(text, evidence));
    }
    sentences
}

/// What the model weighed, one sentence for those met.
fn criteria(input: &ReportInput<'_>) -> Option<Sentence> {
    let met = input.assessment.criteria.iter().filter(|one| one.met == Presence::Present);
    let names: Vec<String> = met
        .take(CRITERIA)
        .map(|one| format!("“{}”", criterion(input.language, &one.name)))
        .collect();
    let words: Vec<&str> = names.iter().map(String::as_str).collect();
    let list = joined(input.language, &words);
    let text = say!(
        input.language,
        "The model holds these conditions to be met: {list}.",
        "El modelo da por cumplidas estas condiciones: {list}.",
    );
    (!names.is_empty()).then(|| Sentence::template(text, Evidence::Assessment("criteria")))
}

/// A condition as people say it: an act, a hazard, or a rule's id.
fn criterion(language: Language, code: &str) -> String {
    let act = code.parse::<Act>().ok().map(|act| act.word(language));
    let hazard = || code.parse::<Hazard>().ok().map(|hazard| hazard.word(language));
    act.or_else(hazard).map_or_else(|| name(code), str::to_owned)
}

/// The model's own sentence, marked as its own.
fn rationale(input: &ReportInput<'_>) -> Option<Sentence> {
    let said = quote::clipped(&withhold(input, &input.assessment.rationale).text, SENTENCE);
    (!said.is_empty()).then(|| Sentence {
        text: format!("“{said}”"),
        evidence: Evidence::Assessment("rationale").into(),
        origin: Origin::Model,
    })
}
