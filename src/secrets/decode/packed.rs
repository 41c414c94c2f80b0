//! Decoded bytes that are packed or wide as a whole: gzip, zlib, UTF-16. Opens nothing that lies in a file.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::{Decoded, LONGEST, Part, is_text};

/// How often more than its packed size a text may have: a thousand is all that deflate can do, and no text needs it.
const RATIO: usize = 200;
/// How much a packed text of any size may have, in bytes.
const ENOUGH: usize = 64 * 1024;

/// Whether bytes begin as [`whole`] wants them.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b, 8]) || is_zlib(head) || byte_order(head).is_some()
}

/// All of a text, when it is a packed or a wide one, and whether it goes on where no more of it is unpacked.
pub(super) fn whole(text: &[u8]) -> Option<(Decoded, bool)> {
    if text.starts_with(&[0x1f, 0x8b, 8]) {
        let (unpacked, is_cut) = unpack(MultiGzDecoder::new(text), text.len());
        return (!unpacked.is_empty()).then(|| (piece(text, unpacked, "gzip", Vec::new()), is_cut));
    }
    if is_zlib(text) {
        let (unpacked, is_cut) = unpack(ZlibDecoder::new(text), text.len());
        return is_text(&unpacked).then(|| (piece(text, unpacked, "zlib", Vec::new()), is_cut));
    }
    let is_little = byte_order(text)?;
    let (narrow, parts) = narrow(text, is_little);
    is_text(&narrow).then(|| (piece(text, narrow, "utf-16", parts), false))
}

fn piece(text: &[u8], decoded: Vec<u8>, encoding: &'static str, parts: Vec<Part>) -> Decoded {
    Decoded { span: 0..text.len(), text: decoded, encoding, parts }
}

/// What a reader unpacks, up to the limits, and whether it would go on. What came before an error counts.
fn unpack(mut reader: impl Read, packed: usize) -> (Vec<u8>, bool) {
    let limit = packed.saturating_mul(RATIO).clamp(ENOUGH, LONGEST);
    let mut unpacked = Vec::new();
    let _ = reader.by_ref().take(limit as u64).read_to_end(&mut unpacked);
    let is_cut = unpacked.len() == limit && reader.read(&mut [0]).is_ok_and(|more| more > 0);
    (unpacked, is_cut)
}

/// Deflate with a window of at most 32 KiB, no dictionary, and the check of RFC 1950 2.2.
fn is_zlib(head: &[u8]) -> bool {
    let [method, flags, ..] = head else { return false };
    let check = u16::from_be_bytes([*method, *flags]);
    matches!(method, 0x58 | 0x68 | 0x78) && check % 31 == 0 && flags & 0x20 == 0
}

/// Whether wide text has its low byte first: by its mark, or since of its first eight characters all are ASCII.
fn byte_order(head: &[u8]) -> Option<bool> {
    let (pairs, _) = head.as_chunks::<2>();
    match pairs {
        [[0xff, 0xfe], ..] => Some(true),
        [[0xfe, 0xff], ..] => Some(false),
        _ => {
            let first = pairs.get(..8)?;
            let is_ascii = |low: u8, high: u8| high == 0 && (low.is_ascii_graphic() || low.is_ascii_whitespace());
            if first.iter().all(|pair| is_ascii(pair[0], pair[1])) {
                Some(true)
            } else {
                first.iter().all(|pair| is_ascii(pair[1], pair[0])).then_some(false)
            }
        }
    }
}

/// UTF-16 as UTF-8, without its mark.
fn narrow(text: &[u8], is_little: bool) -> (Vec<u8>, Vec<Part>) {
    let (pairs, _) = text.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if is_little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    let mut narrow = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    let mut encoded = 0;
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        let (unit, width) = (character.len_utf8(), character.len_utf16() * 2);
        if encoded > 0 || character != '\u{feff}' {
            if parts.last().is_none_or(|last| (last.unit, last.width) != (unit, width)) {
                parts.push(Part { decoded: narrow.len(), encoded, unit, width });
            }
            narrow.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        encoded += width;
    }
    (narrow, parts)
}
