//! Detectors, each ready to search a text, and the set of all. Reads no file format.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::assignment::Assigned;
use super::automaton::Automaton;
use super::import::{self, Globals, rule::Imported};
use super::prefilter::Prefilter;
use super::shape::Shape;
use super::surroundings::Surroundings;
use super::verify::Check;
use super::written;
use crate::model::{Confidence, Severity};
use regex_automata::meta::Regex;
use regex_automata::util::primitives::PatternID;
use regex_automata::util::syntax;

/// How much an expression may remember of its own states in each thread, in bytes.
const CACHE: usize = 1024 * 1024;

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
    /// The detector under whose id a secret is named in the graph: where several find the same secret by what stands around
    /// it, they give it one name. Its own id where it is alone.
    pub family: String,
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
    /// A value of some form, known by the words in the name it is given; the pattern was made of them.
    pub assigned_to: Vec<String>,
    /// Its keywords lie in a name, and count only where an assignment follows.
    pub(super) assigned: Option<Assigned>,
    /// The form of that value, an expression.
    pub(super) value: Option<String>,
    /// An expression that must end where a match begins.
    pub preceded_by: Option<String>,
    /// An expression: what begins within one of its matches is no secret.
    pub unless: Option<String>,
    /// It finds something only in programs that test or show others.
    pub in_tests: bool,
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
    /// What it has beyond ours when it was read from a file of another tool.
    pub(super) imported: Option<Box<Imported>>,
    pub(super) regex: OnceLock<Option<Regex>>,
    pub(super) automaton: OnceLock<Option<Automaton>>,
    pub(super) surroundings: OnceLock<Option<Surroundings>>,
    pub(super) shape: OnceLock<Option<Shape>>,
}

impl Detector {
    /// The compiled expression. Compiled at its first use: most scans need a fraction of the detectors.
    /// `None` for one that does not compile, which `rules test` reports.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let compile = || match self.imported {
            None => compile(&self.pattern).ok(),
            Some(_) => import::compile(&self.pattern),
        };
        self.regex.get_or_init(compile).as_ref()
    }

    /// The expression as it is searched for; `None` where only the whole expression can be.
    pub(super) fn automaton(&self) -> Option<&Automaton> {
        // The expressions of others are compiled in another way.
        let build = || if self.is_imported() { None } else { Automaton::new(&self.pattern) };
        self.automaton.get_or_init(build).as_ref()
    }

    /// What is asked of the text around its matches; `None` where that cannot be read, which `rules test` reports.
    pub(super) fn surroundings(&self) -> Option<&Surroundings> {
        let read = || Surroundings::new(self.preceded_by.as_deref(), self.unless.as_deref()).ok();
        self.surroundings.get_or_init(read).as_ref()
    }

    /// All its expressions as one text, by which two detectors of one id are told apart.
    pub fn form(&self) -> String {
        let all = std::iter::once(&self.pattern).chain(&self.preceded_by).chain(&self.unless);
        all.map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// What is known of its matches; `None` for an expression that does not compile.
    pub(super) fn shape(&self) -> Option<&Shape> {
        let shape = || Shape::of_detector(&self.pattern, &self.keywords, &self.assigned_to, self.value.as_deref());
        self.shape.get_or_init(shape).as_ref()
    }

    /// What stands in every match beside the keyword; `None` where that is nothing, or not known.
    pub(super) fn needed(&self) -> Option<&super::shape::Needed> {
        // The patterns of others are compiled in another way than they are read here.
        self.shape().filter(|_| self.imported.is_none())?.needed.as_ref()
    }

    /// Whether it was read from a file of another tool.
    pub fn is_imported(&self) -> bool {
        self.imported.is_some()
    }

    /// Whether its keywords count only beside a run that looks drawn. Those of others count as they do there.
    pub(super) fn is_gated(&self) -> bool {
        self.imported.is_none() && self.shape().is_some_and(|shape| shape.is_gated)
    }

    /// All that a file says of it, as text.
    #[cfg(test)]
    pub(super) fn told(&self) -> String {
        let known = "regex: OnceLock(";
        let told = format!("{self:?}");
        told.split_once(known).map_or(told.clone(), |(before, _)| before.to_owned())
    }

    /// Whether its expression compiles and says where the secret is.
    fn check_pattern(&self) -> Result<(), String> {
        if self.imported.is_some() {
            return self.regex().map(|_| ()).ok_or_else(|| "the pattern is too large to be compiled".to_owned());
        }
        let around = Surroundings::new(self.preceded_by.as_deref(), self.unless.as_deref());
        around.map_err(|(key, message)| format!("{key}: {message}"))?;
        let regex = compile(&self.pattern)?;
        if regex.group_info().to_index(PatternID::ZERO, "secret").is_some() {
            Ok(())
        } else {
            Err("the pattern has no group named 'secret': write (?P<secret>…)".to_owned())
        }
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let syntax = syntax::Config::new().utf8(false);
    // Captures are asked for seldom, and hundreds of expressions share the memory.
    let config = Regex::config().utf8_empty(false).onepass(false).hybrid_cache_capacity(CACHE);
    let built = Regex::builder().syntax(syntax).configure(config).build(pattern);
    built.map_err(|error| error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string))
}

/// Every detector, ready to scan.
#[derive(Debug)]
pub struct DetectorSet {
    detectors: Vec<Detector>,
    prefilter: Prefilter,
    /// Those without a keyword, by their place.
    without_keywords: Vec<usize>,
    /// Whether some count only beside others.
    has_partners: bool,
    has_imported: bool,
    globals: Globals,
}

impl DetectorSet {
    /// Reads detector files given as name and text. An id must be unique among them.
    ///
    /// # Errors
    /// The first file that is malformed, with line and column.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, DetectorError> {
        Self::of(Vec::new()).and_files(files)
    }

    /// The detectors that `build.rs` prepared; `None` where one of their files is wrong.
    pub fn prepared(json: &str) -> Option<Self> {
        written::prepared(json).map(Self::of)
    }

    /// These, and those of detector files given as name and text, which replace those of the same id. Among the files an id
    /// must be unique.
    ///
    /// # Errors
    /// The first file that is malformed, with line and column.
    pub fn and_files<'a>(self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, DetectorError> {
        let mut ids = BTreeSet::new();
        let mut detectors = self.detectors;
        for (name, text) in files {
            detectors.extend(written::read(name, text, &mut ids)?);
        }
        Ok(Self::of(detectors))
    }

    /// These; of several with one id the last.
    fn of(detectors: Vec<Detector>) -> Self {
        let by_id: BTreeMap<_, _> = detectors.into_iter().map(|one| (one.id.clone(), one)).collect();
        Self::with_globals(by_id.into_values().collect(), Globals::default())
    }

    /// These detectors, in the order of their ids, with what allowlists say of all of them.
    pub(super) fn with_globals(detectors: Vec<Detector>, globals: Globals) -> Self {
        let prefilter = Prefilter::new(&detectors);
        let has_none = |place: &usize| detectors[*place].keywords.is_empty();
        let without_keywords = (0..detectors.len()).filter(has_none).collect();
        let is_joined = |imported: &Imported| imported.is_helper || !imported.partners.is_empty();
        let has_partners = detectors.iter().any(|one| one.imported.as_deref().is_some_and(is_joined));
        let has_imported = detectors.iter().any(Detector::is_imported);
        Self { detectors, prefilter, without_keywords, has_partners, has_imported, globals }
    }

    pub(super) fn into_detectors(self) -> Vec<Detector> {
        self.detectors
    }

    /// Those that are searched in every text.
    pub(super) fn without_keywords(&self) -> impl Iterator<Item = &Detector> {
        self.without_keywords.iter().filter_map(|place| self.detectors.get(*place))
    }

    pub(super) fn has_partners(&self) -> bool {
        self.has_partners
    }

    pub(super) fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Every detector by id.
    pub fn detectors(&self) -> &[Detector] {
        &self.detectors
    }

    /// Whether some are rules of other tools, which may ask for the path of a file.
    pub fn has_imported(&self) -> bool {
        self.has_imported
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
            if detector.examples.is_empty() && detector.imported.is_none() {
                failures.push(format!("{} ({}): it has no examples", detector.id, detector.file));
            }
            let paths: &[&str] = if detector.in_tests { &["tests/example_test.py"] } else { &[] };
            let scan = |text| self.scan_file(str::as_bytes(text), None, paths).matches;
            let finds = |text| scan(text).iter().any(|found| found.detector.id == detector.id);
            // A rule of another tool may tell the same text.
            let is_found = |text| finds(text) || self.has_imported() && !scan(text).is_empty();
            for (number, _) in detector.examples.iter().enumerate().filter(|(_, text)| !is_found(text)) {
                failures.push(format!("{} ({}): example {} is not found", detector.id, detector.file, number + 1));
            }
            for (number, _) in detector.counter_examples.iter().enumerate().filter(|(_, text)| finds(text)) {
                failures.push(format!("{} ({}): counter-example {} is found", detector.id, detector.file, number + 1));
            }
        }
        failures
    }
}
