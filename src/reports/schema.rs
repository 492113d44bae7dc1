//! The published JSON Schema of incident reports, and the check that every report passes.

use std::{collections::BTreeSet, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

use super::ReportError;

/// The schema's text (JSON Schema 2020-12), as it is published.
pub const INCIDENT_SCHEMA: &str = include_str!("incident.schema.json");

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(INCIDENT_SCHEMA).map_err(|error| error.to_string())?;
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .map_err(|error| error.to_string())
});

/// Whether `report` fits the schema and every evidence that it cites is in its own index.
///
/// # Errors
/// [`ReportError::Invalid`] names the first place that does not fit, [`ReportError::Uncited`] the
/// first evidence that leads nowhere.
pub fn validate(report: &Value) -> Result<(), ReportError> {
    let validator = VALIDATOR.as_ref().map_err(|error| ReportError::Schema(error.clone()))?;
    if let Some(error) = validator.iter_errors(report).next() {
        return Err(ReportError::Invalid {
            path: error.instance_path().to_string(),
            message: error.to_string().chars().take(300).collect(),
        });
    }
    let array = |value: &Value, key: &str| -> Vec<Value> {
        value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let index = array(report, "evidence");
    let known: BTreeSet<&str> =
        index.iter().filter_map(|one| one.get("id").and_then(Value::as_str)).collect();
    for section in array(report, "sections") {
        for sentence in array(&section, "sentences") {
            for id in array(&sentence, "evidence") {
                let id = id.as_str().unwrap_or_default();
                if !known.contains(id) {
                    return Err(ReportError::Uncited(id.to_owned()));
                }
            }
        }
    }
    Ok(())
}
