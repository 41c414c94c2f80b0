//! Reads a file of Kubernetes objects one object at a time: JSON, YAML, several documents, lists of any kind.
//! It holds one object, never a whole list, and an error of it never quotes what it read.

use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::object::{Object, ServerVersion};
use super::shape::{Take, next_key, pass};
use crate::collect::CollectError;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
}

/// What a file holds, in its order.
pub(super) enum Part {
    /// An object with its `apiVersion` and `kind`, its own or those of the list it is an item of.
    Object(Box<Object>),
    /// A list of one kind (`SecretList`): all there are of it, even if that is none. The kind of a plain `List` is empty:
    /// it does not say what it would hold. Whether it is one page of a longer list.
    List { api_version: String, kind: String, cut: bool },
    /// What `kubectl version -o json`, or the server at `/version`, says of the server's version.
    Version(String),
    /// A document, or an item of a list, that is no Kubernetes object; whether it should have been one: it is an item of
    /// a list that is one, or has the name of a kind that we read.
    Foreign { expected: bool },
    /// The rest of the document cannot be read.
    Broken(Broken),
}

/// Where and why a document cannot be read.
pub(super) struct Broken {
    /// Counted from 1; 0 when it is about the whole file.
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) reason: String,
}

/// Takes the parts of a file; its error ends the reading.
pub(super) type Taker<'a> = dyn FnMut(Part) -> Result<(), CollectError> + 'a;

/// Reads a file to its end. What is broken is told to `take`, like everything else.
///
/// # Errors
/// Only those of `take`.
pub(super) fn read(format: Format, mut input: impl BufRead, take: &mut Taker<'_>) -> Result<(), CollectError> {
    match skip_mark(&mut input) {
        Ok(()) => {}
        Err(reason) => return take(Part::Broken(Broken { line: 0, column: 0, reason })),
    }
    match format {
        Format::Json => read_json(input, take),
        Format::Yaml => super::yaml::read(input, take),
    }
}

/// Passes over a UTF-8 byte order mark and refuses UTF-16, which Windows PowerShell 5 writes.
fn skip_mark(input: &mut impl BufRead) -> Result<(), String> {
    let head = input.fill_buf().map_err(|error| format!("cannot be read: {error}"))?;
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Err("is UTF-16; expected UTF-8 (in PowerShell: … | Out-File -Encoding utf8 FILE)".to_owned());
    }
    if head.starts_with(&[0xEF, 0xBB, 0xBF]) {
        input.consume(3);
    }
    Ok(())
}

/// Reads JSON documents one after the other.
fn read_json(mut input: impl BufRead, take: &mut Taker<'_>) -> Result<(), CollectError> {
    match is_blank(&mut input) {
        Ok(false) => {}
        Ok(true) => return Ok(()),
        Err(error) => return take(Part::Broken(whole(&error))),
    }
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    loop {
        let mut document = Document { take, line: 0, stopped: None };
        let read = (&mut document).deserialize(&mut deserializer);
        if let Some(stopped) = document.stopped {
            return Err(stopped);
        }
        if let Err(error) = read {
            return take(Part::Broken(json_error(&error)));
        }
        if deserializer.end().is_ok() {
            return Ok(());
        }
    }
}

/// Whether nothing but white space is left.
fn is_blank(input: &mut impl BufRead) -> std::io::Result<bool> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(true);
        }
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if blank < buffer.len() {
            return Ok(false);
        }
        input.consume(blank);
    }
}

fn json_error(error: &serde_json::Error) -> Broken {
    use serde_json::error::Category;
    let reason = match error.classify() {
        Category::Io => "cannot be read to its end".to_owned(),
        Category::Eof => "ends in the middle; expected the rest of the JSON document".to_owned(),
        Category::Data => "expected a Kubernetes object or a list of them".to_owned(),
        // serde_json's syntax messages are fixed texts: they do not quote the input.
        Category::Syntax => {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
            format!("not valid JSON: {text}")
        }
    };
    Broken { line: error.line() as u64, column: error.column() as u64, reason }
}

/// A failure that is about the whole file.
pub(super) fn whole(error: &std::io::Error) -> Broken {
    Broken { line: 0, column: 0, reason: format!("cannot be read: {error}") }
}

/// One document: an object, a list, or an array of objects (`jq -s`).
pub(super) struct Document<'a, 'b> {
    pub(super) take: &'a mut Taker<'b>,
    /// The line it begins on; 0 where that is not known.
    pub(super) line: u64,
    /// Why the taker wants no more.
    pub(super) stopped: Option<CollectError>,
}

impl Document<'_, '_> {
    fn give<E: serde::de::Error>(&mut self, part: Part) -> Result<(), E> {
        (self.take)(part).map_err(|stopped| {
            self.stopped = Some(stopped);
            E::custom("stopped")
        })
    }

    /// Gives an item of a list; without a kind of its own it has that of the list.
    fn item<E: serde::de::Error>(&mut self, mut object: Object, list: &ListOf) -> Result<(), E> {
        if object.kind.is_empty() {
            object.kind.clone_from(&list.kind);
            object.api_version.clone_from(&list.api_version);
        }
        object.line = self.line;
        if object.kind.is_empty() || object.api_version.is_empty() {
            let expected = list.is_list || object.kind_is_known();
            return self.give(Part::Foreign { expected });
        }
        self.give(Part::Object(Box::new(object)))
    }
}

/// What the items of a list are; empty when they say it themselves.
#[derive(Default)]
struct ListOf {
    api_version: String,
    kind: String,
    /// Whether it is a list of Kubernetes at all, and not just an array.
    is_list: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object or a list of them")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<(), A::Error> {
        let mut held = Vec::new();
        Items { document: self, list: Some(&ListOf::default()), held: &mut held }.visit_seq(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut head = Object { line: self.line, ..Object::default() };
        let mut is_list = false;
        // Items that wait for the list's own kind, where it is written after them.
        let mut held = Vec::new();
        let mut version = String::new();
        while let Some(key) = next_key(&mut map)? {
            if matches!(key.as_str(), "serverVersion" | "gitVersion") {
                version = match key.as_str() {
                    "gitVersion" => map.next_value::<Take<String>>()?.0,
                    _ => map.next_value::<Take<ServerVersion>>()?.0.text,
                };
                continue;
            }
            if key != "items" {
                head.field(&key, &mut map)?;
                continue;
            }
            if !head.kind.is_empty() && !head.kind.ends_with("List") {
                pass(&mut map)?;
                continue;
            }
            is_list = true;
            let list = (!head.kind.is_empty()).then(|| list_of(&head));
            map.next_value_seed(Items { document: &mut *self, list: list.as_ref(), held: &mut held })?;
        }
        if !is_list && !version.is_empty() && head.kind.is_empty() {
            return self.give(Part::Version(version));
        }
        if !is_list {
            if head.api_version == "v1" && head.kind == "List" {
                let reason = "a List without items: expected a list of Kubernetes objects".to_owned();
                return self.give(Part::Broken(Broken { line: 0, column: 0, reason }));
            }
            // What a server says in place of a list; a cut copy of it may lack the version.
            if head.kind == "Status" && head.api_version.is_empty() {
                head.api_version.push_str("v1");
            }
            let foreign = head.kind.is_empty() || head.api_version.is_empty();
            let expected = head.kind_is_known();
            return self.give(if foreign { Part::Foreign { expected } } else { Part::Object(Box::new(head)) });
        }
        let list = list_of(&head);
        for object in held {
            self.item(object, &list)?;
        }
        if list.kind.is_empty() && head.kind != "List" {
            return self.give(Part::Foreign { expected: false });
        }
        let cut = !head.metadata.rest.is_empty() || !matches!(head.metadata.remaining.as_str(), "" | "0");
        self.give(Part::List { api_version: list.api_version, kind: list.kind, cut })
    }
}

/// What a typed list's items are: `rbac.authorization.k8s.io/v1 RoleList` holds Roles; a plain `List` does not say.
fn list_of(head: &Object) -> ListOf {
    match head.kind.strip_suffix("List") {
        Some(kind) if !kind.is_empty() => {
            ListOf { api_version: head.api_version.clone(), kind: kind.to_owned(), is_list: true }
        }
        Some(_) => ListOf { is_list: true, ..ListOf::default() },
        None => ListOf::default(),
    }
}

/// The items of a list, given on one by one.
struct Items<'a, 'b, 'c> {
    document: &'a mut Document<'b, 'c>,
    /// The list's kind, when it was written before the items.
    list: Option<&'a ListOf>,
    held: &'a mut Vec<Object>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of Kubernetes objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(Take(mut object, fits)) = sequence.next_element::<Take<Object>>()? {
            if !fits {
                object.wrong.add("", "a mapping");
            }
            match self.list {
                None if object.kind.is_empty() => self.held.push(object),
                list => self.document.item(object, list.unwrap_or(&ListOf::default()))?,
            }
        }
        Ok(())
    }
}
