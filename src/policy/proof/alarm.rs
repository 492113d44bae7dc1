//! A counterexample as people write alarms: a case of the cases files, without what a quiet night has anyway.

use std::fmt::Write as _;

use strum::VariantArray as _;

use crate::{
    domain::{Presence, WindowKind},
    policy::{
        condition::{Code, Fact, Flag, ListFact, Number, State, Text},
        schema::Code as Listed,
    },
};

/// Makes of `found` the plainest alarm of which `wrong` still holds: fact by fact it is set to what a
/// quiet night has.
pub(super) fn plainest(mut found: State, wrong: impl Fn(&State) -> bool) -> State {
    let quiet = State::quiet();
    let mut try_with = |change: &dyn Fn(&mut State)| {
        let mut plainer = found.clone();
        change(&mut plainer);
        if plainer != found && wrong(&plainer) {
            found = plainer;
        }
    };
    for list in 0..quiet.seen.len() {
        for place in 0..quiet.seen[list].len() {
            try_with(&|state| state.seen[list][place] = Presence::Absent);
        }
    }
    for at in 0..quiet.windows.len() {
        try_with(&|state| state.windows[at] = quiet.windows[at]);
    }
    for at in 0..quiet.flags.len() {
        try_with(&|state| state.flags[at] = quiet.flags[at]);
    }
    for at in 0..quiet.codes.len() {
        try_with(&|state| state.codes[at] = quiet.codes[at]);
    }
    for at in 0..quiet.texts.len() {
        try_with(&|state| state.texts[at].clone_from(&quiet.texts[at]));
    }
    for at in 0..quiet.numbers.len() {
        try_with(&|state| state.numbers[at] = quiet.numbers[at]);
    }
    found
}

/// The alarm in the form of a case, one table a line.
pub(super) fn written(state: &State) -> String {
    let quiet = State::quiet();
    let mut tables: [Vec<String>; 3] = Default::default();
    let mut say =
        |table: usize, key: &str, value: String| tables[table].push(format!("{key} = {value}"));
    for text in [Text::Kind, Text::Camera] {
        if state.texts[text as usize] != quiet.texts[text as usize] {
            say(0, last(Fact::Text(text)), format!("{:?}", state.texts[text as usize]));
        }
    }
    for (table, code) in Code::VARIANTS.iter().map(|code| (table_of(*code), *code)) {
        if state.codes[code as usize] != quiet.codes[code as usize] {
            let key = match code {
                Code::SceneText => "scene_text",
                Code::ZoneKind => "zone",
                other => last(Fact::Code(other)),
            };
            say(table, key, format!("{:?}", code.names()[state.codes[code as usize]]));
        }
    }
    for list in ListFact::VARIANTS {
        for (presence, ending) in [(Presence::Present, ""), (Presence::Unclear, "_unclear")] {
            let names = list.names();
            let seen: Vec<&str> = names
                .iter()
                .zip(&state.seen[*list as usize])
                .filter(|(_, one)| **one == presence)
                .map(|(name, _)| *name)
                .collect();
            if !seen.is_empty() {
                say(1, &format!("{}{ending}", last(Fact::List(*list))), format!("{seen:?}"));
            }
        }
    }
    let open: Vec<&str> = WindowKind::ALL
        .iter()
        .zip(&state.windows)
        .filter(|(_, open)| **open)
        .map(|(kind, _)| kind.as_str())
        .collect();
    if !open.is_empty() {
        say(2, "windows", format!("{open:?}"));
    }
    for flag in Flag::VARIANTS {
        let value = state.flags[*flag as usize];
        if value != quiet.flags[*flag as usize] {
            let (table, key) = match flag {
                Flag::HasCaptions => (0, "captions"),
                Flag::ReadByModel => (1, "read_by_model"),
                Flag::Cut => (1, "cut"),
                Flag::CameraKnown => (2, "camera_known"),
                Flag::Public => (2, "public"),
                Flag::Open => (2, "open"),
                Flag::Armed => (2, "armed"),
                Flag::ClockSuspect => (2, "clock_suspect"),
                Flag::EmergencyServices => (2, "emergency_services"),
                Flag::AutonomyGranted => (2, "autonomy_granted"),
            };
            say(table, key, value.to_string());
        }
    }
    if state.texts[Text::Site as usize] != quiet.texts[Text::Site as usize] {
        say(2, "site", format!("{:?}", state.texts[Text::Site as usize]));
    }
    numbers(state, &quiet, |key, value| say(2, key, value));
    let mut told = String::new();
    for (name, pairs) in ["alarm", "facts", "context"].iter().zip(&tables) {
        if !pairs.is_empty() {
            // Writing into a `String` cannot fail.
            let _ = writeln!(told, "    {name} = {{ {} }}", pairs.join(", "));
        }
    }
    if told.is_empty() { "    (any alarm)\n".to_owned() } else { told }
}

fn numbers(state: &State, quiet: &State, mut say: impl FnMut(&str, String)) {
    let value = |number: Number| state.numbers[number as usize];
    for number in Number::VARIANTS {
        if value(*number) == quiet.numbers[*number as usize] {
            continue;
        }
        let key = match number {
            Number::LastHour => "last_hour",
            Number::LastDay => "last_day",
            Number::RealThreatsLastDay => "real_threats_last_day",
            Number::HarmlessLastDay => "harmless_last_day",
            Number::HarmlessLastHour => "harmless_last_hour",
            Number::Signals => "site_signals",
            Number::Detectors => "site_detectors",
            Number::MinuteOfDay | Number::Weekday => continue,
        };
        say(key, value(*number).to_string());
    }
    let (minute, weekday) = (value(Number::MinuteOfDay), value(Number::Weekday));
    if minute != quiet.numbers[Number::MinuteOfDay as usize]
        || weekday != quiet.numbers[Number::Weekday as usize]
    {
        // The 23rd of November 2026, from which cases begin, is a Monday.
        let day = 22 + weekday;
        say("local_time", format!("\"2026-11-{day}T{:02}:{:02}\"", minute / 60, minute % 60));
    }
}

fn table_of(code: Code) -> usize {
    match code {
        Code::Phase => 0,
        Code::ZoneKind => 2,
        _ => 1,
    }
}

/// The last name of a fact's path, which is its key in a case.
fn last(fact: Fact) -> &'static str {
    fact.path().rsplit('.').next().unwrap_or_default()
}
