//! What the site knows about the alarm's place and time.

use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::codes;

codes! {
    /// What kind of place a zone is.
    ZoneKind {
        /// Fences, walls, gates, yards around the building.
        Perimeter,
        /// Doors and lobbies that the public uses.
        PublicEntrance,
        /// Loading docks and warehouses.
        LoadingDock,
        /// Offices, corridors, stairs.
        Offices,
        /// Car parks and drives.
        Parking,
        /// Rooms that few may enter: servers, cash, control.
        Restricted,
        /// Where a shop's customers may be: aisles, counters, tills.
        SalesFloor,
        /// What the people of a block of flats share: doors, stairs, courtyards, garages.
        Residential,
        /// Paths and squares for people on foot: what rides, drives or runs there is out of place.
        Footpath,
        /// Not known.
        Unknown,
    }
}

codes! {
    /// What a window is for.
    WindowKind {
        /// Announced work on the site or its equipment.
        Maintenance,
        /// Cleaning staff.
        Cleaning,
        /// Announced deliveries.
        Delivery,
        /// The system is under test; alarms are expected.
        Test,
    }
}

/// A window that is open at the alarm's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActiveWindow {
    /// Its id in the site's file.
    pub id: String,
    /// What it is for.
    pub kind: WindowKind,
    /// When it ends, in local time.
    #[schema(value_type = String)]
    pub until: DateTime,
}

/// The zone that a camera watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneContext {
    /// Its id in the site's file.
    pub id: String,
    /// What kind of place it is.
    pub kind: ZoneKind,
    /// Whether the public may be there during opening hours.
    pub public: bool,
}

/// Earlier alarms of the same camera, and what the site's others just raised. Counts only: what an alarm said never reaches another's model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentAlarms {
    /// In the hour before this one.
    pub last_hour: u32,
    /// In the day before this one.
    pub last_day: u32,
    /// Of the last day's, those that people closed as a real threat.
    pub real_threats_last_day: u32,
    /// Of the last day's, those that people closed as harmless, false or technical.
    pub harmless_last_day: u32,
    /// Of the last hour's, the same.
    #[serde(default)]
    pub harmless_last_hour: u32,
    /// Alarms of the whole site within the half hour before this one, this one among them.
    #[serde(default)]
    pub site_signals: u32,
    /// Cameras and sensors that those came from.
    #[serde(default)]
    pub site_detectors: u32,
}

/// What the site knows at the alarm's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that rules read by name"
)]
pub struct Context {
    /// The site's id.
    pub site: String,
    /// SHA-256 of the site's file, hex; empty when the site is unknown.
    pub site_digest: String,
    /// Whether the site's file names the camera. An unknown camera is never dismissed.
    pub camera_known: bool,
    /// The zone that it watches.
    pub zone: ZoneContext,
    /// Local date and time at the site.
    #[schema(value_type = String)]
    pub local_time: DateTime,
    /// Whether the site is open to the public or its staff.
    pub open: bool,
    /// Whether the zone is armed.
    pub armed: bool,
    /// Windows that are open now for this zone.
    pub windows: Vec<ActiveWindow>,
    /// Earlier alarms of the same camera.
    pub recent: RecentAlarms,
    /// Seconds between the source's clock and ours at arrival; beyond ten minutes it is `clock_suspect`.
    pub clock_skew_s: i64,
    /// The source's clock cannot be right, so opening hours and windows prove nothing.
    pub clock_suspect: bool,
    /// When the alarm reached us.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The site lets Sereno name the police, the fire brigade or an ambulance in its recommendations.
    pub emergency_services: bool,
    /// A person granted that alarms of this kind may be closed here without one.
    #[serde(default)]
    pub autonomy_granted: bool,
}

impl Context {
    /// The context of an alarm whose site nobody has described.
    pub fn unknown(site: &str, received_at: Timestamp) -> Self {
        Self {
            site: site.to_owned(),
            site_digest: String::new(),
            camera_known: false,
            zone: ZoneContext { id: "unknown".to_owned(), kind: ZoneKind::Unknown, public: false },
            local_time: received_at.to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime(),
            open: false,
            armed: true,
            windows: Vec::new(),
            recent: RecentAlarms::default(),
            clock_skew_s: 0,
            clock_suspect: false,
            received_at,
            emergency_services: false,
            autonomy_granted: false,
        }
    }

    /// Whether a window of this kind is open.
    pub fn window(&self, kind: WindowKind) -> Option<&ActiveWindow> {
        self.windows.iter().find(|window| window.kind == kind)
    }
}
