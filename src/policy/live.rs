//! The policies in force: read once for each alarm, exchanged as one.

use std::sync::{Arc, PoisonError, RwLock};

use super::Policies;

/// The policies in force. An alarm is decided by those that were in force when it was begun.
#[derive(Debug)]
pub struct LivePolicies(RwLock<Arc<Policies>>);

impl LivePolicies {
    /// Puts `policies` in force.
    pub fn new(policies: Policies) -> Self {
        Self(RwLock::new(Arc::new(policies)))
    }

    /// Those in force now.
    pub fn current(&self) -> Arc<Policies> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in force. Alarms that were begun are finished under those before.
    pub fn exchange(&self, policies: Policies) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
    }
}
