//! What other policies would have made of recorded alarms, and why one was ruled on as it was.

use std::fs;

use serde_json::{Value, json};
use sereno::{
    domain::{
        AlarmId, Assessment, Backtest, CaptionId, Cause, Confidence, Context, CountBand, Counted,
        DispositionCode, Facts, NewDisposition, Outcome, PolicyFile, Presence, Role, Severity,
        Shift, SiteShift, Sufficiency, User, VerdictShift, ZoneKind,
    },
    evaluation::backtest,
    policy::Draft,
    store::Store,
};

use crate::{
    command,
    database::{Database, both_databases, sample},
};

both_databases!(
    a_backtest_counts_what_changes_and_names_the_threats_that_would_be_dismissed,
    an_alarm_whose_context_was_not_recorded_is_skipped_and_told,
);

/// The shipped rules with one more file at every site.
fn with(rule: &str) -> Draft {
    let mut files = Draft::shipped().unwrap().files().to_vec();
    files.push(PolicyFile { name: "more.cedar".into(), text: rule.to_owned() });
    Draft::sent(files).unwrap()
}

const STRICT: &str = r#"@id("no_cats") @severity("low") @because("B.") @cites("C")
    @oversight("supervisor")
    forbid (principal, action == Sereno::Action::"dismiss", resource)
    when { resource.cause == Cause::"animal" && context.zone.kind == ZoneKind::"perimeter" };"#;

/// A cat on a fence, read by both, dismissed.
async fn cat(store: &Store, n: u32, known: bool) -> AlarmId {
    let alarm = sample::alarm(n);
    let id = store.accept(&alarm, "sample").await.unwrap().id;
    let mut draft = sample::draft(id, &alarm, Outcome::Dismissed, Severity::None);
    let one = Counted { count: CountBand::One, evidence: vec![CaptionId(1)] };
    let none = Counted { count: CountBand::None, evidence: vec![CaptionId(1)] };
    draft.facts = Facts {
        sufficiency: Sufficiency::Enough,
        danger: Presence::Absent,
        cause: Cause::Animal,
        animals: one,
        people: none,
        read_by_model: true,
        ..Facts::unread()
    };
    draft.context = Context { camera_known: known, ..draft.context };
    draft.context.zone.kind = ZoneKind::Perimeter;
    let confidence = Confidence {
        model_threat: Some(0.1),
        verdict_margin: None,
        classifier_threat: Some(0.1),
        agree: true,
    };
    draft.assessment =
        Assessment { proposed: Outcome::Dismissed, confidence, ..Assessment::none() };
    store.commit_decision(None, draft).await.unwrap();
    id
}

async fn dispose(store: &Store, id: AlarmId, code: DispositionCode) {
    let said = NewDisposition {
        code,
        reason_code: None,
        note: None,
        approved_actions: Vec::new(),
        dwell_ms: None,
    };
    let person = User { name: "operator".into(), role: Role::Operator };
    store.dispose(id, &said, &person).await.unwrap();
}

async fn tried(store: &Store, before: &Draft, after: &Draft) -> Backtest {
    backtest::run(store, before, after, None, jiff::Timestamp::UNIX_EPOCH).await.unwrap()
}

async fn a_backtest_counts_what_changes_and_names_the_threats_that_would_be_dismissed(
    db: &Database,
) {
    let store = db.store().await;
    let (first, second) = (cat(&store, 1, true).await, cat(&store, 2, true).await);
    cat(&store, 3, false).await;
    dispose(&store, first, DispositionCode::FalseDetection).await;
    dispose(&store, second, DispositionCode::RealThreat).await;
    let (shipped, strict) = (Draft::shipped().unwrap(), with(STRICT));

    let stricter = tried(&store, &shipped, &strict).await;
    assert_eq!((stricter.alarms, stricter.skipped, stricter.to_be_read), (3, 0, 0));
    let held = VerdictShift { from: Outcome::Dismissed, to: Outcome::Uncertain, alarms: 2 };
    assert_eq!(stricter.verdicts, [held]);
    assert_eq!(stricter.oversight_up, 3);
    assert_eq!(stricter.rules, [Shift { name: "no_cats".into(), begins: 3, ends: 0 }]);
    assert_eq!(stricter.sites, [SiteShift { site: "sample".into(), alarms: 3, changed: 3 }]);
    assert!(stricter.dismissed_threats.is_empty());
    assert_eq!(
        (stricter.digest.as_str(), stricter.against.as_str()),
        (strict.digest(), shipped.digest())
    );

    let laxer = tried(&store, &strict, &shipped).await;
    let threats: Vec<AlarmId> = laxer.dismissed_threats.iter().map(|alarm| alarm.id).collect();
    assert_eq!(threats, [second], "people found it real, and it would be dismissed");
    assert_eq!(laxer.changes.len(), 3);
    assert_eq!(laxer.changes[0].after.outcome, Outcome::Dismissed, "the gravest first");
    assert_eq!(tried(&store, &strict, &strict).await.changed, 0);
}

async fn an_alarm_whose_context_was_not_recorded_is_skipped_and_told(db: &Database) {
    let store = db.store().await;
    cat(&store, 1, true).await;
    // As an older version kept it.
    db.disarm().await;
    db.sql("UPDATE decision SET document = replace(document, '\"context\":', '\"past\":')").await;
    let shipped = Draft::shipped().unwrap();
    let found = tried(&store, &shipped, &shipped).await;
    assert_eq!((found.alarms, found.skipped), (0, 1));
}

/// The commands, on the real binary and the real models: an alarm in test mode is settled by a rule.
#[test]
fn a_settled_alarm_is_explained_in_both_languages_and_tried_under_other_rules() {
    let data = tempfile::tempdir().unwrap();
    let mut alarm = command::alarm("t-1", "dock-2", &["An empty loading dock with closed doors."]);
    alarm["occurred_at"] = json!("2026-03-04T10:14:05Z");
    let labelled = {
        let mut labelled = alarm.clone();
        labelled["label"] = json!({ "threat": true, "class": "theft", "group": "g" });
        labelled.to_string()
    };
    let decided = command::run(command::sereno(data.path(), &["triage"]), &alarm.to_string());
    let decision = &command::lines(&decided)[0];
    assert_eq!(decision["verdict"]["outcome"], "dismissed", "{}", command::complaint(&decided));
    let id = decision["alarm"]["id"].as_str().unwrap();
    let said = |arguments: &[&str]| {
        let output = command::run(command::sereno(data.path(), arguments), "");
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, english) = said(&["policy", "explain", id]);
    assert_eq!(code, 0);
    assert!(
        english.contains("dismissed, severity none")
            && english.contains("test_mode permits: dismiss the alarm"),
        "{english}"
    );
    let (_, spanish) = said(&["policy", "explain", id, "--language", "es"]);
    assert!(
        spanish.contains("descartada")
            && spanish.contains("test_mode permite: descartar la alarma"),
        "{spanish}"
    );
    let missing = "00000000-0000-7000-8000-000000000000";
    let output = command::run(command::sereno(data.path(), &["policy", "explain", missing]), "");
    assert!(output.status.code() == Some(2) && command::complaint(&output).contains("no decision"));

    let alarms = data.path().join("alarms.jsonl");
    let decisions = data.path().join("decisions.jsonl");
    fs::write(&alarms, labelled).unwrap();
    fs::write(&decisions, &decided.stdout).unwrap();
    let folder = format!("{}/policies", env!("CARGO_MANIFEST_DIR"));
    let (code, told) = said(&[
        "policy",
        "backtest",
        &folder,
        "--dataset",
        alarms.to_str().unwrap(),
        "--decisions",
        decisions.to_str().unwrap(),
    ]);
    assert_eq!(code, 1, "a labelled threat is dismissed: {told}");
    assert!(
        told.contains("0 of 1 alarms change") && told.contains("REAL THREAT DISMISSED"),
        "{told}"
    );
    let (code, json) = said(&["policy", "json", &folder]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, json["test_mode"]["effect"].as_str()), (0, Some("permit")));
}
