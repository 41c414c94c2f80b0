//! Who takes over nodes of clusters, and whose tokens lie there. It reads no right: `access` says what takes a node.

use std::collections::BTreeMap;

use crate::access::kubernetes::takes_nodes;
use crate::inventory::Inventory;
use crate::model::{AttributeName, Capability, Edge, EdgeKind, Holding, Provider, Setting, SettingKind, Urn};

/// What was not asked where a node may be taken.
pub(super) const ADMISSION: &str =
    "no level of pod security is enforced there by a label; what else admission refuses was not read";

/// Steps to the nodes of a cluster, where somebody takes them, and from each to the accounts of its pods.
pub(super) fn link(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let mut nodes: BTreeMap<&str, Vec<&Setting>> = BTreeMap::new();
    for node in inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesNode) {
        nodes.entry(&node.tenant).or_default().push(node);
    }
    let mut taken: BTreeMap<&str, Urn> = BTreeMap::new();
    for (id, facts) in inventory.facts.identities.iter().filter(|_| !nodes.is_empty()) {
        let identity = inventory.identities.get(id).filter(|one| one.provider() == Provider::Kubernetes);
        let Some(identity) = identity.filter(|one| nodes.contains_key(one.tenant.as_str())) else { continue };
        let place = taken
            .get(identity.tenant.as_str())
            .cloned()
            .unwrap_or_else(|| Urn::new(format!("place:nodes cluster {}", identity.tenant)));
        let ways: Vec<&Capability> = facts.capabilities.iter().filter(|one| takes_nodes(one)).collect();
        let Some(surest) = ways.iter().min_by_key(|one| one.conditional) else { continue };
        let why = format!("{}: {}", surest.kind, surest.proof.join(", "));
        let edge = Edge::new(id, EdgeKind::Controls, &place, why);
        edges.push(if surest.conditional { edge.only(Holding::Unknown, ADMISSION) } else { edge });
        taken.insert(&identity.tenant, place);
    }
    for (cluster, place) in taken {
        for node in nodes.get(cluster).into_iter().flatten() {
            edges.push(Edge::new(&place, EdgeKind::Controls, &node.id, "any node may be chosen"));
            for account in node.attributes.texts(AttributeName::PodsOf) {
                let Some((namespace, name)) = account.split_once('/') else { continue };
                let account = Urn::kubernetes(cluster, namespace, "sa", name);
                edges.push(Edge::new(&node.id, EdgeKind::Controls, &account, "a pod on it has its token"));
            }
        }
    }
}
