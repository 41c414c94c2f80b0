//! Finds what of an object cannot be read as its kind, so that it becomes a hole and not an object without facts.
//! It never quotes a value: it says which field, and what was expected there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::object::{Object, Subject};
use super::resources::{Kind, TOKEN_TYPE};
use super::shape::Wrong;
use crate::model::{CoverageEntry, FactKind, Location, Outcome, parse_timestamp};

/// How many malformed objects of a kind are described; the others are counted.
const DESCRIBED: usize = 3;

/// How much of a name of a file's own is shown.
const LONGEST_NAME: usize = 60;

/// What is wrong with one object.
#[derive(Default)]
pub(super) struct Fault {
    /// What was expected, field by field.
    pub(super) expected: Vec<String>,
    /// Whether facts of its kind are lost; a creation time alone is unknown by itself.
    pub(super) blinds: bool,
}

/// The malformed objects of one kind, or what should have been objects.
#[derive(Default)]
pub(super) struct Faults {
    described: BTreeSet<(String, u64, String)>,
    count: usize,
    /// Whether facts are lost.
    pub(super) blinds: bool,
}

impl Faults {
    /// Adds an object. Of many the first are described, whatever the order of arrival.
    pub(super) fn add(&mut self, location: &Location, position: u64, text: String, blinds: bool) {
        let place = match location {
            Location::Export { file, .. } => file.clone(),
            other => other.to_string().into(),
        };
        self.described.insert((place.to_string(), position, text));
        self.count += 1;
        self.blinds |= blinds;
        if self.described.len() > DESCRIBED {
            self.described.pop_last();
        }
    }

    /// All of them in one line.
    pub(super) fn detail(&self) -> String {
        let described = self.described.iter().map(|(place, _, text)| format!("{place}: {text}"));
        let texts: Vec<String> = described.collect();
        match self.count.saturating_sub(texts.len()) {
            0 => texts.join("; "),
            more => format!("{} and {more} more", texts.join("; ")),
        }
    }
}

/// Turns the entry of a kind that was read into that of one with malformed objects.
pub(super) fn malformed(mut entry: CoverageEntry, faults: &Faults, blinds: &[FactKind]) -> CoverageEntry {
    let remarks = entry.detail.take().map_or_else(String::new, |remarks| format!("; {remarks}"));
    entry.outcome = Outcome::Partial;
    entry.detail = Some(format!("{}{remarks}", faults.detail()));
    let remedy = "repair the objects, or read them again with kubectl get -o json; the others were read";
    entry.remedy(remedy).blinds(if faults.blinds { blinds } else { &[] })
}

/// What is wrong with an object, if anything.
pub(super) fn of(kind: Kind, object: &Object) -> Option<Fault> {
    let mut fault = Fault::default();
    let relevant = own_fields(kind);
    for (path, form) in object.wrong.fields() {
        let field = path.split(['.', '[']).next().unwrap_or_default();
        if path.is_empty() || field == "metadata" || relevant.contains(&field) {
            let what = if path.is_empty() { "the object" } else { path };
            fault.expected.push(format!("{what} to be {form}"));
        }
    }
    let times = |fault: &Fault| fault.expected.iter().all(|text| text.starts_with("metadata.creationTimestamp "));
    let whole = !object.wrong.has("") && !object.wrong.has("metadata");
    if whole && object.metadata.name.is_empty() && !object.wrong.has("metadata.name") {
        fault.expected.push("metadata.name to be there".to_owned());
    }
    let written = object.metadata.created.as_str();
    if !written.is_empty() && parse_timestamp(written).is_err() {
        fault.expected.push("metadata.creationTimestamp to be a time".to_owned());
    }
    match kind {
        Kind::RoleBinding | Kind::ClusterRoleBinding => binding(kind, object, &mut fault.expected),
        Kind::Role | Kind::ClusterRole => rules(&object.rules, &mut fault.expected),
        Kind::Secret if whole && object.secret_type == TOKEN_TYPE => token(object, &mut fault.expected),
        _ => {}
    }
    fault.blinds = !times(&fault);
    (!fault.expected.is_empty()).then_some(fault)
}

/// The top-level fields that a kind is read for; what others hold is nobody's fault.
fn own_fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Secret => &["type"],
        Kind::Role | Kind::ClusterRole => &["rules"],
        Kind::RoleBinding | Kind::ClusterRoleBinding => &["subjects", "roleRef"],
        Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Namespace
        | Kind::ValidatingWebhook
        | Kind::MutatingWebhook
        | Kind::ValidatingPolicy
        | Kind::MutatingPolicy
        | Kind::CertificateRequest => &[],
        _ => &["spec"],
    }
}

/// `roleRef` and `subjects` as the API server demands them (API reference, `RoleBinding`).
fn binding(kind: Kind, object: &Object, expected: &mut Vec<String>) {
    let role = &object.role;
    let named = match kind {
        Kind::RoleBinding => matches!(role.kind.as_str(), "Role" | "ClusterRole"),
        _ => role.kind == "ClusterRole",
    };
    if (!named || role.name.is_empty()) && !object.wrong.fields().any(|(path, _)| path.starts_with("roleRef")) {
        let roles = if kind == Kind::RoleBinding { "a Role or ClusterRole" } else { "a ClusterRole" };
        expected.push(format!("roleRef to name {roles}"));
    }
    let is_subject = |subject: &Subject| {
        matches!(subject.kind.as_str(), "ServiceAccount" | "User" | "Group") && !subject.name.is_empty()
    };
    let reported = object.wrong.fields().any(|(path, _)| path.starts_with("subjects"));
    if !reported && !object.subjects.iter().all(is_subject) {
        expected.push("each of subjects to have a name and the kind ServiceAccount, User or Group".to_owned());
    }
}

/// The rules of a role: mappings whose fields are lists of texts.
fn rules(rules: &[Value], expected: &mut Vec<String>) {
    let position = rules.iter().position(|rule| !is_rule(rule));
    if let Some(position) = position {
        expected.push(format!("rules[{}] to be a mapping with lists of texts", position + 1));
    }
}

/// Whether a rule can be evaluated: it says which verbs, and each of its fields is a list of texts.
pub(super) fn is_rule(rule: &Value) -> bool {
    const LISTS: [&str; 5] = ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"];
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let Some(rule) = rule.as_object() else { return false };
    LISTS.iter().all(|field| rule.get(*field).is_none_or(|value| value.is_null() || texts(value)))
}

/// The API server refuses token Secrets that name no service account.
fn token(object: &Object, expected: &mut Vec<String>) {
    let named = object.metadata.annotations.0.get("kubernetes.io/service-account.name");
    if named.is_none_or(String::is_empty) && !object.wrong.has("type") {
        expected.push("the annotation kubernetes.io/service-account.name".to_owned());
    }
}

/// `ServiceAccount 3 (pay/api): expected …`; a name that does not look like one is left out.
pub(super) fn described(kind: Kind, object: &Object, fault: &Fault) -> String {
    let name = (!object.metadata.name.is_empty()).then(|| super::records::qualified(&object.metadata));
    let name = name.and_then(|name| shown(&name)).map_or_else(String::new, |name| format!(" ({name})"));
    format!("{} at position {}{name}: expected {}", kind.resource().name, object.position, fault.expected.join(", "))
}

/// A name of an object, as far as it is one.
fn shown(name: &str) -> Option<String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".:_-/".contains(&byte);
    name.bytes().all(is_part).then(|| name.chars().take(LONGEST_NAME).collect())
}

/// A kind of a file's own, as far as it looks like one.
pub(super) fn shown_kind(kind: &str) -> String {
    match !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
        true => kind.chars().take(LONGEST_NAME).collect(),
        false => "an unknown kind".to_owned(),
    }
}

/// Whether an object can be named in a record.
pub(super) fn is_nameable(wrong: &Wrong, name: &str) -> bool {
    let lost = ["", "metadata", "metadata.name", "metadata.namespace"];
    !name.is_empty() && !lost.iter().any(|path| wrong.has(path))
}
