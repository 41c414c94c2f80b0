//! How trees are called: by where their repository comes from, so that every checkout of it has one name. Reads no more of a
//! repository than the address of its remote, and its first commit where it has none; asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::config::file::init::Options;
use gix::config::{File as Settings, file::Metadata};

use super::{name, true_path};
use crate::model::told_apart;

/// A file of settings, or one that leads to another place, is no larger; in bytes.
const LARGEST: u64 = 1024 * 1024;
/// A longer name is none that people gave; in bytes.
const LONGEST: usize = 200;
/// The remote that a clone comes from.
const ORIGIN: &str = "origin";

/// What the caller says of trees.
#[derive(Clone, Debug, Default)]
pub struct KnownTrees {
    /// Names by true path.
    pub named: BTreeMap<PathBuf, String>,
    /// The folder that a pipeline checked out, and the address of its repository.
    pub checkout: Option<(PathBuf, String)>,
    /// Names that trees have which are remembered, with their first commits: another tree is not called so. `None` where
    /// nothing is remembered, so that first commits are not looked for.
    pub remembered: Option<BTreeMap<String, String>>,
}

/// How a tree is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// In the names of the graph.
    pub label: String,
    /// In what is remembered of it: the same for every checkout of a repository, else the path that it was given by.
    pub name: String,
    /// By the name of its folder alone.
    pub folder: String,
    /// Another tree of this run took the name that it has alone.
    pub is_lengthened: bool,
    /// The first commit of its repository, where that says nothing of where it comes from.
    pub first_commit: Option<String>,
}

/// Where a tree comes from.
struct Origin {
    name: String,
    /// It is all of the repository.
    is_whole: bool,
}

/// How each of these roots is called, by the path that it was given by. Of several with one name the first keeps it, so
/// that it is called as it is alone.
pub fn trees(roots: &[PathBuf], known: &KnownTrees) -> BTreeMap<String, Tree> {
    let mut sorted: Vec<(String, PathBuf)> =
        roots.iter().map(|root| (name::target_name(root), true_path(root))).collect();
    sorted.sort();
    let (mut labels, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut trees = BTreeMap::new();
    for (shown, path) in sorted {
        let folder = name::base_of_true(&path);
        let origin = known.origin(&path);
        let remembered = known.remembered.as_ref().filter(|_| origin.is_none());
        let first_commit = remembered.and_then(|_| super::git::first_commit(&path));
        let own = origin.as_ref().filter(|one| one.is_whole).map_or_else(|| folder.clone(), |one| one.name.clone());
        // A path says nothing where each repository is entered before it is searched.
        let by_path = if shown == "." { folder.clone() } else { shown.clone() };
        let taken_by = remembered.and_then(|names| names.get(&by_path));
        let other = first_commit.as_ref().filter(|first| taken_by.is_some_and(|one| one != *first));
        let apart = |name: String| other.map_or_else(|| name.clone(), |first| told_apart(&name, first));
        let (own, by_path) = (apart(own), apart(by_path));
        let is_lengthened = !labels.insert(own.clone());
        let label = if is_lengthened { shown.clone() } else { own };
        let name = origin.map_or(by_path.clone(), |one| one.name);
        let name = if names.insert(name.clone()) { name } else { by_path };
        trees.entry(shown).or_insert(Tree { label, name, folder, is_lengthened, first_commit });
    }
    trees
}

impl KnownTrees {
    fn origin(&self, path: &Path) -> Option<Origin> {
        if let Some(name) = self.named.get(path) {
            return Some(Origin { name: name.clone(), is_whole: true });
        }
        let checkout = || {
            let (folder, address) = self.checkout.as_ref()?;
            (folder == path).then(|| of_address(address)).flatten()
        };
        of_repository(path).or_else(|| checkout().map(|name| Origin { name, is_whole: true }))
    }
}

/// Where the repository comes from that a path lies in.
fn of_repository(path: &Path) -> Option<Origin> {
    for folder in path.ancestors() {
        let dot_git = folder.join(".git");
        let settings = if dot_git.symlink_metadata().is_ok() {
            shared_folder(&dot_git)?.join("config")
        } else if super::git::is_bare_repository(folder) {
            folder.join("config")
        } else {
            continue;
        };
        let name = of_address(&remote(&settings)?)?;
        let below = path.strip_prefix(folder).map(name::text_of).unwrap_or_default();
        let is_whole = below.is_empty();
        return Some(Origin { name: if is_whole { name } else { format!("{name}/{below}") }, is_whole });
    }
    None
}

/// The folder with the settings of a repository: a work tree beside another one, and a submodule, have a file that leads there.
fn shared_folder(dot_git: &Path) -> Option<PathBuf> {
    let folder = if dot_git.is_dir() {
        dot_git.to_owned()
    } else {
        let text = read(dot_git)?;
        let target = text.strip_prefix(b"gitdir:")?.trim().to_str().ok()?;
        dot_git.parent()?.join(target)
    };
    let Some(text) = read(&folder.join("commondir")) else { return Some(folder) };
    Some(folder.join(text.trim().to_str().ok()?))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    // A pipe would wait for ever.
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The address of the remote that a clone comes from; of the only one where none is called so. What other files the settings
/// name is not read.
fn remote(settings: &Path) -> Option<String> {
    let bytes = read(settings)?;
    let parse = || Settings::from_bytes_no_includes(&bytes, Metadata::default(), Options::default()).ok();
    let settings = catch_unwind(parse).ok().flatten()?;
    let sections = settings.sections_by_name("remote").into_iter().flatten();
    let mut addresses: BTreeMap<String, String> = BTreeMap::new();
    for section in sections {
        if let (Some(name), Some(address)) = (section.header().subsection_name(), section.value("url")) {
            addresses.insert(name.to_str_lossy().into_owned(), address.to_str_lossy().into_owned());
        }
    }
    match addresses.remove(ORIGIN) {
        Some(address) => Some(address),
        None if addresses.len() == 1 => addresses.pop_first().map(|(_, address)| address),
        None => None,
    }
}

/// Host and path of an address, the same however it is entered: without scheme, user, password, port and ending. `None` for
/// a folder of this machine. Source: git-fetch(1), "GIT URLS".
pub(super) fn of_address(address: &str) -> Option<String> {
    const SCHEMES: [&str; 6] = ["https", "http", "ssh", "git", "git+ssh", "ssh+git"];
    let (host, path) = match address.trim().split_once("://") {
        Some((scheme, rest)) => {
            SCHEMES.iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
            rest.split_once('/')?
        }
        None => address.trim().split_once(':').filter(|(host, path)| !host.contains('/') && !path.starts_with(':'))?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = if host.starts_with('[') { host.split(']').next()? } else { host.split(':').next()? };
    let host = host.trim_start_matches('[').to_ascii_lowercase();
    let path = path.split(['?', '#']).next()?.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/');
    // A letter alone is a drive, and what stands before an at sign may be a password.
    let is_plain = |text: &str| text.chars().all(|one| one.is_alphanumeric() || "-_.~+%/".contains(one));
    let is_sound = host.len() > 1 && host.chars().all(|one| one.is_ascii_alphanumeric() || "-._:".contains(one));
    let has_parts = !path.is_empty() && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !is_sound || !has_parts || !is_plain(path) || host.len() + path.len() > LONGEST {
        return None;
    }
    // Azure DevOps calls one repository by two paths.
    if let ("ssh.dev.azure.com", [version, organisation, project, repository]) =
        (host.as_str(), path.split('/').collect::<Vec<_>>().as_slice())
        && version.starts_with('v')
    {
        return Some(format!("dev.azure.com/{organisation}/{project}/_git/{repository}"));
    }
    Some(format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_repository_has_one_name_however_it_is_entered() {
        for address in [
            "https://github.com/acme/api",
            "https://github.com/acme/api.git/",
            "https://x-access-token:not-a-token@GitHub.com/acme/api.git",
            "ssh://git@github.com:22/acme/api.git",
            "git@github.com:acme/api.git",
            "github.com:/acme/api",
            "https://github.com/acme/api?token=x#y",
        ] {
            assert_eq!(of_address(address).as_deref(), Some("github.com/acme/api"), "{address}");
        }
        for (address, name) in [
            ("https://gitlab-ci-token:x@gitlab.acme.example:8443/a/b/c.git", "gitlab.acme.example/a/b/c"),
            ("git@ssh.dev.azure.com:v3/org/project/api", "dev.azure.com/org/project/_git/api"),
            ("https://org@dev.azure.com/org/project/_git/api", "dev.azure.com/org/project/_git/api"),
            ("ssh://git@[::1]:22/srv/api.git", "::1/srv/api"),
        ] {
            assert_eq!(of_address(address).as_deref(), Some(name), "{address}");
        }
    }

    #[test]
    fn a_folder_of_this_machine_and_a_password_are_no_name() {
        for address in [
            "/srv/git/api.git",
            "../api",
            "file:///srv/git/api.git",
            "C:\\git\\api",
            "C:/git/api",
            "ext::sh -c touch% x",
            "codecommit::eu-west-1://api",
            "user:secret@github.com:acme/api",
            "https://user:se/cret@github.com/acme/api",
            "https://github.com",
            "https://github.com/../api",
            "https://github.com/acme/\u{1b}[31m",
            "",
        ] {
            assert_eq!(of_address(address), None, "{address}");
        }
    }

    #[test]
    fn a_pipeline_says_what_it_checked_out_and_the_caller_is_right() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("a path");
        let mut known = KnownTrees {
            checkout: Some((path.clone(), "https://github.com/acme/api".to_owned())),
            ..KnownTrees::default()
        };
        let called = |known: &KnownTrees, root: &Path| trees(&[root.to_owned()], known).into_values().next();
        let of = |known: &KnownTrees, root: &Path| called(known, root).map(|one| (one.label, one.name));
        let name = |text: &str| Some((text.to_owned(), text.to_owned()));
        assert_eq!(of(&known, &path), name("github.com/acme/api"));
        let below = path.join("src");
        std::fs::create_dir(&below).expect("room");
        assert_eq!(of(&known, &below), Some(("src".to_owned(), below.to_string_lossy().into_owned())));
        known.named.insert(path.clone(), "shop".to_owned());
        assert_eq!(of(&known, &path), name("shop"));
    }

    proptest! {
        /// No address makes it panic or gives a name that leads upwards.
        #[test]
        fn any_address_can_be_read(address in "\\PC{0,60}") {
            let name = of_address(&address).unwrap_or_default();
            prop_assert!(name.split('/').all(|part| part != "..") && !name.contains('@'), "{name}");
        }
    }
}
