//! Every step from one thing to another, from what was read and what the passes before concluded. Each with what proves
//! it and how sure it is; where the proof is not enough there is no step.

use std::collections::BTreeSet;

use super::federation::{Admitted, AllAdmitted, GITHUB};
use super::{definitions, proofs, workflows};
use crate::access::kubernetes::Asker;
use crate::inventory::{Graph, IdentityFacts, Inventory};
use crate::model::{
    CapabilityKind, Confidence, Credential, Edge, EdgeKind, Exposure, FactKind, Holding, Identity, IdentityKind, Known,
    LinkKind, PrincipalKind, Provider, Urn, WorkloadKind,
};

/// The annotation by which EKS lets a service account act as an IAM role.
/// Source: Amazon EKS User Guide, "Assign IAM roles to Kubernetes service accounts".
const IRSA_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
/// Source: GKE documentation, "Authenticate to Google Cloud APIs from GKE workloads".
const GKE_ANNOTATION: &str = "iam.gke.io/gcp-service-account";
/// Source: Azure AD Workload Identity documentation, "Service account labels and annotations".
const AKS_ANNOTATION: &str = "azure.workload.identity/client-id";

pub(super) fn link(inventory: &mut Inventory) {
    let mut edges = Vec::new();
    of_exposures(inventory, &mut edges);
    of_credentials(inventory, &mut edges);
    of_workloads(inventory, &mut edges);
    of_trusts(inventory, &mut edges);
    let admitted = AllAdmitted::of(inventory.trusts.iter());
    of_service_accounts(inventory, &admitted, &mut edges);
    of_groups(inventory, &mut edges);
    workflows::link(inventory, &admitted, &mut edges);
    definitions::link(inventory, &mut edges);
    of_places(inventory, &mut edges);
    of_escalations(inventory, &mut edges);
    of_links(inventory, &mut edges);
    inventory.facts.graph = Graph::new(edges);
    inventory.facts.code_share = definitions::shares(inventory);
}

/// The groups that a cluster puts its accounts and users into by itself, where what is bound to them gives power.
/// Source: Kubernetes, "Authenticating" and "Service accounts". Findings about such rights are told at the binding.
fn of_groups(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for identity in inventory.identities.iter() {
        let user = match (identity.kind, identity.name.split_once('/')) {
            (IdentityKind::KubernetesServiceAccount, Some((namespace, name))) => {
                format!("system:serviceaccount:{namespace}:{name}")
            }
            (IdentityKind::KubernetesUser, _) => identity.name.clone(),
            _ => continue,
        };
        for group in Asker::named(&user, &[]).identities(&identity.tenant) {
            let gives = |facts: &IdentityFacts| !facts.capabilities.is_empty() || !facts.escalations.is_empty();
            if group != identity.id && inventory.facts.identities.get(&group).is_some_and(gives) {
                let why = format!("the API server counts {} to it", identity.name);
                edges.push(Edge::new(&identity.id, EdgeKind::MemberOf, &group, why));
            }
        }
    }
}

/// Steps that collectors saw in configuration.
fn of_links(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for link in inventory.links.rows() {
        let kind = match link.kind {
            LinkKind::MemberOf => EdgeKind::MemberOf,
            LinkKind::Uses => EdgeKind::Uses,
            LinkKind::ActsAs => EdgeKind::ActsAs,
            LinkKind::OwnedBy => EdgeKind::OwnedBy,
            LinkKind::DefinedBy => EdgeKind::DefinedBy,
            LinkKind::RegisteredAs => EdgeKind::RegisteredAs,
            LinkKind::AppliesTo => EdgeKind::AppliesTo,
        };
        let edge = Edge::new(&link.from, kind, &link.to, link.why.clone());
        edges.push(match (&link.condition, link.confidence) {
            (Some(condition), _) => edge.only(Holding::Conditional, condition.clone()),
            (None, Confidence::Low) => edge.only(Holding::Unknown, "it is a guess"),
            _ => edge,
        });
    }
}

/// A text that still is what opens something. A public id alone opens nothing.
fn of_exposures(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let published = proofs::KeyNames::of_settings(inventory);
    for exposure in inventory.exposures.iter().filter(|one| !one.public && !has_expired(one)) {
        for setting in published.of(exposure).unwrap_or_default() {
            let why = "the public half of the found key is this one";
            edges.push(Edge::new(&exposure.id, EdgeKind::Unlocks, setting, why));
        }
        let Some(facts) = inventory.facts.exposures.get(&exposure.id) else { continue };
        let place = &exposure.evidence.location;
        match (&facts.credential, &facts.identity) {
            (Known::Value(credential), _) => {
                let why = format!("{} at {place}", exposure.title);
                edges.push(Edge::new(&exposure.id, EdgeKind::ValueOf, credential, why));
            }
            (_, Known::Value(identity)) => {
                let why = format!("{} at {place} names it", exposure.title);
                let edge = Edge::new(&exposure.id, EdgeKind::ValueOf, identity, why);
                edges.push(edge.only(Holding::Unknown, "nothing that was read says whether it still works"));
            }
            _ => {
                if let Some((thing, why)) = proofs::elsewhere(exposure) {
                    let edge = Edge::new(&exposure.id, EdgeKind::ValueOf, &thing, why);
                    edges.push(edge.only(Holding::Unknown, "nothing of that system was read"));
                }
            }
        }
    }
}

/// Whether its own text says that it is over.
fn has_expired(exposure: &Exposure) -> bool {
    let expires = exposure.proof.facts.get("expires").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    expires.is_some_and(|expires| expires < exposure.evidence.observed)
}

fn of_credentials(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for credential in inventory.credentials.iter().filter(|one| can_work(one)) {
        let holder = inventory.identities.get(&credential.holder);
        if holder.is_some_and(|holder| holder.enabled == Known::Value(false)) {
            continue;
        }
        let why = format!("{} {}", credential.kind, credential.name);
        let edge = Edge::new(&credential.id, EdgeKind::Proves, &credential.holder, why);
        edges.push(match &credential.active {
            Known::Unknown(why) => edge.only(Holding::Unknown, why.clone()),
            _ => edge,
        });
    }
}

fn can_work(credential: &Credential) -> bool {
    let has_expired = credential.expires.value().is_some_and(|expires| *expires < credential.evidence.observed);
    credential.active != Known::Value(false) && !has_expired
}

fn of_workloads(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let others = inventory.workloads.iter().filter(|one| one.kind != WorkloadKind::CiGithubWorkflow);
    for workload in others {
        for identity in &workload.runs_as {
            let why = format!("{} {}", workload.kind, workload.name);
            let edge = Edge::new(&workload.id, EdgeKind::RunsAs, identity, why);
            edges.push(match inventory.identities.get(identity) {
                Some(_) => edge,
                None => edge.only(Holding::Unknown, "nothing was read of the identity"),
            });
        }
    }
}

/// Roles that identities may assume, as the policies of both sides say; where those of the one who asks could not be
/// read, what the role's trust alone says.
fn of_trusts(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for (id, roles) in &inventory.facts.assumes {
        for (role, conditional, proof) in roles {
            let edge = Edge::new(id, EdgeKind::Assumes, role, proof.join("; "));
            edges.push(match conditional {
                true => edge.only(Holding::Conditional, "a policy asks for something that is not known"),
                false => edge,
            });
        }
    }
    for (role, facts) in &inventory.facts.identities {
        for principal in facts.trusted.iter().filter(|one| one.kind == PrincipalKind::Identity) {
            let named = Urn::new(&principal.name);
            let of_named = inventory.facts.identities.get(&named);
            let is_known =
                inventory.facts.assumes.get(&named).is_some_and(|roles| roles.iter().any(|one| one.0 == *role));
            if let Some(why) = of_named.and_then(|facts| facts.rights_unknown.as_ref()).filter(|_| !is_known) {
                let edge = Edge::new(&named, EdgeKind::Assumes, role, format!("the trust policy names {named}"));
                edges.push(edge.only(Holding::Unknown, why.clone()));
            }
        }
    }
}

/// Service accounts that act as identities of a cloud, by what is written on them and what the role trusts.
fn of_service_accounts(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        if let Some(role) = account.labels.get(IRSA_ANNOTATION) {
            let role = Urn::new(role.trim());
            edges.extend(as_role(inventory, account, &role, &admitted.of_role(&role)));
        }
        let others = [(GKE_ANNOTATION, "gcp:service-account"), (AKS_ANNOTATION, "azure:application")];
        for (annotation, prefix) in others {
            let Some(name) = account.labels.get(annotation).map(|name| name.trim()).filter(|name| !name.is_empty())
            else {
                continue;
            };
            let to = Urn::new(format!("{prefix}/{name}"));
            let edge = Edge::new(&account.id, EdgeKind::ActsAs, &to, format!("annotation {annotation}"));
            edges.push(edge.only(Holding::Unknown, "nothing of that cloud was read"));
        }
    }
}

/// How a service account is the role that its annotation names: by a trust that lets it in, and not by the annotation
/// alone.
pub(super) fn as_role(inventory: &Inventory, account: &Identity, role: &Urn, of_role: &[&Admitted]) -> Option<Edge> {
    let why = format!("annotation {IRSA_ANNOTATION}");
    let edge = Edge::new(&account.id, EdgeKind::ActsAs, role, why);
    let Some(known) = inventory.identities.get(role) else {
        return Some(edge.only(Holding::Unknown, "nothing was read of the role"));
    };
    if inventory.trusts.get(role).is_none() {
        let is_blind = inventory.coverage.blind_spot(&known.tenant, FactKind::Trusts).is_some();
        return is_blind.then(|| edge.only(Holding::Unknown, "the role's trust policy was not read"));
    }
    let subject = format!("system:serviceaccount:{}", account.name.replacen('/', ":", 1));
    let of_clusters = of_role.iter().filter(|one| one.issuer != GITHUB);
    let fits = |one: &&&Admitted| one.subjects.is_empty() || one.subjects.iter().any(|text| text.matches(&subject));
    let best = of_clusters.filter(fits).min_by_key(|one| one.open.len())?;
    let edge = Edge { why: format!("{}; the role trusts {subject} of {}", edge.why, best.issuer), ..edge };
    Some(if best.open.is_empty() {
        edge
    } else {
        edge.only(Holding::Conditional, format!("the trust policy asks {}", best.open.join(", ")))
    })
}

/// Rights over a place of a cluster that are rights over every service account in it.
fn of_places(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let mut places = BTreeSet::new();
    for (id, facts) in &inventory.facts.identities {
        let of_cluster = inventory.identities.get(id).is_some_and(|one| one.provider() == Provider::Kubernetes);
        for capability in facts.capabilities.iter().filter(|one| of_cluster && gives_accounts(one.kind)) {
            let place = Urn::new(format!("place:{}", capability.scope));
            let why = format!("{}: {}", capability.kind, capability.proof.join(", "));
            let edge = Edge::new(id, EdgeKind::Controls, &place, why);
            edges.push(match capability.conditional {
                true => edge.only(Holding::Conditional, "only for objects or in cases that the rule limits"),
                false => edge,
            });
            places.insert(capability.scope.clone());
        }
    }
    let accounts = inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    for account in accounts {
        let namespace = account.name.split_once('/').map_or("", |(namespace, _)| namespace);
        for scope in [format!("namespace {}/{namespace}", account.tenant), format!("cluster {}", account.tenant)] {
            if places.contains(&scope) {
                let why = format!("service account {} is in {scope}", account.name);
                let place = Urn::new(format!("place:{scope}"));
                edges.push(Edge::new(&place, EdgeKind::Controls, &account.id, why));
            }
        }
    }
}

/// Whoever can start pods, enter them, or ask for tokens in a namespace can be each of its service accounts.
/// Source: Kubernetes documentation, "RBAC good practices", workload creation and token request.
fn gives_accounts(kind: CapabilityKind) -> bool {
    matches!(
        kind,
        CapabilityKind::RunCode
            | CapabilityKind::MintCredentials
            | CapabilityKind::Impersonate
            | CapabilityKind::Administrator
            | CapabilityKind::KubernetesCreatePods
            | CapabilityKind::KubernetesDebugPods
            | CapabilityKind::KubernetesEnterPods
            | CapabilityKind::KubernetesImpersonateAccounts
            | CapabilityKind::KubernetesRequestTokens
            | CapabilityKind::KubernetesWriteWorkloads
    )
}

fn of_escalations(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for (id, facts) in &inventory.facts.identities {
        for path in facts.escalations.iter().chain(&facts.data_paths).filter(|path| path.target != *id) {
            let edge = Edge::new(id, EdgeKind::Escalates, &path.target, path.steps.join("; "));
            edges.push(match path.conditional {
                true => edge.only(Holding::Conditional, "a step of it holds only under a condition"),
                false => edge,
            });
        }
    }
}
