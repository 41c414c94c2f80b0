//! Judges condition blocks as far as the request is known before it is made: true, false or not to be known.
//! It never guesses: an operator or key it does not know leaves the answer open.
//! Source: IAM User Guide, "IAM JSON policy elements: Condition", "Conditions with multiple context keys or values".

use serde_json::Value;

use super::context::{Asked, Seen};
use super::operator::{Operator, Over, Test, same, same_between};
use super::truth::Truth;
use super::variable::{Filled, filled, literal};
use super::whose::{Hold, hold_of};
use crate::model::wildcard::covers;

const UNREADABLE: &str = "(unreadable condition)";

/// One test of a condition block: `StringEquals` of one key against its values.
#[derive(Debug)]
pub(super) struct Clause {
    operator: Operator,
    /// Lower case: condition keys are case-insensitive.
    pub(super) key: Box<str>,
    pub(super) values: Vec<Box<str>>,
    /// Whether `${…}` is a variable in the values.
    variables: bool,
}

/// Reads a `Condition` element. What cannot be read becomes a clause that stays open.
pub(super) fn clauses(condition: &Value, variables: bool) -> Vec<Clause> {
    let unreadable = || Clause { operator: Operator::read(""), key: UNREADABLE.into(), values: Vec::new(), variables };
    let Some(operators) = condition.as_object() else {
        return if condition.is_null() { Vec::new() } else { vec![unreadable()] };
    };
    let mut clauses = Vec::new();
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = texts(values);
            let variables = variables && values.iter().any(|value| value.contains("${"));
            let key = key.to_lowercase().into();
            clauses.push(Clause { operator: Operator::read(operator), key, values, variables });
        }
        if !keys.is_object() {
            clauses.push(unreadable());
        }
    }
    clauses
}

/// Whether all clauses hold. No clauses hold always.
pub(super) fn hold(clauses: &[Clause], asked: &Asked<'_>) -> Truth {
    clauses.iter().map(|clause| clause.holds(asked)).min().unwrap_or(Truth::True)
}

/// The keys that keep the clauses from being judged.
pub(super) fn open_keys<'c>(clauses: &'c [Clause], asked: &Asked<'_>) -> Vec<&'c str> {
    clauses.iter().filter(|clause| clause.holds(asked) == Truth::Open).map(|clause| clause.key.as_ref()).collect()
}

impl Clause {
    fn holds(&self, asked: &Asked<'_>) -> Truth {
        if self.operator.test == Test::Unknown {
            return Truth::Open;
        }
        match asked.seen(&self.key) {
            Seen::Unknown => self.on_unknown(),
            Seen::Absent => self.on_absent(),
            Seen::One(value) => self.on_values(std::iter::once(value), 1, asked),
            Seen::Many(values) => self.on_values(values.iter().map(String::as_str), values.len(), asked),
            Seen::Time { from, to, or_absent } => {
                let there = self.on_time(from, to);
                if or_absent { there.either(self.on_absent()) } else { there }
            }
        }
    }

    /// Whether it holds for a value of its key.
    pub(super) fn holds_for(&self, value: &str, asked: &Asked<'_>) -> Truth {
        if self.operator.test == Test::Unknown { Truth::Open } else { self.on_values(std::iter::once(value), 1, asked) }
    }

    /// Some tests hold, or do not, whatever the value.
    fn on_unknown(&self) -> Truth {
        let everything = self.operator.test == Test::TextLike && self.values.iter().any(|value| is_stars(value));
        match (everything && self.operator.over != Over::Any, self.operator.if_exists, self.operator.negated) {
            (true, true, false) => Truth::True,
            _ => Truth::Open,
        }
    }

    fn on_absent(&self) -> Truth {
        let operator = &self.operator;
        if operator.test == Test::Null {
            return self.values.iter().any(|wanted| wanted.eq_ignore_ascii_case("true")).into();
        }
        match operator.over {
            _ if operator.if_exists => Truth::True,
            Over::All => Truth::True,
            Over::Any => Truth::False,
            Over::One => operator.negated.into(),
        }
    }

    fn on_values<'v>(&self, values: impl Iterator<Item = &'v str>, count: usize, asked: &Asked<'_>) -> Truth {
        if self.operator.test == Test::Null {
            return self.values.iter().any(|wanted| wanted.eq_ignore_ascii_case("false")).into();
        }
        if self.operator.over == Over::One && count > 1 {
            // An operator for one value is not defined for several.
            return Truth::Open;
        }
        let each = values.map(|value| {
            let found = self.wanted(value, asked);
            if self.operator.negated { found.not() } else { found }
        });
        match self.operator.over {
            Over::All => each.min().unwrap_or(Truth::True),
            Over::One | Over::Any => each.max().unwrap_or(Truth::False),
        }
    }

    /// Whether a value is among those that the clause lists.
    fn wanted(&self, value: &str, asked: &Asked<'_>) -> Truth {
        let test = self.operator.test;
        let one = |wanted: &str| {
            if !self.variables || !wanted.contains("${") {
                return Truth::from(same(test, wanted, value));
            }
            match filled(wanted, true, asked) {
                Filled::Nothing => Truth::False,
                Filled::Text(_, true) => Truth::Open,
                Filled::Text(wanted, false) => same(test, &wanted, &literal(&wanted, value)).into(),
            }
        };
        self.values.iter().map(|wanted| one(wanted)).max().unwrap_or(Truth::False)
    }

    fn on_time(&self, from: i64, to: i64) -> Truth {
        if self.operator.test == Test::Null {
            return self.values.iter().any(|wanted| wanted.eq_ignore_ascii_case("false")).into();
        }
        if self.variables {
            return Truth::Open;
        }
        let test = self.operator.test;
        let found = self.values.iter().map(|wanted| same_between(test, wanted, from, to)).max().unwrap_or(Truth::False);
        if self.operator.negated { found.not() } else { found }
    }

    /// Whether the clause keeps anyone out who does not match it: a positive test against at least one value, all of
    /// them narrower than `*`. Negated tests, `…IfExists`, `ForAllValues:` (true when the key is absent) and
    /// `aws:SecureTransport` say nothing about who asks.
    pub(super) fn limits(&self) -> bool {
        let operator = &self.operator;
        let lenient =
            operator.negated || operator.test == Test::Null || operator.if_exists || operator.over == Over::All;
        let pattern = matches!(operator.test, Test::TextLike | Test::Arn);
        let all = |value: &str| value.is_empty() || is_stars(value);
        let open = self.values.is_empty() || (pattern && self.values.iter().any(|value| all(value)));
        !lenient && !open && &*self.key != "aws:securetransport"
    }

    /// Whether it keeps strangers out: a limit that not everybody can meet.
    pub(super) fn limits_strangers(&self) -> bool {
        self.limits() && self.hold() != Hold::Nobody
    }

    /// Whether a deny under it meets every stranger: the negated test of what names who is let in.
    pub(super) fn meets_strangers(&self) -> bool {
        let is_person = &*self.key == "aws:principalisawsservice"
            && self.operator.test == Test::Bool
            && self.values.iter().all(|value| value.eq_ignore_ascii_case("false"));
        // `ForAnyValue:` is false where the key is absent, as it is of those who are in no organisation.
        is_person || (self.operator.negated && self.operator.over == Over::One && self.hold() >= Hold::ByPlace)
    }

    fn hold(&self) -> Hold {
        if matches!(self.operator.test, Test::Null | Test::Unknown) {
            return Hold::Nobody;
        }
        let pattern = matches!(self.operator.test, Test::TextLike | Test::Arn);
        hold_of(&self.key, pattern, self.values.iter().map(AsRef::as_ref))
    }

    /// Whether it holds when a service becomes a role for what somebody makes in an account: of the source, its account
    /// and its ARN are known as far as that.
    pub(super) fn holds_for_service(&self, account: &str) -> Truth {
        let is_own = |value: &str| match &*self.key {
            "aws:sourceaccount" | "aws:sourceowner" => same(self.operator.test, value, account),
            // A resource of one's own, where the name can be chosen.
            _ => {
                matches!(value.split(':').nth(4), Some(part) if part.is_empty() || covers(part, account))
                    || value == "*"
            }
        };
        let is_known = matches!(&*self.key, "aws:sourceaccount" | "aws:sourceowner" | "aws:sourcearn");
        if !is_known || !self.is_text() || self.variables {
            return self.on_unknown();
        }
        let found = Truth::from(self.values.iter().any(|value| is_own(value)));
        if !self.operator.negated {
            return found;
        }
        // That another source is spared says nothing of one's own; an ARN of one's own may be another.
        if &*self.key == "aws:sourcearn" && found == Truth::True { Truth::Open } else { found.not() }
    }

    /// A tag that whoever makes something would have to write on it: name and value.
    pub(super) fn request_tag(&self) -> Option<(&str, String)> {
        let name = self.key.strip_prefix("aws:requesttag/")?;
        if self.operator.test == Test::Null {
            let must_be = self.values.iter().any(|value| value.eq_ignore_ascii_case("false"));
            return must_be.then(|| (name, "any".to_owned()));
        }
        let is_text = matches!(self.operator.test, Test::Text | Test::TextAnyCase | Test::TextLike);
        let value = self.values.iter().find(|value| is_text && !self.operator.negated && !value.contains("${"))?;
        let is_like = self.operator.test == Test::TextLike;
        Some((name, if is_like { value.replace('*', "").replace('?', "x") } else { value.to_string() }))
    }

    /// The tag of the principal that it asks for, or with a negated test the one that it spares: name and value.
    pub(super) fn principal_tag(&self, negated: bool) -> Option<(String, String)> {
        let name = self.key.strip_prefix("aws:principaltag/").filter(|_| self.operator.negated == negated)?;
        let is_text = matches!(self.operator.test, Test::Text | Test::TextAnyCase | Test::TextLike);
        let value = self.values.iter().find(|value| is_text && !value.contains("${"))?;
        Some((name.to_owned(), value.replace(['*', '?'], "x")))
    }

    /// Whether it is a positive test, so that its values name what is let in.
    pub(super) fn names_values(&self) -> bool {
        self.limits_strangers() && self.is_text()
    }

    /// As [`Self::names_values`] of a negated test: whom a deny spares.
    pub(super) fn spares_values(&self) -> bool {
        self.operator.negated && self.is_text() && self.hold() == Hold::Who
    }

    fn is_text(&self) -> bool {
        matches!(self.operator.test, Test::Text | Test::TextAnyCase | Test::TextLike | Test::Arn)
    }
}

fn is_stars(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// The texts of a string, or of a list of strings, booleans and numbers.
fn texts(value: &Value) -> Vec<Box<str>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string().into()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}
