//! The HTTP interface as its clients know it: a real server on a free port over a real database.

mod alarms;
mod authorisation;
pub mod harness;
mod intake;
mod log;
mod service;
mod sign_in;
mod stream;
