//! A rule's condition as logic over the facts that it asks about: what can be proven, counted and explained.
//!
//! Cedar alone decides which rules fire. The same condition as a [`Formula`] says which part of it
//! failed ([`super::near`]), lets a solver look for the alarm that would break an invariant
//! ([`super::proof`]), and tries what would change if the rule read otherwise ([`super::mutation`]).
//! That both agree on every alarm is held by a property test.

mod fact;
mod read;
mod state;
mod tell;
#[cfg(test)]
mod tests;

pub(super) use fact::{Code, Fact, Flag, ListFact, Number, Text};
pub(super) use read::{Part, read};
pub(super) use state::{State, like};

/// A yes or no about one alarm.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// The code of a single-valued fact is one of these, by their places in the closed list.
    OneOf(Code, u64),
    /// A listed code was seen in this way.
    Seen(ListFact, usize, How),
    /// A window of the kind at this place of the closed list is open.
    Window(usize),
    /// A plain yes or no.
    Flag(Flag),
    /// A text is this one.
    Is(Text, String),
    /// A text fits this pattern; `None` stands for any run of letters.
    Like(Text, Vec<Option<char>>),
    /// A number is less than this.
    Below(Number, i64),
}

/// How plainly a listed code was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum How {
    /// `present`.
    Present,
    /// `unclear`.
    Unclear,
    /// `possible`: either.
    Possible,
}

/// Logic over atoms.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    /// Always, or never.
    Constant(bool),
    /// As the atom says.
    Atom(Atom),
    /// The contrary.
    Not(Box<Self>),
    /// All of them; true where there is none.
    All(Vec<Self>),
    /// One of them at least; false where there is none.
    Any(Vec<Self>),
}

impl Formula {
    /// Whether it holds of this alarm.
    pub(super) fn holds(&self, state: &State) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::Atom(atom) => state.holds(atom),
            Self::Not(inner) => !inner.holds(state),
            Self::All(parts) => parts.iter().all(|part| part.holds(state)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(state)),
        }
    }

    /// The contrary.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Calls `visit` for every atom inside.
    pub(super) fn atoms<'a>(&'a self, visit: &mut impl FnMut(&'a Atom)) {
        match self {
            Self::Constant(_) => {}
            Self::Atom(atom) => visit(atom),
            Self::Not(inner) => inner.atoms(visit),
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.atoms(visit);
                }
            }
        }
    }

    /// The same with every atom exchanged for what `exchange` makes of it.
    pub(super) fn map(&self, exchange: &impl Fn(&Atom) -> Self) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.map(exchange)).collect();
        match self {
            Self::Constant(value) => Self::Constant(*value),
            Self::Atom(atom) => exchange(atom),
            Self::Not(inner) => inner.map(exchange).negated(),
            Self::All(parts) => Self::All(all(parts)),
            Self::Any(parts) => Self::Any(all(parts)),
        }
    }

    /// The same as the scene would read with this class of text in it.
    pub(super) fn with_text(&self, class: usize) -> Self {
        self.map(&|atom| match atom {
            Atom::OneOf(Code::SceneText, codes) => Self::Constant(codes & (1 << class) != 0),
            other => Self::Atom(other.clone()),
        })
    }
}

impl Atom {
    /// The fact that it asks about.
    pub(super) fn fact(&self) -> Fact {
        match self {
            Self::OneOf(code, _) => Fact::Code(*code),
            Self::Seen(list, _, _) => Fact::List(*list),
            Self::Window(_) => Fact::Windows,
            Self::Flag(flag) => Fact::Flag(*flag),
            Self::Is(text, _) | Self::Like(text, _) => Fact::Text(*text),
            Self::Below(number, _) => Fact::Number(*number),
        }
    }
}
