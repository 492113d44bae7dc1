//! People and API tokens. Every change of who may do what is an entry.

use sqlx::any::AnyRow;

use super::{Store, StoreError, row, tx::Tx};
use crate::{
    audit::{Event, EventKind, leaf::instant},
    domain::{Role, User},
};

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, by a disabled user too.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password_hash: &str,
    ) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let added = sqlx::query(
            "INSERT INTO user_account (name, role, password_hash, disabled, created_at) \
             VALUES ($1, $2, $3, 0, $4) ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(role.as_str())
        .bind(password_hash)
        .bind(instant(self.clock.now()))
        .execute(tx.connection())
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!("there is a user `{name}` already")));
        }
        self.record_change(tx, "user_added", &User { name: name.to_owned(), role }).await
    }

    /// Gives a user another role. Sessions that are open have it at once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let changed = sqlx::query("UPDATE user_account SET role = $1 WHERE name = $2")
            .bind(role.as_str())
            .bind(name)
            .execute(tx.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound("user"));
        }
        self.record_change(tx, "role_changed", &User { name: name.to_owned(), role }).await
    }

    /// Sets a new password and ends the user's sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    pub async fn set_password(&self, name: &str, password_hash: &str) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let changed = sqlx::query(
            "UPDATE user_account SET password_hash = $1 WHERE name = $2 RETURNING role",
        )
        .bind(password_hash)
        .bind(name)
        .fetch_optional(tx.connection())
        .await?;
        let Some(changed) = changed else { return Err(StoreError::NotFound("user")) };
        let role = row::parsed(&changed, "role")?;
        sqlx::query("DELETE FROM user_session WHERE user_name = $1")
            .bind(name)
            .execute(tx.connection())
            .await?;
        self.record_change(tx, "password_changed", &User { name: name.to_owned(), role }).await
    }

    /// Lets a user in no more and ends their sessions. The name stays taken, so that nobody else
    /// takes it over in old records.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    pub async fn disable_user(&self, name: &str) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let changed =
            sqlx::query("UPDATE user_account SET disabled = 1 WHERE name = $1 RETURNING role")
                .bind(name)
                .fetch_optional(tx.connection())
                .await?;
        let Some(changed) = changed else { return Err(StoreError::NotFound("user")) };
        let role = row::parsed(&changed, "role")?;
        sqlx::query("DELETE FROM user_session WHERE user_name = $1")
            .bind(name)
            .execute(tx.connection())
            .await?;
        self.record_change(tx, "user_disabled", &User { name: name.to_owned(), role }).await
    }

    /// A user who may log in, and the hash of their password. `None` for disabled ones too.
    pub async fn user_credentials(&self, name: &str) -> Result<Option<(User, String)>, StoreError> {
        sqlx::query(
            "SELECT name, role, password_hash FROM user_account WHERE name = $1 AND disabled = 0",
        )
        .bind(name)
        .fetch_optional(&self.pool)
        .await?
        .map(|found| Ok((user(&found)?, row::text(&found, "password_hash")?)))
        .transpose()
    }

    /// Whether anybody may log in.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let found = sqlx::query("SELECT name FROM user_account WHERE disabled = 0 LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.is_some())
    }

    /// Adds an API token; only its hash is ever stored.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is a token of that name or hash.
    pub async fn add_token(
        &self,
        name: &str,
        role: Role,
        token_hash: &str,
    ) -> Result<(), StoreError> {
        let mut tx = Tx::begin(self).await?;
        let added = sqlx::query(
            "INSERT INTO api_token (name, role, token_hash, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .bind(role.as_str())
        .bind(token_hash)
        .bind(instant(self.clock.now()))
        .execute(tx.connection())
        .await?;
        if added.rows_affected() == 0 {
            return Err(StoreError::Conflict(format!("there is a token `{name}` already")));
        }
        self.record_change(tx, "token_added", &User { name: name.to_owned(), role }).await
    }

    /// Who an API token stands for, by its hash.
    pub async fn token_user(&self, token_hash: &str) -> Result<Option<User>, StoreError> {
        sqlx::query("SELECT name, role FROM api_token WHERE token_hash = $1")
            .bind(token_hash)
            .fetch_optional(&self.pool)
            .await?
            .map(|found| user(&found))
            .transpose()
    }

    async fn record_change(&self, mut tx: Tx, what: &str, whom: &User) -> Result<(), StoreError> {
        let event = Event::new(EventKind::ChangeUser, self.clock.now())
            .public("change", what)
            .public("role", whom.role.as_str())
            .public("subject", tx.pseudonym(whom).await?)
            .personal("name", whom.name.as_str());
        let subject = tx.own_subject();
        let receipt = tx.record(&event, &subject).await?;
        tx.commit(receipt).await?;
        Ok(())
    }
}

/// The user whose name and role the row holds.
pub(super) fn user(found: &AnyRow) -> Result<User, StoreError> {
    Ok(User { name: row::text(found, "name")?, role: row::parsed(found, "role")? })
}
