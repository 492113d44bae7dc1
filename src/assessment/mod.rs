//! Facts, context and ruling to a proposed verdict, by the language model, among what is permitted.
//!
//! The model sees facts, the site's state and the words of the rules that would fire if the scene
//! held no text. So that text cannot change what it answers; it only changes what it may answer.

pub mod lesson;

use std::{cmp::Reverse, collections::BTreeSet, fmt::Write as _, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        Assessment, CaptionId, Confidence, Context, CountBand, Counted, Criterion, Facts,
        FiredRule, Observed, Outcome, Presence, Ruling, StageFailure, Sufficiency,
    },
    model::{CallLimits, CallTrace, Completion, GenerateRequest, LanguageModel, ModelError},
    prompts::Prompt,
};

/// Tokens that the answer may have.
const ANSWER_TOKENS: u32 = 120;
/// Rules that are quoted to the model, the gravest first; more would crowd out the facts.
const QUOTED_RULES: usize = 3;
/// Facts that the model may name as those that it weighed.
const WEIGHED_FACTS: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAssessment {
    verdict: Outcome,
    #[serde(default)]
    weighed: Vec<String>,
    #[serde(default)]
    why: String,
}

/// How much of the assessment somebody will read. The verdict comes first, so it is the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// The verdict alone: for measuring, where no report is written.
    Verdict,
    /// The verdict, the facts that were weighed, and why.
    #[default]
    Report,
}

/// What the reads gave, for the confidence.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    /// The language model's probability of danger.
    pub model_threat: Option<f64>,
    /// The classifier's probability of a threat.
    pub classifier_threat: Option<f64>,
    /// Stages that failed so far.
    pub failures: Vec<StageFailure>,
}

/// What is to be assessed.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// What the site knows.
    pub context: &'a Context,
    /// What may be chosen.
    pub ruling: &'a Ruling,
    /// The rules that the model is told of: those that fire with the scene's text left out.
    pub quoted: &'a [FiredRule],
    /// How much of it somebody will read.
    pub depth: Depth,
}

/// The assessing stage.
pub struct AssessStage {
    model: Arc<dyn LanguageModel>,
    prompt: Prompt,
}

impl AssessStage {
    /// A stage that asks `model` by `prompt`.
    pub const fn new(model: Arc<dyn LanguageModel>, prompt: Prompt) -> Self {
        Self { model, prompt }
    }

    /// Proposes a verdict. The model is not asked where it has no choice, or where a read failed:
    /// then the alarm goes to a person anyway.
    pub async fn assess(
        &self,
        case: Case<'_>,
        reads: Reads,
        limits: CallLimits,
    ) -> (Assessment, Option<CallTrace>) {
        let mut assessment = Assessment { confidence: confidence(&reads), ..Assessment::none() };
        assessment.failures = reads.failures;
        let has_choice = case.ruling.permitted.iter().any(|outcome| *outcome != Outcome::Uncertain);
        if !has_choice || !assessment.failures.is_empty() {
            return (assessment, None);
        }
        let request = GenerateRequest {
            messages: self.prompt.messages(&render(case)),
            schema: Arc::new(assessment_schema_for(case)),
            max_tokens: ANSWER_TOKENS,
            deadline: limits.deadline,
            seed: limits.seed,
            urgency: limits.urgency,
        };
        let outcome = self.model.generate(request.clone()).await;
        let trace = CallTrace::new("assess", self.prompt.digest(), &request, &outcome);
        if let Err(error) =
            outcome.and_then(|completion| fill(&mut assessment, case.facts, &completion))
        {
            let failure =
                StageFailure { stage: "assess".to_owned(), code: error.code().to_owned() };
            assessment.failures.push(failure);
        }
        (assessment, Some(trace))
    }
}

fn confidence(reads: &Reads) -> Confidence {
    let agree = match (reads.model_threat, reads.classifier_threat) {
        (Some(model), Some(classifier)) => (model >= 0.5) == (classifier >= 0.5),
        _ => false,
    };
    Confidence {
        model_threat: reads.model_threat,
        verdict_margin: None,
        classifier_threat: reads.classifier_threat,
        agree,
    }
}

fn fill(
    assessment: &mut Assessment,
    facts: &Facts,
    completion: &Completion,
) -> Result<(), ModelError> {
    let answer: WireAssessment = serde_json::from_str(&completion.text)
        .map_err(|error| ModelError::Failed(format!("the answer is not of the schema: {error}")))?;
    assessment.proposed = answer.verdict;
    assessment.confidence.verdict_margin =
        completion.choice_at("verdict").map(|choice| choice.margin);
    for name in &answer.weighed {
        let told = assessment.criteria.iter().any(|criterion| criterion.name == *name);
        assessment.criteria.extend(criterion(facts, name).filter(|_| !told));
    }
    assessment.rationale = answer.why;
    Ok(())
}

/// The fact that the model named, as it was read: neither its presence nor its evidence can be invented.
fn criterion(facts: &Facts, name: &str) -> Option<Criterion> {
    named_facts(facts)
        .into_iter()
        .find(|(code, ..)| *code == name)
        .map(|(code, met, evidence)| Criterion { name: code.to_owned(), met, evidence })
}

/// Every fact that can be weighed, once, the strongest reading first.
fn named_facts(facts: &Facts) -> Vec<(&'static str, Presence, Vec<CaptionId>)> {
    let mut named: Vec<_> = observations(facts)
        .into_iter()
        .map(|(name, presence, evidence)| (name, presence, evidence.to_vec()))
        .chain(counts(facts).map(|(name, counted)| {
            let presence = match counted.count {
                CountBand::None => Presence::Absent,
                CountBand::Unclear => Presence::Unclear,
                CountBand::One | CountBand::Few | CountBand::Many => Presence::Present,
            };
            (name, presence, counted.evidence.clone())
        }))
        .collect();
    named.sort_by_key(|(name, presence, _)| (*name, *presence));
    named.dedup_by_key(|(name, ..)| *name);
    named
}

/// The rules, the site and the facts as the model sees them: codes and our own words, and last
/// what matters most.
fn render(case: Case<'_>) -> String {
    let Case { facts, context, quoted, .. } = case;
    let mut data = String::from("rules:");
    let mut quoted: Vec<&FiredRule> = quoted.iter().collect();
    // A rule stands there once for each action that it bears on; what to do weighs less than what it is.
    let verdict = |rule: &FiredRule| matches!(rule.action.as_str(), "verify" | "dismiss");
    quoted.sort_by_key(|rule| (Reverse(rule.severity), !verdict(rule)));
    let mut told = BTreeSet::new();
    quoted.retain(|rule| told.insert(&rule.id));
    for rule in quoted.into_iter().take(QUOTED_RULES) {
        let _infallible = write!(data, " {}", rule.because);
    }
    let _infallible = write!(
        data,
        "\nsite: {}, {}, {}",
        context.zone.kind,
        if context.open { "open" } else { "closed" },
        if context.armed { "armed" } else { "not armed" },
    );
    for window in &context.windows {
        let _infallible = write!(data, ", {} window", window.kind);
    }
    let _infallible = write!(data, "\nfacts: cause {}, place {}", facts.cause, facts.place);
    for (name, counted) in counts(facts) {
        let _infallible = write!(data, ", {name} {}", counted.count);
    }
    for (code, presence, _) in observations(facts) {
        let _infallible = write!(data, ", {code} {presence}");
    }
    let danger = match facts.danger {
        Presence::Present => "yes",
        Presence::Absent => "no",
        Presence::Unclear => "unclear",
    };
    let suffice = match facts.sufficiency {
        Sufficiency::Enough => "yes",
        Sufficiency::Partial => "partly",
        Sufficiency::None => "no",
    };
    let _infallible = write!(data, "\ncaptions suffice: {suffice}\ndanger: {danger}");
    data
}

fn counts(facts: &Facts) -> impl Iterator<Item = (&'static str, &Counted)> {
    [("people", &facts.people), ("vehicles", &facts.vehicles), ("animals", &facts.animals)]
        .into_iter()
        .filter(|(_, counted)| !counted.evidence.is_empty())
}

fn observations(facts: &Facts) -> Vec<(&'static str, Presence, &[CaptionId])> {
    fn all<T: Copy + Into<&'static str>>(
        observed: &[Observed<T>],
    ) -> impl Iterator<Item = (&'static str, Presence, &[CaptionId])> {
        observed.iter().map(|one| (one.code.into(), one.presence, one.evidence.as_slice()))
    }
    all(&facts.hazards).chain(all(&facts.acts)).chain(all(&facts.objects)).collect()
}

/// JSON Schema of the assessment for any alarm. `prompts/assess.schema.json` holds it.
pub fn assessment_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "verdict": { "enum": ["verified", "dismissed", "uncertain"] },
            "weighed": {
                "type": "array",
                "maxItems": WEIGHED_FACTS,
                "items": { "type": "string", "pattern": "^[a-z_]{1,32}$" },
            },
            "why": { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9 ,;'-]{0,119}\\.$" },
        },
        "required": ["verdict", "weighed", "why"],
        "additionalProperties": false,
    })
}

/// The schema for this alarm: only permitted verdicts, and only facts that were read.
fn assessment_schema_for(case: Case<'_>) -> Value {
    let Case { facts, ruling, depth, .. } = case;
    let mut schema = assessment_schema();
    let permitted: Vec<&str> = [Outcome::Verified, Outcome::Dismissed, Outcome::Uncertain]
        .into_iter()
        .filter(|outcome| ruling.permits(*outcome))
        .map(Outcome::as_str)
        .collect();
    let names: Vec<&str> = named_facts(facts).into_iter().map(|(name, ..)| name).collect();
    let properties = &mut schema["properties"];
    properties["verdict"] = json!({ "enum": permitted });
    if names.is_empty() {
        properties["weighed"] = json!({ "type": "array", "maxItems": 0 });
    } else {
        properties["weighed"]["items"] = json!({ "enum": names });
    }
    if depth == Depth::Verdict {
        let verdict = properties["verdict"].take();
        *properties = json!({ "verdict": verdict });
        schema["required"] = json!(["verdict"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Act, Oversight, Severity, facts::Reader},
        model::{Urgency, scripted::ScriptedModel},
        prompts::Prompts,
    };
    use std::time::Duration;

    const LIMITS: CallLimits =
        CallLimits { urgency: Urgency::Routine, deadline: Duration::from_secs(5), seed: 1 };

    fn facts() -> Facts {
        Facts {
            acts: vec![Observed {
                code: Act::Climbs,
                presence: Presence::Present,
                evidence: vec![CaptionId(2)],
                reader: Reader::Model,
            }],
            read_by_model: true,
            ..Facts::unread()
        }
    }

    pub(super) fn ruling(permitted: &[Outcome]) -> Ruling {
        Ruling {
            policy_digest: String::new(),
            permitted: permitted.to_vec(),
            severity_floor: Severity::None,
            oversight: Oversight::Operator,
            rules: Vec::new(),
            due: Vec::new(),
            may_close_without_person: false,
            near: Vec::new(),
            prohibited: Vec::new(),
            settled: None,
        }
    }

    async fn assess(
        permitted: &[Outcome],
        reads: Reads,
        answer: &str,
    ) -> (Assessment, Vec<GenerateRequest>) {
        let model = Arc::new(ScriptedModel::answering(answer));
        let stage = AssessStage::new(model.clone(), Prompts::embedded().unwrap().assess);
        let context = Context::unknown("test", jiff::Timestamp::UNIX_EPOCH);
        let (facts, ruling) = (facts(), ruling(permitted));
        let case = Case {
            facts: &facts,
            context: &context,
            ruling: &ruling,
            quoted: &[],
            depth: Depth::Report,
        };
        let (assessment, _) = stage.assess(case, reads, LIMITS).await;
        (assessment, model.requests())
    }

    const ANSWER: &str =
        r#"{"verdict":"verified","weighed":["climbs","climbs"],"why":"Somebody climbs."}"#;

    #[test]
    fn the_schema_file_is_what_the_types_say() {
        let file: Value =
            serde_json::from_str(include_str!("../../prompts/assess.schema.json")).unwrap();
        assert_eq!(
            file,
            assessment_schema(),
            "run `sereno schema assessment > prompts/assess.schema.json`"
        );
    }

    #[test]
    fn every_worked_example_satisfies_the_schema() {
        let validator = jsonschema::validator_for(&assessment_schema()).unwrap();
        for example in Prompts::embedded().unwrap().assess.examples() {
            let answer: Value = serde_json::from_str(&example.answer).unwrap();
            assert!(validator.is_valid(&answer), "{}", example.answer);
            assert_eq!(answer.to_string(), example.answer);
        }
    }

    #[tokio::test]
    async fn the_model_chooses_only_among_what_is_permitted_and_cites_only_what_exists() {
        let (assessment, requests) = assess(&[Outcome::Verified], Reads::default(), ANSWER).await;
        assert_eq!(assessment.proposed, Outcome::Verified);
        let schema = &requests[0].schema;
        assert_eq!(schema["properties"]["verdict"]["enum"], json!(["verified", "uncertain"]));
        assert_eq!(schema["properties"]["weighed"]["items"]["enum"], json!(["climbs"]));
        assert_eq!(assessment.criteria[0].evidence, [CaptionId(2)], "evidence is what was read");
        assert_eq!(assessment.criteria.len(), 1, "what is named twice is weighed once");
    }

    #[tokio::test]
    async fn nobody_is_asked_where_there_is_no_choice_or_a_read_failed() {
        let (assessment, requests) = assess(&[Outcome::Uncertain], Reads::default(), ANSWER).await;
        assert_eq!((assessment.proposed, requests.len()), (Outcome::Uncertain, 0));
        let failure = StageFailure { stage: "read".into(), code: "model_timeout".into() };
        let reads = Reads { failures: vec![failure.clone()], ..Reads::default() };
        let (assessment, requests) = assess(&[Outcome::Dismissed], reads, ANSWER).await;
        assert_eq!((assessment.proposed, requests.len()), (Outcome::Uncertain, 0));
        assert_eq!(assessment.failures, [failure]);
    }

    #[tokio::test]
    async fn agreement_needs_both_reads_on_one_side() {
        for (model, classifier, agree) in [
            (Some(0.1), Some(0.2), true),
            (Some(0.9), Some(0.6), true),
            (Some(0.1), Some(0.6), false),
            (Some(0.1), None, false),
        ] {
            let reads =
                Reads { model_threat: model, classifier_threat: classifier, failures: Vec::new() };
            let (assessment, _) = assess(&[Outcome::Uncertain], reads, ANSWER).await;
            assert_eq!(assessment.confidence.agree, agree, "{model:?} {classifier:?}");
        }
    }

    #[tokio::test]
    async fn half_an_answer_is_a_failure_and_proposes_nothing() {
        let (assessment, _) =
            assess(&[Outcome::Dismissed], Reads::default(), "{\"verdict\":\"dis").await;
        assert_eq!(assessment.proposed, Outcome::Uncertain);
        assert_eq!(assessment.failures[0].code, "model_failed");
    }
}
