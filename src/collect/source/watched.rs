//! Remembers which of some files were read to their end. Reads nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Files by their true path, and which of them were read.
#[derive(Debug, Default)]
pub struct Watched {
    files: BTreeSet<PathBuf>,
    read: Mutex<BTreeSet<PathBuf>>,
}

impl Watched {
    /// Watches these files.
    pub fn new(files: BTreeSet<PathBuf>) -> Self {
        Self { files, read: Mutex::default() }
    }

    /// Notes that a file below a root was read to its end.
    pub(super) fn was_read(&self, root: &Path, relative: &str) {
        if self.files.is_empty() {
            return;
        }
        let path = if relative.is_empty() { root.to_owned() } else { root.join(relative) };
        if self.files.contains(&path)
            && let Ok(mut read) = self.read.lock()
        {
            read.insert(path);
        }
    }

    /// Whether it is noted if this file is read.
    pub fn watches(&self, path: &Path) -> bool {
        self.files.contains(path)
    }

    /// Whether a watched file was read to its end.
    pub fn is_read(&self, path: &Path) -> bool {
        self.read.lock().is_ok_and(|read| read.contains(path))
    }
}
