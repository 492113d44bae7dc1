//! Sees when the model's thread is stuck or gone, and starts another in its place.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How often the thread is looked at.
const ROUND: Duration = Duration::from_secs(1);
/// How long the end of a thread is waited for before it is left to itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a thread shows of its work. Each thread has its own.
pub(super) struct Pulse {
    born: Instant,
    /// Milliseconds after `born`, plus one, when the step in hand began; 0 between steps.
    since: AtomicU64,
    retired: AtomicBool,
}

impl Pulse {
    /// At rest.
    pub(super) fn new() -> Self {
        Self { born: Instant::now(), since: AtomicU64::new(0), retired: AtomicBool::new(false) }
    }

    /// A step begins.
    pub(super) fn beat(&self) {
        let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.since.store(since + 1, Ordering::Relaxed);
    }

    /// The step has ended.
    pub(super) fn rest(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Whether no other thread has taken over.
    pub(super) fn is_current(&self) -> bool {
        !self.retired.load(Ordering::Acquire)
    }

    /// Another thread takes over: this one ends after its step.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }

    /// How long the step in hand has taken.
    fn stepping(&self) -> Duration {
        match self.since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self.born.elapsed().saturating_sub(Duration::from_millis(since - 1)),
        }
    }
}

/// A thread that works, and what it shows.
pub(super) struct Worker {
    /// Ends when there is no more work, or after it was retired.
    pub thread: JoinHandle<()>,
    /// Its pulse.
    pub pulse: Arc<Pulse>,
}

/// Watches one worker after the other until it is dropped.
pub(super) struct Watchdog {
    stopped: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches `worker`; one whose step takes longer than `stall`, or whose thread has ended before the
    /// watchdog was stopped, is replaced by what `start` gives. Where that fails it is tried again.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        worker: Worker,
        stall: Duration,
        start: impl Fn() -> Result<Worker, String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let stopped = Arc::new((Mutex::new(false), Condvar::new()));
        let told = Arc::clone(&stopped);
        let watch = move || watch(worker, stall, &told, start);
        let thread = thread::Builder::new().name("sereno-watchdog".to_owned()).spawn(watch)?;
        Ok(Self { stopped, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let (stopped, changed) = &*self.stopped;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watchdog panicked");
        }
    }
}

fn watch(
    mut worker: Worker,
    stall: Duration,
    stopped: &(Mutex<bool>, Condvar),
    start: impl Fn() -> Result<Worker, String>,
) {
    let (stopped, changed) = stopped;
    let mut is_stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_stopped {
        let stepping = worker.pulse.stepping();
        if stepping > stall || worker.thread.is_finished() {
            tracing::error!(?stepping, "the model's thread is stuck or gone; another is started");
            metrics::counter!("sereno_model_restarts_total").increment(1);
            worker.pulse.retire();
            match start() {
                Ok(fresh) => worker = fresh,
                Err(why) => tracing::error!(why, "the model's thread cannot be started"),
            }
        }
        let round = ROUND.min(stall);
        is_stopped =
            changed.wait_timeout(is_stopped, round).unwrap_or_else(PoisonError::into_inner).0;
    }
    drop(is_stopped);
    end(worker.thread);
}

/// Waits for a thread that has been told to end; one that is stuck is left to itself.
fn end(thread: JoinHandle<()>) {
    let patience = Instant::now() + PATIENCE;
    while !thread.is_finished() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(1));
    }
    if thread.is_finished() && thread.join().is_err() {
        tracing::error!("the model's thread panicked while it ended");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_stuck_thread_is_replaced_and_retired() {
        let (release, held) = mpsc::channel::<()>();
        let stuck = Arc::new(Pulse::new());
        stuck.beat();
        let thread = thread::spawn(move || {
            let _released = held.recv();
        });
        let (told, replaced) = mpsc::channel();
        let worker = Worker { thread, pulse: Arc::clone(&stuck) };
        let watchdog = Watchdog::start(worker, Duration::from_millis(20), move || {
            told.send(()).map_err(|error| error.to_string())?;
            let pulse = Arc::new(Pulse::new());
            let thread = thread::spawn(|| thread::sleep(Duration::from_millis(50)));
            Ok(Worker { thread, pulse })
        })
        .unwrap();
        replaced.recv().unwrap();
        assert!(!stuck.is_current());
        drop(release);
        drop(watchdog);
    }

    #[test]
    fn a_thread_at_rest_is_left_alone_however_long_it_rests() {
        let pulse = Pulse::new();
        assert_eq!(pulse.stepping(), Duration::ZERO);
        pulse.beat();
        pulse.rest();
        assert_eq!(pulse.stepping(), Duration::ZERO);
        assert!(pulse.is_current());
    }
}
