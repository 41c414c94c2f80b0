//! The memory of scans behind `scan` and its like: adds this scan to the history and marks what is new. A history that
//! cannot be used is a hole of the report, never the end of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;

use super::arguments::{Only, Reporting};
use super::{Failure, elsewhere};
use crate::collect::source::Watched;
use crate::config::Config;
use crate::history::{
    Change, Drift, FindingSeen, HIDDEN, History, HistoryError, Point, Recorded, Seen, Snapshot, Status,
};
use crate::inventory::{Coverage, Inventory};
use crate::model::{
    CoverageEntry, Finding, Fingerprint, HistoryNote, HistoryState, Outcome, Scope, Severity, is_told_apart,
};
use crate::report::clean;
use crate::rules::{Judgement, RuleSet};

/// The name under which the coverage speaks of it.
const NAME: &str = "history";

/// What is to be done with the memory of scans.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Remembering {
    /// Remember this scan in this file (SQLite, made where there is none), and say what is new since the last one
    #[arg(long, value_name = "FILE", env = "NONHUMAN_HISTORY_FILE", help_heading = "History")]
    pub(super) history_file: Option<PathBuf>,
    /// Exit with 1 only when a finding of this severity or above is new since the last scan
    #[arg(long, value_name = "SEVERITY", env = "NONHUMAN_FAIL_ON_NEW", help_heading = "History")]
    pub(super) fail_on_new: Option<Severity>,
}

impl Remembering {
    pub(super) fn file(&self, config: &Config) -> Option<PathBuf> {
        self.history_file.clone().or_else(|| config.history_file.clone())
    }
}

/// The memory of this run.
pub(super) struct Memory {
    file: Option<PathBuf>,
    fail_on_new: Option<Severity>,
    only_new: bool,
    begun: Instant,
}

impl Memory {
    pub(super) fn new(reporting: &Reporting, config: &Config) -> Result<Self, Failure> {
        let file = reporting.remembering.file(config);
        let fail_on_new = reporting.remembering.fail_on_new;
        if file.is_none() && fail_on_new.is_some() {
            let message = "--fail-on-new needs a history: --history-file FILE, or 'history-file' in nonhuman.toml";
            return Err(Failure(message.to_owned()));
        }
        Ok(Self { file, fail_on_new, only_new: reporting.only == Some(Only::New), begun: Instant::now() })
    }

    pub(super) fn fail_on_new(&self) -> Option<Severity> {
        self.fail_on_new
    }

    /// The scans of the history, where this one could be added to it.
    pub(super) fn points(&self, moved: Option<&Drift>) -> Vec<Point> {
        let file = self.file.as_ref().filter(|_| moved.is_some());
        let points = file.map(|file| History::open(file).and_then(|history| history.points()));
        points.and_then(Result::ok).unwrap_or_default()
    }

    /// The last scan in the history that read all it was asked for.
    pub(super) fn last_complete(&self) -> Option<Timestamp> {
        let points = History::open(self.file.as_ref()?).and_then(|history| history.points()).ok()?;
        points.iter().rev().find(|point| point.complete).map(|point| point.at)
    }

    /// The first commits of the trees that it knows by nothing else; `None` where nothing is remembered, nor decided in
    /// another file. A history that cannot be read says so later.
    pub(super) fn first_commits(&self, is_decided: bool) -> Option<BTreeMap<String, String>> {
        let known = self.file.as_ref().filter(|file| file.exists());
        let known = known.map(|file| History::open(file).and_then(|history| history.first_commits()));
        (is_decided || self.file.is_some()).then(|| known.and_then(Result::ok).unwrap_or_default())
    }

    /// How long this run has taken so far, in milliseconds.
    pub(super) fn milliseconds(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Adds the scan to the history and marks its findings. Returns what changed, or `None` where nothing is remembered or
    /// the history cannot be used.
    pub(super) fn remember(
        &self,
        judgement: &mut Judgement,
        inventory: &mut Inventory,
        inputs: &[String],
        rules: &RuleSet,
        (now, watched): (Timestamp, Option<&Watched>),
    ) -> Option<Drift> {
        let file = self.file.as_ref()?;
        let before = || {
            self.file.as_ref().filter(|file| file.exists()).and_then(|file| History::open(file).ok()?.latest().ok()?)
        };
        elsewhere::leave_open(judgement, inventory, rules, before);
        let mut snapshot = Snapshot::of(Seen {
            at: now,
            version: env!("CARGO_PKG_VERSION"),
            inputs,
            inventory,
            findings: &judgement.findings,
            blind: std::mem::take(&mut judgement.blind),
            unanswered: std::mem::take(&mut judgement.unanswered),
            rules: rules.rules().iter().map(|rule| (rule.id.to_string(), rule.digest())).collect(),
            unread: watched.map(|watched| self.unread(watched)),
        });
        snapshot.findings.values_mut().for_each(place);
        // What others read lies on their machines.
        let folders = watched.map(|_| folders(inventory)).unwrap_or_default();
        let another = self.of_another_folder(&folders);
        let scopes = std::mem::take(&mut snapshot.looked.scopes).into_iter();
        snapshot.looked.scopes = scopes.map(|scope| Scope { folders: folders.clone(), ..scope }).collect();
        let recorded = History::open_or_begin(file).and_then(|mut it| it.record(&snapshot, self.milliseconds()));
        let target = file.to_string_lossy();
        let (entry, drift) = match recorded {
            Ok(Recorded { drift, state, renamed, .. }) => {
                for finding in &mut judgement.findings {
                    let first_seen = state.findings.get(&finding.fingerprint).map_or(now, |one| one.first);
                    finding.history = Some(HistoryNote { state: HistoryState::Known, first_seen });
                }
                mark(&mut judgement.findings, &drift);
                let mut entry = CoverageEntry::complete(NAME, &target, "this scan", 1);
                entry.detail = told_apart(inventory).or(another);
                if !renamed.is_empty() {
                    let names = renamed.join(", ");
                    entry.detail = Some(format!(
                        "another tree with the same folder name came or went, so that {names} has another name in the \
                         graph: what is in it is compared under the new name"
                    ));
                }
                (entry, Some(drift))
            }
            Err(error) => (hole(&target, &error), None),
        };
        add(inventory, entry);
        drift
    }

    /// Has the collectors note which files of open findings they read. A history that cannot be read says so later.
    pub(super) fn watch(&self) -> BTreeSet<PathBuf> {
        self.files().into_values().collect()
    }

    /// Open findings whose file lies there and was not read: it was ignored since, or is a link now.
    fn unread(&self, watched: &Watched) -> BTreeSet<Fingerprint> {
        let files = self.files().into_iter();
        let is_hidden =
            |path: &PathBuf| watched.watches(path) && path.symlink_metadata().is_ok() && !watched.is_read(path);
        files.filter(|(_, path)| is_hidden(path)).map(|(finding, _)| finding).collect()
    }

    /// Says of which folders the names are remembered of others that are still there.
    fn of_another_folder(&self, here: &BTreeMap<String, String>) -> Option<String> {
        let file = self.file.as_ref().filter(|file| !here.is_empty() && file.exists())?;
        let known = History::open(file).and_then(|history| history.folders()).ok()?;
        let others = known.iter().filter(|(name, path)| here.get(name).is_some_and(|at| at != path));
        let others = others.map(|(_, path)| path.as_str()).filter(|path| Path::new(path).is_dir());
        let others: Vec<String> = others.map(|path| clean(path).into_owned()).collect();
        (!others.is_empty()).then(|| {
            format!(
                "another folder of this name is remembered, which is still there: {}; what they have in common is taken for one \
                 thing: --tree-name tells them apart",
                others.join(", ")
            )
        })
    }

    /// The files of open findings by their true path.
    fn files(&self) -> BTreeMap<Fingerprint, PathBuf> {
        let state = self.file.as_ref().filter(|file| file.exists()).map(|file| History::open(file)?.latest());
        let findings = state.and_then(Result::ok).flatten().unwrap_or_default().findings.into_values();
        let open = findings.filter(|one| one.status != Status::Resolved).map(|one| one.thing);
        let path = |root: &str, path: &str| {
            let root = Path::new(if root.is_empty() { "." } else { root }).canonicalize().ok()?;
            Some(if path.is_empty() { root } else { root.join(path) })
        };
        open.filter_map(|one| {
            let (root, file) = one.file.as_ref()?;
            Some((one.fingerprint.clone(), path(root, file)?))
        })
        .collect()
    }

    /// Takes out what an earlier scan saw, too, where only what is new is wanted; says so in the coverage.
    /// Returns what.
    pub(super) fn hide_known(
        &self,
        findings: &mut Vec<Finding>,
        inventory: &mut Inventory,
        moved: Option<&Drift>,
    ) -> BTreeSet<Fingerprint> {
        let Some(file) = self.file.as_ref().filter(|_| self.only_new && moved.is_some()) else {
            return BTreeSet::new();
        };
        let is_known = |finding: &mut Finding| finding.history.is_some_and(|note| !note.is_raised());
        let hidden: BTreeSet<_> = findings.extract_if(.., is_known).map(|one| one.fingerprint).collect();
        let count = hidden.len() as u64;
        let detail = "seen by an earlier scan and not shown; --only all shows them";
        let entry = CoverageEntry::hole(NAME, &file.to_string_lossy(), HIDDEN, Outcome::NotRead, detail).count(count);
        if count > 0 {
            add(inventory, entry);
        }
        hidden
    }
}

/// Keeps the file of a secret by the true path of its tree, where the tree has no name of its own: the next scan may be started
/// elsewhere, where a path such as `.` is another folder. A repository has its name in every checkout.
fn place(finding: &mut FindingSeen) {
    let Some((root, _)) = &mut finding.file else { return };
    let has_name = |tree: &str| tree.contains('/') && tree != root;
    if finding.places.iter().any(|place| has_name(&place.target)) {
        return;
    }
    let given = if root.is_empty() { "." } else { root.as_str() };
    if let Some(path) = Path::new(given).canonicalize().ok().as_deref().and_then(Path::to_str) {
        *root = path.to_owned();
    }
}

/// The true path of each tree of which nothing but the name of its folder is known, by that name.
fn folders(inventory: &Inventory) -> BTreeMap<String, String> {
    let has_commit = |name: &String| inventory.scopes.iter().any(|scope| scope.first_commits.contains_key(name));
    let trees = inventory.scopes.iter().flat_map(|scope| &scope.trees);
    let by_folder = trees.filter(|(_, tree)| tree.name == tree.folder && !has_commit(&tree.name));
    let path = |path: &str| Some(Path::new(path).canonicalize().ok()?.to_str()?.to_owned());
    by_folder.filter_map(|(given, tree)| Some((tree.name.clone(), path(given)?))).collect()
}

/// Says which trees are called by their first commits, since another one has their names here.
fn told_apart(inventory: &Inventory) -> Option<String> {
    let all = inventory.scopes.iter().flat_map(|scope| &scope.first_commits);
    let apart = all.filter(|(name, first)| is_told_apart(name, first)).map(|(name, _)| name.as_str());
    let apart: BTreeSet<&str> = apart.collect();
    let names = apart.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| {
        format!(
            "another repository is remembered by the same name, so that this one is called by its first commit, too: {names}; \
             --tree-name gives it a name of its own"
        )
    })
}

fn mark(findings: &mut [Finding], drift: &Drift) {
    let of = |change| drift.of(change).map(|one| one.finding.fingerprint.clone()).collect::<BTreeSet<_>>();
    let (new, reopened) = (of(Change::New), of(Change::Reopened));
    for finding in findings {
        let Some(note) = &mut finding.history else { continue };
        if new.contains(&finding.fingerprint) {
            note.state = HistoryState::New;
        } else if reopened.contains(&finding.fingerprint) {
            note.state = HistoryState::Reopened;
        }
    }
}

fn hole(target: &str, error: &HistoryError) -> CoverageEntry {
    CoverageEntry::hole(NAME, target, "this scan", Outcome::Failed, error.to_string())
        .remedy("what changed is not known and this scan is not remembered; the report is whole otherwise")
}

fn add(inventory: &mut Inventory, entry: CoverageEntry) {
    let entries = inventory.coverage.entries().iter().cloned().chain([entry]);
    inventory.coverage = Coverage::new(entries.collect());
}
