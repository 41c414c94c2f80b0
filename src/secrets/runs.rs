//! Finds the runs of characters that keys and tokens are made of, many bytes at a time. Knows no detector.

use std::ops::Range;

use wide::u8x16;

use super::drawn::{CHANGES, SHORTEST};

/// A run of this length counts whatever it is made of, so that what counts can be told from its surroundings.
const LONG: usize = 1024;

/// How many bytes are classified at once.
const BLOCK: usize = 64;

/// Every run of at least [`SHORTEST`] bytes, in order.
pub(super) fn all(text: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    for_each_run(text, |run| runs.push(run));
    runs
}

fn for_each_run(text: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut open: Option<usize> = None;
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for (number, block) in blocks.iter().chain(std::iter::once(&last)).enumerate() {
        let base = number * BLOCK;
        let mut mask = classify(block);
        if let Some(start) = open {
            let length = mask.trailing_ones() as usize;
            if length == BLOCK {
                continue;
            }
            if base + length - start >= SHORTEST {
                found(start..base + length);
            }
            open = None;
            mask = mask >> length << length;
        }
        let tail = mask.leading_ones();
        if tail > 0 {
            open = Some(base + BLOCK - tail as usize);
            mask = mask.checked_shl(tail).unwrap_or_default().checked_shr(tail).unwrap_or_default();
        }
        within(mask, base, &mut found);
    }
    if let Some(start) = open.filter(|start| text.len() - start >= SHORTEST) {
        found(start..text.len());
    }
}

/// The runs inside a block.
#[inline]
fn within(mask: u64, base: usize, found: &mut impl FnMut(Range<usize>)) {
    // A bit that stays has 15 more behind it.
    let mut starts = mask & (mask >> 1);
    starts &= starts >> 2;
    starts &= starts >> 4;
    starts &= starts >> 8;
    while starts != 0 {
        let start = starts.trailing_zeros();
        let length = (mask >> start).trailing_ones();
        found(base + start as usize..base + (start + length) as usize);
        // No run ends at the end of a block: that one is open.
        starts = starts >> (start + length) << (start + length);
    }
}

/// A bit for each byte of a block: whether it is one of a run.
#[inline]
fn classify(block: &[u8; BLOCK]) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    let mut mask = 0;
    for (number, lane) in lanes.iter().enumerate() {
        mask |= u64::from(classify_lane(u8x16::new(*lane)).to_bitmask()) << (16 * number);
    }
    mask
}

#[inline]
fn classify_lane(bytes: u8x16) -> u8x16 {
    let splat = u8x16::splat;
    let is = |byte: u8| bytes.simd_eq(splat(byte));
    let is_letter = ((bytes | splat(0x20)) - splat(b'a')).simd_lt(splat(26));
    // `-`, `.`, `/` and the digits follow each other.
    let is_digit_or_near = (bytes - splat(b'-')).simd_lt(splat(b'9' - b'-' + 1));
    is_letter | is_digit_or_near | is(b'+') | is(b'=') | is(b'_') | is(b'~')
}

/// Whether a run may hold something that was drawn and not written: it has a digit, or changes often between small
/// letters and capitals, or is very long. Of a value of 16 drawn letters and digits, one in a thousand has neither.
pub(super) fn is_drawn(run: &[u8]) -> bool {
    if run.len() >= LONG || run.iter().any(u8::is_ascii_digit) {
        return true;
    }
    let is_change = |pair: &&[u8]| {
        pair[0].is_ascii_alphabetic() && pair[1].is_ascii_alphabetic() && (pair[0] ^ pair[1]) & 0x20 != 0
    };
    run.windows(2).filter(is_change).nth(CHANGES - 1).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::drawn::is_run_byte;
    use super::*;

    /// The runs, one byte after the other.
    fn plain(text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = 0;
        for place in 0..=text.len() {
            if text.get(place).is_none_or(|byte| !is_run_byte(*byte)) {
                if place - start >= SHORTEST {
                    found.push(start..place);
                }
                start = place + 1;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn many_bytes_at_a_time_give_what_one_at_a_time_gives(
            pieces in prop::collection::vec((any::<u8>(), 0_usize..90, any::<bool>()), 0..40),
        ) {
            let mut text = Vec::new();
            for (byte, length, is_run) in pieces {
                text.push(byte);
                text.extend(std::iter::repeat_n(if is_run { b'a' } else { b' ' }, length));
            }
            let mut found = Vec::new();
            for_each_run(&text, |run| found.push(run));
            prop_assert_eq!(found, plain(&text));
        }
    }

    #[test]
    fn every_byte_is_classified_alike() {
        for byte in 0..=u8::MAX {
            assert_eq!(classify(&[byte; BLOCK]) == u64::MAX, is_run_byte(byte), "{byte:#x}");
        }
    }

    #[test]
    fn names_are_not_drawn() {
        for (run, drawn) in [
            ("github.com/acme/tools", false),
            ("authenticationProvider", false),
            ("a1bcdefghijklmnop", true),
            ("aBcdefghijklmnop", false),
            ("aBcDefghijklmnop", true),
        ] {
            assert_eq!(is_drawn(run.as_bytes()), drawn, "{run}");
        }
    }
}
