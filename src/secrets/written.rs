//! Detectors as they are written in `rules/detect/<vendor>.toml`, and as `build.rs` prepares ours. Checks them, and says where
//! they are wrong.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::assignment::{self, Assigned};
use super::shape::Shape;
use super::verify::Check;
use super::{Detector, DetectorError};
use crate::model::{Confidence, Severity};

/// The shortest keyword that is worth a prefilter.
const SHORTEST_KEYWORD: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    detector: Vec<Raw>,
}

/// A file of ours, with what is known of each expression.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prepared {
    file: String,
    detectors: Vec<Raw>,
    shapes: Vec<Option<Shape>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    family: Option<String>,
    title: String,
    severity: Severity,
    confidence: Confidence,
    #[serde(default)]
    keywords: Vec<String>,
    pattern: Option<String>,
    #[serde(default)]
    assigned_to: Vec<String>,
    assigned: Option<Assigned>,
    value: Option<String>,
    preceded_by: Option<String>,
    unless: Option<String>,
    #[serde(default)]
    in_tests: bool,
    #[serde(default)]
    min_entropy: f64,
    check: Option<String>,
    #[serde(default)]
    public: bool,
    proves: String,
    remedy: String,
    link: String,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    counter_examples: Vec<String>,
}

/// What is wrong with a detector: the key that says it, if one does, and why.
type Wrong = (Option<&'static str>, String);

/// The detectors of a file, with ids that are not among these.
pub(super) fn read(name: &str, text: &str, ids: &mut BTreeSet<String>) -> Result<Vec<Detector>, DetectorError> {
    let at = |place: Range<usize>, message: String| {
        let before = &text[..place.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        DetectorError { file: name.to_owned(), line, column, message }
    };
    let file: File =
        toml::from_str(text).map_err(|error| at(error.span().unwrap_or_default(), error.message().to_owned()))?;
    let each = file.detector.into_iter().enumerate();
    each.map(|(number, raw)| {
        let detector = if ids.insert(raw.id.clone()) {
            raw.checked(name)
        } else {
            Err((None, format!("there is already a detector '{}'", raw.id)))
        };
        detector.map_err(|(key, message)| at(place(text, number, key).unwrap_or_default(), message))
    })
    .collect()
}

/// Where a detector of a file, or what it says under a key, stands. Kept by no detector: few are wrong.
fn place(text: &str, number: usize, key: Option<&str>) -> Option<Range<usize>> {
    let table: Spanned<DeTable<'_>> = DeTable::parse(text).ok()?;
    let DeValue::Array(detectors) = table.get_ref().get("detector")?.get_ref() else { return None };
    let detector = detectors.get(number)?;
    let DeValue::Table(keys) = detector.get_ref() else { return None };
    Some(key.and_then(|key| keys.get(key)).map_or_else(|| detector.span(), Spanned::span))
}

/// The detectors that `build.rs` prepared; `None` where one is wrong, which [`read`] says of the file with the place.
pub(super) fn prepared(json: &str) -> Option<Vec<Detector>> {
    let files: Vec<Prepared> = serde_json::from_str(json).ok()?;
    let mut ids = BTreeSet::new();
    let mut detectors = Vec::new();
    for file in files {
        for (raw, shape) in file.detectors.into_iter().zip(file.shapes) {
            let detector = raw.checked(&file.file).ok()?;
            ids.insert(detector.id.clone()).then_some(())?;
            detectors.push(Detector { shape: OnceLock::from(shape), ..detector });
        }
    }
    Some(detectors)
}

impl Raw {
    fn checked(self, file: &str) -> Result<Detector, Wrong> {
        let (keywords, pattern) = self.form()?;
        let check = self.check.as_deref().map(Check::parse).transpose();
        let check = check.map_err(|message| (Some("check"), message))?;
        Ok(Detector {
            family: self.family.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            title: self.title,
            severity: self.severity,
            confidence: self.confidence,
            keywords,
            pattern,
            assigned: self.assigned.or((!self.assigned_to.is_empty()).then_some(Assigned::Any)),
            assigned_to: self.assigned_to,
            value: self.value,
            preceded_by: self.preceded_by,
            unless: self.unless,
            in_tests: self.in_tests,
            min_entropy: self.min_entropy,
            check,
            public: self.public,
            proves: self.proves,
            remedy: self.remedy,
            link: self.link,
            examples: self.examples,
            counter_examples: self.counter_examples,
            file: file.to_owned(),
            imported: None,
            regex: OnceLock::new(),
            automaton: OnceLock::new(),
            surroundings: OnceLock::new(),
            shape: OnceLock::new(),
        })
    }

    /// Its keywords and its expression.
    fn form(&self) -> Result<(Vec<String>, String), Wrong> {
        let mut keywords = self.keywords.clone();
        let pattern = match (&self.pattern, &self.value) {
            (Some(pattern), None) if self.assigned_to.is_empty() => pattern.clone(),
            (None, Some(value)) if !self.assigned_to.is_empty() => {
                if keywords.is_empty() {
                    keywords = assignment::keywords(&self.assigned_to, &[]);
                }
                assignment::pattern(&self.assigned_to, value)
            }
            (pattern, value) => {
                let key = pattern.as_ref().map(|_| "pattern").or(value.as_ref().map(|_| "value"));
                return Err((key, format!("'{}' needs either a pattern, or assigned_to with a value", self.id)));
            }
        };
        if keywords.is_empty() || keywords.iter().any(|word| word.len() < SHORTEST_KEYWORD) {
            return Err((None, format!("'{}' needs keywords of at least {SHORTEST_KEYWORD} characters", self.id)));
        }
        Ok((keywords, pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::super::DetectorSet;
    use super::super::tests::DETECTORS;
    use crate::embedded;

    /// What the binary carries is what the files say.
    #[test]
    fn prepared_detectors_are_those_of_the_files() {
        let written = DetectorSet::parse(embedded::files("detect")).expect("they are right");
        assert_eq!(written.detectors().len(), DETECTORS.detectors().len());
        for (written, prepared) in written.detectors().iter().zip(DETECTORS.detectors()) {
            assert_eq!(format!("{:?}", written.shape()), format!("{:?}", prepared.shape()), "{}", written.id);
            assert_eq!(written.shape().is_some(), prepared.shape().is_some());
            assert_eq!(written.told(), prepared.told());
        }
    }

    #[test]
    fn what_is_wrong_with_prepared_detectors_is_not_hidden() {
        for json in ["", "{}", r#"[{"file": "a.toml", "detectors": [{}], "shapes": [null]}]"#] {
            assert!(super::prepared(json).is_none(), "{json}");
        }
    }
}
