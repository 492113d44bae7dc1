//! Compiles an answer's JSON Schema to a grammar over the model's vocabulary.

use std::{collections::HashMap, sync::Arc};

use llguidance::{
    JsonCompileOptions, Matcher, ParserFactory, api::TopLevelGrammar, earley::SlicedBiasComputer,
};
use serde_json::Value;
use toktrie::{InferenceCapabilities, TokenizerEnv};

use super::vocabulary::Vocabulary;
use crate::model::ModelError;

/// Distinct schemas kept; far more than this service has, and a bound should a caller invent some.
const KEPT: usize = 64;

/// What compiles grammars for one vocabulary. Costly, so built once per model.
///
/// # Errors
/// In words.
pub(super) fn factory(vocabulary: &Arc<Vocabulary>) -> Result<ParserFactory, String> {
    let abilities = InferenceCapabilities {
        ff_tokens: vocabulary.tokenize_is_canonical(),
        ..InferenceCapabilities::default()
    };
    let slices = SlicedBiasComputer::general_slices();
    let mut factory = ParserFactory::new(&vocabulary.shared(), abilities, &slices)
        .map_err(|error| format!("has a vocabulary that grammars cannot use: {error}"))?;
    // Its own log would go to stderr; errors come back as values.
    factory.quiet();
    factory.limits_mut().verbose_errors = false;
    Ok(factory)
}

/// Grammars compiled so far, by the text of their schemas.
#[derive(Default)]
pub(super) struct Grammars {
    compiled: HashMap<String, Matcher>,
}

impl Grammars {
    /// A matcher at the beginning of an answer.
    ///
    /// # Errors
    /// [`ModelError::Schema`] when the schema is not one, or asks for what grammars cannot hold.
    pub(super) fn matcher(
        &mut self,
        factory: &ParserFactory,
        schema: &Value,
    ) -> Result<Matcher, ModelError> {
        let key = schema.to_string();
        if let Some(matcher) = self.compiled.get(&key) {
            return Ok(matcher.clone());
        }
        let matcher = compile(factory, schema)?;
        if self.compiled.len() >= KEPT {
            self.compiled.clear();
        }
        self.compiled.insert(key, matcher.clone());
        Ok(matcher)
    }
}

fn compile(factory: &ParserFactory, schema: &Value) -> Result<Matcher, ModelError> {
    if !schema.is_object() {
        return Err(ModelError::Schema("it is not a JSON object".to_owned()));
    }
    let mut schema = schema.clone();
    compact_json().apply_to(&mut schema);
    let grammar = TopLevelGrammar::from_json_schema(schema);
    let mut matcher = Matcher::new(factory.create_parser(grammar));
    if let Some(error) = matcher.get_error() {
        return Err(ModelError::Schema(error));
    }
    for warning in matcher.grammar_warnings() {
        tracing::warn!(warning, "an answer's schema compiles, but not exactly");
    }
    Ok(matcher)
}

/// No whitespace, so that all between two values is forced; no `\u` escapes, which small models
/// ramble in.
fn compact_json() -> JsonCompileOptions {
    JsonCompileOptions {
        item_separator: ",".to_owned(),
        key_separator: ":".to_owned(),
        whitespace_flexible: false,
        json_allowed_escapes: Some("nrbtf\\\"".to_owned()),
        ..JsonCompileOptions::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;
    use toktrie::ApproximateTokEnv;

    use super::*;

    /// Grammars over a vocabulary of single bytes.
    pub(in super::super) fn bytes_factory() -> ParserFactory {
        let mut factory = ParserFactory::new_simple(&ApproximateTokEnv::single_byte_env()).unwrap();
        factory.quiet();
        factory
    }

    #[test]
    fn a_schema_is_compiled_once_per_content() {
        let factory = bytes_factory();
        let mut grammars = Grammars::default();
        for _ in 0..2 {
            let schema = json!({"type": "object", "properties": {"a": {"const": 1}}});
            grammars.matcher(&factory, &schema).unwrap();
        }
        assert_eq!(grammars.compiled.len(), 1);
    }

    #[test]
    fn a_matcher_from_the_cache_begins_at_the_beginning() {
        let factory = bytes_factory();
        let mut grammars = Grammars::default();
        let schema = json!({"const": "abc"});
        let mut first = grammars.matcher(&factory, &schema).unwrap();
        let forced = first.consume_ff_tokens();
        let mut second = grammars.matcher(&factory, &schema).unwrap();
        assert_eq!(second.compute_ff_tokens(), forced);
    }

    #[test]
    fn schemas_that_are_none_are_refused() {
        let factory = bytes_factory();
        let mut grammars = Grammars::default();
        for schema in [
            json!(true),
            json!({"type": "objekt"}),
            json!({"type": "object", "uniqueItems": "perhaps", "propertyNames": 3}),
        ] {
            let refused = grammars.matcher(&factory, &schema);
            assert!(matches!(refused, Err(ModelError::Schema(_))), "{schema}");
        }
    }
}
