//! Which folders of a tree are of clusters of their own: those that say different things of the same object. It knows no
//! names of environments and looks at nothing but paths and objects.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::manifest::Manifest;
use super::object::Object;
use super::resources::Kind;

/// How many files of one object are compared with each other.
const MOST: usize = 64;

/// Which object: its kind, namespace and name.
type Place<'a> = (Kind, &'a str, &'a str);

/// Manifests by the folder that is a cluster of its own; those of no such folder under the empty name.
pub(super) struct Apart<'m> {
    pub(super) by_folder: BTreeMap<String, Vec<&'m Manifest>>,
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
    let mut folders: BTreeSet<String> = BTreeSet::new();
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
    let mut by_folder: BTreeMap<String, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        // The innermost counts: what is said within an outer one may differ again.
        let above = manifest.path.match_indices('/').rev().map(|(end, _)| &manifest.path[..end]);
        let folder = above.filter(|folder| folders.contains(*folder)).map(str::to_owned).next();
        by_folder.entry(folder.unwrap_or_default()).or_default().push(manifest);
    }
    Apart { by_folder, doubled }
}

/// Whether two definitions of an object may give different rights.
fn counts(kind: Kind) -> bool {
    let of_rights = [Kind::ServiceAccount, Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding];
    of_rights.contains(&kind)
}

/// What an object says, as far as it bears on rights.
fn said(object: &Object) -> u64 {
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
