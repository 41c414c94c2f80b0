//! One file on its way: its places, its names in the graph, and the records made of it. Judges nothing.

use std::ops::Range;
use std::sync::Arc;

use crate::model::{
    AttributeName, Attributes, Confidence, Evidence, Exposure, FingerprintKey, Identity, IdentityKind, Known, Link,
    LinkKind, Location, Record, Setting, SettingKind, Urn,
};
use crate::secrets::LineIndex;

/// The name of what reads agents, as in evidence and coverage.
pub const NAME: &str = "agents";

/// A file that is read for agents.
pub(crate) struct Source<'a> {
    /// The tree or home as the user gave it, for places; empty for the current directory.
    pub(crate) root: &'a str,
    /// Its name that stays the same, for names in the graph.
    pub(crate) label: &'a str,
    /// How the tree is called in the coverage.
    pub(crate) target: &'a str,
    /// The path below the root.
    pub(crate) path: &'a str,
    /// The path by which it is recognised: that below the root, or the whole one where the root cuts it short.
    pub(crate) name: &'a str,
    pub(crate) text: &'a [u8],
    /// What was found in it.
    pub(crate) exposures: &'a [Exposure],
    /// The permissions of the file, where the system has them.
    pub(crate) mode: Option<u32>,
    /// When the file was written last, where it was written where it lies.
    pub(crate) written: Option<jiff::Timestamp>,
    /// Whether a repository of git lies around it.
    pub(crate) is_in_repository: bool,
    /// Whether it lies in a home directory that is scanned as one.
    pub(crate) is_home: bool,
    pub(crate) now: jiff::Timestamp,
    /// Under which values are fingerprinted.
    pub(crate) key: &'a FingerprintKey,
}

/// A file with what was made of it.
pub(super) struct File<'a> {
    pub(super) source: &'a Source<'a>,
    /// The text, when it is UTF-8.
    pub(super) text: &'a str,
    lines: LineIndex,
    pub(super) records: Vec<Record>,
    /// Which limits cut short what is told of it, in words.
    pub(super) cut: std::collections::BTreeSet<String>,
    /// What is odd in it and does not stop reading.
    pub(super) odd: Vec<super::parse::Oddity>,
    /// How often a name was given, so that a name that stands there twice is two things.
    named: std::collections::HashMap<String, usize>,
}

impl<'a> File<'a> {
    pub(super) fn new(source: &'a Source<'a>, text: &'a str) -> Self {
        Self {
            source,
            text,
            lines: LineIndex::new(text.as_bytes()),
            records: Vec::new(),
            cut: Default::default(),
            odd: Vec::new(),
            named: Default::default(),
        }
    }

    /// How often this was asked with the same name before.
    pub(super) fn again(&mut self, name: &str) -> usize {
        let count = self.named.entry(name.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    /// The first of a list, and a note where it has more.
    pub(super) fn first<'l, T>(&mut self, list: &'l [T], most: usize, what: &str) -> &'l [T] {
        if list.len() > most {
            self.cut.insert(format!("{} {what}, of which the first {most} were read", list.len()));
        }
        list.get(..most).unwrap_or(list)
    }

    /// The name of something that this file defines.
    pub(super) fn urn(&self, part: &str) -> Urn {
        let Source { label, path, .. } = self.source;
        let path = if path.is_empty() { (*label).to_owned() } else { format!("{label}/{path}") };
        Urn::new(if part.is_empty() { format!("agent:{path}") } else { format!("agent:{path}#{part}") })
    }

    /// The path for a reader; the root itself has none below it.
    pub(super) fn shown(&self) -> &str {
        if self.source.path.is_empty() { self.source.root } else { self.source.path }
    }

    /// Line and column of a byte, both from 1.
    pub(super) fn position(&self, at: usize) -> (u64, u64) {
        self.lines.position(self.text.as_bytes(), at)
    }

    pub(super) fn evidence(&self, span: &Range<usize>) -> Evidence {
        let ((line, column), (end_line, end_column)) = (self.position(span.start), self.position(span.end));
        let location = Location::File {
            root: self.source.root.into(),
            path: self.source.path.into(),
            line,
            column,
            end_line,
            end_column,
            commit: None,
        };
        Evidence { observed: self.source.now, collector: NAME.into(), location }
    }

    /// The exposures that begin within a part of the text.
    pub(super) fn exposures_in(&self, span: &Range<usize>) -> Vec<&'a Exposure> {
        let (from, to) = (self.position(span.start), self.position(span.end));
        let is_in = |exposure: &&Exposure| match &exposure.evidence.location {
            Location::File { line, column, .. } => (from..to).contains(&(*line, *column)),
            _ => false,
        };
        self.source.exposures.iter().filter(|exposure| !exposure.public).filter(is_in).collect()
    }

    /// Where an exposure stands in the text, in bytes: its line.
    pub(super) fn span_of(&self, exposure: &Exposure) -> Range<usize> {
        let Location::File { line, column, .. } = &exposure.evidence.location else { return 0..0 };
        let (line, column) = (usize::try_from(*line).unwrap_or(1), usize::try_from(*column).unwrap_or(1));
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        let at = rest.char_indices().nth(column.saturating_sub(1)).map_or(0, |(at, _)| at);
        start + at..start + at
    }

    /// An identity at a place, to be added.
    pub(super) fn identity(
        &self,
        id: &Urn,
        kind: IdentityKind,
        name: String,
        span: &Range<usize>,
        attributes: Attributes,
    ) -> Identity {
        Identity {
            id: id.clone(),
            kind,
            tenant: self.source.target.to_owned(),
            name,
            enabled: Known::Value(true),
            created: Known::Absent,
            unique_id: None,
            builtin: false,
            labels: Default::default(),
            attributes,
            evidence: self.evidence(span),
        }
    }

    /// A client of this tree or home, to be added.
    pub(super) fn client(&self, id: &Urn, name: String, mut attributes: Attributes) -> Identity {
        if self.source.is_home {
            attributes.set(AttributeName::OfHome, true);
        }
        self.identity(id, IdentityKind::AgentClient, name, &(0..0), attributes)
    }

    /// Adds an identity.
    pub(super) fn add(&mut self, identity: Identity) {
        self.records.push(Record::Identity(identity));
    }

    /// Adds an edge.
    pub(super) fn link(&mut self, from: &Urn, kind: LinkKind, to: &Urn, why: impl Into<String>, span: &Range<usize>) {
        let link = Link {
            from: from.clone(),
            kind,
            to: to.clone(),
            confidence: Confidence::Certain,
            condition: None,
            why: why.into().into(),
            evidence: Arc::new(self.evidence(span)),
        };
        self.records.push(Record::Link(link));
    }

    /// Adds a setting of an agent or a client.
    pub(super) fn setting(
        &mut self,
        kind: SettingKind,
        part_of: &Urn,
        name: String,
        span: &Range<usize>,
        attributes: Attributes,
    ) {
        let (line, column) = self.position(span.start);
        let count = self.again(&format!("{}/{name}", kind.as_str()));
        let again = if count == 0 { String::new() } else { format!("/{line}:{column}") };
        let setting = Setting {
            id: self.urn(&format!("{}/{name}{again}", kind.as_str())),
            kind,
            tenant: self.source.target.to_owned(),
            name,
            part_of: Some(part_of.clone()),
            labels: Default::default(),
            attributes,
            evidence: self.evidence(span),
        };
        self.records.push(Record::Setting(setting));
    }
}
