//! `GET /api/v1/alarms/{id}/report.html` and `….md`: the incident report for people.

use axum::{
    extract::{Path, State},
    http::{HeaderName, header},
};

use super::show_report::{ShowReportError, find_report};
use crate::http::{
    ReportFormat,
    access::{CanRead, Server},
    problem::{Problem, answers_with_problem},
};

/// A report holds what strangers wrote: whatever slipped through escaping can do nothing. Only
/// our own console may frame the page.
const INERT: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-modals allow-popups";

/// Why there is no report to print.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrintReportError {
    /// There is none to render.
    #[error(transparent)]
    Find(#[from] ShowReportError),
    /// The template failed.
    #[error("the report cannot be rendered: {0}")]
    Render(String),
}

impl From<PrintReportError> for Problem {
    fn from(error: PrintReportError) -> Self {
        match error {
            PrintReportError::Find(error) => error.into(),
            PrintReportError::Render(_) => Self::unexpected(&error),
        }
    }
}
answers_with_problem!(PrintReportError);

/// A page and its headers.
type Page = ([(HeaderName, &'static str); 3], String);

/// The incident report as a page to print.
#[utoipa::path(
    get, path = "/api/v1/alarms/{id}/report.html", tag = "reports",
    params(("id" = String, Path, description = "The alarm's id.")),
    responses(
        (status = OK, body = String, content_type = "text/html"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn print_html(
    reader: CanRead,
    State(server): State<Server>,
    Path(id): Path<String>,
) -> Result<Page, PrintReportError> {
    print(&reader, &server, &id, ReportFormat::Html, "text/html; charset=utf-8").await
}

/// The incident report as Markdown.
#[utoipa::path(
    get, path = "/api/v1/alarms/{id}/report.md", tag = "reports",
    params(("id" = String, Path, description = "The alarm's id.")),
    responses(
        (status = OK, body = String, content_type = "text/markdown"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn print_markdown(
    reader: CanRead,
    State(server): State<Server>,
    Path(id): Path<String>,
) -> Result<Page, PrintReportError> {
    print(&reader, &server, &id, ReportFormat::Markdown, "text/markdown; charset=utf-8").await
}

async fn print(
    reader: &CanRead,
    server: &Server,
    id: &str,
    format: ReportFormat,
    media_type: &'static str,
) -> Result<Page, PrintReportError> {
    let report = find_report(reader, id).await?;
    let page = (server.render())(&report, format).map_err(PrintReportError::Render)?;
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, INERT),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    Ok((headers, page))
}
