//! Generators of alarms' facts and contexts, for property tests of every stage.

use jiff::{Timestamp, civil::DateTime};
use proptest::{collection::vec, option, prelude::*, sample::select};
use sereno::domain::{
    Act, ActiveWindow, CaptionId, Cause, Context, CountBand, Counted, Facts, Hazard, Object,
    Observed, Phase, Place, Presence, Reader, RecentAlarms, SceneText, Sufficiency, WindowKind,
    ZoneContext, ZoneKind,
};
use strum::VariantArray;

/// Any member of a closed list.
pub fn code<T: VariantArray + Clone + std::fmt::Debug + 'static>() -> impl Strategy<Value = T> {
    select(T::VARIANTS)
}

fn evidence() -> impl Strategy<Value = Vec<CaptionId>> {
    vec((1_u32..6).prop_map(CaptionId), 0..3)
}

fn observed<T: VariantArray + Clone + std::fmt::Debug + 'static>()
-> impl Strategy<Value = Vec<Observed<T>>> {
    let one = (code::<T>(), code::<Presence>(), evidence(), code::<Reader>()).prop_map(
        |(code, presence, evidence, reader)| Observed { code, presence, evidence, reader },
    );
    vec(one, 0..4)
}

fn counted() -> impl Strategy<Value = Counted> {
    (code::<CountBand>(), evidence()).prop_map(|(count, evidence)| Counted { count, evidence })
}

/// Any facts at all, however unlikely.
pub fn facts() -> impl Strategy<Value = Facts> {
    let judged = (code::<Sufficiency>(), code::<Presence>(), code::<Cause>(), code::<Place>());
    let things = (observed::<Act>(), observed::<Object>(), observed::<Hazard>());
    // Most alarms were read whole, or no test would ever see a dismissal.
    let read = (code::<SceneText>(), option::weighted(0.1, Just(CaptionId(2))), any_weighted(0.9));
    (judged, (counted(), counted(), counted()), things, read).prop_map(
        |(judged, counts, things, read)| Facts {
            sufficiency: judged.0,
            danger: judged.1,
            cause: judged.2,
            place: judged.3,
            people: counts.0,
            vehicles: counts.1,
            animals: counts.2,
            acts: things.0,
            objects: things.1,
            hazards: things.2,
            scene_text: read.0,
            cut: read.1.into_iter().collect(),
            read_by_model: read.2,
        },
    )
}

/// Facts of harmless scenes, so that permits of `dismiss` are reached often.
pub fn harmless_facts() -> impl Strategy<Value = Facts> {
    let everyday = select(vec![Act::Walks, Act::Waits, Act::Works, Act::Delivers, Act::Cleans]);
    (facts(), vec(everyday, 1..3), code::<Cause>()).prop_map(|(facts, acts, cause)| Facts {
        sufficiency: Sufficiency::Enough,
        danger: Presence::Absent,
        cause,
        people: Counted { count: CountBand::Few, evidence: vec![CaptionId(1)] },
        acts: acts
            .into_iter()
            .map(|code| Observed {
                code,
                presence: Presence::Present,
                evidence: vec![CaptionId(1)],
                reader: Reader::Model,
            })
            .collect(),
        hazards: Vec::new(),
        cut: Vec::new(),
        read_by_model: true,
        ..facts
    })
}

fn any_weighted(probability: f64) -> impl Strategy<Value = bool> {
    proptest::bool::weighted(probability)
}

fn zone() -> impl Strategy<Value = ZoneContext> {
    (code::<ZoneKind>(), any::<bool>()).prop_map(|(kind, public)| ZoneContext {
        id: kind.as_str().to_owned(),
        kind,
        public,
    })
}

fn recent() -> impl Strategy<Value = RecentAlarms> {
    (0_u32..6, 0_u32..40, 0_u32..2, 0_u32..40, 0_u32..6, 1_u32..6).prop_map(
        |(last_hour, last_day, real_threats_last_day, harmless_last_day, hour, signals)| {
            RecentAlarms {
                last_hour,
                last_day,
                real_threats_last_day,
                harmless_last_day,
                harmless_last_hour: hour,
                site_signals: signals,
                site_detectors: signals.div_ceil(2),
            }
        },
    )
}

fn local_time() -> impl Strategy<Value = DateTime> {
    (1_i8..29, 0_i8..24, 0_i8..60)
        .prop_map(|(day, hour, minute)| DateTime::constant(2026, 11, day, hour, minute, 0, 0))
}

/// Any context at all.
pub fn context() -> impl Strategy<Value = Context> {
    let flags = (
        any_weighted(0.9),
        any::<bool>(),
        any::<bool>(),
        any_weighted(0.1),
        any::<bool>(),
        any::<bool>(),
    );
    (zone(), local_time(), vec(code::<WindowKind>(), 0..3), recent(), flags).prop_map(
        |(
            zone,
            local_time,
            windows,
            recent,
            (camera_known, open, armed, clock_suspect, emergency, granted),
        )| {
            Context {
                site: "sample".to_owned(),
                site_digest: String::new(),
                camera_known,
                zone,
                local_time,
                open,
                armed,
                windows: windows
                    .into_iter()
                    .map(|kind| ActiveWindow {
                        id: kind.as_str().to_owned(),
                        kind,
                        until: local_time,
                    })
                    .collect(),
                recent,
                clock_skew_s: 0,
                clock_suspect,
                received_at: Timestamp::UNIX_EPOCH,
                emergency_services: emergency,
                autonomy_granted: granted,
            }
        },
    )
}

/// An alarm's kind, phase, and whether it has captions.
pub fn alarm() -> impl Strategy<Value = (&'static str, Phase, bool)> {
    (
        select(vec!["line_crossing", "motion", "panic_button", "camera_tampering", ""]),
        select(vec![Phase::Instant, Phase::Start, Phase::Update, Phase::End, Phase::State]),
        any_weighted(0.9),
    )
}
