//! Puts aggregated cluster roles of manifests together, as the cluster's controller would.
//! Roles that a server has given hold their rules already and are left as they are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::object::{Requirement, Selector};
use crate::model::Policy;

/// A cluster role of a manifest.
pub(super) struct Role {
    pub(super) policy: Policy,
    pub(super) labels: BTreeMap<String, String>,
    /// Which roles it is put together from.
    pub(super) aggregation: Option<Vec<Selector>>,
}

/// The roles with the rules that they end up with. One that has rules already was filled by a server and is left as it is. Source: Kubernetes documentation, "Aggregated ClusterRoles": selectors
/// add up, a role is never part of itself, and roles that are put together are parts of others in turn.
pub(super) fn aggregate(mut roles: Vec<Role>) -> Vec<Policy> {
    roles.sort_by(|a, b| a.policy.name.cmp(&b.policy.name));
    let parts: Vec<Vec<usize>> = (0..roles.len()).map(|whole| parts_of(&roles, whole)).collect();
    // Rules only pass on, so after as many rounds as there are roles nothing changes any more.
    for _ in 0..roles.len() {
        let mut changed = false;
        for (whole, parts) in parts.iter().enumerate() {
            for part in parts {
                changed |= pass_on(&mut roles, *part, whole);
            }
        }
        if !changed {
            break;
        }
    }
    roles.into_iter().map(|role| role.policy).collect()
}

fn parts_of(roles: &[Role], whole: usize) -> Vec<usize> {
    let is_empty = |role: &&Role| role.policy.document.rules().as_array().is_none_or(Vec::is_empty);
    let Some(selectors) = roles.get(whole).filter(is_empty).and_then(|role| role.aggregation.as_ref()) else {
        return Vec::new();
    };
    let is_part = |(index, role): &(usize, &Role)| {
        *index != whole && selectors.iter().any(|selector| selects(selector, &role.labels))
    };
    roles.iter().enumerate().filter(is_part).map(|(index, _)| index).collect()
}

/// Adds the rules of one role that another lacks; whether there were any.
fn pass_on(roles: &mut [Role], from: usize, to: usize) -> bool {
    let rules = |role: Option<&Role>| {
        role.and_then(|role| role.policy.document.rules().as_array().cloned()).unwrap_or_default()
    };
    let held = rules(roles.get(to));
    let new: Vec<Value> = rules(roles.get(from)).into_iter().filter(|rule| !held.contains(rule)).collect();
    let Some(role) = roles.get_mut(to).filter(|_| !new.is_empty()) else { return false };
    role.policy.document = Value::Array([held, new].concat()).into();
    true
}

/// Whether a selector selects labels: all of its parts must (API reference, `LabelSelector`). An empty one selects all.
fn selects(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    let labelled = selector.labels.0.iter().all(|(name, value)| labels.get(name) == Some(value));
    labelled && selector.expressions.iter().all(|requirement| meets(requirement, labels))
}

fn meets(requirement: &Requirement, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(&requirement.key);
    match requirement.operator.as_str() {
        "In" => value.is_some_and(|value| requirement.values.contains(value)),
        "NotIn" => value.is_none_or(|value| !requirement.values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}
