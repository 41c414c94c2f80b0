//! Wide text among other bytes: UTF-16 without a mark, as registry files, scripts and programs of Windows hold it. Reads
//! only what Latin letters can say, as every credential can.

use std::ops::Range;

use super::{Decoded, LONGEST, Part};

/// The fewest characters that are no chance.
const FEWEST: usize = 16;
/// What two parts of a longer text have in common, in characters.
const SHARED: usize = 16 * 1024;
/// So many zero bytes in a row are skipped at once.
const ZEROS: [u8; 64] = [0; 64];

/// Calls `each` for every stretch of wide text, until it returns `false`. Returns whether it never did.
pub(super) fn each(text: &[u8], each: &mut impl FnMut(Decoded) -> bool) -> bool {
    let mut from = 0;
    while let Some(zero) = text.get(from..).and_then(|rest| memchr::memchr(0, rest)).map(|place| from + place) {
        from = zero + 1;
        while text.get(from..).is_some_and(|rest| rest.starts_with(&ZEROS)) {
            from += ZEROS.len();
        }
        // The first character stands before its zero byte or behind it.
        let first = zero.checked_sub(1).filter(|place| is_character(text.get(*place))).unwrap_or(zero + 1);
        let count = characters(text, first);
        if count >= FEWEST {
            from = from.max(first + 2 * count - 1);
            if !parts(count).all(|part| each(narrow(text, first, &part))) {
                return false;
            }
        }
    }
    true
}

fn is_character(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| byte.is_ascii_graphic() || b" \t\r\n".contains(byte) || *byte >= 0xa0)
}

/// How many characters there are from a place on, with one zero byte between each two.
fn characters(text: &[u8], first: usize) -> usize {
    let rest = text.get(first..).unwrap_or_default();
    let mut pairs = rest.chunks(2);
    let mut count = 0;
    while let Some([character, zero @ ..]) = pairs.next() {
        if !is_character(Some(character)) {
            break;
        }
        count += 1;
        if zero != [0] {
            break;
        }
    }
    count
}

/// Parts of a text of so many characters, none of them longer than what is decoded at once.
fn parts(count: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..count).step_by(LONGEST - SHARED).filter(move |start| *start == 0 || count - start > SHARED);
    starts.map(move |start| start..(start + LONGEST).min(count))
}

/// Some of the characters from a place on. What is no ASCII stands for itself nowhere in a credential.
fn narrow(text: &[u8], first: usize, part: &Range<usize>) -> Decoded {
    let start = first + 2 * part.start;
    let span = start..first + 2 * part.end - 1;
    let narrow = text.get(span.clone()).unwrap_or_default().iter().step_by(2);
    let narrow = narrow.map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect();
    let parts = vec![Part { decoded: 0, encoded: start, unit: 1, width: 2 }];
    Decoded { span, text: narrow, encoding: "utf-16", parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<(Range<usize>, String)> {
        let mut found = Vec::new();
        each(text, &mut |piece: Decoded| {
            found.push((piece.span, String::from_utf8(piece.text).expect("it is ASCII")));
            true
        });
        found
    }

    fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn both_orders_are_read_wherever_they_begin() {
        let words = "password = hunter2 of no\u{e9}l";
        let expected = "password = hunter2 of no?l".to_owned();
        for before in [0, 1, 2, 3, 200] {
            let zeros = vec![0; before];
            let little = [zeros.as_slice(), &wide(words, u16::to_le_bytes), &[1, 2]].concat();
            assert_eq!(all(&little), [(before..before + 51, expected.clone())], "{before}");
            let big = [zeros.as_slice(), &wide(words, u16::to_be_bytes), &[1, 2]].concat();
            assert_eq!(all(&big), [(before + 1..before + 52, expected.clone())], "{before}");
        }
        assert!(all(&wide("fifteen letters", u16::to_le_bytes)).is_empty());
        assert!(all(b"plain text with one \0 in it, and \0\0 two").is_empty());
    }

    #[test]
    fn a_long_text_is_read_in_parts_that_overlap() {
        assert_eq!(all(&wide(&"x".repeat(LONGEST), u16::to_le_bytes)).len(), 1);
        let text = wide(&"x".repeat(2 * LONGEST), u16::to_le_bytes);
        let spans: Vec<_> = all(&text).into_iter().map(|one| one.0).collect();
        assert_eq!(
            spans,
            [
                0..2 * LONGEST - 1,
                2 * (LONGEST - SHARED)..4 * LONGEST - 2 * SHARED - 1,
                4 * (LONGEST - SHARED)..4 * LONGEST - 1
            ]
        );
    }
}
