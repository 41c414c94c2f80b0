//! Says of what was found who brought it and whether it is still there, and sends it. Scans only what lies in HEAD.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;
use jiff::Timestamp;

use super::commits::author;
use super::finds::{Finds, Found, Key, Values};
use super::repository::Objects;
use super::versions::Versions;
use crate::collect::CollectError;
use crate::model::{Commit, Fingerprint, Record};

/// Sends finds, each with the commit that first brought its value anywhere.
pub(super) struct Introducer<'a> {
    pub(super) versions: &'a Versions<'a>,
    pub(super) objects: &'a Objects<'a>,
}

impl Introducer<'_> {
    pub(super) fn send(&self, finds: Finds) -> Result<(), CollectError> {
        let mut first: HashMap<Fingerprint, u32> = HashMap::new();
        for (key, found) in &finds {
            first
                .entry(key.value.clone())
                .and_modify(|commit| *commit = (*commit).min(found.commit))
                .or_insert(found.commit);
        }
        let mut head = Head { introducer: self, tree: self.versions.head, files: HashMap::new() };
        for (key, found) in finds {
            let Found { mut exposure, blob, .. } = found;
            // What is staged belongs to no commit yet.
            if !self.versions.commits.is_empty() {
                let in_head = head.has(&key, blob);
                exposure.introduced = first.get(&key.value).and_then(|commit| self.commit(*commit, in_head));
            }
            let allowed = u64::from(exposure.allowed_by.is_some());
            self.versions.ledger.allowed.add(allowed);
            self.versions.walk.sink.send_blocking(Record::Exposure(exposure))?;
        }
        Ok(())
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
    files: HashMap<u32, (Option<ObjectId>, Option<Values>)>,
}

impl Head<'_> {
    /// Whether a value lies in a file of HEAD, as often as it must to be there at this place; `blob` is a version where it
    /// does.
    fn has(&mut self, key: &Key, blob: ObjectId) -> bool {
        let introducer = self.introducer;
        let look_up = || {
            let path = introducer.versions.paths.get(key.path as usize)?;
            introducer.objects.file(self.tree?, path.as_ref())
        };
        let (file, values) = self.files.entry(key.path).or_insert_with(|| (look_up(), None));
        let Some(file) = file else { return false };
        *file == blob || {
            let values = values.get_or_insert_with(|| introducer.values(key.path, file));
            let by_any = values.iter().filter(|((inner, value, _), _)| *inner == key.inner && *value == key.value);
            by_any.map(|(_, count)| *count).sum::<u64>() >= key.number
        }
    }
}

impl Introducer<'_> {
    /// All values in a file.
    fn values(&self, path: u32, file: &ObjectId) -> Values {
        let is_small = self.objects.size(file).is_some_and(|size| size <= self.versions.walk.options.max_file_size);
        let mut buffer = Vec::new();
        if is_small && self.objects.read_kind(file, Kind::Blob, &mut buffer).is_some() {
            self.versions.values(&self.versions.shown(path), &buffer)
        } else {
            Values::new()
        }
    }
}
