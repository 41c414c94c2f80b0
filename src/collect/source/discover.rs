//! Finds exports and dumps that lie in a scanned tree, by what they contain. Reads only their beginnings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::name::text_of;
use super::{as_path, text, true_path};
use crate::collect::{aws, kubernetes, okta, people};

/// How much of a file is looked at, in bytes.
const HEAD: u64 = 64 * 1024;

/// Exports found in scanned trees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Answers of AWS as the CLI writes them.
    pub aws: Vec<PathBuf>,
    /// Kubernetes dumps with the name of their cluster: that of the folder they lie in, or where several folders have
    /// that name, their path below the root with `:` between its parts.
    pub kubernetes: Vec<(String, PathBuf)>,
    /// People directories.
    pub people: Vec<PathBuf>,
    /// Folders with answers of Okta.
    pub okta: Vec<PathBuf>,
    /// Trees with the files below them that look like Kubernetes manifests.
    pub manifests: BTreeMap<PathBuf, Vec<PathBuf>>,
}

impl Found {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.aws.is_empty() && self.kubernetes.is_empty() && self.people.is_empty() && self.okta.is_empty()
    }
}

/// What is known while looking.
#[derive(Default)]
struct Search {
    found: Found,
    /// The folders that say which account they are of.
    accounts: BTreeSet<PathBuf>,
    /// Where dumps lie: the root and the folder below it.
    folders: BTreeMap<PathBuf, PathBuf>,
    /// What was looked at, by its true path: roots may overlap.
    seen: BTreeSet<PathBuf>,
}

/// Looks through trees for exports. Unreadable files are left to the scan itself, which reports them.
pub fn discover(roots: &[PathBuf]) -> Found {
    let mut search = Search::default();
    for root in roots.iter().map(|root| as_path(root)) {
        let walker = WalkBuilder::new(&root)
            .standard_filters(false)
            .hidden(true)
            .git_ignore(true)
            .require_git(false)
            .follow_links(false)
            .sort_by_file_path(Path::cmp)
            .build();
        for entry in walker.flatten() {
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                search.classify(entry.into_path(), &root);
            }
        }
    }
    let Search { mut found, accounts, folders, .. } = search;
    // A list of keys alone says nothing of an account; it may lie anywhere, as a fixture or a leftover.
    found.aws.retain(|path| path.parent().is_some_and(|folder| accounts.contains(folder)));
    let names = cluster_names(&folders);
    for (cluster, path) in &mut found.kubernetes {
        *cluster = path.parent().and_then(|folder| names.get(folder)).cloned().unwrap_or_default();
    }
    found
}

impl Search {
    /// Notes a file when it is an export, and its folder when it says which account or cluster it is of.
    fn classify(&mut self, path: PathBuf, root: &Path) {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let is_candidate = matches!(extension.as_deref(), Some("json" | "yaml" | "yml" | "csv"))
            || path.file_name().is_some_and(|name| name == "Kustomization");
        if !is_candidate || !self.seen.insert(true_path(&path)) {
            return;
        }
        let mut head = Vec::new();
        let read = text::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        if read.is_err() {
            return;
        }
        let name = path.to_string_lossy().into_owned();
        let folder = path.parent().unwrap_or(Path::new(""));
        if people::sniff(&name, &head) {
            self.found.people.push(path);
        } else if aws::sniff(&name, &head) {
            if aws::sniff_account(&head) {
                self.accounts.insert(folder.to_owned());
            }
            self.found.aws.push(path);
        } else if kubernetes::sniff(&name, &head) {
            self.folders.entry(folder.to_owned()).or_insert_with(|| root.to_owned());
            self.found.kubernetes.push((String::new(), path));
        } else if okta::sniff(&name, &head) && self.found.okta.last().is_none_or(|last| last != folder) {
            self.found.okta.push(folder.to_owned());
        } else if kubernetes::is_manifest(&name, &head)
            && let Ok(below) = path.strip_prefix(root)
        {
            // A root that is a file itself lies in its folder.
            let (root, below) = match below.as_os_str().is_empty() {
                true => (folder.to_owned(), path.file_name().map(PathBuf::from).unwrap_or_default()),
                false => (root.to_owned(), below.to_owned()),
            };
            self.found.manifests.entry(root).or_default().push(below);
        }
    }
}

/// A way to call the cluster of a folder found below a root.
type Namer = dyn Fn(&Path, &Path) -> String;

/// Names the cluster of each folder, so that no two folders have one name: dumps of two clusters must not become one.
fn cluster_names(folders: &BTreeMap<PathBuf, PathBuf>) -> BTreeMap<PathBuf, String> {
    let last = |folder: &Path, _: &Path| folder.file_name().map(|name| text_of(Path::new(name))).unwrap_or_default();
    let below = |folder: &Path, root: &Path| joined(folder.strip_prefix(root).unwrap_or(folder));
    let whole = |folder: &Path, _: &Path| joined(folder);
    let ways: [&Namer; 3] = [&last, &below, &whole];
    let mut names: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut unnamed: Vec<(&PathBuf, &PathBuf)> = folders.iter().collect();
    for way in ways {
        let mut by_name: BTreeMap<String, Vec<(&PathBuf, &PathBuf)>> = BTreeMap::new();
        for (folder, root) in unnamed.drain(..) {
            let name = Some(way(folder, root)).filter(|name| !name.is_empty()).unwrap_or_else(|| "cluster".to_owned());
            by_name.entry(name).or_default().push((folder, root));
        }
        let taken: BTreeSet<String> = names.values().cloned().collect();
        for (name, group) in by_name {
            match group.as_slice() {
                [(folder, _)] if !taken.contains(&name) => {
                    names.insert((*folder).clone(), name);
                }
                _ => unnamed.extend(group),
            }
        }
    }
    // Two parts with a `:` in them may still read alike.
    for (folder, _) in unnamed {
        let name =
            (2..).map(|count| format!("{}:{count}", joined(folder))).find(|name| !names.values().any(|n| n == name));
        names.insert(folder.clone(), name.unwrap_or_default());
    }
    names
}

/// A path with `:` between its parts; a cluster's name is one part of the names of its objects.
fn joined(path: &Path) -> String {
    let parts = path.components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    parts.map(|part| text_of(Path::new(part.as_os_str()))).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\",\
        \"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\"}}]}";

    /// The clusters found in a tree that has a dump in each of these folders, by the folder.
    fn clusters(folders: &[&str], roots: &[&str]) -> Vec<(String, String)> {
        let tree = tempfile::tempdir().expect("a folder");
        for folder in folders {
            std::fs::create_dir_all(tree.path().join(folder)).expect("room");
            std::fs::write(tree.path().join(folder).join("dump.json"), DUMP).expect("room");
        }
        let roots: Vec<PathBuf> = roots.iter().map(|root| tree.path().join(root)).collect();
        let shown = |path: &Path| text_of(path.strip_prefix(tree.path()).expect("below").parent().expect("a folder"));
        discover(&roots).kubernetes.into_iter().map(|(cluster, path)| (shown(&path), cluster)).collect()
    }

    fn named(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(folder, cluster)| ((*folder).to_owned(), (*cluster).to_owned())).collect()
    }

    #[test]
    fn a_cluster_is_called_by_its_folder() {
        let expected = named(&[("t/deep/prod", "prod"), ("t/stage", "stage")]);
        assert_eq!(clusters(&["t/deep/prod", "t/stage"], &["t"]), expected);
    }

    #[test]
    fn folders_of_one_name_are_different_clusters() {
        let expected = named(&[("t/a/dump", "a:dump"), ("t/b/dump", "b:dump"), ("t/c", "c")]);
        assert_eq!(clusters(&["t/b/dump", "t/a/dump", "t/c"], &["t"]), expected);
        let expected = named(&[("t/dump", "dump"), ("t/x/dump", "x:dump")]);
        assert_eq!(clusters(&["t/dump", "t/x/dump"], &["t"]), expected);
    }

    #[test]
    fn roots_of_one_shape_are_different_clusters() {
        let found = clusters(&["r/a/dump", "s/a/dump"], &["r", "s"]);
        assert!(found[0].1.ends_with(":r:a:dump") && found[1].1.ends_with(":s:a:dump"), "{found:?}");
    }

    #[test]
    fn overlapping_roots_give_a_dump_once() {
        assert_eq!(clusters(&["t/sub/prod"], &["t", "t/sub", "t"]), named(&[("t/sub/prod", "prod")]));
    }
}
