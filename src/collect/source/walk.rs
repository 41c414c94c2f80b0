//! Walks one tree with several threads and scans each file once.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ignore::{WalkBuilder, WalkState};
use walkdir::WalkDir;

use super::file::{self, Ended};
use super::{NAME, Root, SourceOptions};
use crate::collect::{CollectError, Context, Sink};
use crate::model::{CoverageEntry, FactKind, Outcome, Record};
use crate::secrets::DetectorSet;

/// One tree on its way.
pub(super) struct Walk {
    pub(super) root: Root,
    pub(super) target: String,
    pub(super) options: SourceOptions,
    pub(super) detectors: Arc<DetectorSet>,
    pub(super) context: Context,
    pub(super) sink: Sink,
}

/// What was met on the way, counted by all threads.
#[derive(Default)]
struct Tally {
    files: AtomicU64,
    bytes: AtomicU64,
    binary: AtomicU64,
    links: AtomicU64,
    special: AtomicU64,
    allowed: AtomicU64,
    holes: Mutex<Vec<(String, Outcome, String)>>,
}

impl Tally {
    fn hole(&self, place: impl Into<String>, outcome: Outcome, detail: impl ToString) {
        if let Ok(mut holes) = self.holes.lock() {
            holes.push((place.into(), outcome, detail.to_string()));
        }
    }
}

impl Walk {
    /// Walks, scans and sends; ends with the coverage of this tree.
    pub(super) fn run(&self) -> Result<(), CollectError> {
        let tally = Tally::default();
        if self.root.path.is_file() {
            self.file(&self.root.path, &tally)?;
        } else if self.options.no_ignore {
            self.everything(&tally)?;
        } else {
            self.what_git_would_keep(&tally)?;
        }
        if self.sink.is_closed() {
            return Err(CollectError::Stopped);
        }
        self.coverage(&tally)
    }

    /// Hidden files too, `.git` not; `.gitignore` counts even where there is no repository around it. Other ignore
    /// files are not looked at: a scanned tree must not mute its scan with files that git does not know.
    fn what_git_would_keep(&self, tally: &Tally) -> Result<(), CollectError> {
        let walker = WalkBuilder::new(&self.root.path)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .follow_links(false)
            .threads(self.options.threads)
            .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
            .build_parallel();
        let stopped = AtomicU64::new(0);
        walker.run(|| {
            Box::new(|entry| match entry {
                Err(error) => {
                    tally.hole(self.name_in(&error), Outcome::Failed, plain(&error));
                    WalkState::Continue
                }
                Ok(entry) => match self.entry(entry.path(), entry.file_type(), tally) {
                    Ok(()) => WalkState::Continue,
                    Err(_) => {
                        stopped.store(1, Ordering::Relaxed);
                        WalkState::Quit
                    }
                },
            })
        });
        if stopped.into_inner() == 0 { Ok(()) } else { Err(CollectError::Stopped) }
    }

    fn everything(&self, tally: &Tally) -> Result<(), CollectError> {
        use rayon::prelude::*;
        let walker = WalkDir::new(&self.root.path).follow_links(false).into_iter();
        let walker = walker.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
        walker.par_bridge().try_for_each(|entry| match entry {
            Ok(entry) => self.entry(entry.path(), Some(entry.file_type()), tally),
            Err(error) => {
                let place = error.path().map(|path| self.relative(path)).unwrap_or_default();
                tally.hole(
                    place,
                    Outcome::Failed,
                    error.io_error().map_or_else(|| "cannot be walked".into(), ToString::to_string),
                );
                Ok(())
            }
        })
    }

    fn entry(&self, path: &Path, kind: Option<std::fs::FileType>, tally: &Tally) -> Result<(), CollectError> {
        match kind {
            Some(kind) if kind.is_file() => self.file(path, tally),
            Some(kind) if kind.is_dir() => Ok(()),
            Some(kind) if kind.is_symlink() => {
                tally.links.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            _ => {
                tally.special.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    fn file(&self, path: &Path, tally: &Tally) -> Result<(), CollectError> {
        let relative = self.relative(path);
        let scanner = file::FileScanner {
            root: &self.root,
            relative: &relative,
            options: &self.options,
            detectors: &self.detectors,
            context: &self.context,
        };
        let mut failed = None;
        let ended = scanner.scan(path, |exposure| {
            if exposure.allowed_by.is_some() {
                tally.allowed.fetch_add(1, Ordering::Relaxed);
            }
            let sent = self.sink.send_blocking(Record::Exposure(exposure));
            let go_on = sent.is_ok();
            failed = failed.take().or(sent.err());
            go_on
        });
        match ended {
            Ok(Ended::Read(bytes)) => {
                tally.files.fetch_add(1, Ordering::Relaxed);
                tally.bytes.fetch_add(bytes, Ordering::Relaxed);
                (self.context.progress)(&relative);
            }
            Ok(Ended::Binary) => {
                tally.binary.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Ended::CutShort(bytes)) => {
                tally.files.fetch_add(1, Ordering::Relaxed);
                tally.bytes.fetch_add(bytes, Ordering::Relaxed);
                tally.hole(relative, Outcome::Partial, format!("larger than {bytes} bytes; the rest was not read"));
            }
            Err(error) => tally.hole(relative, Outcome::Failed, error),
        }
        failed.map_or(Ok(()), Err)
    }

    fn relative(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root.path).unwrap_or(path);
        below.to_string_lossy().replace('\\', "/")
    }

    fn name_in(&self, error: &ignore::Error) -> String {
        match error {
            ignore::Error::WithPath { path, .. } => self.relative(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => self.name_in(err),
            _ => String::from("a directory entry"),
        }
    }

    fn coverage(&self, tally: &Tally) -> Result<(), CollectError> {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let send = |entry| self.sink.send_blocking(Record::Coverage(entry));
        let mut holes = tally.holes.lock().map(|mut holes| std::mem::take(&mut *holes)).unwrap_or_default();
        holes.sort();
        let (files, bytes) = (count(&tally.files), count(&tally.bytes));
        if files == 0 && holes.is_empty() {
            let entry =
                CoverageEntry::hole(NAME, &self.target, "files", Outcome::Failed, "there is no text file to scan");
            send(
                entry
                    .blinds(&[FactKind::Exposures])
                    .remedy("check the path; --no-ignore also reads what .gitignore names"),
            )?;
        } else {
            let mut entry = CoverageEntry::complete(NAME, &self.target, "files", files);
            entry.detail = Some(format!("{bytes} bytes"));
            send(entry)?;
        }
        for (place, outcome, detail) in holes {
            let entry = CoverageEntry::hole(NAME, &self.target, &place, outcome, detail);
            let remedy = match outcome {
                Outcome::Partial => "raise --max-file-size",
                _ => "make it readable for the scanning user, or scan without it",
            };
            send(entry.blinds(&[FactKind::Exposures]).remedy(remedy))?;
        }
        let not_read = [
            ("binary files", count(&tally.binary), "their bytes are no text"),
            ("symbolic links", count(&tally.links), "they are not followed"),
            ("sockets, pipes and devices", count(&tally.special), "they are not opened"),
            ("allowed lines", count(&tally.allowed), "marked in place as allowed; --no-inline-allow judges them"),
        ];
        for (what, number, why) in not_read.into_iter().filter(|(_, number, _)| *number > 0) {
            send(CoverageEntry::hole(NAME, &self.target, what, Outcome::NotRead, why).count(number))?;
        }
        Ok(())
    }
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
