//! Runs one automaton over several pieces of a text at the same time: each step waits for the one before it in its own
//! piece alone. Knows no detector.

use std::ops::Range;

/// How many pieces are read at the same time.
const LANES: usize = 4;

/// Spans are cut into pieces of so many bytes: short enough that every lane has one, long enough that what is read twice
/// is little.
const PIECE: Range<usize> = 512..4096;

/// Set in the number of a state in which a word ends.
const ENDS: u16 = 0x8000;

/// A search for every occurrence of some words, whatever their case.
#[derive(Debug)]
pub(super) struct Words {
    /// Most often one; more when the words have too many states for it.
    tables: Vec<Table>,
}

/// An automaton as one plain table, half as large as that of the library, with one step a byte, and made twenty times as
/// fast: the loop over it is where a scan spends most of its time, and a small scan is over sooner than theirs is made.
#[derive(Debug)]
struct Table {
    /// Bytes that no word tells apart have one class.
    classes: [u8; 256],
    /// Each state has two to the power of this many next states.
    shift: u32,
    /// By state and class.
    next: Vec<u16>,
    start: u16,
    /// The words that end in a state, with their lengths, by the number of the state.
    words: Vec<Box<[(usize, usize)]>>,
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
    state: u16,
}

impl Words {
    /// `None` when there is no word.
    pub(super) fn new<W: AsRef<[u8]>>(words: &[W]) -> Option<Self> {
        let words: Vec<(usize, &[u8])> = words.iter().map(AsRef::as_ref).enumerate().collect();
        let mut tables = Vec::new();
        Table::add(&words, &mut tables);
        (!tables.is_empty()).then_some(Self { tables })
    }

    /// Calls `found` with the number and the place of every word that lies in one of these spans, in no order.
    pub(super) fn for_each(&self, text: &[u8], spans: &[Range<usize>], found: &mut impl FnMut(usize, Range<usize>)) {
        for table in &self.tables {
            table.for_each(text, spans, found);
        }
    }
}

impl Table {
    /// Adds a table of these words, or two of the halves where one would have too many states.
    fn add(words: &[(usize, &[u8])], tables: &mut Vec<Self>) {
        if words.is_empty() {
            return;
        }
        let table = Self::new(words);
        match (table, words) {
            (Some(table), _) => tables.push(table),
            // A single word that long is none that stands in a text.
            (None, [_]) => {}
            (None, words) => {
                let (left, right) = words.split_at(words.len() / 2);
                Self::add(left, tables);
                Self::add(right, tables);
            }
        }
    }

    /// By Aho and Corasick (1975). `None` where there are too many states.
    fn new(words: &[(usize, &[u8])]) -> Option<Self> {
        let (classes, members) = classes(words);
        let shift = members.len().next_power_of_two().trailing_zeros();
        let longest = words.iter().map(|(_, word)| word.len()).max()?;
        let mut table = Self { classes, shift, next: vec![0; 1 << shift], start: 0, words: Vec::new(), longest };
        let mut ends = table.branches(words)?;
        table.fill_gaps(&mut ends);
        for next in &mut table.next {
            *next |= if ends[usize::from(*next)].is_empty() { 0 } else { ENDS };
        }
        table.words = ends.into_iter().map(Vec::into_boxed_slice).collect();
        Some(table)
    }

    /// Adds a state for each beginning of a word, the short ones first: they are visited most, and lie side by side.
    /// Returns the words that each state is.
    fn branches(&mut self, words: &[(usize, &[u8])]) -> Option<Vec<Vec<(usize, usize)>>> {
        let mut ends = vec![Vec::new()];
        let mut reached: Vec<u16> = vec![self.start; words.len()];
        for depth in 0..self.longest {
            for ((number, word), state) in words.iter().zip(&mut reached) {
                let Some(byte) = word.get(depth) else { continue };
                let place = usize::from(*state) << self.shift | usize::from(self.classes[usize::from(*byte)]);
                if self.next[place] == self.start {
                    self.next[place] = u16::try_from(ends.len()).ok().filter(|number| number & ENDS == 0)?;
                    self.next.resize(self.next.len() + (1 << self.shift), self.start);
                    ends.push(Vec::new());
                }
                *state = self.next[place];
                if depth + 1 == word.len() {
                    ends[usize::from(*state)].push((*number, word.len()));
                }
            }
        }
        Some(ends)
    }

    /// Where no word goes on, the longest end of what was read that begins one does. A state has a higher number than all
    /// that are shorter, so that theirs are known.
    fn fill_gaps(&mut self, ends: &mut [Vec<(usize, usize)>]) {
        let mut shorter: Vec<u16> = vec![self.start; ends.len()];
        for state in 0..ends.len() {
            let other = usize::from(shorter[state]);
            let inherited = if state == 0 { Vec::new() } else { ends[other].clone() };
            ends[state].extend(inherited);
            for class in 0..1 << self.shift {
                let place = state << self.shift | class;
                let instead = if state == 0 { self.start } else { self.next[other << self.shift | class] };
                match self.next[place] {
                    0 => self.next[place] = instead,
                    branch => shorter[usize::from(branch)] = instead,
                }
            }
        }
    }

    fn for_each(&self, text: &[u8], spans: &[Range<usize>], found: &mut impl FnMut(usize, Range<usize>)) {
        let mut pieces = spans.iter().flat_map(|span| self.pieces(span.clone()));
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

    #[inline(always)]
    fn step(&self, state: u16, byte: u8) -> u16 {
        let row = usize::from(state & !ENDS) << self.shift;
        self.next.get(row | usize::from(self.classes[usize::from(byte)])).copied().unwrap_or_default()
    }

    /// Reads so many bytes in every lane.
    fn advance_all(
        &self,
        text: &[u8],
        lanes: &mut [Lane; LANES],
        length: usize,
        found: &mut impl FnMut(usize, Range<usize>),
    ) {
        let mut done = 0;
        while done < length {
            let read = self.until_word(text, lanes, length - done);
            done += read;
            for lane in lanes.iter_mut() {
                lane.next += read;
                self.ended(lane, found);
            }
        }
    }

    /// Reads so many bytes in every lane, or up to the first with which a word ends in one. Returns how many, at least one.
    /// A function of its own, so that nothing but what it needs is held in registers.
    #[inline(never)]
    fn until_word(&self, text: &[u8], lanes: &mut [Lane; LANES], length: usize) -> usize {
        let [la, lb, lc, ld] = lanes;
        let part = |lane: &Lane| text.get(lane.next..lane.next + length).unwrap_or_default();
        let (a, b, c, d) = (part(la), part(lb), part(lc), part(ld));
        let mut states = [la.state, lb.state, lc.state, ld.state];
        let mut read = length;
        for (place, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            states[0] = self.step(states[0], *a);
            states[1] = self.step(states[1], *b);
            states[2] = self.step(states[2], *c);
            states[3] = self.step(states[3], *d);
            // Without a branch for each.
            if (states[0] | states[1] | states[2] | states[3]) & ENDS != 0 {
                read = place + 1;
                break;
            }
        }
        for (lane, state) in lanes.iter_mut().zip(states) {
            lane.state = state;
        }
        read
    }

    /// Reads one lane to its end.
    fn advance(&self, text: &[u8], lane: &mut Lane, found: &mut impl FnMut(usize, Range<usize>)) {
        for byte in text.get(lane.next..lane.end).unwrap_or_default() {
            lane.state = self.step(lane.state, *byte);
            lane.next += 1;
            if lane.state & ENDS != 0 {
                self.ended(lane, found);
            }
        }
        lane.next = lane.end;
    }

    /// The words that end where a lane is.
    fn ended(&self, lane: &Lane, found: &mut impl FnMut(usize, Range<usize>)) {
        if lane.state & ENDS == 0 || lane.next <= lane.own {
            return;
        }
        for (word, length) in self.words.get(usize::from(lane.state & !ENDS)).into_iter().flatten() {
            found(*word, lane.next - length..lane.next);
        }
    }
}

/// A class for each byte, and a byte of each class: small letters and capitals are one, and so are all bytes that are in
/// no word.
fn classes(words: &[(usize, &[u8])]) -> ([u8; 256], Vec<u8>) {
    let mut is_used = [false; 256];
    words.iter().flat_map(|(_, word)| *word).for_each(|byte| is_used[usize::from(byte.to_ascii_lowercase())] = true);
    let mut classes = [0; 256];
    let mut members: Vec<u8> = Vec::new();
    let unused = (0..=u8::MAX).find(|byte| !is_used[usize::from(byte.to_ascii_lowercase())]);
    members.extend(unused);
    for byte in (0..=u8::MAX).filter(|byte| is_used[usize::from(*byte)]) {
        // Of 256 bytes no more than 230 are different without their case.
        let class = members.len() as u8;
        members.push(byte);
        classes[usize::from(byte)] = class;
        classes[usize::from(byte.to_ascii_uppercase())] = class;
    }
    (classes, members)
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
            search.for_each(&text, &spans, &mut |word, place| found.push((place.start, place.end, word)));
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
    fn words_with_too_many_states_for_one_table_are_in_several() {
        let words: Vec<String> = (0..6000).map(|number| format!("{number:04}-a-long-tail-{number:04}")).collect();
        let search = Words::new(&words).expect("some");
        assert!(search.tables.len() > 1, "{}", search.tables.len());
        let text = words.join(" ").to_uppercase();
        let mut found = Vec::new();
        search.for_each(text.as_bytes(), std::slice::from_ref(&(0..text.len())), &mut |word, place| {
            assert_eq!(text[place.clone()].to_lowercase(), words[word]);
            found.push(word);
        });
        found.sort_unstable();
        assert_eq!(found, (0..6000).collect::<Vec<_>>());
    }

    #[test]
    fn no_words_are_no_search() {
        assert!(Words::new::<&str>(&[]).is_none());
    }
}
