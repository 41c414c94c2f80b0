//! Reads policy documents into statements that can be asked. It decides nothing about a request as a whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition::{Clause, Truth, clauses};
use super::pattern::covers;

/// An action to ask about.
#[derive(Clone, Debug)]
pub(super) struct Action {
    /// As written, for the reader.
    pub(super) text: String,
    service: String,
    name: String,
}

impl Action {
    /// `iam:PassRole`. Without a colon no statement but `*` matches it.
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let (service, name) = lower.split_once(':').unwrap_or((&lower, ""));
        Self { text: text.to_owned(), service: service.to_owned(), name: name.to_owned() }
    }
}

/// The actions of a statement, by service, so that a long list is not gone through for every question.
#[derive(Debug, Default)]
pub(super) struct ActionSet {
    everything: bool,
    by_service: BTreeMap<String, Vec<String>>,
}

impl ActionSet {
    /// Malformed names (a comma, a blank, no name) match nothing, as with AWS.
    fn read(patterns: &[&str]) -> Self {
        let mut set = Self::default();
        for pattern in patterns.iter().filter(|pattern| is_action(pattern)) {
            let lower = pattern.to_ascii_lowercase();
            match lower.split_once(':') {
                Some((service, name)) if !service.contains(['*', '?']) => {
                    set.by_service.entry(service.to_owned()).or_default().push(name.to_owned());
                }
                Some((service, name)) if stars(service) && stars(name) => set.everything = true,
                Some(_) => {}
                None => set.everything = true,
            }
        }
        set
    }

    pub(super) fn contains(&self, action: &Action) -> bool {
        self.everything
            || self
                .by_service
                .get(&action.service)
                .is_some_and(|names| names.iter().any(|name| covers(name, &action.name)))
    }
}

fn stars(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

fn is_action(text: &str) -> bool {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*' | b'?'))
    };
    stars(text) || text.split_once(':').is_some_and(|(service, name)| plain(service) && plain(name))
}

/// A list that a statement applies to, or applies to all but.
#[derive(Debug)]
struct Only<T> {
    list: T,
    except: bool,
}

/// One statement.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) allow: bool,
    actions: Only<ActionSet>,
    /// None in a trust policy, whose resource is the role itself.
    resources: Option<Only<Vec<&'a str>>>,
    pub(super) conditions: Vec<Clause>,
    /// The statement as written.
    pub(super) raw: &'a Value,
    /// Whether `${…}` is a variable here; only in version 2012-10-17.
    variables: bool,
}

/// Values of policy variables by lower-case name.
pub(super) type Variables<'a> = [(&'a str, &'a str)];

impl<'a> Statement<'a> {
    fn read(number: usize, raw: &'a Value, variables: bool) -> Option<Self> {
        let allow = match raw.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return None,
        };
        let (actions, except) = one_of(raw, "Action", "NotAction")?;
        let resources = one_of(raw, "Resource", "NotResource").map(|(list, except)| Only { list, except });
        let conditions = raw.get("Condition").map(clauses).unwrap_or_default();
        let actions = Only { list: ActionSet::read(&actions), except };
        Some(Self { number, allow, actions, resources, conditions, raw, variables })
    }

    pub(super) fn names_action(&self, action: &Action) -> bool {
        self.actions.list.contains(action) != self.actions.except
    }

    /// Whether the statement is about this resource, or about all of them when `resource` has wildcards.
    pub(super) fn names_resource(&self, resource: &str, known: &Variables<'_>) -> Truth {
        let Some(Only { list, except }) = &self.resources else { return Truth::False };
        let named = list.iter().map(|pattern| self.matches(pattern, resource, known)).max().unwrap_or(Truth::False);
        if *except { named.not() } else { named }
    }

    /// The resource patterns it is about, and for `NotResource` everything.
    pub(super) fn patterns(&self) -> Vec<&'a str> {
        match &self.resources {
            None => Vec::new(),
            Some(Only { list, except: false }) => list.clone(),
            Some(_) => vec!["*"],
        }
    }

    fn matches(&self, pattern: &str, resource: &str, known: &Variables<'_>) -> Truth {
        if !self.variables || !pattern.contains("${") {
            return covers(pattern, resource).into();
        }
        let (filled, open) = fill(pattern, known);
        match covers(&filled, resource) {
            true if open => Truth::Open,
            matched => matched.into(),
        }
    }

    /// `Allow iam:*, ec2:RunInstances on *`.
    pub(super) fn describe(&self) -> String {
        let effect = if self.allow { "Allow" } else { "Deny" };
        let list = |plain: &str, negated: &str| {
            let (texts, except) = one_of(self.raw, plain, negated).unwrap_or_default();
            let shown = texts.iter().take(3).copied().collect::<Vec<_>>().join(", ");
            let more = if texts.len() > 3 { format!(" and {} more", texts.len() - 3) } else { String::new() };
            format!("{}{shown}{more}", if except { "everything but " } else { "" })
        };
        format!("{effect} {} on {}", list("Action", "NotAction"), list("Resource", "NotResource"))
    }
}

/// The element under one of two names, of which exactly one may be there.
fn one_of<'a>(statement: &'a Value, plain: &str, negated: &str) -> Option<(Vec<&'a str>, bool)> {
    match (statement.get(plain), statement.get(negated)) {
        (Some(list), None) => Some((strings(list), false)),
        (None, Some(list)) => Some((strings(list), true)),
        _ => None,
    }
}

/// The strings of a string or of a list of strings.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Puts known values in place of `${…}` and `*` in place of the others; says whether there were others.
fn fill(pattern: &str, known: &Variables<'_>) -> (String, bool) {
    let (mut filled, mut rest, mut open) = (String::new(), pattern, false);
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            return (format!("{filled}*"), true);
        };
        let name = name.to_ascii_lowercase();
        match known.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => filled.push_str(value),
            None => {
                filled.push('*');
                open = true;
            }
        }
        rest = after;
    }
    (filled + rest, open)
}

/// The statements of a document that can be read, in order. What cannot be read grants and denies nothing;
/// [`problems`] names it.
pub(super) fn statements(document: &Value) -> Vec<Statement<'_>> {
    let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
    raw_statements(document)
        .iter()
        .enumerate()
        .filter_map(|(index, raw)| Statement::read(index + 1, raw, variables))
        .collect()
}

fn raw_statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(list)) => list,
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    }
}

/// What is malformed in a policy document, in words; empty when nothing is. AWS refuses such documents, so they come
/// from hand-made or damaged exports, and the parts named here were left out of every conclusion.
pub fn problems(document: &Value) -> Vec<String> {
    if !document.is_object() {
        return vec!["the policy document is not a JSON object".to_owned()];
    }
    let mut found = Vec::new();
    match document.get("Version") {
        None => {}
        Some(Value::String(version)) if matches!(version.as_str(), "2012-10-17" | "2008-10-17") => {}
        Some(other) => found.push(format!("Version is {other}, expected \"2012-10-17\" or \"2008-10-17\"")),
    }
    match document.get("Statement") {
        Some(Value::Array(_) | Value::Object(_)) => {}
        Some(_) => found.push("Statement is neither an object nor a list".to_owned()),
        None => found.push("there is no Statement".to_owned()),
    }
    for (index, statement) in raw_statements(document).iter().enumerate() {
        found.extend(statement_problems(statement).into_iter().map(|text| format!("statement {}: {text}", index + 1)));
    }
    found
}

fn statement_problems(statement: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if !statement.is_object() {
        return vec!["not an object".to_owned()];
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        found.push("Effect is not \"Allow\" or \"Deny\"".to_owned());
    }
    let is_trust = statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
    for (plain, negated, needed) in [("Action", "NotAction", true), ("Resource", "NotResource", !is_trust)] {
        match (statement.get(plain), statement.get(negated)) {
            (Some(_), Some(_)) => found.push(format!("it has both {plain} and {negated}")),
            (None, None) if needed => found.push(format!("it has neither {plain} nor {negated}")),
            (None, None) => {}
            (Some(list), None) | (None, Some(list)) => {
                let count = list.as_array().map_or(1, Vec::len);
                if strings(list).len() != count || count == 0 {
                    found.push(format!("{plain} is not a string or a list of strings"));
                }
            }
        }
    }
    for action in one_of(statement, "Action", "NotAction").unwrap_or_default().0 {
        if !is_action(action) {
            found.push(format!("'{action}' is not an action (expected service:Name)"));
        }
    }
    if statement
        .get("Condition")
        .is_some_and(|block| !block.as_object().is_some_and(|operators| operators.values().all(Value::is_object)))
    {
        found.push("Condition is not an object of operators with objects of keys".to_owned());
    }
    found
}
