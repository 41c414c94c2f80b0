//! Fills policy variables (`${aws:username}`) with what a request is known to hold. It matches nothing itself.
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use super::context::{Asked, Seen};

/// Stands for a `*` that is meant literally.
const STAR: char = '\u{1}';
/// Stands for a `?` that is meant literally.
const MARK: char = '\u{2}';

/// A pattern after its variables were filled.
pub(super) enum Filled {
    /// The pattern, and whether a variable in it is not known; `*` stands in its place.
    Text(String, bool),
    /// A variable has no value, so that the pattern matches nothing.
    Nothing,
}

/// Fills a pattern. `variables` is false in documents of the version that has none.
pub(super) fn filled(pattern: &str, variables: bool, asked: &Asked<'_>) -> Filled {
    if !variables || !pattern.contains("${") {
        return Filled::Text(pattern.to_owned(), false);
    }
    let (mut text, mut rest, mut open) = (String::new(), pattern, false);
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            return Filled::Text(format!("{text}*"), true);
        };
        match value(name, asked) {
            Some(Some(value)) => text.extend(value.chars().map(escape)),
            Some(None) => {
                text.push('*');
                open = true;
            }
            None => return Filled::Nothing,
        }
        rest = after;
    }
    Filled::Text(text + rest, open)
}

/// A pattern with `*` in place of every variable.
pub(super) fn any(pattern: &str) -> String {
    let (mut text, mut rest) = (String::new(), pattern);
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    text + rest
}

/// None if there is no value, `Some(None)` if it is not known.
fn value<'a>(name: &'a str, asked: &Asked<'a>) -> Option<Option<&'a str>> {
    let (name, default) = match name.split_once(',') {
        Some((name, default)) => (name, default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''))),
        None => (name, None),
    };
    match name.trim() {
        "*" => return Some(Some("*")),
        "?" => return Some(Some("?")),
        "$" => return Some(Some("$")),
        _ => {}
    }
    match asked.seen(&name.trim().to_ascii_lowercase()) {
        Seen::Unknown | Seen::Time { .. } => Some(None),
        Seen::Absent => default.map(Some),
        Seen::One(value) => Some(Some(value)),
        // A variable of several values has none.
        Seen::Many(values) => match values {
            [one] => Some(Some(one)),
            _ => None,
        },
    }
}

fn escape(letter: char) -> char {
    match letter {
        '*' => STAR,
        '?' => MARK,
        other => other,
    }
}

/// The text to compare a filled pattern with: with literal stars where the pattern has them.
pub(super) fn literal(pattern: &str, text: &str) -> String {
    if pattern.contains([STAR, MARK]) { text.chars().map(escape).collect() } else { text.to_owned() }
}
