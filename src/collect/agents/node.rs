//! A configuration file as a tree in which every value knows where it stands. Prints none of its values: some are secrets.

use std::collections::HashMap;
use std::ops::Range;

/// A value and its place.
pub(super) struct Node {
    /// Where it stands in the text, in bytes.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// What a value is.
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number or a date, as written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<Entry>),
}

/// One member of a map.
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key begins, in bytes.
    pub(super) at: usize,
    pub(super) value: Node,
}

impl Entry {
    /// Where key and value stand together.
    pub(super) fn span(&self) -> Range<usize> {
        self.at.min(self.value.span.start)..self.value.span.end.max(self.at)
    }
}

impl Node {
    /// The members, where it is a map.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The members to take things out of, where it is a map.
    pub(super) fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements, where it is a list.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A member by its name; of several of one name the last, as clients read it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// As [`Self::get`], with the place of the key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The first of several members that is there.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a word: a text, number or truth value as it is written; nothing for others.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The text of a member.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// Whether a member is true.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// The words of a list, or the one word that stands in its place.
    pub(super) fn words(&self) -> Vec<&str> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Node::word).collect(),
            _ => self.word().into_iter().collect(),
        }
    }

    /// Every value at a path of keys: `*` stands for any key, `[]` for every element of a list. A key that has dots of
    /// its own is tried first.
    pub(super) fn at<'n>(&'n self, path: &str) -> Vec<Hit<'n>> {
        let mut found = Vec::new();
        self.walk(path, &Hit { at: self.span.start, key: "", under: Vec::new(), node: self }, &mut found);
        found
    }

    fn walk<'n>(&'n self, path: &str, here: &Hit<'n>, found: &mut Vec<Hit<'n>>) {
        if path.is_empty() {
            found.push(here.clone());
            return;
        }
        if let Some(entry) = self.entry(path) {
            found.push(here.below(entry, false));
            return;
        }
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if first == "[]" {
            for item in self.items() {
                item.walk(rest, &Hit { at: item.span.start, node: item, ..here.clone() }, found);
            }
            return;
        }
        // Of several of one name the last counts, here as in [`Self::entry`].
        let entries = self.entries();
        let last: HashMap<&str, usize> = match first {
            "*" => entries.iter().enumerate().map(|(at, entry)| (entry.key.as_str(), at)).collect(),
            _ => HashMap::new(),
        };
        let stars = entries.iter().enumerate().filter(|(at, entry)| last.get(entry.key.as_str()) == Some(at));
        for (_, entry) in stars {
            entry.value.walk(rest, &here.below(entry, true), found);
        }
        if let Some(entry) = self.entry(first).filter(|_| first != "*") {
            entry.value.walk(rest, &here.below(entry, false), found);
        }
        // Settings of editors are written `a.b.c` as one key, or as maps in each other.
        for (at, _) in path.match_indices('.').skip(1) {
            if let (Some(entry), Some(rest)) = (self.entry(&path[..at]), path.get(at + 1..)) {
                entry.value.walk(rest, &here.below(entry, false), found);
            }
        }
    }
}

/// A value that a path led to.
#[derive(Clone)]
pub(super) struct Hit<'n> {
    /// Where its key begins, in bytes; for an element of a list where it begins itself.
    pub(super) at: usize,
    /// The last key.
    pub(super) key: &'n str,
    /// The keys that stars stood for.
    pub(super) under: Vec<&'n str>,
    pub(super) node: &'n Node,
}

impl<'n> Hit<'n> {
    fn below(&self, entry: &'n Entry, is_star: bool) -> Self {
        let mut under = self.under.clone();
        under.extend(is_star.then_some(entry.key.as_str()));
        Self { at: entry.at, key: &entry.key, under, node: &entry.value }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Format, parse};

    #[test]
    fn paths_find_every_value_with_its_place() {
        let text = r#"{"a.b": 1, "p": {"x": {"l": ["u", "v"]}, "y": {"l": ["w"]}}}"#;
        let (tree, notes) = parse(text, Format::Json).expect("it is right");
        assert!(notes.is_empty());
        let words = |path| tree.at(path).into_iter().filter_map(|hit| hit.node.word()).collect::<Vec<_>>().join(",");
        assert_eq!((words("a.b").as_str(), words("p.*.l.[]").as_str(), words("q").as_str()), ("1", "u,v,w", ""));
        let (dotted, _) = parse(r#"{"a.b.c": {"/.*/": true}, "a.b": {"d": 1}}"#, Format::Json).expect("it is right");
        let words = |path| dotted.at(path).into_iter().map(|hit| hit.key).collect::<Vec<_>>().join(",");
        assert_eq!((words("a.b.c.*").as_str(), words("a.b.d").as_str(), words("a.b.c.d").as_str()), ("/.*/", "d", ""));
        assert_eq!(tree.at("p.*.l")[1].under, ["y"]);
        assert_eq!(&text[tree.at("p.y.l")[0].at..][..3], "\"l\"");
    }
}
