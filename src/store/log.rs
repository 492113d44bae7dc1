//! The log: single entries, its signed head, and reading it.

use sqlx::{Row as _, any::AnyRow};

use super::{
    LogEntry, LogHead, Store, StoreError, row,
    tx::{Tx, root},
};
use crate::{
    audit::{Checkpoint, Event},
    domain::DecisionRecord,
};

/// The most entries that one call returns.
const MAX_ENTRIES: u32 = 1_000;

impl Store {
    /// Records one event alone, such as `system.start`.
    pub async fn record(&self, event: Event) -> Result<DecisionRecord, StoreError> {
        let mut tx = Tx::begin(self).await?;
        let known = match event.alarm {
            Some(id) => tx.subject(id).await?,
            None => None,
        };
        let subject = known.unwrap_or_else(|| tx.own_subject());
        let receipt = tx.record(&event, &subject).await?;
        tx.commit(receipt).await
    }

    /// Signs the log's head if it has grown since the last checkpoint, and returns the note.
    /// Of two callers at once, one signs.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], and no signature, when the log is not a continuation of what this
    /// key has signed: fewer entries, other entries, or another key's checkpoint. That is what a
    /// restored old backup looks like.
    pub async fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        if self.unsigned().await? == 0 {
            return Ok(None);
        }
        let mut tx = Tx::begin(self).await?;
        // Writing the row to itself locks it on PostgreSQL until the checkpoint is in.
        let head =
            sqlx::query("UPDATE log_head SET size = size WHERE id = 1 RETURNING size, signed")
                .fetch_one(tx.connection())
                .await?;
        let (size, signed): (u64, u64) =
            (row::number(&head, "size")?, row::number(&head, "signed")?);
        let last = sqlx::query("SELECT size, note FROM log_checkpoint ORDER BY size DESC LIMIT 1")
            .fetch_optional(tx.connection())
            .await?;
        self.continues(&mut tx, size, signed, last.as_ref()).await?;
        if size == signed {
            return Ok(None);
        }
        let origin = self.identity.origin.clone();
        let note = Checkpoint { origin, size, root: root(tx.connection(), size).await? }
            .sign(&self.key)
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        tx.commit_checkpoint(size, &note).await?;
        Ok(Some(note))
    }

    /// The last signed head; `None` before the first.
    pub async fn latest_checkpoint(&self) -> Result<Option<String>, StoreError> {
        sqlx::query("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await?
            .map(|found| row::text(&found, "note"))
            .transpose()
    }

    /// Where the log stands now.
    pub async fn log_head(&self) -> Result<LogHead, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let head = sqlx::query("SELECT size, signed FROM log_head WHERE id = 1")
            .fetch_one(&mut *connection)
            .await?;
        let size = row::number(&head, "size")?;
        let root = hex::encode(root(&mut connection, size).await?);
        let signed = row::number(&head, "signed")?;
        Ok(LogHead { origin: self.identity.origin.clone(), size, root, signed })
    }

    /// Entries from index `from`, at most `limit` and never more than 1,000.
    pub async fn entries(&self, from: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        sqlx::query(
            "SELECT seq, leaf, leaf_hash, recorded_at FROM log_entry \
             WHERE seq >= $1 ORDER BY seq LIMIT $2",
        )
        .bind(row::signed(from)?)
        .bind(i64::from(limit.min(MAX_ENTRIES)))
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(entry)
        .collect()
    }

    /// Refuses a database whose log another key has signed.
    pub(super) async fn check_own_log(&self) -> Result<(), StoreError> {
        match self.latest_checkpoint().await? {
            Some(note) => self.own(&note).map(|_| ()),
            None => Ok(()),
        }
    }

    async fn unsigned(&self) -> Result<u64, StoreError> {
        let head = sqlx::query("SELECT size - signed AS unsigned FROM log_head WHERE id = 1")
            .fetch_one(&self.pool)
            .await?;
        Ok(head.try_get::<i64, _>("unsigned")?.unsigned_abs())
    }

    fn own(&self, note: &str) -> Result<Checkpoint, StoreError> {
        Checkpoint::open(note, self.key.verifier()).map_err(|error| {
            StoreError::Corrupt(format!(
                "the log's last checkpoint is not one of the key {}: {error}; use the log.key that belongs to this database",
                self.key.verifier().to_text()
            ))
        })
    }

    /// A log must never sign a head that contradicts one that it has signed (C2SP tlog-checkpoint).
    async fn continues(
        &self,
        tx: &mut Tx,
        size: u64,
        signed: u64,
        last: Option<&AnyRow>,
    ) -> Result<(), StoreError> {
        let Some(last) = last else {
            return if signed == 0 {
                Ok(())
            } else {
                Err(StoreError::Corrupt(format!(
                    "the log says that {signed} entries are signed, but has no checkpoint"
                )))
            };
        };
        let last = self.own(&row::text(last, "note")?)?;
        if last.size != signed || last.size > size {
            return Err(StoreError::Corrupt(format!(
                "the log has {size} entries, {signed} of them signed, but a checkpoint of {} entries was signed already: was an old backup restored? Nothing is signed",
                last.size
            )));
        }
        if root(tx.connection(), last.size).await? != last.root {
            return Err(StoreError::Corrupt(format!(
                "the first {} entries are not those that were signed; run `sereno log verify`. Nothing is signed",
                last.size
            )));
        }
        Ok(())
    }
}

fn entry(found: &AnyRow) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        seq: row::number(found, "seq")?,
        leaf: row::text(found, "leaf")?,
        leaf_hash: row::text(found, "leaf_hash")?,
        recorded_at: row::text(found, "recorded_at")?,
    })
}
