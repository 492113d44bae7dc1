//! Sample alarms, fed into an empty store one after another, so that a newcomer sees a living queue.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Sites,
    domain::Alarm,
    intake::{self, IntakeLimits},
    store::{QueueFilter, Store, StoreError},
};

const SAMPLES: &str = include_str!("../../config/samples/alarms.jsonl");
/// Two dozen alarms arrive within half a minute.
const EVERY: Duration = Duration::from_millis(1_200);

/// The sample alarms.
pub fn sample_alarms() -> Vec<Alarm> {
    let parsed = lines().map(|(line, number)| {
        intake::parse_line(line, number, &IntakeLimits::default()).map(|(alarm, _label)| alarm)
    });
    parsed.filter_map(Result::ok).collect()
}

fn lines() -> impl Iterator<Item = (&'static str, u64)> {
    SAMPLES.lines().filter(|line| !line.trim().is_empty()).zip(1_u64..)
}

/// Feeds the samples if the store holds no alarm yet.
pub async fn feed(sites: Arc<Sites>, store: Store, wake: Arc<Notify>, stop: CancellationToken) {
    if let Err(error) = feed_all(&sites, &store, &wake, &stop).await {
        tracing::warn!(%error, "the sample alarms could not be sent");
    }
}

async fn feed_all(
    sites: &Sites,
    store: &Store,
    wake: &Notify,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let any = QueueFilter { limit: 1, ..QueueFilter::default() };
    if !store.queue(&any).await?.is_empty() {
        return Ok(());
    }
    for (line, number) in lines() {
        match intake::parse_line(line, number, &IntakeLimits::default()) {
            Ok((alarm, _label)) => {
                store.accept(&alarm, &sites.resolve(&alarm)).await?;
                wake.notify_one();
            }
            Err(error) => tracing::warn!(%error, "a sample alarm is not an alarm"),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    Ok(())
}
