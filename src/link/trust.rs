//! Who may become whom: trust policies, and identities that another system's configuration ties together.

use super::clusters::IRSA_ANNOTATION;
use crate::access::aws;
use crate::inventory::Inventory;
use crate::model::{IdentityKind, Urn};

pub(super) fn link(inventory: &mut Inventory) {
    for trust in inventory.trusts.iter() {
        let trusted = aws::trusted_principals(trust);
        inventory.facts.identities.entry(trust.of.clone()).or_default().trusted = trusted;
    }
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        let Some(role) = account.labels.get(IRSA_ANNOTATION).map(Urn::new) else { continue };
        if inventory.identities.get(&role).is_some() {
            inventory.facts.identities.entry(account.id.clone()).or_default().linked.insert(role.clone());
            inventory.facts.identities.entry(role).or_default().linked.insert(account.id.clone());
        }
    }
}
