//! Alarms as they arrive: JSON, strictly read, with every refusal naming the member and what is right.

mod checks;
mod strict;

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

pub use crate::config::IntakeLimits;
use crate::domain::Alarm;

/// Why something is not an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAlarm {
    /// The member at fault, such as `captions[3].text`; `.` for the whole.
    pub path: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl fmt::Display for BadAlarm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" | "." => formatter.write_str(&self.message),
            path => write!(formatter, "`{path}`: {}", self.message),
        }
    }
}

impl std::error::Error for BadAlarm {}

/// What the annotators of a dataset say about an alarm. Nothing that decides ever sees it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Whether it is a threat; nothing where they did not agree.
    #[serde(default)]
    pub threat: Option<bool>,
    /// What it shows.
    #[serde(default)]
    pub class: Option<String>,
    /// Clips of one video have one group and stay together in splits.
    #[serde(default)]
    pub group: Option<String>,
    /// Another system's score for the same clip, 0 to 1, to compare with.
    #[serde(default)]
    pub peer_llm_score: Option<f64>,
}

/// Reads an alarm from the body of a request, UTF-8 JSON.
///
/// Unknown and repeated members are refused, and so is what exceeds `limits`. Control characters are
/// refused in ids; in caption texts, scene texts and `raw` alone they may stand: those of captions and
/// scene texts become U+FFFD one for one, so that they can be stored and still be counted.
///
/// # Errors
/// [`BadAlarm`] for the first fault.
pub fn parse_alarm(bytes: &[u8], limits: &IntakeLimits) -> Result<Alarm, BadAlarm> {
    let text = std::str::from_utf8(bytes).map_err(|error| BadAlarm {
        path: ".".to_owned(),
        message: format!("is not UTF-8: byte {} belongs to no character", error.valid_up_to()),
    })?;
    alarm(strict::parse(text)?, limits)
}

/// Reads line `number` of a JSON Lines file. A dataset's `label` is taken off first and returned apart.
///
/// # Errors
/// [`BadAlarm`] for the line's first fault; its message names the line.
pub fn parse_line(
    line: &str,
    number: u64,
    limits: &IntakeLimits,
) -> Result<(Alarm, Option<Label>), BadAlarm> {
    let read = || {
        // A byte order mark at the start of a file is no fault of the alarm.
        let mut value = strict::parse(line.trim_start_matches('\u{feff}'))?;
        let label = value.as_object_mut().and_then(|members| members.shift_remove("label"));
        let label = label.filter(|label| !label.is_null()).map(self::label).transpose()?;
        Ok((alarm(value, limits)?, label))
    };
    read().map_err(|bad: BadAlarm| BadAlarm {
        message: format!("line {number}: {}", bad.message),
        path: bad.path,
    })
}

fn alarm(value: Value, limits: &IntakeLimits) -> Result<Alarm, BadAlarm> {
    if !value.is_object() {
        return Err(BadAlarm {
            path: ".".to_owned(),
            message: "must be an object with source, source_event_id, occurred_at, camera and kind"
                .to_owned(),
        });
    }
    checks::sizes(&value, limits)?;
    let mut alarm: Alarm = typed(value, "")?;
    checks::values(&alarm)?;
    checks::clean(&mut alarm);
    Ok(alarm)
}

fn label(value: Value) -> Result<Label, BadAlarm> {
    // What was forgotten must not pass for what the annotators did not agree about.
    let told = value.get("threat").is_some();
    let label: Label = typed(value, "label")?;
    if !told {
        return Err(BadAlarm {
            path: "label.threat".to_owned(),
            message: "is missing; write true, false, or null where the annotators did not agree"
                .to_owned(),
        });
    }
    if label.peer_llm_score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
        return Err(BadAlarm {
            path: "label.peer_llm_score".to_owned(),
            message: "must be 0 to 1".to_owned(),
        });
    }
    Ok(label)
}

/// The value as a type; `prefix` is where in the alarm it stands.
fn typed<T: DeserializeOwned>(value: Value, prefix: &str) -> Result<T, BadAlarm> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inside = error.path().to_string();
        let path = match (prefix, inside.as_str()) {
            ("", _) => inside,
            (_, ".") => prefix.to_owned(),
            _ => format!("{prefix}.{inside}"),
        };
        let said = error.into_inner().to_string();
        BadAlarm { path, message: advise(&said) }
    })
}

/// What is said to the sender, with what would be right where the parser does not say it.
fn advise(said: &str) -> String {
    if said.starts_with("missing field") {
        return format!("{said}; it is required");
    }
    if said.contains("failed to parse") || said.contains("parse") && said.contains("timestamp") {
        return "is no instant; write it in RFC 3339 with an offset, such as 2026-11-23T22:14:05Z"
            .to_owned();
    }
    said.to_owned()
}
