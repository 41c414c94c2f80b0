//! Takes what it can use out of any JSON or YAML value and passes over the rest without building it.
//! It never fails because a value has another type than expected: only broken syntax is an error.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that is made from a scalar, a mapping or a sequence, and is empty for every form that it does not know.
///
/// Dumps hold custom resources whose `spec`, `type` or `rules` mean something else than in the kinds we read; a strict
/// type would lose the whole file to one of them.
pub(super) trait Shape: Default {
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

/// Deserialises a [`Shape`].
pub(super) struct Take<S>(pub(super) S);

impl<'de, S: Shape> Deserialize<'de> for Take<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Taker(PhantomData)).map(Take)
    }
}

struct Taker<S>(PhantomData<S>);

impl<'de, S: Shape> Visitor<'de> for Taker<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON or YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<S, E> {
        Ok(S::text(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<S, E> {
        Ok(S::text(&value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<S, E> {
        Ok(S::text(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<S, E> {
        Ok(S::text(&value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<S, E> {
        Ok(S::text(value))
    }

    fn visit_bytes<E>(self, _value: &[u8]) -> Result<S, E> {
        Ok(S::default())
    }

    fn visit_none<E>(self) -> Result<S, E> {
        Ok(S::default())
    }

    fn visit_unit<E>(self) -> Result<S, E> {
        Ok(S::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<S, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<S, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S, A::Error> {
        S::map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<S, A::Error> {
        S::sequence(sequence)
    }
}

/// The next key of a mapping; a key that is no scalar is empty.
pub(super) fn next_key<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_key::<Take<String>>()?.map(|key| key.0))
}

/// The value of the current key.
pub(super) fn value<'de, A: MapAccess<'de>, S: Shape>(map: &mut A) -> Result<S, A::Error> {
    Ok(map.next_value::<Take<S>>()?.0)
}

/// Passes over the value of the current key without keeping it.
pub(super) fn pass<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

impl Shape for String {
    fn text(text: &str) -> Self {
        text.to_owned()
    }
}

impl Shape for bool {
    fn text(text: &str) -> Self {
        text == "true"
    }
}

/// A sequence of things.
#[derive(Default)]
pub(super) struct Many<T>(pub(super) Vec<T>);

impl<T: Shape> Shape for Many<T> {
    fn sequence<'de, A: SeqAccess<'de>>(mut sequence: A) -> Result<Self, A::Error> {
        let mut many = Vec::new();
        while let Some(Take(one)) = sequence.next_element()? {
            many.push(one);
        }
        Ok(Self(many))
    }
}

/// `kubectl apply` keeps a copy of the whole object in this annotation, a Secret's value included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Longer values are documents, not facts about an object.
const LONGEST_LABEL: usize = 2048;

/// Labels or annotations, without the ones that hold documents.
#[derive(Default)]
pub(super) struct Labels(pub(super) BTreeMap<String, String>);

impl Shape for Labels {
    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut labels = BTreeMap::new();
        while let Some(key) = next_key(&mut map)? {
            if key == LAST_APPLIED {
                pass(&mut map)?;
                continue;
            }
            let text: String = value(&mut map)?;
            if text.len() <= LONGEST_LABEL {
                labels.insert(key, text);
            }
        }
        Ok(Self(labels))
    }
}
