//! The graph as rules see it: the fields of one subject, known, absent or unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use cel::Context;
use cel::objects::{Key, Value};
use jiff::Timestamp;

use super::fields::{self, relations};
use super::nouns;
use super::plain::Fields;
use super::schema::{Param, Params, Schema};
use super::selftest::Example;
use crate::inventory::{IdentityFacts, Inventory};
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
    /// With what was concluded of it, which most of its fields come from.
    Identity(&'a Identity, &'a IdentityFacts),
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

/// What rules read of a subject, looked up once for however many subjects: by variable, the fields with their keys.
pub(super) struct Reads {
    variables: Vec<(&'static str, Vec<(&'static fields::Field, Key)>)>,
}

impl Reads {
    /// Of what rules about a subject touch, each variable that one of them names.
    pub(super) fn of<'t>(subject: SubjectKind, touched: impl IntoIterator<Item = &'t (String, String)>) -> Self {
        let touched: BTreeSet<&(String, String)> = touched.into_iter().collect();
        let known = std::iter::once(("it", subject)).chain(relations(subject).iter().copied());
        let variables = known.filter(|(name, _)| touched.iter().any(|(variable, _)| variable == name));
        let read = |name: &str, kind| {
            let names = touched.iter().filter(|(variable, field)| variable == name && !field.is_empty());
            let fields = names.filter_map(|(_, field)| Schema::field(kind, field).ok());
            fields.map(|field| (field, Key::from(field.name))).collect()
        };
        Self { variables: variables.map(|(name, kind)| (name, read(name, kind))).collect() }
    }
}

/// Where fields come from: the graph, or an example written in a rule.
enum Source<'a> {
    Graph { inventory: &'a Inventory, now: Timestamp, it: Noun<'a> },
    Example(&'a Example),
}

impl<'a> View<'a> {
    pub(super) fn new(inventory: &'a Inventory, now: Timestamp, it: Noun<'a>) -> Self {
        Self { source: Source::Graph { inventory, now, it } }
    }

    pub(super) fn example(example: &'a Example) -> Self {
        Self { source: Source::Example(example) }
    }

    /// The value of a field of a variable.
    pub(super) fn field(&self, variable: &str, name: &str) -> Field {
        match self.noun(variable) {
            Known::Value(noun) => match Schema::field(noun.subject(), name) {
                Ok(field) => self.of(variable, Some(noun), field),
                Err(_) => Field::Null,
            },
            Known::Absent => self.example_of(variable, name),
            Known::Unknown(why) => Field::Unknown(why),
        }
    }

    fn of(&self, variable: &str, noun: Option<Noun<'a>>, field: &fields::Field) -> Field {
        match (&self.source, noun) {
            (Source::Graph { inventory, now, .. }, Some(noun)) => noun.field(field, inventory, *now),
            _ => self.example_of(variable, field.name),
        }
    }

    /// What an example says; nothing where there is none.
    fn example_of(&self, variable: &str, name: &str) -> Field {
        match &self.source {
            Source::Graph { .. } => Field::Null,
            Source::Example(example) => example.field(variable, name),
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

    /// Binds the variables that rules read. Fields that are unknown are left out, so that reading one is an error
    /// that CEL carries through `&&` and `||` exactly as a third truth value; the result is why each is unknown.
    /// `wanted` is shown the fields of the subject before the rest is looked up: `None` where it says no.
    pub(super) fn bind(
        &self,
        context: &mut Context<'_, '_>,
        reads: &Reads,
        mut wanted: impl FnMut(&Fields) -> bool,
    ) -> Option<BTreeMap<String, String>> {
        let mut unknown = BTreeMap::new();
        for (variable, fields) in &reads.variables {
            let noun = match &self.source {
                Source::Graph { .. } => self.noun(variable).map(Some),
                Source::Example(example) => example.has(variable).then_some(None).into(),
            };
            match noun {
                Known::Value(noun) => {
                    let mut object = Fields::with_capacity(fields.len());
                    for (field, key) in fields {
                        match self.of(variable, noun, field) {
                            Field::Unknown(why) => {
                                unknown.insert(field.name.to_owned(), why);
                            }
                            field => {
                                object.insert(key.clone(), value(field));
                            }
                        }
                    }
                    if *variable == "it" && !wanted(&object) {
                        return None;
                    }
                    context.add_variable_from_value(*variable, object);
                }
                Known::Absent => context.add_variable_from_value(*variable, Value::Null),
                Known::Unknown(why) => {
                    unknown.insert((*variable).to_owned(), why);
                }
            }
        }
        Some(unknown)
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
    inventory.identities.get(id).map(|it| Noun::identity(it, inventory)).into()
}

impl<'a> Noun<'a> {
    /// An identity with what was concluded of it.
    pub(super) fn identity(it: &'a Identity, inventory: &'a Inventory) -> Self {
        static NOTHING: LazyLock<IdentityFacts> = LazyLock::new(IdentityFacts::default);
        Self::Identity(it, inventory.facts.identities.get(&it.id).unwrap_or(&NOTHING))
    }

    /// Its name in the graph.
    pub(super) fn id(&self) -> &'a Urn {
        match self {
            Noun::Identity(it, _) => &it.id,
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
            Noun::Identity(it, _) => &it.tenant,
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

    /// What sort of noun it is.
    pub(super) fn subject(&self) -> SubjectKind {
        match self {
            Noun::Identity(..) => SubjectKind::Identity,
            Noun::Credential(_) => SubjectKind::Credential,
            Noun::Grant(_) => SubjectKind::Grant,
            Noun::Exposure(_) => SubjectKind::Exposure,
            Noun::Workload(_) => SubjectKind::Workload,
            Noun::Setting(_) => SubjectKind::Setting,
        }
    }

    /// Its `kind`, as rules see it.
    pub(super) fn kind(&self) -> &'a str {
        match self {
            Noun::Identity(it, _) => it.kind.as_str(),
            Noun::Credential(it) => it.kind.as_str(),
            Noun::Grant(it) => it.kind.as_str(),
            Noun::Exposure(it) => &it.proof.kind,
            Noun::Workload(it) => it.kind.as_str(),
            Noun::Setting(it) => it.kind.as_str(),
        }
    }

    fn field(&self, field: &fields::Field, inventory: &Inventory, now: Timestamp) -> Field {
        let (name, needs, is_attribute) = (field.name, field.needs, field.attribute.is_some());
        let field = match (field.attribute, self) {
            (Some(attribute), noun) => nouns::attribute(*noun, attribute, inventory, now),
            (None, Noun::Identity(it, facts)) => nouns::identity(it, facts, name, inventory, now),
            (None, Noun::Credential(it)) => nouns::credential(it, name, inventory, now),
            (None, Noun::Grant(it)) => nouns::grant(it, name, inventory),
            (None, Noun::Exposure(it)) => nouns::exposure(it, name, inventory, now),
            (None, Noun::Workload(it)) => nouns::workload(it, name, inventory),
            (None, Noun::Setting(it)) => nouns::setting(it, name),
        };
        // Last uses and people say themselves, subject by subject, what is not known of them.
        let says_itself = |fact: &FactKind| matches!(fact, FactKind::Usage | FactKind::People);
        // An attribute that was not read says so itself.
        let mut needs = needs.iter().filter(|fact| !says_itself(fact) && !is_attribute);
        let blind = needs.find_map(|fact| inventory.coverage.blind_spot_of(self.id(), self.tenant(), *fact));
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
