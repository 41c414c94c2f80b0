//! Who wrote a line: the author of the commit that brought it, as far back as the history lies here. Reads commits, trees and
//! the files that are asked about. What cannot be read makes an author unknown, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::{CommitRefIter, Kind};

use super::commits::author;
use super::ledger::Ledger;
use super::repository::{Objects, Repository};

/// How often a path is looked up in a commit, for all lines of one repository together: about a second.
const MOST_LOOKUPS: usize = 100_000;
/// Files that are larger are not read for this, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;
/// How much is kept unpacked, in bytes.
const UNPACKED: usize = 16 * 1024 * 1024;

/// A line that is asked about.
struct Line {
    /// The path from the top of the repository, with `/`.
    path: String,
    /// What stands on it, without the blanks around.
    text: Vec<u8>,
}

/// The e-mail addresses of those who wrote lines of files below a root, in the order of `wanted`: a path below the root and a
/// line, counted from 1. Only repositories count whose top is the root or lies in it: what lies above was not given.
pub(in crate::collect) fn authors(root: &Path, wanted: &[(String, u64)]) -> Vec<Option<String>> {
    let mut found = vec![None; wanted.len()];
    let mut tops: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, (path, _)) in wanted.iter().enumerate() {
        if let Some(top) = top_of(root, path) {
            tops.entry(top).or_default().push(place);
        }
    }
    for (top, places) in tops {
        let lines: Vec<(usize, Line)> = places
            .into_iter()
            .filter_map(|place| {
                let (path, number) = wanted.get(place)?;
                let text = line(root, path, *number)?;
                let path = path.strip_prefix(top.as_str()).unwrap_or(path).trim_start_matches('/').to_owned();
                Some((place, Line { path, text }))
            })
            .collect();
        for (place, email) in in_repository(&root.join(&top), &lines) {
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(email);
            }
        }
    }
    found
}

/// The folder below the root that is the top of the repository that a path lies in.
fn top_of(root: &Path, path: &str) -> Option<String> {
    let folders = path.rmatch_indices('/').map(|(at, _)| &path[..at]).chain([""]);
    folders.into_iter().find(|folder| root.join(folder).join(".git").symlink_metadata().is_ok()).map(str::to_owned)
}

/// A line as it lies there.
fn line(root: &Path, path: &str, number: u64) -> Option<Vec<u8>> {
    let file = root.join(path);
    let found = file.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > LARGEST {
        return None;
    }
    let bytes = std::fs::read(&file).ok()?;
    let number = usize::try_from(number).ok()?.checked_sub(1)?;
    let text = bytes.split(|byte| *byte == b'\n').nth(number)?.trim_ascii();
    (!text.is_empty()).then(|| text.to_vec())
}

fn in_repository(top: &Path, lines: &[(usize, Line)]) -> Vec<(usize, String)> {
    let Ok(repository) = Repository::open(top, LARGEST) else { return Vec::new() };
    let local = repository.local(UNPACKED);
    let head = local.head().ok().and_then(|mut head| head.try_peel_to_id().ok().flatten().map(gix::Id::detach));
    let Some(head) = head else { return Vec::new() };
    let ledger = Ledger::default();
    let objects = Objects::new(&local, &ledger);
    let shallow: BTreeSet<ObjectId> =
        local.shallow_commits().ok().flatten().map(|commits| commits.iter().copied().collect()).unwrap_or_default();
    let mut search = Search { objects: &objects, shallow, left: MOST_LOOKUPS, files: HashMap::new() };
    search.run(head, lines)
}

/// What a search needs.
struct Search<'a> {
    objects: &'a Objects<'a>,
    shallow: BTreeSet<ObjectId>,
    left: usize,
    /// The lines of files, by their object.
    files: HashMap<ObjectId, BTreeSet<Vec<u8>>>,
}

/// What is asked of a commit.
struct Written {
    tree: ObjectId,
    /// With their trees.
    parents: Vec<(ObjectId, ObjectId)>,
    /// Of its author, in small letters.
    email: String,
}

impl Search<'_> {
    /// Goes from a commit to the parent that has the line already, until none has.
    fn run(&mut self, head: ObjectId, lines: &[(usize, Line)]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut seen: BTreeSet<(ObjectId, usize)> = BTreeSet::new();
        let mut open: Vec<(ObjectId, Vec<usize>)> = vec![(head, (0..lines.len()).collect())];
        let mut is_first = true;
        while let Some((commit, here)) = open.pop() {
            let Some(Written { tree, parents, email }) = self.commit(commit) else { continue };
            let mut moved: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for number in here {
                let Some((place, line)) = lines.get(number) else { continue };
                if self.left == 0 || !seen.insert((commit, number)) {
                    continue;
                }
                let file = self.file(tree, &line.path);
                // What is not committed yet was written by nobody whom the history knows.
                if is_first && !file.is_some_and(|file| self.has(file, &line.text)) {
                    continue;
                }
                let before = parents.iter().position(|(_, tree)| {
                    let older = self.file(*tree, &line.path);
                    older == file || older.is_some_and(|older| self.has(older, &line.text))
                });
                match before {
                    Some(parent) => moved.entry(parent).or_default().push(number),
                    // Where the clone ends, whoever made its first commit need not have written it.
                    None if self.shallow.contains(&commit) || self.left == 0 => {}
                    None => found.push((*place, email.clone())),
                }
            }
            is_first = false;
            open.extend(moved.into_iter().filter_map(|(parent, numbers)| Some((parents.get(parent)?.0, numbers))));
        }
        found.retain(|(_, email)| email.contains('@'));
        found
    }

    fn commit(&self, id: ObjectId) -> Option<Written> {
        let mut buffer = Vec::new();
        self.objects.read_kind(&id, Kind::Commit, &mut buffer)?;
        let tree = CommitRefIter::from_bytes(&buffer, id.kind()).tree_id().ok()?;
        let (_, email, _) = author(&buffer, id);
        let parents: Vec<ObjectId> = if self.shallow.contains(&id) {
            Vec::new()
        } else {
            CommitRefIter::from_bytes(&buffer, id.kind()).parent_ids().collect()
        };
        let mut with_trees = Vec::with_capacity(parents.len());
        for parent in parents {
            self.objects.read_kind(&parent, Kind::Commit, &mut buffer)?;
            with_trees.push((parent, CommitRefIter::from_bytes(&buffer, parent.kind()).tree_id().ok()?));
        }
        Some(Written { tree, parents: with_trees, email: email.to_lowercase() })
    }

    /// The file at a path of a tree.
    fn file(&mut self, tree: ObjectId, path: &str) -> Option<ObjectId> {
        self.left = self.left.saturating_sub(1);
        self.objects.file(tree, path.as_bytes().as_bstr())
    }

    /// Whether a file has a line.
    fn has(&mut self, file: ObjectId, text: &[u8]) -> bool {
        if !self.files.contains_key(&file) {
            let mut buffer = Vec::new();
            let is_small = self.objects.size(&file).is_some_and(|size| size <= LARGEST);
            let lines = if is_small && self.objects.read_kind(&file, Kind::Blob, &mut buffer).is_some() {
                buffer.split(|byte| *byte == b'\n').map(|line| line.trim_ascii().to_vec()).collect()
            } else {
                BTreeSet::new()
            };
            // Versions of one file follow each other: few are asked twice after a while.
            if self.files.len() > 64 {
                self.files.clear();
            }
            self.files.insert(file, lines);
        }
        self.files.get(&file).is_some_and(|lines| lines.contains(text))
    }
}
