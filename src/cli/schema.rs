//! `sereno schema`: schemas that are generated from the program, so that files can be compared with them.

use clap::ValueEnum;
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::AppError;
use crate::{assessment, domain::Decision, policy, reading::wire, reports};

/// Which schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Name {
    /// What the reading model fills in (prompts/read.schema.json).
    Facts,
    /// What the assessing model fills in (prompts/assess.schema.json).
    Assessment,
    /// One line that `sereno triage` prints.
    Decision,
    /// An incident report.
    Report,
    /// What the policies may speak of (policies/schema.cedarschema).
    Cedar,
}

/// The schema's text.
///
/// # Errors
/// Never for the schemas that ship; a test holds it.
pub fn text(name: Name) -> Result<String, AppError> {
    let value = match name {
        Name::Cedar => return Ok(policy::cedar_schema()),
        Name::Facts => wire::facts_schema(),
        Name::Assessment => assessment::assessment_schema(),
        Name::Decision => decision_schema()?,
        Name::Report => serde_json::from_str(reports::INCIDENT_SCHEMA).map_err(AppError::input)?,
    };
    serde_json::to_string_pretty(&value).map_err(AppError::input)
}

/// JSON Schema of a decision line, from the types' `OpenAPI` schemas, which are JSON schemas.
///
/// # Errors
/// Never for types that serialise.
pub fn decision_schema() -> Result<Value, AppError> {
    let mut parts = Vec::new();
    Decision::schemas(&mut parts);
    let mut schema = serde_json::to_value(Decision::schema()).map_err(AppError::input)?;
    let definitions =
        serde_json::to_value(parts.into_iter().collect::<std::collections::BTreeMap<String, _>>())
            .map_err(AppError::input)?;
    let text = json!({ "schema": schema, "definitions": definitions })
        .to_string()
        .replace("#/components/schemas/", "#/$defs/");
    let mut both: Value = serde_json::from_str(&text).map_err(AppError::input)?;
    schema = both["schema"].take();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Sereno decision");
    schema["$defs"] = both["definitions"].take();
    Ok(schema)
}
