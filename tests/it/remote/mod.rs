//! The language model on a server: one that misbehaves in every way, and a real llama-server.

mod faults;
mod injector;
mod real;
mod service;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use sereno::{
    config::{Config, RemoteSettings},
    domain::RandomIds,
    model::{GenerateRequest, Message, Role, Urgency, remote::RemoteModel},
};

/// The defaults for the model `m`, with waits that a test can bear.
fn settings() -> RemoteSettings {
    let config = Config::read(None, &std::collections::BTreeMap::new()).unwrap();
    RemoteSettings { model: "m".to_owned(), connect_seconds: 1, retries: 2, ..config.models.remote }
}

fn connect(url: &str, settings: RemoteSettings) -> RemoteModel {
    RemoteModel::new(url, settings, 4, Arc::new(RandomIds)).unwrap()
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "verdict": {"$ref": "#/$defs/verdict"},
            "danger": {"enum": ["yes", "no", "unclear"]},
            "why": {"type": "string", "pattern": "^[A-Za-z][A-Za-z ]{0,60}\\.$"}
        },
        "$defs": {"verdict": {"enum": ["verified", "dismissed", "uncertain"]}},
        "required": ["verdict", "danger", "why"],
        "additionalProperties": false
    })
}

const ANSWER: &str = r#"{"verdict":"verified","danger":"yes","why":"A fight."}"#;

fn asking() -> GenerateRequest {
    let turn = |role, content: &str| Message { role, content: content.to_owned() };
    GenerateRequest {
        messages: vec![
            turn(Role::System, "You read the captions of a security camera and answer in JSON."),
            turn(Role::User, "c1: Two men fight in front of the shop."),
        ],
        schema: Arc::new(schema()),
        max_tokens: 120,
        deadline: Duration::from_mins(1),
        seed: 1,
        urgency: Urgency::Routine,
    }
}
