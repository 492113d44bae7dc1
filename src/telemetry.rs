//! What the running service says about itself: log lines to stderr, figures for Prometheus.

use std::io::{self, IsTerminal};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people at a terminal.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Starts writing log lines to stderr. `filter` is in the form of `tracing`, such as `info` or
/// `sereno=debug,warn`; a filter that cannot be read becomes `info`, and a warning says so.
/// A second call changes nothing.
pub fn start_log(filter: &str, format: LogFormat) {
    let (parsed, problem) = match EnvFilter::try_new(ours(filter)) {
        Ok(parsed) => (parsed, None),
        Err(error) => (EnvFilter::new(ours("info")), Some(error)),
    };
    let lines = fmt().with_env_filter(parsed).with_writer(io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init().is_ok(),
        LogFormat::Json => lines.json().try_init().is_ok(),
    };
    if let (true, Some(error)) = (started, problem) {
        tracing::warn!(%filter, %error, "the log filter cannot be read; `info` is used");
    }
}

/// A bare level is meant for Sereno: its libraries tell of their wealth of detail only when they are
/// named, and of llama.cpp only what failed.
fn ours(filter: &str) -> String {
    if filter.contains([',', '=']) {
        return filter.to_owned();
    }
    format!("warn,llama_cpp_2=error,llama-cpp-2=error,sereno={filter}")
}

/// Starts collecting figures and returns what renders them for `/metrics`.
///
/// # Errors
/// When another recorder is installed already.
pub fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    const SECONDS: [f64; 12] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_for_sereno_and_a_filter_is_taken_as_it_is() {
        assert!(EnvFilter::try_new(ours("debug")).is_ok());
        assert!(ours("debug").ends_with(",sereno=debug"));
        assert_eq!(ours("sereno=debug,warn"), "sereno=debug,warn");
        assert!(EnvFilter::try_new(ours("loud")).is_err());
    }
}
