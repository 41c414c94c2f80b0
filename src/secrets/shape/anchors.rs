//! Where in the matches of an expression its keywords stand. Matches nothing.
//!
//! INVARIANT: every match holds one of the keywords at one of the places that are told, and begins no further before it.

use std::collections::BTreeMap;

use regex_syntax::hir::{Hir, HirKind};

use super::{Bytes, Part, bytes, find, flatten, total};

/// The keywords of which one is in every match.
pub(super) struct Anchors {
    /// How far into a match each stands; `None` where that is not always the same.
    pub(super) offsets: Option<BTreeMap<String, Vec<usize>>>,
    /// A match begins at most so far before them, in bytes; `None` when there is no bound.
    pub(super) before: Option<usize>,
}

impl Anchors {
    /// Reads an expression with these keywords, in small letters. `None` when a match may have none of them.
    pub(super) fn of(hir: &Hir, keywords: &[String]) -> Option<Self> {
        Self::behind(hir, keywords, total(&[]))
    }

    /// The same, for an expression before which so much stands.
    fn behind(hir: &Hir, keywords: &[String], front: Bytes) -> Option<Self> {
        let mut parts = Vec::new();
        flatten(hir, &mut parts);
        let mut before = front;
        for part in &parts {
            if let Part::Texts(texts) = part
                && let Some(found) = Self::of_texts(texts, keywords, before)
            {
                return Some(found);
            }
            before = before.and(part.extent());
        }
        match hir.kind() {
            HirKind::Capture(capture) => Self::behind(&capture.sub, keywords, front),
            HirKind::Repetition(again) if again.min > 0 => Self::behind(&again.sub, keywords, front),
            HirKind::Concat(each) => {
                let mut before = front;
                each.iter().find_map(|one| {
                    let found = Self::behind(one, keywords, before);
                    before = before.and(bytes(one));
                    found
                })
            }
            HirKind::Alternation(each) => {
                let each: Option<Vec<Self>> = each.iter().map(|one| Self::behind(one, keywords, front)).collect();
                each?.into_iter().reduce(Self::or)
            }
            HirKind::Repetition(_) | HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {
                None
            }
        }
    }

    /// The first keyword in each of these texts, if each has one.
    fn of_texts(texts: &[Vec<u8>], keywords: &[String], front: Bytes) -> Option<Self> {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut before = 0;
        for text in texts {
            let all = keywords.iter().filter_map(|word| Some((find(text, word)?, word)));
            let (place, word) = all.min_by_key(|(place, word)| (*place, usize::MAX - word.len()))?;
            places.entry(word.clone()).or_default().push(front.least + place);
            before = before.max(place);
        }
        let is_fixed = front.most == Some(front.least);
        let anchors = Self { offsets: is_fixed.then_some(places), before: front.most.map(|most| most + before) };
        Some(anchors.in_order())
    }

    /// The keywords of either.
    fn or(self, other: Self) -> Self {
        let offsets = self.offsets.zip(other.offsets).map(|(mut one, other)| {
            for (word, places) in other {
                one.entry(word).or_default().extend(places);
            }
            one
        });
        let before = self.before.zip(other.before).map(|(one, other)| one.max(other));
        Self { offsets, before }.in_order()
    }

    fn in_order(mut self) -> Self {
        for places in self.offsets.iter_mut().flat_map(BTreeMap::values_mut) {
            places.sort_unstable();
            places.dedup();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places by keyword, and the most before them.
    type Told = (Vec<(String, Vec<usize>)>, Option<usize>);

    fn of(pattern: &str, keywords: &[&str]) -> Option<Told> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).expect("an expression");
        let keywords: Vec<String> = keywords.iter().map(|word| (*word).to_owned()).collect();
        let found = Anchors::of(&hir, &keywords)?;
        Some((found.offsets.unwrap_or_default().into_iter().collect(), found.before))
    }

    #[test]
    fn every_branch_tells_where_its_keyword_stands() {
        let at = |word: &str, places: &[usize]| (word.to_owned(), places.to_vec());
        assert_eq!(
            of(
                r"(?i-u)(?:token|api[_-]?key[0-9]{0,3}x|my_secret)=",
                &["token", "apikey", "api_key", "api-key", "secret"]
            ),
            Some((
                vec![
                    at("api-key", &[0]),
                    at("api_key", &[0]),
                    at("apikey", &[0]),
                    at("secret", &[3]),
                    at("token", &[0])
                ],
                Some(3)
            ))
        );
        assert_eq!(of(r"(?-u)(?:ab|b)key", &["key"]), Some((vec![at("key", &[1, 2])], Some(2))));
        assert_eq!(of(r"(?-u)a{3}key", &["key"]), Some((vec![at("key", &[3])], Some(3))));
        assert_eq!(of(r"(?-u)[a-z]{2,9}[0-9]key", &["key"]), Some((vec![], Some(10))), "the place is not fixed");
        assert_eq!(of(r"(?-u)[a-z]{2,}[0-9]key", &["key"]), Some((vec![], None)), "and has no bound");
        assert_eq!(of(r"(?-u)(?:key|[a-z]{9})", &["key"]), None, "not in every match");
        assert_eq!(of(r"(?-u)(?:key)?x", &["key"]), None, "may be left out");
    }
}
