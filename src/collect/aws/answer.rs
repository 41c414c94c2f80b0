//! One answer of a call of the table, live or from a file, and how its fields are read. It must not become records here.

use jiff::Timestamp;
use serde_json::Value;

use super::calls::Call;
use super::site::Origin;
use crate::model::{Known, Labels, parse_timestamp};

/// An answer with what it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The call.
    pub(super) call: &'static Call,
    /// The region that was asked; empty where there is none or the file does not say.
    pub(super) region: String,
    /// What was asked about, outermost first: a cluster, then one of its associations.
    pub(super) items: Vec<String>,
    /// The answer, all pages in one.
    pub(super) value: Value,
    /// Where it was seen.
    pub(super) origin: Origin,
}

impl Answer {
    /// What was asked about; empty for a call that asks about everything.
    pub(super) fn item(&self) -> &str {
        self.items.last().map_or("", String::as_str)
    }
}

/// The text of a field; empty when it is not there.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The text at a pointer; empty when it is not there.
pub(super) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list; none when it is not there.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A yes or no. XML answers write it as text.
pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    match value.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number. XML answers write it as text.
pub(super) fn number(value: &Value, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A moment: text as the CLI writes it, or seconds since 1970 as the JSON protocols send it. Absent when it is not there.
pub(super) fn moment(value: &Value, name: &str) -> Known<Timestamp> {
    const WRONG: &str = "what the answer has is not a time";
    match value.get(name) {
        None | Some(Value::Null) => Known::Absent,
        Some(Value::String(text)) => parse_timestamp(text).map_or_else(|_| Known::unknown(WRONG), Known::Value),
        #[expect(clippy::cast_possible_truncation, reason = "parts of a second say nothing here")]
        Some(Value::Number(seconds)) => seconds
            .as_f64()
            .and_then(|seconds| Timestamp::from_second(seconds as i64).ok())
            .map_or_else(|| Known::unknown(WRONG), Known::Value),
        Some(_) => Known::unknown(WRONG),
    }
}

/// Tags, which services write as an object or as a list of keys and values.
pub(super) fn tags(value: &Value) -> Labels {
    ["Tags", "tags", "TagList"]
        .iter()
        .find_map(|name| value.get(*name))
        .map(|tags| match tags {
            Value::Object(tags) => {
                tags.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
            }
            Value::Array(tags) => tags
                .iter()
                .filter_map(|tag| {
                    let part = |names: [&str; 2]| names.iter().find_map(|name| tag.get(*name)?.as_str());
                    Some((part(["Key", "key"])?.to_owned(), part(["Value", "value"]).unwrap_or_default().to_owned()))
                })
                .collect(),
            _ => Labels::new(),
        })
        .unwrap_or_default()
}

/// Every value at a path such as `/Users/*/UserName`, where `*` is every item of a list.
pub(super) fn each_at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for part in path.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|value| match part {
                "*" => value.as_array().map_or(&[][..], Vec::as_slice).iter().collect::<Vec<_>>(),
                name => value.get(name).into_iter().collect(),
            })
            .collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        let seconds = json!({"At": 1_700_000_000.5, "Then": "2023-11-14T22:13:20Z", "Bad": [], "On": "true", "N": "7"});
        assert_eq!(moment(&seconds, "At"), moment(&seconds, "Then"));
        assert!(moment(&seconds, "Bad").why_unknown().is_some());
        assert_eq!(moment(&seconds, "None"), Known::Absent);
        assert_eq!((flag(&seconds, "On"), number(&seconds, "N")), (Some(true), Some(7)));
        let lists = json!({"tags": [{"key": "a", "value": "b"}]});
        assert_eq!(tags(&lists), tags(&json!({"Tags": {"a": "b"}})));
        let found = each_at(&json!({"A": [{"B": ["x", "y"]}, {"B": ["z"]}, {}]}), "/A/*/B/*").len();
        assert_eq!(found, 3);
    }
}
