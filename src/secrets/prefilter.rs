//! Which detectors can match at all: one pass over the bytes for every keyword of every detector.

use aho_corasick::{AhoCorasick, MatchKind};

use super::Detector;

/// One automaton over all keywords.
#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// The detectors of each keyword, by the keyword's place in the automaton.
    detectors: Vec<Vec<usize>>,
    count: usize,
}

impl Prefilter {
    pub(super) fn new(detectors: &[Detector]) -> Self {
        let mut keywords: Vec<String> = Vec::new();
        let mut by_keyword: Vec<Vec<usize>> = Vec::new();
        for (position, detector) in detectors.iter().enumerate() {
            for word in &detector.keywords {
                let word = word.to_ascii_lowercase();
                let place = keywords.iter().position(|known| *known == word).unwrap_or_else(|| {
                    keywords.push(word);
                    by_keyword.push(Vec::new());
                    keywords.len() - 1
                });
                by_keyword[place].push(position);
            }
        }
        let automaton =
            AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&keywords).ok();
        Self { automaton, detectors: by_keyword, count: detectors.len() }
    }

    /// The places of the detectors of which a keyword is in the text, in order.
    pub(super) fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let Some(automaton) = &self.automaton else {
            return (0..self.count).collect();
        };
        let mut wanted = vec![false; self.count];
        let mut left = self.count;
        for found in automaton.find_overlapping_iter(text) {
            for &detector in &self.detectors[found.pattern().as_usize()] {
                if !std::mem::replace(&mut wanted[detector], true) {
                    left -= 1;
                }
            }
            if left == 0 {
                break;
            }
        }
        (0..self.count).filter(|&detector| wanted[detector]).collect()
    }
}
