//! What holds at a site at an instant: hours, arming, windows, holidays, changes of the clocks, wrong clocks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use jiff::Timestamp;
use sereno::{
    config::{Site, Sites},
    context,
    domain::{Alarm, Context, RecentAlarms, WindowKind, ZoneKind},
};

fn alarm(camera: &str, at: &str) -> Alarm {
    serde_json::from_value(serde_json::json!({
        "source": "s", "source_event_id": "1", "occurred_at": at, "camera": camera, "kind": "motion",
    }))
    .unwrap()
}

/// The context on the sample site of an alarm that arrives five seconds after it happened.
fn at(camera: &str, at: &str) -> Context {
    gathered(Sites::embedded().unwrap().get("sample"), camera, at, at)
}

fn gathered(site: Option<&Site>, camera: &str, at: &str, received: &str) -> Context {
    let received: Timestamp = received.parse().unwrap();
    let received = received.checked_add(jiff::SignedDuration::from_secs(5)).unwrap();
    context::gather(&alarm(camera, at), received, site, "sample", RecentAlarms::default())
}

/// The sample site as a real one, whose alarms are not replayed.
fn live() -> Site {
    let text = include_str!("../../config/sites/sample.toml").replace("replayed = true\n", "");
    Site::parse(Path::new("sample.toml"), &text).unwrap()
}

fn window(context: &Context) -> Option<(&str, WindowKind, String)> {
    context
        .windows
        .first()
        .map(|window| (window.id.as_str(), window.kind, window.until.to_string()))
}

#[test]
fn a_weekday_morning_is_open_and_disarmed_and_the_night_is_not() {
    // 2026-03-04 is a Wednesday; Madrid is one hour ahead of UTC.
    let day = at("gate-north", "2026-03-04T10:00:00Z");
    assert_eq!((day.open, day.armed, day.zone.kind), (true, false, ZoneKind::Perimeter));
    assert_eq!(day.local_time.to_string(), "2026-03-04T11:00:00");
    assert_eq!((day.clock_skew_s, day.camera_known), (5, true));
    let night = at("gate-north", "2026-03-04T22:00:00Z");
    assert_eq!((night.open, night.armed), (false, true));
    assert!(at("server-room", "2026-03-04T10:00:00Z").armed, "always");
}

#[test]
fn hours_begin_with_their_first_second_and_end_before_their_last() {
    assert!(!at("lobby", "2026-03-04T05:59:59Z").open);
    assert!(at("lobby", "2026-03-04T06:00:00Z").open);
    assert!(at("lobby", "2026-03-04T18:59:59Z").open);
    assert!(!at("lobby", "2026-03-04T19:00:00Z").open);
}

#[test]
fn arming_over_midnight_lasts_until_the_morning() {
    assert!(at("dock-1", "2026-03-03T23:30:00Z").armed, "half past midnight on Wednesday");
    assert!(at("dock-1", "2026-03-04T04:59:00Z").armed);
    assert!(!at("dock-1", "2026-03-04T05:00:00Z").armed);
    assert!(!at("dock-1", "2026-03-04T20:59:00Z").armed);
}

#[test]
fn windows_open_for_their_zone_alone_and_say_when_they_end() {
    let cleaning = at("office-2f", "2026-03-04T19:30:00Z");
    assert_eq!(
        window(&cleaning),
        Some(("evening-cleaning", WindowKind::Cleaning, "2026-03-04T22:00:00".to_owned()))
    );
    assert_eq!(window(&at("server-room", "2026-03-04T19:30:00Z")), None);
    assert_eq!(window(&at("office-2f", "2026-03-07T19:30:00Z")), None, "not on Saturdays");
    let delivery = at("dock-1", "2026-03-04T07:00:00Z");
    assert!(delivery.window(WindowKind::Delivery).is_some());
}

#[test]
fn dated_windows_open_on_their_dates_and_tests_expire() {
    assert!(at("fence-east", "2026-03-04T08:00:00Z").window(WindowKind::Maintenance).is_some());
    assert!(at("fence-east", "2026-03-06T15:59:00Z").window(WindowKind::Maintenance).is_some());
    assert!(at("fence-east", "2026-03-07T08:00:00Z").windows.is_empty());
    assert!(at("dock-2", "2026-03-04T10:59:59Z").window(WindowKind::Test).is_some());
    assert!(at("dock-2", "2026-03-04T11:00:00Z").window(WindowKind::Test).is_none());
    assert!(at("dock-1", "2026-03-04T10:30:00Z").window(WindowKind::Test).is_none(), "per camera");
}

#[test]
fn a_holiday_is_closed_armed_and_without_weekly_windows() {
    // 2026-10-12 is a Monday.
    let holiday = at("office-2f", "2026-10-12T10:00:00Z");
    assert_eq!((holiday.open, holiday.armed), (false, true));
    assert!(at("office-2f", "2026-10-12T18:30:00Z").windows.is_empty());
    assert!(at("office-2f", "2026-10-13T10:00:00Z").open);
}

#[test]
fn hours_follow_the_wall_clock_through_its_changes() {
    // Clocks go forward on 2026-03-29 and back on 2026-10-25: 07:00 is 05:00Z in summer.
    assert!(!at("lobby", "2026-03-27T05:30:00Z").open);
    assert!(at("lobby", "2026-03-30T05:30:00Z").open);
    assert!(at("lobby", "2026-10-23T05:30:00Z").open);
    assert!(!at("lobby", "2026-10-26T05:30:00Z").open);
}

#[test]
fn an_unknown_camera_or_site_excuses_nothing() {
    let camera = at("roof", "2026-03-04T10:00:00Z");
    assert_eq!((camera.camera_known, camera.open, camera.armed), (false, false, true));
    assert_eq!(camera.zone.kind, ZoneKind::Unknown);
    assert_eq!(camera.site_digest.len(), 64, "the site itself is known");
    let site = gathered(None, "gate-north", "2026-03-04T10:00:00Z", "2026-03-04T10:00:00Z");
    assert_eq!((site.camera_known, site.armed, site.site_digest.as_str()), (false, true, ""));
}

#[test]
fn a_clock_that_cannot_be_right_is_suspect_and_excuses_nothing() {
    let site = live();
    let received = "2026-03-04T10:00:00Z";
    let suspect = |at: &str| gathered(Some(&site), "office-2f", at, received).clock_suspect;
    assert!(!suspect("2026-03-04T10:09:00Z"));
    assert!(suspect("2026-03-04T10:12:00Z"), "ahead");
    assert!(!suspect("2026-03-03T10:01:00Z"));
    assert!(suspect("2026-03-03T09:00:00Z"), "more than a day behind");
    for wrong in ["1970-01-01T00:00:00Z", "2100-01-04T19:30:00Z", "2019-12-31T23:59:59Z"] {
        let context = gathered(Some(&site), "office-2f", wrong, received);
        assert!(context.clock_suspect, "{wrong}");
        assert_eq!((context.open, context.armed, context.windows.len()), (false, true, 0));
        assert!(context.camera_known, "the camera is known all the same");
    }
    let skew = gathered(Some(&site), "lobby", "2026-03-04T11:00:00Z", received).clock_skew_s;
    assert_eq!(skew, -3595);
}

#[test]
fn where_old_alarms_are_replayed_age_is_no_sign_of_a_wrong_clock() {
    let sites = Sites::embedded().unwrap();
    let site = sites.get("dataset");
    let old = gathered(site, "any-name", "2026-01-15T12:00:00Z", "2027-06-01T00:00:00Z");
    assert!(!old.clock_suspect && old.camera_known && old.open && !old.armed && old.zone.public);
    let broken = gathered(site, "any-name", "1970-01-01T00:00:00Z", "2027-06-01T00:00:00Z");
    assert!(broken.clock_suspect);
}

#[test]
fn the_same_arguments_give_the_same_context() {
    assert_eq!(at("lobby", "2026-03-04T10:00:00Z"), at("lobby", "2026-03-04T10:00:00Z"));
}
