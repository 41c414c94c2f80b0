//! A TOML file of others, read key by key with the place of each. Knows no key and judges nothing.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::DetectorError;

/// A file and its lines, for messages.
pub(super) struct Document<'a> {
    name: &'a str,
    text: &'a str,
    lines: Vec<usize>,
}

/// A text of a file and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The keys of one table. What nobody asks for is left over, and told.
pub(super) struct Fields<'a> {
    document: &'a Document<'a>,
    table: &'a DeTable<'a>,
    start: usize,
    asked: Vec<&'static str>,
}

impl<'a> Document<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(place, _)| place + 1);
        Self { name, text, lines: std::iter::once(0).chain(ends).collect() }
    }

    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// The whole file as a table.
    pub(super) fn parse(&self) -> Result<DeTable<'a>, DetectorError> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            self.error(start, error.message().to_owned())
        })
    }

    /// The keys of a table that begins at a byte.
    pub(super) fn fields(&'a self, table: &'a DeTable<'a>, start: usize) -> Fields<'a> {
        Fields { document: self, table, start, asked: Vec::new() }
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    pub(super) fn error(&self, offset: usize, message: String) -> DetectorError {
        let line = self.line(offset);
        let start = self.lines.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        DetectorError { file: self.name.to_owned(), line, column, message }
    }
}

impl<'a> Fields<'a> {
    /// The line at which the table begins.
    pub(super) fn line(&self) -> usize {
        self.document.line(self.start)
    }

    /// That something is wrong with the table as a whole.
    pub(super) fn error(&self, message: String) -> DetectorError {
        self.document.error(self.start, message)
    }

    /// The value of a key, whatever the case of its letters: gitleaks reads keys so.
    fn get(&mut self, key: &'static str) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        self.asked.push(key);
        let (_, value) = self.table.iter().find(|(name, _)| name.get_ref().eq_ignore_ascii_case(key))?;
        Some((value.get_ref(), value.span()))
    }

    fn wrong(&self, key: &str, expected: &str, value: &DeValue<'_>, span: &Range<usize>) -> DetectorError {
        let message = format!("'{key}' is a {}; expected {expected}", value.type_str());
        self.document.error(span.start, message)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<Placed>, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(key, "a string", value, &span))?;
        Ok(Some(Placed { text: text.to_owned(), line: self.document.line(span.start) }))
    }

    /// A list of texts; one text alone is a list of one.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<Placed>, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(Vec::new()) };
        let placed = |text: &str, start: usize| Placed { text: text.to_owned(), line: self.document.line(start) };
        if let Some(text) = value.as_str() {
            return Ok(vec![placed(text, span.start)]);
        }
        let list = value.as_array().ok_or_else(|| self.wrong(key, "a list of strings", value, &span))?;
        let mut texts = Vec::new();
        for one in list.iter() {
            let text = one.get_ref().as_str();
            let text = text.ok_or_else(|| self.wrong(key, "a list of strings", one.get_ref(), &one.span()))?;
            texts.push(placed(text, one.span().start));
        }
        Ok(texts)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Result<bool, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong(key, "true or false", value, &span))
    }

    pub(super) fn number(&mut self, key: &'static str) -> Result<Option<f64>, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(None) };
        let text = match value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return Err(self.wrong(key, "a number", value, &span)),
        };
        let number = text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(key, "a number", value, &span))
    }

    /// A whole number that is not negative.
    pub(super) fn count(&mut self, key: &'static str) -> Result<Option<usize>, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(None) };
        let count = match value {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        count.map(Some).ok_or_else(|| self.wrong(key, "a whole number of at least 0", value, &span))
    }

    /// The tables of a key: a list of them, or one alone.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Fields<'a>>, DetectorError> {
        let Some((value, span)) = self.get(key) else { return Ok(Vec::new()) };
        if let Some(table) = value.as_table() {
            return Ok(vec![self.document.fields(table, span.start)]);
        }
        let list = value.as_array().ok_or_else(|| self.wrong(key, "a table", value, &span))?;
        let mut tables = Vec::new();
        for one in list.iter() {
            let table = one.get_ref().as_table();
            let table = table.ok_or_else(|| self.wrong(key, "a table", one.get_ref(), &one.span()))?;
            tables.push(self.document.fields(table, one.span().start));
        }
        Ok(tables)
    }

    /// Whether there is such a key; it counts as asked for.
    pub(super) fn has(&mut self, key: &'static str) -> Option<usize> {
        self.get(key).map(|(_, span)| self.document.line(span.start))
    }

    /// Whether one of these keys is there, without asking for it.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        self.table.keys().any(|name| keys.contains(&name.get_ref().as_ref()))
    }

    /// The keys that nobody asked for, each with its line.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, usize)> {
        let asked = self.asked;
        let left = self
            .table
            .iter()
            .filter(move |(name, _)| !asked.iter().any(|known| name.get_ref().eq_ignore_ascii_case(known)));
        left.map(|(name, _)| (name.get_ref().to_string(), self.document.line(name.span().start)))
    }
}
