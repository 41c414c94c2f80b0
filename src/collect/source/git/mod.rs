//! Reads what a git repository holds: its index, its commits. Runs nothing, and obeys nothing that it configures.

mod added;
mod agents;
mod changes;
mod commits;
mod finds;
mod first;
mod introduce;
mod ledger;
mod messages;
mod packed;
mod repository;
mod staged;
mod tracked;
mod versions;
mod wrote;

use std::collections::BTreeSet;
use std::path::Path;

use gix::ObjectId;

use self::changes::{Changes, Comparer};
use self::commits::{Commit, UNSHALLOW, Walker, tips};
use self::introduce::Introducer;
use self::ledger::Ledger;
use self::messages::Messages;
use self::repository::{Objects, OpenError, Repository, chain};
use self::versions::Versions;
use super::Selection;
use super::walk::Walk;
use crate::collect::CollectError;

pub(super) use first::first_commit;
pub(super) use repository::is_bare_repository;
pub(super) use tracked::Tracked;
pub(in crate::collect) use wrote::authors;

/// How much is kept unpacked while commits and trees are read, in bytes.
const UNPACKED: usize = 24 * 1024 * 1024;
/// How many bytes of commits and trees are kept as they are.
const KEPT: usize = 16 * 1024 * 1024;

/// What all commits of a repository are called.
const HISTORY: &str = "history";

/// Reads of a root's repository what was chosen.
pub(super) fn run(walk: &Walk) -> Result<(), CollectError> {
    let what = match &walk.options.selection {
        Selection::Staged => "staged changes",
        Selection::Range { .. } => "commits",
        Selection::History | Selection::WorkTree => HISTORY,
    };
    let failed = |error: OpenError| CollectError::failed(what, &error).with_remedy(error.remedy());
    let repository = Repository::open(&walk.root.true_path, walk.options.max_file_size).map_err(failed)?;
    let mut local = repository.local(UNPACKED);
    local.object_cache_size(KEPT);
    let ledger = Ledger::default();
    let scan = Scan { walk, what, repository: &repository, local: &local, ledger: &ledger };
    match &walk.options.selection {
        Selection::Staged => {
            let index = staged::index(&local, walk.options.index_file.as_deref()).map_err(failed)?;
            scan.staged(&index)
        }
        Selection::Range { since, until } => scan.range(since, until.as_deref().unwrap_or("HEAD")),
        Selection::History | Selection::WorkTree => scan.history(),
    }
}

/// One repository on its way.
struct Scan<'a> {
    walk: &'a Walk,
    what: &'a str,
    repository: &'a Repository,
    local: &'a gix::Repository,
    ledger: &'a Ledger,
}

impl Scan<'_> {
    fn history(&self) -> Result<(), CollectError> {
        let objects = Objects::new(self.local, self.ledger);
        let shallow = self.shallow();
        let messages = Messages::new(self.walk, self.ledger);
        let walker = Walker { objects: &objects, shallow: &shallow, sink: &self.walk.sink, messages: &messages };
        let commits = walker.all(tips(self.local, self.ledger))?;
        if commits.is_empty() {
            let error = CollectError::failed(self.what, "there is no commit that could be read");
            return Err(error.with_remedy("commit something, or scan the files that lie there"));
        }
        if !shallow.is_empty() {
            self.ledger.hole(
                "older commits",
                format!("the clone is shallow: cut at {} commits", shallow.len()),
                UNSHALLOW,
            );
        }
        messages.send()?;
        let head = self.head().ok().flatten();
        self.commits(objects, &commits, head)
    }

    fn range(&self, since: &str, until: &str) -> Result<(), CollectError> {
        let objects = Objects::new(self.local, self.ledger);
        let (since, until) = (self.revision(since)?, self.revision(until)?);
        let shallow = self.shallow();
        let messages = Messages::new(self.walk, self.ledger);
        let walker = Walker { objects: &objects, shallow: &shallow, sink: &self.walk.sink, messages: &messages };
        let mut commits = walker.between(self.local, since, until)?;
        let mut cut = 0;
        for commit in commits.iter_mut().filter(|commit| shallow.contains(&commit.id)) {
            cut += 1;
            // What it is compared with was not fetched; all that is known to be older is where the range begins.
            commit.parents = vec![since];
        }
        if cut > 0 {
            self.ledger.hole(
                "older commits",
                format!("the clone is shallow: cut at {cut} commits of the range"),
                UNSHALLOW,
            );
        }
        messages.send()?;
        self.commits(objects, &commits, Some(until))
    }

    fn staged(&self, index: &gix::index::State) -> Result<(), CollectError> {
        let objects = Objects::new(self.local, self.ledger);
        let head = self.head()?;
        let mut changes = staged::changes(self.repository, index, head, &objects);
        drop(objects);
        self.scan(&mut changes, &[], head, None)
    }

    /// Scans what commits add, of which this one is the last.
    fn commits(&self, objects: Objects<'_>, commits: &[Commit], last: Option<ObjectId>) -> Result<(), CollectError> {
        self.ledger.commits.add(commits.len() as u64);
        let mut comparer = Comparer::new(self.repository, &objects, &self.walk.sink);
        comparer.commits(commits)?;
        let mut changes = comparer.changes;
        // What was kept of commits and trees is of no use for files.
        drop(objects);
        let head = self.head().ok().flatten();
        self.scan(&mut changes, commits, head, last)
    }

    fn scan(
        &self,
        changes: &mut Changes,
        commits: &[Commit],
        head: Option<ObjectId>,
        last: Option<ObjectId>,
    ) -> Result<(), CollectError> {
        let mut found = changes.versions();
        if found.is_empty() && self.what == HISTORY {
            let why = "no commit of its repository ever brought a file to this folder";
            self.ledger.hole("files", why, "scan the files that lie there; --trees-in reads a folder of repositories");
        }
        // Trees of HEAD are asked for path by path.
        let mut local = self.repository.local(UNPACKED);
        local.object_cache_size(KEPT);
        let objects = Objects::new(&local, self.ledger);
        let tree = |commit: Option<ObjectId>| commit.and_then(|commit| objects.tree(commit));
        let versions = Versions {
            walk: self.walk,
            repository: self.repository,
            ledger: self.ledger,
            paths: &changes.paths,
            commits,
            head: tree(head),
            last: tree(last),
        };
        let inner = self.inner_roots();
        if !inner.is_empty() {
            found.retain(|version| {
                let shown = versions.shown(version.path);
                let place = self.walk.root.true_path.join(&shown);
                let is_elsewhere = inner.iter().any(|root| place.starts_with(root));
                if is_elsewhere {
                    self.ledger.elsewhere.add(&shown);
                }
                !is_elsewhere
            });
        }
        let newest = agents::newest(self.walk, &found);
        let finds = versions.scan(found)?;
        agents::read(&versions, newest, &finds)?;
        Introducer { versions: &versions, objects: &objects }.send(finds)?;
        let mut detail =
            format!("{} versions of files, {} bytes added", self.ledger.versions.get(), self.ledger.bytes.get());
        if self.what != "staged changes" {
            let tags = match self.ledger.tags.get() {
                0 => String::new(),
                tags => format!(" and {tags} of tags"),
            };
            let commits = self.ledger.commits.get();
            detail =
                format!("{commits} commits with their messages{tags}, {detail}; what only reflogs lead to is not read");
        }
        // A submodule that is a root of its own is read there.
        let here = &self.walk.root.true_path;
        self.ledger.submodules.forget(|below| self.walk.owners.contains_key(&here.join(below)));
        self.ledger.send(&self.walk.target, self.what, detail, &self.walk.sink)
    }

    /// Other roots that lie in this one and in the same repository: what is below them is read once, there.
    fn inner_roots(&self) -> Vec<&Path> {
        let root = &self.walk.root;
        let others = self.walk.owners.iter().filter(|(_, number)| **number != root.number);
        let is_same = |path: &Path| {
            let between = path.ancestors().take_while(|folder| *folder != root.true_path);
            path.starts_with(&root.true_path) && !between.into_iter().any(|folder| folder.join(".git").exists())
        };
        others.map(|(path, _)| path.as_path()).filter(|path| is_same(path)).collect()
    }

    /// The commit that is checked out; none before the first one.
    fn head(&self) -> Result<Option<ObjectId>, CollectError> {
        let head = self.local.head().and_then(|mut head| head.try_peel_to_id().map(|id| id.map(gix::Id::detach)));
        head.map_err(|error| {
            CollectError::failed(self.what, format!("HEAD cannot be read: {}", chain(&error)))
                .with_remedy("see what git fsck says")
        })
    }

    /// The commit that a revision names.
    fn revision(&self, name: &str) -> Result<ObjectId, CollectError> {
        let found = self.local.rev_parse_single(format!("{name}^{{commit}}").as_str());
        found.map(gix::Id::detach).map_err(|error| {
            let detail = format!("the revision '{name}' is not known here: {}", chain(&error));
            // What is called origin/main here is called main there.
            let there = name.strip_prefix("refs/remotes/").unwrap_or(name);
            let there = there.strip_prefix("origin/").unwrap_or(there);
            CollectError::failed(self.what, detail)
                .with_remedy(format!("fetch it (git fetch origin {there}); for actions/checkout, fetch-depth: 0"))
        })
    }

    /// The commits whose parents were not fetched.
    fn shallow(&self) -> BTreeSet<ObjectId> {
        match self.local.shallow_commits() {
            Ok(Some(commits)) => commits.iter().copied().collect(),
            Ok(None) => BTreeSet::new(),
            Err(error) => {
                self.ledger.hole("older commits", chain(&error), UNSHALLOW);
                BTreeSet::new()
            }
        }
    }
}
