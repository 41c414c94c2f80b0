//! Which code makes which identity: by the ARN of a state, else by kind and name in the account that the code says. Where it
//! says none, a name that only one identity has is a maybe; one that stands in several accounts ties the code to none.

use std::collections::BTreeMap;

use super::unmade::is_manifest;
use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Holding, Identity, IdentityKind, Setting, SettingKind, Urn};

pub(super) fn link(inventory: &Inventory, edges: &mut Vec<Edge>) {
    of_manifests(inventory, edges);
    let definitions = inventory.settings.iter().filter(|one| one.kind == SettingKind::CodeDefinition);
    let definitions: Vec<&Setting> = definitions.collect();
    if definitions.is_empty() {
        return;
    }
    let mut by_name: BTreeMap<(&str, &str), Vec<&Identity>> = BTreeMap::new();
    for identity in inventory.identities.iter().filter(|one| !is_manifest(one)) {
        by_name.entry((identity.kind.as_str(), short_name(identity))).or_default().push(identity);
    }
    for definition in definitions {
        if let Some((identity, why, condition)) = made(inventory, definition, &by_name) {
            let edge = Edge::new(&identity.id, EdgeKind::DefinedBy, &definition.id, why);
            edges.push(match condition {
                Some(condition) => edge.only(Holding::Conditional, condition),
                None => edge,
            });
        }
    }
}

/// Service accounts of clusters that a manifest makes, where only one cluster that was read has one of that name.
fn of_manifests(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let accounts = || inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    let manifests: Vec<&Identity> =
        accounts().filter(|one| is_manifest(one) && !one.attributes.is(AttributeName::Template)).collect();
    if manifests.is_empty() {
        return;
    }
    let mut by_name: BTreeMap<&str, Vec<&Identity>> = BTreeMap::new();
    for account in accounts().filter(|one| !is_manifest(one)) {
        by_name.entry(&account.name).or_default().push(account);
    }
    for manifest in manifests {
        if let Some([one]) = by_name.get(manifest.name.as_str()).map(Vec::as_slice) {
            let place = &manifest.evidence.location;
            let why = format!("the manifest at {place} makes a service account of this name, and only one was read");
            edges.push(Edge::new(&one.id, EdgeKind::DefinedBy, &manifest.id, why));
        }
    }
}

fn made<'a>(
    inventory: &'a Inventory,
    definition: &Setting,
    by_name: &BTreeMap<(&str, &str), Vec<&'a Identity>>,
) -> Option<(&'a Identity, String, Option<String>)> {
    let form = definition.attributes.text(AttributeName::Form).unwrap_or("code");
    let place = &definition.evidence.location;
    if let Some(arn) = definition.attributes.text(AttributeName::DefinedArn) {
        // The account is part of it, so that one of another account is another identity.
        let identity = inventory.identities.get(&Urn::new(arn))?;
        return Some((identity, format!("{form} at {place} holds its ARN"), None));
    }
    let kind = definition.attributes.text(AttributeName::DefinedKind)?;
    let name = definition.attributes.text(AttributeName::DefinedName)?;
    let same = by_name.get(&(kind, name))?;
    let accounts = definition.attributes.texts(AttributeName::DefinedAccounts);
    let is_there = |one: &&&Identity| accounts.is_empty() || accounts.contains(&one.tenant);
    let fitting: Vec<&&Identity> = same.iter().filter(is_there).collect();
    let [one] = fitting.as_slice() else { return None };
    // A stack writes on what it makes how its template calls it (CloudFormation User Guide, "Resource tags").
    let tagged = one.labels.get("aws:cloudformation:logical-id").is_some_and(|id| *id == definition.name);
    if !accounts.is_empty() || tagged {
        let why = format!("{form} at {place} makes a {kind} of this name in {}", one.tenant);
        return Some((one, why, None));
    }
    let why = format!("{form} at {place} makes a {kind} of this name, and only one was read");
    Some((one, why, Some(format!("the code must be applied to {}, which it does not say", one.tenant))))
}

/// The name without the path before it; that of a service account is in its namespace.
pub(super) fn short_name(identity: &Identity) -> &str {
    match identity.provider() {
        crate::model::Provider::Aws => identity.name.rsplit('/').next().unwrap_or(&identity.name),
        _ => &identity.name,
    }
}

/// How many in a hundred of a tenant's users and roles are made by code that was read. Those of the platform, and those
/// that a stack's own label ties to a template, are left out.
pub(super) fn shares(inventory: &Inventory) -> BTreeMap<String, u8> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let is_made = |one: &Identity| {
        let edges = inventory.facts.graph.from(&one.id);
        edges.iter().any(|edge| edge.kind == EdgeKind::DefinedBy)
    };
    let counted = |one: &&Identity| {
        matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRole | IdentityKind::KubernetesServiceAccount)
            && !one.builtin
            && !one.labels.keys().any(|name| name.starts_with("aws:cloudformation:"))
    };
    for identity in inventory.identities.iter().filter(counted) {
        let count = counts.entry(identity.tenant.clone()).or_default();
        count.0 += usize::from(is_made(identity));
        count.1 += 1;
    }
    let shares = counts.into_iter().map(|(tenant, (made, all))| (tenant, made * 100 / all.max(1)));
    shares.map(|(tenant, share)| (tenant, u8::try_from(share).unwrap_or(100))).collect()
}
