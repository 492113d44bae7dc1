//! What a model should answer about facts whose danger is known: for training.

use super::{Case, WEIGHED_FACTS, named_facts, render};
use crate::{
    domain::{Act, Hazard, Outcome, Presence, Sufficiency},
    prompts::{Lesson, Prompt},
};

/// The assess prompt for the case with the right answer; nothing where the ruling leaves no choice.
/// The answer is one that the ruling permits, so no lesson contradicts a rule.
pub fn lesson(prompt: &Prompt, case: Case<'_>) -> Option<Lesson> {
    let has_choice = case.ruling.permitted.iter().any(|outcome| *outcome != Outcome::Uncertain);
    has_choice.then(|| {
        let verdict = verdict(case);
        let weighed = weighed(case, verdict);
        let why = why(case, verdict, weighed.first().copied());
        let answer =
            serde_json::json!({ "verdict": verdict, "weighed": weighed, "why": why }).to_string();
        Lesson { messages: prompt.messages(&render(case)), answer }
    })
}

fn verdict(case: Case<'_>) -> Outcome {
    let Case { facts, ruling, .. } = case;
    let wanted = match facts.danger {
        Presence::Present => Outcome::Verified,
        Presence::Absent if facts.sufficiency == Sufficiency::Enough => Outcome::Dismissed,
        Presence::Absent | Presence::Unclear => Outcome::Uncertain,
    };
    if ruling.permits(wanted) { wanted } else { Outcome::Uncertain }
}

/// What speaks for the verdict, the weightiest first: harm for a threat, the everyday for harmlessness,
/// doubts for doubt.
fn weighed(case: Case<'_>, verdict: Outcome) -> Vec<&'static str> {
    let wanted = match verdict {
        Outcome::Uncertain => Presence::Unclear,
        Outcome::Verified | Outcome::Dismissed => Presence::Present,
    };
    let mut names: Vec<(Weight, &'static str)> = named_facts(case.facts)
        .into_iter()
        .filter(|(_, presence, _)| *presence == wanted)
        .map(|(name, ..)| (Weight::of(name), name))
        .collect();
    names.sort_unstable();
    if verdict == Outcome::Dismissed {
        names.retain(|(weight, _)| !weight.is_harm());
    }
    names.into_iter().map(|(_, name)| name).take(WEIGHED_FACTS).collect()
}

/// What a fact weighs, the heaviest first: each list names what matters most at its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Hazard(Hazard),
    Act(Act),
    Thing,
}

impl Weight {
    fn of(name: &str) -> Self {
        let act = || name.parse().map(Self::Act);
        name.parse().map(Self::Hazard).or_else(|_| act()).unwrap_or(Self::Thing)
    }

    fn is_harm(self) -> bool {
        match self {
            Self::Hazard(_) => true,
            Self::Act(act) => !act.is_everyday(),
            Self::Thing => false,
        }
    }
}

fn why(case: Case<'_>, verdict: Outcome, first: Option<&str>) -> String {
    let Case { facts, context, .. } = case;
    let seen = match verdict {
        Outcome::Verified => first
            .filter(|name| Weight::of(name).is_harm())
            .map_or("What is seen points to a threat", phrase),
        Outcome::Dismissed | Outcome::Uncertain => first.map_or("The scene is quiet", phrase),
    };
    match verdict {
        Outcome::Verified if context.armed => format!("{seen} while the zone is armed."),
        Outcome::Verified if !context.open => format!("{seen} while the site is closed."),
        Outcome::Verified => format!("{seen}."),
        Outcome::Dismissed => format!("{seen}, and nothing points to a threat."),
        Outcome::Uncertain => match (facts.sufficiency, facts.danger) {
            (Sufficiency::None | Sufficiency::Partial, _) => "The captions show too little.".into(),
            (_, Presence::Unclear) => "The captions leave open whether anything is wrong.".into(),
            (_, Presence::Present) => "No rule says that this is a threat here.".into(),
            (_, Presence::Absent) => "No rule lets this be dismissed here.".into(),
        },
    }
}

/// A fact as the beginning of a sentence.
fn phrase(name: &str) -> &'static str {
    match name {
        "fire" => "Something burns",
        "smoke" => "There is smoke",
        "weapon" => "A weapon is seen",
        "person_down" => "Somebody lies on the ground",
        "injury" => "Somebody is hurt",
        "explosion" => "Something explodes",
        "leak" => "A liquid runs out",
        "climbs" => "Somebody climbs over",
        "forces_entry" => "Somebody forces a way in",
        "enters" => "Somebody goes in",
        "tailgates" => "Somebody slips in behind another person",
        "loiters" => "Somebody stays about",
        "probes" => "Somebody tries doors or looks in",
        "fights" => "Somebody is attacked",
        "threatens_with_weapon" => "Somebody is threatened with a weapon",
        "falls" => "Somebody falls",
        "takes" => "Things are taken",
        "damages" => "Something is damaged",
        "sets_fire" => "Something is set on fire",
        "tampers_camera" => "The camera is tampered with",
        "crashes" => "A vehicle hits something",
        "throws" => "Something is thrown",
        "runs" => "Somebody runs",
        "leaves_object" => "A thing is left behind",
        "delivers" => "Goods are moved",
        "cleans" => "Somebody cleans",
        "repairs" => "Somebody works on equipment",
        "drives" => "A vehicle passes or parks",
        "walks" => "Somebody walks by",
        "waits" => "Somebody stands or sits",
        "works" => "People do everyday things",
        "animals" => "An animal is there",
        "vehicles" | "vehicle" => "A vehicle is there",
        "people" => "Somebody is there",
        _ => "Things are seen",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assessment::{Depth, assessment_schema_for, tests::ruling},
        domain::{CaptionId, Context, Facts, Observed, facts::Reader},
        prompts::Prompts,
    };

    fn taught(danger: Presence, act: Act, permitted: &[Outcome]) -> Option<serde_json::Value> {
        let facts = Facts {
            danger,
            sufficiency: Sufficiency::Enough,
            acts: vec![Observed {
                code: act,
                presence: Presence::Present,
                evidence: vec![CaptionId(1)],
                reader: Reader::Model,
            }],
            ..Facts::unread()
        };
        let ruling = ruling(permitted);
        let context = Context::unknown("s", jiff::Timestamp::UNIX_EPOCH);
        let case = Case {
            facts: &facts,
            context: &context,
            ruling: &ruling,
            quoted: &[],
            depth: Depth::Report,
        };
        let answer = lesson(&Prompts::embedded().unwrap().assess, case)?.answer;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert!(jsonschema::is_valid(&assessment_schema_for(case), &answer), "{answer}");
        Some(answer)
    }

    #[test]
    fn no_answer_chooses_what_the_ruling_does_not_permit() {
        use Outcome::{Dismissed, Uncertain, Verified};
        let verdict = |danger, act, permitted: &[Outcome]| {
            taught(danger, act, permitted).map(|answer| answer["verdict"].clone())
        };
        let (present, absent) = (Presence::Present, Presence::Absent);
        assert_eq!(verdict(present, Act::Climbs, &[Verified]), Some("verified".into()));
        assert_eq!(verdict(present, Act::Climbs, &[Dismissed]), Some("uncertain".into()));
        assert_eq!(verdict(absent, Act::Cleans, &[Dismissed]), Some("dismissed".into()));
        assert_eq!(verdict(absent, Act::Cleans, &[Verified]), Some("uncertain".into()));
        assert_eq!(verdict(present, Act::Climbs, &[Uncertain]), None, "there is nothing to choose");
    }

    #[test]
    fn the_reason_speaks_of_what_was_weighed() {
        let answer = taught(Presence::Present, Act::Climbs, &[Outcome::Verified]).unwrap();
        assert_eq!(answer["weighed"], serde_json::json!(["climbs"]));
        assert_eq!(answer["why"], "Somebody climbs over while the zone is armed.");
        let answer = taught(Presence::Absent, Act::Cleans, &[Outcome::Dismissed]).unwrap();
        assert_eq!(answer["why"], "Somebody cleans, and nothing points to a threat.");
    }
}
