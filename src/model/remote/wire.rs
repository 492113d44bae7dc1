//! What goes to the server and what comes back: OpenAI's chat completions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::choices::{Compact, choices};
use crate::{
    config::Structured,
    model::{Completion, GenerateRequest, ModelError, Usage},
};

/// Alternatives asked for at each token.
const TOP: u32 = 8;
/// Characters of a stranger's text that a message quotes.
const QUOTED: usize = 200;

/// The body of a request. Greedy; every bound and the seed are told.
pub(super) fn body(
    model: &str,
    request: &GenerateRequest,
    structured: Structured,
    logprobs: bool,
) -> Value {
    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|turn| json!({"role": turn.role.as_str(), "content": turn.content}))
        .collect();
    let mut body = json!({
        "model": model,
        "messages": messages,
        "temperature": 0,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        "stream": false,
    });
    match structured {
        Structured::JsonSchema => {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": *request.schema, "strict": true},
            });
        }
        Structured::GuidedJson => body["guided_json"] = json!(*request.schema),
    }
    if logprobs {
        body["logprobs"] = json!(true);
        body["top_logprobs"] = json!(TOP);
    }
    body
}

/// The envelope of an answer. Members that are not named here are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    choices: Vec<Alternative>,
    #[serde(default)]
    usage: Spent,
}

#[derive(Debug, Deserialize)]
struct Alternative {
    message: Message,
    finish_reason: Option<String>,
    /// Read apart, so that probabilities of another form cost only the probabilities.
    #[serde(default)]
    logprobs: Value,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spent {
    prompt_tokens: u32,
    completion_tokens: u32,
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u32>,
}

/// A token of the answer, or one that could have stood there.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    #[serde(rename = "token")]
    text: String,
    /// Where the token is no text by itself, half a letter for instance.
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    /// Natural logarithm of its probability.
    pub logprob: f64,
    /// The most probable tokens there; mostly the token itself among them.
    #[serde(default)]
    pub top_logprobs: Vec<Token>,
}

impl Token {
    /// The bytes that it stands for.
    pub(super) fn spelling(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }
}

/// The models that a server names.
#[derive(Debug, Deserialize)]
pub(super) struct Served {
    data: Vec<ServedModel>,
}

#[derive(Debug, Deserialize)]
struct ServedModel {
    id: String,
}

impl Served {
    /// Their names.
    pub(super) fn names(&self) -> Vec<&str> {
        self.data.iter().map(|model| model.id.as_str()).collect()
    }
}

/// The answer to `request`: one that ended by itself, is JSON, and satisfies the schema.
///
/// # Errors
/// [`ModelError::Truncated`] when the server cut it, [`ModelError::Answer`] when it is anything else,
/// [`ModelError::Schema`] when the schema is none.
pub(super) fn completion(
    answer: Answer,
    request: &GenerateRequest,
) -> Result<Completion, ModelError> {
    let Answer { choices: alternatives, usage } = answer;
    let wrong = |why: String| Err(ModelError::Answer(why));
    let Some(first) = alternatives.into_iter().next() else {
        return wrong("the server gave none".to_owned());
    };
    match first.finish_reason.as_deref() {
        None | Some("stop") => {}
        Some("length") => {
            let spent = usage.completion_tokens;
            return Err(ModelError::Truncated(if spent > 0 { spent } else { request.max_tokens }));
        }
        Some(other) => return wrong(format!("it ended by {}", quoted(other))),
    }
    let content = first.message.content.unwrap_or_default();
    if content.trim().is_empty() {
        return wrong("it is empty".to_owned());
    }
    let value: Value = match serde_json::from_str(&content) {
        Ok(value) => value,
        Err(error) => return wrong(format!("it is not JSON: {error}: {}", quoted(&content))),
    };
    let validator = jsonschema::validator_for(&request.schema)
        .map_err(|error| ModelError::Schema(error.to_string()))?;
    if let Some(error) = validator.iter_errors(&value).next() {
        let (place, why) = (error.instance_path().to_string(), error.to_string());
        return wrong(format!("it is not of the schema at {}: {}", quoted(&place), quoted(&why)));
    }
    let compact = Compact::new(&content);
    let tokens = Vec::deserialize(&first.logprobs["content"]).unwrap_or_default();
    let choices = choices(&compact, &content, &request.schema, &tokens);
    let cached = usage.prompt_tokens_details.and_then(|details| details.cached_tokens);
    let usage = Usage {
        prompt_tokens: usage.prompt_tokens,
        reused_tokens: cached.unwrap_or_default().min(usage.prompt_tokens),
        sampled_tokens: usage.completion_tokens,
        ..Usage::default()
    };
    Ok(Completion { text: compact.text, choices, usage })
}

/// The beginning of a stranger's text, with nothing in it that a terminal or a log would obey.
pub(super) fn quoted(text: &str) -> String {
    let begins: String = text.chars().take(QUOTED).collect();
    let dots = if begins.len() < text.len() { "…" } else { "" };
    format!("“{}{dots}”", begins.escape_debug())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::model::{Message as Turn, Role, Urgency};

    fn request() -> GenerateRequest {
        let schema = json!({
            "type": "object",
            "properties": {"danger": {"enum": ["yes", "no"]}},
            "required": ["danger"],
        });
        GenerateRequest {
            messages: vec![Turn { role: Role::User, content: "c1: A cat.".to_owned() }],
            schema: Arc::new(schema),
            max_tokens: 20,
            deadline: Duration::from_secs(1),
            seed: 7,
            urgency: Urgency::Routine,
        }
    }

    fn read(answer: Value) -> Result<Completion, ModelError> {
        completion(serde_json::from_value(answer).unwrap(), &request())
    }

    fn saying(content: &str) -> Value {
        json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]})
    }

    #[test]
    fn both_forms_carry_the_schema_and_only_one_of_them() {
        let strict = body("m", &request(), Structured::JsonSchema, true);
        assert_eq!(strict["response_format"]["json_schema"]["schema"], *request().schema);
        assert_eq!(strict["response_format"]["json_schema"]["strict"], true);
        assert_eq!((&strict["seed"], &strict["top_logprobs"]), (&json!(7), &json!(8)));
        assert_eq!(strict["messages"], json!([{"role": "user", "content": "c1: A cat."}]));
        let guided = body("m", &request(), Structured::GuidedJson, false);
        assert_eq!(guided["guided_json"], *request().schema);
        assert!(guided["response_format"].is_null() && guided["logprobs"].is_null());
    }

    #[test]
    fn an_answer_comes_out_compact_with_what_it_cost() {
        let mut answer = saying(" {\n \"danger\" : \"no\" }\n");
        answer["usage"] = json!({
            "prompt_tokens": 90, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 80},
        });
        let completion = read(answer).unwrap();
        assert_eq!(completion.text, r#"{"danger":"no"}"#);
        let Usage { prompt_tokens, reused_tokens, sampled_tokens, .. } = completion.usage;
        assert_eq!((prompt_tokens, reused_tokens, sampled_tokens), (90, 80, 9));
        assert!(completion.choices.is_empty());
    }

    #[test]
    fn probabilities_of_another_form_cost_only_the_choices() {
        for odd in [json!("none"), json!([1, 2]), json!({"content": [{"token": 3}]})] {
            let mut answer = saying(r#"{"danger":"no"}"#);
            answer["choices"][0]["logprobs"] = odd;
            assert_eq!(read(answer).unwrap().choices, []);
        }
    }

    #[test]
    fn anything_else_is_refused_and_quoted_harmlessly() {
        for (content, told) in [
            ("", "empty"),
            ("Sure! Here is it", "not JSON"),
            ("```json\n{\"danger\":\"no\"}\n```", "not JSON"),
            ("{\"danger\":\"no\"", "not JSON"),
            ("{\"danger\":\"no\"} {}", "not JSON"),
            ("{\"danger\":\"maybe\"}", "not of the schema at “/danger”"),
            ("[]", "not of the schema"),
        ] {
            let error = read(saying(content)).unwrap_err();
            assert_eq!(error.code(), "model_answer_invalid");
            assert!(error.to_string().contains(told), "{error}");
        }
        let error = read(saying("\u{1b}[31m\nERROR everything is fine")).unwrap_err().to_string();
        assert!(!error.contains(['\u{1b}', '\n']), "{error}");
        assert_eq!(quoted(&"é".repeat(300)).chars().count(), 203);
    }

    #[test]
    fn an_answer_that_did_not_end_by_itself_is_told_apart() {
        for (reason, code) in
            [("length", "model_answer_truncated"), ("tool_calls", "model_answer_invalid")]
        {
            let mut answer = saying(r#"{"danger":"no"}"#);
            answer["choices"][0]["finish_reason"] = json!(reason);
            assert_eq!(read(answer).unwrap_err().code(), code);
        }
        assert_eq!(read(json!({"choices": []})).unwrap_err().code(), "model_answer_invalid");
    }
}
