//! The circuit breaker: a server that keeps failing is left alone for a while, then tried with one request.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Counts failures in a row. Closed lets everything through, open nothing. Once the cool-down is over
/// a single request is a probe: its success closes the breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    limit: u32,
    cool_down: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Absent while closed.
    probe_at: Option<Instant>,
}

impl Breaker {
    /// Closed; opens after `limit` failures in a row, for `cool_down`.
    pub(super) fn new(limit: u32, cool_down: Duration) -> Self {
        show(false);
        Self { limit, cool_down, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No invariant spans two statements under this lock, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may go out now. A probe that is never told of delays the next one by a
    /// cool-down, no more; so it may be broken off.
    ///
    /// # Errors
    /// How long it stays open.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        match state.probe_at {
            Some(probe_at) if now < probe_at => Err(probe_at - now),
            Some(_) => {
                state.probe_at = Some(now + self.cool_down);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The server answered.
    pub(super) fn succeeded(&self) {
        *self.lock() = State::default();
        show(false);
    }

    /// The server did not answer, or not as one that is well. Says whether the breaker is open now.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        let opens = state.probe_at.is_some() || state.failures >= self.limit;
        if opens {
            state.probe_at = Some(now + self.cool_down);
        }
        drop(state);
        show(opens);
        opens
    }

    /// Opens at once: somebody knows that the server is not there.
    pub(super) fn trip(&self, now: Instant) {
        self.lock().probe_at = Some(now + self.cool_down);
        show(true);
    }

    /// Whether everything is let through.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().probe_at.is_none()
    }
}

fn show(open: bool) {
    metrics::gauge!("sereno_model_breaker_open").set(f64::from(u8::from(open)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOL_DOWN: Duration = Duration::from_secs(10);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_only_then() {
        let (breaker, now) = (Breaker::new(3, COOL_DOWN), Instant::now());
        assert!(!breaker.failed(now));
        assert!(!breaker.failed(now));
        breaker.succeeded();
        assert!(!breaker.failed(now));
        assert!(!breaker.failed(now));
        assert!(breaker.is_closed());
        assert!(breaker.failed(now));
        assert_eq!(breaker.admit(after(now, 4)), Err(Duration::from_secs(6)));
    }

    #[test]
    fn one_probe_passes_after_the_cool_down_and_its_success_closes() {
        let (breaker, now) = (Breaker::new(1, COOL_DOWN), Instant::now());
        breaker.failed(now);
        assert_eq!(breaker.admit(after(now, 10)), Ok(()));
        assert_eq!(breaker.admit(after(now, 10)), Err(COOL_DOWN), "the second is no probe");
        breaker.succeeded();
        assert_eq!(breaker.admit(after(now, 10)), Ok(()));
    }

    #[test]
    fn a_failed_probe_opens_it_for_another_cool_down_whatever_the_limit() {
        let (breaker, now) = (Breaker::new(5, COOL_DOWN), Instant::now());
        breaker.trip(now);
        assert_eq!(breaker.admit(after(now, 10)), Ok(()));
        assert!(breaker.failed(after(now, 12)));
        assert_eq!(breaker.admit(after(now, 21)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_probe_that_was_broken_off_does_not_keep_it_open_for_ever() {
        let (breaker, now) = (Breaker::new(1, COOL_DOWN), Instant::now());
        breaker.trip(now);
        assert_eq!(breaker.admit(after(now, 10)), Ok(()));
        assert_eq!(breaker.admit(after(now, 20)), Ok(()));
    }
}
