//! Which of the services that an identity may use it does not use, and its policies without them. It must not change what
//! was read, nor guess where nothing was.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::tighten::tighten;
use crate::inventory::Inventory;
use crate::model::{
    AttributeName as A, AttributeValue, Attributes, GrantKind, Identity, IdentityKind, Known, Urn, parse_timestamp,
};

/// A service that was not used for this long counts as unused.
const UNUSED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many services are named in a sentence.
const NAMED: usize = 8;

/// What follows for every user and role that is not the provider's own.
pub(super) fn conclude(inventory: &Inventory) -> Vec<(Urn, Attributes)> {
    let wanted = |one: &&Identity| matches!(one.kind, IdentityKind::AwsUser | IdentityKind::AwsRole) && !one.builtin;
    inventory.identities.iter().filter(wanted).map(|one| (one.id.clone(), of(inventory, one))).collect()
}

fn of(inventory: &Inventory, identity: &Identity) -> Attributes {
    let mut attributes = Attributes::default();
    let services = match identity.attributes.get(A::LastAccessed) {
        Known::Value(AttributeValue::Texts(services)) => services,
        _ => {
            let why = "which services it used was not asked (--aws-last-accessed)";
            attributes.set_known(A::UnusedServices, Known::<i64>::unknown(why));
            attributes.set_known(A::UnusedServiceList, Known::<Vec<String>>::unknown(why));
            return attributes;
        }
    };
    let since = identity.evidence.observed.checked_sub(UNUSED).unwrap_or(Timestamp::MIN);
    let (mut used, mut unused) = (BTreeSet::new(), BTreeSet::new());
    for (name, last) in services.iter().filter_map(|text| text.split_once(' ')) {
        let is_used = parse_timestamp(last).is_ok_and(|last| last >= since);
        if is_used {
            used.insert(name)
        } else {
            unused.insert(name)
        };
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    attributes.set(A::GrantedServices, count(services.len()));
    attributes.set(A::UnusedServices, count(unused.len()));
    let names: Vec<&str> = unused.iter().copied().collect();
    let more = names.len().saturating_sub(NAMED);
    let first = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    attributes.set(A::UnusedServiceNames, if more > 0 { format!("{first} and {more} more") } else { first });
    attributes.set(A::UnusedServiceList, names.into_iter().map(str::to_owned).collect::<Vec<_>>());
    attributes.set(A::TightenedPolicy, tighten(&documents(inventory, identity), &used));
    attributes
}

fn documents<'a>(inventory: &'a Inventory, identity: &Identity) -> Vec<Cow<'a, Value>> {
    let grants = inventory.facts.identities.get(&identity.id).map(|facts| &facts.grants);
    let grants = grants.into_iter().flatten().filter_map(|id| inventory.grants.get(id));
    let policies = grants.filter(|grant| grant.kind == GrantKind::Policy);
    policies.filter_map(|grant| inventory.policies.get(&grant.policy)).map(|policy| policy.document.read()).collect()
}
