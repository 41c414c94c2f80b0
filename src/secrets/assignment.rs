//! Values known by the name they are given: `ADAFRUIT_IO_KEY = "…"`. Writes the expression; matches nothing itself.

/// What stands between a name and its value, in code, settings, JSON, YAML and calls: the end of the name, a type, a
/// sign of assignment, an opening quote.
const BETWEEN: &str = concat!(
    r#"[a-z0-9_.-]{0,40}?\\?["'`]?[\])]?[ \t]{0,8}"#,
    r"(?::[ \t]{0,3}&?[a-z][a-z0-9.<>]{0,24}[ \t]{0,3}=|:=|=>|=|:|>|,|\()",
    r#"[ \t]{0,8}[bfru]?\\?["'`]?"#,
);

/// The expression for a value of a form (itself an expression) that is given to a name with one of these words in it.
/// In a word `_` stands for any joint or none: `adafruit_io` is also `adafruit-io`, `adafruit.io` and `AdafruitIO`.
pub(super) fn pattern(words: &[String], value: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| regex_syntax::escape(word).replace('_', r"[ _.-]?")).collect();
    format!("(?i-u)(?:{}){BETWEEN}(?-i:(?P<secret>{value}))(?:[^A-Za-z0-9_/+=-]|$)", words.join("|"))
}

/// The most bytes that [`BETWEEN`] stands for.
pub(super) const MOST_BETWEEN: usize = 40 + 11 + 34 + 11;

/// What is assigned to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Assigned {
    /// Anything.
    Any,
    /// Something in quotes.
    Quoted,
}

impl Assigned {
    /// Whether behind a keyword an assignment may come: the rest of a name, then a sign, then a quote. Says no only where
    /// the expression would, and is quicker.
    pub(super) fn may_follow(self, text: &[u8]) -> bool {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let near = text.get(..MOST_NAME).unwrap_or(text);
        let name = near.iter().take_while(|byte| is_name(byte) || **byte == b' ').count();
        let gap = near[name..].iter().take_while(|byte| b"\\\"'`]) \t\r\n".contains(byte)).count();
        let Some(sign) = near.get(name + gap) else { return true };
        let behind = &text[name + gap..];
        // `!=` compares with a secret.
        b":=>,(!".contains(sign)
            && (self == Self::Any
                || memchr::memchr3(b'"', b'\'', b'`', behind.get(..MOST_SIGN).unwrap_or(behind)).is_some())
    }
}

/// No sign with a type and the beginning of a call behind it is longer.
const MOST_SIGN: usize = 128;

/// No rest of a name with what closes it is longer.
const MOST_NAME: usize = 128;

/// The keywords of these words, in small letters: those that are given, or else the longest part of each word, since any
/// joint may stand between its parts.
pub(super) fn keywords(words: &[String], given: &[String]) -> Vec<String> {
    let longest =
        |word: &String| word.split('_').max_by_key(|part| part.len()).unwrap_or_default().to_ascii_lowercase();
    let given = given.iter().map(|word| word.to_ascii_lowercase());
    if given.len() > 0 { given.collect() } else { words.iter().map(longest).collect() }
}
