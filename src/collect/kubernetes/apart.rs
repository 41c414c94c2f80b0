//! Which folders of a tree are of clusters of their own: those that say different things of the same object, and those of
//! `neighbours`. It looks at nothing but paths and objects.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::manifest::Manifest;
use super::neighbours;
use super::object::Object;
use super::resources::Kind;

/// How many files of one object are compared with each other.
const MOST: usize = 64;

/// Which object: its kind, namespace and name.
type Place<'a> = (Kind, &'a str, &'a str);

/// Manifests by the folder that is a cluster of its own; those of no such folder under the empty name.
pub(super) struct Apart<'m> {
    pub(super) by_folder: BTreeMap<String, Vec<Cow<'m, Manifest>>>,
    /// Objects that stand more than once, with different contents, in one folder.
    pub(super) doubled: BTreeSet<String>,
}

/// Parts manifests.
pub(super) fn apart<'m>(manifests: &[&'m Manifest]) -> Apart<'m> {
    let mut places: BTreeMap<Place<'_>, Vec<(&Manifest, u64)>> = BTreeMap::new();
    for manifest in manifests {
        for object in &manifest.objects {
            let Some(kind) = Kind::of(&object.api_version, &object.kind).filter(|kind| counts(*kind)) else { continue };
            let namespace = if kind.resource().is_cluster_wide() { "" } else { object.metadata.namespace.as_str() };
            let place = (kind, namespace, object.metadata.name.as_str());
            let known = places.entry(place).or_default();
            if known.len() < MOST {
                known.push((manifest, said(object)));
            }
        }
    }
    let mut folders = neighbours::clusters(manifests);
    let mut doubled = BTreeSet::new();
    for ((_, namespace, name), all) in places {
        for (index, (one, says)) in all.iter().enumerate() {
            for (other, _) in all.iter().skip(index + 1).filter(|(_, otherwise)| otherwise != says) {
                let split = fork(&one.path, &other.path);
                if split.is_empty() && !one.template && !other.template {
                    doubled.insert(format!("{namespace}/{name}").trim_start_matches('/').to_owned());
                }
                folders.extend(split);
            }
        }
    }
    let mut by_folder: BTreeMap<String, Vec<Cow<'_, Manifest>>> = BTreeMap::new();
    for manifest in manifests {
        // The innermost counts: what is said within an outer one may differ again.
        let above = manifest.path.match_indices('/').rev().map(|(end, _)| &manifest.path[..end]);
        let folder = above.filter(|folder| folders.contains(*folder)).map(str::to_owned).next();
        by_folder.entry(folder.unwrap_or_default()).or_default().push(Cow::Borrowed(manifest));
    }
    lend(&mut by_folder);
    Apart { by_folder, doubled }
}

/// Gives each folder the roles that its bindings name and that stand in what is around it: what all clusters share is in none of
/// their folders, and a binding without its role would seem to give nothing.
fn lend(by_folder: &mut BTreeMap<String, Vec<Cow<'_, Manifest>>>) {
    let mut lent = Vec::new();
    for (folder, own) in by_folder.iter().filter(|(folder, _)| !folder.is_empty()) {
        let there: BTreeSet<Place<'_>> = own.iter().flat_map(|one| &one.objects).filter_map(role).collect();
        let mut wanted: BTreeSet<Place<'_>> = own.iter().flat_map(|one| &one.objects).filter_map(bound).collect();
        wanted.retain(|place| !there.contains(place));
        let around = by_folder.iter().filter(|(outer, _)| outer.is_empty() || folder.starts_with(&format!("{outer}/")));
        for manifest in around.flat_map(|(_, of_outer)| of_outer) {
            let is_wanted = |object: &&Object| role(object).is_some_and(|place| wanted.contains(&place));
            let roles: Vec<Object> = manifest.objects.iter().filter(is_wanted).cloned().collect();
            if !roles.is_empty() {
                lent.push((folder.clone(), manifest.with_only(roles)));
            }
        }
    }
    for (folder, manifest) in lent {
        by_folder.entry(folder).or_default().push(Cow::Owned(manifest));
    }
}

/// Where a role stands.
fn role(object: &Object) -> Option<Place<'_>> {
    let kind = Kind::of(&object.api_version, &object.kind)?;
    match kind {
        Kind::ClusterRole => Some((kind, "", &object.metadata.name)),
        Kind::Role => Some((kind, &object.metadata.namespace, &object.metadata.name)),
        _ => None,
    }
}

/// The role that a binding names.
fn bound(object: &Object) -> Option<Place<'_>> {
    let kind = Kind::of(&object.api_version, &object.kind)?;
    let is_binding = matches!(kind, Kind::RoleBinding | Kind::ClusterRoleBinding);
    match object.role.kind.as_str() {
        "ClusterRole" if is_binding => Some((Kind::ClusterRole, "", &object.role.name)),
        "Role" if is_binding => Some((Kind::Role, &object.metadata.namespace, &object.role.name)),
        _ => None,
    }
}

/// Whether two definitions of an object may give different rights.
fn counts(kind: Kind) -> bool {
    let of_rights = [Kind::ServiceAccount, Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];
    of_rights.contains(&kind)
}

/// What an object says, as far as it bears on rights.
pub(super) fn said(object: &Object) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.role.kind.hash(&mut hasher);
    object.role.name.hash(&mut hasher);
    let mut subjects: Vec<_> = object.subjects.iter().map(|one| (&one.kind, &one.namespace, &one.name)).collect();
    subjects.sort();
    subjects.hash(&mut hasher);
    object.rules.iter().for_each(|rule| rule.to_string().hash(&mut hasher));
    let cloud =
        object.metadata.annotations.0.iter().filter(|(name, _)| name.contains("amazonaws") || name.contains("iam.gke"));
    cloud.for_each(|pair| pair.hash(&mut hasher));
    hasher.finish()
}

/// The folders at which two paths part; none where they are in one folder.
fn fork(one: &str, other: &str) -> Vec<String> {
    let (first, second): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    let same = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
    let folder = |parts: &[&str]| (parts.len() > same + 1).then(|| parts.get(..=same).unwrap_or_default().join("/"));
    [folder(&first), folder(&second)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_part_at_folders() {
        assert_eq!(fork("clusters/dev/a.yaml", "clusters/prod/x/a.yaml"), ["clusters/dev", "clusters/prod"]);
        assert_eq!(fork("a.yaml", "prod/a.yaml"), ["prod"]);
        assert_eq!(fork("x/a.yaml", "x/b.yaml"), Vec::<String>::new());
        assert_eq!(fork("x/a.yaml", "x/a.yaml"), Vec::<String>::new());
    }
}
