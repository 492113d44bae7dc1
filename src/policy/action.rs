//! What a rule may bear on: the two verdicts, the grant to close, and every action that can be due.

use strum::VariantArray;

use crate::domain::ActionCode;

/// A Cedar action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyAction {
    /// The verdict `verified`.
    Verify,
    /// The verdict `dismissed`.
    Dismiss,
    /// Closing the alarm without a person. No shipped rule permits it.
    CloseWithoutPerson,
    /// Recommending this action.
    Due(ActionCode),
}

impl PolicyAction {
    /// All of them, in the order of the schema.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Verify, Self::Dismiss, Self::CloseWithoutPerson]
            .into_iter()
            .chain(ActionCode::VARIANTS.iter().copied().map(Self::Due))
    }

    /// Its name, as policies and rulings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Dismiss => "dismiss",
            Self::CloseWithoutPerson => "closeWithoutPerson",
            Self::Due(code) => code.as_str(),
        }
    }

    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_name() {
        assert!(
            PolicyAction::all().all(|action| PolicyAction::named(action.name()) == Some(action))
        );
        assert_eq!(
            PolicyAction::named("call_police"),
            Some(PolicyAction::Due(ActionCode::CallPolice))
        );
        assert_eq!(PolicyAction::named("shoot"), None);
    }
}
