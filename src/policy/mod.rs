//! The site's rules: Cedar files that say what may be concluded about an alarm and what it demands.
//!
//! Pure but for [`PolicySet::load`] and [`run_cases`], which read a folder. Two things are code and
//! cannot be overridden by a file: the guards on dismissal ([`PolicySet::evaluate`]) and the checks
//! at load that keep text in the scene from lowering anything.

mod action;
mod case;
mod cases;
mod compile;
mod engine;
mod error;
mod findings;
mod guards;
mod invariants;
mod request;
mod rule;
mod schema;
mod source;
mod statements;

use std::path::Path;

use crate::domain::{Context, Effect, Facts, Outcome, Phase, Ruling, Settlement};

pub use action::PolicyAction;
pub use cases::{CaseReport, CaseResult, run_cases, run_embedded_cases};
pub use error::{PolicyError, Problem};
pub use rule::Rule;
pub use schema::cedar_schema;

use engine::Engine;
use findings::Findings;
use guards::{AFTER_READING, BEFORE_READING, Case};
use request::{Question, Vocabulary};
use source::Source;

/// What rules may know of an alarm beside its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmView<'a> {
    /// What the source says it is, such as `line_crossing`.
    pub kind: &'a str,
    /// The camera, as the site's file names it.
    pub camera: &'a str,
    /// Where in its course the event stands.
    pub phase: Phase,
    /// Whether captions came with it or were made for it.
    pub has_captions: bool,
}

/// A checked set of rules. Never changes; share it behind an `Arc` and swap it to reload.
pub struct PolicySet {
    rules: Vec<Rule>,
    digest: String,
    vocabulary: Vocabulary,
    /// All rules.
    whole: Engine,
    /// The rules that bear `@settles`, asked first.
    settling: Engine,
}

impl PolicySet {
    /// Reads and checks every `.cedar` file of `dir`. All problems come at once, each with its file,
    /// its line and what would be right.
    ///
    /// # Errors
    /// [`PolicyError::Unreadable`] where the folder cannot be read, [`PolicyError::Refused`] where
    /// a file is faulty or would break an invariant.
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        Self::compile(&source::read(dir, source::RULES)?)
    }

    /// The rules that this build ships with.
    ///
    /// # Errors
    /// None but for a faulty build; the tests load them.
    pub fn embedded() -> Result<Self, PolicyError> {
        Self::compile(&source::shipped(source::RULES))
    }

    fn compile(sources: &[Source]) -> Result<Self, PolicyError> {
        let schema = cedar_schema();
        let digest = source::digest(&schema, sources);
        let compiled = compile::compile(&schema, sources)?;
        Ok(Self {
            digest,
            vocabulary: Vocabulary::new()?,
            whole: Engine::new(&compiled.rules, |_| true)?,
            settling: Engine::new(&compiled.rules, |rule| rule.settles.is_some())?,
            rules: compiled.rules.into_iter().map(|(rule, _)| rule).collect(),
        })
    }

    /// SHA-256, hex, over the schema and the sorted files: names this set in every record.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The rules, sorted by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// What the rules permit and demand once the captions were read. Total: where a rule cannot be
    /// evaluated, only `uncertain` is permitted, a supervisor must look, and `policy_error` says so.
    ///
    /// `dismissed` needs a rule that permits it, none that forbids it, and none of the built-in
    /// guards to bite; a guard that bites is listed as a forbid named `guard_…`.
    pub fn evaluate(&self, alarm: &AlarmView<'_>, facts: &Facts, context: &Context) -> Ruling {
        let case = Case { alarm, facts, context };
        match self.vocabulary.question(alarm, facts, context) {
            Ok(question) => self.find(&question, case).rule(&AFTER_READING),
            Err(_) => findings::unanswerable(&self.digest, facts),
        }
    }

    /// Whether a rule with `@settles` decides the alarm before any model reads it, on what the word
    /// lists and detectors found. The gravest settlement wins, and nothing is settled as dismissed
    /// while a danger to life, an act against property or an order in the scene is possible, while
    /// any rule would verify it, or without captions.
    pub fn settle(
        &self,
        alarm: &AlarmView<'_>,
        facts_before_reading: &Facts,
        context: &Context,
    ) -> Option<Ruling> {
        let case = Case { alarm, facts: facts_before_reading, context };
        let question = self.vocabulary.question(alarm, facts_before_reading, context).ok()?;
        let early = self.settling.fire(&question, &self.rules);
        if early.iter().all(|(_, fired)| fired.permits.is_empty() && fired.forbids.is_empty()) {
            return None;
        }
        let findings = self.find(&question, case);
        let mut ruling = findings.rule(&BEFORE_READING);
        let settlement = settlement(&findings, &ruling)?;
        ruling
            .permitted
            .retain(|one| matches!(one, Outcome::Uncertain) || *one == settlement.outcome);
        ruling.settled = Some(settlement);
        Some(ruling)
    }

    fn find<'a>(&'a self, question: &Question, case: Case<'a>) -> Findings<'a> {
        let fired = self.whole.fire(question, &self.rules);
        Findings { rules: &self.rules, digest: &self.digest, fired, case }
    }
}

/// The gravest settlement that `ruling` permits.
fn settlement(findings: &Findings<'_>, ruling: &Ruling) -> Option<Settlement> {
    let settled = |outcome: Outcome, action, effect| {
        let rule = findings.settling(action, effect)?;
        ruling.permits(outcome).then(|| Settlement { outcome, rule: rule.id.clone() })
    };
    let verified = settled(Outcome::Verified, PolicyAction::Verify, Effect::Permit);
    if verified.is_some() {
        return verified;
    }
    let uncertain = settled(Outcome::Uncertain, PolicyAction::Dismiss, Effect::Forbid);
    if uncertain.is_some() || ruling.permits(Outcome::Verified) {
        return uncertain;
    }
    settled(Outcome::Dismissed, PolicyAction::Dismiss, Effect::Permit)
}
