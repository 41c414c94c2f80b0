//! Who answers for an identity, by what is written on it, checked against the people directory.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::inventory::{Inventory, Table};
use crate::model::{Confidence, FactKind, Identity, IdentityKind, Known, Owner, Person, SettingKind, Urn};

/// Which labels name an owner, in the order in which they are believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerLabels {
    owner: Vec<OwnerLabel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerLabel {
    labels: Vec<String>,
    confidence: Confidence,
}

impl OwnerLabels {
    /// Reads `rules/facts/owners.toml`.
    ///
    /// # Errors
    /// The parser's message with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut labels: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for label in labels.owner.iter_mut().flat_map(|owner| &mut owner.labels) {
            *label = normal(label);
        }
        Ok(labels)
    }

    fn find(&self, labels: &BTreeMap<String, String>) -> Option<(String, String, Confidence)> {
        let normal: BTreeMap<String, (&String, &String)> =
            labels.iter().map(|(name, value)| (normal(name), (name, value))).collect();
        self.owner.iter().find_map(|owner| {
            owner.labels.iter().find_map(|label| {
                let (name, value) = normal.get(label)?;
                let value = value.trim();
                (!is_blank(value)).then(|| (value.to_owned(), (*name).clone(), owner.confidence))
            })
        })
    }
}

fn normal(label: &str) -> String {
    label.to_lowercase().replace('_', "-")
}

/// Left-over defaults name nobody.
fn is_blank(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "" | "todo" | "tbd" | "n/a" | "na" | "none" | "unknown" | "-" | "?")
}

pub(super) fn link(inventory: &mut Inventory, labels: &OwnerLabels) {
    let directory = Directory::new(&inventory.people, inventory.coverage.entries());
    let mut owners: BTreeMap<Urn, Known<Owner>> = BTreeMap::new();
    for identity in inventory.identities.iter() {
        let found = labels.find(&identity.labels).map(|(name, label, confidence)| {
            directory.owner(name, format!("{} {label}", label_word(identity)), confidence)
        });
        owners.insert(identity.id.clone(), found.into());
    }
    inherit_from_workloads(inventory, labels, &directory, &mut owners);
    inherit_from_namespaces(inventory, labels, &directory, &mut owners);
    for (id, owner) in owners {
        inventory.facts.identities.entry(id).or_default().owner = owner;
    }
}

/// A service account without an own sign belongs to whoever owns everything that runs as it.
fn inherit_from_workloads(
    inventory: &Inventory,
    labels: &OwnerLabels,
    directory: &Directory<'_>,
    owners: &mut BTreeMap<Urn, Known<Owner>>,
) {
    for (id, facts) in &inventory.facts.identities {
        if facts.workloads.is_empty() || !matches!(owners.get(id), Some(Known::Absent)) {
            continue;
        }
        // One without a sign, or one that was not seen, may be somebody else's.
        let names: Option<BTreeSet<String>> = facts
            .workloads
            .iter()
            .map(|workload| labels.find(&inventory.workloads.get(workload)?.labels).map(|(name, _, _)| name))
            .collect();
        let tenant = inventory.identities.get(id).map(|identity| identity.tenant.as_str()).unwrap_or_default();
        let is_blind = inventory.coverage.blind_spot(tenant, FactKind::Workloads).is_some();
        let mut names = names.unwrap_or_default().into_iter();
        if let (Some(name), None, false) = (names.next(), names.next(), is_blind) {
            let owner = directory.owner(name, "owner of its workloads".to_owned(), Confidence::Low);
            owners.insert(id.clone(), Known::Value(owner));
        }
    }
}

/// What nothing else tells of belongs to whoever owns its namespace. It is the weakest sign: rules treat it as a hint.
fn inherit_from_namespaces(
    inventory: &Inventory,
    labels: &OwnerLabels,
    directory: &Directory<'_>,
    owners: &mut BTreeMap<Urn, Known<Owner>>,
) {
    let of_namespace: BTreeMap<(&str, &str), String> = inventory
        .settings
        .iter()
        .filter(|setting| setting.kind == SettingKind::KubernetesNamespace)
        .filter_map(|one| Some(((one.tenant.as_str(), one.name.as_str()), labels.find(&one.labels)?.0)))
        .collect();
    for identity in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        let namespace = identity.name.split('/').next().unwrap_or_default();
        if let (Some(Known::Absent), Some(name)) =
            (owners.get(&identity.id), of_namespace.get(&(identity.tenant.as_str(), namespace)))
        {
            let owner = directory.owner(name.clone(), "owner of its namespace".to_owned(), Confidence::Low);
            owners.insert(identity.id.clone(), Known::Value(owner));
        }
    }
}

fn label_word(identity: &Identity) -> &'static str {
    match identity.provider() {
        crate::model::Provider::Aws => "tag",
        crate::model::Provider::Kubernetes | crate::model::Provider::Okta | crate::model::Provider::Agents => "label",
    }
}

fn unique_names(people: &Table<Person>) -> BTreeMap<String, Option<&Person>> {
    let mut names: BTreeMap<String, Option<&Person>> = BTreeMap::new();
    for person in people {
        names.entry(person.name.to_lowercase()).and_modify(|one| *one = None).or_insert(Some(person));
    }
    names
}

/// The people that are known, by what an owner label may call them.
struct Directory<'a> {
    by_email: BTreeMap<&'a str, &'a Person>,
    /// `None` where several people have one name.
    by_name: BTreeMap<String, Option<&'a Person>>,
    /// The domains of the directory's addresses: a team's mailbox is at one of them.
    domains: BTreeSet<&'a str>,
    teams: BTreeMap<String, Vec<&'a Person>>,
    is_partial: bool,
}

impl<'a> Directory<'a> {
    fn new(people: &'a Table<Person>, coverage: &[crate::model::CoverageEntry]) -> Self {
        let mut teams: BTreeMap<String, Vec<&Person>> = BTreeMap::new();
        for person in people {
            if let Some(team) = &person.team {
                teams.entry(team.to_lowercase()).or_default().push(person);
            }
        }
        Self {
            by_email: people.iter().map(|person| (person.email.as_str(), person)).collect(),
            by_name: unique_names(people),
            domains: people
                .iter()
                .filter_map(|person| person.email.split_once('@'))
                .map(|(_, domain)| domain)
                .collect(),
            teams,
            is_partial: coverage.iter().any(|entry| entry.blinds.contains(&FactKind::People)),
        }
    }

    fn owner(&self, name: String, source: String, confidence: Confidence) -> Owner {
        let lower = name.to_lowercase();
        if self.by_name.get(&lower) == Some(&None) {
            let active = Known::unknown("several people of the directory have this name");
            return Owner { name, source, confidence, person: None, active, left: Known::Absent };
        }
        let by_name = self.by_name.get(&lower).copied().flatten();
        if let Some(person) = self.by_email.get(lower.as_str()).copied().or(by_name) {
            let (active, left) = (person.active.clone(), person.left.clone());
            return Owner { name, source, confidence, person: Some(person.id.clone()), active, left };
        }
        let active = match self.team(&lower) {
            Some(members) if members.iter().any(|person| person.active == Known::Value(true)) => Known::Value(true),
            Some(_) if self.is_partial => Known::unknown("the people directory was not read to its end"),
            Some(_) => Known::Value(false),
            None if self.by_email.is_empty() => Known::unknown("no people directory was read"),
            None => Known::unknown("not in the people directory"),
        };
        Owner { name, source, confidence, person: None, active, left: Known::Absent }
    }

    /// A team by its name, as `payments`, `payments-team`, `team-payments` or `payments-team@acme.example`.
    fn team(&self, name: &str) -> Option<&Vec<&'a Person>> {
        let (local, domain) = name.split_once('@').map_or((name, None), |(local, domain)| (local, Some(domain)));
        if domain.is_some_and(|domain| !self.domains.contains(domain)) {
            return None;
        }
        let bare = local.strip_suffix("-team").or_else(|| local.strip_prefix("team-")).unwrap_or(local);
        self.teams.get(local).or_else(|| self.teams.get(bare))
    }
}
