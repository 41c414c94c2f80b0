//! What a filter sees of a match: the value, the text around it, and the file. Judges nothing.

use std::ops::Range;

/// A match before it is judged.
#[derive(Clone, Copy)]
pub(in crate::secrets) struct Sight<'t> {
    /// The whole text.
    pub(super) text: &'t [u8],
    /// Where the match begins and ends in it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The value.
    pub(super) secret: &'t [u8],
    /// What the file is called: below its root, and as it was given. Empty when there is no file.
    pub(super) paths: &'t [&'t str],
}

impl<'t> Sight<'t> {
    /// `None` for ranges outside the text.
    pub(in crate::secrets) fn new(
        text: &'t [u8],
        whole: &Range<usize>,
        secret: &Range<usize>,
        paths: &'t [&'t str],
    ) -> Option<Self> {
        text.get(whole.clone())?;
        Some(Self { text, start: whole.start, end: whole.end, secret: text.get(secret.clone())?, paths })
    }

    /// The text of the match.
    pub(super) fn matched(&self) -> &'t [u8] {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the line begins that the match begins on.
    pub(super) fn line_start(&self) -> usize {
        let before = self.text.get(..self.start).unwrap_or_default();
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1)
    }

    /// Where the line ends that the match ends on.
    pub(super) fn line_end(&self) -> usize {
        let behind = self.text.get(self.end..).unwrap_or_default();
        behind.iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |place| self.end + place)
    }

    /// The lines of the match.
    pub(super) fn line(&self) -> &'t [u8] {
        self.text.get(self.line_start()..self.line_end()).unwrap_or_default()
    }
}
