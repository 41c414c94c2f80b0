//! Searches what commits and tags say: their messages. Is given what was read of them; reads no object itself.

use std::cell::RefCell;
use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::TagRefIter;
use jiff::Timestamp;

use super::commits::{author, told};
use super::ledger::Ledger;
use crate::collect::CollectError;
use crate::collect::source::file::FileScanner;
use crate::collect::source::walk::Walk;
use crate::model::{Commit, Exposure, Record, Urn};

/// What stands in place of a path where a secret lies in the message of a commit.
const OF_COMMIT: &str = "(commit message)";

/// How many secrets are told: each needs memory, and nobody reads more.
const MOST_FOUND: usize = 100_000;

/// What was found in messages, each value once in all commits: where it was written first.
pub(super) struct Messages<'a> {
    walk: &'a Walk,
    ledger: &'a Ledger,
    found: RefCell<BTreeMap<Urn, (i64, ObjectId, Exposure)>>,
}

/// Whose message it is.
struct Writer {
    name: String,
    email: String,
    /// Seconds since 1970.
    time: i64,
}

impl<'a> Messages<'a> {
    pub(super) fn new(walk: &'a Walk, ledger: &'a Ledger) -> Self {
        Self { walk, ledger, found: RefCell::default() }
    }

    /// Searches the message of a commit, given as it lies in its object; `time` is that of the committer.
    pub(super) fn of_commit(&self, id: ObjectId, object: &[u8], time: i64) {
        self.search(OF_COMMIT, (id, time), object, || {
            let (name, email, time) = author(object, id);
            Writer { name, email, time }
        });
    }

    /// Searches the message of an annotated tag, given as it lies in its object.
    pub(super) fn of_tag(&self, reference: &str, id: ObjectId, object: &[u8]) {
        self.ledger.tags.add(1);
        let name = reference.strip_prefix("refs/tags/").unwrap_or(reference);
        let tagger = || TagRefIter::from_bytes(object, id.kind()).tagger().ok().flatten();
        let time = tagger().and_then(|by| by.time().ok()).map_or(0, |time| time.seconds);
        self.search(&format!("(message of tag {name})"), (id, time), object, || {
            let (name, email, time) = tagger().map(told).unwrap_or_default();
            Writer { name, email, time }
        });
    }

    fn search(&self, shown: &str, (id, time): (ObjectId, i64), object: &[u8], writer: impl Fn() -> Writer) {
        // An empty line ends the head of a commit or tag (git help hash-object, gitformat-signature: lines of a signature in
        // the head begin with a space).
        let Some(start) = object.find(b"\n\n").map(|place| place + 2) else { return };
        let text = object.get(start..).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let name = id.to_string();
        let scanner = FileScanner { commit: Some(&name), ..self.walk.scanner(shown) };
        let whole = 0..text.len();
        let path = self.walk.root.path.join(shown);
        scanner.scan_added(text, std::slice::from_ref(&whole), &path, |exposure| {
            self.keep(exposure, (time, id), &writer());
        });
    }

    fn keep(&self, mut exposure: Exposure, (time, id): (i64, ObjectId), writer: &Writer) {
        let mut found = self.found.borrow_mut();
        if found.len() >= MOST_FOUND {
            let why = format!("more than {MOST_FOUND} secrets stand in messages; the rest of them is not told");
            self.ledger.hole("messages", why, "scan a part of the history with --range A..B");
            return;
        }
        let is_known = found.get(&exposure.id).is_some_and(|(known, by, _)| (*known, *by) <= (time, id));
        if is_known {
            return;
        }
        exposure.introduced = Some(Commit {
            id: id.to_string(),
            author: writer.name.clone(),
            email: writer.email.clone(),
            date: Timestamp::from_second(writer.time).unwrap_or(Timestamp::UNIX_EPOCH),
            in_head: false,
            in_message: true,
            lies_at: None,
        });
        found.insert(exposure.id.clone(), (time, id, exposure));
    }

    /// Sends what was found.
    pub(super) fn send(self) -> Result<(), CollectError> {
        for (_, _, exposure) in self.found.into_inner().into_values() {
            self.ledger.allowed.add(u64::from(exposure.allowed_by.is_some()));
            self.walk.sink.send_blocking(Record::Exposure(Box::new(exposure)))?;
        }
        Ok(())
    }
}
