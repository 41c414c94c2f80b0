//! What rules read of one subject, looked up when it is first asked for, and bound to their variables. Judges nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::Context;
use cel::objects::{Key, Value};

use super::fields::{self, fields, relations};
use super::plain::Facts;
use super::schema::{Param, Params};
use super::view::{Field, Noun, View};
use crate::model::{Known, SubjectKind};

/// What a rule reads of a subject and of what belongs to it.
pub(super) struct Reads {
    /// Of the subject itself, by their place among its fields.
    own: Vec<usize>,
    /// Of what belongs to it, by variable.
    related: Vec<(&'static str, Vec<&'static fields::Field>)>,
    is_of_own: bool,
}

impl Reads {
    /// Of what an expression touches; a variable that it names alone has an empty field.
    pub(super) fn of<'t>(subject: SubjectKind, touched: impl Iterator<Item = &'t (String, String)> + Clone) -> Self {
        let named = |name: &'static str| touched.clone().filter(move |(variable, _)| variable == name);
        let found = |name: &'static str, kind: SubjectKind| {
            let number = |field: &str| fields(kind).iter().position(|known| known.name == field);
            named(name).filter_map(|(_, field)| number(field)).collect::<Vec<usize>>()
        };
        let related = relations(subject).iter().filter(|(name, _)| named(name).next().is_some());
        let related = related.map(|(name, kind)| {
            let numbers = found(name, *kind);
            (*name, numbers.into_iter().map(|number| &fields(*kind)[number]).collect())
        });
        Self { own: found("it", subject), related: related.collect(), is_of_own: named("it").next().is_some() }
    }
}

/// The fields of one subject as they are asked for: most rules are ruled out by one of them.
pub(super) struct Subject<'v, 'a> {
    view: &'v View<'a>,
    noun: Option<Noun<'a>>,
    fields: &'static [fields::Field],
    /// By their places: the value, or why it is not known.
    known: Vec<Option<Result<Value, String>>>,
}

impl<'v, 'a> Subject<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>, kind: SubjectKind) -> Self {
        let fields = fields(kind);
        let mut known = Vec::with_capacity(fields.len());
        known.resize_with(fields.len(), || None);
        Self { view, noun: view.noun("it").value().copied(), fields, known }
    }

    fn look_up(&mut self, number: usize) -> Option<&Result<Value, String>> {
        let (field, known) = (self.fields.get(number)?, self.known.get_mut(number)?);
        let (view, noun) = (self.view, self.noun);
        Some(known.get_or_insert_with(|| value_of(view.of("it", noun, field))))
    }

    /// Binds the variables that rules read. Fields that are unknown are left out, so that reading one is an error
    /// that CEL carries through `&&` and `||` exactly as a third truth value; the result is why each is unknown.
    pub(super) fn bind(&mut self, context: &mut Context<'_, '_>, reads: &[&Reads]) -> BTreeMap<String, String> {
        let mut unknown = BTreeMap::new();
        if reads.iter().any(|reads| reads.is_of_own) {
            let mut numbers: Vec<usize> = reads.iter().flat_map(|reads| &reads.own).copied().collect();
            numbers.sort_unstable();
            numbers.dedup();
            let mut object = HashMap::with_capacity(numbers.len());
            for number in numbers {
                let Some(name) = self.fields.get(number).map(|field| field.name) else { continue };
                match self.look_up(number) {
                    Some(Ok(value)) => drop(object.insert(Key::from(name), value.clone())),
                    Some(Err(why)) => drop(unknown.insert(name.to_owned(), why.clone())),
                    None => {}
                }
            }
            context.add_variable_from_value("it", object);
        }
        let mut related: BTreeMap<&'static str, Vec<&'static fields::Field>> = BTreeMap::new();
        for (variable, fields) in reads.iter().flat_map(|reads| &reads.related) {
            related.entry(variable).or_default().extend(fields);
        }
        for (variable, fields) in related {
            match self.view.related(variable) {
                Known::Value(noun) => {
                    let mut object = HashMap::with_capacity(fields.len());
                    for field in fields {
                        match value_of(self.view.of(variable, noun, field)) {
                            Ok(value) => drop(object.insert(Key::from(field.name), value)),
                            Err(why) => drop(unknown.insert(field.name.to_owned(), why)),
                        }
                    }
                    context.add_variable_from_value(variable, object);
                }
                Known::Absent => context.add_variable_from_value(variable, Value::Null),
                Known::Unknown(why) => drop(unknown.insert(variable.to_owned(), why)),
            }
        }
        unknown
    }
}

impl Facts for Subject<'_, '_> {
    fn fact(&mut self, number: usize) -> Option<&Value> {
        self.look_up(number)?.as_ref().ok()
    }
}

/// The parameters of a rule as an object.
pub(super) fn params(params: &Params) -> Value {
    let object: HashMap<Key, Value> = params
        .iter()
        .map(|(name, param)| {
            let value = match param {
                Param::Bool(value) => Value::Bool(*value),
                Param::Int(value) => Value::Int(*value),
                Param::Text(text) => Value::from(text.as_str()),
                Param::Texts(texts) => Value::from(texts.clone()),
            };
            (Key::from(name.as_str()), value)
        })
        .collect();
    Value::from(object)
}

/// The value of a field, or why it is not known.
fn value_of(field: Field) -> Result<Value, String> {
    Ok(match field {
        Field::Unknown(why) => return Err(why),
        Field::Null => Value::Null,
        Field::Bool(value) => Value::Bool(value),
        Field::Int(number) => Value::Int(number),
        Field::Text(text) => Value::String(Arc::new(text)),
        Field::Texts(texts) => Value::from(texts),
        Field::Labels(labels) => Value::from(labels.into_iter().collect::<HashMap<_, _>>()),
    })
}
