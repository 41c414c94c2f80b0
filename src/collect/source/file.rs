//! Scans one file in windows of bounded size, so that a huge file costs no more memory than a large one.
//! Judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::text::Text;
use super::{NAME, Root, SourceOptions};
use crate::collect::Context;
use crate::model::{Evidence, Exposure, Location, Urn};
use crate::secrets::{DetectorSet, LineIndex, Match, inline_allow};

/// The longest line on which an allow comment counts, in bytes. A longer line is not one statement that somebody
/// looked at: in a minified file one comment would mute everything.
const LONGEST_ALLOWED_LINE: usize = 2000;

/// How a file is cut into windows. Each window sees so much of its neighbours that whatever begins in its own part is
/// found in it as it would be in the whole file, and only there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// How much is scanned at once, in bytes; more than twice the overlap.
    window: usize,
    /// How much is seen before and behind a window's own part, in bytes: more than any secret has with what must stand
    /// beside it, and more than [`LONGEST_ALLOWED_LINE`].
    overlap: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { window: 8 * 1024 * 1024, overlap: 128 * 1024 }
    }
}

/// How reading a file ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of its bytes were scanned.
    Read(u64),
    /// Only so many bytes were scanned.
    CutShort(u64),
    /// Its text is packed; none of it was scanned.
    Packed,
}

/// What is needed to scan one file.
pub(super) struct FileScanner<'a> {
    pub(super) root: &'a Root,
    pub(super) relative: &'a str,
    pub(super) options: &'a SourceOptions,
    pub(super) detectors: &'a DetectorSet,
    pub(super) context: &'a Context,
    pub(super) extent: Extent,
}

/// A part of a file.
struct Window<'a> {
    text: &'a [u8],
    /// What no other window reports, within the text.
    own: Range<usize>,
    place: Place,
}

/// Where a window stands in its file.
#[derive(Clone, Copy, Default)]
struct Place {
    lines_before: u64,
    columns_before: u64,
}

/// What was reported of a file so far.
struct Seen<'a> {
    path: &'a Path,
    /// How often each id was given.
    ids: BTreeMap<String, u64>,
    /// Whether it is read as an export, too; found out when it matters.
    is_export: Option<bool>,
}

impl FileScanner<'_> {
    /// Calls `emit` for each exposure, in order, until it returns `false`.
    pub(super) fn scan(&self, path: &Path, emit: impl FnMut(Exposure) -> bool) -> io::Result<Ended> {
        let Some(file) = Text::open(path, self.options.max_file_size)? else { return Ok(Ended::Packed) };
        self.scan_text(file, path, emit)
    }

    /// As [`Self::scan`], for text that is open already. The path is that of the file it came from.
    pub(super) fn scan_text(
        &self,
        mut file: Text<'_>,
        path: &Path,
        mut emit: impl FnMut(Exposure) -> bool,
    ) -> io::Result<Ended> {
        let mut seen = Seen { path, ids: BTreeMap::new(), is_export: None };
        let mut text = Vec::new();
        let mut own_start = 0;
        let mut place = Place::default();
        loop {
            let filled = file.fill(&mut text, self.extent.window);
            // What was read before an error is scanned all the same.
            let is_last = *filled.as_ref().unwrap_or(&true);
            let own_end = if is_last { text.len() } else { text.len().saturating_sub(self.extent.overlap) };
            let window = Window { text: &text, own: own_start..own_end, place };
            let goes_on = self.window(&window, &mut seen, &mut emit);
            filled?;
            if is_last || !goes_on {
                let bytes = file.bytes_read();
                return Ok(if file.is_cut_short()? { Ended::CutShort(bytes) } else { Ended::Read(bytes) });
            }
            let start = LineIndex::character_start(&text, own_end.saturating_sub(self.extent.overlap));
            place = place.after(&text[..start]);
            own_start = own_end - start;
            text.drain(..start);
        }
    }

    /// Reports what begins in a window's own part.
    fn window(&self, window: &Window<'_>, seen: &mut Seen<'_>, emit: &mut impl FnMut(Exposure) -> bool) -> bool {
        let given = self.given_name();
        let paths = [self.relative, &given];
        let matches = self.detectors.scan_file(window.text, None, &paths);
        if matches.is_empty() {
            return true;
        }
        let lines = LineIndex::new(window.text);
        // Matches come in the order of their place, so that of a line's allow comment is the last one asked for.
        let mut allow = (0, None);
        for found in matches.into_iter().filter(|found| window.own.contains(&found.whole.start)) {
            let exports = &self.options.exports;
            if found.detector.public && *seen.is_export.get_or_insert_with(|| is_one_of(exports, seen.path)) {
                continue;
            }
            let (line, _) = lines.position(window.text, found.span.start);
            if allow.0 != line {
                allow = (line, self.allow_mark(lines.line(window.text, found.span.start)));
            }
            let evidence = self.evidence(window, &lines, &found.span);
            let mut allowed_by = allow.1.clone().or_else(|| self.detectors.allows(&found, window.text, &paths));
            if allowed_by.is_none()
                && let Location::File { line, .. } = evidence.location
            {
                allowed_by = self.options.ignored.allows(&paths, line);
            }
            if !emit(self.exposure(found, evidence, allowed_by, seen)) {
                return false;
            }
        }
        true
    }

    /// The file as it was given: with its root before it.
    fn given_name(&self) -> String {
        match (self.root.shown.as_str(), self.relative) {
            ("", relative) => relative.to_owned(),
            (root, "") => root.to_owned(),
            (root, relative) => format!("{}/{relative}", root.trim_end_matches('/')),
        }
    }

    /// The comment that allows what is found on a line of at most [`LONGEST_ALLOWED_LINE`] bytes.
    fn allow_mark(&self, line: &[u8]) -> Option<String> {
        let counts = !self.options.no_inline_allow && line.len() <= LONGEST_ALLOWED_LINE;
        counts.then(|| inline_allow(line)).flatten()
    }

    fn exposure(
        &self,
        found: Match<'_>,
        evidence: Evidence,
        allowed_by: Option<String>,
        seen: &mut Seen<'_>,
    ) -> Exposure {
        let detector = found.detector;
        let fingerprint = found.secret.fingerprint(&self.context.fingerprint_key);
        let (label, path) = (&self.root.label, self.relative);
        let base = format!("exposure:{}/{}/{label}/{path}", detector.id, fingerprint.as_str());
        let occurrence = seen.ids.entry(base.clone()).and_modify(|count| *count += 1).or_insert(1);
        let id = if *occurrence == 1 { base } else { format!("{base}#{occurrence}") };
        let preview =
            if detector.public { found.proof.key_id.clone().unwrap_or_default() } else { found.secret.preview() };
        Exposure {
            id: Urn::new(id),
            detector: detector.id.clone(),
            title: detector.title.clone(),
            severity: detector.severity,
            confidence: found.confidence,
            fingerprint,
            preview,
            public: detector.public,
            proof: found.proof,
            allowed_by,
            encoding: found.encoding.iter().map(|name| (*name).to_owned()).collect(),
            introduced: None,
            remedy: detector.remedy.clone(),
            evidence,
        }
    }

    fn evidence(&self, window: &Window<'_>, lines: &LineIndex, span: &Range<usize>) -> Evidence {
        let at = |offset| {
            let (line, column) = lines.position(window.text, offset);
            let column = if line == 1 { column + window.place.columns_before } else { column };
            (line + window.place.lines_before, column)
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
    /// The place of what comes behind the beginning of a window.
    fn after(self, gone: &[u8]) -> Self {
        let newlines = gone.iter().filter(|byte| **byte == b'\n').count() as u64;
        let tail = gone.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let columns = String::from_utf8_lossy(tail).chars().count() as u64;
        Self {
            lines_before: self.lines_before + newlines,
            columns_before: if newlines == 0 { self.columns_before + columns } else { columns },
        }
    }
}

/// Whether a file is among these, by its true path.
fn is_one_of(files: &BTreeSet<PathBuf>, path: &Path) -> bool {
    !files.is_empty() && path.canonicalize().is_ok_and(|path| files.contains(&path))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::model::FingerprintKey;

    /// Our own detectors; their examples are what is planted.
    static DETECTORS: LazyLock<DetectorSet> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/detect");
        let files: Vec<(String, String)> = std::fs::read_dir(folder)
            .expect("it is there")
            .map(|entry| entry.expect("it is readable").path())
            .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("it is readable")))
            .collect();
        let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        DetectorSet::parse(files).expect("they are right")
    });

    /// What is found in a file, by place.
    fn found(text: &[u8], extent: Extent) -> Vec<Exposure> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("room");
        let root = Root {
            shown: String::new(),
            label: "root".to_owned(),
            path: file.path().to_owned(),
            true_path: file.path().to_owned(),
            number: 0,
        };
        let scanner = FileScanner {
            root: &root,
            relative: "file",
            options: &SourceOptions::default(),
            detectors: &DETECTORS,
            context: &Context {
                now: jiff::Timestamp::UNIX_EPOCH,
                fingerprint_key: FingerprintKey::default(),
                progress: std::sync::Arc::new(|_| {}),
            },
            extent,
        };
        let mut found = Vec::new();
        let ended = scanner.scan(file.path(), |exposure| {
            found.push(exposure);
            true
        });
        assert_eq!(ended.expect("it is readable"), Ended::Read(text.len() as u64));
        found.sort_by(|a, b| a.evidence.cmp(&b.evidence));
        found
    }

    fn piece() -> impl Strategy<Value = String> {
        let examples: Vec<String> = DETECTORS.detectors().iter().flat_map(|one| one.examples.clone()).collect();
        prop_oneof![
            6 => prop::sample::select(examples),
            3 => prop::sample::select(vec!["\n", " ", "\n\n", "x", "é", "; # nonhuman: allow\n"]).prop_map(str::to_owned),
            1 => (prop::sample::select(vec!["-", "words ", "ü", "line\n"]), 1..1500_usize)
                .prop_map(|(text, count)| text.repeat(count)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 50, ..ProptestConfig::default() })]

        /// No match is lost, doubled or moved at the edge of a window.
        #[test]
        fn windows_find_what_is_found_in_the_whole(
            pieces in prop::collection::vec(piece(), 1..200),
            room in 1..3000_usize,
        ) {
            let text = pieces.concat();
            let overlap = 6 * 1024;
            let windows = found(text.as_bytes(), Extent { window: 2 * overlap + room, overlap });
            let whole = found(text.as_bytes(), Extent { window: text.len() + 1, overlap });
            prop_assert_eq!(windows, whole);
        }
    }
}
