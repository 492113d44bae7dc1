//! Whether the cases would notice: which conditions they exercise, and which changed rules they let pass.

use serde::Serialize;
use strum::VariantArray as _;

use crate::domain::{Effect, Oversight, Severity};

use super::{
    Draft, PolicyError, PolicySet,
    cases::{self, PlacedCase, Suite},
    compile::Checked,
    condition::{Atom, Formula, Part, State},
    proof::Search,
    rule::Rule,
};

/// A condition that no case shows to matter: none in which the rule's others hold and this one fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The rule's file and line.
    pub at: String,
    /// The rule.
    pub rule: String,
    /// The condition, in Cedar's words.
    pub condition: String,
}

/// A rule changed in one place, of which every case takes no notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// The rule's file and line.
    pub at: String,
    /// The rule.
    pub rule: String,
    /// What was changed.
    pub change: String,
}

/// How well the cases hold the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Strength {
    /// Conditions of all rules.
    pub conditions: usize,
    /// Those that no case shows to matter.
    pub uncovered: Vec<Uncovered>,
    /// Changed rules that were tried.
    pub mutants: usize,
    /// Those that every case let pass.
    pub survivors: Vec<Survivor>,
}

/// Changes every rule in every small way and runs the cases again. A change that no alarm at all can tell
/// from the rule itself is none.
///
/// # Errors
/// As [`super::run_cases`].
pub fn strength(draft: &Draft) -> Result<Strength, PolicyError> {
    let suites = cases::suites(draft)?;
    let runs: Vec<Vec<Run<'_>>> = suites.iter().map(runs).collect();
    let mut found = Strength::default();
    let mut search = Search::new();
    for checked in draft.checked_rules() {
        let states: Vec<&State> = suites
            .iter()
            .zip(&runs)
            .filter(|(suite, _)| suite.policy.holds(&checked.rule))
            .flat_map(|(_, runs)| runs.iter().map(|run| &run.state))
            .collect();
        found.conditions += checked.parts.len();
        found.uncovered.extend(uncovered(checked, &states));
        for mutant in mutants(checked) {
            if mutant.is_the_same(checked, &mut search) {
                continue;
            }
            found.mutants += 1;
            let noticed = suites
                .iter()
                .zip(&runs)
                .any(|(suite, runs)| mutant.is_noticed(suite, runs, checked));
            if !noticed {
                found.survivors.push(Survivor {
                    at: checked.rule.at(),
                    rule: checked.rule.id.clone(),
                    change: mutant.change,
                });
            }
        }
    }
    Ok(found)
}

/// A case ready to be judged again and again.
struct Run<'a> {
    placed: &'a PlacedCase,
    state: State,
}

fn runs(suite: &Suite) -> Vec<Run<'_>> {
    suite.cases.iter().map(|placed| Run { state: placed.case.state(), placed }).collect()
}

fn uncovered(checked: &Checked, states: &[&State]) -> Vec<Uncovered> {
    let shown = |at: usize| {
        states.iter().any(|state| {
            checked
                .parts
                .iter()
                .enumerate()
                .all(|(other, part)| part.formula.holds(state) == (other != at))
        })
    };
    let conditions = checked.parts.iter().enumerate().filter(|(at, _)| !shown(*at));
    conditions
        .map(|(_, part)| Uncovered {
            at: checked.rule.at(),
            rule: checked.rule.id.clone(),
            condition: part.text.clone(),
        })
        .collect()
}

/// A rule changed in one place.
struct Mutant {
    change: String,
    rule: Rule,
    /// What it asks now; nothing where the rule was taken out.
    parts: Option<Vec<Part>>,
}

impl Mutant {
    /// Whether no alarm can tell it from the rule.
    fn is_the_same(&self, checked: &Checked, search: &mut Search) -> bool {
        let Some(parts) = &self.parts else { return false };
        if self.rule != checked.rule {
            return false;
        }
        let (one, other) = (Part::all(&checked.parts), Part::all(parts));
        search.find(&[&one, &other.clone().negated()]).is_none()
            && search.find(&[&other, &one.negated()]).is_none()
    }

    /// Whether a case of the suite ends otherwise.
    fn is_noticed(&self, suite: &Suite, runs: &[Run<'_>], checked: &Checked) -> bool {
        if !suite.policy.holds(&checked.rule) {
            return false;
        }
        let annotated = self.rule != checked.rule;
        // Only where the rule fires otherwise, or where it fires and says something else, can a case differ.
        let mut touched = runs.iter().filter(|run| {
            let before = Part::all_hold(&checked.parts, &run.state);
            let after = self.parts.as_ref().is_some_and(|parts| Part::all_hold(parts, &run.state));
            before != after || (annotated && after)
        });
        let changed: std::cell::OnceCell<Option<PolicySet>> = std::cell::OnceCell::new();
        touched.any(|run| {
            let policy = changed.get_or_init(|| {
                suite.policy.changed(&checked.rule, &self.rule, self.parts.as_deref())
            });
            policy.as_ref().is_none_or(|policy| !cases::passes(policy, run.placed))
        })
    }
}

fn mutants(checked: &Checked) -> Vec<Mutant> {
    let Checked { rule, parts, .. } = checked;
    let mut mutants =
        vec![Mutant { change: "taken out".to_owned(), rule: rule.clone(), parts: None }];
    let mut asks = |change: String, parts: Vec<Part>| {
        mutants.push(Mutant { change, rule: rule.clone(), parts: Some(parts) });
    };
    for (at, part) in parts.iter().enumerate() {
        let without = [&parts[..at], &parts[at + 1..]].concat();
        asks(format!("without `{}`", part.text), without);
        let with = |formula: Formula| {
            let mut parts = parts.clone();
            parts[at].formula = formula;
            parts
        };
        asks(format!("the contrary of `{}`", part.text), with(part.formula.clone().negated()));
        for (change, formula) in shifted(part) {
            asks(change, with(formula));
        }
    }
    let mut says = |change: String, changed: Rule| {
        mutants.push(Mutant { change, rule: changed, parts: Some(parts.clone()) });
    };
    if rule.counts_in_severity() {
        for severity in neighbours(Severity::VARIANTS, rule.severity) {
            says(format!("@severity(\"{severity}\")"), Rule { severity, ..rule.clone() });
        }
    }
    for oversight in neighbours(Oversight::VARIANTS, rule.oversight)
        .into_iter()
        .filter(|one| *one < rule.oversight)
    {
        says(format!("@oversight(\"{oversight}\")"), Rule { oversight, ..rule.clone() });
    }
    if rule.settles.is_some() {
        says("without @settles".to_owned(), Rule { settles: None, ..rule.clone() });
    }
    mutants
}

impl Rule {
    /// Whether its severity can reach a ruling.
    fn counts_in_severity(&self) -> bool {
        use super::PolicyAction::{Dismiss, Verify};
        match self.effect {
            Effect::Permit => self.actions.contains(&Verify),
            Effect::Forbid => self.actions.contains(&Dismiss),
        }
    }
}

fn neighbours<T: Copy + PartialEq>(list: &[T], value: T) -> Vec<T> {
    let place = list.iter().position(|one| *one == value).unwrap_or_default();
    let below = place.checked_sub(1).and_then(|at| list.get(at));
    below.into_iter().chain(list.get(place + 1)).copied().collect()
}

/// The part with each of its bounds moved by one.
fn shifted(part: &Part) -> Vec<(String, Formula)> {
    let mut bounds = Vec::new();
    part.formula.atoms(&mut |atom| {
        if let Atom::Below(number, bound) = atom {
            bounds.push((*number, *bound));
        }
    });
    bounds.dedup();
    bounds
        .into_iter()
        .flat_map(|(number, bound)| [(number, bound, -1), (number, bound, 1)])
        .map(|(number, bound, by)| {
            let formula = part.formula.map(&|atom| match atom {
                Atom::Below(one, value) if (*one, *value) == (number, bound) => {
                    Formula::Atom(Atom::Below(number, bound + by))
                }
                other => Formula::Atom(other.clone()),
            });
            (format!("the bound of `{}` moved by {by}", part.text), formula)
        })
        .collect()
}
