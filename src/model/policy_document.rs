//! What a policy says, as it is kept: there are thousands, and each is asked a few times.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A policy document, decoded: an object, as in IAM, or a list of rules, as in RBAC.
#[derive(Clone, Debug)]
pub struct PolicyDocument(Form);

#[derive(Clone, Debug)]
enum Form {
    /// An object, kept as its JSON text: as values it takes five times as much memory, and whoever judges it reads it once.
    Text(Box<RawValue>),
    /// Rules are few and short, and asked one by one.
    Rules(Value),
}

/// What stands for the rules of a document that is no list.
const NO_RULES: &Value = &Value::Null;

impl PolicyDocument {
    /// The document as a value.
    pub fn read(&self) -> Cow<'_, Value> {
        match &self.0 {
            // It was written from a value, so it is one.
            Form::Text(text) => Cow::Owned(serde_json::from_str(text.get()).unwrap_or_default()),
            Form::Rules(rules) => Cow::Borrowed(rules),
        }
    }

    /// The list of rules; null when it is no list.
    pub fn rules(&self) -> &Value {
        match &self.0 {
            Form::Rules(rules) => rules,
            Form::Text(_) => NO_RULES,
        }
    }
}

impl From<Value> for PolicyDocument {
    fn from(document: Value) -> Self {
        Self(match document {
            rules @ Value::Array(_) => Form::Rules(rules),
            // A value always has a text; were it not so, the value is as good.
            object => to_raw_value(&object).map_or(Form::Rules(object), Form::Text),
        })
    }
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // Both were written from values, whose keys are sorted.
            (Form::Text(one), Form::Text(other)) => one.get() == other.get(),
            (Form::Rules(one), Form::Rules(other)) => one == other,
            _ => false,
        }
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Text(text) => text.serialize(serializer),
            Form::Rules(rules) => rules.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_what_was_written_in_either_form() {
        for value in [json!({"Version": "2012-10-17", "Statement": {"b": 1, "a": "é\"\n"}}), json!([{"verbs": ["*"]}])]
        {
            let document = PolicyDocument::from(value.clone());
            assert_eq!(*document.read(), value);
            let text = serde_json::to_string(&document).expect("it is plain");
            assert_eq!(text, value.to_string());
            assert_eq!(serde_json::from_str::<PolicyDocument>(&text).expect("it reads"), document);
            assert_eq!(document.rules().as_array(), value.as_array());
        }
    }

    #[test]
    fn the_order_of_keys_makes_no_other_document() {
        let read = |text: &str| serde_json::from_str::<PolicyDocument>(text).expect("it reads");
        assert_eq!(read(r#"{"a": 1, "b": 2}"#), read(r#"{"b":2,"a":1}"#));
        assert_ne!(read(r#"{"a": 1}"#), read(r#"{"a": 2}"#));
    }
}
