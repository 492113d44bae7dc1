//! The desk where policies are checked, tried and approved, and which keeps in force what the store says.

mod check;
mod folder;
mod start;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{Mutex, Semaphore},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use check::Checked;
use folder::Folder;

use crate::{
    domain::{Backtest, Clock, PolicyDocument, PolicyFile, PolicyState, PolicyVersion, User},
    evaluation::backtest,
    http::{PolicyDesk, PolicyDeskError, PolicyFolder},
    policy::{Draft, LivePolicies, Policies},
    store::{Store, StoreError},
};

/// How often the folder and the store are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Versions whose description is kept, because finding what is odd about them takes time.
const DESCRIBED: usize = 4;

/// Works with policies; one a service.
///
/// What is in force is written in the store first and taken from there ([`Desk::look`]), so that a
/// caller who goes away, a crash, and another service on the same database all end in the same way.
pub struct Desk {
    store: Store,
    policies: Arc<LivePolicies>,
    clock: Arc<dyn Clock>,
    folder: Folder,
    /// One check at a time: each takes a core for as long as it lasts.
    checks: Arc<Semaphore>,
    /// One backtest at a time, which may last for minutes; nobody who rolls back waits for it.
    trials: Arc<Semaphore>,
    /// The version of the store that decides here, or that this build could not load.
    followed: Mutex<Option<String>>,
    described: Mutex<Vec<PolicyDocument>>,
}

impl Desk {
    /// A desk that exchanges `policies`. Nothing happens before [`Desk::start`] or [`Desk::look`].
    pub fn new(
        store: Store,
        policies: Arc<LivePolicies>,
        clock: Arc<dyn Clock>,
        folder: Option<PathBuf>,
    ) -> Self {
        Self {
            store,
            policies,
            clock,
            folder: Folder::new(folder),
            checks: Arc::new(Semaphore::new(1)),
            trials: Arc::new(Semaphore::new(1)),
            followed: Mutex::default(),
            described: Mutex::default(),
        }
    }

    /// Looks every two seconds until `stop`. What fails is told and tried again.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = self.look().await {
                tracing::error!(%error, "the policies could not be looked after");
            }
        }
    }

    /// Puts in force what the store says, and proposes what is new in the folder.
    ///
    /// # Errors
    /// When the store does not answer. What is in force stays so.
    pub async fn look(&self) -> Result<(), PolicyDeskError> {
        self.follow(None).await?;
        self.look_at_folder().await
    }

    /// Puts in force what the store says, which may be `proven` already. A version that this build
    /// cannot load is told once; what decides here goes on.
    async fn follow(&self, proven: Option<Policies>) -> Result<(), PolicyDeskError> {
        let mut followed = self.followed.lock().await;
        let Some(live) = self.store.live_policy().await? else { return Ok(()) };
        if followed.as_ref() == Some(&live.digest) {
            return Ok(());
        }
        let at_hand = proven.filter(|policies| policies.digest() == live.digest);
        let proven = if let Some(proven) = at_hand {
            Ok(proven)
        } else {
            let Checked { check, proven, .. } = self.recheck(&live.digest).await?;
            proven.ok_or(check.problems)
        };
        match proven {
            Ok(policies) => {
                if policies.digest() != live.digest {
                    tracing::warn!(
                        theirs = live.digest,
                        ours = policies.digest(),
                        "another build put policies in force; they decide here under this build's schema"
                    );
                }
                self.exchange(policies);
            }
            Err(problems) => tracing::error!(
                digest = live.digest,
                problems = problems.join("; "),
                "this build cannot load the policies that are in force elsewhere; those before decide here"
            ),
        }
        *followed = Some(live.digest);
        Ok(())
    }

    /// From now on these decide. Alarms that were begun are finished under those before.
    fn exchange(&self, policies: Policies) {
        let digest = policies.digest().to_owned();
        self.policies.exchange(policies);
        self.store.set_policy_digest(&digest);
        tracing::info!(digest, "policies are in force");
    }

    /// The change is committed; where it cannot be put in force at once, [`Desk::look`] does so.
    async fn follow_change(&self, proven: Policies) {
        if let Err(error) = self.follow(Some(proven)).await {
            tracing::error!(%error, "policies are not in force yet; it is tried again");
        }
    }

    async fn version(&self, digest: &str) -> Result<PolicyVersion, PolicyDeskError> {
        self.store.policy(digest).await?.ok_or(PolicyDeskError::NotFound)
    }

    async fn files(&self, digest: &str) -> Result<Vec<PolicyFile>, PolicyDeskError> {
        self.store.policy_files(digest).await?.ok_or(PolicyDeskError::NotFound)
    }

    /// Checks something when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PolicyDeskError> {
        one_by_one(&self.checks, work).await
    }

    /// Checks the files of a version that is kept.
    async fn recheck(&self, digest: &str) -> Result<Checked, PolicyDeskError> {
        let files = self.files(digest).await?;
        self.in_turn(move || check::check(files)).await?.map_err(PolicyDeskError::Unsound)
    }
}

/// Does something on a thread that may block, when those before it are done.
async fn one_by_one<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PolicyDeskError> {
    let turn = Arc::clone(turns).acquire_owned().await;
    let turn = turn.map_err(|error| PolicyDeskError::Failed(error.to_string()))?;
    aside(move || {
        let _turn = turn;
        work()
    })
    .await
}

/// Does something on a thread that may block.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PolicyDeskError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| PolicyDeskError::Failed(format!("it was broken off: {error}")))
}

#[async_trait]
impl PolicyDesk for Desk {
    fn in_force(&self) -> String {
        self.policies.current().digest().to_owned()
    }

    fn folder(&self) -> PolicyFolder {
        self.folder.told()
    }

    async fn document(&self, digest: &str) -> Result<PolicyDocument, PolicyDeskError> {
        let version = self.version(digest).await?;
        // Held while it is made, so that a second reader waits for the first instead of doing it too.
        let mut described = self.described.lock().await;
        if let Some(known) = described.iter().find(|known| known.version.digest == digest) {
            return Ok(PolicyDocument { version, ..known.clone() });
        }
        let files = self.files(digest).await?;
        let document = aside(move || check::describe(version, files)).await?;
        if described.len() == DESCRIBED {
            described.remove(0);
        }
        described.push(document.clone());
        Ok(document)
    }

    async fn cedar_json(&self, digest: &str) -> Result<Value, PolicyDeskError> {
        let files = self.files(digest).await?;
        aside(move || check::cedar_json(files)).await?.map_err(PolicyDeskError::Unsound)
    }

    async fn propose(
        &self,
        note: &str,
        files: Vec<PolicyFile>,
        by: &User,
    ) -> Result<PolicyVersion, PolicyDeskError> {
        let checked = self.in_turn(move || check::check(files)).await?;
        let Checked { check, files, .. } = checked.map_err(PolicyDeskError::NotPolicyFiles)?;
        if let Some(PolicyVersion { digest, state, .. }) = self.store.policy(&check.digest).await?
            && !matches!(state, PolicyState::Withdrawn | PolicyState::Retired)
        {
            return Err(PolicyDeskError::Known { digest, state });
        }
        Ok(self.store.propose_policy(note, &files, &check, Some(by)).await?)
    }

    async fn backtest(
        &self,
        digest: &str,
        since: Option<Timestamp>,
        by: &User,
    ) -> Result<Backtest, PolicyDeskError> {
        let state = self.version(digest).await?.state;
        if !matches!(state, PolicyState::Checked | PolicyState::Backtested) {
            return Err(PolicyDeskError::NotChecked(state));
        }
        self.follow(None).await?;
        let files = self.files(digest).await?;
        let (store, before) = (self.store.clone(), self.policies.current());
        let (now, runtime, wanted) = (self.clock.now(), Handle::current(), digest.to_owned());
        let tried = one_by_one(&self.trials, move || {
            let after = Draft::sent(files)
                .map_err(|error| PolicyDeskError::Unsound(check::findings(&error)))?;
            if after.digest() != wanted {
                return Err(PolicyDeskError::OtherSchema);
            }
            let tried = backtest::run(&store, &before, &after, since, now);
            Ok(runtime.block_on(tried)?)
        });
        let tried = tried.await??;
        self.store.record_backtest(&tried, by).await?;
        Ok(tried)
    }

    async fn approve(&self, digest: &str, by: &User) -> Result<PolicyVersion, PolicyDeskError> {
        let version = self.version(digest).await?;
        if version.state != PolicyState::Backtested {
            return Err(PolicyDeskError::NotBacktested(version.state));
        }
        if !version.has_first_person_beside(&by.name) {
            return Err(PolicyDeskError::SecondPerson);
        }
        let against = version.backtest.map(|backtest| backtest.against);
        if self.store.live_policy().await?.is_some_and(|live| Some(live.digest) != against) {
            return Err(PolicyDeskError::StaleBacktest);
        }
        let Checked { check, proven, .. } = self.recheck(digest).await?;
        if check.digest != digest {
            return Err(PolicyDeskError::OtherSchema);
        }
        let Some(proven) = proven.filter(|_| check.problems.is_empty()) else {
            self.store.record_policy_check(&check).await?;
            return Err(PolicyDeskError::Unsound(check.problems));
        };
        let version = self.store.approve_policy(digest, by).await?;
        self.follow_change(proven).await;
        Ok(version)
    }

    async fn roll_back(&self, because: &str, by: &User) -> Result<PolicyVersion, PolicyDeskError> {
        let previous = self.store.previous_policy().await?;
        let previous = previous.ok_or(PolicyDeskError::NothingBefore)?;
        let Checked { check, files, proven } = self.recheck(&previous).await?;
        // Its cases may fail under this build; it was in force, and somebody needs it back now.
        let Some(proven) = proven else { return Err(PolicyDeskError::Unsound(check.problems)) };
        let version = self.store.roll_back_policy(&previous, &files, &check, because, by).await?;
        self.follow_change(proven).await;
        Ok(version)
    }
}

/// Whether somebody else was quicker.
fn was_overtaken(error: &PolicyDeskError) -> bool {
    matches!(error, PolicyDeskError::Store(StoreError::Conflict(_)))
}
