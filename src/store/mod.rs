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
mod learned;
mod log;
mod open;
mod oversight;
mod policies;
mod quality;
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

pub use decisions::Recorded;
pub use error::StoreError;
pub use learned::{LabelledAlarm, LearnedVersion};
pub use open::sqlite_url;
pub use policies::{LivePolicy, LiveReason, PolicyCheck};
pub use quality::{CameraCounts, ReviewCounts};
pub use types::{
    Accepted, AlarmState, Change, Counts, DecisionDraft, DecisionSample, DecisionSigns, Job,
    LogEntry, LogHead, LogIdentity, QueueFilter, QueueItem, StoredAlarm,
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

    /// Ends all connections; calls after this give [`StoreError::Unavailable`]. Waits ten seconds
    /// at most for calls that are under way: what they have not committed is undone.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(open::PATIENCE, self.pool.close()).await;
    }

    /// The log's verifier key, `origin+id+key`: what a stranger needs to check its signatures.
    pub fn verifier_key(&self) -> String {
        self.key.verifier().to_text()
    }

    /// Names the policies that decide in the entries from now on; at first, those that went live last.
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::domain::{Alarm, RandomIds, clock::FixedClock};

    async fn store(folder: &std::path::Path) -> Store {
        let identity = LogIdentity {
            origin: "log.test/1".into(),
            system_version: String::new(),
            build_digest: String::new(),
            config_digest: String::new(),
        };
        let key = LogKey::from_seed([1; 32], "log.test/1").unwrap();
        let clock = Arc::new(FixedClock::at(Timestamp::UNIX_EPOCH));
        let url = sqlite_url(&folder.join("s.db"));
        Store::open(&url, identity, key, clock, Arc::new(RandomIds)).await.unwrap()
    }

    /// Says `pragma` on every connection of the pool, which is how a disk changes under all of them.
    async fn everywhere(store: &Store, pragma: &str) {
        let mut connections = Vec::new();
        for _ in 0..store.pool.options().get_max_connections() {
            connections.push(store.pool.acquire().await.unwrap());
        }
        for connection in &mut connections {
            let pragma = AssertSqlSafe(pragma.to_owned());
            sqlx::raw_sql(pragma).execute(&mut **connection).await.unwrap();
        }
    }

    fn alarm(n: u32, caption_bytes: usize) -> Alarm {
        serde_json::from_value(serde_json::json!({
            "source": "test", "source_event_id": n.to_string(), "camera": "c", "kind": "k",
            "occurred_at": "1970-01-01T00:00:00Z",
            "captions": [{"text": "x".repeat(caption_bytes)}],
        }))
        .unwrap()
    }

    /// After a failure the service still reads, and once it is mended it goes on where it was.
    async fn fails_and_recovers(broken: &str, code: &str, mended: &str) {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let first = store.accept(&alarm(1, 10), "s").await.unwrap();
        everywhere(&store, broken).await;
        let failed = store.accept(&alarm(2, 400_000), "s").await.unwrap_err();
        assert_eq!(failed.code(), code, "{failed}");
        store.ping().await.unwrap();
        assert!(store.alarm(first.id).await.unwrap().is_some());
        assert_eq!(store.counts().await.unwrap().entries, 1);
        everywhere(&store, mended).await;
        assert!(store.accept(&alarm(2, 400_000), "s").await.unwrap().fresh);
        let vkey = store.key.verifier().to_text();
        let report = store.verify_log(&vkey, &mut |_, _| ()).await.unwrap();
        assert!(report.ok && report.size == 2, "{report:?}");
    }

    #[tokio::test]
    async fn a_full_disk_loses_nothing_and_passes() {
        let (broken, mended) = ("PRAGMA max_page_count = 60", "PRAGMA max_page_count = 100000");
        fails_and_recovers(broken, "store_full", mended).await;
    }

    #[tokio::test]
    async fn a_read_only_disk_loses_nothing_and_passes() {
        let (broken, mended) = ("PRAGMA query_only = ON", "PRAGMA query_only = OFF");
        fails_and_recovers(broken, "store_read_only", mended).await;
    }

    #[tokio::test]
    async fn a_closed_store_says_that_it_is_not_available() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        store.close().await;
        assert_eq!(store.ping().await.unwrap_err().code(), "store_unavailable");
    }
}
