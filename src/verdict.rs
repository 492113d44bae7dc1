//! Ruling, facts and assessment to a verdict. Pure; the policy outranks the model, doubt outranks both.

use crate::domain::{
    Act, Assessment, AvsLevel, Cause, Context, CountBand, Facts, Grant, Hazard, Outcome, Oversight,
    Presence, Reader, Reason, ReasonCode, Ruling, SceneText, Severity, Sufficiency, Verdict,
    odds::{self, Scale},
};

/// Everything that a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// What the site knows.
    pub context: &'a Context,
    /// What the rules say.
    pub ruling: &'a Ruling,
    /// What the model thinks.
    pub assessment: &'a Assessment,
    /// How many captions the alarm brought.
    pub captions: usize,
    /// The scale that the site's labels gave, where it has some.
    pub scale: Option<Scale>,
}

/// Combines the grounds. The actions are planned later and are empty here.
pub fn combine(grounds: Grounds<'_>) -> Verdict {
    let (outcome, code) = decide(grounds);
    let rules = match outcome {
        Outcome::Verified => grounds.ruling.rule_ids("verify"),
        Outcome::Dismissed => grounds.ruling.rule_ids("dismiss"),
        Outcome::Uncertain => grounds.ruling.rules.iter().map(|rule| rule.id.clone()).collect(),
    };
    let (threat_probability, calibrated) = probability(grounds);
    Verdict {
        outcome,
        threat_probability,
        calibrated,
        severity: severity(grounds, outcome),
        avs_level: avs_level(grounds, outcome),
        rules: deduplicated(rules),
        actions: Vec::new(),
        reason: Reason { code, text: sentence(code, grounds.assessment) },
    }
}

fn deduplicated(mut rules: Vec<String>) -> Vec<String> {
    rules.sort();
    rules.dedup();
    rules
}

fn decide(grounds: Grounds<'_>) -> (Outcome, ReasonCode) {
    let Grounds { ruling, assessment, .. } = grounds;
    if let Some(settlement) = &ruling.settled {
        return match settlement.outcome {
            Outcome::Dismissed if must_be_seen(grounds).is_some() => {
                (Outcome::Uncertain, must_be_seen(grounds).unwrap_or(ReasonCode::LifeSafety))
            }
            outcome => (outcome, ReasonCode::SettledByRule),
        };
    }
    if grounds.captions == 0 {
        return (Outcome::Uncertain, ReasonCode::NoCaptions);
    }
    if !assessment.failures.is_empty() {
        return (Outcome::Uncertain, ReasonCode::Failed);
    }
    match assessment.proposed {
        Outcome::Verified => verified(grounds),
        Outcome::Dismissed => dismissed(grounds),
        Outcome::Uncertain => (Outcome::Uncertain, why_uncertain(grounds)),
    }
}

/// A threat is real when a rule says so and the classifier, which reads by itself, does not object. What
/// a site prohibits is no danger, so there the captions themselves must bear it out.
fn verified(grounds: Grounds<'_>) -> (Outcome, ReasonCode) {
    let classifier = grounds.assessment.confidence.classifier_threat;
    if !grounds.ruling.permits(Outcome::Verified) {
        (Outcome::Uncertain, ReasonCode::NotPermitted)
    } else if classifier.is_some_and(|threat| threat >= 0.5)
        || prohibited(grounds.ruling.prohibited.len(), grounds.captions) >= 0.5
    {
        (Outcome::Verified, ReasonCode::Verified)
    } else {
        (Outcome::Uncertain, ReasonCode::ReadsDisagree)
    }
}

/// Harmless only when nothing at all speaks against it (DESIGN.md §2.4). The policy stage holds
/// most of these too; here they stand once more, so that no policy file can lose one.
fn dismissed(grounds: Grounds<'_>) -> (Outcome, ReasonCode) {
    let Grounds { facts, ruling, assessment, .. } = grounds;
    if let Some(code) = must_be_seen(grounds) {
        return (Outcome::Uncertain, code);
    }
    let sufficient = facts.read_by_model
        && facts.sufficiency == Sufficiency::Enough
        && facts.cut.is_empty()
        && has_positive_evidence(facts);
    let both_reads_say_so = assessment.confidence.agree
        && assessment.confidence.model_threat.is_some_and(|threat| threat < 0.5)
        && assessment.confidence.classifier_threat.is_some_and(|threat| threat < 0.5);
    if !ruling.permits(Outcome::Dismissed) {
        (Outcome::Uncertain, ReasonCode::NotPermitted)
    } else if !sufficient {
        (Outcome::Uncertain, ReasonCode::InsufficientEvidence)
    } else if facts.danger != Presence::Absent || !both_reads_say_so {
        (Outcome::Uncertain, ReasonCode::ReadsDisagree)
    } else {
        (Outcome::Dismissed, ReasonCode::Harmless)
    }
}

/// Why a person must look whatever the model and the rules say.
fn must_be_seen(grounds: Grounds<'_>) -> Option<ReasonCode> {
    if grounds.facts.life_safety() {
        Some(ReasonCode::LifeSafety)
    } else if grounds.facts.scene_text == SceneText::InstructionLike {
        Some(ReasonCode::InstructionInScene)
    } else if !grounds.context.camera_known {
        Some(ReasonCode::UnknownCamera)
    } else if grounds.context.clock_suspect {
        Some(ReasonCode::ClockSuspect)
    } else {
        None
    }
}

fn why_uncertain(grounds: Grounds<'_>) -> ReasonCode {
    let has_choice = grounds.ruling.permitted.iter().any(|outcome| *outcome != Outcome::Uncertain);
    match must_be_seen(grounds) {
        Some(code) => code,
        None if grounds.facts.sufficiency != Sufficiency::Enough => {
            ReasonCode::InsufficientEvidence
        }
        None if has_choice => ReasonCode::ModelUncertain,
        None => ReasonCode::NotPermitted,
    }
}

/// Something was plainly seen in a caption that says what was there.
fn has_positive_evidence(facts: &Facts) -> bool {
    let seen = |count: &crate::domain::Counted| {
        !count.evidence.is_empty() && !matches!(count.count, CountBand::Unclear)
    };
    facts.acts.iter().any(|act| act.presence == Presence::Present && !act.evidence.is_empty())
        || seen(&facts.people)
        || seen(&facts.vehicles)
        || seen(&facts.animals)
}

/// Never below the ruling's floor; an alarm that is not dismissed is never nothing.
fn severity(grounds: Grounds<'_>, outcome: Outcome) -> Severity {
    let least = match outcome {
        Outcome::Dismissed => Severity::None,
        Outcome::Uncertain => Severity::Low,
        Outcome::Verified => Severity::Medium,
    };
    grounds.ruling.severity_floor.max(least)
}

/// By the evidence alone. 3 and 4 need an act or hazard that the model saw plainly in a caption;
/// 0 is for what was dismissed on positive evidence, never for a failure.
fn avs_level(grounds: Grounds<'_>, outcome: Outcome) -> AvsLevel {
    let facts = grounds.facts;
    let saw_act = |acts: &[Act]| {
        facts.acts.iter().any(|act| {
            acts.contains(&act.code)
                && act.presence == Presence::Present
                && act.reader == Reader::Model
                && !act.evidence.is_empty()
        })
    };
    let saw_hazard = facts.hazards.iter().any(|hazard| {
        Hazard::LIFE_SAFETY.contains(&hazard.code)
            && hazard.presence == Presence::Present
            && hazard.reader == Reader::Model
            && !hazard.evidence.is_empty()
    });
    let people = !facts.people.evidence.is_empty()
        && matches!(facts.people.count, CountBand::One | CountBand::Few | CountBand::Many);
    if outcome == Outcome::Dismissed {
        AvsLevel::NO_CALL
    } else if saw_hazard || saw_act(&Act::AGAINST_LIFE) {
        AvsLevel::LIFE
    } else if saw_act(&Act::AGAINST_PROPERTY) && grounds.ruling.permits(Outcome::Verified) {
        AvsLevel::PROPERTY
    } else if people || (facts.cause == Cause::Person && facts.read_by_model) {
        AvsLevel::PRESENCE
    } else {
        AvsLevel::LIMITED
    }
}

/// The share of the captions that plainly show what a rule prohibits here.
fn prohibited(shown: usize, captions: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an alarm has some thousand captions at most")]
    let share = shown as f64 / captions.max(1) as f64;
    share.min(1.0)
}

/// Log-odds that what a site prohibits adds where every caption shows it; chosen on the `avenue` set.
const PROHIBITED: f64 = 8.0;

/// What is added to the log-odds of the reads where `shown` of the captions plainly show what a rule
/// prohibits.
pub fn lift(shown: usize, captions: usize) -> f64 {
    PROHIBITED * prohibited(shown, captions)
}

/// The two reads' log-odds, averaged, and what the site prohibits, which they cannot know; on the scale of the site's labels; without labels it is not
/// calibrated, and says so.
fn probability(grounds: Grounds<'_>) -> (f64, bool) {
    let confidence = &grounds.assessment.confidence;
    let reads = [confidence.model_threat, confidence.classifier_threat];
    let lift = lift(grounds.ruling.prohibited.len(), grounds.captions);
    let Some(read) = odds::together(reads.into_iter().flatten(), lift) else { return (0.5, false) };
    grounds.scale.map_or((read, false), |scale| (scale.of(read), true))
}

/// Whether the system may close the alarm by itself: a person granted it for this verdict, the rules
/// permit it and demand nobody's look, both reads say harmless, and the probability lies below the
/// bound of the very scale that it was granted on.
pub fn may_close_without_person(
    verdict: &Verdict,
    ruling: &Ruling,
    learned: Option<&str>,
    grant: &Grant,
) -> bool {
    verdict.outcome == Outcome::Dismissed
        && grant.verdict == Outcome::Dismissed
        && verdict.reason.code == ReasonCode::Harmless
        && ruling.may_close_without_person
        && ruling.oversight == Oversight::Operator
        && verdict.calibrated
        && learned == Some(grant.learned.as_str())
        && verdict.threat_probability < grant.below
}

fn sentence(code: ReasonCode, assessment: &Assessment) -> String {
    let failures: Vec<String> = assessment
        .failures
        .iter()
        .map(|failure| format!("{} ({})", failure.stage, failure.code))
        .collect();
    match code {
        ReasonCode::Verified => "A rule applies and both reads of the captions agree.".to_owned(),
        ReasonCode::Harmless => {
            "A rule permits it, both reads agree, and what was seen is harmless.".to_owned()
        }
        ReasonCode::SettledByRule => "A rule settles it without a model.".to_owned(),
        ReasonCode::Failed => {
            format!("A step failed: {}. A person must look.", failures.join(", "))
        }
        ReasonCode::NoCaptions => "The alarm came without captions. A person must look.".to_owned(),
        ReasonCode::UnknownCamera => "The site's file does not name this camera.".to_owned(),
        ReasonCode::InsufficientEvidence => "The captions do not suffice to judge.".to_owned(),
        ReasonCode::LifeSafety => {
            "A life may be at stake: never dismissed without a person.".to_owned()
        }
        ReasonCode::InstructionInScene => {
            "Text in the scene tells the reader what to do about the alarm.".to_owned()
        }
        ReasonCode::ReadsDisagree => "The two reads of the captions disagree.".to_owned(),
        ReasonCode::NotPermitted => "No rule permits a verdict on these facts.".to_owned(),
        ReasonCode::ModelUncertain => "The model cannot tell.".to_owned(),
        ReasonCode::ClockSuspect => "The source's clock cannot be right.".to_owned(),
    }
}
