//! Texts with holes: `{it.name} of {identity.name}`, checked against the field list when the rule loads.

use std::borrow::Cow;

use super::fields::Type;
use super::schema::{Params, Schema};
use super::view::{Field, View};
use crate::model::{shell_word, show_age};

/// A text with holes.
#[derive(Clone, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field { variable: String, name: String, ty: Type, is_word: bool },
}

impl Template {
    /// Reads a template. Parameters are filled in at once.
    ///
    /// # Errors
    /// The byte offset and what is wrong there.
    pub(super) fn parse(text: &str, schema: Schema, params: &Params) -> Result<Self, (usize, String)> {
        let mut parts = Vec::new();
        let mut rest = text.trim();
        let mut offset = text.len() - text.trim_start().len();
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or((offset + open, "this '{' is never closed".to_owned()))? + open;
            parts.push(Part::Text(rest[..open].to_owned()));
            let hole = &rest[open + 1..close];
            parts.push(hole_part(hole, schema, params).map_err(|message| (offset + open + 1, message))?);
            offset += close + 1;
            rest = &rest[close + 1..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The same, with what stands in a command as one word of a shell: in a code span, or behind an option.
    pub(super) fn of_commands(mut self) -> Self {
        let mut in_code = false;
        let mut behind_option = false;
        for part in &mut self.parts {
            match part {
                Part::Text(text) => {
                    in_code ^= text.matches('`').count() % 2 == 1;
                    let last = text.strip_suffix(' ').and_then(|text| text.rsplit(' ').next());
                    behind_option = last.is_some_and(|word| word.starts_with("--"));
                }
                Part::Field { is_word, .. } => *is_word = in_code || behind_option,
            }
        }
        self
    }

    /// The text for one subject.
    pub(super) fn fill(&self, view: &View<'_>) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => Cow::Borrowed(text.as_str()),
            Part::Field { variable, name, ty, is_word: false } => show(&view.field(variable, name), *ty).into(),
            Part::Field { variable, name, ty, is_word: true } => {
                shell_word(&show(&view.field(variable, name), *ty)).into()
            }
        });
        let mut text: String = parts.collect();
        // Kept for each of maybe hundreds of thousands of findings.
        text.shrink_to_fit();
        text
    }

    /// The text with the names of its holes, for documentation.
    pub(super) fn general(&self) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Field { variable, name, .. } => {
                let of = if variable == "it" { String::new() } else { format!("{variable} ") };
                format!("<{of}{}>", name.replace('_', " "))
            }
        });
        parts.collect()
    }
}

fn hole_part(hole: &str, schema: Schema, params: &Params) -> Result<Part, String> {
    let Some((variable, name)) = hole.split_once('.') else {
        return match params.get(hole) {
            Some(value) => Ok(Part::Text(value.to_string())),
            None => Err(format!("'{{{hole}}}' is neither a parameter nor a field such as {{it.name}}")),
        };
    };
    let kind = schema.variable(variable).ok_or_else(|| format!("there is no '{variable}' here"))?;
    let field = Schema::field(kind, name)?;
    Ok(Part::Field { variable: variable.to_owned(), name: name.to_owned(), ty: field.ty, is_word: false })
}

fn show(field: &Field, ty: Type) -> String {
    match (field, ty) {
        (Field::Int(seconds), Type::Duration) => show_age(*seconds),
        (Field::Int(number), _) => number.to_string(),
        (Field::Bool(value), _) => if *value { "yes" } else { "no" }.to_owned(),
        (Field::Text(text), _) => text.clone(),
        (Field::Texts(texts), _) => texts.join(", "),
        (Field::Labels(labels), _) => {
            let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            pairs.join(", ")
        }
        (Field::Null, _) => "none".to_owned(),
        (Field::Unknown(_), _) => "unknown".to_owned(),
    }
}
