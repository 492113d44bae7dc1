//! One written case of a policy: facts and context that differ from a quiet night, and what must follow.

use jiff::{Timestamp, civil::DateTime};
use serde::Deserialize;

use crate::domain::{
    Act, ActionCode, ActiveWindow, CaptionId, Cause, Context, CountBand, Counted, Facts, Hazard,
    Object, Observed, Outcome, Oversight, Phase, Place, Presence, Reader, RecentAlarms, SceneText,
    Severity, Sufficiency, WindowKind, ZoneContext, ZoneKind,
};

use super::{AlarmView, condition::State};

/// A cases file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    /// Its cases, in order.
    #[serde(default, rename = "case")]
    pub cases: Vec<toml::Spanned<WrittenCase>>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCase {
    pub id: String,
    #[serde(default)]
    pub alarm: CaseAlarm,
    #[serde(default)]
    pub facts: CaseFacts,
    #[serde(default)]
    pub context: CaseContext,
    pub expect: Expectation,
}

impl WrittenCase {
    /// The alarm as conditions see it.
    pub(super) fn state(&self) -> State {
        State::of(&self.alarm.view(), &self.facts.facts(), &self.context.clone().into_context())
    }
}

/// The alarm: a line crossing with captions, unless said otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CaseAlarm {
    kind: String,
    camera: String,
    phase: Phase,
    captions: bool,
}

impl Default for CaseAlarm {
    fn default() -> Self {
        Self {
            kind: "line_crossing".to_owned(),
            camera: "gate-north".to_owned(),
            phase: Phase::Instant,
            captions: true,
        }
    }
}

impl CaseAlarm {
    pub(super) fn view(&self) -> AlarmView<'_> {
        AlarmView {
            kind: &self.kind,
            camera: &self.camera,
            phase: self.phase,
            has_captions: self.captions,
        }
    }
}

/// What was read: nothing at all, by a model that found the captions sufficient and no danger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CaseFacts {
    read_by_model: bool,
    sufficiency: Sufficiency,
    danger: Presence,
    cause: Cause,
    place: Place,
    people: CountBand,
    vehicles: CountBand,
    animals: CountBand,
    acts: Vec<Act>,
    acts_unclear: Vec<Act>,
    objects: Vec<Object>,
    objects_unclear: Vec<Object>,
    hazards: Vec<Hazard>,
    hazards_unclear: Vec<Hazard>,
    scene_text: SceneText,
    cut: bool,
    /// Whether each fact names a caption.
    evidence: bool,
}

impl Default for CaseFacts {
    fn default() -> Self {
        Self {
            read_by_model: true,
            sufficiency: Sufficiency::Enough,
            danger: Presence::Absent,
            cause: Cause::Unclear,
            place: Place::Other,
            people: CountBand::Unclear,
            vehicles: CountBand::Unclear,
            animals: CountBand::Unclear,
            acts: Vec::new(),
            acts_unclear: Vec::new(),
            objects: Vec::new(),
            objects_unclear: Vec::new(),
            hazards: Vec::new(),
            hazards_unclear: Vec::new(),
            scene_text: SceneText::None,
            cut: false,
            evidence: true,
        }
    }
}

impl CaseFacts {
    pub(super) fn facts(&self) -> Facts {
        let counted = |count| match count {
            CountBand::Unclear => Counted::UNKNOWN,
            count => Counted { count, evidence: self.captions() },
        };
        Facts {
            sufficiency: self.sufficiency,
            danger: self.danger,
            cause: self.cause,
            place: self.place,
            people: counted(self.people),
            vehicles: counted(self.vehicles),
            animals: counted(self.animals),
            acts: self.observed(&self.acts, &self.acts_unclear),
            objects: self.observed(&self.objects, &self.objects_unclear),
            hazards: self.observed(&self.hazards, &self.hazards_unclear),
            scene_text: self.scene_text,
            cut: if self.cut { vec![CaptionId(2)] } else { Vec::new() },
            read_by_model: self.read_by_model,
        }
    }

    fn captions(&self) -> Vec<CaptionId> {
        if self.evidence { vec![CaptionId(1)] } else { Vec::new() }
    }

    fn observed<T: Copy>(&self, present: &[T], unclear: &[T]) -> Vec<Observed<T>> {
        let with = |codes: &[T], presence: Presence| -> Vec<Observed<T>> {
            let reader = if self.read_by_model { Reader::Model } else { Reader::Lexicon };
            codes
                .iter()
                .map(|code| Observed { code: *code, presence, evidence: self.captions(), reader })
                .collect()
        };
        [with(present, Presence::Present), with(unclear, Presence::Unclear)].concat()
    }
}

/// The site: an armed, closed perimeter at half past two on a Monday night.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, as in `Context`")]
pub(super) struct CaseContext {
    site: String,
    camera_known: bool,
    zone: ZoneKind,
    public: bool,
    local_time: DateTime,
    open: bool,
    armed: bool,
    windows: Vec<WindowKind>,
    last_hour: u32,
    last_day: u32,
    real_threats_last_day: u32,
    harmless_last_day: u32,
    harmless_last_hour: u32,
    site_signals: u32,
    site_detectors: u32,
    clock_suspect: bool,
    emergency_services: bool,
    autonomy_granted: bool,
}

impl Default for CaseContext {
    fn default() -> Self {
        Self {
            site: "sample".to_owned(),
            camera_known: true,
            zone: ZoneKind::Perimeter,
            public: false,
            local_time: DateTime::constant(2026, 11, 23, 2, 30, 0, 0),
            open: false,
            armed: true,
            windows: Vec::new(),
            last_hour: 0,
            last_day: 0,
            real_threats_last_day: 0,
            harmless_last_day: 0,
            harmless_last_hour: 0,
            site_signals: 1,
            site_detectors: 1,
            clock_suspect: false,
            emergency_services: false,
            autonomy_granted: false,
        }
    }
}

impl CaseContext {
    /// The context that it describes.
    pub(super) fn into_context(self) -> Context {
        let local_time = self.local_time;
        let window = |kind: WindowKind| ActiveWindow {
            id: kind.as_str().to_owned(),
            kind,
            until: local_time,
        };
        Context {
            site_digest: String::new(),
            camera_known: self.camera_known,
            zone: ZoneContext {
                id: self.zone.as_str().to_owned(),
                kind: self.zone,
                public: self.public,
            },
            local_time,
            open: self.open,
            armed: self.armed,
            windows: self.windows.into_iter().map(window).collect(),
            recent: RecentAlarms {
                last_hour: self.last_hour,
                last_day: self.last_day,
                real_threats_last_day: self.real_threats_last_day,
                harmless_last_day: self.harmless_last_day,
                harmless_last_hour: self.harmless_last_hour,
                site_signals: self.site_signals,
                site_detectors: self.site_detectors,
            },
            clock_skew_s: 0,
            clock_suspect: self.clock_suspect,
            received_at: Timestamp::UNIX_EPOCH,
            emergency_services: self.emergency_services,
            autonomy_granted: self.autonomy_granted,
            site: self.site,
        }
    }
}

/// What must follow. What is left out is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// Exactly these outcomes; `uncertain` goes without saying.
    pub permitted: Option<Vec<Outcome>>,
    /// Rules or guards that must be among those that fire.
    #[serde(default)]
    pub fires: Vec<String>,
    /// Rules or guards that must not.
    #[serde(default)]
    pub silent: Vec<String>,
    /// Exactly this severity.
    pub severity: Option<Severity>,
    /// Exactly this oversight.
    pub oversight: Option<Oversight>,
    /// Exactly these actions, in any order.
    pub due: Option<Vec<ActionCode>>,
    /// Whether a dismissal may be closed without a person.
    pub closes_without_person: Option<bool>,
    /// What a rule must settle before any reading; `no` where none may.
    pub settled: Option<ExpectedSettlement>,
}

/// What an early exit must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExpectedSettlement {
    No,
    Dismissed,
    Uncertain,
    Verified,
}

impl ExpectedSettlement {
    pub(super) const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::No => None,
            Self::Dismissed => Some(Outcome::Dismissed),
            Self::Uncertain => Some(Outcome::Uncertain),
            Self::Verified => Some(Outcome::Verified),
        }
    }
}
