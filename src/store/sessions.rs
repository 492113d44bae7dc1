//! Log-in sessions. They decide nothing by themselves, so they are single statements without an entry.

use jiff::Timestamp;

use super::{Store, StoreError, users::user};
use crate::{audit::leaf::instant, domain::User};

impl Store {
    /// Opens a session of `user` until `expires`; only the token's hash is ever stored. Sessions
    /// that have run out are removed on the way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such user.
    pub async fn add_session(
        &self,
        user: &str,
        token_hash: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let _turn = self.writers_turn().await;
        sqlx::query("DELETE FROM user_session WHERE expires_at <= $1")
            .bind(instant(self.clock.now()))
            .execute(&self.pool)
            .await?;
        let opened = sqlx::query(
            "INSERT INTO user_session (token_hash, user_name, expires_at) \
             SELECT $1, name, $2 FROM user_account WHERE name = $3 AND disabled = 0",
        )
        .bind(token_hash)
        .bind(instant(expires))
        .bind(user)
        .execute(&self.pool)
        .await?;
        if opened.rows_affected() == 0 { Err(StoreError::NotFound("user")) } else { Ok(()) }
    }

    /// Whose session it is; `None` when it has ended or run out, or the user has been disabled.
    pub async fn session_user(&self, token_hash: &str) -> Result<Option<User>, StoreError> {
        sqlx::query(
            "SELECT a.name AS name, a.role AS role FROM user_session s \
             JOIN user_account a ON a.name = s.user_name \
             WHERE s.token_hash = $1 AND s.expires_at > $2 AND a.disabled = 0",
        )
        .bind(token_hash)
        .bind(instant(self.clock.now()))
        .fetch_optional(&self.pool)
        .await?
        .map(|found| user(&found))
        .transpose()
    }

    /// Ends a session; nothing happens when there is none.
    pub async fn end_session(&self, token_hash: &str) -> Result<(), StoreError> {
        let _turn = self.writers_turn().await;
        sqlx::query("DELETE FROM user_session WHERE token_hash = $1")
            .bind(token_hash)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
