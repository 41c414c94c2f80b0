//! What can be told of a detector's matches from its expression alone: how far they reach around a keyword, and whether
//! there is always a long run beside it. Matches nothing.
//!
//! INVARIANT: whatever is told holds for every match. Where nothing can be told, the answer is the careful one.

#[path = "shape/anchors.rs"]
mod anchors;
#[path = "shape/needed.rs"]
mod needed;

use std::collections::BTreeMap;
use std::ops::Range;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};
use serde::{Deserialize, Serialize};

use self::anchors::Anchors;
use super::{assignment, drawn};

pub(super) use needed::Needed;

/// How far before a run a keyword may stand, in bytes, on the same line or the one before: the end of a name, a type, a
/// sign and a quote lie between.
pub(super) const BEFORE_RUN: usize = 256;

/// An expression without an end is searched so far around a keyword, in bytes: more than the largest key that is written
/// as text needs.
const UNBOUNDED: usize = 32 * 1024;

/// The most texts that one part of an expression is written out as.
const MOST_TEXTS: usize = 192;

/// How many of the values of a gated detector the gate may lose.
const MOST_LOST: f64 = 0.002;

/// What is known of every match of an expression. Of our own detectors it is worked out when the program is built, since
/// reading all expressions takes longer than searching a small tree.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shape {
    /// A match begins at most so far before the keyword in it that is looked for, in bytes …
    pub(super) before: usize,
    /// … and ends at most so far behind the beginning of that keyword.
    pub(super) after: usize,
    /// How far into a match the keywords stand of which one is in every match. Empty where that is not known, or not always
    /// the same.
    pub(super) offsets: BTreeMap<String, Vec<usize>>,
    /// In every match a keyword stands in a run of at least [`drawn::SHORTEST`] bytes, or at most [`BEFORE_RUN`] before it
    /// with nothing but white space that may hold the end of a line.
    pub(super) is_gated: bool,
    /// No match holds the end of a line.
    pub(super) is_one_line: bool,
    /// What stands in every match beside the keyword; `None` where that is nothing, or not known.
    pub(super) needed: Option<Needed>,
}

/// A part of an expression.
enum Part {
    /// One of these texts, in small letters.
    Texts(Vec<Vec<u8>>),
    /// Some bytes.
    Bytes(Bytes),
}

/// A number of bytes of some kinds.
#[derive(Clone, Copy)]
struct Bytes {
    least: usize,
    /// `None` when there is no bound.
    most: Option<usize>,
    kinds: [u64; 4],
}

impl Shape {
    /// What is known of the matches of a detector; `None` for an expression that is none.
    pub(super) fn of_detector(
        pattern: &str,
        keywords: &[String],
        assigned_to: &[String],
        value: Option<&str>,
    ) -> Option<Self> {
        match value {
            Some(value) => Self::of_assignment(assigned_to, keywords, value),
            None => Self::of(pattern, keywords),
        }
    }

    /// Reads an expression. `None` when it is none.
    fn of(pattern: &str, keywords: &[String]) -> Option<Self> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
        let longest = hir.properties().maximum_len().unwrap_or(UNBOUNDED).min(UNBOUNDED);

        let mut parts = Vec::new();
        flatten(&hir, &mut parts);
        let is_one_line = parts.iter().all(Part::is_in_one_line);
        let offsets = BTreeMap::new();
        let careful = Self { before: longest, after: longest, offsets, is_gated: false, is_one_line, needed: None };
        let folded: Vec<String> = keywords.iter().map(|word| word.to_ascii_lowercase()).collect();
        let shape = about_keyword(&parts, &folded, longest).unwrap_or(careful);
        Some(Self { needed: Needed::of(&hir, keywords), ..shape }.anchored(&hir, &folded))
    }

    /// With what is known of where keywords stand in the matches.
    fn anchored(self, hir: &Hir, keywords: &[String]) -> Self {
        let Some(anchors) = Anchors::of(hir, keywords) else { return self };
        let before = anchors.before.map_or(self.before, |before| before.min(self.before));
        Self { before, offsets: anchors.offsets.unwrap_or_default(), ..self }
    }
}

/// Whether a keyword is in every match of an expression.
pub(super) fn always_holds(hir: &Hir, keywords: &[String]) -> bool {
    let folded: Vec<String> = keywords.iter().map(|word| word.to_ascii_lowercase()).collect();
    Anchors::of(hir, &folded).is_some()
}

impl Shape {
    /// What is known of a value of a form that is given to a name with one of these words in it.
    fn of_assignment(words: &[String], keywords: &[String], value: &str) -> Option<Self> {
        let parse = |pattern: &str| regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok();
        let (hir, whole) = (parse(value)?, parse(&assignment::pattern(words, value))?);
        let keywords = assignment::keywords(words, keywords);
        let mut parts = Vec::new();
        flatten(&hir, &mut parts);
        let name = words.iter().map(String::len).max()?;
        let most = hir.properties().maximum_len().unwrap_or(UNBOUNDED).min(UNBOUNDED);
        let is_near = name + assignment::MOST_BETWEEN <= BEFORE_RUN;
        let is_gated = is_near && runs_of(&parts).any(|run| can_be_drawn(&parts[run]));
        // A byte behind the value belongs to the match.
        let after = name + assignment::MOST_BETWEEN + most + 1;
        // A byte behind the value may be the end of the line.
        let needed = Needed::of(&hir, words);
        let shape = Self { before: name, after, offsets: BTreeMap::new(), is_gated, is_one_line: false, needed };
        Some(shape.anchored(&whole, &keywords))
    }
}

impl Shape {
    /// Where the matches around a keyword begin at the earliest.
    pub(super) fn start(&self, text: &[u8], keyword: usize) -> usize {
        let first = keyword.saturating_sub(self.before);
        let end = if self.is_one_line { memchr::memrchr(b'\n', &text[first..keyword]) } else { None };
        end.map_or(first, |end| first + end + 1)
    }

    /// Where the matches around a keyword end at the latest.
    pub(super) fn end(&self, text: &[u8], keyword: usize) -> usize {
        let last = keyword.saturating_add(self.after).min(text.len());
        let end = if self.is_one_line { memchr::memchr(b'\n', &text[keyword..last]) } else { None };
        end.map_or(last, |end| keyword + end)
    }
}

/// What can be told when one part of the expression always holds a keyword.
fn about_keyword(parts: &[Part], keywords: &[String], longest: usize) -> Option<Shape> {
    let holds = |text: &Vec<u8>| keywords.iter().any(|word| find(text, word).is_some());
    let (place, texts) = parts.iter().enumerate().find_map(|(place, part)| match part {
        Part::Texts(texts) if texts.iter().all(holds) => Some((place, texts)),
        _ => None,
    })?;
    let front = total(&parts[..place]);
    let inside = texts.iter().map(Vec::len).max().unwrap_or_default();
    let behind = total(&parts[place + 1..]);
    let bound = |most: Option<usize>| most.map_or(UNBOUNDED, |most| (most + inside).min(UNBOUNDED));
    let before = bound(front.most).min(longest);
    let after = bound(behind.most).min(longest);
    let is_one_line = parts.iter().all(Part::is_in_one_line);
    let offsets = BTreeMap::new();
    Some(Shape { before, after, offsets, is_gated: is_gated(parts, place), is_one_line, needed: None })
}

/// Whether behind the part with the keyword, or around it, there is always a run in which something drawn can be seen.
fn is_gated(parts: &[Part], keyword: usize) -> bool {
    runs_of(parts).any(|run| {
        let between = parts.get(keyword..run.start).filter(|parts| parts.iter().all(Part::stays_near));
        let most = between.map(total).and_then(|bytes| bytes.most);
        let is_near = run.contains(&keyword) || most.is_some_and(|most| most <= BEFORE_RUN);
        is_near && can_be_drawn(&parts[run])
    })
}

/// The parts that follow each other in which only bytes of a run can be.
fn runs_of(parts: &[Part]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        start += parts.get(start..)?.iter().position(Part::is_run)?;
        let run = start..start + parts[start..].iter().take_while(|part| part.is_run()).count();
        start = run.end;
        Some(run)
    })
}

/// Whether a run is always long enough, and what is drawn in it can nearly always be told from written text.
fn can_be_drawn(segment: &[Part]) -> bool {
    let drawn = || segment.iter().filter_map(|part| if let Part::Bytes(bytes) = part { Some(bytes) } else { None });
    let no_digit: f64 = drawn().map(|bytes| bytes.chance_of_no_digit().powi(bytes.least as i32)).product();
    let letters: usize = drawn().filter(|bytes| bytes.has_both_cases()).map(|bytes| bytes.least).sum();
    total(segment).least >= drawn::SHORTEST && no_digit * drawn::chance_of_no_change(letters) <= MOST_LOST
}

impl Part {
    fn extent(&self) -> Bytes {
        match self {
            Self::Bytes(bytes) => *bytes,
            Self::Texts(texts) => {
                let lengths = || texts.iter().map(Vec::len);
                let least = lengths().min().unwrap_or_default();
                Bytes { least, most: lengths().max(), kinds: [0; 4] }
            }
        }
    }

    /// Whether it holds no end of a line.
    fn is_in_one_line(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.iter().flatten().all(|byte| *byte != b'\n'),
            Self::Bytes(bytes) => !bytes.has(b'\n'),
        }
    }

    /// Whether it holds no end of a line but in white space.
    fn stays_near(&self) -> bool {
        match self {
            Self::Texts(_) => self.is_in_one_line(),
            Self::Bytes(bytes) => {
                let is_blank = |byte: u8| byte.is_ascii_whitespace() || byte == 0x0b;
                !bytes.has(b'\n') || (0..=u8::MAX).all(|byte| !bytes.has(byte) || is_blank(byte))
            }
        }
    }

    /// Whether all of it can only be part of a run.
    fn is_run(&self) -> bool {
        match self {
            Self::Texts(texts) => texts.iter().flatten().all(|byte| drawn::is_run_byte(*byte)),
            Self::Bytes(bytes) => (0..=u8::MAX).all(|byte| !bytes.has(byte) || drawn::is_run_byte(byte)),
        }
    }
}

impl Bytes {
    /// As many as these and the next together; of which kinds is not told.
    fn and(self, next: Self) -> Self {
        Self {
            least: self.least.saturating_add(next.least),
            most: self.most.zip(next.most).map(|(a, b)| a.saturating_add(b)),
            kinds: [0; 4],
        }
    }

    fn has(&self, byte: u8) -> bool {
        self.kinds[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }

    /// How likely a byte is drawn that is no digit.
    fn chance_of_no_digit(&self) -> f64 {
        let count = |range: std::ops::RangeInclusive<u8>| range.filter(|byte| self.has(*byte)).count() as f64;
        1.0 - count(b'0'..=b'9') / count(0..=u8::MAX).max(1.0)
    }

    fn has_both_cases(&self) -> bool {
        let count = |range: std::ops::RangeInclusive<u8>| range.filter(|byte| self.has(*byte)).count();
        count(b'a'..=b'z') >= 20 && count(b'A'..=b'Z') >= 20
    }
}

/// The least and the most bytes of parts that follow each other.
fn total(parts: &[Part]) -> Bytes {
    parts.iter().map(Part::extent).fold(Bytes { least: 0, most: Some(0), kinds: [0; 4] }, Bytes::and)
}

/// Appends the parts of an expression; texts that follow each other become one part.
fn flatten(hir: &Hir, parts: &mut Vec<Part>) {
    match hir.kind() {
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Concat(each) => each.iter().for_each(|one| flatten(one, parts)),
        HirKind::Look(_) | HirKind::Empty => {}
        // `SK[0-9a-f]{32}`: the first digit still belongs to the texts, so that they are long enough for a keyword.
        HirKind::Repetition(again) if again.min > 1 && is_short(parts) && texts(&again.sub).is_some() => {
            let rest = Repetition { min: again.min - 1, max: again.max.map(|most| most - 1), ..again.clone() };
            flatten(&again.sub, parts);
            parts.push(Part::Bytes(bytes(&Hir::repetition(rest))));
        }
        _ => match (texts(hir), parts.last_mut()) {
            (Some(new), Some(Part::Texts(known))) if known.len() * new.len() <= MOST_TEXTS => {
                *known = product(known, &new)
            }
            (Some(new), _) => parts.push(Part::Texts(new)),
            (None, _) => parts.push(Part::Bytes(bytes(hir))),
        },
    }
}

/// Whether the last part is a text that is too short for a keyword.
fn is_short(parts: &[Part]) -> bool {
    matches!(parts.last(), Some(Part::Texts(texts)) if texts.len() == 1 && texts.iter().all(|text| text.len() < 3))
}

/// All texts that an expression stands for, in small letters, if they are few.
fn texts(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut all = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => vec![literal.0.to_ascii_lowercase()],
        HirKind::Class(_) => {
            let kinds = bytes(hir).kinds;
            let class = Bytes { least: 1, most: Some(1), kinds };
            let members: Vec<_> =
                (0..=u8::MAX).filter(|byte| class.has(*byte)).map(|byte| vec![byte.to_ascii_lowercase()]).collect();
            (members.len() <= 24 && hir.properties().maximum_len() == Some(1)).then_some(members)?
        }
        HirKind::Capture(capture) => texts(&capture.sub)?,
        HirKind::Repetition(again) if again.max == Some(1) => {
            let mut all = texts(&again.sub)?;
            all.extend((again.min == 0).then(Vec::new));
            all
        }
        HirKind::Repetition(again) if again.max == Some(again.min) && again.min <= 8 => {
            let one = texts(&again.sub)?;
            (0..again.min).try_fold(vec![Vec::new()], |all, _| {
                (all.len() * one.len() <= MOST_TEXTS).then(|| product(&all, &one))
            })?
        }
        HirKind::Repetition(_) => return None,
        HirKind::Concat(each) => each.iter().try_fold(vec![Vec::new()], |all, one| {
            let next = texts(one)?;
            (all.len() * next.len() <= MOST_TEXTS).then(|| product(&all, &next))
        })?,
        HirKind::Alternation(each) => each.iter().map(texts).collect::<Option<Vec<_>>>()?.concat(),
    };
    all.sort();
    all.dedup();
    (all.len() <= MOST_TEXTS).then_some(all)
}

fn product(fronts: &[Vec<u8>], ends: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        fronts.iter().flat_map(|front| ends.iter().map(move |end| [front.as_slice(), end].concat())).collect();
    all.sort();
    all.dedup();
    all
}

/// How many bytes of which kinds an expression stands for.
fn bytes(hir: &Hir) -> Bytes {
    let properties = hir.properties();
    let mut kinds = [0; 4];
    gather(hir, &mut kinds);
    Bytes { least: properties.minimum_len().unwrap_or_default(), most: properties.maximum_len(), kinds }
}

/// Adds every byte that an expression can hold.
fn gather(hir: &Hir, kinds: &mut [u64; 4]) {
    let mut add = |byte: u8| kinds[usize::from(byte / 64)] |= 1 << (byte % 64);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => literal.0.iter().copied().for_each(add),
        HirKind::Class(Class::Bytes(class)) => class.iter().flat_map(|range| range.start()..=range.end()).for_each(add),
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.iter() {
                (0..=0x7f_u8)
                    .filter(|byte| (range.start()..=range.end()).contains(&char::from(*byte)))
                    .for_each(&mut add);
                if !range.end().is_ascii() {
                    (0x80..=u8::MAX).for_each(&mut add);
                }
            }
        }
        HirKind::Repetition(again) => gather(&again.sub, kinds),
        HirKind::Capture(capture) => gather(&capture.sub, kinds),
        HirKind::Concat(each) | HirKind::Alternation(each) => each.iter().for_each(|one| gather(one, kinds)),
    }
}

/// Where a word stands in a text for the first time.
fn find(text: &[u8], word: &str) -> Option<usize> {
    text.windows(word.len().max(1)).position(|window| window == word.as_bytes())
}
