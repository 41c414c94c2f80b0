//! Says of what was found who brought it and whether it is still there, and sends it. Scans only what lies in HEAD.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::Kind;
use jiff::Timestamp;

use super::commits::author;
use super::finds::{Finds, Found, Key, Places};
use super::repository::Objects;
use super::versions::Versions;
use crate::collect::CollectError;
use crate::model::{Commit, Fingerprint, Location, Record};

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
                let at = &exposure.evidence.location;
                let lies = head.place(&key, blob, at);
                let commit = first.get(&key.value).and_then(|commit| self.commit(*commit));
                exposure.introduced = commit.map(|commit| Commit {
                    in_head: lies.is_some(),
                    lies_at: lies.filter(|place| !is_same(place, at)),
                    ..commit
                });
            }
            let allowed = u64::from(exposure.allowed_by.is_some());
            self.versions.ledger.allowed.add(allowed);
            self.versions.walk.sink.send_blocking(Record::Exposure(Box::new(exposure)))?;
        }
        Ok(())
    }

    /// What a commit says of itself.
    fn commit(&self, number: u32) -> Option<Commit> {
        let id = self.versions.commits.get(number as usize)?.id;
        let mut buffer = Vec::new();
        self.objects.read_kind(&id, Kind::Commit, &mut buffer)?;
        let (author, email, seconds) = author(&buffer, id);
        let date = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        Some(Commit { id: id.to_string(), author, email, date, in_head: false, in_message: false, lies_at: None })
    }
}

/// What lies in HEAD, looked up when it is asked for.
struct Head<'a> {
    introducer: &'a Introducer<'a>,
    tree: Option<ObjectId>,
    /// The files of HEAD with the places of values in them, by path.
    files: HashMap<u32, (Option<ObjectId>, Option<Places>)>,
}

impl Head<'_> {
    /// Where a value lies in a file of HEAD, the one of several that it is; `None` where it lies there no more, or less often.
    /// `blob` is a version where it lies `at` a place.
    fn place(&mut self, key: &Key, blob: ObjectId, at: &Location) -> Option<Location> {
        let introducer = self.introducer;
        let look_up = || {
            let path = introducer.versions.paths.get(key.path as usize)?;
            introducer.objects.file(self.tree?, path.as_ref())
        };
        let (file, places) = self.files.entry(key.path).or_insert_with(|| (look_up(), None));
        let file = file.as_ref()?;
        if *file == blob {
            return Some(at.clone());
        }
        let places = places.get_or_insert_with(|| introducer.places(key.path, file));
        let of_value = places.get(&(key.inner.clone(), key.value.clone()))?;
        of_value.get(usize::try_from(key.number).ok()?.checked_sub(1)?).cloned()
    }
}

/// Whether two places in versions of a file are on the same lines and columns.
fn is_same(one: &Location, other: &Location) -> bool {
    let span = |place: &Location| match place {
        Location::File { line, column, end_line, end_column, .. } => Some((*line, *column, *end_line, *end_column)),
        _ => None,
    };
    span(one) == span(other)
}

impl Introducer<'_> {
    /// Where all values lie in a file.
    fn places(&self, path: u32, file: &ObjectId) -> Places {
        let is_small = self.objects.size(file).is_some_and(|size| size <= self.versions.walk.options.max_file_size);
        let mut buffer = Vec::new();
        if is_small && self.objects.read_kind(file, Kind::Blob, &mut buffer).is_some() {
            self.versions.places(&self.versions.shown(path), &buffer)
        } else {
            Places::new()
        }
    }
}
