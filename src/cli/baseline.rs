//! The caller's baseline: reads and writes the file, and says in the coverage what it hides. What it accepts is
//! decided in `rules`.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::{Only, Reporting};
use super::{Failure, output};
use crate::collect::registry::Request;
use crate::collect::source::{NAME, Selection, Watched};
use crate::config::{self, Config};
use crate::inventory::{Coverage, Inventory};
use crate::model::{BaselineState, CoverageEntry, Extent, Finding, Fingerprint, Location, Outcome, Secret, TreeNames};
use crate::rules::{Baseline, Entry, Spot, apply, rewrite, stale};
use crate::term;

/// How many entries of one kind are named.
const NAMED: usize = 10;

/// What was searched of the trees, as far as it tells whether an entry is stale.
#[derive(Default)]
pub(super) struct Searched {
    roots: Vec<PathBuf>,
    selection: Selection,
    watched: Arc<Watched>,
    /// Others read, perhaps on other machines: only the records know what.
    by_others: bool,
}

impl Searched {
    pub(super) fn of(request: &Request) -> Self {
        let roots = request.roots.iter().map(|root| root.canonicalize().unwrap_or_else(|_| root.clone()));
        let source = &request.source;
        Self {
            roots: roots.collect(),
            selection: source.selection.clone(),
            watched: Arc::clone(&source.watched),
            by_others: false,
        }
    }

    /// Which files were read of those that must be known; `None` where others read, who do not tell.
    pub(super) fn watched(&self) -> Option<&Watched> {
        (!self.by_others).then_some(&*self.watched)
    }

    /// What others read, which only the records know.
    pub(super) fn by_others() -> Self {
        Self { by_others: true, ..Self::default() }
    }

    /// The trees that the coverage names, relative to the caller's folder, and what of them was read.
    fn told_by(inventory: &Inventory, here: &Path) -> Self {
        let extents: BTreeSet<Extent> = inventory.scopes.iter().map(|scope| scope.extent).collect();
        let selection = match Vec::from_iter(extents).as_slice() {
            [Extent::WorkTree] => Selection::WorkTree,
            [Extent::History] => Selection::History,
            _ => Selection::Staged,
        };
        let is_read = |one: &&CoverageEntry| one.collector == NAME && one.outcome == Outcome::Complete;
        let entries = inventory.coverage.entries().iter().filter(is_read);
        let roots = entries.map(|one| plain(&here.join(&one.target))).collect();
        Self { roots, selection, watched: Arc::default(), by_others: true }
    }
}

/// The baseline of this run, if there is one.
pub(super) struct Acceptance {
    only: Only,
    file: Option<File>,
}

struct File {
    path: PathBuf,
    baseline: Baseline,
    /// The true path of the caller's folder.
    here: PathBuf,
    /// What the paths in it are relative to: the baseline's folder when the caller stands in it or below, else `here`.
    base: PathBuf,
    /// It lies elsewhere, so that several repositories may share it: a tree is called by its name in it.
    is_apart: bool,
    /// It is written anew.
    write: bool,
}

impl Acceptance {
    /// Reads the file that a flag or the configuration names; never one of a searched tree.
    pub(super) fn new(reporting: &Reporting, config: &Config) -> Result<Self, Failure> {
        let remembers = reporting.remembering.file(config).is_some();
        let Some(path) = reporting.baseline.as_ref().or(config.baseline.as_ref()) else {
            let flag = match (reporting.write_baseline, reporting.only) {
                (true, _) => "--write-baseline",
                (_, Some(Only::New)) if !remembers => "--only new",
                _ => return Ok(Self { only: Only::All, file: None }),
            };
            let or = if flag == "--only new" { "; or a history: --history-file FILE" } else { "" };
            return Err(Failure(format!(
                "{flag} needs a baseline: --baseline FILE, or 'baseline' in nonhuman.toml{or}"
            )));
        };
        let shown = path.display();
        let baseline = match read(path)? {
            Some(baseline) => baseline,
            None if reporting.write_baseline => empty(),
            None => return Err(Failure(format!("{shown}: there is no such baseline; --write-baseline makes it"))),
        };
        let here = Path::new(".").canonicalize()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
        let is_apart = !here.starts_with(&folder);
        let base = if is_apart { here.clone() } else { folder };
        let file = File { path: path.clone(), baseline, here, base, is_apart, write: reporting.write_baseline };
        Ok(Self { only: reporting.only.unwrap_or(Only::New), file: Some(file) })
    }

    /// Whether there is a file of decisions.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Has the collectors note which files of the baseline, and of others that must be known, they read.
    pub(super) fn watch(&self, request: &mut Request, others: impl FnOnce() -> BTreeSet<PathBuf>) {
        if request.source.selection != Selection::WorkTree {
            return;
        }
        let mut files = others();
        if let Some(file) = &self.file {
            let trees = &request.source.trees;
            let root = |name: &str| trees.iter().find(|(_, tree)| tree.name == name).map(|(path, _)| path.as_str());
            files.extend(file.baseline.entries().filter_map(|entry| file.path_of(entry, root)));
        }
        request.source.watched = Arc::new(Watched::new(files));
    }

    /// Marks what is accepted; says in the coverage what is wrong with the file.
    pub(super) fn settle(
        &self,
        findings: &mut [Finding],
        inventory: &mut Inventory,
        now: Timestamp,
        searched: &Searched,
        quiet: bool,
    ) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let today = now.to_zoned(TimeZone::UTC).date();
        let is_whole = !inventory.coverage.holes().any(|hole| hole.collector == NAME);
        let names = TreeNames::of(&inventory.scopes);
        let naming = |location: &Location| file.spots(location, &names);
        let is_foreign = inventory.scopes.iter().any(|scope| scope.key != key().as_str());
        let told = searched.by_others.then(|| Searched::told_by(inventory, &file.here));
        let searched = told.as_ref().unwrap_or(searched);
        let was_searched = |entry: &Entry| !is_foreign && file.was_searched(entry, searched, is_whole, &names);
        let mut baseline = file.baseline.clone();
        if file.write {
            let (new, done) = rewrite(&file.baseline, findings, inventory, &naming, was_searched);
            let text = new.render()?;
            output::to_file(&file.path, |out| out.write_all(text.as_bytes()))?;
            if !quiet {
                let counts = format!("{} added ({} moved), {} kept", done.added, done.moved, done.kept);
                term::remark(&format!("{}: {counts}, {} taken out", file.path.display(), done.dropped));
            }
            baseline = new;
        }
        apply(&baseline, findings, inventory, today, &naming);
        let gone = stale(&baseline, inventory, &naming, was_searched);
        let mut entries = inventory.coverage.entries().to_vec();
        entries.extend(is_foreign.then(|| file.foreign()));
        entries.extend(file.note("stale entries", &gone, "--write-baseline takes them out"));
        let ended =
            |finding: &&Finding| finding.baseline.as_ref().is_some_and(|note| note.state == BaselineState::Expired);
        let values: BTreeSet<_> = findings
            .iter()
            .filter(ended)
            .filter_map(|one| inventory.exposures.get(&one.subject))
            .map(|one| &one.fingerprint)
            .collect();
        let is_over =
            |entry: &&Entry| entry.expires.is_some_and(|day| day < today) && values.contains(&entry.fingerprint);
        let expired: Vec<&Entry> = baseline.entries().filter(is_over).collect();
        entries.extend(file.note("expired entries", &expired, "replace the secrets, or set another day"));
        inventory.coverage = Coverage::new(entries);
        Ok(())
    }

    /// Takes out what is accepted unless all is to be shown; says so in the coverage. Returns what.
    pub(super) fn hide(&self, findings: &mut Vec<Finding>, inventory: &mut Inventory) -> BTreeSet<Fingerprint> {
        let Some(file) = self.file.as_ref().filter(|_| self.only == Only::New) else { return BTreeSet::new() };
        let hidden = findings.extract_if(.., |finding| finding.is_accepted()).map(|one| one.fingerprint).collect();
        let entries = inventory.coverage.entries().iter().cloned().chain(file.hidden(&hidden));
        inventory.coverage = Coverage::new(entries.collect());
        hidden
    }
}

impl File {
    /// The file of a place as the baseline calls it, and as it called it before trees had names.
    fn spots(&self, location: &Location, names: &TreeNames) -> Vec<Spot> {
        let (Location::File { root, path: below, .. }, Some(shown)) = (location, location.file()) else {
            return Vec::new();
        };
        let path = plain(&self.here.join(&shown));
        let path = path.strip_prefix(&self.base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let root = if root.is_empty() { "." } else { root };
        let tree = names.get(root).filter(|_| self.is_apart && !below.is_empty());
        let named = tree.map(|tree| Spot { tree: tree.name.clone(), path: below.to_string() });
        named.into_iter().chain([Spot { tree: String::new(), path }]).collect()
    }

    /// The file of an entry; `None` where its tree is not among those of this run. `root` gives the path of a tree.
    fn path_of<'p>(&self, entry: &Entry, root: impl Fn(&str) -> Option<&'p str>) -> Option<PathBuf> {
        if entry.tree.is_empty() {
            return Some(self.base.join(&entry.path));
        }
        let root = self.here.join(root(&entry.tree)?);
        Some(root.canonicalize().unwrap_or(root).join(&entry.path))
    }

    /// Whether the file of an entry was searched to its end, or lies no more where everything was searched.
    fn was_searched(&self, entry: &Entry, searched: &Searched, is_whole: bool, names: &TreeNames) -> bool {
        let Some(path) = self.path_of(entry, |name| names.path(name)) else { return false };
        let is_below = || is_whole && searched.roots.iter().any(|root| path.starts_with(root));
        match (&searched.selection, entry.history) {
            (Selection::WorkTree, false) => {
                let is_gone = || searched.by_others || path.symlink_metadata().is_err();
                searched.watched.is_read(&path) || is_gone() && is_below()
            }
            (Selection::History, true) => is_below(),
            _ => false,
        }
    }

    /// Records of another key hold no value that an entry could be recognised by.
    fn foreign(&self) -> CoverageEntry {
        let target = self.path.to_string_lossy();
        let why =
            "the records were made under another NONHUMAN_FINGERPRINT_KEY than is set here: no entry is recognised";
        CoverageEntry::hole("baseline", &target, "entries", Outcome::Failed, why)
            .remedy("set NONHUMAN_FINGERPRINT_KEY as it was when they were collected")
    }

    /// A coverage entry that names baseline entries. It is no hole: nothing was left unread.
    fn note(&self, what: &str, entries: &[&Entry], remedy: &str) -> Option<CoverageEntry> {
        let named = entries.iter().take(NAMED).map(|entry| {
            let until = entry.expires.map(|day| format!(", until {day}")).unwrap_or_default();
            format!("{} ({}{until})", entry.path, entry.detector)
        });
        let mut named: Vec<String> = named.collect();
        if let more @ 1.. = entries.len().saturating_sub(NAMED) {
            named.push(format!("and {more} more"));
        }
        let target = self.path.to_string_lossy();
        let entry = CoverageEntry::hole("baseline", &target, what, Outcome::NotRead, named.join(", "));
        (!entries.is_empty()).then(|| entry.count(entries.len() as u64).remedy(remedy))
    }

    fn hidden(&self, hidden: &BTreeSet<Fingerprint>) -> Option<CoverageEntry> {
        let count = hidden.len() as u64;
        let detail = "accepted there and not shown; --only all shows them";
        let target = self.path.to_string_lossy();
        let entry = CoverageEntry::hole("baseline", &target, "accepted findings", Outcome::NotRead, detail);
        (count > 0).then(|| entry.count(count))
    }
}

/// The fingerprint of a public text under the key of this run.
pub(super) fn key() -> crate::model::Fingerprint {
    Secret::new(Baseline::CHECK).fingerprint(&config::fingerprint_key())
}

/// A baseline that accepts nothing.
pub(super) fn empty() -> Baseline {
    Baseline::empty(&key())
}

/// Reads a baseline; `None` where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Baseline>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Baseline::parse(&path.to_string_lossy(), &text, &key()).map(Some).map_err(|errors| {
            let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
            Failure(lines.join("\nerror: "))
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure(format!("{}: {error}", path.display()))),
    }
}

/// A path without `.` and `..`, as written: no link is asked.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
