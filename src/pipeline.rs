//! The order of the stages: one alarm in, everything that one decision consists of out.
//!
//! Writes nothing. The caller commits what comes out in one transaction.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    actions,
    assessment::{AssessStage, Case, Depth, Reads},
    config::Sites,
    context,
    domain::{
        Alarm, AlarmId, AlarmRef, Assessment, CaptionId, Clock, Context, Facts, RecentAlarms,
        Ruling, SceneText, StageFailure, Verdict,
    },
    model::{
        CallLimits, CallTrace, LanguageModel, ModelManifest, Urgency,
        classify::{Classifier, ClassifierRead},
    },
    policy::{AlarmView, PolicySet},
    prompts::Prompts,
    reading::{self, Prepared, ReadStage, Reading, sentences},
    reports::{self, Language, ReportInput},
    store::DecisionDraft,
    verdict::{self, Grounds},
};

mod entries;

/// Everything that decides, put together once at start.
pub struct Pipeline {
    policies: Arc<PolicySet>,
    sites: Arc<Sites>,
    read: ReadStage,
    assess: AssessStage,
    classifier: Arc<dyn Classifier>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    model: ModelManifest,
}

/// What the owner of the machine chooses.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Time for one call to the model.
    pub deadline: Duration,
    /// Seed of every call; recorded.
    pub seed: u32,
    /// Language of reports.
    pub language: Language,
    /// How much of an assessment somebody will read.
    pub depth: Depth,
}

/// An alarm that was accepted, with what the store knows about it.
#[derive(Debug, Clone)]
pub struct Received {
    /// Sereno's id.
    pub id: AlarmId,
    /// The alarm.
    pub alarm: Alarm,
    /// Its site.
    pub site: String,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Earlier alarms of its camera.
    pub recent: RecentAlarms,
}

/// A decision, ready to be committed, with what its model calls cost.
#[derive(Debug)]
pub struct Decided {
    /// What the store commits.
    pub draft: DecisionDraft,
    /// The model calls, in order.
    pub calls: Vec<CallTrace>,
}

/// What the stages found, before the verdict is drawn from it.
#[derive(Debug)]
struct Findings {
    context: Context,
    facts: Facts,
    ruling: Ruling,
    assessment: Assessment,
    calls: Vec<CallTrace>,
    classified: Option<ClassifierRead>,
}

impl Pipeline {
    /// Puts the stages together, and settles what can be; see [`Self::settle`].
    pub async fn new(
        policies: Arc<PolicySet>,
        sites: Arc<Sites>,
        model: Arc<dyn LanguageModel>,
        classifier: Arc<dyn Classifier>,
        prompts: Prompts,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let manifest = model.manifest().clone();
        let pipeline = Self {
            policies,
            sites,
            read: ReadStage::new(Arc::clone(&model), prompts.read),
            assess: AssessStage::new(model, prompts.assess),
            classifier,
            clock,
            settings,
            model: manifest,
        };
        pipeline.settle().await;
        pipeline
    }

    /// Takes the measure of the model's leaning, and says whether it is taken. A model that is out of
    /// reach leaves it for later; until then its answers are taken as they are.
    pub async fn settle(&self) -> bool {
        let Settings { deadline, seed, .. } = self.settings;
        self.read.settle(CallLimits { urgency: Urgency::Background, deadline, seed }).await
    }

    /// Decides one alarm. Never fails: what goes wrong on the way makes the verdict `uncertain`
    /// and is named in it.
    pub async fn decide(&self, received: &Received) -> Decided {
        let Received { alarm, site, .. } = received;
        let reference = AlarmRef::new(received.id, alarm, site);
        let context = context::gather(
            alarm,
            received.received_at,
            self.sites.get(site),
            site,
            received.recent.clone(),
        );
        let prepared = reading::prepare(alarm);
        let findings = match self.policies.settle(&view(alarm), &prepared.facts, &context) {
            Some(ruling) => Findings {
                facts: prepared.facts,
                assessment: Assessment::none(),
                calls: Vec::new(),
                classified: None,
                context,
                ruling,
            },
            None => self.consider(alarm, &prepared, context).await,
        };
        let mut verdict = verdict::combine(Grounds {
            facts: &findings.facts,
            context: &findings.context,
            ruling: &findings.ruling,
            assessment: &findings.assessment,
            has_captions: !alarm.captions.is_empty(),
        });
        verdict.actions = actions::plan(&findings.ruling, &verdict, &findings.context);
        self.write_up(alarm, reference, findings, verdict)
    }

    /// Both reads, the ruling on them, and the assessment.
    async fn consider(&self, alarm: &Alarm, prepared: &Prepared, context: Context) -> Findings {
        let limits = self.limits(&prepared.facts);
        let reading = self.read.read(alarm, prepared, limits).await;
        let classified = self.classify(prepared).await;
        let Reading { facts, threat, trace, failure } = reading;
        let mut reads = Reads {
            model_threat: threat,
            classifier_threat: classified.as_ref().ok().map(|read| read.threat),
            failures: failure.into_iter().collect(),
        };
        reads.failures.extend(classified.as_ref().err().cloned());
        let ruling = self.policies.evaluate(&view(alarm), &facts, &context);
        let quoted = if facts.scene_text == SceneText::None {
            ruling.rules.clone()
        } else {
            let silent = Facts { scene_text: SceneText::None, ..facts.clone() };
            self.policies.evaluate(&view(alarm), &silent, &context).rules
        };
        let depth = self.settings.depth;
        let case =
            Case { facts: &facts, context: &context, ruling: &ruling, quoted: &quoted, depth };
        let (assessment, assessed) = self.assess.assess(case, reads, limits).await;
        Findings {
            facts,
            ruling,
            assessment,
            calls: trace.into_iter().chain(assessed).collect(),
            classified: classified.ok(),
            context,
        }
    }

    /// The second read, sentence by sentence, of the same captions that the model sees.
    async fn classify(&self, prepared: &Prepared) -> Result<ClassifierRead, StageFailure> {
        let failure =
            |code: &str| StageFailure { stage: "classify".to_owned(), code: code.to_owned() };
        let sentences = sentences(prepared);
        if sentences.is_empty() {
            return Err(failure("no_captions"));
        }
        self.classifier.read(&sentences).await.map_err(|error| failure(error.code()))
    }

    fn limits(&self, facts: &Facts) -> CallLimits {
        CallLimits {
            urgency: if facts.life_safety() { Urgency::LifeSafety } else { Urgency::Routine },
            deadline: self.settings.deadline,
            seed: self.settings.seed,
        }
    }

    /// The report and the entries that tell every step.
    fn write_up(
        &self,
        alarm: &Alarm,
        reference: AlarmRef,
        findings: Findings,
        verdict: Verdict,
    ) -> Decided {
        let now = self.clock.now();
        let report = reports::incident(&ReportInput {
            alarm,
            reference: &reference,
            facts: &findings.facts,
            ruling: &findings.ruling,
            assessment: &findings.assessment,
            verdict: &verdict,
            context: &findings.context,
            generated_at: now,
            model_name: (!findings.calls.is_empty()).then_some(self.model.name.as_str()),
            language: self.settings.language,
        });
        let events = entries::tell(self, &reference, &findings, &verdict, &report, now);
        let Findings { facts, ruling, assessment, calls, .. } = findings;
        let draft =
            DecisionDraft { alarm: reference, facts, ruling, assessment, verdict, events, report };
        Decided { draft, calls }
    }
}

/// What the second read is given: every sentence of the captions with the scene's text withheld.
pub fn sentences(prepared: &Prepared) -> Vec<(CaptionId, String)> {
    prepared
        .scene
        .captions
        .iter()
        .flat_map(|(id, text)| {
            sentences::split(text).into_iter().map(|sentence| (*id, sentence.to_owned()))
        })
        .filter(|(_, sentence)| sentence.chars().any(char::is_alphabetic))
        .take(MOST_SENTENCES)
        .collect()
}

/// The second read of a very long alarm stops here; what is left unread makes the facts `cut`
/// long before, because the language model's window is smaller.
const MOST_SENTENCES: usize = 512;

/// The alarm as policies see it.
pub fn view(alarm: &Alarm) -> AlarmView<'_> {
    AlarmView {
        kind: &alarm.kind,
        camera: &alarm.camera,
        phase: alarm.phase,
        has_captions: !alarm.captions.is_empty(),
    }
}
