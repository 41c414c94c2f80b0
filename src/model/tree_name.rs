//! What trees are called where they are remembered: one name for every checkout of a repository. Asks no repository.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Scope;

/// What a tree is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeName {
    /// Where it comes from, or what the caller calls it: the same for every checkout of a repository.
    pub name: String,
    /// The name of its folder.
    pub folder: String,
}

/// The names of the trees of several scopes, by the paths that they were given by.
#[derive(Clone, Debug, Default)]
pub struct TreeNames {
    trees: BTreeMap<String, TreeName>,
    /// The first commit of each tree that has no other mark, by its name.
    first_commits: BTreeMap<String, String>,
}

/// Stands between the name of a tree and its first commit, where that tells it from another tree of the name.
const AT: char = '@';

/// The name of a tree that is told from others of its name by its first commit.
pub fn told_apart(name: &str, first_commit: &str) -> String {
    if is_told_apart(name, first_commit) { name.to_owned() } else { format!("{name}{AT}{first_commit}") }
}

/// Whether a name has the first commit in it already.
pub fn is_told_apart(name: &str, first_commit: &str) -> bool {
    name.strip_suffix(first_commit).is_some_and(|start| start.ends_with(AT))
}

impl TreeNames {
    /// The names that these tell. A path by which several runs mean different trees has none.
    pub fn of(scopes: &BTreeSet<Scope>) -> Self {
        let mut names: BTreeMap<String, TreeName> = BTreeMap::new();
        let mut several = BTreeSet::new();
        for (path, name) in scopes.iter().flat_map(|scope| &scope.trees) {
            let known = names.entry(path.clone()).or_insert_with(|| name.clone());
            if known.name != name.name {
                several.insert(path);
            }
        }
        names.retain(|path, _| !several.contains(path));
        let first_commits = scopes.iter().flat_map(|scope| scope.first_commits.clone()).collect();
        Self { trees: names, first_commits }
    }

    /// What the tree is called that was given by this path: by the path itself where it has no other name.
    pub fn name<'a>(&'a self, path: &'a str) -> &'a str {
        let path = if path.is_empty() { "." } else { path };
        self.trees.get(path).map_or(path, |tree| tree.name.as_str())
    }

    /// Whether what was said of a tree of this name was said of the tree that was given by this path. A name with a first
    /// commit is of the tree with that commit, and of one of which no first commit is known.
    pub fn is_of(&self, name: &str, path: &str) -> bool {
        let own = self.name(path);
        match (self.first_commits.get(own), name.rsplit_once(AT)) {
            (Some(first), _) if is_told_apart(own, first) => name == own,
            (Some(first), _) => name == own || name == path || name == told_apart(own, first),
            (None, Some((start, commit))) if is_commit(commit) => [own, path].contains(&start) || name == own,
            (None, _) => name == own || name == path,
        }
    }

    /// The name of a tree with all that tells it from another one of the name.
    pub fn in_full(&self, name: &str) -> String {
        self.first_commits.get(name).map_or_else(|| name.to_owned(), |first| told_apart(name, first))
    }

    /// What the tree is called that was given by this path, if it has a name beside that.
    pub fn get(&self, path: &str) -> Option<&TreeName> {
        self.trees.get(path)
    }

    /// Every tree that has a name beside its path, by that path.
    pub fn all(&self) -> impl Iterator<Item = (&str, &TreeName)> {
        self.trees.iter().map(|(path, tree)| (path.as_str(), tree))
    }

    /// The path by which the tree of this name was given.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.trees.iter().find(|(_, tree)| tree.name == name).map(|(path, _)| path.as_str())
    }

    /// A name of the graph as it is where trees are called by their folders alone, if that is another one.
    pub fn by_folder(&self, urn: &str) -> Option<String> {
        self.trees.values().find_map(|tree| tree.by_folder(urn))
    }

    /// What a name of the graph is by the last part of its tree's name, if that is another one: `agent:api/…` for
    /// `agent:github.com/acme/api/…`.
    pub fn shortened(&self, urn: &str) -> Option<String> {
        self.trees.values().find_map(|tree| swapped(urn, &tree.name, tree.name.rsplit('/').next()?))
    }
}

impl TreeName {
    /// A name of the graph with the tree's folder in place of its name; `None` where it does not hold the name.
    pub fn by_folder(&self, urn: &str) -> Option<String> {
        swapped(urn, &self.name, &self.folder)
    }

    /// A name of the graph with the tree's name in place of its folder; `None` where it does not hold the folder.
    pub fn by_name(&self, urn: &str) -> Option<String> {
        swapped(urn, &self.folder, &self.name)
    }
}

/// Whether it has the form of a first commit, as it stands behind a name.
fn is_commit(text: &str) -> bool {
    text.len() == FIRST_COMMIT && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// How many digits of a first commit stand behind a name.
pub const FIRST_COMMIT: usize = 12;

/// Puts one name of a tree in the place of another. `None` where it is not that tree's, or stays as it is.
fn swapped(urn: &str, from: &str, to: &str) -> Option<String> {
    let (scheme, rest) = urn.split_once(':')?;
    // What manifests declare stands in a cluster of its own.
    let (parts, from, to, ends): (usize, String, String, &[&str]) = match scheme {
        "exposure" => (2, from.to_owned(), to.to_owned(), &["/"]),
        "agent" | "code" => (0, from.to_owned(), to.to_owned(), &["/", "#"]),
        "k8s" => (0, from.replace('/', ":"), to.replace('/', ":"), &[" (manifests)/"]),
        _ => return None,
    };
    let before: usize = rest.split_inclusive('/').take(parts).map(str::len).sum();
    let after = rest.get(before..)?.strip_prefix(from.as_str())?;
    let is_whole = after.is_empty() || ends.iter().any(|end| after.starts_with(end));
    (is_whole && from != to).then(|| format!("{scheme}:{}{to}{after}", &rest[..before]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(trees: &[(&str, &str, &str)]) -> TreeNames {
        let tree = |name: &str, folder: &str| TreeName { name: name.to_owned(), folder: folder.to_owned() };
        let trees = trees.iter().map(|(path, name, folder)| ((*path).to_owned(), tree(name, folder))).collect();
        TreeNames { trees, first_commits: BTreeMap::from([("shop".to_owned(), "0123456789ab".to_owned())]) }
    }

    #[test]
    fn what_was_said_of_a_tree_holds_for_no_other_of_its_name() {
        let names = names(&[("y/shop", "shop", "shop"), ("z", "api", "z")]);
        for (said, path, is_so) in [
            ("shop", "y/shop", true),
            ("shop@0123456789ab", "y/shop", true),
            ("shop@ba9876543210", "y/shop", false),
            ("y/shop", "y/shop", true),
            // Of this one no first commit is known: a shallow clone, an export.
            ("api@ba9876543210", "z", true),
            ("api@home", "z", false),
            ("shop@0123456789ab", "z", false),
        ] {
            assert_eq!(names.is_of(said, path), is_so, "{said} {path}");
        }
        assert_eq!((names.in_full("shop").as_str(), names.in_full("api").as_str()), ("shop@0123456789ab", "api"));
    }

    #[test]
    fn a_tree_has_one_name_and_had_that_of_its_folder() {
        let names = names(&[(".", "github.com/acme/api", "work"), ("y/api", "shop", "api")]);
        assert_eq!((names.name(""), names.name("y/api"), names.name("x")), ("github.com/acme/api", "shop", "x"));
        assert_eq!((names.path("shop"), names.path("x")), (Some("y/api"), None));
        for (urn, before, short) in [
            ("exposure:d/1/github.com/acme/api/a.py", Some("exposure:d/1/work/a.py"), Some("exposure:d/1/api/a.py")),
            ("agent:github.com/acme/api#claude-code", Some("agent:work#claude-code"), Some("agent:api#claude-code")),
            (
                "k8s:github.com:acme:api (manifests)/ns/sa/x",
                Some("k8s:work (manifests)/ns/sa/x"),
                Some("k8s:api (manifests)/ns/sa/x"),
            ),
            ("agent:github.com/acme/api-2/.mcp.json", None, None),
            ("agent:x/github.com/acme/api/.mcp.json", None, None),
            ("code:shop/shop/x", Some("code:api/shop/x"), None),
            ("k8s:prod/ns/sa/x", None, None),
        ] {
            assert_eq!((names.by_folder(urn).as_deref(), names.shortened(urn).as_deref()), (before, short), "{urn}");
            if let (Some(before), Some(tree)) =
                (before, names.trees.values().find(|tree| tree.by_folder(urn).is_some()))
            {
                assert_eq!(tree.by_name(before).as_deref(), Some(urn));
            }
        }
    }
}
