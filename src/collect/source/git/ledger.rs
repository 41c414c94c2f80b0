//! Counts what was met in one repository and says it as coverage. Reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use gix::ObjectId;

use super::super::NAME;
use super::super::tally::{Count, Tally};
use super::HISTORY;
use crate::collect::{CollectError, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};

/// How many names are told of what was left out.
const NAMES: usize = 3;

/// What symbolic links are called.
const LINKS: &str = "symbolic links";

/// What repositories within a repository are called, and what to do about theirs.
const SUBMODULES: &str = "submodules";
const EACH_SUBMODULE: &str = "nonhuman secrets --history PATH for each of them";

/// Names of what was left out, each once.
#[derive(Default)]
pub(super) struct Names(Mutex<BTreeSet<String>>);

impl Names {
    pub(super) fn add(&self, name: &str) {
        if let Ok(mut names) = self.0.lock()
            && !names.contains(name)
        {
            names.insert(name.to_owned());
        }
    }

    /// Takes away the names of what is read after all.
    pub(super) fn forget(&self, is_read: impl Fn(&str) -> bool) {
        if let Ok(mut names) = self.0.lock() {
            names.retain(|name| !is_read(name));
        }
    }

    /// How many there are, and the first few in words.
    fn told(&self) -> (u64, String) {
        let Ok(names) = self.0.lock() else { return (0, String::new()) };
        let told: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
        let more = names.len() - told.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (names.len() as u64, format!("{}{more}", told.join(", ")))
    }
}

/// What was met on the way, counted by all threads.
#[derive(Default)]
pub(super) struct Ledger {
    /// Commits that were gone through.
    pub(super) commits: Count,
    /// Annotated tags whose messages were searched.
    pub(super) tags: Count,
    /// Versions of files that were scanned, and how many bytes of them were new.
    pub(super) versions: Count,
    pub(super) bytes: Count,
    pub(super) allowed: Count,
    /// What lies in archives, and what is packed otherwise.
    pub(super) archives: Tally,
    pub(super) too_large: Names,
    pub(super) links: Names,
    pub(super) submodules: Names,
    /// Files that lie in another root, too, and are read there.
    pub(super) elsewhere: Names,
    /// Files of the index that lie outside of the scanned folder.
    pub(super) outside: Names,
    /// Files that are to be added, and whose content is not staged yet.
    pub(super) intended: Names,
    /// Refs that lead to no commit.
    pub(super) other_refs: Names,
    missing: Mutex<BTreeSet<ObjectId>>,
    corrupt: Mutex<BTreeMap<ObjectId, String>>,
    holes: Mutex<BTreeSet<(String, String, String)>>,
}

impl Ledger {
    /// Notes an object that is not there.
    pub(super) fn missing(&self, id: ObjectId) {
        if let Ok(mut missing) = self.missing.lock() {
            missing.insert(id);
        }
    }

    /// Notes an object that cannot be read, and why.
    pub(super) fn corrupt(&self, id: ObjectId, why: &str) {
        if let Ok(mut corrupt) = self.corrupt.lock() {
            corrupt.entry(id).or_insert_with(|| why.to_owned());
        }
    }

    /// Notes something else that could not be read to its end.
    pub(super) fn hole(&self, what: &str, why: impl ToString, remedy: &str) {
        if let Ok(mut holes) = self.holes.lock() {
            holes.insert((what.to_owned(), why.to_string(), remedy.to_owned()));
        }
    }

    /// Sends the coverage; `what` was looked at, and `detail` tells how much of it.
    pub(super) fn send(&self, target: &str, what: &str, detail: String, sink: &Sink) -> Result<(), CollectError> {
        let mut entry = CoverageEntry::complete(NAME, target, what, self.versions.get());
        entry.detail = Some(detail);
        // That nothing is staged, or nothing was committed since, is not that nothing was looked at.
        let opened = CoverageEntry::complete(NAME, target, "repository", 1);
        let not_read = self.not_read(target, what);
        let archives = self.archives.of_archives(target);
        let entries = [opened, entry].into_iter().chain(self.holes(target)).chain(not_read).chain(archives);
        entries.map(Record::Coverage).try_for_each(|entry| sink.send_blocking(entry))
    }

    fn holes(&self, target: &str) -> Vec<CoverageEntry> {
        let hole = |what: &str, outcome, count: u64, why: String, remedy: &str| {
            let entry = CoverageEntry::hole(NAME, target, what, outcome, why).count(count);
            entry.remedy(remedy).blinds(&[FactKind::Exposures])
        };
        let mut entries = Vec::new();
        if let Ok(missing) = self.missing.lock()
            && let Some(first) = missing.first()
        {
            let why = format!("{} objects are not in the repository, such as {first}", missing.len());
            let remedy = "fetch what a partial clone left out: git fetch --refetch --no-filter";
            entries.push(hole("missing objects", Outcome::Partial, missing.len() as u64, why, remedy));
        }
        if let Ok(corrupt) = self.corrupt.lock()
            && let Some((first, why)) = corrupt.first_key_value()
        {
            let why = format!("{} objects cannot be read, such as {first}: {why}", corrupt.len());
            let remedy = "see what git fsck says, and clone the repository anew";
            entries.push(hole("corrupt objects", Outcome::Failed, corrupt.len() as u64, why, remedy));
        }
        let (count, names) = self.too_large.told();
        if count > 0 {
            let why = format!("larger than --max-file-size: {names}");
            entries.push(hole("large versions", Outcome::Partial, count, why, "raise --max-file-size"));
        }
        if let Ok(holes) = self.holes.lock() {
            entries
                .extend(holes.iter().map(|(what, why, remedy)| hole(what, Outcome::Partial, 0, why.clone(), remedy)));
        }
        entries
    }

    /// What was left out on purpose, and why.
    fn not_read(&self, target: &str, looked_at: &str) -> Vec<CoverageEntry> {
        let kinds = [
            (LINKS, &self.links, "they are not followed"),
            ("files of another root", &self.elsewhere, "they are read once, there"),
            (
                "files outside of this folder",
                &self.outside,
                "start at the top of the repository to judge all of the index",
            ),
            (SUBMODULES, &self.submodules, "their own histories are not read; scan each by its path"),
            ("files to be added", &self.intended, "only their names are staged"),
            ("refs", &self.other_refs, "they lead to no commit"),
        ];
        let mut entries = Vec::new();
        for (what, names, why) in kinds {
            let (mut count, mut told) = names.told();
            let in_archives = if what == LINKS { self.archives.links.take() } else { 0 };
            if in_archives > 0 {
                let and = if count > 0 { " and " } else { "" };
                told = format!("{told}{and}{in_archives} in archives");
                count += in_archives;
            }
            if count > 0 {
                let detail = format!("{why}: {told}");
                let entry = CoverageEntry::hole(NAME, target, what, Outcome::NotRead, detail).count(count);
                // Whoever asks for all of a history asks for theirs, too: without them it is not known to be clean. What
                // is staged or was committed since is no more than another number.
                let is_asked_for = what == SUBMODULES && looked_at == HISTORY;
                entries.push(match is_asked_for {
                    true => entry.remedy(EACH_SUBMODULE).blinds(&[FactKind::Exposures]),
                    false => entry,
                });
            }
        }
        if self.allowed.get() > 0 {
            let why = "marked in place as allowed; --no-inline-allow judges them";
            let entry = CoverageEntry::hole(NAME, target, "allowed lines", Outcome::NotRead, why);
            entries.push(entry.count(self.allowed.get()));
        }
        entries
    }
}
