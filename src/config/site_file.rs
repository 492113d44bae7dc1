//! A site's file as it is written, and every reason why one is refused.

use std::{collections::BTreeSet, path::Path};

use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::{
    line_and_column,
    schedule::{self, Hours},
    sites::SiteError,
};
use crate::domain::{WindowKind, ZoneKind};

/// A list of ids or texts, each with its place in the file.
type Names = Vec<Spanned<String>>;

/// Test mode ends by itself after this many days at the latest.
const LONGEST_TEST_DAYS: i32 = 7;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteFile {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    #[serde(default)]
    pub(super) city: String,
    pub(super) time_zone: Spanned<String>,
    #[serde(default)]
    pub(super) emergency_services: bool,
    #[serde(default)]
    pub(super) replayed: bool,
    pub(super) opening_hours: Spanned<Vec<Hours>>,
    #[serde(default)]
    pub(super) holidays: Vec<Day>,
    #[serde(default)]
    pub(super) unknown_cameras: UnknownCameras,
    pub(super) default_zone: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) quality: QualityEntry,
    pub(super) zones: Vec<ZoneEntry>,
    #[serde(default)]
    pub(super) cameras: Vec<CameraEntry>,
    #[serde(default)]
    pub(super) windows: Vec<WindowEntry>,
    #[serde(default)]
    pub(super) tests: Vec<TestEntry>,
}

/// What to make of a camera that the file does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UnknownCameras {
    /// It is unknown, and its alarms are never dismissed.
    #[default]
    Refuse,
    /// It watches the default zone.
    Accept,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QualityEntry {
    pub(super) missed_threats_at_most: Option<Spanned<f64>>,
    pub(super) blind_review_share: Option<Spanned<f64>>,
    pub(super) control_alarms_per_day: Option<Spanned<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) kind: ZoneKind,
    #[serde(default)]
    pub(super) public: bool,
    pub(super) armed: Spanned<ArmedEntry>,
}

/// When a zone is armed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArmedEntry {
    Always,
    Never,
    WhenClosed,
    At(Vec<Hours>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraEntry {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) zone: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowEntry {
    pub(super) id: Spanned<String>,
    pub(super) kind: Spanned<WindowKind>,
    #[serde(default)]
    pub(super) zones: Names,
    #[serde(default)]
    pub(super) cameras: Names,
    pub(super) from: Option<Day>,
    pub(super) to: Option<Spanned<Day>>,
    pub(super) hours: Spanned<Vec<Hours>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestEntry {
    pub(super) id: Spanned<String>,
    pub(super) cameras: Spanned<Names>,
    pub(super) from: Moment,
    pub(super) until: Spanned<Moment>,
}

/// A date, written "2026-03-02".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) Date);

/// A local date and time, written "2026-03-02T09:00".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) DateTime);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            de::Error::custom(format!("`{text}` is no date; write it as \"2026-03-02\""))
        })
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // A bare date would silently mean its midnight, and an offset would silently be dropped.
        let local = text.contains('T') && !text.ends_with('Z') && !text.contains('+');
        local.then(|| text.parse().ok()).flatten().map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no local date and time; write it as \"2026-03-02T09:00\""
            ))
        })
    }
}

impl<'de> Deserialize<'de> for ArmedEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ArmedEntry;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(
                    "\"always\", \"never\", \"when_closed\" or a list of hours such as \
                     [\"mon-fri 20:00-06:00\"]",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ArmedEntry, E> {
                match text {
                    "always" => Ok(ArmedEntry::Always),
                    "never" => Ok(ArmedEntry::Never),
                    "when_closed" => Ok(ArmedEntry::WhenClosed),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<ArmedEntry, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(items)).map(ArmedEntry::At)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Reads a site's file and checks everything in it.
pub(super) fn parse(file: &Path, text: &str) -> Result<(SiteFile, TimeZone), SiteError> {
    let document =
        toml::Deserializer::parse(text).map_err(|error| refused(file, text, "", &error))?;
    let site: SiteFile = serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        refused(file, text, if path == "." { "" } else { &path }, error.inner())
    })?;
    let check = Check { file, text };
    check.site(&site)?;
    let zone = TimeZone::get(site.time_zone.get_ref()).map_err(|_| {
        check.refuse(
            &site.time_zone,
            "time_zone",
            format!(
                "`{}` is no time zone; write an IANA name such as Europe/Madrid",
                site.time_zone.get_ref()
            ),
        )
    })?;
    Ok((site, zone))
}

fn refused(file: &Path, text: &str, field: &str, error: &toml::de::Error) -> SiteError {
    let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
    SiteError::Refused {
        file: file.to_owned(),
        line,
        column,
        field: field.to_owned(),
        reason: error.message().replace('\n', "; "),
    }
}

/// Checks of what one part of a file says about another.
struct Check<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Check<'_> {
    fn refuse<T>(&self, at: &Spanned<T>, field: &str, reason: String) -> SiteError {
        let (line, column) = line_and_column(self.text, at.span().start);
        SiteError::Refused {
            file: self.file.to_owned(),
            line,
            column,
            field: field.to_owned(),
            reason,
        }
    }

    fn site(&self, site: &SiteFile) -> Result<(), SiteError> {
        self.ids("id", [&site.id])?;
        self.ids("zones.id", site.zones.iter().map(|zone| &zone.id))?;
        self.ids("cameras.id", site.cameras.iter().map(|camera| &camera.id))?;
        let windows = site.windows.iter().map(|window| &window.id);
        self.ids("windows.id", windows.chain(site.tests.iter().map(|test| &test.id)))?;
        let zones: BTreeSet<&str> =
            site.zones.iter().map(|zone| zone.id.get_ref().as_str()).collect();
        let cameras: BTreeSet<&str> =
            site.cameras.iter().map(|camera| camera.id.get_ref().as_str()).collect();
        self.hours("opening_hours", &site.opening_hours, site.opening_hours.get_ref())?;
        for zone in &site.zones {
            if let ArmedEntry::At(hours) = zone.armed.get_ref() {
                self.hours("zones.armed", &zone.armed, hours)?;
            }
        }
        self.known("cameras.zone", "zone", site.cameras.iter().map(|camera| &camera.zone), &zones)?;
        self.default_zone(site, &zones)?;
        self.quality(&site.quality)?;
        for window in &site.windows {
            self.window(window, &zones, &cameras)?;
        }
        for test in &site.tests {
            self.test(test, &cameras)?;
        }
        Ok(())
    }

    /// Each id is short, without spaces, and stands once.
    fn ids<'i>(
        &self,
        field: &str,
        ids: impl IntoIterator<Item = &'i Spanned<String>>,
    ) -> Result<(), SiteError> {
        let mut seen = BTreeSet::new();
        for id in ids {
            let text = id.get_ref();
            if text.is_empty()
                || text.len() > 128
                || text.contains(char::is_whitespace)
                || text.contains(char::is_control)
            {
                let reason =
                    format!("`{}` must have 1 to 128 bytes and no spaces", text.escape_debug());
                return Err(self.refuse(id, field, reason));
            }
            if !seen.insert(text) {
                return Err(self.refuse(id, field, format!("`{text}` stands there twice")));
            }
        }
        Ok(())
    }

    fn known<'i>(
        &self,
        field: &str,
        what: &str,
        names: impl IntoIterator<Item = &'i Spanned<String>>,
        known: &BTreeSet<&str>,
    ) -> Result<(), SiteError> {
        match names.into_iter().find(|name| !known.contains(name.get_ref().as_str())) {
            None => Ok(()),
            Some(name) => {
                let list: Vec<&str> = known.iter().copied().collect();
                let reason = format!(
                    "there is no {what} `{}`; this file has {}",
                    name.get_ref(),
                    if list.is_empty() { "none".to_owned() } else { list.join(", ") }
                );
                Err(self.refuse(name, field, reason))
            }
        }
    }

    fn hours<T>(&self, field: &str, at: &Spanned<T>, hours: &[Hours]) -> Result<(), SiteError> {
        match schedule::overlap(hours) {
            None => Ok(()),
            Some((one, other)) => {
                let reason = format!(
                    "entries {} and {} cover the same hours; join them into one",
                    one + 1,
                    other + 1
                );
                Err(self.refuse(at, field, reason))
            }
        }
    }

    fn default_zone(&self, site: &SiteFile, zones: &BTreeSet<&str>) -> Result<(), SiteError> {
        match (&site.default_zone, site.unknown_cameras) {
            (None, UnknownCameras::Refuse) => Ok(()),
            (Some(zone), UnknownCameras::Accept) => {
                self.known("default_zone", "zone", [zone], zones)
            }
            (None, UnknownCameras::Accept) => Err(self.refuse(
                &site.id,
                "default_zone",
                "is missing: unknown_cameras = \"accept\" needs the zone that they watch"
                    .to_owned(),
            )),
            (Some(zone), UnknownCameras::Refuse) => Err(self.refuse(
                zone,
                "default_zone",
                "has no use without unknown_cameras = \"accept\"".to_owned(),
            )),
        }
    }

    fn quality(&self, quality: &QualityEntry) -> Result<(), SiteError> {
        let bounded = [
            ("quality.missed_threats_at_most", &quality.missed_threats_at_most, 0.001, 0.2),
            ("quality.blind_review_share", &quality.blind_review_share, 0.0, 1.0),
            ("quality.control_alarms_per_day", &quality.control_alarms_per_day, 0.0, 48.0),
        ];
        for (field, value, least, most) in bounded {
            let Some(value) = value else { continue };
            if !(least..=most).contains(value.get_ref()) {
                let reason = format!("{} must lie between {least} and {most}", value.get_ref());
                return Err(self.refuse(value, field, reason));
            }
        }
        Ok(())
    }

    fn window(
        &self,
        window: &WindowEntry,
        zones: &BTreeSet<&str>,
        cameras: &BTreeSet<&str>,
    ) -> Result<(), SiteError> {
        if *window.kind.get_ref() == WindowKind::Test {
            let reason = "a test must end: write it under [[tests]] with `until`".to_owned();
            return Err(self.refuse(&window.kind, "windows.kind", reason));
        }
        if window.zones.is_empty() && window.cameras.is_empty() {
            let reason = "names neither zones nor cameras, so it would never open".to_owned();
            return Err(self.refuse(&window.id, "windows", reason));
        }
        if window.hours.get_ref().is_empty() {
            let reason = "is empty, so the window would never open".to_owned();
            return Err(self.refuse(&window.hours, "windows.hours", reason));
        }
        if let (Some(from), Some(to)) = (&window.from, &window.to)
            && to.get_ref() < from
        {
            let reason = format!("{} lies before `from`, {}", to.get_ref().0, from.0);
            return Err(self.refuse(to, "windows.to", reason));
        }
        self.hours("windows.hours", &window.hours, window.hours.get_ref())?;
        self.known("windows.zones", "zone", &window.zones, zones)?;
        self.known("windows.cameras", "camera", &window.cameras, cameras)
    }

    fn test(&self, test: &TestEntry, cameras: &BTreeSet<&str>) -> Result<(), SiteError> {
        if test.cameras.get_ref().is_empty() {
            let reason = "is empty; name the cameras under test".to_owned();
            return Err(self.refuse(&test.cameras, "tests.cameras", reason));
        }
        self.known("tests.cameras", "camera", test.cameras.get_ref(), cameras)?;
        let (from, until) = (test.from.0, test.until.get_ref().0);
        if until <= from {
            let reason = format!("{until} does not lie after `from`, {from}");
            return Err(self.refuse(&test.until, "tests.until", reason));
        }
        if (until - from).get_days() > LONGEST_TEST_DAYS {
            let reason =
                format!("lies more than {LONGEST_TEST_DAYS} days after `from`; a test must end");
            return Err(self.refuse(&test.until, "tests.until", reason));
        }
        Ok(())
    }
}
