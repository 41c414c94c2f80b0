//! What the index would change of HEAD if it were committed now. Reads no file of the work tree.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::BString;
use gix::index::entry::{Flags, Mode};
use gix::objs::tree::EntryMode;
use gix::objs::{CommitRefIter, Kind, TreeRefIter};

use super::changes::{Changes, joined};
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
    let known = head.map(|head| files(repository, head, objects)).unwrap_or_default();
    let mut changes = Changes::default();
    let ledger = objects.ledger;
    for entry in index.entries() {
        let path = entry.path(index);
        let Some(below) = repository.below_root(path) else {
            ledger.outside.add(&path.to_string());
            continue;
        };
        let old = known.get(path).copied();
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
            let older = old.filter(|(_, mode)| mode.is_blob()).map(|(id, _)| id);
            changes.note(&path.to_owned(), entry.id, Vec::from_iter(older), 0);
        }
    }
    changes
}

/// Everything that lies in a commit in the scanned root, by path: files, links, submodules and folders.
fn files(repository: &Repository, commit: ObjectId, objects: &Objects<'_>) -> HashMap<BString, (ObjectId, EntryMode)> {
    let mut files = HashMap::new();
    let mut buffer = Vec::new();
    let tree = objects.read_kind(&commit, Kind::Commit, &mut buffer);
    let tree = tree.and_then(|()| CommitRefIter::from_bytes(&buffer, commit.kind()).tree_id().ok());
    let mut folders: Vec<(BString, ObjectId)> = tree.map(|tree| (BString::default(), tree)).into_iter().collect();
    while let Some((folder, tree)) = folders.pop() {
        if objects.read_kind(&tree, Kind::Tree, &mut buffer).is_none() {
            continue;
        }
        for entry in TreeRefIter::from_bytes(&buffer, tree.kind()).filter_map(Result::ok) {
            let path = joined(&folder, entry.filename);
            if entry.mode.is_tree() && repository.concerns(path.as_ref()) {
                folders.push((path.clone(), entry.oid.to_owned()));
                // A sparse index names folders so.
                files.insert(joined(&path, b""), (entry.oid.to_owned(), entry.mode));
            } else {
                files.insert(path, (entry.oid.to_owned(), entry.mode));
            }
        }
    }
    files
}
