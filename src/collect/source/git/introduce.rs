//! Says of what was found who brought it and whether it is still there, and sends it. Scans only what lies in HEAD.

use std::collections::{BTreeSet, HashMap};

use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::{CommitRefIter, Kind, TreeRefIter};
use jiff::Timestamp;

use super::commits::author;
use super::repository::Objects;
use super::versions::{Finds, Found, Versions};
use crate::collect::CollectError;
use crate::collect::source::text;
use crate::model::{Commit, Exposure, Fingerprint, Record};

/// Sends finds, each with the commit that first brought its value anywhere.
pub(super) struct Introducer<'a> {
    pub(super) versions: &'a Versions<'a>,
    pub(super) objects: &'a Objects<'a>,
    /// The commit that is checked out, or the last one of a bare repository.
    pub(super) head: Option<ObjectId>,
}

impl Introducer<'_> {
    pub(super) fn send(&self, finds: Finds) -> Result<(), CollectError> {
        let mut first: HashMap<Fingerprint, u32> = HashMap::new();
        for ((_, _, value), found) in &finds {
            first
                .entry(value.clone())
                .and_modify(|commit| *commit = (*commit).min(found.commit))
                .or_insert(found.commit);
        }
        let mut head = Head { introducer: self, tree: self.head_tree(), files: HashMap::new() };
        for ((path, _, value), found) in finds {
            let Found { mut exposure, blob, .. } = found;
            // What is staged belongs to no commit yet.
            if !self.versions.commits.is_empty() {
                let in_head = head.has(path, blob, &value);
                exposure.introduced = first.get(&value).and_then(|commit| self.commit(*commit, in_head));
            }
            let allowed = u64::from(exposure.allowed_by.is_some());
            self.versions.ledger.allowed.add(allowed);
            self.versions.walk.sink.send_blocking(Record::Exposure(Box::new(exposure)))?;
        }
        Ok(())
    }

    fn head_tree(&self) -> Option<ObjectId> {
        let id = self.head?;
        let mut buffer = Vec::new();
        self.objects.read_kind(&id, Kind::Commit, &mut buffer)?;
        CommitRefIter::from_bytes(&buffer, id.kind()).tree_id().ok()
    }

    /// What a commit says of itself.
    fn commit(&self, number: u32, in_head: bool) -> Option<Commit> {
        let id = self.versions.commits.get(number as usize)?.id;
        let mut buffer = Vec::new();
        self.objects.read_kind(&id, Kind::Commit, &mut buffer)?;
        let (author, email, seconds) = author(&buffer, id);
        let date = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(Commit { id: id.to_string(), author, email, date, in_head })
    }
}

/// What lies in HEAD, looked up when it is asked for.
struct Head<'a> {
    introducer: &'a Introducer<'a>,
    tree: Option<ObjectId>,
    /// The values in files of HEAD, by path.
    files: HashMap<u32, (Option<ObjectId>, Option<BTreeSet<Fingerprint>>)>,
}

impl Head<'_> {
    /// Whether a value lies in a file of HEAD; `blob` is a version that has it.
    fn has(&mut self, path: u32, blob: ObjectId, value: &Fingerprint) -> bool {
        if !self.files.contains_key(&path) {
            let file = self.file(path);
            self.files.insert(path, (file, None));
        }
        let introducer = self.introducer;
        let Some((Some(file), values)) = self.files.get_mut(&path) else { return false };
        *file == blob || values.get_or_insert_with(|| introducer.values(path, file)).contains(value)
    }

    /// The file of HEAD with a path.
    fn file(&self, path: u32) -> Option<ObjectId> {
        let path: &BString = self.introducer.versions.paths.get(path as usize)?;
        let mut id = self.tree?;
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        let mut buffer = Vec::new();
        while let Some(name) = parts.next() {
            self.introducer.objects.read_kind(&id, Kind::Tree, &mut buffer)?;
            let mut entries = TreeRefIter::from_bytes(&buffer, id.kind()).filter_map(Result::ok);
            let is_last = parts.peek().is_none();
            let fits = |mode: gix::objs::tree::EntryMode| if is_last { mode.is_blob() } else { mode.is_tree() };
            id = entries.find(|entry| entry.filename == name && fits(entry.mode))?.oid.to_owned();
        }
        Some(id)
    }
}

impl Introducer<'_> {
    /// All values in a file.
    fn values(&self, path: u32, file: &ObjectId) -> BTreeSet<Fingerprint> {
        let mut values = BTreeSet::new();
        let is_small = self.objects.size(file).is_some_and(|size| size <= self.versions.walk.options.max_file_size);
        let mut buffer = Vec::new();
        if is_small
            && self.objects.read_kind(file, Kind::Blob, &mut buffer).is_some()
            && let Some(text) = text::whole(&buffer)
        {
            let shown = self.versions.shown(path);
            let note = |exposure: Exposure| {
                values.insert(exposure.fingerprint);
                true
            };
            let whole = std::iter::once(0..text.len()).collect::<Vec<_>>();
            self.versions.scanner(&shown, None).scan_added(
                &text,
                &whole,
                &self.versions.walk.root.path.join(&shown),
                note,
            );
        }
        values
    }
}
