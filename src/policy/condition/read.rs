//! Reads a rule's condition from Cedar's syntax tree. What cannot be read cannot be proven, and is refused.

use std::sync::Arc;

use cedar_policy::{
    Policy, PrincipalConstraint, ResourceConstraint,
    pst::{BinaryOp, Clause, EntityUID, Expr, Literal, PatternElem, UnaryOp, Var},
};

use super::{Atom, Fact, Formula, How, ListFact, Number, State};
use crate::{domain::WindowKind, policy::schema::Code as Listed};

/// One of the things that must all hold for a rule to fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) struct Part {
    /// What must hold.
    pub formula: Formula,
    /// The same in Cedar's words.
    pub text: String,
}

impl Part {
    /// All of `parts` as one formula.
    pub(in crate::policy) fn all<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Formula {
        Formula::All(parts.into_iter().map(|part| part.formula.clone()).collect())
    }

    /// Whether all of `parts` hold of an alarm: whether their rule fires.
    pub(in crate::policy) fn all_hold(parts: &[Self], state: &State) -> bool {
        parts.iter().all(|part| part.formula.holds(state))
    }
}

/// The parts of a rule's condition, in the order in which they are written; none where it always fires.
///
/// # Errors
/// What cannot be read, in words for the rule's author.
pub(in crate::policy) fn read(policy: &Policy) -> Result<Vec<Part>, String> {
    let everybody = matches!(policy.principal_constraint(), PrincipalConstraint::Any)
        && matches!(policy.resource_constraint(), ResourceConstraint::Any);
    if !everybody {
        return Err("the head of a rule names neither who asks nor which alarm: write \
                    (principal, action == …, resource)"
            .to_owned());
    }
    let tree = policy.to_pst().map_err(|error| error.to_string())?;
    let mut parts = Vec::new();
    for clause in tree.body().clauses() {
        match clause {
            Clause::When(expr) => split(expr, false, &mut parts)?,
            Clause::Unless(expr) => split(expr, true, &mut parts)?,
        }
    }
    Ok(parts)
}

/// Cuts a conjunction into its parts; a negated disjunction is one too.
fn split(expr: &Arc<Expr>, negated: bool, parts: &mut Vec<Part>) -> Result<(), String> {
    match &**expr {
        Expr::BinaryOp { op: BinaryOp::And, left, right } if !negated => {
            split(left, false, parts)?;
            split(right, false, parts)
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } if negated => {
            split(left, true, parts)?;
            split(right, true, parts)
        }
        Expr::UnaryOp { op: UnaryOp::Not, expr } => split(expr, !negated, parts),
        other => {
            let formula = formula(other)?;
            let part = if negated {
                Part { formula: formula.negated(), text: format!("!({other})") }
            } else {
                Part { formula, text: other.to_string() }
            };
            parts.push(part);
            Ok(())
        }
    }
}

/// What stands on one side of an operator.
enum Operand {
    Fact(Fact),
    /// `resource.acts.present` and its like.
    Seen(ListFact, How),
    Codes(Vec<EntityUID>),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
    Empty,
}

fn formula(expr: &Expr) -> Result<Formula, String> {
    let refused = || Err(unreadable(expr));
    match expr {
        Expr::Literal(Literal::Bool(value)) => Ok(Formula::Constant(*value)),
        Expr::GetAttr { .. } => match operand(expr) {
            Some(Operand::Fact(Fact::Flag(flag))) => Ok(Formula::Atom(Atom::Flag(flag))),
            _ => refused(),
        },
        Expr::UnaryOp { op: UnaryOp::Not, expr } => Ok(formula(expr)?.negated()),
        Expr::UnaryOp { op: UnaryOp::IsEmpty, expr: inner } => {
            operand(inner).and_then(|set| empty(&set)).map_or_else(refused, Ok)
        }
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            Ok(Formula::All(vec![formula(left)?, formula(right)?]))
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
            Ok(Formula::Any(vec![formula(left)?, formula(right)?]))
        }
        Expr::BinaryOp { op: BinaryOp::Eq, left, right } => equal(left, right, expr),
        Expr::BinaryOp { op: BinaryOp::NotEq, left, right } => {
            Ok(equal(left, right, expr)?.negated())
        }
        Expr::BinaryOp { op, left, right } => {
            let (Some(left), Some(right)) = (operand(left), operand(right)) else {
                return refused();
            };
            compared(*op, &left, &right)
                .or_else(|| related(*op, &left, &right))
                .map_or_else(refused, Ok)
        }
        Expr::Like { expr: inner, pattern } => match operand(inner) {
            Some(Operand::Fact(Fact::Text(text))) => {
                Ok(Formula::Atom(Atom::Like(text, pattern.iter().map(letter).collect())))
            }
            _ => refused(),
        },
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let (cond, then, other) = (formula(cond)?, formula(then_expr)?, formula(else_expr)?);
            let otherwise = Formula::All(vec![cond.clone().negated(), other]);
            Ok(Formula::Any(vec![Formula::All(vec![cond, then]), otherwise]))
        }
        _ => refused(),
    }
}

fn unreadable(expr: &Expr) -> String {
    format!(
        "`{expr}` cannot be proven over all alarms: compare one fact with codes, texts or numbers, \
         by ==, !=, <, <=, >, >=, like, contains, containsAll, containsAny or isEmpty"
    )
}

fn letter(element: &PatternElem) -> Option<char> {
    match element {
        PatternElem::Char(letter) => Some(*letter),
        PatternElem::Wildcard => None,
    }
}

fn operand(expr: &Expr) -> Option<Operand> {
    match expr {
        Expr::Literal(Literal::EntityUID(uid)) => Some(Operand::Codes(vec![uid.clone()])),
        Expr::Literal(Literal::String(text)) => Some(Operand::Texts(vec![text.to_string()])),
        Expr::Literal(Literal::Long(number)) => Some(Operand::Numbers(vec![*number])),
        Expr::GetAttr { .. } => {
            let path = path(expr)?;
            let how = path.rsplit_once('.').and_then(|(list, how)| {
                let how = match how {
                    "present" => How::Present,
                    "unclear" => How::Unclear,
                    "possible" => How::Possible,
                    _ => return None,
                };
                Some((Fact::at(list)?, how))
            });
            match how {
                Some((Fact::List(list), how)) => Some(Operand::Seen(list, how)),
                _ => Fact::at(&path).map(Operand::Fact),
            }
        }
        Expr::Set(items) if items.is_empty() => Some(Operand::Empty),
        Expr::Set(items) => set(items),
        _ => None,
    }
}

fn set(items: &[Arc<Expr>]) -> Option<Operand> {
    let (mut codes, mut texts, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        match &**item {
            Expr::Literal(Literal::EntityUID(uid)) => codes.push(uid.clone()),
            Expr::Literal(Literal::String(text)) => texts.push(text.to_string()),
            Expr::Literal(Literal::Long(number)) => numbers.push(*number),
            _ => return None,
        }
    }
    match (codes.is_empty(), texts.is_empty(), numbers.is_empty()) {
        (false, true, true) => Some(Operand::Codes(codes)),
        (true, false, true) => Some(Operand::Texts(texts)),
        (true, true, false) => Some(Operand::Numbers(numbers)),
        _ => None,
    }
}

fn path(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var(Var::Resource) => Some("resource".to_owned()),
        Expr::Var(Var::Context) => Some("context".to_owned()),
        Expr::GetAttr { expr, attr } => Some(format!("{}.{attr}", path(expr)?)),
        _ => None,
    }
}

/// `left == right`.
fn equal(left: &Expr, right: &Expr, whole: &Expr) -> Result<Formula, String> {
    if let (Some(one), Some(other)) = (operand(left), operand(right)) {
        let found = match (&one, &other) {
            (Operand::Empty, set) | (set, Operand::Empty) => empty(set),
            (Operand::Fact(_), _) => among(&one, &other),
            (_, Operand::Fact(_)) => among(&other, &one),
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let (Ok(one), Ok(other)) = (formula(left), formula(right)) else {
        return Err(unreadable(whole));
    };
    let neither = Formula::All(vec![one.clone().negated(), other.clone().negated()]);
    Ok(Formula::Any(vec![Formula::All(vec![one, other]), neither]))
}

/// A fact's value is among `values`.
fn among(fact: &Operand, values: &Operand) -> Option<Formula> {
    let Operand::Fact(fact) = fact else { return None };
    match (fact, values) {
        (Fact::Code(code), Operand::Codes(uids)) => {
            let places =
                uids.iter().map(|uid| at(&code.names(), uid)).collect::<Option<Vec<_>>>()?;
            let accepted = places.iter().fold(0, |mask, place| mask | (1_u64 << place));
            Some(Formula::Atom(Atom::OneOf(*code, accepted)))
        }
        (Fact::Text(text), Operand::Texts(texts)) => {
            let is = |value: &String| Formula::Atom(Atom::Is(*text, value.clone()));
            Some(one_of(texts.iter().map(is)))
        }
        (Fact::Number(_) | Fact::Hour, Operand::Numbers(numbers)) => {
            let exactly = |value: &i64| {
                let not_less = below(*fact, *value)?.negated();
                Some(Formula::All(vec![not_less, below(*fact, value.checked_add(1)?)?]))
            };
            Some(one_of(numbers.iter().map(exactly).collect::<Option<Vec<_>>>()?.into_iter()))
        }
        _ => None,
    }
}

fn one_of(mut choices: impl ExactSizeIterator<Item = Formula>) -> Formula {
    if choices.len() == 1
        && let Some(only) = choices.next()
    {
        return only;
    }
    Formula::Any(choices.collect())
}

/// The value of a number is less than `bound`.
fn below(fact: Fact, bound: i64) -> Option<Formula> {
    match fact {
        Fact::Number(number) => Some(Formula::Atom(Atom::Below(number, bound))),
        Fact::Hour => Some(Formula::Atom(Atom::Below(Number::MinuteOfDay, bound.checked_mul(60)?))),
        _ => None,
    }
}

/// `<`, `<=`, `>`, `>=` of a number and a literal.
fn compared(op: BinaryOp, left: &Operand, right: &Operand) -> Option<Formula> {
    let (fact, bound, op) = match (left, right) {
        (Operand::Fact(fact), Operand::Numbers(bound)) => (*fact, bound, op),
        (Operand::Numbers(bound), Operand::Fact(fact)) => {
            let turned = match op {
                BinaryOp::Less => BinaryOp::Greater,
                BinaryOp::LessEq => BinaryOp::GreaterEq,
                BinaryOp::Greater => BinaryOp::Less,
                BinaryOp::GreaterEq => BinaryOp::LessEq,
                _ => return None,
            };
            (*fact, bound, turned)
        }
        _ => return None,
    };
    let [bound] = bound.as_slice() else { return None };
    match op {
        BinaryOp::Less => below(fact, *bound),
        BinaryOp::LessEq => below(fact, bound.checked_add(1)?),
        BinaryOp::Greater => Some(below(fact, bound.checked_add(1)?)?.negated()),
        BinaryOp::GreaterEq => Some(below(fact, *bound)?.negated()),
        _ => None,
    }
}

/// `contains`, `containsAll`, `containsAny`.
fn related(op: BinaryOp, left: &Operand, right: &Operand) -> Option<Formula> {
    match (op, left, right) {
        (BinaryOp::Contains, Operand::Empty, Operand::Fact(_)) => Some(Formula::Constant(false)),
        (
            BinaryOp::Contains,
            values,
            fact @ Operand::Fact(Fact::Code(_) | Fact::Text(_) | Fact::Number(_) | Fact::Hour),
        ) => among(fact, values),
        (BinaryOp::Contains | BinaryOp::ContainsAll, set, Operand::Codes(codes)) => {
            let members = codes.iter().map(|code| member(set, code)).collect::<Option<Vec<_>>>()?;
            Some(if members.len() == 1 {
                one_of(members.into_iter())
            } else {
                Formula::All(members)
            })
        }
        (BinaryOp::ContainsAll, Operand::Codes(_) | Operand::Empty, set) => {
            let allowed: &[EntityUID] = match left {
                Operand::Codes(codes) => codes,
                _ => &[],
            };
            let allowed =
                allowed.iter().map(|code| member(set, code)).collect::<Option<Vec<_>>>()?;
            let others = members(set)?.into_iter().filter(|one| !allowed.contains(one));
            Some(Formula::All(others.map(Formula::negated).collect()))
        }
        (BinaryOp::ContainsAny, Operand::Codes(codes), set)
        | (BinaryOp::ContainsAny, set, Operand::Codes(codes)) => {
            let members = codes.iter().map(|code| member(set, code)).collect::<Option<Vec<_>>>()?;
            Some(one_of(members.into_iter()))
        }
        _ => None,
    }
}

/// Nothing is in the set.
fn empty(set: &Operand) -> Option<Formula> {
    Some(Formula::All(members(set)?.into_iter().map(Formula::negated).collect()))
}

/// `code` is in the set.
fn member(set: &Operand, code: &EntityUID) -> Option<Formula> {
    match set {
        Operand::Seen(list, how) => {
            Some(Formula::Atom(Atom::Seen(*list, at(&list.names(), code)?, *how)))
        }
        Operand::Fact(Fact::Windows) => Some(Formula::Atom(Atom::Window(at(&windows(), code)?))),
        _ => None,
    }
}

/// Each code that could be in the set.
fn members(set: &Operand) -> Option<Vec<Formula>> {
    match set {
        Operand::Seen(list, how) => {
            let seen = |place| Formula::Atom(Atom::Seen(*list, place, *how));
            Some((0..list.names().len()).map(seen).collect())
        }
        Operand::Fact(Fact::Windows) => {
            Some((0..windows().len()).map(|kind| Formula::Atom(Atom::Window(kind))).collect())
        }
        _ => None,
    }
}

fn windows() -> Vec<&'static str> {
    WindowKind::ALL.iter().map(|kind| kind.as_str()).collect()
}

fn at(names: &[&str], uid: &EntityUID) -> Option<usize> {
    names.iter().position(|name| *name == uid.eid)
}
