//! The graph as rules see it: the fields of one subject, known, absent or unknown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::Context;
use cel::objects::{Key, Value};
use jiff::Timestamp;

use super::check::Touched;
use super::fields::relations;
use super::nouns;
use super::schema::{Param, Params, Schema};
use crate::inventory::Inventory;
use crate::model::{Credential, Exposure, FactKind, Grant, Identity, Known, Setting, SubjectKind, Urn, Workload};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Texts(Vec<String>),
    Labels(BTreeMap<String, String>),
    /// Could not be read, and why.
    Unknown(String),
}

/// One noun of the graph.
#[derive(Clone, Copy)]
pub(super) enum Noun<'a> {
    Identity(&'a Identity),
    Credential(&'a Credential),
    Grant(&'a Grant),
    Exposure(&'a Exposure),
    Workload(&'a Workload),
    Setting(&'a Setting),
}

/// A subject with what is around it.
pub(super) struct View<'a> {
    source: Source<'a>,
}

/// Where fields come from: the graph, or an example written in a rule.
enum Source<'a> {
    Graph { inventory: &'a Inventory, now: Timestamp, it: Noun<'a> },
    Example { fields: &'a BTreeMap<(String, String), Field>, present: &'a [String] },
}

impl<'a> View<'a> {
    pub(super) fn new(inventory: &'a Inventory, now: Timestamp, it: Noun<'a>) -> Self {
        Self { source: Source::Graph { inventory, now, it } }
    }

    pub(super) fn example(fields: &'a BTreeMap<(String, String), Field>, present: &'a [String]) -> Self {
        Self { source: Source::Example { fields, present } }
    }

    /// The value of a field of a variable.
    pub(super) fn field(&self, variable: &str, name: &str) -> Field {
        match &self.source {
            Source::Graph { inventory, now, .. } => match self.noun(variable) {
                Known::Value(noun) => noun.field(name, inventory, *now),
                Known::Absent => Field::Null,
                Known::Unknown(why) => Field::Unknown(why),
            },
            Source::Example { fields, .. } => {
                fields.get(&(variable.to_owned(), name.to_owned())).cloned().unwrap_or(Field::Null)
            }
        }
    }

    fn noun(&self, variable: &str) -> Known<Noun<'a>> {
        let Source::Graph { inventory, it, .. } = &self.source else { return Known::Absent };
        match (variable, it) {
            ("it", it) => Known::Value(*it),
            ("identity", Noun::Credential(credential)) => identity(inventory, &credential.holder),
            ("identity", Noun::Grant(grant)) => identity(inventory, &grant.to),
            ("identity", Noun::Exposure(exposure)) => match inventory.facts.exposures.get(&exposure.id) {
                Some(facts) => match &facts.identity {
                    Known::Value(id) => identity(inventory, id),
                    other => other.clone().map(|_| *it),
                },
                None => Known::Absent,
            },
            ("credential", Noun::Exposure(exposure)) => match inventory.facts.exposures.get(&exposure.id) {
                Some(facts) => match &facts.credential {
                    Known::Value(id) => inventory.credentials.get(id).map(Noun::Credential).into(),
                    other => other.clone().map(|_| *it),
                },
                None => Known::Absent,
            },
            _ => Known::Absent,
        }
    }

    /// Binds the variables that a rule touches. Fields that are unknown are left out, so that reading one is an error
    /// that CEL carries through `&&` and `||` exactly as a third truth value; the result is why each is unknown.
    pub(super) fn bind(
        &self,
        context: &mut Context<'_, '_>,
        subject: SubjectKind,
        touched: &Touched,
    ) -> BTreeMap<String, String> {
        let mut unknown = BTreeMap::new();
        let variables = std::iter::once("it").chain(relations(subject).iter().map(|(name, _)| *name));
        for variable in variables.filter(|name| touched.iter().any(|(touched, _)| touched == name)) {
            let is_there = match &self.source {
                Source::Graph { .. } => self.noun(variable).map(|_| ()),
                Source::Example { present, .. } => present.iter().any(|name| name == variable).then_some(()).into(),
            };
            match is_there {
                Known::Value(()) => {
                    let mut object: HashMap<Key, Value> = HashMap::new();
                    for (_, name) in touched.iter().filter(|(of, name)| of == variable && !name.is_empty()) {
                        match self.field(variable, name) {
                            Field::Unknown(why) => {
                                unknown.insert(name.clone(), why);
                            }
                            field => {
                                object.insert(Key::from(name.as_str()), value(field));
                            }
                        }
                    }
                    context.add_variable_from_value(variable, object);
                }
                Known::Absent => context.add_variable_from_value(variable, Value::Null),
                Known::Unknown(why) => {
                    unknown.insert(variable.to_owned(), why);
                }
            }
        }
        unknown
    }
}

/// The parameters of a rule as an object.
pub(super) fn params(params: &Params) -> Value {
    let object: HashMap<Key, Value> = params
        .iter()
        .map(|(name, param)| {
            let value = match param {
                Param::Bool(value) => Value::Bool(*value),
                Param::Int(value) => Value::Int(*value),
                Param::Text(text) => Value::from(text.as_str()),
                Param::Texts(texts) => Value::from(texts.clone()),
            };
            (Key::from(name.as_str()), value)
        })
        .collect();
    Value::from(object)
}

fn value(field: Field) -> Value {
    match field {
        Field::Null | Field::Unknown(_) => Value::Null,
        Field::Bool(value) => Value::Bool(value),
        Field::Int(number) => Value::Int(number),
        Field::Text(text) => Value::String(Arc::new(text)),
        Field::Texts(texts) => Value::from(texts),
        Field::Labels(labels) => Value::from(labels.into_iter().collect::<HashMap<_, _>>()),
    }
}

fn identity<'a>(inventory: &'a Inventory, id: &Urn) -> Known<Noun<'a>> {
    inventory.identities.get(id).map(Noun::Identity).into()
}

impl<'a> Noun<'a> {
    /// Its name in the graph.
    pub(super) fn id(&self) -> &'a Urn {
        match self {
            Noun::Identity(it) => &it.id,
            Noun::Credential(it) => &it.id,
            Noun::Grant(it) => &it.id,
            Noun::Exposure(it) => &it.id,
            Noun::Workload(it) => &it.id,
            Noun::Setting(it) => &it.id,
        }
    }

    /// The account, cluster or tree it was read from.
    pub(super) fn tenant(&self) -> &'a str {
        match self {
            Noun::Identity(it) => &it.tenant,
            Noun::Credential(it) => &it.tenant,
            Noun::Grant(it) => &it.tenant,
            Noun::Exposure(it) => match &it.evidence.location {
                crate::model::Location::File { root, .. } if !root.is_empty() => root,
                _ => ".",
            },
            Noun::Workload(it) => &it.tenant,
            Noun::Setting(it) => &it.tenant,
        }
    }

    fn field(&self, name: &str, inventory: &Inventory, now: Timestamp) -> Field {
        let kind = match self {
            Noun::Identity(_) => SubjectKind::Identity,
            Noun::Credential(_) => SubjectKind::Credential,
            Noun::Grant(_) => SubjectKind::Grant,
            Noun::Exposure(_) => SubjectKind::Exposure,
            Noun::Workload(_) => SubjectKind::Workload,
            Noun::Setting(_) => SubjectKind::Setting,
        };
        let needs: &[FactKind] = Schema::field(kind, name).map_or(&[], |field| field.needs);
        let field = match self {
            Noun::Identity(it) => nouns::identity(it, name, inventory, now),
            Noun::Credential(it) => nouns::credential(it, name, inventory, now),
            Noun::Grant(it) => nouns::grant(it, name, inventory),
            Noun::Exposure(it) => nouns::exposure(it, name, inventory, now),
            Noun::Workload(it) => nouns::workload(it, name, inventory, now),
            Noun::Setting(it) => nouns::setting(it, name, inventory, now),
        };
        // Last uses and people say themselves, subject by subject, what is not known of them.
        let says_itself = |fact: &FactKind| matches!(fact, FactKind::Usage | FactKind::People);
        let mut needs = needs.iter().filter(|fact| !says_itself(fact));
        let blind = needs.find_map(|fact| inventory.coverage.blind_spot(self.tenant(), *fact));
        match (field, blind) {
            // What was seen was seen, whatever else could not be: only "none", "no" and lists are in doubt, and that
            // something is missing.
            (Field::Bool(false) | Field::Int(0) | Field::Null | Field::Texts(_), Some(hole)) => {
                Field::Unknown(format!("{}: {}", hole.what, hole.detail.as_deref().unwrap_or("not read")))
            }
            (Field::Int(_), Some(hole)) if name == "missing_identities" => Field::Unknown(hole.what.clone()),
            (field, _) => field,
        }
    }
}
