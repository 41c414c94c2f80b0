//! Which commits are read, and in which order. Reads commits and tags; looks into no tree.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::{CommitRefIter, Kind, TagRefIter};

use super::ledger::Ledger;
use super::messages::Messages;
use super::repository::{Objects, chain};
use crate::collect::{CollectError, Sink};

/// A commit, as far as it is of use here.
pub(super) struct Commit {
    pub(super) id: ObjectId,
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    /// Seconds since 1970, of the committer.
    time: i64,
}

/// The remedy where history was cut off.
pub(super) const UNSHALLOW: &str = "fetch the rest: git fetch --unshallow; for actions/checkout, fetch-depth: 0";

/// Everything that refs lead to: branches, tags, notes, stashes, and `HEAD` of every work tree.
pub(super) fn tips(repository: &gix::Repository, ledger: &Ledger) -> Vec<(String, ObjectId)> {
    let broken = |error: String| ledger.hole("refs", error, "see what git fsck says");
    let mut tips = Vec::new();
    match repository.references().and_then(|platform| platform.all().map(|refs| refs.collect::<Vec<_>>())) {
        Ok(refs) => {
            for one in refs {
                match one {
                    // A symbolic ref leads to another ref, which is listed, too.
                    Ok(found) => {
                        tips.extend(found.try_id().map(|id| (found.name().as_bstr().to_string(), id.detach())))
                    }
                    Err(error) => broken(error.to_string()),
                }
            }
        }
        Err(error) => broken(chain(&error)),
    }
    match repository.head() {
        Ok(head) => tips.extend(head.id().map(|id| ("HEAD".to_owned(), id.detach()))),
        Err(error) => broken(chain(&error)),
    }
    tips.extend(other_heads(repository));
    tips.extend(stashes(repository));
    tips
}

/// What is checked out in the linked work trees.
fn other_heads(repository: &gix::Repository) -> Vec<(String, ObjectId)> {
    let Ok(folders) = std::fs::read_dir(repository.common_dir().join("worktrees")) else { return Vec::new() };
    let names = folders.flatten().map(|folder| format!("worktrees/{}/HEAD", folder.file_name().to_string_lossy()));
    let heads = std::iter::once("main-worktree/HEAD".to_owned()).chain(names);
    heads
        .filter_map(|name| {
            let found = repository.try_find_reference(name.as_str()).ok().flatten()?;
            Some((name, found.try_id()?.detach()))
        })
        .collect()
}

/// Of the stashes only the last has a ref; the others lie in its log, and nowhere else.
fn stashes(repository: &gix::Repository) -> Vec<(String, ObjectId)> {
    let mut stashes = Vec::new();
    if let Ok(Some(stash)) = repository.try_find_reference("refs/stash")
        && let Ok(Some(log)) = stash.log_iter().all()
    {
        stashes.extend(log.flatten().map(|line| ("refs/stash".to_owned(), line.new_oid())));
    }
    stashes
}

/// What a walk over commits is given.
pub(super) struct Walker<'a> {
    pub(super) objects: &'a Objects<'a>,
    /// Commits whose parents were not fetched.
    pub(super) shallow: &'a BTreeSet<ObjectId>,
    pub(super) sink: &'a Sink,
    /// Who searches what commits and tags say.
    pub(super) messages: &'a Messages<'a>,
}

impl Walker<'_> {
    /// Every commit that the tips reach, oldest first.
    pub(super) fn all(&self, tips: Vec<(String, ObjectId)>) -> Result<Vec<Commit>, CollectError> {
        let mut commits = HashMap::new();
        let mut buffer = Vec::new();
        let mut queue = Vec::new();
        for (name, id) in tips {
            match self.peel(&name, id, &mut buffer) {
                Some((id, Kind::Commit)) => queue.push(id),
                Some(_) => self.objects.ledger.other_refs.add(&name),
                None => {}
            }
        }
        while let Some(id) = queue.pop() {
            if self.sink.is_closed() {
                return Err(CollectError::Stopped);
            }
            if commits.contains_key(&id) {
                continue;
            }
            if let Some(commit) = self.read(id, &mut buffer) {
                queue.extend(commit.parents.iter().filter(|parent| !commits.contains_key(*parent)).copied());
                commits.insert(id, commit);
            }
        }
        Ok(oldest_first(commits.into_values().collect()))
    }

    /// The commits that `until` reaches and `since` does not, oldest first.
    pub(super) fn between(
        &self,
        repository: &gix::Repository,
        since: ObjectId,
        until: ObjectId,
    ) -> Result<Vec<Commit>, CollectError> {
        // A graph file would be quicker, but what it says of the commits is nothing but its word.
        let walk = repository.rev_walk([until]).with_hidden([since]).use_commit_graph(false).all();
        let walk = walk.map_err(|error| CollectError::failed("commits", chain(&error)))?;
        let mut buffer = Vec::new();
        let mut commits = Vec::new();
        for one in walk {
            if self.sink.is_closed() {
                return Err(CollectError::Stopped);
            }
            match one {
                Ok(info) => commits.extend(self.read(info.id, &mut buffer)),
                Err(error) => self.objects.ledger.hole("commits", error, UNSHALLOW),
            }
        }
        Ok(oldest_first(commits))
    }

    /// Follows tags to what they were put on.
    fn peel(&self, name: &str, mut id: ObjectId, buffer: &mut Vec<u8>) -> Option<(ObjectId, Kind)> {
        loop {
            let kind = self.objects.read(&id, buffer)?;
            if kind != Kind::Tag {
                return Some((id, kind));
            }
            self.messages.of_tag(name, id, buffer);
            match TagRefIter::from_bytes(buffer, id.kind()).target_id() {
                Ok(target) => id = target,
                Err(error) => {
                    self.objects.malformed(id, &error);
                    return None;
                }
            }
        }
    }

    pub(super) fn read(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Option<Commit> {
        self.objects.read_kind(&id, Kind::Commit, buffer)?;
        let commit = || CommitRefIter::from_bytes(buffer, id.kind());
        let tree = match commit().tree_id() {
            Ok(tree) => tree,
            Err(error) => {
                self.objects.malformed(id, &error);
                return None;
            }
        };
        let parents = if self.shallow.contains(&id) { Vec::new() } else { commit().parent_ids().collect() };
        let time = commit().committer().ok().and_then(|by| by.time().ok()).map_or(0, |time| time.seconds);
        self.messages.of_commit(id, buffer, time);
        Some(Commit { id, tree, parents, time })
    }
}

/// Parents before children; of those that could come next, the oldest, and of those of one second the lesser id.
fn oldest_first(commits: Vec<Commit>) -> Vec<Commit> {
    let places: HashMap<ObjectId, usize> =
        commits.iter().enumerate().map(|(place, commit)| (commit.id, place)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); commits.len()];
    let mut waits_for: Vec<usize> = vec![0; commits.len()];
    for (place, commit) in commits.iter().enumerate() {
        for parent in commit.parents.iter().filter_map(|parent| places.get(parent)) {
            if let (Some(children), Some(count)) = (children.get_mut(*parent), waits_for.get_mut(place)) {
                children.push(place);
                *count += 1;
            }
        }
    }
    let mut commits: Vec<Option<Commit>> = commits.into_iter().map(Some).collect();
    let ready = |commits: &[Option<Commit>], place: usize| {
        commits.get(place).and_then(Option::as_ref).map(|commit| Reverse((commit.time, commit.id, place)))
    };
    let free = waits_for.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| place);
    let mut heap: BinaryHeap<_> = free.filter_map(|place| ready(&commits, place)).collect();
    let mut ordered = Vec::with_capacity(commits.len());
    while let Some(Reverse((_, _, place))) = heap.pop() {
        ordered.extend(commits.get_mut(place).and_then(Option::take));
        for child in children.get_mut(place).map(std::mem::take).unwrap_or_default() {
            if let Some(count) = waits_for.get_mut(child) {
                *count -= 1;
                if *count == 0 {
                    heap.extend(ready(&commits, child));
                }
            }
        }
    }
    ordered
}

/// The name, the address and the time of a commit's author, as far as the commit tells them.
pub(super) fn author(buffer: &[u8], id: ObjectId) -> (String, String, i64) {
    CommitRefIter::from_bytes(buffer, id.kind()).author().map(told).unwrap_or_default()
}

/// The same of a signature as it stands in an object.
pub(super) fn told(author: gix::actor::SignatureRef<'_>) -> (String, String, i64) {
    let author = author.trim();
    let text = |bytes: &[u8]| bytes.to_str_lossy().into_owned();
    (text(author.name), text(author.email), author.time().map_or(0, |time| time.seconds))
}
