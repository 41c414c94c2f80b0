//! Which service accounts are parts of a known operator, where they may write what that operator's controllers carry out by its
//! own roles alone. It takes no right away from anybody.

use std::collections::BTreeMap;

use super::Tables;
use crate::access::kubernetes::Operators;
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{AttributeName, Attributes, CapabilityKind, Identity, IdentityKind, Urn, Workload};

/// Tells it as an attribute.
pub(super) fn link(inventory: &mut Inventory, tables: &Tables) {
    let accounts = inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    let named =
        accounts.filter_map(|one| Some((one.id.clone(), operator(one, inventory, &tables.kubernetes_operators)?)));
    let named: BTreeMap<Urn, String> = named.collect();
    for (id, name) in named {
        let attributes = Attributes::default().with(AttributeName::OperatorPart, name);
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

fn operator(account: &Identity, inventory: &Inventory, operators: &Operators) -> Option<String> {
    let gives = |grant: &Urn| {
        let given = inventory.facts.grants.get(grant).map_or(&[][..], Vec::as_slice);
        given.iter().any(|one| one.kind == CapabilityKind::KubernetesUseDeputies)
    };
    let facts: &IdentityFacts = inventory.facts.identities.get(&account.id)?;
    facts.capabilities.iter().find(|one| one.kind == CapabilityKind::KubernetesUseDeputies)?;
    let workloads = || facts.workloads.iter().filter_map(|id| inventory.workloads.get(id));
    let operator = workloads().flat_map(images).find_map(|image| operators.of_image(image))?;
    let runs_it = |image: &String| operators.of_image(image).is_some_and(|one| one.name == operator.name);
    // Whatever else runs as it is no part of the operator, and has what it has.
    let is_part = workloads().all(|one| images(one).iter().any(runs_it));
    let mut grants = facts.grants.iter().filter(|grant| gives(grant)).filter_map(|grant| inventory.grants.get(grant));
    (is_part && grants.all(|grant| operator.has_role(&grant.policy))).then(|| operator.name.clone())
}

fn images(workload: &Workload) -> &[String] {
    workload.attributes.texts(AttributeName::Images)
}
