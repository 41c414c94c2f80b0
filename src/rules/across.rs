//! Whether rights in a cluster lead out of the namespace, or the environment, of who has them. It judges nothing.

use super::view::Field;
use crate::inventory::Inventory;
use crate::model::{Grant, Urn};

/// Whether a grant in a namespace is to a service account of another.
pub(super) fn crosses_namespaces(it: &Grant) -> bool {
    it.scope.strip_prefix("namespace/").zip(home(it)).is_some_and(|(scope, home)| scope != home)
}

/// The environment of the namespace in which a grant's holder is at home, where the rights are in one of production and that is
/// none.
pub(super) fn enters_production_from(it: &Grant, inventory: &Inventory) -> Field {
    let environment = |namespace: &str| {
        let id = Urn::kubernetes_cluster(&it.tenant, "ns", namespace);
        inventory.facts.environments.get(&id).map(|one| one.name.as_str())
    };
    let there = it.scope.strip_prefix("namespace/").and_then(environment);
    match (home(it).and_then(environment), there) {
        (Some(home), Some("prod")) if home != "prod" => Field::Text(home.to_owned()),
        _ => Field::Null,
    }
}

/// The namespace of the service account that a grant is to.
fn home(it: &Grant) -> Option<&str> {
    let (_, below) = it.to.as_str().strip_prefix("k8s:")?.split_once('/')?;
    below.split_once("/sa/").map(|(namespace, _)| namespace)
}
