//! From bytes to matches: candidates, expressions, filters, and one match for each piece of text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::decode::{self, Budget};
use super::import::partner;
use super::verify::entropy;
use super::{Detector, DetectorSet, beside, pair, runs};
use crate::model::{Confidence, Proof, Secret, Severity};

/// How far around new text its context is searched for keywords, in bytes.
const CONTEXT: usize = 2048;

/// A found secret, which borrows the scanned bytes.
pub struct Match<'a> {
    /// What found it.
    pub detector: &'a Detector,
    /// How sure it is: as its detector, unless a filter knows better.
    pub confidence: Confidence,
    /// Where the value lies, in bytes.
    pub span: Range<usize>,
    /// Where the text lies that made it a match, in bytes.
    pub whole: Range<usize>,
    /// The value.
    pub secret: Secret<'a>,
    /// What the text proves.
    pub proof: Proof,
    /// How it was written, from the outside in; empty when it stood there plainly.
    pub encoding: Vec<&'static str>,
    /// Every piece of text that belongs to this credential.
    pub(super) claims: Vec<Range<usize>>,
    /// Where the id stands that the secret belongs to.
    pub(super) key: Option<Range<usize>>,
}

/// What a scan of a file gave.
pub struct Scanned<'a> {
    /// The secrets, in the order of their place.
    pub matches: Vec<Match<'a>>,
    /// Whether encoded text in it is longer, or lies deeper in other encodings, than what is decoded.
    pub is_cut: bool,
}

impl DetectorSet {
    /// Finds the secrets in a text. Pure: the same bytes give the same matches, in the order of their place.
    pub fn scan<'a>(&'a self, text: &'a [u8]) -> Vec<Match<'a>> {
        self.scan_file(text, None, &[]).matches
    }

    /// As [`Self::scan`], or as [`Self::scan_ranges`] when there are ranges, in a file that is called so: below its root,
    /// and as it was given. Some imported rules are about paths.
    pub fn scan_file<'a>(&'a self, text: &'a [u8], ranges: Option<&[Range<usize>]>, paths: &[&str]) -> Scanned<'a> {
        if let Some(ranges) = ranges {
            return self.within(text, ranges, paths);
        }
        let mut budget = Budget::of(text.len());
        let matches = self.scan_with(text, paths, &mut budget);
        Scanned { matches, is_cut: budget.is_cut() }
    }

    /// As [`Self::scan`], for text that may itself have been decoded.
    pub(super) fn scan_with<'a>(&'a self, text: &'a [u8], paths: &[&str], budget: &mut Budget) -> Vec<Match<'a>> {
        self.scan_parts(text, std::slice::from_ref(&(0..text.len())), paths, budget)
    }

    /// Finds what has a keyword in one of these parts of a text, or is encoded in one.
    fn scan_parts<'a>(
        &'a self,
        text: &'a [u8],
        parts: &[Range<usize>],
        paths: &[&str],
        budget: &mut Budget,
    ) -> Vec<Match<'a>> {
        let mut matches = Vec::new();
        let mut runs_of_parts = Vec::with_capacity(parts.len());
        for part in parts {
            let runs = runs::all(text.get(part.clone()).unwrap_or_default());
            matches.extend(self.matches(text, part.clone(), &runs, paths));
            runs_of_parts.push(runs);
        }
        pair::resolve(text, &mut matches);
        let mut matches = resolve_overlaps(matches);
        beside::add(text, &mut matches);
        for (part, runs) in parts.iter().zip(&runs_of_parts) {
            decode::add(self, text, part.clone(), runs, paths, budget, &mut matches);
        }
        matches.iter_mut().for_each(|found| self.keep_public_facts(&mut found.proof));
        matches
    }

    /// The matches of which some part lies in one of these ranges, which are in order; the text around them is their
    /// context, and is searched no further than 2 KiB. For text of which only a part is new.
    pub fn scan_ranges<'a>(&'a self, text: &'a [u8], ranges: &[Range<usize>]) -> Vec<Match<'a>> {
        self.within(text, ranges, &[]).matches
    }

    fn within<'a>(&'a self, text: &'a [u8], ranges: &[Range<usize>], paths: &[&str]) -> Scanned<'a> {
        let mut searched: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            let (start, end) = (range.start.saturating_sub(CONTEXT), range.end.saturating_add(CONTEXT).min(text.len()));
            match searched.last_mut().filter(|last| last.end >= start) {
                Some(last) => last.end = last.end.max(end),
                None => searched.push(start..end),
            }
        }
        let length = searched.iter().map(Range::len).sum();
        let mut budget = Budget::of(length);
        let mut matches = self.scan_parts(text, &searched, paths, &mut budget);
        matches.retain(|found| {
            let first = ranges.partition_point(|range| range.end <= found.whole.start);
            ranges.get(first).is_some_and(|range| range.start < found.whole.end)
        });
        Scanned { matches, is_cut: budget.is_cut() }
    }

    /// Every match whose keyword lies in a part of a text with these runs.
    fn matches<'a>(
        &'a self,
        text: &'a [u8],
        within: Range<usize>,
        runs: &[Range<usize>],
        paths: &[&str],
    ) -> Vec<Match<'a>> {
        let prefilter = self.prefilter();
        let hits = prefilter.hits(self.detectors(), text, within.clone(), runs);
        let mut matches = Vec::new();
        for of_detector in hits.chunk_by(|a, b| a.detector == b.detector) {
            let detector = &self.detectors()[of_detector[0].detector];
            if detector.imported.as_deref().is_some_and(|imported| imported.is_searched_everywhere) {
                detector.find_everywhere(text, within.clone(), paths, &mut matches);
            } else {
                detector.find(text, of_detector, prefilter, paths, &mut matches);
            }
        }
        for detector in self.without_keywords() {
            detector.find_everywhere(text, within.clone(), paths, &mut matches);
        }
        if self.has_partners() {
            partner::require(text, &mut matches);
        }
        matches
    }

    /// A user name, host or issuer may itself be a secret (`https://TOKEN@host`). Only what looks like a name is kept.
    fn keep_public_facts(&self, proof: &mut Proof) {
        proof.facts.retain(|name, value| {
            let is_random =
                value.len() > 20 && !value.contains(['.', '@', ':', '/', '-']) && entropy(value.as_bytes()) > 3.6;
            let runs = runs::all(value.as_bytes());
            let hits = self.prefilter().hits(self.detectors(), value.as_bytes(), 0..value.len(), &runs);
            let is_secret = hits.into_iter().any(|hit| {
                let detector = &self.detectors()[hit.detector];
                detector.proves != proof.kind && detector.regex().is_some_and(|regex| regex.is_match(value.as_bytes()))
            });
            matches!(name.as_str(), "account_uid" | "stripe_account") || !(is_random || is_secret)
        });
    }
}

impl DetectorSet {
    /// Replaces the secrets in a text by their previews. Returns whether there was one.
    pub fn mask(&self, text: &mut String) -> bool {
        let found: Vec<_> = self
            .scan(text.as_bytes())
            .iter()
            .filter(|found| !found.detector.public)
            .map(|found| (found.span.clone(), found.secret.preview()))
            .collect();
        for (span, preview) in found.iter().rev() {
            // Patterns see bytes; a span that cuts a character in two takes the whole text with it.
            if text.is_char_boundary(span.start) && text.is_char_boundary(span.end) {
                text.replace_range(span.clone(), preview);
            } else {
                preview.clone_into(text);
            }
        }
        !found.is_empty()
    }
}

impl Match<'_> {
    /// Which of two that see the same text is right: the surer, then the one that knows whose it is, then the graver,
    /// then ours.
    pub(super) fn rank(&self) -> (Confidence, bool, Severity, bool) {
        let knows = self.detector.proves.contains('.') && !self.detector.proves.starts_with("imported.");
        (self.confidence, knows, self.detector.severity, self.detector.imported.is_none())
    }
}

/// Keeps the best of the matches that claim the same text.
fn resolve_overlaps(mut matches: Vec<Match<'_>>) -> Vec<Match<'_>> {
    matches.sort_by(|a, b| {
        let by_rank = b.rank().cmp(&a.rank());
        by_rank
            .then_with(|| b.claims.len().cmp(&a.claims.len()))
            .then_with(|| b.span.len().cmp(&a.span.len()))
            .then_with(|| a.span.start.cmp(&b.span.start))
            .then_with(|| a.detector.id.cmp(&b.detector.id))
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    matches.retain(|found| {
        let overlaps = taken.range(..found.span.end).next_back().is_some_and(|(_, end)| *end > found.span.start);
        if !overlaps {
            found.claims.iter().for_each(|claim| take(&mut taken, claim.clone()));
        }
        !overlaps
    });
    matches.sort_by_key(|found| (found.span.start, found.span.end));
    matches
}

/// Takes a piece of text; pieces that overlap become one, so that the last one before a place is the one that matters.
fn take(taken: &mut BTreeMap<usize, usize>, claim: Range<usize>) {
    let (mut start, mut end) = (claim.start, claim.end);
    while let Some((&first, &last)) = taken.range(..end).next_back().filter(|(_, last)| **last > start) {
        (start, end) = (start.min(first), end.max(last));
        taken.remove(&first);
    }
    taken.insert(start, end);
}

/// How far apart the places are whose characters are counted beforehand, in bytes.
const STEP: usize = 512;

/// Turns byte offsets of a text into lines and columns. Any offset of any line is found without reading the line from
/// its start, so that a file of one line costs no more than one of many.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
    /// How many characters lie before the character at each multiple of [`STEP`].
    characters: Vec<u64>,
}

impl LineIndex {
    /// Finds every line start once, and counts every character once.
    pub fn new(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        let (mut last, mut total) = (0, 0);
        let characters = (0..=text.len() / STEP).map(|step| {
            let place = Self::character_start(text, step * STEP);
            total += count(&text[last..place]);
            last = place;
            total
        });
        Self { characters: characters.collect(), starts }
    }

    /// The line (from 1) and the column in characters (from 1) of a byte offset. What is no UTF-8 counts as it is
    /// shown: one replacement character for each piece.
    pub fn position(&self, text: &[u8], offset: usize) -> (u64, u64) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1].min(text.len());
        let offset = offset.clamp(start, text.len());
        (line as u64, self.characters_before(text, offset) - self.characters_before(text, start) + 1)
    }

    fn characters_before(&self, text: &[u8], offset: usize) -> u64 {
        let step = offset / STEP;
        let known = Self::character_start(text, step * STEP);
        self.characters.get(step).copied().unwrap_or_default() + count(&text[known..offset.max(known)])
    }

    /// Where the character begins that a byte offset lies in. From there on characters can be counted as if the text
    /// began there.
    pub fn character_start(text: &[u8], offset: usize) -> usize {
        let offset = offset.min(text.len());
        let is_inside = |place: &usize| text.get(*place).is_some_and(|byte| byte & 0xc0 == 0x80);
        // The longest character has three bytes behind its first; behind more of them each stands alone.
        (0..=offset.min(3)).map(|back| offset - back).find(|place| !is_inside(place)).unwrap_or(offset)
    }

    /// The whole line that holds a byte offset, without its end.
    pub fn line<'a>(&self, text: &'a [u8], offset: usize) -> &'a [u8] {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1].min(text.len());
        let end = self.starts.get(line).map_or(text.len(), |next| next - 1);
        &text[start..end.max(start)]
    }
}

/// How many characters bytes are shown as.
fn count(bytes: &[u8]) -> u64 {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() as u64 + u64::from(!chunk.invalid().is_empty())).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_piece_within_a_larger_one_hides_nothing_of_it() {
        let mut taken = BTreeMap::new();
        for claim in [0..100, 10..20, 30..40, 90..120, 200..210] {
            take(&mut taken, claim);
        }
        assert_eq!(Vec::from_iter(taken), vec![(0, 120), (200, 210)]);
    }

    proptest! {
        /// Counting from the nearest step gives what counting from the start of the line gives.
        #[test]
        fn a_column_is_the_number_of_characters_before_it(
            pieces in prop::collection::vec(prop::sample::select(vec!["a", "ä", "€", "𝒳", "\n", "\u{7f}"]), 0..2000),
            broken in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
            places in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        ) {
            let mut text = pieces.concat().into_bytes();
            text.push(b'.');
            for (place, byte) in broken {
                let place = place.index(text.len());
                text[place] = byte;
            }
            let lines = LineIndex::new(&text);
            for place in places.iter().map(|place| place.index(text.len())) {
                let before = text[..place].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let column = String::from_utf8_lossy(before).chars().count() as u64 + 1;
                // Inside a character it is a matter of taste; at its start it is not.
                if LineIndex::character_start(&text, place) == place {
                    prop_assert_eq!(lines.position(&text, place).1, column);
                }
            }
        }
    }
}
