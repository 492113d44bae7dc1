//! Why the store could not do it, sorted by what the caller can do about it.

use sqlx::migrate::MigrateError;

use crate::audit::LeafError;

/// Why the store could not do it. Nothing of the failed call has been kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// A value cannot be stored as it is.
    #[error("{0}")]
    Invalid(String),
    /// The database does not answer, or is busy for too long; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The disk is full.
    #[error(
        "the database's disk is full: {0}; free space on it and go on, nothing that was accepted is lost"
    )]
    Full(String),
    /// The database may not be written to.
    #[error(
        "the database is read-only: {0}; give the service's user write access to the file and its folder"
    )]
    ReadOnly(String),
    /// What is stored contradicts itself.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A newer Sereno has used the database.
    #[error(
        "the database has the schema of a newer Sereno (migration {0}); start that version, or restore the backup from before the upgrade"
    )]
    NewerSchema(i64),
}

impl StoreError {
    /// A stable code for records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Unavailable(_) => "store_unavailable",
            Self::Full(_) => "store_full",
            Self::ReadOnly(_) => "store_read_only",
            Self::Corrupt(_) => "store_corrupt",
            Self::NewerSchema(_) => "store_newer_schema",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                from_code(database.code().as_deref().unwrap_or_default(), database.message())
            }
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => Self::Corrupt(error.to_string()),
            sqlx::Error::Encode(_) => Self::Invalid(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerSchema(version),
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => inner.into(),
            other => Self::Corrupt(other.to_string()),
        }
    }
}

impl From<LeafError> for StoreError {
    fn from(error: LeafError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Sorts by the database's own code: five characters are an SQLSTATE of PostgreSQL (its manual,
/// appendix A), anything else is an extended result code of SQLite (sqlite.org/rescode.html).
fn from_code(code: &str, message: &str) -> StoreError {
    let message = message.to_owned();
    if code.len() == 5 {
        return match code {
            "53100" => StoreError::Full(message),
            "25006" => StoreError::ReadOnly(message),
            "22021" => StoreError::Invalid("text may not hold the character U+0000".to_owned()),
            "42P01" | "42703" => StoreError::Corrupt(message),
            _ if code.starts_with("XX") => StoreError::Corrupt(message),
            _ => StoreError::Unavailable(message),
        };
    }
    match code.parse::<u32>().unwrap_or_default() & 0xff {
        13 => StoreError::Full(message),
        8 => StoreError::ReadOnly(message),
        11 | 26 => StoreError::Corrupt(message),
        _ => StoreError::Unavailable(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_codes_sort_into_the_same_kinds() {
        for (code, kind) in [
            ("53100", "store_full"),
            ("13", "store_full"),
            ("25006", "store_read_only"),
            ("8", "store_read_only"),
            ("1032", "store_read_only"),
            ("XX001", "store_corrupt"),
            ("11", "store_corrupt"),
            ("26", "store_corrupt"),
            ("57P01", "store_unavailable"),
            ("5", "store_unavailable"),
            ("", "store_unavailable"),
        ] {
            assert_eq!(from_code(code, "m").code(), kind, "{code}");
        }
    }

    #[test]
    fn a_newer_schema_says_which_and_what_to_do() {
        let error = StoreError::from(MigrateError::VersionMissing(7));
        assert_eq!(error.code(), "store_newer_schema");
        assert!(error.to_string().contains("migration 7"), "{error}");
    }
}
