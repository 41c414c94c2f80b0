//! How a file is cut into windows, and where each stands. Reads nothing.

use std::ops::Range;

use crate::secrets::manifest_reach;

/// How a file is cut into windows. Each window sees so much of its neighbours that whatever begins in its own part is
/// found in it as it would be in the whole file, and only there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// How much is scanned at once, in bytes; more than twice the overlap.
    pub(super) window: usize,
    /// How much is seen before and behind a window's own part, in bytes: more than any secret has with what must stand
    /// beside it, and more than [`super::allows::LONGEST_LINE`].
    pub(super) overlap: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { window: 8 * 1024 * 1024, overlap: 128 * 1024 }
    }
}

impl Extent {
    /// How much of a window is seen again in the next one, before its own part and as that part, in bytes: more where a
    /// manifest may lie over the edge.
    pub(super) fn shared(self, text: &[u8]) -> usize {
        let reach = manifest_reach(text, text.len().saturating_sub(self.overlap));
        // However small a window is, half of it is its own.
        self.overlap.max((self.overlap + reach).min(self.window / 4))
    }
}

/// A part of a file.
pub(super) struct Window<'a> {
    pub(super) text: &'a [u8],
    /// The parts of the text that are looked at, when it is not all of it.
    pub(super) ranges: Option<&'a [Range<usize>]>,
    /// What no other window reports, within the text.
    pub(super) own: Range<usize>,
    pub(super) place: Place,
}

/// Where a window stands in its file.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) lines_before: u64,
    pub(super) columns_before: u64,
}

impl Place {
    /// The place of what comes behind the beginning of a window.
    pub(super) fn after(self, gone: &[u8]) -> Self {
        let newlines = gone.iter().filter(|byte| **byte == b'\n').count() as u64;
        let tail = gone.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let columns = String::from_utf8_lossy(tail).chars().count() as u64;
        Self {
            lines_before: self.lines_before + newlines,
            columns_before: if newlines == 0 { self.columns_before + columns } else { columns },
        }
    }
}
