//! What a model should answer about captions whose author says what is true of them: for training.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Prepared, mentions, merge, render,
    wire::{self, WireFacts},
};
use crate::{
    domain::{Act, Alarm, CaptionId, Cause, CountBand, Facts, Hazard, Object, Place, Presence},
    prompts::{Lesson, Prompt},
};

/// What the author of captions says is true of them.
#[derive(Debug, Clone, Deserialize)]
pub struct Labels {
    enough: wire::Answer,
    cause: Cause,
    place: Place,
    people: CountBand,
    vehicles: CountBand,
    animals: CountBand,
    acts: Vec<Act>,
    objects: Vec<Object>,
    hazards: Vec<Hazard>,
    /// Codes that the captions hedge about.
    #[serde(default)]
    unclear: Vec<String>,
    /// Codes that the captions deny.
    #[serde(default)]
    absent: Vec<String>,
    /// Whether they show a crime, an accident, violence, fire, damage or a person in danger.
    pub danger: wire::Answer,
}

/// The read prompt for the alarm with the right answer, and the facts that follow from it.
///
/// # Errors
/// When the answer would not satisfy the schema: the labels contradict each other.
pub fn lesson(
    prompt: &Prompt,
    alarm: &Alarm,
    prepared: &Prepared,
    labels: &Labels,
) -> Result<(Lesson, Facts), String> {
    let lines: Vec<(CaptionId, String)> = prepared.scene.captions.clone();
    let mentions = mentions::find(&lines);
    let schema = wire::facts_schema_for(&mentions);
    let answer = answer(labels, &schema);
    let valid = jsonschema::validate(&schema, &answer).map_err(|error| error.to_string());
    let wire: WireFacts = valid
        .and_then(|()| serde_json::from_value(answer.clone()).map_err(|error| error.to_string()))?;
    let facts = merge(wire.into_facts(&mentions), &prepared.facts, Vec::new(), mentions.nobody());
    let messages = prompt.messages(&render(alarm, &lines));
    Ok((Lesson { messages, answer: answer.to_string() }, facts))
}

/// The schema's questions, answered by the labels. What is not mentioned cannot be answered.
fn answer(labels: &Labels, schema: &Value) -> Value {
    let asked = |list: &str| {
        let properties = &schema["properties"][list]["properties"];
        properties.as_object().into_iter().flat_map(Map::keys).cloned().collect::<Vec<_>>()
    };
    let permitted = |field: &str, code: &str, otherwise: &str| {
        let choices = schema["properties"][field]["enum"].as_array();
        let may = choices.is_some_and(|all| all.iter().any(|one| one == code));
        json!(if may { code } else { otherwise })
    };
    let count = |field: &str, band: CountBand| {
        // What is mentioned, though only to say that it is not there, is asked about: not how many.
        let nothing = schema["properties"][field]["enum"] == json!(["none"]);
        permitted(field, band.as_str(), if nothing { "none" } else { "unclear" })
    };
    let presences = |list: &str, seen: Vec<&str>| -> Value {
        asked(list)
            .into_iter()
            .map(|code| {
                let presence = labels.presence(&code, &seen);
                (code, json!(presence))
            })
            .collect::<Map<_, _>>()
            .into()
    };
    let acts = labels.acts.iter().map(|code| code.as_str()).collect();
    let objects = labels.objects.iter().map(|code| code.as_str()).collect();
    let hazards = labels.hazards.iter().map(|code| code.as_str()).collect();
    json!({
        "danger": labels.danger.as_str(),
        "enough": labels.enough.as_str(),
        "cause": permitted("cause", labels.cause.as_str(), "unclear"),
        "place": permitted("place", labels.place.as_str(), "other"),
        "people": count("people", labels.people),
        "vehicles": count("vehicles", labels.vehicles),
        "animals": count("animals", labels.animals),
        "acts": presences("acts", acts),
        "objects": presences("objects", objects),
        "hazards": presences("hazards", hazards),
    })
}

impl Labels {
    /// What the author said; where a code is mentioned and nothing was said of it, an everyday one is
    /// there and a harmful one is not: word lists find "no fight" and "fire extinguisher" too.
    fn presence(&self, code: &str, seen: &[&str]) -> Presence {
        let harmful = code.parse::<Hazard>().is_ok()
            || code.parse::<Act>().is_ok_and(|act| !act.is_everyday());
        if seen.contains(&code) {
            Presence::Present
        } else if self.unclear.iter().any(|unclear| unclear == code) {
            Presence::Unclear
        } else if self.absent.iter().any(|absent| absent == code) || harmful {
            Presence::Absent
        } else {
            Presence::Present
        }
    }
}
