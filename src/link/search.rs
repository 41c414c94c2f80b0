//! What can be reached from everything: the power that identities have by their own rights, followed back along the
//! steps that lead to them. Concludes no step itself.

use std::collections::BTreeMap;

use crate::inventory::{Inventory, Source};
use crate::model::{CapabilityKind, Holding, Urn};

/// Kinds of power from the strongest down; those that are not here follow in the order of their list.
const STRENGTH: &[CapabilityKind] = &[
    CapabilityKind::Administrator,
    CapabilityKind::Escalate,
    CapabilityKind::Impersonate,
    CapabilityKind::MintCredentials,
    CapabilityKind::RunCode,
    CapabilityKind::ReadSecrets,
];

pub(super) fn link(inventory: &mut Inventory) {
    let sources = sources(inventory);
    inventory.facts.graph.search(sources);
}

/// Everything that somebody can do somewhere, the strongest first.
fn sources(inventory: &Inventory) -> Vec<Source> {
    let mut by_power: BTreeMap<(bool, usize, CapabilityKind, String), BTreeMap<Urn, Holding>> = BTreeMap::new();
    let mut add = |kind: CapabilityKind, scope: &str, who: &Urn, conditional: bool| {
        let holding = if conditional { Holding::Conditional } else { Holding::Holds };
        // What is about single resources comes after what is about a whole account.
        let is_of_resource = scope.starts_with("resource");
        let holders = by_power.entry((is_of_resource, strength(kind), kind, scope.to_owned())).or_default();
        holders.entry(who.clone()).and_modify(|known| *known = holding.min(*known)).or_insert(holding);
    };
    for (id, facts) in &inventory.facts.identities {
        for capability in &facts.capabilities {
            add(capability.kind, &capability.scope, id, capability.conditional);
        }
        let Some(identity) = inventory.identities.get(id) else { continue };
        // A way up that passes through nobody else.
        for path in facts.escalations.iter().filter(|path| path.target == *id) {
            let place = if identity.provider() == crate::model::Provider::Kubernetes { "cluster" } else { "account" };
            add(CapabilityKind::Administrator, &format!("{place} {}", identity.tenant), id, path.conditional);
        }
    }
    by_power
        .into_iter()
        .map(|((_, _, kind, scope), holders)| Source { kind, scope, holders: holders.into_iter().collect() })
        .collect()
}

fn strength(kind: CapabilityKind) -> usize {
    STRENGTH.iter().position(|known| *known == kind).unwrap_or_else(|| {
        STRENGTH.len() + CapabilityKind::ALL.iter().position(|known| *known == kind).unwrap_or_default()
    })
}
