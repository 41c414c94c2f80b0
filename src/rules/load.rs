//! Rule files: one file, one rule, with its documentation and its tests. Checked when they load.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use cel::Program;
use serde::Deserialize;
use toml::Spanned;

use super::applies::kinds;
use super::check::{Touched, check};
use super::fields::subject_needs;
use super::file::RuleFile;
use super::message::Template;
use super::plain::Plain;
use super::schema::{Param, Params, Schema, did_you_mean};
use super::selftest::Example;
use crate::model::{Confidence, FactKind, Provider, Severity, SubjectKind};

/// How many brackets and signs an expression may have open: far more than a readable one, far fewer than a stack holds.
const DEEPEST: usize = 100;

/// Written in place of a severity or confidence by rules about exposures: take that of the detector.
const OF_DETECTOR: &str = "of-detector";

/// Written in place of a severity by rules about exposures: as bad as what can be reached with it.
const OF_REACH: &str = "of-reach";

/// A rule that cannot be used, with the place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}:{line}:{column}: {message}")]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

/// The file of an error in the caller's configuration; which one that is, the caller knows.
pub const CONFIGURATION: &str = "nonhuman.toml";

/// What the configuration changes of a rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// `false` leaves the rule out.
    pub enabled: Option<bool>,
    /// Another severity.
    pub severity: Option<Severity>,
    /// Other parameters.
    #[serde(default)]
    param: Params,
}

/// One rule, ready to judge.
#[derive(Debug)]
pub struct Rule {
    /// Its id: the name of its file.
    pub id: Arc<str>,
    /// The file it was read from.
    pub file: String,
    /// The provider whose subjects it is about; `None` for all.
    pub provider: Option<Provider>,
    /// What it looks at.
    pub subject: SubjectKind,
    /// Its severity; `None` takes that of the detector, or of what can be reached.
    pub severity: Option<Severity>,
    /// Where the severity is not its own: take that of what can be reached.
    pub(super) by_reach: bool,
    /// Its confidence; `None` takes that of the detector.
    pub confidence: Option<Confidence>,
    /// Its title with its parameters filled in.
    pub title: Arc<str>,
    /// What goes wrong.
    pub why: String,
    /// Control ids it maps to.
    pub maps: Arc<[String]>,
    /// The facts it cannot be judged without.
    pub needs: BTreeSet<FactKind>,
    pub(super) program: Program,
    pub(super) message: Template,
    pub(super) remedy: Template,
    pub(super) params: Params,
    pub(super) touched: Touched,
    /// The kinds of subject it can hold for; `None` for every one.
    pub(super) kinds: Option<BTreeSet<String>>,
    /// What of its condition rules subjects out without computing it.
    pub(super) plain: Plain,
    pub(super) matches: Vec<Example>,
    pub(super) no_matches: Vec<Example>,
}

/// Every rule by id.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    names: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: Spanned<String>,
    subject: Spanned<String>,
    severity: Spanned<String>,
    confidence: Spanned<String>,
    when: Spanned<String>,
    message: Spanned<String>,
    remedy: Spanned<String>,
    maps: Vec<String>,
    why: String,
    #[serde(default)]
    param: Params,
    #[serde(rename = "match", default)]
    matches: Vec<Spanned<toml::Table>>,
    #[serde(rename = "no_match", default)]
    no_matches: Vec<Spanned<toml::Table>>,
}

impl RuleSet {
    /// Reads rule files; a later file replaces an earlier one of the same id. Then applies the configuration.
    ///
    /// # Errors
    /// Every file that cannot be used, with line and column, and every override that names no rule.
    pub fn load(files: &[RuleFile], overrides: &BTreeMap<String, Override>) -> Result<Self, Vec<RuleError>> {
        Self::load_about(files, overrides, SubjectKind::ALL)
    }

    /// As [`Self::load`], but only the rules about these subjects; the others are left unread, as far as they can be.
    ///
    /// # Errors
    /// As those of [`Self::load`], of the rules that are read.
    pub fn load_about(
        files: &[RuleFile],
        overrides: &BTreeMap<String, Override>,
        subjects: &[SubjectKind],
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut by_id: BTreeMap<String, &RuleFile> = BTreeMap::new();
        for file in files {
            if let Some(other) = by_id.insert(file.id(), file)
                && other.origin == file.origin
            {
                let message = format!("{} has the same name; a rule is called by it", other.path);
                errors.push(RuleError { file: file.path.clone(), line: 1, column: 1, message });
            }
        }
        for id in overrides.keys().filter(|id| !by_id.contains_key(*id)) {
            let hint = did_you_mean(id, by_id.keys().map(String::as_str));
            let message = format!("the configuration names the rule '{id}', which does not exist{hint}");
            errors.push(RuleError { file: CONFIGURATION.to_owned(), line: 1, column: 1, message });
        }
        let mut rules = Vec::new();
        let names = by_id.keys().cloned().collect();
        for (id, file) in by_id {
            let change = overrides.get(&id).cloned().unwrap_or_default();
            let loader = Loader { file };
            // What lies in a file is of no provider, so a provider's rule never is about it.
            if loader.provider().is_some() && subjects == [SubjectKind::Exposure] {
                continue;
            }
            match loader.load(id, &change, subjects) {
                Ok(Some(rule)) if change.enabled != Some(false) => rules.push(rule),
                Ok(_) => {}
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self { rules, names }) } else { Err(errors) }
    }

    /// The id of every rule that there is, loaded or not.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// Every rule by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its id.
    ///
    /// # Errors
    /// Says that there is none and which is spelled most alike.
    pub fn get(&self, id: &str) -> Result<&Rule, String> {
        self.rules.iter().find(|rule| &*rule.id == id).ok_or_else(|| {
            let hint = did_you_mean(id, self.rules.iter().map(|rule| &*rule.id));
            format!("there is no rule '{id}'{hint}")
        })
    }
}

/// Reads one file and keeps its text for the places of errors.
struct Loader<'a> {
    file: &'a RuleFile,
}

impl Loader<'_> {
    fn at(&self, offset: usize, message: impl Into<String>) -> RuleError {
        let text = &self.file.text;
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let line = text[..end].matches('\n').count() + 1;
        let column = text[..end].rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        RuleError { file: self.file.path.clone(), line, column, message: message.into() }
    }

    fn name<T: FromStr<Err = String>>(&self, text: &Spanned<String>) -> Result<T, RuleError> {
        text.as_ref().parse().map_err(|message: String| self.at(text.span().start, message))
    }

    /// Gives `None` where a rule about exposures takes it from elsewhere, by one of these words.
    fn name_or<T>(&self, words: &[&str], text: &Spanned<String>, subject: SubjectKind) -> Result<Option<T>, RuleError>
    where
        T: FromStr<Err = String>,
    {
        if words.contains(&text.as_ref().as_str()) && subject == SubjectKind::Exposure {
            Ok(None)
        } else {
            self.name(text).map(Some)
        }
    }

    /// Gives `None` for a rule about another subject.
    fn load(&self, id: String, change: &Override, subjects: &[SubjectKind]) -> Result<Option<Rule>, RuleError> {
        let raw: Raw = toml::from_str(&self.file.text)
            .map_err(|error| self.at(error.span().map_or(0, |span| span.start), error.message()))?;
        let subject: SubjectKind = self.name(&raw.subject)?;
        if !subjects.contains(&subject) {
            return Ok(None);
        }
        let schema = Schema { subject };
        let params = self.params(raw.param, &change.param)?;
        let (program, touched) = self.expression(&raw.when, schema, &params)?;
        let template = |text: &Spanned<String>| {
            Template::parse(text.as_ref(), schema, &params)
                .map_err(|(offset, message)| self.at(content_start(&self.file.text, text) + offset, message))
        };
        let (title, message) = (template(&raw.title)?, template(&raw.message)?);
        let remedy = template(&raw.remedy)?.of_commands();
        let example = |table: &Spanned<toml::Table>| {
            Example::parse(table.as_ref(), schema).map_err(|message| self.at(table.span().start, message))
        };
        let mut needs: BTreeSet<FactKind> = subject_needs(subject).iter().copied().collect();
        for (variable, name) in touched.iter().filter(|(_, name)| !name.is_empty()) {
            if let Some(kind) = schema.variable(variable)
                && let Ok(field) = Schema::field(kind, name)
            {
                needs.extend(field.needs);
            }
        }
        Ok(Some(Rule {
            id: id.into(),
            file: self.file.path.clone(),
            provider: self.provider(),
            subject,
            severity: match change.severity {
                Some(severity) => Some(severity),
                None => self.name_or(&[OF_DETECTOR, OF_REACH], &raw.severity, subject)?,
            },
            by_reach: raw.severity.as_ref() == OF_REACH,
            confidence: self.name_or(&[OF_DETECTOR], &raw.confidence, subject)?,
            title: title.general().into(),
            why: raw.why.trim().to_owned(),
            maps: raw.maps.into(),
            needs,
            kinds: kinds(program.expression()),
            plain: Plain::of(program.expression(), &|name| Schema::place(subject, name)),
            program,
            message,
            remedy,
            touched,
            matches: raw.matches.iter().map(example).collect::<Result<_, _>>()?,
            no_matches: raw.no_matches.iter().map(example).collect::<Result<_, _>>()?,
            params,
        }))
    }

    /// The folder that the file lies in, when it is a provider's.
    fn provider(&self) -> Option<Provider> {
        self.file.path.split('/').rev().nth(1).and_then(|folder| folder.parse().ok())
    }

    fn params(&self, mut params: Params, change: &Params) -> Result<Params, RuleError> {
        let wrong = |what: String| {
            let message = format!("{what} (rule '{}')", self.file.id());
            Err(RuleError { file: CONFIGURATION.to_owned(), line: 1, column: 1, message })
        };
        for (name, value) in change {
            let hint = did_you_mean(name, params.keys().map(String::as_str));
            let Some(old) = params.get_mut(name) else {
                return wrong(format!("the configuration sets '{name}', which is no parameter{hint}"));
            };
            if std::mem::discriminant(old) != std::mem::discriminant(value) {
                return wrong(format!("the configuration gives '{name}' another type than the rule"));
            }
            if value.is_negative() && !old.is_negative() {
                return wrong(format!("the configuration gives '{name}' a number below nought"));
            }
            *old = value.clone();
        }
        Ok(params)
    }

    fn expression(
        &self,
        when: &Spanned<String>,
        schema: Schema,
        params: &Params,
    ) -> Result<(Program, Touched), RuleError> {
        let start = content_start(&self.file.text, when);
        if let Some(offset) = too_deep(when.as_ref()) {
            return Err(self.at(start + offset, format!("an expression has at most {DEEPEST} brackets or signs open")));
        }
        let program = Program::compile(when.as_ref()).map_err(|errors| {
            let first = errors.errors.first();
            let offset = first.map_or(0, |error| offset_of(when.as_ref(), error.pos));
            let message = first.map_or_else(|| "it cannot be read".to_owned(), |error| error.msg.clone());
            self.at(start + offset, format!("this is no expression: {message}"))
        })?;
        let touched = check(program.expression(), schema, params).map_err(|problem| {
            let offset = program.source_info().offset_for(problem.node).map_or(0, |(offset, _)| offset as usize);
            self.at(start + offset, problem.message)
        })?;
        Ok((program, touched))
    }
}

/// Where an expression opens more than the parser's stack can hold. Signs are never closed here: a rule needs few.
fn too_deep(expression: &str) -> Option<usize> {
    let mut open = 0_usize;
    expression.char_indices().find_map(|(offset, letter)| {
        match letter {
            '(' | '[' | '{' | '!' | '-' | '?' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        (open > DEEPEST).then_some(offset)
    })
}

/// Where the text of a TOML string begins in its file: behind the quotes, and behind the line end that follows three.
fn content_start(file: &str, value: &Spanned<String>) -> usize {
    let start = value.span().start;
    let literal = file.get(start..).unwrap_or_default();
    let quotes = if literal.starts_with("'''") || literal.starts_with("\"\"\"") { 3 } else { 1 };
    let newline = literal.get(quotes..).map_or(0, |rest| {
        if quotes == 3 && rest.starts_with("\r\n") { 2 } else { usize::from(quotes == 3 && rest.starts_with('\n')) }
    });
    start + quotes + newline
}

/// The byte offset of a line and column, both from 1.
fn offset_of(text: &str, (line, column): (isize, isize)) -> usize {
    let lines = usize::try_from(line - 1).unwrap_or_default();
    let before: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    before + usize::try_from(column - 1).unwrap_or_default()
}

impl Override {
    /// The parameters that are set, by name and value.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, String)> {
        self.param.iter().map(|(name, value): (&String, &Param)| (name.as_str(), value.to_string()))
    }
}
