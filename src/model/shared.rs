//! Makes equal names and texts of many records one in memory. It changes nothing that a record says.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Evidence, Location, Record, Urn};

/// The names and texts of the records so far.
///
/// In an inventory of links most of them are said again and again: who stands at their ends, why they are drawn, where
/// they were seen.
#[derive(Debug, Default)]
pub struct Shared {
    texts: HashSet<Arc<str>, foldhash::fast::RandomState>,
    /// Where the last link was seen: those of one thing come one after another, all from one place.
    last_seen: Option<Arc<Evidence>>,
}

impl Shared {
    /// Gives a record the names and texts that an earlier one had, where they are equal.
    pub fn share(&mut self, record: &mut Record) {
        match record {
            Record::Identity(it) => self.thing([&mut it.id], &mut it.evidence),
            Record::Credential(it) => self.thing([&mut it.id, &mut it.holder], &mut it.evidence),
            Record::Policy(it) => self.thing([&mut it.id], &mut it.evidence),
            Record::Grant(it) => {
                self.thing([&mut it.to, &mut it.policy].into_iter().chain(&mut it.via), &mut it.evidence)
            }
            Record::Trust(it) => self.thing([&mut it.of], &mut it.evidence),
            Record::Workload(it) => self.thing([&mut it.id].into_iter().chain(&mut it.runs_as), &mut it.evidence),
            Record::Setting(it) => self.thing([&mut it.id].into_iter().chain(&mut it.part_of), &mut it.evidence),
            Record::Link(it) => {
                match self.last_seen.take().filter(|last| *last == it.evidence) {
                    Some(last) => {
                        it.evidence = Arc::clone(&last);
                        [&mut it.from, &mut it.to].into_iter().for_each(|name| self.text(name.shared()));
                    }
                    None => self.thing([&mut it.from, &mut it.to], Arc::make_mut(&mut it.evidence)),
                }
                self.last_seen = Some(Arc::clone(&it.evidence));
                self.text(&mut it.why);
                it.condition.as_mut().into_iter().for_each(|text| self.text(text));
            }
            Record::Person(it) => self.thing([&mut it.id], &mut it.evidence),
            Record::Exposure(it) => self.thing([&mut it.id], &mut it.evidence),
            Record::Usage(it) => {
                self.thing([&mut it.of], &mut it.evidence);
                self.text(&mut it.source);
            }
            Record::Coverage(_) | Record::Scope(_) | Record::End { .. } => {}
        }
    }

    fn thing<'r>(&mut self, names: impl IntoIterator<Item = &'r mut Urn>, evidence: &mut Evidence) {
        names.into_iter().for_each(|name| self.text(name.shared()));
        self.text(&mut evidence.collector);
        match &mut evidence.location {
            Location::Api { call, resource } => {
                self.text(call);
                self.text(resource);
            }
            Location::File { root, path, commit, .. } => {
                self.text(root);
                self.text(path);
                commit.as_mut().into_iter().for_each(|text| self.text(text));
            }
            Location::Export { file, object } => {
                self.text(file);
                self.text(object);
            }
        }
    }

    fn text(&mut self, text: &mut Arc<str>) {
        match self.texts.get(&**text) {
            Some(known) => *text = Arc::clone(known),
            None => {
                self.texts.insert(Arc::clone(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Shared;
    use crate::model::{Location, Record};

    #[test]
    fn equal_texts_of_two_records_become_one() {
        let line = r#"{"record":"link","from":"a:1","kind":"uses","to":"a:2","confidence":"high","why":"it says so",
            "evidence":{"observed":"2026-11-20T00:00:00Z","collector":"agents","location":{"type":"file","root":"r",
            "path":"p.json","line":1,"column":1,"end_line":1,"end_column":2}}}"#;
        let mut shared = Shared::default();
        let links: Vec<_> = (0..2)
            .filter_map(|_| {
                let mut record: Record = serde_json::from_str(line).ok()?;
                let before = record.clone();
                shared.share(&mut record);
                assert_eq!(record, before);
                match record {
                    Record::Link(link) => Some(link),
                    _ => None,
                }
            })
            .collect();
        let [one, other] = links.as_slice() else { panic!("two links") };
        assert!(std::ptr::eq(one.from.as_str(), other.from.as_str()));
        assert!(std::ptr::eq(one.to.as_str(), other.to.as_str()) && Arc::ptr_eq(&one.why, &other.why));
        let (Location::File { path: one, .. }, Location::File { path: other, .. }) =
            (&one.evidence.location, &other.evidence.location)
        else {
            panic!("two files")
        };
        assert!(Arc::ptr_eq(one, other));
        assert!(Arc::ptr_eq(&links[0].evidence, &links[1].evidence), "one place for links of one place");
    }
}
