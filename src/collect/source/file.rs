//! Scans one file in windows of bounded size, so that a huge file costs no more memory than a large one.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{NAME, Root, SourceOptions};
use crate::collect::Context;
use crate::model::{Evidence, Exposure, Location, Urn};
use crate::secrets::{DetectorSet, LineIndex, inline_allow};

/// How much of a file is scanned at once, in bytes.
const WINDOW: usize = 8 * 1024 * 1024;
/// How much of one window is seen again in the next, so that nothing is cut in two: longer than any secret, in bytes.
const OVERLAP: usize = 128 * 1024;
/// How much of a file decides whether it is text, in bytes. As git does it.
const HEAD: usize = 8000;

/// How reading a file ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of its bytes were scanned.
    Read(u64),
    /// Only so many bytes were scanned.
    CutShort(u64),
    /// It is no text.
    Binary,
}

/// What is needed to scan one file.
pub(super) struct FileScanner<'a> {
    pub(super) root: &'a Root,
    pub(super) relative: &'a str,
    pub(super) options: &'a SourceOptions,
    pub(super) detectors: &'a DetectorSet,
    pub(super) context: &'a Context,
}

/// Where a window stands in its file.
#[derive(Clone, Copy, Default)]
struct Place {
    lines_before: u64,
    columns_before: u64,
}

impl FileScanner<'_> {
    /// Calls `emit` for each exposure, in order, until it returns `false`.
    pub(super) fn scan(&self, path: &Path, mut emit: impl FnMut(Exposure) -> bool) -> io::Result<Ended> {
        let mut file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file any more"));
        }
        let mut window = Vec::new();
        let mut place = Place::default();
        let mut total = 0_u64;
        let mut seen = std::collections::BTreeMap::new();
        loop {
            let room = (self.options.max_file_size - total).min((WINDOW - window.len()) as u64);
            let new = file.by_ref().take(room).read_to_end(&mut window)?;
            if total == 0 && window[..window.len().min(HEAD)].contains(&0) {
                return Ok(Ended::Binary);
            }
            total += new as u64;
            let is_last = window.len() < WINDOW || total >= self.options.max_file_size;
            let keep_from = if is_last { window.len() } else { split_point(&window) };
            if !self.window(&window, place, keep_from, is_last, &mut seen, &mut emit) || (new as u64) < room {
                return Ok(Ended::Read(total));
            }
            if total >= self.options.max_file_size {
                let more = file.read(&mut [0; 1])? > 0;
                return Ok(if more { Ended::CutShort(total) } else { Ended::Read(total) });
            }
            place = place.after(&window, keep_from);
            window.drain(..keep_from);
        }
    }

    /// Scans one window. A match that starts behind `keep_from` is left to the next window, which sees it whole.
    fn window(
        &self,
        text: &[u8],
        place: Place,
        keep_from: usize,
        is_last: bool,
        seen: &mut std::collections::BTreeMap<String, u64>,
        emit: &mut impl FnMut(Exposure) -> bool,
    ) -> bool {
        let matches = self.detectors.scan(text);
        if matches.is_empty() {
            return true;
        }
        let lines = LineIndex::new(text);
        let is_export = self.options.exports.contains(&self.root.path.join(self.relative));
        for found in matches {
            if !is_last && found.whole.start >= keep_from {
                continue;
            }
            if found.detector.public && is_export {
                continue;
            }
            let allowed_by = match inline_allow(lines.line(text, found.span.start)) {
                Some(mark) if !self.options.no_inline_allow => Some(mark),
                _ => None,
            };
            let fingerprint = found.secret.fingerprint(&self.context.fingerprint_key);
            let path = if self.relative.is_empty() { "" } else { self.relative };
            let base = format!("exposure:{}/{}/{}/{path}", found.detector.id, fingerprint.as_str(), self.root.label);
            let occurrence = seen.entry(base.clone()).and_modify(|count| *count += 1).or_insert(1);
            let id = if *occurrence == 1 { base } else { format!("{base}#{occurrence}") };
            let preview = if found.detector.public {
                found.proof.key_id.clone().unwrap_or_default()
            } else {
                found.secret.preview()
            };
            let exposure = Exposure {
                id: Urn::new(id),
                detector: found.detector.id.clone(),
                title: found.detector.title.clone(),
                severity: found.detector.severity,
                confidence: found.detector.confidence,
                fingerprint,
                preview,
                proof: found.proof,
                allowed_by,
                remedy: found.detector.remedy.clone(),
                evidence: self.evidence(text, &lines, place, &found.span),
            };
            if !emit(exposure) {
                return false;
            }
        }
        true
    }

    fn evidence(&self, text: &[u8], lines: &LineIndex, place: Place, span: &std::ops::Range<usize>) -> Evidence {
        let at = |offset| {
            let (line, column) = lines.position(text, offset);
            let column = if line == 1 { column + place.columns_before } else { column };
            (line + place.lines_before, column)
        };
        let ((line, column), (end_line, end_column)) = (at(span.start), at(span.end));
        let location = Location::File {
            root: self.root.shown.clone(),
            path: self.relative.to_owned(),
            line,
            column,
            end_line,
            end_column,
            commit: None,
        };
        Evidence { observed: self.context.now, collector: NAME.to_owned(), location }
    }
}

impl Place {
    /// The place of the window that starts at `keep_from` of this one.
    fn after(self, window: &[u8], keep_from: usize) -> Self {
        let gone = &window[..keep_from];
        let newlines = gone.iter().filter(|byte| **byte == b'\n').count() as u64;
        let tail = gone.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let columns = String::from_utf8_lossy(tail).chars().count() as u64;
        Self {
            lines_before: self.lines_before + newlines,
            columns_before: if newlines == 0 { self.columns_before + columns } else { columns },
        }
    }
}

/// Where the next window starts: behind the last line end that leaves enough to see again, else right there.
fn split_point(window: &[u8]) -> usize {
    let latest = window.len().saturating_sub(OVERLAP);
    let earliest = window.len().saturating_sub(2 * OVERLAP);
    let newline = window[earliest..latest].iter().rposition(|byte| *byte == b'\n');
    newline.map_or(latest, |place| earliest + place + 1)
}
