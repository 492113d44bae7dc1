//! What no policy file may break, checked on each rule's syntax tree when the files are loaded.
//!
//! Text in the scene may raise, never lower (DESIGN.md §2.5). A rule may therefore read
//! `resource.sceneText` only if it permits `verify` or an action, or forbids anything but `verify`
//! and actions; and only as `== SceneText::"…"` or `[…].contains(resource.sceneText)`, never
//! compared with `none`, never under `!`, `unless`, `if` or another operator. Such a condition is
//! false where there is no text, so with text the rule can only fire more: more reasons to verify,
//! fewer to dismiss, a severity and an oversight that are maxima over more rules. Arithmetic is
//! refused in such rules, because an overflow would silence them.

use cedar_policy::{
    Policy,
    pst::{BinaryOp, Clause, Expr, Literal, UnaryOp},
};

use crate::domain::{Effect, Outcome};

use super::{action::PolicyAction, error::Problem, rule::Rule};

const SCENE_TEXT: &str = "sceneText";

/// Everything in `rule` that would break an invariant.
pub(super) fn check(rule: &Rule, policy: &Policy) -> Vec<Problem> {
    let refuse = |message: String, suggestion: &str| {
        Problem::at(&rule.file, rule.line, message).suggest(suggestion)
    };
    let mut problems = Vec::new();
    match policy.to_pst() {
        Ok(tree) => problems.extend(scene_text(rule, tree.body().clauses(), refuse)),
        Err(error) => {
            problems.push(refuse(format!("this rule cannot be analysed: {error}"), "simplify it"));
        }
    }
    problems.extend(settlement(rule, refuse));
    problems
}

fn scene_text(
    rule: &Rule,
    clauses: &[Clause],
    refuse: impl Fn(String, &str) -> Problem,
) -> Vec<Problem> {
    let mentions = |clause: &Clause| match clause {
        Clause::When(expr) | Clause::Unless(expr) => mentions(expr),
    };
    if !clauses.iter().any(mentions) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if !rule.actions.iter().all(|action| may_read_scene_text(rule.effect, *action)) {
        problems.push(refuse(
            "text in the scene may raise an alarm, never lower it, so this rule may not read \
             resource.sceneText"
                .to_owned(),
            "only rules that permit verify or an action, or forbid dismiss, may",
        ));
    }
    if matches!(rule.settles, Some(Outcome::Uncertain | Outcome::Dismissed)) {
        problems.push(refuse(
            "a rule that settles an alarm as uncertain or dismissed may not read resource.sceneText"
                .to_owned(),
            "drop @settles, or the condition on the text",
        ));
    }
    let raises = clauses.iter().all(|clause| match clause {
        Clause::When(expr) => only_raises(expr),
        Clause::Unless(expr) => !self::mentions(expr),
    });
    let counts = clauses.iter().any(|clause| match clause {
        Clause::When(expr) | Clause::Unless(expr) => calculates(expr),
    });
    if !raises || counts {
        problems.push(refuse(
            "this condition on resource.sceneText could make text in the scene lower an alarm"
                .to_owned(),
            "write it plainly as resource.sceneText == SceneText::\"instruction_like\", joined by \
             && or ||, without !, unless, if, arithmetic or SceneText::\"none\"",
        ));
    }
    problems
}

/// Whether a rule of this effect on this action can only raise by firing.
const fn may_read_scene_text(effect: Effect, action: PolicyAction) -> bool {
    match (effect, action) {
        (Effect::Permit, PolicyAction::Verify | PolicyAction::Due(_))
        | (Effect::Forbid, PolicyAction::Dismiss | PolicyAction::CloseWithoutPerson) => true,
        (Effect::Permit, PolicyAction::Dismiss | PolicyAction::CloseWithoutPerson)
        | (Effect::Forbid, PolicyAction::Verify | PolicyAction::Due(_)) => false,
    }
}

/// Whether `expr` is false without text wherever it depends on it, and depends on it in no other way.
fn only_raises(expr: &Expr) -> bool {
    if !mentions(expr) {
        return true;
    }
    match expr {
        Expr::BinaryOp { op: BinaryOp::And | BinaryOp::Or, left, right } => {
            only_raises(left) && only_raises(right)
        }
        Expr::BinaryOp { op: BinaryOp::Eq, left, right } => {
            (is_scene_text(left) && is_some_text(right))
                || (is_some_text(left) && is_scene_text(right))
        }
        Expr::BinaryOp { op: BinaryOp::Contains, left, right } => {
            let set =
                matches!(&**left, Expr::Set(codes) if codes.iter().all(|code| is_some_text(code)));
            set && is_scene_text(right)
        }
        _ => false,
    }
}

fn is_scene_text(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == SCENE_TEXT && !mentions(expr))
}

fn is_some_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(Literal::EntityUID(uid)) if uid.eid != "none")
}

/// Whether the scene's text is named anywhere inside.
fn mentions(expr: &Expr) -> bool {
    any(expr, &|one| match one {
        Expr::GetAttr { attr, .. } => attr == SCENE_TEXT,
        Expr::HasAttr { attrs, .. } => attrs.iter().any(|attr| attr == SCENE_TEXT),
        _ => false,
    })
}

fn calculates(expr: &Expr) -> bool {
    any(expr, &|one| {
        matches!(
            one,
            Expr::BinaryOp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. }
                | Expr::UnaryOp { op: UnaryOp::Neg, .. }
        )
    })
}

/// Whether `test` holds for `expr` or anything inside it.
fn any(expr: &Expr, test: &impl Fn(&Expr) -> bool) -> bool {
    let inside = |expr: &Expr| any(expr, test);
    test(expr)
        || match expr {
            Expr::Literal(_) | Expr::Var(_) | Expr::Slot(_) | Expr::Unknown { .. } => false,
            Expr::UnaryOp { expr, .. }
            | Expr::GetAttr { expr, .. }
            | Expr::HasAttr { expr, .. }
            | Expr::Like { expr, .. } => inside(expr),
            Expr::BinaryOp { left, right, .. } => inside(left) || inside(right),
            Expr::Is { expr, in_expr, .. } => {
                inside(expr) || in_expr.as_ref().is_some_and(|one| inside(one))
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                inside(cond) || inside(then_expr) || inside(else_expr)
            }
            Expr::Set(items) => items.iter().any(|one| inside(one)),
            Expr::Record(fields) => fields.values().any(|one| inside(one)),
            // What a later Cedar adds is suspected until somebody has looked at it here.
            _ => true,
        }
}

/// `@settles` must say what the rule's own effect says.
fn settlement(rule: &Rule, refuse: impl Fn(String, &str) -> Problem) -> Option<Problem> {
    let settles = rule.settles?;
    let fits = match (rule.effect, rule.actions.as_slice()) {
        (Effect::Permit, [PolicyAction::Verify]) => settles == Outcome::Verified,
        (Effect::Permit, [PolicyAction::Dismiss]) => settles == Outcome::Dismissed,
        (Effect::Forbid, [PolicyAction::Dismiss]) => settles == Outcome::Uncertain,
        _ => false,
    };
    (!fits).then(|| {
        refuse(
            format!("@settles(\"{settles}\") does not fit what the rule does"),
            "a permit of verify settles verified, a permit of dismiss settles dismissed, a forbid \
             of dismiss settles uncertain, each with that one action",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::statements::Statement;

    fn problems(notes: &str, head: &str, condition: &str) -> usize {
        let text = format!(
            "@id(\"x\") @severity(\"low\") @because(\"B.\") @cites(\"C\") {notes}
             {head}, resource) {condition};"
        );
        let policy = Policy::parse(None, &text).unwrap();
        let rule = Rule::read(&policy, "x.cedar", Statement { text: &text, line: 1 }).unwrap();
        check(&rule, &policy).len()
    }

    const FORBID: &str = "forbid (principal, action == Sereno::Action::\"dismiss\"";
    const VERIFY: &str = "permit (principal, action == Sereno::Action::\"verify\"";
    const DISMISS: &str = "permit (principal, action == Sereno::Action::\"dismiss\"";

    #[test]
    fn conditions_that_can_only_raise_are_accepted() {
        for condition in [
            r#"when { resource.sceneText == SceneText::"instruction_like" }"#,
            r#"when { context.open && (context.armed || SceneText::"logo" == resource.sceneText) }"#,
            r#"when { [SceneText::"sentence", SceneText::"logo"].contains(resource.sceneText) }"#,
            r#"when { resource.sceneText == SceneText::"logo" } unless { context.open }"#,
            "when { !context.open && context.hour + 1 > 3 }",
        ] {
            assert_eq!(problems("", FORBID, condition), 0, "{condition}");
            assert_eq!(problems("", VERIFY, condition), 0, "{condition}");
        }
    }

    #[test]
    fn conditions_that_could_lower_are_refused() {
        for condition in [
            r#"when { resource.sceneText == SceneText::"none" }"#,
            r#"when { resource.sceneText != SceneText::"instruction_like" }"#,
            r#"when { !(resource.sceneText == SceneText::"logo") }"#,
            r#"unless { resource.sceneText == SceneText::"logo" }"#,
            r#"when { [SceneText::"none"].contains(resource.sceneText) }"#,
            r#"when { if resource.sceneText == SceneText::"logo" then false else true }"#,
            r#"when { {"a": resource}.a.sceneText != SceneText::"logo" }"#,
            r#"when { (resource.sceneText == SceneText::"logo") == context.open }"#,
            r#"when { resource has sceneText }"#,
            r#"when { resource.sceneText == SceneText::"logo" && context.hour * 9 > 1 }"#,
        ] {
            assert_eq!(problems("", FORBID, condition), 1, "{condition}");
        }
    }

    #[test]
    fn rules_that_lower_may_not_read_the_text_at_all() {
        let condition = r#"when { resource.sceneText == SceneText::"logo" }"#;
        assert_eq!(problems("", DISMISS, condition), 1);
        let forbids_verify = "forbid (principal, action == Sereno::Action::\"verify\"";
        assert_eq!(problems("", forbids_verify, condition), 1);
        assert_eq!(problems("@settles(\"uncertain\")", FORBID, condition), 1);
    }

    #[test]
    fn a_settlement_says_what_its_rule_does() {
        assert_eq!(problems("@settles(\"verified\")", VERIFY, ""), 0);
        assert_eq!(problems("@settles(\"dismissed\")", DISMISS, ""), 0);
        assert_eq!(problems("@settles(\"uncertain\")", FORBID, ""), 0);
        assert_eq!(problems("@settles(\"dismissed\")", VERIFY, ""), 1);
        assert_eq!(problems("@settles(\"verified\")", FORBID, ""), 1);
    }
}
