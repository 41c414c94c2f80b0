//! Judges condition blocks as far as the request is known before it is made: true, false or not to be known.
//! It never guesses: an operator or key it does not know leaves the answer open.

use serde_json::Value;

use super::pattern::covers;

/// The answer to a question that may stay open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Open,
    True,
}

impl Truth {
    pub(super) fn not(self) -> Self {
        match self {
            Truth::False => Truth::True,
            Truth::Open => Truth::Open,
            Truth::True => Truth::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Truth::True } else { Truth::False }
    }
}

/// One test of a condition block: `StringEquals` of one key against its values.
#[derive(Debug)]
pub(super) struct Clause {
    operator: String,
    /// Lower case: condition keys are case-insensitive.
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// The keys of a request whose value is known beforehand, lower case, such as `iam:passedtoservice`.
pub(super) type Known<'a> = [(&'a str, &'a str)];

/// Reads a `Condition` element. What cannot be read becomes a clause that stays open.
pub(super) fn clauses(condition: &Value) -> Vec<Clause> {
    let Some(operators) = condition.as_object() else {
        let unreadable =
            Clause { operator: String::new(), key: "(unreadable condition)".to_owned(), values: Vec::new() };
        return if condition.is_null() { Vec::new() } else { vec![unreadable] };
    };
    let mut clauses = Vec::new();
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            clauses.push(Clause { operator: operator.clone(), key: key.to_lowercase(), values: texts(values) });
        }
        if !keys.is_object() {
            clauses.push(Clause {
                operator: operator.clone(),
                key: "(unreadable condition)".to_owned(),
                values: Vec::new(),
            });
        }
    }
    clauses
}

/// Whether all clauses hold. No clauses hold always.
pub(super) fn hold(clauses: &[Clause], known: &Known<'_>) -> Truth {
    clauses.iter().map(|clause| clause.holds(known)).min().unwrap_or(Truth::True)
}

impl Clause {
    fn holds(&self, known: &Known<'_>) -> Truth {
        let Some((_, value)) = known.iter().find(|(key, _)| *key == self.key) else { return Truth::Open };
        if self.values.is_empty() || self.values.iter().any(|wanted| wanted.contains("${")) {
            return Truth::Open;
        }
        let operator = self.operator.strip_suffix("IfExists").unwrap_or(&self.operator);
        let any = |same: fn(&str, &str) -> bool| Truth::from(self.values.iter().any(|wanted| same(wanted, value)));
        match operator {
            "StringEquals" => any(|wanted, value| wanted == value),
            "StringNotEquals" => any(|wanted, value| wanted == value).not(),
            "StringEqualsIgnoreCase" => any(|wanted, value| wanted.eq_ignore_ascii_case(value)),
            "StringNotEqualsIgnoreCase" => any(|wanted, value| wanted.eq_ignore_ascii_case(value)).not(),
            "StringLike" => any(covers),
            "StringNotLike" => any(covers).not(),
            "ArnEquals" | "ArnLike" => any(arn_like),
            "ArnNotEquals" | "ArnNotLike" => any(arn_like).not(),
            _ => Truth::Open,
        }
    }

    /// Whether the clause keeps anyone out who does not match it: a positive test against at least one value, all of
    /// them narrower than `*`. Negated tests, `…IfExists`, `ForAllValues:` (true when the key is absent) and
    /// `aws:SecureTransport` say nothing about who asks.
    pub(super) fn limits(&self) -> bool {
        let negated = self.operator.contains("Not") || self.operator == "Null";
        let lenient = self.operator.ends_with("IfExists") || self.operator.starts_with("ForAllValues");
        let all = |value: &String| value.is_empty() || value.chars().all(|c| c == '*');
        let pattern = self.operator.contains("Like") || self.operator.contains("Arn");
        let open = self.values.is_empty() || (pattern && self.values.iter().any(all));
        !negated && !lenient && !open && self.key != "aws:securetransport"
    }

    /// Whether it is a positive test, so that its values name what is let in.
    pub(super) fn names_values(&self) -> bool {
        self.limits() && (self.operator.contains("String") || self.operator.contains("Arn"))
    }
}

/// `ArnEquals` and `ArnLike` do the same: wildcards within each of the six parts of an ARN.
fn arn_like(pattern: &str, value: &str) -> bool {
    let (pattern, value): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), value.splitn(6, ':').collect());
    pattern.len() == value.len() && pattern.iter().zip(value).all(|(pattern, value)| covers(pattern, value))
}

/// The texts of a string, or of a list of strings, booleans and numbers.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}
