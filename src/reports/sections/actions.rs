//! Recommended actions, each with its urgency, who must approve it, and the rule behind it.

use super::{SENTENCE, name};
use crate::reports::{
    ReportInput,
    evidence::{Cited, Evidence, Sentence},
    quote,
    words::{Word, capital, say},
};

/// The sentences on the actions; one that says so where none is recommended.
pub fn write(input: &ReportInput<'_>) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = input
        .verdict
        .actions
        .iter()
        .map(|action| {
            let what = capital(action.code.word(input.language));
            let urgency = action.urgency.word(input.language);
            let approver = action.approver.word(input.language);
            let because = quote::clipped(&action.because, SENTENCE);
            let text = say!(
                input.language,
                "{what}: {urgency}; to be approved by {approver}. “{because}”",
                "{what}: {urgency}; debe aprobarlo {approver}. “{because}”",
            );
            let evidence =
                Cited::new(Evidence::Rule(name(&action.rule)), [Evidence::Verdict("actions")]);
            Sentence::template(text, evidence)
        })
        .collect();
    if sentences.is_empty() {
        let text =
            say!(input.language, "No action is recommended.", "No se recomienda ninguna acción.",);
        sentences.push(Sentence::template(text, Evidence::Verdict("actions")));
    }
    sentences
}
