//! The few lines of YAML that a manifest is made of: which stand in one mapping, and what `data` and `stringData` in it
//! hold. Reads no other YAML, and no value.

use std::ops::Range;

use memchr::memmem;

use super::LONGEST;
use super::manifest::{Entry, section_of};

/// A line of YAML.
struct Line<'a> {
    /// Where what it says begins and ends.
    span: Range<usize>,
    said: &'a [u8],
    /// How far it is indented, and how far behind the dashes of a list.
    indents: [usize; 2],
}

impl Line<'_> {
    /// Whether it belongs to whatever is around it: a blank, a comment, a line of a template.
    fn is_void(&self) -> bool {
        self.said.is_empty() || self.said.starts_with(b"#") || self.said.starts_with(b"{{")
    }

    /// Whether one document ends here and another begins.
    fn is_border(&self) -> bool {
        self.said.starts_with(b"---") || self.said == b"..."
    }
}

/// The line that begins here.
fn line(text: &[u8], start: usize) -> Line<'_> {
    let rest = text.get(start..).unwrap_or_default();
    let whole = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let said = whole.trim_ascii_end();
    let is_indent = |byte: &u8| *byte == b' ';
    let indent = said.iter().take_while(|byte| is_indent(byte)).count();
    let mut inner = indent;
    while said[inner..].starts_with(b"- ") {
        inner += 1 + said[inner + 1..].iter().take_while(|byte| is_indent(byte)).count();
    }
    Line { span: start + inner..start + said.len(), said: &said[inner..], indents: [indent, inner] }
}

/// The entries of the mapping that a name belongs to, and where it ends. No text before `from` is read.
pub(super) fn entries(text: &[u8], from: usize, name: usize) -> (Vec<Entry>, usize) {
    let before = text[from..name].iter().rev().take_while(|byte| b" -".contains(byte)).count();
    let first = name - before;
    let depth = line(text, first).indents[1];
    if depth != before || (first > 0 && text[first - 1] != b'\n') {
        return (Vec::new(), name);
    }
    let start = mapping_start(text, from.max(name.saturating_sub(LONGEST)), first, depth);
    let (mut entries, mut place) = (Vec::new(), start);
    let (mut section, mut inner) = (None, None);
    let limit = text.len().min(start.saturating_add(LONGEST));
    while place < limit {
        let line = line(text, place);
        if line.is_border() || (place > first && !line.is_void() && line.indents[0] < depth) {
            break;
        }
        let next = behind_line(text, place);
        if !line.is_void() && line.indents[1] == depth {
            section = section_begun(line.said);
            inner = None;
        } else if !line.is_void()
            && let Some(is_encoded) = section
            && line.indents[0] == *inner.get_or_insert(line.indents[0])
        {
            entries.extend(entry(text, &line, next, is_encoded));
        }
        place = next;
    }
    (entries, place)
}

/// Where the mapping begins that a line belongs to.
fn mapping_start(text: &[u8], floor: usize, line_of_it: usize, depth: usize) -> usize {
    let mut start = line_of_it;
    // The first line of a mapping in a list has the dash before it.
    while start > floor && line(text, start).indents[0] >= depth.min(line(text, start).indents[1]) {
        let end = start - 1;
        let before = text[floor..end].iter().rposition(|byte| *byte == b'\n').map_or(floor, |place| floor + place + 1);
        let above = line(text, before);
        if above.is_border() || !(above.is_void() || above.indents[1] >= depth) {
            break;
        }
        start = before;
    }
    start
}

/// What begins with a line of a mapping, as [`section_of`] says.
fn section_begun(said: &[u8]) -> Option<bool> {
    let (name, rest) = said.split_at_checked(memchr::memchr(b':', said)?)?;
    let rest = rest[1..].trim_ascii_start();
    (rest.is_empty() || rest.starts_with(b"#")).then(|| section_of(&name[unquoted(name, 0..name.len())])).flatten()
}

/// Where the line behind one begins.
fn behind_line(text: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |end| start + end + 1)
}

/// The entry that a line begins; its value may lie on the lines behind it.
fn entry(text: &[u8], line: &Line<'_>, next: usize, is_encoded: bool) -> Option<Entry> {
    let colon = memchr::memchr(b':', line.said)?;
    let name = unquoted(line.said, 0..colon);
    let mut value = colon + 1..line.said.len();
    value.start += line.said[value.clone()].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if line.said[value.clone()].starts_with(b"!!binary ") {
        value.start += 9;
    }
    let said = &line.said[value.clone()];
    let comment = memmem::find(said, b" #").unwrap_or(said.len());
    let quoted =
        said.first().filter(|first| b"\"'".contains(first)).and_then(|quote| memchr::memchr(*quote, &said[1..]));
    value.end = value.start + quoted.map_or_else(|| said[..comment].trim_ascii_end().len(), |end| end + 2);
    let at = |range: Range<usize>| line.span.start + range.start..line.span.start + range.end;
    let value = unquoted(line.said, value);
    let said = &line.said[value.clone()];
    let mut lines = vec![at(value)];
    if matches!(said, [b'|' | b'>'] | [b'|' | b'>', b'-' | b'+']) {
        lines = if is_encoded { block(text, next, line.indents[0]) } else { Vec::new() };
    }
    (!name.is_empty() && !lines.is_empty()).then(|| Entry { name: at(name), lines, is_encoded })
}

/// The lines from here on that are indented further than what they belong to.
fn block(text: &[u8], start: usize, depth: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut place = start;
    while place < text.len().min(start.saturating_add(LONGEST)) {
        let line = line(text, place);
        if !line.said.is_empty() && line.indents[0] <= depth {
            break;
        }
        if !line.said.is_empty() {
            lines.push(line.span);
        }
        place = behind_line(text, place);
    }
    lines
}

/// A part of a text without the quotes around it.
fn unquoted(text: &[u8], range: Range<usize>) -> Range<usize> {
    match &text[range.clone()] {
        [b'"', .., b'"'] | [b'\'', .., b'\''] => range.start + 1..range.end - 1,
        _ => range,
    }
}
