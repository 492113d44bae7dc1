//! Weekly hours such as `mon-fri 20:00-06:00`, and whether they hold at an instant in a time zone.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, de};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
const DAY_MINUTES: u16 = 24 * 60;

/// Hours on some days of the week. They begin on those days and may end on the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hours {
    days: [bool; 7],
    /// Minutes from midnight.
    start: u16,
    /// Minutes from the same midnight; above 1,440 on the next day.
    end: u16,
}

/// How to read a wall-clock time that a change of the clocks skips or repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// So that the hours are shorter: for what excuses an alarm.
    Narrow,
    /// So that the hours are longer: for what makes one matter.
    Wide,
}

/// One stretch of hours that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The local date on which it began.
    pub(super) began_on: Date,
    /// When it ends, in local time.
    pub(super) until: DateTime,
}

impl Hours {
    /// The stretch of these hours that holds at `at`, if one does. The end does not belong to it.
    pub(super) fn stretch(&self, at: Timestamp, zone: &TimeZone, doubt: Doubt) -> Option<Stretch> {
        let today = zone.to_datetime(at).date();
        [today.yesterday().ok(), Some(today)].into_iter().flatten().find_map(|day| {
            let place = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
            if !self.days.get(place).copied().unwrap_or(false) {
                return None;
            }
            let (begins, ends) = (wall(day, self.start)?, wall(day, self.end)?);
            let (from, to) = match doubt {
                Doubt::Narrow => (later(zone, begins)?, earlier(zone, ends)?),
                Doubt::Wide => (earlier(zone, begins)?, later(zone, ends)?),
            };
            (from <= at && at < to).then_some(Stretch { began_on: day, until: ends })
        })
    }

    /// Minutes of the week, from Monday's midnight, that these hours cover; an end may lie in the
    /// next week.
    fn minutes(&self) -> impl Iterator<Item = (u32, u32)> {
        let (start, end) = (u32::from(self.start), u32::from(self.end));
        (0_u32..).zip(self.days).filter(|(_, on)| *on).map(move |(day, _)| {
            let midnight = day * u32::from(DAY_MINUTES);
            (midnight + start, midnight + end)
        })
    }
}

/// The first two entries of a list that cover the same minute, if any do.
pub(super) fn overlap(list: &[Hours]) -> Option<(usize, usize)> {
    const WEEK: u32 = 7 * DAY_MINUTES as u32;
    for (later, hours) in list.iter().enumerate() {
        for (earlier, other) in list[..later].iter().enumerate() {
            let meet = hours.minutes().any(|(from, to)| {
                other.minutes().any(|(start, end)| {
                    [0, WEEK].into_iter().any(|shift| {
                        (from < end + shift && start + shift < to)
                            || (from + shift < end && start < to + shift)
                    })
                })
            });
            if meet {
                return Some((earlier, later));
            }
        }
    }
    None
}

/// The wall-clock time so many minutes after a date's midnight.
fn wall(date: Date, minutes: u16) -> Option<DateTime> {
    let (date, minutes) = if minutes >= DAY_MINUTES {
        (date.tomorrow().ok()?, minutes - DAY_MINUTES)
    } else {
        (date, minutes)
    };
    date.to_datetime(Time::midnight()).checked_add(i64::from(minutes).minutes()).ok()
}

fn earlier(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(wall).earlier().ok()
}

fn later(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(wall).later().ok()
}

/// Hours that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadHours(String);

impl fmt::Display for BadHours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Hours {
    type Err = BadHours;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| {
            BadHours(format!(
                "`{text}` {why}; write days and hours, such as `mon-fri 07:30-21:00`, \
                 `sat,sun 22:00-06:00` or `daily 00:00-24:00`"
            ))
        };
        let (days, hours) =
            text.trim().split_once(' ').ok_or_else(|| wrong("lacks days or hours"))?;
        let days = parse_days(days).ok_or_else(|| wrong("names no days"))?;
        let (start, end) = hours.trim().split_once('-').ok_or_else(|| wrong("names no hours"))?;
        let start = parse_minutes(start)
            .filter(|start| *start < DAY_MINUTES)
            .ok_or_else(|| wrong("has a start that is not 00:00 to 23:59"))?;
        let end = parse_minutes(end)
            .filter(|end| *end > 0)
            .ok_or_else(|| wrong("has an end that is not 00:01 to 24:00"))?;
        if start == end {
            return Err(wrong("ends when it starts"));
        }
        let end = if end < start { end + DAY_MINUTES } else { end };
        Ok(Self { days, start, end })
    }
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let place = |name: &str| DAYS.iter().position(|(known, _)| *known == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            _ if part == "daily" => (0, 6),
            Some((first, last)) => (place(first)?, place(last)?),
            None => (place(part)?, place(part)?),
        };
        // `fri-mon` runs over the week's end.
        let length = (last + 7 - first) % 7;
        (0..=length).for_each(|step| days[(first + step) % 7] = true);
    }
    Some(days)
}

fn parse_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60).then_some(hours * 60 + minutes).filter(|total| *total <= DAY_MINUTES)
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn madrid() -> TimeZone {
        TimeZone::get("Europe/Madrid").unwrap()
    }

    fn holds(hours: &str, at: &str, doubt: Doubt) -> bool {
        let hours: Hours = hours.parse().unwrap();
        hours.stretch(at.parse().unwrap(), &madrid(), doubt).is_some()
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
        // 2026-03-06 is a Friday; Madrid is one hour ahead of UTC.
        assert!(holds("fri 22:00-06:00", "2026-03-06T21:00:00Z", Doubt::Narrow));
        assert!(holds("fri 22:00-06:00", "2026-03-07T04:59:59Z", Doubt::Narrow));
        assert!(!holds("fri 22:00-06:00", "2026-03-07T05:00:00Z", Doubt::Narrow));
        assert!(!holds("fri 22:00-06:00", "2026-03-06T04:00:00Z", Doubt::Narrow));
    }

    #[test]
    fn the_end_is_told_in_local_time() {
        let hours: Hours = "daily 22:00-06:00".parse().unwrap();
        let at = "2026-03-06T23:30:00Z".parse().unwrap();
        let stretch = hours.stretch(at, &madrid(), Doubt::Narrow).unwrap();
        assert_eq!(stretch.until.to_string(), "2026-03-07T06:00:00");
        assert_eq!(stretch.began_on.to_string(), "2026-03-06");
        let all_day: Hours = "daily 00:00-24:00".parse().unwrap();
        assert!(all_day.stretch(at, &madrid(), Doubt::Narrow).is_some());
    }

    #[test]
    fn a_skipped_hour_shortens_what_excuses_and_lengthens_what_guards() {
        // On 2026-03-29 Madrid's clocks jump from 02:00 (01:00Z) to 03:00.
        assert!(!holds("sun 02:30-05:00", "2026-03-29T01:15:00Z", Doubt::Narrow));
        assert!(holds("sun 02:30-05:00", "2026-03-29T01:30:00Z", Doubt::Narrow));
        assert!(holds("sun 02:30-05:00", "2026-03-29T00:30:00Z", Doubt::Wide));
        assert!(!holds("sun 02:30-05:00", "2026-03-29T00:29:00Z", Doubt::Wide));
    }

    #[test]
    fn a_repeated_hour_is_outside_what_excuses_and_inside_what_guards() {
        // On 2026-10-25 Madrid's clocks go back from 03:00 (01:00Z) to 02:00.
        let (first, second) = ("2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z");
        assert!(holds("sat 20:00-02:30", first, Doubt::Narrow));
        assert!(!holds("sat 20:00-02:30", second, Doubt::Narrow));
        assert!(holds("sat 20:00-02:30", second, Doubt::Wide));
    }

    #[test]
    fn days_are_lists_and_ranges_also_over_the_weekend() {
        assert!(holds("fri-mon 10:00-11:00", "2026-03-08T09:30:00Z", Doubt::Narrow));
        assert!(!holds("fri-mon 10:00-11:00", "2026-03-10T09:30:00Z", Doubt::Narrow));
        assert!(holds("tue,sun 10:00-11:00", "2026-03-10T09:30:00Z", Doubt::Narrow));
    }

    #[test]
    fn wrong_hours_say_what_is_right() {
        for wrong in [
            "mon",
            "mon 10-11",
            "mon 24:00-25:00",
            "mon 10:00-10:00",
            "moon 10:00-11:00",
            "mon 9:00-10:00",
            "mon 10:60-11:00",
            "",
            "mon-fri",
            "mon 10:00-00:00",
        ] {
            let error = wrong.parse::<Hours>().unwrap_err().to_string();
            assert!(error.contains("mon-fri 07:30-21:00"), "{wrong}: {error}");
        }
    }

    #[test]
    fn overlapping_hours_are_found_also_over_midnight_and_the_week() {
        let list = |texts: &[&str]| -> Vec<Hours> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(overlap(&list(&["mon-fri 07:00-12:00", "fri 11:00-13:00"])), Some((0, 1)));
        assert_eq!(overlap(&list(&["sun 22:00-06:00", "mon 05:00-07:00"])), Some((0, 1)));
        assert_eq!(overlap(&list(&["mon 05:00-07:00", "sun 22:00-06:00"])), Some((0, 1)));
        assert_eq!(overlap(&list(&["mon 07:00-12:00", "mon 12:00-13:00"])), None);
    }
}
