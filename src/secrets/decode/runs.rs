//! Runs of base64 and hexadecimal digits, and lists of bytes as programs write them. Looks at nothing that is short.
//!
//! Nearly every run is a name, a path or a digest. It is told from text by its first bytes, so that it costs no more
//! than they do.

use std::ops::Range;

use memchr::memmem;

use super::{Decoded, LONGEST, Part, is_text, packed};

/// The shortest run that is decoded, in symbols.
const SHORTEST: usize = 24;
/// The shortest run of hexadecimal digits that is decoded.
const SHORTEST_HEX: usize = 32;
/// The shortest list of bytes that is decoded, and the longest.
const LIST: Range<usize> = 16..64 * 1024;
/// The longest run that is decoded at once, in symbols: whole groups.
const LONGEST_RUN: usize = LONGEST / 3 * 4;
/// What two parts of a longer run have in common, in symbols: whole groups.
const SHARED: usize = 16 * 1024;
/// From this length on, a run at the very beginning of a text may be the rest of one, in symbols.
const LONG: usize = 4096;
/// How far the lines of a wrapped text are indented at most, in bytes.
const INDENTATION: usize = 64;

/// The value of each symbol of base64 and base64url; 64 for other bytes.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [64; 256];
    let mut place = 0;
    while place < 64 {
        values[symbols[place] as usize] = place as u8;
        place += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
}

fn is_symbol(byte: u8) -> bool {
    VALUES[usize::from(byte)] < 64
}

/// Calls `each` for every run that decodes to something, until it returns `false`. Returns whether it never did. All of
/// them lie in the runs that keys are made of, which are given.
pub(super) fn each(text: &[u8], runs: &[Range<usize>], each: &mut impl FnMut(Decoded) -> bool) -> bool {
    let mut from = 0;
    for run in runs.iter().filter(|run| run.len() >= SHORTEST) {
        from = from.max(run.start);
        if !within(text, run.end, &mut from, each) {
            return false;
        }
    }
    true
}

/// The same for what begins at a place or behind, up to an end; the place moves behind what was read.
fn within(text: &[u8], end: usize, from: &mut usize, each: &mut impl FnMut(Decoded) -> bool) -> bool {
    while let Some(run) = text.get(..end).and_then(|text| next(text, *from)) {
        *from = run.end;
        let symbols = &text[run.clone()];
        let goes_on = if is_hex(symbols) {
            hex(text, run).is_none_or(&mut *each)
        } else if is_jwt(text, &run) {
            true
        } else if is_promising(symbols) {
            let lines = lines(text, run);
            *from = lines.last().map_or(*from, |last| last.end);
            wrapped(text, &lines, each)
        } else {
            parts_of(text, run, each)
        };
        if !goes_on {
            return false;
        }
    }
    true
}

/// The next run of at least [`SHORTEST`] symbols that begins at `from` or behind, where none goes on. Looks at every
/// byte of a run, and elsewhere at no more than one a word.
fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut start = from;
    loop {
        let probe = start + SHORTEST - 1;
        if !is_symbol(*text.get(probe)?) {
            start = probe + 1;
            continue;
        }
        match text[start..probe].iter().rposition(|byte| !is_symbol(*byte)) {
            Some(gap) => start += gap + 1,
            None => {
                let length = text[probe..].iter().position(|byte| !is_symbol(*byte));
                return Some(start..length.map_or(text.len(), |length| probe + length));
            }
        }
    }
}

fn is_hex(symbols: &[u8]) -> bool {
    let digits = symbols.strip_prefix(b"0x").unwrap_or(symbols);
    digits.len() >= SHORTEST_HEX && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a run is a part of a JSON Web Token, which is judged as a whole and by its claims.
fn is_jwt(text: &[u8], run: &Range<usize>) -> bool {
    let is_dot = |place: Option<usize>| place.and_then(|place| text.get(place)) == Some(&b'.');
    text[run.clone()].starts_with(b"eyJ") && (is_dot(Some(run.end)) || is_dot(run.start.checked_sub(1)))
}

/// Whether the first bytes of base64 are those of a text, or of a packed one.
fn is_promising(symbols: &[u8]) -> bool {
    let mut head = [0; SHORTEST / 4 * 3];
    let groups = symbols.as_chunks::<4>().0;
    for (bytes, group) in head.as_chunks_mut::<3>().0.iter_mut().zip(groups) {
        let group = group.iter().fold(0, |group, symbol| group << 6 | u32::from(VALUES[usize::from(*symbol)]));
        let [_, first, second, third] = group.to_be_bytes();
        *bytes = [first, second, third];
    }
    // The end may cut a character.
    packed::begins(&head) || is_text(&head[..head.len() - 3]) || is_text(&head)
}

/// The parts of a run between slashes, and what the rest of a run may be of which a text does not have the beginning.
fn parts_of(text: &[u8], run: Range<usize>, each: &mut impl FnMut(Decoded) -> bool) -> bool {
    if run.start == 0 && run.len() >= LONG {
        let rests = (1..4).map(|start| start..run.end);
        return rests.filter(|rest| is_promising(&text[rest.clone()])).all(|rest| wrapped(text, &[rest], each));
    }
    let mut start = run.start;
    text[run].split(|byte| *byte == b'/').all(|part| {
        let range = start..start + part.len();
        start = range.end + 1;
        part.len() < SHORTEST || !is_promising(part) || wrapped(text, &[range], each)
    })
}

/// The lines of a text in base64 whose first line this is: the others have nothing else on them and one length, but for
/// the last.
fn lines(text: &[u8], first: Range<usize>) -> Vec<Range<usize>> {
    let mut total = first.len();
    let mut lines = vec![first.clone()];
    let mut last = first;
    while let Some(line) = line_after(text, last.end) {
        let width = lines.get(1).map(Range::len);
        total += line.len();
        // A shorter one was the last, a longer one is of another text.
        if width.is_some_and(|width| last.len() != width || line.len() > width) || total > LONGEST_RUN {
            break;
        }
        lines.push(line.clone());
        last = line;
    }
    lines
}

/// The line behind a line end, when it holds symbols only.
fn line_after(text: &[u8], end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    // Line ends are also written out, in JSON.
    let breaks: [&[u8]; 4] = [b"\n", b"\r\n", b"\\n", b"\\r\\n"];
    let found = breaks.into_iter().find(|line_end| rest.starts_with(line_end))?;
    let rest = &rest[found.len()..];
    let indentation = rest.iter().take(INDENTATION).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = &rest[indentation..];
    let length = rest.iter().position(|byte| !is_symbol(*byte)).unwrap_or(rest.len());
    let behind = rest[length..].iter().find(|byte| **byte != b'=');
    let is_alone = behind.is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b'\\' | b'"' | b'\'' | b'<'));
    let start = end + found.len() + indentation;
    (length > 0 && is_alone).then(|| start..start + length)
}

/// One text over several lines. Lines that may be a list are also taken one by one.
fn wrapped(text: &[u8], lines: &[Range<usize>], each: &mut impl FnMut(Decoded) -> bool) -> bool {
    if let [line] = lines {
        return single(text, line.clone(), each);
    }
    if !base64(text, lines).is_none_or(&mut *each) {
        return false;
    }
    let is_shorter = |last: &Range<usize>| last.len() < lines[1].len() || text.get(last.end) == Some(&b'=');
    let is_padded = |line: &Range<usize>| text.get(line.end) == Some(&b'=');
    let is_one =
        lines.len() > 2 && lines.last().is_some_and(is_shorter) && !lines[..lines.len() - 1].iter().any(is_padded);
    let mut alone =
        lines.iter().filter(|line| !is_one && line.len() >= SHORTEST && is_promising(&text[(*line).clone()]));
    alone.all(|line| single(text, line.clone(), each))
}

/// A run, or where it is too long the parts of it one by one.
fn single(text: &[u8], line: Range<usize>, each: &mut impl FnMut(Decoded) -> bool) -> bool {
    let starts = (line.start..line.end).step_by(LONGEST_RUN - SHARED);
    // A rest that the part before it has, too, is no part.
    let starts = starts.filter(|start| *start == line.start || line.end - start > SHARED);
    starts
        .map(|start| start..(start + LONGEST_RUN).min(line.end))
        .all(|part| base64(text, &[part]).is_none_or(&mut *each))
}

/// What lines of base64 say, when it is text or may be a packed one.
pub(super) fn base64(text: &[u8], lines: &[Range<usize>]) -> Option<Decoded> {
    let total: usize = lines.iter().map(Range::len).sum();
    let mut decoded = Vec::with_capacity(total / 4 * 3 + 3);
    let mut parts = Vec::with_capacity(lines.len());
    let (mut symbols, mut bits) = (0, 0_u32);
    for line in lines {
        // The first byte that begins on this line, and where.
        let first = (symbols * 3_usize).div_ceil(4);
        parts.push(Part {
            decoded: first,
            encoded: line.start + first * 4 / 3 - symbols.min(first * 4 / 3),
            unit: 3,
            width: 4,
        });
        for byte in &text[line.clone()] {
            bits = bits << 6 | u32::from(VALUES[usize::from(*byte)]);
            symbols += 1;
            match symbols % 4 {
                2 => decoded.push((bits >> 4) as u8),
                3 => decoded.push((bits >> 2) as u8),
                0 => decoded.push(bits as u8),
                _ => {}
            }
        }
    }
    let span = lines.first()?.start..lines.last()?.end;
    let is_packed =
        decoded.starts_with(&[0x1f, 0x8b, 8]) || (packed::begins(&decoded) && packed::whole(&decoded).is_some());
    (is_packed || is_text(&decoded)).then_some(Decoded { span, text: decoded, encoding: "base64", parts })
}

/// What a run of hexadecimal digits says, when it is text or may be a packed one.
fn hex(text: &[u8], run: Range<usize>) -> Option<Decoded> {
    let prefix = if text[run.clone()].starts_with(b"0x") { 2 } else { 0 };
    let start = run.start + prefix;
    let end = run.end.min(start + 2 * LONGEST);
    let pairs = text[start..end].as_chunks::<2>().0;
    let decoded = |pairs: &[[u8; 2]]| pairs.iter().filter_map(byte).collect::<Vec<u8>>();
    let head = decoded(&pairs[..pairs.len().min(18)]);
    if !(run.len() - prefix).is_multiple_of(2) || !(is_text(&head) || packed::begins(&head)) {
        return None;
    }
    let decoded = decoded(pairs);
    let parts = vec![Part { decoded: 0, encoded: start, unit: 1, width: 2 }];
    let is_something = is_text(&decoded) || packed::whole(&decoded).is_some();
    is_something.then_some(Decoded { span: start..end, text: decoded, encoding: "hex", parts })
}

/// The byte of two hexadecimal digits.
pub(super) fn byte(pair: &[u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// Calls `each` for every list like `0x67, 0x68` that says a text, until it returns `false`. Returns whether it never
/// did.
pub(super) fn each_list(text: &[u8], each: &mut impl FnMut(Decoded) -> bool) -> bool {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| memmem::find(rest, b"0x")) {
        let list = list(text, from + found);
        from = list.span.end.max(from + found + 2);
        if list.text.len() >= LIST.start && is_text(&list.text) && !each(list) {
            return false;
        }
    }
    true
}

/// The bytes that are listed from here on.
fn list(text: &[u8], start: usize) -> Decoded {
    let mut list = Decoded { span: start..start, text: Vec::new(), encoding: "hex", parts: Vec::new() };
    let mut place = start;
    while let Some([b'0', b'x', digits @ ..]) = text.get(place..).and_then(|rest| rest.first_chunk::<4>()) {
        let is_longer = text.get(place + 4).is_some_and(u8::is_ascii_hexdigit);
        let Some(byte) = byte(digits).filter(|_| !is_longer && list.text.len() < LIST.end) else { break };
        list.parts.push(Part { decoded: list.text.len(), encoded: place, unit: 1, width: 4 });
        list.text.push(byte);
        list.span.end = place + 4;
        let gap = text[place + 4..].iter().take(INDENTATION).take_while(|byte| b", \t\r\n".contains(byte)).count();
        place += 4 + gap;
    }
    list
}
