//! Which bindings have to go so that a subject leads nowhere any more. It finds no way itself.

use std::collections::BTreeSet;

use super::escalate::{Actor, Search};
use super::held::label;
use crate::model::Capability;

/// How many bindings are named.
const NAMED: usize = 4;

/// The bindings without which the subject has no way: its own, and those of the groups that it is in.
pub(super) fn bindings(search: &Search<'_>, actor: &Actor<'_>) -> Option<String> {
    let mut said = Vec::new();
    for (index, holder) in std::iter::once(actor).chain(search.in_groups(actor)).enumerate() {
        let all = of_holder(search, holder);
        let more = all.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
        if !named.is_empty() {
            let whose = if index == 0 { holder.name.to_owned() } else { format!("its group {}", holder.name) };
            said.push(format!("{}{more} away from {whose}", named.join(", ")));
        }
    }
    (!said.is_empty()).then(|| format!("to cut it: take {}", said.join(", and ")))
}

/// Every binding that leads up by itself; and of rights that only several of them give together, the first.
fn of_holder(search: &Search<'_>, holder: &Actor<'_>) -> BTreeSet<String> {
    let leads = |one: &&Capability| search.suffices(one) || search.leads_on(one);
    let mut found = BTreeSet::new();
    let mut alone: BTreeSet<(crate::model::CapabilityKind, &str)> = BTreeSet::new();
    for (grant, capabilities) in &holder.grants {
        let leading: Vec<&Capability> = capabilities.iter().filter(leads).collect();
        if !leading.is_empty() {
            let names: Vec<String> = grant.via.iter().map(label).collect();
            found.insert(if names.is_empty() { label(&grant.id) } else { names.join(", ") });
        }
        alone.extend(leading.iter().map(|one| (one.kind, one.scope.as_str())));
    }
    let together = holder.capabilities.iter().filter(leads);
    let together = together.filter(|one| !alone.contains(&(one.kind, one.scope.as_str())));
    found.extend(together.filter_map(|one| one.proof.first().cloned()));
    found
}
