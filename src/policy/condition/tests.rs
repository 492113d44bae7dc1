//! Formulas say what Cedar says, of every alarm.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{Part, State};
use crate::policy::{AlarmView, Draft, PolicySet, engine::Engine};

#[path = "../../../tests/it/arbitrary.rs"]
mod arbitrary;

/// Every operator that a condition may use, each on facts that vary.
const OPERATORS: &[&str] = &[
    "context.open == true",
    "context.open == context.armed",
    "context.open != (resource.people == CountBand::\"one\")",
    "if context.open then context.armed else resource.cut",
    "resource.cause == Cause::\"animal\"",
    "Cause::\"animal\" != resource.cause",
    "[Cause::\"animal\", Cause::\"light\"].contains(resource.cause)",
    "resource.acts.present.contains(Act::\"walks\")",
    "resource.acts.unclear.contains(Act::\"walks\")",
    "resource.acts.possible.containsAny([Act::\"walks\", Act::\"runs\"])",
    "[Act::\"walks\", Act::\"runs\"].containsAny(resource.acts.unclear)",
    "resource.objects.possible.containsAll([Object::\"bag\"])",
    "[Object::\"bag\", Object::\"tool\"].containsAll(resource.objects.possible)",
    "resource.hazards.possible.isEmpty()",
    "resource.hazards.unclear.isEmpty()",
    "context.windows.isEmpty()",
    "context.windows.contains(WindowKind::\"cleaning\")",
    "context.windows.containsAll([WindowKind::\"cleaning\", WindowKind::\"test\"])",
    "[WindowKind::\"cleaning\", WindowKind::\"test\"].containsAll(context.windows)",
    "resource.kind == \"motion\"",
    "[\"motion\", \"line_crossing\"].contains(resource.kind)",
    "resource.kind like \"*motion*\"",
    "context.zone.id like \"off*\"",
    "context.recent.lastHour < 3",
    "context.recent.lastHour <= 3",
    "context.recent.lastHour > 3",
    "3 <= context.recent.lastDay",
    "3 > context.recent.lastDay",
    "context.recent.harmlessLastHour == 2",
    "context.sequence.signals != 2",
    "[1, 3].contains(context.sequence.detectors)",
    "context.hour >= 22 || context.hour < 6",
    "context.hour == 7",
    "context.minuteOfDay > 390",
    "context.weekday == 6",
    "resource.phase == Phase::\"end\"",
    "resource.sceneText == SceneText::\"logo\"",
    "!(resource.readByModel && resource.hasCaptions)",
];

static TRIED: LazyLock<Vec<std::sync::Arc<PolicySet>>> = LazyLock::new(|| {
    let rules = OPERATORS.iter().enumerate().flat_map(|(at, condition)| {
        ["when", "unless"].map(|clause| {
            format!(
                "@id(\"{clause}_{at}\") @severity(\"low\") @because(\"B.\") @cites(\"C\")\n\
                 permit (principal, action == Sereno::Action::\"verify\", resource) {clause} {{ {condition} }};\n"
            )
        })
    });
    let file = crate::domain::PolicyFile { name: "x.cedar".into(), text: rules.collect() };
    let operators = Draft::sent(vec![file]).unwrap();
    let shipped = Draft::shipped().unwrap();
    vec![operators.of("any").clone(), shipped.of("any").clone()]
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_formula_holds_exactly_where_cedar_lets_the_rule_fire(
        facts in prop_oneof![arbitrary::facts(), arbitrary::harmless_facts()],
        context in arbitrary::context(),
        (kind, phase, has_captions) in arbitrary::alarm(),
    ) {
        let alarm = AlarmView { kind, camera: "gate-north", phase, has_captions };
        for set in TRIED.iter() {
            let question = set.vocabulary.question(&alarm, &facts, &context).unwrap();
            let state = State::of(&alarm, &facts, &context);
            let Engine::Cedar(cedar) = &set.engine else { panic!("Cedar decides") };
            for (place, parts) in set.parts.iter().enumerate() {
                let formula = Part::all_hold(parts, &state);
                prop_assert_eq!(formula, cedar.confirms(place, &question), "{}", set.rules[place].text);
            }
        }
    }
}
