//! Behaviour of the policies: the invariants over any facts, the shipped cases, and bad policy files.

use std::{fs, path::Path, sync::LazyLock};

use proptest::prelude::*;
use sereno::{
    domain::{
        Act, ActionCode, Approver, CaptionId, Cause, Context, CountBand, Counted, Effect, Facts,
        Hazard, Observed, Outcome, Oversight, Phase, Presence, Reader, Ruling, SceneText, Severity,
        Sufficiency, ZoneKind,
    },
    policy::{AlarmView, PolicyError, PolicySet, run_cases, run_embedded_cases},
};

use crate::arbitrary;

static SHIPPED: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::embedded().unwrap());
static SHIPPED_AGAIN: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::embedded().unwrap());
/// A customer's policy that permits everything.
static LAX: LazyLock<PolicySet> = LazyLock::new(|| load(&format!("{HEAD} {EVERYTHING}")).unwrap());

const HEAD: &str = r#"@severity("low") @because("It is so.") @cites("Test") @approver("operator") @urgency("routine")"#;
const EVERYTHING: &str = r#"@id("everything") permit (principal, action in [Sereno::Action::"verify", Sereno::Action::"dismiss", Sereno::Action::"call_police", Sereno::Action::"send_guard"], resource);"#;

/// A folder that holds these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn load(text: &str) -> Result<PolicySet, PolicyError> {
    PolicySet::load(folder(&[("site.cedar", text)]).path())
}

/// What the loader says, one problem a line.
fn refusal(text: &str) -> String {
    load(text).err().map(|error| error.to_string()).unwrap_or_default()
}

fn view(kind: &str, phase: Phase, has_captions: bool) -> AlarmView<'_> {
    AlarmView { kind, camera: "gate-north", phase, has_captions }
}

fn line_crossing() -> AlarmView<'static> {
    view("line_crossing", Phase::Instant, true)
}

/// A day-time scene in which somebody walks.
fn walker() -> Facts {
    Facts {
        sufficiency: Sufficiency::Enough,
        danger: Presence::Absent,
        cause: Cause::Person,
        people: Counted { count: CountBand::One, evidence: vec![CaptionId(1)] },
        acts: vec![seen(Act::Walks)],
        read_by_model: true,
        ..Facts::unread()
    }
}

fn seen<T>(code: T) -> Observed<T> {
    let evidence = vec![CaptionId(1)];
    Observed { code, presence: Presence::Present, evidence, reader: Reader::Model }
}

/// A known camera at an open public entrance.
fn open_entrance() -> Context {
    let mut context = any_context();
    context.zone.public = true;
    context.open = true;
    context.camera_known = true;
    context
}

fn any_context() -> Context {
    use sereno::domain::{RecentAlarms, ZoneContext};
    Context {
        site: "sample".to_owned(),
        site_digest: String::new(),
        camera_known: true,
        zone: ZoneContext { id: "door".to_owned(), kind: ZoneKind::PublicEntrance, public: false },
        local_time: jiff::civil::datetime(2026, 11, 24, 11, 0, 0, 0),
        open: false,
        armed: false,
        windows: Vec::new(),
        recent: RecentAlarms::default(),
        clock_skew_s: 0,
        clock_suspect: false,
        received_at: jiff::Timestamp::UNIX_EPOCH,
        emergency_services: false,
        autonomy_granted: false,
    }
}

/// What DESIGN.md §2.4 demands before `dismissed` may be permitted.
fn may_be_dismissed(facts: &Facts, context: &Context, has_captions: bool) -> bool {
    context.camera_known
        && !context.clock_suspect
        && has_captions
        && facts.read_by_model
        && facts.sufficiency == Sufficiency::Enough
        && facts.cut.is_empty()
        && facts.danger != Presence::Present
        && facts.scene_text != SceneText::InstructionLike
        && !facts.life_safety()
}

fn without_text(facts: &Facts) -> Facts {
    Facts { scene_text: SceneText::None, ..facts.clone() }
}

/// Whether `with` is nowhere milder than `without`.
fn no_milder(with: &Ruling, without: &Ruling) -> bool {
    with.severity_floor >= without.severity_floor
        && with.oversight >= without.oversight
        && (!with.permits(Outcome::Dismissed) || without.permits(Outcome::Dismissed))
        && (with.permits(Outcome::Verified) || !without.permits(Outcome::Verified))
        && without.due.iter().all(|due| with.due.iter().any(|one| one.code == due.code))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn dismissal_needs_everything_that_the_design_demands(
        facts in prop_oneof![arbitrary::facts(), arbitrary::harmless_facts()],
        context in arbitrary::context(),
        (kind, phase, captions) in arbitrary::alarm(),
    ) {
        for policy in [&*SHIPPED, &*LAX] {
            let ruling = policy.evaluate(&view(kind, phase, captions), &facts, &context);
            prop_assert!(ruling.permitted.contains(&Outcome::Uncertain));
            prop_assert!(ruling.permitted.is_sorted());
            if ruling.permits(Outcome::Dismissed) {
                prop_assert!(may_be_dismissed(&facts, &context, captions), "{facts:?}");
            }
        }
    }

    #[test]
    fn text_in_the_scene_never_makes_a_ruling_milder(
        facts in prop_oneof![arbitrary::facts(), arbitrary::harmless_facts()],
        context in arbitrary::context(),
        (kind, phase, captions) in arbitrary::alarm(),
    ) {
        let alarm = view(kind, phase, captions);
        let with = SHIPPED.evaluate(&alarm, &facts, &context);
        let without = SHIPPED.evaluate(&alarm, &without_text(&facts), &context);
        prop_assert!(no_milder(&with, &without), "{with:#?}\n{without:#?}");
    }

    #[test]
    fn nothing_is_settled_as_dismissed_near_a_danger_or_an_order(
        facts in arbitrary::facts(),
        context in arbitrary::context(),
        (kind, phase, captions) in arbitrary::alarm(),
    ) {
        let alarm = view(kind, phase, captions);
        let unread = Facts { read_by_model: false, ..facts };
        let outcome = |facts: &Facts| {
            let ruling = SHIPPED.settle(&alarm, facts, &context)?;
            let settled = ruling.settled.clone()?.outcome;
            assert!(ruling.permits(settled) && ruling.permits(Outcome::Uncertain));
            Some(settled)
        };
        let with = outcome(&unread);
        if with == Some(Outcome::Dismissed) {
            prop_assert!(captions && context.camera_known && !context.clock_suspect);
            prop_assert!(!unread.life_safety() && unread.danger != Presence::Present);
            prop_assert!(unread.scene_text != SceneText::InstructionLike);
            // The words on a sign never bring the dismissal about.
            prop_assert_eq!(outcome(&without_text(&unread)), Some(Outcome::Dismissed));
        }
        if outcome(&without_text(&unread)) == Some(Outcome::Verified) {
            prop_assert_eq!(with, Some(Outcome::Verified));
        }
    }

    #[test]
    fn a_ruling_is_reproducible_sorted_and_asks_nobody_to_call_unasked(
        facts in arbitrary::facts(),
        context in arbitrary::context(),
        (kind, phase, captions) in arbitrary::alarm(),
    ) {
        let alarm = view(kind, phase, captions);
        let ruling = SHIPPED.evaluate(&alarm, &facts, &context);
        let again = SHIPPED_AGAIN.evaluate(&alarm, &facts, &context);
        prop_assert_eq!(serde_json::to_vec(&ruling).unwrap(), serde_json::to_vec(&again).unwrap());
        prop_assert!(ruling.rules.is_sorted_by_key(|rule| (rule.id.clone(), rule.action.clone())));
        prop_assert!(ruling.due.is_sorted_by_key(|due| due.urgency));
        for due in &ruling.due {
            let emergency = ActionCode::EMERGENCY.contains(&due.code);
            prop_assert!(!emergency || context.emergency_services);
            prop_assert!(!emergency || due.approver >= Approver::Supervisor);
            prop_assert_eq!(ruling.due.iter().filter(|one| one.code == due.code).count(), 1);
        }
    }

    #[test]
    fn a_danger_to_life_is_at_least_high_and_critical_when_seen(
        facts in arbitrary::facts(),
        context in arbitrary::context(),
        hazard in proptest::sample::select(Hazard::LIFE_SAFETY.to_vec()),
        presence in arbitrary::code::<Presence>(),
    ) {
        let mut facts = facts;
        facts.hazards.push(Observed { presence, ..seen(hazard) });
        let least = match presence {
            Presence::Present => Severity::Critical,
            Presence::Unclear => Severity::High,
            Presence::Absent => Severity::None,
        };
        for policy in [&*SHIPPED, &*LAX] {
            let ruling = policy.evaluate(&line_crossing(), &facts, &context);
            prop_assert!(ruling.severity_floor >= least);
            prop_assert!(presence == Presence::Absent || !ruling.permits(Outcome::Dismissed));
        }
    }
}

#[test]
fn the_shipped_cases_pass_and_every_rule_is_fired_by_one() {
    let report = run_embedded_cases().unwrap();
    assert!(report.passed() && report.unfired.is_empty(), "{report}");
    assert!(report.results.len() >= 60, "{} cases", report.results.len());
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    assert_eq!(run_cases(&policies).unwrap(), report);
    assert_eq!(PolicySet::load(&policies).unwrap().digest(), SHIPPED.digest());
}

#[test]
fn each_policy_file_has_at_least_four_cases_beside_it() {
    let report = run_embedded_cases().unwrap();
    for rule in SHIPPED.rules() {
        let cases = rule.file.replace(".cedar", ".cases.toml");
        let count = report.results.iter().filter(|result| result.file == cases).count();
        assert!(count >= 4, "{cases} has {count}");
    }
}

#[test]
fn an_alarm_is_closed_without_a_person_only_where_people_granted_it() {
    let may = |context: &Context, facts: &Facts| {
        SHIPPED.evaluate(&line_crossing(), facts, context).may_close_without_person
    };
    let granted = Context { autonomy_granted: true, ..open_entrance() };
    assert!(may(&granted, &walker()));
    assert!(!may(&open_entrance(), &walker()));
    let mut found = granted.clone();
    found.recent.real_threats_last_day = 1;
    assert!(!may(&found, &walker()), "people found a threat at this camera today");
    let sentence = Facts { scene_text: SceneText::Sentence, ..walker() };
    assert!(!may(&granted, &sentence));
}

#[test]
fn what_a_site_prohibits_names_the_captions_that_show_it() {
    let seen = |presence, captions: &[u32]| Observed {
        code: Act::Runs,
        presence,
        evidence: captions.iter().copied().map(CaptionId).collect(),
        reader: Reader::Model,
    };
    let shown = |zone, presence| {
        let facts = Facts { acts: vec![seen(presence, &[2, 5])], ..walker() };
        let mut context = open_entrance();
        context.zone.kind = zone;
        SHIPPED.evaluate(&line_crossing(), &facts, &context).prohibited
    };
    let footpath = ZoneKind::Footpath;
    assert_eq!(shown(footpath, Presence::Present), [CaptionId(2), CaptionId(5)]);
    assert!(shown(footpath, Presence::Unclear).is_empty(), "what is unclear proves nothing");
    assert!(shown(ZoneKind::PublicEntrance, Presence::Present).is_empty());
}

#[test]
fn a_prohibition_names_codes_at_a_rule_that_verifies() {
    let refused = |codes: &str, action: &str| {
        refusal(&format!(
            r#"{HEAD} @id("x") @prohibits("{codes}") permit (principal, action == Sereno::Action::"{action}", resource);"#
        ))
    };
    assert_eq!(refused("bicycle runs", "verify"), "");
    let told = refused("bicicle", "verify");
    assert!(
        told.contains("@prohibits names `bicicle`") && told.contains("\"bicycle runs\""),
        "{told}"
    );
    assert!(refused("runs", "send_guard").contains("verifies nothing"));
}

#[test]
fn a_policy_that_permits_everything_replaces_no_grant() {
    let folder = tempfile::tempdir().unwrap();
    let rules = r#"
        @id("all") @severity("none") @because("B.") @cites("C")
        permit (principal, action in [Sereno::Action::"dismiss", Sereno::Action::"closeWithoutPerson"], resource);
    "#;
    fs::write(folder.path().join("all.cedar"), rules).unwrap();
    let policies = PolicySet::load(folder.path()).unwrap();
    let ruling = policies.evaluate(&line_crossing(), &walker(), &open_entrance());
    assert_eq!(ruling.permitted, [Outcome::Dismissed, Outcome::Uncertain]);
    assert!(!ruling.may_close_without_person);
}

#[test]
fn an_everyday_scene_reads_as_a_manager_expects() {
    let ruling = SHIPPED.evaluate(&line_crossing(), &walker(), &open_entrance());
    let ruling = Ruling { policy_digest: String::new(), ..ruling };
    insta::assert_json_snapshot!(ruling, @r#"
    {
      "policy_digest": "",
      "permitted": [
        "dismissed",
        "uncertain"
      ],
      "severity_floor": "none",
      "oversight": "operator",
      "may_close_without_person": false,
      "rules": [
        {
          "id": "everyday_in_public",
          "effect": "permit",
          "action": "dismiss",
          "severity": "none",
          "because": "People go about everyday things where the public may be, during opening hours.",
          "cites": "Sample site orders E-1"
        }
      ],
      "due": []
    }
    "#);
}

#[test]
fn a_policy_that_permits_everything_is_held_by_the_guards() {
    let policy = &*LAX;
    let fired = |facts: &Facts, context: &Context| {
        let ruling = policy.evaluate(&line_crossing(), facts, context);
        assert_eq!(ruling.permitted, [Outcome::Uncertain, Outcome::Verified]);
        ruling
            .rules
            .into_iter()
            .filter(|rule| rule.effect == Effect::Forbid && !rule.because.is_empty())
            .map(|rule| rule.id)
            .collect::<Vec<_>>()
    };
    let dismissed = policy.evaluate(&line_crossing(), &walker(), &open_entrance());
    assert!(dismissed.permits(Outcome::Dismissed));
    let armed_robber = Facts { hazards: vec![seen(Hazard::Weapon)], ..walker() };
    assert_eq!(fired(&armed_robber, &open_entrance()), ["guard_life_safety"]);
    let sign = Facts { scene_text: SceneText::InstructionLike, ..walker() };
    assert_eq!(fired(&sign, &open_entrance()), ["guard_instruction_text"]);
    let stranger = Context { camera_known: false, clock_suspect: true, ..open_entrance() };
    assert_eq!(fired(&walker(), &stranger), ["guard_camera_unknown", "guard_clock_suspect"]);
    assert_eq!(
        fired(&Facts::unread(), &open_entrance()),
        ["guard_insufficient", "guard_no_evidence", "guard_unread"]
    );
}

#[test]
fn a_policy_that_forbids_everything_leaves_it_to_a_person() {
    let forbids = EVERYTHING.replace("permit", "forbid").replace("everything", "nothing");
    let policy = load(&format!("{HEAD} {EVERYTHING}\n{HEAD} {forbids}")).unwrap();
    let ruling = policy.evaluate(&line_crossing(), &walker(), &open_entrance());
    assert_eq!(ruling.permitted, [Outcome::Uncertain]);
    assert!(ruling.due.is_empty(), "a forbid beats a permit");
    assert_eq!(ruling.rule_ids("dismiss"), ["everything", "nothing"]);
}

#[test]
fn the_police_are_named_only_where_the_site_allows_and_by_a_supervisor() {
    let due = |emergency_services| {
        let context = Context { emergency_services, ..open_entrance() };
        LAX.evaluate(&line_crossing(), &walker(), &context).due
    };
    assert_eq!(due(false).iter().map(|due| due.code).collect::<Vec<_>>(), [ActionCode::SendGuard]);
    let police = due(true).into_iter().find(|due| due.code == ActionCode::CallPolice).unwrap();
    assert_eq!(police.approver, Approver::Supervisor, "although the rule asks for an operator");
}

#[test]
fn one_action_of_two_rules_takes_the_soonest_time_and_the_strictest_approver() {
    let rule = |id: &str, approver: &str, urgency: &str| {
        format!(
            r#"@id("{id}") @severity("low") @because("{id}.") @cites("T") @approver("{approver}")
            @urgency("{urgency}") permit (principal, action == Sereno::Action::"send_guard", resource);"#
        )
    };
    let text =
        [rule("slow", "manager", "routine"), rule("quick", "operator", "immediate")].concat();
    let due = load(&text).unwrap().evaluate(&line_crossing(), &walker(), &open_entrance()).due;
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].rule.as_str(), due[0].approver), ("quick", Approver::Manager));
}

#[test]
fn a_rule_that_cannot_be_evaluated_leaves_only_uncertain() {
    let overflow = r#"@id("sum") forbid (principal, action == Sereno::Action::"verify", resource)
        when { 9223372036854775807 + context.recent.lastHour < 0 };"#;
    let policy = load(&format!("{HEAD} {EVERYTHING}\n{HEAD} {overflow}")).unwrap();
    let mut context = open_entrance();
    context.recent.last_hour = 1;
    let ruling = policy.evaluate(&line_crossing(), &walker(), &context);
    assert_eq!(ruling.permitted, [Outcome::Uncertain]);
    assert_eq!((ruling.oversight, ruling.severity_floor), (Oversight::Supervisor, Severity::High));
    assert!(ruling.rules.iter().any(|rule| rule.id == "policy_error"));
}

#[test]
fn a_typo_is_named_with_its_line() {
    let said = refusal(&format!(
        "// head\n{HEAD} @id(\"a\")\npermit (principal, action == Sereno::Action::\"verify\", resource)\nwhen {{ context.opne }};"
    ));
    assert!(said.starts_with("site.cedar:4: "), "{said}");
    assert!(said.contains("opne") && said.contains("open"), "{said}");
    let said = refusal(&format!(
        "{HEAD} @id(\"a\")\nforbid (principal, action == Sereno::Action::\"dismis\", resource);"
    ));
    assert!(said.contains("site.cedar:") && said.contains("dismis"), "{said}");
    assert!(said.contains("did you mean"), "{said}");
}

#[test]
fn a_code_that_does_not_exist_is_refused() {
    let said = refusal(&format!(
        "{HEAD} @id(\"a\") permit (principal, action == Sereno::Action::\"verify\", resource)\n\
         when {{ resource.acts.present.contains(Act::\"climb\") }};"
    ));
    assert!(said.starts_with("site.cedar:2: ") && said.contains("climb"), "{said}");
}

#[test]
fn two_rules_with_one_id_are_both_named() {
    let rule = format!("{HEAD} {EVERYTHING}\n");
    let dir = folder(&[("a.cedar", &rule), ("b.cedar", &rule)]);
    let said = PolicySet::load(dir.path()).err().unwrap().to_string();
    assert!(said.contains("b.cedar:1:") && said.contains("a.cedar:1"), "{said}");
    assert!(said.contains("rename"), "{said}");
}

#[test]
fn a_missing_because_is_asked_for() {
    let rule = format!("{HEAD} {EVERYTHING}").replace("@because(\"It is so.\")", "");
    let said = refusal(&rule);
    assert!(said.starts_with("site.cedar:1: this rule has no @because"), "{said}");
}

#[test]
fn unusable_folders_are_refused_without_being_swallowed() {
    let missing = PolicySet::load(Path::new("/nowhere/at/all")).err().unwrap();
    assert!(matches!(missing, PolicyError::Unreadable { .. }) && missing.problems().is_empty());
    let empty = PolicySet::load(folder(&[]).path()).err().unwrap().to_string();
    assert!(empty.contains("there is no .cedar file"), "{empty}");
    let blank = refusal("// only words\n");
    assert!(blank.contains("there is no rule"), "{blank}");
    let huge = folder(&[("huge.cedar", &"// x\n".repeat(2 * 1024 * 1024))]);
    let huge = PolicySet::load(huge.path()).err().unwrap().to_string();
    assert!(huge.contains("huge.cedar: it is larger than"), "{huge}");
    let dir = folder(&[]);
    fs::write(dir.path().join("odd.cedar"), [b'p', 0xff]).unwrap();
    let odd = PolicySet::load(dir.path()).err().unwrap().to_string();
    assert!(odd.contains("not UTF-8"), "{odd}");
}

#[test]
fn a_rule_by_which_a_sign_could_lower_an_alarm_never_loads() {
    let said = refusal(&format!(
        "{HEAD} @id(\"a\") permit (principal, action == Sereno::Action::\"dismiss\", resource)\n\
         when {{ resource.sceneText == SceneText::\"sentence\" }};"
    ));
    assert!(said.contains("never lower"), "{said}");
}

#[test]
fn the_digest_names_the_exact_rules() {
    let text = format!("{HEAD} {EVERYTHING}");
    let digest = |text: &str| load(text).unwrap().digest().to_owned();
    assert_eq!(digest(&text), digest(&text));
    assert_ne!(digest(&text), digest(&format!("{text} ")));
    assert_eq!(SHIPPED.digest().len(), 64);
}

#[test]
fn cases_say_what_differs_and_where() {
    let rules = format!("{HEAD} {EVERYTHING}");
    let cases =
        "# head\n\n[[case]]\nid = \"a\"\nexpect = { permitted = [], silent = [\"everything\"] }\n";
    let report = run_cases(folder(&[("x.cedar", &rules), ("x.cases.toml", cases)]).path()).unwrap();
    assert!(!report.passed());
    insta::assert_snapshot!(report.to_string(), @r#"
    x.cases.toml:3: case `a` failed
        `everything` fires, but should not
        it permits ["uncertain","verified"], but should be ["uncertain"]
    0 of 1 cases passed
    "#);
}

#[test]
fn faulty_cases_are_refused_with_their_line() {
    let rules = format!("{HEAD} {EVERYTHING}");
    let said = |cases: &str| {
        let dir = folder(&[("x.cedar", &rules), ("x.cases.toml", cases)]);
        run_cases(dir.path()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let field = said("[[case]]\nid = \"a\"\nfacts = { act = [] }\nexpect = {}\n");
    assert!(field.starts_with("x.cases.toml:3: unknown field `act`"), "{field}");
    let code = said("[[case]]\nid = \"a\"\nfacts = { acts = [\"climb\"] }\nexpect = {}\n");
    assert!(code.contains("climb") && code.contains("climbs"), "{code}");
    let rule = said("[[case]]\nid = \"a\"\nexpect = { fires = [\"nothing\"] }\n");
    assert!(rule.contains("x.cases.toml:1: case `a` names the rule `nothing`"), "{rule}");
    let twin = said("[[case]]\nid = \"a\"\nexpect = {}\n[[case]]\nid = \"a\"\nexpect = {}\n");
    assert!(twin.contains("two cases have the id `a`"), "{twin}");
}
