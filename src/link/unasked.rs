//! Rights that an audit log does not show in use: grants of service accounts that were seen, of which no rule allows
//! anything that they asked for. Says nothing of accounts that were not seen at all, and of paths.

use jiff::Timestamp;

use super::Tables;
use crate::access::kubernetes::{Request, grant_allows};
use crate::inventory::Inventory;
use crate::model::{AttributeName, AttributeValue, Grant, Identity, IdentityKind, Known, Policy, PolicyLanguage};

pub(super) fn link(inventory: &mut Inventory, tables: &Tables) {
    let mut unasked = Vec::new();
    for identity in inventory.identities.iter().filter(|one| one.kind == IdentityKind::KubernetesServiceAccount) {
        let asked = identity.attributes.texts(AttributeName::AskedFor);
        let (false, Some((since, until))) = (asked.is_empty(), log_of(inventory, identity)) else { continue };
        let asked: Vec<Request<'_>> = asked.iter().filter_map(|text| request(text)).collect();
        let grants = inventory.facts.identities.get(&identity.id).map(|facts| &facts.grants);
        for grant in grants.into_iter().flatten().filter_map(|id| inventory.grants.get(id)) {
            let known = inventory.policies.get(&grant.policy);
            let policy = known.or_else(|| tables.kubernetes_bootstrap.role(&grant.policy));
            let policy = policy.filter(|one| one.language == PolicyLanguage::KubernetesRbac);
            if policy.is_some_and(|policy| is_unasked(grant, policy, &asked)) {
                // Before it was made nobody could use it.
                let since = made(inventory, grant).map_or(since, |made| made.max(since));
                unasked.push((grant.id.clone(), until.duration_since(since).as_hours() / 24));
            }
        }
    }
    inventory.facts.unasked = unasked.into_iter().collect();
}

/// From when to when the audit log that shows an identity could have shown it.
fn log_of(inventory: &Inventory, identity: &Identity) -> Option<(Timestamp, Timestamp)> {
    let Known::Value(last) = &inventory.facts.identities.get(&identity.id)?.last_use else { return None };
    let since = last.horizon.filter(|_| last.source == "audit log")?;
    let until = match identity.attributes.get(AttributeName::LogUntil) {
        Known::Value(AttributeValue::Time(until)) => *until,
        _ => identity.evidence.observed,
    };
    Some((identity.created.value().map_or(since, |created| since.max(*created)), until))
}

/// When the binding of a grant was made, where that is within the time of the log.
fn made(inventory: &Inventory, grant: &Grant) -> Option<Timestamp> {
    let setting = inventory.settings.get(grant.via.first()?)?;
    match setting.attributes.get(AttributeName::MadeAt) {
        Known::Value(AttributeValue::Time(made)) => Some(*made),
        _ => None,
    }
}

/// `get - pods/exec app` or `get /metrics`, as the collector writes it.
fn request(text: &str) -> Option<Request<'_>> {
    if let Some((verb, path)) = text.split_once(' ').filter(|(_, path)| path.starts_with('/')) {
        return Some(Request { verb, path: Some(path), ..Request::default() });
    }
    let mut words = text.split(' ').map(|word| if word == "-" { "" } else { word });
    let (verb, group, whole, namespace) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (resource, subresource) = whole.split_once('/').unwrap_or((whole, ""));
    Some(Request { verb, group, resource, subresource, namespace, ..Request::default() })
}

/// Whether nothing that was asked for is allowed by a grant. The log's requests are kept without names, so that a rule with
/// names counts as one without; a role of paths alone is not judged.
fn is_unasked(grant: &Grant, policy: &Policy, asked: &[Request<'_>]) -> bool {
    let mut rules = policy.document.rules().clone();
    let list = rules.as_array_mut().map(Vec::as_mut_slice).unwrap_or_default();
    for rule in list.iter_mut().filter_map(serde_json::Value::as_object_mut) {
        rule.remove("resourceNames");
    }
    let has_resources = list.iter().any(|rule| rule.get("resources").is_some());
    has_resources && !asked.iter().any(|request| grant_allows(grant, &rules, request))
}
