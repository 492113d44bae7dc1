//! The Cedar schema, generated from the domain's closed lists: a code misspelt in a rule is refused.

use std::fmt::Write as _;

use strum::VariantArray;

use crate::domain::{
    Act, Cause, CountBand, Hazard, Object, Phase, Place, Presence, SceneText, Sufficiency,
    WindowKind, ZoneKind,
};

use super::action::PolicyAction;

/// A closed list that rules may name, as an enumerated Cedar entity type.
pub(super) trait Code: Copy + PartialEq + Into<&'static str> + 'static {
    /// The type's name in a policy, as in `Act::"climbs"`.
    const TYPE: &'static str;
    /// All members.
    const ALL: &'static [Self];
}

macro_rules! code {
    ($($name:ident)+) => {
        $(impl Code for $name {
            const TYPE: &'static str = stringify!($name);
            const ALL: &'static [Self] = Self::VARIANTS;
        })+
    };
}
code!(Act Cause CountBand Hazard Object Place Presence SceneText Sufficiency WindowKind ZoneKind);

impl Code for Phase {
    const TYPE: &'static str = "Phase";
    const ALL: &'static [Self] =
        &[Self::Instant, Self::Start, Self::Update, Self::End, Self::State];
}

const HEAD: &str = "\
// What rules may say. Generated from Sereno's own types by src/policy/schema.rs: do not edit.
// A code is written Act::\"climbs\"; a misspelt one is refused when the policies are loaded.

";

const TYPES: &str = "
namespace Sereno {
  // Who asks: Sereno itself.
  entity Agent enum [\"sereno\"];

  // Acts, by how plainly they were seen; `possible` holds both.
  type Acts = { present: Set<Act>, unclear: Set<Act>, possible: Set<Act> };
  type Objects = { present: Set<Object>, unclear: Set<Object>, possible: Set<Object> };
  type Hazards = { present: Set<Hazard>, unclear: Set<Hazard>, possible: Set<Hazard> };

  // The alarm, and what was read from its captions.
  entity Alarm = {
    kind: String,
    camera: String,
    phase: Phase,
    hasCaptions: Bool,
    readByModel: Bool,
    cut: Bool,
    sufficiency: Sufficiency,
    danger: Presence,
    cause: Cause,
    place: Place,
    people: CountBand,
    vehicles: CountBand,
    animals: CountBand,
    acts: Acts,
    objects: Objects,
    hazards: Hazards,
    // May only raise an alarm, never lower it: that is proven of every policy.
    sceneText: SceneText,
  };

  type Zone = { id: String, kind: ZoneKind, public: Bool };
  // Earlier alarms of the same camera.
  type Recent = {
    lastHour: Long,
    lastDay: Long,
    realThreatsLastDay: Long,
    harmlessLastDay: Long,
    harmlessLastHour: Long,
  };
  // Alarms of the whole site within half an hour, this one among them, and the cameras and
  // sensors that they came from.
  type Sequence = { signals: Long, detectors: Long };

  // What the site knows at the alarm's time.
  type Context = {
    site: String,
    cameraKnown: Bool,
    zone: Zone,
    open: Bool,
    armed: Bool,
    windows: Set<WindowKind>,
    recent: Recent,
    sequence: Sequence,
    clockSuspect: Bool,
    emergencyServices: Bool,
    // A person granted that alarms of this kind may be closed here without one.
    autonomyGranted: Bool,
    // Local time: 0 to 23; 0 to 1439; Monday is 1, Sunday 7.
    hour: Long,
    minuteOfDay: Long,
    weekday: Long,
  };

";

/// The schema in Cedar's own notation, as `policies/schema.cedarschema` holds it.
pub fn cedar_schema() -> String {
    let mut schema = HEAD.to_owned();
    list::<Act>(&mut schema);
    list::<Hazard>(&mut schema);
    list::<Object>(&mut schema);
    list::<Cause>(&mut schema);
    list::<Place>(&mut schema);
    list::<Presence>(&mut schema);
    list::<CountBand>(&mut schema);
    list::<Sufficiency>(&mut schema);
    list::<SceneText>(&mut schema);
    list::<Phase>(&mut schema);
    list::<ZoneKind>(&mut schema);
    list::<WindowKind>(&mut schema);
    schema.push_str(TYPES);
    for action in PolicyAction::all() {
        line(&mut schema, format_args!("  action {} appliesTo {{", action.name()));
        schema.push_str("    principal: [Agent], resource: [Alarm], context: Context,\n  };\n");
    }
    schema.push_str("}\n");
    schema
}

fn list<T: Code>(schema: &mut String) {
    // Cedar takes no comma after the last member.
    let names: Vec<String> = T::ALL.iter().map(|code| format!("  \"{}\"", name(*code))).collect();
    line(schema, format_args!("entity {} enum [\n{}\n];", T::TYPE, names.join(",\n")));
}

fn name<T: Code>(code: T) -> &'static str {
    code.into()
}

fn line(schema: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing into a `String` cannot fail.
    let _ = writeln!(schema, "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_file_is_what_the_types_say() {
        let shipped = include_str!("../../policies/schema.cedarschema");
        assert_eq!(
            shipped,
            cedar_schema(),
            "run `sereno schema cedar > policies/schema.cedarschema` and commit the file"
        );
    }

    #[test]
    fn cedar_accepts_it_and_knows_every_action() {
        let (schema, warnings) =
            cedar_policy::Schema::from_cedarschema_str(&cedar_schema()).unwrap();
        assert_eq!(warnings.count(), 0);
        assert_eq!(schema.actions().count(), PolicyAction::all().count());
    }
}
