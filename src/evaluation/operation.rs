//! What deciding cost: latency, throughput and tokens.

use std::time::Duration;

use serde::Serialize;

use super::{Sample, TokenCount, bootstrap::quantile, real};

/// What the run cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operation {
    /// Median milliseconds from alarm to decision.
    pub latency_median_ms: f64,
    /// 95th percentile of the same.
    pub latency_p95_ms: f64,
    /// Alarms decided per minute of the whole run; absent where its time was not measured.
    pub alarms_per_minute: Option<f64>,
    /// Tokens of all alarms together.
    pub tokens: TokenCount,
    /// Prompt and answer tokens per alarm, on average.
    pub tokens_per_alarm: f64,
}

impl Operation {
    /// Over all `samples`, labelled or not; nothing where there are none.
    pub fn of(samples: &[Sample], wall: Option<Duration>) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let mut latencies: Vec<f64> = samples.iter().map(|sample| sample.latency_ms).collect();
        latencies.sort_by(f64::total_cmp);
        let mut tokens = TokenCount::default();
        for sample in samples {
            tokens.prompt += sample.tokens.prompt;
            tokens.reused += sample.tokens.reused;
            tokens.sampled += sample.tokens.sampled;
            tokens.forced += sample.tokens.forced;
        }
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
        let all_tokens = (tokens.prompt + tokens.sampled + tokens.forced) as f64;
        let minutes = wall.map(|wall| wall.as_secs_f64() / 60.0).filter(|minutes| *minutes > 0.0);
        Some(Self {
            latency_median_ms: quantile(&latencies, 0.5),
            latency_p95_ms: quantile(&latencies, 0.95),
            alarms_per_minute: minutes.map(|minutes| real(samples.len()) / minutes),
            tokens,
            tokens_per_alarm: all_tokens / real(samples.len()),
        })
    }
}
