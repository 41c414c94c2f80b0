//! Every rule proves itself by the examples in its own file.

use std::collections::BTreeMap;

use super::bind::{Reads, Subject};
use super::evaluate::{Verdict, ask, empty_context};
use super::fields::{Type, relations};
use super::schema::{Schema, did_you_mean};
use super::view::{Field, View};
use super::{Rule, RuleSet};

/// A subject written in a rule file; everything that it does not say has its plainest value.
#[derive(Debug)]
pub(super) struct Example {
    schema: Schema,
    /// What it says: some thousand examples are held in every scan, and each names few of its many fields.
    fields: BTreeMap<(String, String), Field>,
    present: Vec<String>,
}

impl Example {
    /// Reads `{ it = {…}, identity = {…} }`.
    pub(super) fn parse(table: &toml::Table, schema: Schema) -> Result<Self, String> {
        let mut example = Self { schema, fields: BTreeMap::new(), present: vec!["it".to_owned()] };
        let variables: Vec<_> =
            std::iter::once("it").chain(relations(schema.subject).iter().map(|(name, _)| *name)).collect();
        for variable in &variables {
            if table.contains_key(*variable) && *variable != "it" {
                example.present.push((*variable).to_owned());
            }
        }
        for (variable, values) in table {
            let kind = schema.variable(variable).ok_or_else(|| {
                format!("an example has no '{variable}'{}", did_you_mean(variable, variables.iter().copied()))
            })?;
            let values = values.as_table().ok_or_else(|| format!("'{variable}' must be a table of fields"))?;
            for (name, value) in values {
                let field = Schema::field(kind, name)?;
                let read = read(value, field.ty).map_err(|expected| format!("{variable}.{name} must be {expected}"))?;
                example.fields.insert((variable.clone(), name.clone()), read);
            }
        }
        Ok(example)
    }

    /// What it says of a field, or that field's plainest value; nothing for a field that there is not.
    pub(super) fn field(&self, variable: &str, name: &str) -> Field {
        if let Some(said) = self.fields.get(&(variable.to_owned(), name.to_owned())) {
            return said.clone();
        }
        let kind = self.schema.variable(variable);
        let field = kind.and_then(|kind| Schema::field(kind, name).ok());
        field.map_or(Field::Null, |field| plainest(field.ty, field.nullable))
    }

    /// Whether it has the thing that a variable stands for.
    pub(super) fn has(&self, variable: &str) -> bool {
        self.present.iter().any(|name| name == variable)
    }
}

fn plainest(ty: Type, nullable: bool) -> Field {
    match ty {
        _ if nullable => Field::Null,
        Type::Bool => Field::Bool(false),
        Type::Int | Type::Duration => Field::Int(0),
        Type::Text | Type::Name(_) => Field::Text(String::new()),
        Type::Names(_) | Type::Texts => Field::Texts(Vec::new()),
        Type::Labels => Field::Labels(Default::default()),
    }
}

fn read(value: &toml::Value, ty: Type) -> Result<Field, String> {
    let texts =
        |list: &Vec<toml::Value>| list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    let field = match (value, ty) {
        (toml::Value::Boolean(value), Type::Bool) => Some(Field::Bool(*value)),
        (toml::Value::Integer(number), Type::Int) => Some(Field::Int(*number)),
        (toml::Value::String(text), Type::Duration) => duration(text).map(Field::Int),
        (toml::Value::String(text), Type::Text) => Some(Field::Text(text.clone())),
        (toml::Value::String(text), Type::Name(names)) => {
            names.contains(&text.as_str()).then(|| Field::Text(text.clone()))
        }
        (toml::Value::Array(list), Type::Names(_) | Type::Texts) => texts(list).map(Field::Texts),
        (toml::Value::Table(table), Type::Labels) => {
            let labels = table.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            labels.collect::<Option<_>>().map(Field::Labels)
        }
        _ => None,
    };
    field.ok_or_else(|| match ty {
        Type::Bool => "true or false".to_owned(),
        Type::Int => "a number".to_owned(),
        Type::Duration => "a span such as \"91d\" or \"2h\"".to_owned(),
        Type::Text => "a text".to_owned(),
        Type::Name(names) => format!("one of {}", names.join(", ")),
        Type::Names(_) | Type::Texts => "a list of texts".to_owned(),
        Type::Labels => "a table of texts".to_owned(),
    })
}

/// `91d` or `2h`, in seconds.
fn duration(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)
}

impl RuleSet {
    /// Proves every rule by its own examples; one message a failure, empty when all hold.
    pub fn self_test(&self) -> Vec<String> {
        self.rules().iter().flat_map(Rule::self_test).collect()
    }
}

impl Rule {
    /// How many examples it has.
    pub fn example_count(&self) -> usize {
        self.matches.len() + self.no_matches.len()
    }

    fn self_test(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if self.matches.is_empty() || self.no_matches.is_empty() {
            failures.push(format!("{} ({}): it needs a [[match]] and a [[no_match]]", self.id, self.file));
        }
        let (root, reads) = (empty_context(), Reads::of(self.subject, self.touched.iter()));
        for (examples, expected, word) in [(&self.matches, true, "match"), (&self.no_matches, false, "no_match")] {
            for (number, example) in examples.iter().enumerate() {
                let view = View::example(example);
                let mut context = root.new_inner_scope();
                let unknown = Subject::new(&view, self.subject).bind(&mut context, &[&reads]);
                let problem = match (ask(self, &context, &unknown), expected) {
                    (Verdict::Holds, true) | (Verdict::DoesNotHold, false) => continue,
                    (Verdict::Holds, false) => "the rule holds for it".to_owned(),
                    (Verdict::DoesNotHold, true) => "the rule does not hold for it".to_owned(),
                    (Verdict::Unknown(why), _) => why,
                };
                failures.push(format!("{} ({}): [[{word}]] {}: {problem}", self.id, self.file, number + 1));
            }
        }
        failures
    }
}
