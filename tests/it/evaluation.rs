//! Figures of decision quality: exact on small sets, honest where labels do not suffice.

use std::{fs, process::Output, time::Duration};

use serde_json::{Value, json};
use sereno::{
    domain::{AvsLevel, Outcome, Severity},
    evaluation::{Comparison, Figures, Run, Sample, TokenCount},
};
use tempfile::TempDir;

use crate::command::{alarm, complaint, run, sereno};

fn sample(
    id: &str,
    group: &str,
    threat: Option<bool>,
    probability: f64,
    outcome: Outcome,
) -> Sample {
    Sample {
        id: id.to_owned(),
        group: group.to_owned(),
        threat,
        class: if threat == Some(true) { "Burglary" } else { "Normal" }.to_owned(),
        kind: "activity".to_owned(),
        probability,
        model_threat: None,
        classifier_threat: None,
        outcome,
        severity: Severity::Low,
        avs_level: AvsLevel::PRESENCE,
        peer_score: None,
        text: String::new(),
        latency_ms: 100.0,
        tokens: TokenCount { prompt: 90, reused: 60, sampled: 5, forced: 5 },
    }
}

/// Three threats and three harmless ones in four groups; one threat is dismissed.
fn small() -> Vec<Sample> {
    use Outcome::{Dismissed, Uncertain, Verified};
    vec![
        sample("a1", "a", Some(true), 0.95, Verified),
        sample("a2", "a", Some(false), 0.15, Dismissed),
        sample("b1", "b", Some(true), 0.65, Uncertain),
        sample("c1", "c", Some(true), 0.05, Dismissed),
        sample("c2", "c", Some(false), 0.35, Uncertain),
        sample("d1", "d", Some(false), 0.45, Uncertain),
        sample("e1", "e", None, 0.5, Uncertain),
    ]
}

fn close(found: f64, right: f64) {
    assert!((found - right).abs() < 1e-9, "{found} is not {right}");
}

#[test]
fn areas_are_those_worked_out_by_hand() {
    let figures = Figures::of(&small(), Run::default());
    assert_eq!((figures.n, figures.labelled), (7, 6));
    // Of nine pairs, 0.95 and 0.65 win three each and 0.05 wins none.
    close(figures.clip.roc_auc.unwrap().value, 6.0 / 9.0);
    // Recall rises by a third at precisions 1/1, 2/2 and 3/6.
    close(figures.clip.average_precision.unwrap().value, (1.0 + 1.0 + 0.5) / 3.0);
    // Groups: a 0.95 and b 0.65 and c 0.35 are threats, d 0.45 is not: two of three pairs.
    assert_eq!((figures.group.threats, figures.group.harmless), (3, 1));
    close(figures.group.roc_auc.unwrap().value, 2.0 / 3.0);
}

#[test]
fn verdicts_are_counted_against_the_truth_and_the_missed_are_named() {
    let figures = Figures::of(&small(), Run::default());
    let table = figures.confusion;
    assert_eq!((table.verified.threats, table.verified.harmless), (1, 0));
    assert_eq!((table.uncertain.threats, table.uncertain.harmless), (1, 2));
    assert_eq!((table.dismissed.threats, table.dismissed.harmless), (1, 1));
    close(figures.missed_share.unwrap().value, 1.0 / 3.0);
    close(figures.dismissed_share.unwrap().value, 2.0 / 6.0);
    close(figures.harmless_dismissed_share.unwrap().value, 1.0 / 3.0);
    let named: Vec<&str> = figures.missed.iter().map(|missed| missed.id.as_str()).collect();
    assert_eq!(named, ["c1"]);
    let right: Vec<Option<f64>> =
        figures.verdicts.iter().map(|verdict| verdict.precision).collect();
    assert_eq!(right, [Some(1.0), None, Some(0.5)]);
    assert_eq!(figures.levels[2].truths.total(), 6);
    assert_eq!(figures.classes.len(), 2);
}

#[test]
fn calibration_is_measured_in_ten_bins() {
    let figures = Figures::of(&small(), Run::default());
    let calibration = figures.calibration.unwrap();
    let gaps = 0.05 + 0.15 + 0.35 + 0.95 + 0.35 + 0.45;
    close(calibration.ece, gaps / 6.0);
    let squares: f64 = [0.05_f64, 0.15, 0.35, 0.95, 0.35, 0.45].iter().map(|gap| gap * gap).sum();
    close(calibration.brier, squares / 6.0);
    assert_eq!(calibration.bins.len(), 10);
    assert_eq!(calibration.bins.iter().map(|bin| bin.n).sum::<usize>(), 6);
    let edge = [sample("x", "x", Some(true), 1.0, Outcome::Verified)];
    assert_eq!(Figures::of(&edge, Run::default()).calibration.unwrap().bins[9].n, 1);
}

#[test]
fn floors_stand_beside_on_the_same_samples() {
    let mut samples = small();
    samples[0].text = "A man smashes the window and climbs in.".into();
    samples[1].peer_score = Some(0.2);
    samples[2].peer_score = Some(0.1);
    let figures = Figures::of(&samples, Run::default());
    assert_eq!(figures.floors.len(), 2);
    // One threat has words, all else ties at none: (3 + 3 × 2 × ½) / 9.
    close(figures.floors[0].clip_roc_auc.unwrap().value, 6.0 / 9.0);
    assert_eq!(figures.floors[1].n, 2);
    close(figures.floors[1].clip_roc_auc.unwrap().value, 0.0);
    close(figures.floors[1].own_clip_roc_auc.unwrap(), 1.0);
    assert_eq!(Figures::of(&small(), Run::default()).floors.len(), 1);
}

#[test]
fn cost_is_told_with_the_pace_of_the_whole_run() {
    let mut samples = small();
    samples[6].latency_ms = 1_000.0;
    let run = Run { wall: Some(Duration::from_secs(30)), lost: 0 };
    let cost = Figures::of(&samples, run).operation.unwrap();
    close(cost.latency_median_ms, 100.0);
    close(cost.latency_p95_ms, 730.0);
    close(cost.alarms_per_minute.unwrap(), 14.0);
    assert_eq!(cost.tokens.prompt, 630);
    close(cost.tokens_per_alarm, 100.0);
}

#[test]
fn figures_that_labels_do_not_support_are_absent_and_said_to_be() {
    let none = Figures::of(&[], Run::default());
    assert!(none.clip.roc_auc.is_none() && none.missed_share.is_none());
    assert!(none.operation.is_none() && none.calibration.is_none());
    assert!(none.render().contains("No sample has a label"));

    let threats = [sample("t", "t", Some(true), 0.9, Outcome::Verified)];
    let figures = Figures::of(&threats, Run { lost: 2, ..Run::default() });
    assert!(figures.clip.roc_auc.is_none() && figures.clip.at_recall.is_empty());
    let shown = figures.render();
    assert!(shown.contains("No labelled harmless alarm"));
    assert!(shown.contains("Few groups (1)"));
    assert!(shown.contains("2 lines gave no decision"));

    let harmless = [sample("h", "h", Some(false), 0.9, Outcome::Verified)];
    assert!(Figures::of(&harmless, Run::default()).render().contains("no labelled threat"));
}

#[test]
fn repeated_ids_torn_labels_and_broken_numbers_are_pointed_out() {
    let mut samples = small();
    samples.push(sample("a1", "z", Some(false), f64::NAN, Outcome::Dismissed));
    let notes = Figures::of(&samples, Run::default()).notes.join("\n");
    assert!(notes.contains("1 samples repeat the id"), "{notes}");
    assert!(notes.contains("1 ids are labelled both ways, first a1"), "{notes}");
    assert!(notes.contains("1 probabilities are no numbers"), "{notes}");
}

#[test]
fn the_same_samples_give_the_same_bytes() {
    let json = |figures: &Figures| serde_json::to_string(figures).unwrap();
    let first = Figures::of(&small(), Run::default());
    assert_eq!(json(&first), json(&Figures::of(&small(), Run::default())));
}

#[test]
fn the_account_fits_a_terminal_and_opens_with_what_was_missed() {
    let mut samples = small();
    samples[3].id = format!("{}\u{1b}[31m", "very-long-name-".repeat(20));
    let shown = Figures::of(&samples, Run::default()).render();
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert!(!shown.contains('\u{1b}'));
    let opening: Vec<&str> = shown.lines().take(4).collect();
    assert_eq!(opening[0], "7 alarms decided, 6 labelled: 3 threats, 3 harmless, in 4 groups");
    assert_eq!(opening[2], "MISSED");
    assert!(opening[3].starts_with("  1 of 3 threats were dismissed: 33.3% ["));
    assert!(shown.contains("p=0.050 low      Burglary"));
}

#[test]
fn many_missed_threats_are_counted_even_where_not_all_are_named() {
    let samples: Vec<Sample> = (0..40)
        .map(|at| sample(&format!("m{at}"), &format!("g{at}"), Some(true), 0.1, Outcome::Dismissed))
        .collect();
    let shown = Figures::of(&samples, Run::default()).render();
    assert!(shown.contains("40 of 40 threats were dismissed: 100.0% [100.0%, 100.0%]"), "{shown}");
    assert!(shown.contains("and 15 more, in the JSON"));
}

/// Forty groups of two clips; `skill` moves threats up and harmless ones down.
fn run_with(skill: f64) -> Vec<Sample> {
    (0..80_u32)
        .map(|at| {
            let threat = at % 4 < 2;
            // A spread that has nothing to do with the truth.
            let noise = f64::from(at * 37 % 80) / 80.0;
            let wanted = if threat { 1.0 } else { 0.0 };
            let probability = noise * (1.0 - skill) + wanted * skill;
            let outcome = if probability < 0.2 { Outcome::Dismissed } else { Outcome::Uncertain };
            let group = format!("g{}", at / 2);
            sample(&format!("s{at}"), &group, Some(threat), probability, outcome)
        })
        .collect()
}

#[test]
fn a_better_run_is_told_from_an_equal_one() {
    let better = Comparison::of(&run_with(0.0), &run_with(0.6)).unwrap();
    assert_eq!((better.pairs, better.groups, better.unpaired), (80, 40, 0));
    let clip = &better.rows[0];
    let found = clip.difference.unwrap();
    close(found.value, clip.second.unwrap() - clip.first.unwrap());
    assert!(found.low.unwrap() > 0.2, "{found:?}");
    assert!(better.render().contains("better"), "{}", better.render());
    let same = Comparison::of(&run_with(0.3), &run_with(0.3)).unwrap();
    assert!(same.rows.iter().all(|row| row.difference.unwrap().value.abs() < 1e-12));
    assert!(!same.render().contains("better"), "{}", same.render());
}

#[test]
fn runs_over_other_labels_are_not_compared() {
    let mut other = run_with(0.3);
    other[5].threat = Some(!other[5].threat.unwrap());
    let refused = Comparison::of(&run_with(0.3), &other).unwrap_err();
    assert!(refused.contains("s5"), "{refused}");
    let twice: Vec<Sample> = run_with(0.3).into_iter().chain(run_with(0.3)).collect();
    assert!(Comparison::of(&twice, &twice).unwrap_err().contains("stands twice"));
    let fewer = Comparison::of(&run_with(0.3)[..60], &run_with(0.3)).unwrap();
    assert_eq!((fewer.pairs, fewer.unpaired), (60, 20));
}

#[test]
fn what_may_be_dismissed_without_a_person_is_said_with_what_is_missing() {
    let text = Figures::of(&small(), Run::default()).render();
    assert!(
        text.contains(
            "nothing may be dismissed: 3 threat groups are labelled, 296 more are needed"
        ),
        "{text}"
    );
}

#[test]
fn what_is_left_to_err_where_the_surest_alone_are_decided_is_told() {
    let figures = Figures::of(&small(), Run::default());
    let clip = figures.clip.selective.as_ref().unwrap();
    // Surest are 0.95, right, and 0.05, wrong, equally so; the rest is right.
    close(clip.risk, 1.0 / 6.0);
    let later: f64 = [3.0, 4.0, 5.0, 6.0].iter().map(|decided| 1.0 / decided).sum();
    let risks = 0.5 + 0.5 + later;
    close(clip.aurc.value, risks / 6.0);
    close(clip.excess_aurc.value, (risks - 1.0 / 6.0) / 6.0);
    close(clip.at_coverage[0].risk, 1.0 / 3.0);
    let shown = figures.render();
    assert!(shown.contains("of all 16.7%; of 90% 16.7%; of 80% 20.0%"), "{shown}");
    // Of each verdict its coverage and how often it is right stand beside.
    assert!(shown.contains("dismissed          1          1      33.3%   50.0%"), "{shown}");
}

#[test]
fn floors_are_learned_where_the_labels_suffice_and_a_note_says_where_not() {
    let mut samples = run_with(0.3);
    for sample in &mut samples {
        let says = if sample.threat == Some(true) { "smashes the door" } else { "opens the door" };
        sample.text = format!("A man {says}.");
    }
    let figures = Figures::of(&samples, Run::default());
    let learned = figures.floors.iter().find(|floor| floor.name.starts_with("TF-IDF")).unwrap();
    close(learned.clip_roc_auc.unwrap().value, 1.0);
    assert!(learned.clip_lead.unwrap().value < 0.0);
    let few = Figures::of(&small(), Run::default());
    assert_eq!(few.floors.len(), 1);
    let notes = few.notes.join("\n");
    assert!(notes.contains("Learned floors need 10 groups of each truth"), "{notes}");
}

#[test]
fn groups_that_all_hold_a_threat_give_no_order_by_group() {
    let samples = &small()[..5];
    let figures = Figures::of(samples, Run::default());
    assert!(figures.clip.roc_auc.is_some() && figures.group.roc_auc.is_none());
    let shown = figures.render();
    assert!(shown.contains("Every group has a threat"), "{shown}");
    assert!(shown.contains("ORDER by group (its highest clip): 3 threats, 0 harmless"));
}

#[test]
fn an_empty_class_is_called_none() {
    let mut samples = small();
    samples[0].class.clear();
    let figures = Figures::of(&samples, Run::default());
    assert_eq!(figures.classes[0].name, "(none)");
    assert_eq!(figures.classes[0].confusion.all().total(), 1);
}

/// A line of a dataset.
fn line(id: &str, text: &str, label: &Value) -> String {
    let mut line = alarm(id, "gate-north", &[text]);
    line["label"] = label.clone();
    line.to_string()
}

/// `sereno eval` on a dataset of these lines.
fn eval(lines: &[String], arguments: &[&str]) -> Output {
    let folder = TempDir::new().expect("a folder can be made");
    let file = folder.path().join("set.jsonl");
    fs::write(&file, lines.join("\n")).expect("the dataset can be written");
    let mut all = vec!["eval", file.to_str().expect("the path is text")];
    all.extend(arguments);
    run(sereno(folder.path(), &all), "")
}

/// Line and member of each complaint.
fn complaints(output: &Output) -> Vec<(u64, String)> {
    let told = complaint(output);
    let objects = told.lines().filter(|line| line.starts_with('{'));
    objects
        .map(|line| {
            let object: Value = serde_json::from_str(line).expect("a complaint is JSON");
            assert!(object["file"].as_str().is_some_and(|file| file.ends_with("set.jsonl")));
            (object["line"].as_u64().unwrap(), object["path"].as_str().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn lines_that_cannot_be_measured_are_told_by_place_and_the_rest_goes_on() {
    let (threat, harmless) =
        (json!({ "threat": true, "group": "a" }), json!({ "threat": false, "group": "b" }));
    let mut unlabelled = alarm("l2", "gate-north", &["A man waits."]);
    unlabelled.as_object_mut().unwrap().remove("label");
    let lines = [
        line("l1", "A man breaks the window.", &threat),
        unlabelled.to_string(),
        line("l1", "A man breaks the window.", &threat),
        line("l4", "A cat.", &threat),
        line("l4", "A cat.", &harmless),
        line("l6", "A street at night.", &threat),
        line("l7", "A street at night.", &json!({ "threat": false, "group": "a" })),
        "{broken".to_owned(),
        line("l9", "A cat walks over the yard.", &harmless),
    ];
    let output = eval(&lines, &["--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    let right = [
        (2, "label"),
        (3, "source_event_id"),
        (4, "label.threat"),
        (5, "label.threat"),
        (6, "label.threat"),
        (7, "label.threat"),
        (8, "."),
    ];
    assert_eq!(complaints(&output), right.map(|(line, path)| (line, path.to_owned())));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("figures are JSON");
    assert_eq!((figures["n"].as_u64(), figures["lost"].as_u64()), (Some(2), Some(7)));
    assert_eq!(figures["labelled"], 2);
}

#[test]
fn a_dataset_of_one_line_pretends_nothing() {
    let output = eval(&[line("l1", "A man breaks the window.", &json!({ "threat": true }))], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("area under the ROC curve      cannot be told"), "{shown}");
    assert!(shown.contains("No labelled harmless alarm") && shown.contains("Few groups (1)"));
    assert!(shown.contains("[no interval]") && shown.contains("Learned floors need"));
}

#[test]
fn a_dataset_of_which_nothing_can_be_measured_is_bad_input_and_has_no_figures() {
    let unlabelled = alarm("l1", "gate-north", &["A man waits."]).to_string();
    let output = eval(&[unlabelled], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(complaint(&output).contains("no alarm is left to measure; 1 lines were refused"));
    let empty = eval(&[String::new()], &[]);
    assert_eq!(empty.status.code(), Some(2));
    assert!(complaint(&empty).contains("the dataset holds no alarm"));
}

#[test]
fn curves_are_drawn_into_a_folder_and_one_that_cannot_be_is_said_at_once() {
    let lines = [
        line("l1", "A man breaks the window.", &json!({ "threat": true })),
        line("l2", "A cat walks over the yard.", &json!({ "threat": false })),
    ];
    let folder = TempDir::new().expect("a folder can be made");
    let plots = folder.path().join("new/plots");
    let output = eval(&lines, &["--plots", plots.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let mut files: Vec<String> = fs::read_dir(&plots)
        .expect("the folder is made")
        .map(|entry| entry.expect("it is readable").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let right = [
        "operating-points.svg",
        "precision-recall.svg",
        "reliability.svg",
        "risk-coverage.svg",
        "roc.svg",
    ];
    assert_eq!(files, right);
    let taken = plots.join("roc.svg");
    let output = eval(&lines, &["--plots", taken.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let said = complaint(&output);
    assert!(said.contains("roc.svg cannot be written") && output.stdout.is_empty(), "{said}");
}

#[test]
fn a_judge_marks_what_was_written_and_a_bad_rubric_is_named() {
    let lines = [
        line("l1", "A man breaks the window.", &json!({ "threat": true })),
        line("l2", "A cat walks over the yard.", &json!({ "threat": false })),
    ];
    let rubric = concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/rubrics/reason-usefulness.toml");
    let output = eval(&lines, &["--judge", rubric, "--judge-sample", "1", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("figures are JSON");
    let judge = &figures["judge"];
    assert_eq!((judge["asked"].as_u64(), judge["judges_itself"].as_bool()), (Some(1), Some(true)));
    let marks: u64 =
        judge["distribution"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    let failed: u64 =
        judge["failures"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!((marks, failed), (1, 0), "{judge}");
    assert!(judge["judgements"][0]["expected"].as_f64().is_some_and(|mark| mark >= 1.0));

    let folder = TempDir::new().expect("a folder can be made");
    let broken = folder.path().join("mine.toml");
    fs::write(&broken, "name = \"x\"\nlanguage = 3\n").expect("it can be written");
    let output = eval(&lines, &["--judge", broken.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(said.contains("mine.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn a_search_finds_each_image_by_its_caption_and_tells_how_often() {
    let folder = TempDir::new().expect("a folder can be made");
    let file = |name: &str, captions: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, captions.to_string()).expect("it can be written");
        path.to_str().expect("the path is text").to_owned()
    };
    let of = |image: u32, caption: &str| json!({ "image_id": image, "caption": caption });
    let references = file(
        "references.json",
        &json!({ "annotations": [
            of(1, "A man climbs over a wire fence."), of(1, "Somebody scales the fence."),
            of(2, "Two cats sleep on a car."), of(3, "Rain falls on an empty street."),
        ] }),
    );
    let candidates = file(
        "captions.json",
        &json!([
            of(1, "A person is climbing a fence."),
            of(2, "Cats lie on the roof of a car."),
            of(3, "A street without anybody in the rain.")
        ]),
    );
    let arguments = ["eval", "--captions", &references, &candidates, "--search", "--json"];
    let output = run(sereno(folder.path(), &arguments), "");
    assert!(output.status.success(), "{}", complaint(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(figures["search"]["images"], 3);
    assert_eq!(figures["search"]["recall"][0], json!({ "first": 1, "recall": 1.0 }));
    assert_eq!(figures["search"]["mean_reciprocal_rank"], 1.0);
}

/// Labels that the models that ship tell apart, in ten groups.
fn labels(each: usize) -> String {
    let lines = (0..each).flat_map(|n| {
        let threat = format!("Man number {n} breaks the window and climbs in with a crowbar.");
        let calm = format!("Cat number {n} walks over the grass. No people are visible.");
        let label = |threat: bool| json!({ "threat": threat, "group": format!("day {}", n % 10) });
        [
            line(&format!("t{n}"), &threat, &label(true)),
            line(&format!("h{n}"), &calm, &label(false)),
        ]
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_site_learns_from_labels_when_a_manager_approves_and_can_take_it_back() {
    const PASSWORD: &str = "a lamp in the tower\n";
    let folder = TempDir::new().expect("a folder can be made");
    let data = folder.path();
    let set = |each: usize| {
        let file = data.join(format!("{each}.jsonl"));
        fs::write(&file, labels(each)).expect("it can be written");
        file.to_str().expect("the path is text").to_owned()
    };
    let learn = |arguments: &[&str], input: &str| {
        let all: Vec<&str> =
            ["learn", "--site", "sample"].iter().chain(arguments).copied().collect();
        run(sereno(data, &all), input)
    };
    for (name, role) in [("boss", "manager"), ("maria", "operator")] {
        let added = run(sereno(data, &["user", "add", name, "--role", role]), PASSWORD);
        assert!(added.status.success(), "{}", complaint(&added));
    }
    let few = learn(&[&set(3)], "");
    assert_eq!(few.status.code(), Some(2));
    let told = complaint(&few);
    assert!(
        told.contains("3 real threats and 3 harmless") && told.contains("at least 20"),
        "{told}"
    );

    // Without a data set the labels are what people said; standard input is none of them.
    let none = learn(&[], "this is no alarm\n");
    assert_eq!(none.status.code(), Some(2));
    let told = complaint(&none);
    assert!(told.contains("0 real threats and 0 harmless") && !told.contains("line 1"), "{told}");
    let torn = data.join("torn.jsonl");
    let [threat, calm] = [true, false]
        .map(|threat| line("same", "A man waits.", &json!({ "threat": threat, "group": "g" })));
    fs::write(&torn, format!("{threat}\n{calm}")).expect("it can be written");
    let told = complaint(&learn(&[torn.to_str().expect("the path is text")], ""));
    assert!(told.contains("labelled both ways") && told.contains("torn.jsonl"), "{told}");

    // Nobody waits for what they may not approve.
    let labelled = set(20);
    for (name, password, why) in [
        ("boss", "another password\n", "the name or the password is wrong"),
        ("nobody", PASSWORD, "the name or the password is wrong"),
        ("maria", PASSWORD, "approved by a manager"),
    ] {
        let refused = learn(&[&labelled, "--apply", "--by", name], password);
        assert_eq!(refused.status.code(), Some(2), "{name}");
        assert!(complaint(&refused).contains(why), "{name}: {}", complaint(&refused));
    }
    let approved = learn(&[&labelled, "--apply", "--by", "boss"], PASSWORD);
    assert!(approved.status.success(), "{}", complaint(&approved));
    let told = String::from_utf8(approved.stdout).expect("it is text");
    assert!(told.contains("20 real threats and 20 harmless alarms, in 10 groups"), "{told}");
    assert!(told.contains("nothing may be closed without a person: 289 more"), "{told}");
    assert!(told.contains("Version 1 is in force, approved by boss"), "{told}");

    let listed = |mark: &str| {
        let output = learn(&["--list"], "");
        let text = String::from_utf8(output.stdout).expect("it is text");
        assert_eq!(text.contains("in force"), mark == "in force", "{text}");
        assert!(text.contains("approved by boss"), "{text}");
    };
    listed("in force");
    let back = learn(&["--revert", "0", "--by", "boss"], PASSWORD);
    assert!(back.status.success(), "{}", complaint(&back));
    listed("");
    let verified = run(sereno(data, &["log", "verify"]), "");
    assert!(verified.status.success(), "{}", complaint(&verified));
}
