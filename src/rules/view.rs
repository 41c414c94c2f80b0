//! The graph as rules see it: the fields of one subject, known, absent or unknown.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::fields;
use super::nouns;
use super::schema::Schema;
use super::selftest::Example;
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{
    Credential, Exposure, FactKind, Grant, Identity, Known, Labels, Setting, SubjectKind, Urn, Workload,
};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Texts(Vec<String>),
    Labels(Labels),
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

    /// A field of a thing that a variable stands for.
    pub(super) fn of(&self, variable: &str, noun: Option<Noun<'a>>, field: &fields::Field) -> Field {
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

    /// What a variable stands for; absent for an example, too.
    pub(super) fn noun(&self, variable: &str) -> Known<Noun<'a>> {
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

    /// What a variable besides `it` stands for: a thing of the graph, or of an example, which has no noun.
    pub(super) fn related(&self, variable: &str) -> Known<Option<Noun<'a>>> {
        match &self.source {
            Source::Graph { .. } => self.noun(variable).map(Some),
            Source::Example(example) => example.has(variable).then_some(None).into(),
        }
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
        let blind =
            needs.find_map(|fact| inventory.coverage.blind_spot_to(self.kind(), self.id(), self.tenant(), *fact));
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
