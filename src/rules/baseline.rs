//! The file of accepted findings: one a line, sorted, without line numbers and times. Parses and renders it; decides
//! nothing and opens nothing.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use crate::model::Fingerprint;

/// The form of the file, in its first line.
const FORM: &str = "nonhuman/baseline/v1";

/// A line of a baseline that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}:{line}: {message}")]
pub struct BaselineError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

/// The first line: what the file is, and under which key its fingerprints were made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    form: String,
    key: String,
}

/// One accepted credential in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The tree that the file lies in, by its name, where the baseline lies apart from it and may be of several; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tree: String,
    /// The file, relative to the folder of the baseline, or to the tree.
    pub path: String,
    /// What found it last; for the reader, since the value alone decides.
    pub detector: String,
    /// The keyed fingerprint of the value.
    pub fingerprint: Fingerprint,
    /// Why it is accepted; may be empty.
    #[serde(default)]
    pub reason: String,
    /// Who answers for that; may be empty.
    #[serde(default)]
    pub owner: String,
    /// The last day on which it is accepted; empty for no end.
    #[serde(default, with = "day")]
    pub expires: Option<Date>,
    /// It lies in the git history alone, so that only a scan of the history can miss it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub history: bool,
}

/// How a baseline calls a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The name of the tree; empty where the path alone says it.
    pub tree: String,
    /// The path, relative to that tree or to the folder of the baseline.
    pub path: String,
}

/// The file and the fingerprint of an entry: what a finding is recognised by.
pub(super) type Key = (Spot, Fingerprint);

/// Every accepted finding.
#[derive(Clone, Debug)]
pub struct Baseline {
    key: String,
    pub(super) entries: BTreeMap<Key, Entry>,
    pub(super) decisions: BTreeMap<Fingerprint, Decision>,
}

impl Baseline {
    /// An empty one. `key` is the fingerprint of [`Self::CHECK`] under the caller's key.
    pub fn empty(key: &Fingerprint) -> Self {
        Self { key: key.as_str().to_owned(), entries: BTreeMap::new(), decisions: BTreeMap::new() }
    }

    /// The text whose fingerprint tells whether a baseline was made under the caller's key. It is no secret.
    pub const CHECK: &'static [u8] = b"nonhuman baseline key check";

    /// Reads a file. Its lines may come in any order and more than once, as a merge leaves them.
    ///
    /// # Errors
    /// Every line that cannot be used; a file that was made under another key is one error.
    pub fn parse(file: &str, text: &str, key: &Fingerprint) -> Result<Self, Vec<BaselineError>> {
        let mut baseline = Self::empty(key);
        let at = |line: usize, message: String| BaselineError { file: file.to_owned(), line: line + 1, message };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((number, first)) = lines.next() else { return Ok(baseline) };
        let header: Header = serde_json::from_str(first).map_err(|_| {
            let form =
                format!("this is no baseline (expected {{\"form\":\"{FORM}\",\"key\":…}}; --write-baseline makes one)");
            vec![at(number, form)]
        })?;
        if header.form != FORM {
            return Err(vec![at(number, format!("the form '{}' is not known (expected {FORM})", header.form))]);
        }
        if header.key != baseline.key {
            let message = "its fingerprints were made under another key: set NONHUMAN_FINGERPRINT_KEY as it was then, \
                           or remove the file and make it anew with --write-baseline";
            return Err(vec![at(number, message.to_owned())]);
        }
        let mut errors = Vec::new();
        let mut known: BTreeMap<Key, usize> = BTreeMap::new();
        for (number, line) in lines {
            if line == first {
                continue;
            }
            if let Some(decision) = Decision::parse(line) {
                let other = "another line decides of the same finding in other words; keep one";
                let added = decision.and_then(|it| baseline.add(it).map_err(|_| other.to_owned()));
                errors.extend(added.err().map(|message| at(number, message)));
                continue;
            }
            match entry(line) {
                Err(message) => errors.push(at(number, message)),
                Ok(entry) => {
                    let key = entry.key();
                    let other = baseline.entries.insert(key.clone(), entry.clone());
                    let before = known.insert(key, number).unwrap_or_default() + 1;
                    if other.is_some_and(|other| other != entry) {
                        let message = format!("line {before} speaks of the same finding in other words; keep one");
                        errors.push(at(number, message));
                    }
                }
            }
        }
        if errors.is_empty() { Ok(baseline) } else { Err(errors) }
    }

    /// The file: the first line, then the entries by path and fingerprint. Equal entries give equal bytes.
    ///
    /// # Errors
    /// None that is known: all of it is text.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(&Header { form: FORM.to_owned(), key: self.key.clone() })?;
        text.push('\n');
        for entry in self.entries.values() {
            text.push_str(&serde_json::to_string(entry)?);
            text.push('\n');
        }
        for decision in self.decisions.values() {
            text.push_str(&serde_json::to_string(decision)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// Adds a decision; gives it back where another one of the same finding stands there.
    fn add(&mut self, decision: Decision) -> Result<(), Box<Decision>> {
        match self.decisions.get(&decision.finding) {
            Some(other) if *other != decision => Err(Box::new(decision)),
            _ => {
                self.decide(decision);
                Ok(())
            }
        }
    }

    /// Sets what was decided of a finding, in the place of what stood there.
    pub fn decide(&mut self, decision: Decision) {
        self.decisions.insert(decision.finding.clone(), decision);
    }

    /// Takes a decision back; `None` where there was none.
    pub fn withdraw(&mut self, finding: &Fingerprint) -> Option<Decision> {
        self.decisions.remove(finding)
    }

    /// Every decision, by fingerprint of its finding.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.values()
    }

    /// Every entry, by path and fingerprint.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

impl Entry {
    /// What a finding is recognised by.
    fn key(&self) -> Key {
        (Spot { tree: self.tree.clone(), path: self.path.clone() }, self.fingerprint.clone())
    }
}

fn entry(line: &str) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        format!("column {}: {reason} (expected path, detector, fingerprint, reason, owner, expires)", error.column())
    })?;
    let fingerprint = entry.fingerprint.as_str();
    if entry.path.is_empty() {
        return Err("'path' is empty (expected the file of the finding)".to_owned());
    }
    if fingerprint.len() != 32 || !fingerprint.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err("'fingerprint' is none (expected 32 hexadecimal digits)".to_owned());
    }
    Ok(entry)
}

/// A day as `2027-01-31`, or no day as an empty text, so that an entry always shows where to write one.
pub(super) mod day {
    use jiff::civil::Date;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde gives a reference to the field")]
    pub(in crate::rules) fn serialize<S: Serializer>(day: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&day.map(|day| day.to_string()).unwrap_or_default())
    }

    pub(in crate::rules) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(None);
        }
        let day = crate::model::parse_day(&text);
        day.map(Some).ok_or_else(|| D::Error::custom(format!("'{text}' is no day such as 2027-01-31")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> Fingerprint {
        Fingerprint::of_public(&["key"])
    }

    fn line(path: &str, fields: &str) -> String {
        let fingerprint = Fingerprint::of_public(&[path]);
        format!("{{\"path\":\"{path}\",\"detector\":\"d\",\"fingerprint\":\"{}\"{fields}}}", fingerprint.as_str())
    }

    fn file(lines: &[String]) -> String {
        let head = format!("{{\"form\":\"{FORM}\",\"key\":\"{}\"}}", key().as_str());
        std::iter::once(&head).chain(lines).map(|line| format!("{line}\n")).collect()
    }

    fn errors(text: &str) -> String {
        let errors = Baseline::parse("b.jsonl", text, &key()).expect_err("it is wrong");
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_are_sorted_and_written_once() {
        let (a, b) = (line("a", ",\"reason\":\"r\""), line("b", ",\"expires\":\"2027-01-31\""));
        let merged = file(&[b.clone(), a.clone(), b]);
        let baseline = Baseline::parse("b.jsonl", &merged, &key()).expect("it is read");
        let text = baseline.render().expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].ends_with("\"reason\":\"r\",\"owner\":\"\",\"expires\":\"\"}"), "{text}");
        assert!(lines[2].contains("\"expires\":\"2027-01-31\""), "{text}");
        assert_eq!(Baseline::parse("", &text, &key()).expect("it is read").render().expect("text"), text);
        assert_eq!(Baseline::parse("", "", &key()).expect("nothing is accepted").entries().count(), 0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert!(errors("hello\n").starts_with("b.jsonl:1: this is no baseline"));
        assert!(errors(&file(&[]).replace(key().as_str(), "0")).contains("made under another key"));
        assert!(errors(&file(&[]).replace("v1", "v9")).contains("'nonhuman/baseline/v9' is not known"));
        let text = errors(&file(&[
            line("a", ",\"expires\":\"soon\""),
            line("b", ",\"color\":\"red\""),
            "{\"path\":\"c\",\"detector\":\"d\",\"fingerprint\":\"short\"}".to_owned(),
            line("e", ""),
            line("e", ",\"reason\":\"two\""),
        ]));
        for part in [
            "b.jsonl:2: column",
            "'soon' is no day",
            "b.jsonl:3: column",
            "unknown field `color`",
            "b.jsonl:4: 'fingerprint' is none",
            "b.jsonl:6: line 5 speaks of the same finding",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    proptest! {
        /// No text makes it panic.
        #[test]
        fn any_text_can_be_read(text in "\\PC{0,60}") {
            let _ = Baseline::parse("b", &text, &key());
            let _ = Baseline::parse("b", &file(&[text]), &key());
        }
    }
}
