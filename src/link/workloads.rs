//! Grants → holder and workload → identity.

use crate::inventory::Inventory;

pub(super) fn link(inventory: &mut Inventory) {
    for grant in inventory.grants.iter() {
        inventory.facts.identities.entry(grant.to.clone()).or_default().grants.insert(grant.id.clone());
    }
    for workload in inventory.workloads.iter() {
        for identity in &workload.runs_as {
            let of = inventory.facts.identities.entry(identity.clone()).or_default();
            of.workloads.insert(workload.id.clone());
        }
    }
}
