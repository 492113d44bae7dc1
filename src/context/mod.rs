//! What the site's file and the clocks say about an alarm's place and time.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    config::Site,
    domain::{Alarm, Context, RecentAlarms, ZoneContext},
};

/// A source's clock may be this far ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// An alarm may be this old when it reaches us: a source that was cut off sends it later.
const BEHIND: SignedDuration = SignedDuration::from_hours(24);
/// No source that works says an earlier year; a clock that lost its battery says 1970 or 2000.
const FIRST_YEAR: i16 = 2020;

/// Gathers an alarm's context. Pure: the same arguments give the same context.
///
/// `site_id` is what the alarm was resolved to, `site` its file where there is one. Where the site or
/// the camera is unknown, or the source's clock cannot be right, nothing is excused: the place counts
/// as closed and armed, and no window is open.
pub fn gather(
    alarm: &Alarm,
    received_at: Timestamp,
    site: Option<&Site>,
    site_id: &str,
    recent: RecentAlarms,
) -> Context {
    let at = alarm.occurred_at;
    let clock_suspect = suspect(at, received_at, site.is_some_and(|site| site.replayed));
    let unknown = Context {
        recent,
        local_time: TimeZone::UTC.to_datetime(at),
        clock_skew_s: received_at.as_second().saturating_sub(at.as_second()),
        clock_suspect,
        ..Context::unknown(site_id, received_at)
    };
    let Some(site) = site else { return unknown };
    let described = Context {
        site_digest: site.digest.clone(),
        local_time: site.local(at),
        emergency_services: site.emergency_services,
        ..unknown
    };
    let Some(zone) = site.zone_of(&alarm.camera) else { return described };
    let known = Context {
        camera_known: true,
        zone: ZoneContext { id: zone.id.clone(), kind: zone.kind, public: zone.public },
        ..described
    };
    if clock_suspect {
        return known;
    }
    Context {
        open: site.open(at),
        armed: site.armed(zone, at),
        windows: site.windows(&alarm.camera, at),
        ..known
    }
}

/// Whether the source's clock cannot be right. Where old alarms are replayed, age proves nothing.
fn suspect(occurred_at: Timestamp, received_at: Timestamp, replayed: bool) -> bool {
    let age = received_at.duration_since(occurred_at);
    age < -AHEAD
        || (age > BEHIND && !replayed)
        || TimeZone::UTC.to_datetime(occurred_at).year() < FIRST_YEAR
}
