//! How long to wait before the next try.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest wait before the first retry; each later one may be twice as long.
const FIRST: Duration = Duration::from_millis(200);
/// No wait is longer, unless the server asks for it.
const LONGEST: Duration = Duration::from_secs(5);

/// Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): evenly between
/// nothing and the bound, so that callers who failed together do not come back together.
/// `tries` counts from zero; `random` is any number, each as likely.
pub(super) fn full_jitter(tries: u32, random: u64) -> Duration {
    let bound = FIRST.saturating_mul(1 << tries.min(16)).min(LONGEST);
    let share = (bound.as_nanos() * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
}

/// What the server asks for in whole seconds (RFC 9110, 10.2.3); a date is passed over.
pub(super) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest_and_chance_decides_below_it() {
        for (tries, bound_ms) in [(0, 200), (1, 400), (4, 3_200), (5, 5_000), (u32::MAX, 5_000)] {
            let bound = Duration::from_millis(bound_ms);
            assert_eq!(full_jitter(tries, 0), Duration::ZERO);
            assert_eq!(full_jitter(tries, 1 << 63), bound / 2);
            assert!(full_jitter(tries, u64::MAX) + Duration::from_micros(1) > bound);
        }
    }

    #[test]
    fn only_whole_seconds_are_understood() {
        let header =
            |text: &str| asked_for(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]));
        assert_eq!(header("3"), Some(Duration::from_secs(3)));
        assert_eq!(header("-3"), None);
        assert_eq!(header("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(asked_for(&HeaderMap::new()), None);
    }
}
