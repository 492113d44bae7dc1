//! Looks through every alarm that there could be for one of which a formula holds.

use std::collections::{BTreeSet, HashMap};

use batsat::{BasicSolver, Lit, SolverInterface as _, lbool};

use crate::{
    domain::{Presence, WindowKind},
    policy::{
        condition::{Atom, Code, Flag, Formula, How, ListFact, Number, State, Text, like},
        schema::Code as Listed,
    },
};
use strum::VariantArray as _;

/// A solver that knows what can be true of one alarm at once: a fact has one code, what is present is
/// possible, a number that is below five is below six.
pub(in crate::policy) struct Search {
    solver: BasicSolver,
    codes: HashMap<Code, Vec<Lit>>,
    /// (possible, present) of each code of each list.
    seen: HashMap<(ListFact, usize), (Lit, Lit)>,
    windows: HashMap<usize, Lit>,
    flags: HashMap<Flag, Lit>,
    texts: HashMap<Text, Texts>,
    numbers: HashMap<Number, HashMap<i64, Lit>>,
    known: HashMap<Formula, Lit>,
    truth: Lit,
}

/// What is asked of one text.
#[derive(Default)]
struct Texts {
    literals: HashMap<String, Lit>,
    patterns: HashMap<Vec<Option<char>>, Lit>,
}

impl Search {
    pub(in crate::policy) fn new() -> Self {
        let mut solver = BasicSolver::default();
        let truth = Lit::new(solver.new_var_default(), true);
        solver.add_clause_reuse(&mut vec![truth]);
        Self {
            solver,
            codes: HashMap::new(),
            seen: HashMap::new(),
            windows: HashMap::new(),
            flags: HashMap::new(),
            texts: HashMap::new(),
            numbers: HashMap::new(),
            known: HashMap::new(),
            truth,
        }
    }

    /// An alarm of which all of `formulas` hold; nothing where there is none.
    pub(in crate::policy) fn find(&mut self, formulas: &[&Formula]) -> Option<State> {
        let assumed: Vec<Lit> = formulas.iter().map(|formula| self.literal(formula)).collect();
        (self.solver.solve_limited(&assumed) == lbool::TRUE).then(|| self.state())
    }

    /// Whether `formula` holds of no alarm.
    pub(in crate::policy) fn never(&mut self, formula: &Formula) -> bool {
        self.find(&[formula]).is_none()
    }

    fn fresh(&mut self) -> Lit {
        Lit::new(self.solver.new_var_default(), true)
    }

    fn clause(&mut self, literals: &[Lit]) {
        self.solver.add_clause_reuse(&mut literals.to_vec());
    }

    /// A literal that is true exactly where `formula` is.
    fn literal(&mut self, formula: &Formula) -> Lit {
        if let Some(known) = self.known.get(formula) {
            return *known;
        }
        let literal = match formula {
            Formula::Constant(true) => self.truth,
            Formula::Constant(false) => !self.truth,
            Formula::Atom(atom) => self.atom(atom),
            Formula::Not(inner) => !self.literal(inner),
            Formula::All(parts) => {
                let parts: Vec<Lit> = parts.iter().map(|part| self.literal(part)).collect();
                self.all(&parts)
            }
            Formula::Any(parts) => {
                let parts: Vec<Lit> = parts.iter().map(|part| !self.literal(part)).collect();
                !self.all(&parts)
            }
        };
        self.known.insert(formula.clone(), literal);
        literal
    }

    /// A literal that is true exactly where all of `parts` are.
    fn all(&mut self, parts: &[Lit]) -> Lit {
        match parts {
            [] => self.truth,
            [only] => *only,
            _ => {
                let whole = self.fresh();
                for part in parts {
                    self.clause(&[!whole, *part]);
                }
                let mut back: Vec<Lit> = parts.iter().map(|part| !*part).collect();
                back.push(whole);
                self.clause(&back);
                whole
            }
        }
    }

    fn atom(&mut self, atom: &Atom) -> Lit {
        match atom {
            Atom::OneOf(code, accepted) => {
                let choices = self.code(*code);
                let wrong: Vec<Lit> = choices
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| accepted & (1 << place) == 0)
                    .map(|(_, literal)| !*literal)
                    .collect();
                self.all(&wrong)
            }
            Atom::Seen(list, place, how) => {
                let (possible, present) = self.seen(*list, *place);
                match how {
                    How::Possible => possible,
                    How::Present => present,
                    How::Unclear => self.all(&[possible, !present]),
                }
            }
            // One literal an atom: what was asked before is in `known`.
            Atom::Window(kind) => {
                let fresh = self.fresh();
                self.windows.insert(*kind, fresh);
                fresh
            }
            Atom::Flag(flag) => {
                let fresh = self.fresh();
                self.flags.insert(*flag, fresh);
                fresh
            }
            Atom::Is(text, value) => self.is(*text, value),
            Atom::Like(text, pattern) => self.like(*text, pattern),
            Atom::Below(number, bound) => self.below(*number, *bound),
        }
    }

    /// One literal a code, of which exactly one is true.
    fn code(&mut self, code: Code) -> Vec<Lit> {
        if let Some(choices) = self.codes.get(&code) {
            return choices.clone();
        }
        let choices: Vec<Lit> = code.names().iter().map(|_| self.fresh()).collect();
        self.clause(&choices);
        for (place, one) in choices.iter().enumerate() {
            for other in &choices[place + 1..] {
                self.clause(&[!*one, !*other]);
            }
        }
        self.codes.insert(code, choices.clone());
        choices
    }

    fn seen(&mut self, list: ListFact, place: usize) -> (Lit, Lit) {
        if let Some(known) = self.seen.get(&(list, place)) {
            return *known;
        }
        let (possible, present) = (self.fresh(), self.fresh());
        self.clause(&[!present, possible]);
        self.seen.insert((list, place), (possible, present));
        (possible, present)
    }

    fn is(&mut self, text: Text, value: &str) -> Lit {
        let known = self.texts.entry(text).or_default();
        if let Some(literal) = known.literals.get(value) {
            return *literal;
        }
        let others: Vec<Lit> = known.literals.values().copied().collect();
        let patterns: Vec<(bool, Lit)> = known
            .patterns
            .iter()
            .map(|(pattern, literal)| (like(value, pattern), *literal))
            .collect();
        let literal = self.fresh();
        for other in others {
            self.clause(&[!literal, !other]);
        }
        for (fits, pattern) in patterns {
            self.clause(&[!literal, if fits { pattern } else { !pattern }]);
        }
        self.texts.entry(text).or_default().literals.insert(value.to_owned(), literal);
        literal
    }

    fn like(&mut self, text: Text, pattern: &[Option<char>]) -> Lit {
        let known = self.texts.entry(text).or_default();
        if let Some(literal) = known.patterns.get(pattern) {
            return *literal;
        }
        let values: Vec<(bool, Lit)> = known
            .literals
            .iter()
            .map(|(value, literal)| (like(value, pattern), *literal))
            .collect();
        let literal = self.fresh();
        for (fits, value) in values {
            self.clause(&[!value, if fits { literal } else { !literal }]);
        }
        self.texts.entry(text).or_default().patterns.insert(pattern.to_vec(), literal);
        literal
    }

    fn below(&mut self, number: Number, bound: i64) -> Lit {
        let (least, greatest) = number.range();
        if bound <= least {
            return !self.truth;
        }
        if bound > greatest {
            return self.truth;
        }
        let known = self.numbers.entry(number).or_default();
        if let Some(literal) = known.get(&bound) {
            return *literal;
        }
        let others: Vec<(i64, Lit)> =
            known.iter().map(|(bound, literal)| (*bound, *literal)).collect();
        let literal = self.fresh();
        for (other, below_other) in others {
            if other < bound {
                self.clause(&[!below_other, literal]);
            } else {
                self.clause(&[!literal, below_other]);
            }
        }
        self.numbers.entry(number).or_default().insert(bound, literal);
        literal
    }

    fn is_true(&self, literal: Lit) -> bool {
        self.solver.value_lit(literal) == lbool::TRUE
    }

    /// The alarm that the solver found. What no formula asked about is as on a quiet night.
    fn state(&self) -> State {
        let mut state = State::quiet();
        for (code, choices) in &self.codes {
            if let Some(place) = choices.iter().position(|literal| self.is_true(*literal)) {
                state.codes[*code as usize] = place;
            }
        }
        for ((list, place), (possible, present)) in &self.seen {
            state.seen[*list as usize][*place] =
                match (self.is_true(*possible), self.is_true(*present)) {
                    (_, true) => Presence::Present,
                    (true, false) => Presence::Unclear,
                    (false, false) => Presence::Absent,
                };
        }
        for kind in 0..WindowKind::ALL.len() {
            state.windows[kind] =
                self.windows.get(&kind).is_some_and(|literal| self.is_true(*literal));
        }
        for (flag, literal) in &self.flags {
            state.flags[*flag as usize] = self.is_true(*literal);
        }
        for text in Text::VARIANTS {
            if let Some(asked) = self.texts.get(text) {
                state.texts[*text as usize] = self.text(asked);
            }
        }
        for (number, bounds) in &self.numbers {
            // The least value that lies below no bound that it must not lie below.
            let reached = bounds.iter().filter(|(_, literal)| !self.is_true(**literal));
            let least = reached.map(|(bound, _)| *bound).max();
            state.numbers[*number as usize] = least.unwrap_or(number.range().0);
        }
        state
    }

    /// A text that is and fits what the solver says of it.
    fn text(&self, asked: &Texts) -> String {
        if let Some((value, _)) = asked.literals.iter().find(|(_, literal)| self.is_true(**literal))
        {
            return value.clone();
        }
        let fits = |text: &str| {
            !asked.literals.contains_key(text)
                && asked
                    .patterns
                    .iter()
                    .all(|(pattern, literal)| like(text, pattern) == self.is_true(*literal))
        };
        let fillings = ["", "x", "other"];
        let candidates: BTreeSet<String> = asked
            .patterns
            .keys()
            .flat_map(|pattern| {
                fillings.map(|filling| {
                    pattern
                        .iter()
                        .map(|one| one.map_or_else(|| filling.to_owned(), String::from))
                        .collect()
                })
            })
            .chain(["other".to_owned()])
            .collect();
        candidates.into_iter().find(|text| fits(text)).unwrap_or_else(|| "other".to_owned())
    }
}
