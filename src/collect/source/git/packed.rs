//! Opens archives among versions of files, and counts the values of a version. Writes nothing to disk.

use super::finds::{self, Places, Values};
use super::versions::Versions;
use crate::collect::source::archive;
use crate::collect::source::tally::Tally;
use crate::collect::source::text;
use crate::model::{Exposure, Outcome};

/// How much all archives of a history are unpacked to, in bytes. What an archive holds is bounded, too.
const MOST_UNPACKED: u64 = 1 << 30;

impl Versions<'_> {
    /// Scans what lies in a version that is an archive.
    pub(super) fn unpack(
        &self,
        shown: &str,
        commit: Option<&str>,
        bytes: &[u8],
        tally: &Tally,
        mut emit: impl FnMut(Exposure),
    ) {
        let file = self.walk.root.path.join(shown);
        let scanner = self.scanner(shown, commit);
        let ended = archive::scan_bytes(&scanner, bytes, &file, tally, |exposure| {
            emit(exposure);
            true
        });
        if let Err(error) = ended {
            tally.hole(shown, Outcome::Failed, error);
        }
    }

    /// Whether archives may still be opened.
    pub(super) fn may_unpack(&self) -> bool {
        self.ledger.archives.unpacked.get() < MOST_UNPACKED
    }

    /// What could not be unpacked because of the limit.
    pub(super) fn unpacks_too_much(&self, first: &str, count: usize) {
        let why = format!(
            "more than {MOST_UNPACKED} bytes were in the others; {count} were not opened, the first is {first}"
        );
        self.ledger.hole("archives", why, "scan a part of the history with --range A..B, or the archives themselves");
    }

    /// How often a version of a file has each value.
    pub(super) fn values(&self, shown: &str, bytes: &[u8]) -> Values {
        let mut values = Values::new();
        self.each_value(shown, bytes, |exposure| {
            finds::count(&mut values, &exposure, shown);
        });
        values
    }

    /// Where each value lies in a version of a file, in order.
    pub(super) fn places(&self, shown: &str, bytes: &[u8]) -> Places {
        let mut places = Places::new();
        self.each_value(shown, bytes, |exposure| {
            let inner = finds::inner(&exposure, shown);
            let of_value = places.entry((inner, exposure.fingerprint.clone())).or_default();
            of_value.push(exposure.evidence.location);
        });
        // Several detectors may tell one.
        places.values_mut().for_each(|of_value| {
            of_value.sort();
            of_value.dedup();
        });
        places
    }

    fn each_value(&self, shown: &str, bytes: &[u8], mut note: impl FnMut(Exposure)) {
        match text::whole(bytes) {
            Some(text) => {
                let whole = 0..text.len();
                let whole = std::slice::from_ref(&whole);
                self.scanner(shown, None).scan_added(&text, whole, &self.walk.root.path.join(shown), note);
            }
            None if self.walk.options.archives && self.may_unpack() => {
                // What was looked at twice is told once.
                self.unpack(shown, None, bytes, &Tally::default(), &mut note);
            }
            None => {}
        }
    }
}
