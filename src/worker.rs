//! Claims a job, decides its alarm, commits the decision; a failed commit is tried again.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Sites,
    domain::{IdSource, Outcome, ReviewReason, Severity},
    pipeline::{Pipeline, Received},
    store::{AlarmState, Change, DecisionDraft, Job, Store, StoreError},
};

/// How long a claimed job belongs to its worker. Longer than any decision takes, so that a job is
/// claimed again only when its worker has died.
const LEASE: Duration = Duration::from_mins(5);
/// How long an idle worker sleeps when nobody wakes it; another process may have added a job.
const IDLE: Duration = Duration::from_secs(2);
/// How long a job rests after a failed commit.
const REST: Duration = Duration::from_secs(5);

/// One worker. Several may run, in one process or, on PostgreSQL, in many.
#[derive(Clone)]
pub struct Worker {
    /// Its name in leases.
    pub name: String,
    /// Where jobs come from and decisions go.
    pub store: Store,
    /// What decides.
    pub pipeline: Arc<Pipeline>,
    /// How many alarms people judge before they know the verdict.
    pub sites: Arc<Sites>,
    /// What draws them.
    pub ids: Arc<dyn IdSource>,
    /// Rung when an alarm was accepted.
    pub wake: Arc<Notify>,
    /// Told of every decided alarm.
    pub changes: broadcast::Sender<Change>,
}

impl Worker {
    /// Works until `stop`; a decision that has begun is finished first.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.work_once().await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep(IDLE) => {}
                    }
                }
                Err(error) => {
                    // The store's errors pass: a full disk is emptied, a database comes back.
                    tracing::error!(error = %error, "the worker rests: the store does not answer");
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(REST) => {}
                    }
                }
            }
        }
    }

    /// Decides one alarm if one waits. Returns whether one did.
    ///
    /// # Errors
    /// When the store does not answer; the job stays and its lease runs out.
    pub async fn work_once(&self) -> Result<bool, StoreError> {
        let Some(job) = self.store.claim_job(&self.name, LEASE).await? else { return Ok(false) };
        if let Err(error) = self.decide(&job).await {
            tracing::error!(alarm = %job.alarm, error = %error, "a decision was not committed");
            self.store.retry_job(&job, REST, error.code()).await?;
        }
        Ok(true)
    }

    async fn decide(&self, job: &Job) -> Result<(), StoreError> {
        let stored = self.store.alarm(job.alarm).await?.ok_or(StoreError::NotFound("alarm"))?;
        let recent = self
            .store
            .recent(&stored.site, &stored.alarm.camera, stored.alarm.occurred_at, stored.id)
            .await?;
        let grant = self.store.grant_in_force(&stored.site, &stored.alarm.kind).await?;
        let received = Received {
            id: stored.id,
            alarm: stored.alarm,
            site: stored.site,
            received_at: stored.received_at,
            recent,
            grant,
        };
        let mut draft = self.pipeline.decide(&received).await.draft;
        draft.review = self.draw(&draft);
        let decision = self.store.commit_decision(Some(job), draft).await?;
        metrics::counter!(
            "sereno_verdicts_total",
            "outcome" => decision.verdict.outcome.as_str(),
            "reason" => decision.verdict.reason.code.as_str(),
        )
        .increment(1);
        // Nobody may be listening; the store has it all the same.
        let state =
            self.store.alarm(received.id).await?.map_or(AlarmState::Decided, |kept| kept.state);
        let _listeners = self.changes.send(Change { id: received.id, state });
        Ok(())
    }

    /// Whether people are to judge this alarm before they know the verdict. Dismissals are what is
    /// measured; some uncertain ones are hidden too, so that a hidden verdict gives nothing away. What
    /// may concern a life or needs somebody soon is never hidden.
    fn draw(&self, draft: &DecisionDraft) -> Option<ReviewReason> {
        let reason = match draft.verdict.outcome {
            Outcome::Dismissed => ReviewReason::Dismissal,
            Outcome::Uncertain
                if draft.verdict.severity <= Severity::Medium && !draft.facts.life_safety() =>
            {
                ReviewReason::Decoy
            }
            Outcome::Uncertain | Outcome::Verified => return None,
        };
        let share = self.sites.get(&draft.alarm.site)?.quality.blind_review_share;
        (self.ids.fraction() < share).then_some(reason)
    }
}
