//! Runs one automaton over several pieces of a text at the same time: each step waits for the one before it in its own
//! piece alone. Knows no detector.

use std::ops::Range;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};

/// How many pieces are read at the same time.
const LANES: usize = 4;

/// Spans are cut into pieces of so many bytes: short enough that every lane has one, long enough that what is read twice
/// is little.
const PIECE: Range<usize> = 512..4096;

/// A search for every occurrence of some words, whatever their case.
#[derive(Debug)]
pub(super) struct Words {
    automaton: DFA,
    start: StateID,
    /// The length of the longest word.
    longest: usize,
}

/// A piece of a text on its way.
#[derive(Clone, Copy)]
struct Lane {
    next: usize,
    end: usize,
    /// Words that end before this belong to the piece before.
    own: usize,
    state: StateID,
}

impl Words {
    /// `None` when there is no word, or more than an automaton can hold.
    pub(super) fn new<W: AsRef<[u8]>>(words: &[W]) -> Option<Self> {
        let longest = words.iter().map(|word| word.as_ref().len()).max()?;
        let mut builder = DFA::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).prefilter(false);
        let automaton = builder.build(words).ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        Some(Self { automaton, start, longest })
    }

    /// Calls `found` with the number and the place of every word that lies in one of these spans, in no order.
    pub(super) fn for_each(
        &self,
        text: &[u8],
        spans: impl Iterator<Item = Range<usize>>,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        let mut pieces = spans.flat_map(|span| self.pieces(span));
        let done = Lane { next: 0, end: 0, own: 0, state: self.start };
        let mut lanes = [done; LANES];
        loop {
            let mut left = usize::MAX;
            for lane in &mut lanes {
                if lane.next == lane.end
                    && let Some(piece) = pieces.next()
                {
                    *lane = piece;
                }
                if lane.next < lane.end {
                    left = left.min(lane.end - lane.next);
                }
            }
            if left == usize::MAX {
                return;
            }
            if lanes.iter().all(|lane| lane.next < lane.end) {
                self.advance_all(text, &mut lanes, left, found);
            } else {
                // The last few: one after the other.
                for lane in lanes.iter_mut().filter(|lane| lane.next < lane.end) {
                    self.advance(text, lane, found);
                }
            }
        }
    }

    /// A span in pieces, each with so much of the one before it that a word on the border is found.
    fn pieces(&self, span: Range<usize>) -> impl Iterator<Item = Lane> {
        let (first, end, state) = (span.start, span.end, self.start);
        let before = self.longest.saturating_sub(1);
        let length = span.len().div_ceil(LANES).clamp(PIECE.start, PIECE.end);
        span.step_by(length).map(move |own| {
            let next = own.saturating_sub(before).max(first);
            Lane { next, end: (own + length).min(end), own, state }
        })
    }

    /// Reads so many bytes in every lane.
    fn advance_all(
        &self,
        text: &[u8],
        lanes: &mut [Lane; LANES],
        length: usize,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        let [la, lb, lc, ld] = lanes;
        let part = |lane: &Lane| text.get(lane.next..lane.next + length).unwrap_or_default();
        let (a, b, c, d) = (part(la), part(lb), part(lc), part(ld));
        let (mut sa, mut sb, mut sc, mut sd) = (la.state, lb.state, lc.state, ld.state);
        let automaton = &self.automaton;
        for (place, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            sa = automaton.next_state(Anchored::No, sa, *a);
            sb = automaton.next_state(Anchored::No, sb, *b);
            sc = automaton.next_state(Anchored::No, sc, *c);
            sd = automaton.next_state(Anchored::No, sd, *d);
            // Without a branch for each.
            let is_special = automaton.is_special(sa)
                | automaton.is_special(sb)
                | automaton.is_special(sc)
                | automaton.is_special(sd);
            if is_special {
                self.matches(la, sa, la.next + place + 1, found);
                self.matches(lb, sb, lb.next + place + 1, found);
                self.matches(lc, sc, lc.next + place + 1, found);
                self.matches(ld, sd, ld.next + place + 1, found);
            }
        }
        for (lane, state) in [(la, sa), (lb, sb), (lc, sc), (ld, sd)] {
            lane.state = state;
            lane.next += length;
        }
    }

    /// Reads one lane to its end.
    fn advance(&self, text: &[u8], lane: &mut Lane, found: &mut impl FnMut(usize, Range<usize>)) {
        let mut state = lane.state;
        for (place, byte) in text.get(lane.next..lane.end).unwrap_or_default().iter().enumerate() {
            state = self.automaton.next_state(Anchored::No, state, *byte);
            if self.automaton.is_special(state) {
                self.matches(lane, state, lane.next + place + 1, found);
            }
        }
        lane.next = lane.end;
    }

    /// The words that end at a place.
    fn matches(&self, lane: &Lane, state: StateID, end: usize, found: &mut impl FnMut(usize, Range<usize>)) {
        if end <= lane.own || !self.automaton.is_match(state) {
            return;
        }
        for number in 0..self.automaton.match_len(state) {
            let word = self.automaton.match_pattern(state, number);
            found(word.as_usize(), end - self.automaton.pattern_len(word)..end);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_word_of_every_span_is_found(
            pieces in prop::collection::vec(
                (prop::sample::select(vec!["password", "PASSWD", "Pass", "p", "wd", "://", " ", "\u{7f}", "0123456789"]), 1_usize..200),
                0..60,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let words = ["password", "pass", "passwd", "://", "wd"];
            let search = Words::new(&words).expect("few");
            let text: Vec<u8> = pieces.iter().flat_map(|(piece, count)| piece.repeat(*count).into_bytes()).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let spans: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
            let mut found = Vec::new();
            search.for_each(&text, spans.iter().cloned(), &mut |word, place| found.push((place.start, place.end, word)));
            found.sort_unstable();
            let mut expected = Vec::new();
            for span in spans {
                for start in span.clone() {
                    for (number, word) in words.iter().enumerate() {
                        let end = start + word.len();
                        if end <= span.end && text[start..end].eq_ignore_ascii_case(word.as_bytes()) {
                            expected.push((start, end, number));
                        }
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn no_words_are_no_search() {
        assert!(Words::new::<&str>(&[]).is_none());
    }
}
