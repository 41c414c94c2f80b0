//! The attributes of one noun: values by the names of `attribute.rs`. Knows no name by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Known;
use super::attribute::AttributeName;

/// Tags, labels and annotations by name. Most have a few, of which a list takes a fifth of the room of a tree.
pub type Labels = LiteMap<String, String>;

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Yes or no; not set means no.
    Bool,
    /// A whole number.
    Int,
    /// A point in time; rules read it as the time since then.
    Time,
    /// Any text.
    Text,
    /// Several texts; not set means none.
    Texts,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A point in time.
    Time(Timestamp),
    /// Any text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

macro_rules! from {
    ($($of:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$of> for AttributeValue { fn from(value: $of) -> Self { Self::$variant(value.into()) } })+
    };
}
from!(bool => Bool, i64 => Int, Timestamp => Time, &str => Text, String => Text, Vec<String> => Texts);

impl AttributeValue {
    fn ty(&self) -> AttributeType {
        match self {
            Self::Bool(_) => AttributeType::Bool,
            Self::Int(_) => AttributeType::Int,
            Self::Time(_) => AttributeType::Time,
            Self::Text(_) => AttributeType::Text,
            Self::Texts(_) => AttributeType::Texts,
        }
    }

    /// Reads a value of a type out of a record.
    fn read(value: Value, ty: AttributeType) -> Option<Self> {
        match (value, ty) {
            (Value::Bool(value), AttributeType::Bool) => Some(Self::Bool(value)),
            (Value::Number(number), AttributeType::Int) => number.as_i64().map(Self::Int),
            (Value::String(text), AttributeType::Time) => text.parse().ok().map(Self::Time),
            (Value::String(text), AttributeType::Text) => Some(Self::Text(text)),
            (list @ Value::Array(_), AttributeType::Texts) => serde_json::from_value(list).ok().map(Self::Texts),
            _ => None,
        }
    }
}

/// The attributes of one noun.
///
/// INVARIANT: each value has the type of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attributes(LiteMap<AttributeName, Known<AttributeValue>>);

impl Attributes {
    /// Sets an attribute. A value of another type than its name's becomes *unknown*, so that no rule judges by it.
    pub fn set(&mut self, name: AttributeName, value: impl Into<AttributeValue>) {
        let value = value.into();
        let known = if value.ty() == name.ty() {
            Known::Value(value)
        } else {
            Known::unknown(format!("{name} was given with the wrong type"))
        };
        self.0.insert(name, known);
    }

    /// Takes an attribute away.
    pub fn remove(&mut self, name: AttributeName) {
        self.0.remove(&name);
    }

    /// Sets an attribute that may be absent or could not be read.
    pub fn set_known<T: Into<AttributeValue>>(&mut self, name: AttributeName, value: Known<T>) {
        match value {
            Known::Value(value) => self.set(name, value),
            Known::Unknown(why) => {
                self.0.insert(name, Known::Unknown(why));
            }
            Known::Absent => {}
        }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, name: AttributeName, value: impl Into<AttributeValue>) -> Self {
        self.set(name, value);
        self
    }

    /// An attribute; absent when nobody set it.
    pub fn get(&self, name: AttributeName) -> Known<&AttributeValue> {
        match self.0.get(&name) {
            Some(Known::Value(value)) => Known::Value(value),
            Some(Known::Unknown(why)) => Known::Unknown(why.clone()),
            Some(Known::Absent) | None => Known::Absent,
        }
    }

    /// Whether a yes-or-no attribute is known to be yes.
    pub fn is(&self, name: AttributeName) -> bool {
        matches!(self.get(name), Known::Value(AttributeValue::Bool(true)))
    }

    /// The number of an attribute.
    pub fn int(&self, name: AttributeName) -> Option<i64> {
        match self.get(name) {
            Known::Value(AttributeValue::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The text of an attribute.
    pub fn text(&self, name: AttributeName) -> Option<&str> {
        match self.get(name) {
            Known::Value(AttributeValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The texts of an attribute; empty when it is not set.
    pub fn texts(&self, name: AttributeName) -> &[String] {
        match self.get(name) {
            Known::Value(AttributeValue::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All by name.
    pub fn iter(&self) -> impl Iterator<Item = (AttributeName, &Known<AttributeValue>)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Every text in them, for a last look at what must not leave.
    pub fn each_text(&mut self, mut change: impl FnMut(&mut String)) {
        for (_, value) in self.0.iter_mut() {
            match value {
                Known::Value(AttributeValue::Text(text)) => change(text),
                Known::Value(AttributeValue::Texts(texts)) => texts.iter_mut().for_each(&mut change),
                _ => {}
            }
        }
    }

    /// Takes what another set has and this one does not know; of what is absent here only when `also_absent`.
    pub fn fill(&mut self, other: Self, also_absent: bool) {
        if self.is_empty() && also_absent {
            *self = other;
            return;
        }
        for (name, value) in other.0 {
            match self.0.get(&name) {
                Some(Known::Value(_)) => {}
                Some(Known::Unknown(_)) if matches!(value, Known::Value(_)) => {
                    self.0.insert(name, value);
                }
                None if also_absent => {
                    self.0.insert(name, value);
                }
                _ => {}
            }
        }
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<AttributeName, Known<Value>>::deserialize(deserializer)?;
        let mut attributes = Self(LiteMap::with_capacity(written.len()));
        for (name, value) in written {
            let value = match value {
                Known::Value(value) => match AttributeValue::read(value, name.ty()) {
                    Some(value) => Known::Value(value),
                    None => {
                        let expected = format!("attribute {name} must be of the type {:?}", name.ty());
                        return Err(serde::de::Error::custom(expected));
                    }
                },
                Known::Unknown(why) => Known::Unknown(why),
                Known::Absent => Known::Absent,
            };
            attributes.0.insert(name, value);
        }
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_the_wrong_type_is_not_known() {
        let attributes = Attributes::default().with(AttributeName::Human, "yes");
        assert!(attributes.get(AttributeName::Human).why_unknown().is_some());
        assert!(!attributes.is(AttributeName::Human));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut attributes = Attributes::default()
            .with(AttributeName::Human, true)
            .with(AttributeName::Form, "2026-11-22T00:00:00Z")
            .with(AttributeName::PasswordChanged, Timestamp::UNIX_EPOCH);
        let written = serde_json::to_string(&attributes).expect("it is plain");
        assert_eq!(
            written,
            r#"{"form":"2026-11-22T00:00:00Z","human":true,"password_changed":"1970-01-01T00:00:00Z"}"#
        );
        assert_eq!(serde_json::from_str::<Attributes>(&written).expect("it reads"), attributes);
        attributes.set_known(AttributeName::Form, Known::<&str>::unknown("refused"));
        let written = serde_json::to_string(&attributes).expect("it is plain");
        assert_eq!(serde_json::from_str::<Attributes>(&written).expect("it reads"), attributes);
    }

    #[test]
    fn a_record_with_another_type_is_refused() {
        let error = serde_json::from_str::<Attributes>(r#"{"human":"yes"}"#).expect_err("a text is no yes or no");
        assert!(error.to_string().contains("attribute human must be of the type Bool"), "{error}");
    }
}
