//! `sereno policy test`: the cases, and how well they hold the rules.

use crate::{
    cli::{AppError, Ending, print},
    policy::{self, Draft, Strength},
};

/// Runs the cases, then changes each rule in every small way and runs them again.
pub fn run(draft: &Draft, strict: bool) -> Result<Ending, AppError> {
    let report = policy::run_cases(draft).map_err(AppError::input)?;
    print(&report.to_string())?;
    if !report.passed() {
        return Ok(Ending::No);
    }
    let strength = policy::strength(draft).map_err(AppError::input)?;
    print(&told(&strength))?;
    let weak = strict && !(strength.survivors.is_empty() && report.unfired.is_empty());
    Ok(if weak { Ending::No } else { Ending::Done })
}

fn told(strength: &Strength) -> String {
    let Strength { conditions, uncovered, mutants, survivors } = strength;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(uncovered.iter().map(|one| {
        format!(
            "{}: no case in which only `{}` fails of rule `{}`",
            one.at, one.condition, one.rule
        )
    }));
    lines.extend(
        survivors
            .iter()
            .map(|one| format!("{}: no case notices rule `{}` {}", one.at, one.rule, one.change)),
    );
    lines.push(format!(
        "{} of {conditions} conditions shown to matter, {} of {mutants} changed rules noticed",
        conditions - uncovered.len(),
        mutants - survivors.len()
    ));
    lines.join("\n")
}
