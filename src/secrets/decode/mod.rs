//! Secrets that do not stand in a text as they are: finds encoded pieces of it, decodes them and has them scanned.
//! Judges no detector's match and runs nothing that it decodes.
//!
//! A match in decoded text is reported where the encoded text lies, so that line, column and span are of the file. What
//! is decoded depends on the piece alone, never on what was found elsewhere, and its cost is bounded: by a depth, by a
//! size a piece and by a size in all.

mod escapes;
mod manifest;
mod packed;
mod runs;
mod wide;
mod yaml;

use std::collections::BTreeMap;
use std::ops::Range;

pub(crate) use self::manifest::reach as manifest_reach;
use super::{DetectorSet, Match, pair};
use crate::model::{Confidence, Severity};

/// How many encodings may lie in one another.
const DEEPEST: usize = 5;
/// The longest text that one piece is decoded to, in bytes.
const LONGEST: usize = 1 << 20;

/// A piece of a text, decoded.
pub(super) struct Decoded {
    /// Where it lies in the text, in bytes.
    span: Range<usize>,
    /// What it says.
    text: Vec<u8>,
    /// How it is written.
    encoding: &'static str,
    /// Which part of the text each part of the decoded one comes from, in order; empty where that cannot be told.
    parts: Vec<Part>,
}

/// A stretch of decoded text of which every `unit` bytes are written with `width` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// Where it begins in the decoded text.
    decoded: usize,
    /// Where it begins in the text.
    encoded: usize,
    unit: usize,
    width: usize,
}

impl Part {
    fn is_plain(self) -> bool {
        self.unit == self.width
    }
}

impl Decoded {
    /// Where a part of the decoded text is written in the text.
    fn map(&self, range: &Range<usize>) -> Range<usize> {
        let part_of = |place: usize| {
            let number = self.parts.partition_point(|part| part.decoded <= place);
            number.checked_sub(1).and_then(|number| self.parts.get(number))
        };
        let written = |place: usize, part: &Part| (place - part.decoded) * part.width;
        let start = part_of(range.start).map(|part| part.encoded + written(range.start, part) / part.unit);
        // The end is where the last byte ends: the next part may begin further on.
        let last = range.end.saturating_sub(1).max(range.start);
        let end = part_of(last).map(|part| part.encoded + written(last + 1, part).div_ceil(part.unit));
        match (start, end) {
            (Some(start), Some(end)) => start.min(self.span.end)..end.clamp(start, self.span.end.max(start)),
            _ => self.span.clone(),
        }
    }

    /// Moves it behind so many bytes of text.
    fn shift(&mut self, by: usize) {
        self.span = self.span.start + by..self.span.end + by;
        self.parts.iter_mut().for_each(|part| part.encoded += by);
    }

    /// Whether any of this part of the decoded text stands there otherwise than in the text.
    fn differs(&self, range: &Range<usize>) -> bool {
        let first = self.parts.partition_point(|part| part.decoded <= range.start).saturating_sub(1);
        let within = self.parts.iter().skip(first).take_while(|part| part.decoded < range.end);
        self.parts.is_empty() || within.into_iter().any(|part| !part.is_plain())
    }

    /// A match in the decoded text as one in the text.
    fn lift<'a>(&self, found: Match<'_>, detectors: &'a DetectorSet) -> Option<Match<'a>> {
        let all = detectors.detectors();
        let place = all.binary_search_by(|detector| detector.id.cmp(&found.detector.id)).ok()?;
        let mut encoding = vec![self.encoding];
        encoding.extend(found.encoding);
        Some(Match {
            detector: all.get(place)?,
            confidence: found.confidence,
            span: self.map(&found.span),
            whole: self.map(&found.whole),
            secret: found.secret.into_owned(),
            proof: found.proof,
            encoding,
            claims: found.claims.iter().map(|claim| self.map(claim)).collect(),
            key: found.key.map(|key| self.map(&key)),
        })
    }
}

/// How much may still be decoded, and how deep this is.
pub(super) struct Budget {
    depth: usize,
    bytes: usize,
    is_cut: bool,
}

impl Budget {
    /// For a text of a length: twice of it, and enough for small ones that are packed.
    pub(super) fn of(length: usize) -> Self {
        Self { depth: 0, bytes: length.saturating_mul(2).saturating_add(2 * LONGEST), is_cut: false }
    }

    /// Whether something that could have been decoded was not, or not to its end.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes so many bytes for one more piece, unless it lies too deep or there is too little left.
    fn spend(&mut self, bytes: usize) -> bool {
        let is_enough = self.depth < DEEPEST && self.bytes >= bytes;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.is_cut |= !is_enough;
        is_enough
    }
}

/// Adds to the matches of a text those that are found when the pieces of a part of it, which has these runs, are decoded.
pub(super) fn add<'a>(
    detectors: &'a DetectorSet,
    text: &[u8],
    within: Range<usize>,
    runs: &[Range<usize>],
    paths: &[&str],
    budget: &mut Budget,
    matches: &mut Vec<Match<'a>>,
) {
    let mut found = Vec::new();
    let mut pieces = manifests(detectors, text, within.clone(), paths, budget, matches, &mut found);
    decode(text.get(within.clone()).unwrap_or_default(), runs, &mut |mut piece| {
        pieces += 1;
        piece.shift(within.start);
        take(detectors, &piece, pieces, paths, budget, &mut found)
    });
    if !found.is_empty() {
        join(matches, found);
    }
}

/// Adds what is found in the manifests of a part of a text, and drops what was found in the base64 of their values: that
/// is not what they are. Returns how many there were.
fn manifests<'a>(
    detectors: &'a DetectorSet,
    text: &[u8],
    within: Range<usize>,
    paths: &[&str],
    budget: &mut Budget,
    matches: &mut Vec<Match<'a>>,
    found: &mut Vec<(usize, Match<'a>)>,
) -> usize {
    let mut values: Vec<Range<usize>> = Vec::new();
    let mut pieces = 0;
    for manifest::Manifest { mut piece, values: decoded } in manifest::all(text.get(within.clone()).unwrap_or_default())
    {
        pieces += 1;
        piece.shift(within.start);
        if !take(detectors, &piece, pieces, paths, budget, found) {
            break;
        }
        values.extend(decoded.into_iter().map(|value| value.start + within.start..value.end + within.start));
    }
    let is_decoded = |span: &Range<usize>| {
        let place = values.partition_point(|value| value.end < span.end);
        values.get(place).is_some_and(|value| value.start <= span.start)
    };
    matches.retain(|one| !is_decoded(&one.span));
    for (_, one) in found.iter_mut().filter(|(_, one)| !is_decoded(&one.span)) {
        one.encoding.remove(0);
    }
    pieces
}

/// Scans a piece and adds what is found in it. Returns whether anything may still be decoded.
fn take<'a>(
    detectors: &'a DetectorSet,
    piece: &Decoded,
    number: usize,
    paths: &[&str],
    budget: &mut Budget,
    found: &mut Vec<(usize, Match<'a>)>,
) -> bool {
    if !budget.spend(piece.text.len()) {
        return false;
    }
    budget.depth += 1;
    let mut inner = Vec::new();
    if let Some((whole, is_cut)) = packed::whole(&piece.text) {
        budget.is_cut |= is_cut;
        // What lies in it by chance as it is would only hide what it says.
        let mut unpacked = Vec::new();
        take(detectors, &whole, 1, paths, budget, &mut unpacked);
        inner.extend(unpacked.into_iter().map(|(_, one)| one));
    } else {
        inner = detectors.scan_with(&piece.text, paths, budget);
    }
    budget.depth -= 1;
    let inner = inner.into_iter().filter(|one| piece.differs(&one.whole));
    found.extend(inner.filter_map(|one| piece.lift(one, detectors)).map(|one| (number, one)));
    true
}

/// Calls `each` for every piece that can be decoded to something like text, until it returns `false`.
fn decode(text: &[u8], runs: &[Range<usize>], each: &mut impl FnMut(Decoded) -> bool) {
    let _ = runs::each(text, runs, each)
        && runs::each_list(text, each)
        && escapes::each(text, each)
        && wide::each(text, each);
}

/// How good a match is against others of the same text: what stands there plainly or is surely found, before guesses
/// within decoded text; then the surer, then the graver.
fn rank(found: &Match<'_>) -> (bool, (Confidence, bool, Severity, bool)) {
    let rank = found.rank();
    (found.encoding.is_empty() || rank.0 >= Confidence::High, rank)
}

/// Puts decoded matches among the plain ones. Of those that claim the same text the better one stays, or the one that
/// was there before. Matches of one decoded piece are apart already, though they may come from the same bytes.
fn join<'a>(matches: &mut Vec<Match<'a>>, found: Vec<(usize, Match<'a>)>) {
    let mut all: Vec<(usize, Option<Match<'a>>)> = matches.drain(..).map(|one| (0, Some(one))).collect();
    // By start; of one start all that claim it.
    let mut taken: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (place, (_, one)) in all.iter().enumerate() {
        for claim in one.iter().flat_map(|one| &one.claims) {
            taken.insert((claim.start, place), claim.end);
        }
    }
    for (piece, one) in found {
        let before = taken.range(..(one.span.end, 0)).rev().take_while(|(_, end)| **end > one.span.start);
        let rivals: Vec<usize> = before.map(|((_, place), _)| *place).collect();
        let rivals = rivals.into_iter().filter(|place| all.get(*place).is_some_and(|(other, _)| *other != piece));
        let rivals: Vec<usize> = rivals.collect();
        let wins = |place: &usize| {
            all.get(*place).and_then(|(_, rival)| rival.as_ref()).is_none_or(|rival| rank(&one) > rank(rival))
        };
        if rivals.iter().all(wins) {
            for rival in rivals {
                if let Some((_, loser)) = all.get_mut(rival) {
                    *loser = None;
                }
            }
            for claim in &one.claims {
                taken.insert((claim.start, all.len()), claim.end);
            }
            all.push((piece, Some(one)));
        }
    }
    matches.extend(all.into_iter().filter_map(|(_, one)| one));
    // The id of a pair may stand there plainly, and its secret not.
    pair::drop_ids_of_pairs(matches);
    matches.sort_by_key(|one| (one.span.start, one.span.end));
}

/// Whether bytes read as text: at most one in ten is none.
fn is_text(bytes: &[u8]) -> bool {
    let is_control = |byte: &&u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    let mut bad = 0;
    for chunk in bytes.utf8_chunks() {
        bad += chunk.invalid().len() + chunk.valid().as_bytes().iter().filter(is_control).count();
        // Most are not, which their first bytes show.
        if bad * 10 > bytes.len() {
            return false;
        }
    }
    !bytes.is_empty()
}

#[cfg(test)]
mod tests;
