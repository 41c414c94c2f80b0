//! Scans what versions of files add, with several threads. Knows which commits they came with, and judges nothing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;
use gix::bstr::BString;

use super::added::added_to_all;
use super::changes::Version;
use super::commits::Commit;
use super::ledger::Ledger;
use super::repository::{Objects, Repository, file_path};
use crate::collect::CollectError;
use crate::collect::source::file::{Extent, FileScanner};
use crate::collect::source::name::text_of;
use crate::collect::source::text;
use crate::collect::source::walk::{Walk, threads};
use crate::model::{Exposure, Fingerprint};

/// How much of what packs hold is kept unpacked for what is told by it, by all threads together, in bytes.
const UNPACKED: usize = 48 * 1024 * 1024;
/// How many versions a thread keeps, since the older of a pair is the newer of the next one.
const KEPT: usize = 6;
/// How much they may take, in bytes.
const KEPT_BYTES: usize = 12 * 1024 * 1024;
/// Of larger versions only one at a time is in memory, in bytes.
const LARGE: u64 = 16 * 1024 * 1024;
/// How many versions a thread takes at once, at most.
const PORTION: usize = 256;

/// What was found first in a file: a value, as one detector knows it.
pub(super) struct Found {
    pub(super) exposure: Exposure,
    pub(super) blob: ObjectId,
    /// The commit that brought it first, by its place in the list of commits.
    pub(super) commit: u32,
}

/// What is found, by path, detector and value.
pub(super) type Finds = BTreeMap<(u32, String, Fingerprint), Found>;

/// A pair of a version and what it came after, with all places where there is just this pair.
struct Job {
    blob: ObjectId,
    olds: Vec<ObjectId>,
    /// Paths and commits.
    places: Vec<(u32, u32)>,
}

/// What is needed to scan versions.
pub(super) struct Versions<'a> {
    pub(super) walk: &'a Walk,
    pub(super) repository: &'a Repository,
    pub(super) ledger: &'a Ledger,
    pub(super) paths: &'a [BString],
    /// Oldest first; empty when what is scanned belongs to none yet.
    pub(super) commits: &'a [Commit],
}

/// What threads share.
struct Shared {
    next: AtomicUsize,
    finds: Mutex<Finds>,
    large: Mutex<()>,
}

impl Versions<'_> {
    /// Scans all versions; of what is found several times in a file, gives the first.
    pub(super) fn scan(&self, versions: Vec<Version>) -> Result<Finds, CollectError> {
        let jobs = jobs(versions);
        let portions = portions(&jobs);
        let count = threads(self.walk.options.threads).min(portions.len()).max(1);
        let shared = Shared { next: AtomicUsize::new(0), finds: Mutex::default(), large: Mutex::new(()) };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..count)
                .map(|_| scope.spawn(|| Worker::new(self, &shared, UNPACKED / count).run(&portions)))
                .collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .map_err(|_| CollectError::failed("versions", "the scanner crashed; this is a bug in nonhuman"))
            })
        })?;
        if self.walk.sink.is_closed() {
            return Err(CollectError::Stopped);
        }
        Ok(shared.finds.into_inner().unwrap_or_default())
    }

    /// The path as the reader of the report knows it.
    pub(super) fn shown(&self, path: u32) -> String {
        let path = self.paths.get(path as usize).map(|path| path.as_ref());
        path.and_then(|path| self.repository.below_root(path)).map(|path| text_of(&file_path(path))).unwrap_or_default()
    }

    /// A scanner for a file, in a commit if it lies in one.
    pub(super) fn scanner<'b>(&'b self, shown: &'b str, commit: Option<&'b str>) -> FileScanner<'b> {
        FileScanner {
            root: &self.walk.root,
            relative: shown,
            options: &self.walk.options,
            detectors: &self.walk.detectors,
            context: &self.walk.context,
            extent: Extent::default(),
            commit,
            agents: None,
            target: &self.walk.target,
        }
    }
}

/// Brings versions together that are the same pair, in an order in which each can be unpacked by the one before: file by
/// file, the newest first.
fn jobs(mut versions: Vec<Version>) -> Vec<Job> {
    versions.sort_unstable_by(|a, b| (a.path, b.commit, a.blob).cmp(&(b.path, a.commit, b.blob)));
    let mut known: HashMap<(ObjectId, Vec<ObjectId>), usize> = HashMap::with_capacity(versions.len());
    let mut jobs: Vec<Job> = Vec::new();
    for Version { path, blob, olds, commit } in versions {
        let place = *known.entry((blob, olds)).or_insert_with_key(|(blob, olds)| {
            jobs.push(Job { blob: *blob, olds: olds.clone(), places: Vec::new() });
            jobs.len() - 1
        });
        if let Some(job) = jobs.get_mut(place) {
            job.places.push((path, commit));
        }
    }
    jobs
}

/// Cuts the work where a new file begins, or after a while.
fn portions(jobs: &[Job]) -> Vec<&[Job]> {
    let path = |job: &Job| job.places.first().map(|place| place.0);
    jobs.chunk_by(|a, b| path(a) == path(b)).flat_map(|file| file.chunks(PORTION)).collect()
}

/// One thread.
struct Worker<'a> {
    versions: &'a Versions<'a>,
    shared: &'a Shared,
    objects: Objects<'a>,
    kept: VecDeque<(ObjectId, Rc<Vec<u8>>)>,
}

impl<'a> Worker<'a> {
    fn new(versions: &'a Versions<'a>, shared: &'a Shared, cache: usize) -> Self {
        let objects = Objects::new(&versions.repository.local(cache), versions.ledger);
        Self { versions, shared, objects, kept: VecDeque::new() }
    }

    fn run(&mut self, portions: &[&[Job]]) {
        while let Some(portion) = portions.get(self.shared.next.fetch_add(1, Ordering::Relaxed)) {
            for job in *portion {
                if self.versions.walk.sink.is_closed() {
                    return;
                }
                self.job(job);
            }
        }
    }

    fn job(&mut self, job: &Job) {
        let Some((first, _)) = job.places.first() else { return };
        let shown = self.versions.shown(*first);
        let Some(size) = self.objects.size(&job.blob) else { return };
        if size > self.versions.walk.options.max_file_size {
            self.versions.ledger.too_large.add(&shown);
            return;
        }
        let shared = self.shared;
        let _alone = (size > LARGE).then(|| shared.large.lock());
        let Some(new) = self.blob(&job.blob) else { return };
        let Some(new) = text::whole(&new) else {
            self.versions.ledger.packed.add(&shown);
            return;
        };
        let olds: Vec<Rc<Vec<u8>>> = job.olds.iter().filter_map(|old| self.older(old)).collect();
        let olds: Vec<_> = olds.iter().filter_map(|old| text::whole(old)).collect();
        let ranges = added_to_all(olds.iter().map(|old| old.as_ref()), &new);
        let ledger = self.versions.ledger;
        ledger.versions.add(1);
        ledger.bytes.add(ranges.iter().map(|range| range.len() as u64).sum());
        (self.versions.walk.context.progress)(&shown);
        for (path, commit) in &job.places {
            // Where the first place shows nothing, the others do not either, but by rules that ask for the path.
            if !self.place(job.blob, (*path, *commit), &new, &ranges) && !self.versions.walk.detectors.has_imported() {
                break;
            }
        }
    }

    /// Scans a version as the file of one path. Returns whether something was found.
    fn place(&self, blob: ObjectId, (path, commit): (u32, u32), new: &[u8], ranges: &[std::ops::Range<usize>]) -> bool {
        let versions = self.versions;
        let shown = versions.shown(path);
        let id = versions.commits.get(commit as usize).map(|commit| commit.id.to_string());
        let scanner = versions.scanner(&shown, id.as_deref());
        let mut found = Vec::new();
        scanner.scan_added(new, ranges, &versions.walk.root.path.join(&shown), |exposure| {
            found.push(exposure);
            true
        });
        if found.is_empty() {
            return false;
        }
        if let Ok(mut finds) = self.shared.finds.lock() {
            for exposure in found {
                let key = (path, exposure.detector.clone(), exposure.fingerprint.clone());
                // One that is allowed says nothing of the others.
                let rank = |exposure: &Exposure, commit| {
                    (exposure.allowed_by.is_some(), commit, exposure.evidence.location.clone())
                };
                let is_first =
                    finds.get(&key).is_none_or(|known| rank(&exposure, commit) < rank(&known.exposure, known.commit));
                if is_first {
                    finds.insert(key, Found { exposure, blob, commit });
                }
            }
        }
        true
    }

    /// What a version is compared with, unless it is too large to be.
    fn older(&mut self, id: &ObjectId) -> Option<Rc<Vec<u8>>> {
        if !self.kept.iter().any(|(known, _)| known == id) {
            let size = self.objects.size(id)?;
            if size > self.versions.walk.options.max_file_size {
                return None;
            }
        }
        self.blob(id)
    }

    fn blob(&mut self, id: &ObjectId) -> Option<Rc<Vec<u8>>> {
        if let Some((_, known)) = self.kept.iter().find(|(known, _)| known == id) {
            return Some(Rc::clone(known));
        }
        // The room of the oldest is used again where nobody else holds it.
        let mut buffer = if self.kept.len() >= KEPT { self.kept.pop_back().map(|(_, old)| old) } else { None };
        let mut buffer = buffer.take().and_then(Rc::into_inner).unwrap_or_default();
        self.objects.read_kind(id, gix::objs::Kind::Blob, &mut buffer)?;
        let read = Rc::new(buffer);
        self.kept.push_front((*id, Rc::clone(&read)));
        while self.kept.iter().map(|(_, one)| one.capacity()).sum::<usize>() > KEPT_BYTES && self.kept.len() > 1 {
            self.kept.pop_back();
        }
        Some(read)
    }
}
