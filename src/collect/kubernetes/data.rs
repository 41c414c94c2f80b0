//! What is told of the `data` of ConfigMaps and Secrets: names of entries and what sort of thing they hold.
//! A value is kept until its object is searched for credentials, as text that cannot be printed, and then dropped.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::MapAccess;

use super::searching::Text;
use super::shape::{Form, Shape, Take, next_key};
use super::words::{is_plain, names_secret};
use crate::model::parse_timestamp;

/// Entries that are kept of one object.
const MOST: usize = 200;

/// Lines of a file in an entry that are looked at.
const MOST_LINES: usize = 2_000;

/// What the entries of an object are.
#[derive(Clone, Default)]
pub(super) struct Data {
    /// Their names.
    pub(super) names: BTreeSet<String>,
    /// The names of those that are a secret by their name, in the entry or in a file of it.
    pub(super) secrets: BTreeSet<String>,
    /// Whether one is a kubeconfig with a credential.
    pub(super) kubeconfig: bool,
    /// The cloud identities that `mapRoles` and `mapUsers` make members of system:masters.
    pub(super) masters: BTreeSet<String>,
    /// Cloud identities and the groups that they are members of by these.
    pub(super) mapped: BTreeSet<(String, String)>,
    /// The date under `since`.
    pub(super) since: Option<Timestamp>,
    /// The entries themselves, until they are searched.
    pub(super) texts: Vec<(String, Text)>,
}

impl Data {
    /// Takes what another field of the same object holds.
    pub(super) fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        self.secrets.extend(other.secrets);
        self.kubeconfig |= other.kubeconfig;
        self.masters.extend(other.masters);
        self.mapped.extend(other.mapped);
        self.since = self.since.or(other.since);
        self.texts.extend(other.texts);
    }

    fn entry(&mut self, name: &str, entry: Entry) {
        if self.names.len() >= MOST {
            return;
        }
        self.names.insert(name.chars().take(100).collect());
        if !entry.plain && !entry.is_file && names_secret(name) {
            self.secrets.insert(name.to_owned());
        }
        self.secrets.extend(entry.secrets.into_iter().map(|line| format!("{name}: {line}")));
        self.kubeconfig |= entry.kubeconfig;
        if matches!(name, "mapRoles" | "mapUsers") {
            for (who, groups) in entry.mapped {
                if groups.iter().any(|group| group == "system:masters") {
                    self.masters.insert(who.clone());
                }
                self.mapped.extend(groups.into_iter().map(|group| (who.clone(), group)));
            }
        }
        if name == "since" {
            self.since = entry.date;
        }
        self.texts.push((name.chars().take(100).collect(), entry.text));
    }
}

impl Shape for Data {
    const FORM: Form = Form::Mapping;

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut data = Self::default();
        while let Some(name) = next_key(&mut map)? {
            let Take(entry, _) = map.next_value::<Take<Entry>>()?;
            data.entry(&name, entry);
        }
        Ok(data)
    }
}

/// What one value is.
#[derive(Default)]
struct Entry {
    plain: bool,
    /// It has several lines.
    is_file: bool,
    secrets: BTreeSet<String>,
    kubeconfig: bool,
    mapped: Vec<(String, Vec<String>)>,
    date: Option<Timestamp>,
    text: Text,
}

impl Shape for Entry {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        let is_file = text.trim().contains('\n');
        if !is_file {
            let date = parse_timestamp(text).ok();
            let secrets = bare_line(text.trim()).into_iter().collect();
            return Self { plain: is_plain(text), secrets, date, text: Text::new(text), ..Self::default() };
        }
        Self {
            is_file,
            secrets: text.lines().take(MOST_LINES).filter_map(secret_line).collect(),
            kubeconfig: is_kubeconfig(text),
            mapped: mapped(text),
            text: Text::new(text),
            ..Self::default()
        }
    }
}

/// Whether a text is a kubeconfig with a token, key or password, in YAML or JSON.
pub(super) fn is_kubeconfig(text: &str) -> bool {
    let has = |field: &str| text.contains(&format!("{field}:")) || text.contains(&format!("\"{field}\":"));
    let is_config = text.contains("kind: Config") || has("kind") && text.contains("\"Config\"");
    is_config && has("clusters") && has("users") && (has("token") || has("client-key-data") || has("password"))
}

/// The two settings of Redis that have no sign between name and value (`redis.conf`, "SECURITY").
fn bare_line(line: &str) -> Option<String> {
    let (name, value) = line.split_once(' ').filter(|(name, _)| matches!(*name, "requirepass" | "masterauth"))?;
    (!is_plain(value)).then(|| name.to_owned())
}

/// The name of a setting in a line of a file (`name = value`, `name: value`) that is a secret.
fn secret_line(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return None;
    }
    if let Some(name) = bare_line(line) {
        return Some(name);
    }
    let (name, value) = line.split_once(['=', ':'])?;
    let name = name.trim().trim_matches(['"', '\'']).trim_start_matches("- ").trim_start_matches("export ");
    let is_name = !name.is_empty() && name.len() <= 100 && !name.contains(char::is_whitespace);
    (is_name && names_secret(name) && !is_plain(value.trim().trim_end_matches(','))).then(|| name.to_owned())
}

#[derive(Deserialize)]
struct Mapping {
    #[serde(default, alias = "userarn")]
    rolearn: String,
    #[serde(default)]
    groups: Vec<String>,
}

/// The lines of `mapRoles` and `mapUsers` of aws-auth (EKS User Guide, "Grant IAM users access to Kubernetes with a
/// ConfigMap").
fn mapped(text: &str) -> Vec<(String, Vec<String>)> {
    if !text.contains("arn:") || text.len() > 1_000_000 {
        return Vec::new();
    }
    let read: Result<Vec<Mapping>, _> = serde_saphyr::from_str(text);
    read.map(|all| all.into_iter().map(|one| (one.rolearn, one.groups)).collect()).unwrap_or_default()
}
