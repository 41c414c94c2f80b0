//! Asks a tree about a match. What it may cost is bounded: whoever wrote the rules may not stop the scan.

use super::super::sight::Sight;
use super::function::{Each, Function, LONGEST_LIST};
use super::node::{Fact, Node, Sign};
use super::value::Value;
use crate::model::Confidence;

/// How many parts of an expression are looked at for one match before it is given up.
const MOST_STEPS: usize = 100_000;

/// How much text lists and texts may take while one match is judged, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// One question.
pub(super) struct Run<'t> {
    sight: &'t Sight<'t>,
    names: Vec<Value<'t>>,
    items: Vec<Value<'t>>,
    steps: usize,
    bytes: usize,
    pub(super) confidence: Option<Confidence>,
}

impl<'t> Run<'t> {
    pub(super) fn new(sight: &'t Sight<'t>) -> Self {
        Self { sight, names: Vec::new(), items: Vec::new(), steps: 0, bytes: 0, confidence: None }
    }

    /// What a part of the expression is.
    pub(super) fn value(&mut self, node: &'t Node) -> Value<'t> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.bytes > MOST_BYTES {
            return Value::Unknown;
        }
        match node {
            Node::Unknown => Value::Unknown,
            Node::Nil => Value::Nil,
            Node::Bool(answer) => Value::Bool(*answer),
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::text(text),
            Node::Fact(fact) => self.fact(*fact),
            Node::Name(place) => self.known(self.names.get(*place).cloned()),
            Node::Item => self.known(self.items.last().cloned()),
            Node::List(list) => Value::List(list.iter().map(|one| self.value(one)).collect()),
            Node::Index(of, place) => match self.value(place).as_number() {
                Some(place) => self.value(of).item(place),
                None => Value::Unknown,
            },
            Node::Slice(of, from, to) => self.slice(of, from.as_deref(), to.as_deref()),
            Node::Not(of) => self.value(of).as_bool().map(|answer| !answer).into(),
            Node::Negative(of) => self.value(of).as_number().map_or(Value::Unknown, |number| Value::Number(-number)),
            Node::All(all) => self.fold(all, false),
            Node::Any(all) => self.fold(all, true),
            Node::Pair(sign, left, right) => self.pair(*sign, left, right),
            Node::If(condition, yes, no) => match self.value(condition).as_bool() {
                Some(true) => self.value(yes),
                Some(false) => self.value(no),
                None => Value::Unknown,
            },
            Node::Let(value, body) => {
                let value = self.value(value);
                self.names.push(value);
                let answer = self.value(body);
                self.names.pop();
                answer
            }
            Node::Call(function, arguments) => self.call(*function, arguments),
            Node::Each(each, list, body) => self.each(*each, list, body),
            Node::MatchesAny(of, patterns) => self.value(of).as_text().map(|text| patterns.is_match(text)).into(),
            Node::ContainsAny(of, words) => self.value(of).as_text().map(|text| words.is_match(text)).into(),
            Node::FindMatch(of, patterns) => match self.value(of).as_text() {
                Some(text) => Value::owned(patterns.find(text).unwrap_or_default().to_vec()),
                None => Value::Unknown,
            },
        }
    }

    /// A value that is used again; its copy counts.
    fn known(&mut self, value: Option<Value<'t>>) -> Value<'t> {
        let value = value.unwrap_or(Value::Unknown);
        self.bytes += match &value {
            Value::Text(std::borrow::Cow::Owned(text)) => text.len(),
            Value::List(list) => list.len() * 64,
            _ => 0,
        };
        value
    }

    fn fact(&self, fact: Fact) -> Value<'t> {
        let sight = self.sight;
        match fact {
            Fact::Secret => Value::text(sight.secret),
            Fact::Match => Value::text(sight.matched()),
            Fact::Line => Value::text(sight.line()),
            Fact::Raw => Value::text(sight.text),
            Fact::Start => Value::number(sight.start),
            Fact::End => Value::number(sight.end),
            Fact::LineStart => Value::number(sight.line_start()),
            Fact::LineEnd => Value::number(sight.line_end()),
            Fact::Path => Value::text(sight.paths.first().map_or(&[], |path| path.as_bytes())),
        }
    }

    fn slice(&mut self, of: &'t Node, from: Option<&'t Node>, to: Option<&'t Node>) -> Value<'t> {
        let mut end = |node: Option<&'t Node>| node.map(|node| self.value(node));
        let (from, to) = (end(from), end(to));
        let is_number = |end: &Option<Value<'t>>| end.as_ref().is_none_or(|end| end.as_number().is_some());
        if !is_number(&from) || !is_number(&to) {
            return Value::Unknown;
        }
        let number = |end: Option<Value<'t>>| end.and_then(|end| end.as_number());
        self.value(of).slice(number(from), number(to))
    }

    /// `and` and `or`: one answer of the deciding kind is enough, whatever else cannot be told.
    fn fold(&mut self, all: &'t [Node], decides: bool) -> Value<'t> {
        let mut is_known = true;
        for one in all {
            match self.value(one).as_bool() {
                Some(answer) if answer == decides => return Value::Bool(decides),
                Some(_) => {}
                None => is_known = false,
            }
        }
        is_known.then_some(!decides).into()
    }

    fn pair(&mut self, sign: Sign, left: &'t Node, right: &'t Node) -> Value<'t> {
        let left = self.value(left);
        if sign == Sign::Else {
            return if left == Value::Nil || left == Value::Unknown { self.value(right) } else { left };
        }
        let right = self.value(right);
        let contained = |list: &Value<'t>, one: &Value<'t>| match list {
            Value::List(list) => {
                let same = || list.iter().map(|other| other.equals(one));
                if same().any(|same| same == Some(true)) {
                    Some(true)
                } else {
                    same().all(|same| same.is_some()).then_some(false)
                }
            }
            _ => None,
        };
        match sign {
            Sign::Equal => return left.equals(&right).into(),
            Sign::Different => return left.equals(&right).map(|same| !same).into(),
            Sign::In => return contained(&right, &left).into(),
            Sign::NotIn => return contained(&right, &left).map(|is_in| !is_in).into(),
            _ => {}
        }
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => self.texts(sign, &left, &right),
            (Value::Number(left), Value::Number(right)) => numbers(sign, left, right),
            _ => Value::Unknown,
        }
    }

    fn texts(&mut self, sign: Sign, left: &[u8], right: &[u8]) -> Value<'t> {
        Value::Bool(match sign {
            Sign::Plus => {
                self.bytes += left.len() + right.len();
                return if self.bytes > MOST_BYTES { Value::Unknown } else { Value::owned([left, right].concat()) };
            }
            Sign::Contains => right.is_empty() || left.windows(right.len()).any(|window| window == right),
            Sign::StartsWith => left.starts_with(right),
            Sign::EndsWith => left.ends_with(right),
            Sign::Less => left < right,
            Sign::LessOrEqual => left <= right,
            Sign::More => left > right,
            Sign::MoreOrEqual => left >= right,
            _ => return Value::Unknown,
        })
    }

    fn call(&mut self, function: Function, arguments: &'t [Node]) -> Value<'t> {
        let values: Vec<_> = arguments.iter().map(|one| self.value(one)).collect();
        if function == Function::SetConfidence {
            self.confidence = match values.first().and_then(Value::as_text) {
                Some(b"low") => Some(Confidence::Low),
                Some(b"medium") => Some(Confidence::Medium),
                Some(b"high") => Some(Confidence::High),
                _ => self.confidence,
            };
        }
        let length = |value: &Value<'t>| value.as_text().map_or(0, <[u8]>::len);
        self.bytes += values.iter().map(length).sum::<usize>();
        if self.bytes > MOST_BYTES { Value::Unknown } else { function.call(&values) }
    }

    fn each(&mut self, each: Each, list: &'t Node, body: &'t Node) -> Value<'t> {
        let Value::List(list) = self.value(list) else { return Value::Unknown };
        if list.len() > LONGEST_LIST {
            return Value::Unknown;
        }
        let mut values = Vec::new();
        let mut kept = Vec::new();
        for item in list {
            self.items.push(item);
            let value = self.value(body);
            let item = self.items.pop().unwrap_or(Value::Unknown);
            if each == Each::Filter && value.as_bool() == Some(true) {
                kept.push(item);
            }
            values.push(value);
        }
        let has = |answer: bool| values.iter().any(|value| value.as_bool() == Some(answer));
        let is_known = values.iter().all(|value| value.as_bool().is_some());
        match each {
            Each::Map => Value::List(values),
            Each::Filter if is_known => Value::List(kept),
            Each::Filter => Value::Unknown,
            Each::Any => {
                if has(true) {
                    Value::Bool(true)
                } else {
                    is_known.then_some(false).into()
                }
            }
            Each::None => {
                if has(true) {
                    Value::Bool(false)
                } else {
                    is_known.then_some(true).into()
                }
            }
            Each::All => {
                if has(false) {
                    Value::Bool(false)
                } else {
                    is_known.then_some(true).into()
                }
            }
        }
    }
}

fn numbers<'t>(sign: Sign, left: f64, right: f64) -> Value<'t> {
    let number = match sign {
        Sign::Less => return Value::Bool(left < right),
        Sign::LessOrEqual => return Value::Bool(left <= right),
        Sign::More => return Value::Bool(left > right),
        Sign::MoreOrEqual => return Value::Bool(left >= right),
        Sign::Plus => left + right,
        Sign::Minus => left - right,
        Sign::Times => left * right,
        Sign::Divided => left / right,
        Sign::Remainder => left % right,
        _ => return Value::Unknown,
    };
    if number.is_finite() { Value::Number(number) } else { Value::Unknown }
}
