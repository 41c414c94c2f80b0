//! Which code makes which identity: by the ARN of a state, else by kind and name in the account that the code says. Where it
//! says none, a name that only one identity has is a maybe; one that stands in several accounts ties the code to none.

use std::collections::BTreeMap;

use super::unmade::is_manifest;
use crate::inventory::Inventory;
use crate::model::{
    AttributeName, Edge, EdgeKind, Holding, Identity, IdentityKind, Setting, SettingKind, Urn, wildcard,
};

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
    for (identity, definition, why, pattern) in perhaps(inventory) {
        // A form that a name has ties nobody to the code; the very name may.
        if short_name(identity) == pattern.trim_matches('*') {
            let edge = Edge::new(&identity.id, EdgeKind::DefinedBy, &definition.id, why);
            let condition = match definition.attributes.text(AttributeName::DefinedKind) {
                Some(_) => "the code must be applied with the values that give it this name",
                None => "the module, which was not read, must make something of the name that it is given",
            };
            edges.push(edge.only(Holding::Conditional, condition));
        }
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

/// What code may make that works its names out: each identity with the code, why, and the form of the name.
fn perhaps(inventory: &Inventory) -> Vec<(&Identity, &Setting, String, String)> {
    let is_computed = |one: &&Setting| one.kind == SettingKind::CodeDefinition;
    let computed = inventory.settings.iter().filter(is_computed);
    let computed: Vec<(&Setting, &[String])> = computed
        .map(|one| (one, one.attributes.texts(AttributeName::DefinedPatterns)))
        .filter(|(_, patterns)| !patterns.is_empty())
        .collect();
    if computed.is_empty() {
        return Vec::new();
    }
    // By the short names in order, so that what begins alike stands together.
    let counts = |one: &&Identity| {
        let kinds = [IdentityKind::AwsUser, IdentityKind::AwsRole, IdentityKind::AwsGroup];
        (kinds.contains(&one.kind) || one.kind == IdentityKind::KubernetesServiceAccount)
            && !is_manifest(one)
            && !one.builtin
    };
    let mut named: Vec<(&str, &Identity)> =
        inventory.identities.iter().filter(counts).map(|one| (short_name(one), one)).collect();
    named.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
    let mut found = Vec::new();
    for (setting, patterns) in computed {
        let accounts = setting.attributes.texts(AttributeName::DefinedAccounts);
        let kind = setting.attributes.text(AttributeName::DefinedKind);
        let (form, place) = (setting.attributes.text(AttributeName::Form), &setting.evidence.location);
        for pattern in patterns {
            let head = pattern.split('*').next().unwrap_or_default();
            let start = named.partition_point(|(name, _)| *name < head);
            let fits = |one: &Identity| {
                let is_kind = match kind {
                    Some(kind) => one.kind.as_str() == kind,
                    None => matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRole),
                };
                is_kind && (accounts.is_empty() || accounts.contains(&one.tenant))
            };
            let alike = named[start..].iter().take_while(|(name, _)| name.starts_with(head));
            for (_, identity) in alike.filter(|(name, one)| fits(one) && wildcard::matches(pattern, name)) {
                let why = match kind {
                    Some(kind) => {
                        format!("{} at {place} makes an identity ({kind}) called {pattern}", form.unwrap_or("code"))
                    }
                    None if form == Some("program") => {
                        format!("the {} at {place}, which is not run, may make it", setting.name)
                    }
                    None => format!("{} at {place}, a module that was not read, may make it", setting.name),
                };
                found.push((*identity, setting, why, pattern.clone()));
            }
        }
    }
    found
}

/// Identities that some code may make, with that code, where none makes them for certain.
pub(super) fn maybe_made(inventory: &Inventory) -> BTreeMap<Urn, String> {
    let of_pattern = |edge: &&Edge| {
        let patterns = inventory.settings.get(&edge.to).map(|one| one.attributes.texts(AttributeName::DefinedPatterns));
        patterns.is_some_and(|patterns| !patterns.is_empty())
    };
    let is_made = |one: &Identity| {
        let edges = inventory.facts.graph.from(&one.id).iter().filter(|edge| edge.kind == EdgeKind::DefinedBy);
        edges.filter(|edge| !of_pattern(edge)).count() > 0
    };
    let mut found = BTreeMap::new();
    for (identity, _, why, _) in perhaps(inventory).into_iter().filter(|(one, ..)| !is_made(one)) {
        found.entry(identity.id.clone()).or_insert(why);
    }
    found
}

/// Service accounts of clusters that a manifest makes, where only one cluster that was read has one of that name.
fn of_manifests(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let accounts = || inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    let makes = |one: &&Identity| is_manifest(one) && !one.is_only_named();
    let manifests: Vec<&Identity> =
        accounts().filter(|one| makes(one) && !one.attributes.is(AttributeName::Template)).collect();
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
            && !one.is_only_named()
            && !one.labels.keys().any(|name| name.starts_with("aws:cloudformation:"))
    };
    let is_open = |one: &&Identity| !inventory.facts.maybe_made.contains_key(&one.id);
    for identity in inventory.identities.iter().filter(counted).filter(is_open) {
        let count = counts.entry(identity.tenant.clone()).or_default();
        count.0 += usize::from(is_made(identity));
        count.1 += 1;
    }
    let shares = counts.into_iter().map(|(tenant, (made, all))| (tenant, made * 100 / all.max(1)));
    shares.map(|(tenant, share)| (tenant, u8::try_from(share).unwrap_or(100))).collect()
}
