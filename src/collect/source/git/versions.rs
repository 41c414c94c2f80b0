//! Scans what versions of files add, with several threads. Knows which commits they came with, and judges nothing.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;
use gix::bstr::BString;

use super::added::added_to_all;
use super::changes::Version;
use super::commits::Commit;
use super::finds::{Finds, Hits, Values};
use super::ledger::Ledger;
use super::repository::{Objects, Repository, file_path};
use crate::collect::CollectError;
use crate::collect::source::file::FileScanner;
use crate::collect::source::kind::{self, Kind};
use crate::collect::source::name::text_of;
use crate::collect::source::tally::ARCHIVES;
use crate::collect::source::text;
use crate::collect::source::walk::{Walk, threads};
use crate::secrets::inline_allow_places;

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
/// How many archives are opened before it is asked again whether more may be.
const AT_ONCE: usize = 16;
/// How many secrets are told: each needs memory, and nobody reads more.
const MOST_FINDS: usize = 200_000;

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
    /// The tree of the commit that is checked out, or of the last one of a bare repository.
    pub(super) head: Option<ObjectId>,
    /// The tree of the last of the commits.
    pub(super) last: Option<ObjectId>,
}

/// A version that is a text.
struct Text<'a> {
    blob: ObjectId,
    text: &'a [u8],
    /// What it came after.
    olds: &'a [Cow<'a, [u8]>],
    /// What of it is new.
    ranges: &'a [std::ops::Range<usize>],
}

/// What threads share.
#[derive(Default)]
struct Shared<'a> {
    next: AtomicUsize,
    finds: Mutex<Finds>,
    large: Mutex<()>,
    archives: Mutex<Vec<&'a Job>>,
    /// What is packed otherwise, by kind and path.
    packed: Mutex<BTreeSet<(&'static str, String)>>,
}

impl Versions<'_> {
    /// Scans all versions; of what is found several times in a file, gives the first.
    pub(super) fn scan(&self, versions: Vec<Version>) -> Result<Finds, CollectError> {
        let jobs = jobs(versions);
        let portions = portions(&jobs);
        let count = threads(self.walk.options.threads).min(portions.len()).max(1);
        let shared = Shared::default();
        self.in_threads(count, &shared, |worker| worker.run(&portions))?;
        for (what, path) in shared.packed.lock().map(|mut packed| std::mem::take(&mut *packed)).unwrap_or_default() {
            self.ledger.archives.packed(what, path);
        }
        self.archives(count, &shared)?;
        if self.walk.sink.is_closed() {
            return Err(CollectError::Stopped);
        }
        Ok(shared.finds.lock().map(|mut finds| std::mem::take(&mut *finds)).unwrap_or_default())
    }

    /// Opens what the threads came by, some at a time.
    fn archives<'a>(&'a self, count: usize, shared: &'a Shared<'a>) -> Result<(), CollectError> {
        let mut archives = shared.archives.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default();
        archives.sort_unstable_by_key(|job| (job.places.first().copied(), job.blob));
        let mut rest = archives.as_slice();
        while let Some(first) = rest.first() {
            if !self.may_unpack() {
                let path = first.places.first().map(|place| self.shown(place.0)).unwrap_or_default();
                self.unpacks_too_much(&path, rest.len());
                break;
            }
            let (some, others) = rest.split_at(rest.len().min(AT_ONCE));
            let next = AtomicUsize::new(0);
            self.in_threads(count.min(some.len()), shared, |worker| {
                while let Some(job) = some.get(next.fetch_add(1, Ordering::Relaxed)) {
                    worker.archive(job);
                }
            })?;
            rest = others;
        }
        Ok(())
    }

    fn in_threads<'a>(
        &'a self,
        count: usize,
        shared: &'a Shared<'a>,
        work: impl Fn(&mut Worker<'a>) + Sync,
    ) -> Result<(), CollectError> {
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..count).map(|_| scope.spawn(|| work(&mut Worker::new(self, shared, UNPACKED / count)))).collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .map_err(|_| CollectError::failed("versions", "the scanner crashed; this is a bug in nonhuman"))
            })
        })
    }

    /// The path as the reader of the report knows it.
    pub(super) fn shown(&self, path: u32) -> String {
        let path = self.paths.get(path as usize).map(|path| path.as_ref());
        path.and_then(|path| self.repository.below_root(path)).map(|path| text_of(&file_path(path))).unwrap_or_default()
    }

    /// A scanner for a file, in a commit if it lies in one.
    pub(super) fn scanner<'b>(&'b self, shown: &'b str, commit: Option<&'b str>) -> FileScanner<'b> {
        FileScanner { commit, ..self.walk.scanner(shown) }
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
    shared: &'a Shared<'a>,
    objects: Objects<'a>,
    kept: VecDeque<(ObjectId, Rc<Vec<u8>>)>,
}

impl<'a> Worker<'a> {
    fn new(versions: &'a Versions<'a>, shared: &'a Shared<'a>, cache: usize) -> Self {
        let objects = Objects::new(&versions.repository.local(cache), versions.ledger);
        Self { versions, shared, objects, kept: VecDeque::new() }
    }

    fn run(&mut self, portions: &[&'a [Job]]) {
        while let Some(portion) = portions.get(self.shared.next.fetch_add(1, Ordering::Relaxed)) {
            for job in *portion {
                if self.versions.walk.sink.is_closed() {
                    return;
                }
                self.job(job);
            }
        }
    }

    fn job(&mut self, job: &'a Job) {
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
        (self.versions.walk.context.progress)(&shown);
        let Some(text) = text::whole(&new) else {
            self.packed(job, &shown, &new);
            return;
        };
        let olds: Vec<Rc<Vec<u8>>> = job.olds.iter().filter_map(|old| self.older(old)).collect();
        let olds: Vec<_> = olds.iter().filter_map(|old| text::whole(old)).collect();
        let ranges = added_to_all(olds.iter().map(|old| old.as_ref()), &text);
        let ledger = self.versions.ledger;
        ledger.versions.add(1);
        ledger.bytes.add(ranges.iter().map(|range| range.len() as u64).sum());
        let version = Text { blob: job.blob, text: &text, olds: &olds, ranges: &ranges };
        self.note_allows(job, &version);
        self.each_place(job, |worker, path, commit| worker.place(path, commit, &version));
    }

    /// Looks at a version at each of its places. Where the first shows nothing, the others do not either, but by rules that
    /// ask for the path.
    fn each_place(&self, job: &Job, look: impl Fn(&Self, u32, u32) -> bool) {
        for (path, commit) in &job.places {
            if !look(self, *path, *commit) && !self.versions.walk.detectors.has_imported() {
                break;
            }
        }
    }

    /// Notes the allow comments that a version brings and that allow nothing, where it is the last version: nobody mends an
    /// old one.
    fn note_allows(&self, job: &Job, version: &Text<'_>) {
        let versions = self.versions;
        if versions.walk.options.no_inline_allow || inline_allow_places(version.text).next().is_none() {
            return;
        }
        for (path, _) in &job.places {
            let name = versions.paths.get(*path as usize);
            let is_last = || self.objects.file(versions.last?, name?.as_ref()).map(|file| file == version.blob);
            // What is staged has no commit yet, and is what comes next.
            if versions.commits.is_empty() || is_last() == Some(true) {
                versions.scanner(&versions.shown(*path), None).note_allows(version.text, version.ranges);
            }
        }
    }

    /// Scans a version as the file of one path. Returns whether something was found.
    fn place(&self, path: u32, commit: u32, version: &Text<'_>) -> bool {
        let versions = self.versions;
        let shown = versions.shown(path);
        let id = versions.commits.get(commit as usize).map(|commit| commit.id.to_string());
        let mut hits = Hits::default();
        let file = versions.walk.root.path.join(&shown);
        let scanner = versions.scanner(&shown, id.as_deref());
        scanner.scan_added(version.text, version.ranges, &file, |exposure| hits.add(exposure, &shown));
        if hits.is_empty() {
            return false;
        }
        if !version.olds.is_empty() {
            let olds: Vec<Values> = version.olds.iter().map(|old| versions.values(&shown, old)).collect();
            hits.compare(&olds, &versions.values(&shown, version.text));
        }
        self.keep(hits, path, commit, version.blob)
    }

    /// A version that is no text. Archives are opened one after another when all else is done, so that it is always the
    /// same ones of which too much would be unpacked.
    fn packed(&self, job: &'a Job, shown: &str, bytes: &[u8]) {
        let what = match kind::of(bytes.get(..kind::HEAD).unwrap_or(bytes)) {
            Kind::Packed(what) => what,
            _ if !self.versions.walk.options.archives => ARCHIVES,
            _ => {
                if let Ok(mut archives) = self.shared.archives.lock() {
                    archives.push(job);
                }
                return;
            }
        };
        if let Ok(mut packed) = self.shared.packed.lock() {
            packed.insert((what, shown.to_owned()));
        }
    }

    fn archive(&mut self, job: &Job) {
        let large = &self.shared.large;
        let Some(size) = self.objects.size(&job.blob) else { return };
        let _alone = (size > LARGE).then(|| large.lock());
        let Some(bytes) = self.blob(&job.blob) else { return };
        self.each_place(job, |worker, path, commit| worker.unpacked(job.blob, path, commit, &bytes));
    }

    /// Scans what lies in an archive. Returns whether something was found.
    fn unpacked(&self, blob: ObjectId, path: u32, commit: u32, bytes: &[u8]) -> bool {
        let shown = self.versions.shown(path);
        let id = self.versions.commits.get(commit as usize).map(|commit| commit.id.to_string());
        let mut hits = Hits::default();
        let tally = &self.versions.ledger.archives;
        self.versions.unpack(&shown, id.as_deref(), bytes, tally, |exposure| hits.add(exposure, &shown));
        self.keep(hits, path, commit, blob)
    }

    /// Keeps what was found in a version. Returns whether that is something.
    fn keep(&self, hits: Hits, path: u32, commit: u32, blob: ObjectId) -> bool {
        let is_something = !hits.is_empty();
        if let Ok(mut finds) = self.shared.finds.lock() {
            if is_something && finds.len() >= MOST_FINDS {
                let why = format!("more than {MOST_FINDS}; the rest of them is not told");
                self.versions.ledger.hole("secrets", why, "scan a part of the history with --range A..B");
                return false;
            }
            hits.into_finds(&mut finds, path, commit, blob);
        }
        is_something
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
