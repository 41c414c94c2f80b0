//! Scans one file in windows of bounded size, so that a huge file costs no more memory than a large one.
//! Judges nothing.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::agents::Watch;
use super::allows::{Allowed, Allows};
use super::text::Text;
use super::window::{Extent, Place, Window};
use super::{NAME, Root, Selection, SourceOptions};
use crate::collect::agents::Notes;
use crate::collect::{Context, found};
use crate::model::{Evidence, Exposure, Location};
use crate::secrets::{DetectorSet, LineIndex, Match, Scanned};

/// How reading a file ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of its bytes were scanned.
    Read(u64),
    /// Only so many bytes were scanned.
    CutShort(u64),
    /// It was an archive or is packed, and what was read of it is noted already.
    Unpacked,
}

/// What is needed to scan one file.
pub(super) struct FileScanner<'a> {
    pub(super) root: &'a Root,
    pub(super) relative: &'a str,
    pub(super) options: &'a SourceOptions,
    pub(super) detectors: &'a DetectorSet,
    pub(super) context: &'a Context,
    pub(super) extent: Extent,
    /// The commit that holds the file, when it is read from a history.
    pub(super) commit: Option<&'a str>,
    /// Who reads what the file says of agents.
    pub(super) agents: Option<&'a Notes>,
    /// How the tree is called in the coverage.
    pub(super) target: &'a str,
}

/// What was reported of a file so far.
struct Seen<'a> {
    path: &'a Path,
    /// How often each id was given.
    ids: found::Ids,
    /// Whether it is read as an export, too; found out when it matters.
    is_export: Option<bool>,
}

impl FileScanner<'_> {
    /// Calls `emit` for each exposure in an open text, in order, until it returns `false`. The path is that of the file it
    /// came from.
    pub(super) fn scan_text(
        &self,
        mut file: Text<'_>,
        path: &Path,
        mut emit: impl FnMut(Exposure) -> bool,
    ) -> io::Result<Ended> {
        let mut seen = Seen { path, ids: found::Ids::new(), is_export: None };
        let mut text = Vec::new();
        let mut own_start = 0;
        let mut place = Place::default();
        let mut watch = Watch::over(self);
        loop {
            let filled = file.fill(&mut text, self.extent.window);
            // What was read before an error is scanned all the same.
            let is_last = *filled.as_ref().unwrap_or(&true);
            let shared = if is_last { 0 } else { self.extent.shared(&text) };
            let own_end = text.len().saturating_sub(shared);
            let window = Window { text: &text, ranges: None, own: own_start..own_end, place };
            let goes_on = self.watched(&window, watch.take(), is_last, &mut seen, &mut emit);
            filled?;
            if is_last || !goes_on {
                let bytes = file.bytes_read();
                return Ok(if file.is_cut_short()? { Ended::CutShort(bytes) } else { Ended::Read(bytes) });
            }
            let start = LineIndex::character_start(&text, own_end.saturating_sub(shared));
            place = place.after(&text[..start]);
            own_start = own_end - start;
            text.drain(..start);
        }
    }

    /// As [`Self::scan_text`], for a file of plain text that is all in memory.
    pub(super) fn scan_plain(&self, text: &[u8], path: &Path, mut emit: impl FnMut(Exposure) -> bool) {
        let mut seen = Seen { path, ids: found::Ids::new(), is_export: None };
        let window = Window { text, ranges: None, own: 0..text.len(), place: Place::default() };
        self.watched(&window, Watch::over(self), true, &mut seen, &mut emit);
    }

    /// Reports what begins in a window's own part, and has it read by whoever watches the file. Returns whether more is
    /// wanted.
    fn watched(
        &self,
        window: &Window<'_>,
        watch: Option<Watch<'_>>,
        is_last: bool,
        seen: &mut Seen<'_>,
        emit: &mut impl FnMut(Exposure) -> bool,
    ) -> bool {
        let mut watch = watch.filter(|watch| watch.wants(window.text));
        let path = seen.path;
        let goes_on = self.window(window, seen, &mut |exposure: Exposure| {
            watch.iter_mut().for_each(|watch| watch.found(&exposure));
            emit(exposure)
        });
        if let Some(watch) = watch {
            watch.read(self, path, window.text, is_last);
        }
        goes_on
    }

    /// Calls `emit` for each exposure in these parts of a text that is all in memory, in order. The path is that of the
    /// file as it would lie in the work tree.
    pub(super) fn scan_added(&self, text: &[u8], ranges: &[Range<usize>], path: &Path, mut emit: impl FnMut(Exposure)) {
        let mut seen = Seen { path, ids: found::Ids::new(), is_export: None };
        let window = Window { text, ranges: Some(ranges), own: 0..text.len(), place: Place::default() };
        self.window(&window, &mut seen, &mut |exposure| {
            emit(exposure);
            true
        });
    }

    /// Notes which allow comments in these parts of a text that is all in memory allow nothing.
    pub(super) fn note_allows(&self, text: &[u8], ranges: &[Range<usize>]) {
        let mut allows = Allows::of(text, self.options, self.detectors, self.context);
        if allows.is_empty() {
            return;
        }
        // A new comment may speak of an old secret.
        let given = self.given_name();
        for found in self.detectors.scan_file(text, None, &[self.relative, &given]).matches {
            allows.of_match(&found);
        }
        let lines = LineIndex::new(text);
        for range in ranges {
            allows.note(range, self.told_name(), |byte| lines.position(text, byte).0);
        }
    }

    /// The path by which a reader of the coverage knows the file.
    fn told_name(&self) -> &str {
        if self.relative.is_empty() { &self.root.shown } else { self.relative }
    }

    /// Reports what begins in a window's own part.
    fn window(&self, window: &Window<'_>, seen: &mut Seen<'_>, emit: &mut impl FnMut(Exposure) -> bool) -> bool {
        let given = self.given_name();
        let paths = [self.relative, &given];
        let mut allows = Allows::of(window.text, self.options, self.detectors, self.context);
        let Scanned { matches, is_cut } = self.detectors.scan_file(window.text, window.ranges, &paths);
        if is_cut {
            self.options.allows.undecoded(self.told_name());
        }
        if matches.is_empty() && allows.is_empty() {
            return true;
        }
        let lines = LineIndex::new(window.text);
        for found in matches {
            // A comment in this window's part may speak of a match in the next one's.
            let allowed = allows.of_match(&found);
            if !window.own.contains(&found.whole.start) {
                continue;
            }
            let exports = &self.options.exports;
            if found.detector.public && *seen.is_export.get_or_insert_with(|| is_one_of(exports, seen.path)) {
                continue;
            }
            let evidence = self.evidence(window, &lines, &found.span);
            let allowed = allowed.or_else(|| self.imported_allow(&found, window.text, &paths, &evidence.location));
            if !emit(self.exposure(found, evidence, allowed, seen)) {
                return false;
            }
        }
        // Nobody mends an old version.
        if self.options.selection == Selection::WorkTree {
            let line = |byte| window.place.lines_before + lines.position(window.text, byte).0;
            allows.note(&window.own, self.told_name(), line);
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

    /// What of the files of other tools allows a match.
    fn imported_allow(&self, found: &Match<'_>, text: &[u8], paths: &[&str], at: &Location) -> Option<Allowed> {
        let of_commit = |commit| self.detectors.allows_commit(&found.detector.id, commit);
        let listed = || self.detectors.allows(found, text, paths).or_else(|| self.commit.and_then(of_commit));
        let placed = || match (at, self.commit) {
            (Location::File { line, .. }, None) => self.options.ignored.allows(paths, *line),
            (Location::File { line, .. }, Some(commit)) => self.options.ignored.allows_in_commit(paths, *line, commit),
            _ => None,
        };
        listed().or_else(placed).map(|by| Allowed { by, rules: Vec::new() })
    }

    fn exposure(
        &self,
        found: Match<'_>,
        evidence: Evidence,
        allowed: Option<Allowed>,
        seen: &mut Seen<'_>,
    ) -> Exposure {
        let place = format!("{}/{}", self.root.label, self.relative);
        let (allowed_by, allowed_for) = allowed.map_or((None, Vec::new()), |allowed| (Some(allowed.by), allowed.rules));
        let exposure = found::exposure(found, &place, evidence, &self.context.fingerprint_key, &mut seen.ids);
        Exposure { allowed_by, allowed_for, ..exposure }
    }

    fn evidence(&self, window: &Window<'_>, lines: &LineIndex, span: &Range<usize>) -> Evidence {
        let at = |offset| {
            let (line, column) = lines.position(window.text, offset);
            let column = if line == 1 { column + window.place.columns_before } else { column };
            (line + window.place.lines_before, column)
        };
        let ((line, column), (end_line, end_column)) = (at(span.start), at(span.end));
        let location = Location::File {
            root: self.root.shown.clone().into(),
            path: self.relative.into(),
            line,
            column,
            end_line,
            end_column,
            commit: self.commit.map(Arc::from),
        };
        Evidence { observed: self.context.now, collector: NAME.into(), location }
    }
}

/// Whether a file is among these, or lies in a folder that is, by its true path.
fn is_one_of(files: &BTreeSet<PathBuf>, path: &Path) -> bool {
    let is_in = |path: &Path| files.contains(path) || path.parent().is_some_and(|folder| files.contains(folder));
    !files.is_empty() && path.canonicalize().is_ok_and(|path| is_in(&path))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::FingerprintKey;
    use crate::secrets::tests::DETECTORS;

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
            is_home: false,
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
            commit: None,
            agents: None,
            target: "",
        };
        let mut found = Vec::new();
        let opened = Box::new(super::super::text::open(file.path()).expect("it opens"));
        let opened = Text::new(opened, u64::MAX).expect("it is readable");
        let ended = scanner.scan_text(opened, file.path(), |exposure| {
            found.push(exposure);
            true
        });
        assert_eq!(ended.expect("it is readable"), Ended::Read(text.len() as u64));
        found.sort_by(|a, b| a.evidence.cmp(&b.evidence));
        found
    }

    /// An example; a manifest as a document of its own. Every line of one mapping belongs to its `kind`, however far away:
    /// further than the windows of this test overlap.
    fn apart(example: String) -> String {
        if example.contains("kind") && example.contains("Secret") {
            format!("\n---\n{example}\n---\n")
        } else {
            example
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        let examples: Vec<String> =
            DETECTORS.detectors().iter().flat_map(|one| one.examples.clone()).map(apart).collect();
        prop_oneof![
            6 => prop::sample::select(examples),
            3 => prop::sample::select(vec!["\n", " ", "\n\n", "x", "é", "; # nonhuman: allow\n"]).prop_map(str::to_owned),
            1 => (prop::sample::select(vec!["-", "words ", "ü", "line\n"]), 1..1500_usize)
                .prop_map(|(text, count)| text.repeat(count)),
        ]
    }

    /// A Secret of more than a window's usual overlap, however it is written, is one over the edge of two windows.
    #[test]
    fn a_long_manifest_on_an_edge_is_read_whole() {
        let values: String =
            (0..9000).map(|n| format!("  k{n}: eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA==\n")).collect();
        let data = format!("data:\n{values}  DB_PASSWORD: aWc0OEhzbDJkUnEy\n{values}");
        let extent = Extent { window: 5 << 20, overlap: 128 * 1024 };
        for secret in [format!("kind: Secret\n{data}"), format!("apiVersion: v1\n{data}kind: Secret\n")] {
            for before in [3_500_000, 3_900_000, 4_400_000, 4_900_000] {
                let words = "words \n".repeat(before / 7);
                let text = format!("{words}---\n{secret}---\n{words}");
                let windows = found(text.as_bytes(), extent);
                assert_eq!(windows.len(), 1, "{before}");
                assert_eq!(windows, found(text.as_bytes(), Extent { window: text.len() + 1, ..extent }));
            }
        }
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
