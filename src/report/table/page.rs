//! Lines of the terminal report: wrapping, hanging indents, colour. Everything printed passes through here and is
//! cleaned here; knows nothing of findings.

use std::io::{self, BufWriter, Write};

use anstyle::{AnsiColor, Style as Ansi};
use textwrap::core::{Word, display_width};
use textwrap::{WordSeparator, wrap_algorithms::wrap_first_fit};

use crate::model::Severity;
use crate::report::Style;
use crate::report::escape::{clean, flow_short};

/// Where the text of a labelled line starts.
pub(super) const TEXT: usize = 12;

/// Narrower terminals are treated as this wide: below it nothing can be laid out.
const MIN_WIDTH: usize = 40;

/// Wider terminals are not filled: longer lines are hard to read.
const MAX_WIDTH: usize = 120;

/// Prose longer than this many characters is cut, and said to be.
const MAX_PROSE: usize = 800;

/// The look of a label.
pub(super) const DIM: Ansi = Ansi::new().dimmed();
/// The look of what matters most in a line.
pub(super) const BOLD: Ansi = Ansi::new().bold();
/// The look of something that went wrong.
pub(super) const ALARM: Ansi = AnsiColor::Red.on_default().bold();

/// The report as it is written.
pub(super) struct Page<'a> {
    out: BufWriter<&'a mut dyn Write>,
    color: bool,
    width: usize,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, style: Style) -> Self {
        Self { out: BufWriter::new(out), color: style.color, width: style.width.clamp(MIN_WIDTH, MAX_WIDTH) }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A line that says what follows.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(BOLD, text);
        writeln!(self.out, "{text}")
    }

    /// The first line of a group: how bad, then what it is about.
    pub(super) fn group_head(&mut self, severity: Severity, title: &str) -> io::Result<()> {
        let word = severity.as_str().to_uppercase();
        self.labelled(0, &word, look(severity), 10, title, BOLD)
    }

    /// Prose at an indent.
    pub(super) fn text(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.labelled(indent, "", DIM, 0, text, Ansi::new())
    }

    /// The last line.
    pub(super) fn closing(&mut self, look: Ansi, text: &str) -> io::Result<()> {
        self.labelled(0, "", DIM, 0, text, look)
    }

    /// A label at indent 2 and its text.
    pub(super) fn entry(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.labelled(2, label, DIM, TEXT - 2, text, Ansi::new())
    }

    /// As [`Page::entry`], with a label that stands out.
    pub(super) fn loud_entry(&mut self, label: &str, look: Ansi, text: &str) -> io::Result<()> {
        self.labelled(2, label, look, TEXT - 2, text, BOLD)
    }

    /// A short label in the text column and its text: `fix`, `1.`.
    pub(super) fn detail(&mut self, label: &str, text: &str) -> io::Result<()> {
        self.labelled(TEXT, label, DIM, 4, text, Ansi::new())
    }

    /// A place in the text column. It is never broken, so that a terminal can open it; what is said of it follows on
    /// the same line if there is room.
    pub(super) fn place(&mut self, label: &str, place: &str, note: &str) -> io::Result<()> {
        let (place, note) = (clean(place), flow_short(note, MAX_PROSE));
        let label = self.paint(DIM, &format!("{label:<3}"));
        write!(self.out, "{:TEXT$}{label} {place}", "")?;
        let room = self.width.saturating_sub(TEXT + 4 + display_width(&place));
        if note.is_empty() || display_width(&note) < room {
            let gap = if note.is_empty() { "" } else { " " };
            return writeln!(self.out, "{gap}{note}");
        }
        writeln!(self.out)?;
        self.text(TEXT + 4, &note)
    }

    /// Writes `label` at `indent`, pads it to `column` and wraps `text` beside it.
    fn labelled(
        &mut self,
        indent: usize,
        label: &str,
        label_look: Ansi,
        column: usize,
        text: &str,
        look: Ansi,
    ) -> io::Result<()> {
        let text = flow_short(text, MAX_PROSE);
        let start = indent + column;
        let room = self.width.saturating_sub(start).max(MIN_WIDTH / 2);
        let pad = column.saturating_sub(display_width(label));
        write!(self.out, "{:indent$}{}{:pad$}", "", self.paint(label_look, label), "")?;
        for (number, line) in wrap(&text, room).iter().enumerate() {
            if number > 0 {
                write!(self.out, "{:start$}", "")?;
            }
            writeln!(self.out, "{}", self.paint(look, line))?;
        }
        Ok(())
    }

    fn paint(&self, look: Ansi, text: &str) -> String {
        if self.color && !text.is_empty() && look != Ansi::new() {
            format!("{look}{text}{look:#}")
        } else {
            text.to_owned()
        }
    }
}

/// The look of a severity.
pub(super) fn look(severity: Severity) -> Ansi {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Info => Ansi::new().dimmed(),
    }
}

/// Breaks text into lines of at most `room` columns, at spaces. Words that hold a path or URL are never broken and may
/// be longer; other words that do not fit on a line are, after a comma where they have one.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut words = Vec::new();
    for word in WordSeparator::AsciiSpace.find_words(text) {
        if word.contains('/') || display_width(&word) <= room {
            words.push(word);
            continue;
        }
        words.extend(
            word.word.split_inclusive(',').flat_map(|part| Word::from(part).break_apart(room).collect::<Vec<_>>()),
        );
        if let Some(last) = words.last_mut() {
            last.whitespace = word.whitespace;
        }
    }
    let lines = wrap_first_fit(&words, &[room as f64]);
    lines.into_iter().map(|line| join(line).trim_end().to_owned()).collect()
}

fn join(words: &[Word<'_>]) -> String {
    words.iter().flat_map(|word| [word.word, word.whitespace]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_whole_and_other_words_break() {
        assert_eq!(
            wrap("see a/very/long/path/that/does.not:12:3 fit", 12),
            ["see", "a/very/long/path/that/does.not:12:3", "fit"]
        );
        assert_eq!(wrap("xxxxxxxxxxxxxxx yy", 10), ["xxxxxxxxxx", "xxxxx yy"]);
        assert_eq!(wrap("--access-key-id stays", 18), ["--access-key-id", "stays"]);
        assert_eq!(wrap("日本語日本語", 4), ["日本", "語日", "本語"]);
        assert_eq!(wrap("get pods,roles,rolebindings now", 12), ["get pods,", "roles,", "rolebindings", "now"]);
        assert_eq!(wrap("", 10), [""]);
    }
}
