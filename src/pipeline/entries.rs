//! What the log is told of one decision: each step with digests and codes, its words committed.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Findings, Pipeline};
use crate::{
    audit::{Actor, Event, EventKind, permille},
    domain::{AlarmRef, SceneText, Verdict},
    model::{
        CallTrace, ModelManifest,
        classify::{ClassifierRead, Head},
    },
};

/// The entries of one decision, in the order of the steps.
pub fn tell(
    pipeline: &Pipeline,
    alarm: &AlarmRef,
    findings: &Findings,
    verdict: &Verdict,
    report: &Value,
    now: Timestamp,
) -> Vec<Event> {
    let teller = Teller { alarm, now };
    let mut events = Vec::new();
    if findings.facts.scene_text == SceneText::InstructionLike {
        let public = json!({ "scene_text": findings.facts.scene_text });
        events.push(teller.event(
            EventKind::SecurityInjectionSuspected,
            Actor::System,
            public,
            &[],
        ));
    }
    events.extend(findings.calls.iter().map(|call| teller.call(call, &pipeline.model)));
    if let Some(read) = &findings.classified {
        let manifest = pipeline.classifier.manifest();
        let own = findings.learned.as_ref().and_then(|learned| learned.head.as_ref());
        let head = own.map_or_else(|| pipeline.classifier.head_digest(), Head::digest);
        events.push(teller.classified(read, manifest, head));
    }
    events.push(teller.ruled(findings));
    events.push(teller.verdict(findings, verdict));
    events.push(teller.actions(verdict));
    let public = json!({ "report_digest": digest(report), "ai_generated": true });
    events.push(teller.event(
        EventKind::ReportGenerated,
        Actor::System,
        public,
        &[("report", report)],
    ));
    events
}

struct Teller<'a> {
    alarm: &'a AlarmRef,
    now: Timestamp,
}

impl Teller<'_> {
    fn event(
        &self,
        kind: EventKind,
        actor: Actor,
        public: Value,
        personal: &[(&str, &Value)],
    ) -> Event {
        Event {
            kind,
            alarm: Some(self.alarm.id),
            site: Some(self.alarm.site.clone()),
            actor,
            occurred_at: self.now,
            public: into_map(public),
            personal: personal
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).clone()))
                .collect(),
        }
    }

    /// Names of the OpenTelemetry `GenAI` conventions where they have one.
    fn call(&self, call: &CallTrace, model: &ModelManifest) -> Event {
        let mut public = json!({
            "stage": call.stage,
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": model.runtime,
            "gen_ai.request.model": model.name,
            "gen_ai.request.seed": call.seed,
            "gen_ai.request.temperature": 0,
            "gen_ai.request.max_tokens": call.max_tokens,
            "gen_ai.usage.input_tokens": call.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": call.usage.sampled_tokens + call.usage.forced_tokens,
            "model_sha256": model.sha256,
            "adapter_sha256": model.adapter_sha256,
            "prompt_digest": call.prompt_digest,
            "schema_digest": call.schema_digest,
            "input_digest": call.input_digest,
            "sampled_tokens": call.usage.sampled_tokens,
            "reused_tokens": call.usage.reused_tokens,
            "queued_ms": call.usage.queued_ms,
            "busy_ms": call.usage.busy_ms,
        });
        let actor = Actor::Model { name: model.name.clone() };
        match &call.outcome {
            Ok(answer) => {
                let answer = Value::String(answer.clone());
                self.event(EventKind::AgentStep, actor, public, &[("answer", &answer)])
            }
            Err(code) => {
                public["failure"] = json!(code);
                self.event(EventKind::AgentStep, actor, public, &[])
            }
        }
    }

    fn classified(&self, read: &ClassifierRead, model: &ModelManifest, head: &str) -> Event {
        let public = json!({
            "threat_permille": permille(read.threat),
            "nearest": read.nearest,
            "model_sha256": model.sha256,
            "head_digest": head,
        });
        self.event(
            EventKind::ClassifierRead,
            Actor::Model { name: model.name.clone() },
            public,
            &[],
        )
    }

    fn ruled(&self, findings: &Findings) -> Event {
        let rules: Vec<Value> = findings
            .ruling
            .rules
            .iter()
            .map(|rule| json!({ "id": rule.id, "effect": rule.effect, "action": rule.action }))
            .collect();
        let facts = json!(findings.facts);
        let context = json!(findings.context);
        let public = json!({
            "rules": rules,
            "permitted": findings.ruling.permitted,
            "severity_floor": findings.ruling.severity_floor,
            "oversight": findings.ruling.oversight,
            "settled": findings.ruling.settled.is_some(),
            "facts_digest": digest(&facts),
            "context_digest": digest(&context),
        });
        let personal = [("facts", &facts), ("context", &context)];
        self.event(EventKind::PolicyEval, Actor::System, public, &personal)
    }

    fn verdict(&self, findings: &Findings, verdict: &Verdict) -> Event {
        let rationale = json!(findings.assessment.rationale);
        let assessment = json!(findings.assessment);
        let public = json!({
            "outcome": verdict.outcome,
            "severity": verdict.severity,
            "avs_level": verdict.avs_level,
            "threat_permille": permille(verdict.threat_probability),
            "calibrated": verdict.calibrated,
            "learned": findings.learned.as_ref().map(|learned| &learned.sha256),
            "reason": verdict.reason.code,
            "rules": verdict.rules,
            "proposed": findings.assessment.proposed,
            "agree": findings.assessment.confidence.agree,
            "failures": findings.assessment.failures,
            "fallback_used": !findings.assessment.failures.is_empty(),
            "scene_text": findings.facts.scene_text,
        });
        let personal = [("rationale", &rationale), ("assessment", &assessment)];
        self.event(EventKind::AlarmVerdict, Actor::System, public, &personal)
    }

    fn actions(&self, verdict: &Verdict) -> Event {
        let actions: Vec<Value> = verdict
            .actions
            .iter()
            .map(|action| {
                json!({
                    "code": action.code,
                    "urgency": action.urgency,
                    "approver": action.approver,
                    "rule": action.rule,
                })
            })
            .collect();
        self.event(EventKind::ActionRecommended, Actor::System, json!({ "actions": actions }), &[])
    }
}

fn digest(value: &Value) -> String {
    hex::encode(Sha256::digest(value.to_string()))
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
