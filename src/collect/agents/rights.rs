//! What starts a workflow of GitHub, what its token may write, and the names of the secrets that a part of it speaks of.
//! Knows no value of any.

use std::collections::BTreeSet;

use super::node::{Node, Value};
use crate::model::{AttributeName as Name, Attributes};

/// The events that start a workflow.
pub(super) fn triggers(on: Option<&Node>) -> Vec<String> {
    let Some(on) = on else { return Vec::new() };
    let keys = on.entries().iter().map(|entry| entry.key.as_str());
    let mut all: Vec<String> = keys.chain(on.words()).map(super::given::shown).collect();
    all.sort();
    all.dedup();
    all
}

/// What an agent is given.
#[derive(Clone, Debug, Default)]
pub(super) struct Rights {
    /// What the token of its pipeline may write.
    pub(super) writes: Vec<String>,
    /// The names of secrets.
    pub(super) secrets: BTreeSet<String>,
}

impl Rights {
    /// Notes it, by itself and in words.
    pub(super) fn set(self, attributes: &mut Attributes) {
        let secrets: Vec<String> = self.secrets.into_iter().collect();
        let parts = [("may write ", &self.writes), ("gets ", &secrets)];
        let parts = parts.into_iter().filter(|(_, list)| !list.is_empty());
        let words: Vec<String> = parts.map(|(verb, list)| format!("{verb}{}", list.join(", "))).collect();
        attributes.set(Name::GivenRights, words.join(" and "));
        if !self.writes.is_empty() {
            attributes.set(Name::WritePermissions, self.writes);
        }
        if !secrets.is_empty() {
            attributes.set(Name::GivenSecrets, secrets);
        }
    }
}

/// What the workflow's token may write. Without a word about it the repository's own setting counts, which is not here.
pub(super) fn writes(permissions: Option<&Node>) -> Vec<String> {
    let Some(permissions) = permissions else { return Vec::new() };
    if permissions.text() == Some("write-all") {
        return vec!["everything".to_owned()];
    }
    let is_write = |node: &Node| node.text() == Some("write");
    let entries = permissions.entries().iter().filter(|entry| is_write(&entry.value));
    // The token of id-token proves who asks; by itself it writes nothing.
    entries.filter(|entry| entry.key != "id-token").map(|entry| super::given::shown(&entry.key)).collect()
}

/// The names behind `secrets.` in every expression below a value; the workflow's own token is no secret of it.
pub(super) fn names_of_secrets(node: &Node, found: &mut BTreeSet<String>) {
    match &node.value {
        Value::Text(text) => {
            for after in text.split("secrets.").skip(1) {
                let name: String =
                    after.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                if !name.is_empty() && name != "GITHUB_TOKEN" {
                    found.insert(name);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| names_of_secrets(item, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| names_of_secrets(&entry.value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
