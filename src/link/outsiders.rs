//! Steps of those who are outside of everything that was read: anyone on the internet, accounts of others. Only what a
//! role's own trust policy says lets them in, and doors to the internet of what runs; it asks nobody's rights.

use crate::inventory::Inventory;
use crate::model::{
    AttributeName as A, Attributes, Edge, EdgeKind, Holding, Identity, IdentityKind, PrincipalKind, Urn, WorkloadKind,
};

/// Anyone at all.
const INTERNET: &str = "outside:internet";

/// Begins the name of an account of others.
const ACCOUNT: &str = "outside:account/";

/// Every step of somebody outside to a role of AWS.
pub(super) fn link(inventory: &Inventory, edges: &mut Vec<Edge>) {
    to_workloads(inventory, edges);
    for role in inventory.identities.iter().filter(|one| one.kind == IdentityKind::AwsRole) {
        let Some(facts) = inventory.facts.identities.get(&role.id) else { continue };
        let attributes = inventory.facts.attributes.get(&role.id);
        let step = |from: &str, why: String| Edge::new(&Urn::new(from), EdgeKind::Assumes, &role.id, why);
        let mut anyone = facts.trusted.iter().filter(|one| one.kind == PrincipalKind::Anyone);
        if anyone.clone().any(|one| one.conditions.is_empty()) {
            edges.push(step(INTERNET, format!("the trust policy of {} names everyone", role.name)));
        } else if let Some(one) = anyone.next() {
            let asked = format!("the caller meets {}", one.conditions.join(", "));
            let edge = step(INTERNET, format!("the trust policy of {} names everyone", role.name));
            edges.push(edge.only(Holding::Conditional, asked));
        }
        let Some(attributes) = attributes else { continue };
        if attributes.is(A::OpenToGuests) {
            let why = format!("{} is given to guests of an identity pool, whose id stands in every app", role.name);
            edges.push(step(INTERNET, why));
        }
        for issuer in attributes.texts(A::OidcAnySubject) {
            edges.push(step(INTERNET, format!("{} accepts any token of {issuer}, and anyone gets one", role.name)));
        }
        let outside = attributes.texts(A::ExternalAccounts).iter();
        edges.extend(outside.map(|account| of_account(role, account, attributes)));
    }
}

/// What runs with a door to the internet: a stranger asks it, and what it does then is its program's.
fn to_workloads(inventory: &Inventory, edges: &mut Vec<Edge>) {
    for workload in inventory.workloads.iter().filter(|one| one.kind != WorkloadKind::AwsNotebook) {
        let concluded = inventory.facts.attributes.get(&workload.id);
        if workload.attributes.is(A::Public) || concluded.is_some_and(|all| all.is(A::Public)) {
            let why = format!("{} has a door to the internet (an open URL, a public address)", workload.name);
            let edge = Edge::new(&Urn::new(INTERNET), EdgeKind::Uses, &workload.id, why);
            edges.push(
                edge.only(Holding::Conditional, "its program does what a stranger says, by a flaw or on purpose"),
            );
        }
    }
}

fn of_account(role: &Identity, account: &str, attributes: &Attributes) -> Edge {
    let whose = attributes.texts(A::ExternalNames).iter().find(|name| name.contains(account));
    let why = format!("the trust policy of {} lets in account {}", role.name, whose.map_or(account, String::as_str));
    let edge = Edge::new(&Urn::new(format!("{ACCOUNT}{account}")), EdgeKind::Assumes, &role.id, why);
    if attributes.texts(A::ExternalWithoutId).iter().any(|one| one == account) {
        return edge;
    }
    edge.only(Holding::Conditional, "the caller brings the external id that was agreed on")
}
