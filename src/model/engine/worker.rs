//! The model's thread: takes the next job, answers it, survives what goes wrong in it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    EngineOptions, Loaded, Vocabulary,
    queue::{Job, Queue},
    session::Session,
};
use crate::model::{Completion, ModelError};

/// A running thread and what callers may use without it.
pub(super) struct Started {
    /// Ends when the queue closes.
    pub thread: JoinHandle<()>,
    /// Tokenizes for anybody.
    pub vocabulary: Arc<Vocabulary>,
    /// Tokens that prompt and answer together may have.
    pub context_tokens: usize,
}

/// Loads the model on a thread of its own and waits until it can answer.
///
/// # Errors
/// [`ModelError::Load`] as loading tells it.
pub(super) fn start(options: EngineOptions, queue: Arc<Queue>) -> Result<Started, ModelError> {
    let (ready, loaded) = mpsc::channel();
    let path = options.model_path.clone();
    let refuse = |why: String| ModelError::Load(format!("model file {}: {why}", path.display()));
    let thread = thread::Builder::new()
        .name("sereno-model".to_owned())
        .spawn(move || {
            run(&options, &queue, &ready);
            queue.close();
        })
        .map_err(|error| refuse(format!("its thread cannot be started ({error})")))?;
    // The sender is dropped without a message only if loading panicked.
    let (vocabulary, context_tokens) =
        loaded.recv().map_err(|_| refuse("loading it panicked".to_owned()))??;
    Ok(Started { thread, vocabulary, context_tokens })
}

type Ready = Result<(Arc<Vocabulary>, usize), ModelError>;

/// Everything that llama.cpp evaluates happens in here.
fn run(options: &EngineOptions, queue: &Queue, ready: &mpsc::Sender<Ready>) {
    let report = |message: Ready| {
        if ready.send(message).is_err() {
            tracing::debug!("nobody waits for the model any more");
        }
    };
    let loaded = match Loaded::open(options) {
        Ok(loaded) => loaded,
        Err(error) => return report(Err(error)),
    };
    match Session::open(&loaded) {
        Err(error) => report(Err(error)),
        Ok(session) => {
            report(Ok((Arc::clone(&loaded.vocabulary), session.context_tokens())));
            serve(queue, session, || Session::open(&loaded), Session::answer);
        }
    }
}

/// Answers jobs until the queue closes. An engine that failed or panicked is replaced by a fresh one,
/// because nobody knows what state it is in.
fn serve<E>(
    queue: &Queue,
    first: E,
    mut open: impl FnMut() -> Result<E, ModelError>,
    mut answer: impl FnMut(&mut E, &Job) -> Result<Completion, ModelError>,
) {
    let mut engine = Some(first);
    while let Some(job) = queue.next() {
        let waited = job.waited();
        let started = Instant::now();
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            job.check()?;
            let mut ready = match engine.take() {
                Some(ready) => ready,
                None => open()?,
            };
            let result = answer(&mut ready, &job);
            if !matches!(result, Err(ModelError::Failed(_))) {
                engine = Some(ready);
            }
            result
        }));
        let mut result = attempt.unwrap_or_else(|panic| {
            let why = describe(panic.as_ref());
            tracing::error!(why, "the model's thread panicked; it goes on with a fresh context");
            Err(ModelError::Failed(format!("a panic: {why}")))
        });
        let busy = started.elapsed();
        metrics::histogram!("sereno_model_queue_seconds").record(waited);
        metrics::histogram!("sereno_model_busy_seconds").record(busy);
        if let Ok(completion) = &mut result {
            completion.usage.queued_ms = milliseconds(waited);
            completion.usage.busy_ms = milliseconds(busy);
        }
        job.reply(result);
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
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
        Urgency, Usage,
        engine::queue::tests::{Reply, job},
    };

    fn completion(text: String) -> Completion {
        Completion { text, choices: Vec::new(), usage: Usage::default() }
    }

    /// Runs jobs on a thread; each engine is known by its number, and seed 13 panics, 14 fails.
    fn served(jobs: Vec<Job>) -> JoinHandle<()> {
        let queue = Arc::new(Queue::new(10));
        let last = jobs.len();
        for job in jobs {
            queue.push(job).unwrap();
        }
        thread::spawn(move || {
            let mut opened = 0;
            let mut answered = 0;
            serve(
                &queue,
                0,
                || {
                    opened += 1;
                    Ok(opened)
                },
                |engine: &mut u32, job| {
                    answered += 1;
                    if answered == last {
                        queue.close();
                    }
                    match job.request.seed {
                        13 => panic!("bad luck"),
                        14 => Err(ModelError::Failed("worse luck".to_owned())),
                        seed => Ok(completion(format!("engine {engine} answers {seed}"))),
                    }
                },
            );
        })
    }

    fn told(reply: Reply) -> String {
        match reply.blocking_recv().unwrap() {
            Ok(completion) => completion.text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_panic_fails_one_job_and_the_next_gets_a_fresh_engine() {
        let (jobs, replies): (Vec<_>, Vec<_>) =
            [12, 13, 15, 14, 16].map(|seed| job(seed, Urgency::Routine, 60)).into_iter().unzip();
        served(jobs).join().unwrap();
        let told: Vec<_> = replies.into_iter().map(told).collect();
        assert_eq!(
            told,
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
    fn an_overdue_job_is_not_started() {
        let (late, reply) = job(12, Urgency::LifeSafety, 0);
        let (fine, other) = job(15, Urgency::Routine, 60);
        let queue = Arc::new(Queue::new(2));
        queue.push(late).unwrap();
        queue.push(fine).unwrap();
        serve(
            &queue,
            (),
            || Ok(()),
            |(), job| {
                queue.close();
                Ok(completion(job.request.seed.to_string()))
            },
        );
        assert!(told(reply).contains("no complete answer within"));
        assert_eq!(told(other), "15");
    }
}
