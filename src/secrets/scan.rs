//! From bytes to matches: candidates, expressions, filters, and one match for each piece of text.

use std::collections::BTreeMap;
use std::ops::Range;

use super::allow::is_placeholder;
use super::verify::entropy;
use super::{Detector, DetectorSet};
use crate::model::{Proof, Secret};

/// A found secret, which borrows the scanned bytes.
pub struct Match<'a> {
    /// What found it.
    pub detector: &'a Detector,
    /// Where the value lies, in bytes.
    pub span: Range<usize>,
    /// Where the text lies that made it a match, in bytes.
    pub whole: Range<usize>,
    /// The value.
    pub secret: Secret<'a>,
    /// What the text proves.
    pub proof: Proof,
    /// Every piece of text that belongs to this credential.
    claims: Vec<Range<usize>>,
}

impl DetectorSet {
    /// Finds the secrets in a text. Pure: the same bytes give the same matches, in the order of their place.
    pub fn scan<'a>(&'a self, text: &'a [u8]) -> Vec<Match<'a>> {
        let mut matches = Vec::new();
        for candidate in self.prefilter().candidates(text) {
            self.detectors()[candidate].find(text, &mut matches);
        }
        resolve_overlaps(matches)
    }
}

impl Detector {
    fn find<'a>(&'a self, text: &'a [u8], matches: &mut Vec<Match<'a>>) {
        let Some(regex) = self.regex() else { return };
        for captures in regex.captures_iter(text) {
            let (Some(whole), Some(secret)) = (captures.get(0), captures.name("secret")) else { continue };
            let value = secret.as_bytes();
            if entropy(value) < self.min_entropy || is_placeholder(value) {
                continue;
            }
            let mut claims = vec![secret.range()];
            let mut facts = BTreeMap::new();
            for name in regex.capture_names().flatten().filter(|name| *name != "secret") {
                if let Some(fact) = captures.name(name) {
                    claims.push(fact.range());
                    facts.insert(name.to_owned(), String::from_utf8_lossy(fact.as_bytes()).into_owned());
                }
            }
            // A host may well be called example; a key id that does is from a manual.
            if facts.get("key_id").is_some_and(|id| is_placeholder(id.as_bytes())) {
                continue;
            }
            if self.public {
                facts.insert("key_id".to_owned(), String::from_utf8_lossy(value).into_owned());
            }
            if self.check.is_some_and(|check| !check.holds(value, &mut facts)) {
                continue;
            }
            let proof = proof(&self.proves, facts);
            matches.push(Match {
                detector: self,
                span: secret.range(),
                whole: whole.range(),
                secret: Secret::new(value),
                proof,
                claims,
            });
        }
    }

    /// Which of two detectors that see the same text is right: the surer, then the graver.
    fn rank(&self) -> (crate::model::Confidence, crate::model::Severity) {
        (self.confidence, self.severity)
    }
}

fn proof(kind: &str, mut facts: BTreeMap<String, String>) -> Proof {
    let key_id = facts.remove("key_id");
    let account = facts.remove("account").or_else(|| key_id.as_deref().and_then(super::verify::aws_account));
    Proof { kind: kind.to_owned(), key_id, account, facts }
}

/// Keeps the best of the matches that claim the same text.
fn resolve_overlaps(mut matches: Vec<Match<'_>>) -> Vec<Match<'_>> {
    matches.sort_by(|a, b| {
        let by_rank = b.detector.rank().cmp(&a.detector.rank());
        by_rank
            .then_with(|| b.claims.len().cmp(&a.claims.len()))
            .then_with(|| b.span.len().cmp(&a.span.len()))
            .then_with(|| a.span.start.cmp(&b.span.start))
            .then_with(|| a.detector.id.cmp(&b.detector.id))
    });
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    matches.retain(|found| {
        let overlaps = taken.range(..found.span.end).next_back().is_some_and(|(_, end)| *end > found.span.start);
        if !overlaps {
            for claim in &found.claims {
                let end = taken.entry(claim.start).or_default();
                *end = (*end).max(claim.end);
            }
        }
        !overlaps
    });
    matches.sort_by_key(|found| (found.span.start, found.span.end));
    matches
}

/// Turns byte offsets of a text into lines and columns.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Finds every line start once.
    pub fn new(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
        Self { starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The line (from 1) and the column in characters (from 1) of a byte offset. Bytes that are no UTF-8 count as one
    /// character each.
    pub fn position(&self, text: &[u8], offset: usize) -> (u64, u64) {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1].min(text.len());
        let before = String::from_utf8_lossy(&text[start..offset.clamp(start, text.len())]);
        (line as u64, before.chars().count() as u64 + 1)
    }

    /// The whole line that holds a byte offset, without its end.
    pub fn line<'a>(&self, text: &'a [u8], offset: usize) -> &'a [u8] {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1].min(text.len());
        let end = self.starts.get(line).map_or(text.len(), |next| next - 1);
        &text[start..end.max(start)]
    }
}
