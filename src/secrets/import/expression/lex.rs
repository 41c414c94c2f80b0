//! From an expression's text to its words. Understands none of them.

/// A word of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Sign(&'static str),
}

/// The signs, longer ones before those they begin with.
const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "??", "?.", "**", "(", ")", "[", "]", "{", "}", ",", ":", ";", "?", ".", "<",
    ">", "=", "!", "+", "-", "*", "/", "%", "#", "|",
];

impl std::fmt::Display for Token {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(out, "'{number}'"),
            Self::Text(_) => out.write_str("a string"),
            Self::Name(name) => write!(out, "'{name}'"),
            Self::Sign(sign) => write!(out, "'{sign}'"),
        }
    }
}

/// The words of an expression.
///
/// # Errors
/// What cannot be a word.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, behind)| behind);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").ok_or("a comment has no end")?.1;
        } else if matches!(first, '"' | '\'' | '`') {
            let (string, behind) = string(first, &rest[1..])?;
            tokens.push(Token::Text(string));
            rest = behind;
        } else if first.is_ascii_digit() {
            let is_part = |sign: char| sign.is_ascii_digit() || matches!(sign, '.' | '_');
            let end = rest.find(|sign| !is_part(sign)).unwrap_or(rest.len());
            let number = rest[..end].replace('_', "").parse();
            tokens.push(Token::Number(number.map_err(|_| format!("'{}' is no number", &rest[..end]))?));
            rest = &rest[end..];
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("'{first}' is no sign of the language"))?;
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// A string behind its opening quote, and what follows it.
fn string(quote: char, text: &str) -> Result<(String, &str), String> {
    if quote == '`' {
        let (string, behind) = text.split_once('`').ok_or("a string has no end")?;
        return Ok((string.to_owned(), behind));
    }
    let mut string = String::new();
    let mut signs = text.char_indices();
    while let Some((place, sign)) = signs.next() {
        match sign {
            _ if sign == quote => return Ok((string, &text[place + 1..])),
            '\\' => match signs.next().map(|(_, sign)| sign) {
                Some('n') => string.push('\n'),
                Some('r') => string.push('\r'),
                Some('t') => string.push('\t'),
                Some('x') => string.push(code(&mut signs, 2)?),
                Some('u') => string.push(code(&mut signs, 4)?),
                Some(sign @ ('\\' | '"' | '\'' | '`')) => string.push(sign),
                Some(sign) => return Err(format!("'\\{sign}' stands for nothing in a string")),
                None => break,
            },
            _ => string.push(sign),
        }
    }
    Err("a string has no end".to_owned())
}

/// A letter by its number in so many hexadecimal digits.
fn code(signs: &mut std::str::CharIndices<'_>, digits: usize) -> Result<char, String> {
    let digits: String = signs.take(digits).map(|(_, sign)| sign).collect();
    let letter = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
    letter.ok_or_else(|| format!("'{digits}' is no letter's number"))
}
