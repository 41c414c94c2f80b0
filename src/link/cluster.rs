//! What follows of a cluster's identities and roles from all that was read of it: how many applications share an account,
//! which run AI agents, which roles wait to be bound, which default roles give more than they did.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Tables;
use super::around::Clusters;
use crate::access::kubernetes;
use crate::inventory::{Inventory, Table};
use crate::model::{
    AttributeName, AttributeValue, Attributes, CapabilityKind, CredentialKind, Evidence, Grant, GrantKind,
    IdentityKind, Known, Policy, PolicyLanguage, Setting, SettingKind, Urn, Workload, WorkloadKind,
};

/// How AI agents and their tool servers are told among workloads, from `rules/facts/kubernetes-agents.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentSigns {
    /// Parts of the names of images.
    images: Vec<String>,
    /// API groups of custom resources.
    groups: Vec<String>,
}

impl AgentSigns {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    fn is_agent(&self, workload: &Workload) -> bool {
        let of_group = workload.attributes.text(AttributeName::Form).is_some_and(|form| {
            let group = form.split('/').next().unwrap_or_default();
            workload.kind == WorkloadKind::KubernetesCustom
                && self.groups.iter().any(|one| group.ends_with(one.as_str()))
        });
        let images = workload.attributes.texts(AttributeName::Images);
        of_group || images.iter().any(|image| self.images.iter().any(|part| has_part(image, part)))
    }
}

/// Whether a part stands in the name of an image between `/`, `-`, `_`, `.`, `:` or its ends.
fn has_part(image: &str, part: &str) -> bool {
    let image = image.to_lowercase();
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    image.match_indices(part).any(|(start, _)| {
        let before = image.get(..start).and_then(|text| text.chars().next_back());
        let after = image.get(start + part.len()..).and_then(|text| text.chars().next());
        is_edge(before) && is_edge(after)
    })
}

pub(super) fn link(inventory: &mut Inventory, tables: &Tables) {
    accounts(inventory, &tables.kubernetes_agents);
    named_secrets(inventory);
    roles(inventory, tables);
}

/// How many applications and agents run as each service account.
fn accounts(inventory: &mut Inventory, signs: &AgentSigns) {
    let mut found: BTreeMap<Urn, (BTreeSet<&str>, i64)> = BTreeMap::new();
    let mut agents: Vec<Urn> = Vec::new();
    for workload in inventory.workloads.iter().filter(|one| one.kind.as_str().starts_with("kubernetes.")) {
        let is_agent = signs.is_agent(workload);
        if is_agent {
            agents.push(workload.id.clone());
        }
        for account in &workload.runs_as {
            let (applications, count) = found.entry(account.clone()).or_default();
            applications.insert(application(workload));
            *count += i64::from(is_agent);
        }
    }
    let accounts = found.into_iter().filter(|(id, _)| {
        inventory.identities.get(id).is_some_and(|one| one.kind == IdentityKind::KubernetesServiceAccount)
    });
    let mut new: Vec<(Urn, Attributes)> = accounts
        .map(|(id, (applications, agents))| {
            let count = i64::try_from(applications.len()).unwrap_or(i64::MAX);
            let mut attributes = Attributes::default().with(AttributeName::Applications, count);
            if agents > 0 {
                attributes.set(AttributeName::Agents, agents);
            }
            (id, attributes)
        })
        .collect();
    new.extend(agents.into_iter().map(|id| (id, Attributes::default().with(AttributeName::RunsAgent, true))));
    for (id, attributes) in new {
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

/// The Secrets that identities may read by their names alone and that make somebody else of them.
fn named_secrets(inventory: &mut Inventory) {
    let mut by_name: BTreeMap<(&str, &str), BTreeSet<&Urn>> = BTreeMap::new();
    let tokens = inventory.credentials.iter().filter(|one| one.kind == CredentialKind::KubernetesTokenSecret);
    let secrets = inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesSecret);
    let all = tokens.map(|one| (&one.id, &one.tenant)).chain(secrets.map(|one| (&one.id, &one.tenant)));
    for (id, tenant) in all {
        let name = id.as_str().rsplit('/').next().unwrap_or_default();
        by_name.entry((tenant, name)).or_default().insert(id);
    }
    let mut found: BTreeMap<Urn, Vec<String>> = BTreeMap::new();
    for (id, facts) in &inventory.facts.identities {
        let named = facts.capabilities.iter().filter(|one| one.kind == CapabilityKind::ReadSecrets && !one.conditional);
        for secret in named.filter_map(|one| one.scope.strip_prefix("secret ")) {
            let mut parts = secret.splitn(3, '/');
            let (Some(cluster), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            for secret in by_name.get(&(cluster, name)).into_iter().flatten() {
                let own = secret.as_str().split('/').nth(1).unwrap_or_default();
                let what = opened(inventory, id, secret).filter(|_| namespace == "*" || namespace == own);
                let shown = what.map(|what| format!("{own}/{name} ({what})"));
                found.entry(id.clone()).or_default().extend(shown);
            }
        }
    }
    for (id, secrets) in found.into_iter().filter(|(_, secrets)| !secrets.is_empty()) {
        let attributes = Attributes::default().with(AttributeName::OpensBySecrets, secrets);
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

/// What a Secret opens for somebody whose own it is not.
fn opened(inventory: &Inventory, reader: &Urn, secret: &Urn) -> Option<String> {
    if let Some(token) = inventory.credentials.get(secret)
        && token.holder != *reader
        && token.active != Known::Value(false)
    {
        let holder = inventory.identities.get(&token.holder).map_or(token.holder.as_str(), |one| one.name.as_str());
        return Some(format!("token of {holder}"));
    }
    let setting = inventory.settings.get(secret)?;
    let opens = setting.attributes.text(AttributeName::Opens).map(str::to_owned);
    opens.or_else(|| setting.attributes.texts(AttributeName::Holds).first().cloned())
}

/// What a workload is a part of, by the labels that say so, else its own name.
fn application(workload: &Workload) -> &str {
    ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"]
        .iter()
        .find_map(|label| workload.labels.get(*label))
        .map_or(workload.name.as_str(), String::as_str)
}

/// Roles that are worth a look by themselves become settings.
fn roles(inventory: &mut Inventory, tables: &Tables) {
    let bound: BTreeSet<&Urn> = inventory.grants.iter().map(|grant| &grant.policy).collect();
    let mut new: Vec<Setting> = Vec::new();
    let clusters = Clusters::of(inventory, tables);
    for role in inventory.policies.iter().filter(|one| one.language == PolicyLanguage::KubernetesRbac) {
        let powers = clusters.ask(|around| powers(role, &role.tenant, tables, around));
        let default = tables.kubernetes_bootstrap.role(&role.id);
        let before = default.map(|default| clusters.ask(|around| self::powers(default, &role.tenant, tables, around)));
        let added: Vec<CapabilityKind> = before
            .map(|before| powers.iter().filter(|power| !before.contains(power)).copied().collect())
            .unwrap_or_default();
        let is_part = inventory.settings.get(&role.id).is_some_and(|one| one.attributes.is(AttributeName::Aggregated));
        let unbound = !bound.contains(&role.id) && default.is_none() && !role.builtin && !is_part;
        if added.is_empty() && (!unbound || powers.is_empty()) {
            continue;
        }
        let names = |kinds: &[CapabilityKind]| kinds.iter().map(ToString::to_string).collect::<Vec<String>>();
        let mut attributes = Attributes::default().with(AttributeName::Powers, names(&powers));
        attributes.set(AttributeName::Unbound, unbound);
        if !added.is_empty() {
            attributes.set(AttributeName::AddedPowers, AttributeValue::Texts(names(&added)));
        }
        new.push(Setting {
            id: role.id.clone(),
            kind: SettingKind::KubernetesRole,
            tenant: role.tenant.clone(),
            name: role.name.clone(),
            part_of: None,
            labels: Default::default(),
            attributes,
            evidence: role.evidence.clone(),
        });
    }
    if new.is_empty() {
        return;
    }
    let mut settings: Vec<Setting> =
        inventory.settings.iter().filter(|one| new.iter().all(|role| role.id != one.id)).cloned().collect();
    settings.extend(new);
    inventory.settings = Table::new(settings);
}

/// What a role amounts to where it is bound in its whole scope, without a condition.
fn powers(role: &Policy, tenant: &str, tables: &Tables, around: &kubernetes::Around<'_>) -> Vec<CapabilityKind> {
    let scope = match role.id.as_str().split('/').nth(1) {
        None | Some("") => "cluster".to_owned(),
        Some(namespace) => format!("namespace/{namespace}"),
    };
    let grant = Grant {
        id: role.id.clone(),
        to: role.id.clone(),
        policy: role.id.clone(),
        kind: GrantKind::Policy,
        tenant: tenant.to_owned(),
        scope,
        via: Vec::new(),
        evidence: Evidence { ..role.evidence.clone() },
    };
    let capabilities =
        kubernetes::grant_capabilities(&grant, role, &tables.kubernetes_capabilities, &around.without_objects());
    let mut kinds: Vec<CapabilityKind> =
        capabilities.into_iter().filter(|one| !one.conditional && !one.is_of_named()).map(|one| one.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
