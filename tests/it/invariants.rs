//! What must always hold, over any facts, context and model answer, under the policies that ship.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use sereno::{
    actions,
    domain::{
        ActionCode, Assessment, AvsLevel, CaptionId, Confidence, Context, Facts, Grant, Outcome,
        Oversight, Presence, Ruling, SceneText, Severity, StageFailure, Sufficiency, Verdict,
        odds::Scale,
    },
    policy::{AlarmView, Policies, PolicySet},
    verdict::{self, Grounds},
};

use crate::arbitrary;

/// What holds at a site that is not named: every pack.
static POLICIES: LazyLock<Arc<PolicySet>> = LazyLock::new(|| {
    let shipped = Policies::shipped().expect("the shipped policies are proven");
    Arc::clone(shipped.of("unnamed"))
});

/// How much a model would like each outcome; it takes the best of those that it may.
type Preference = [u8; 3];

fn proposed(preference: Preference, permitted: &[Outcome]) -> Outcome {
    let outcomes = [Outcome::Dismissed, Outcome::Uncertain, Outcome::Verified];
    outcomes
        .into_iter()
        .zip(preference)
        .filter(|(outcome, _)| *outcome == Outcome::Uncertain || permitted.contains(outcome))
        .max_by_key(|(_, liking)| *liking)
        .map_or(Outcome::Uncertain, |(outcome, _)| outcome)
}

/// A grant of dismissals below a probability.
fn grant(below: f64) -> Grant {
    Grant {
        id: "g".into(),
        site: "sample".into(),
        kind: "motion".into(),
        verdict: Outcome::Dismissed,
        below,
        learned: "ours".into(),
        figures: String::new(),
        granted_by: "m".into(),
        granted_at: jiff::Timestamp::UNIX_EPOCH,
        expires_at: jiff::Timestamp::MAX,
        ended: None,
    }
}

#[derive(Debug)]
struct Case {
    facts: Facts,
    context: Context,
    preference: Preference,
    reads: (Option<f64>, Option<f64>),
    failed: bool,
    scale: Option<Scale>,
}

fn decide(case: &Case, facts: &Facts) -> Verdict {
    let view = AlarmView {
        kind: "motion",
        camera: "gate-north",
        phase: sereno::domain::Phase::Instant,
        has_captions: true,
    };
    let ruling = POLICIES.evaluate(&view, facts, &case.context);
    let (model_threat, classifier_threat) = case.reads;
    let agree = matches!(case.reads, (Some(one), Some(other)) if (one >= 0.5) == (other >= 0.5));
    let failure = StageFailure { stage: "read".into(), code: "model_timeout".into() };
    let assessment = Assessment {
        proposed: proposed(case.preference, &ruling.permitted),
        confidence: Confidence { model_threat, verdict_margin: None, classifier_threat, agree },
        failures: if case.failed { vec![failure] } else { Vec::new() },
        ..Assessment::none()
    };
    let mut verdict = verdict::combine(Grounds {
        facts,
        context: &case.context,
        ruling: &ruling,
        assessment: &assessment,
        captions: 2,
        scale: case.scale,
    });
    verdict.actions = actions::plan(&ruling, &verdict, &case.context);
    verdict
}

fn cases() -> impl Strategy<Value = Case> {
    let facts = prop_oneof![arbitrary::facts(), arbitrary::harmless_facts()];
    let read = || proptest::option::weighted(0.9, 0.0..1.0);
    (
        facts,
        arbitrary::context(),
        any::<Preference>(),
        (read(), read()),
        proptest::bool::weighted(0.1),
        proptest::option::of((0.1..3.0, -3.0..3.0)),
    )
        .prop_map(|(facts, context, preference, reads, failed, scale)| Case {
            facts,
            context,
            preference,
            reads,
            failed,
            scale: scale.map(|(slope, offset)| Scale { slope, offset }),
        })
}

/// Riding on a footpath is no danger: both reads are calm, and the captions bear it out all the same.
#[test]
fn what_a_site_prohibits_lifts_the_probability_by_the_captions_that_show_it() {
    let decided = |prohibited: &[u32]| {
        let facts = Facts::unread();
        let context = Context::unknown("sample", jiff::Timestamp::UNIX_EPOCH);
        let ruling = Ruling {
            policy_digest: String::new(),
            permitted: vec![Outcome::Uncertain, Outcome::Verified],
            may_close_without_person: false,
            severity_floor: Severity::Medium,
            oversight: Oversight::Operator,
            rules: Vec::new(),
            near: Vec::new(),
            prohibited: prohibited.iter().copied().map(CaptionId).collect(),
            due: Vec::new(),
            settled: None,
        };
        let reads = Confidence {
            model_threat: Some(0.1),
            verdict_margin: None,
            classifier_threat: Some(0.1),
            agree: true,
        };
        let proposed = Outcome::Verified;
        let assessment = Assessment { proposed, confidence: reads, ..Assessment::none() };
        verdict::combine(Grounds {
            facts: &facts,
            context: &context,
            ruling: &ruling,
            assessment: &assessment,
            captions: 4,
            scale: None,
        })
    };
    let verdicts = [&[][..], &[1], &[1, 2], &[1, 2, 3, 4]].map(decided);
    assert!((verdicts[0].threat_probability - 0.1).abs() < 1e-9);
    assert!(verdicts.is_sorted_by(|one, other| one.threat_probability < other.threat_probability));
    let outcomes = verdicts.map(|verdict| verdict.outcome);
    let (uncertain, verified) = (Outcome::Uncertain, Outcome::Verified);
    assert_eq!(
        outcomes,
        [uncertain, uncertain, verified, verified],
        "half of the captions suffice"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// DESIGN.md §2.5: severity(F, V) ≥ severity(F, ∅), and the same for the verdict.
    #[test]
    fn text_in_the_scene_never_makes_anything_milder(case in cases(), text in arbitrary::code::<SceneText>()) {
        let silent = Facts { scene_text: SceneText::None, ..case.facts.clone() };
        let signed = Facts { scene_text: text, ..case.facts.clone() };
        let (without, with) = (decide(&case, &silent), decide(&case, &signed));
        prop_assert!(with.severity >= without.severity, "{with:?} {without:?}");
        prop_assert!(with.outcome >= without.outcome, "{with:?} {without:?}");
        prop_assert!(with.avs_level >= without.avs_level, "{with:?} {without:?}");
    }

    /// DESIGN.md §2.4: dismissal needs everything at once.
    #[test]
    fn a_dismissal_rests_on_positive_harmless_evidence_and_two_reads(case in cases()) {
        let verdict = decide(&case, &case.facts);
        if verdict.outcome == Outcome::Dismissed {
            let facts = &case.facts;
            prop_assert!(!facts.life_safety() && facts.danger == Presence::Absent);
            prop_assert!(facts.read_by_model && facts.cut.is_empty());
            prop_assert_eq!(facts.sufficiency, Sufficiency::Enough);
            prop_assert!(facts.scene_text != SceneText::InstructionLike);
            prop_assert!(case.context.camera_known && !case.context.clock_suspect);
            prop_assert!(matches!(case.reads, (Some(one), Some(other)) if one < 0.5 && other < 0.5));
            prop_assert!(!verdict.rules.is_empty(), "a rule permits it");
            prop_assert_eq!(verdict.avs_level, AvsLevel::NO_CALL);
        } else {
            prop_assert!(verdict.avs_level > AvsLevel::NO_CALL);
            prop_assert!(verdict.severity > Severity::None);
        }
    }

    /// DESIGN.md §2.3: what fails goes to a person.
    #[test]
    fn a_failure_is_uncertain_and_never_level_0(case in cases()) {
        let verdict = decide(&Case { failed: true, ..case }, &Facts::unread());
        prop_assert_eq!(verdict.outcome, Outcome::Uncertain);
        prop_assert!(verdict.avs_level > AvsLevel::NO_CALL);
        prop_assert!(!verdict.actions.is_empty());
    }

    /// DESIGN.md §2.7: emergency services are off by default, and never without a person.
    #[test]
    fn emergency_services_are_named_only_where_the_site_allows_it(case in cases()) {
        let verdict = decide(&case, &case.facts);
        let named = verdict.actions.iter().any(|action| ActionCode::EMERGENCY.contains(&action.code));
        prop_assert!(!named || case.context.emergency_services);
    }

    /// DESIGN.md §2.7: without a person nothing is closed but what people granted, on the very scale that
    /// they granted it on, and never what may concern a life.
    #[test]
    fn nothing_is_closed_without_a_person_but_what_is_granted_and_harmless(
        case in cases(), below in 0.0..1.0, same_scale in any::<bool>()
    ) {
        let view = AlarmView {
            kind: "motion",
            camera: "gate-north",
            phase: sereno::domain::Phase::Instant,
            has_captions: true,
        };
        let verdict = decide(&case, &case.facts);
        let ruling = POLICIES.evaluate(&view, &case.facts, &case.context);
        let learned = if same_scale { "ours" } else { "another" };
        let grant = grant(below);
        let closes = verdict::may_close_without_person(&verdict, &ruling, Some(learned), &grant);
        if closes {
            prop_assert!(case.context.autonomy_granted && same_scale && case.scale.is_some());
            prop_assert_eq!(verdict.outcome, Outcome::Dismissed);
            prop_assert!(verdict.threat_probability < below);
            prop_assert!(!case.facts.life_safety() && case.facts.danger == Presence::Absent);
            prop_assert_eq!(case.context.recent.real_threats_last_day, 0);
            prop_assert!(matches!(case.facts.scene_text, SceneText::None | SceneText::Logo | SceneText::PlateLike));
        }
        prop_assert!(!verdict::may_close_without_person(&verdict, &ruling, None, &grant));
    }

    /// DESIGN.md §2.2: the verdict is one that the ruling permits.
    #[test]
    fn policy_outranks_the_model(case in cases()) {
        let view = AlarmView {
            kind: "motion",
            camera: "gate-north",
            phase: sereno::domain::Phase::Instant,
            has_captions: true,
        };
        let ruling = POLICIES.evaluate(&view, &case.facts, &case.context);
        prop_assert!(ruling.permits(decide(&case, &case.facts).outcome));
    }
}

/// DESIGN.md §2.10: the schemas have no word for who somebody is, feels or means to do.
#[test]
fn the_vocabulary_names_acts_and_things_alone() {
    const FORBIDDEN: &[&str] = &[
        "aggress",
        "nervous",
        "angry",
        "suspicious",
        "intent",
        "emotion",
        "mood",
        "ethnic",
        "race",
        "gender",
        "age",
        "religio",
        "identity",
        "face",
        "biometric",
        "risk_score",
        "intrud",
    ];
    let schemas = [
        sereno::reading::wire::facts_schema().to_string(),
        sereno::assessment::assessment_schema().to_string(),
    ];
    for schema in schemas {
        let words = schema.split(|letter: char| !letter.is_ascii_alphabetic());
        for word in words.filter(|word| !word.is_empty()) {
            let wrong = FORBIDDEN.iter().find(|stem| {
                if stem.len() <= 4 { word == **stem } else { word.starts_with(**stem) }
            });
            assert!(wrong.is_none(), "`{word}` describes a person, not an act");
        }
    }
}
