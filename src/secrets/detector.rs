//! Detectors as they are written in `rules/detect/<vendor>.toml`, checked when they load.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use regex::bytes::Regex;
use serde::Deserialize;
use toml::Spanned;

use super::prefilter::Prefilter;
use super::verify::Check;
use crate::model::{Confidence, Severity};

/// The shortest keyword that is worth a prefilter.
const SHORTEST_KEYWORD: usize = 3;

/// A detector file that cannot be used, with the place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}:{line}:{column}: {message}")]
pub struct DetectorError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

/// One way a secret looks.
#[derive(Debug)]
pub struct Detector {
    /// Its id, unique over all files.
    pub id: String,
    /// What it finds, in words.
    pub title: String,
    /// How bad a hit is when nothing else is known of it.
    pub severity: Severity,
    /// How sure a hit is.
    pub confidence: Confidence,
    /// Words of which one must be in the text.
    pub keywords: Vec<String>,
    /// The expression with the group `secret`.
    pub pattern: String,
    /// The least Shannon entropy of the value, in bits a character.
    pub min_entropy: f64,
    pub(super) check: Option<Check>,
    /// The value is a public id, not a secret.
    pub public: bool,
    /// The kind of credential that it proves.
    pub proves: String,
    /// What to do about a hit.
    pub remedy: String,
    /// The documentation of the form.
    pub link: String,
    /// Texts that it must find.
    pub examples: Vec<String>,
    /// Texts that it must not find.
    pub counter_examples: Vec<String>,
    /// The file it was read from.
    pub file: String,
    regex: OnceLock<Option<Regex>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    detector: Vec<Spanned<Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    title: String,
    severity: Severity,
    confidence: Confidence,
    keywords: Vec<String>,
    pattern: Spanned<String>,
    #[serde(default)]
    min_entropy: f64,
    check: Option<Spanned<String>>,
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

impl Detector {
    /// The compiled expression. Compiled at its first use: most scans need a fraction of the detectors.
    /// `None` for one that does not compile, which `rules test` reports.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| Regex::new(&self.pattern).ok()).as_ref()
    }

    fn check_pattern(&self) -> Result<(), String> {
        let regex = Regex::new(&self.pattern).map_err(|error| error.to_string())?;
        if regex.capture_names().flatten().any(|name| name == "secret") {
            Ok(())
        } else {
            Err("the pattern has no group named 'secret': write (?P<secret>…)".to_owned())
        }
    }
}

/// Every detector, ready to scan.
#[derive(Debug)]
pub struct DetectorSet {
    detectors: Vec<Detector>,
    prefilter: Prefilter,
}

impl DetectorSet {
    /// Reads detector files given as name and text.
    ///
    /// # Errors
    /// The first file that is malformed, with line and column.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, DetectorError> {
        let mut detectors = Vec::new();
        let mut ids = BTreeSet::new();
        for (name, text) in files {
            for detector in parse_file(name, text, &mut ids)? {
                detectors.push(detector);
            }
        }
        detectors.sort_by(|a, b| a.id.cmp(&b.id));
        let prefilter = Prefilter::new(&detectors);
        Ok(Self { detectors, prefilter })
    }

    /// Every detector by id.
    pub fn detectors(&self) -> &[Detector] {
        &self.detectors
    }

    pub(super) fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Proves every detector by its own examples; one message a failure, empty when all hold.
    pub fn self_test(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for detector in &self.detectors {
            if let Err(message) = detector.check_pattern() {
                failures.push(format!("{} ({}): {message}", detector.id, detector.file));
                continue;
            }
            if detector.examples.is_empty() {
                failures.push(format!("{} ({}): it has no examples", detector.id, detector.file));
            }
            let finds = |text: &str| self.scan(text.as_bytes()).iter().any(|found| found.detector.id == detector.id);
            for (number, _) in detector.examples.iter().enumerate().filter(|(_, text)| !finds(text)) {
                failures.push(format!("{} ({}): example {} is not found", detector.id, detector.file, number + 1));
            }
            for (number, _) in detector.counter_examples.iter().enumerate().filter(|(_, text)| finds(text)) {
                failures.push(format!("{} ({}): counter-example {} is found", detector.id, detector.file, number + 1));
            }
        }
        failures
    }
}

fn parse_file(name: &str, text: &str, ids: &mut BTreeSet<String>) -> Result<Vec<Detector>, DetectorError> {
    let at = |offset: usize, message: String| {
        let before = &text[..offset.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        DetectorError { file: name.to_owned(), line, column, message }
    };
    let file: File = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let mut detectors = Vec::new();
    for spanned in file.detector {
        let start = spanned.span().start;
        let raw = spanned.into_inner();
        if !ids.insert(raw.id.clone()) {
            return Err(at(start, format!("there is already a detector '{}'", raw.id)));
        }
        if raw.keywords.is_empty() || raw.keywords.iter().any(|word| word.len() < SHORTEST_KEYWORD) {
            let message = format!("'{}' needs keywords of at least {SHORTEST_KEYWORD} characters", raw.id);
            return Err(at(start, message));
        }
        let check = match &raw.check {
            None => None,
            Some(check) => Some(Check::parse(check.as_ref()).map_err(|message| at(check.span().start, message))?),
        };
        detectors.push(Detector {
            id: raw.id,
            title: raw.title,
            severity: raw.severity,
            confidence: raw.confidence,
            keywords: raw.keywords,
            pattern: raw.pattern.into_inner(),
            min_entropy: raw.min_entropy,
            check,
            public: raw.public,
            proves: raw.proves,
            remedy: raw.remedy,
            link: raw.link,
            examples: raw.examples,
            counter_examples: raw.counter_examples,
            file: name.to_owned(),
            regex: OnceLock::new(),
        });
    }
    Ok(detectors)
}
