//! Which comments allow which matches of a window, and what else a reader is told of a text. Reads and hides nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;

use super::{NAME, SourceOptions};
use crate::collect::{CollectError, Context, Sink};
use crate::model::{CoverageEntry, Outcome, Record};
use crate::secrets::{DetectorSet, InlineAllow, Match, inline_allow, inline_allow_places};

/// The longest line on which an allow comment counts, in bytes. A longer line is not one statement that somebody
/// looked at: in a minified file one comment would mute everything.
pub(super) const LONGEST_LINE: usize = 2000;

/// How many places of one kind are named.
const NAMED: usize = 10;

/// What is told of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Expired,
    Unreadable,
    Unused,
    Undecoded,
}

impl Told {
    fn what(self) -> &'static str {
        match self {
            Told::Expired => "expired allow comments",
            Told::Unreadable => "allow comments that cannot be read",
            Told::Unused => "allow comments that allow nothing",
            Told::Undecoded => "encoded text that was decoded only in part",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Told::Expired => "replace the secret, or set another day",
            Told::Unreadable => "write: nonhuman: allow[rule-or-detector] reason=why until=2027-01-31",
            Told::Unused => "take them out",
            Told::Undecoded => "decode it with its own program and scan what comes out",
        }
    }
}

/// The first places of one kind: the file, the line, what is said of it.
type Places = BTreeSet<(String, u64, String)>;

/// What a reader should know of the texts of one target: a bounded list of places of each kind, and how many there are.
#[derive(Debug, Default)]
pub struct TextNotes(Mutex<BTreeMap<Told, (u64, Places)>>);

impl TextNotes {
    fn add(&self, told: Told, path: &str, line: u64, detail: String) {
        if let Ok(mut notes) = self.0.lock() {
            let (count, places) = notes.entry(told).or_default();
            *count += u64::from(places.insert((path.to_owned(), line, detail)));
            if places.len() > NAMED {
                places.pop_last();
            }
        }
    }

    /// Notes that not all of a file's encoded text was decoded.
    pub(super) fn undecoded(&self, path: &str) {
        self.add(Told::Undecoded, path, 0, String::new());
    }

    /// Sends them as coverage of a target. They are no holes: what the comments stand beside
    /// was judged, and what was not decoded was left on purpose.
    pub(super) fn send(&self, target: &str, sink: &Sink) -> Result<(), CollectError> {
        let notes = self.0.lock().map(|mut notes| std::mem::take(&mut *notes)).unwrap_or_default();
        notes.into_iter().try_for_each(|(told, (count, places))| {
            let more = count.saturating_sub(places.len() as u64);
            let mut places: Vec<String> = places
                .into_iter()
                .map(|(path, line, detail)| match (line, detail.is_empty()) {
                    (0, _) => path,
                    (_, true) => format!("{path}:{line}"),
                    (_, false) => format!("{path}:{line} ({detail})"),
                })
                .collect();
            if more > 0 {
                places.push(format!("and {more} more"));
            }
            let entry = CoverageEntry::hole(NAME, target, told.what(), Outcome::NotRead, places.join(", "));
            sink.send_blocking(Record::Coverage(entry.count(count).remedy(told.remedy())))
        })
    }
}

/// That a comment allows a match.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    /// The comment.
    pub(super) by: String,
    /// The rules it is for; empty for all.
    pub(super) rules: Vec<String>,
}

/// The allow comments of a window.
pub(super) struct Allows<'a> {
    text: &'a [u8],
    options: &'a SourceOptions,
    detectors: &'a DetectorSet,
    today: jiff::civil::Date,
    /// Where our own marks begin.
    marks: Vec<usize>,
    /// The starts of the lines whose comment allows a match.
    used: BTreeSet<usize>,
    /// The comment for the line that was asked for last: matches come in the order of their place.
    last: Option<(usize, Option<(usize, InlineAllow)>)>,
}

impl<'a> Allows<'a> {
    pub(super) fn of(
        text: &'a [u8],
        options: &'a SourceOptions,
        detectors: &'a DetectorSet,
        context: &Context,
    ) -> Self {
        let marks = if options.no_inline_allow { Vec::new() } else { inline_allow_places(text).collect() };
        let today = context.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self { text, options, detectors, today, marks, used: BTreeSet::new(), last: None }
    }

    /// Whether the window has no mark of ours.
    pub(super) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether a comment allows a match, and which.
    pub(super) fn of_match(&mut self, found: &Match<'_>) -> Option<Allowed> {
        if self.options.no_inline_allow {
            return None;
        }
        let line = line_around(self.text, found.span.start)?;
        if self.last.as_ref().is_none_or(|(start, _)| *start != line.start) {
            self.last = Some((line.start, self.comment_for(&line)));
        }
        let (start, allow) = self.last.as_ref()?.1.as_ref()?;
        let allowed = self.allows(allow, &found.detector.id)?;
        self.used.insert(*start);
        Some(allowed)
    }

    /// The comment for what lies on a line, and where the comment's own line starts.
    fn comment_for(&self, line: &Range<usize>) -> Option<(usize, InlineAllow)> {
        if let Some(allow) = inline_allow(&self.text[line.clone()]) {
            return Some((line.start, allow));
        }
        let above = line_around(self.text, line.start.checked_sub(1)?)?;
        let allow = inline_allow(&self.text[above.clone()]).filter(|allow| allow.stands_alone)?;
        Some((above.start, allow))
    }

    fn allows(&self, allow: &InlineAllow, detector: &str) -> Option<Allowed> {
        if self.problem(allow).is_some() || self.is_expired(allow) {
            return None;
        }
        let by = allow.told();
        if allow.names.is_empty() || allow.names.iter().any(|name| name == detector) {
            return Some(Allowed { by, rules: Vec::new() });
        }
        let rules: Vec<String> =
            allow.names.iter().filter(|name| self.options.rules.contains(*name)).cloned().collect();
        (!rules.is_empty()).then_some(Allowed { by, rules })
    }

    fn is_expired(&self, allow: &InlineAllow) -> bool {
        allow.until.is_some_and(|until| until < self.today)
    }

    /// What is wrong with a comment: with its form, or with the names in it.
    fn problem(&self, allow: &InlineAllow) -> Option<String> {
        let is_known = |name: &String| {
            self.options.rules.contains(name) || self.detectors.detectors().iter().any(|one| one.id == *name)
        };
        let unknown = allow.names.iter().find(|name| !is_known(name));
        let unknown = || unknown.map(|name| format!("'{name}' is neither a rule nor a detector"));
        allow.problem.clone().or_else(unknown)
    }

    /// Notes the comments in a part of the text that allow nothing. `line` numbers a byte's line in the file.
    pub(super) fn note(&self, own: &Range<usize>, path: &str, line: impl Fn(usize) -> u64) {
        for &mark in self.marks.iter().filter(|mark| own.contains(mark)) {
            let notes = &self.options.allows;
            let Some(around) = line_around(self.text, mark) else {
                let detail = format!("a line of more than {LONGEST_LINE} bytes is no single statement");
                notes.add(Told::Unreadable, path, line(mark), detail);
                continue;
            };
            let Some(allow) = inline_allow(&self.text[around.clone()]) else { continue };
            if let Some(problem) = self.problem(&allow) {
                notes.add(Told::Unreadable, path, line(mark), problem);
            } else if self.is_expired(&allow) {
                let until = allow.until.map(|day| format!("until {day}")).unwrap_or_default();
                notes.add(Told::Expired, path, line(mark), until);
            } else if !self.used.contains(&around.start) {
                notes.add(Told::Unused, path, line(mark), String::new());
            }
        }
    }
}

/// The line that holds a byte, without its end; `None` when it is longer than [`LONGEST_LINE`].
fn line_around(text: &[u8], offset: usize) -> Option<Range<usize>> {
    let floor = offset.saturating_sub(LONGEST_LINE);
    let start = match text.get(floor..offset)?.iter().rposition(|byte| *byte == b'\n') {
        Some(place) => floor + place + 1,
        None if floor == 0 => 0,
        None => return None,
    };
    let ceiling = text.len().min(start + LONGEST_LINE + 1);
    let end = match text.get(start..ceiling)?.iter().position(|byte| *byte == b'\n') {
        Some(place) => start + place,
        None if ceiling == text.len() && ceiling - start <= LONGEST_LINE => ceiling,
        None => return None,
    };
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_its_length_counts() {
        assert_eq!(line_around(b"ab\ncd\nef", 4), Some(3..5));
        assert_eq!(line_around(b"ab\ncd\nef", 2), Some(0..2), "the end belongs to its line");
        assert_eq!(line_around(b"ab\ncd\nef", 8), Some(6..8));
        let long = [b"x".repeat(LONGEST_LINE).as_slice(), b"\n", b"y".repeat(LONGEST_LINE + 1).as_slice()].concat();
        assert_eq!(line_around(&long, 1500), Some(0..LONGEST_LINE));
        assert_eq!(line_around(&long, LONGEST_LINE + 1), None);
        assert_eq!(line_around(&long, long.len()), None);
    }
}
