//! Rules that applied, in their own words.

use super::{SENTENCE, name};
use crate::{
    domain::{ActionCode, FiredRule, Outcome},
    reports::{
        ReportInput,
        evidence::{Cited, Evidence, Sentence},
        quote,
        words::{Language, Word, joined, say},
    },
};

/// The sentences on the rules.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> =
        input.ruling.rules.iter().map(|rule| applied(input, rule)).collect();
    if sentences.is_empty() {
        let text = say!(
            input.language,
            "No rule of the site's policy applied.",
            "No se aplicó ninguna regla de la política del lugar.",
        );
        sentences.push(Sentence::template(text, Evidence::Ruling("rules")));
    }
    sentences.push(permitted(input));
    sentences.extend(settled(input));
    sentences
}

fn applied(input: &ReportInput<'_>, rule: &FiredRule) -> Sentence {
    let id = name(&rule.id);
    let effect = rule.effect.word(input.language);
    let action = action(input.language, &rule.action);
    let because = quote::clipped(rule.because_in(input.language == Language::Es), SENTENCE);
    let cites = rule.cites.as_deref().map_or_else(String::new, |cites| {
        let cites = quote::clipped(cites, SENTENCE);
        say!(input.language, " It rests on {cites}.", " Se basa en {cites}.")
    });
    let text = say!(
        input.language,
        "Rule “{id}” {effect}: {action}. “{because}”{cites}",
        "La regla “{id}” {effect}: {action}. “{because}”{cites}",
    );
    Sentence::template(text, Evidence::Rule(id))
}

/// A Cedar action as people say it.
pub fn action(language: Language, code: &str) -> String {
    let fixed = match code {
        "verify" => ("confirm the alarm", "confirmar la alarma"),
        "dismiss" => ("dismiss the alarm", "descartar la alarma"),
        "closeWithoutPerson" => ("close it without a person", "cerrarla sin una persona"),
        other => {
            let known = other.parse::<ActionCode>().ok();
            return known.map_or_else(|| name(other), |known| known.word(language).to_owned());
        }
    };
    match language {
        Language::En => fixed.0.to_owned(),
        Language::Es => fixed.1.to_owned(),
    }
}

fn permitted(input: &ReportInput<'_>) -> Sentence {
    let words: Vec<&str> = [Outcome::Verified, Outcome::Uncertain, Outcome::Dismissed]
        .into_iter()
        .filter(|outcome| input.ruling.permits(*outcome))
        .map(|outcome| outcome.word(input.language))
        .collect();
    let list = joined(input.language, &words);
    let floor = input.ruling.severity_floor.word(input.language);
    let oversight = input.ruling.oversight.word(input.language);
    let text = say!(
        input.language,
        "The rules permit these verdicts: {list}; severity at least {floor}; to be confirmed by {oversight}.",
        "Las reglas permiten estos veredictos: {list}; gravedad mínima: {floor}; debe confirmarlo: {oversight}.",
    );
    let evidence = Cited::new(
        Evidence::Ruling("permitted"),
        [Evidence::Ruling("severity_floor"), Evidence::Ruling("oversight")],
    );
    Sentence::template(text, evidence)
}

fn settled(input: &ReportInput<'_>) -> Option<Sentence> {
    let settled = input.ruling.settled.as_ref()?;
    let id = name(&settled.rule);
    let outcome = settled.outcome.word(input.language);
    let text = say!(
        input.language,
        "Rule “{id}” settled the alarm as “{outcome}” before any model read it.",
        "La regla “{id}” resolvió la alarma como “{outcome}” antes de que la leyera ningún modelo.",
    );
    Some(Sentence::template(text, Cited::new(Evidence::Rule(id), [Evidence::Ruling("settled")])))
}
