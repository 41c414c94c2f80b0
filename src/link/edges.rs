//! Every step from one thing to another, from what was read and what the passes before concluded. Each with what proves
//! it and how sure it is; where the proof is not enough there is no step.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::accounts::Accounts;
use super::federation::AllAdmitted;
use super::{agent_accounts, clusters, definitions, literals, nodes, outsiders, proofs, tokens, workflows};
use crate::access::aws;
use crate::access::kubernetes::{self, Asker, Place, Reach};
use crate::inventory::{Graph, IdentityFacts, Inventory};
use crate::model::{
    AttributeName, Capability, CapabilityKind, Confidence, Credential, Edge, EdgeKind, Holding, IdentityKind, Known,
    Link, LinkKind, PrincipalKind, Provider, SettingKind, Urn,
};

/// Source: GKE documentation, "Authenticate to Google Cloud APIs from GKE workloads".
const GKE_ANNOTATION: &str = "iam.gke.io/gcp-service-account";
/// Source: Azure AD Workload Identity documentation, "Service account labels and annotations".
const AKS_ANNOTATION: &str = "azure.workload.identity/client-id";

pub(super) fn link(inventory: &mut Inventory, admitted: &AllAdmitted) {
    let edges = all(inventory, admitted);
    inventory.facts.graph = Graph::new(edges);
    inventory.facts.maybe_made = definitions::maybe_made(inventory);
    inventory.facts.code_share = definitions::shares(inventory);
}

/// Adds the steps of one sort.
type Sort<'a> = &'a (dyn Fn(&mut Vec<Edge>) + Sync);

/// The steps of every sort, on all cores. The graph puts them in order.
fn all(inventory: &Inventory, admitted: &AllAdmitted) -> Vec<Edge> {
    let sorts: [Sort<'_>; 16] = [
        &|edges| of_links(inventory, admitted, edges),
        &|edges| of_credentials(inventory, edges),
        &|edges| of_trusts(inventory, edges),
        &|edges| of_places(inventory, edges),
        &|edges| of_escalations(inventory, edges),
        &|edges| of_exposures(inventory, edges),
        &|edges| of_secrets(inventory, edges),
        &|edges| of_workloads(inventory, edges),
        &|edges| outsiders::link(inventory, edges),
        &|edges| tokens::link(inventory, admitted, edges),
        &|edges| of_service_accounts(inventory, admitted, edges),
        &|edges| of_groups(inventory, edges),
        &|edges| workflows::link(inventory, admitted, edges),
        &|edges| definitions::link(inventory, edges),
        &|edges| nodes::link(inventory, edges),
        &|edges| literals::link(inventory, edges),
    ];
    let of_sort = |sort: &Sort<'_>| {
        let mut edges = Vec::new();
        sort(&mut edges);
        edges
    };
    let parts: Vec<Vec<Edge>> = sorts.par_iter().with_max_len(1).map(of_sort).collect();
    let mut edges = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.into_iter().for_each(|part| edges.extend(part));
    edges.extend(agent_accounts::edges(inventory));
    edges
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

/// Whether more than the link decides where it leads: an annotation names a role, and the role's trust says whether it is
/// of any use.
fn is_judged_elsewhere(link: &Link) -> bool {
    link.kind == LinkKind::ActsAs && link.from.as_str().starts_with("k8s:") && link.to.as_str().starts_with("arn:")
}

/// Steps that collectors saw in configuration.
fn of_links(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    edges.reserve(inventory.links.rows().len());
    for link in inventory.links.rows().iter().filter(|link| !is_judged_elsewhere(link)) {
        if workflows::is_of_agent(inventory, link) {
            edges.extend(workflows::of_agent(inventory, link, admitted));
            continue;
        }
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
    let elsewhere = proofs::Elsewhere::of(inventory);
    for exposure in inventory.exposures.iter().filter(|one| !one.public && !proofs::has_expired(one)) {
        for setting in published.of(exposure).unwrap_or_default() {
            let why = "the public half of the found key is this one";
            edges.push(Edge::new(&exposure.id, EdgeKind::Unlocks, setting, why));
        }
        let Some(facts) = inventory.facts.exposures.get(&exposure.id) else { continue };
        let place = &exposure.evidence.location;
        for candidate in &facts.may_be {
            let why = format!("{} at {place} may be it", exposure.title);
            let edge = Edge::new(&exposure.id, EdgeKind::ValueOf, candidate, why);
            let unsure = facts.credential.why_unknown().unwrap_or("it is not known which it is");
            edges.push(edge.only(Holding::Conditional, unsure));
        }
        match (&facts.credential, &facts.identity) {
            (Known::Value(credential), _) => {
                let why = format!("{} at {place}", exposure.title);
                edges.push(Edge::new(&exposure.id, EdgeKind::ValueOf, credential, why));
            }
            (_, Known::Value(identity)) => {
                let why = format!("{} at {place} names it", exposure.title);
                let edge = Edge::new(&exposure.id, EdgeKind::ValueOf, identity, why);
                let unsure = match &facts.credential {
                    Known::Unknown(why) => why.as_str(),
                    _ => "nothing that was read says whether it still works",
                };
                edges.push(edge.only(Holding::Unknown, unsure));
            }
            _ => {
                if let Some((thing, why)) = elsewhere.get(inventory, exposure) {
                    let edge = Edge::new(&exposure.id, EdgeKind::ValueOf, &thing, why);
                    edges.push(edge.only(Holding::Unknown, "nothing of that system was read"));
                }
            }
        }
    }
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

/// Cloud keys whose values were read in Secrets of clusters, and what runs there with a credential of others.
fn of_secrets(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let accounts = Accounts::of(inventory);
    for secret in inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesSecret) {
        for (sort, of) in secret.attributes.texts(AttributeName::Holds).iter().filter_map(|held| held.split_once(' ')) {
            let why = format!("its value was read in Secret {} of cluster {}", secret.name, secret.tenant);
            match sort {
                "aws.access-key" => {
                    edges.push(Edge::new(&secret.id, EdgeKind::ValueOf, &Urn::aws_access_key(of), why));
                }
                "kubernetes.token" => edges.extend(accounts.of_token(of).into_iter().map(|account| {
                    let edge = Edge::new(&secret.id, EdgeKind::ValueOf, &account.id, why.clone());
                    edge.only(Holding::Unknown, "nothing that was read says whether it still works")
                })),
                _ => {}
            }
        }
    }
    let is_secret = |link: &&Link| link.kind == LinkKind::Uses && link.to.as_str().contains("/secret/");
    for link in inventory.links.rows().iter().filter(is_secret) {
        let Some(workload) = inventory.workloads.get(&link.from) else { continue };
        let holder = inventory.credentials.get(&link.to).map(|credential| &credential.holder);
        for account in workload.runs_as.iter().filter(|account| holder != Some(account)) {
            let edge = Edge::new(account, EdgeKind::Uses, &link.to, link.why.clone());
            edges.push(edge.only(Holding::Conditional, format!("it is used by what runs in {}", workload.name)));
        }
    }
}

/// What the sentences of a way ask for, by name; `else_` where they do not say it.
fn asked(sentences: &[String], else_: &str) -> String {
    let told = aws::asked(sentences);
    if told.is_empty() { else_.to_owned() } else { told }
}

fn can_work(credential: &Credential) -> bool {
    let has_expired = credential.expires.value().is_some_and(|expires| *expires < credential.evidence.observed);
    credential.active != Known::Value(false) && !has_expired
}

fn of_workloads(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let others = inventory.workloads.iter().filter(|one| !workflows::is_of_forge(one));
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
                true => edge.only(Holding::Conditional, asked(proof, "a policy asks for something that is not known")),
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

/// Service accounts that act as identities of a cloud, by what is written on them and what the cloud says of them.
fn of_service_accounts(inventory: &Inventory, admitted: &AllAdmitted, edges: &mut Vec<Edge>) {
    edges.extend(clusters::roles(inventory, admitted));
    edges.extend(clusters::entries(inventory));
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
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

/// Rights over a place of a cluster that are rights over service accounts in it, and rights over single ones.
fn of_places(inventory: &Inventory, edges: &mut Vec<Edge>) {
    let accounts = Accounts::of(inventory);
    let mut places = BTreeSet::new();
    for (id, facts) in &inventory.facts.identities {
        let Some(identity) = inventory.identities.get(id).filter(|one| one.provider() == Provider::Kubernetes) else {
            continue;
        };
        for (capability, reach, place) in takings(facts) {
            let why = format!("{}: {}", capability.kind, capability.proof.join(", "));
            let step = |to: &Urn| {
                let edge = Edge::new(id, EdgeKind::Controls, to, why.clone());
                match (capability.conditional, capability.kind) {
                    (true, CapabilityKind::KubernetesTakeNodes) => edge.only(Holding::Unknown, nodes::ADMISSION),
                    (true, _) => edge.only(Holding::Conditional, "only for objects or in cases that the rule limits"),
                    (false, _) => edge,
                }
            };
            let namespace = match place {
                Place::Cluster => None,
                Place::Namespace(namespace) => Some(namespace),
                Place::Named { .. } | Place::User(_) | Place::Group(_) => {
                    let named = accounts.named(&identity.tenant, reach, place);
                    edges.extend(named.into_iter().filter(|one| one.id != *id).map(|one| step(&one.id)));
                    continue;
                }
            };
            let scope = match namespace {
                Some(_) => capability.scope.clone(),
                None => format!("cluster {}", identity.tenant),
            };
            edges.push(step(&place_of(&scope, reach)));
            places.insert((identity.tenant.as_str(), namespace, reach, scope));
        }
    }
    for (tenant, namespace, reach, scope) in places {
        let place = place_of(&scope, reach);
        for account in accounts.of_place(tenant, namespace, reach) {
            let why = format!("service account {} is in {scope}", account.name);
            let edge = Edge::new(&place, EdgeKind::Controls, &account.id, why);
            let rests = (reach == Reach::Pods).then(|| accounts.rests(account)).flatten();
            edges.push(match rests {
                Some(why) => edge.only(Holding::Conditional, format!("a pod of it must run: what runs as it is {why}")),
                None => edge,
            });
        }
    }
}

/// What rights take over, without what others take over anyway. A right to bind or write roles that is limited to harmless
/// ones leads nowhere: which are not is looked at where rights are told.
fn takings(facts: &IdentityFacts) -> Vec<(&Capability, Reach, Place<'_>)> {
    let taking = |one| kubernetes::takes_over(one).map(|(reach, place)| (one, reach, place));
    let all: Vec<(&Capability, Reach, Place<'_>)> = facts.capabilities.iter().filter_map(taking).collect();
    let has_all = |place: Place<'_>| {
        let mut sure = all.iter().filter(|(one, ..)| !one.conditional);
        sure.any(|(_, reach, of)| *reach == Reach::Any && *of == place)
    };
    let is_new = |(one, reach, place): &(&Capability, Reach, Place<'_>)| {
        let is_whole = *reach == Reach::Any && !one.conditional;
        let has_wider = *place != Place::Cluster && has_all(Place::Cluster);
        let is_doubt = one.conditional && one.kind == CapabilityKind::Escalate;
        !is_doubt && !has_wider && (is_whole || !has_all(*place))
    };
    all.iter().filter(|one| is_new(one)).copied().collect()
}

/// The service accounts of a place that a right takes over, as one thing.
fn place_of(scope: &str, reach: Reach) -> Urn {
    Urn::new(match reach {
        Reach::Any => format!("place:{scope}"),
        Reach::Pods => format!("place:{scope} that pods run as"),
        Reach::Token => format!("place:{scope} with a token in a Secret"),
    })
}

fn of_escalations(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for (id, facts) in &inventory.facts.identities {
        for path in facts.escalations.iter().chain(&facts.data_paths).filter(|path| path.target != *id) {
            // Whom it passes through has the rest of the way as its own.
            let (to, steps, conditional) = match &path.next {
                Some(hop) => (&hop.to, path.steps.get(..hop.steps).unwrap_or(&path.steps), hop.conditional),
                None => (&path.target, path.steps.as_slice(), path.conditional),
            };
            let edge = Edge::new(id, EdgeKind::Escalates, to, steps.join("; "));
            edges.push(match conditional {
                true => edge.only(Holding::Conditional, asked(steps, "a step of it holds only under a condition")),
                false => edge,
            });
        }
    }
}
