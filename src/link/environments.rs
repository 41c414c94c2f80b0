//! In which environment an identity or a secret stands, by labels first and by names where none says it. A name of two
//! environments says nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::inventory::{Environment, Inventory};
use crate::model::{AttributeName, Exposure, Fingerprint, Identity, IdentityKind, Labels, Location, SettingKind, Urn};

/// The entry of the coverage that says how an account is called.
const ACCOUNT_ALIAS: &str = "account alias";

/// `rules/facts/environments.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentWords {
    labels: Vec<String>,
    environment: Vec<Words>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    name: String,
    words: Vec<String>,
}

impl EnvironmentWords {
    /// Reads the table.
    ///
    /// # Errors
    /// The parser's message with its place.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The one environment that the words of a text name.
    fn of_text(&self, text: &str) -> Option<&str> {
        let lower = text.to_lowercase();
        let parts: BTreeSet<&str> = lower.split(|letter: char| !letter.is_alphanumeric()).collect();
        let named = |one: &&Words| one.words.iter().any(|word| parts.contains(word.as_str()));
        let mut found = self.environment.iter().filter(named);
        found.next().filter(|_| found.next().is_none()).map(|one| one.name.as_str())
    }

    fn of_labels(&self, labels: &Labels) -> Option<Environment> {
        let labels = || labels.iter().map(|(name, value)| (name.to_lowercase().replace('_', "-"), name, value));
        self.labels.iter().find_map(|wanted| {
            let (_, name, value) = labels().find(|(normal, _, value)| normal == wanted && !value.trim().is_empty())?;
            let known = self.of_text(value).map_or_else(|| value.trim().to_lowercase(), str::to_owned);
            Some(Environment { name: known, source: format!("label {name}") })
        })
    }
}

pub(super) fn link(inventory: &mut Inventory, words: &EnvironmentWords) {
    let mut found = BTreeMap::new();
    let accounts = account_names(inventory);
    let namespaces = inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesNamespace);
    for one in namespaces {
        let named = || Some(Environment { name: words.of_text(&one.name)?.to_owned(), source: "name".to_owned() });
        found.extend(words.of_labels(&one.labels).or_else(named).map(|environment| (one.id.clone(), environment)));
    }
    for identity in inventory.identities.iter() {
        let of_account = || {
            let name = accounts.get(identity.tenant.as_str())?;
            Some(Environment { name: words.of_text(name)?.to_owned(), source: "account".to_owned() })
        };
        let own = of_identity(identity, words, &found).or_else(of_account);
        found.extend(own.map(|one| (identity.id.clone(), one)));
    }
    for exposure in inventory.exposures.iter() {
        let of_path = of_path(exposure, words);
        let of_identity = || {
            let facts = inventory.facts.exposures.get(&exposure.id)?;
            found.get(facts.identity.value()?).cloned()
        };
        if let Some(environment) = of_path.or_else(of_identity) {
            found.insert(exposure.id.clone(), environment);
        }
    }
    inventory.facts.spread = spread(inventory, &found);
    inventory.facts.environments = found;
}

/// What AWS accounts are called: in their organisation, or by an alias of their own.
fn account_names(inventory: &Inventory) -> BTreeMap<&str, &str> {
    let entries = inventory.coverage.entries().iter().filter(|entry| entry.what == ACCOUNT_ALIAS);
    let aliases = entries.filter_map(|entry| Some((entry.target.as_str(), entry.detail.as_deref()?)));
    let members = inventory.settings.iter().filter(|one| one.kind == SettingKind::AwsMemberAccount);
    let members = members.filter_map(|one| Some((one.attributes.text(AttributeName::Account)?, one.name.as_str())));
    aliases.chain(members).collect()
}

/// What is written on it counts before what is written on its namespace, and that before names.
fn of_identity(
    identity: &Identity,
    words: &EnvironmentWords,
    found: &BTreeMap<Urn, Environment>,
) -> Option<Environment> {
    if let Some(environment) = words.of_labels(&identity.labels) {
        return Some(environment);
    }
    let namespace = match identity.kind {
        IdentityKind::KubernetesServiceAccount => identity.name.split_once('/').map(|(namespace, _)| namespace),
        _ => None,
    };
    let around = namespace.and_then(|name| found.get(&Urn::kubernetes_cluster(&identity.tenant, "ns", name)));
    if let Some(labelled) = around.filter(|one| one.source != "name") {
        return Some(Environment { source: "its namespace".to_owned(), ..labelled.clone() });
    }
    let own = identity.name.rsplit('/').next().unwrap_or(&identity.name);
    let texts = [(namespace, "namespace"), (Some(identity.tenant.as_str()), "tenant"), (Some(own), "name")];
    texts.into_iter().find_map(|(text, what)| {
        let name = words.of_text(text?)?;
        Some(Environment { name: name.to_owned(), source: what.to_owned() })
    })
}

/// Of the parts of a path the last one that names an environment.
fn of_path(exposure: &Exposure, words: &EnvironmentWords) -> Option<Environment> {
    let Location::File { path, .. } = &exposure.evidence.location else { return None };
    let name = path.rsplit('/').find_map(|part| words.of_text(part))?;
    Some(Environment { name: name.to_owned(), source: "path".to_owned() })
}

/// The environments in which each value lies that lies in several.
fn spread(inventory: &Inventory, found: &BTreeMap<Urn, Environment>) -> BTreeMap<Fingerprint, BTreeSet<String>> {
    let mut by_value: BTreeMap<Fingerprint, BTreeSet<String>> = BTreeMap::new();
    for exposure in inventory.exposures.iter() {
        if let Some(environment) = found.get(&exposure.id).filter(|one| one.source == "path") {
            by_value.entry(inventory.facts.value_of(exposure).clone()).or_default().insert(environment.name.clone());
        }
    }
    by_value.retain(|_, environments| environments.len() > 1);
    by_value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_and_one() {
        let words = EnvironmentWords::parse(crate::embedded::facts("environments")).expect("our own table");
        for (text, expected) in [
            ("shop-prod", Some("prod")),
            ("product-catalogue", None),
            ("prod-to-staging-sync", None),
            ("values-stg.yaml", Some("staging")),
            ("livestream", None),
            ("Production", Some("prod")),
        ] {
            assert_eq!(words.of_text(text), expected, "{text}");
        }
    }
}
