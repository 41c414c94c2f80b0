//! Finds exports and dumps that lie in a scanned tree, by what they contain. Reads only their beginnings.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::collect::{aws, kubernetes, people};

/// How much of a file is looked at, in bytes.
const HEAD: u64 = 64 * 1024;

/// Exports found in scanned trees.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Answers of AWS as the CLI writes them.
    pub aws: Vec<PathBuf>,
    /// Kubernetes dumps with the name of their cluster: that of the folder they lie in.
    pub kubernetes: Vec<(String, PathBuf)>,
    /// People directories.
    pub people: Vec<PathBuf>,
}

impl Found {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.aws.is_empty() && self.kubernetes.is_empty() && self.people.is_empty()
    }
}

/// Looks through trees for exports. Unreadable files are left to the scan itself, which reports them.
pub fn discover(roots: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut accounts = BTreeSet::new();
    for root in roots {
        let walker = WalkBuilder::new(root)
            .hidden(true)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .follow_links(false)
            .sort_by_file_path(Path::cmp)
            .build();
        for entry in walker.flatten() {
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                classify(entry.into_path(), &mut found, &mut accounts);
            }
        }
    }
    // A list of keys alone says nothing of an account; it may lie anywhere, as a fixture or a leftover.
    found.aws.retain(|path| path.parent().is_some_and(|folder| accounts.contains(folder)));
    found
}

/// Notes a file when it is an export, and its folder when it says which account it is of.
fn classify(path: PathBuf, found: &mut Found, accounts: &mut BTreeSet<PathBuf>) {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    if !matches!(extension.as_deref(), Some("json" | "yaml" | "yml" | "csv")) {
        return;
    }
    let mut head = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return;
    }
    let name = path.to_string_lossy().into_owned();
    if people::sniff(&name, &head) {
        found.people.push(path);
    } else if aws::sniff(&name, &head) {
        if aws::sniff_account(&head)
            && let Some(folder) = path.parent()
        {
            accounts.insert(folder.to_owned());
        }
        found.aws.push(path);
    } else if kubernetes::sniff(&name, &head) {
        let cluster = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        found.kubernetes.push((cluster.unwrap_or_else(|| "cluster".to_owned()), path));
    }
}
