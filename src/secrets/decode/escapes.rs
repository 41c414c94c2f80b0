//! Text with some of its characters written as escapes: `%3D`, `\u003d`, `\x3d`, `&quot;`. Decodes only what stands for
//! a printable ASCII character or a line end: more no credential needs.

use std::ops::Range;

use super::{Decoded, Part, runs};

/// How far two escapes of one piece are apart at most, in bytes; more than twice the context.
const GAP: usize = 256;
/// How much of the line is seen before and behind the escapes, in bytes.
const CONTEXT: usize = 128;
/// So many letters and digits in a row are part of a token rather than of a format such as `%2d`.
const WORD: usize = 16;
/// The longest piece, in bytes.
const LONGEST: usize = 64 * 1024;

/// A way to write a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// RFC 3986 2.1.
    Percent,
    /// `\u003d` of JSON, Java and others, and `\u{3d}`.
    Unicode,
    /// `\x3d`.
    Hex,
    /// `&#61;`, `&#x3d;` and the names that XML has.
    Html,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Percent, Self::Unicode, Self::Hex, Self::Html];

    fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Unicode => "unicode",
            Self::Hex => "hex",
            Self::Html => "html",
        }
    }

    /// How many of them make it likely that it is meant: `%2d` is also a format, and `&lt;` stands in any prose.
    fn enough(self) -> usize {
        match self {
            Self::Percent | Self::Html => 2,
            Self::Unicode | Self::Hex => 1,
        }
    }
}

/// Where escapes of one kind lie close together.
struct Cluster {
    kind: Kind,
    span: Range<usize>,
    count: usize,
}

/// Calls `each` for every piece of text with escapes in it, until it returns `false`. Returns whether it never did.
pub(super) fn each(text: &[u8], each: &mut impl FnMut(Decoded) -> bool) -> bool {
    let mut clusters = Kind::ALL.map(|kind| Cluster { kind, span: 0..0, count: 0 });
    for place in memchr::memchr3_iter(b'%', b'\\', b'&', text) {
        let Some((kind, length, _)) = escape(&text[place..]) else { continue };
        let Some(cluster) = clusters.iter_mut().find(|cluster| cluster.kind == kind) else { continue };
        let is_near = place - cluster.span.end <= GAP && place - cluster.span.start < LONGEST;
        if cluster.count > 0 && is_near {
            cluster.count += 1;
            cluster.span.end = place + length;
            continue;
        }
        let done = std::mem::replace(cluster, Cluster { kind, span: place..place + length, count: 1 });
        if done.is_meant(text) && !each(decode(text, &done)) {
            return false;
        }
    }
    clusters.iter().filter(|cluster| cluster.is_meant(text)).all(|cluster| each(decode(text, cluster)))
}

impl Cluster {
    /// Whether it is likely that the escapes stand for characters.
    fn is_meant(&self, text: &[u8]) -> bool {
        self.count >= self.kind.enough() || self.count == 1 && self.kind == Kind::Percent && self.is_in_token(text)
    }

    /// Whether it is one character of a long word, of those that tokens have and addresses must not: `ghp%5F…`.
    fn is_in_token(&self, text: &[u8]) -> bool {
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte == b'-';
        let stands_for = text.get(self.span.clone()).and_then(escape).map(|(.., byte)| byte);
        let before = text[..self.span.start].iter().rev().take(WORD).take_while(is_word).count();
        let behind = text[self.span.end..].iter().take(WORD).take_while(is_word).count();
        stands_for.is_some_and(|byte| b"_-/+=.:".contains(&byte)) && before > 0 && before.max(behind) >= WORD
    }
}

/// A cluster with what stands around it on its lines.
fn decode(text: &[u8], cluster: &Cluster) -> Decoded {
    let first = cluster.span.start.saturating_sub(CONTEXT);
    let before = &text[first..cluster.span.start];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(first, |end| first + end + 1);
    let behind = &text[cluster.span.end..];
    let end = behind.iter().take(CONTEXT).position(|byte| *byte == b'\n').unwrap_or(behind.len().min(CONTEXT));
    let span = start..cluster.span.end + end;
    let mut decoded = Vec::with_capacity(span.len());
    let mut parts: Vec<Part> = Vec::new();
    let mut place = span.start;
    while place < span.end {
        let found = escape(&text[place..]).filter(|(kind, ..)| *kind == cluster.kind);
        let (width, byte) = found.map_or((1, text[place]), |(_, length, byte)| (length, byte));
        if parts.last().is_none_or(|part| part.width != width) {
            parts.push(Part { decoded: decoded.len(), encoded: place, unit: 1, width });
        }
        decoded.push(byte);
        place += width;
    }
    Decoded { span, text: decoded, encoding: cluster.kind.name(), parts }
}

/// The escape that a text begins with: its kind, its length and what it stands for.
fn escape(text: &[u8]) -> Option<(Kind, usize, u8)> {
    let (kind, length, byte) = match text {
        [b'%', high, low, ..] => (Kind::Percent, 3, runs::byte(&[*high, *low])?),
        [b'\\', b'x', high, low, ..] => (Kind::Hex, 4, runs::byte(&[*high, *low])?),
        [b'\\', b'u', b'{', rest @ ..] => {
            let end = rest.iter().take(7).position(|byte| *byte == b'}')?;
            (Kind::Unicode, end + 4, number(rest.get(..end)?, 16)?)
        }
        [b'\\', b'u', b'0', b'0', high, low, ..] => (Kind::Unicode, 6, runs::byte(&[*high, *low])?),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b';')?;
            let digits = rest.get(..end)?;
            let byte = match digits {
                [b'x' | b'X', digits @ ..] => number(digits, 16)?,
                _ => number(digits, 10)?,
            };
            (Kind::Html, end + 3, byte)
        }
        [b'&', rest @ ..] => {
            let names: [(&[u8], u8); 5] =
                [(b"quot;", b'"'), (b"amp;", b'&'), (b"lt;", b'<'), (b"gt;", b'>'), (b"apos;", b'\'')];
            let (name, byte) = names.into_iter().find(|(name, _)| rest.starts_with(name))?;
            (Kind::Html, name.len() + 1, byte)
        }
        _ => return None,
    };
    (byte.is_ascii_graphic() || b" \t\r\n".contains(&byte)).then_some((kind, length, byte))
}

/// A number of one byte in digits of a base.
fn number(digits: &[u8], base: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, base).ok()
}
