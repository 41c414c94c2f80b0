//! How an identity becomes more than it is: through its own rights, through roles, across systems.

use std::collections::BTreeMap;

use super::Tables;
use super::privilege::aws_principal;
use crate::access::{aws, kubernetes};
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{Capability, CapabilityKind, EscalationPath, Identity, IdentityKind, PrincipalKind, Provider, Urn};

pub(super) fn link(inventory: &mut Inventory, tables: &Tables) {
    for (id, paths) in aws_paths(inventory, tables) {
        inventory.facts.identities.entry(id).or_default().escalations = paths;
    }
    // A way out of a cluster goes on by what the cloud role can do, so those are first.
    let across = paths_across(inventory);
    for (id, paths) in kubernetes_paths(inventory, &across) {
        inventory.facts.identities.entry(id).or_default().escalations = paths;
    }
    for (id, path) in across {
        inventory.facts.identities.entry(id).or_default().escalations.push(path);
    }
}

fn aws_paths(inventory: &Inventory, tables: &Tables) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let principals: Vec<_> = inventory
        .identities
        .iter()
        .filter(|identity| matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole))
        .map(|identity| aws_principal(inventory, identity))
        .collect();
    aws::escalations(&principals, &tables.aws_techniques)
}

/// The shortest way of each subject of a cluster to all of it, or to the administrator of a cloud account.
fn kubernetes_paths(inventory: &Inventory, across: &[(Urn, EscalationPath)]) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let mut clusters: BTreeMap<&str, Vec<kubernetes::Actor<'_>>> = BTreeMap::new();
    let across: BTreeMap<&Urn, &EscalationPath> =
        across.iter().filter(|(_, path)| !path.conditional).map(|(id, path)| (id, path)).collect();
    for identity in inventory.identities.iter().filter(|identity| identity.provider() == Provider::Kubernetes) {
        let Some(facts) = inventory.facts.identities.get(&identity.id) else { continue };
        let is_account = identity.kind == IdentityKind::KubernetesServiceAccount;
        let namespace = identity.name.split_once('/').map(|(namespace, _)| namespace).filter(|_| is_account);
        clusters.entry(&identity.tenant).or_default().push(kubernetes::Actor {
            id: &identity.id,
            name: &identity.name,
            namespace,
            has_pods: !facts.workloads.is_empty(),
            has_token: !facts.credentials.is_empty(),
            capabilities: &facts.capabilities,
            top: top(identity, facts, across.get(&identity.id).copied()),
        });
    }
    let mut paths: BTreeMap<Urn, Vec<EscalationPath>> = BTreeMap::new();
    for actors in clusters.values() {
        paths.extend(kubernetes::escalations(actors).into_iter().map(|(id, path)| (id, vec![path])));
        for actor in actors.iter().filter(|actor| actor.top.is_none()) {
            let conditional = conditional_path(actor);
            if !paths.contains_key(actor.id) && !conditional.steps.is_empty() {
                paths.insert(actor.id.clone(), vec![conditional]);
            }
        }
    }
    paths
}

/// Where the ways of others may end: an administrator, or somebody who acts as a cloud role that is one.
fn top(identity: &Identity, facts: &IdentityFacts, across: Option<&EscalationPath>) -> Option<(Urn, String)> {
    let name = &identity.name;
    if let Some(capability) = facts.capabilities.iter().find(|one| one.is_administrator()) {
        let text = format!("{name} is administrator of {} ({})", capability.scope, capability.proof.join(", "));
        return Some((identity.id.clone(), text));
    }
    across.map(|path| (path.target.clone(), path.steps.join("; ")))
}

/// A right that leads up only if something else holds, where there is no other way.
fn conditional_path(actor: &kubernetes::Actor<'_>) -> EscalationPath {
    let leads_up = |one: &&Capability| {
        matches!(one.kind, CapabilityKind::Escalate | CapabilityKind::KubernetesImpersonateUsers)
            && one.scope.starts_with("cluster ")
    };
    let steps = actor.capabilities.iter().find(leads_up).map(|one| one.proof.clone()).unwrap_or_default();
    EscalationPath { target: actor.id.clone(), conditional: true, steps }
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
