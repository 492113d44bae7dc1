//! Behaviour that a user would notice, on real models, real databases and the real binary.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly, in what it calls too"
)]

mod arbitrary;
mod audit;
mod backtest;
mod command;
mod config;
mod context;
mod crash;
mod database;
mod documents;
mod engine;
mod evaluation;
mod faults;
mod hostile;
mod http;
mod intake;
mod invariants;
mod layering;
mod minilm;
mod models;
mod oversight;
mod policies;
mod policy;
mod remote;
mod reports;
mod samples;
mod scene_text;
mod store;
mod triage;
