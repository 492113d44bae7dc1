//! Decisions: committed once, with their report, their entries and the end of their job.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::any::AnyRow;

use super::{
    DecisionDraft, Job, Store, StoreError, oversight, row,
    tx::{Receipt, Subject, Tx},
};
use crate::{
    audit::{Event, EventKind, leaf::instant, sha256},
    domain::{
        Alarm, AlarmId, AlarmRef, Assessment, Context, Decision, DecisionRecord, DispositionCode,
        Facts, Ruling, Verdict,
    },
};

/// A decision without its place in the log, which depends on the digest of this.
#[derive(Serialize, Deserialize)]
struct Document {
    alarm: AlarmRef,
    facts: Facts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<Context>,
    ruling: Ruling,
    assessment: Assessment,
    verdict: Verdict,
}

/// An alarm as it was decided, and what people said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The alarm.
    pub alarm: Alarm,
    /// The decision.
    pub decision: Decision,
    /// People's last word.
    pub disposition: Option<DispositionCode>,
}

/// The texts that are stored, and that the verdict's entry commits to.
struct Texts {
    decision: String,
    report: String,
    signs: String,
}

impl Store {
    /// Commits the decision, its report, every event in order and the end of the alarm's job, all
    /// or nothing. An alarm is decided once: where it has been already, by whichever worker, the
    /// first decision is returned and nothing changes. The job's lease need not hold any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such alarm; [`StoreError::Invalid`] when an event
    /// does not fit into a leaf.
    pub async fn commit_decision(
        &self,
        job: Option<&Job>,
        draft: DecisionDraft,
    ) -> Result<Decision, StoreError> {
        let id = draft.alarm.id;
        if let Some(other) = job.filter(|job| job.alarm != id) {
            return Err(StoreError::Invalid(format!(
                "the job is for the alarm {}, not {id}",
                other.alarm
            )));
        }
        let mut tx = Tx::begin(self).await?;
        if !self.mark_decided(&mut tx, &draft).await? {
            drop(tx);
            return self.decision(id).await?.ok_or(StoreError::NotFound("alarm"));
        }
        let subject = tx.subject(id).await?.ok_or(StoreError::NotFound("alarm"))?;
        let (signs, closes, review) = (draft.signs.clone(), draft.closes.clone(), draft.review);
        let (events, document, report) = parts(draft);
        let texts = Texts {
            decision: json_text(&document)?,
            report: json_text(&report)?,
            signs: json_text(&signs)?,
        };
        let receipt = self.record_steps(&mut tx, &document, &texts, events, &subject).await?;
        keep(&mut tx, id, &texts, &receipt.place()).await?;
        oversight::hand_over(&mut tx, &document.alarm, review, closes, &subject).await?;
        let record = tx.commit(receipt).await?;
        // Read back from the text that was committed, so that every later reader gets the same.
        decision(&texts.decision, record)
    }

    /// The alarm's decision, or `None`.
    pub async fn decision(&self, id: AlarmId) -> Result<Option<Decision>, StoreError> {
        sqlx::query("SELECT document, entry, leaf_hash FROM decision WHERE alarm_id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?
            .map(|found| decision(&row::text(&found, "document")?, place(&found)?))
            .transpose()
    }

    /// Decided alarms that arrived `since`, in the order of their ids, from behind `after`; at most `limit`.
    /// Control alarms are left out.
    pub async fn recorded(
        &self,
        since: Option<Timestamp>,
        after: Option<AlarmId>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        sqlx::query(
            "SELECT a.document AS alarm, d.document AS document, d.entry AS entry, \
             d.leaf_hash AS leaf_hash, a.disposition AS disposition \
             FROM decision d JOIN alarm a ON a.id = d.alarm_id \
             WHERE a.received_at >= $1 AND a.id > $2 \
             AND NOT EXISTS (SELECT 1 FROM review r WHERE r.alarm_id = a.id AND r.reason = 'control') \
             ORDER BY a.id LIMIT $3",
        )
        .bind(since.map(instant).unwrap_or_default())
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|found| {
            Ok(Recorded {
                alarm: row::document(found, "alarm")?,
                decision: decision(&row::text(found, "document")?, place(found)?)?,
                disposition: row::maybe_parsed(found, "disposition")?,
            })
        })
        .collect()
    }

    /// The alarm's incident report, or `None`.
    pub async fn report(&self, id: AlarmId) -> Result<Option<serde_json::Value>, StoreError> {
        sqlx::query("SELECT document FROM report WHERE alarm_id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?
            .map(|found| row::document(&found, "document"))
            .transpose()
    }

    /// Takes the alarm's row; `false` when there is none or it has been decided.
    async fn mark_decided(&self, tx: &mut Tx, draft: &DecisionDraft) -> Result<bool, StoreError> {
        let verdict = &draft.verdict;
        let marked = sqlx::query(
            "UPDATE alarm SET decided_at = $1, outcome = $2, outcome_rank = $3, severity = $4, \
             severity_rank = $5, avs_level = $6, threat_probability = $7, reason_code = $8, \
             state = CASE WHEN state = 'waiting' THEN 'decided' ELSE state END \
             WHERE id = $9 AND decided_at IS NULL",
        )
        .bind(instant(self.clock.now()))
        .bind(verdict.outcome.as_str())
        .bind(verdict.outcome as i64)
        .bind(verdict.severity.as_str())
        .bind(verdict.severity as i64)
        .bind(i64::from(u8::from(verdict.avs_level)))
        .bind(verdict.threat_probability)
        .bind(verdict.reason.code.as_str())
        .bind(draft.alarm.id.to_string())
        .execute(tx.connection())
        .await?;
        Ok(marked.rows_affected() == 1)
    }

    /// Records every step and returns the receipt of the verdict's entry.
    async fn record_steps(
        &self,
        tx: &mut Tx,
        document: &Document,
        texts: &Texts,
        mut events: Vec<Event>,
        subject: &Subject,
    ) -> Result<Receipt, StoreError> {
        let place = events.iter().position(|event| event.kind == EventKind::AlarmVerdict);
        let place = place.unwrap_or_else(|| {
            events.push(verdict_event(document, self.clock.now()));
            events.len() - 1
        });
        commit_to(&mut events[place], texts);
        let mut verdict = None;
        for (at, event) in events.into_iter().enumerate() {
            let event = match event.alarm {
                Some(_) => event,
                None => event.about(document.alarm.id, &document.alarm.site),
            };
            let receipt = tx.record(&event, subject).await?;
            if at == place {
                verdict = Some(receipt);
            }
        }
        verdict.ok_or_else(|| StoreError::Invalid("the decision has no verdict to record".into()))
    }
}

fn parts(draft: DecisionDraft) -> (Vec<Event>, Document, serde_json::Value) {
    let DecisionDraft {
        alarm, facts, context, ruling, assessment, verdict, events, report, ..
    } = draft;
    let context = Some(context);
    (events, Document { alarm, facts, context, ruling, assessment, verdict }, report)
}

fn json_text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("the decision has no JSON form: {error}")))
}

/// The verdict's entry where the pipeline brought none: codes and numbers, never words.
fn verdict_event(document: &Document, at: Timestamp) -> Event {
    let Document { facts, ruling, assessment, verdict, .. } = document;
    Event::new(EventKind::AlarmVerdict, at)
        .public("outcome", verdict.outcome.as_str())
        .public("severity", verdict.severity.as_str())
        .public("avs_level", u8::from(verdict.avs_level))
        .public("threat_probability", verdict.threat_probability)
        .public("calibrated", verdict.calibrated)
        .public("reason_code", verdict.reason.code.as_str())
        .public("rules", json!(verdict.rules))
        .public("actions", verdict.actions.iter().map(|one| one.code.as_str()).collect::<Vec<_>>())
        .public("policy_digest", ruling.policy_digest.as_str())
        .public("oversight", ruling.oversight.as_str())
        .public("proposed", assessment.proposed.as_str())
        .public("failures", json!(assessment.failures))
        .public("read_by_model", facts.read_by_model)
        .public("scene_text", facts.scene_text.as_str())
        .personal("rationale", assessment.rationale.as_str())
}

/// The verdict's entry commits to the texts of decision and report, so that a later change of
/// either shows.
fn commit_to(event: &mut Event, texts: &Texts) {
    for (name, text) in [("decision_sha256", &texts.decision), ("report_sha256", &texts.report)] {
        event.personal.retain(|(taken, _)| taken != name);
        event.personal.push((name.to_owned(), hex::encode(sha256(text.as_bytes())).into()));
    }
}

async fn keep(
    tx: &mut Tx,
    id: AlarmId,
    texts: &Texts,
    record: &DecisionRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO decision (alarm_id, document, entry, leaf_hash, signs) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.to_string())
    .bind(&texts.decision)
    .bind(row::signed(record.entry)?)
    .bind(&record.hash)
    .bind(&texts.signs)
    .execute(tx.connection())
    .await?;
    sqlx::query("INSERT INTO report (alarm_id, document) VALUES ($1, $2)")
        .bind(id.to_string())
        .bind(&texts.report)
        .execute(tx.connection())
        .await?;
    sqlx::query("DELETE FROM job WHERE alarm_id = $1")
        .bind(id.to_string())
        .execute(tx.connection())
        .await?;
    Ok(())
}

fn place(found: &AnyRow) -> Result<DecisionRecord, StoreError> {
    Ok(DecisionRecord { entry: row::number(found, "entry")?, hash: row::text(found, "leaf_hash")? })
}

fn decision(text: &str, record: DecisionRecord) -> Result<Decision, StoreError> {
    let Document { alarm, facts, context, ruling, assessment, verdict } =
        serde_json::from_str(text)
            .map_err(|error| StoreError::Corrupt(format!("a decision cannot be read: {error}")))?;
    Ok(Decision { alarm, facts, context, ruling, assessment, verdict, record })
}
