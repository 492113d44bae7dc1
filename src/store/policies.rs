//! Versions of the policies: proposed, checked, tried, approved, in force, and back again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use PolicyState::{Backtested, Checked, Draft, Withdrawn};

use super::{Store, StoreError, row};
use crate::{
    audit::{EventKind, leaf::instant, sha256},
    domain::{Backtest, PolicyFile, PolicyState, PolicyVersion, User, facts::codes},
};
use change::{Change, history, live, overtaken, save};

mod change;

const LAST: &str = "SELECT digest, at, by_name, reason FROM policy_live ORDER BY seq DESC LIMIT 1";
const HISTORY: &str = "SELECT digest, at, by_name, reason FROM policy_live ORDER BY seq";

codes! {
    /// Why a version went into force.
    LiveReason {
        /// The store was empty.
        FirstStart,
        /// A second person approved it.
        Approved,
        /// A person took back what followed it.
        RolledBack,
        /// Another build carries on what was in force, or what it can load in its place.
        CarriedOver,
    }
}

/// A version that went into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePolicy {
    /// Which.
    pub digest: String,
    /// When.
    pub at: Timestamp,
    /// Who did it; nobody where the system did.
    pub by: Option<String>,
    /// Why.
    pub reason: LiveReason,
}

/// What this build finds of a set of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyCheck {
    /// SHA-256 over this build's schema and the files, hex.
    pub digest: String,
    /// How many rules they have; none where they cannot be read.
    pub rules: u64,
    /// What is wrong, one finding each.
    pub problems: Vec<String>,
    /// Cases that passed, and how many there are.
    pub cases: (u64, u64),
    /// Whether cvc5 proved the invariants too.
    pub confirmed: bool,
}

impl PolicyCheck {
    fn fill(&self, version: &mut PolicyVersion) {
        version.rules = self.rules;
        version.problems.clone_from(&self.problems);
        version.cases = self.cases;
        version.confirmed = self.confirmed;
    }
}

impl Store {
    /// Keeps a new version with what its check found: [`PolicyState::Checked`] where that is nothing,
    /// else [`PolicyState::Draft`]. `by` is nobody where it lay in the folder or came with the program.
    /// A version that was withdrawn, or was in force once, can be proposed again.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is on its way already, or in force.
    pub async fn propose_policy(
        &self,
        note: &str,
        files: &[PolicyFile],
        check: &PolicyCheck,
        by: Option<&User>,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, by).await?;
        let version = change.propose(note, files, check).await?;
        let receipt = change.tell_check(check).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// Puts a version in force that nobody approved: on the first start, or where another build carries
    /// on what was in force. `before` is the digest of what the caller believes to be in force.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when something else is in force by now.
    pub async fn begin_policy(
        &self,
        note: &str,
        files: &[PolicyFile],
        check: &PolicyCheck,
        reason: LiveReason,
        before: Option<&str>,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, None).await?;
        let now = live(&mut change.tx).await?;
        if now.as_ref().map(|live| live.digest.as_str()) != before {
            return Err(overtaken());
        }
        let mut version = change.known_or_new(note, files, check).await?;
        let receipt = change.go_live(&mut version, reason, None).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// Keeps what another check found, by another build: a version that is not sound under it is a
    /// draft again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version, [`StoreError::Conflict`] when it is not
    /// on its way.
    pub async fn record_policy_check(
        &self,
        check: &PolicyCheck,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, None).await?;
        let mut version = change.version(&check.digest).await?;
        let from = expect(&version, &[Draft, Checked, Backtested], "checked")?;
        version.state = match from {
            _ if !check.problems.is_empty() => Draft,
            Draft => Checked,
            from => from,
        };
        check.fill(&mut version);
        save(&mut change.tx, &version, from).await?;
        let receipt = change.tell_check(check).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// Keeps what a version would have changed: it can be approved now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version, [`StoreError::Conflict`] when it is not
    /// checked.
    pub async fn record_backtest(
        &self,
        backtest: &Backtest,
        by: &User,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, Some(by)).await?;
        let mut version = change.version(&backtest.digest).await?;
        let from = expect(&version, &[Checked, Backtested], "backtested")?;
        version.state = Backtested;
        version.backtest = Some(backtest.clone());
        version.tried_by = Some(by.name.clone());
        save(&mut change.tx, &version, from).await?;
        let event = change
            .event(EventKind::PolicyBacktested, &version.digest)
            .public("against", backtest.against.as_str())
            .public("since", backtest.since.map(instant))
            .public("alarms", backtest.alarms)
            .public("changed", backtest.changed)
            .public("to_be_read", backtest.to_be_read)
            .public("skipped", backtest.skipped)
            .public("dismissed_threats", backtest.dismissed_threats.len())
            .public("result", hex::encode(sha256(json!(backtest).to_string().as_bytes())));
        let receipt = change.record(event).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// A second person approves a version: it is in force from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version, [`StoreError::Conflict`] when it is not
    /// backtested against what is in force, or when `by` is no second person.
    pub async fn approve_policy(
        &self,
        digest: &str,
        by: &User,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, Some(by)).await?;
        let mut version = change.version(digest).await?;
        expect(&version, &[Backtested], "approved")?;
        if !version.has_first_person_beside(&by.name) {
            let words = "whoever proposed a version, or tried one that nobody proposed, cannot approve \
                         it; a second person must";
            return Err(StoreError::Conflict(words.to_owned()));
        }
        let now = live(&mut change.tx).await?;
        let tried = version.backtest.as_ref().map(|backtest| backtest.against.as_str());
        if now.as_ref().is_some_and(|now| tried != Some(now.digest.as_str())) {
            return Err(overtaken());
        }
        version.approved_by = Some(by.name.clone());
        let event = change.event(EventKind::PolicyApproved, digest);
        change.record(event).await?;
        let receipt = change.go_live(&mut version, LiveReason::Approved, None).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// A person takes a version back before it is in force.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version, [`StoreError::Conflict`] when it is not
    /// on its way.
    pub async fn withdraw_policy(
        &self,
        digest: &str,
        because: &str,
        by: &User,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, Some(by)).await?;
        let mut version = change.version(digest).await?;
        let from = expect(&version, &[Draft, Checked, Backtested], "withdrawn")?;
        version.state = Withdrawn;
        version.because = Some(because.to_owned());
        save(&mut change.tx, &version, from).await?;
        let event = change.event(EventKind::PolicyWithdrawn, digest).personal("because", because);
        let receipt = change.record(event).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// A person puts the version `previous` in force again, which must be the one before the one in
    /// force. `files` are its files and `check` is what this build makes of them: where this build's
    /// schema gives them another digest, they come back under that.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another is the previous one by now.
    pub async fn roll_back_policy(
        &self,
        previous: &str,
        files: &[PolicyFile],
        check: &PolicyCheck,
        because: &str,
        by: &User,
    ) -> Result<PolicyVersion, StoreError> {
        let mut change = Change::begin(self, Some(by)).await?;
        if before_last(&history(&mut change.tx).await?).as_deref() != Some(previous) {
            return Err(overtaken());
        }
        let note = format!("The files of {previous} under the schema of this build.");
        let mut version = change.known_or_new(&note, files, check).await?;
        version.because = Some(because.to_owned());
        let receipt = change.go_live(&mut version, LiveReason::RolledBack, Some(because)).await?;
        change.tx.commit(receipt).await?;
        Ok(version)
    }

    /// Every version, the newest first.
    pub async fn policies(&self) -> Result<Vec<PolicyVersion>, StoreError> {
        sqlx::query("SELECT document FROM policy ORDER BY proposed_at DESC, digest")
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|found| row::document(found, "document"))
            .collect()
    }

    /// One version.
    pub async fn policy(&self, digest: &str) -> Result<Option<PolicyVersion>, StoreError> {
        sqlx::query("SELECT document FROM policy WHERE digest = $1")
            .bind(digest)
            .fetch_optional(&self.pool)
            .await?
            .map(|found| row::document(&found, "document"))
            .transpose()
    }

    /// The files of a version, sorted by name.
    pub async fn policy_files(&self, digest: &str) -> Result<Option<Vec<PolicyFile>>, StoreError> {
        sqlx::query("SELECT files FROM policy WHERE digest = $1")
            .bind(digest)
            .fetch_optional(&self.pool)
            .await?
            .map(|found| row::document(&found, "files"))
            .transpose()
    }

    /// What is in force; nothing before the first start.
    pub async fn live_policy(&self) -> Result<Option<LivePolicy>, StoreError> {
        sqlx::query(LAST).fetch_optional(&self.pool).await?.as_ref().map(went_live).transpose()
    }

    /// The version that a roll back would put in force.
    pub async fn previous_policy(&self) -> Result<Option<String>, StoreError> {
        let rows = sqlx::query(HISTORY).fetch_all(&self.pool).await?;
        let history = rows.iter().map(went_live).collect::<Result<Vec<_>, _>>()?;
        Ok(before_last(&history))
    }
}

fn went_live(found: &AnyRow) -> Result<LivePolicy, StoreError> {
    Ok(LivePolicy {
        digest: row::text(found, "digest")?,
        at: row::time(found, "at")?,
        by: row::maybe_text(found, "by_name")?,
        reason: row::parsed(found, "reason")?,
    })
}

/// The version below the one in force, as people see it: who rolls back takes the upper one away, and
/// what another build carried over stands in the place of what it was made from.
fn before_last(history: &[LivePolicy]) -> Option<String> {
    let mut stack: Vec<&str> = Vec::new();
    for live in history {
        let replaced = match live.reason {
            LiveReason::FirstStart | LiveReason::Approved => 0,
            LiveReason::CarriedOver => 1,
            LiveReason::RolledBack => 2,
        };
        stack.truncate(stack.len().saturating_sub(replaced));
        stack.push(&live.digest);
    }
    stack.iter().nth_back(1).map(|digest| (*digest).to_owned())
}

/// The version's state where it is one of `states`.
fn expect(
    version: &PolicyVersion,
    states: &[PolicyState],
    to_be: &str,
) -> Result<PolicyState, StoreError> {
    if states.contains(&version.state) {
        return Ok(version.state);
    }
    let words: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    Err(StoreError::Conflict(format!(
        "the version is `{}`; to be {to_be} it must be {}",
        version.state,
        words.join(" or ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn previous(history: &[(&str, LiveReason)]) -> Option<String> {
        let lives: Vec<LivePolicy> = history
            .iter()
            .map(|(digest, reason)| LivePolicy {
                digest: (*digest).to_owned(),
                at: Timestamp::UNIX_EPOCH,
                by: None,
                reason: *reason,
            })
            .collect();
        before_last(&lives)
    }

    #[test]
    fn who_rolls_back_twice_goes_back_two_steps() {
        use LiveReason::{Approved, CarriedOver, FirstStart, RolledBack};
        assert_eq!(previous(&[]), None);
        let mut history = vec![("a", FirstStart)];
        assert_eq!(previous(&history), None);
        history.extend([("b", Approved), ("c", Approved)]);
        assert_eq!(previous(&history).as_deref(), Some("b"));
        history.push(("c2", CarriedOver));
        assert_eq!(previous(&history).as_deref(), Some("b"), "c2 stands for c");
        history.push(("b", RolledBack));
        assert_eq!(previous(&history).as_deref(), Some("a"));
        history.push(("a", RolledBack));
        assert_eq!(previous(&history), None);
        history.push(("b", Approved));
        assert_eq!(previous(&history).as_deref(), Some("a"));
    }
}
