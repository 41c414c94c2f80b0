//! YAML as trees with places, from the events of the parser. Aliases are followed within a budget; tags are passed over,
//! but the short forms of CloudFormation keep their name.

use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use super::super::node::{Entry, Node, Value};
use super::{DEEPEST, MOST_NODES, Oddity, ParseError};

/// How many documents of one file are read.
const MOST_DOCUMENTS: usize = 20_000;

pub(super) fn parse(text: &str) -> Result<(Vec<Node>, Vec<Oddity>), ParseError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        // The library's own words may quote the text.
        let (event, span) = event.map_err(|error| {
            ParseError::new(error.marker().byte_offset().unwrap_or_default(), "valid YAML of at most 64 levels")
        })?;
        builder.event(event, &span)?;
    }
    let trees = builder.documents;
    Ok((trees, builder.odd))
}

/// A collection that is not closed yet.
struct Open {
    start: usize,
    anchor: usize,
    tag: Option<String>,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, usize)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    documents: Vec<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    odd: Vec<Oddity>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), ParseError> {
        let start = span.start.byte_offset().unwrap_or_default();
        let end = span.end.byte_offset().unwrap_or(start);
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(ParseError::new(start, format!("at most {MOST_NODES} values")));
        }
        if self.documents.len() > MOST_DOCUMENTS {
            return Err(ParseError::new(start, format!("at most {MOST_DOCUMENTS} documents")));
        }
        let tag = |tag: Option<std::borrow::Cow<'_, granit_parser::Tag>>| tag.and_then(|tag| local(&tag));
        match event {
            Event::Scalar(text, style, anchor, of) => {
                // A key is the word that stands there: `on:` in a workflow is no truth value.
                let value = scalar(&text, style == ScalarStyle::Plain && !self.awaits_key());
                self.done(tagged(Node { span: start..end, value }, tag(of)), anchor)
            }
            Event::SequenceStart(_, anchor, of) => {
                self.open.push(Open { start, anchor, tag: tag(of), kind: Kind::List(Vec::new()) });
                Ok(())
            }
            Event::MappingStart(_, anchor, of) => {
                self.open.push(Open { start, anchor, tag: tag(of), kind: Kind::Map(Vec::new(), None) });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => {
                    let (tag, anchor) = (open.tag, open.anchor);
                    let value = match open.kind {
                        Kind::List(items) => Value::List(items),
                        Kind::Map(entries, _) => Value::Map(entries),
                    };
                    // A block ends where the next thing begins: the last value says better where.
                    let last = match &value {
                        Value::List(items) => items.last().map(|item| item.span.end),
                        Value::Map(entries) => entries.last().map(|entry| entry.value.span.end),
                        _ => None,
                    };
                    let node = Node { span: open.start..last.unwrap_or(end).max(open.start), value };
                    self.done(tagged(node, tag), anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let copy = match self.anchors.get(&anchor) {
                    Some(node) => copy(node, &mut self.nodes),
                    None => Node { span: start..end, value: Value::Null },
                };
                self.done(copy, 0)
            }
            _ => Ok(()),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: Kind::Map(_, None), .. }))
    }

    /// Puts a finished value where it belongs.
    fn done(&mut self, node: Node, anchor: usize) -> Result<(), ParseError> {
        if self.nodes > MOST_NODES {
            return Err(ParseError::new(node.span.start, format!("at most {MOST_NODES} values with those of aliases")));
        }
        if anchor > 0 {
            let copied = copy(&node, &mut self.nodes);
            self.anchors.insert(anchor, copied);
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.documents.push(node),
            Some(Kind::List(items)) => items.push(node),
            Some(Kind::Map(entries, waiting)) => match waiting.take() {
                None => *waiting = Some((node.word().unwrap_or_default().to_owned(), node.span.start)),
                Some((key, at)) if key == "<<" => merge(entries, node, at),
                Some((key, at)) => {
                    if entries.len() < 64 && entries.iter().any(|entry| entry.key == key) {
                        self.odd
                            .push(Oddity { at, what: "a key that stands there twice; the last one counts".to_owned() });
                    }
                    entries.push(Entry { key, at, value: node });
                }
            },
        }
        Ok(())
    }
}

/// A merge key: what it brings counts less than what stands there.
fn merge(entries: &mut Vec<Entry>, node: Node, at: usize) {
    let maps = match node.value {
        Value::Map(brought) => vec![brought],
        Value::List(items) => items
            .into_iter()
            .filter_map(|item| match item.value {
                Value::Map(brought) => Some(brought),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let brought: Vec<Entry> = maps.into_iter().flatten().map(|entry| Entry { at, ..entry }).collect();
    entries.splice(0..0, brought);
}

/// A copy for an alias, as long as the budget lasts.
fn copy(node: &Node, nodes: &mut usize) -> Node {
    *nodes += 1;
    let value = match &node.value {
        _ if *nodes > MOST_NODES => Value::Null,
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        Value::Number(text) => Value::Number(text.clone()),
        Value::Text(text) => Value::Text(text.clone()),
        Value::List(items) => Value::List(items.iter().map(|item| copy(item, nodes)).collect()),
        Value::Map(entries) => {
            let copied =
                |entry: &Entry| Entry { key: entry.key.clone(), at: entry.at, value: copy(&entry.value, nodes) };
            Value::Map(entries.iter().map(copied).collect())
        }
    };
    Node { span: node.span.clone(), value }
}

/// The name of a tag of the file's own, such as `GetAtt` of `!GetAtt`.
fn local(tag: &granit_parser::Tag) -> Option<String> {
    (tag.handle() == "!" && !tag.suffix().is_empty()).then(|| tag.suffix().to_owned())
}

/// A value with a tag becomes the long form: `!Ref X` is `{Ref: X}`, `!GetAtt X.Arn` is `{Fn::GetAtt: X.Arn}`.
/// Source: AWS CloudFormation User Guide, "Intrinsic function reference".
fn tagged(node: Node, tag: Option<String>) -> Node {
    let Some(tag) = tag else { return node };
    let key = if matches!(tag.as_str(), "Ref" | "Condition") { tag } else { format!("Fn::{tag}") };
    let span = node.span.clone();
    Node { span: span.clone(), value: Value::Map(vec![Entry { key, at: span.start, value: node }]) }
}

/// A plain scalar by the core schema of YAML 1.2, with the truth values of 1.1, which clients read, too.
fn scalar(text: &str, plain: bool) -> Value {
    if !plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "on" | "On" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "off" | "Off" => Value::Bool(false),
        number if number.parse::<f64>().is_ok() && number.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            Value::Number(number.to_owned())
        }
        text => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::node::Node;
    use super::super::{Format, documents, parse};

    #[test]
    fn values_know_their_places() {
        let text = "on:\n  issues: [opened]\na: &x\n  t: 'v'\nb: *x\nc:\n  <<: *x\n  u: 1\n";
        let (tree, odd) = parse(text, Format::Yaml).expect("it is right");
        assert!(odd.is_empty());
        assert_eq!(tree.get("on").and_then(|on| on.get("issues")).map(|types| types.words()), Some(vec!["opened"]));
        assert_eq!(tree.get("b").and_then(|b| b.text_of("t")), Some("v"));
        assert_eq!(tree.get("c").and_then(|b| b.text_of("t")), Some("v"));
        let a = tree.entry("a").expect("there");
        assert_eq!(&text[a.span()], "a: &x\n  t: 'v'");
    }

    #[test]
    fn bombs_and_depth_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(documents(&bomb).is_err());
        assert!(documents(&"[".repeat(10_000)).is_err());
        assert!(documents(&format!("a: {}", "- ".repeat(10_000))).is_err());
    }

    #[test]
    fn short_forms_of_cloudformation_are_kept() {
        let (tree, _) = parse("role: !GetAtt Agent.Arn\nname: !Ref Other\n", Format::Yaml).expect("it is right");
        assert_eq!(tree.get("role").and_then(|node| node.text_of("Fn::GetAtt")), Some("Agent.Arn"));
        assert_eq!(tree.get("name").and_then(|node| node.text_of("Ref")), Some("Other"));
    }

    #[test]
    fn several_documents_are_several_trees() {
        let kinds: Vec<String> = documents("kind: A\n---\nkind: B\n")
            .expect("it is right")
            .iter()
            .filter_map(|tree: &Node| tree.text_of("kind").map(str::to_owned))
            .collect();
        assert_eq!(kinds, ["A", "B"]);
    }
}
