//! The blocks and expressions of Terraform and OpenTofu files. A tolerant reader: what it does not understand is
//! [`Expr::Other`] and passed over. It evaluates nothing.
//!
//! Source: HCL Native Syntax Specification (hashicorp/hcl, `hclsyntax/spec.md`).

/// The deepest nesting of blocks and expressions that is followed.
pub(super) const DEEPEST: usize = 48;

/// A block with its attributes and inner blocks.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) kind: String,
    pub(super) labels: Vec<String>,
    /// The line of its first word, from 1.
    pub(super) line: u64,
    pub(super) attributes: Vec<(String, Expr)>,
    pub(super) blocks: Vec<Block>,
}

impl Block {
    pub(super) fn attribute(&self, name: &str) -> Option<&Expr> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn inner(&self, kind: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.kind == kind)
    }
}

/// What stands behind an equals sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A text made of parts.
    Text(Vec<Part>),
    Number(i64),
    Bool(bool),
    Null,
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// A name: `var`, `each`, a function's argument.
    Name(String),
    /// `of.name` or `of["name"]`.
    Part(Box<Expr>, Box<Expr>),
    Call(String, Vec<Expr>),
    /// `test ? yes : no`
    If(Box<[Expr; 3]>),
    /// `a == b`, or `a != b`.
    Same(Box<[Expr; 2]>, bool),
    Not(Box<Expr>),
    For(Box<For>),
    Other,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Plain(String),
    Made(Expr),
}

/// `[for key, item in over : give if only]`, or with braces and `name => give`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct For {
    pub(super) names: Vec<String>,
    pub(super) over: Expr,
    pub(super) key: Option<Expr>,
    pub(super) give: Expr,
    pub(super) only: Option<Expr>,
}

/// The blocks and attributes at the top of a file.
pub(super) fn parse(source: &str) -> Block {
    let mut parser = Parser { text: source, bytes: source.as_bytes(), at: 0, seen: (0, 1), open: 0, depth: 0 };
    let mut file = Block::default();
    while parser.at < parser.bytes.len() {
        parser.body(&mut file);
        // A brace too many ends no file.
        parser.at += 1;
    }
    file
}

/// A text with `${…}` in it, as JSON writes it.
pub(super) fn template(source: &str) -> Expr {
    let mut parser = Parser { text: source, bytes: source.as_bytes(), at: 0, seen: (0, 1), open: 0, depth: 0 };
    parser.parts(None).map_or(Expr::Other, Expr::Text)
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// A place and its line.
    seen: (usize, u64),
    /// How many brackets are open: within them a line may end anywhere.
    pub(super) open: usize,
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    pub(super) fn takes(&mut self, text: &str) -> bool {
        self.space(self.open > 0);
        let is_there = self.starts(text);
        self.at += if is_there { text.len() } else { 0 };
        is_there
    }

    fn line(&mut self) -> u64 {
        let between = self.bytes.get(self.seen.0..self.at).unwrap_or_default();
        self.seen = (self.at, self.seen.1 + between.iter().filter(|byte| **byte == b'\n').count() as u64);
        self.seen.1
    }

    /// Passes over blanks and comments, and over ends of lines where that is wanted.
    pub(super) fn space(&mut self, lines: bool) {
        while let Some(byte) = self.peek() {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            match byte {
                b'\n' if !lines => return,
                b'#' => self.pass_to(b"\n", 0),
                b'/' if rest.starts_with(b"//") => self.pass_to(b"\n", 0),
                b'/' if rest.starts_with(b"/*") => self.pass_to(b"*/", 2),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }

    fn pass_to(&mut self, end: &[u8], behind: usize) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = memchr::memmem::find(rest, end).map_or(rest.len(), |found| found + behind);
        self.at += length;
    }

    pub(super) fn word(&mut self) -> Option<&'a str> {
        let rest = self.bytes.get(self.at..)?;
        if !rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
            return None;
        }
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)).count();
        let word = self.text.get(self.at..self.at + length)?;
        self.at += length;
        Some(word)
    }

    /// Attributes and blocks up to a closing brace, which is left, or to the end.
    fn body(&mut self, block: &mut Block) {
        self.depth += 1;
        while self.peek().is_some() {
            self.open = 0;
            self.space(true);
            if self.peek() == Some(b'}') {
                break;
            }
            let line = self.line();
            match self.word() {
                Some(name) => self.statement(name, line, block),
                None => self.pass_statement(),
            }
        }
        self.depth -= 1;
    }

    fn statement(&mut self, name: &str, line: u64, block: &mut Block) {
        self.space(false);
        if self.starts("=") && !self.starts("==") {
            self.at += 1;
            let start = self.at;
            let value = self.expression().filter(|_| self.is_at_end());
            if value.is_none() {
                self.at = start;
                self.pass_statement();
            }
            block.attributes.push((name.to_owned(), value.unwrap_or(Expr::Other)));
            return;
        }
        let mut labels = Vec::new();
        loop {
            self.space(false);
            match self.peek() {
                Some(b'"') => match self.expression() {
                    Some(Expr::Text(parts)) => labels.push(plain(&parts).unwrap_or_default()),
                    _ => return self.pass_statement(),
                },
                Some(b'{') => break,
                _ => match self.word() {
                    Some(word) => labels.push(word.to_owned()),
                    None => return self.pass_statement(),
                },
            }
        }
        self.at += 1;
        let mut inner = Block { kind: name.to_owned(), labels, line, ..Block::default() };
        if self.depth < DEEPEST {
            self.body(&mut inner);
        } else {
            self.pass_block();
        }
        self.at += 1;
        self.open = 0;
        block.blocks.push(inner);
    }

    /// Whether nothing more of a statement stands here.
    fn is_at_end(&mut self) -> bool {
        self.space(false);
        matches!(self.peek(), None | Some(b'\n' | b'}' | b','))
    }

    /// Passes over the rest of a statement, whatever it is.
    fn pass_statement(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.quoted();
                    continue;
                }
                b'<' if self.starts("<<") => {
                    self.heredoc();
                    continue;
                }
                b'#' | b'/' if byte == b'#' || self.starts("//") || self.starts("/*") => {
                    self.space(false);
                    continue;
                }
                b'{' | b'[' | b'(' => open += 1,
                b'}' if open == 0 => return,
                b'}' | b']' | b')' => open = open.saturating_sub(1),
                b'\n' if open == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Passes over a block that lies too deep, up to its closing brace.
    pub(super) fn pass_block(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.quoted();
                    continue;
                }
                b'{' => open += 1,
                b'}' if open == 0 => return,
                b'}' => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `<<EOT` or `<<-EOT` up to the line with the word alone.
    pub(super) fn heredoc(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let head = rest.lines().next().unwrap_or_default();
        let word = head.trim_start_matches('<').trim_start_matches('-').trim().trim_matches('"');
        let mut length = 0;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            if number > 0 && line.trim() == word {
                // The line's end is left: it ends the statement, too.
                length += line.trim_end_matches(['\n', '\r']).len();
                break;
            }
            length += line.len();
        }
        self.at += length.max(2);
    }
}

/// The text of parts of which none is made.
pub(super) fn plain(parts: &[Part]) -> Option<String> {
    let text = |part: &Part| match part {
        Part::Plain(text) => Some(text.clone()),
        Part::Made(_) => None,
    };
    parts.iter().map(text).collect()
}
