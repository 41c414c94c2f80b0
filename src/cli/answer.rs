//! An answer to a question about the graph: sections of lines for a reader, the same with its raw parts as JSON. Knows
//! nothing of what was asked.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Failure;
use super::output::to_stdout;
use crate::report::{clean, pretty_json};

/// What is told.
pub(super) struct Answer {
    /// What it is about, in a line.
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
    /// The parts that a program wants, by name.
    pub(super) data: Value,
}

/// Lines that belong together.
pub(super) struct Section {
    title: String,
    lines: Vec<(usize, String)>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// Adds a line at a depth of the section's tree.
    pub(super) fn line(&mut self, depth: usize, text: impl Into<String>) {
        self.lines.push((depth, text.into()));
    }

    /// Adds a name with what belongs to it, in columns.
    pub(super) fn fact(&mut self, name: &str, value: impl std::fmt::Display) {
        self.line(0, format!("{name:<13} {value}"));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl Answer {
    pub(super) fn new(title: impl Into<String>, data: Value) -> Self {
        Self { title: title.into(), sections: Vec::new(), data }
    }

    /// Adds a section that has something to say.
    pub(super) fn add(&mut self, section: Section) {
        if !section.is_empty() {
            self.sections.push(section);
        }
    }

    /// Writes it to standard output.
    pub(super) fn write(&self, as_json: bool) -> Result<(), Failure> {
        to_stdout(|out| if as_json { pretty_json(&self.document(), out) } else { self.text(out) })
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", clean(&self.title))?;
        for section in &self.sections {
            writeln!(out, "\n{}", clean(&section.title))?;
            for (depth, line) in &section.lines {
                writeln!(out, "  {:indent$}{}", "", clean(line), indent = depth * 2)?;
            }
        }
        Ok(())
    }

    fn document(&self) -> Value {
        let lines = |section: &Section| {
            let lines = section.lines.iter().map(|(depth, text)| json!({"depth": depth, "text": text}));
            lines.collect::<Vec<_>>()
        };
        let sections: Vec<Value> =
            self.sections.iter().map(|one| json!({"title": one.title, "lines": lines(one)})).collect();
        json!({"schema": "nonhuman/answer/v1", "title": self.title, "sections": sections, "data": self.data})
    }
}
