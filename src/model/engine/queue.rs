//! The requests that wait for the model: bounded, most urgent first, callers who left skipped.

use std::{
    cmp::Reverse,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::oneshot;

use crate::model::{Completion, GenerateRequest, ModelError, Urgency};

/// A request with its caller's return address.
pub(super) struct Job {
    /// What is asked.
    pub request: GenerateRequest,
    /// When it was asked.
    pub queued_at: Instant,
    /// When the answer is due; absent if that lies beyond the clock's range.
    due_at: Option<Instant>,
    answer: oneshot::Sender<Result<Completion, ModelError>>,
}

impl Job {
    /// A job whose deadline starts now.
    pub(super) fn new(
        request: GenerateRequest,
        answer: oneshot::Sender<Result<Completion, ModelError>>,
    ) -> Self {
        let queued_at = Instant::now();
        Self { due_at: queued_at.checked_add(request.deadline), queued_at, request, answer }
    }

    /// Whether anybody still waits for the answer.
    pub(super) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    /// Whether to go on, asked between steps.
    ///
    /// # Errors
    /// [`ModelError::Deadline`] when the deadline has passed or the caller has left.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        let overdue = self.due_at.is_some_and(|due| due <= Instant::now());
        if overdue || self.is_abandoned() {
            Err(ModelError::Deadline(self.request.deadline))
        } else {
            Ok(())
        }
    }

    /// How urgent it is by now: one that has waited for half of its time moves up a step, so that the
    /// more urgent never keep it waiting for ever.
    fn urgency(&self, now: Instant) -> Urgency {
        let half = self.queued_at.checked_add(self.request.deadline / 2);
        match self.request.urgency {
            urgency if half.is_none_or(|half| now < half) => urgency,
            Urgency::Background => Urgency::Routine,
            Urgency::Routine | Urgency::LifeSafety => Urgency::LifeSafety,
        }
    }

    /// Hands the answer over; a caller who has left does not get it.
    pub(super) fn reply(self, result: Result<Completion, ModelError>) {
        if self.answer.send(result).is_err() {
            tracing::debug!("a caller left before the model answered");
        }
    }
}

/// What decides between two jobs: urgency, then the earlier deadline, then arrival. Least is first.
type Rank = (Reverse<Urgency>, bool, Option<Instant>, u64);

struct Waiting {
    job: Job,
    arrival: u64,
}

impl Waiting {
    fn rank(&self, now: Instant) -> Rank {
        let due_at = self.job.due_at;
        let urgency = Reverse(self.job.urgency(now));
        (urgency, due_at.is_none(), due_at, self.arrival)
    }
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    arrivals: u64,
    closed: bool,
}

impl State {
    /// Takes the first of those whose callers still wait.
    fn take(&mut self) -> Option<Job> {
        self.waiting.retain(|waiting| !waiting.job.is_abandoned());
        let first = extreme(&self.waiting, |a, b| a < b)?;
        Some(self.waiting.swap_remove(first).job)
    }
}

/// Jobs between the callers and the model's thread.
pub(super) struct Queue {
    limit: usize,
    state: Mutex<State>,
    arrived: Condvar,
}

impl Queue {
    /// An empty queue in which at most `limit` jobs wait.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No invariant spans two statements under this lock, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place. When there is none, a less urgent job gives way and is told so.
    ///
    /// # Errors
    /// [`ModelError::Overloaded`] when all that wait are at least as urgent;
    /// [`ModelError::Failed`] when the queue is closed.
    pub(super) fn push(&self, job: Job) -> Result<(), ModelError> {
        let mut state = self.lock();
        if state.closed {
            return Err(ModelError::Failed("its thread has ended".to_owned()));
        }
        if state.waiting.len() >= self.limit {
            state.waiting.retain(|waiting| !waiting.job.is_abandoned());
        }
        if state.waiting.len() >= self.limit {
            let last = extreme(&state.waiting, |a, b| a > b)
                .filter(|&last| state.waiting[last].job.request.urgency < job.request.urgency)
                .ok_or(ModelError::Overloaded(self.limit))?;
            let displaced = state.waiting.swap_remove(last);
            displaced.job.reply(Err(ModelError::Overloaded(self.limit)));
        }
        let arrival = state.arrivals;
        state.arrivals += 1;
        state.waiting.push(Waiting { job, arrival });
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// The next job that somebody waits for, or `None` once the queue is closed. Blocks.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(job) = state.take() {
                return Some(job);
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// The next job that somebody waits for, if there is one now.
    pub(super) fn try_next(&self) -> Option<Job> {
        self.lock().take()
    }

    /// Refuses new jobs and drops those that wait, which tells their callers.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.arrived.notify_all();
    }
}

/// Where the job lies whose rank beats all others.
fn extreme(waiting: &[Waiting], beats: impl Fn(&Rank, &Rank) -> bool) -> Option<usize> {
    let now = Instant::now();
    let mut best: Option<(usize, Rank)> = None;
    for (index, candidate) in waiting.iter().enumerate() {
        let rank = candidate.rank(now);
        if best.as_ref().is_none_or(|(_, other)| beats(&rank, other)) {
            best = Some((index, rank));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
pub(super) mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    pub(in super::super) type Reply = oneshot::Receiver<Result<Completion, ModelError>>;

    /// A job that is told apart by its seed.
    pub(in super::super) fn job(seed: u32, urgency: Urgency, deadline_s: u64) -> (Job, Reply) {
        let (answer, reply) = oneshot::channel();
        let request = GenerateRequest {
            messages: Vec::new(),
            schema: Arc::new(serde_json::json!({})),
            max_tokens: 1,
            deadline: Duration::from_secs(deadline_s),
            seed,
            urgency,
        };
        (Job::new(request, answer), reply)
    }

    fn seeds(queue: &Queue, count: usize) -> Vec<u32> {
        (0..count).map(|_| queue.next().unwrap().request.seed).collect()
    }

    #[test]
    fn urgency_then_deadline_then_arrival_decide() {
        let queue = Queue::new(10);
        let mut replies = Vec::new();
        for (seed, urgency, deadline_s) in [
            (1, Urgency::Background, 1),
            (2, Urgency::Routine, 60),
            (3, Urgency::Routine, 30),
            (4, Urgency::LifeSafety, 90),
            (5, Urgency::Background, u64::MAX),
        ] {
            let (job, reply) = job(seed, urgency, deadline_s);
            queue.push(job).unwrap();
            replies.push(reply);
        }
        assert_eq!(seeds(&queue, 5), [4, 3, 2, 1, 5]);
    }

    #[test]
    fn a_full_queue_refuses_the_next() {
        let queue = Queue::new(1);
        let (first, _kept) = job(1, Urgency::Routine, 60);
        let (second, _refused) = job(2, Urgency::Routine, 60);
        queue.push(first).unwrap();
        assert!(matches!(queue.push(second), Err(ModelError::Overloaded(1))));
    }

    #[test]
    fn the_more_urgent_displaces_the_least_urgent() {
        let queue = Queue::new(2);
        let (routine, _kept) = job(1, Urgency::Routine, 60);
        let (background, mut displaced) = job(2, Urgency::Background, 60);
        let (urgent, _urgent) = job(3, Urgency::LifeSafety, 60);
        queue.push(routine).unwrap();
        queue.push(background).unwrap();
        queue.push(urgent).unwrap();
        let told = displaced.try_recv().unwrap();
        assert!(matches!(told, Err(ModelError::Overloaded(2))));
        assert_eq!(seeds(&queue, 2), [3, 1]);
    }

    #[test]
    fn callers_who_left_hold_no_place_and_are_skipped() {
        let queue = Queue::new(1);
        let (gone, reply) = job(1, Urgency::LifeSafety, 60);
        queue.push(gone).unwrap();
        drop(reply);
        let (stays, _reply) = job(2, Urgency::Routine, 60);
        queue.push(stays).unwrap();
        assert_eq!(seeds(&queue, 1), [2]);
    }

    #[test]
    fn who_has_waited_half_the_time_moves_up_a_step() {
        let (job, _reply) = job(1, Urgency::Background, 60);
        let after = |seconds| job.urgency(job.queued_at + Duration::from_secs(seconds));
        assert_eq!(after(29), Urgency::Background);
        assert_eq!(after(30), Urgency::Routine);
    }

    #[test]
    fn a_closed_queue_ends_its_reader_and_refuses() {
        let queue = Queue::new(2);
        let (waits, mut reply) = job(1, Urgency::Routine, 60);
        queue.push(waits).unwrap();
        queue.close();
        assert!(queue.next().is_none());
        assert!(reply.try_recv().is_err());
        let (late, _reply) = job(2, Urgency::Routine, 60);
        assert!(matches!(queue.push(late), Err(ModelError::Failed(_))));
    }

    #[test]
    fn a_job_past_its_deadline_says_so() {
        let (job, _reply) = job(1, Urgency::Routine, 0);
        assert!(matches!(job.check(), Err(ModelError::Deadline(_))));
    }
}
