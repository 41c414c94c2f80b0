//! Where detectors can match at all: each byte is looked at about once, for the keywords of all detectors. Judges nothing.
//!
//! A keyword of a gated detector (see [`Shape`](super::shape::Shape)) counts only where a run of token bytes is near that
//! looks drawn. A few texts are searched plainly: for all keywords everywhere, then the gate. When there are more, what
//! is dear to build pays: the runs are found first, and most keywords are looked for beside them alone. Both ways find
//! the same, which a test holds.

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::Detector;
use super::lanes::Words;
use super::runs;
use super::shape::BEFORE_RUN;

/// After so many bytes the dear way pays.
const DEAR_PAYS: u64 = 1024 * 1024;

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
    seen: AtomicU64,
    plain: OnceLock<Option<AhoCorasick>>,
    dear: OnceLock<Dear>,
}

/// What is built when it pays.
#[derive(Debug)]
struct Dear {
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
        let (plain, dear) = (OnceLock::new(), OnceLock::new());
        Self { letters, keywords, detectors: by_keyword, seen: AtomicU64::new(0), plain, dear }
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
        let seen = self.seen.fetch_add(within.len() as u64, Ordering::Relaxed);
        let mut hits = Vec::new();
        if seen + (within.len() as u64) < DEAR_PAYS && self.dear.get().is_none() {
            self.plainly(detectors, text, within, runs, &mut hits);
        } else {
            self.dear.get_or_init(|| self.build(detectors)).search(self, text, within, runs, &mut hits);
        }
        hits.sort_unstable();
        hits
    }

    fn plainly(
        &self,
        detectors: &[Detector],
        text: &[u8],
        within: Range<usize>,
        runs: &[Range<usize>],
        hits: &mut Vec<Hit>,
    ) {
        let automaton = self.plain.get_or_init(|| automaton(&self.keywords));
        let Some(automaton) = automaton else { return };
        let mut regions: Option<Vec<Range<usize>>> = None;
        for found in automaton.find_overlapping_iter(Input::new(text).span(within.clone())) {
            if self.is_amid_its_letter(found.pattern().as_usize(), text, found.range()) {
                continue;
            }
            for &detector in &self.detectors[found.pattern().as_usize()] {
                let counts = !detectors[detector].is_gated() || {
                    let regions = regions.get_or_insert_with(|| regions_of(text, within.clone(), runs));
                    let after = regions.partition_point(|region| region.end < found.end());
                    regions.get(after).is_some_and(|region| region.start <= found.start())
                };
                if counts {
                    hits.push(Hit { detector, start: found.start(), keyword: found.pattern().as_usize() });
                }
            }
        }
    }

    /// Whether a keyword that is one letter, again and again, stands amid more of that letter: where data is nothing but
    /// zeros it is at every place. The first and the last place of it count.
    fn is_amid_its_letter(&self, keyword: usize, text: &[u8], place: Range<usize>) -> bool {
        let Some(letter) = self.letters.get(keyword).copied().flatten() else { return false };
        let is_letter =
            |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|byte| byte.eq_ignore_ascii_case(&letter));
        is_letter(place.start.checked_sub(1)) && is_letter(Some(place.end))
    }

    fn build(&self, detectors: &[Detector]) -> Dear {
        let is_gated: Vec<bool> = detectors.iter().map(Detector::is_gated).collect();
        let with = |wanted: bool| -> Vec<usize> {
            let has = |place: &usize| self.detectors[*place].iter().any(|detector| is_gated[*detector] == wanted);
            (0..self.keywords.len()).filter(has).collect()
        };
        let search = |places: Vec<usize>| {
            let words: Vec<_> = places.iter().map(|place| &self.keywords[*place]).collect();
            (Words::new(&words), places)
        };
        Dear { everywhere: search(with(false)), beside_runs: search(with(true)), is_gated }
    }
}

impl Dear {
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
            let start = within.start + beginning(part, run.start);
            let end = within.start + run.end;
            match regions.last_mut().filter(|last| last.end >= start) {
                Some(last) => last.end = end,
                None => regions.push(start..end),
            }
        }
    }
    regions
}

/// How far back from a run keywords are looked for: to the beginning of the line before it, or [`BEFORE_RUN`] bytes.
fn beginning(text: &[u8], run: usize) -> usize {
    let first = run.saturating_sub(BEFORE_RUN);
    let mut ends = memchr::memrchr_iter(b'\n', &text[first..run]);
    ends.nth(1).map_or(first, |end| first + end + 1)
}

/// Quick to build, slower to run.
fn automaton(words: &[String]) -> Option<AhoCorasick> {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).prefilter(false);
    builder.kind(Some(AhoCorasickKind::ContiguousNFA)).build(words).ok()
}

#[cfg(test)]
impl Prefilter {
    /// What both ways find.
    pub(super) fn both_ways(&self, detectors: &[Detector], text: &[u8]) -> [Vec<Hit>; 2] {
        let mut ways = [Vec::new(), Vec::new()];
        let runs = runs::all(text);
        self.plainly(detectors, text, 0..text.len(), &runs, &mut ways[0]);
        self.build(detectors).search(self, text, 0..text.len(), &runs, &mut ways[1]);
        ways.iter_mut().for_each(|hits| hits.sort_unstable());
        ways
    }
}
