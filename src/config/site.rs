//! A site: its zones and cameras, and what holds there at an instant.

use std::{collections::BTreeMap, path::Path};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use sha2::{Digest, Sha256};

use super::{
    schedule::{Doubt, Hours, Stretch},
    site_file::{self, ArmedEntry, QualityEntry, SiteFile, UnknownCameras},
    sites::SiteError,
};
use crate::domain::{ActiveWindow, WindowKind, ZoneKind};

/// A site that somebody described in a file.
#[derive(Debug, Clone)]
pub struct Site {
    /// The id that alarms name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The town, for people; may be empty.
    pub city: String,
    /// Whether recommendations may name the police, the fire brigade or an ambulance.
    pub emergency_services: bool,
    /// Whether old alarms are replayed here, so that their age is no sign of a wrong clock.
    pub replayed: bool,
    /// How decisions are watched here.
    pub quality: QualitySettings,
    /// SHA-256 of the site's file, hex.
    pub digest: String,
    zone: TimeZone,
    opening_hours: Vec<Hours>,
    holidays: Vec<Date>,
    zones: BTreeMap<String, Zone>,
    cameras: BTreeMap<String, Camera>,
    default_zone: Option<String>,
    windows: Vec<Window>,
}

/// How a site's decisions are watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QualitySettings {
    /// Share of threats that may be missed where the system closes alarms without a person.
    pub missed_threats_at_most: f64,
    /// Share of dismissals that people judge before they know the verdict.
    pub blind_review_share: f64,
    /// Recorded real threats that are shown again on an average day, to see whether people still look.
    pub control_alarms_per_day: f64,
}

impl Default for QualitySettings {
    /// What holds where a site's file says nothing. Control alarms must be agreed with the staff, so
    /// there is none.
    fn default() -> Self {
        Self { missed_threats_at_most: 0.01, blind_review_share: 0.05, control_alarms_per_day: 0.0 }
    }
}

/// A part of a site that is armed as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its id in the site's file.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What kind of place it is.
    pub kind: ZoneKind,
    /// Whether the public may be there during opening hours.
    pub public: bool,
    armed: ArmedEntry,
}

/// A camera or sensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its id in the site's file; alarms name it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The zone that it watches.
    pub zone: String,
}

#[derive(Debug, Clone)]
struct Window {
    id: String,
    kind: WindowKind,
    zones: Vec<String>,
    cameras: Vec<String>,
    open: Open,
}

#[derive(Debug, Clone)]
enum Open {
    /// At hours of the week, within dates that belong to it.
    Weekly { hours: Vec<Hours>, from: Option<Date>, to: Option<Date> },
    /// Once.
    Once { from: DateTime, until: DateTime },
}

impl Site {
    /// Reads a site from the text of its file. `file` is for messages.
    ///
    /// # Errors
    /// [`SiteError::Refused`] with file, line, column, field and reason.
    pub fn parse(file: &Path, text: &str) -> Result<Self, SiteError> {
        let (parsed, zone) = site_file::parse(file, text)?;
        let mut site = Self::new(parsed, zone);
        site.digest = hex::encode(Sha256::digest(text));
        Ok(site)
    }

    fn new(file: SiteFile, zone: TimeZone) -> Self {
        let windows = windows(&file);
        let zones = file.zones.into_iter().map(|entry| {
            let id = entry.id.into_inner();
            let zone = Zone {
                id: id.clone(),
                name: entry.name,
                kind: entry.kind,
                public: entry.public,
                armed: entry.armed.into_inner(),
            };
            (id, zone)
        });
        let cameras = file.cameras.into_iter().map(|entry| {
            let id = entry.id.into_inner();
            (id.clone(), Camera { id, name: entry.name, zone: entry.zone.into_inner() })
        });
        Self {
            id: file.id.into_inner(),
            name: file.name,
            city: file.city,
            emergency_services: file.emergency_services,
            replayed: file.replayed,
            quality: quality(&file.quality),
            digest: String::new(),
            zone,
            opening_hours: file.opening_hours.into_inner(),
            holidays: file.holidays.into_iter().map(|day| day.0).collect(),
            zones: zones.collect(),
            cameras: cameras.collect(),
            default_zone: file
                .default_zone
                .filter(|_| file.unknown_cameras == UnknownCameras::Accept)
                .map(toml::Spanned::into_inner),
            windows,
        }
    }

    /// The camera of this name, if the file names it.
    pub fn camera(&self, name: &str) -> Option<&Camera> {
        self.cameras.get(name)
    }

    /// Every camera that the file names, by id.
    pub fn cameras(&self) -> impl Iterator<Item = &Camera> {
        self.cameras.values()
    }

    /// The zone that a camera watches. `None` for a camera that the file does not name, unless the
    /// file accepts every camera.
    pub fn zone_of(&self, camera: &str) -> Option<&Zone> {
        let zone = self.camera(camera).map(|camera| &camera.zone).or(self.default_zone.as_ref())?;
        self.zones.get(zone)
    }

    /// Date and time on the site's wall clock.
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// Whether staff or the public are expected. Closed all day on holidays.
    pub fn open(&self, at: Timestamp) -> bool {
        !self.holiday(self.local(at).date())
            && self.holds(&self.opening_hours, at, Doubt::Narrow).is_some()
    }

    /// Whether a zone is armed. Where the hours leave it open, because the clocks change or it is a
    /// holiday, it is.
    pub fn armed(&self, zone: &Zone, at: Timestamp) -> bool {
        match &zone.armed {
            ArmedEntry::Always => true,
            ArmedEntry::Never => false,
            ArmedEntry::WhenClosed => !self.open(at),
            ArmedEntry::At(hours) => {
                self.holiday(self.local(at).date())
                    || self.zone_holds(hours, at, Doubt::Wide).is_some()
            }
        }
    }

    /// The windows that are open for a camera, in the file's order.
    pub fn windows(&self, camera: &str, at: Timestamp) -> Vec<ActiveWindow> {
        let zone = self.zone_of(camera).map(|zone| zone.id.as_str());
        self.windows
            .iter()
            .filter(|window| {
                window.cameras.iter().any(|name| name == camera)
                    || zone.is_some_and(|zone| window.zones.iter().any(|name| name == zone))
            })
            .filter_map(|window| {
                let until = self.open_until(&window.open, at)?;
                Some(ActiveWindow { id: window.id.clone(), kind: window.kind, until })
            })
            .collect()
    }

    fn open_until(&self, open: &Open, at: Timestamp) -> Option<DateTime> {
        match open {
            Open::Weekly { hours, from, to } => {
                let stretch = self.zone_holds(hours, at, Doubt::Narrow)?;
                let day = stretch.began_on;
                let dated = from.is_some() || to.is_some();
                let expected = from.is_none_or(|from| from <= day)
                    && to.is_none_or(|to| day <= to)
                    && (dated || !self.holiday(day));
                expected.then_some(stretch.until)
            }
            Open::Once { from, until } => {
                let begins = self.zone.to_ambiguous_timestamp(*from).later().ok()?;
                let ends = self.zone.to_ambiguous_timestamp(*until).earlier().ok()?;
                (begins <= at && at < ends).then_some(*until)
            }
        }
    }

    /// Opening hours that began on a holiday do not run on after it.
    fn holds(&self, hours: &[Hours], at: Timestamp, doubt: Doubt) -> Option<Stretch> {
        self.zone_holds(hours, at, doubt).filter(|stretch| !self.holiday(stretch.began_on))
    }

    fn zone_holds(&self, hours: &[Hours], at: Timestamp, doubt: Doubt) -> Option<Stretch> {
        hours.iter().find_map(|hours| hours.stretch(at, &self.zone, doubt))
    }

    fn holiday(&self, date: Date) -> bool {
        self.holidays.contains(&date)
    }
}

fn quality(written: &QualityEntry) -> QualitySettings {
    let usual = QualitySettings::default();
    let or = |written: &Option<toml::Spanned<f64>>, usual| {
        written.as_ref().map_or(usual, |value| *value.get_ref())
    };
    QualitySettings {
        missed_threats_at_most: or(&written.missed_threats_at_most, usual.missed_threats_at_most),
        blind_review_share: or(&written.blind_review_share, usual.blind_review_share),
        control_alarms_per_day: or(&written.control_alarms_per_day, usual.control_alarms_per_day),
    }
}

fn windows(file: &SiteFile) -> Vec<Window> {
    let owned = |names: &[toml::Spanned<String>]| -> Vec<String> {
        names.iter().map(|name| name.get_ref().clone()).collect()
    };
    let weekly = file.windows.iter().map(|entry| Window {
        id: entry.id.get_ref().clone(),
        kind: *entry.kind.get_ref(),
        zones: owned(&entry.zones),
        cameras: owned(&entry.cameras),
        open: Open::Weekly {
            hours: entry.hours.get_ref().clone(),
            from: entry.from.map(|day| day.0),
            to: entry.to.as_ref().map(|day| day.get_ref().0),
        },
    });
    let tests = file.tests.iter().map(|entry| Window {
        id: entry.id.get_ref().clone(),
        kind: WindowKind::Test,
        zones: Vec::new(),
        cameras: owned(entry.cameras.get_ref()),
        open: Open::Once { from: entry.from.0, until: entry.until.get_ref().0 },
    });
    weekly.chain(tests).collect()
}
