//! `GET /api/v1/log/entries`: entries of the log as they were hashed.

use axum::{Json, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        access::CanAudit,
        body::Parameters,
        problem::{Problem, answers_with_problem},
    },
    store::{LogEntry, StoreError},
};

/// Entries that one call returns at most; a leaf may have 64 KiB.
const MOST: u32 = 500;

/// Which entries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntryQuery {
    /// The first entry's index; 0 where it is left out.
    from: Option<u64>,
    /// How many, 1 to 500; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A run of entries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogEntries {
    /// The entries, in order; none where the log ends before.
    entries: Vec<LogEntry>,
}

/// Why there are no entries.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListEntriesError {
    /// A number is out of its range.
    #[error("{0} is not {1}")]
    Range(&'static str, &'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ListEntriesError> for Problem {
    fn from(error: ListEntriesError) -> Self {
        match error {
            ListEntriesError::Range(name, _) => {
                Self::new(StatusCode::BAD_REQUEST, "bad_query", error.to_string()).at(name)
            }
            ListEntriesError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ListEntriesError);

/// Entries of the log: the very bytes that were hashed, and their hashes.
#[utoipa::path(
    get, path = "/api/v1/log/entries", tag = "log",
    params(EntryQuery),
    responses(
        (status = OK, body = LogEntries),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_entries(
    auditor: CanAudit,
    Parameters(query): Parameters<EntryQuery>,
) -> Result<Json<LogEntries>, ListEntriesError> {
    let (from, limit) = range(&query)?;
    Ok(Json(LogEntries { entries: auditor.entries(from, limit).await? }))
}

fn range(query: &EntryQuery) -> Result<(u64, u32), ListEntriesError> {
    let (from, limit) = (query.from.unwrap_or(0), query.limit.unwrap_or(100));
    if !(1..=MOST).contains(&limit) {
        return Err(ListEntriesError::Range("limit", "1 to 500"));
    }
    // The database counts with 63 bits.
    if i64::try_from(from).is_err() {
        return Err(ListEntriesError::Range("from", "an index of the log"));
    }
    Ok((from, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_entries_has_bounds() {
        let range = |from, limit| range(&EntryQuery { from, limit }).map_err(|e| e.to_string());
        assert_eq!(range(None, None), Ok((0, 100)));
        assert_eq!(range(Some(17), Some(500)), Ok((17, 500)));
        assert_eq!(range(None, Some(0)), Err("limit is not 1 to 500".into()));
        assert_eq!(range(None, Some(501)), Err("limit is not 1 to 500".into()));
        assert!(range(Some(u64::MAX), None).is_err());
    }
}
