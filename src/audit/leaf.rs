//! One entry's canonical bytes: the envelope that every entry has, and its public particulars.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    disclosure::Disclosure,
    event::Event,
    tree::{Hash, leaf_hash},
};

/// The most bytes that a leaf may have: the length prefix of a C2SP `tlog-tiles` entry has two bytes.
pub const MAX_BYTES: usize = 65_535;

/// Why an event cannot become a leaf.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LeafError {
    /// Too much that is public.
    #[error(
        "the entry {kind} has {bytes} bytes, but a leaf holds at most {MAX_BYTES}: keep long values outside the leaf"
    )]
    TooLong {
        /// The kind of the event.
        kind: &'static str,
        /// Bytes of the canonical leaf.
        bytes: usize,
    },
    /// One name was given twice among the personal values.
    #[error(
        "the entry {kind} names `{name}` twice among its personal values: each may be there once"
    )]
    Twice {
        /// The kind of the event.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// The public particulars have no canonical form.
    #[error("the entry {kind} has no canonical JSON form: {why}")]
    NotCanonical {
        /// The kind of the event.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// What an entry's envelope says beside the event itself.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The log's origin.
    pub log_origin: &'a str,
    /// Random id of the event.
    pub event_id: &'a str,
    /// When it is recorded: never before the entry that stands before it.
    pub recorded_at: Timestamp,
    /// `system`, or `system_held` where the machine's clock had gone back and the last time was kept.
    pub clock_source: &'a str,
    /// Sereno's version.
    pub system_version: &'a str,
    /// SHA-256 of the binary, hex.
    pub build_digest: &'a str,
    /// SHA-256 of the configuration, hex.
    pub config_digest: &'a str,
    /// SHA-256 of the live policy set, hex.
    pub policy_digest: &'a str,
    /// Ids of the events that this one follows from.
    pub refs: &'a [String],
    /// The data key under which the personal values are, or will be, sealed.
    pub dek_id: &'a str,
}

/// A finished leaf and what it commits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// RFC 8785 JSON.
    pub text: String,
    /// RFC 6962 hash of that text.
    pub hash: Hash,
    /// The personal values with their salts, in the order of the event.
    pub disclosures: Vec<Disclosure>,
}

/// An instant as leaves and rows hold it: UTC, nine digits of fraction, so that it sorts as text.
pub fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// Builds the leaf of `event`; `salt` gives fresh unpredictable bytes for every commitment.
///
/// # Errors
/// When it is too long, names a personal value twice, or has no canonical form.
pub fn build(
    event: &Event,
    envelope: &Envelope<'_>,
    mut salt: impl FnMut() -> [u8; 32],
) -> Result<Leaf, LeafError> {
    let kind = event.kind.as_str();
    let mut seen = HashSet::new();
    if let Some((name, _)) = event.personal.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(LeafError::Twice { kind, name: name.clone() });
    }
    let disclosures: Vec<_> =
        event.personal.iter().map(|(name, value)| Disclosure::new(&salt(), name, value)).collect();
    let content = content(event, envelope, &disclosures);
    let text = serde_json_canonicalizer::to_string(&content)
        .map_err(|error| LeafError::NotCanonical { kind, why: error.to_string() })?;
    if text.len() > MAX_BYTES {
        return Err(LeafError::TooLong { kind, bytes: text.len() });
    }
    Ok(Leaf { hash: leaf_hash(text.as_bytes()), text, disclosures })
}

fn content(
    event: &Event,
    envelope: &Envelope<'_>,
    disclosures: &[Disclosure],
) -> Map<String, Value> {
    let commits: Vec<Value> = disclosures
        .iter()
        .map(|one| json!({"name": one.name(), "alg": "sha-256", "digest": one.digest()}))
        .collect();
    let sealed = !disclosures.is_empty();
    let class = |name: &str| Value::from(if sealed { name } else { "none" });
    let mut leaf = Map::new();
    let mut put = |name: &str, value: Value| leaf.insert(name.to_owned(), value);
    put("v", 1.into());
    put("log_origin", envelope.log_origin.into());
    put("event_id", envelope.event_id.into());
    put("type", event.kind.as_str().into());
    put("art12_2", event.kind.art12_2().to_string().into());
    put("occurred_at", instant(event.occurred_at).into());
    put("recorded_at", instant(envelope.recorded_at).into());
    put("clock_source", envelope.clock_source.into());
    put("site_id", event.site.clone().into());
    put("system_version", envelope.system_version.into());
    put("build_digest", envelope.build_digest.into());
    put("config_digest", envelope.config_digest.into());
    put("policy_digest", envelope.policy_digest.into());
    put("actor", event.actor.to_json());
    put("alarm_id", event.alarm.map(|id| id.to_string()).into());
    put("refs", envelope.refs.into());
    put("payload_class", class(event.kind.payload_class()));
    put("retention_class", class("personal"));
    put("dek_id", if sealed { envelope.dek_id.into() } else { Value::Null });
    put("commits", commits.into());
    put("data", event.public.iter().map(|(name, value)| (name.clone(), exact(value))).collect());
    leaf
}

/// A value that every JSON reader reads back to the same number: six decimals at most, and whole
/// numbers beyond 2^53 (RFC 8785 §6) as text.
fn exact(value: &Value) -> Value {
    match value {
        Value::Number(number) => exact_number(number),
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), exact(value))).collect()
        }
        other => other.clone(),
    }
}

fn exact_number(number: &serde_json::Number) -> Value {
    const LARGEST: u64 = 1 << 53;
    if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
        // Beyond this a double has no six decimals to keep.
        if float.abs() < 1e9 {
            return ((float * 1e6).round() / 1e6).into();
        }
        return format!("{float}").into();
    }
    let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
    match magnitude {
        Some(magnitude) if magnitude <= LARGEST => number.clone().into(),
        _ => number.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::event::EventKind;

    fn envelope() -> Envelope<'static> {
        Envelope {
            log_origin: "log.test/1",
            event_id: "e1",
            recorded_at: Timestamp::UNIX_EPOCH,
            clock_source: "system",
            system_version: "0.1.0",
            build_digest: "b",
            config_digest: "c",
            policy_digest: "p",
            refs: &[],
            dek_id: "k1",
        }
    }

    fn event() -> Event {
        Event::new(EventKind::AlarmReceived, Timestamp::UNIX_EPOCH).public("clip_s", 12.5)
    }

    #[test]
    fn a_leaf_is_one_line_of_sorted_json_with_every_field_of_the_envelope() {
        let leaf = build(&event(), &envelope(), || [0; 32]).unwrap();
        insta::assert_snapshot!(leaf.text, @r#"{"actor":{"kind":"system"},"alarm_id":null,"art12_2":"c","build_digest":"b","clock_source":"system","commits":[],"config_digest":"c","data":{"clip_s":12.5},"dek_id":null,"event_id":"e1","log_origin":"log.test/1","occurred_at":"1970-01-01T00:00:00.000000000Z","payload_class":"none","policy_digest":"p","recorded_at":"1970-01-01T00:00:00.000000000Z","refs":[],"retention_class":"none","site_id":null,"system_version":"0.1.0","type":"alarm.received","v":1}"#);
    }

    #[test]
    fn a_personal_value_never_enters_the_leaf_but_its_commitment_does() {
        let event = event().personal("captions", "A woman in a red coat");
        let leaf = build(&event, &envelope(), || [7; 32]).unwrap();
        assert!(
            !leaf.text.contains("red coat") && leaf.text.contains(r#""payload_class":"scene""#)
        );
        assert!(leaf.text.contains(&leaf.disclosures[0].digest()));
        assert!(leaf.text.contains(r#""dek_id":"k1""#));
    }

    #[test]
    fn too_much_and_twice_the_same_name_are_refused_with_the_figure_and_the_name() {
        let long = event().public("all", "x".repeat(MAX_BYTES));
        let error = build(&long, &envelope(), || [0; 32]).unwrap_err().to_string();
        assert!(error.contains("65535") && error.contains("alarm.received"), "{error}");
        let twice = event().personal("note", 1).personal("note", 2);
        let error = build(&twice, &envelope(), || [0; 32]).unwrap_err().to_string();
        assert!(error.contains("`note` twice"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_number_reads_back_to_the_same_canonical_leaf(
            float in proptest::num::f64::ANY, whole in proptest::num::i64::ANY,
            unsigned in proptest::num::u64::ANY, share in 0.0..1.0_f64,
        ) {
            let event = event()
                .public("float", float).public("whole", whole).public("unsigned", unsigned)
                .public("nested", json!({"share": [share]}));
            let leaf = build(&event, &envelope(), || [0; 32]).unwrap();
            let read: Value = serde_json::from_str(&leaf.text).unwrap();
            proptest::prop_assert_eq!(serde_json_canonicalizer::to_string(&read).unwrap(), leaf.text);
        }
    }

    #[test]
    fn instants_sort_as_text() {
        let early = instant("2026-11-23T22:14:05Z".parse().unwrap());
        let late = instant("2026-11-23T22:14:05.5Z".parse().unwrap());
        assert_eq!(early, "2026-11-23T22:14:05.000000000Z");
        assert!(early < late);
    }
}
