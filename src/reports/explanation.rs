//! Why an alarm was ruled on as it was, for a person who was not there: what fired, what that permits and
//! demands, and which single thing would have made another rule fire.

use super::{
    sections::rules::action,
    words::{Language, Word, capital, clause, joined, say},
};
use crate::domain::{Decision, FiredRule, NearMiss};

/// The explanation as plain text, one thought a line.
pub fn explain(decision: &Decision, language: Language) -> String {
    let Decision { alarm, ruling, verdict, .. } = decision;
    let (outcome, severity) = (verdict.outcome.word(language), verdict.severity.word(language));
    let mut lines = vec![
        say!(
            language,
            "Alarm {id} ({kind}, camera {camera}, {site}): {outcome}, severity {severity}.",
            "Alarma {id} ({kind}, cámara {camera}, {site}): {outcome}, gravedad {severity}.",
            id = alarm.id,
            kind = alarm.kind,
            camera = alarm.camera,
            site = alarm.site,
        ),
        capital(verdict.reason.code.word(language)),
        String::new(),
        say!(language, "Rules that fired:", "Reglas que se aplicaron:"),
    ];
    lines.extend(ruling.rules.iter().map(|rule| fired(language, rule)));
    if ruling.rules.is_empty() {
        lines.push(say!(language, "  none", "  ninguna"));
    }
    let permitted: Vec<&str> = ruling.permitted.iter().map(|one| one.word(language)).collect();
    let permitted = joined(language, &permitted);
    let oversight = ruling.oversight.word(language);
    lines.push(String::new());
    lines.push(say!(
        language,
        "They permit: {permitted}. To be confirmed by {oversight}.",
        "Permiten: {permitted}. Debe confirmarlo: {oversight}."
    ));
    let actions: Vec<&str> = verdict.actions.iter().map(|one| one.code.word(language)).collect();
    let actions = joined(language, &actions);
    lines.push(say!(language, "Recommended: {actions}.", "Se recomienda: {actions}."));
    if !ruling.near.is_empty() {
        lines.push(String::new());
        lines.push(say!(
            language,
            "Rules that one single condition kept from firing:",
            "Reglas que no se aplicaron por una sola condición:"
        ));
        lines.extend(ruling.near.iter().map(|miss| missed(language, miss)));
    }
    lines.push(String::new());
    lines.push(say!(
        language,
        "Policy {digest}, entry {entry} of the log.",
        "Política {digest}, entrada {entry} del registro.",
        digest = ruling.policy_digest,
        entry = decision.record.entry,
    ));
    lines.join("\n")
}

fn fired(language: Language, rule: &FiredRule) -> String {
    let because = rule.because_in(language == Language::Es);
    let cites = rule.cites.as_deref().map(|cites| format!(" ({cites})")).unwrap_or_default();
    let (effect, id) = (rule.effect.word(language), &rule.id);
    let action = action(language, &rule.action);
    say!(
        language,
        "  {id} {effect}: {action}. {because}{cites}",
        "  {id} {effect}: {action}. {because}{cites}"
    )
}

fn missed(language: Language, miss: &NearMiss) -> String {
    let (id, effect) = (&miss.id, miss.effect.word(language));
    let actions: Vec<String> = miss.actions.iter().map(|one| action(language, one)).collect();
    let actions = joined(language, &actions.iter().map(String::as_str).collect::<Vec<_>>());
    let lacks = clause(language, &miss.lacks);
    say!(
        language,
        "  {id} {effect}: {actions}, if this held: {lacks}.",
        "  {id} {effect}: {actions}, si se cumpliera: {lacks}."
    )
}
