//! Sereno: decision support for security control rooms. ARCHITECTURE.md is the map.

// The generators of tests/it name the crate as its users do.
#[cfg(test)]
extern crate self as sereno;

pub mod actions;
pub mod app;
pub mod assessment;
pub mod audit;
pub mod cli;
pub mod config;
pub mod context;
pub mod domain;
pub mod evaluation;
pub mod http;
pub mod intake;
pub mod lifecycle;
pub mod model;
pub mod pipeline;
pub mod policy;
pub mod prompts;
pub mod reading;
pub mod reports;
pub mod store;
pub mod telemetry;
pub mod verdict;
pub mod worker;
