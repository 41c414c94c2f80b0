//! Which folders beside each other are of two clusters although no object stands in both: those called after two environments,
//! or kept in a folder `clusters`, that say different things of one account. It looks at nothing but paths and objects.
//!
//! That one namespace has objects in both shows it: one cluster with an environment a namespace has none that is of two. There, a
//! binding of one environment that names an account of the other is what it seems to be.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use serde::Deserialize;

use super::apart::said;
use super::manifest::Manifest;
use super::object::Object;
use super::resources::Kind;
use crate::embedded;

/// The words that environments are called by, of the table that names them.
#[derive(Deserialize)]
struct Words {
    environment: Vec<Environment>,
}

#[derive(Deserialize)]
struct Environment {
    name: String,
    words: Vec<String>,
}

impl Words {
    /// The one environment that a folder is called after.
    fn of(&self, folder: &str) -> Option<&str> {
        let folder = folder.to_lowercase();
        let parts: BTreeSet<&str> = folder.split(|letter: char| !letter.is_alphanumeric()).collect();
        let mut named =
            self.environment.iter().filter(|one| one.words.iter().any(|word| parts.contains(word.as_str())));
        named.next().filter(|_| named.next().is_none()).map(|one| one.name.as_str())
    }
}

/// What stands below one folder.
#[derive(Default)]
struct Below<'m> {
    /// What is said of each service account, by namespace and name.
    of_accounts: BTreeMap<(&'m str, &'m str), BTreeSet<u64>>,
    namespaces: BTreeSet<&'m str>,
}

/// The folders that are clusters of their own. Templates are guesses, and say nothing here.
pub(super) fn clusters(manifests: &[&Manifest]) -> BTreeSet<String> {
    let Ok(words) = toml::from_str::<Words>(embedded::facts("environments")) else { return BTreeSet::new() };
    // By the folder above them, and what sets them apart there.
    let mut folders: BTreeMap<&str, BTreeMap<&str, (String, Below<'_>)>> = BTreeMap::new();
    for manifest in manifests.iter().filter(|one| !one.template) {
        for (end, _) in manifest.path.match_indices('/') {
            let folder = &manifest.path[..end];
            let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            let is_of_clusters = above.rsplit('/').next() == Some("clusters");
            let what = if is_of_clusters { name } else { words.of(name).unwrap_or_default() };
            if !what.is_empty() {
                let (_, below) = folders
                    .entry(above)
                    .or_default()
                    .entry(folder)
                    .or_insert_with(|| (what.to_owned(), Below::default()));
                manifest.objects.iter().for_each(|object| below.add(object));
            }
        }
    }
    let mut apart = BTreeSet::new();
    for beside in folders.values() {
        for (index, (folder, (what, below))) in beside.iter().enumerate() {
            for (other, (otherwise, other_below)) in beside.iter().skip(index + 1) {
                if what != otherwise && below.differs(other_below) {
                    apart.extend([(*folder).to_owned(), (*other).to_owned()]);
                }
            }
        }
    }
    apart
}

impl<'m> Below<'m> {
    fn add(&mut self, object: &'m Object) {
        let Some(kind) = Kind::of(&object.api_version, &object.kind) else { return };
        let namespace = match object.metadata.namespace.as_str() {
            _ if kind.resource().is_cluster_wide() => "",
            "" => "default",
            namespace => namespace,
        };
        if !namespace.is_empty() {
            self.namespaces.insert(namespace);
        }
        let mut hasher = DefaultHasher::new();
        (&object.kind, namespace, &object.metadata.name, said(object)).hash(&mut hasher);
        let says = hasher.finish();
        let mut of = |account| _ = self.of_accounts.entry(account).or_default().insert(says);
        match kind {
            Kind::ServiceAccount => of((namespace, object.metadata.name.as_str())),
            Kind::RoleBinding | Kind::ClusterRoleBinding => {
                for one in object.subjects.iter().filter(|one| one.kind == "ServiceAccount") {
                    of((if one.namespace.is_empty() { namespace } else { &one.namespace }, &one.name));
                }
            }
            _ if kind.resource().workload.is_some() => {
                of((namespace, object.spec.service_account().unwrap_or("default")))
            }
            _ => {}
        }
    }

    /// Whether both say something of an account, not the same, in a namespace of which both have objects.
    fn differs(&self, other: &Self) -> bool {
        self.of_accounts.iter().any(|(account, says)| {
            let is_of_both = self.namespaces.contains(account.0) && other.namespaces.contains(account.0);
            // Who is called `default` is in every namespace.
            is_of_both
                && account.1 != "default"
                && other.of_accounts.get(account).is_some_and(|otherwise| otherwise != says)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use serde_json::Value;

    use super::*;

    fn account(namespace: &str) -> String {
        format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: worker, namespace: {namespace}}}\n")
    }

    fn binding(namespace: &str, of: &str) -> String {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b, namespace: {namespace}}}\nroleRef: \
             {{kind: ClusterRole, name: admin}}\nsubjects: [{{kind: ServiceAccount, name: worker, namespace: {of}}}]\n"
        )
    }

    fn apart(files: &[(&str, String)]) -> Vec<String> {
        let parse =
            |(path, text): &(&str, String)| Manifest::parse((*path).to_owned(), text.clone(), &Value::Null).unwrap().0;
        let manifests: Vec<Manifest> = files.iter().map(parse).collect();
        clusters(&manifests.iter().collect::<Vec<_>>()).into_iter().collect()
    }

    #[test]
    fn environments_with_one_namespace_are_two_clusters() {
        let two = [("k8s/dev/sa.yaml", account("app")), ("k8s/prod/b.yaml", binding("app", "app"))];
        assert_eq!(apart(&two), ["k8s/dev", "k8s/prod"]);
        let named = [("clusters/eu/sa.yaml", account("app")), ("clusters/us/b.yaml", binding("app", "app"))];
        assert_eq!(apart(&named), ["clusters/eu", "clusters/us"]);
    }

    #[test]
    fn an_environment_a_namespace_is_one_cluster() {
        let one = [("k8s/dev/sa.yaml", account("app-dev")), ("k8s/prod/b.yaml", binding("app-prod", "app-dev"))];
        assert_eq!(apart(&one), Vec::<String>::new());
    }

    #[test]
    fn folders_of_no_environment_of_one_or_with_copies_are_one_cluster() {
        let parts = [("k8s/accounts/sa.yaml", account("app")), ("k8s/rights/b.yaml", binding("app", "app"))];
        assert_eq!(apart(&parts), Vec::<String>::new());
        let same = [("k8s/prod-a/sa.yaml", account("app")), ("k8s/prod-b/b.yaml", binding("app", "app"))];
        assert_eq!(apart(&same), Vec::<String>::new());
        let copies = [("clusters/dev/sa.yaml", account("app")), ("clusters/prod/sa.yaml", account("app"))];
        assert_eq!(apart(&copies), Vec::<String>::new());
    }
}
