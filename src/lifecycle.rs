//! Start and stop: the signals that end the service, and how long it may take to end well.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long tasks have to finish what they began once the service stops.
const PATIENCE: Duration = Duration::from_secs(90);

/// Everything that runs in the background, and what tells it to stop.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// What background tasks watch.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs `task` in the background; [`Self::finish`] waits for it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Ends when the operating system asks the service to stop (Ctrl-C or SIGTERM), or when
    /// [`Self::stop`] was called.
    pub async fn until_stopped(&self) {
        tokio::select! {
            () = terminated() => tracing::info!("stopping: what has begun is finished first"),
            () = self.stop.cancelled() => {}
        }
        self.stop.cancel();
    }

    /// Tells everything to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until every task has ended. Returns whether all did in time; what did not is safe,
    /// because an unfinished alarm keeps its job.
    pub async fn finish(&self) -> bool {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(PATIENCE, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be watched; Ctrl-C still stops the service");
            let _interrupted = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    let _interrupted = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_what_has_begun() {
        let lifecycle = Lifecycle::default();
        let stop = lifecycle.stop_token();
        let (done, finished) = tokio::sync::oneshot::channel();
        lifecycle.spawn(async move {
            stop.cancelled().await;
            let _receiver_lives = done.send(());
        });
        lifecycle.stop();
        lifecycle.until_stopped().await;
        assert!(lifecycle.finish().await);
        assert!(finished.await.is_ok());
    }
}
