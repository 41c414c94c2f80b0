//! An expression of a workflow as a tree. Evaluates nothing, and never recurses deeper than the limit.
//!
//! Source: GitHub Docs, "Evaluate expressions in workflows and actions": literals, operators, functions.

use std::iter::Peekable;
use std::str::Chars;

/// The deepest nesting that is followed.
const DEEPEST: usize = 32;
/// The longest expression that is read, in bytes.
const LONGEST: usize = 32 * 1024;

/// A part of a condition.
#[derive(Debug)]
pub(super) enum Expression {
    /// A text in quotes.
    Text(String),
    /// A name, a number or a truth value.
    Word(String),
    Call(String, Vec<Expression>),
    Not(Box<Expression>),
    Equal(Box<Expression>, Box<Expression>),
    Unequal(Box<Expression>, Box<Expression>),
    /// Any other comparison.
    Other,
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

impl Expression {
    pub(super) fn is_word(&self, name: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(name))
    }

    /// The values of which the first that is there counts.
    pub(super) fn ways(&self) -> Vec<&Self> {
        match self {
            Self::Or(ways) => ways.iter().collect(),
            one => vec![one],
        }
    }

    /// The two sides of `==`, the text or constant behind the other.
    pub(super) fn compared(&self) -> Option<(&Self, &Self)> {
        let Self::Equal(one, other) = self else { return None };
        let is_constant = |side: &Self| {
            matches!(side, Self::Text(_))
                || ["true", "false", "github.repository"].iter().any(|word| side.is_word(word))
        };
        let is_turned = is_constant(one) && !is_constant(other);
        Some(if is_turned { (other.as_ref(), one.as_ref()) } else { (one.as_ref(), other.as_ref()) })
    }

    /// A value and the texts of which it must be one: `value == 'a'`, `contains(fromJSON('["a"]'), value)`.
    pub(super) fn one_of(&self) -> Option<(&Self, Vec<String>)> {
        if let Some((value, Self::Text(text))) = self.compared() {
            return Some((value, vec![text.clone()]));
        }
        let Self::Call(name, arguments) = self else { return None };
        let [Self::Call(inner, list), value] = arguments.as_slice() else { return None };
        let [Self::Text(text)] = list.as_slice() else { return None };
        let is_list = name.eq_ignore_ascii_case("contains") && inner.eq_ignore_ascii_case("fromJSON");
        let names: Option<Vec<String>> = serde_json::from_str(text).ok();
        names.filter(|_| is_list).map(|names| (value, names))
    }

    /// The events for which alone it can be true, where it names some.
    pub(super) fn events(&self) -> Option<Vec<&str>> {
        match self {
            Self::Equal(..) => match self.compared() {
                Some((value, Self::Text(event))) if value.is_word("github.event_name") => Some(vec![event.as_str()]),
                _ => None,
            },
            Self::And(parts) => parts.iter().find_map(Self::events),
            Self::Or(ways) => {
                let all: Option<Vec<Vec<&str>>> = ways.iter().map(Self::events).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            _ => None,
        }
    }
}

/// Reads an expression; none where it is not one, or too long or deep.
pub(super) fn read(text: &str) -> Option<Expression> {
    (text.len() <= LONGEST).then(|| Reader::new(text).whole()).flatten()
}

/// Reads an expression from its text.
struct Reader<'t> {
    letters: Peekable<Chars<'t>>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { letters: text.chars().peekable(), depth: 0 }
    }

    /// The expression, where nothing stands behind it.
    fn whole(mut self) -> Option<Expression> {
        let one = self.or()?;
        self.blank();
        self.letters.peek().is_none().then_some(one)
    }

    fn blank(&mut self) {
        while self.letters.next_if(|letter| letter.is_whitespace()).is_some() {}
    }

    /// Takes a sign of two letters.
    fn takes(&mut self, sign: &str) -> bool {
        self.blank();
        let is_there = sign.chars().eq(self.letters.clone().take(sign.len()));
        if is_there {
            let _ = self.letters.by_ref().nth(sign.len() - 1);
        }
        is_there
    }

    fn or(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut ways = vec![self.and()?];
        while self.takes("||") {
            ways.push(self.and()?);
        }
        self.depth -= 1;
        Some(if ways.len() == 1 { ways.swap_remove(0) } else { Expression::Or(ways) })
    }

    fn and(&mut self) -> Option<Expression> {
        let mut parts = vec![self.comparison()?];
        while self.takes("&&") {
            parts.push(self.comparison()?);
        }
        Some(if parts.len() == 1 { parts.swap_remove(0) } else { Expression::And(parts) })
    }

    fn comparison(&mut self) -> Option<Expression> {
        let one = self.value()?;
        if self.takes("==") {
            return Some(Expression::Equal(Box::new(one), Box::new(self.value()?)));
        }
        if self.takes("!=") {
            return Some(Expression::Unequal(Box::new(one), Box::new(self.value()?)));
        }
        for sign in ["<=", ">=", "<", ">"] {
            if self.takes(sign) {
                self.value()?;
                return Some(Expression::Other);
            }
        }
        Some(one)
    }

    fn value(&mut self) -> Option<Expression> {
        self.blank();
        match self.letters.peek()? {
            '!' => {
                self.letters.next();
                self.depth += 1;
                if self.depth > DEEPEST {
                    return None;
                }
                let inner = self.value()?;
                self.depth -= 1;
                Some(Expression::Not(Box::new(inner)))
            }
            '(' => {
                self.letters.next();
                let inner = self.or()?;
                self.takes(")").then_some(inner)
            }
            '\'' => self.text().map(Expression::Text),
            _ => self.word(),
        }
    }

    /// A text in quotes; two in a row stand for one.
    fn text(&mut self) -> Option<String> {
        self.letters.next();
        let mut text = String::new();
        while let Some(letter) = self.letters.next() {
            if letter != '\'' || self.letters.next_if_eq(&'\'').is_some() {
                text.push(letter);
            } else {
                return Some(text);
            }
        }
        None
    }

    /// A name with its parts, or a call.
    fn word(&mut self) -> Option<Expression> {
        let mut word = String::new();
        while let Some(letter) =
            self.letters.next_if(|letter| letter.is_ascii_alphanumeric() || "._-*[]'".contains(*letter))
        {
            word.push(letter);
        }
        if word.is_empty() {
            return None;
        }
        if !self.takes("(") {
            return Some(Expression::Word(word));
        }
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.or()?);
            let _ = self.takes(",");
        }
        Some(Expression::Call(word, arguments))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[a-z.()!&|=<>' ,\"\\[\\]-]{0,200}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn operators_bind_as_they_do_at_github() {
        let told = |text: &str| format!("{:?}", read(text));
        assert_eq!(told("a || b && !c"), told("(a) || ((b) && (!c))"));
        assert_eq!(told("a == 'x' && b"), told("((a == 'x') && b)"));
        assert!(
            matches!(read("f(a || b, 'it''s')"), Some(Expression::Call(name, arguments)) if name == "f" && arguments.len() == 2)
        );
        for broken in ["", "a ||", "(a", "'a", "a b", "== a"] {
            assert!(read(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn deep_and_long_texts_are_none() {
        for (open, close) in [("(", ")"), ("!", ""), ("f(", ")")] {
            assert!(read(&format!("{}a{}", open.repeat(10_000), close.repeat(10_000))).is_none());
        }
        assert!(read(&"a".repeat(64 * 1024)).is_none());
    }
}
