//! What of templates that nobody rendered cannot be known: rights behind values that are not in the chart. It reads no file.

use std::collections::BTreeSet;

use super::manifest::Manifest;
use super::object::Object;
use super::resources::RESOURCES;

/// The places in templates where rights stand behind a value that nothing says, each with what stands there.
pub(super) fn places(manifests: &[Manifest]) -> Vec<String> {
    let templates = || manifests.iter().filter(|one| one.template);
    let is_role = |one: &&Object| matches!(one.kind.as_str(), "Role" | "ClusterRole");
    let is_binding = |object: &Object| object.kind.ends_with("RoleBinding");
    let roles: BTreeSet<&str> = templates()
        .flat_map(|one| one.objects.iter().filter(is_role).map(|role| role.metadata.name.as_str()))
        .collect();
    let is_account = |one: &&Object| one.kind == "ServiceAccount";
    let place = |namespace: &'_ str| if namespace.is_empty() { "default".to_owned() } else { namespace.to_owned() };
    let accounts: BTreeSet<(String, &str)> = templates()
        .flat_map(|one| one.objects.iter().filter(is_account))
        .map(|account| (place(&account.metadata.namespace), account.metadata.name.as_str()))
        .collect();
    let mut found: Vec<String> = Vec::new();
    for one in templates() {
        // In another sort of object these fields say nothing of rights.
        let is_of_rights = one.objects.iter().any(|object| is_role(&object) || is_binding(object));
        let fields = one.unknown.iter().filter(|_| is_of_rights);
        found.extend(fields.map(|(line, field)| format!("{}:{line}: {field}", one.path)));
        for object in &one.objects {
            let role = object.role.name.as_str();
            if object.kind.starts_with("helm-") && (!object.rules.is_empty() || !role.is_empty()) {
                found.push(format!("{}:{}: kind", one.path, object.line.max(1)));
            } else if is_binding(object) && role.starts_with("helm-") && !roles.contains(role) {
                found.push(format!("{}:{}: the name of the role", one.path, object.line.max(1)));
            }
            let is_lost = |namespace: &str, name: &str| {
                let namespace = if namespace.is_empty() { &object.metadata.namespace } else { namespace };
                name.starts_with("helm-") && !accounts.contains(&(place(namespace), name))
            };
            let mut subjects = object.subjects.iter().filter(|subject| subject.kind == "ServiceAccount");
            if is_binding(object) && subjects.any(|subject| is_lost(&subject.namespace, &subject.name)) {
                found.push(format!("{}:{}: the name of the service account", one.path, object.line.max(1)));
            }
        }
    }
    found
}

/// The version of a kind that has one group alone, for templates in which an expression says it.
pub(super) fn usual_version(kind: &str) -> Option<String> {
    let mut lines = RESOURCES.iter().filter(|line| line.name == kind);
    let group = lines.next().filter(|_| lines.next().is_none())?.group;
    Some(if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") })
}
