//! From the keys of a file to rules and filters. Whatever it does not take over, it says.
//!
//! Sources: the section on configuration of <https://github.com/gitleaks/gitleaks>, and `docs/config.md` of
//! <https://github.com/betterleaks/betterleaks>. Keys of both are read from any file: they do not contradict each other.

use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::super::DetectorError;
use super::allowlist::{Allowlist, Target};
use super::document::{Document, Fields, Placed};
use super::expression::Program;
use super::filter::Filter;
use super::partner::{Partner, within};
use super::rule::Draft;
use super::syntax::Expressions;
use super::{Effect, Format, Global, Unsupported};
use crate::model::Confidence;

/// What a file says, before what it extends is known.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) format: Format,
    pub(super) drafts: Vec<Draft>,
    pub(super) globals: Vec<Global>,
    pub(super) disabled: Vec<String>,
    pub(super) extends: Option<String>,
    pub(super) unsupported: Vec<Unsupported>,
}

/// Keys that change nothing of what is found.
const SILENT: &[&str] = &["title", "description", "minVersion", "betterleaksMinVersion", "tags"];

/// Keys whose expressions ask the provider.
const ONLINE: &[&str] = &["validate", "analyze", "revoke"];

/// Keys that only betterleaks has.
const OF_BETTERLEAKS: &[&str] =
    &["filter", "prefilter", "confidence", "components", "valueGroup", "validate", "analyze"];

/// Reads a file.
///
/// # Errors
/// What is no TOML, of another kind than expected, or makes no rule; with file, line and column.
pub(super) fn read(name: &str, text: &str) -> Result<Content, DetectorError> {
    let document = Document::new(name, text);
    let table = document.parse()?;
    let mut top = document.fields(&table, 0);
    let mut reader = Reader { document: &document, content: Content::default() };
    let rules = top.tables("rules")?;
    if top.has_any(OF_BETTERLEAKS) || rules.iter().any(|rule| rule.has_any(OF_BETTERLEAKS)) {
        reader.content.format = Format::Betterleaks;
    }
    for extend in top.tables("extend")? {
        reader.extend(extend)?;
    }
    for rule in rules {
        reader.rule(rule)?;
    }
    for key in ["allowlist", "allowlists"] {
        for list in top.tables(key)? {
            reader.global(list)?;
        }
    }
    for key in ["prefilter", "filter"] {
        if let Some(filter) = top.text(key)?.and_then(|text| reader.program(None, key, &text)) {
            reader.content.globals.push(Global { filter, targets: Vec::new(), file: name.to_owned() });
        }
    }
    reader.rest(top, None);
    Ok(reader.content)
}

struct Reader<'a> {
    document: &'a Document<'a>,
    content: Content,
}

impl Reader<'_> {
    fn unsupported(&mut self, rule: Option<&str>, key: &str, line: usize, effect: Effect, meaning: impl Into<String>) {
        self.content.unsupported.push(Unsupported {
            rule: rule.map(str::to_owned),
            key: key.to_owned(),
            file: self.document.name().to_owned(),
            line,
            meaning: meaning.into(),
            effect,
        });
    }

    /// Says which keys nobody asked for.
    fn rest(&mut self, fields: Fields<'_>, rule: Option<&str>) {
        for (key, line) in fields.rest() {
            if SILENT.iter().any(|silent| key.eq_ignore_ascii_case(silent)) {
                continue;
            }
            if ONLINE.contains(&key.as_str()) {
                self.unsupported(rule, &key, line, Effect::None, "is not run: nothing is sent anywhere");
            } else if key == "specificity" {
                let meaning = "is not used: of two rules on the same text the surer one is reported";
                self.unsupported(rule, &key, line, Effect::None, meaning);
            } else {
                self.unsupported(rule, &key, line, Effect::Partly, "is not known here and changes nothing");
            }
        }
    }

    fn extend(&mut self, mut fields: Fields<'_>) -> Result<(), DetectorError> {
        // The default rules of others: our own detectors stand in for them, and are on anyway.
        fields.flag("useDefault")?;
        self.content.extends = fields.text("path")?.map(|path| path.text);
        self.content.disabled = fields.texts("disabledRules")?.into_iter().map(|id| id.text).collect();
        if let Some(line) = fields.has("url") {
            self.unsupported(
                None,
                "extend.url",
                line,
                Effect::Partly,
                "is not loaded: nothing is read over the network",
            );
        }
        self.rest(fields, None);
        Ok(())
    }

    fn rule(&mut self, mut fields: Fields<'_>) -> Result<(), DetectorError> {
        let id = fields.text("id")?.filter(|id| !id.text.is_empty());
        let id = id.ok_or_else(|| fields.error("a rule has no 'id'".to_owned()))?.text;
        if self.content.drafts.iter().any(|draft| draft.id == id) {
            return Err(fields.error(format!("there is already a rule '{id}'")));
        }
        let group = fields.count("secretGroup")?;
        let mut draft = Draft {
            file: self.document.name().to_owned(),
            line: fields.line(),
            description: fields.text("description")?.map(|text| text.text),
            regex: fields.text("regex")?,
            path: fields.text("path")?,
            group: fields.count("valueGroup")?.or(group),
            entropy: fields.number("entropy")?,
            keywords: fields.texts("keywords")?.into_iter().map(|word| word.text).collect(),
            confidence: self.confidence(&mut fields)?,
            is_helper: fields.flag("skipReport")?,
            ..Draft::default()
        };
        if self.content.format == Format::Gitleaks && id.starts_with("generic") {
            draft.filters.push(Arc::new(Filter::NoDigit));
        }
        for key in ["allowlist", "allowlists"] {
            for list in fields.tables(key)? {
                draft.filters.extend(self.allowlist(list, Some(&id))?.map(|(filter, _)| filter));
            }
        }
        if let Some(text) = fields.text("filter")? {
            draft.filters.extend(self.program(Some(&id), "filter", &text));
        }
        if fields.flag("tokenEfficiency")? {
            let text = "failsTokenEfficiency(finding.secret)".to_owned();
            draft.filters.extend(self.program(Some(&id), "tokenEfficiency", &Placed { text, line: draft.line }));
        }
        for key in ["components", "required"] {
            for partner in fields.tables(key)? {
                draft.partners.extend(self.partner(partner, &id)?);
            }
        }
        self.rest(fields, Some(&id));
        draft.id = id;
        self.content.drafts.push(draft);
        Ok(())
    }

    fn confidence(&mut self, fields: &mut Fields<'_>) -> Result<Option<Confidence>, DetectorError> {
        let Some(text) = fields.text("confidence")? else { return Ok(None) };
        match text.text.as_str() {
            "high" => Ok(Some(Confidence::High)),
            "medium" => Ok(Some(Confidence::Medium)),
            "low" => Ok(Some(Confidence::Low)),
            other => Err(fields.error(format!("'confidence' is '{other}'; expected high, medium or low"))),
        }
    }

    fn partner(&mut self, mut fields: Fields<'_>, rule: &str) -> Result<Option<Partner>, DetectorError> {
        let id = fields.text("id")?.ok_or_else(|| fields.error("it names no rule: 'id' is missing".to_owned()))?;
        let (mut lines, mut columns) = (fields.count("withinLines")?, fields.count("withinColumns")?);
        if let Some(text) = fields.text("within")? {
            let expected = || fields.error(format!("'within' is '{}'; expected such as 5L or 5L,100C", text.text));
            (lines, columns) = within(&text.text).ok_or_else(expected)?;
        }
        let is_optional = fields.flag("optional")?;
        self.rest(fields, Some(rule));
        Ok((!is_optional).then_some(Partner { id: id.text, lines, columns }))
    }

    fn global(&mut self, mut fields: Fields<'_>) -> Result<(), DetectorError> {
        let targets = fields.texts("targetRules")?.into_iter().map(|id| id.text).collect();
        let file = self.document.name().to_owned();
        if let Some((filter, _)) = self.allowlist(fields, None)? {
            self.content.globals.push(Global { filter, targets, file });
        }
        Ok(())
    }

    /// An allowlist, and the line at which it begins; `None`, and said, when it has an expression that is none.
    fn allowlist(
        &mut self,
        mut fields: Fields<'_>,
        rule: Option<&str>,
    ) -> Result<Option<(Arc<Filter>, usize)>, DetectorError> {
        let line = fields.line();
        let needs_all = match fields.text("condition")?.map(|text| text.text.to_ascii_uppercase()).as_deref() {
            None | Some("OR" | "||" | "") => false,
            Some("AND" | "&&") => true,
            Some(other) => return Err(fields.error(format!("'condition' is '{other}'; expected AND or OR"))),
        };
        let target = match fields.text("regexTarget")?.as_ref().map(|text| text.text.as_str()) {
            None | Some("secret" | "") => Target::Secret,
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            Some(other) => {
                return Err(fields.error(format!("'regexTarget' is '{other}'; expected secret, match or line")));
            }
        };
        let commits: Vec<String> = fields.texts("commits")?.into_iter().map(|text| text.text).collect();
        let words = fields.texts("stopwords")?;
        let (paths, regexes) = (fields.texts("paths")?, fields.texts("regexes")?);
        if commits.is_empty() && words.is_empty() && paths.is_empty() && regexes.is_empty() {
            let message = "an allowlist allows nothing; expected commits, paths, regexes or stopwords";
            return Err(fields.error(message.to_owned()));
        }
        if needs_all && !commits.is_empty() && !(words.is_empty() && paths.is_empty() && regexes.is_empty()) {
            let meaning =
                "allows nothing: 'commits' cannot be asked together with others, since commits are known later";
            self.unsupported(rule, "allowlist", line, Effect::Partly, meaning);
        }
        self.rest_of_list(fields, rule);
        let (Some(paths), Some(regexes)) =
            (self.expressions(rule, "paths", &paths), self.expressions(rule, "regexes", &regexes))
        else {
            return Ok(None);
        };
        let mut builder = AhoCorasick::builder();
        let stopwords = builder.ascii_case_insensitive(true).build(words.iter().map(|word| &word.text)).ok();
        let stopwords = stopwords.filter(|_| !words.is_empty());
        let list = Allowlist { needs_all, commits, paths, regexes, target, stopwords };
        Ok(Some((Arc::new(Filter::Allowlist(list)), line)))
    }

    fn rest_of_list(&mut self, mut fields: Fields<'_>, rule: Option<&str>) {
        // Whose it is was asked where it counts.
        if rule.is_none() {
            fields.has("targetRules");
        }
        self.rest(fields, rule);
    }

    /// Expressions of which one must match; none for an empty list. `None`, and said, when one of them is none.
    fn expressions(&mut self, rule: Option<&str>, key: &str, texts: &[Placed]) -> Option<Option<Expressions>> {
        let go: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        match Expressions::new(&go) {
            Ok(list) => Some((!texts.is_empty()).then_some(list)),
            Err((place, message)) => {
                let line = texts.get(place).map_or(0, |text| text.line);
                let meaning =
                    format!("has an expression that cannot be read ({message}): its allowlist allows nothing");
                self.unsupported(rule, key, line, Effect::Partly, meaning);
                None
            }
        }
    }

    fn program(&mut self, rule: Option<&str>, key: &str, text: &Placed) -> Option<Arc<Filter>> {
        let program = Program::parse(&text.text);
        let program = program.map_err(|message| {
            let meaning = format!("is not understood ({message}): it leaves nothing out");
            self.unsupported(rule, key, text.line, Effect::Partly, meaning);
        });
        let program = program.ok()?;
        for name in &program.unknown {
            let meaning = match name.as_str() {
                "tokenRatio" | "failsTokenEfficiency" => {
                    "is answered only for plain words, for want of its vocabulary: it leaves out less"
                }
                _ => "is not known here: what only it would leave out is reported",
            };
            self.unsupported(rule, name, text.line, Effect::Partly, meaning);
        }
        Some(Arc::new(Filter::Program(program)))
    }
}
