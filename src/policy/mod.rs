//! The site's rules: Cedar files that say what may be concluded about an alarm and what it demands.
//!
//! A folder is read into a [`Draft`], whose rules can be tried; what is proven of them over all alarms makes
//! it [`Policies`], which may decide. The guards on dismissal ([`PolicySet::evaluate`]) are code, a second
//! lock behind the proofs, and no file can lift them.

mod action;
mod case;
mod cases;
mod compile;
mod compose;
mod condition;
mod draft;
mod engine;
mod error;
mod findings;
mod guards;
mod live;
mod mutation;
mod near;
mod proof;
mod request;
mod rule;
mod schema;
mod source;
mod statements;

use std::{fmt, sync::Arc};

use crate::domain::{Context, Effect, Facts, NearMiss, Outcome, Phase, Ruling, Settlement};

pub use action::PolicyAction;
pub use cases::{CaseReport, CaseResult, run_cases};
pub use compose::Place;
pub use draft::{Draft, Policies};
pub use error::{PolicyError, Problem};
pub use live::LivePolicies;
pub use mutation::{Strength, Survivor, Uncovered, strength};
pub use proof::Remark;
pub use rule::Rule;
pub use schema::cedar_schema;
pub use source::PolicyFiles;

use compile::Checked;
use condition::{Part, State};
use engine::{CedarEngine, Engine};
use findings::Findings;
use guards::{AFTER_READING, BEFORE_READING, Case};
use request::{Question, Vocabulary};

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

/// The rules that hold together at a site. Never changes; share it behind an `Arc` and swap it to reload.
pub struct PolicySet {
    rules: Vec<Rule>,
    /// What each rule asks, in the order of the rules.
    parts: Vec<Vec<Part>>,
    digest: String,
    vocabulary: Arc<Vocabulary>,
    engine: Engine,
}

impl fmt::Debug for PolicySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PolicySet({} rules, {})", self.rules.len(), self.digest)
    }
}

impl PolicySet {
    /// `rules` must be sorted by id.
    fn new(
        rules: Vec<Checked>,
        digest: &str,
        vocabulary: &Arc<Vocabulary>,
    ) -> Result<Self, PolicyError> {
        Ok(Self {
            digest: digest.to_owned(),
            vocabulary: Arc::clone(vocabulary),
            engine: Engine::Cedar(Box::new(CedarEngine::new(&rules)?)),
            parts: rules.iter().map(|checked| checked.parts.clone()).collect(),
            rules: rules.into_iter().map(|checked| checked.rule).collect(),
        })
    }

    /// The digest of the policy folder that these rules are from: names them in every record.
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
            Ok(question) => {
                let state = State::of(alarm, facts, context);
                let ruling = self.find(&question, &state, case).rule(&AFTER_READING);
                Ruling { near: self.near(&state), ..ruling }
            }
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
        let state = State::of(alarm, facts_before_reading, context);
        let settles = |rule: &Rule, parts: &Vec<Part>| {
            rule.settles.is_some() && Part::all_hold(parts, &state)
        };
        if !self.rules.iter().zip(&self.parts).any(|(rule, parts)| settles(rule, parts)) {
            return None;
        }
        let question = self.vocabulary.question(alarm, facts_before_reading, context).ok()?;
        let findings = self.find(&question, &state, case);
        let mut ruling = findings.rule(&BEFORE_READING);
        let settlement = settlement(&findings, &ruling)?;
        ruling
            .permitted
            .retain(|one| matches!(one, Outcome::Uncertain) || *one == settlement.outcome);
        ruling.settled = Some(settlement);
        ruling.near = self.near(&state);
        Some(ruling)
    }

    fn find<'a>(&'a self, question: &Question, state: &State, case: Case<'a>) -> Findings<'a> {
        let fired = self.engine.fire(question, state, &self.rules, &self.parts);
        Findings { rules: &self.rules, digest: &self.digest, fired, case }
    }

    fn near(&self, state: &State) -> Vec<NearMiss> {
        near::misses(&self.rules, &self.parts, state)
    }

    /// Whether this very rule is among them, and not another of its id.
    fn holds(&self, rule: &Rule) -> bool {
        self.place(rule).is_some()
    }

    fn place(&self, rule: &Rule) -> Option<usize> {
        self.rules.iter().position(|one| one.id == rule.id && one.file == rule.file)
    }

    /// These rules with one of them exchanged, or taken out where `parts` is nothing; only to be tried.
    fn changed(&self, before: &Rule, after: &Rule, parts: Option<&[Part]>) -> Option<Self> {
        let place = self.place(before)?;
        let (mut rules, mut asked) = (self.rules.clone(), self.parts.clone());
        if let Some(parts) = parts {
            rules[place] = after.clone();
            asked[place] = parts.to_vec();
        } else {
            rules.remove(place);
            asked.remove(place);
        }
        Some(Self {
            rules,
            parts: asked,
            digest: self.digest.clone(),
            vocabulary: Arc::clone(&self.vocabulary),
            engine: Engine::Formulas,
        })
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
