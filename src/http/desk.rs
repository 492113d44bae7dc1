//! What the application does with policies for the handlers: check, try, approve, put in force.

use async_trait::async_trait;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::problem::{Problem, answers_with_problem};
use crate::{
    domain::{Backtest, PolicyDocument, PolicyFile, PolicyState, PolicyVersion, User},
    store::StoreError,
};

/// Findings that a problem's detail tells; the rest are counted.
const MOST_TOLD: usize = 20;

/// The folder that versions are found in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyFolder {
    /// Where it lies; absent where none is configured.
    pub path: Option<String>,
    /// Why nothing is taken from it now: it is gone, cannot be read, or is faulty. What is in force
    /// stays so.
    pub problem: Option<String>,
}

/// Works with policies. Each call that changes something commits it with its entries before it puts
/// it in force; where the caller goes away in between, the service puts it in force within seconds.
#[async_trait]
pub trait PolicyDesk: Send + Sync {
    /// The digest of what decides alarms here.
    fn in_force(&self) -> String;

    /// The folder, as it was seen last.
    fn folder(&self) -> PolicyFolder;

    /// A version whole.
    async fn document(&self, digest: &str) -> Result<PolicyDocument, PolicyDeskError>;

    /// Its rules in Cedar's own JSON form, by id.
    async fn cedar_json(&self, digest: &str) -> Result<Value, PolicyDeskError>;

    /// Checks files and keeps them as a version, sound or not.
    async fn propose(
        &self,
        note: &str,
        files: Vec<PolicyFile>,
        by: &User,
    ) -> Result<PolicyVersion, PolicyDeskError>;

    /// Tries a version on recorded alarms beside what is in force.
    async fn backtest(
        &self,
        digest: &str,
        since: Option<Timestamp>,
        by: &User,
    ) -> Result<Backtest, PolicyDeskError>;

    /// Puts a version in force that somebody else proposed.
    async fn approve(&self, digest: &str, by: &User) -> Result<PolicyVersion, PolicyDeskError>;

    /// Puts the version in force that was before.
    async fn roll_back(&self, because: &str, by: &User) -> Result<PolicyVersion, PolicyDeskError>;
}

/// Why a version was not taken, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyDeskError {
    /// Names or sizes that no policy file has.
    #[error("these are no policy files: {}", told(.0))]
    NotPolicyFiles(Vec<String>),
    /// The same files are a version already.
    #[error("these files are known: they are the version {digest}, which is {state}")]
    Known {
        /// Its digest.
        digest: String,
        /// How far it has come.
        state: PolicyState,
    },
    /// No version has this digest.
    #[error("no version of the policies has this digest")]
    NotFound,
    /// Only what is sound can be tried.
    #[error("only a version that is checked can be tried; this one is {0}")]
    NotChecked(PolicyState),
    /// Only what was tried can be approved.
    #[error("only a version that is backtested can be approved; this one is {0}")]
    NotBacktested(PolicyState),
    /// Another version is in force than the one that it was compared with.
    #[error("another version went into force since this one was tried; try it again")]
    StaleBacktest,
    /// Whoever proposed it, or tried what nobody proposed, asks to approve it.
    #[error(
        "whoever proposed a version, or tried one that nobody proposed, cannot approve it; a second person must"
    )]
    SecondPerson,
    /// What is in force or was cannot be withdrawn.
    #[error("only a version that is on its way can be withdrawn; this one is {0}")]
    NotOnItsWay(PolicyState),
    /// Nothing was in force before.
    #[error("no other version was in force before this one")]
    NothingBefore,
    /// This build does not take the files.
    #[error("this build of Sereno does not take the version: {}", told(.0))]
    Unsound(Vec<String>),
    /// This build's schema gives the files another digest.
    #[error("this build's schema is another than the version's; propose its files again")]
    OtherSchema,
    /// The store failed, or the state has changed under the request.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was broken off.
    #[error("{0}")]
    Failed(String),
}

fn told(findings: &[String]) -> String {
    let more = findings.len().saturating_sub(MOST_TOLD);
    let more = (more > 0).then(|| format!("and {more} more"));
    findings.iter().take(MOST_TOLD).cloned().chain(more).collect::<Vec<_>>().join("; ")
}

impl From<PolicyDeskError> for Problem {
    fn from(error: PolicyDeskError) -> Self {
        let told = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, told.clone());
        match error {
            PolicyDeskError::NotPolicyFiles(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_policy", told).at("files")
            }
            PolicyDeskError::NotFound => Self::new(StatusCode::NOT_FOUND, "policy_not_found", told),
            PolicyDeskError::Known { .. } => conflict("known_version"),
            PolicyDeskError::NotChecked(_) => conflict("not_checked"),
            PolicyDeskError::NotBacktested(_) => conflict("not_backtested"),
            PolicyDeskError::StaleBacktest => conflict("stale_backtest"),
            PolicyDeskError::SecondPerson => conflict("second_person_needed"),
            PolicyDeskError::NotOnItsWay(_) => conflict("not_on_its_way"),
            PolicyDeskError::NothingBefore => conflict("nothing_before"),
            PolicyDeskError::Unsound(_) => conflict("not_sound"),
            PolicyDeskError::OtherSchema => conflict("other_schema"),
            PolicyDeskError::Store(StoreError::NotFound(_)) => PolicyDeskError::NotFound.into(),
            PolicyDeskError::Store(error) => error.into(),
            PolicyDeskError::Failed(internal) => Self::unexpected(&internal),
        }
    }
}
answers_with_problem!(PolicyDeskError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_findings_is_cut() {
        let many: Vec<String> = (0..25).map(|n| format!("f{n}")).collect();
        let problem = Problem::from(PolicyDeskError::Unsound(many));
        assert!(problem.detail.ends_with("f19; and 5 more"), "{}", problem.detail);
        assert_eq!((problem.status, problem.code), (409, "not_sound"));
    }

    #[test]
    fn what_broke_off_is_told_to_the_log_alone() {
        let problem = Problem::from(PolicyDeskError::Failed("thread 7 panicked".into()));
        assert_eq!(problem.status, 500);
        assert!(!problem.detail.contains("thread"), "{}", problem.detail);
    }
}
