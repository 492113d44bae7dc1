//! The one way to change state: a transaction that cannot be committed without an entry in the log.

use jiff::Timestamp;
use sqlx::{Any, AnyConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::{Backend, Store, StoreError, row};
use crate::{
    audit::{
        Envelope, Event,
        leaf::{self, Leaf, instant},
        tree::{self, Hash, NodeId},
    },
    domain::{AlarmId, DecisionRecord, User},
};

/// A write transaction. Dropping it undoes everything.
pub(super) struct Tx {
    store: Store,
    inner: Transaction<'static, Any>,
    /// Held until the transaction is over; dropped after it, because it stands after it.
    _turn: Option<OwnedMutexGuard<()>>,
}

/// Proof that an entry was recorded in a transaction; only [`Tx::record`] makes one.
#[derive(Debug)]
pub(super) struct Receipt {
    seq: u64,
    hash: Hash,
}

impl Receipt {
    /// Where the entry stands.
    pub(super) fn place(&self) -> DecisionRecord {
        DecisionRecord { entry: self.seq, hash: hex::encode(self.hash) }
    }
}

/// What entries about one thing have in common.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// The data key of its personal values.
    pub(super) dek_id: String,
    /// The events that its entries follow from.
    pub(super) refs: Vec<String>,
}

impl Tx {
    /// Begins, when it is this writer's turn.
    pub(super) async fn begin(store: &Store) -> Result<Self, StoreError> {
        let (turn, inner) = match store.backend {
            Backend::Sqlite => {
                let turn = store.turn.clone().lock_owned().await;
                (Some(turn), store.pool.begin_with("BEGIN IMMEDIATE").await?)
            }
            Backend::Postgres => (None, store.pool.begin().await?),
        };
        Ok(Self { store: store.clone(), inner, _turn: turn })
    }

    /// The connection, for statements.
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.inner
    }

    /// Now.
    pub(super) fn now(&self) -> Timestamp {
        self.store.clock.now()
    }

    /// Commits. The receipt says that the log knows of the change.
    pub(super) async fn commit(self, receipt: Receipt) -> Result<DecisionRecord, StoreError> {
        self.inner.commit().await?;
        Ok(receipt.place())
    }

    /// Commits a new checkpoint: the log's own signed head, the one change that needs no entry.
    pub(super) async fn commit_checkpoint(self, size: u64, note: &str) -> Result<(), StoreError> {
        let Self { mut inner, .. } = self;
        sqlx::query("INSERT INTO log_checkpoint (size, note) VALUES ($1, $2)")
            .bind(row::signed(size)?)
            .bind(note)
            .execute(&mut *inner)
            .await?;
        sqlx::query("UPDATE log_head SET signed = $1 WHERE id = 1")
            .bind(row::signed(size)?)
            .execute(&mut *inner)
            .await?;
        Ok(inner.commit().await?)
    }

    /// What an alarm's entries have in common; `None` when there is no such alarm.
    pub(super) async fn subject(&mut self, id: AlarmId) -> Result<Option<Subject>, StoreError> {
        let found = sqlx::query("SELECT dek_id, received_event FROM alarm WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(self.connection())
            .await?;
        found
            .map(|found| {
                Ok(Subject {
                    dek_id: row::text(&found, "dek_id")?,
                    refs: vec![row::text(&found, "received_event")?],
                })
            })
            .transpose()
    }

    /// What the entries of a thing without an alarm have in common: a data key of its own.
    pub(super) fn own_subject(&self) -> Subject {
        Subject { dek_id: self.store.random_id(), refs: Vec::new() }
    }

    /// The pseudonym that stands for `user` in the log, made at first need.
    pub(super) async fn pseudonym(&mut self, user: &User) -> Result<String, StoreError> {
        let fresh = self.store.random_id();
        // Updating the row to itself makes RETURNING give it where it was there already.
        let found = sqlx::query(
            "INSERT INTO staff_pseudonym (name, pseudonym) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING pseudonym",
        )
        .bind(&user.name)
        .bind(fresh)
        .fetch_one(self.connection())
        .await?;
        row::text(&found, "pseudonym")
    }

    /// Records `event` as the next entry.
    pub(super) async fn record(
        &mut self,
        event: &Event,
        subject: &Subject,
    ) -> Result<Receipt, StoreError> {
        let event_id = self.store.random_id();
        self.record_as(&event_id, event, subject).await
    }

    /// Records `event` under an id that the caller has written elsewhere.
    pub(super) async fn record_as(
        &mut self,
        event_id: &str,
        event: &Event,
        subject: &Subject,
    ) -> Result<Receipt, StoreError> {
        let (seq, recorded_at, held) = self.next_number().await?;
        let leaf = self.leaf(event_id, event, subject, recorded_at, held)?;
        sqlx::query(
            "INSERT INTO log_entry (seq, alarm_id, leaf, leaf_hash, recorded_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(row::signed(seq)?)
        .bind(event.alarm.map(|id| id.to_string()))
        .bind(&leaf.text)
        .bind(hex::encode(leaf.hash))
        .bind(instant(recorded_at))
        .execute(self.connection())
        .await?;
        self.keep_nodes(seq, leaf.hash).await?;
        self.keep_payload(seq, &leaf, subject).await?;
        Ok(Receipt { seq, hash: leaf.hash })
    }

    /// Takes the next index. The row stays locked until the end, so numbers have no gaps and
    /// times never go back: where the machine's clock has, the last time is kept.
    async fn next_number(&mut self) -> Result<(u64, Timestamp, bool), StoreError> {
        let now = instant(self.store.clock.now());
        let head = sqlx::query(
            "UPDATE log_head SET size = size + 1, \
             recorded_at = CASE WHEN recorded_at > $1 THEN recorded_at ELSE $1 END \
             WHERE id = 1 RETURNING size, recorded_at",
        )
        .bind(&now)
        .fetch_one(self.connection())
        .await?;
        let size: u64 = row::number(&head, "size")?;
        let kept_back = row::text(&head, "recorded_at")? != now;
        Ok((size.saturating_sub(1), row::time(&head, "recorded_at")?, kept_back))
    }

    fn leaf(
        &self,
        event_id: &str,
        event: &Event,
        subject: &Subject,
        recorded_at: Timestamp,
        held: bool,
    ) -> Result<Leaf, StoreError> {
        let store = &self.store;
        let envelope = Envelope {
            log_origin: &store.identity.origin,
            event_id,
            recorded_at,
            clock_source: if held { "system_held" } else { "system" },
            system_version: &store.identity.system_version,
            build_digest: &store.identity.build_digest,
            config_digest: &store.identity.config_digest,
            policy_digest: &store.policy_digest(),
            refs: &subject.refs,
            dek_id: &subject.dek_id,
        };
        Ok(leaf::build(event, &envelope, || store.ids.random_bytes())?)
    }

    async fn keep_nodes(&mut self, seq: u64, hash: Hash) -> Result<(), StoreError> {
        let mut siblings = Vec::new();
        for id in tree::siblings(seq) {
            siblings.push(node(self.connection(), id).await?);
        }
        for (id, hash) in tree::completed(seq, hash, &siblings) {
            sqlx::query("INSERT INTO log_node (seq, level, hash) VALUES ($1, $2, $3)")
                .bind(row::signed(seq)?)
                .bind(i64::from(id.level))
                .bind(hex::encode(hash))
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    async fn keep_payload(
        &mut self,
        seq: u64,
        leaf: &Leaf,
        subject: &Subject,
    ) -> Result<(), StoreError> {
        for one in &leaf.disclosures {
            sqlx::query(
                "INSERT INTO log_payload (seq, name, dek_id, disclosure) VALUES ($1, $2, $3, $4)",
            )
            .bind(row::signed(seq)?)
            .bind(one.name())
            .bind(&subject.dek_id)
            .bind(one.text())
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }
}

/// The hash of a stored complete subtree; of a leaf, at level 0.
pub(super) async fn node(connection: &mut AnyConnection, id: NodeId) -> Result<Hash, StoreError> {
    let seq = row::signed(id.last_leaf())?;
    let query = if id.level == 0 {
        sqlx::query("SELECT leaf_hash AS hash FROM log_entry WHERE seq = $1").bind(seq)
    } else {
        sqlx::query("SELECT hash FROM log_node WHERE seq = $1 AND level = $2")
            .bind(seq)
            .bind(i64::from(id.level))
    };
    match query.fetch_optional(connection).await? {
        Some(found) => row::hash(&found, "hash"),
        None => Err(StoreError::Corrupt(format!(
            "the log's tree has no node of level {} at entry {seq}; run `sereno log verify`",
            id.level
        ))),
    }
}

/// The root over the first `size` entries, from the stored subtrees.
pub(super) async fn root(connection: &mut AnyConnection, size: u64) -> Result<Hash, StoreError> {
    let mut peaks = Vec::new();
    for id in tree::peaks(size) {
        peaks.push(node(connection, id).await?);
    }
    Ok(tree::join(&peaks))
}
