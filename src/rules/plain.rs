//! The part of a rule's condition that can be looked up instead of computed: most rules are ruled out for most subjects by
//! one fact. It never says that a rule holds.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use cel::objects::Value;

/// The fields of a subject, looked up by their place among those of its kind.
pub(super) trait Facts {
    /// The value of a field; none where it is not known.
    fn fact(&mut self, field: usize) -> Option<&Value>;
}

/// The place of a field by its name.
pub(super) type Places<'p> = &'p dyn Fn(&str) -> Option<usize>;

/// A condition on the fields of `it`, as far as it is plain.
///
/// INVARIANT: where [`Plain::rules_out`] is true the expression is false, whatever else is unknown: in CEL `false && x`
/// and `x && false` are false even where `x` is an error (`tests` below ask both for every example of every rule).
#[derive(Debug)]
pub(super) enum Plain {
    /// `it.field`
    Is(usize),
    /// `it.field == literal`
    Equals(usize, Value),
    /// `literal in it.field`
    Has(usize, Value),
    Not(Box<Plain>),
    All(Vec<Plain>),
    Any(Vec<Plain>),
    /// Only CEL can tell.
    Open,
}

impl Plain {
    /// What of an expression is plain.
    pub(super) fn of(expression: &IdedExpr, places: Places<'_>) -> Self {
        let Expr::Call(call) = &expression.expr else { return field(expression, places).map_or(Self::Open, Self::Is) };
        let part = |part| Self::of(part, places);
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, parts) => Self::All(parts.iter().map(part).collect()),
            (operators::LOGICAL_OR, parts) => Self::Any(parts.iter().map(part).collect()),
            (operators::LOGICAL_NOT, [negated]) => Self::Not(Box::new(part(negated))),
            (operators::EQUALS, [left, right]) => Self::equals(left, right, places),
            (operators::NOT_EQUALS, [left, right]) => Self::Not(Box::new(Self::equals(left, right, places))),
            (operators::IN, [item, list]) => match (literal(item), field(list, places)) {
                (Some(item), Some(list)) => Self::Has(list, item),
                _ => Self::Open,
            },
            _ => Self::Open,
        }
    }

    fn equals(left: &IdedExpr, right: &IdedExpr, places: Places<'_>) -> Self {
        match (field(left, places).zip(literal(right)), field(right, places).zip(literal(left))) {
            (Some((field, value)), _) | (_, Some((field, value))) => Self::Equals(field, value),
            _ => Self::Open,
        }
    }

    /// Whether the condition is false for sure.
    pub(super) fn rules_out(&self, facts: &mut impl Facts) -> bool {
        self.answer(facts) == Some(false)
    }

    /// Yes or no, where that can be looked up.
    fn answer(&self, facts: &mut impl Facts) -> Option<bool> {
        match self {
            Self::Is(field) => match facts.fact(*field)? {
                Value::Bool(value) => Some(*value),
                _ => None,
            },
            Self::Equals(field, literal) => match (facts.fact(*field)?, literal) {
                (Value::Null, Value::Null) => Some(true),
                (Value::Null, _) | (_, Value::Null) => Some(false),
                (Value::Bool(value), Value::Bool(literal)) => Some(value == literal),
                (Value::Int(value), Value::Int(literal)) => Some(value == literal),
                (Value::String(value), Value::String(literal)) => Some(value == literal),
                _ => None,
            },
            Self::Has(field, Value::String(literal)) => match facts.fact(*field)? {
                Value::List(list) => Some(list.iter().any(|one| matches!(one, Value::String(text) if text == literal))),
                _ => None,
            },
            Self::Not(part) => part.answer(facts).map(|answer| !answer),
            Self::All(parts) => any(parts, facts, false),
            Self::Any(parts) => any(parts, facts, true),
            Self::Has(..) | Self::Open => None,
        }
    }
}

/// The answer that one part is enough for, or its opposite where every part gives that.
fn any(parts: &[Plain], facts: &mut impl Facts, enough: bool) -> Option<bool> {
    let mut all = Some(!enough);
    for part in parts {
        match part.answer(facts) {
            Some(answer) if answer == enough => return Some(enough),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

/// `it.name`
fn field(expression: &IdedExpr, places: Places<'_>) -> Option<usize> {
    match &expression.expr {
        Expr::Select(select) if !select.test && matches!(&select.operand.expr, Expr::Ident(name) if name == "it") => {
            places(&select.field)
        }
        _ => None,
    }
}

fn literal(expression: &IdedExpr) -> Option<Value> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(Value::from(text.inner())),
        Expr::Literal(LiteralValue::Boolean(value)) => Some(Value::Bool(*value.inner())),
        Expr::Literal(LiteralValue::Int(number)) => Some(Value::Int(*number.inner())),
        Expr::Literal(LiteralValue::Null) => Some(Value::Null),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use cel::objects::Key;
    use cel::{Context, Program};

    use super::*;
    use crate::rules::evaluate::empty_context;

    const NAMES: &[&str] = &["yes", "no", "name", "count", "none", "list", "gone"];

    fn place(name: &str) -> Option<usize> {
        NAMES.iter().position(|known| *known == name)
    }

    /// What every example below knows: `gone` is a field that is not known.
    fn known() -> HashMap<Key, Value> {
        HashMap::from([
            (Key::from("yes"), Value::Bool(true)),
            (Key::from("no"), Value::Bool(false)),
            (Key::from("name"), Value::from("ci")),
            (Key::from("count"), Value::Int(3)),
            (Key::from("none"), Value::Null),
            (Key::from("list"), Value::from(vec!["a".to_owned(), "b".to_owned()])),
        ])
    }

    impl Facts for HashMap<Key, Value> {
        fn fact(&mut self, field: usize) -> Option<&Value> {
            self.get(&Key::from(*NAMES.get(field)?))
        }
    }

    fn computed(program: &Program, root: &Context<'static, 'static>) -> Option<bool> {
        let mut context = root.new_inner_scope();
        context.add_variable_from_value("it", known());
        match program.execute(&context) {
            Ok(Value::Bool(answer)) => Some(answer),
            _ => None,
        }
    }

    #[test]
    fn what_is_ruled_out_is_false_and_nothing_else_is() {
        let root = empty_context();
        let atoms = [
            "it.yes",
            "it.no",
            "!it.no",
            "it.gone",
            "it.name == 'ci'",
            "it.name != 'ci'",
            "'cd' == it.name",
            "it.count == 3",
            "it.count != 3",
            "it.none == null",
            "it.none != null",
            "it.count != null",
            "it.name == null",
            "'a' in it.list",
            "'c' in it.list",
            "'c' in it.gone",
            "it.gone == 'x'",
            "it.count > 5",
        ];
        let mut ruled_out = 0;
        for left in atoms {
            for right in atoms {
                for text in [
                    left.to_owned(),
                    format!("{left} && {right}"),
                    format!("{left} || {right}"),
                    format!("!({left} || {right})"),
                    format!("{left} && !({right} && it.gone)"),
                    format!("({left} || {right}) && it.count > 5"),
                ] {
                    let program = Program::compile(&text).expect("an expression");
                    let plain = Plain::of(program.expression(), &place);
                    if plain.rules_out(&mut known()) {
                        assert_eq!(computed(&program, &root), Some(false), "{text}");
                        ruled_out += 1;
                    } else if !text.contains(" > ") {
                        assert_ne!(computed(&program, &root), Some(false), "{text}: this is plain, too");
                    }
                }
            }
        }
        assert!(ruled_out > 300, "{ruled_out}");
    }
}
