//! What must and what must not stand around a match. Looked at only where an expression has matched, so that the
//! expression itself can begin with a keyword: it is tried at that place alone.

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_syntax::hir::{Hir, Look};

/// What is asked of the text around the matches of a detector.
#[derive(Debug)]
pub(super) struct Surroundings {
    preceded_by: Option<Bounded>,
    unless: Option<Bounded>,
}

/// An expression, and the length of its longest match in bytes.
#[derive(Debug)]
struct Bounded {
    regex: Regex,
    longest: usize,
}

impl Surroundings {
    /// Reads the expression that must end where a match begins, and the one of which no match may hold that place.
    ///
    /// # Errors
    /// The key of the expression that is none or that has no end, and why.
    pub(super) fn new(preceded_by: Option<&str>, unless: Option<&str>) -> Result<Self, (&'static str, String)> {
        let preceded_by = preceded_by.map(|pattern| Bounded::new(pattern, Some(Look::End)));
        let unless = unless.map(|pattern| Bounded::new(pattern, None));
        Ok(Self {
            preceded_by: preceded_by.transpose().map_err(|message| ("preceded_by", message))?,
            unless: unless.transpose().map_err(|message| ("unless", message))?,
        })
    }

    /// Whether what must stand before a match that begins at a place does.
    pub(super) fn is_preceded(&self, text: &[u8], start: usize) -> bool {
        self.preceded_by.as_ref().is_none_or(|before| {
            let (first, text) = (start.saturating_sub(before.longest), text.get(..start).unwrap_or_default());
            before.regex.is_match(Input::new(text).span(first.min(text.len())..text.len()))
        })
    }

    /// Whether a match that begins at a place lies in what is no secret.
    pub(super) fn is_excepted(&self, text: &[u8], start: usize) -> bool {
        let Some(unless) = &self.unless else { return false };
        let end = start.saturating_add(unless.longest).min(text.len());
        let mut from = start.saturating_sub(unless.longest);
        while let Some(found) = unless.regex.search(&Input::new(text).span(from..end)) {
            if found.start() > start {
                return false;
            }
            if found.end() > start {
                return true;
            }
            from = found.start() + 1;
        }
        false
    }
}

impl Bounded {
    fn new(pattern: &str, then: Option<Look>) -> Result<Self, String> {
        let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
        let hir = parsed.map_err(|error| error.to_string())?;
        let longest = hir.properties().maximum_len();
        let longest = longest.ok_or("it has no end: give every repetition one")?;
        let whole = Hir::concat(std::iter::once(hir).chain(then.map(Hir::look)).collect());
        let regex = Regex::builder().configure(Regex::config().utf8_empty(false)).build_from_hir(&whole);
        Ok(Self { regex: regex.map_err(|error| error.to_string())?, longest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_stand_before_a_match_ends_where_it_begins() {
        let around = Surroundings::new(Some(r"(?m-u)^[a-z_]{0,9}"), None).expect("an expression");
        for (text, start, is_preceded) in [
            (&b"token"[..], 0, true),
            (b"my_token", 3, true),
            (b"x = 1\nmy_token", 9, true),
            (b"x = token", 4, false),
            (b"a_name_that_is_long_token", 20, false),
        ] {
            assert_eq!(around.is_preceded(text, start), is_preceded, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn what_is_excepted_holds_the_beginning_of_the_match() {
        let around = Surroundings::new(None, Some(r"(?-u)next[a-z_]{0,9}token|\bbypass\b")).expect("expressions");
        for (text, start, is_excepted) in [
            (&b"next_token"[..], 5, true),
            (b"next_next_token", 10, true),
            (b"next_token_secret", 11, false),
            (b"token next_token", 0, false),
            (b"bypass", 2, true),
            (b"bypasses", 2, false),
            (b"", 0, false),
        ] {
            assert_eq!(around.is_excepted(text, start), is_excepted, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn an_expression_without_an_end_is_refused() {
        let refused = Surroundings::new(None, Some("a+")).err().map(|(key, _)| key);
        assert_eq!(refused, Some("unless"));
        assert_eq!(Surroundings::new(Some("("), None).err().map(|(key, _)| key), Some("preceded_by"));
    }
}
