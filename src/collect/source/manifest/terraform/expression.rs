//! Expressions of Terraform and OpenTofu files, as far as names are made of them. It evaluates nothing.

use super::syntax::{DEEPEST, Expr, For, Parser, Part};

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Option<Expr> {
        self.depth += 1;
        let found = if self.depth < DEEPEST { self.conditional() } else { None };
        self.depth -= 1;
        found
    }

    fn conditional(&mut self) -> Option<Expr> {
        let test = self.compared()?;
        if !self.takes("?") {
            return Some(test);
        }
        let yes = self.expression()?;
        if !self.takes(":") {
            return None;
        }
        Some(Expr::If(Box::new([test, yes, self.expression()?])))
    }

    fn compared(&mut self) -> Option<Expr> {
        let left = self.operand()?;
        self.space(self.open > 0);
        for (sign, is_same) in [("==", true), ("!=", false)] {
            if self.takes(sign) {
                let right = self.operand()?;
                return self.rest_of(Expr::Same(Box::new([left, right]), is_same));
            }
        }
        self.rest_of(left)
    }

    /// What arithmetic and logic make of a value is not known; they are read so that what follows is.
    fn rest_of(&mut self, left: Expr) -> Option<Expr> {
        let mut left = left;
        loop {
            self.space(self.open > 0);
            let signs = ["&&", "||", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%"];
            let Some(sign) = signs.into_iter().find(|sign| self.starts(sign)) else { return Some(left) };
            self.at += sign.len();
            self.operand()?;
            left = Expr::Other;
        }
    }

    fn operand(&mut self) -> Option<Expr> {
        self.depth += 1;
        let found = if self.depth < DEEPEST { self.value() } else { None };
        self.depth -= 1;
        found
    }

    fn value(&mut self) -> Option<Expr> {
        self.space(self.open > 0);
        let value = match self.peek()? {
            b'!' => {
                self.at += 1;
                return Some(Expr::Not(Box::new(self.operand()?)));
            }
            b'"' => Expr::Text(self.quoted()?),
            b'<' if self.starts("<<") => {
                self.heredoc();
                Expr::Other
            }
            b'-' => {
                self.at += 1;
                self.operand()?;
                Expr::Other
            }
            b'0'..=b'9' => self.number(),
            b'[' => self.list()?,
            b'{' => self.map()?,
            b'(' => self.within(|parser| parser.expression().filter(|_| parser.takes(")")))?,
            _ => self.named()?,
        };
        self.parts_of(value)
    }

    /// Runs something behind an opening bracket.
    fn within(&mut self, read: impl FnOnce(&mut Self) -> Option<Expr>) -> Option<Expr> {
        self.at += 1;
        self.open += 1;
        let found = read(self);
        self.open = self.open.saturating_sub(1);
        found
    }

    fn number(&mut self) -> Expr {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        text.parse().map_or(Expr::Other, Expr::Number)
    }

    fn named(&mut self) -> Option<Expr> {
        let name = self.word()?;
        Some(match name {
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "null" => Expr::Null,
            _ if self.starts("(") => {
                let name = name.to_owned();
                self.within(|parser| {
                    let mut given = Vec::new();
                    while !parser.takes(")") {
                        given.push(parser.expression()?);
                        // A list that is spread over the arguments is any number of them.
                        if parser.takes("...") {
                            given.push(Expr::Other);
                        }
                        parser.takes(",");
                    }
                    Some(Expr::Call(name, given))
                })?
            }
            _ => Expr::Name(name.to_owned()),
        })
    }

    /// `.name`, `[0]`, `["name"]` and `[*]` behind a value.
    fn parts_of(&mut self, mut value: Expr) -> Option<Expr> {
        for _ in 0..DEEPEST {
            if self.starts(".") && !self.starts("...") {
                self.at += 1;
                let key = match self.peek()? {
                    b'*' => {
                        self.at += 1;
                        Expr::Other
                    }
                    b'0'..=b'9' => self.number(),
                    _ => Expr::Text(vec![Part::Plain(self.word()?.to_owned())]),
                };
                value = Expr::Part(Box::new(value), Box::new(key));
            } else if self.starts("[") {
                let key = self.within(|parser| {
                    let key = if parser.takes("*") { Expr::Other } else { parser.expression()? };
                    parser.takes("]").then_some(key)
                })?;
                value = Expr::Part(Box::new(value), Box::new(key));
            } else {
                return Some(value);
            }
        }
        None
    }

    fn list(&mut self) -> Option<Expr> {
        self.within(|parser| {
            let mut items = Vec::new();
            if let Some(found) = parser.each(false) {
                return found.filter(|_| parser.takes("]"));
            }
            while !parser.takes("]") {
                items.push(parser.expression()?);
                parser.takes(",");
            }
            Some(Expr::List(items))
        })
    }

    fn map(&mut self) -> Option<Expr> {
        self.within(|parser| {
            let mut pairs = Vec::new();
            if let Some(found) = parser.each(true) {
                return found.filter(|_| parser.takes("}"));
            }
            while !parser.takes("}") {
                let key = match parser.expression()? {
                    Expr::Name(name) => Expr::Text(vec![Part::Plain(name)]),
                    other => other,
                };
                if !(parser.takes("=") || parser.takes(":")) {
                    return None;
                }
                pairs.push((key, parser.expression()?));
                parser.takes(",");
            }
            Some(Expr::Map(pairs))
        })
    }

    /// `for … in … : …`, where that stands here.
    fn each(&mut self, is_map: bool) -> Option<Option<Expr>> {
        self.space(true);
        let start = self.at;
        if self.word() != Some("for") || !self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at = start;
            return None;
        }
        Some(self.rest_of_for(is_map))
    }

    fn rest_of_for(&mut self, is_map: bool) -> Option<Expr> {
        self.space(true);
        let mut names = vec![self.word()?.to_owned()];
        if self.takes(",") {
            self.space(true);
            names.push(self.word()?.to_owned());
        }
        self.space(true);
        self.word().filter(|word| *word == "in")?;
        let over = self.expression()?;
        if !self.takes(":") {
            return None;
        }
        let mut give = self.expression()?;
        let mut key = None;
        if is_map {
            if !self.takes("=>") {
                return None;
            }
            key = Some(std::mem::replace(&mut give, self.expression()?));
            self.takes("...");
        }
        self.space(true);
        let only = if self.starts("if") {
            self.word()?;
            Some(self.expression()?)
        } else {
            None
        };
        Some(Expr::For(Box::new(For { names, over, key, give, only })))
    }

    /// The parts of a quoted text.
    pub(super) fn quoted(&mut self) -> Option<Vec<Part>> {
        self.at += 1;
        self.parts(Some(b'"'))
    }

    /// The parts of a text up to a sign, or to the end.
    pub(super) fn parts(&mut self, end: Option<u8>) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        loop {
            let byte = match (self.peek(), end) {
                (None, None) => break,
                (Some(byte), Some(end)) if byte == end => {
                    self.at += 1;
                    break;
                }
                (None | Some(b'\n'), Some(_)) => return None,
                (Some(byte), _) => byte,
            };
            if (byte == b'$' || byte == b'%') && self.bytes.get(self.at + 1) == Some(&b'{') {
                parts.push(Part::Plain(std::mem::take(&mut plain)));
                parts.push(Part::Made(self.made(byte == b'%')?));
                continue;
            }
            let letter = self.text.get(self.at..)?.chars().next()?;
            self.at += letter.len_utf8();
            match (letter, end.and(self.peek())) {
                ('$' | '%', Some(sign)) if sign == byte && self.bytes.get(self.at + 1) == Some(&b'{') => {
                    plain.push(letter);
                    plain.push('{');
                    self.at += 2;
                }
                ('\\', Some(sign)) => {
                    plain.push(if sign == b'n' { '\n' } else { char::from(sign) });
                    self.at += 1;
                }
                _ => plain.push(letter),
            }
        }
        parts.push(Part::Plain(plain));
        parts.retain(|part| !matches!(part, Part::Plain(text) if text.is_empty()));
        Some(parts)
    }

    /// `${…}`; what `%{…}` makes is not known.
    fn made(&mut self, is_directive: bool) -> Option<Expr> {
        self.at += 1;
        let start = self.at;
        let found = self.within(|parser| {
            parser.takes("~");
            let found = parser.expression();
            parser.takes("~");
            found.filter(|_| parser.takes("}"))
        });
        if let Some(found) = found.filter(|_| !is_directive) {
            return Some(found);
        }
        self.at = start + 1;
        self.pass_block();
        self.at += 1;
        Some(Expr::Other)
    }
}
