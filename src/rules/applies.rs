//! Which kinds of subject a rule can hold for at all, so that it is only asked of those. It judges nothing.

use std::collections::BTreeSet;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

/// The kinds that an expression names as a condition without which it is false: `it.kind == "…"` or `it.kind in […]`,
/// alone or in a chain of `&&`. `None` where it names none, so that it may hold for every kind.
///
/// `kind` is always known, and in CEL `false && x` is false even where `x` is an error: such an expression is false,
/// not unknown, for every other kind.
pub(super) fn kinds(expression: &IdedExpr) -> Option<BTreeSet<String>> {
    let Expr::Call(call) = &expression.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => match (kinds(left), kinds(right)) {
            (Some(left), Some(right)) => Some(left.intersection(&right).cloned().collect()),
            (left, right) => left.or(right),
        },
        (operators::EQUALS, [left, right]) if is_kind(left) => Some(BTreeSet::from([text(right)?])),
        (operators::EQUALS, [left, right]) if is_kind(right) => Some(BTreeSet::from([text(left)?])),
        (operators::IN, [item, list]) if is_kind(item) => match &list.expr {
            Expr::List(list) => list.elements.iter().map(text).collect(),
            _ => None,
        },
        _ => None,
    }
}

fn is_kind(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Select(select) if select.field == "kind" => {
            matches!(&select.operand.expr, Expr::Ident(name) if name == "it")
        }
        _ => false,
    }
}

fn text(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use cel::Program;

    fn kinds(expression: &str) -> Option<Vec<String>> {
        let program = Program::compile(expression).expect("an expression");
        super::kinds(program.expression()).map(|kinds| kinds.into_iter().collect())
    }

    #[test]
    fn a_kind_that_is_asked_for_rules_the_others_out() {
        let one = Some(vec!["aws.role".to_owned()]);
        assert_eq!(kinds("it.kind == 'aws.role'"), one);
        assert_eq!(kinds("it.age > 3 && (!it.builtin && 'aws.role' == it.kind)"), one);
        assert_eq!(kinds("it.kind in ['aws.role', 'aws.user'] && it.kind in ['aws.role']"), one);
    }

    #[test]
    fn what_does_not_rule_a_kind_out_says_nothing() {
        for open in [
            "it.kind != 'aws.role'",
            "it.kind == 'aws.role' || it.age > 3",
            "!(it.kind == 'aws.role')",
            "it.kind in param.kinds",
            "identity.kind == 'aws.role'",
            "it.age > 3",
        ] {
            assert_eq!(kinds(open), None, "{open}");
        }
    }
}
