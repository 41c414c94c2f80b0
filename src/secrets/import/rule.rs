//! An imported rule as a detector: where it is searched, which part of a match is the value, and what is left out.

use std::sync::{Arc, OnceLock};

use regex_automata::util::captures::Captures;

use super::super::shape::always_holds;
use super::super::{Detector, Match};
use super::document::Placed;
use super::filter::Filter;
use super::partner::Partner;
use super::sight::Sight;
use super::syntax::{self, Expressions};
use crate::model::{Confidence, Proof, Secret, Severity};

/// A shorter keyword is in every text.
const SHORTEST_KEYWORD: usize = 3;

/// What an imported detector has that ours have not.
#[derive(Debug)]
pub(in crate::secrets) struct Imported {
    /// The group of the expression that is the value; 0 for the first that is not empty.
    group: usize,
    /// Only files are searched whose path matches.
    path: Option<Expressions>,
    pub(super) filters: Vec<Arc<Filter>>,
    pub(in crate::secrets) partners: Vec<Partner>,
    /// It is only the partner of others.
    pub(in crate::secrets) is_helper: bool,
    /// No keyword is in every match: where one is, or where there is none, all of a text is searched.
    pub(in crate::secrets) is_searched_everywhere: bool,
}

/// A rule as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) description: Option<String>,
    pub(super) regex: Option<Placed>,
    pub(super) path: Option<Placed>,
    pub(super) group: Option<usize>,
    pub(super) entropy: Option<f64>,
    pub(super) keywords: Vec<String>,
    pub(super) confidence: Option<Confidence>,
    pub(super) filters: Vec<Arc<Filter>>,
    pub(super) partners: Vec<Partner>,
    pub(super) is_helper: bool,
}

impl Draft {
    /// Takes over what a rule of the same name says in the file that this one extends, as gitleaks does: what is said
    /// here wins, lists grow.
    pub(super) fn over(self, base: Self) -> Self {
        let joined = |mut base: Vec<_>, own: Vec<_>| {
            base.extend(own);
            base
        };
        let mut keywords = base.keywords;
        keywords.extend(self.keywords);
        let mut filters = base.filters;
        filters.extend(self.filters);
        Self {
            id: self.id,
            file: self.file,
            line: self.line,
            description: self.description.or(base.description),
            regex: self.regex.or(base.regex),
            path: self.path.or(base.path),
            group: self.group.or(base.group),
            entropy: self.entropy.or(base.entropy),
            keywords,
            confidence: self.confidence.or(base.confidence),
            filters,
            partners: joined(base.partners, self.partners),
            is_helper: self.is_helper || base.is_helper,
        }
    }

    /// The detector that it describes; what keeps it from being one, and in which line, otherwise.
    ///
    /// `ours` is our detector of the same name, which it replaces; `globals` are the filters of its file.
    pub(super) fn detector(
        self,
        ours: Option<&Detector>,
        globals: &[Arc<Filter>],
    ) -> Result<Detector, (usize, String)> {
        let Some(regex) = self.regex else {
            return Err((self.line, "it has no 'regex': files are not found by their names".to_owned()));
        };
        let pattern = syntax::translate(&regex.text).map_err(|message| (regex.line, format!("'regex': {message}")))?;
        let hir = syntax::parse(&pattern).map_err(|message| (regex.line, message))?;
        let groups = hir.properties().explicit_captures_len();
        let group = self.group.unwrap_or_default();
        if group > groups {
            return Err((self.line, format!("its value is group {group}, and the expression has {groups}")));
        }
        let path = self.path.as_ref().map(read_path).transpose()?;
        let keywords = long_enough(self.keywords);
        let confidence = self.confidence.unwrap_or(Confidence::High);
        let severity = if confidence >= Confidence::High { Severity::High } else { Severity::Medium };
        let entropy = self.entropy.filter(|most| *most > 0.0).map(|most| Arc::new(Filter::Entropy(most)));
        let imported = Imported {
            group,
            path,
            filters: entropy.into_iter().chain(self.filters).chain(globals.iter().cloned()).collect(),
            partners: self.partners,
            is_helper: self.is_helper,
            is_searched_everywhere: keywords.is_empty() || !always_holds(&hir, &keywords),
        };
        Ok(Detector {
            title: self.description.filter(|text| !text.is_empty()).unwrap_or_else(|| self.id.clone()),
            severity,
            confidence,
            keywords,
            pattern,
            assigned_to: Vec::new(),
            assigned: None,
            in_tests: false,
            min_entropy: 0.0,
            check: None,
            public: false,
            proves: ours.map_or_else(|| format!("imported.{}", self.id), |ours| ours.proves.clone()),
            remedy: ours.map_or(REMEDY, |ours| &ours.remedy).to_owned(),
            link: ours.map_or("", |ours| &ours.link).to_owned(),
            examples: Vec::new(),
            counter_examples: Vec::new(),
            file: self.file,
            family: self.id.clone(),
            id: self.id,
            imported: Some(Box::new(imported)),
            value: None,
            preceded_by: None,
            unless: None,
            regex: OnceLock::new(),
            automaton: OnceLock::new(),
            surroundings: OnceLock::new(),
            shape: OnceLock::new(),
        })
    }
}

/// The files that a rule looks at.
fn read_path(path: &Placed) -> Result<Expressions, (usize, String)> {
    Expressions::new(&[&path.text]).map_err(|(_, message)| (path.line, format!("'path': {message}")))
}

/// No keywords at all where one is too short to be looked for.
fn long_enough(keywords: Vec<String>) -> Vec<String> {
    if keywords.iter().any(|word| word.len() < SHORTEST_KEYWORD) { Vec::new() } else { keywords }
}

/// What to do about a secret of which only the rule of another tool is known.
const REMEDY: &str =
    "Revoke it where it was issued, issue a new one, and keep that out of source; then take it out of the history.";

impl Imported {
    /// Judges what the expression of its detector captured.
    pub(in crate::secrets) fn judge<'a>(
        &self,
        detector: &'a Detector,
        text: &'a [u8],
        captures: &Captures,
        paths: &[&str],
    ) -> Option<Match<'a>> {
        if self.path.as_ref().is_some_and(|wanted| !paths.iter().any(|path| wanted.is_match(path.as_bytes()))) {
            return None;
        }
        let whole = captures.get_match()?.range();
        let mut groups = (1..captures.group_len()).filter_map(|group| captures.get_group(group));
        let span = match self.group {
            0 => groups.find(|span| !span.is_empty()).map_or(whole.clone(), |span| span.range()),
            group => captures.get_group(group)?.range(),
        };
        let sight = Sight::new(text, &whole, &span, paths).filter(|_| !span.is_empty())?;
        let mut confidence = detector.confidence;
        for filter in &self.filters {
            let (discards, said) = filter.judge(&sight);
            if discards {
                return None;
            }
            confidence = said.unwrap_or(confidence);
        }
        Some(Match {
            detector,
            confidence,
            secret: Secret::new(text.get(span.clone())?),
            claims: vec![span.clone()],
            span,
            whole,
            proof: Proof { kind: detector.proves.clone(), ..Proof::default() },
            encoding: Vec::new(),
            key: None,
        })
    }
}
