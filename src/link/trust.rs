//! Who may become whom: trust policies, and identities that another system's configuration ties together.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::clusters::IRSA_ANNOTATION;
use super::federation::AllAdmitted;
use super::refuted;
use crate::access::aws;
use crate::inventory::Inventory;
use crate::model::{AttributeName, Attributes, IdentityKind, LinkKind, Trust, Urn};

pub(super) fn link(inventory: &mut Inventory, admitted: &AllAdmitted) {
    let trusted = |trust: &Trust| (trust.of.clone(), aws::trusted_principals(trust));
    let trusted: Vec<_> = inventory.trusts.rows().par_iter().map(trusted).collect();
    for (role, trusted) in trusted {
        inventory.facts.identities.entry(role).or_default().trusted = trusted;
    }
    let refuted: BTreeMap<Urn, String> = refuted::annotations(inventory, admitted);
    for account in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        let Some(role) = account.labels.get(IRSA_ANNOTATION).map(|role| Urn::new(role.trim())) else { continue };
        if inventory.identities.get(&role).is_some() && !refuted.contains_key(&account.id) {
            inventory.facts.identities.entry(account.id.clone()).or_default().linked.insert(role.clone());
            inventory.facts.identities.entry(role).or_default().linked.insert(account.id.clone());
        }
    }
    if refuted.is_empty() {
        return;
    }
    inventory.links.refute(|link| {
        link.kind == LinkKind::ActsAs && link.to.as_str().starts_with("arn:") && refuted.contains_key(&link.from)
    });
    for (account, why) in refuted {
        let new = Attributes::default().with(AttributeName::CloudLinkBroken, true);
        let new = new.with(AttributeName::CloudLinkWhy, why);
        inventory.facts.attributes.entry(account).or_default().fill(new, true);
    }
}
