//! Comments that allow what is found beside them: `nonhuman: allow[github-token] reason=… until=2027-01-31`. Parses
//! lines; judges nothing and reads no clock.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::bytes::Regex;

use crate::model::parse_day;

/// Our own mark. Whatever goes on as a word (`allowed`, `allow-list`) is another word.
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)nonhuman: ?allow(?:[^A-Za-z0-9_-]|$)").ok());

/// How our own mark is shown.
const MARK: &str = "nonhuman: allow";

/// The marks of tools that a team moves from. They allow all of their line.
const MARKS_OF_OTHERS: &[&str] = &["gitleaks:allow", "betterleaks:allow"];

/// What ends a comment, in languages in which something may follow it.
const COMMENT_ENDS: &[&str] = &["*/", "-->", "#}", "%>"];

/// Signs around a comment that are no part of a reason or a date.
const SIGNS: &[char] = &['"', '\'', ',', ';', ')', '.'];

/// A comment that allows what is found on its line, or on the next line when it stands alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InlineAllow {
    /// The mark: `nonhuman: allow`, or that of another tool.
    pub mark: &'static str,
    /// The rules and detectors it is for; empty for all.
    pub names: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// What is wrong with it, and what was expected; it then allows nothing.
    pub problem: Option<String>,
    /// Only signs stand before it on its line, so that it speaks of the next line, too.
    pub stands_alone: bool,
}

/// The bytes at which our own marks begin, in order.
pub fn inline_allow_places(text: &[u8]) -> impl Iterator<Item = usize> {
    OWN.iter().flat_map(move |mark| mark.find_iter(text).map(|found| found.start()))
}

/// The comment on a line that allows what is found there: the first of ours, else that of gitleaks or betterleaks.
pub fn inline_allow(line: &[u8]) -> Option<InlineAllow> {
    let text = String::from_utf8_lossy(line);
    let own = OWN.as_ref().and_then(|mark| mark.find(text.as_bytes())).map(|found| found.start());
    let Some((before, rest)) = own.and_then(|start| text.split_at_checked(start)) else {
        let mark = MARKS_OF_OTHERS.iter().find(|mark| text.contains(**mark))?;
        return Some(InlineAllow { mark, ..InlineAllow::default() });
    };
    let end = COMMENT_ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or_default();
    let rest = rest.split_once("allow").map_or("", |(_, rest)| rest);
    let stands_alone = !before.contains(char::is_alphanumeric);
    let mut allow = InlineAllow { mark: MARK, stands_alone, ..InlineAllow::default() };
    allow.problem = allow.read(rest).err();
    Some(allow)
}

impl InlineAllow {
    /// Reads what follows the mark.
    fn read(&mut self, rest: &str) -> Result<(), String> {
        let rest = match rest.strip_prefix('[') {
            None => rest,
            Some(inside) => {
                let (names, rest) = inside.split_once(']').ok_or("the ']' behind its names is missing")?;
                self.names =
                    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
                if self.names.is_empty() {
                    return Err("it names nothing between '[' and ']'".to_owned());
                }
                rest
            }
        };
        let mut rest = rest.trim_start();
        let mut is_prose = false;
        while !rest.is_empty() {
            let word = rest.split_whitespace().next().unwrap_or_default();
            if let Some(value) = rest.strip_prefix("reason=") {
                let (reason, after) = reason(value);
                self.reason = Some(reason).filter(|reason| !reason.is_empty());
                rest = after.trim_start();
                continue;
            }
            if let Some(value) = word.strip_prefix("until=") {
                let day = value.trim_end_matches(SIGNS);
                let expected = || format!("'until={day}' is no day (expected a form such as until=2027-01-31)");
                self.until = Some(parse_day(day).ok_or_else(expected)?);
            } else if let Some(key) = setting(word).filter(|_| !is_prose) {
                return Err(format!("there is no '{key}=' (reason=… and until=… are)"));
            } else {
                is_prose |= word.contains(char::is_alphanumeric);
            }
            rest = rest.get(word.len()..).unwrap_or_default().trim_start();
        }
        Ok(())
    }

    /// As it is shown to a reader of a report.
    pub fn told(&self) -> String {
        let names = if self.names.is_empty() { String::new() } else { format!("[{}]", self.names.join(",")) };
        let reason = self.reason.as_ref().map(|reason| format!(" reason={reason}")).unwrap_or_default();
        let until = self.until.map(|day| format!(" until={day}")).unwrap_or_default();
        format!("{}{names}{reason}{until}", self.mark)
    }
}

/// The name in `name=value`.
fn setting(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(name)
}

/// A quoted text, or all up to `until=` or the end of the comment; and what follows it.
fn reason(value: &str) -> (String, &str) {
    for quote in ['"', '\''] {
        if let Some((reason, after)) = value.strip_prefix(quote).and_then(|inside| inside.split_once(quote)) {
            return (reason.trim().to_owned(), after);
        }
    }
    let end = value.find(" until=").unwrap_or(value.len());
    let (reason, after) = value.split_at_checked(end).unwrap_or((value, ""));
    (reason.trim().trim_end_matches(SIGNS).trim_end().to_owned(), after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> InlineAllow {
        inline_allow(line.as_bytes()).expect("a mark")
    }

    #[test]
    fn all_parts_are_read_in_any_order() {
        let day = Some(jiff::civil::date(2027, 1, 31));
        for line in [
            "x = 1  # nonhuman: allow[github-token, leaked-secret] reason=a key of the tests until=2027-01-31",
            "x = 1  # nonhuman:allow[github-token,leaked-secret] until=2027-01-31 reason=a key of the tests",
            "x = 1 /* nonhuman: allow[github-token,leaked-secret] reason=\"a key of the tests\" until=2027-01-31 */ y=2",
            "<!-- nonhuman: allow[github-token,leaked-secret] until=2027-01-31 reason='a key of the tests' -->",
            "\"_\": \"nonhuman: allow[github-token,leaked-secret] until=2027-01-31 reason=a key of the tests\",",
        ] {
            let allow = read(line);
            assert_eq!(allow.names, ["github-token", "leaked-secret"], "{line}");
            assert_eq!((allow.reason.as_deref(), allow.until), (Some("a key of the tests"), day), "{line}");
            assert_eq!(allow.problem, None, "{line}");
        }
        assert_eq!(
            read("# nonhuman: allow[a] reason=why until=2027-01-31").told(),
            "nonhuman: allow[a] reason=why until=2027-01-31"
        );
    }

    #[test]
    fn marks_are_words() {
        assert_eq!(inline_allow(b"x = 1"), None);
        assert_eq!(inline_allow(b"# nonhuman: allowed here"), None);
        assert_eq!(inline_allow(b"# nonhuman:allow-list"), None);
        assert_eq!(read("x = 1  # gitleaks:allow").mark, "gitleaks:allow");
        assert_eq!(read("x = 1  # nonhuman: allow").names, Vec::<String>::new());
        assert_eq!(inline_allow_places(b"nonhuman: allow\nnonhuman: allowed\nnonhuman:allow[x]").count(), 2);
    }

    #[test]
    fn only_signs_may_stand_before_one_that_stands_alone() {
        assert!(read("    // nonhuman: allow").stands_alone && read("<!-- nonhuman: allow -->").stands_alone);
        assert!(!read("x = 1  # nonhuman: allow").stands_alone);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let problem = |line: &str| read(line).problem.unwrap_or_default();
        assert!(problem("# nonhuman: allow[x").contains("']'"));
        assert!(problem("# nonhuman: allow[ , ]").contains("names nothing"));
        assert!(problem("# nonhuman: allow until=31.1.2027").contains("'until=31.1.2027' is no day"));
        assert!(problem("# nonhuman: allow until=2027-02-30").contains("is no day"));
        assert!(problem("# nonhuman: allow untill=2027-01-31").contains("there is no 'untill='"));
        assert_eq!(problem("# nonhuman: allow for the tests, see a=b"), "");
    }

    proptest! {
        /// No line makes it panic, and a line without the words of a mark is none.
        #[test]
        fn any_line_can_be_read(before in ".{0,20}", after in "(\\[|\\]|reason=|until=|\"|[ a-z0-9=-]|\\PC){0,20}") {
            prop_assert!(inline_allow(before.as_bytes()).is_none());
            let _ = inline_allow(format!("{before}nonhuman: allow{after}").as_bytes());
        }
    }
}
