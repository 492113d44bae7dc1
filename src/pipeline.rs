//! The order of the stages: one alarm in, everything that one decision consists of out.
//!
//! Writes nothing. The caller commits what comes out in one transaction.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{
    actions,
    assessment::{AssessStage, Case, Depth, Reads},
    config::Sites,
    context,
    domain::{
        Alarm, AlarmId, AlarmRef, Assessment, CaptionId, Clock, Context, Facts, Grant, Presence,
        RecentAlarms, Ruling, SceneText, StageFailure, Verdict,
    },
    model::{
        CallLimits, CallTrace, LanguageModel, ModelManifest, Urgency,
        classify::{Classifier, ClassifierRead},
        site::{SiteModel, SiteModels},
    },
    policy::{AlarmView, LivePolicies, PolicyAction, PolicySet},
    prompts::Prompts,
    reading::{self, Prepared, ReadStage, Reading, sentences},
    reports::{self, Language, ReportInput},
    store::{DecisionDraft, DecisionSigns},
    verdict::{self, Grounds},
};

mod entries;

/// Everything that decides, put together once at start.
pub struct Pipeline {
    policies: Arc<LivePolicies>,
    sites: Arc<Sites>,
    read: ReadStage,
    assess: AssessStage,
    classifier: Arc<dyn Classifier>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    model: ModelManifest,
    learned: SiteModels,
    made_with: String,
}

/// What a pipeline is put together from.
pub struct Parts {
    /// The rules.
    pub policies: Arc<LivePolicies>,
    /// The sites.
    pub sites: Arc<Sites>,
    /// Reads and assesses.
    pub model: Arc<dyn LanguageModel>,
    /// Reads by itself.
    pub classifier: Arc<dyn Classifier>,
    /// What the model is asked.
    pub prompts: Prompts,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What sites have learned, shared with whoever puts it in force.
    pub learned: SiteModels,
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
    /// What people let the system close here without them, where they did.
    pub grant: Option<Grant>,
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
    learned: Option<Arc<SiteModel>>,
}

impl Pipeline {
    /// Puts the stages together, and settles what can be; see [`Self::settle`].
    pub async fn new(parts: Parts, settings: Settings) -> Self {
        let Parts { policies, sites, model, classifier, prompts, clock, learned } = parts;
        let manifest = model.manifest().clone();
        let made_with = made_with(&manifest, classifier.as_ref(), &prompts);
        let pipeline = Self {
            policies,
            sites,
            read: ReadStage::new(Arc::clone(&model), prompts.read),
            assess: AssessStage::new(model, prompts.assess),
            classifier,
            clock,
            settings,
            model: manifest,
            learned,
            made_with,
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

    /// Digest of the models and prompts that the two reads come from: what a site learned over others
    /// is worth nothing.
    pub fn made_with(&self) -> &str {
        &self.made_with
    }

    /// What the site has learned over these very models.
    fn learned(&self, site: &str) -> Option<Arc<SiteModel>> {
        self.learned.get(site).filter(|learned| learned.made_with == self.made_with)
    }

    /// Decides one alarm. Never fails: what goes wrong on the way makes the verdict `uncertain`
    /// and is named in it.
    pub async fn decide(&self, received: &Received) -> Decided {
        let Received { alarm, site, .. } = received;
        let reference = AlarmRef::new(received.id, alarm, site);
        let gathered = context::gather(
            alarm,
            received.received_at,
            self.sites.get(site),
            site,
            received.recent.clone(),
        );
        let context = Context { autonomy_granted: received.grant.is_some(), ..gathered };
        let prepared = reading::prepare(alarm);
        // The whole alarm is decided by the policies of this moment, whatever goes live meanwhile.
        let policies = Arc::clone(self.policies.current().of(site));
        let findings = match policies.settle(&view(alarm), &prepared.facts, &context) {
            Some(ruling) => Findings {
                facts: prepared.facts,
                assessment: Assessment::none(),
                calls: Vec::new(),
                classified: None,
                learned: None,
                context,
                ruling,
            },
            None => self.consider(&policies, alarm, site, &prepared, context).await,
        };
        let mut verdict = verdict::combine(Grounds {
            facts: &findings.facts,
            context: &findings.context,
            ruling: &findings.ruling,
            assessment: &findings.assessment,
            captions: alarm.captions.len(),
            scale: findings.learned.as_ref().map(|learned| learned.scale),
        });
        verdict.actions = actions::plan(&findings.ruling, &verdict, &findings.context);
        let grant = received.grant.as_ref().filter(|grant| {
            let learned = findings.learned.as_ref().map(|learned| learned.sha256.as_str());
            verdict::may_close_without_person(&verdict, &findings.ruling, learned, grant)
        });
        let closes = grant.map(|grant| grant.id.clone());
        self.write_up(alarm, reference, findings, verdict, closes)
    }

    /// Both reads, the ruling on them, and the assessment.
    async fn consider(
        &self,
        policies: &PolicySet,
        alarm: &Alarm,
        site: &str,
        prepared: &Prepared,
        context: Context,
    ) -> Findings {
        let learned = self.learned(site);
        let limits = self.limits(&prepared.facts);
        let reading = self.read.read(alarm, prepared, limits).await;
        let classified = self.classify(prepared, learned.as_deref()).await;
        let Reading { facts, threat, trace, failure } = reading;
        let mut reads = Reads {
            model_threat: threat,
            classifier_threat: classified.as_ref().ok().map(|read| read.threat),
            failures: failure.into_iter().collect(),
        };
        reads.failures.extend(classified.as_ref().err().cloned());
        let ruling = policies.evaluate(&view(alarm), &facts, &context);
        let mut quoted = if facts.scene_text == SceneText::None {
            ruling.rules.clone()
        } else {
            let silent = Facts { scene_text: SceneText::None, ..facts.clone() };
            policies.evaluate(&view(alarm), &silent, &context).rules
        };
        // Who looks at a verdict must not sway it.
        quoted.retain(|rule| rule.action != PolicyAction::CloseWithoutPerson.name());
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
            learned,
            context,
        }
    }

    /// The second read, sentence by sentence, of the same captions that the model sees.
    async fn classify(
        &self,
        prepared: &Prepared,
        learned: Option<&SiteModel>,
    ) -> Result<ClassifierRead, StageFailure> {
        let head = learned.and_then(|learned| learned.head.as_ref());
        let failure =
            |code: &str| StageFailure { stage: "classify".to_owned(), code: code.to_owned() };
        let sentences = sentences(prepared);
        if sentences.is_empty() {
            return Err(failure("no_captions"));
        }
        self.classifier.read(&sentences, head).await.map_err(|error| failure(error.code()))
    }

    /// The codes and numbers that drift is measured on.
    fn signs(&self, findings: &Findings) -> DecisionSigns {
        let facts = &findings.facts;
        let seen = facts.acts.iter().filter(|act| act.presence == Presence::Present);
        DecisionSigns {
            made_with: self.made_with.clone(),
            cause: facts.cause,
            acts: seen.map(|act| act.code).collect(),
            read: facts.read_by_model,
            agree: findings.assessment.confidence.agree,
            sketch: findings
                .classified
                .as_ref()
                .map(|read| read.sketch.clone())
                .unwrap_or_default(),
        }
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
        closes: Option<String>,
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
        let signs = self.signs(&findings);
        let Findings { context, facts, ruling, assessment, calls, .. } = findings;
        let draft = DecisionDraft {
            alarm: reference,
            facts,
            context,
            ruling,
            assessment,
            verdict,
            events,
            report,
            signs,
            closes,
            review: None,
        };
        Decided { draft, calls }
    }
}

/// SHA-256 over what the two reads depend on, hex.
fn made_with(language: &ModelManifest, classifier: &dyn Classifier, prompts: &Prompts) -> String {
    let parts = [
        &language.name,
        &language.sha256,
        language.adapter_sha256.as_deref().unwrap_or_default(),
        language.form_sha256.as_deref().unwrap_or_default(),
        prompts.read.digest(),
        &classifier.manifest().sha256,
        classifier.head_digest(),
    ];
    hex::encode(Sha256::digest(parts.join("\n")))
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
