//! Who may be meant by a name that nobody has, and what manifests declare that a cluster has. Reads no file.

use std::collections::BTreeSet;

use super::thing;
use crate::inventory::Inventory;
use crate::model::{Credential, Location, Urn, alike};

/// How many names are given.
const NEAR: usize = 5;
/// Names differ by as many letters at most.
const FURTHEST: usize = 3;

/// People, owners and authors whose names hold this one or are spelled much like it, the nearest first.
pub(super) fn near(inventory: &Inventory, asked: &str) -> Vec<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for person in inventory.people.iter() {
        names.insert(person.email.clone());
    }
    let owners = inventory.facts.identities.values().filter_map(|facts| facts.owner.value());
    names.extend(owners.map(|owner| owner.name.clone()));
    names.extend(
        inventory.exposures.iter().filter_map(|one| one.introduced.as_ref()).map(|commit| commit.email.clone()),
    );
    let full = |email: &str| inventory.people.iter().find(|one| one.email == email).map(|one| one.name.to_lowercase());
    let score = |name: &String| {
        let lower = name.to_lowercase();
        let texts = [Some(lower.clone()), lower.split('@').next().map(str::to_owned), full(name)];
        let holds = texts.iter().flatten().any(|text| asked.len() >= 3 && text.contains(asked));
        let close = texts.iter().flatten().filter(|text| text.len().abs_diff(asked.len()) <= FURTHEST);
        let distance = close.map(|text| alike::distance(asked, text)).min();
        let distance = distance.filter(|distance| *distance <= FURTHEST.min(asked.chars().count() / 3));
        if holds { Some(0) } else { distance }
    };
    let mut found: Vec<(usize, String)> = names.iter().filter_map(|name| Some((score(name)?, name.clone()))).collect();
    found.sort();
    found.into_iter().take(NEAR).map(|(_, name)| name).collect()
}

/// The thing of a cluster that was read which a manifest declares: of the same kind, namespace and name.
pub(super) fn alive<'a>(inventory: &'a Inventory, kind: &str, name: &str, location: &Location) -> Option<&'a Urn> {
    thing::declared(kind, location)?;
    let is_alive = |place: &Location| thing::declared(kind, place).is_none();
    let identity = inventory
        .identities
        .iter()
        .find(|one| one.kind.as_str() == kind && one.name == name && is_alive(&one.evidence.location))
        .map(|one| &one.id);
    let credential = || {
        let is_it =
            |one: &&Credential| one.kind.as_str() == kind && one.name == name && is_alive(&one.evidence.location);
        inventory.credentials.iter().find(is_it).map(|one| &one.id)
    };
    identity.or_else(credential)
}

/// Where manifests declare what a cluster has, as `file:line`.
pub(super) fn declarations(inventory: &Inventory, credential: &Credential) -> Vec<String> {
    let is_same =
        |one: &&Credential| one.kind == credential.kind && one.name == credential.name && one.id != credential.id;
    let places = inventory.credentials.iter().filter(is_same);
    places.filter_map(|one| thing::declared(one.kind.as_str(), &one.evidence.location)).collect()
}
