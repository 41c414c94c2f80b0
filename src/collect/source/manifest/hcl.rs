//! The providers of a Terraform or OpenTofu file and whom its trust policies name, as far as that stands there plainly. A
//! tolerant reader: what it does not understand it skips. It evaluates nothing.

use std::collections::BTreeMap;

/// The deepest nesting of blocks that is followed.
const DEEPEST: usize = 64;

/// A `provider "aws"` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Provider {
    /// Empty for the one without.
    pub(super) alias: String,
    /// `allowed_account_ids`, where all of them stand there plainly.
    pub(super) accounts: Vec<String>,
    /// The role that it takes on.
    pub(super) role: Option<String>,
}

/// A piece of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// A text; `None` when it has an interpolation in it.
    Text(Option<String>),
    Sign(u8),
    Line,
}

/// Every provider of AWS in a file.
pub(super) fn providers(source: &str) -> Vec<Provider> {
    let tokens = tokens(source);
    let is_one = |at: usize| {
        let has =
            |place: usize, text: &str| matches!(&tokens.get(place), Some((Token::Text(Some(name)), _)) if name == text);
        let is_word = matches!(&tokens[at].0, Token::Word(word) if word == "provider");
        is_word && has(at + 1, "aws") && matches!(tokens.get(at + 2), Some((Token::Sign(b'{'), _)))
    };
    let starts = (0..tokens.len()).filter(|at| is_one(*at)).map(|at| at + 3);
    let read = |start: usize| {
        let (mut texts, after) = body(&tokens, start);
        let accounts = plain_list(&tokens[start..after], "allowed_account_ids");
        let alias = texts.remove("alias").unwrap_or_default();
        Provider { alias, accounts, role: texts.remove("assume_role.role_arn") }
    };
    starts.map(read).collect()
}

/// The principals that trust policies of a file name: `identifiers = ["…"]`, `Federated = "…"` or `"Federated": "…"`.
pub(super) fn trusted(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (at, (token, _)) in tokens.iter().enumerate() {
        let is_name = match token {
            Token::Word(word) => matches!(word.as_str(), "identifiers" | "Federated"),
            Token::Text(Some(text)) => text == "Federated",
            _ => false,
        };
        if !is_name || !matches!(tokens.get(at + 1), Some((Token::Sign(b'=' | b':'), _))) {
            continue;
        }
        let in_list = matches!(tokens.get(at + 2), Some((Token::Sign(b'['), _)));
        for (token, _) in tokens.iter().skip(at + 2 + usize::from(in_list)) {
            match token {
                Token::Text(text) => found.extend(text.clone()),
                Token::Sign(b',') | Token::Line if in_list => {}
                _ => break,
            }
            if !in_list {
                break;
            }
        }
    }
    found
}

/// The texts of `name = ["…", "…"]`; none where one of them is made of parts.
fn plain_list(tokens: &[(Token, u64)], name: &str) -> Vec<String> {
    let is_name = |(token, _): &(Token, u64)| matches!(token, Token::Word(word) if word == name);
    let Some(at) = tokens.iter().position(is_name) else { return Vec::new() };
    if !matches!(tokens.get(at + 1..at + 3), Some([(Token::Sign(b'='), _), (Token::Sign(b'['), _)])) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (token, _) in &tokens[at + 3..] {
        match token {
            Token::Text(Some(text)) => found.push(text.clone()),
            Token::Sign(b',') | Token::Line => {}
            Token::Sign(b']') => return found,
            _ => break,
        }
    }
    Vec::new()
}

/// The plain texts of a block's body, and the place behind its closing brace.
fn body(tokens: &[(Token, u64)], start: usize) -> (BTreeMap<String, String>, usize) {
    let mut texts = BTreeMap::new();
    // The names of the blocks and maps that are open; lists and calls have none.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut at = start;
    while let Some((token, _)) = tokens.get(at) {
        match token {
            Token::Sign(b'}') if open.is_empty() => return (texts, at + 1),
            Token::Sign(b'{' | b'[' | b'(') => open.push(name_before(tokens, at)),
            Token::Sign(b'}' | b']' | b')') => {
                open.pop();
            }
            Token::Word(name) if is_plain(tokens, at) && open.len() < DEEPEST => {
                if let Some((Token::Text(Some(value)), _)) = tokens.get(at + 2) {
                    let path: Option<Vec<&str>> = open.iter().map(Option::as_deref).collect();
                    if let Some(mut path) = path {
                        path.push(name);
                        texts.entry(path.join(".")).or_insert_with(|| value.clone());
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    (texts, at)
}

/// Whether `name = "text"` stands here with nothing behind the text.
fn is_plain(tokens: &[(Token, u64)], at: usize) -> bool {
    let is_assigned = matches!(tokens.get(at + 1), Some((Token::Sign(b'=' | b':'), _)));
    let ends = matches!(tokens.get(at + 3), None | Some((Token::Line | Token::Sign(b'}' | b','), _)));
    is_assigned && ends
}

/// The name of a block or map that opens here.
fn name_before(tokens: &[(Token, u64)], at: usize) -> Option<String> {
    let word = |place: usize| match tokens.get(place) {
        Some((Token::Word(word), _)) => Some(word.clone()),
        _ => None,
    };
    match tokens.get(at.checked_sub(1)?) {
        Some((Token::Sign(b'='), _)) => word(at.checked_sub(2)?),
        _ => word(at - 1),
    }
}

fn tokens(source: &str) -> Vec<(Token, u64)> {
    let bytes = source.as_bytes();
    let mut reader = Reader { source, bytes, at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(token) = reader.next() {
        tokens.push(token);
    }
    tokens
}

struct Reader<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<(Token, u64)> {
        loop {
            let line = self.line;
            let byte = *self.bytes.get(self.at)?;
            let rest = &self.bytes[self.at..];
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    return Some((Token::Line, line));
                }
                b'#' => self.skip_to(b"\n"),
                b'/' if rest.starts_with(b"//") => self.skip_to(b"\n"),
                b'/' if rest.starts_with(b"/*") => {
                    self.skip_to(b"*/");
                    self.at = (self.at + 2).min(self.bytes.len());
                }
                b'"' => return Some((Token::Text(self.text()), line)),
                b'<' if rest.starts_with(b"<<") => {
                    self.heredoc();
                    return Some((Token::Text(None), line));
                }
                b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
                    let end = self.at + length.count();
                    let word = self.source.get(self.at..end).unwrap_or_default().to_owned();
                    self.at = end;
                    return Some((Token::Word(word), line));
                }
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => {
                    self.at += 1;
                    return Some((Token::Sign(byte), line));
                }
            }
        }
    }

    /// Moves to the next place of a text, or to the end.
    fn skip_to(&mut self, end: &[u8]) {
        let rest = &self.bytes[self.at..];
        let length = memchr::memmem::find(rest, end).unwrap_or(rest.len());
        self.line += rest[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at += length;
    }

    /// A quoted text; `None` when it is made of parts.
    fn text(&mut self) -> Option<String> {
        let start = self.at + 1;
        let mut end = start;
        let (mut is_plain, mut braces) = (true, 0_usize);
        while let Some(&byte) = self.bytes.get(end) {
            match byte {
                b'\\' => {
                    is_plain = false;
                    end += 1;
                }
                b'$' | b'%' if self.bytes.get(end + 1) == Some(&b'{') => {
                    is_plain = false;
                    braces += 1;
                    end += 1;
                }
                b'}' => braces = braces.saturating_sub(1),
                b'"' if braces == 0 => break,
                b'\n' => break,
                _ => {}
            }
            end += 1;
        }
        self.at = (end + 1).min(self.bytes.len());
        if self.bytes.get(end) == Some(&b'\n') {
            self.at = end;
        }
        self.source.get(start..end.min(self.bytes.len())).filter(|_| is_plain).map(str::to_owned)
    }

    /// `<<EOT` or `<<-EOT` up to the line with the word alone.
    fn heredoc(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let head = rest.lines().next().unwrap_or_default();
        let word = head.trim_start_matches('<').trim_start_matches('-').trim().trim_matches('"');
        let mut length = 0;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            if number > 0 && line.trim() == word {
                break;
            }
            length += line.len();
            self.line += u64::from(line.ends_with('\n'));
        }
        self.at += length.max(2);
        // The word that ends it is left to the next token, where it is a word that nothing follows.
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[a-z\"{}\\[\\]=$<\\n\\\\/*# é-]{0,200}") {
            providers(&text);
            providers(&format!("provider \"aws\" {{{text}"));
            trusted(&text);
        }
    }
}
