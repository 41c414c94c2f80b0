//! How an identity becomes more than it is: through its own rights, through roles, across systems.

use std::collections::BTreeMap;

use super::federation::AllAdmitted;
use super::privilege::{Guardrails, aws_principal};
use super::{Tables, clusters};
use crate::access::{aws, kubernetes};
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{
    AttributeName, Capability, CapabilityKind, CredentialKind, Edge, EscalationPath, FactKind, Grant, Holding,
    Identity, IdentityKind, Known, PolicyLanguage, Provider, SettingKind, Urn, Workload, WorkloadKind,
};

pub(super) fn link(inventory: &mut Inventory, tables: &Tables, library: &aws::Library, admitted: &AllAdmitted) {
    let aws::Ways { to_administrator, to_data, assumes } = aws_ways(inventory, tables, library);
    for (id, paths) in to_data {
        inventory.facts.identities.entry(id).or_default().data_paths = paths;
    }
    for (id, roles) in assumes {
        impersonates(inventory, &id, &roles);
        inventory.facts.assumes.insert(id, roles);
    }
    for (id, paths) in to_administrator {
        inventory.facts.identities.entry(id).or_default().escalations = paths;
    }
    // A way out of a cluster goes on by what the cloud role can do, so those are first.
    let across = paths_across(inventory, admitted);
    let (up, to_nodes) = kubernetes_paths(inventory, &across);
    for (id, paths) in up {
        inventory.facts.identities.entry(id).or_default().escalations = paths;
    }
    for (id, path) in to_nodes {
        inventory.facts.identities.entry(id).or_default().node_paths = vec![path];
    }
    for (id, path) in across {
        inventory.facts.identities.entry(id).or_default().escalations.push(path);
    }
}

fn aws_ways(inventory: &Inventory, tables: &Tables, library: &aws::Library) -> aws::Ways {
    let guardrails = Guardrails::of(inventory);
    let principals = aws_principals(inventory, &guardrails);
    let around = surroundings(inventory);
    aws::escalations(&principals, library, &tables.aws_capabilities, &tables.aws_techniques, &around)
}

/// Everybody of AWS who acts, and the groups that they are in.
pub(super) fn aws_principals<'a>(inventory: &'a Inventory, guardrails: &Guardrails<'a>) -> Vec<aws::Principal<'a>> {
    let wanted = [IdentityKind::AwsUser, IdentityKind::AwsRole, IdentityKind::AwsGroup];
    let all = inventory.identities.iter().filter(|identity| wanted.contains(&identity.kind));
    all.map(|identity| aws_principal(inventory, identity, guardrails)).collect()
}

/// What runs as which role, and which credentials users have, where that was read.
pub(super) fn surroundings(inventory: &Inventory) -> aws::Surroundings<'_> {
    let mut around = aws::Surroundings::default();
    for workload in inventory.workloads.iter().filter(|workload| workload.id.as_str().starts_with("arn:")) {
        for role in &workload.runs_as {
            around.carries(&workload.id, role);
        }
    }
    let in_none = |role: &&Identity| role.attributes.int(AttributeName::InstanceProfiles) == Some(0);
    let roles = inventory.identities.iter().filter(|one| one.kind == IdentityKind::AwsRole);
    roles.filter(in_none).for_each(|role| around.has_no_profile(&role.id));
    let of_aws = inventory.policies.iter().filter(|policy| policy.language == PolicyLanguage::AwsIam);
    let is_managed = |id: &str| id.contains(":iam::") && id.contains(":policy/") && !id.contains('#');
    of_aws.filter(|policy| is_managed(policy.id.as_str())).for_each(|policy| around.keeps(policy));
    for user in inventory.identities.iter().filter(|identity| identity.kind == IdentityKind::AwsUser) {
        let is_blind = inventory.coverage.blind_spot_of(&user.id, &user.tenant, FactKind::Credentials).is_some();
        let names = inventory.facts.identities.get(&user.id).map(|facts| &facts.credentials);
        let held: Vec<_> = names.into_iter().flatten().filter_map(|name| inventory.credentials.get(name)).collect();
        let count = |kind| held.iter().filter(|credential| credential.kind == kind).count();
        let (keys, has_password) = (count(CredentialKind::AwsAccessKey), count(CredentialKind::AwsPassword) > 0);
        around.credentials(&user.id, keys, has_password, !is_blind);
        let told = held.iter().map(|one| &one.attributes).chain([&user.attributes]);
        let mfa: Vec<Known<_>> = told.map(|one| one.get(AttributeName::Mfa)).collect();
        let has =
            held.iter().any(|one| one.attributes.is(AttributeName::Mfa)) || user.attributes.is(AttributeName::Mfa);
        if has || mfa.iter().any(|one| one.why_unknown().is_some()) {
            around.has_mfa(&user.id, has.then_some(true));
        }
    }
    let managers = super::aws::center::managers(inventory);
    managers.into_iter().for_each(|(account, manages)| around.manages_identity_center(account, manages));
    let keepers = super::aws::center::keepers(inventory);
    keepers.into_iter().for_each(|((one, account), manages)| around.keeps_identity_center(one, account, manages));
    super::aws::center::sets(inventory).into_iter().for_each(|(role, set)| around.stands_for(role, set));
    around
}

/// Says which roles an identity may assume, where it may not assume all.
fn impersonates(inventory: &mut Inventory, id: &Urn, roles: &[(Urn, bool, Vec<String>)]) {
    let facts = inventory.facts.identities.entry(id.clone()).or_default();
    let is_known = |one: &Capability| one.kind == CapabilityKind::Impersonate || one.is_administrator();
    if facts.capabilities.iter().any(is_known) {
        return;
    }
    let scope = match roles {
        [(role, ..)] => role.to_string(),
        [(role, ..), rest @ ..] => format!("{role} and {} more", rest.len()),
        [] => return,
    };
    let proof = roles.iter().flat_map(|(_, _, sentences)| sentences.iter().cloned()).collect();
    let conditional = roles.iter().all(|(_, conditional, _)| *conditional);
    facts.capabilities.push(Capability { kind: CapabilityKind::Impersonate, scope, conditional, proof });
    facts.capabilities.sort();
}

/// The shortest way of each subject of a cluster to all of it, or to the administrator of a cloud account; and to a node.
fn kubernetes_paths(
    inventory: &Inventory,
    across: &[(Urn, EscalationPath)],
) -> (BTreeMap<Urn, Vec<EscalationPath>>, BTreeMap<Urn, EscalationPath>) {
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
            is_group: identity.kind == IdentityKind::KubernetesGroup,
            pods: pods(inventory, identity, facts),
            holds: holds(inventory, facts),
            tokens: tokens(inventory, facts),
            capabilities: &facts.capabilities,
            grants: grants(inventory, facts),
            top: top(identity, facts, across.get(&identity.id).copied()),
        });
    }
    let mut paths: BTreeMap<Urn, Vec<EscalationPath>> = BTreeMap::new();
    let mut to_nodes = BTreeMap::new();
    for (cluster, actors) in &clusters {
        let nodes = inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesNode);
        let nodes: Vec<Urn> = nodes.filter(|one| one.tenant == **cluster).map(|one| one.id.clone()).collect();
        let ways = kubernetes::escalations(actors, &nodes);
        paths.extend(ways.up.into_iter().map(|(id, path)| (id, vec![path])));
        to_nodes.extend(ways.to_nodes);
        for actor in actors.iter().filter(|actor| actor.top.is_none()) {
            let conditional = conditional_path(actor);
            if !paths.contains_key(actor.id) && !conditional.steps.is_empty() {
                paths.insert(actor.id.clone(), vec![conditional]);
            }
        }
    }
    (paths, to_nodes)
}

/// The grants of an identity with what each amounts to by itself.
fn grants<'a>(inventory: &'a Inventory, facts: &'a IdentityFacts) -> Vec<(&'a Grant, &'a [Capability])> {
    let all = facts.grants.iter().filter_map(|id| inventory.grants.get(id));
    all.filter_map(|grant| Some((grant, inventory.facts.grants.get(&grant.id)?.as_slice()))).collect()
}

/// The service accounts whose token Secrets are given to what runs as one.
fn holds<'a>(inventory: &'a Inventory, facts: &IdentityFacts) -> Vec<&'a str> {
    let workloads = facts.workloads.iter().filter_map(|id| inventory.workloads.get(id));
    workloads.flat_map(|one| one.attributes.texts(AttributeName::TokensOfOthers)).map(String::as_str).collect()
}

/// Whether there are pods of a service account. What a custom resource runs is known by its pods, where all were read.
pub(super) fn pods(inventory: &Inventory, identity: &Identity, facts: &IdentityFacts) -> kubernetes::Pods {
    let all: Vec<&Workload> = facts.workloads.iter().filter_map(|id| inventory.workloads.get(id)).collect();
    let knows_pods = !identity.evidence.is_declared()
        && inventory.coverage.blind_spot(&identity.tenant, FactKind::Workloads).is_none();
    let rests = |one: &Workload| match one.attributes.text(AttributeName::Rests) {
        Some("suspended") => Some("suspended"),
        Some("finished") => Some("finished"),
        Some(_) => Some("scaled to zero"),
        None if one.kind == WorkloadKind::KubernetesCustom && knows_pods => Some("a custom resource without pods"),
        None => None,
    };
    match all.iter().map(|one| rests(one)).min_by_key(Option::is_some) {
        Some(Some(why)) => kubernetes::Pods::Resting(why),
        Some(None) => kubernetes::Pods::Running,
        None => kubernetes::Pods::None,
    }
}

/// The Secrets that hold a token of a service account which still works, by their names in its namespace.
pub(super) fn tokens<'a>(inventory: &'a Inventory, facts: &IdentityFacts) -> Vec<&'a str> {
    let held = facts.credentials.iter().filter_map(|id| inventory.credentials.get(id));
    let works = held.filter(|one| {
        one.kind == CredentialKind::KubernetesTokenSecret && one.active != crate::model::Known::Value(false)
    });
    works.map(|one| one.name.rsplit('/').next().unwrap_or(&one.name)).collect()
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
    EscalationPath {
        target: actor.id.clone(),
        conditional: true,
        via: Vec::new(),
        steps,
        cut: String::new(),
        next: None,
    }
}

/// A service account that acts as an IAM role reaches what that role reaches.
fn paths_across(inventory: &Inventory, admitted: &AllAdmitted) -> Vec<(Urn, EscalationPath)> {
    let edges = clusters::roles(inventory, admitted);
    edges.iter().filter_map(|edge| Some((edge.from.clone(), through_role(inventory, edge)?))).collect()
}

fn through_role(inventory: &Inventory, edge: &Edge) -> Option<EscalationPath> {
    let role = inventory.identities.get(&edge.to)?;
    let account = inventory.identities.get(&edge.from)?;
    let facts = inventory.facts.identities.get(&role.id)?;
    let mut steps = vec![format!("service account {} acts as role {} ({})", account.name, role.name, edge.why)];
    steps.extend(edge.condition.as_ref().map(|condition| format!("provided that {condition}")));
    let mut conditional = edge.holding != Holding::Holds;
    let mut via = vec![format!("role/{}", role.name)];
    let target =
        if let Some(capability) = facts.capabilities.iter().find(|one| one.kind == CapabilityKind::Administrator) {
            steps.push(format!("role {} is administrator: {}", role.name, capability.proof.join(", ")));
            conditional |= capability.conditional;
            role.id.clone()
        } else {
            let path = facts.escalations.first()?;
            steps.extend(path.steps.iter().cloned());
            via.extend(path.via.iter().cloned());
            conditional |= path.conditional;
            path.target.clone()
        };
    Some(EscalationPath { target, conditional, via, steps, cut: String::new(), next: None })
}
