//! Takes what it can use out of any JSON or YAML value and passes over the rest without building it.
//! It never fails because a value has another type than expected: that is noted, and only broken syntax is an error.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that is made from a scalar, a mapping or a sequence, and is empty for every form that it does not know.
///
/// Dumps hold custom resources whose `spec`, `type` or `rules` mean something else than in the kinds we read; a strict
/// type would lose the whole file to one of them.
pub(super) trait Shape: Default {
    /// What it is made from; any other form but `null` is noted as wrong.
    const FORM: Form;

    /// Takes the notes on what is wrong inside of it.
    fn wrong(&mut self) -> Wrong {
        Wrong::default()
    }

    /// From a string, number or boolean.
    fn text(_text: &str) -> Self {
        Self::default()
    }

    /// From a mapping.
    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// From a sequence.
    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// The forms of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Mapping,
    List,
}

impl Form {
    fn expected(self) -> &'static str {
        match self {
            Form::Text => "a text",
            Form::Mapping => "a mapping",
            Form::List => "a list",
        }
    }
}

/// How many notes one value keeps: a list of a million wrong items is told by its first.
const MOST_WRONG: usize = 4;

/// Which fields have another form than they should: their paths, which are names of ours and positions, never the
/// file's own text.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrong(Vec<(String, &'static str)>);

impl Wrong {
    /// Notes a field.
    pub(super) fn add(&mut self, path: &str, expected: &'static str) {
        if self.0.len() < MOST_WRONG {
            self.0.push((path.to_owned(), expected));
        }
    }

    /// Notes what is wrong inside a field.
    pub(super) fn nested(&mut self, path: &str, inner: Self) {
        for (field, expected) in inner.0 {
            let dot = if path.is_empty() || field.is_empty() || field.starts_with('[') { "" } else { "." };
            self.add(&format!("{path}{dot}{field}"), expected);
        }
    }

    /// The fields and what was expected of each.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.0.iter().map(|(path, expected)| (path.as_str(), *expected))
    }

    /// Whether a field is noted.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.iter().any(|(field, _)| field == path)
    }
}

/// Deserialises a [`Shape`], and says whether the value has its form.
pub(super) struct Take<S>(pub(super) S, pub(super) bool);

impl<'de, S: Shape> Deserialize<'de> for Take<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Taker(PhantomData)).map(|(value, fits)| Take(value, fits))
    }
}

struct Taker<S>(PhantomData<S>);

impl<'de, S: Shape> Visitor<'de> for Taker<S> {
    type Value = (S, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON or YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok((S::text(if value { "true" } else { "false" }), S::FORM == Form::Text))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok((S::text(&value.to_string()), S::FORM == Form::Text))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok((S::text(&value.to_string()), S::FORM == Form::Text))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok((S::text(&value.to_string()), S::FORM == Form::Text))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok((S::text(value), S::FORM == Form::Text))
    }

    fn visit_bytes<E>(self, _value: &[u8]) -> Result<Self::Value, E> {
        Ok((S::default(), false))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok((S::default(), true))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((S::default(), true))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok((S::map(map)?, S::FORM == Form::Mapping))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        Ok((S::sequence(sequence)?, S::FORM == Form::List))
    }
}

/// The next key of a mapping; a key that is no scalar is empty.
pub(super) fn next_key<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_key::<Take<String>>()?.map(|key| key.0))
}

/// The value of the current key, which is called `name`; notes what is wrong with it.
pub(super) fn value<'de, A: MapAccess<'de>, S: Shape>(
    map: &mut A,
    name: &str,
    wrong: &mut Wrong,
) -> Result<S, A::Error> {
    let Take(mut value, fits) = map.next_value::<Take<S>>()?;
    match fits {
        true => wrong.nested(name, value.wrong()),
        false => wrong.add(name, S::FORM.expected()),
    }
    Ok(value)
}

/// Passes over the value of the current key without keeping it.
pub(super) fn pass<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

impl Shape for String {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        text.to_owned()
    }
}

impl Shape for bool {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        text == "true"
    }
}

/// A sequence of things. Those of another form are left out and noted.
#[derive(Clone, Default)]
pub(super) struct Many<T>(pub(super) Vec<T>, Wrong);

impl<T: Shape> Shape for Many<T> {
    const FORM: Form = Form::List;

    fn wrong(&mut self) -> Wrong {
        std::mem::take(&mut self.1)
    }

    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut many = Self(Vec::new(), Wrong::default());
        let mut position = 0_u64;
        while let Some(Take(mut one, fits)) = sequence.next_element::<Take<T>>()? {
            position += 1;
            let path = || format!("[{position}]");
            if fits {
                many.1.nested(&path(), one.wrong());
                many.0.push(one);
            } else {
                many.1.add(&path(), T::FORM.expected());
            }
        }
        Ok(many)
    }
}

/// `kubectl apply` keeps a copy of the whole object in this annotation, a Secret's value included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Longer values are documents, not facts about an object.
const LONGEST_LABEL: usize = 2048;

/// Labels or annotations, without the ones that hold documents; and whether such a document has a Secret's values.
#[derive(Clone, Default)]
pub(super) struct Labels(pub(super) BTreeMap<String, String>, Wrong, pub(super) bool);

impl Shape for Labels {
    const FORM: Form = Form::Mapping;

    fn wrong(&mut self) -> Wrong {
        std::mem::take(&mut self.1)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut labels = Self(BTreeMap::new(), Wrong::default(), false);
        while let Some(key) = next_key(&mut map)? {
            if key == LAST_APPLIED {
                labels.2 |= map.next_value::<Take<HasValues>>()?.0.0;
                continue;
            }
            let Take(text, fits) = map.next_value::<Take<String>>()?;
            if !fits && labels.1.fields().next().is_none() {
                // Its name is the file's own text.
                labels.1.add("", "texts only");
            }
            if text.len() <= LONGEST_LABEL {
                labels.0.insert(key, text);
            }
        }
        Ok(labels)
    }
}

/// Whether a copy of an object has entries under `data` or `stringData`.
#[derive(Default)]
struct HasValues(bool);

impl Shape for HasValues {
    const FORM: Form = Form::Text;

    fn text(text: &str) -> Self {
        let filled = |field: &str| {
            let rest = text.split_once(field).map_or("", |(_, rest)| rest.trim_start());
            rest.strip_prefix(':').is_some_and(|rest| {
                let rest = rest.trim_start();
                rest.starts_with('{') && !rest.get(1..).unwrap_or_default().trim_start().starts_with('}')
            })
        };
        Self(filled("\"data\"") || filled("\"stringData\""))
    }
}
