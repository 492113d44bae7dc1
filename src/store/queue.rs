//! The operators' queue, most urgent first, and how much there is of everything.

use sqlx::any::AnyRow;

use super::{Counts, QueueFilter, QueueItem, Store, StoreError, row};
use crate::domain::{AvsLevel, Outcome, Severity};

impl Store {
    /// The queue: critical suggestions first, then what waits for a decision by arrival, then the
    /// other suggestions, then what is closed. Within suggestions: severity, outcome (verified,
    /// uncertain, dismissed) and probability fall, and the older comes first. Where the suggestion is
    /// hidden, the alarm stands where an uncertain one of low severity would, and tells nothing of it.
    pub async fn queue(&self, filter: &QueueFilter) -> Result<Vec<QueueItem>, StoreError> {
        sqlx::query(
            "SELECT id, source, source_event_id, site, camera, kind, occurred_at, received_at, state, \
             outcome, severity, avs_level, threat_probability, reason_code, headline, disposition, \
             CASE WHEN state = 'decided' THEN blind ELSE 0 END AS hidden \
             FROM alarm WHERE ($1 = '' OR state = $1) AND ($2 = '' OR site = $2) \
             ORDER BY CASE WHEN state IN ('closed', 'closed_without_person') THEN 3 \
             WHEN state = 'waiting' THEN 1 WHEN severity = 'critical' AND blind = 0 THEN 0 ELSE 2 END, \
             CASE WHEN state = 'waiting' THEN received_at ELSE '' END, \
             CASE WHEN blind = 1 AND state = 'decided' THEN $5 ELSE COALESCE(severity_rank, 0) END DESC, \
             CASE WHEN blind = 1 AND state = 'decided' THEN $6 ELSE COALESCE(outcome_rank, 0) END DESC, \
             CASE WHEN blind = 1 AND state = 'decided' THEN 0 ELSE COALESCE(threat_probability, 0) END DESC, \
             occurred_at, id LIMIT $3 OFFSET $4",
        )
        .bind(filter.state.map_or("", super::AlarmState::as_str))
        .bind(filter.site.as_deref().unwrap_or_default())
        .bind(i64::from(filter.limit.min(QueueFilter::MAX_LIMIT)))
        .bind(i64::from(filter.offset))
        .bind(Severity::Low as i64)
        .bind(Outcome::Uncertain as i64)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(item)
        .collect()
    }

    /// How many alarms there are in each state, entries, and jobs that keep failing.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let found = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM alarm WHERE state = 'waiting') AS waiting, \
             (SELECT COUNT(*) FROM alarm WHERE state = 'decided') AS decided, \
             (SELECT COUNT(*) FROM alarm WHERE state = 'closed') AS closed, \
             (SELECT COUNT(*) FROM alarm WHERE state = 'closed_without_person') AS alone, \
             (SELECT size FROM log_head WHERE id = 1) AS entries, \
             (SELECT COUNT(*) FROM job WHERE attempt >= $1 AND error_code IS NOT NULL) AS jobs_dead",
        )
        .bind(i64::from(Counts::DEAD_AFTER))
        .fetch_one(&self.pool)
        .await?;
        Ok(Counts {
            waiting: row::number(&found, "waiting")?,
            decided: row::number(&found, "decided")?,
            closed: row::number(&found, "closed")?,
            closed_without_person: row::number(&found, "alone")?,
            entries: row::number(&found, "entries")?,
            jobs_dead: row::number(&found, "jobs_dead")?,
        })
    }
}

fn item(found: &AnyRow) -> Result<QueueItem, StoreError> {
    use sqlx::Row as _;
    let level: Option<i64> = found.try_get("avs_level")?;
    let level = level
        .map(|level| {
            u8::try_from(level).map_err(|error| error.to_string()).and_then(AvsLevel::try_from)
        })
        .transpose()
        .map_err(StoreError::Corrupt)?;
    let whole = QueueItem {
        id: row::parsed(found, "id")?,
        source: row::text(found, "source")?,
        source_event_id: row::text(found, "source_event_id")?,
        site: row::text(found, "site")?,
        camera: row::text(found, "camera")?,
        kind: row::text(found, "kind")?,
        occurred_at: row::time(found, "occurred_at")?,
        received_at: row::time(found, "received_at")?,
        state: row::parsed(found, "state")?,
        outcome: row::maybe_parsed(found, "outcome")?,
        severity: row::maybe_parsed(found, "severity")?,
        avs_level: level,
        threat_probability: found.try_get("threat_probability")?,
        reason_code: row::maybe_parsed(found, "reason_code")?,
        headline: row::maybe_text(found, "headline")?,
        disposition: row::maybe_parsed(found, "disposition")?,
        blind: row::number::<i64>(found, "hidden")? != 0,
    };
    if !whole.blind {
        return Ok(whole);
    }
    Ok(QueueItem {
        outcome: None,
        severity: None,
        avs_level: None,
        threat_probability: None,
        reason_code: None,
        ..whole
    })
}
