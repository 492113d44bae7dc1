//! The endpoints, one a file: handler, errors, their statuses, document and tests.

pub(super) mod change_policy;
pub(super) mod check_health;
pub(super) mod check_readiness;
pub(super) mod close_session;
pub(super) mod dispose_alarm;
pub(super) mod grant_autonomy;
pub(super) mod list_alarms;
pub(super) mod list_entries;
pub(super) mod open_session;
pub(super) mod print_report;
pub(super) mod receive_alarm;
pub(super) mod show_alarm;
pub(super) mod show_checkpoint;
pub(super) mod show_decision;
pub(super) mod show_log;
pub(super) mod show_metrics;
pub(super) mod show_openapi;
pub(super) mod show_policies;
pub(super) mod show_quality;
pub(super) mod show_report;
pub(super) mod show_session;
pub(super) mod stream_changes;
pub(super) mod verify_log;
