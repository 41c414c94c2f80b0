//! Looks fields up by the name of a variable, and says what was meant when there is none.

use std::collections::BTreeMap;

use super::fields::{Field, Type, fields, relations};
use crate::model::SubjectKind;
use crate::model::alike::distance;

/// The variables that a rule about one kind of subject may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    pub(super) subject: SubjectKind,
}

impl Schema {
    /// What a variable is an object of: `it`, or one of the subject's relations.
    pub(super) fn variable(self, name: &str) -> Option<SubjectKind> {
        if name == "it" {
            return Some(self.subject);
        }
        relations(self.subject).iter().find(|(relation, _)| *relation == name).map(|(_, kind)| *kind)
    }

    /// The names of all variables.
    pub(super) fn variables(self) -> Vec<&'static str> {
        let relations = relations(self.subject).iter().map(|(name, _)| *name);
        ["it", "param"].into_iter().chain(relations).collect()
    }

    /// Which of the fields of a noun has this name.
    pub(super) fn place(kind: SubjectKind, name: &str) -> Option<usize> {
        fields(kind).iter().position(|field| field.name == name)
    }

    /// A field of one of the nouns.
    ///
    /// # Errors
    /// Says that there is none, and which is spelled most alike.
    pub(super) fn field(kind: SubjectKind, name: &str) -> Result<&'static Field, String> {
        fields(kind).iter().find(|field| field.name == name).ok_or_else(|| {
            let names = fields(kind).iter().map(|field| field.name);
            format!("{kind} has no field '{name}'{}", did_you_mean(name, names))
        })
    }
}

/// `; did you mean 'owner'?` for the name that is spelled most alike, or nothing.
pub(super) fn did_you_mean<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    names
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 3 + 1)
        .min()
        .map(|(_, candidate)| format!("; did you mean '{candidate}'?"))
        .unwrap_or_default()
}

/// The parameters of a rule with their values.
pub(super) type Params = BTreeMap<String, Param>;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Param {
    Bool(bool),
    Int(i64),
    Text(String),
    Texts(Vec<String>),
}

impl Param {
    pub(super) fn is_negative(&self) -> bool {
        matches!(self, Param::Int(number) if *number < 0)
    }

    pub(super) fn ty(&self) -> Type {
        match self {
            Param::Bool(_) => Type::Bool,
            Param::Int(_) => Type::Int,
            Param::Text(_) => Type::Text,
            Param::Texts(_) => Type::Names(&[]),
        }
    }
}

impl std::fmt::Display for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Param::Bool(value) => write!(f, "{value}"),
            Param::Int(value) => write!(f, "{value}"),
            Param::Text(value) => f.write_str(value),
            Param::Texts(values) => f.write_str(&values.join(", ")),
        }
    }
}
