//! Which files git tracks although a `.gitignore` names them: they are in the repository, so they are scanned. Reads
//! indexes, and no other file.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use gix::index::entry::Mode;

use super::repository::{Repository, file_path, is_repository};
use super::staged::index;

/// The tracked files of a tree that its walk has not come by yet.
#[derive(Default)]
pub(in super::super) struct Tracked {
    waiting: Mutex<HashSet<PathBuf>>,
    /// What is wrong with indexes that cannot be read.
    broken: Mutex<BTreeSet<String>>,
    has_index: std::sync::atomic::AtomicBool,
}

impl Tracked {
    /// Notes what the repository around a root tracks in it.
    pub(in super::super) fn around(&self, root: &Path, true_root: &Path, largest: u64) {
        let folder = true_root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
        if let Some(folder) = folder {
            self.note(folder, true_root, root, largest);
        }
    }

    /// Notes what the repository in a folder of the tree tracks.
    pub(in super::super) fn inside(&self, folder: &Path, largest: u64) {
        self.note(folder, folder, folder, largest);
    }

    /// Of the repository in `top`, notes what lies in `root`, which the walk calls `shown`.
    fn note(&self, top: &Path, root: &Path, shown: &Path, largest: u64) {
        let (dot_git, prefix) = (top.join(".git"), root.strip_prefix(top).unwrap_or(Path::new("")));
        if !is_repository(&dot_git) {
            return;
        }
        let opened = Repository::at(&dot_git, prefix, largest);
        let index = opened.and_then(|repository| index(&repository.local(1), None).map(|index| (repository, index)));
        let (repository, index) = match index {
            Ok(both) => both,
            Err(error) => {
                if let Ok(mut broken) = self.broken.lock() {
                    broken.insert(error.to_string());
                }
                return;
            }
        };
        self.has_index.store(true, std::sync::atomic::Ordering::Relaxed);
        let Ok(mut waiting) = self.waiting.lock() else { return };
        for entry in
            index.entries().iter().filter(|entry| entry.mode == Mode::FILE || entry.mode == Mode::FILE_EXECUTABLE)
        {
            if let Some(below) = repository.below_root(entry.path(&index)) {
                let below = file_path(below);
                let is_plain = |part: Component<'_>| matches!(part, Component::Normal(name) if name != ".git");
                if below.components().all(is_plain) {
                    waiting.insert(shown.join(below));
                }
            }
        }
    }

    /// Notes that the walk came by a file.
    pub(in super::super) fn met(&self, path: &Path) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.remove(path);
        }
    }

    /// Whether an index was read.
    pub(in super::super) fn has_index(&self) -> bool {
        self.has_index.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// What the walk did not come by, in order, and what is wrong with indexes.
    pub(in super::super) fn left(self) -> (BTreeSet<PathBuf>, BTreeSet<String>) {
        let waiting = self.waiting.into_inner().unwrap_or_default();
        (waiting.into_iter().collect(), self.broken.into_inner().unwrap_or_default())
    }
}
