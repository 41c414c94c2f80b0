//! The policies of an identity as one, without the services that it does not use. It must never allow more than they do.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The most characters of a managed policy (IAM and STS quotas).
const LONGEST: usize = 6_144;

/// One policy in place of these, as JSON; where that would be longer than a policy may be, a sentence.
pub(super) fn tighten(documents: &[Cow<'_, Value>], used: &BTreeSet<&str>) -> String {
    let statements = documents.iter().flat_map(|document| match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    });
    let mut kept: Vec<Value> = Vec::new();
    for statement in statements.filter_map(Value::as_object).filter_map(|one| narrowed(one, used)) {
        if !kept.contains(&statement) {
            kept.push(statement);
        }
    }
    if kept.is_empty() {
        return "none: it uses nothing of what it may".to_owned();
    }
    let text = json!({"Version": "2012-10-17", "Statement": kept}).to_string();
    if text.len() <= LONGEST {
        return text;
    }
    format!("policies that allow these services only: {}", used.iter().copied().collect::<Vec<_>>().join(", "))
}

/// A statement without what is not used; none when nothing is left. What denies stays as it is.
fn narrowed(statement: &Map<String, Value>, used: &BTreeSet<&str>) -> Option<Value> {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Some(Value::Object(statement.clone()));
    }
    let mut narrow = statement.clone();
    if let Some(actions) = statement.get("Action") {
        let mut left: Vec<String> = Vec::new();
        for action in texts(actions) {
            match service(action) {
                None => left.extend(used.iter().map(|service| format!("{service}:*"))),
                // A pattern over services stays: it cannot be split without knowing them all.
                Some(service) if service.contains(['*', '?']) || used.contains(service.as_str()) => {
                    left.push(action.to_owned());
                }
                Some(_) => {}
            }
        }
        left.sort();
        left.dedup();
        if left.is_empty() {
            return None;
        }
        narrow.insert("Action".to_owned(), json!(left));
    } else if let Some(excepted) = statement.get("NotAction") {
        let excepted: Vec<&str> = texts(excepted);
        let is_whole = |action: &&str| action.ends_with(":*") && action.matches('*').count() == 1;
        let touches = |action: &&str| service(action).is_some_and(|service| used.contains(service.as_str()));
        if excepted.iter().any(|action| touches(action) && !is_whole(action)) {
            // Part of a service that it uses is excepted: to name what is left, every action would have to be known.
            return Some(Value::Object(narrow));
        }
        let is_out = |one: &&&str| excepted.iter().any(|action| service(action).as_deref() == Some(**one));
        let left: Vec<String> = used.iter().filter(|one| !is_out(one)).map(|service| format!("{service}:*")).collect();
        if left.is_empty() {
            return None;
        }
        narrow.remove("NotAction");
        narrow.insert("Action".to_owned(), json!(left));
    }
    Some(Value::Object(narrow))
}

/// The service of an action in lower case; none for `*`.
fn service(action: &str) -> Option<String> {
    action.split_once(':').map(|(service, _)| service.to_ascii_lowercase())
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrow(statement: &Value) -> Value {
        let used = BTreeSet::from(["s3", "sqs"]);
        let text = tighten(&[Cow::Owned(json!({"Statement": statement}))], &used);
        serde_json::from_str(&text).map_or(Value::String(text), |policy: Value| policy["Statement"][0].clone())
    }

    #[test]
    fn only_services_in_use_are_left() {
        let allow = |actions: Value| json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        assert_eq!(
            narrow(&allow(json!(["S3:Get*", "ec2:*", "sqs:SendMessage"]))),
            allow(json!(["S3:Get*", "sqs:SendMessage"]))
        );
        assert_eq!(narrow(&allow(json!("*"))), allow(json!(["s3:*", "sqs:*"])));
        assert_eq!(narrow(&allow(json!("ec2:*"))), json!("none: it uses nothing of what it may"));
        let but = |actions: Value| json!({"Effect": "Allow", "NotAction": actions, "Resource": "*"});
        assert_eq!(narrow(&but(json!(["iam:*", "sqs:*"]))), allow(json!(["s3:*"])));
        // Part of a service in use is excepted: nothing may be added, so it stays.
        assert_eq!(narrow(&but(json!("s3:Delete*"))), but(json!("s3:Delete*")));
        let deny = json!({"Effect": "Deny", "Action": "ec2:*", "Resource": "*"});
        assert_eq!(narrow(&deny), deny);
    }

    #[test]
    fn what_is_too_long_for_a_policy_is_a_sentence() {
        let long: Vec<String> = (0..500).map(|number| format!("s3:GetObject{number:04}")).collect();
        let text = narrow(&json!({"Effect": "Allow", "Action": long, "Resource": "*"}));
        assert_eq!(text, json!("policies that allow these services only: s3, sqs"));
    }
}
