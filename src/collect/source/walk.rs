//! Walks one tree with several threads and scans each file once. Judges nothing.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ignore::{WalkBuilder, WalkState};
use walkdir::WalkDir;

use super::archive;
use super::file::{self, Ended};
use super::git::{self, Tracked};
use super::name::text_of;
use super::tally::Tally;
use super::window::Extent;
use super::{Root, Selection, SourceOptions};
use crate::collect::agents::Notes;
use crate::collect::{CollectError, Context, Sink};
use crate::model::{Exposure, Outcome, Record};
use crate::secrets::DetectorSet;

/// More threads than this only wait for each other, and a system may refuse them.
const MOST_THREADS: usize = 256;

/// How many secrets of one file are told: nobody reads more, and each needs memory.
const MOST_IN_FILE: u64 = 30_000;

/// One tree on its way.
pub(super) struct Walk {
    pub(super) root: Root,
    pub(super) owners: Arc<BTreeMap<PathBuf, usize>>,
    pub(super) target: String,
    pub(super) options: SourceOptions,
    pub(super) detectors: Arc<DetectorSet>,
    pub(super) context: Context,
    pub(super) sink: Sink,
    /// Who reads what files say of agents, where that is asked for.
    pub(super) agents: Option<Notes>,
}

impl Walk {
    /// Walks, scans and sends; ends with the coverage of this tree.
    pub(super) fn run(&self) -> Result<(), CollectError> {
        if self.options.selection != Selection::WorkTree {
            return git::run(self);
        }
        let tally = Tally::default();
        if self.root.path.is_file() {
            self.file(&self.root.path, &tally)?;
        } else if git::is_bare_repository(&self.root.path) {
            let error = CollectError::failed("files", "a bare repository has no files of its own");
            return Err(error.with_remedy("--history reads what its commits hold"));
        } else if self.options.no_ignore {
            self.everything(&tally)?;
        } else {
            let tracked = Tracked::default();
            tracked.around(&self.root.path, &self.root.true_path, self.options.max_file_size);
            self.what_gitignore_leaves(&tracked, &tally)?;
            if tally.ignore_files.get() > 0 {
                self.what_git_tracks(tracked, &tally)?;
                let (files, left_out) = self.all_files();
                // A client reads its settings wherever they lie, and acts by them.
                for path in left_out {
                    if let Ok(found) = path.symlink_metadata() {
                        self.entry(&path, Some(found.file_type()), &tally)?;
                    }
                }
                tally.ignored.add(files.saturating_sub(tally.met.get()));
            }
        }
        if self.sink.is_closed() {
            return Err(CollectError::Stopped);
        }
        if let Some(agents) = &self.agents {
            let root = &self.root.true_path;
            agents.send(&self.target, "agents", &self.sink, &|wanted| super::git::authors(root, wanted))?;
        }
        tally.send(&self.target, &self.sink)
    }

    /// Hidden files too, `.git` not; `.gitignore` counts in repositories, since git says there what it tracks all the same,
    /// and only in the tree itself. Elsewhere it would let a scanned tree mute its scan, as other ignore files would
    /// everywhere.
    fn what_gitignore_leaves(&self, tracked: &Tracked, tally: &Tally) -> Result<(), CollectError> {
        let mut walker = self.walker();
        walker.git_ignore(true).require_git(!tracked.has_index());
        let is_stopped = AtomicBool::new(false);
        walker.build_parallel().run(|| {
            Box::new(|entry| match entry {
                Err(error) => {
                    tally.hole(&self.name_in(&error), Outcome::Failed, plain(&error));
                    WalkState::Continue
                }
                Ok(entry) => match self.noted(&entry, tracked, tally) {
                    Ok(()) => WalkState::Continue,
                    Err(_) => {
                        is_stopped.store(true, Ordering::Relaxed);
                        WalkState::Quit
                    }
                },
            })
        });
        if is_stopped.into_inner() { Err(CollectError::Stopped) } else { Ok(()) }
    }

    /// An entry of a walk after which it is asked what the walk left out.
    fn noted(&self, entry: &ignore::DirEntry, tracked: &Tracked, tally: &Tally) -> Result<(), CollectError> {
        let (path, kind) = (entry.path(), entry.file_type());
        if kind.is_some_and(|kind| kind.is_file()) {
            tracked.met(path);
        } else if entry.depth() > 0
            && kind.is_some_and(|kind| kind.is_dir())
            && path.join(".git").symlink_metadata().is_ok()
        {
            tracked.inside(path, self.options.max_file_size);
        }
        self.entry(path, kind, tally)
    }

    /// Files that `.gitignore` names and git tracks all the same: whoever clones the repository gets them.
    fn what_git_tracks(&self, tracked: Tracked, tally: &Tally) -> Result<(), CollectError> {
        tally.has_index.store(tracked.has_index(), Ordering::Relaxed);
        let (files, broken) = tracked.left();
        for why in broken {
            tally.hole("tracked files named by .gitignore", Outcome::Failed, why);
        }
        for path in files {
            // Nothing is followed out of the tree: where a folder became a link, its files are gone.
            let folder = path.parent().unwrap_or(&path);
            let below = folder.strip_prefix(&self.root.path).unwrap_or(folder);
            let is_below = folder.canonicalize().is_ok_and(|folder| folder == self.root.true_path.join(below));
            if is_below && let Ok(found) = path.symlink_metadata() {
                self.entry(&path, Some(found.file_type()), tally)?;
            }
        }
        Ok(())
    }

    /// How many regular files there are, whatever `.gitignore` says, and the settings of clients among those that it names.
    /// Opens none.
    fn all_files(&self) -> (u64, Vec<PathBuf>) {
        let files = super::tally::Count::default();
        let left_out = std::sync::Mutex::new(Vec::new());
        self.walker().build_parallel().run(|| {
            Box::new(|entry| {
                let file = entry.ok().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
                files.add(u64::from(file.is_some()));
                if let (Some(file), Some(notes)) = (file, &self.agents)
                    && notes.is_left_out(&self.relative(file.path()))
                    && let Ok(mut left_out) = left_out.lock()
                {
                    left_out.push(file.into_path());
                }
                if self.sink.is_closed() { WalkState::Quit } else { WalkState::Continue }
            })
        });
        let mut left_out = left_out.into_inner().unwrap_or_default();
        left_out.sort();
        (files.get(), left_out)
    }

    /// A walk over everything but the folders in which git keeps a repository.
    fn walker(&self) -> WalkBuilder {
        let mut walker = WalkBuilder::new(&self.root.path);
        walker
            .standard_filters(false)
            .follow_links(false)
            .threads(threads(self.options.threads))
            .filter_entry(|entry| entry.depth() == 0 || !is_git_folder(entry.path()));
        walker
    }

    fn everything(&self, tally: &Tally) -> Result<(), CollectError> {
        use rayon::prelude::*;
        let walker = WalkDir::new(&self.root.path).follow_links(false).into_iter();
        let walker = walker.filter_entry(|entry| entry.depth() == 0 || !is_git_folder(entry.path()));
        pool(&self.options)?.install(|| {
            walker.par_bridge().try_for_each(|entry| match entry {
                Ok(entry) => self.entry(entry.path(), Some(entry.file_type()), tally),
                Err(error) => {
                    let place = error.path().map(|path| self.relative(path)).unwrap_or_default();
                    let detail = error.io_error().map_or_else(|| "cannot be walked".into(), ToString::to_string);
                    tally.hole(&place, Outcome::Failed, detail);
                    Ok(())
                }
            })
        })
    }

    pub(super) fn entry(&self, path: &Path, kind: Option<FileType>, tally: &Tally) -> Result<(), CollectError> {
        match kind {
            Some(kind) if kind.is_file() => {
                tally.met.add(1);
                return self.file(path, tally);
            }
            // It may name itself, so it is looked for and not waited for.
            Some(kind) if kind.is_dir() => {
                tally.ignore_files.add(u64::from(path.join(".gitignore").symlink_metadata().is_ok()));
                tally.git_folders.add(u64::from(is_git_folder(&path.join(".git"))));
            }
            Some(kind) if kind.is_symlink() => tally.links.add(1),
            _ => tally.special.add(1),
        }
        Ok(())
    }

    fn file(&self, path: &Path, tally: &Tally) -> Result<(), CollectError> {
        self.file_at(path, path, tally)
    }

    /// A scanner for what the tree calls by a name; of no commit, and not read for agents.
    pub(super) fn scanner<'a>(&'a self, relative: &'a str) -> file::FileScanner<'a> {
        file::FileScanner {
            root: &self.root,
            relative,
            options: &self.options,
            detectors: &self.detectors,
            context: &self.context,
            extent: Extent::default(),
            commit: None,
            agents: None,
            target: &self.target,
        }
    }

    /// Reads a file that is called `path` and lies at `place`.
    pub(super) fn file_at(&self, path: &Path, place: &Path, tally: &Tally) -> Result<(), CollectError> {
        if self.is_elsewhere(path) {
            tally.elsewhere.add(1);
            return Ok(());
        }
        if self.is_written(path) {
            tally.written.add(1);
            return Ok(());
        }
        let relative = self.relative(path);
        let scanner = file::FileScanner { agents: self.agents.as_ref(), ..self.scanner(&relative) };
        let mut failed = None;
        // A root that is a link was named by the user, so it is followed; no other link is.
        let opened = if relative.is_empty() { &self.root.true_path } else { place };
        let mut count = 0;
        let ended = archive::scan(&scanner, opened, tally, |exposure| {
            count += 1;
            count <= MOST_IN_FILE && self.found(exposure, tally, &mut failed)
        });
        if count > MOST_IN_FILE {
            let detail = format!("more than {MOST_IN_FILE} secrets; the rest of it was not read");
            tally.hole_with(&relative, Outcome::Partial, detail, "look at the file: it is a list of secrets");
        }
        self.ended(&relative, ended, tally);
        failed.map_or(Ok(()), Err)
    }

    /// Sends what was found, until nobody listens any more.
    pub(super) fn found(&self, exposure: Exposure, tally: &Tally, failed: &mut Option<CollectError>) -> bool {
        tally.allow(exposure.allowed_by.as_deref());
        let sent = self.sink.send_blocking(Record::Exposure(Box::new(exposure)));
        let go_on = sent.is_ok();
        *failed = failed.take().or(sent.err());
        go_on
    }

    /// Counts a file by how reading it ended.
    pub(super) fn ended(&self, name: &str, ended: io::Result<Ended>, tally: &Tally) {
        match ended {
            Ok(Ended::Unpacked) => (self.context.progress)(name),
            Ok(Ended::Read(bytes)) => {
                tally.files.add(1);
                tally.bytes.add(bytes);
                self.options.watched.was_read(&self.root.true_path, name);
                (self.context.progress)(name);
            }
            Ok(Ended::CutShort(bytes)) => {
                tally.files.add(1);
                tally.bytes.add(bytes);
                tally.hole(name, Outcome::Partial, format!("larger than {bytes} bytes; the rest was not read"));
            }
            Err(error) => tally.hole(name, Outcome::Failed, error),
        }
    }

    /// Whether a file is read as part of another root: the innermost that it lies in. That one's walk leaves out no
    /// more than this one's, since it knows fewer `.gitignore` files.
    fn is_elsewhere(&self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.root.path).unwrap_or(path);
        let true_path = self.root.true_path.join(below);
        let owner = true_path.ancestors().find_map(|folder| self.owners.get(folder));
        owner.is_some_and(|owner| *owner != self.root.number)
    }

    fn is_written(&self, path: &Path) -> bool {
        let written = &self.options.written;
        let below = path.strip_prefix(&self.root.path).unwrap_or(path);
        !written.is_empty() && written.contains(&self.root.true_path.join(below))
    }

    fn relative(&self, path: &Path) -> String {
        text_of(path.strip_prefix(&self.root.path).unwrap_or(path))
    }

    fn name_in(&self, error: &ignore::Error) -> String {
        match error {
            ignore::Error::WithPath { path, .. } => self.relative(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => self.name_in(err),
            _ => String::from("a directory entry"),
        }
    }
}

/// Threads that read and scan.
pub(super) fn pool(options: &SourceOptions) -> Result<rayon::ThreadPool, CollectError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(options.threads)).build();
    pool.map_err(|error| CollectError::failed("files", error).with_remedy("lower --threads"))
}

/// Whether this is what git keeps of a repository: a `.git` that is not empty of what git needs, or names another place.
/// Other folders of that name are as any other.
fn is_git_folder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".git")
        && (!path.is_dir() || path.join("HEAD").symlink_metadata().is_ok())
        && path.symlink_metadata().is_ok()
}

/// How many threads to start for a wish; 0 means one a core.
pub(super) fn threads(wanted: usize) -> usize {
    let wanted = if wanted == 0 { std::thread::available_parallelism().map_or(1, NonZero::get) } else { wanted };
    wanted.clamp(1, MOST_THREADS)
}

/// The reason without the path, which is named beside it.
fn plain(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => plain(err),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wish_starts_too_many_threads() {
        assert_eq!((threads(1), threads(7), threads(256), threads(usize::MAX)), (1, 7, 256, 256));
        assert!((1..=256).contains(&threads(0)));
    }
}
