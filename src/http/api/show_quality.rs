//! `GET /api/v1/quality`: how well the system and the people around it do, site by site.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::SiteQuality,
    http::{
        access::{CanWatch, Server},
        body::Parameters,
        problem::{Problem, answers_with_problem},
    },
    store::StoreError,
};

/// Which sites.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct QualityQuery {
    /// Only this site.
    site: Option<String>,
}

/// The figures of the last thirty days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quality {
    /// Site by site, by name.
    sites: Vec<SiteQuality>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowQualityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ShowQualityError> for Problem {
    fn from(error: ShowQualityError) -> Self {
        let ShowQualityError::Store(error) = error;
        error.into()
    }
}
answers_with_problem!(ShowQualityError);

/// False dismissals as people found them who were not told the verdict, overrides, control alarms,
/// signs of drift, what was learned, and what is granted. A site that nobody described is left out.
#[utoipa::path(
    get, path = "/api/v1/quality", tag = "quality",
    params(QualityQuery),
    responses(
        (status = OK, body = Quality),
        (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show_quality(
    _: CanWatch,
    State(server): State<Server>,
    Parameters(query): Parameters<QualityQuery>,
) -> Result<Json<Quality>, ShowQualityError> {
    let mut sites = Vec::new();
    for site in server.site_ids() {
        if query.site.as_ref().is_none_or(|wanted| wanted == site)
            && let Some(figures) = server.quality(site).await?
        {
            server.remember_figures(&figures);
            sites.push(figures);
        }
    }
    Ok(Json(Quality { sites }))
}
