//! The honest null: "there is none" is not "we could not look".

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fact that was read, is known to be absent, or could not be read.
///
/// Written as the plain value, `null`, or `{"unknown": "why"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known<T> {
    /// It was not possible to look; the text says why.
    Unknown(String),
    /// It was looked for and there is none.
    #[default]
    Absent,
    /// It was read.
    Value(T),
}

impl<T> Known<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Known::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Why it is not known, if it is not.
    pub fn why_unknown(&self) -> Option<&str> {
        match self {
            Known::Unknown(why) => Some(why),
            _ => None,
        }
    }

    /// Shorthand for a fact that could not be read.
    pub fn unknown(why: impl Into<String>) -> Self {
        Known::Unknown(why.into())
    }

    /// Changes the value and keeps absence and ignorance as they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Known::Value(value) => Known::Value(change(value)),
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why),
        }
    }
}

impl<T> From<Option<T>> for Known<T> {
    fn from(option: Option<T>) -> Self {
        option.map_or(Known::Absent, Known::Value)
    }
}

#[derive(Serialize)]
struct Unknown {
    unknown: String,
}

/// A map with this one name, and nothing else: what serde derives for a struct would take a list of one text, too.
impl<'de> Deserialize<'de> for Unknown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        match (map.remove("unknown"), map.is_empty()) {
            (Some(unknown), true) => Ok(Self { unknown }),
            _ => Err(serde::de::Error::custom("expected {\"unknown\": \"why\"}")),
        }
    }
}

impl<T: Serialize> Serialize for Known<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Known::Value(value) => value.serialize(serializer),
            Known::Absent => serializer.serialize_none(),
            Known::Unknown(why) => Unknown { unknown: why.clone() }.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Known<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form<T> {
            Unknown(Unknown),
            Value(T),
        }
        Ok(match Option::<Form<T>>::deserialize(deserializer)? {
            None => Known::Absent,
            Some(Form::Unknown(Unknown { unknown })) => Known::Unknown(unknown),
            Some(Form::Value(value)) => Known::Value(value),
        })
    }
}
