//! What happened at a site, counted camera by camera, and its latest decisions as drift is measured on them.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::{DecisionSample, Store, StoreError, row, tx::Tx};
use crate::{
    audit::{Event, EventKind, leaf::instant, permille},
    domain::{DriftSign, DriftSignCode, ReviewReason},
};

/// One camera's alarms, without control alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CameraCounts {
    /// The camera.
    pub camera: String,
    /// Alarms decided.
    pub decided: u64,
    /// Suggested as verified.
    pub verified: u64,
    /// Suggested as dismissed.
    pub dismissed: u64,
    /// Left to people.
    pub uncertain: u64,
    /// Closed without a person.
    pub closed_without_person: u64,
    /// Suggestions of verified or dismissed that people saw and told apart.
    pub judged: u64,
    /// Of these, those that they contradicted.
    pub overridden: u64,
    /// Real threats, as people say, that had not been dismissed.
    pub threats_elsewhere: u64,
}

/// One camera's alarms whose suggestion was hidden for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCounts {
    /// The camera.
    pub camera: String,
    /// Why they were hidden.
    pub reason: ReviewReason,
    /// Drawn.
    pub drawn: u64,
    /// Answered with a word that tells threat and harmless apart.
    pub told: u64,
    /// Of these, real threats.
    pub threats: u64,
    /// Not answered yet.
    pub open: u64,
}

/// Words that tell threat and harmless apart, as SQL.
const TOLD: &str = "('real_threat', 'real_no_threat', 'false_detection', 'technical')";

impl Store {
    /// The site's alarms that were decided since `since`, by camera.
    pub async fn camera_counts(
        &self,
        site: &str,
        since: Timestamp,
    ) -> Result<Vec<CameraCounts>, StoreError> {
        let sum = |condition: &str, name: &str| {
            format!("CAST(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS BIGINT) AS {name}")
        };
        let judged = format!(
            "blind = 0 AND state = 'closed' AND outcome IN ('verified', 'dismissed') AND disposition IN {TOLD}"
        );
        let wrong = format!("{judged} AND (outcome = 'dismissed') = (disposition = 'real_threat')");
        let columns = [
            sum("outcome = 'verified'", "verified"),
            sum("outcome = 'dismissed'", "dismissed"),
            sum("outcome = 'uncertain'", "uncertain"),
            sum("state = 'closed_without_person'", "alone"),
            sum(&judged, "judged"),
            sum(&wrong, "overridden"),
            sum("disposition = 'real_threat' AND outcome <> 'dismissed'", "threats_elsewhere"),
        ];
        let sql = format!(
            "SELECT camera, COUNT(*) AS decided, {} FROM alarm \
             WHERE site = $1 AND decided_at >= $2 AND NOT EXISTS \
             (SELECT 1 FROM review r WHERE r.alarm_id = alarm.id AND r.reason = 'control') \
             GROUP BY camera ORDER BY camera",
            columns.join(", ")
        );
        // Everything in it is written above.
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(site)
            .bind(instant(since))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(counts)
            .collect()
    }

    /// The site's hidden suggestions that were drawn since `since`, by camera and reason.
    pub async fn review_counts(
        &self,
        site: &str,
        since: Timestamp,
    ) -> Result<Vec<ReviewCounts>, StoreError> {
        let sql = format!(
            "SELECT camera, reason, COUNT(*) AS drawn, \
             CAST(SUM(CASE WHEN answer IN {TOLD} THEN 1 ELSE 0 END) AS BIGINT) AS told, \
             CAST(SUM(CASE WHEN answer = 'real_threat' THEN 1 ELSE 0 END) AS BIGINT) AS threats, \
             CAST(SUM(CASE WHEN answered_at IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS still_open \
             FROM review WHERE site = $1 AND drawn_at >= $2 \
             GROUP BY camera, reason ORDER BY camera, reason"
        );
        // Everything in it is written above.
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(site)
            .bind(instant(since))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|found| {
                Ok(ReviewCounts {
                    camera: row::text(found, "camera")?,
                    reason: row::parsed(found, "reason")?,
                    drawn: row::number(found, "drawn")?,
                    told: row::number(found, "told")?,
                    threats: row::number(found, "threats")?,
                    open: row::number(found, "still_open")?,
                })
            })
            .collect()
    }

    /// The latest decisions of the site before `before`, the newest first, `limit` at most.
    pub async fn decision_samples(
        &self,
        site: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<DecisionSample>, StoreError> {
        sqlx::query(
            "SELECT d.signs, a.outcome, a.disposition FROM alarm a \
             JOIN decision d ON d.alarm_id = a.id \
             WHERE a.site = $1 AND a.decided_at < $2 AND d.signs IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM review r WHERE r.alarm_id = a.id AND r.reason = 'control') \
             ORDER BY a.decided_at DESC, a.id DESC LIMIT $3",
        )
        .bind(site)
        .bind(instant(before))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|found| {
            Ok(DecisionSample {
                signs: row::document(found, "signs")?,
                outcome: row::parsed(found, "outcome")?,
                disposition: row::maybe_parsed(found, "disposition")?,
            })
        })
        .collect()
    }

    /// Signs of drift that are up at the site.
    pub async fn drift_raised(&self, site: &str) -> Result<Vec<DriftSignCode>, StoreError> {
        sqlx::query("SELECT sign FROM drift WHERE site = $1 AND ended_at IS NULL")
            .bind(site)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|found| row::parsed(found, "sign"))
            .collect()
    }

    /// Takes a sign of drift down in the log when it goes up or away; nothing where it stays.
    pub async fn note_drift(&self, site: &str, sign: &DriftSign) -> Result<bool, StoreError> {
        let mut tx = Tx::begin(self).await?;
        let now = tx.now();
        let changed = if sign.raised {
            sqlx::query(
                "INSERT INTO drift (id, site, sign, raised_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(self.new_id())
            .bind(site)
            .bind(sign.code.as_str())
            .bind(instant(now))
            .execute(tx.connection())
            .await?
        } else {
            sqlx::query(
                "UPDATE drift SET ended_at = $1 WHERE site = $2 AND sign = $3 AND ended_at IS NULL",
            )
            .bind(instant(now))
            .bind(site)
            .bind(sign.code.as_str())
            .execute(tx.connection())
            .await?
        };
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        let kind = if sign.raised { EventKind::DriftRaised } else { EventKind::DriftEnded };
        let mut event = Event::new(kind, now)
            .public("sign", sign.code.as_str())
            .public("value_permille", sign.value.map(permille))
            .public("limit_permille", permille(sign.limit))
            .public("current", sign.current)
            .public("reference", sign.reference);
        event.site = Some(site.to_owned());
        let subject = tx.own_subject();
        let receipt = tx.record(&event, &subject).await?;
        tx.commit(receipt).await?;
        Ok(true)
    }
}

fn counts(found: &AnyRow) -> Result<CameraCounts, StoreError> {
    Ok(CameraCounts {
        camera: row::text(found, "camera")?,
        decided: row::number(found, "decided")?,
        verified: row::number(found, "verified")?,
        dismissed: row::number(found, "dismissed")?,
        uncertain: row::number(found, "uncertain")?,
        closed_without_person: row::number(found, "alone")?,
        judged: row::number(found, "judged")?,
        overridden: row::number(found, "overridden")?,
        threats_elsewhere: row::number(found, "threats_elsewhere")?,
    })
}
