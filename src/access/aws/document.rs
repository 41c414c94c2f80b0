//! Reads policy documents once into statements that can be asked. It decides nothing about a request as a whole.

use serde_json::Value;

use super::action::{Action, ActionSet};
use super::condition::{Clause, clauses};
use super::context::Asked;
use super::truth::Truth;
use super::variable;
use crate::model::wildcard::{covers, overlap};

/// A policy document as it is asked. It borrows nothing, so that one reading serves every question.
#[derive(Debug, Default)]
pub struct Document {
    pub(super) statements: Vec<Statement>,
    /// Services that some statement may be about, as bits of [`super::action`]; spares most documents most questions.
    services: u64,
}

impl Document {
    /// Reads what can be read. What cannot grants and denies nothing; [`super::problems()`] names it.
    pub fn read(document: &Value) -> Self {
        // Variables came with the newer version; in the older one `${aws:username}` is text.
        let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let raw = raw_statements(document).iter().enumerate();
        let statements: Vec<Statement> = raw.filter_map(|(i, raw)| Statement::read(i + 1, raw, variables)).collect();
        let services = statements.iter().fold(0, |all, statement| all | statement.services());
        Self { statements, services }
    }

    /// The statements that are about an action, allowing or denying.
    pub(super) fn about<'s>(&'s self, action: &'s Action, allow: bool) -> impl Iterator<Item = &'s Statement> {
        let all: &[Statement] = if self.services & action.service_bit() == 0 { &[] } else { &self.statements };
        all.iter().filter(move |statement| statement.allow == allow && statement.names_action(action))
    }
}

/// A list that a statement applies to, or applies to all but.
#[derive(Debug)]
pub(super) struct Only<T> {
    pub(super) list: T,
    pub(super) except: bool,
}

/// The keys of a `Principal` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Aws,
    Service,
    Federated,
    Other,
}

impl Form {
    pub(super) fn is_anyone(self, name: &str) -> bool {
        self == Form::Aws && name == "*"
    }
}

/// Whom a statement names, as written.
type Principals = Vec<(Form, Box<str>)>;

/// The most bytes that an ARN may have: what is longer names nothing, and comparing it would take long.
/// Source: IAM API reference, the type `arnType`.
pub(super) const LONGEST: usize = 2_048;

/// One statement.
#[derive(Debug)]
pub(super) struct Statement {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) sid: Option<Box<str>>,
    pub(super) allow: bool,
    actions: Only<ActionSet>,
    /// None in a trust policy, whose resource is the role itself.
    resources: Option<Only<Vec<Box<str>>>>,
    /// None in an identity policy, whose principal is whoever holds it.
    pub(super) principals: Option<Only<Principals>>,
    pub(super) conditions: Vec<Clause>,
    /// Whether `${…}` is a variable here.
    variables: bool,
    /// `Allow iam:*, ec2:RunInstances on *`.
    summary: Box<str>,
}

impl Statement {
    fn read(number: usize, raw: &Value, variables: bool) -> Option<Self> {
        let allow = match raw.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return None,
        };
        let (actions, except) = one_of(raw, "Action", "NotAction")?;
        let resources = one_of(raw, "Resource", "NotResource");
        let summary = summary(allow, (&actions, except), resources.as_ref().map(|(list, except)| (list, *except)));
        let boxed = |list: Vec<&str>| list.into_iter().filter(|one| one.len() <= LONGEST).map(Box::from).collect();
        Some(Self {
            number,
            sid: raw.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty()).map(Box::from),
            allow,
            actions: Only { list: ActionSet::read(&actions), except },
            resources: resources.map(|(list, except)| Only { list: boxed(list), except }),
            principals: principals(raw),
            conditions: raw.get("Condition").map(|block| clauses(block, variables)).unwrap_or_default(),
            variables,
            summary: summary.into(),
        })
    }

    fn services(&self) -> u64 {
        if self.actions.except { u64::MAX } else { self.actions.list.services() }
    }

    pub(super) fn names_action(&self, action: &Action) -> bool {
        self.actions.list.contains(action) != self.actions.except
    }

    /// Whether the statement is about this resource, or about all of them when `resource` has wildcards.
    pub(super) fn names_resource(&self, resource: &str, asked: &Asked<'_>) -> Truth {
        let Some(Only { list, except }) = &self.resources else { return Truth::False };
        let named = list.iter().map(|pattern| self.matches(pattern, resource, asked)).max().unwrap_or(Truth::False);
        if *except { self.not(named, list, resource, asked) } else { named }
    }

    /// As [`Self::names_resource`], where `NotResource` leaves out whatever its list has in common with a resource that
    /// has wildcards.
    pub(super) fn names_throughout(&self, resource: &str, asked: &Asked<'_>) -> Truth {
        let Some(Only { list, except: true }) = &self.resources else { return self.names_resource(resource, asked) };
        let shares = |pattern: &str| match variable::filled(pattern, self.variables, asked) {
            variable::Filled::Text(text, _) => overlap(&text, resource),
            variable::Filled::Nothing => false,
        };
        let is_left_out = resource.contains(['*', '?']) && list.iter().any(|pattern| shares(pattern));
        if is_left_out { Truth::False } else { self.names_resource(resource, asked) }
    }

    /// What `NotResource` makes of a list. A variable without a value keeps the whole statement from matching, where the
    /// rest of its pattern would.
    fn not(&self, named: Truth, list: &[Box<str>], resource: &str, asked: &Asked<'_>) -> Truth {
        let is_void = |pattern: &str| {
            pattern.contains("${")
                && matches!(variable::filled(pattern, true, asked), variable::Filled::Nothing)
                && covers(&variable::any(pattern), resource)
        };
        let is_undecided = self.variables && list.iter().any(|pattern| is_void(pattern));
        if is_undecided { Truth::False } else { named.not() }
    }

    /// As [`Self::names_resource`], but open when it is about some of what a resource with wildcards stands for. `*` alone
    /// stands for no resources: it is what actions are asked on that have none. A statement without resources is part of
    /// a resource's own policy.
    pub(super) fn spans(&self, resource: &str, asked: &Asked<'_>) -> Truth {
        let Some(Only { list, except }) = &self.resources else { return Truth::True };
        let one = |pattern: &str| match self.matches(pattern, resource, asked) {
            Truth::False if resource != "*" && resource.contains(['*', '?']) => {
                match variable::filled(pattern, self.variables, asked) {
                    variable::Filled::Text(text, _) if overlap(&text, resource) => Truth::Open,
                    _ => Truth::False,
                }
            }
            matched => matched,
        };
        let named = list.iter().map(|pattern| one(pattern)).max().unwrap_or(Truth::False);
        if *except { self.not(named, list, resource, asked) } else { named }
    }

    /// The resource patterns it is about, and for `NotResource` everything.
    pub(super) fn patterns(&self) -> Vec<&str> {
        match &self.resources {
            None => Vec::new(),
            Some(Only { list, except: false }) => list.iter().map(AsRef::as_ref).collect(),
            Some(_) => vec!["*"],
        }
    }

    /// The resource patterns that it lists, with what is known of their variables.
    pub(super) fn listed(&self, asked: &Asked<'_>) -> Vec<String> {
        match &self.resources {
            Some(Only { list, except: false }) => self.filled(list, asked),
            Some(_) => vec!["*".to_owned()],
            None => Vec::new(),
        }
    }

    /// The resource patterns that `NotResource` leaves out.
    pub(super) fn spared(&self, asked: &Asked<'_>) -> Vec<String> {
        match &self.resources {
            Some(Only { list, except: true }) => self.filled(list, asked),
            _ => Vec::new(),
        }
    }

    fn filled(&self, list: &[Box<str>], asked: &Asked<'_>) -> Vec<String> {
        let fill = |pattern: &str| match variable::filled(pattern, self.variables, asked) {
            variable::Filled::Text(text, _) => Some(text),
            variable::Filled::Nothing => None,
        };
        list.iter().filter_map(|pattern| fill(pattern)).collect()
    }

    fn matches(&self, pattern: &str, resource: &str, asked: &Asked<'_>) -> Truth {
        if !self.variables || !pattern.contains("${") {
            return covers(pattern, resource).into();
        }
        match variable::filled(pattern, true, asked) {
            variable::Filled::Nothing => Truth::False,
            variable::Filled::Text(text, open) => match covers(&text, &variable::literal(&text, resource)) {
                true if open => Truth::Open,
                matched => matched.into(),
            },
        }
    }

    /// Everything that `Principal` names, with the key it stands under; `NotPrincipal` names anyone.
    pub(super) fn named(&self) -> Vec<(Form, &str)> {
        match &self.principals {
            None => Vec::new(),
            Some(Only { except: true, .. }) => vec![(Form::Aws, "*")],
            Some(Only { list, .. }) => list.iter().map(|(form, name)| (*form, name.as_ref())).collect(),
        }
    }

    /// `Allow iam:*, ec2:RunInstances on *`.
    pub(super) fn describe(&self) -> &str {
        &self.summary
    }
}

fn summary(allow: bool, actions: (&Vec<&str>, bool), resources: Option<(&Vec<&str>, bool)>) -> String {
    let effect = if allow { "Allow" } else { "Deny" };
    let list = |(texts, except): (&Vec<&str>, bool)| {
        let shown = texts.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = if texts.len() > 3 { format!(" and {} more", texts.len() - 3) } else { String::new() };
        format!("{}{shown}{more}", if except { "everything but " } else { "" })
    };
    match resources {
        Some(resources) => format!("{effect} {} on {}", list(actions), list(resources)),
        None => format!("{effect} {}", list(actions)),
    }
}

/// A bare string or list means AWS.
fn principals(raw: &Value) -> Option<Only<Principals>> {
    let (element, except) = match (raw.get("Principal"), raw.get("NotPrincipal")) {
        (Some(element), _) => (element, false),
        (None, Some(element)) => (element, true),
        (None, None) => return None,
    };
    let all = |form: Form, value: &Value| strings(value).into_iter().map(|name| (form, Box::from(name))).collect();
    let list = match element {
        Value::Object(forms) => forms
            .iter()
            .flat_map(|(key, value)| -> Vec<(Form, Box<str>)> {
                let form = match key.as_str() {
                    "AWS" => Form::Aws,
                    "Service" => Form::Service,
                    "Federated" => Form::Federated,
                    _ => Form::Other,
                };
                all(form, value)
            })
            .collect(),
        other => all(Form::Aws, other),
    };
    Some(Only { list, except })
}

/// The element under one of two names, of which exactly one may be there.
pub(super) fn one_of<'a>(statement: &'a Value, plain: &str, negated: &str) -> Option<(Vec<&'a str>, bool)> {
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

/// The statements as they stand in a document: one or a list.
pub(super) fn raw_statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(list)) => list,
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    }
}
