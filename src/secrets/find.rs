//! One detector on one text: its expression around its keywords, then its filters. Knows no other detector.

use std::collections::BTreeMap;
use std::ops::Range;

use regex_automata::util::captures::Captures;
use regex_automata::{Anchored, Input, PatternID, Span};

use super::Detector;
use super::automaton::{Answer, Automaton, Reader};
use super::placeholder::is_placeholder;
use super::prefilter::{Hit, Prefilter};
use super::scan::Match;
use super::verify::entropy;
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
        let Some(shape) = self.shape() else { return };
        let counts = |hit: &&Hit| self.assigned.is_none_or(|assigned| assigned.may_follow(&text[hit.start..]));
        let hits = hits.iter().filter(counts);
        if shape.offsets.is_empty() {
            self.find_around(text, hits.map(|hit| hit.start), paths, matches);
        } else {
            let (mut starts, mut keyword, mut offsets) = (Vec::new(), usize::MAX, None);
            for hit in hits {
                // Mostly it is the one before again.
                if hit.keyword != keyword {
                    (keyword, offsets) = (hit.keyword, shape.offsets.get(words.keyword(hit.keyword)));
                }
                let end = shape.end(text, hit.start);
                let all = offsets.into_iter().flatten();
                starts.extend(all.filter_map(|offset| Some((hit.start.checked_sub(*offset)?, end))));
            }
            self.find_at(text, starts, paths, matches);
        }
    }

    /// Adds the matches that hold one of these places, which are in order.
    fn find_around<'a>(
        &'a self,
        text: &'a [u8],
        places: impl Iterator<Item = usize>,
        paths: &[&str],
        matches: &mut Vec<Match<'a>>,
    ) {
        let Some(shape) = self.shape() else { return };
        let mut reader = None;
        let mut from = 0;
        let mut places = places.peekable();
        while let Some(place) = places.next() {
            let mut end = shape.end(text, place);
            // Windows that touch are one: what lies in both is searched once.
            while let Some(next) = places.next_if(|next| shape.start(text, *next) <= end) {
                end = shape.end(text, next);
            }
            let mut start = shape.start(text, place).max(from);
            if self.needed().is_some_and(|needed| text.get(start..end).is_some_and(|part| !needed.is_in(part))) {
                continue;
            }
            while start < end {
                let Some(whole) = self.first(&mut reader, text, start..end) else { break };
                start = self.accept(text, whole.start..end, paths, matches).map_or(whole.start + 1, |()| {
                    from = whole.end.max(start + 1);
                    from
                });
            }
        }
    }

    /// Adds the matches that begin at these places, each with where it ends at the latest.
    fn find_at<'a>(
        &'a self,
        text: &'a [u8],
        mut starts: Vec<(usize, usize)>,
        paths: &[&str],
        matches: &mut Vec<Match<'a>>,
    ) {
        // Those that end last first.
        starts.sort_unstable_by_key(|(start, end)| (*start, usize::MAX - end));
        starts.dedup_by_key(|(start, _)| *start);
        let mut reader = None;
        let mut from = 0;
        for (start, end) in starts {
            if start < from {
                continue;
            }
            let input = Input::new(text).span(start..end).anchored(Anchored::Yes);
            if let Some(end_of_match) = self.end(&mut reader, &input)
                && self.accept(text, start..end, paths, matches).is_some()
            {
                from = end_of_match.max(start + 1);
            }
        }
    }

    /// The first match in a part of a text.
    fn first<'a>(&'a self, reader: &mut Option<Reader<'a>>, text: &[u8], part: Range<usize>) -> Option<Span> {
        let input = Input::new(text).span(part);
        self.end(reader, &input)?;
        // Few get here: the automaton knows where a match ends, the whole expression where it begins, too.
        Some(self.regex()?.search(&input)?.span())
    }

    /// Where the first match ends that an input asks for.
    fn end<'a>(&'a self, reader: &mut Option<Reader<'a>>, input: &Input<'_>) -> Option<usize> {
        if reader.is_none() {
            *reader = self.automaton().map(Automaton::reader);
        }
        match reader.as_mut().map_or(Answer::Unknown, |reader| reader.read(input)) {
            Answer::Nothing => None,
            Answer::EndsAt(end) => Some(end),
            Answer::Unknown => Some(self.regex()?.search(input)?.end()),
        }
    }

    /// Adds the match that begins where this part of a text does, unless it is none that counts. `None` where what must
    /// stand before it does not, so that another may begin within it.
    fn accept<'a>(
        &'a self,
        text: &'a [u8],
        part: Range<usize>,
        paths: &[&str],
        matches: &mut Vec<Match<'a>>,
    ) -> Option<()> {
        let around = self.surroundings()?;
        around.is_preceded(text, part.start).then_some(())?;
        if !around.is_excepted(text, part.start) {
            matches.extend(self.captured(text, part, paths));
        }
        Some(())
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
        // What a test hands over may well be counted up: its check knows the blanks.
        let is_blank =
            !self.in_tests && self.check.map_or_else(|| is_placeholder(value), |check| check.is_blank(value));
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
                let start = if name == FIELD { name_start(text, &span.range()) } else { span.start };
                facts.insert(name.to_owned(), String::from_utf8_lossy(&text[start..span.end]).into_owned());
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

/// The group that holds the end of the name of what a value is given to.
const FIELD: &str = "field";

/// The most of such a name that is read, in bytes before what an expression sees of it.
const MOST_NAME: usize = 32;

/// Where the name begins of which this is the end.
fn name_start(text: &[u8], end: &Range<usize>) -> usize {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    let (before, name) = text.split_at(end.start);
    let more = before.iter().rev().take(MOST_NAME).take_while(is_name);
    // A sign instead of a name: the value is given to nothing that is called something.
    if name.iter().take(end.len()).any(|byte| is_name(&byte)) { end.start - more.count() } else { end.start }
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
        let around = detector.surroundings().expect("they can be read");
        let mut from = 0;
        let mut captures = regex.create_captures();
        while from <= text.len() {
            regex.search_captures(&Input::new(text).span(from..text.len()), &mut captures);
            let Some(whole) = captures.get_match().map(|whole| whole.range()) else { break };
            if !around.is_preceded(text, whole.start) {
                from = whole.start + 1;
                continue;
            }
            from = whole.end.max(whole.start + 1);
            if !around.is_excepted(text, whole.start)
                && hits.iter().any(|hit| hit.detector == number && whole.contains(&hit.start))
            {
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
