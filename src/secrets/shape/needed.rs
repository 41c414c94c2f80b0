//! Words besides its keyword that every match of an expression holds. Where none of them stands in a window, the
//! expression has nothing to find there and need not be tried. Matches nothing itself.
//!
//! INVARIANT: every match holds one of the words, whatever the case of its letters.

use regex_syntax::hir::{Hir, HirKind};
use serde::{Deserialize, Serialize};

use super::{Part, flatten};

/// The most words of which one is needed.
const MOST_WORDS: usize = 8;

/// Words that stand in more windows than one of so many do not pay.
const RARE: f64 = 1.0 / 48.0;

/// Words of which every match holds one.
#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct Needed(Vec<Word>);

#[derive(Debug, Serialize, Deserialize)]
struct Word {
    /// In small letters.
    text: String,
    /// The place in it of the byte that is looked for first, since it is seldom met.
    rarest: usize,
}

impl Needed {
    /// Reads an expression that is searched around one of these keywords. `None` where nothing is needed that would tell
    /// windows from each other.
    pub(super) fn of(hir: &Hir, keywords: &[String]) -> Option<Self> {
        let keywords: Vec<Vec<u8>> = keywords.iter().map(|word| word.to_ascii_lowercase().into_bytes()).collect();
        let words = best(hir, &keywords).filter(|words| frequency(words) < RARE)?;
        let word = |text: Vec<u8>| {
            let rarest = (0..text.len()).max_by_key(|place| bits(text[*place]))?;
            Some(Word { text: String::from_utf8(text).ok()?, rarest })
        };
        words.into_iter().map(word).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether one of the words stands in a window.
    pub(in super::super) fn is_in(&self, window: &[u8]) -> bool {
        self.0.iter().any(|word| word.is_in(window))
    }
}

impl Word {
    fn is_in(&self, window: &[u8]) -> bool {
        let Some(rarest) = self.text.as_bytes().get(self.rarest) else { return true };
        memchr::memchr2_iter(*rarest, rarest.to_ascii_uppercase(), window).any(|place| {
            let start = place.checked_sub(self.rarest);
            let found = start.and_then(|start| window.get(start..start + self.text.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(self.text.as_bytes()))
        })
    }
}

/// The rarest words of which every match of an expression holds one.
fn best(hir: &Hir, keywords: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    flatten(hir, &mut parts);
    let texts = parts.into_iter().filter_map(|part| match part {
        Part::Texts(texts) => Some(texts),
        Part::Bytes(_) => None,
    });
    let inner: Vec<Vec<Vec<u8>>> = match hir.kind() {
        HirKind::Capture(capture) => best(&capture.sub, keywords).into_iter().collect(),
        HirKind::Repetition(again) if again.min > 0 => best(&again.sub, keywords).into_iter().collect(),
        HirKind::Concat(each) => each.iter().filter_map(|one| best(one, keywords)).collect(),
        HirKind::Alternation(each) => {
            let each: Option<Vec<_>> = each.iter().map(|one| best(one, keywords)).collect();
            each.map(|each| each.concat()).into_iter().collect()
        }
        HirKind::Repetition(_) | HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {
            Vec::new()
        }
    };
    texts
        .chain(inner)
        .filter(|words| tells(words, keywords))
        .min_by(|a, b| frequency(a).total_cmp(&frequency(b)).then_with(|| a.cmp(b)))
}

/// Whether words say more of a window than that there is a keyword in it.
fn tells(words: &[Vec<u8>], keywords: &[Vec<u8>]) -> bool {
    let is_told = |word: &Vec<u8>| {
        word.is_empty() || keywords.iter().any(|keyword| memchr::memmem::find(keyword, word).is_some())
    };
    (1..=MOST_WORDS).contains(&words.len()) && !words.iter().any(is_told)
}

/// About how often one of these words begins at a place of a text.
fn frequency(words: &[Vec<u8>]) -> f64 {
    words.iter().map(|word| 2_f64.powi(-word.iter().map(|byte| bits(*byte)).sum::<i32>())).sum()
}

/// How many bits a byte is worth, about: half of those of its letters that programs are full of.
fn bits(byte: u8) -> i32 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 3,
        b'a'..=b'z' | b'\n' | b'"' | b'\'' | b'(' | b')' | b',' | b'.' | b':' | b'=' | b'_' | b'-' | b'/' => 4,
        b'0'..=b'9' | b';' | b'{' | b'}' | b'<' | b'>' | b'[' | b']' | b'*' | b'#' | b'&' => 5,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str, keywords: &[&str]) -> Vec<String> {
        let keywords: Vec<String> = keywords.iter().map(|word| (*word).to_owned()).collect();
        needed(pattern, &keywords).map_or(Vec::new(), |needed| needed.0).into_iter().map(|word| word.text).collect()
    }

    fn needed(pattern: &str, keywords: &[String]) -> Option<Needed> {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).expect("an expression");
        Needed::of(&hir, keywords)
    }

    #[test]
    fn what_every_match_holds_is_needed() {
        assert_eq!(of(r"(?i-u)://[^@]{1,9}:(?P<secret>[a-z]{3,9})@[a-z]{3}", &["://"]), ["@"]);
        assert_eq!(of(r"(?i-u)token(?:</name>\s{0,9}<value>|: (?:parameter)?value=)[a-z]{9}", &["token"]).len(), 3);
        assert_eq!(of(r"(?-u)key(?:first[a-z]+|second[0-9]+)?x", &["key"]), Vec::<String>::new(), "may be left out");
        assert_eq!(of(r"(?i-u)key(?:begin[a-z]+|start[0-9]+)", &["key"]).len(), 2, "one of either");
        assert_eq!(of(r"(?-u)key[a-z]{2,3}=[a-z]{9}", &["key"]), Vec::<String>::new(), "what is in any window");
        assert_eq!(of(r"(?-u)secret_key[0-9]+key", &["secret_key"]), Vec::<String>::new(), "the keyword has it, too");
    }

    #[test]
    fn a_word_is_found_whatever_its_case_and_place() {
        let needed = needed(r"(?i-u)key.{0,9}value", &["key".to_owned()]).expect("a word");
        for window in ["value", "aVALUE", "vvalue", "Key vaVaLuE", "valu value"] {
            assert!(needed.is_in(window.as_bytes()), "{window}");
        }
        for window in ["", "v", "valu", "alue", "key valu", "vvalu"] {
            assert!(!needed.is_in(window.as_bytes()), "{window}");
        }
    }
}
