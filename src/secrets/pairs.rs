//! Finds a handful of words anywhere in a text, whatever their case, many bytes at a time: first two bytes of each that
//! seldom follow each other, then the word. Knows no detector.

use wide::u8x16;

/// More pairs than this cost more than an automaton.
const MOST_PAIRS: usize = 20;

/// How many bytes are looked at at once.
const LANE: usize = 16;

/// What makes two bytes look alike but for their case. It makes others look alike, too; the word decides.
const FOLD: u8 = 0x20;

/// Letters of ordinary text from the most common to the rarest.
const COMMON: &[u8] = b"etaoinsrhdlucmfpgwybvkxjqz";

/// A search for some words.
#[derive(Debug)]
pub(super) struct PairSearch {
    pairs: Vec<Pair>,
}

/// Two bytes, and the words that have them.
#[derive(Debug)]
struct Pair {
    first: u8,
    second: u8,
    words: Vec<Word>,
}

#[derive(Debug)]
struct Word {
    /// What the caller knows it by.
    number: usize,
    text: Vec<u8>,
    /// Where the pair is in it.
    offset: usize,
}

impl PairSearch {
    /// A search for numbered words of at least two bytes. `None` when they are too many, or too different.
    pub(super) fn new<'a>(words: impl Iterator<Item = (usize, &'a str)>) -> Option<Self> {
        let mut pairs: Vec<Pair> = Vec::new();
        let mut words: Vec<_> = words.collect();
        // Those with the least choice choose first.
        words.sort_by_key(|(_, word)| word.len());
        for (number, word) in words {
            let text = word.to_ascii_lowercase().into_bytes();
            let has = |pair: &Pair| {
                text.windows(2).position(|two| [two[0] | FOLD, two[1] | FOLD] == [pair.first, pair.second])
            };
            let known = pairs.iter().enumerate().find_map(|(place, pair)| Some((place, has(pair)?)));
            let (place, offset) = match known {
                Some(known) => known,
                None => {
                    let offset = rarest(&text)?;
                    pairs.push(Pair { first: text[offset] | FOLD, second: text[offset + 1] | FOLD, words: Vec::new() });
                    (pairs.len() - 1, offset)
                }
            };
            pairs.get_mut(place)?.words.push(Word { number, text, offset });
        }
        (pairs.len() <= MOST_PAIRS).then_some(Self { pairs })
    }

    /// Calls `found` with the number and the beginning of every word in a part of a text; those of one place may come in
    /// any order.
    pub(super) fn for_each(&self, text: &[u8], within: std::ops::Range<usize>, found: &mut impl FnMut(usize, usize)) {
        let Some(part) = text.get(within.clone()) else { return };
        let mut place = 0;
        while place < part.len() {
            let mut lanes = [[0; LANE]; 2];
            match part.get(place..place + LANE + 1) {
                Some(bytes) => {
                    lanes[0].copy_from_slice(&bytes[..LANE]);
                    lanes[1].copy_from_slice(&bytes[1..]);
                }
                None => {
                    let rest = &part[place..];
                    lanes[0][..rest.len()].copy_from_slice(rest);
                    lanes[1][..rest.len() - 1].copy_from_slice(&rest[1..]);
                }
            }
            let fold = u8x16::splat(FOLD);
            let (first, second) = (u8x16::new(lanes[0]) | fold, u8x16::new(lanes[1]) | fold);
            let is = |pair: &Pair| first.simd_eq(u8x16::splat(pair.first)) & second.simd_eq(u8x16::splat(pair.second));
            let any = self.pairs.iter().fold(u8x16::splat(0), |any, pair| any | is(pair));
            if any.to_bitmask() != 0 {
                for pair in &self.pairs {
                    let mut bits = is(pair).to_bitmask();
                    while bits != 0 {
                        let at = within.start + place + bits.trailing_zeros() as usize;
                        pair.words_at(text, at, &within, found);
                        bits &= bits - 1;
                    }
                }
            }
            place += LANE;
        }
    }
}

impl Pair {
    fn words_at(&self, text: &[u8], at: usize, within: &std::ops::Range<usize>, found: &mut impl FnMut(usize, usize)) {
        for word in &self.words {
            let Some(start) = at.checked_sub(word.offset).filter(|start| *start >= within.start) else { continue };
            let end = start + word.text.len();
            if end <= within.end && text.get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(&word.text)) {
                found(word.number, start);
            }
        }
    }
}

/// Where the two bytes are that most seldom follow each other in ordinary text.
fn rarest(text: &[u8]) -> Option<usize> {
    let share = |byte: u8| match COMMON.iter().position(|letter| *letter == byte) {
        Some(place) => 26 - place,
        // Signs and digits; those that code is full of are as common as a letter.
        None if b"_.-=:/\"' ".contains(&byte) => 16,
        None => 6,
    };
    (0..text.len().saturating_sub(1)).min_by_key(|place| share(text[*place]) * share(text[place + 1]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_word_is_found_wherever_it_lies(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["password", "PASSWD", "Pwd", "p", "wd", "://", "sw", " ", "\u{7f}", "x:/", "0123456789abcdef"]),
                0..40,
            ),
            cut in 0_usize..40,
        ) {
            let words = ["password", "passwd", "pwd", "://"];
            let search = PairSearch::new(words.iter().copied().enumerate()).expect("few");
            let text = pieces.concat().into_bytes();
            let within = cut.min(text.len())..text.len().saturating_sub(cut / 3).max(cut.min(text.len()));
            let mut found = Vec::new();
            search.for_each(&text, within.clone(), &mut |word, start| found.push((start, word)));
            found.sort();
            let mut expected = Vec::new();
            for start in within.clone() {
                for (number, word) in words.iter().enumerate() {
                    let end = start + word.len();
                    if end <= within.end && text[start..end].eq_ignore_ascii_case(word.as_bytes()) {
                        expected.push((start, number));
                    }
                }
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn too_many_words_are_refused() {
        let words: Vec<String> = ('a'..='z').map(|letter| format!("{letter}q{letter}")).collect();
        assert!(PairSearch::new(words.iter().map(String::as_str).enumerate()).is_none());
    }
}
