//! Which versions of which files commits bring, by comparing trees. Reads trees and no file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;
use gix::bstr::{BString, ByteVec};
use gix::objs::tree::{EntryMode, name_order};
use gix::objs::{Kind, TreeRefIter};

use super::commits::Commit;
use super::repository::{Objects, Repository};
use crate::collect::{CollectError, Sink};

/// A longer path is no path of a file, but a tree made to be deep: no system can write it to a disk (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;
/// More versions than this do not fit into memory. The history of Linux has three million.
const MOST_VERSIONS: usize = 8_000_000;
/// More paths than this are no history of one project: that of Linux has a tenth.
const MOST_FILES: usize = 2_000_000;
/// How much the paths of all files may take, and those of the folders that are still to be looked into, in bytes. The
/// paths of all that was ever in Linux take ten million.
const MOST_PATHS: usize = 160_000_000;
/// How many folders are looked into, and how many more for each commit. Few trees have so many, and a commit changes few;
/// a tree that names one other tree many times has any number of them.
const MOST_FOLDERS: usize = 300_000;
const FOLDERS_OF_COMMIT: usize = 64;

/// One version of a file and what it came after.
pub(super) struct Version {
    /// Its path, by its place in the list of paths.
    pub(super) path: u32,
    pub(super) blob: ObjectId,
    /// The file in the commit's parents, or in what it is compared with.
    pub(super) olds: Vec<ObjectId>,
    /// The commit that brought it first, by its place in the list of commits.
    pub(super) commit: u32,
}

/// All paths and all versions, each once.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) paths: Vec<BString>,
    numbers: HashMap<BString, u32>,
    versions: HashMap<(u32, ObjectId), (Vec<ObjectId>, u32)>,
    /// How many bytes the paths have.
    length: usize,
}

impl Changes {
    /// Notes a version. Of several commits with the same one the last that is noted counts.
    pub(super) fn note(&mut self, path: &BString, blob: ObjectId, olds: Vec<ObjectId>, commit: u32) {
        let next = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        let number = match self.numbers.entry(path.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.paths.push(path.clone());
                self.length += path.len();
                *new.insert(next)
            }
        };
        self.versions.insert((number, blob), (olds, commit));
    }

    /// The versions, in no particular order.
    pub(super) fn versions(&mut self) -> Vec<Version> {
        self.numbers = HashMap::new();
        let versions = std::mem::take(&mut self.versions).into_iter();
        versions.map(|((path, blob), (olds, commit))| Version { path, blob, olds, commit }).collect()
    }
}

/// A folder of a commit, and the same folder of its parents.
struct Folder {
    path: BString,
    tree: ObjectId,
    olds: Vec<ObjectId>,
}

/// Compares trees.
pub(super) struct Comparer<'a> {
    pub(super) repository: &'a Repository,
    pub(super) objects: &'a Objects<'a>,
    pub(super) sink: &'a Sink,
    pub(super) changes: Changes,
    /// The trees of commits that were met.
    trees: HashMap<ObjectId, ObjectId>,
    /// How many folders may still be looked into.
    folders: usize,
    /// How many bytes the paths of the folders have that are still to be looked into.
    waiting: usize,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(repository: &'a Repository, objects: &'a Objects<'a>, sink: &'a Sink) -> Self {
        let (changes, trees) = (Changes::default(), HashMap::new());
        Self { repository, objects, sink, changes, trees, folders: MOST_FOLDERS, waiting: 0 }
    }

    /// What each commit has that none of its parents has. The newest come first, since in packs the older version is
    /// told by the newer one.
    pub(super) fn commits(&mut self, commits: &[Commit]) -> Result<(), CollectError> {
        self.trees = commits.iter().map(|commit| (commit.id, commit.tree)).collect();
        self.folders = MOST_FOLDERS.saturating_add(commits.len().saturating_mul(FOLDERS_OF_COMMIT));
        for (number, commit) in commits.iter().enumerate().rev() {
            let parents = commit.parents.iter().filter_map(|parent| self.tree_of(*parent)).collect();
            self.compare(commit.tree, parents, u32::try_from(number).unwrap_or(u32::MAX))?;
            if let Some(limit) = self.limit() {
                let why = format!("there are more than {limit}");
                self.objects.ledger.hole("older commits", why, "scan parts of the history with --range A..B");
                break;
            }
        }
        Ok(())
    }

    /// What there is too much of.
    fn limit(&self) -> Option<String> {
        if self.changes.versions.len() > MOST_VERSIONS {
            Some(format!("{MOST_VERSIONS} versions of files"))
        } else if self.changes.paths.len() > MOST_FILES {
            Some(format!("{MOST_FILES} paths"))
        } else if self.changes.length + self.waiting > MOST_PATHS {
            Some(format!("{MOST_PATHS} bytes of paths"))
        } else {
            (self.folders == 0).then(|| "so many folders as are looked into".to_owned())
        }
    }

    /// The tree of a commit; that of one outside of what is read is looked up.
    fn tree_of(&mut self, commit: ObjectId) -> Option<ObjectId> {
        if let Some(tree) = self.trees.get(&commit) {
            return Some(*tree);
        }
        let mut buffer = Vec::new();
        self.objects.read_kind(&commit, Kind::Commit, &mut buffer)?;
        let tree = gix::objs::CommitRefIter::from_bytes(&buffer, commit.kind()).tree_id().ok()?;
        self.trees.insert(commit, tree);
        Some(tree)
    }

    /// Notes the files of a tree that differ from those of every older tree.
    pub(super) fn compare(&mut self, tree: ObjectId, olds: Vec<ObjectId>, commit: u32) -> Result<(), CollectError> {
        if olds.contains(&tree) {
            return Ok(());
        }
        let mut folders = vec![Folder { path: BString::default(), tree, olds }];
        while let Some(folder) = folders.pop() {
            if self.sink.is_closed() {
                return Err(CollectError::Stopped);
            }
            self.waiting = self.waiting.saturating_sub(folder.path.len());
            self.folders = self.folders.saturating_sub(1);
            if self.limit().is_some() {
                return Ok(());
            }
            let mut buffer = Vec::new();
            if self.objects.read_kind(&folder.tree, Kind::Tree, &mut buffer).is_none() {
                continue;
            }
            let olds: Vec<Vec<u8>> = folder.olds.iter().filter_map(|old| self.tree(old)).collect();
            let mut olds: Vec<Older<'_>> = olds.iter().map(|old| Older::new(old, folder.tree.kind())).collect();
            for entry in TreeRefIter::from_bytes(&buffer, folder.tree.kind()) {
                if self.changes.length + self.waiting > MOST_PATHS {
                    break;
                }
                match entry {
                    Ok(entry) => {
                        let name = (entry.filename.as_ref(), entry.mode);
                        let known: Vec<ObjectId> = olds.iter_mut().filter_map(|old| old.find(name)).collect();
                        if !known.iter().any(|old| *old == entry.oid) {
                            let path = joined(&folder.path, entry.filename);
                            self.entry(path, entry.mode, entry.oid.to_owned(), known, commit, &mut folders);
                        }
                    }
                    Err(error) => {
                        self.objects.malformed(folder.tree, &error);
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn tree(&self, id: &ObjectId) -> Option<Vec<u8>> {
        let mut buffer = Vec::new();
        self.objects.read_kind(id, Kind::Tree, &mut buffer)?;
        Some(buffer)
    }

    /// Something that no older tree has.
    fn entry(
        &mut self,
        path: BString,
        mode: EntryMode,
        id: ObjectId,
        olds: Vec<ObjectId>,
        commit: u32,
        folders: &mut Vec<Folder>,
    ) {
        let ledger = self.objects.ledger;
        if mode.is_tree() {
            if path.len() > LONGEST_PATH {
                let why = format!("a path is longer than {LONGEST_PATH} bytes");
                ledger.hole("deep folders", why, "scan the files that were checked out");
            } else if self.repository.concerns(path.as_ref()) {
                self.waiting += path.len();
                folders.push(Folder { path, tree: id, olds });
            }
        } else if let Some(below) = self.repository.below_root(path.as_ref()) {
            if mode.is_commit() {
                ledger.submodules.add(&below.to_string());
            } else if mode.is_link() {
                ledger.links.add(&below.to_string());
            } else {
                self.changes.note(&path, id, olds, commit);
            }
        }
    }
}

/// A path and a name below it.
fn joined(folder: &BString, name: &[u8]) -> BString {
    let mut path = folder.clone();
    if !path.is_empty() {
        path.push_byte(b'/');
    }
    path.push_str(name);
    path
}

/// An older tree that is gone through beside a newer one; both are in the order of their names.
struct Older<'a> {
    entries: TreeRefIter<'a>,
    next: Option<gix::objs::tree::EntryRef<'a>>,
}

impl<'a> Older<'a> {
    fn new(data: &'a [u8], hash: gix::hash::Kind) -> Self {
        let mut entries = TreeRefIter::from_bytes(data, hash);
        let next = entries.next().and_then(Result::ok);
        Self { entries, next }
    }

    /// What has this name here, if it is of the same kind. Names must be asked for in their order.
    fn find(&mut self, (name, mode): (&[u8], EntryMode)) -> Option<ObjectId> {
        while let Some(entry) = self.next {
            match name_order(entry.filename, entry.mode.is_tree(), name, mode.is_tree()) {
                std::cmp::Ordering::Less => self.next = self.entries.next().and_then(Result::ok),
                std::cmp::Ordering::Equal => {
                    let is_file = |mode: EntryMode| mode.is_blob();
                    let alike = entry.mode == mode || (is_file(entry.mode) && is_file(mode));
                    return alike.then(|| entry.oid.to_owned());
                }
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }
}
