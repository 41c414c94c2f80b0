//! From the words of an expression to a tree. Computes nothing.
//!
//! INVARIANT: no tree is deeper than [`DEEPEST`] and [`MOST_LINKS`] together, so that no stack is too small for it.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::super::syntax::Expressions;
use super::function::{Each, Function};
use super::lex::{Token, tokens};
use super::node::{Fact, Node, Sign};

/// How deep an expression may be nested.
const DEEPEST: usize = 60;

/// How many steps may follow each other without a bracket: `a + b + c`, `a[0][0]`.
const MOST_LINKS: usize = 200;

/// Reads an expression; functions that are not computed are added to `unknown`.
pub(super) fn parse(text: &str, unknown: &mut BTreeSet<String>) -> Result<Node, String> {
    let mut parser = Parser { tokens: tokens(text)?, place: 0, names: Vec::new(), depth: 0, links: 0, unknown };
    let root = parser.sequence()?;
    match parser.peek() {
        None => Ok(root),
        Some(token) => Err(format!("expected the end, found {token}")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    place: usize,
    names: Vec<String>,
    depth: usize,
    links: usize,
    unknown: &'a mut BTreeSet<String>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.place += usize::from(found);
        found
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Name(found)) if found == name);
        self.place += usize::from(found);
        found
    }

    fn expected<T>(&self, what: &str) -> Result<T, String> {
        let found = self.peek().map_or_else(|| "the end".to_owned(), ToString::to_string);
        Err(format!("expected {what}, found {found}"))
    }

    fn must(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { self.expected(&format!("'{sign}'")) }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(format!("it is nested deeper than {DEEPEST}")) } else { Ok(()) }
    }

    fn link(&mut self) -> Result<(), String> {
        self.links += 1;
        if self.links > MOST_LINKS { Err(format!("it has more than {MOST_LINKS} steps in a row")) } else { Ok(()) }
    }

    /// `let a = …; let b = …; value`.
    fn sequence(&mut self) -> Result<Node, String> {
        self.deeper()?;
        let names = self.names.len();
        let mut values = Vec::new();
        while self.takes_name("let") {
            let Some(Token::Name(name)) = self.next() else { return Err("'let' names nothing".to_owned()) };
            self.must("=")?;
            values.push(self.choice()?);
            self.must(";")?;
            self.names.push(name);
            self.link()?;
        }
        let mut node = self.choice()?;
        self.names.truncate(names);
        self.depth -= 1;
        for value in values.into_iter().rev() {
            node = Node::Let(Box::new(value), Box::new(node));
        }
        Ok(node)
    }

    /// `condition ? value : other`.
    fn choice(&mut self) -> Result<Node, String> {
        self.deeper()?;
        let mut node = self.pairs(0)?;
        if self.takes("?") {
            let yes = self.choice()?;
            self.must(":")?;
            let no = self.choice()?;
            node = Node::If(Box::new(node), Box::new(yes), Box::new(no));
        }
        self.depth -= 1;
        Ok(node)
    }

    /// Values with signs between them, of which none binds less than `least`.
    fn pairs(&mut self, least: usize) -> Result<Node, String> {
        let mut left = self.single()?;
        while let Some((words, strength, sign)) = self.sign().filter(|(_, strength, _)| *strength >= least) {
            self.place += words;
            let right = self.pairs(strength + 1)?;
            left = match (sign, left) {
                (None, Node::Any(mut all)) if strength == OR => {
                    all.push(right);
                    Node::Any(all)
                }
                (None, Node::All(mut all)) if strength == AND => {
                    all.push(right);
                    Node::All(all)
                }
                (None, left) if strength == OR => Node::Any(vec![left, right]),
                (None, left) => Node::All(vec![left, right]),
                (Some(sign), left) => {
                    self.link()?;
                    Node::Pair(sign, Box::new(left), Box::new(right))
                }
            };
        }
        Ok(left)
    }

    /// The sign that comes next: how many words it takes, how strongly it binds, and what it is; nothing for `and` and
    /// `or`.
    fn sign(&self) -> Option<(usize, usize, Option<Sign>)> {
        let next = self.tokens.get(self.place + 1);
        match self.peek()? {
            Token::Name(name) if name == "not" => {
                matches!(next, Some(Token::Name(name)) if name == "in").then_some((2, COMPARE, Some(Sign::NotIn)))
            }
            Token::Name(name) => binary(name).map(|(strength, sign)| (1, strength, sign)),
            Token::Sign(sign) => binary(sign).map(|(strength, sign)| (1, strength, sign)),
            _ => None,
        }
    }

    /// One value, with what stands before and behind it.
    fn single(&mut self) -> Result<Node, String> {
        self.deeper()?;
        let node = if self.takes("!") || self.takes_name("not") {
            Node::Not(Box::new(self.single()?))
        } else if self.takes("-") {
            Node::Negative(Box::new(self.single()?))
        } else {
            self.value()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn value(&mut self) -> Result<Node, String> {
        let mut node = match self.peek().cloned() {
            Some(Token::Number(number)) => self.just(Node::Number(number)),
            Some(Token::Text(text)) => self.just(Node::Text(text.into_bytes())),
            Some(Token::Sign("#")) => self.just(Node::Item),
            Some(Token::Sign("(")) => {
                self.place += 1;
                let node = self.sequence()?;
                self.must(")")?;
                node
            }
            Some(Token::Sign("[")) => {
                self.place += 1;
                Node::List(self.list("]")?)
            }
            Some(Token::Name(name)) => {
                self.place += 1;
                self.name(name)?
            }
            _ => return self.expected("a value"),
        };
        loop {
            // A pattern's operator, which needs the text before it.
            if self.takes_name("matches") {
                let Some(Token::Text(pattern)) = self.next() else { return Err("'matches' needs a string".to_owned()) };
                node = Node::MatchesAny(Box::new(node), expressions(&[pattern])?);
            } else if self.takes("[") {
                node = self.part_of(node)?;
            } else {
                return Ok(node);
            }
            self.link()?;
        }
    }

    fn just(&mut self, node: Node) -> Node {
        self.place += 1;
        node
    }

    /// `[place]`, `[from:to]` behind a value.
    fn part_of(&mut self, node: Node) -> Result<Node, String> {
        let from = if self.takes(":") { None } else { Some(Box::new(self.choice()?)) };
        let node = match from {
            Some(place) if self.takes("]") => return Ok(Node::Index(Box::new(node), place)),
            Some(place) => {
                self.must(":")?;
                (node, Some(place))
            }
            None => (node, None),
        };
        let to = if self.takes("]") {
            None
        } else {
            let to = Box::new(self.choice()?);
            self.must("]")?;
            Some(to)
        };
        Ok(Node::Slice(Box::new(node.0), node.1, to))
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut list = Vec::new();
        while !self.takes(end) {
            list.push(self.choice()?);
            if !self.takes(",") {
                self.must(end)?;
                break;
            }
        }
        Ok(list)
    }

    fn name(&mut self, name: String) -> Result<Node, String> {
        if self.takes("(") {
            return self.call(name);
        }
        if let Some(place) = self.names.iter().rposition(|known| *known == name) {
            return Ok(Node::Name(place));
        }
        match name.as_str() {
            "true" | "false" => Ok(Node::Bool(name == "true")),
            "nil" => Ok(Node::Nil),
            "finding" => {
                let key = self.key()?;
                Ok(Fact::named(&key).map_or_else(|| self.unknown(format!("finding[\"{key}\"]")), Node::Fact))
            }
            "attributes" => {
                let key = self.key()?;
                if key == "path" {
                    Ok(Node::Fact(Fact::Path))
                } else {
                    Ok(self.unknown(format!("attributes[\"{key}\"]")))
                }
            }
            _ => Err(format!("there is no '{name}' (known are finding, attributes and what 'let' names)")),
        }
    }

    fn unknown(&mut self, name: String) -> Node {
        self.unknown.insert(name);
        Node::Unknown
    }

    /// `["key"]`, `.key`, `?.key`, `?.["key"]`.
    fn key(&mut self) -> Result<String, String> {
        let has_dot = self.takes("?.") || self.takes(".");
        if self.takes("[") {
            let Some(Token::Text(key)) = self.next() else { return Err("a key must be a string".to_owned()) };
            self.must("]")?;
            return Ok(key);
        }
        match self.peek().cloned() {
            Some(Token::Name(key)) if has_dot => {
                self.place += 1;
                Ok(key)
            }
            _ => self.expected("a key"),
        }
    }

    fn call(&mut self, name: String) -> Result<Node, String> {
        if let Some(each) = Each::named(&name) {
            let list = self.choice()?;
            self.must(",")?;
            let has_braces = self.takes("{");
            let body = self.sequence()?;
            if has_braces {
                self.must("}")?;
            }
            self.must(")")?;
            return Ok(Node::Each(each, Box::new(list), Box::new(body)));
        }
        let mut arguments = self.list(")")?;
        let texts = arguments.get(1).and_then(texts);
        match (name.as_str(), arguments.len(), texts) {
            ("matchesAny", 2, Some(patterns)) => {
                Ok(Node::MatchesAny(Box::new(arguments.swap_remove(0)), expressions(&patterns)?))
            }
            ("findMatch", 2, Some(patterns)) => {
                Ok(Node::FindMatch(Box::new(arguments.swap_remove(0)), expressions(&patterns)?))
            }
            ("containsAny", 2, Some(words)) => {
                let mut builder = AhoCorasick::builder();
                let words = builder.ascii_case_insensitive(true).build(words);
                let words = words.map_err(|error| error.to_string())?;
                Ok(Node::ContainsAny(Box::new(arguments.swap_remove(0)), words))
            }
            _ => {
                let function = Function::named(&name);
                if function.is_none_or(Function::is_partial) {
                    self.unknown.insert(name);
                }
                Ok(function.map_or(Node::Unknown, |function| Node::Call(function, arguments)))
            }
        }
    }
}

const OR: usize = 1;
const AND: usize = 2;
const COMPARE: usize = 3;
const ADD: usize = 4;
const MULTIPLY: usize = 5;
const ELSE: usize = 6;

/// How strongly a sign between two values binds, and what it is; nothing for `and` and `or`.
fn binary(sign: &str) -> Option<(usize, Option<Sign>)> {
    let (strength, sign) = match sign {
        "||" | "or" => return Some((OR, None)),
        "&&" | "and" => return Some((AND, None)),
        "in" => (COMPARE, Sign::In),
        "contains" => (COMPARE, Sign::Contains),
        "startsWith" => (COMPARE, Sign::StartsWith),
        "endsWith" => (COMPARE, Sign::EndsWith),
        "==" => (COMPARE, Sign::Equal),
        "!=" => (COMPARE, Sign::Different),
        "<" => (COMPARE, Sign::Less),
        "<=" => (COMPARE, Sign::LessOrEqual),
        ">" => (COMPARE, Sign::More),
        ">=" => (COMPARE, Sign::MoreOrEqual),
        "+" => (ADD, Sign::Plus),
        "-" => (ADD, Sign::Minus),
        "*" => (MULTIPLY, Sign::Times),
        "/" => (MULTIPLY, Sign::Divided),
        "%" => (MULTIPLY, Sign::Remainder),
        "??" => (ELSE, Sign::Else),
        _ => return None,
    };
    Some((strength, Some(sign)))
}

/// The texts of a list of texts, or of one text.
fn texts(node: &Node) -> Option<Vec<String>> {
    let text = |node: &Node| match node {
        Node::Text(text) => String::from_utf8(text.clone()).ok(),
        _ => None,
    };
    match node {
        Node::List(list) => list.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

fn expressions(patterns: &[String]) -> Result<Expressions, String> {
    Expressions::new(patterns).map_err(|(place, message)| {
        let pattern: String = patterns.get(place).map(|text| text.chars().take(60).collect()).unwrap_or_default();
        format!("'{pattern}' is no expression: {message}")
    })
}
