//! The files that a run itself writes: a nightly scan must not search last night's report. Names files; opens none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::arguments::Reporting;
use crate::config::Config;

/// The true paths of the files that the flags of a run name to be written: reports, the memory of scans with what
/// SQLite keeps beside it, numbers. They are the caller's word, not the tree's, and what lay there is written over.
/// Folders are not among them: what else lies in them is the tree's.
pub(super) fn written(reporting: &Reporting, config: &Config) -> BTreeSet<PathBuf> {
    let memory = reporting.remembering.file(config);
    let beside = memory.iter().flat_map(|file| ["-wal", "-shm", "-journal"].map(|end| with_end(file, end)));
    let named = reporting.output.iter().chain(&memory).chain(&reporting.telling.metrics).cloned();
    named.chain(beside).filter_map(|path| true_path(&path)).collect()
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The path without links but its own: a link of this name in a tree must not choose what is left out.
fn true_path(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}
