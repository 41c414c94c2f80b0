//! How an identity becomes more than it is: through its own rights, through roles, across systems.

use std::collections::BTreeMap;

use super::Tables;
use super::privilege::{Guardrails, aws_principal};
use crate::access::aws;
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{Capability, CapabilityKind, EscalationPath, Identity, IdentityKind, PrincipalKind, Provider, Urn};

pub(super) fn link(inventory: &mut Inventory, tables: &Tables, library: &aws::Library) {
    let mut paths = aws_paths(inventory, tables, library);
    paths.extend(kubernetes_paths(inventory));
    for (id, paths) in paths {
        inventory.facts.identities.entry(id).or_default().escalations = paths;
    }
    let across = paths_across(inventory);
    for (id, path) in across {
        inventory.facts.identities.entry(id).or_default().escalations.push(path);
    }
}

fn aws_paths(
    inventory: &Inventory,
    tables: &Tables,
    library: &aws::Library,
) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let guardrails = Guardrails::of(inventory);
    let principals: Vec<_> = inventory
        .identities
        .iter()
        .filter(|identity| matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole))
        .map(|identity| aws_principal(inventory, identity, &guardrails))
        .collect();
    aws::escalations(&principals, library, &tables.aws_capabilities, &tables.aws_techniques)
}

/// Rights in a cluster that amount to all of it, one step away.
fn kubernetes_paths(inventory: &Inventory) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let mut paths = BTreeMap::new();
    for identity in inventory.identities.iter().filter(|identity| identity.provider() == Provider::Kubernetes) {
        let cluster = format!("cluster {}", identity.tenant);
        let Some(facts) = inventory.facts.identities.get(&identity.id) else { continue };
        if is_administrator(facts) {
            continue;
        }
        let steps: Vec<_> = facts
            .capabilities
            .iter()
            .filter(|capability| {
                let leads_up = matches!(capability.kind, CapabilityKind::Escalate | CapabilityKind::Impersonate);
                leads_up && capability.scope == cluster
            })
            .map(|capability| EscalationPath {
                target: identity.id.clone(),
                conditional: capability.conditional,
                steps: capability.proof.clone(),
            })
            .collect();
        if !steps.is_empty() {
            paths.insert(identity.id.clone(), steps);
        }
    }
    paths
}

/// A service account that acts as an IAM role reaches what that role reaches.
fn paths_across(inventory: &Inventory) -> Vec<(Urn, EscalationPath)> {
    let mut paths = Vec::new();
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        let Some(linked) = inventory.facts.identities.get(&account.id).map(|facts| &facts.linked) else { continue };
        for role in linked.iter().filter_map(|role| inventory.identities.get(role)) {
            if let Some(path) = through_role(inventory, account, role) {
                paths.push((account.id.clone(), path));
            }
        }
    }
    paths
}

fn through_role(inventory: &Inventory, account: &Identity, role: &Identity) -> Option<EscalationPath> {
    let facts = inventory.facts.identities.get(&role.id)?;
    let trusts_federation = facts.trusted.iter().any(|principal| principal.kind == PrincipalKind::Federated);
    let mut steps = vec![format!(
        "service account {} acts as role {} (annotation eks.amazonaws.com/role-arn)",
        account.name, role.name
    )];
    let mut conditional = !trusts_federation;
    let target =
        if let Some(capability) = facts.capabilities.iter().find(|one| one.kind == CapabilityKind::Administrator) {
            steps.push(format!("role {} is administrator: {}", role.name, capability.proof.join(", ")));
            conditional |= capability.conditional;
            role.id.clone()
        } else {
            let path = facts.escalations.first()?;
            steps.extend(path.steps.iter().cloned());
            conditional |= path.conditional;
            path.target.clone()
        };
    Some(EscalationPath { target, conditional, steps })
}

fn is_administrator(facts: &IdentityFacts) -> bool {
    facts.capabilities.iter().any(Capability::is_administrator)
}
