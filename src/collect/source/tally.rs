//! Counts what was met in one tree and says it as coverage. Reads nothing.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::NAME;
use crate::collect::{CollectError, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::{IGNORED, LISTED};

/// How many names of packed files are told.
const NAMES: usize = 3;

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
    /// Files that a `.gitignore` hides.
    pub(super) ignored: Count,
    /// How many `.gitignore` files count.
    pub(super) ignore_files: Count,
    packed: Count,
    packed_names: Mutex<BTreeSet<String>>,
    holes: Mutex<Vec<(String, Outcome, String)>>,
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
        let place = if place.is_empty() { ROOT } else { place };
        if let Ok(mut holes) = self.holes.lock() {
            holes.push((place.to_owned(), outcome, detail.to_string()));
        }
    }

    /// Notes a packed file; of the names the first few are kept.
    pub(super) fn packed(&self, name: String) {
        self.packed.add(1);
        if let Ok(mut names) = self.packed_names.lock() {
            names.insert(name);
            if names.len() > NAMES {
                names.pop_last();
            }
        }
    }

    /// Sends the coverage of a tree.
    pub(super) fn send(&self, target: &str, sink: &Sink) -> Result<(), CollectError> {
        let mut holes = self.holes.lock().map(|mut holes| std::mem::take(&mut *holes)).unwrap_or_default();
        holes.sort();
        if self.files.get() == 0 && self.elsewhere.get() == 0 && holes.is_empty() {
            let detail = "there is no text file to scan";
            let entry = CoverageEntry::hole(NAME, target, ROOT, Outcome::Failed, detail)
                .blinds(&[FactKind::Exposures])
                .remedy("check the path; --no-ignore also reads what .gitignore names");
            sink.send_blocking(Record::Coverage(entry))?;
        } else if !holes.iter().any(|(place, ..)| place == ROOT) || self.files.get() > 0 {
            let mut entry = CoverageEntry::complete(NAME, target, ROOT, self.files.get());
            entry.detail = Some(format!("{} bytes", self.bytes.get()));
            sink.send_blocking(Record::Coverage(entry))?;
        }
        for (place, outcome, detail) in holes {
            let remedy = match outcome {
                Outcome::Partial => "raise --max-file-size",
                _ => "make it readable for the scanning user, or scan without it",
            };
            let entry = CoverageEntry::hole(NAME, target, &place, outcome, detail);
            sink.send_blocking(Record::Coverage(entry.blinds(&[FactKind::Exposures]).remedy(remedy)))?;
        }
        self.not_read().into_iter().filter(|(_, count, _)| count.get() > 0).try_for_each(|(what, count, why)| {
            let entry = CoverageEntry::hole(NAME, target, what, Outcome::NotRead, why).count(count.get());
            sink.send_blocking(Record::Coverage(entry))
        })
    }

    /// What was left out on purpose, and why.
    fn not_read(&self) -> [(&'static str, &Count, String); 8] {
        let names = self.packed_names.lock().map(|names| Vec::from_iter(names.iter().cloned())).unwrap_or_default();
        let more = self.packed.get().saturating_sub(names.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let packed = format!("their text is packed: {}{more}", names.join(", "));
        let ignored = "git may track them all the same; --no-ignore reads them";
        let allowed = "marked in place as allowed; --no-inline-allow judges them";
        let placed = "it hides places, whatever lies there next; a baseline (--write-baseline) accepts values";
        [
            ("packed files", &self.packed, packed),
            ("files named by .gitignore", &self.ignored, ignored.to_owned()),
            ("files of another root", &self.elsewhere, "they are read once, there".to_owned()),
            ("symbolic links", &self.links, "they are not followed".to_owned()),
            ("sockets, pipes and devices", &self.special, "they are not opened".to_owned()),
            ("allowed lines", &self.allowed, allowed.to_owned()),
            ("findings on allowlists", &self.listed, "the files of --rules-from allow them".to_owned()),
            ("findings hidden by .gitleaksignore", &self.placed, placed.to_owned()),
        ]
    }
}
