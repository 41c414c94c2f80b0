//! Hands the text of a file to the reader of agents while it is in memory. Reads nothing twice and judges nothing.

use std::borrow::Cow;
use std::path::Path;

use super::file::FileScanner;
use crate::collect::agents::{Interest, LARGEST, Notes, Source};
use crate::model::Exposure;

/// What is kept of a file for the reader of agents, while it is scanned.
pub(super) struct Watch<'a> {
    notes: &'a Notes,
    name: Cow<'a, str>,
    /// Whether the path alone says that it speaks of agents.
    is_named: bool,
    exposures: Vec<Exposure>,
}

impl<'a> Watch<'a> {
    /// A watch over a file that may speak of agents.
    pub(super) fn over(scanner: &FileScanner<'a>) -> Option<Self> {
        let notes = scanner.agents.filter(|_| scanner.commit.is_none())?;
        let below = scanner.relative;
        if let Some(name) = notes.usual_name(below) {
            return Some(Self { notes, name: Cow::Owned(name.to_owned()), is_named: true, exposures: Vec::new() });
        }
        let interest = notes.interest(below);
        if interest == Some(Interest::Named) {
            notes.saw(below);
            return Some(Self { notes, name: Cow::Borrowed(below), is_named: true, exposures: Vec::new() });
        }
        // A root within the folders of a client says too little below itself.
        if below.split('/').count() <= 3 {
            let whole = super::name::text_of(&scanner.root.true_path.join(below));
            let whole = whole.trim_end_matches('/').to_owned();
            if notes.interest(&whole) == Some(Interest::Named) {
                return Some(Self { notes, name: Cow::Owned(whole), is_named: true, exposures: Vec::new() });
            }
        }
        interest.map(|_| Self { notes, name: Cow::Borrowed(below), is_named: false, exposures: Vec::new() })
    }

    /// Whether the text is worth to be kept in mind.
    pub(super) fn wants(&self, text: &[u8]) -> bool {
        self.is_named || (text.len() <= LARGEST && self.notes.is_of_interest(&self.name, text))
    }

    /// Keeps an exposure of the file.
    pub(super) fn found(&mut self, exposure: &Exposure) {
        self.exposures.push(exposure.clone());
    }

    /// Reads the file, all of which is there; or notes that it is too large.
    pub(super) fn read(self, scanner: &FileScanner<'_>, path: &Path, text: &[u8], is_whole: bool) {
        let source = Source {
            root: &scanner.root.shown,
            label: &scanner.root.label,
            target: scanner.target,
            path: scanner.relative,
            name: &self.name,
            text,
            exposures: &self.exposures,
            mode: mode(path),
            written: scanner.root.is_home.then(|| written(path)).flatten(),
            is_in_repository: self.is_named && path.ancestors().skip(1).any(|folder| folder.join(".git").exists()),
            is_home: scanner.root.is_home,
            now: scanner.context.now,
            key: &scanner.context.fingerprint_key,
        };
        if is_whole {
            self.notes.file(&source);
        } else {
            self.notes.too_large(&source);
        }
    }
}

/// When a file was written last. Of a clone or a copy it says nothing.
fn written(path: &Path) -> Option<jiff::Timestamp> {
    path.symlink_metadata().ok()?.modified().ok()?.try_into().ok()
}

/// The permissions of a file.
#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    path.symlink_metadata().ok().map(|found| found.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_path: &Path) -> Option<u32> {
    None
}
