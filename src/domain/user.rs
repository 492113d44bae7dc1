//! People who use Sereno, and what their role lets them do.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::codes;

codes! {
    /// A role.
    Role {
        /// A system that sends alarms, by API token.
        Source,
        /// Reviews verdicts and closes alarms.
        Operator,
        /// An operator who may also approve what needs a supervisor.
        Supervisor,
        /// Owns policy and reads reports.
        Manager,
        /// Reads everything in the log, changes nothing.
        Auditor,
        /// Manages users and settings.
        Admin,
    }
}

impl Role {
    /// May send alarms.
    pub const fn sends_alarms(self) -> bool {
        matches!(self, Self::Source | Self::Admin)
    }

    /// May read alarms, decisions and reports.
    pub const fn reads_alarms(self) -> bool {
        !matches!(self, Self::Source)
    }

    /// May close alarms.
    pub const fn disposes(self) -> bool {
        matches!(self, Self::Operator | Self::Supervisor | Self::Manager)
    }

    /// May see how well the system and the people around it do.
    pub const fn sees_quality(self) -> bool {
        matches!(self, Self::Supervisor | Self::Manager | Self::Auditor | Self::Admin)
    }

    /// May let the system close alarms without a person.
    pub const fn grants_autonomy(self) -> bool {
        matches!(self, Self::Manager)
    }

    /// May propose, try, approve, withdraw and roll back policies.
    pub const fn governs_policy(self) -> bool {
        matches!(self, Self::Manager | Self::Admin)
    }

    /// May read the log's entries and have it verified.
    pub const fn audits(self) -> bool {
        matches!(self, Self::Auditor | Self::Manager | Self::Admin)
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// The name that they log in with.
    pub name: String,
    /// What they may do.
    pub role: Role,
}
