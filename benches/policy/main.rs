//! How long the rules take: one ruling, and a decision that needs no model beside parsing its alarm.
//!
//! `make bench` runs it; docs/benchmarks.md explains the figures. One thread; the machine must be idle.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement may stop loudly, prints its figures, and counts little"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use proptest::{
    strategy::{Strategy, ValueTree as _},
    test_runner::TestRunner,
};
use sereno::{
    actions,
    config::{Config, Sites},
    context,
    domain::{Assessment, Context, Facts, Outcome, RecentAlarms},
    intake, pipeline,
    policy::{AlarmView, Policies, PolicySet},
    reading,
    verdict::{self, Grounds},
};

#[path = "../../tests/it/arbitrary.rs"]
mod arbitrary;

/// Alarms of the first measurement, each ruled on once a round.
const ALARMS: usize = 4000;
/// Rounds of both; the fastest of each alarm counts as its time, so that what else the machine does does not.
const ROUNDS: usize = 5;
/// Decisions of the second measurement a round.
const DECISIONS: usize = 4000;

fn main() {
    let policies = Policies::shipped().unwrap();
    // What is not named gets every pack: the largest that ships.
    let largest = policies.of("unnamed");
    println!("{} rules; {ALARMS} alarms, {ROUNDS} rounds\n", largest.rules().count());
    ruling(largest);
    unread(&policies);
}

/// One ruling on any facts and any context.
fn ruling(policy: &PolicySet) {
    let mut runner = TestRunner::deterministic();
    let mut one = || -> (Facts, Context, (&'static str, sereno::domain::Phase, bool)) {
        let facts = proptest::prop_oneof![arbitrary::facts(), arbitrary::harmless_facts()];
        let all = (facts, arbitrary::context(), arbitrary::alarm());
        all.new_tree(&mut runner).unwrap().current()
    };
    let alarms: Vec<_> = (0..ALARMS).map(|_| one()).collect();
    let mut times = vec![Duration::MAX; alarms.len()];
    for _ in 0..ROUNDS {
        for ((facts, context, (kind, phase, has_captions)), best) in alarms.iter().zip(&mut times) {
            let alarm = AlarmView {
                kind,
                camera: "gate-north",
                phase: *phase,
                has_captions: *has_captions,
            };
            let start = Instant::now();
            black_box(policy.evaluate(&alarm, facts, context));
            *best = (*best).min(start.elapsed());
        }
    }
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!(
        "one ruling: median {:.1} us (asked 100), 99th percentile {:.1} us (asked 300)",
        at(50),
        at(99)
    );
}

/// An alarm in test mode, which a rule settles, beside parsing the same bytes alone.
fn unread(policies: &Policies) {
    let sites = Sites::embedded().unwrap();
    let limits = Config::load(None).unwrap().intake_limits();
    let text = r#"{"source":"milestone:madrid-1","source_event_id":"8f3c2d1e","occurred_at":"2026-03-04T10:14:05Z","site":"sample","camera":"dock-2","kind":"motion","phase":"instant","clip":{"uri":"file:///clips/8f3c2d1e.mp4","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","duration_s":12.4},"captions":[{"start_s":0.0,"end_s":6.1,"text":"An empty loading dock with closed doors. Light comes in from the left.","model":"llava-video-7b"},{"start_s":6.1,"end_s":12.4,"text":"The dock stays empty; a shadow passes over the floor.","model":"llava-video-7b"}],"detections":[{"label":"motion","confidence":0.61,"start_s":0.4}]}"#;
    let received: Timestamp = "2026-03-04T10:14:06Z".parse().unwrap();
    let decide = || {
        let alarm = intake::parse_alarm(text.as_bytes(), &limits).unwrap();
        let site = sites.resolve(&alarm);
        let context =
            context::gather(&alarm, received, sites.get(&site), &site, RecentAlarms::default());
        let prepared = reading::prepare(&alarm);
        let view = pipeline::view(&alarm);
        let ruling = policies.of(&site).settle(&view, &prepared.facts, &context).unwrap();
        let assessment = Assessment::none();
        let mut verdict = verdict::combine(Grounds {
            facts: &prepared.facts,
            context: &context,
            ruling: &ruling,
            assessment: &assessment,
            captions: alarm.captions.len(),
            scale: None,
        });
        verdict.actions = actions::plan(&ruling, &verdict, &context);
        verdict
    };
    assert_eq!(decide().outcome, Outcome::Dismissed);
    let best = |work: &dyn Fn()| {
        (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                (0..DECISIONS).for_each(|_| work());
                start.elapsed()
            })
            .min()
            .unwrap()
            .as_secs_f64()
            / DECISIONS as f64
            * 1e6
    };
    let parsed = best(&|| drop(black_box(intake::parse_alarm(text.as_bytes(), &limits).unwrap())));
    let value = best(&|| drop(black_box(serde_json::from_str::<serde_json::Value>(text).unwrap())));
    let prepared = {
        let alarm = intake::parse_alarm(text.as_bytes(), &limits).unwrap();
        best(&|| drop(black_box(reading::prepare(&alarm))))
    };
    let decided = best(&|| drop(black_box(decide())));
    println!(
        "rule-only decision: {decided:.1} us; parsing its alarm {parsed:.1} us (its JSON alone {value:.1} us); rate {:.2} (asked 0.5); the word lists take {prepared:.1} us of it",
        parsed / decided
    );
}
