//! Reads the parts of a trust or resource policy that say who is let in and under which conditions. It must not weigh
//! statements against each other: that is the policy engine's part.

use serde_json::Value;

use crate::access::aws::{Hold, hold_of};
use crate::model::wildcard::covers;

/// Whom a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Principal<'a> {
    /// Anyone.
    Anyone,
    /// An account, by its number or the ARN of its root.
    Account(&'a str),
    /// An identity of an account.
    Identity { account: &'a str },
    /// The unique id that AWS shows in place of a deleted identity.
    Deleted(&'a str),
    /// A service of AWS.
    Service(&'a str),
    /// An OIDC or SAML provider.
    Federated(&'a str),
}

/// One test of a condition block.
#[derive(Clone, Debug)]
pub(super) struct Test<'a> {
    operator: String,
    /// The key, in lower case.
    pub(super) key: String,
    pub(super) values: Vec<&'a str>,
}

impl Test<'_> {
    /// Whether it keeps out whoever lacks the key or has another value: a test for equality or likeness that is not
    /// satisfied by an absent key. `…IfExists` and `ForAllValues:` are (IAM user guide, "Condition operators").
    pub(super) fn binds(&self) -> bool {
        let is_positive = matches!(
            self.positive(),
            "stringequals"
                | "stringequalsignorecase"
                | "stringlike"
                | "arnequals"
                | "arnlike"
                | "numericequals"
                | "bool"
        );
        is_positive && !self.values.is_empty() && self.values.iter().all(|value| !value.is_empty() && *value != "*")
    }

    /// How far it keeps strangers out.
    pub(super) fn hold(&self) -> Hold {
        let is_bound = self.binds() || self.is_other_positive();
        if is_bound { hold_of(&self.key, self.is_pattern(), self.values.iter().copied()) } else { Hold::Nobody }
    }

    /// Whether it is one of the positive tests that compare no texts, and has values.
    fn is_other_positive(&self) -> bool {
        let operator = self.positive();
        let ordered = operator.starts_with("numeric") || operator.starts_with("date");
        let is_negated = operator.contains("not") || operator.ends_with("ifexists");
        (operator == "ipaddress" || operator == "binaryequals" || (ordered && !is_negated)) && !self.values.is_empty()
    }

    /// The accounts that it holds a principal `*` to.
    pub(super) fn accounts(&self) -> Vec<&str> {
        let keys =
            ["aws:principalaccount", "aws:principalarn", "aws:sourceaccount", "aws:sourcearn", "kms:calleraccount"];
        if self.hold() != Hold::Who || !keys.contains(&self.key.as_str()) {
            return Vec::new();
        }
        let parts = self
            .values
            .iter()
            .map(|value| value.strip_prefix("arn:").map_or(*value, |rest| rest.split(':').nth(3).unwrap_or_default()));
        parts.filter(|part| is_account(part)).collect()
    }

    /// Whether a deny under it meets every stranger: the negated test of what names who is let in.
    fn meets_strangers(&self) -> bool {
        let operator = self.operator.strip_suffix("ifexists").unwrap_or(&self.operator);
        if self.key == "aws:principalisawsservice" {
            return operator == "bool" && self.values == ["false"];
        }
        let negated = ["stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"];
        let is_negated = negated.contains(&operator) || operator == "notipaddress";
        let pattern = operator.ends_with("like") || operator.starts_with("arn");
        is_negated && hold_of(&self.key, pattern, self.values.iter().copied()) >= Hold::ByPlace
    }

    /// The operator without what it says of several values.
    fn positive(&self) -> &str {
        self.operator.strip_prefix("foranyvalue:").unwrap_or(&self.operator)
    }

    /// Whether wildcards in its values are wildcards.
    pub(super) fn is_pattern(&self) -> bool {
        self.operator.ends_with("like") || self.operator.ends_with("arnequals")
    }
}

/// One `Allow` statement that lets strangers in as far as it can.
pub(super) struct Statement<'a> {
    pub(super) principals: Vec<Principal<'a>>,
    /// It lets in everyone but those it names.
    pub(super) all_but: bool,
    pub(super) tests: Vec<Test<'a>>,
    /// What a `Deny` of the same document spares, as tests that must hold.
    pub(super) spared: Vec<Test<'a>>,
    /// A `Deny` of the same document keeps out every stranger that it lets in.
    pub(super) shut: bool,
}

/// The `Allow` statements of a document.
pub(super) fn allows(document: &Value) -> Vec<Statement<'_>> {
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    let has = |statement: &&Value, effect: &str| statement.get("Effect").and_then(Value::as_str) == Some(effect);
    let shutting: Vec<&Value> =
        statements.iter().filter(|one| has(one, "Deny")).filter(|one| shuts_out_strangers(one)).collect();
    statements
        .iter()
        .filter(|statement| has(statement, "Allow"))
        .map(|statement| Statement {
            principals: statement.get("Principal").map(principals).unwrap_or_default(),
            all_but: statement.get("NotPrincipal").is_some(),
            tests: statement.get("Condition").map(tests).unwrap_or_default(),
            spared: statements
                .iter()
                .filter(|deny| has(deny, "Deny") && is_about_all_of(deny, statement))
                .filter_map(|deny| spared(deny, statement))
                .collect(),
            shut: shutting.iter().any(|deny| is_about_all_of(deny, statement)),
        })
        .collect()
}

/// What a `Deny` of everyone, or of the providers that a statement names, spares by its one negated test.
fn spared<'a>(deny: &'a Value, allow: &Value) -> Option<Test<'a>> {
    let named = deny.get("Principal").map(principals).unwrap_or_default();
    let allowed = allow.get("Principal").map(principals).unwrap_or_default();
    let is_all = named.contains(&Principal::Anyone) || allowed.iter().all(|one| named.contains(one));
    let mut tests = deny.get("Condition").map(tests)?.into_iter();
    let (one, None) = (tests.next()?, tests.next()) else { return None };
    let operator = match one.operator.as_str() {
        "stringnotlike" => "stringlike",
        "stringnotequals" => "stringequals",
        _ => return None,
    };
    is_all.then(|| Test { operator: operator.to_owned(), ..one })
}

/// Whether a `Deny` keeps out everyone who is of no account, organisation or network that it spares.
fn shuts_out_strangers(deny: &Value) -> bool {
    let tests = deny.get("Condition").map(tests).unwrap_or_default();
    let everyone = match deny.get("Principal") {
        Some(named) => principals(named).contains(&Principal::Anyone),
        None => deny.get("NotPrincipal").is_some() && tests.is_empty(),
    };
    everyone && tests.iter().all(Test::meets_strangers)
}

/// Whether a statement is about every action and resource of another.
fn is_about_all_of(deny: &Value, allow: &Value) -> bool {
    ["Action", "Resource"].iter().all(|name| match (deny.get(*name), allow.get(*name)) {
        (Some(all), Some(some)) => {
            let (all, some) = (texts(all), texts(some));
            let is_in = |one: &&str| {
                let lower = one.to_ascii_lowercase();
                all.iter().any(|pattern| covers(&pattern.to_ascii_lowercase(), &lower))
            };
            some.iter().all(is_in)
        }
        // A trust policy has no resources.
        (None, None) => *name == "Resource",
        _ => false,
    })
}

fn principals(value: &Value) -> Vec<Principal<'_>> {
    let Value::Object(forms) = value else { return texts(value).into_iter().map(aws_principal).collect() };
    forms
        .iter()
        .flat_map(|(form, names)| {
            texts(names).into_iter().filter_map(move |name| match form.as_str() {
                "AWS" => Some(aws_principal(name)),
                "Service" => Some(Principal::Service(name)),
                "Federated" => Some(Principal::Federated(name)),
                _ => None,
            })
        })
        .collect()
}

fn aws_principal(name: &str) -> Principal<'_> {
    if name == "*" {
        return Principal::Anyone;
    }
    if is_account(name) {
        return Principal::Account(name);
    }
    let account = name.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).filter(|part| is_account(part));
    match account {
        Some(account) if name.ends_with(":root") => Principal::Account(account),
        Some(account) => Principal::Identity { account },
        None => Principal::Deleted(name),
    }
}

/// Twelve digits.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the form of an id that IAM gave to a user or role and shows when that is gone (IAM user guide, "IAM
/// identifiers").
pub(super) fn is_unique_id(text: &str) -> bool {
    let is_kind = ["AIDA", "AROA"].iter().any(|prefix| text.starts_with(prefix));
    is_kind && text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn tests(condition: &Value) -> Vec<Test<'_>> {
    let operators = condition.as_object().into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(|(key, values)| Test {
                operator: operator.to_ascii_lowercase(),
                key: key.to_ascii_lowercase(),
                values: texts(values),
            })
        })
        .collect()
}

/// A text or a list of texts.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::Bool(true) => vec!["true"],
        Value::Bool(false) => vec!["false"],
        _ => Vec::new(),
    }
}
