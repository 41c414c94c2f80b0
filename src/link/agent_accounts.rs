//! Agents that manifests of clusters make, and the service accounts that they run as. A name that is the same in another
//! cluster ties nothing for certain.

use std::collections::HashMap;

use crate::inventory::Inventory;
use crate::model::{AttributeName, Edge, EdgeKind, Holding, Identity, IdentityKind};

/// How a manifest's agent says what it runs as.
const ACCOUNT: &str = "service account ";

/// The step from each agent to its account: that of the same manifests, or, where those are applied, of a cluster.
pub(super) fn edges(inventory: &Inventory) -> Vec<Edge> {
    let account =
        |agent: &'_ Identity| agent.attributes.text(AttributeName::CloudRole)?.strip_prefix(ACCOUNT).map(str::to_owned);
    let agents = inventory.identities.iter().filter(|one| one.kind == IdentityKind::AgentCloud);
    let agents: Vec<(&Identity, String)> = agents.filter_map(|one| Some((one, account(one)?))).collect();
    if agents.is_empty() {
        return Vec::new();
    }
    let mut by_name: HashMap<&str, Vec<&Identity>> = HashMap::new();
    for one in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        by_name.entry(one.name.as_str()).or_default().push(one);
    }
    let mut edges = Vec::new();
    for (agent, name) in agents {
        let own = format!("{} (manifests)", tree_of(agent).unwrap_or_default().replace('/', ":"));
        for account in by_name.get(name.as_str()).into_iter().flatten() {
            let why = format!("it runs as the service account {name}");
            let edge = Edge::new(&agent.id, EdgeKind::ActsAs, &account.id, why);
            edges.push(match account.tenant == own {
                true => edge,
                false if account.tenant.ends_with(" (manifests)") => continue,
                false => {
                    edge.only(Holding::Conditional, format!("its manifest is applied to cluster {}", account.tenant))
                }
            });
        }
    }
    edges
}

/// The name of the tree that an agent's file lies in: `agent:TREE/PATH#PART`.
fn tree_of(agent: &Identity) -> Option<&str> {
    let crate::model::Location::File { path, .. } = &agent.evidence.location else { return None };
    let name = agent.id.as_str().strip_prefix("agent:")?;
    name.split_once(&format!("/{path}#")).map(|(tree, _)| tree)
}
