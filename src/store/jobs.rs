//! The work queue: alarms that wait for a decision, each leased to one worker at a time.
//!
//! Leases decide nothing, so they are single statements without an entry. A worker that dies leaves
//! a lease that runs out; the alarm is then claimed again, and [`Store::commit_decision`] makes
//! sure that it is decided once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;

use super::{Backend, Job, Store, StoreError, row};
use crate::audit::leaf::instant;

impl Store {
    /// Leases the most urgent job that is due, the oldest among equals, to `worker`. `None` when
    /// nothing is due.
    pub async fn claim_job(
        &self,
        worker: &str,
        lease: Duration,
    ) -> Result<Option<Job>, StoreError> {
        let _turn = self.writers_turn().await;
        loop {
            let now = self.clock.now();
            let claimed = sqlx::query(
                "UPDATE job SET leased_by = $1, leased_until = $2, attempt = attempt + 1 \
                 WHERE id = (SELECT id FROM job WHERE run_after <= $3 \
                 AND (leased_until IS NULL OR leased_until <= $3) \
                 ORDER BY urgent DESC, created_at, id LIMIT 1) \
                 AND (leased_until IS NULL OR leased_until <= $3) \
                 RETURNING id, alarm_id, attempt, urgent",
            )
            .bind(worker)
            .bind(instant(later(now, lease)))
            .bind(instant(now))
            .fetch_all(&self.pool)
            .await?;
            if let Some(claimed) = claimed.first() {
                return job(claimed).map(Some);
            }
            // On PostgreSQL another worker may have taken that very job; there may be others.
            if !self.due(now).await? {
                return Ok(None);
            }
        }
    }

    /// Gives a job back, to be tried again after `delay`. Nothing happens when its lease has run
    /// out and somebody else has it.
    pub async fn retry_job(
        &self,
        job: &Job,
        delay: Duration,
        error_code: &str,
    ) -> Result<(), StoreError> {
        let _turn = self.writers_turn().await;
        sqlx::query(
            "UPDATE job SET leased_by = NULL, leased_until = NULL, run_after = $1, error_code = $2 \
             WHERE id = $3 AND attempt = $4",
        )
        .bind(instant(later(self.clock.now(), delay)))
        .bind(error_code)
        .bind(&job.id)
        .bind(i64::from(job.attempt))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Frees the jobs of a process that died, at the start of the only one that works on this database:
    /// with SQLite that is this one. On PostgreSQL others may be alive, and leases run out by themselves.
    pub async fn release_jobs(&self) -> Result<(), StoreError> {
        if matches!(self.backend, Backend::Postgres) {
            return Ok(());
        }
        let _turn = self.writers_turn().await;
        sqlx::query("UPDATE job SET leased_by = NULL, leased_until = NULL")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let found = sqlx::query(
            "SELECT id FROM job WHERE run_after <= $1 \
             AND (leased_until IS NULL OR leased_until <= $1) LIMIT 1",
        )
        .bind(instant(now))
        .fetch_optional(&self.pool)
        .await?;
        Ok(found.is_some())
    }

    /// Waits for the right to write in SQLite; PostgreSQL needs none.
    pub(super) async fn writers_turn(&self) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        match self.backend {
            Backend::Sqlite => Some(self.turn.clone().lock_owned().await),
            Backend::Postgres => None,
        }
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn job(found: &AnyRow) -> Result<Job, StoreError> {
    Ok(Job {
        id: row::text(found, "id")?,
        alarm: row::parsed(found, "alarm_id")?,
        attempt: row::number(found, "attempt")?,
        urgent: row::number::<i64>(found, "urgent")? != 0,
    })
}
