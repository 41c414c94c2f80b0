//! Annotations of service accounts that name a role which, by what was read of it, does not let them in. Where anything of
//! that was not read it says nothing.
//!
//! Source: Amazon EKS User Guide, "IAM roles for service accounts".

use std::collections::{BTreeMap, BTreeSet};

use super::clusters::{self, Clusters, IRSA_ANNOTATION};
use super::federation::{Admitted, AllAdmitted, GITHUB};
use crate::inventory::Inventory;
use crate::model::{FactKind, Identity, IdentityKind, Urn};

/// The service accounts whose annotation leads nowhere, and why.
pub(super) fn annotations(inventory: &Inventory, admitted: &AllAdmitted) -> BTreeMap<Urn, String> {
    let accounts = inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    // Where a manifest's namespace is a guess, so is the subject of its tokens.
    let annotated: Vec<(&Identity, Urn)> = accounts
        .filter(|one| !one.evidence.is_declared())
        .filter_map(|one| Some((one, Urn::new(one.labels.get(IRSA_ANNOTATION)?.trim()))))
        .collect();
    if annotated.is_empty() {
        return BTreeMap::new();
    }
    let edges = clusters::roles(inventory, admitted);
    let led: BTreeSet<(&Urn, &Urn)> = edges.iter().map(|edge| (&edge.from, &edge.to)).collect();
    let clusters = Clusters::of(inventory);
    let unled = annotated.into_iter().filter(|(account, role)| !led.contains(&(&account.id, role)));
    unled
        .filter_map(|(account, role)| {
            let why = refutes(inventory, account, &role, &admitted.of_role(&role), &clusters)?;
            Some((account.id.clone(), why))
        })
        .chain(missing(inventory))
        .collect()
}

/// Roles that are not there, of accounts of which all roles were read.
fn missing(inventory: &Inventory) -> BTreeMap<Urn, String> {
    let is_role = |one: &&Identity| one.kind == IdentityKind::AwsRole;
    let read: BTreeSet<&str> = inventory.identities.iter().filter(is_role).map(|one| one.tenant.as_str()).collect();
    let accounts = inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount);
    let annotated = accounts.filter(|one| !one.evidence.is_declared());
    let gone = annotated.filter_map(|one| {
        let role = Urn::new(one.labels.get(IRSA_ANNOTATION)?.trim());
        let of = role.as_str().split(':').nth(4)?;
        let is_known = inventory.identities.get(&role).is_some();
        let is_whole = read.contains(of) && inventory.coverage.blind_spot(of, FactKind::Identities).is_none();
        (!is_known && is_whole && role.as_str().contains(":role/"))
            .then(|| (one.id.clone(), format!("account {of} has no such role")))
    });
    gone.collect()
}

fn refutes(
    inventory: &Inventory,
    account: &Identity,
    role: &Urn,
    of_role: &[&Admitted],
    clusters: &Clusters<'_>,
) -> Option<String> {
    let known = inventory.identities.get(role)?;
    inventory.trusts.get(role)?;
    let subject = format!("system:serviceaccount:{}", account.name.replacen('/', ":", 1));
    let of_clusters: Vec<&&Admitted> = of_role.iter().filter(|one| one.issuer != GITHUB).collect();
    let other = of_clusters.iter().find(|one| one.admits(&subject));
    Some(match (other, of_clusters.first()) {
        (Some(other), _) if clusters.is_issuer(&account.tenant, &other.issuer).is_none() => {
            format!("role {} lets in tokens of {}, which is not the issuer of this cluster", known.name, other.issuer)
        }
        (Some(_), _) => return None,
        (None, Some(one)) => {
            format!("role {} lets in {} of {}, and not {subject}", known.name, one.shown(), one.issuer)
        }
        (None, None) => format!("role {} lets in no tokens of a cluster's service accounts", known.name),
    })
}
