//! Cuts a YAML stream into its documents and reads each on its own, so that a broken one costs no other.
//! It follows no alias without limits and never holds a whole document as text.

use std::io::{self, BufRead, Read};

use serde::de::DeserializeSeed;
use serde_saphyr::{Error, Options};

use super::read::{Broken, Document, Part, Taker, whole};
use crate::collect::CollectError;

/// After so many broken documents the rest of a file is not read: it is not YAML.
const MOST_BROKEN: u32 = 10;

/// How much of a line is read at once.
const PIECE: u64 = 64 * 1024;

/// Reads every document of a stream.
pub(super) fn read(mut input: impl BufRead, take: &mut Taker<'_>) -> Result<(), CollectError> {
    let mut lines = Lines { input: &mut input, piece: Vec::new(), line_start: true, newlines: 0, failed: None };
    let mut broken = 0;
    while lines.more() {
        let first = lines.newlines;
        let mut text = OneDocument { lines: &mut lines, position: 0, started: false, ended: false };
        let mut document = Document { take, line: first + 1, stopped: None };
        let read = serde_saphyr::with_deserializer_from_reader_with_options(&mut text, limits(), |deserializer| {
            (&mut document).deserialize(deserializer)
        });
        let stopped = document.stopped.take();
        let blank = !text.started;
        text.pass_over();
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        if let Some(error) = lines.failed.take() {
            return take(Part::Broken(whole(&error)));
        }
        let Err(error) = read else { continue };
        if blank {
            continue;
        }
        broken += 1;
        take(Part::Broken(describe(&error, first, broken == MOST_BROKEN)))?;
        if broken == MOST_BROKEN {
            return Ok(());
        }
    }
    Ok(())
}

/// Limits against alias bombs and deep nesting. What only grows with the file itself is not limited: a cluster's dump
/// may be large. `kubectl` writes no aliases at all.
fn limits() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        // A namespace may be called `n` or `on`; kubectl quotes such names, people do not.
        strict_booleans: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_depth: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_merge_keys: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
    }
}

/// An error in words of ours: the library's may quote the text.
fn describe(error: &Error, first: u64, last: bool) -> Broken {
    let error = error.without_snippet();
    let cause = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let reason = match cause {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "goes over a limit against YAML bombs (nesting over 64 levels, over 1000 aliases, or aliases of aliases)"
        }
        Error::SerdeInvalidType { .. } | Error::SerdeInvalidValue { .. } => {
            "expected a Kubernetes object or a list of them"
        }
        Error::InvalidUtf8Input => "is not UTF-8",
        _ => "not valid YAML: expected a Kubernetes object or a list of them",
    };
    let more = if last { "; the rest of the file is not read" } else { "" };
    let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
    Broken { line: line + first, column, reason: format!("{reason}{more}") }
}

/// The lines of a stream, in pieces.
struct Lines<'a, R> {
    input: &'a mut R,
    /// What was read and not yet given on: a line, or a part of a long one.
    piece: Vec<u8>,
    /// Whether `piece` is the start of a line.
    line_start: bool,
    /// How many lines were given on.
    newlines: u64,
    failed: Option<io::Error>,
}

impl<R: BufRead> Lines<'_, R> {
    /// Whether there is anything left; fills `piece`.
    fn more(&mut self) -> bool {
        if !self.piece.is_empty() {
            return true;
        }
        let mut limited = Read::take(&mut *self.input, PIECE);
        match limited.read_until(b'\n', &mut self.piece) {
            Ok(read) => read > 0,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Forgets the current piece.
    fn advance(&mut self) {
        self.line_start = self.piece.last() == Some(&b'\n');
        self.newlines += u64::from(self.line_start);
        self.piece.clear();
    }

    /// Whether the current line is a document marker (`---` or `...`), which YAML forbids at the start of a line inside
    /// any scalar (YAML 1.2.2, rule `c-forbidden`).
    fn is_marker(&self, marker: &[u8; 3]) -> bool {
        let rest = self.piece.strip_prefix(marker);
        self.line_start && rest.is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
    }

    /// Whether the current line is blank, a comment or a directive, all of which may stand before a `---`.
    fn is_preamble(&self) -> bool {
        let first = self.piece.iter().find(|byte| !byte.is_ascii_whitespace());
        self.line_start && first.is_none_or(|byte| matches!(byte, b'#' | b'%'))
    }
}

/// The text of the next document of a stream.
struct OneDocument<'a, 'b, R> {
    lines: &'a mut Lines<'b, R>,
    /// How much of the current piece was given on.
    position: usize,
    /// Whether a `---` or any content was given on.
    started: bool,
    ended: bool,
}

impl<R: BufRead> OneDocument<'_, '_, R> {
    /// Moves to text that belongs to this document; false at its end.
    fn fill(&mut self) -> bool {
        if self.position > 0 && self.position >= self.lines.piece.len() {
            let closing = self.lines.is_marker(b"...");
            self.lines.advance();
            self.position = 0;
            self.ended |= closing;
        }
        if self.ended || !self.lines.more() {
            return false;
        }
        if self.position == 0 {
            if self.started && self.lines.is_marker(b"---") {
                self.ended = true;
                return false;
            }
            self.started |= !self.lines.is_preamble();
        }
        true
    }

    /// Passes over what the parser did not want.
    fn pass_over(&mut self) {
        while self.fill() {
            self.position = self.lines.piece.len();
        }
    }
}

impl<R: BufRead> Read for OneDocument<'_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.fill() {
            return Ok(0);
        }
        let rest = self.lines.piece.get(self.position..).unwrap_or_default();
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.position += count;
        Ok(count)
    }
}
