//! Opening a database: connections, schema, and the triggers that keep the log append-only.

use std::{
    path::Path,
    sync::{Arc, RwLock},
    time::Duration,
};

use sqlx::{AnyConnection, AnyPool, Connection as _, any::AnyPoolOptions, migrate::Migrator};
use tokio::sync::Mutex;

use super::{Backend, Store, StoreError, types::LogIdentity};
use crate::{
    audit::LogKey,
    domain::{Clock, IdSource},
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections to keep at most. SQLite writes one at a time, so more would only wait.
const CONNECTIONS: u32 = 8;

/// How long a caller waits for a connection, and SQLite for another process's write lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Tables whose rows may be neither changed nor removed.
const APPEND_ONLY: [&str; 3] = ["log_entry", "log_node", "log_checkpoint"];

/// Tables whose rows may be removed (retention, erasure) but not changed.
const WRITE_ONCE: [&str; 3] = ["decision", "report", "disposition"];

/// The address of a SQLite file, with the characters that an address cannot hold escaped.
pub fn sqlite_url(path: &Path) -> String {
    let mut url = "sqlite:".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' | '?' | '#' | ' ' | '"' | '<' | '>' | '`' | '{' | '}' | '\\' => {
                url.extend(['%', hex_digit(character, 4), hex_digit(character, 0)]);
            }
            plain => url.push(plain),
        }
    }
    url
}

/// One of the two hex digits of an ASCII character's code.
fn hex_digit(character: char, shift: u32) -> char {
    char::from_digit(u32::from(character) >> shift & 0xf, 16).unwrap_or('0').to_ascii_uppercase()
}

impl Store {
    /// Opens `sqlite:/path/file.db` (made when it is not there) or `postgres://…`, brings its schema
    /// up to date, and checks that its log is this key's.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] when a newer Sereno has used it, [`StoreError::Corrupt`] when its
    /// log was signed by another key, else what the database says.
    pub async fn open(
        url: &str,
        identity: LogIdentity,
        key: LogKey,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (backend, url) = address(url)?;
        if key.origin() != identity.origin {
            return Err(StoreError::Invalid(format!(
                "the log's key is that of `{}`, but its origin is `{}`",
                key.origin(),
                identity.origin
            )));
        }
        let pool = connect(backend, &url).await?;
        migrate(&pool, backend).await?;
        let store = Self {
            pool,
            backend,
            turn: Arc::new(Mutex::new(())),
            identity: Arc::new(identity),
            key: Arc::new(key),
            policy_digest: Arc::new(RwLock::new(String::new())),
            clock,
            ids,
        };
        store.check_own_log().await?;
        if let Some(live) = store.live_policy().await? {
            store.set_policy_digest(&live.digest);
        }
        Ok(store)
    }
}

fn address(url: &str) -> Result<(Backend, String), StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok((Backend::Postgres, url.to_owned()));
    }
    if !url.starts_with("sqlite:") {
        return Err(StoreError::Invalid(
            "a database's address begins with sqlite: or postgres://".to_owned(),
        ));
    }
    let created = if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") };
    Ok((Backend::Sqlite, created))
}

async fn connect(backend: Backend, url: &str) -> Result<AnyPool, StoreError> {
    let options = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
    let options = options.after_connect(move |connection, _| {
        Box::pin(async move {
            match backend {
                Backend::Sqlite => set_up_sqlite(connection).await,
                Backend::Postgres => Ok(()),
            }
        })
    });
    let options = options.after_release(move |connection, _| {
        Box::pin(async move {
            match backend {
                Backend::Sqlite => is_clean(connection).await,
                Backend::Postgres => Ok(true),
            }
        })
    });
    // A pool tries again and again and then says only that time is over; one connection by itself
    // says at once what is wrong.
    probe(backend, url).await.map_err(|error| at(&without_password(url), error))?;
    Ok(options.connect(url).await?)
}

async fn probe(backend: Backend, url: &str) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect(url).await?;
    if backend == Backend::Sqlite {
        set_up_sqlite(&mut connection).await?;
    }
    connection.close().await
}

fn at(place: &str, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Unavailable(why) => StoreError::Unavailable(format!("{place}: {why}")),
        StoreError::ReadOnly(why) => StoreError::ReadOnly(format!("{place}: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!("{place}: {why}")),
        other => other,
    }
}

/// What was promised is on the disk before the answer leaves: WAL with a sync at every commit.
async fn set_up_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a returned connection may be used again. When the disk is full or fails, SQLite undoes
/// the transaction by itself; sqlx's own ROLLBACK then finds none, fails, and the connection counts
/// as inside a transaction for ever after.
async fn is_clean(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    // The ping comes back after the queued ROLLBACK has been tried.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn migrate(pool: &AnyPool, backend: Backend) -> Result<(), StoreError> {
    MIGRATIONS.run(pool).await?;
    let tables = APPEND_ONLY.map(|table| (table, true)).into_iter();
    for (table, forever) in tables.chain(WRITE_ONCE.map(|table| (table, false))) {
        match backend {
            Backend::Sqlite => guard_in_sqlite(pool, table, forever).await?,
            Backend::Postgres => guard_in_postgres(pool, table, forever).await?,
        }
    }
    Ok(())
}

async fn guard_in_sqlite(pool: &AnyPool, table: &str, forever: bool) -> Result<(), StoreError> {
    let acts: &[&str] = if forever { &["UPDATE", "DELETE"] } else { &["UPDATE"] };
    for act in acts {
        let sql = format!(
            "CREATE TRIGGER IF NOT EXISTS {table}_no_{} BEFORE {act} ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table}: rows are never changed ({act})'); END",
            act.to_lowercase()
        );
        // Table and act come from the lists above.
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
    }
    Ok(())
}

async fn guard_in_postgres(pool: &AnyPool, table: &str, forever: bool) -> Result<(), StoreError> {
    let name = format!("{table}_guard");
    let there = sqlx::query("SELECT 1 AS there FROM pg_trigger WHERE tgname = $1")
        .bind(&name)
        .fetch_optional(pool)
        .await?;
    if there.is_some() {
        return Ok(());
    }
    let acts = if forever { "UPDATE OR DELETE OR TRUNCATE" } else { "UPDATE" };
    // Two services that start at once may both come here; the lock lets the second one wait, and
    // `OR REPLACE` makes its turn harmless.
    let sql = format!(
        "BEGIN; SELECT pg_advisory_xact_lock(7365); \
         CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION '{table}: rows are never changed (%)', TG_OP; END $$; \
         CREATE OR REPLACE TRIGGER {name} BEFORE {acts} ON {table} \
         FOR EACH STATEMENT EXECUTE FUNCTION {name}(); COMMIT;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
    Ok(())
}

/// The address for messages.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.trim_end_matches("?mode=rwc").to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://{place}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_message() {
        assert_eq!(without_password("postgres://u:secret@db/x"), "postgres://db/x");
        assert_eq!(without_password("sqlite:/d/s.db?mode=rwc"), "sqlite:/d/s.db");
    }

    #[test]
    fn odd_file_names_survive_in_an_address() {
        assert_eq!(sqlite_url(Path::new("/a b/50%?.db")), "sqlite:/a%20b/50%25%3F.db");
        assert!(matches!(address("mysql://x"), Err(StoreError::Invalid(_))));
    }
}
