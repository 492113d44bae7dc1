//! Every fact that a rule can ask about, under the name that Cedar has for it.

use strum::{IntoStaticStr, VariantArray};

use crate::{
    domain::{
        Act, Cause, CountBand, Hazard, Object, Phase, Place, Presence, SceneText, Sufficiency,
        ZoneKind,
    },
    policy::schema::Code as Listed,
};

/// A fact with one code out of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray, IntoStaticStr)]
pub(in crate::policy) enum Code {
    #[strum(serialize = "resource.phase")]
    Phase,
    #[strum(serialize = "resource.sufficiency")]
    Sufficiency,
    #[strum(serialize = "resource.danger")]
    Danger,
    #[strum(serialize = "resource.cause")]
    Cause,
    #[strum(serialize = "resource.place")]
    Place,
    #[strum(serialize = "resource.people")]
    People,
    #[strum(serialize = "resource.vehicles")]
    Vehicles,
    #[strum(serialize = "resource.animals")]
    Animals,
    #[strum(serialize = "resource.sceneText")]
    SceneText,
    #[strum(serialize = "context.zone.kind")]
    ZoneKind,
}

impl Code {
    /// The names of its closed list, in the list's order.
    pub(in crate::policy) fn names(self) -> Vec<&'static str> {
        match self {
            Self::Phase => names::<Phase>(),
            Self::Sufficiency => names::<Sufficiency>(),
            Self::Danger => names::<Presence>(),
            Self::Cause => names::<Cause>(),
            Self::Place => names::<Place>(),
            Self::People | Self::Vehicles | Self::Animals => names::<CountBand>(),
            Self::SceneText => names::<SceneText>(),
            Self::ZoneKind => names::<ZoneKind>(),
        }
    }
}

/// A fact that is a list of codes, each present, unclear or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray, IntoStaticStr)]
pub(in crate::policy) enum ListFact {
    #[strum(serialize = "resource.acts")]
    Acts,
    #[strum(serialize = "resource.objects")]
    Objects,
    #[strum(serialize = "resource.hazards")]
    Hazards,
}

impl ListFact {
    /// The names of its closed list, in the list's order.
    pub(in crate::policy) fn names(self) -> Vec<&'static str> {
        match self {
            Self::Acts => names::<Act>(),
            Self::Objects => names::<Object>(),
            Self::Hazards => names::<Hazard>(),
        }
    }
}

/// A plain yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray, IntoStaticStr)]
pub(in crate::policy) enum Flag {
    #[strum(serialize = "resource.hasCaptions")]
    HasCaptions,
    #[strum(serialize = "resource.readByModel")]
    ReadByModel,
    #[strum(serialize = "resource.cut")]
    Cut,
    #[strum(serialize = "context.cameraKnown")]
    CameraKnown,
    #[strum(serialize = "context.zone.public")]
    Public,
    #[strum(serialize = "context.open")]
    Open,
    #[strum(serialize = "context.armed")]
    Armed,
    #[strum(serialize = "context.clockSuspect")]
    ClockSuspect,
    #[strum(serialize = "context.emergencyServices")]
    EmergencyServices,
    #[strum(serialize = "context.autonomyGranted")]
    AutonomyGranted,
}

/// A text that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray, IntoStaticStr)]
pub(in crate::policy) enum Text {
    #[strum(serialize = "resource.kind")]
    Kind,
    #[strum(serialize = "resource.camera")]
    Camera,
    #[strum(serialize = "context.site")]
    Site,
    #[strum(serialize = "context.zone.id")]
    Zone,
}

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, VariantArray, IntoStaticStr)]
pub(in crate::policy) enum Number {
    #[strum(serialize = "context.recent.lastHour")]
    LastHour,
    #[strum(serialize = "context.recent.lastDay")]
    LastDay,
    #[strum(serialize = "context.recent.realThreatsLastDay")]
    RealThreatsLastDay,
    #[strum(serialize = "context.recent.harmlessLastDay")]
    HarmlessLastDay,
    #[strum(serialize = "context.recent.harmlessLastHour")]
    HarmlessLastHour,
    #[strum(serialize = "context.sequence.signals")]
    Signals,
    #[strum(serialize = "context.sequence.detectors")]
    Detectors,
    #[strum(serialize = "context.minuteOfDay")]
    MinuteOfDay,
    #[strum(serialize = "context.weekday")]
    Weekday,
}

impl Number {
    /// The least and the greatest value that it can have.
    pub(in crate::policy) const fn range(self) -> (i64, i64) {
        match self {
            Self::MinuteOfDay => (0, 1439),
            Self::Weekday => (1, 7),
            // An alarm is its own first signal.
            Self::Signals | Self::Detectors => (1, u32::MAX as i64),
            Self::LastHour
            | Self::LastDay
            | Self::RealThreatsLastDay
            | Self::HarmlessLastDay
            | Self::HarmlessLastHour => (0, u32::MAX as i64),
        }
    }
}

/// Something that a rule can ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::policy) enum Fact {
    Code(Code),
    List(ListFact),
    Windows,
    Flag(Flag),
    Text(Text),
    Number(Number),
    /// `context.hour`, which is the minute of the day in coarser steps.
    Hour,
}

impl Fact {
    /// Every fact of the schema.
    pub(in crate::policy) fn all() -> impl Iterator<Item = Self> {
        let codes = Code::VARIANTS.iter().map(|code| Self::Code(*code));
        let lists = ListFact::VARIANTS.iter().map(|list| Self::List(*list));
        let flags = Flag::VARIANTS.iter().map(|flag| Self::Flag(*flag));
        let texts = Text::VARIANTS.iter().map(|text| Self::Text(*text));
        let numbers = Number::VARIANTS.iter().map(|number| Self::Number(*number));
        codes
            .chain(lists)
            .chain([Self::Windows])
            .chain(flags)
            .chain(texts)
            .chain(numbers)
            .chain([Self::Hour])
    }

    /// Its path in Cedar.
    pub(in crate::policy) fn path(self) -> &'static str {
        match self {
            Self::Code(code) => code.into(),
            Self::List(list) => list.into(),
            Self::Windows => "context.windows",
            Self::Flag(flag) => flag.into(),
            Self::Text(text) => text.into(),
            Self::Number(number) => number.into(),
            Self::Hour => "context.hour",
        }
    }

    /// The fact that Cedar calls by this path.
    pub(in crate::policy) fn at(path: &str) -> Option<Self> {
        Self::all().find(|fact| fact.path() == path)
    }
}

fn names<T: Listed>() -> Vec<&'static str> {
    T::ALL.iter().map(|code| (*code).into()).collect()
}
