//! The rights that service accounts have by the groups that their cluster puts them into by itself. What such a right leads to
//! is told of the group; here it is told of each account that has it.
//!
//! Source: Kubernetes documentation, "Authenticating", "Service account tokens".

use std::collections::BTreeMap;

use crate::access::kubernetes::Asker;
use crate::inventory::{IdentityFacts, Inventory, Table};
use crate::model::{AttributeName, Attributes, Identity, IdentityKind, Urn};

pub(super) fn link(inventory: &mut Inventory) {
    let is_account = |one: &&Identity| one.kind == IdentityKind::KubernetesServiceAccount;
    let accounts = inventory.identities.iter().filter(is_account);
    let mut found: BTreeMap<Urn, Attributes> =
        accounts.filter_map(|account| Some((account.id.clone(), by_groups(inventory, account)?))).collect();
    if found.is_empty() {
        return;
    }
    let mut rows = std::mem::take(&mut inventory.identities).into_rows();
    for account in &mut rows {
        if let Some(attributes) = found.remove(&account.id) {
            account.attributes.fill(attributes, true);
        }
    }
    inventory.identities = Table::new(rows);
}

/// What an account has by its groups; none where that is nothing.
fn by_groups(inventory: &Inventory, account: &Identity) -> Option<Attributes> {
    let (namespace, name) = account.name.split_once('/')?;
    let asker = Asker::named(&format!("system:serviceaccount:{namespace}:{name}"), &[]);
    let mut rights = Vec::new();
    let mut administrator = None;
    for group in asker.identities(&account.tenant).into_iter().filter(|group| *group != account.id) {
        let (Some(known), Some(facts)) = (inventory.identities.get(&group), inventory.facts.identities.get(&group))
        else {
            continue;
        };
        let sure = facts.capabilities.iter().filter(|one| !one.conditional);
        rights.extend(sure.map(|one| format!("{} in {}, as a member of {}", one.kind, one.scope, known.name)));
        // Of what all are in, the group alone is told: there is nothing about the one account.
        let is_own = known.name.starts_with("system:serviceaccounts:");
        if is_own && is_administrator(facts) {
            administrator = Some(known.name.clone());
        }
    }
    if rights.is_empty() {
        return None;
    }
    let mut attributes = Attributes::default().with(AttributeName::RightsByGroup, rights);
    if let Some(group) = administrator {
        attributes.set(AttributeName::AdministratorByGroup, group);
    }
    Some(attributes)
}

/// Whether somebody is administrator or can become it.
fn is_administrator(facts: &IdentityFacts) -> bool {
    facts.capabilities.iter().any(crate::model::Capability::is_administrator)
        || facts.escalations.iter().any(|path| !path.conditional)
}
