//! What Okta answered so far, kept in a file, so that a run that was cut short goes on where it stopped.
//!
//! INVARIANT: only what the structs of `answer/` hold is written, so no secret's value can be in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What is older tells of a world that is gone, in hours.
const OLDEST: i64 = 24;
/// The longest line that is read back, in bytes: no answer is longer.
const LONGEST_LINE: u64 = 80 * 1024 * 1024;

/// A file of answers.
pub(super) struct Journal {
    inner: Mutex<Inner>,
}

struct Inner {
    file: File,
    /// Where the answer of each path stands.
    places: BTreeMap<String, (u64, u64)>,
    end: u64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    okta: String,
    started: Timestamp,
}

#[derive(Deserialize)]
struct Line {
    path: String,
}

/// One answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<T> {
    path: String,
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

impl Journal {
    /// Opens or begins the file. One of a run that was read to its end is begun anew.
    ///
    /// # Errors
    /// When it is of another organisation, too old, no journal, or cannot be written.
    pub(super) fn open(path: &Path, okta: &str, now: Timestamp) -> Result<Self, String> {
        let shown = path.display();
        let failed = |error: std::io::Error| format!("{shown}: {error}");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        let mut inner = Inner { file, places: BTreeMap::new(), end: 0 };
        inner.index(okta, now).map_err(|why| format!("{shown}: {why}"))?;
        Ok(Self { inner: Mutex::new(inner) })
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many answers are kept.
    pub(super) fn len(&self) -> usize {
        self.inner().places.len()
    }

    /// The answer that is kept of a path.
    pub(super) fn get<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Option<Kept<T>> {
        let mut inner = self.inner();
        let (start, length) = *inner.places.get(path)?;
        inner.file.seek(SeekFrom::Start(start)).ok()?;
        let mut line = Vec::new();
        Read::by_ref(&mut inner.file).take(length).read_to_end(&mut line).ok()?;
        serde_json::from_slice(&line).ok()
    }

    /// Keeps the answer of a path.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn put<T: Serialize>(&self, path: &str, items: Vec<T>, next: Option<String>) -> std::io::Result<Vec<T>> {
        let kept = Kept { path: path.to_owned(), items, next };
        let mut line = serde_json::to_vec(&kept)?;
        line.push(b'\n');
        let mut inner = self.inner();
        let start = inner.end;
        inner.file.seek(SeekFrom::Start(start))?;
        inner.file.write_all(&line)?;
        inner.end += line.len() as u64;
        inner.places.insert(kept.path, (start, line.len() as u64));
        Ok(kept.items)
    }

    /// Empties it: everything was read, and the next run begins anew.
    pub(super) fn finish(&self) {
        let mut inner = self.inner();
        inner.places.clear();
        inner.end = 0;
        // If it cannot be emptied, the next run reads old answers for a day, and says so.
        if let Err(error) = inner.file.set_len(0) {
            tracing::warn!(%error, "the file of --okta-resume could not be emptied");
        }
    }
}

impl Inner {
    fn index(&mut self, okta: &str, now: Timestamp) -> Result<(), String> {
        let text = |error: std::io::Error| error.to_string();
        let mut reader = BufReader::new(self.file.try_clone().map_err(text)?);
        reader.seek(SeekFrom::Start(0)).map_err(text)?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(text)? as u64;
            // A line without its end was being written when the run stopped.
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            if self.end == 0 {
                let head: Head =
                    serde_json::from_slice(&line).map_err(|_| "this is no file of --okta-resume".to_owned())?;
                if head.okta != okta {
                    return Err(format!("it keeps answers of {}, not of {okta}; name another file", head.okta));
                }
                if now.duration_since(head.started) > SignedDuration::from_hours(OLDEST) {
                    return Err(format!("it was begun on {} and is too old to go on with; delete it", head.started));
                }
            } else if let Ok(kept) = serde_json::from_slice::<Line>(&line) {
                self.places.insert(kept.path, (self.end, read));
            }
            self.end += read;
        }
        self.file.set_len(self.end).map_err(text)?;
        if self.end == 0 {
            self.begin(okta, now).map_err(text)?;
        }
        Ok(())
    }

    fn begin(&mut self, okta: &str, now: Timestamp) -> std::io::Result<()> {
        let mut head = serde_json::to_vec(&Head { okta: okta.to_owned(), started: now })?;
        head.push(b'\n');
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)?;
        self.end = head.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_run_that_was_cut_short_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.jsonl");
        let now = at("2026-11-22T12:00:00Z");
        let journal = Journal::open(&path, "acme.okta.com", now).unwrap();
        journal.put("/a", vec![1, 2], Some("/b".to_owned())).unwrap();
        journal.put("/b", vec![3], None).unwrap();
        drop(journal);
        // The power went while a line was written.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"path\":\"/c\",\"it").unwrap();
        let journal = Journal::open(&path, "acme.okta.com", now).unwrap();
        assert_eq!(journal.len(), 2);
        let first: Kept<i64> = journal.get("/a").unwrap();
        assert_eq!((first.items, first.next.as_deref()), (vec![1, 2], Some("/b")));
        assert!(journal.get::<i64>("/c").is_none());
        journal.put("/c", vec![4], None).unwrap();
        assert_eq!(journal.get::<i64>("/c").unwrap().items, [4]);
        journal.finish();
        drop(journal);
        assert_eq!(Journal::open(&path, "acme.okta.com", now).unwrap().len(), 0);
    }

    #[test]
    fn answers_of_others_and_of_last_week_are_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("okta.jsonl");
        drop(Journal::open(&path, "acme.okta.com", at("2026-11-22T12:00:00Z")).unwrap());
        let other = Journal::open(&path, "evil.okta.com", at("2026-11-22T12:00:00Z")).err().unwrap();
        assert!(other.contains("answers of acme.okta.com"), "{other}");
        let old = Journal::open(&path, "acme.okta.com", at("2026-11-29T12:00:00Z")).err().unwrap();
        assert!(old.contains("too old"), "{old}");
        std::fs::write(&path, "hello\n").unwrap();
        assert!(Journal::open(&path, "acme.okta.com", at("2026-11-22T12:00:00Z")).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n", "a file of others is not overwritten");
    }
}
