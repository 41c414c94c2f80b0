//! Expressions as Go writes them, as Rust reads them. Matches nothing itself.
//!
//! Go's syntax: <https://pkg.go.dev/regexp/syntax>. What differs: a brace that repeats nothing is itself, brackets and
//! operators in a class are themselves, any sign may be escaped, `\Q…\E` quotes, and `\d`, `\w`, `\s`, `\b` are ASCII.

use std::sync::OnceLock;

use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::syntax;
use regex_syntax::hir::{Hir, HirKind};

/// Expressions with more states than this may be larger than what is compiled, and are tried when they load.
const MOST_STATES: usize = 10_000;

/// The most that a compiled expression may take, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// An expression for Rust that means what one for Go does; what is wrong with it, otherwise.
pub(super) fn translate(go: &str) -> Result<String, String> {
    let rust = rewrite(go);
    // Bytes first: Go's classes are ASCII, and a scan sees bytes. Only an expression about other letters needs more.
    let in_bytes = format!("(?-u){rust}");
    let (pattern, hir) = match parse(&in_bytes) {
        Ok(hir) => (in_bytes, hir),
        Err(_) => {
            let hir = parse(&rust)?;
            (rust, hir)
        }
    };
    if states(&hir) > MOST_STATES {
        compile(&[&pattern]).map_err(|error| error.to_string())?;
    }
    Ok(pattern)
}

/// Reads an expression as it is compiled.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
    parsed.map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it cannot be read".to_owned(),
    })
}

/// Compiles expressions that were translated.
pub(super) fn compile<P: AsRef<str>>(patterns: &[P]) -> Result<Regex, Box<BuildError>> {
    let config = Regex::config().utf8_empty(false).nfa_size_limit(Some(LARGEST)).onepass_size_limit(Some(1 << 20));
    let syntax = syntax::Config::new().utf8(false);
    Regex::builder().syntax(syntax).configure(config).build_many(patterns).map_err(Box::new)
}

/// Expressions of which one must match. Compiled at their first use.
#[derive(Debug)]
pub(in crate::secrets) struct Expressions {
    patterns: Vec<String>,
    compiled: OnceLock<Option<Regex>>,
}

impl Expressions {
    /// Takes Go expressions.
    ///
    /// # Errors
    /// The place of the first that is none, and what is wrong with it.
    pub(super) fn new<P: AsRef<str>>(go: &[P]) -> Result<Self, (usize, String)> {
        let each = go.iter().enumerate();
        let patterns = each.map(|(place, one)| translate(one.as_ref()).map_err(|message| (place, message)));
        Ok(Self { patterns: patterns.collect::<Result<_, _>>()?, compiled: OnceLock::new() })
    }

    fn compiled(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.patterns).ok()).as_ref()
    }

    /// Whether one of them matches somewhere in a text.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        !self.patterns.is_empty() && self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    /// The first piece of a text that one of them matches.
    pub(super) fn find<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.compiled()?.find(text)?.range())
    }
}

/// How large an expression becomes, roughly.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(class) => {
            if hir.properties().maximum_len() == Some(1) {
                1
            } else {
                class.len_hint()
            }
        }
        HirKind::Capture(capture) => states(&capture.sub),
        HirKind::Repetition(again) => states(&again.sub).saturating_mul(again.max.unwrap_or(again.min).max(1) as usize),
        HirKind::Concat(each) | HirKind::Alternation(each) => {
            each.iter().fold(0, |sum, one| sum.saturating_add(states(one)))
        }
    }
}

trait LengthHint {
    /// How many states one step over a class of letters takes at most.
    fn len_hint(&self) -> usize;
}

impl LengthHint for regex_syntax::hir::Class {
    fn len_hint(&self) -> usize {
        match self {
            Self::Unicode(class) => class.ranges().len() * 4,
            Self::Bytes(_) => 1,
        }
    }
}

/// Writes an expression anew, sign by sign.
fn rewrite(go: &str) -> String {
    let mut rust = String::with_capacity(go.len() + 16);
    let mut rest = go;
    while let Some(sign) = rest.chars().next() {
        let behind = &rest[sign.len_utf8()..];
        rest = match sign {
            '\\' => escape(behind, &mut rust),
            '[' => class(behind, &mut rust),
            '{' => {
                let length = repetition(behind);
                rust.push_str(if length.is_some() { "{" } else { r"\{" });
                behind
            }
            _ => {
                rust.push(sign);
                behind
            }
        };
    }
    rust
}

/// How long `3}`, `3,}` or `3,5}` at the beginning of a text is.
fn repetition(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (least, most) = text[..end].split_once(',').unwrap_or((&text[..end], ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(end)
}

/// What stands behind a backslash; returns what follows it.
fn escape<'t>(behind: &'t str, rust: &mut String) -> &'t str {
    let Some(sign) = behind.chars().next() else {
        rust.push('\\');
        return behind;
    };
    let rest = &behind[sign.len_utf8()..];
    if sign == 'Q' {
        let (quoted, rest) = rest.split_once(r"\E").unwrap_or((rest, ""));
        rust.push_str(&regex_syntax::escape(quoted));
        return rest;
    }
    // In Rust these two are the edges of words.
    if !matches!(sign, '<' | '>') {
        rust.push('\\');
    }
    rust.push(sign);
    // `\x{…}` and `\p{…}` keep their braces.
    if matches!(sign, 'x' | 'p' | 'P')
        && let Some(end) = rest.starts_with('{').then(|| rest.find('}')).flatten()
    {
        rust.push_str(&rest[..=end]);
        return &rest[end + 1..];
    }
    rest
}

/// A class behind its opening bracket; returns what follows its end.
fn class<'t>(behind: &'t str, rust: &mut String) -> &'t str {
    rust.push('[');
    let mut rest = behind;
    if let Some(inside) = rest.strip_prefix('^') {
        rust.push('^');
        rest = inside;
    }
    let mut is_first = true;
    // Whether what stands before is a class of its own, behind which a dash is itself.
    let mut behind_class = false;
    while let Some(sign) = rest.chars().next() {
        let inside = &rest[sign.len_utf8()..];
        let was_class = std::mem::take(&mut behind_class);
        match sign {
            ']' if !is_first => {
                rust.push(']');
                return inside;
            }
            '\\' => {
                behind_class = inside.starts_with(['d', 'D', 's', 'S', 'w', 'W', 'p', 'P']);
                rest = escape(inside, rust);
            }
            '[' if rest.starts_with("[:") && rest.contains(":]") => {
                let end = rest.find(":]").map_or(rest.len(), |end| end + 2);
                rust.push_str(&rest[..end]);
                rest = &rest[end..];
                behind_class = true;
            }
            '-' if was_class => {
                rust.push_str(r"\-");
                rest = inside;
            }
            '[' | ']' | '&' | '~' => {
                rust.push('\\');
                rust.push(sign);
                rest = inside;
            }
            '-' if inside.starts_with('-') => {
                rust.push_str(r"\-");
                rest = inside;
            }
            _ => {
                rust.push(sign);
                rest = inside;
            }
        }
        is_first = false;
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_go_reads_otherwise_is_written_otherwise() {
        for (go, text, is_match) in [
            (r"^\${[A-Z_]+}$", "${HOME}", true),
            (r"^{\d{2}}$", "{42}", true),
            (r"^[^]]+]$", "ab]", true),
            (r"^[[a]$", "[", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[\w-.]+$", "a-b.c", true),
            (r"^\<b\>$", "<b>", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            ("^\\x60[[:alpha:]]+\\z", "`ab", true),
            (r"(?i)^/Users/(?i)[a-z]+/[\w .-/]+$", "/users/ann/a b", true),
            (r"^\w$", "\u{e4}", false),
            ("^[\u{e4}]$", "\u{e4}", true),
            (r"^\p{Greek}+$", "\u{3b1}", true),
            (r"^\x{e4}$", "\u{e4}", true),
        ] {
            let list = Expressions::new(&[go]).unwrap_or_else(|error| panic!("{go}: {error:?}"));
            assert_eq!(list.is_match(text.as_bytes()), is_match, "{go} on {text}: {}", rewrite(go));
        }
    }

    #[test]
    fn what_is_none_is_said() {
        let error = Expressions::new(&["a", "b(", "c"]).expect_err("a group is open");
        assert_eq!(error, (1, "unclosed group".to_owned()));
        assert!(translate(r"(?:[a-z]{1000}){1000}").is_err(), "too large");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in r"[\[\]{}\\^a-z0-9QE:,&~.()|-]{0,40}|\PC{0,20}") {
            let _ = translate(&text);
        }
    }
}
