//! The JSON that the model fills in, its schema, and how it becomes facts.
//!
//! Built for constrained decoding: compact, fixed order, the one question that matters first, and
//! only codes that some caption mentions. Each is one choice; everything else is forced. Nothing
//! here is free text, and evidence cannot be invented: it is the captions that mention the code.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use strum::VariantArray;

use super::mentions::Mentions;
use crate::domain::{
    Act, CaptionId, Cause, CountBand, Counted, Facts, Hazard, Object, Observed, Place, Presence,
    Reader, Sufficiency,
};

/// Most codes of one list that the model is asked about; the rest stay `unclear`.
const MOST_CODES: usize = 8;

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// The captions do not say.
    Unclear,
}

impl Answer {
    /// As the model writes it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What the model answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireFacts {
    danger: Answer,
    enough: Answer,
    cause: Cause,
    place: Place,
    people: CountBand,
    vehicles: CountBand,
    animals: CountBand,
    acts: BTreeMap<Act, Presence>,
    objects: BTreeMap<Object, Presence>,
    hazards: BTreeMap<Hazard, Presence>,
}

impl WireFacts {
    /// The facts: what the model answered, with the captions that mention each code as evidence.
    pub fn into_facts(self, mentions: &Mentions) -> Facts {
        let counted =
            |count, evidence: &Vec<CaptionId>| Counted { count, evidence: evidence.clone() };
        // That nobody is there is a thing seen, too.
        let denied = &mentions.people_denied;
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
            people: counted(self.people, if mentions.nobody() { denied } else { &mentions.people }),
            vehicles: counted(self.vehicles, &mentions.vehicles),
            animals: counted(self.animals, &mentions.animals),
            acts: observed(&self.acts, &mentions.acts),
            objects: observed(&self.objects, &mentions.objects),
            hazards: observed(&self.hazards, &mentions.hazards),
            read_by_model: true,
            ..Facts::unread()
        }
    }
}

/// What was mentioned and not asked about is unclear; what was answered without a mention is dropped.
fn observed<T: Ord + Copy>(
    answers: &BTreeMap<T, Presence>,
    mentions: &BTreeMap<T, Vec<CaptionId>>,
) -> Vec<Observed<T>> {
    let mut items: Vec<Observed<T>> = mentions
        .iter()
        .map(|(code, evidence)| Observed {
            code: *code,
            presence: answers.get(code).copied().unwrap_or(Presence::Unclear),
            evidence: evidence.clone(),
            reader: Reader::Model,
        })
        .collect();
    items.sort_by_key(|item| (item.presence, item.code));
    items
}

/// JSON Schema of any answer. `prompts/read.schema.json` holds it.
pub fn facts_schema() -> Value {
    schema(
        &names::<Cause>(),
        &names::<Place>(),
        [names::<CountBand>(), names::<CountBand>(), names::<CountBand>()],
        [
            presences(&names::<Act>(), false),
            presences(&names::<Object>(), false),
            presences(&names::<Hazard>(), false),
        ],
    )
}

/// The schema for captions that mention these things, and nothing else.
pub fn facts_schema_for(mentions: &Mentions) -> Value {
    let mut causes: Vec<&str> = mentions.causes.keys().map(|cause| cause.as_str()).collect();
    for (cause, evidence) in [
        (Cause::Person, &mentions.people),
        (Cause::Animal, &mentions.animals),
        (Cause::Vehicle, &mentions.vehicles),
    ] {
        if !evidence.is_empty() {
            causes.push(cause.as_str());
        }
    }
    causes.push(Cause::Unclear.as_str());
    let mut places: Vec<&str> = mentions.places.keys().map(|place| place.as_str()).collect();
    places.push(Place::Other.as_str());
    schema(
        &causes,
        &places,
        [&mentions.people, &mentions.vehicles, &mentions.animals].map(|evidence| bands(evidence)),
        [
            presences(&asked(&mentions.acts), true),
            presences(&asked(&mentions.objects), true),
            presences(&asked(&mentions.hazards), true),
        ],
    )
}

fn asked<T: Into<&'static str> + Copy>(
    mentions: &BTreeMap<T, Vec<CaptionId>>,
) -> Vec<&'static str> {
    mentions.keys().take(MOST_CODES).map(|code| (*code).into()).collect()
}

/// What is mentioned is there in some number; what is not mentioned is not.
fn bands(evidence: &[CaptionId]) -> Vec<&'static str> {
    if evidence.is_empty() { vec!["none"] } else { vec!["one", "few", "many", "unclear"] }
}

fn schema(
    causes: &[&str],
    places: &[&str],
    [people, vehicles, animals]: [Vec<&str>; 3],
    [acts, objects, hazards]: [Value; 3],
) -> Value {
    const ANSWERS: [&str; 3] = ["yes", "no", "unclear"];
    let properties = json!({
        "danger": { "enum": ANSWERS },
        "enough": { "enum": ANSWERS },
        "cause": { "enum": causes },
        "place": { "enum": places },
        "people": { "enum": people },
        "vehicles": { "enum": vehicles },
        "animals": { "enum": animals },
        "acts": acts,
        "objects": objects,
        "hazards": hazards,
    });
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// An object that says of each code whether it is there.
fn presences(codes: &[&'static str], all_required: bool) -> Value {
    let properties: Map<String, Value> = codes
        .iter()
        .map(|code| ((*code).to_owned(), json!({ "enum": names::<Presence>() })))
        .collect();
    let required = if all_required { codes } else { &[] };
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn names<T: VariantArray + Into<&'static str> + Copy>() -> Vec<&'static str> {
    T::VARIANTS.iter().map(|code| (*code).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prompts::Prompts, reading::mentions};

    fn mentions_of(data: &str) -> Mentions {
        mentions::find(&[(CaptionId(1), data.to_owned())])
    }

    #[test]
    fn the_schema_file_is_what_the_types_say() {
        let file: Value =
            serde_json::from_str(include_str!("../../prompts/read.schema.json")).unwrap();
        assert_eq!(file, facts_schema(), "run `sereno schema facts > prompts/read.schema.json`");
    }

    #[test]
    fn every_worked_example_is_an_answer_that_its_own_captions_permit() {
        for example in Prompts::embedded().unwrap().read.examples() {
            let schema =
                facts_schema_for(&mentions_of(example.data.trim().trim_start_matches("c1: ")));
            let validator = jsonschema::validator_for(&schema).unwrap();
            let answer: Value = serde_json::from_str(&example.answer).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(&answer).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{} {errors:?}\n{schema}", example.data);
            assert_eq!(answer.to_string(), example.answer, "examples are compact");
        }
    }

    #[test]
    fn the_model_is_asked_only_about_what_is_mentioned() {
        let schema = facts_schema_for(&mentions_of("A cat walks along the fence."));
        assert_eq!(schema["properties"]["people"]["enum"], json!(["none"]));
        assert_eq!(schema["properties"]["cause"]["enum"], json!(["animal", "unclear"]));
        assert_eq!(schema["properties"]["acts"]["required"], json!(["walks"]));
        assert_eq!(schema["properties"]["hazards"]["properties"], json!({}));
    }

    #[test]
    fn evidence_is_the_captions_that_mention_the_code() {
        let mentions = mentions::find(&[
            (CaptionId(1), "A quiet yard.".to_owned()),
            (CaptionId(2), "A man climbs the fence.".to_owned()),
        ]);
        let wire: WireFacts = serde_json::from_str(
            r#"{"danger":"yes","enough":"yes","cause":"person","place":"perimeter","people":"one",
                "vehicles":"none","animals":"none","acts":{"climbs":"present"},"objects":{},"hazards":{}}"#,
        )
        .unwrap();
        let facts = wire.into_facts(&mentions);
        assert_eq!(facts.act(Act::Climbs), Presence::Present);
        assert_eq!(facts.acts[0].evidence, [CaptionId(2)]);
        assert_eq!(facts.people.evidence, [CaptionId(2)]);
    }
}
