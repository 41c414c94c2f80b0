//! JSON as clients read it: comments, trailing commas, a byte order mark, and what JSON5 adds, which some write. A key that
//! comes twice is told, and the last one counts. Never recurses deeper than the limit.
//!
//! Source: RFC 8259; "The JSON5 Data Interchange Format", 1.0.0.

use super::super::node::{Entry, Node, Value};
use super::{DEEPEST, MOST_NODES, Oddity, ParseError};

/// How many doubled keys are told.
const MOST_ODDITIES: usize = 20;

pub(super) fn parse(text: &str) -> Result<(Node, Vec<Oddity>), ParseError> {
    let mut reader = Reader { text: text.as_bytes(), source: text, at: 0, nodes: 0, odd: Vec::new() };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    let tree = reader.value(0)?;
    reader.blank()?;
    if reader.at < reader.text.len() {
        return Err(reader.error("the end of the file"));
    }
    Ok((tree, reader.odd))
}

struct Reader<'t> {
    text: &'t [u8],
    source: &'t str,
    at: usize,
    nodes: usize,
    odd: Vec<Oddity>,
}

impl Reader<'_> {
    fn error(&self, expected: &str) -> ParseError {
        ParseError::new(self.at, expected)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over white space and comments.
    fn blank(&mut self) -> Result<(), ParseError> {
        loop {
            match (self.peek(), self.text.get(self.at + 1)) {
                (Some(b' ' | b'\t' | b'\n' | b'\r'), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => {
                    let rest = &self.text[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                (Some(b'/'), Some(b'*')) => {
                    let end = self.source.get(self.at + 2..).and_then(|rest| rest.find("*/"));
                    let Some(length) = end else { return Err(self.error("the end */ of the comment")) };
                    self.at += length + 4;
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, ParseError> {
        self.blank()?;
        self.nodes += 1;
        if depth > DEEPEST {
            return Err(self.error(&format!("at most {DEEPEST} levels of nesting")));
        }
        if self.nodes > MOST_NODES {
            return Err(self.error(&format!("at most {MOST_NODES} values")));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => Value::Map(self.map(depth)?),
            Some(b'[') => Value::List(self.list(depth)?),
            Some(b'"' | b'\'') => Value::Text(self.string()?),
            Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => self.word()?,
            _ => return Err(self.error("a JSON value")),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn map(&mut self, depth: usize) -> Result<Vec<Entry>, ParseError> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
        loop {
            self.blank()?;
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(entries);
            }
            let at = self.at;
            let key = match self.peek() {
                Some(b'"' | b'\'') => self.string()?,
                Some(byte) if is_name(byte) && !byte.is_ascii_digit() => self.name(),
                _ => return Err(self.error("a key in double quotes, or }")),
            };
            self.blank()?;
            if self.peek() != Some(b':') {
                return Err(self.error("a colon behind the key"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            if !keys.insert(key.clone()) && self.odd.len() < MOST_ODDITIES {
                self.odd.push(Oddity { at, what: "a key that stands there twice; the last one counts".to_owned() });
            }
            entries.push(Entry { key, at, value });
            self.separator(b'}', "a comma or }")?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank()?;
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            self.separator(b']', "a comma or ]")?;
        }
    }

    /// A key without quotes.
    fn name(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(is_name) {
            self.at += 1;
        }
        self.source.get(start..self.at).unwrap_or_default().to_owned()
    }

    /// A comma, or the closing bracket, which stays.
    fn separator(&mut self, closing: u8, expected: &str) -> Result<(), ParseError> {
        self.blank()?;
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(byte) if byte == closing => Ok(()),
            _ => Err(self.error(expected)),
        }
    }

    fn word(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        match self.source.get(start..self.at).unwrap_or_default() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            word @ ("Infinity" | "NaN") => Ok(Value::Number(word.to_owned())),
            word if word.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) => {
                Ok(Value::Number(word.to_owned()))
            }
            _ => {
                self.at = start;
                Err(self.error("true, false, null, a number or a text in double quotes"))
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let quote = self.peek().unwrap_or(b'"');
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(quote, b'\\', rest) else {
                self.at = start;
                return Err(self.error("the closing quote of this text"));
            };
            text.push_str(self.source.get(self.at..self.at + length).unwrap_or_default());
            self.at += length;
            if self.peek() == Some(quote) {
                self.at += 1;
                return Ok(text);
            }
            text.extend(self.escape()?);
        }
    }

    /// One escape; half a pair of UTF-16 becomes the replacement character, and the end of a line nothing.
    fn escape(&mut self) -> Result<Option<char>, ParseError> {
        let letter = self.text.get(self.at + 1).copied();
        self.at += 2;
        Ok(Some(match letter {
            Some(b'\n') => return Ok(None),
            Some(b'\r') => {
                self.at += usize::from(self.peek() == Some(b'\n'));
                return Ok(None);
            }
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'v') => '\u{b}',
            Some(b'0') => '\0',
            Some(byte @ (b'"' | b'\'' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => {
                let high = self.unit()?;
                if (0xd800..0xdc00).contains(&high) && self.source.get(self.at..self.at + 2) == Some("\\u") {
                    self.at += 2;
                    let low = self.unit()?;
                    let pair = char::decode_utf16([high, low]).next();
                    return Ok(Some(pair.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)));
                }
                char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at -= 2;
                return Err(self.error("one of the escapes of JSON"));
            }
        }))
    }

    fn unit(&mut self) -> Result<u16, ParseError> {
        let digits = self.source.get(self.at..self.at + 4);
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.ok_or_else(|| ParseError::new(self.at.saturating_sub(4), "four hexadecimal digits"))
    }
}

/// Whether a byte may stand in a key without quotes.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::node::{Node, Value};
    use super::parse;

    /// As serde's value, to compare with its parser.
    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).expect("a number"),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(plain).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), plain(&entry.value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    fn error(text: &str) -> (usize, String) {
        let error = parse(text).err().expect("it is wrong");
        (error.at, error.expected)
    }

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let text = "\u{feff}// head\n{ \"a\": [1, /* two */ 2,], # }";
        assert!(parse(text).is_err());
        let (tree, odd) =
            parse("\u{feff}// head\n{ \"a\": [1, /* two */ 2,], \"b\": \"\\u00e9\\ud83d\\ude00\\n\", }").expect("ok");
        assert_eq!((plain(&tree), odd.len()), (serde_json::json!({"a": [1, 2], "b": "é😀\n"}), 0));
    }

    #[test]
    fn json5_is_read() {
        let (tree, odd) =
            parse("{gateway: {bind: 'l\\'an', 'a': 0x1F, $b_1: +1.5, c: Infinity, d: \"x\\\ny\", 'é': \"'\"},}")
                .expect("ok");
        let word = |path: &str| tree.at(path).first().and_then(|hit| hit.node.word()).map(str::to_owned);
        let words: Vec<_> =
            ["bind", "a", "$b_1", "c", "d", "é"].iter().map(|key| word(&format!("gateway.{key}"))).collect();
        assert_eq!(words.into_iter().flatten().collect::<Vec<_>>(), ["l'an", "0x1F", "+1.5", "Infinity", "xy", "'"]);
        assert!(odd.is_empty());
        assert_eq!(error("{a b}"), (3, "a colon behind the key".to_owned()));
        assert_eq!(error("{1a: 2}").0, 1);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(error("{\"a\" 1}"), (5, "a colon behind the key".to_owned()));
        assert_eq!(error("{\"a\": \"x"), (6, "the closing quote of this text".to_owned()));
        assert_eq!(error("[1 2]"), (3, "a comma or ]".to_owned()));
        assert_eq!(error("{} x"), (3, "the end of the file".to_owned()));
        assert!(error(&"[".repeat(100_000)).1.contains("64 levels"));
        let (tree, odd) = parse("{\"a\": 1, \"a\": 2}").expect("clients read it, too");
        assert_eq!((tree.get("a").and_then(Node::word), odd[0].at), (Some("2"), 9));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        #[test]
        fn json_is_read_as_serde_reads_it(value in json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).expect("it is a value")] {
                let (tree, _) = parse(&text).expect("it is JSON");
                prop_assert_eq!(plain(&tree), value.clone());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:a-f0-9\\\\u/* \\n]{0,200}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.at <= text.len() + 6);
            }
        }
    }
}
