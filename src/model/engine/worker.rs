//! The model's thread: takes the next job, answers it, survives what goes wrong in it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
};

use super::{
    EngineOptions, Loaded, Vocabulary,
    queue::{Job, Queue},
    session::Session,
    watchdog::{Pulse, Worker},
};
use crate::model::ModelError;

/// A running thread and what callers may use without it.
pub(super) struct Started {
    /// The thread; it ends when the queue closes.
    pub worker: Worker,
    /// Tokenizes for anybody.
    pub vocabulary: Arc<Vocabulary>,
    /// Tokens that prompt and answer together may have.
    pub context_tokens: usize,
}

/// Loads the model on a thread of its own and waits until it can answer.
///
/// # Errors
/// [`ModelError::Load`] as loading tells it.
pub(super) fn start(
    options: &Arc<EngineOptions>,
    world: &str,
    queue: &Arc<Queue>,
) -> Result<Started, ModelError> {
    let (ready, loaded) = mpsc::channel();
    let refuse = |why: String| {
        ModelError::Load(format!("model file {}: {why}", options.model_path.display()))
    };
    let pulse = Arc::new(Pulse::new());
    let (options, queue) = (Arc::clone(options), Arc::clone(queue));
    let (world, shown) = (world.to_owned(), Arc::clone(&pulse));
    let thread = thread::Builder::new()
        .name("sereno-model".to_owned())
        .spawn(move || run(&options, &world, &queue, &shown, &ready))
        .map_err(|error| refuse(format!("its thread cannot be started ({error})")))?;
    // The sender is dropped without a message only if loading panicked.
    let (vocabulary, context_tokens) =
        loaded.recv().map_err(|_| refuse("loading it panicked".to_owned()))??;
    Ok(Started { worker: Worker { thread, pulse }, vocabulary, context_tokens })
}

type Ready = Result<(Arc<Vocabulary>, usize), ModelError>;

/// Everything that llama.cpp evaluates happens in here.
fn run(
    options: &EngineOptions,
    world: &str,
    queue: &Queue,
    pulse: &Pulse,
    ready: &mpsc::Sender<Ready>,
) {
    let report = |message: Ready| {
        if ready.send(message).is_err() {
            tracing::debug!("nobody waits for the model any more");
        }
    };
    let loaded = match Loaded::open(options, world) {
        Ok(loaded) => loaded,
        Err(error) => return report(Err(error)),
    };
    match Session::open(&loaded) {
        Err(error) => report(Err(error)),
        Ok(session) => {
            report(Ok((Arc::clone(&loaded.vocabulary), session.context_tokens())));
            serve(queue, pulse, session, || Session::open(&loaded));
        }
    }
}

/// What answers jobs, several at a time, in steps.
pub(super) trait Engine {
    /// Whether nothing runs.
    fn is_idle(&self) -> bool;

    /// Whether another job may begin.
    fn has_room(&self) -> bool;

    /// Begins a job, or tells its caller why not.
    fn admit(&mut self, job: Job);

    /// Moves everything that runs on by one batch, and answers whoever is done.
    ///
    /// # Errors
    /// [`ModelError::Failed`] when the engine is spent.
    fn step(&mut self) -> Result<(), ModelError>;

    /// Tells everybody who waits that the engine failed, and why.
    fn abandon(&mut self, why: &str);
}

/// Answers jobs until the queue closes or another thread has taken over. An engine that failed or
/// panicked is replaced by a fresh one, because nobody knows what state it is in.
fn serve<E: Engine>(
    queue: &Queue,
    pulse: &Pulse,
    first: E,
    mut open: impl FnMut() -> Result<E, ModelError>,
) {
    let mut engine = Some(first);
    loop {
        // Waits only when nothing runs.
        let mut next = None;
        if engine.as_ref().is_none_or(E::is_idle) {
            let Some(job) = queue.next() else { return };
            next = Some(job);
        }
        let mut ready = match engine.take().map_or_else(|| reopened(&mut open), Ok) {
            Ok(ready) => ready,
            Err(error) => {
                if let Some(job) = next {
                    job.reply(Err(error));
                }
                continue;
            }
        };
        let turn = || {
            pulse.beat();
            if let Some(job) = next.take() {
                ready.admit(job);
            }
            while ready.has_room()
                && let Some(job) = queue.try_next()
            {
                ready.admit(job);
            }
            let stepped = ready.step();
            pulse.rest();
            stepped
        };
        let failed = match catch_unwind(AssertUnwindSafe(turn)) {
            Ok(Ok(())) => None,
            Ok(Err(ModelError::Failed(why))) => Some(why),
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("a panic: {}", describe(panic.as_ref()))),
        };
        pulse.rest();
        if !pulse.is_current() {
            return;
        }
        match failed {
            None => engine = Some(ready),
            Some(why) => {
                tracing::error!(why, "the model's thread goes on with a fresh context");
                metrics::counter!("sereno_model_restarts_total").increment(1);
                ready.abandon(&why);
            }
        }
    }
}

/// A fresh engine; a panic on the way is a failure like any other.
fn reopened<E>(open: &mut impl FnMut() -> Result<E, ModelError>) -> Result<E, ModelError> {
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| {
        Err(ModelError::Failed(format!("a panic: {}", describe(panic.as_ref()))))
    })
}

fn describe(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Completion, Urgency, Usage,
        engine::queue::tests::{Reply, job},
    };

    /// Answers one job a step with its number and the job's seed; seed 13 panics, 14 fails, and 11
    /// panics before it begins.
    struct Numbered {
        number: u32,
        running: Vec<Job>,
    }

    impl Engine for Numbered {
        fn is_idle(&self) -> bool {
            self.running.is_empty()
        }

        fn has_room(&self) -> bool {
            self.running.is_empty()
        }

        fn admit(&mut self, job: Job) {
            assert!(job.request.seed != 11, "worse luck still");
            match job.check() {
                Ok(()) => self.running.push(job),
                Err(error) => job.reply(Err(error)),
            }
        }

        fn step(&mut self) -> Result<(), ModelError> {
            match self.running.first().map(|job| job.request.seed) {
                Some(13) => panic!("bad luck"),
                Some(14) => return Err(ModelError::Failed("worse luck".to_owned())),
                _ => {}
            }
            for job in self.running.drain(..) {
                let text = format!("engine {} answers {}", self.number, job.request.seed);
                job.reply(Ok(Completion { text, choices: Vec::new(), usage: Usage::default() }));
            }
            Ok(())
        }

        fn abandon(&mut self, why: &str) {
            for job in self.running.drain(..) {
                job.reply(Err(ModelError::Failed(why.to_owned())));
            }
        }
    }

    /// Serves `jobs` in their order, and tells what their callers were told.
    fn served(jobs: Vec<(Job, Reply)>) -> Vec<String> {
        let queue = Arc::new(Queue::new(10));
        let mut replies = Vec::new();
        for (job, reply) in jobs {
            queue.push(job).unwrap();
            replies.push(reply);
        }
        let answering = Arc::clone(&queue);
        let thread = thread::spawn(move || {
            let mut opened = 0;
            let first = Numbered { number: 0, running: Vec::new() };
            serve(&answering, &Pulse::new(), first, || {
                opened += 1;
                Ok(Numbered { number: opened, running: Vec::new() })
            });
        });
        let told = replies.into_iter().map(told).collect();
        queue.close();
        thread.join().unwrap();
        told
    }

    fn told(reply: Reply) -> String {
        match reply.blocking_recv().unwrap() {
            Ok(completion) => completion.text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_panic_fails_what_runs_and_the_next_gets_a_fresh_engine() {
        let jobs = [12, 13, 15, 14, 16].map(|seed| job(seed, Urgency::Routine, 60));
        assert_eq!(
            served(jobs.into()),
            [
                "engine 0 answers 12",
                "the model failed: a panic: bad luck",
                "engine 1 answers 15",
                "the model failed: worse luck",
                "engine 2 answers 16",
            ]
        );
    }

    #[test]
    fn a_panic_before_the_first_step_costs_no_more_than_its_job() {
        let (gone, reply) = job(11, Urgency::LifeSafety, 60);
        let queue = Arc::new(Queue::new(10));
        let (next, answer) = job(15, Urgency::Routine, 60);
        queue.push(gone).unwrap();
        queue.push(next).unwrap();
        let answering = Arc::clone(&queue);
        let thread = thread::spawn(move || {
            let first = Numbered { number: 0, running: Vec::new() };
            let open = || Ok(Numbered { number: 1, running: Vec::new() });
            serve(&answering, &Pulse::new(), first, open);
        });
        assert!(reply.blocking_recv().is_err(), "its caller is told that the thread is gone");
        assert_eq!(told(answer), "engine 1 answers 15");
        queue.close();
        thread.join().unwrap();
    }

    #[test]
    fn an_overdue_job_is_not_started() {
        let late = job(12, Urgency::LifeSafety, 0);
        let told = served(vec![late, job(15, Urgency::Routine, 60)]);
        assert!(told[0].contains("no complete answer within"), "{}", told[0]);
        assert_eq!(told[1], "engine 0 answers 15");
    }

    #[test]
    fn a_retired_thread_ends_after_its_step_and_leaves_the_queue_to_the_next() {
        let queue = Queue::new(10);
        let (first, reply) = job(12, Urgency::Routine, 60);
        let (second, mut waits) = job(15, Urgency::Routine, 60);
        queue.push(first).unwrap();
        queue.push(second).unwrap();
        let pulse = Pulse::new();
        pulse.retire();
        let engine = Numbered { number: 0, running: Vec::new() };
        serve(&queue, &pulse, engine, || Err(ModelError::Failed("not asked for".to_owned())));
        assert_eq!(told(reply), "engine 0 answers 12");
        assert!(waits.try_recv().is_err());
        assert!(queue.try_next().is_some());
    }
}
