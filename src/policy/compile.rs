//! Turns files into checked rules: parse, annotations, unique ids, schema validation, invariants.

use std::collections::HashMap;

use cedar_policy::{
    Policy, PolicyId, PolicySet as CedarSet, Schema, ValidationMode, Validator, ffi::DetailedError,
};

use super::{
    compose::Place,
    condition::{self, Part},
    error::{PolicyError, Problem},
    rule::Rule,
    source::RULES,
    statements::{self, Statement},
};
use crate::domain::PolicyFile;

/// Rules that a set may have.
const MOST_RULES: usize = 2000;

/// A rule that is sound by itself.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// As people read it.
    pub rule: Rule,
    /// As Cedar evaluates it, under the rule's id.
    pub policy: Policy,
    /// What must all hold for it to fire.
    pub parts: Vec<Part>,
}

/// Reads every rule of `sources`, sorted by id, and adds to `problems` what is wrong with them.
pub(super) fn compile(
    schema: &str,
    sources: &[PolicyFile],
    problems: &mut Vec<Problem>,
) -> Result<Vec<Checked>, PolicyError> {
    let (schema, _) = Schema::from_cedarschema_str(schema).map_err(PolicyError::vocabulary)?;
    let mut rules = Vec::new();
    let mut unread = Vec::new();
    let files = sources.iter().filter(|source| source.name.ends_with(RULES));
    for source in files.clone() {
        for statement in statements::split(&source.text) {
            match parse(&source.name, statement, &mut unread) {
                Ok(rule) => rules.push(rule),
                Err(found) => problems.extend(found),
            }
        }
    }
    let faulty = !problems.is_empty();
    problems.extend(too_few_or_many(files.count(), rules.len(), faulty));
    problems.extend(twins(&rules));
    problems.extend(validate(schema, &rules)?);
    // What Cedar refuses it names better.
    unread.retain(|problem: &Problem| !named_already(problem, &rules, problems));
    problems.extend(unread);
    rules.sort_by(|one, other| one.rule.id.cmp(&other.rule.id));
    Ok(rules)
}

/// Whether something else is wrong with the rule that `unread` is about.
fn named_already(unread: &Problem, rules: &[Checked], problems: &[Problem]) -> bool {
    let rule = rules.iter().map(|checked| &checked.rule);
    let of_it = rule.filter(|rule| rule.file == unread.file && rule.line == unread.line);
    of_it.into_iter().any(|rule| {
        let lines = rule.line..=rule.line + rule.text.matches('\n').count();
        problems.iter().any(|one| one.file == rule.file && lines.contains(&one.line))
    })
}

/// The rule; where its condition cannot be read it has no parts, and `unread` says so.
fn parse(
    file: &str,
    statement: Statement<'_>,
    unread: &mut Vec<Problem>,
) -> Result<Checked, Vec<Problem>> {
    if let Some(why) = statement.oversize() {
        return Err(vec![Problem::at(file, statement.line, why).suggest("split the rule")]);
    }
    let policy = Policy::parse(None, statement.text).map_err(|errors| {
        errors.iter().map(|error| located(file, statement, &error.into())).collect::<Vec<_>>()
    })?;
    let rule = Rule::read(&policy, file, statement)?;
    let parts = condition::read(&policy).unwrap_or_else(|why| {
        unread.push(Problem::at(file, statement.line, format!("rule `{}`: {why}", rule.id)));
        Vec::new()
    });
    let policy = policy.new_id(PolicyId::new(&rule.id));
    Ok(Checked { rule, policy, parts })
}

/// A Cedar error with the file's line and Cedar's own advice.
fn located(file: &str, statement: Statement<'_>, error: &DetailedError) -> Problem {
    let place = error.source_locations.first();
    let line = place.map_or(statement.line, |label| statement.line_at(label.loc.start));
    let problem = Problem::at(file, line, error.message.clone());
    let label = place.and_then(|place| place.label.clone());
    match error.help.clone().or(label) {
        Some(help) => problem.suggest(help),
        None => problem.suggest(
            "a rule reads: permit or forbid (principal, action == Sereno::Action::\"verify\", \
             resource) when { … };",
        ),
    }
}

fn too_few_or_many(files: usize, rules: usize, faulty: bool) -> Option<Problem> {
    if files == 0 {
        return Some(
            Problem::at(".", 0, "there is no .cedar file in the policy folder")
                .suggest("copy the shipped policies there, or name another folder"),
        );
    }
    if rules == 0 && !faulty {
        return Some(
            Problem::at(".", 0, "there is no rule in the policy folder")
                .suggest("write at least one"),
        );
    }
    (rules > MOST_RULES).then(|| {
        Problem::at(".", 0, format!("there are {rules} rules"))
            .suggest(format!("{MOST_RULES} is the limit"))
    })
}

/// Ids that two rules bear, shared ones and those of packs taken together, those of each site apart.
fn twins(rules: &[Checked]) -> Vec<Problem> {
    let mut first: HashMap<(Option<&str>, &str), &Rule> = HashMap::new();
    let mut problems = Vec::new();
    for Checked { rule, .. } in rules {
        let site = match &rule.place {
            Place::Site(site) => Some(site.as_str()),
            Place::Shared | Place::Pack(_) => None,
        };
        if let Some(other) = first.get(&(site, rule.id.as_str())) {
            let message =
                format!("@id(\"{}\") is already borne by the rule at {}", rule.id, other.at());
            problems
                .push(Problem::at(&rule.file, rule.line, message).suggest("rename one of them"));
        } else {
            first.insert((site, &rule.id), rule);
        }
    }
    problems
}

/// What Cedar's strict validation says; a warning (such as a rule that can never fire) is a problem too.
fn validate(schema: Schema, rules: &[Checked]) -> Result<Vec<Problem>, PolicyError> {
    let mut set = CedarSet::new();
    let mut index = HashMap::new();
    for (at, Checked { rule, policy, .. }) in rules.iter().enumerate() {
        // Under a number, so that twins are validated too.
        let id = at.to_string();
        set.add(policy.new_id(PolicyId::new(&id))).map_err(PolicyError::vocabulary)?;
        index.insert(id, rule);
    }
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| (error.policy_id(), error.into()));
    let warnings =
        result.validation_warnings().map(|warning| (warning.policy_id(), warning.into()));
    let found: Vec<(&PolicyId, DetailedError)> = errors.chain(warnings).collect();
    Ok(found
        .into_iter()
        .filter_map(|(id, error)| {
            let rule = index.get(AsRef::<str>::as_ref(id))?;
            Some(validated(rule, id.as_ref(), error))
        })
        .collect())
}

fn validated(rule: &Rule, number: &str, mut error: DetailedError) -> Problem {
    let inner = format!("policy `{number}`");
    error.message = error
        .message
        .replace(&format!("for {inner}, "), "")
        .replace(&inner, &format!("rule `{}`", rule.id));
    if error.help.is_none() {
        error.help = Some("schema.cedarschema lists what rules may say".to_owned());
    }
    located(&rule.file, Statement { text: &rule.text, line: rule.line }, &error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::schema;

    fn refusals(text: &str) -> String {
        let source = PolicyFile { name: "x.cedar".to_owned(), text: text.to_owned() };
        let mut problems = Vec::new();
        compile(&schema::cedar_schema(), &[source], &mut problems).unwrap();
        PolicyError::refused(problems).to_string()
    }

    fn rule(id: &str, condition: &str) -> String {
        format!(
            "@id(\"{id}\")\n@severity(\"low\")\n@because(\"B.\")\n@cites(\"C\")\n\
             forbid (principal, action == Sereno::Action::\"dismiss\", resource)\n\
             when {{ {condition} }};\n"
        )
    }

    #[test]
    fn each_fault_is_found_with_its_line_though_others_come_before() {
        let text = [
            rule("a", "context.armd"),
            "forbit (principal, action, resource);\n".to_owned(),
            rule("a", "resource.acts.present.contains(Act::\"climb\")"),
        ]
        .concat();
        let said = refusals(&text);
        insta::assert_snapshot!(said, @r#"
        x.cedar:6: attribute `armd` in context for Sereno::Action::"dismiss" not found (did you mean `armed`?)
        x.cedar:7: invalid policy effect: forbit (effect must be either `permit` or `forbid`)
        x.cedar:8: @id("a") is already borne by the rule at x.cedar:1 (rename one of them)
        x.cedar:13: for rule `a`: entity `Act::"climb"` is of an enumerated entity type, but `"climb"` is not declared as a valid eid (valid entity eids: "climbs", "forces_entry", "enters", "tailgates", "loiters", "probes", "fights", "threatens_with_weapon", "falls", "takes", "damages", "sets_fire", "tampers_camera", "crashes", "throws", "runs", "leaves_object", "delivers", "cleans", "repairs", "drives", "walks", "waits", "works")
        "#);
    }

    #[test]
    fn a_rule_that_can_never_fire_is_refused() {
        let said = refusals(&rule("a", "resource.camera == resource.camera && false"));
        assert!(said.contains("impossible"), "{said}");
    }

    #[test]
    fn what_would_exhaust_the_stack_is_refused_and_the_longest_permitted_chain_is_not() {
        let chain = |count| rule("a", &format!("true{}", "&&context.armed".repeat(count)));
        assert!(refusals(&chain(400)).contains("operators"));
        assert_eq!(refusals(&chain(120)), "");
        let minus = rule("a", &format!("0<{}1", "-(".repeat(20_000)));
        assert!(refusals(&minus).contains("bytes"));
        let nest = rule("a", &format!("{}true{}", "(".repeat(900), ")".repeat(900)));
        assert!(refusals(&nest).contains("nested 90"), "{}", refusals(&nest));
    }
}
