//! One change of a version, in one transaction with its entries.

use serde_json::json;

use super::{
    LAST, LivePolicy, LiveReason, PolicyCheck,
    PolicyState::{Checked, Draft, Live, Retired, Withdrawn},
    went_live,
};
use crate::{
    audit::{Actor, Event, EventKind, leaf::instant},
    domain::{PolicyFile, PolicyState, PolicyVersion, User},
    store::{
        Store, StoreError, row,
        tx::{Receipt, Subject, Tx},
    },
};

/// What is in force.
pub(super) async fn live(tx: &mut Tx) -> Result<Option<LivePolicy>, StoreError> {
    let last = sqlx::query(LAST).fetch_optional(tx.connection()).await?;
    last.as_ref().map(went_live).transpose()
}

/// Everything that was, in order.
pub(super) async fn history(tx: &mut Tx) -> Result<Vec<LivePolicy>, StoreError> {
    let rows = sqlx::query(super::HISTORY).fetch_all(tx.connection()).await?;
    rows.iter().map(went_live).collect()
}

/// What somebody decided on is not so any more.
pub(super) fn overtaken() -> StoreError {
    let words = "another version went into force in the meantime; read again, then decide";
    StoreError::Conflict(words.to_owned())
}

/// Writes the version, if it still is in the state `from`.
pub(super) async fn save(
    tx: &mut Tx,
    version: &PolicyVersion,
    from: PolicyState,
) -> Result<(), StoreError> {
    let saved = sqlx::query(
        "UPDATE policy SET document = $1, state = $2, proposed_at = $3 \
         WHERE digest = $4 AND state = $5",
    )
    .bind(json!(version).to_string())
    .bind(version.state.as_str())
    .bind(instant(version.proposed_at))
    .bind(&version.digest)
    .bind(from.as_str())
    .execute(tx.connection())
    .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(overtaken()) }
}

/// A change under way: its transaction, and who makes it.
pub(super) struct Change {
    pub(super) tx: Tx,
    by: Option<String>,
    actor: Actor,
    subject: Subject,
}

impl Change {
    /// Begins, and keeps every other change of policies out until the end.
    pub(super) async fn begin(store: &Store, by: Option<&User>) -> Result<Self, StoreError> {
        let mut tx = Tx::begin(store).await?;
        // Before the lock: whoever writes an entry locks in this order.
        let actor = match by {
            Some(user) => Actor::Person { pseudonym: tx.pseudonym(user).await?, role: user.role },
            None => Actor::System,
        };
        // Writing the row to itself locks it on PostgreSQL; what is read from here on stays so.
        sqlx::query("UPDATE log_head SET size = size WHERE id = 1")
            .execute(tx.connection())
            .await?;
        let subject = tx.own_subject();
        Ok(Self { tx, by: by.map(|user| user.name.clone()), actor, subject })
    }

    /// An event about a version, by whoever makes the change.
    pub(super) fn event(&self, kind: EventKind, digest: &str) -> Event {
        let event = Event::new(kind, self.tx.now()).public("digest", digest).by(self.actor.clone());
        match &self.by {
            Some(by) => event.personal("by", by.as_str()),
            None => event,
        }
    }

    /// Records it.
    pub(super) async fn record(&mut self, event: Event) -> Result<Receipt, StoreError> {
        self.tx.record(&event, &self.subject).await
    }

    async fn find(&mut self, digest: &str) -> Result<Option<PolicyVersion>, StoreError> {
        sqlx::query("SELECT document FROM policy WHERE digest = $1")
            .bind(digest)
            .fetch_optional(self.tx.connection())
            .await?
            .map(|found| row::document(&found, "document"))
            .transpose()
    }

    /// The version, which must be there.
    pub(super) async fn version(&mut self, digest: &str) -> Result<PolicyVersion, StoreError> {
        self.find(digest).await?.ok_or(StoreError::NotFound("version of the policies"))
    }

    /// The version of these files, which is proposed now where it is new.
    pub(super) async fn known_or_new(
        &mut self,
        note: &str,
        files: &[PolicyFile],
        check: &PolicyCheck,
    ) -> Result<PolicyVersion, StoreError> {
        if let Some(known) = self.find(&check.digest).await? {
            return Ok(known);
        }
        let version = self.propose(note, files, check).await?;
        self.tell_check(check).await?;
        Ok(version)
    }

    /// Keeps a new version.
    pub(super) async fn propose(
        &mut self,
        note: &str,
        files: &[PolicyFile],
        check: &PolicyCheck,
    ) -> Result<PolicyVersion, StoreError> {
        let known = self.find(&check.digest).await?.map(|version| version.state);
        let mut version = PolicyVersion {
            digest: check.digest.clone(),
            state: if check.problems.is_empty() { Checked } else { Draft },
            note: note.to_owned(),
            proposed_by: self.by.clone().unwrap_or_else(|| PolicyVersion::NOBODY.to_owned()),
            proposed_at: self.tx.now(),
            rules: 0,
            problems: Vec::new(),
            cases: (0, 0),
            confirmed: false,
            backtest: None,
            tried_by: None,
            approved_by: None,
            live_since: None,
            because: None,
        };
        check.fill(&mut version);
        match known {
            None => insert(&mut self.tx, &version, files).await?,
            Some(from @ (Withdrawn | Retired)) => save(&mut self.tx, &version, from).await?,
            Some(state) => {
                return Err(StoreError::Conflict(format!("this version is known: it is {state}")));
            }
        }
        let event = self
            .event(EventKind::PolicyProposed, &version.digest)
            .public("files", files.len())
            .personal("note", note);
        self.record(event).await?;
        Ok(version)
    }

    /// Tells the log what the system's own check found.
    pub(super) async fn tell_check(&mut self, check: &PolicyCheck) -> Result<Receipt, StoreError> {
        let event = Event::new(EventKind::PolicyChecked, self.tx.now())
            .public("digest", check.digest.as_str())
            .public("sound", check.problems.is_empty())
            .public("problems", check.problems.len())
            .public("rules", check.rules)
            .public("cases", check.cases.1)
            .public("cases_passed", check.cases.0)
            .public("confirmed", check.confirmed);
        self.record(event).await
    }

    /// Puts `version` in force in place of what is.
    pub(super) async fn go_live(
        &mut self,
        version: &mut PolicyVersion,
        reason: LiveReason,
        because: Option<&str>,
    ) -> Result<Receipt, StoreError> {
        let before = live(&mut self.tx).await?;
        if let Some(before) = &before
            && before.digest != version.digest
        {
            let mut retired = self.version(&before.digest).await?;
            retired.state = Retired;
            save(&mut self.tx, &retired, Live).await?;
        }
        let now = self.tx.now();
        let from = version.state;
        version.state = Live;
        version.live_since = Some(now);
        save(&mut self.tx, version, from).await?;
        let next = sqlx::query("SELECT COALESCE(MAX(seq), 0) + 1 AS next FROM policy_live")
            .fetch_one(self.tx.connection())
            .await?;
        sqlx::query(
            "INSERT INTO policy_live (seq, digest, at, by_name, reason) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(row::number::<i64>(&next, "next")?)
        .bind(&version.digest)
        .bind(instant(now))
        .bind(self.by.as_deref())
        .bind(reason.as_str())
        .execute(self.tx.connection())
        .await?;
        let mut event = self
            .event(EventKind::ChangePolicy, &version.digest)
            .public("before", before.map(|live| live.digest))
            .public("reason", reason.as_str());
        if let Some(because) = because {
            event = event.personal("because", because);
        }
        self.record(event).await
    }
}

async fn insert(
    tx: &mut Tx,
    version: &PolicyVersion,
    files: &[PolicyFile],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO policy (digest, document, files, state, proposed_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&version.digest)
    .bind(json!(version).to_string())
    .bind(json!(files).to_string())
    .bind(version.state.as_str())
    .bind(instant(version.proposed_at))
    .execute(tx.connection())
    .await?;
    Ok(())
}
