//! Verifying the stored log: reads every row of it, in one snapshot, into the pure verifier.

use sqlx::{Any, Transaction, any::AnyRow};

use super::{Backend, Store, StoreError, row};
use crate::audit::{
    VerifierKey,
    verify::{
        Report, StoredCheckpoint, StoredDisclosure, StoredEntry, StoredHead, StoredNode, Verifier,
        documents,
    },
};

/// Entries read at a time.
const BATCH: u64 = 500;

/// One batch of rows, in the order of the log.
struct Batch {
    entries: Vec<StoredEntry>,
    nodes: Vec<StoredNode>,
    payload: Vec<StoredDisclosure>,
}

impl Store {
    /// Recomputes everything from the rows and checks every signature with `verifier_key`, the text
    /// of `log.vkey`. `progress` is told how many entries have been read, of how many.
    ///
    /// # Errors
    /// Only when the key's text is wrong or the database cannot be read; what is wrong with the
    /// log is in the report.
    pub async fn verify_log(
        &self,
        verifier_key: &str,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Report, StoreError> {
        let key = VerifierKey::parse(verifier_key)
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        // Everything is read from one moment of the database, while others go on writing.
        let mut tx = match self.backend {
            Backend::Sqlite => self.pool.begin().await?,
            Backend::Postgres => {
                self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?
            }
        };
        let head = head(&mut tx).await?;
        let mut verifier = Verifier::new(key, checkpoints(&mut tx).await?);
        let mut from = i64::MIN;
        let mut read = 0;
        loop {
            let batch = batch(&mut tx, from).await?;
            let Some(last) = batch.entries.last() else { break };
            from = row::signed(last.seq)? + 1;
            read += u64::try_from(batch.entries.len()).unwrap_or_default();
            self.check(&mut verifier, &mut tx, &batch).await?;
            progress(read, head.size.max(read));
            tokio::task::yield_now().await;
        }
        strays(&mut verifier, &mut tx).await?;
        tx.rollback().await?;
        Ok(verifier.finish(&head))
    }

    async fn check(
        &self,
        verifier: &mut Verifier,
        tx: &mut Transaction<'static, Any>,
        batch: &Batch,
    ) -> Result<(), StoreError> {
        let (mut nodes, mut payload) = (batch.nodes.as_slice(), batch.payload.as_slice());
        for entry in &batch.entries {
            let own_nodes = take(&mut nodes, entry.seq, |node| node.seq);
            let own_payload = take(&mut payload, entry.seq, |one| one.seq);
            verifier.entry(entry, own_nodes, own_payload);
            for (name, digest) in documents(own_payload) {
                let text = document(tx, entry, &name).await?;
                verifier.document(entry.seq, &name, &digest, text.as_deref());
            }
        }
        Ok(())
    }
}

/// Splits off those of the sorted `rows` that belong to entry `seq`; earlier ones belong to none.
fn take<'r, T>(rows: &mut &'r [T], seq: u64, of: impl Fn(&T) -> u64) -> &'r [T] {
    let start = rows.partition_point(|one| of(one) < seq);
    let end = rows.partition_point(|one| of(one) <= seq);
    let own = &rows[start..end];
    *rows = &rows[end..];
    own
}

async fn head(tx: &mut Transaction<'static, Any>) -> Result<StoredHead, StoreError> {
    let found = sqlx::query("SELECT size, recorded_at, signed FROM log_head WHERE id = 1")
        .fetch_optional(&mut **tx)
        .await?
        .ok_or_else(|| StoreError::Corrupt("the log's head is gone".into()))?;
    Ok(StoredHead {
        size: row::number(&found, "size")?,
        recorded_at: row::text(&found, "recorded_at")?,
        signed: row::number(&found, "signed")?,
    })
}

async fn checkpoints(
    tx: &mut Transaction<'static, Any>,
) -> Result<Vec<StoredCheckpoint>, StoreError> {
    sqlx::query("SELECT size, note FROM log_checkpoint ORDER BY size")
        .fetch_all(&mut **tx)
        .await?
        .iter()
        .map(|found| {
            Ok(StoredCheckpoint {
                size: row::number(found, "size")?,
                note: row::text(found, "note")?,
            })
        })
        .collect()
}

async fn batch(tx: &mut Transaction<'static, Any>, from: i64) -> Result<Batch, StoreError> {
    let entries: Vec<StoredEntry> = sqlx::query(
        "SELECT seq, alarm_id, leaf, leaf_hash, recorded_at FROM log_entry \
         WHERE seq >= $1 ORDER BY seq LIMIT $2",
    )
    .bind(from)
    .bind(row::signed(BATCH)?)
    .fetch_all(&mut **tx)
    .await?
    .iter()
    .map(entry)
    .collect::<Result<_, _>>()?;
    let (first, last) = match (entries.first(), entries.last()) {
        (Some(first), Some(last)) => (row::signed(first.seq)?, row::signed(last.seq)?),
        _ => return Ok(Batch { entries, nodes: Vec::new(), payload: Vec::new() }),
    };
    let nodes = sqlx::query(
        "SELECT seq, level, hash FROM log_node WHERE seq BETWEEN $1 AND $2 ORDER BY seq, level",
    );
    let nodes = nodes.bind(first).bind(last).fetch_all(&mut **tx).await?;
    let payload = sqlx::query(
        "SELECT seq, name, dek_id, disclosure FROM log_payload \
         WHERE seq BETWEEN $1 AND $2 ORDER BY seq, name",
    );
    let payload = payload.bind(first).bind(last).fetch_all(&mut **tx).await?;
    Ok(Batch {
        entries,
        nodes: nodes.iter().map(node).collect::<Result<_, _>>()?,
        payload: payload.iter().map(disclosure).collect::<Result<_, _>>()?,
    })
}

fn entry(found: &AnyRow) -> Result<StoredEntry, StoreError> {
    Ok(StoredEntry {
        seq: row::number(found, "seq")?,
        alarm_id: row::maybe_text(found, "alarm_id")?,
        leaf: row::text(found, "leaf")?,
        leaf_hash: row::text(found, "leaf_hash")?,
        recorded_at: row::text(found, "recorded_at")?,
    })
}

fn node(found: &AnyRow) -> Result<StoredNode, StoreError> {
    Ok(StoredNode {
        seq: row::number(found, "seq")?,
        level: row::number(found, "level")?,
        hash: row::text(found, "hash")?,
    })
}

fn disclosure(found: &AnyRow) -> Result<StoredDisclosure, StoreError> {
    Ok(StoredDisclosure {
        seq: row::number(found, "seq")?,
        name: row::text(found, "name")?,
        dek_id: row::text(found, "dek_id")?,
        text: row::text(found, "disclosure")?,
    })
}

/// The text that an entry commits to under `name`; `None` when its row is gone.
async fn document(
    tx: &mut Transaction<'static, Any>,
    entry: &StoredEntry,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let alarm = entry.alarm_id.as_deref().unwrap_or_default();
    let query = match name {
        "alarm_sha256" => sqlx::query("SELECT document FROM alarm WHERE id = $1").bind(alarm),
        "decision_sha256" => {
            sqlx::query("SELECT document FROM decision WHERE alarm_id = $1").bind(alarm)
        }
        "report_sha256" => {
            sqlx::query("SELECT document FROM report WHERE alarm_id = $1").bind(alarm)
        }
        "disposition_sha256" => sqlx::query("SELECT document FROM disposition WHERE entry = $1")
            .bind(row::signed(entry.seq)?),
        _ => return Ok(None),
    };
    query.fetch_optional(&mut **tx).await?.map(|found| row::text(&found, "document")).transpose()
}

/// Names rows that belong to no entry.
async fn strays(
    verifier: &mut Verifier,
    tx: &mut Transaction<'static, Any>,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT 'tree node' AS what, seq FROM log_node n \
         WHERE NOT EXISTS (SELECT 1 FROM log_entry e WHERE e.seq = n.seq) \
         UNION ALL SELECT 'personal value' AS what, seq FROM log_payload p \
         WHERE NOT EXISTS (SELECT 1 FROM log_entry e WHERE e.seq = p.seq) ORDER BY 2 LIMIT 10",
    )
    .fetch_all(&mut **tx)
    .await?;
    for one in &found {
        let seq: i64 = row::number(one, "seq")?;
        verifier.stray(&format!(
            "a {} is filed under entry {seq}, which is not there",
            row::text(one, "what")?
        ));
    }
    Ok(())
}
