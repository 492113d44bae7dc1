//! All SQL: alarms, jobs, decisions, dispositions, people and the log, on SQLite or PostgreSQL.
//!
//! Every change of state that matters commits in one transaction with its entry in the log
//! ([`tx::Tx`]). What needs no entry, because it decides nothing (leases of jobs, log-in sessions,
//! the log's own checkpoints), is one statement or one small transaction and says so.

mod alarms;
mod decisions;
mod dispositions;
mod error;
mod jobs;
mod log;
mod open;
mod queue;
mod row;
mod sessions;
mod tx;
mod types;
mod users;
mod verify;

use std::sync::{Arc, PoisonError, RwLock};

use sqlx::AnyPool;
use tokio::sync::Mutex;

pub use error::StoreError;
pub use open::sqlite_url;
pub use types::{
    Accepted, AlarmState, Counts, DecisionDraft, Job, LogEntry, LogHead, LogIdentity, QueueFilter,
    QueueItem, StoredAlarm,
};

use crate::{
    audit::LogKey,
    domain::{Clock, IdSource},
};

/// The database. Clones share one pool of connections.
///
/// A call that returns `Ok` has been committed to disk; one that returns an error, or whose future
/// is dropped before it ends, has changed nothing or everything, never a part. After an unanswered
/// [`Store::accept`] or [`Store::commit_decision`] the caller repeats it: both give the first
/// answer again.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    /// SQLite has one writer at a time; waiting here is fair, waiting in SQLite is not.
    turn: Arc<Mutex<()>>,
    identity: Arc<LogIdentity>,
    key: Arc<LogKey>,
    policy_digest: Arc<RwLock<String>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Sqlite,
    Postgres,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Store {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT size FROM log_head WHERE id = 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Ends all connections; calls after this give [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Names the live policy set in the entries from now on.
    pub fn set_policy_digest(&self, digest: &str) {
        let mut now = self.policy_digest.write().unwrap_or_else(PoisonError::into_inner);
        digest.clone_into(&mut now);
    }

    fn policy_digest(&self) -> String {
        self.policy_digest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn new_id(&self) -> String {
        self.ids.new_id(&*self.clock).to_string()
    }

    /// An id that tells nothing, not even when it was made.
    fn random_id(&self) -> String {
        hex::encode(&self.ids.random_bytes()[..16])
    }
}
