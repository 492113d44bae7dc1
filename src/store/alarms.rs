//! Accepting alarms and finding them again.

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;

use super::{
    Accepted, AlarmState, Store, StoreError, StoredAlarm, oversight, row,
    tx::{Subject, Tx},
};
use crate::{
    audit::{Event, EventKind, leaf::instant, sha256},
    domain::{Alarm, AlarmId, RecentAlarms},
};

/// Alarm kinds and detector labels that put an alarm first in the work queue.
const URGENT: [&str; 14] = [
    "panic_button",
    "duress",
    "holdup",
    "hold_up",
    "fire",
    "smoke",
    "weapon",
    "gun",
    "firearm",
    "knife",
    "person_down",
    "fall",
    "fight",
    "explosion",
];

/// Characters of a headline at most.
const HEADLINE: usize = 160;
/// Alarms of a site so close together are one sequence (Spanish Order INT/316/2011, Art. 12).
const SEQUENCE: SignedDuration = SignedDuration::from_mins(30);

impl Store {
    /// Commits `alarm` with its job and its entry, all or nothing. An alarm of the same source and
    /// source event id that is here already stands as it is, and is returned.
    pub async fn accept(&self, alarm: &Alarm, site: &str) -> Result<Accepted, StoreError> {
        self.take_in(alarm, site, None).await
    }

    /// The same for an alarm that may be a copy of `original`, a recorded real threat, shown again to
    /// see whether people still look.
    pub(super) async fn take_in(
        &self,
        alarm: &Alarm,
        site: &str,
        original: Option<AlarmId>,
    ) -> Result<Accepted, StoreError> {
        let document = serde_json::to_string(alarm)
            .map_err(|error| StoreError::Invalid(format!("the alarm has no JSON form: {error}")))?;
        if let Some(first) = self.repeated(alarm, &document).await? {
            return Ok(first);
        }
        let id = AlarmId(self.ids.new_id(&*self.clock));
        let received_at = self.clock.now();
        let subject = Subject { dek_id: self.random_id(), refs: Vec::new() };
        let event_id = self.random_id();
        let mut tx = Tx::begin(self).await?;
        let fresh = sqlx::query(
            "INSERT INTO alarm (id, source, source_event_id, site, camera, kind, occurred_at, \
             received_at, headline, document, received_event, dek_id, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting') \
             ON CONFLICT (source, source_event_id) DO NOTHING",
        )
        .bind(id.to_string())
        .bind(&alarm.source)
        .bind(&alarm.source_event_id)
        .bind(site)
        .bind(&alarm.camera)
        .bind(&alarm.kind)
        .bind(instant(alarm.occurred_at))
        .bind(instant(received_at))
        .bind(headline(alarm))
        .bind(&document)
        .bind(&event_id)
        .bind(&subject.dek_id)
        .execute(tx.connection())
        .await?
        .rows_affected();
        if fresh == 0 {
            drop(tx);
            let first = self.repeated(alarm, &document).await?;
            return first
                .ok_or_else(|| StoreError::Unavailable("the alarm is being removed".into()));
        }
        self.enqueue(&mut tx, id, alarm, received_at).await?;
        let event = received(id, alarm, site, received_at, &document);
        let mut receipt = tx.record_as(&event_id, &event, &subject).await?;
        if let Some(original) = original {
            receipt = oversight::hide_control(&mut tx, id, original, site, alarm, &subject).await?;
        }
        tx.commit(receipt).await?;
        Ok(Accepted { id, fresh: true, received_at, decision: None })
    }

    /// The alarm, or `None`.
    pub async fn alarm(&self, id: AlarmId) -> Result<Option<StoredAlarm>, StoreError> {
        sqlx::query("SELECT site, received_at, document, state, blind, closed_under FROM alarm WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?
            .map(|found| {
                let state = row::parsed(&found, "state")?;
                Ok(StoredAlarm {
                    id,
                    // While it waits, only a control alarm is marked; nobody may tell it from the others.
                    blind: row::number::<i64>(&found, "blind")? != 0
                        && state == AlarmState::Decided,
                    closed_under: row::maybe_text(&found, "closed_under")?,
                    site: row::text(&found, "site")?,
                    received_at: row::time(&found, "received_at")?,
                    alarm: row::document(&found, "document")?,
                    state,
                })
            })
            .transpose()
    }

    /// How many alarms the camera raised in the hour and the day before `before`, by the source's
    /// clock, and how people closed them; how many the whole site raised in the half hour, from how
    /// many cameras, `except` counted among them. Control alarms, and elsewhere `except`, are not counted.
    pub async fn recent(
        &self,
        site: &str,
        camera: &str,
        before: Timestamp,
        except: AlarmId,
    ) -> Result<RecentAlarms, StoreError> {
        let ago = |hours| {
            instant(before.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(before))
        };
        let found = sqlx::query(
            "SELECT COUNT(*) AS last_day, \
             CAST(COALESCE(SUM(CASE WHEN occurred_at >= $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS last_hour, \
             CAST(COALESCE(SUM(CASE WHEN occurred_at >= $3 AND disposition IN \
             ('real_no_threat', 'false_detection', 'technical') THEN 1 ELSE 0 END), 0) AS BIGINT) AS harmless_hour, \
             CAST(COALESCE(SUM(CASE WHEN disposition = 'real_threat' THEN 1 ELSE 0 END), 0) AS BIGINT) AS real_threats, \
             CAST(COALESCE(SUM(CASE WHEN disposition IN ('real_no_threat', 'false_detection', 'technical') \
             THEN 1 ELSE 0 END), 0) AS BIGINT) AS harmless \
             FROM alarm WHERE site = $1 AND camera = $2 AND occurred_at >= $4 AND occurred_at < $5 AND id <> $6 \
             AND NOT EXISTS (SELECT 1 FROM review r WHERE r.alarm_id = alarm.id AND r.reason = 'control')",
        )
        .bind(site)
        .bind(camera)
        .bind(ago(1))
        .bind(ago(24))
        .bind(instant(before))
        .bind(except.to_string())
        .fetch_one(&self.pool)
        .await?;
        let sequence = sqlx::query(
            "SELECT COUNT(*) AS signals, COUNT(DISTINCT camera) AS detectors, \
             CAST(COALESCE(MAX(CASE WHEN camera = $4 THEN 1 ELSE 0 END), 0) AS BIGINT) AS own \
             FROM alarm WHERE site = $1 AND occurred_at >= $2 AND occurred_at <= $3 AND id <> $5 \
             AND NOT EXISTS (SELECT 1 FROM review r WHERE r.alarm_id = alarm.id AND r.reason = 'control')",
        )
        .bind(site)
        .bind(instant(before.saturating_sub(SEQUENCE).unwrap_or(before)))
        .bind(instant(before))
        .bind(camera)
        .bind(except.to_string())
        .fetch_one(&self.pool)
        .await?;
        let others: u32 = row::number(&sequence, "detectors")?;
        let own: u32 = row::number(&sequence, "own")?;
        let signals: u32 = row::number(&sequence, "signals")?;
        Ok(RecentAlarms {
            harmless_last_hour: row::number(&found, "harmless_hour")?,
            site_signals: signals.saturating_add(1),
            site_detectors: others.saturating_add(1).saturating_sub(own),
            last_hour: row::number(&found, "last_hour")?,
            last_day: row::number(&found, "last_day")?,
            real_threats_last_day: row::number(&found, "real_threats")?,
            harmless_last_day: row::number(&found, "harmless")?,
        })
    }

    /// The first alarm of this source event, if there is one. Where it came again with another
    /// content, the log says so.
    async fn repeated(
        &self,
        alarm: &Alarm,
        document: &str,
    ) -> Result<Option<Accepted>, StoreError> {
        let found = sqlx::query(
            "SELECT id, site, received_at, document FROM alarm \
             WHERE source = $1 AND source_event_id = $2",
        )
        .bind(&alarm.source)
        .bind(&alarm.source_event_id)
        .fetch_optional(&self.pool)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let first = self.first(&found).await?;
        if row::text(&found, "document")? != document {
            let event = Event::new(EventKind::AlarmRepeated, self.clock.now())
                .about(first.id, &row::text(&found, "site")?)
                .personal("repeated_digest", hex::encode(sha256(document.as_bytes())));
            self.record(event).await?;
        }
        Ok(Some(first))
    }

    async fn first(&self, found: &AnyRow) -> Result<Accepted, StoreError> {
        let id: AlarmId = row::parsed(found, "id")?;
        let received_at = row::time(found, "received_at")?;
        Ok(Accepted { id, fresh: false, received_at, decision: self.decision(id).await? })
    }

    async fn enqueue(
        &self,
        tx: &mut Tx,
        id: AlarmId,
        alarm: &Alarm,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO job (id, alarm_id, urgent, created_at, run_after, attempt) \
             VALUES ($1, $2, $3, $4, $4, 0)",
        )
        .bind(self.new_id())
        .bind(id.to_string())
        .bind(i64::from(urgent(alarm)))
        .bind(instant(now))
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}

/// Whether the source itself speaks of danger to life. It moves an alarm forward and does no more.
fn urgent(alarm: &Alarm) -> bool {
    let urgent = |word: &str| URGENT.iter().any(|one| one.eq_ignore_ascii_case(word));
    urgent(&alarm.kind) || alarm.detections.iter().any(|one| urgent(&one.label))
}

/// The beginning of the first caption on one line.
fn headline(alarm: &Alarm) -> Option<String> {
    let text = &alarm.captions.first()?.text;
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .take(HEADLINE)
        .collect();
    let line = words.join(" ");
    let short = match line.char_indices().nth(HEADLINE - 1) {
        Some((end, last)) if end + last.len_utf8() < line.len() => format!("{}…", &line[..end]),
        _ => line,
    };
    Some(short).filter(|line| !line.is_empty())
}

/// The entry of a new alarm: codes, counts and digests in the leaf, everything else committed.
fn received(id: AlarmId, alarm: &Alarm, site: &str, at: Timestamp, document: &str) -> Event {
    let phase: &'static str = alarm.phase.into();
    let mut event = Event::new(EventKind::AlarmReceived, at)
        .about(id, site)
        .public("phase", phase)
        .public("captions", alarm.captions.len())
        .public("visible_text", alarm.visible_text.len())
        .public("detections", alarm.detections.len())
        .personal("source", alarm.source.as_str())
        .personal("source_event_id", alarm.source_event_id.as_str())
        .personal("camera", alarm.camera.as_str())
        .personal("alarm_sha256", hex::encode(sha256(document.as_bytes())));
    if is_code(&alarm.kind) {
        event = event.public("kind", alarm.kind.as_str());
    }
    if let Some(clip) = &alarm.clip {
        event = event.public("clip_duration_s", clip.duration_s);
        let digest = clip.sha256.as_deref().filter(|digest| is_digest(digest));
        event = event.public("clip_sha256", digest);
    }
    event
}

/// Whether `word` can only be a code: lower case, digits and underscores, 64 at most.
pub(super) fn is_code(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alarm(extra: &serde_json::Value) -> Alarm {
        let mut whole = json!({
            "source": "test", "source_event_id": "1", "occurred_at": "2026-11-23T22:14:05Z",
            "camera": "gate", "kind": "line_crossing",
        });
        for (name, value) in extra.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn a_source_that_speaks_of_danger_to_life_is_urgent() {
        assert!(urgent(&alarm(&json!({"kind": "panic_button"}))));
        assert!(urgent(&alarm(&json!({"detections": [{"label": "Fire"}]}))));
        assert!(!urgent(&alarm(&json!({"captions": [{"text": "fire"}]}))));
    }

    #[test]
    fn a_headline_is_one_short_line() {
        let spoken = |text: &str| headline(&alarm(&json!({"captions": [{"text": text}]})));
        assert_eq!(spoken("  A\tman\n\u{0} climbs ").as_deref(), Some("A man climbs"));
        assert_eq!(spoken(" \n "), None);
        assert_eq!(headline(&alarm(&json!({}))), None);
        let long = spoken(&"é".repeat(400)).unwrap();
        assert_eq!((long.chars().count(), long.ends_with('…')), (160, true));
        assert_eq!(spoken(&"é".repeat(160)).unwrap(), "é".repeat(160));
    }

    #[test]
    fn what_is_no_code_stays_out_of_the_leaf() {
        let event = |kind: &str| {
            let alarm = alarm(&json!({"kind": kind, "clip": {"uri": "x", "sha256": "Mr Smith"}}));
            received(AlarmId(uuid::Uuid::nil()), &alarm, "s", Timestamp::UNIX_EPOCH, "{}")
        };
        assert_eq!(event("line_crossing").public["kind"], "line_crossing");
        assert!(!event("Mr Smith rings").public.contains_key("kind"));
        assert!(event("a").public["clip_sha256"].is_null());
    }
}
