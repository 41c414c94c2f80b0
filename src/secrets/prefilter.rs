//! Where detectors can match at all: each byte is looked at about once, for the keywords of all detectors. Judges nothing.
//!
//! A keyword of a gated detector (see [`Shape`](super::shape::Shape)) counts only where a run of token bytes is near that
//! looks drawn: the runs are found first, and most keywords are looked for beside them alone.

use std::ops::Range;
use std::sync::OnceLock;

use super::Detector;
use super::lanes::Words;
use super::runs;
use super::shape::BEFORE_RUN;

/// A keyword of a detector at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) detector: usize,
    pub(super) start: usize,
    /// The place of the keyword among those of the set.
    pub(super) keyword: usize,
}

/// The keywords of all detectors.
#[derive(Debug)]
pub(super) struct Prefilter {
    /// In small letters, each once.
    keywords: Vec<String>,
    /// The detectors of each keyword.
    detectors: Vec<Vec<usize>>,
    /// For each keyword the letter that it repeats, if it does nothing else.
    letters: Vec<Option<u8>>,
    /// Made when something is searched.
    tables: OnceLock<Tables>,
}

/// What keywords are looked for with.
#[derive(Debug)]
struct Tables {
    /// The keywords of detectors without a gate, and the number of each among all.
    everywhere: (Option<Words>, Vec<usize>),
    /// The keywords of gated detectors, and the number of each among all.
    beside_runs: (Option<Words>, Vec<usize>),
    /// By detector.
    is_gated: Vec<bool>,
}

impl Prefilter {
    pub(super) fn new(detectors: &[Detector]) -> Self {
        let mut keywords: Vec<String> = Vec::new();
        let mut by_keyword: Vec<Vec<usize>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (position, detector) in detectors.iter().enumerate() {
            for word in &detector.keywords {
                let place = *places.entry(word.to_ascii_lowercase()).or_insert_with_key(|word| {
                    keywords.push(word.clone());
                    by_keyword.push(Vec::new());
                    keywords.len() - 1
                });
                by_keyword[place].push(position);
            }
        }
        by_keyword.iter_mut().for_each(Vec::dedup);
        let one_letter = |word: &String| {
            let (first, rest) = word.as_bytes().split_first()?;
            rest.iter().all(|byte| byte == first).then_some(*first)
        };
        let letters = keywords.iter().map(one_letter).collect();
        Self { letters, keywords, detectors: by_keyword, tables: OnceLock::new() }
    }

    /// A keyword by its place.
    pub(super) fn keyword(&self, place: usize) -> &str {
        self.keywords.get(place).map_or("", String::as_str)
    }

    /// Every keyword of every detector in a part of a text with these runs, by detector and place. Runs are counted from
    /// the start of the part.
    pub(super) fn hits(
        &self,
        detectors: &[Detector],
        text: &[u8],
        within: Range<usize>,
        runs: &[Range<usize>],
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.tables.get_or_init(|| self.tables(detectors)).search(self, text, within, runs, &mut hits);
        hits.sort_unstable();
        hits
    }

    /// Whether a keyword that is one letter, again and again, stands amid more of that letter: where data is nothing but
    /// zeros it is at every place. The first and the last place of it count.
    fn is_amid_its_letter(&self, keyword: usize, text: &[u8], place: Range<usize>) -> bool {
        let Some(letter) = self.letters.get(keyword).copied().flatten() else { return false };
        let is_letter =
            |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|byte| byte.eq_ignore_ascii_case(&letter));
        is_letter(place.start.checked_sub(1)) && is_letter(Some(place.end))
    }

    fn tables(&self, detectors: &[Detector]) -> Tables {
        let is_gated: Vec<bool> = detectors.iter().map(Detector::is_gated).collect();
        let with = |wanted: bool| -> Vec<usize> {
            let has = |place: &usize| self.detectors[*place].iter().any(|detector| is_gated[*detector] == wanted);
            (0..self.keywords.len()).filter(has).collect()
        };
        let search = |places: Vec<usize>| {
            let words: Vec<_> = places.iter().map(|place| &self.keywords[*place]).collect();
            (Words::new(&words), places)
        };
        Tables { everywhere: search(with(false)), beside_runs: search(with(true)), is_gated }
    }
}

impl Tables {
    fn search(&self, all: &Prefilter, text: &[u8], within: Range<usize>, runs: &[Range<usize>], hits: &mut Vec<Hit>) {
        let mut add = |keyword: usize, place: Range<usize>, gated: bool| {
            if all.is_amid_its_letter(keyword, text, place.clone()) {
                return;
            }
            let start = place.start;
            let of_keyword = all.detectors[keyword].iter().filter(|detector| self.is_gated[**detector] == gated);
            hits.extend(of_keyword.map(|detector| Hit { detector: *detector, start, keyword }));
        };
        if let (Some(words), places) = &self.everywhere {
            words.for_each(text, std::slice::from_ref(&within), &mut |word, place| add(places[word], place, false));
        }
        if let (Some(words), places) = &self.beside_runs {
            words.for_each(text, &regions_of(text, within, runs), &mut |word, place| add(places[word], place, true));
        }
    }
}

/// The drawn runs of a part of a text, each with what comes shortly before it.
fn regions_of(text: &[u8], within: Range<usize>, runs: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut regions: Vec<Range<usize>> = Vec::new();
    let Some(part) = text.get(within.clone()) else { return regions };
    for run in runs {
        if runs::is_drawn(&part[run.clone()]) {
            // What lies before the end of the last one is in it already.
            let known = regions.last().map_or(0, |last| last.end - within.start);
            let start = within.start + beginning(part, known, run.start);
            let end = within.start + run.end;
            match regions.last_mut().filter(|last| last.end >= start) {
                Some(last) => last.end = end,
                None => regions.push(start..end),
            }
        }
    }
    regions
}

/// How far back from a run keywords are looked for: to the beginning of the line before it, or [`BEFORE_RUN`] bytes; no
/// further than `known`.
fn beginning(text: &[u8], known: usize, run: usize) -> usize {
    let first = run.saturating_sub(BEFORE_RUN).max(known);
    let mut ends = memchr::memrchr_iter(b'\n', &text[first..run]);
    ends.nth(1).map_or(first, |end| first + end + 1)
}

#[cfg(test)]
impl Prefilter {
    /// The same without runs and tables: every keyword everywhere, then the gate.
    pub(super) fn plainly(&self, detectors: &[Detector], text: &[u8]) -> Vec<Hit> {
        let automaton = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(&self.keywords);
        let automaton = automaton.expect("they are few");
        let regions = regions_of(text, 0..text.len(), &runs::all(text));
        let mut hits = Vec::new();
        for found in automaton.find_overlapping_iter(text) {
            if self.is_amid_its_letter(found.pattern().as_usize(), text, found.range()) {
                continue;
            }
            for &detector in &self.detectors[found.pattern().as_usize()] {
                let counts = !detectors[detector].is_gated() || {
                    let after = regions.partition_point(|region| region.end < found.end());
                    regions.get(after).is_some_and(|region| region.start <= found.start())
                };
                if counts {
                    hits.push(Hit { detector, start: found.start(), keyword: found.pattern().as_usize() });
                }
            }
        }
        hits.sort_unstable();
        hits
    }
}
