//! Makes text from the world safe to show: terminal escapes, invisible and direction-changing characters become
//! visible. Knows nothing of what the text means.

use std::borrow::Cow;

/// Whether a character could move a terminal's cursor, reorder what a reader sees, or hide.
///
/// C0 and C1 controls (U+0000–001F, U+007F–009F), the bidirectional controls of Unicode Standard Annex 9, line and
/// paragraph separators, zero-width characters, interlinear annotation and the invisible tag block.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether JSON text should carry a character as `\u….`, so that it is harmless even when it is shown as it is.
/// Only for characters of the basic plane, which need one such escape; the caller has escaped C0 already.
fn needs_json_escape(c: char) -> bool {
    ('\u{7f}'..='\u{ffff}').contains(&c) && is_unsafe(c)
}

/// One line of text with nothing in it that acts on a terminal: each unsafe character is written as an escape such
/// as `\n` or `\u{202e}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// Prose as one line: runs of white space become one space, then as [`clean`].
pub fn flow(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&clean(word));
    }
    line
}

/// Prose of any length as one line of at most `limit` characters; what is cut is said.
pub(super) fn flow_short(text: &str, limit: usize) -> String {
    let line = flow(text);
    let Some((end, _)) = line.char_indices().nth(limit) else { return line };
    let left = line.chars().count() - limit;
    let mut short = line;
    short.truncate(end);
    short.push_str(&format!("… ({left} more characters)"));
    short
}

/// A cell of a spreadsheet: cleaned, and never a formula (OWASP, CSV Injection: cells that start with `=`, `+`, `-`,
/// `@`, a tab or a carriage return get a leading `'`).
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    let guarded = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let safe = clean(text);
    if guarded { Cow::Owned(format!("'{safe}")) } else { safe }
}

/// A formatter of JSON that writes unsafe characters as `\u….`; the text means the same to every JSON reader.
pub(super) struct SafeJson<F>(pub(super) F);

macro_rules! delegate {
    ($($method:ident($($argument:ident: $type:ty),*));+ $(;)?) => { $(
        fn $method<W: ?Sized + std::io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> std::io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        }
    )+ };
}

impl<F: serde_json::ser::Formatter> serde_json::ser::Formatter for SafeJson<F> {
    delegate! {
        begin_array(); end_array(); begin_array_value(first: bool); end_array_value();
        begin_object(); end_object(); begin_object_key(first: bool); end_object_key();
        begin_object_value(); end_object_value();
    }

    fn write_string_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        // Nearly all of it is plain; that is seen many bytes at a time.
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| needs_json_escape(*c)) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = after.strip_prefix(c).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible() {
        assert_eq!(clean("a\x1b[31mred\x07"), "a\\u{1b}[31mred\\u{7}");
        assert_eq!(clean("one\ntwo"), "one\\ntwo");
        assert_eq!(clean("c1 \u{9b}2J"), "c1 \\u{9b}2J");
        assert_eq!(clean("file\u{202e}gpj.exe\u{2066}x"), "file\\u{202e}gpj.exe\\u{2066}x");
        assert!(matches!(clean("Žluťoučký kůň 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn prose_becomes_one_line() {
        assert_eq!(flow("  first\n   second\tthird \x1b[0m"), "first second third \\u{1b}[0m");
        assert_eq!(flow_short("Žluťoučký", 4), "Žluť… (5 more characters)");
        assert_eq!(flow_short("short", 5), "short");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for start in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(cell(start), format!("'{start}"));
        }
        assert_eq!(cell("\t=1"), "'\\t=1");
        assert_eq!(cell("a=1"), "a=1");
    }
}
