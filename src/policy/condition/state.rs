//! One alarm as conditions see it: every fact's value, ready to be looked up.

use strum::VariantArray;

use crate::{
    domain::{Context, Facts, Observed, Presence, WindowKind},
    policy::{
        AlarmView,
        case::{CaseAlarm, CaseContext, CaseFacts},
        schema::Code as Listed,
    },
};

use super::{Atom, Code, Flag, How, ListFact, Number, Text};

/// The value of every fact. Lists hold the strongest presence of each code; what is not listed is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct State {
    pub(in crate::policy) codes: Vec<usize>,
    pub(in crate::policy) seen: [Vec<Presence>; ListFact::VARIANTS.len()],
    pub(in crate::policy) windows: Vec<bool>,
    pub(in crate::policy) flags: Vec<bool>,
    pub(in crate::policy) texts: Vec<String>,
    pub(in crate::policy) numbers: Vec<i64>,
}

impl State {
    /// The state of an alarm.
    pub(in crate::policy) fn of(alarm: &AlarmView<'_>, facts: &Facts, context: &Context) -> Self {
        let code = |code: &Code| match code {
            Code::Phase => place(alarm.phase),
            Code::Sufficiency => place(facts.sufficiency),
            Code::Danger => place(facts.danger),
            Code::Cause => place(facts.cause),
            Code::Place => place(facts.place),
            Code::People => place(facts.people.count),
            Code::Vehicles => place(facts.vehicles.count),
            Code::Animals => place(facts.animals.count),
            Code::SceneText => place(facts.scene_text),
            Code::ZoneKind => place(context.zone.kind),
        };
        let flag = |flag: &Flag| match flag {
            Flag::HasCaptions => alarm.has_captions,
            Flag::ReadByModel => facts.read_by_model,
            Flag::Cut => !facts.cut.is_empty(),
            Flag::CameraKnown => context.camera_known,
            Flag::Public => context.zone.public,
            Flag::Open => context.open,
            Flag::Armed => context.armed,
            Flag::ClockSuspect => context.clock_suspect,
            Flag::EmergencyServices => context.emergency_services,
            Flag::AutonomyGranted => context.autonomy_granted,
        };
        let text = |text: &Text| match text {
            Text::Kind => alarm.kind.to_owned(),
            Text::Camera => alarm.camera.to_owned(),
            Text::Site => context.site.clone(),
            Text::Zone => context.zone.id.clone(),
        };
        Self {
            codes: Code::VARIANTS.iter().map(code).collect(),
            seen: [strongest(&facts.acts), strongest(&facts.objects), strongest(&facts.hazards)],
            windows: WindowKind::ALL.iter().map(|kind| context.window(*kind).is_some()).collect(),
            flags: Flag::VARIANTS.iter().map(flag).collect(),
            texts: Text::VARIANTS.iter().map(text).collect(),
            numbers: Number::VARIANTS.iter().map(|one| number(*one, context)).collect(),
        }
    }

    /// A quiet night: the alarm, the facts and the context of a case that says nothing.
    pub(in crate::policy) fn quiet() -> Self {
        let (alarm, facts, context) =
            (CaseAlarm::default(), CaseFacts::default(), CaseContext::default());
        Self::of(&alarm.view(), &facts.facts(), &context.into_context())
    }

    /// Whether the atom is true of this alarm.
    pub(in crate::policy) fn holds(&self, atom: &Atom) -> bool {
        match atom {
            Atom::OneOf(code, accepted) => accepted & (1 << self.codes[*code as usize]) != 0,
            Atom::Seen(list, code, how) => {
                let presence = self.seen[*list as usize][*code];
                match how {
                    How::Present => presence == Presence::Present,
                    How::Unclear => presence == Presence::Unclear,
                    How::Possible => presence != Presence::Absent,
                }
            }
            Atom::Window(kind) => self.windows[*kind],
            Atom::Flag(flag) => self.flags[*flag as usize],
            Atom::Is(text, value) => self.texts[*text as usize] == *value,
            Atom::Like(text, pattern) => like(&self.texts[*text as usize], pattern),
            Atom::Below(number, bound) => self.numbers[*number as usize] < *bound,
        }
    }
}

fn number(number: Number, context: &Context) -> i64 {
    let recent = &context.recent;
    let local = context.local_time;
    match number {
        Number::LastHour => recent.last_hour.into(),
        Number::LastDay => recent.last_day.into(),
        Number::RealThreatsLastDay => recent.real_threats_last_day.into(),
        Number::HarmlessLastDay => recent.harmless_last_day.into(),
        Number::HarmlessLastHour => recent.harmless_last_hour.into(),
        Number::Signals => recent.site_signals.into(),
        Number::Detectors => recent.site_detectors.into(),
        Number::MinuteOfDay => i64::from(local.hour()) * 60 + i64::from(local.minute()),
        Number::Weekday => i64::from(local.weekday().to_monday_one_offset()),
    }
}

fn place<T: Listed>(code: T) -> usize {
    // Every member stands in its own list.
    T::ALL.iter().position(|one| *one == code).unwrap_or_default()
}

/// The presence of each code of the list; the strongest reading wins.
fn strongest<T: Listed>(observed: &[Observed<T>]) -> Vec<Presence> {
    let of = |code: &T| {
        let seen = observed.iter().filter(|one| one.code == *code).map(|one| one.presence);
        seen.min().unwrap_or(Presence::Absent)
    };
    T::ALL.iter().map(of).collect()
}

/// Whether `text` fits `pattern`, in which `None` stands for any run of letters.
pub(in crate::policy) fn like(text: &str, pattern: &[Option<char>]) -> bool {
    // `reached[i]`: the pattern so far can end before the i-th letter.
    let letters: Vec<char> = text.chars().collect();
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    for element in pattern {
        let mut next = vec![false; letters.len() + 1];
        for at in 0..=letters.len() {
            next[at] = match element {
                None => reached[at] || (at > 0 && next[at - 1]),
                Some(letter) => at > 0 && reached[at - 1] && letters[at - 1] == *letter,
            };
        }
        reached = next;
    }
    reached[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_cedar_fits_it() {
        let pattern = |text: &str| -> Vec<Option<char>> {
            text.chars().map(|letter| (letter != '*').then_some(letter)).collect()
        };
        for (text, written, fits) in [
            ("gate-north", "gate-*", true),
            ("gate-north", "*north", true),
            ("gate-north", "gate", false),
            ("gate-north", "*-*-*", false),
            ("", "*", true),
            ("a", "", false),
        ] {
            assert_eq!(like(text, &pattern(written)), fits, "{text} {written}");
        }
    }
}
