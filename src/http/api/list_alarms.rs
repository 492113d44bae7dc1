//! `GET /api/v1/alarms`: the queue, most urgent first.

use axum::{Json, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        access::CanRead,
        body::Parameters,
        problem::{Problem, answers_with_problem},
    },
    store::{AlarmState, QueueFilter, QueueItem, StoreError},
};

/// Which alarms.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlarmQuery {
    /// Only alarms in this state.
    #[param(inline)]
    state: Option<AlarmState>,
    /// Only alarms of this site.
    site: Option<String>,
    /// How many, 1 to 500; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// How many to leave out at the beginning.
    offset: Option<u32>,
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmList {
    /// The alarms, most urgent first.
    items: Vec<QueueItem>,
    /// How many there are in each state, whatever the filter.
    counts: QueueCounts,
}

/// How many alarms there are in each state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueCounts {
    /// Not decided yet.
    waiting: u64,
    /// Decided, not closed by a person yet.
    decided: u64,
    /// Closed by a person.
    closed: u64,
    /// Closed by the system, as people granted.
    closed_without_person: u64,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListAlarmsError {
    /// The page is too large, or empty.
    #[error("limit {0} is not 1 to {max}", max = QueueFilter::MAX_LIMIT)]
    Limit(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ListAlarmsError> for Problem {
    fn from(error: ListAlarmsError) -> Self {
        match error {
            ListAlarmsError::Limit(_) => {
                Self::new(StatusCode::BAD_REQUEST, "bad_query", error.to_string()).at("limit")
            }
            ListAlarmsError::Store(error) => error.into(),
        }
    }
}
answers_with_problem!(ListAlarmsError);

/// The queue, most urgent first, and how many alarms there are in each state.
#[utoipa::path(
    get, path = "/api/v1/alarms", tag = "alarms",
    params(AlarmQuery),
    responses(
        (status = OK, body = AlarmList),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_alarms(
    reader: CanRead,
    Parameters(query): Parameters<AlarmQuery>,
) -> Result<Json<AlarmList>, ListAlarmsError> {
    let items = reader.queue(&filter(query)?).await?;
    let counts = reader.counts().await?;
    let counts = QueueCounts {
        waiting: counts.waiting,
        decided: counts.decided,
        closed: counts.closed,
        closed_without_person: counts.closed_without_person,
    };
    Ok(Json(AlarmList { items, counts }))
}

fn filter(query: AlarmQuery) -> Result<QueueFilter, ListAlarmsError> {
    let AlarmQuery { state, site, limit, offset } = query;
    let limit = limit.unwrap_or(100);
    if !(1..=QueueFilter::MAX_LIMIT).contains(&limit) {
        return Err(ListAlarmsError::Limit(limit));
    }
    // A console that clears its filter sends an empty site; a NUL can be in no site's name.
    let site = site.filter(|site| !site.is_empty()).map(|site| site.replace('\0', "\u{fffd}"));
    Ok(QueueFilter { state, site, limit, offset: offset.unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: Option<u32>, site: &str) -> AlarmQuery {
        AlarmQuery { state: None, site: Some(site.to_owned()), limit, offset: None }
    }

    #[test]
    fn a_page_has_bounds() {
        assert_eq!(filter(query(None, "")).unwrap().limit, 100);
        assert_eq!(filter(query(Some(500), "")).unwrap().limit, 500);
        for limit in [0, 501] {
            let problem = Problem::from(filter(query(Some(limit), "")).unwrap_err());
            assert_eq!((problem.status, problem.path.as_deref()), (400, Some("limit")));
        }
    }

    #[test]
    fn an_empty_site_filters_nothing() {
        assert_eq!(filter(query(None, "")).unwrap().site, None);
        assert_eq!(filter(query(None, "sample")).unwrap().site.as_deref(), Some("sample"));
    }
}
