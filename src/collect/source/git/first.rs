//! The first commit of a repository: the same in every copy of it, and another one in every other. Reads no tree.

use std::collections::BTreeSet;
use std::path::Path;

use gix::ObjectId;
use gix::objs::{CommitRefIter, Kind};

use super::ledger::Ledger;
use super::repository::{Objects, Repository};
use crate::model::FIRST_COMMIT;

/// A longer row of first parents is not followed to its end: what it would tell is not worth the time.
const MOST: usize = 5_000;
/// A commit is smaller, or is not read; in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How much is kept unpacked, in bytes.
const UNPACKED: usize = 4 * 1024 * 1024;

/// The first digits of the commit that the row of first parents begins with, of the repository whose top this is. `None`
/// where there is no commit yet, the clone is shallow, or the row is too long.
pub(in super::super) fn first_commit(top: &Path) -> Option<String> {
    let repository = Repository::open(top, LARGEST).ok().filter(|one| one.prefix.is_empty())?;
    let local = repository.local(UNPACKED);
    let shallow = local.shallow_commits().ok()?;
    let shallow: BTreeSet<ObjectId> = shallow.iter().flat_map(|commits| commits.iter().copied()).collect();
    let mut id = local.head().ok()?.try_peel_to_id().ok()??.detach();
    let ledger = Ledger::default();
    let objects = Objects::new(&local, &ledger);
    let mut buffer = Vec::new();
    for _ in 0..MOST {
        if shallow.contains(&id) {
            return None;
        }
        objects.read_kind(&id, Kind::Commit, &mut buffer)?;
        // What cannot be parsed has no parent either: its tree tells that it is a commit.
        CommitRefIter::from_bytes(&buffer, id.kind()).tree_id().ok()?;
        match CommitRefIter::from_bytes(&buffer, id.kind()).parent_ids().next() {
            Some(parent) => id = parent,
            None => return Some(id.to_hex_with_len(FIRST_COMMIT).to_string()),
        }
    }
    None
}
