//! Reading columns: numbers, times, codes and JSON, each with a clear word when a row is damaged.

use std::str::FromStr;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};

use super::StoreError;
use crate::audit::tree::Hash;

/// A text column.
pub(super) fn text(row: &AnyRow, column: &str) -> Result<String, StoreError> {
    Ok(row.try_get(column)?)
}

/// A text column that may be null.
pub(super) fn maybe_text(row: &AnyRow, column: &str) -> Result<Option<String>, StoreError> {
    Ok(row.try_get(column)?)
}

/// A whole number that is never negative.
pub(super) fn number<N: TryFrom<i64>>(row: &AnyRow, column: &str) -> Result<N, StoreError> {
    let value: i64 = row.try_get(column)?;
    N::try_from(value).map_err(|_| damaged(column, &value.to_string()))
}

/// A time.
pub(super) fn time(row: &AnyRow, column: &str) -> Result<Timestamp, StoreError> {
    parsed(row, column)
}

/// Anything that reads from text.
pub(super) fn parsed<T: FromStr>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    let value = text(row, column)?;
    value.parse().map_err(|_| damaged(column, &value))
}

/// Anything that reads from text, or null.
pub(super) fn maybe_parsed<T: FromStr>(
    row: &AnyRow,
    column: &str,
) -> Result<Option<T>, StoreError> {
    maybe_text(row, column)?
        .map(|value| value.parse().map_err(|_| damaged(column, &value)))
        .transpose()
}

/// A JSON document.
pub(super) fn document<T: DeserializeOwned>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    serde_json::from_str(&text(row, column)?)
        .map_err(|error| StoreError::Corrupt(format!("column {column}: {error}")))
}

/// A hash in hex.
pub(super) fn hash(row: &AnyRow, column: &str) -> Result<Hash, StoreError> {
    let value = text(row, column)?;
    hex::decode(&value)
        .ok()
        .and_then(|bytes| Hash::try_from(bytes).ok())
        .ok_or_else(|| damaged(column, &value))
}

/// A count as the databases take it.
pub(super) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Invalid(format!("{value} is out of range")))
}

fn damaged(column: &str, value: &str) -> StoreError {
    StoreError::Corrupt(format!("column {column} holds `{value}`"))
}
