//! A formula as the decision's record holds it, and the part of one that is to blame.

use super::{Atom, Formula, How, State};
use crate::{
    domain::{Condition, WindowKind},
    policy::schema::Code as Listed,
};

impl Formula {
    /// The least part of it that keeps it from being `wanted` of this alarm; nothing where it is.
    pub(in crate::policy) fn to_blame(&self, state: &State, wanted: bool) -> Option<Self> {
        if self.holds(state) == wanted {
            return None;
        }
        Some(match self {
            Self::Not(inner) => inner.to_blame(state, !wanted)?.negated(),
            Self::Any(parts) => blamed(parts, state, wanted, Self::Any),
            Self::All(parts) => blamed(parts, state, wanted, Self::All),
            other => other.clone(),
        })
    }

    /// The same for people and programs that read the record.
    pub(in crate::policy) fn told(&self) -> Condition {
        let all = |parts: &[Self]| parts.iter().map(Self::told).collect();
        match self {
            Self::Constant(true) => Condition::All { of: Vec::new() },
            Self::Constant(false) => Condition::Any { of: Vec::new() },
            Self::Atom(atom) => atom.told(),
            Self::Not(inner) => Condition::Not { of: Box::new(inner.told()) },
            Self::All(parts) => Condition::All { of: all(parts) },
            Self::Any(parts) => Condition::Any { of: all(parts) },
        }
    }
}

/// What is to blame in each of `parts`; one alone needs no list around it.
fn blamed(
    parts: &[Formula],
    state: &State,
    wanted: bool,
    list: impl FnOnce(Vec<Formula>) -> Formula,
) -> Formula {
    let mut blamed: Vec<Formula> =
        parts.iter().filter_map(|part| part.to_blame(state, wanted)).collect();
    match blamed.pop() {
        Some(only) if blamed.is_empty() => only,
        Some(last) => {
            blamed.push(last);
            list(blamed)
        }
        None => list(blamed),
    }
}

impl Atom {
    fn told(&self) -> Condition {
        let fact = self.fact().path().to_owned();
        match self {
            Self::OneOf(code, accepted) => {
                let names = code.names().into_iter().enumerate();
                let codes = names.filter(|(place, _)| accepted & (1 << place) != 0);
                Condition::OneOf { fact, codes: codes.map(|(_, name)| name.to_owned()).collect() }
            }
            Self::Seen(list, place, how) => Condition::Seen {
                fact,
                code: list.names()[*place].to_owned(),
                plainly: *how == How::Present,
            },
            Self::Window(place) => Condition::WindowOpen { kind: WindowKind::ALL[*place] },
            Self::Flag(_) => Condition::Yes { fact },
            Self::Is(_, text) => Condition::Text { fact, text: text.clone() },
            Self::Like(_, pattern) => Condition::Text {
                fact,
                text: pattern.iter().map(|element| element.unwrap_or('*')).collect(),
            },
            Self::Below(_, bound) => Condition::Below { fact, number: *bound },
        }
    }
}
