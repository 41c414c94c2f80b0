//! Counts what was met in one tree and says it as coverage. Reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::NAME;
use crate::collect::{CollectError, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::{IGNORED, LISTED};

/// How many names of packed files are told.
const NAMES: usize = 3;

/// What archives are called, opened or not.
pub(super) const ARCHIVES: &str = "archives";

/// What a hole in all of a target is called.
const ROOT: &str = "files";

/// A number that several threads count up.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The number, which is nought afterwards.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// What was met on the way, counted by all threads.
#[derive(Default)]
pub(super) struct Tally {
    /// Every regular file that the walk came by, read or not.
    pub(super) met: Count,
    /// Files that were scanned, and their bytes.
    pub(super) files: Count,
    pub(super) bytes: Count,
    pub(super) links: Count,
    pub(super) special: Count,
    allowed: Count,
    /// Findings that imported files hide, by what: their allowlists and their places.
    listed: Count,
    placed: Count,
    /// Files that lie in another root, too, and are read there.
    pub(super) elsewhere: Count,
    /// Files that this run itself writes.
    pub(super) written: Count,
    /// Files that a `.gitignore` hides.
    pub(super) ignored: Count,
    /// Folders in which git keeps a repository.
    pub(super) git_folders: Count,
    /// How many `.gitignore` files count.
    pub(super) ignore_files: Count,
    /// Whether it is known which files git tracks.
    pub(super) has_index: AtomicBool,
    /// Archives that were opened, and the files in them that were scanned.
    pub(super) archives: Count,
    pub(super) members: Count,
    /// How many bytes archives held.
    pub(super) unpacked: Count,
    packed: Mutex<BTreeMap<&'static str, Packed>>,
    holes: Mutex<Vec<Hole>>,
}

/// What could not be read: its name, how far it was, why, and what helps.
type Hole = (String, Outcome, String, &'static str);

/// Files of one kind that are not read: how many, and the first few names.
#[derive(Default)]
struct Packed {
    count: u64,
    names: BTreeSet<String>,
}

impl Tally {
    /// Counts a finding by what allows it, if something does.
    pub(super) fn allow(&self, by: Option<&str>) {
        let Some(by) = by else { return };
        let count = if by.starts_with(IGNORED) {
            &self.placed
        } else if by.starts_with(LISTED) {
            &self.listed
        } else {
            &self.allowed
        };
        count.add(1);
    }

    /// Notes something that could not be read. The root itself has no name below the root.
    pub(super) fn hole(&self, place: &str, outcome: Outcome, detail: impl ToString) {
        let remedy = match outcome {
            Outcome::Partial => "raise --max-file-size",
            _ => "make it readable for the scanning user, or scan without it",
        };
        self.hole_with(place, outcome, detail, remedy);
    }

    /// As [`Self::hole`], where something else helps.
    pub(super) fn hole_with(&self, place: &str, outcome: Outcome, detail: impl ToString, remedy: &'static str) {
        let place = if place.is_empty() { ROOT } else { place };
        if let Ok(mut holes) = self.holes.lock() {
            holes.push((place.to_owned(), outcome, detail.to_string(), remedy));
        }
    }

    /// Notes a packed file of a kind; of the names the first few are kept.
    pub(super) fn packed(&self, kind: &'static str, name: String) {
        if let Ok(mut packed) = self.packed.lock() {
            let packed = packed.entry(kind).or_default();
            packed.count += 1;
            packed.names.insert(name);
            if packed.names.len() > NAMES {
                packed.names.pop_last();
            }
        }
    }

    /// Sends the coverage of a tree.
    pub(super) fn send(&self, target: &str, sink: &Sink) -> Result<(), CollectError> {
        let holes = self.taken_holes();
        let files = self.files.get() + self.members.get();
        if files == 0 && self.elsewhere.get() == 0 && holes.is_empty() {
            let detail = "there is no text file to scan";
            let entry = CoverageEntry::hole(NAME, target, ROOT, Outcome::Failed, detail)
                .blinds(&[FactKind::Exposures])
                .remedy("check the path; --no-ignore also reads what .gitignore names");
            sink.send_blocking(Record::Coverage(entry))?;
        } else if !holes.iter().any(|(place, ..)| place == ROOT) || files > 0 {
            let mut entry = CoverageEntry::complete(NAME, target, ROOT, self.files.get());
            entry.detail = Some(format!("{} bytes", self.bytes.get()));
            sink.send_blocking(Record::Coverage(entry))?;
        }
        self.archives_and(holes, target)
            .into_iter()
            .chain(self.not_read(target))
            .try_for_each(|entry| sink.send_blocking(Record::Coverage(entry)))
    }

    /// The coverage of archives alone, for a tree whose files are told elsewhere.
    pub(super) fn of_archives(&self, target: &str) -> Vec<CoverageEntry> {
        let mut entries = self.archives_and(self.taken_holes(), target);
        entries.extend(self.not_read(target));
        entries
    }

    fn taken_holes(&self) -> Vec<Hole> {
        let mut holes = self.holes.lock().map(|mut holes| std::mem::take(&mut *holes)).unwrap_or_default();
        holes.sort();
        holes
    }

    fn archives_and(&self, holes: Vec<Hole>, target: &str) -> Vec<CoverageEntry> {
        let mut entries = Vec::new();
        if self.archives.get() > 0 {
            let mut entry = CoverageEntry::complete(NAME, target, ARCHIVES, self.archives.get());
            entry.detail = Some(format!("{} files in them", self.members.get()));
            entries.push(entry);
        }
        entries.extend(holes.into_iter().map(|(place, outcome, detail, remedy)| {
            let entry = CoverageEntry::hole(NAME, target, &place, outcome, detail);
            entry.blinds(&[FactKind::Exposures]).remedy(remedy)
        }));
        entries
    }

    fn not_read(&self, target: &str) -> Vec<CoverageEntry> {
        let left_out = self.left_out().into_iter().filter(|(_, count, _)| *count > 0);
        let entry = |(what, count, why)| CoverageEntry::hole(NAME, target, what, Outcome::NotRead, why).count(count);
        left_out.map(entry).collect()
    }

    /// What was left out on purpose, and why.
    fn left_out(&self) -> Vec<(&'static str, u64, String)> {
        let mut left_out = Vec::new();
        for (kind, packed) in self.packed.lock().map(|mut packed| std::mem::take(&mut *packed)).unwrap_or_default() {
            let more = packed.count.saturating_sub(packed.names.len() as u64);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = Vec::from_iter(packed.names).join(", ");
            let why = if kind == ARCHIVES { "--no-archives was given" } else { "their text is packed" };
            left_out.push((kind, packed.count, format!("{why}: {names}{more}")));
        }
        let ignored = match self.has_index.load(Ordering::Relaxed) {
            true => "git does not track them; --no-ignore reads them",
            false => "git may track them all the same; --no-ignore reads them",
        };
        let allowed = "marked in place as allowed; --no-inline-allow judges them";
        let placed = "it hides places, whatever lies there next; a baseline (--write-baseline) accepts values";
        let others = [
            ("files named by .gitignore", &self.ignored, ignored),
            (
                "files of nonhuman itself",
                &self.written,
                "what this run writes is not searched: reports, history, numbers",
            ),
            ("files of another root", &self.elsewhere, "they are read once, there"),
            (
                "repositories of git",
                &self.git_folders,
                "what git keeps in .git is not searched; --history reads the commits",
            ),
            ("symbolic links", &self.links, "they are not followed"),
            ("sockets, pipes and devices", &self.special, "they are not opened"),
            ("allowed lines", &self.allowed, allowed),
            ("findings on allowlists", &self.listed, "the files of --rules-from allow them"),
            ("findings hidden by .gitleaksignore", &self.placed, placed),
        ];
        left_out.extend(others.map(|(what, count, why)| (what, count.get(), why.to_owned())));
        left_out
    }
}
