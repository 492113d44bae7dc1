//! The same proofs by Cedar's symbolic compiler and the SMT solver cvc5, where that is installed.

use cedar_policy::{Policy, PolicyId, PolicySet as CedarSet, RequestEnv, Schema};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet, solver::LocalSolver};

use super::{bears, invariants};
use crate::{
    domain::{Effect, SceneText},
    policy::{
        action::PolicyAction, compile::Checked, error::Problem, request::action_uid,
        schema::cedar_schema,
    },
};

/// How a rule writes the text's class; what reads it otherwise is left to the search.
const SCENE_TEXT: &str = "resource.sceneText";

/// What cvc5 makes of rules in which the search found no fault. A problem where the two disagree or
/// cvc5 breaks off: then nothing is proven. `None` where cvc5 is not installed (`CVC5` names it, else it
/// is on the path).
pub(super) fn second_opinion(rules: &[&Checked], place: &str) -> Option<Result<(), Problem>> {
    let proven = std::thread::scope(|scope| {
        // Its own thread and runtime: this may be called from inside another.
        scope.spawn(|| prove(rules)).join().unwrap_or_else(|_| Err("it broke off".to_owned()))
    });
    let problem = |what: String, advice: &str| Problem::at(place, 0, what).suggest(advice);
    match proven {
        Ok(Opinion::Absent) => None,
        Ok(Opinion::Sound) => Some(Ok(())),
        Ok(Opinion::Broken(what)) => Some(Err(problem(
            format!("cvc5 finds that {what}, which the search does not"),
            "this is a fault of Sereno: please report it with the rules",
        ))),
        Err(error) => Some(Err(problem(
            format!("cvc5 could not prove the invariants: {error}"),
            "mend or remove it; CVC5 names the program, else it is looked for on the path",
        ))),
    }
}

/// What cvc5 says.
enum Opinion {
    /// There is no cvc5.
    Absent,
    /// Every bound holds.
    Sound,
    /// This one does not.
    Broken(String),
}

fn prove(rules: &[&Checked]) -> Result<Opinion, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let Ok(solver) = LocalSolver::cvc5() else { return Ok(Opinion::Absent) };
        let broken = ask(rules, solver).await.map_err(|error| error.to_string())?;
        Ok(broken.map_or(Opinion::Sound, Opinion::Broken))
    })
}

/// The first bound that does not hold, in words.
async fn ask(
    rules: &[&Checked],
    solver: LocalSolver,
) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let (schema, _) = Schema::from_cedarschema_str(&cedar_schema())?;
    let environments: Vec<RequestEnv> = schema.request_envs().collect();
    let mut compiler = CedarSymCompiler::new(solver)?;
    for bound in invariants::bounds() {
        let bounding = CedarSet::from_policies([Policy::parse(None, bound.rule())?])?;
        let premise = bearing(rules, bound.action, ToOwned::to_owned)?;
        if !implied(&mut compiler, &schema, &environments, bound.action, &premise, &bounding)
            .await?
        {
            return Ok(Some(bound.broken));
        }
    }
    for class in &<SceneText as strum::VariantArray>::VARIANTS[1..] {
        let with = |class: SceneText| {
            move |text: &str| text.replace(SCENE_TEXT, &format!("SceneText::\"{class}\""))
        };
        for (action, kept) in [(PolicyAction::Dismiss, false), (PolicyAction::Verify, true)] {
            let with_text = bearing(rules, action, with(*class))?;
            let without = bearing(rules, action, with(SceneText::None))?;
            let (premise, bounding) =
                if kept { (&without, &with_text) } else { (&with_text, &without) };
            if !implied(&mut compiler, &schema, &environments, action, premise, bounding).await? {
                return Ok(Some(format!("a text in the scene lowers `{}`", action.name())));
            }
        }
    }
    Ok(None)
}

/// The rules that bear on `action`, each text changed by `change`.
fn bearing(
    rules: &[&Checked],
    action: PolicyAction,
    change: impl Fn(&str) -> String,
) -> Result<CedarSet, Box<dyn std::error::Error>> {
    let chosen = rules.iter().filter(|rule| {
        [Effect::Permit, Effect::Forbid].iter().any(|effect| bears(rule, action, *effect))
    });
    let mut policies = Vec::new();
    for rule in chosen {
        policies.push(Policy::parse(Some(PolicyId::new(&rule.rule.id)), change(&rule.rule.text))?);
    }
    Ok(CedarSet::from_policies(policies)?)
}

/// Whether everything that `premise` allows, `bound` allows too.
async fn implied(
    compiler: &mut CedarSymCompiler<LocalSolver>,
    schema: &Schema,
    environments: &[RequestEnv],
    action: PolicyAction,
    premise: &CedarSet,
    bound: &CedarSet,
) -> Result<bool, Box<dyn std::error::Error>> {
    let uid = action_uid(action)?;
    for environment in environments.iter().filter(|one| *one.action() == uid) {
        let premise = CompiledPolicySet::compile(premise, environment, schema)?;
        let bound = CompiledPolicySet::compile(bound, environment, schema)?;
        if !compiler.check_implies_opt(&premise, &bound).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::PolicyFile, policy::Draft};

    /// Rules in which the search would have found a fault: cvc5 must find it by itself.
    #[test]
    fn cvc5_finds_the_faults_that_the_search_finds() {
        let head = r#"@id("x") @severity("low") @because("B.") @cites("C")"#;
        for (rule, found) in [
            (r#"permit (principal, action == Sereno::Action::"dismiss", resource);"#, "a life"),
            (
                r#"permit (principal, action == Sereno::Action::"closeWithoutPerson", resource);"#,
                "without a person",
            ),
            (
                r#"permit (principal, action == Sereno::Action::"verify", resource)
                unless { resource.sceneText == SceneText::"logo" };"#,
                "lowers `verify`",
            ),
        ] {
            let file = PolicyFile { name: "x.cedar".into(), text: format!("{head} {rule}") };
            let draft = Draft::sent(vec![file]).unwrap();
            let rules: Vec<&Checked> = draft.checked_rules().iter().collect();
            let problem = second_opinion(&rules, "here")
                .expect("cvc5 is missing: `make setup` brings it, CVC5 names it")
                .unwrap_err();
            assert!(problem.message.contains(found), "{problem}");
        }
    }
}
