//! Turns files into checked rules: parse, annotations, unique ids, schema validation, invariants.

use std::collections::HashMap;

use cedar_policy::{
    Policy, PolicyId, PolicySet as CedarSet, Schema, ValidationMode, Validator, ffi::DetailedError,
};

use super::{
    error::{PolicyError, Problem},
    invariants,
    rule::Rule,
    source::Source,
    statements::{self, Statement},
};

/// Rules that a set may have.
const MOST_RULES: usize = 2000;

/// Rules that passed every check, each with its Cedar policy under the rule's id.
pub(super) struct Compiled {
    /// Sorted by id.
    pub rules: Vec<(Rule, Policy)>,
}

/// Checks `sources` against the schema; all problems at once.
pub(super) fn compile(schema: &str, sources: &[Source]) -> Result<Compiled, PolicyError> {
    let (schema, _) = Schema::from_cedarschema_str(schema).map_err(PolicyError::vocabulary)?;
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        for statement in statements::split(&source.text) {
            match parse(&source.name, statement) {
                Ok(rule) => rules.push(rule),
                Err(found) => problems.extend(found),
            }
        }
    }
    problems.extend(too_few_or_many(sources, &rules, &problems));
    problems.extend(twins(&rules));
    problems.extend(rules.iter().flat_map(|(rule, policy)| invariants::check(rule, policy)));
    problems.extend(validate(schema, &rules)?);
    if !problems.is_empty() {
        return Err(PolicyError::refused(problems));
    }
    rules.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    Ok(Compiled { rules })
}

fn parse(file: &str, statement: Statement<'_>) -> Result<(Rule, Policy), Vec<Problem>> {
    if let Some(why) = statement.oversize() {
        return Err(vec![Problem::at(file, statement.line, why).suggest("split the rule")]);
    }
    let policy = Policy::parse(None, statement.text).map_err(|errors| {
        errors.iter().map(|error| located(file, statement, &error.into())).collect::<Vec<_>>()
    })?;
    let rule = Rule::read(&policy, file, statement)?;
    let policy = policy.new_id(PolicyId::new(&rule.id));
    Ok((rule, policy))
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

fn too_few_or_many(
    sources: &[Source],
    rules: &[(Rule, Policy)],
    problems: &[Problem],
) -> Option<Problem> {
    if sources.is_empty() {
        return Some(
            Problem::at(".", 0, "there is no .cedar file in the policy folder")
                .suggest("copy the shipped policies there, or name another folder"),
        );
    }
    if rules.is_empty() && problems.is_empty() {
        return Some(
            Problem::at(&sources[0].name, 0, "there is no rule in the policy folder")
                .suggest("write at least one"),
        );
    }
    (rules.len() > MOST_RULES).then(|| {
        Problem::at(".", 0, format!("there are {} rules", rules.len()))
            .suggest(format!("{MOST_RULES} is the limit"))
    })
}

/// Ids that two rules bear.
fn twins(rules: &[(Rule, Policy)]) -> Vec<Problem> {
    let mut first: HashMap<&str, &Rule> = HashMap::new();
    let mut problems = Vec::new();
    for (rule, _) in rules {
        if let Some(other) = first.get(rule.id.as_str()) {
            let message = format!(
                "@id(\"{}\") is already borne by the rule at {}:{}",
                rule.id, other.file, other.line
            );
            problems
                .push(Problem::at(&rule.file, rule.line, message).suggest("rename one of them"));
        } else {
            first.insert(&rule.id, rule);
        }
    }
    problems
}

/// What Cedar's strict validation says; a warning (such as a rule that can never fire) is a problem too.
fn validate(schema: Schema, rules: &[(Rule, Policy)]) -> Result<Vec<Problem>, PolicyError> {
    let mut set = CedarSet::new();
    let mut index = HashMap::new();
    for (at, (rule, policy)) in rules.iter().enumerate() {
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
        let source = Source { name: "x.cedar".to_owned(), text: text.to_owned() };
        compile(&schema::cedar_schema(), &[source]).err().unwrap().to_string()
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
        let source = Source { name: "x.cedar".to_owned(), text: chain(120) };
        assert!(compile(&schema::cedar_schema(), &[source]).is_ok());
        let minus = rule("a", &format!("0<{}1", "-(".repeat(20_000)));
        assert!(refusals(&minus).contains("bytes"));
        let nest = rule("a", &format!("{}true{}", "(".repeat(900), ")".repeat(900)));
        assert!(refusals(&nest).contains("nested 90"), "{}", refusals(&nest));
    }
}
