//! Works expressions out from what stands in the code: variables with what they are given, locals, `each` and `count`.
//! What comes from anywhere else is not known. It reads nothing.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::syntax::{Expr, For, Part};
use super::value::{Value, call, joined};

/// How deep names may stand for names.
const DEEPEST: usize = 24;
/// How many items of a list or map are looked at.
const MOST_ITEMS: usize = 512;

/// What names stand for within one folder of code.
pub(super) struct Scope<'a> {
    /// The variables that are given a value from outside.
    pub(super) given: BTreeMap<String, Value>,
    /// What variables are where nobody gives them a value.
    pub(super) defaults: &'a BTreeMap<String, Expr>,
    pub(super) locals: &'a BTreeMap<String, Expr>,
    /// How many steps are left for all the code together.
    pub(super) left: &'a Cell<u32>,
}

/// The names that one place has for itself: `each.key`, `count.index`, those of a `for`.
pub(super) type Own = Vec<(String, Value)>;

impl Scope<'_> {
    /// What an expression comes to.
    pub(super) fn value(&self, expr: &Expr, own: &Own) -> Value {
        self.at(expr, own, 0)
    }

    fn at(&self, expr: &Expr, own: &Own, depth: usize) -> Value {
        let left = self.left.get();
        if depth > DEEPEST || left == 0 {
            return Value::Unknown;
        }
        self.left.set(left - 1);
        let inner = |expr: &Expr| self.at(expr, own, depth + 1);
        match expr {
            // `"${var.x}"` is what the variable is, also where that is no text.
            Expr::Text(parts) if matches!(parts.as_slice(), [Part::Made(_)]) => match parts.first() {
                Some(Part::Made(expr)) => inner(expr),
                _ => Value::Unknown,
            },
            Expr::Text(parts) => joined(parts.iter().map(|part| match part {
                Part::Plain(text) => vec![text.clone()],
                Part::Made(expr) => inner(expr).texts(),
            })),
            Expr::Number(number) => Value::Number(*number),
            Expr::Bool(yes) => Value::Bool(*yes),
            Expr::Null => Value::Null,
            Expr::List(items) if items.len() <= MOST_ITEMS => Value::List(items.iter().map(inner).collect()),
            Expr::Map(pairs) if pairs.len() <= MOST_ITEMS => {
                let pair = |(key, value): &(Expr, Expr)| Some((one_text(&inner(key))?, inner(value)));
                pairs.iter().map(pair).collect::<Option<_>>().map_or(Value::Unknown, Value::Map)
            }
            Expr::Name(name) => bound(own, name).unwrap_or(Value::Unknown),
            Expr::Part(of, key) => self.part(of, key, own, depth),
            Expr::Call(name, given) => match (name.as_str(), given.as_slice()) {
                // The first that can be worked out.
                ("try", [first, rest @ ..]) => match inner(first) {
                    Value::Unknown if !rest.is_empty() => Value::Unknown,
                    known => known,
                },
                _ => call(name, &given.iter().map(inner).collect::<Vec<_>>()),
            },
            Expr::If(parts) => {
                let [test, yes, no] = &**parts;
                match inner(test) {
                    Value::Bool(true) => inner(yes),
                    Value::Bool(false) => inner(no),
                    _ => Value::any(vec![inner(yes), inner(no)]),
                }
            }
            Expr::Same(sides, wanted) => {
                let same = inner(&sides[0]).same(&inner(&sides[1]));
                same.map_or(Value::Unknown, |same| Value::Bool(same == *wanted))
            }
            Expr::Not(expr) => match inner(expr) {
                Value::Bool(yes) => Value::Bool(!yes),
                _ => Value::Unknown,
            },
            Expr::For(each) => self.each(each, own, depth),
            Expr::List(_) | Expr::Map(_) | Expr::Other => Value::Unknown,
        }
    }

    /// `var.name`, `local.name`, or a part of what another expression comes to.
    fn part(&self, of: &Expr, key: &Expr, own: &Own, depth: usize) -> Value {
        let name = || one_text(&self.at(key, own, depth + 1));
        match of {
            Expr::Name(root) if root == "var" => name().map_or(Value::Unknown, |name| self.variable(&name, depth)),
            Expr::Name(root) if root == "local" => {
                let known = name().and_then(|name| self.locals.get(&name));
                known.map_or(Value::Unknown, |expr| self.at(expr, &Own::new(), depth + 1))
            }
            Expr::Name(root) if matches!(root.as_str(), "each" | "count") => {
                name().and_then(|name| bound(own, &format!("{root}.{name}"))).unwrap_or(Value::Unknown)
            }
            _ => self.at(of, own, depth + 1).part(&self.at(key, own, depth + 1)),
        }
    }

    fn variable(&self, name: &str, depth: usize) -> Value {
        if let Some(value) = self.given.get(name) {
            return value.clone();
        }
        match self.defaults.get(name) {
            // Something else must be given in its place.
            None | Some(Expr::Null) => Value::Unknown,
            Some(expr) => self.at(expr, &Own::new(), depth + 1),
        }
    }

    fn each(&self, each: &For, own: &Own, depth: usize) -> Value {
        let pairs: Vec<(Value, Value)> = match self.at(&each.over, own, depth + 1) {
            Value::List(items) => {
                items.into_iter().enumerate().map(|(at, item)| (Value::Number(at as i64), item)).collect()
            }
            Value::Map(pairs) => pairs.into_iter().map(|(key, value)| (Value::Text(key), value)).collect(),
            _ => return Value::Unknown,
        };
        let (mut list, mut map) = (Vec::new(), Vec::new());
        for (key, item) in pairs.into_iter().take(MOST_ITEMS) {
            let mut own = own.clone();
            match each.names.as_slice() {
                [one] => own.push((one.clone(), item)),
                [first, second, ..] => own.extend([(first.clone(), key), (second.clone(), item)]),
                [] => return Value::Unknown,
            }
            match each.only.as_ref().map(|test| self.at(test, &own, depth + 1)) {
                None | Some(Value::Bool(true)) => {}
                Some(Value::Bool(false)) => continue,
                Some(_) => return Value::Unknown,
            }
            let give = self.at(&each.give, &own, depth + 1);
            match &each.key {
                None => list.push(give),
                Some(key) => match one_text(&self.at(key, &own, depth + 1)) {
                    Some(key) => map.push((key, give)),
                    None => return Value::Unknown,
                },
            }
        }
        if each.key.is_some() { Value::Map(map) } else { Value::List(list) }
    }
}

fn bound(own: &Own, name: &str) -> Option<Value> {
    own.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// The text of a value that can be no other.
fn one_text(value: &Value) -> Option<String> {
    match value.texts().as_slice() {
        [one] if !one.contains('*') => Some(one.clone()),
        _ => None,
    }
}
