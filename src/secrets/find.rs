//! One detector on one text: its expression around its keywords, then its filters. Knows no other detector.

use std::collections::BTreeMap;
use std::ops::Range;

use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input, PatternID};

use super::Detector;
use super::allow::is_placeholder;
use super::prefilter::{Hit, Prefilter};
use super::scan::Match;
use super::verify::{Check, entropy};
use crate::model::{Proof, Secret};

impl Detector {
    /// Adds the matches around these keywords, which are in the order of their place.
    pub(super) fn find<'a>(
        &'a self,
        text: &'a [u8],
        hits: &[Hit],
        words: &Prefilter,
        paths: &[&str],
        matches: &mut Vec<Match<'a>>,
    ) {
        if self.is_elsewhere(paths) {
            return;
        }
        let (Some(regex), Some(shape)) = (self.regex(), self.shape()) else { return };
        let mut from = 0;
        let mut hits = hits.iter().peekable();
        while let Some(hit) = hits.next() {
            if self.assigned.is_some_and(|assigned| !assigned.may_follow(&text[hit.start..])) {
                continue;
            }
            let mut end = shape.end(text, hit.start);
            if shape.offsets.is_empty() {
                // Windows that touch are one: what lies in both is searched once.
                while let Some(next) = hits.next_if(|next| shape.start(text, next.start) <= end) {
                    end = shape.end(text, next.start);
                }
                let mut start = shape.start(text, hit.start).max(from);
                if self.needed().is_some_and(|needed| text.get(start..end).is_some_and(|part| !needed.is_in(part))) {
                    continue;
                }
                while start < end {
                    let Some(whole) = regex.search(&Input::new(text).span(start..end)) else { break };
                    matches.extend(self.captured(text, whole.start()..end, paths));
                    from = whole.end().max(start + 1);
                    start = from;
                }
            } else if let Some(offset) = shape.offsets.get(words.keyword(hit.keyword))
                && let Some(start) = hit.start.checked_sub(*offset).filter(|start| *start >= from)
            {
                let input = Input::new(text).span(start..end).anchored(Anchored::Yes);
                if let Some(whole) = regex.search(&input) {
                    matches.extend(self.captured(text, start..end, paths));
                    from = whole.end().max(start + 1);
                }
            }
        }
    }

    /// The match that begins where this part of a text does. Few are, so that groups are told apart only here.
    fn captured<'a>(&'a self, text: &'a [u8], part: Range<usize>, paths: &[&str]) -> Option<Match<'a>> {
        let regex = self.regex()?;
        let mut captures = regex.create_captures();
        regex.search_captures(&Input::new(text).span(part).anchored(Anchored::Yes), &mut captures);
        self.judge(text, &captures, paths)
    }

    /// Adds the matches in a part of a text, wherever the keywords are.
    pub(super) fn find_everywhere<'a>(
        &'a self,
        text: &'a [u8],
        within: Range<usize>,
        paths: &[&str],
        matches: &mut Vec<Match<'a>>,
    ) {
        let Some(regex) = self.regex().filter(|_| !self.is_elsewhere(paths)) else { return };
        let all = regex.captures_iter(Input::new(text).span(within));
        matches.extend(all.filter_map(|captures| self.judge(text, &captures, paths)));
    }

    /// Whether a file that is called so is none of those that it looks at.
    fn is_elsewhere(&self, paths: &[&str]) -> bool {
        self.in_tests && !paths.iter().any(|path| super::tested::is_test(path))
    }

    /// What was captured as a match, unless a filter says that it is none. The paths are what the file is called.
    fn judge<'a>(&'a self, text: &'a [u8], captures: &Captures, paths: &[&str]) -> Option<Match<'a>> {
        if let Some(imported) = &self.imported {
            return imported.judge(self, text, captures, paths);
        }
        let whole = captures.get_match()?.range();
        let secret = captures.get_group_by_name("secret")?.range();
        let value = &text[secret.clone()];
        // Where a check digit holds, the words of placeholders stand there by chance.
        let is_proved = self.check.is_some_and(Check::is_digit);
        // What a test hands over may well be counted up: its check knows the blanks.
        let is_blank = !is_proved && !self.in_tests && is_placeholder(value);
        if entropy(value) < self.min_entropy || is_blank {
            return None;
        }
        let mut claims = vec![secret.clone()];
        let mut facts = BTreeMap::new();
        for (group, name) in captures.group_info().pattern_names(PatternID::ZERO).enumerate() {
            if let Some(name) = name.filter(|name| *name != "secret")
                && let Some(span) = captures.get_group(group)
            {
                claims.push(span.range());
                facts.insert(name.to_owned(), String::from_utf8_lossy(&text[span.range()]).into_owned());
            }
        }
        // The group `other` of a pattern holds the word by which the name means something else than a secret.
        if facts.contains_key("other") {
            return None;
        }
        // A host may well be called example; a key id that does is from a manual.
        if facts.get("key_id").is_some_and(|id| is_placeholder(id.as_bytes())) {
            return None;
        }
        if self.public {
            facts.insert("key_id".to_owned(), String::from_utf8_lossy(value).into_owned());
        }
        if self.check.is_some_and(|check| !check.holds(value, &mut facts)) {
            return None;
        }
        let part = self.check.map_or(Some(0..value.len()), |check| check.secret_in(value))?;
        let value = value.get(part.clone())?;
        super::spoken::add(&self.proves, value, &mut facts);
        let secret = secret.start + part.start..secret.start + part.end;
        let proof = proof(&self.proves, facts);
        Some(Match {
            detector: self,
            confidence: self.confidence,
            span: secret,
            whole,
            secret: Secret::new(value),
            proof,
            encoding: Vec::new(),
            claims,
            key: captures.get_group_by_name("key_id").map(|key| key.range()),
        })
    }
}

fn proof(kind: &str, mut facts: BTreeMap<String, String>) -> Proof {
    let key_id = facts.remove("key_id");
    let account = facts.remove("account").or_else(|| key_id.as_deref().and_then(super::verify::aws_account));
    Proof { kind: kind.to_owned(), key_id, account, facts }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::DETECTORS;
    use super::super::{Match, runs};
    use super::*;

    /// Some look only at what is called a test.
    const IN_TEST: &[&str] = &["tests/one_test.py"];

    /// Texts of which some are found and some are nearly found, with what may stand between them.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let examples = DETECTORS.detectors().iter().flat_map(|one| one.examples.iter().chain(&one.counter_examples));
        let mut pieces: Vec<Vec<u8>> = examples.map(|text| text.clone().into_bytes()).collect();
        pieces.extend(
            [" ", "\n", "x", "key = ", "\"", "\\n", "getUserByName(", "\u{e4}", "0"]
                .map(|text| text.as_bytes().to_vec()),
        );
        let piece = (prop::sample::select(pieces), any::<prop::sample::Index>(), any::<bool>());
        prop::collection::vec(piece, 1..30).prop_map(|pieces| {
            let mut text = Vec::new();
            for (piece, cut, is_cut) in pieces {
                let end = if is_cut { cut.index(piece.len()) } else { piece.len() };
                text.extend_from_slice(&piece[..end]);
                text.push(b'\n');
            }
            text
        })
    }

    /// The matches of one expression over a whole text, each where a keyword of its detector is in it that counts.
    fn everywhere<'a>(detector: &'a Detector, number: usize, text: &'a [u8], hits: &[Hit]) -> Vec<Match<'a>> {
        let regex = detector.regex().expect("it compiles");
        let mut found = Vec::new();
        for captures in regex.captures_iter(text) {
            let whole = captures.get_match().expect("a match").range();
            if hits.iter().any(|hit| hit.detector == number && whole.contains(&hit.start)) {
                found.extend(detector.judge(text, &captures, IN_TEST));
            }
        }
        found
    }

    fn spans(matches: &[Match<'_>]) -> Vec<(String, std::ops::Range<usize>)> {
        let mut spans: Vec<_> = matches.iter().map(|one| (one.detector.id.clone(), one.span.clone())).collect();
        spans.sort_by(|a, b| (a.1.start, &a.0).cmp(&(b.1.start, &b.0)));
        spans
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn tables_hit_where_a_plain_search_hits(text in texts()) {
            let hits = DETECTORS.prefilter().hits(DETECTORS.detectors(), &text, 0..text.len(), &runs::all(&text));
            prop_assert_eq!(hits, DETECTORS.prefilter().plainly(DETECTORS.detectors(), &text));
        }

        #[test]
        fn windows_find_what_every_expression_over_all_of_it_finds(text in texts()) {
            let prefilter = DETECTORS.prefilter();
            let hits = prefilter.plainly(DETECTORS.detectors(), &text);
            let (mut windows, mut whole) = (Vec::new(), Vec::new());
            for (number, detector) in DETECTORS.detectors().iter().enumerate() {
                let own: Vec<Hit> = hits.iter().filter(|hit| hit.detector == number).copied().collect();
                detector.find(&text, &own, prefilter, IN_TEST, &mut windows);
                whole.extend(everywhere(detector, number, &text, &hits));
            }
            prop_assert_eq!(spans(&windows), spans(&whole));
        }
    }

    #[test]
    fn most_detectors_need_only_runs() {
        let (gated, other): (Vec<_>, Vec<_>) = DETECTORS.detectors().iter().partition(|detector| detector.is_gated());
        let other: Vec<_> = other.iter().map(|detector| &detector.id).collect();
        assert!(gated.len() > other.len() * 2, "{} are gated, these are not: {other:?}", gated.len());
    }
}
