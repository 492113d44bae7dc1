//! The JSON that the model fills in, its schema, and how it becomes facts.
//!
//! Built for constrained decoding: compact, fixed order, the one question that matters first,
//! closed lists whose members part early, evidence by caption id. Nothing here is free text.

use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;

use crate::domain::{
    Act, CaptionId, Cause, CountBand, Counted, Facts, Hazard, Object, Observed, Place, Presence,
    Reader, Sufficiency,
};

/// At most this many captions are named one by one in the schema; beyond, a pattern stands for them.
const LISTED_CAPTIONS: usize = 24;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Yes,
    No,
    Unclear,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCount {
    n: CountBand,
    ev: Vec<CaptionId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireItem<T> {
    #[serde(alias = "act", alias = "object", alias = "hazard")]
    code: T,
    is: Presence,
    ev: Vec<CaptionId>,
}

/// What the model answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireFacts {
    danger: Answer,
    enough: Answer,
    cause: Cause,
    place: Place,
    people: WireCount,
    vehicles: WireCount,
    animals: WireCount,
    acts: Vec<WireItem<Act>>,
    objects: Vec<WireItem<Object>>,
    hazards: Vec<WireItem<Hazard>>,
}

impl WireFacts {
    /// The facts, with evidence that names captions which exist. `captions`: how many there are.
    pub fn into_facts(self, captions: usize) -> Facts {
        let known = |ids: Vec<CaptionId>| -> Vec<CaptionId> {
            let mut ids: Vec<_> = ids.into_iter().filter(|id| id.0 as usize <= captions).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let counted = |wire: WireCount| Counted { count: wire.n, evidence: known(wire.ev) };
        Facts {
            sufficiency: match self.enough {
                Answer::Yes => Sufficiency::Enough,
                Answer::Unclear => Sufficiency::Partial,
                Answer::No => Sufficiency::None,
            },
            danger: match self.danger {
                Answer::Yes => Presence::Present,
                Answer::Unclear => Presence::Unclear,
                Answer::No => Presence::Absent,
            },
            cause: self.cause,
            place: self.place,
            people: counted(self.people),
            vehicles: counted(self.vehicles),
            animals: counted(self.animals),
            acts: observed(self.acts, known),
            objects: observed(self.objects, known),
            hazards: observed(self.hazards, known),
            read_by_model: true,
            ..Facts::unread()
        }
    }
}

/// A thing that the model calls present without naming a caption is not more than unclear.
fn observed<T: Ord>(
    wire: Vec<WireItem<T>>,
    known: impl Fn(Vec<CaptionId>) -> Vec<CaptionId>,
) -> Vec<Observed<T>> {
    let mut items: Vec<Observed<T>> = wire
        .into_iter()
        .map(|item| {
            let evidence = known(item.ev);
            let presence = match item.is {
                Presence::Present if evidence.is_empty() => Presence::Unclear,
                presence => presence,
            };
            Observed { code: item.code, presence, evidence, reader: Reader::Model }
        })
        .collect();
    items.sort_by(|one, other| {
        (one.presence, &one.code).cmp(&(other.presence, &other.code))
    });
    items.dedup_by(|later, earlier| later.code == earlier.code);
    items
}

/// JSON Schema of the model's answer, for any number of captions. `prompts/read.schema.json` holds it.
pub fn facts_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "caption": { "type": "string", "pattern": "^c[1-9][0-9]{0,4}$" },
            "ev": { "type": "array", "items": { "$ref": "#/$defs/caption" }, "maxItems": 3 },
            "is": { "enum": names::<Presence>() },
            "counted": object(&[
                ("n", json!({ "enum": names::<CountBand>() })),
                ("ev", json!({ "$ref": "#/$defs/ev" })),
            ]),
        },
        "type": "object",
        "properties": {
            "danger": { "enum": ["yes", "no", "unclear"] },
            "enough": { "enum": ["yes", "no", "unclear"] },
            "cause": { "enum": names::<Cause>() },
            "place": { "enum": names::<Place>() },
            "people": { "$ref": "#/$defs/counted" },
            "vehicles": { "$ref": "#/$defs/counted" },
            "animals": { "$ref": "#/$defs/counted" },
            "acts": list("act", names::<Act>(), 4),
            "objects": list("object", names::<Object>(), 3),
            "hazards": list("hazard", names::<Hazard>(), 3),
        },
        "required": [
            "danger", "enough", "cause", "place", "people", "vehicles", "animals", "acts",
            "objects", "hazards",
        ],
        "additionalProperties": false,
    })
}

/// The schema for an alarm with this many captions: with few, their ids are a closed list, so that
/// none can be invented and most need no choice.
pub fn facts_schema_for(captions: usize) -> Value {
    let mut schema = facts_schema();
    schema["$defs"]["caption"] = caption_ids(captions);
    schema
}

/// The schema of one caption id out of `captions`.
pub fn caption_ids(captions: usize) -> Value {
    if (1..=LISTED_CAPTIONS).contains(&captions) {
        let ids: Vec<String> = (1..=captions).map(|number| format!("c{number}")).collect();
        json!({ "enum": ids })
    } else {
        json!({ "type": "string", "pattern": "^c[1-9][0-9]{0,4}$" })
    }
}

fn names<T: VariantArray + Into<&'static str> + Copy>() -> Vec<&'static str> {
    T::VARIANTS.iter().map(|code| (*code).into()).collect()
}

fn object(properties: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn list(key: &str, codes: Vec<&'static str>, most: u32) -> Value {
    let item = object(&[
        (key, json!({ "enum": codes })),
        ("is", json!({ "$ref": "#/$defs/is" })),
        ("ev", json!({ "$ref": "#/$defs/ev" })),
    ]);
    json!({ "type": "array", "items": item, "maxItems": most })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use crate::prompts::Prompts;

    #[test]
    fn the_schema_file_is_what_the_types_say() {
        let file: Value = serde_json::from_str(include_str!("../../prompts/read.schema.json")).unwrap();
        assert_eq!(file, facts_schema(), "run `sereno schema facts > prompts/read.schema.json`");
    }

    #[test]
    fn every_worked_example_satisfies_the_schema_and_reads_back() {
        let validator = jsonschema::validator_for(&facts_schema_for(2)).unwrap();
        for example in Prompts::embedded().unwrap().read.examples() {
            let answer: Value = serde_json::from_str(&example.answer).unwrap();
            assert!(validator.is_valid(&answer), "{}", example.answer);
            assert_eq!(answer.to_string(), example.answer, "examples are compact, in schema order");
            let wire: WireFacts = serde_json::from_str(&example.answer).unwrap();
            assert!(wire.into_facts(2).read_by_model);
        }
    }

    #[test]
    fn evidence_that_does_not_exist_is_dropped_and_weakens_the_fact() {
        let wire: WireFacts = serde_json::from_str(
            r#"{"danger":"no","enough":"yes","cause":"person","place":"shop",
                "people":{"n":"one","ev":["c1","c9"]},"vehicles":{"n":"none","ev":[]},
                "animals":{"n":"none","ev":[]},
                "acts":[{"act":"takes","is":"present","ev":["c9"]},
                        {"act":"walks","is":"absent","ev":["c1"]},
                        {"act":"walks","is":"present","ev":["c1"]}],
                "objects":[],"hazards":[]}"#,
        )
        .unwrap();
        let facts = wire.into_facts(1);
        assert_eq!(facts.people.evidence, [CaptionId(1)]);
        assert_eq!(facts.act(Act::Takes), Presence::Unclear);
        assert_eq!(facts.act(Act::Walks), Presence::Present);
        assert_eq!(facts.acts.len(), 2, "one entry a code");
    }

    #[test]
    fn few_captions_are_a_closed_list() {
        assert_eq!(caption_ids(2), json!({ "enum": ["c1", "c2"] }));
        assert!(caption_ids(10_000)["pattern"].is_string());
    }
}
