//! Names what is malformed in a policy document. It does not say what a document allows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::action::is_action;
use super::document::{LONGEST, one_of, raw_statements, strings};
use super::operator::{Operator, Test};

const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

/// What is malformed in a policy document, in words; empty when nothing is. AWS refuses such documents, so they come
/// from hand-made or damaged exports, and the parts named here were left out of every conclusion.
pub fn problems(document: &Value) -> Vec<String> {
    if !document.is_object() {
        return vec!["the policy document is not a JSON object".to_owned()];
    }
    let mut found = Vec::new();
    match document.get("Version") {
        None => {}
        Some(Value::String(version)) if matches!(version.as_str(), "2012-10-17" | "2008-10-17") => {}
        Some(other) => found.push(format!("Version is {other}, expected \"2012-10-17\" or \"2008-10-17\"")),
    }
    match document.get("Statement") {
        Some(Value::Array(_) | Value::Object(_)) => {}
        Some(_) => found.push("Statement is neither an object nor a list".to_owned()),
        None => found.push("there is no Statement".to_owned()),
    }
    for (index, statement) in raw_statements(document).iter().enumerate() {
        found.extend(statement_problems(statement).into_iter().map(|text| format!("statement {}: {text}", index + 1)));
    }
    found
}

/// What is odd in a document but keeps nothing from being judged: duplicate Sids, variables in the version that has
/// none, elements that IAM does not know.
pub fn oddities(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut sids = BTreeSet::new();
    let is_old = document.get("Version").and_then(Value::as_str) != Some("2012-10-17");
    for (index, statement) in raw_statements(document).iter().enumerate() {
        let mut odd = |text: String| found.push(format!("statement {}: {text}", index + 1));
        if let Some(sid) = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
            && !sids.insert(sid)
        {
            odd(format!("its Sid '{sid}' is another statement's, too"));
        }
        for element in statement.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if !ELEMENTS.contains(&element.as_str()) {
                odd(format!("'{element}' is no element of a statement"));
            }
        }
        let resources = one_of(statement, "Resource", "NotResource").unwrap_or_default().0;
        if is_old && resources.iter().any(|resource| resource.contains("${")) {
            odd("${…} is text here, not a variable: Version is not \"2012-10-17\"".to_owned());
        }
    }
    found
}

fn statement_problems(statement: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if !statement.is_object() {
        return vec!["not an object".to_owned()];
    }
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        found.push("Effect is not \"Allow\" or \"Deny\"".to_owned());
    }
    let is_trust = statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
    for (plain, negated, needed) in [("Action", "NotAction", true), ("Resource", "NotResource", !is_trust)] {
        match (statement.get(plain), statement.get(negated)) {
            (Some(_), Some(_)) => found.push(format!("it has both {plain} and {negated}")),
            (None, None) if needed => found.push(format!("it has neither {plain} nor {negated}")),
            (None, None) => {}
            (Some(list), None) | (None, Some(list)) => {
                let count = list.as_array().map_or(1, Vec::len);
                if strings(list).len() != count || count == 0 {
                    found.push(format!("{plain} is not a string or a list of strings"));
                }
            }
        }
    }
    for resource in one_of(statement, "Resource", "NotResource").unwrap_or_default().0 {
        if resource.len() > LONGEST {
            let begin: String = resource.chars().take(40).collect();
            found.push(format!("the resource '{begin}…' is longer than an ARN can be ({LONGEST} characters)"));
        }
    }
    for action in one_of(statement, "Action", "NotAction").unwrap_or_default().0 {
        if !is_action(action) {
            found.push(format!("'{action}' is not an action (expected service:Name)"));
        }
    }
    match statement.get("Condition").filter(|block| !block.is_null()) {
        Some(Value::Object(operators)) if operators.values().all(Value::is_object) => {
            let unknown = operators.keys().filter(|name| Operator::read(name).test == Test::Unknown);
            found.extend(unknown.map(|name| format!("'{name}' is not a condition operator")));
        }
        Some(_) => found.push("Condition is not an object of operators with objects of keys".to_owned()),
        None => {}
    }
    found
}
