//! What the index would change of HEAD if it were committed now. Reads no file of the work tree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice, ByteVec};
use gix::index::entry::{Flags, Mode};
use gix::objs::tree::EntryMode;
use gix::objs::{Kind, TreeRefIter};

use super::changes::Changes;
use super::repository::{Objects, OpenError, Repository, chain};

/// The index of a repository, or the one that is named. A repository without one has nothing in it.
pub(super) fn index(repository: &gix::Repository, named: Option<&Path>) -> Result<gix::index::File, OpenError> {
    let path = named.map_or_else(|| repository.index_path(), Path::to_owned);
    let options = gix::index::decode::Options { thread_limit: Some(1), ..Default::default() };
    let hash = repository.object_hash();
    match catch_unwind(AssertUnwindSafe(|| gix::index::File::at_or_default(path, hash, false, options))) {
        Ok(Ok(index)) => Ok(index),
        Ok(Err(error)) => Err(OpenError::Broken(format!("the index cannot be read: {}", chain(&error)))),
        Err(_) => Err(OpenError::Broken("the index is malformed".to_owned())),
    }
}

/// Notes the files of an index that HEAD does not have so.
pub(super) fn changes(
    repository: &Repository,
    index: &gix::index::State,
    head: Option<ObjectId>,
    objects: &Objects<'_>,
) -> Changes {
    let mut committed = Committed::new(objects, head);
    let mut changes = Changes::default();
    let mut new = Vec::new();
    let ledger = objects.ledger;
    for entry in index.entries() {
        let path = entry.path(index);
        let Some(below) = repository.below_root(path) else {
            ledger.outside.add(&path.to_string());
            continue;
        };
        let old = committed.find(path);
        if old.is_some_and(|(id, _)| id == entry.id) {
            continue;
        }
        if entry.flags.contains(Flags::INTENT_TO_ADD) {
            ledger.intended.add(&below.to_string());
        } else if entry.mode == Mode::COMMIT {
            ledger.submodules.add(&below.to_string());
        } else if entry.mode == Mode::SYMLINK {
            ledger.links.add(&below.to_string());
        } else if entry.mode.is_sparse() {
            let why = format!("{below} is staged as a whole folder");
            ledger.hole("folders outside of the sparse checkout", why, "git sparse-checkout disable");
        } else {
            // What was a submodule, a link or a folder is no older version of a file.
            match old.filter(|(_, mode)| mode.is_blob()) {
                Some((older, _)) => changes.note(&path.to_owned(), entry.id, vec![older], 0),
                None => new.push((path.to_owned(), entry.id)),
            }
        }
    }
    let moved = if new.is_empty() { HashSet::new() } else { committed.gone(index) };
    // What lay elsewhere before, and does no more, was moved: the commit adds no byte of it.
    for (path, blob) in new.into_iter().filter(|(_, blob)| !moved.contains(blob)) {
        changes.note(&path, blob, Vec::new(), 0);
    }
    changes
}

/// A commit in which paths are looked up, so that no more of it is read than what an index is about.
struct Committed<'a> {
    objects: &'a Objects<'a>,
    tree: Option<ObjectId>,
    /// The trees that were read, by name.
    trees: HashMap<ObjectId, HashMap<BString, (ObjectId, EntryMode)>>,
    /// The folders that were looked into, each with a slash at its end but the first.
    folders: BTreeMap<BString, ObjectId>,
}

/// In so many folders what is gone is looked for.
const MOST_FOLDERS: usize = 20_000;

impl<'a> Committed<'a> {
    fn new(objects: &'a Objects<'a>, commit: Option<ObjectId>) -> Self {
        Self {
            objects,
            tree: commit.and_then(|commit| objects.tree(commit)),
            trees: HashMap::new(),
            folders: BTreeMap::new(),
        }
    }

    /// The files that the index has no more where they were.
    fn gone(&mut self, index: &gix::index::State) -> HashSet<ObjectId> {
        let mut gone = HashSet::new();
        let mut folders: Vec<(BString, ObjectId)> = self.folders.clone().into_iter().collect();
        for _ in 0..MOST_FOLDERS {
            let Some((folder, tree)) = folders.pop() else { break };
            let objects = self.objects;
            for (name, (id, mode)) in self.trees.entry(tree).or_insert_with(|| entries(objects, tree)) {
                let mut path = folder.clone();
                path.push_str(name);
                if mode.is_tree() {
                    path.push(b'/');
                    if !self.folders.contains_key(&path) {
                        folders.push((path, *id));
                    }
                } else if mode.is_blob() && index.entry_by_path(path.as_bstr()).is_none() {
                    gone.insert(*id);
                }
            }
        }
        gone
    }

    /// What has a path; that of a whole folder, as a sparse index names it, ends with a slash.
    fn find(&mut self, path: &[u8]) -> Option<(ObjectId, EntryMode)> {
        let objects = self.objects;
        let mut tree = self.tree?;
        let mut names = path.strip_suffix(b"/").unwrap_or(path).split(|byte| *byte == b'/').peekable();
        let mut folder = BString::default();
        while let Some(name) = names.next() {
            self.folders.entry(folder.clone()).or_insert(tree);
            folder.push_str(name);
            folder.push(b'/');
            let entries = self.trees.entry(tree).or_insert_with(|| entries(objects, tree));
            let (id, mode) = *entries.get(name.as_bstr())?;
            if names.peek().is_none() {
                return Some((id, mode));
            }
            tree = mode.is_tree().then_some(id)?;
        }
        None
    }
}

fn entries(objects: &Objects<'_>, tree: ObjectId) -> HashMap<BString, (ObjectId, EntryMode)> {
    let mut buffer = Vec::new();
    if objects.read_kind(&tree, Kind::Tree, &mut buffer).is_none() {
        return HashMap::new();
    }
    let entries = TreeRefIter::from_bytes(&buffer, tree.kind()).filter_map(Result::ok);
    entries.map(|entry| (entry.filename.to_owned(), (entry.oid.to_owned(), entry.mode))).collect()
}
