//! Behaviour that a user would notice, on real models, real databases and the real binary.

mod audit;
mod command;
mod crash;
mod database;
mod documents;
mod engine;
mod evaluation;
mod hostile;
mod http;
mod layering;
mod minilm;
mod reports;
mod samples;
mod store;
mod triage;
