//! What starts a GitHub workflow, and what the subjects of its tokens say because of that. Knows no role.
//!
//! Source: GitHub Docs, "OpenID Connect reference" (subject claims), "Events that trigger workflows" (`GITHUB_REF` of each)
//! and "Workflow syntax" (filters).

use serde_json::Value;

/// A subject of which nothing is known behind the repository. What begins with `?` is not sure; what has a `*` and is sure
/// can be made to be any of these.
pub(super) const ANY: &str = "?*";

/// The events of a workflow with their filters.
pub(super) fn of(on: Option<&Value>) -> Vec<(&str, Option<&Value>)> {
    match on {
        Some(Value::String(name)) => vec![(name.as_str(), None)],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(|name| (name, None)).collect(),
        Some(Value::Object(all)) => all.iter().map(|(name, filter)| (name.as_str(), Some(filter))).collect(),
        _ => Vec::new(),
    }
}

/// What the subject of a job's token says behind `repo:owner/name:`, for every event that may start it.
pub(super) fn subjects(on: &[(&str, Option<&Value>)], job: &Value, default: Option<&str>) -> Vec<String> {
    let environment = job.get("environment").map(|one| one.get("name").unwrap_or(one));
    if let Some(name) = environment.and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty()) {
        // A workflow that is called by others may be called from another repository, whose name the subject then has.
        let called = on.iter().all(|(event, _)| *event == "workflow_call");
        return vec![match (name.contains(['$', '*', '?']), called) {
            (true, _) => "?environment:*".to_owned(),
            (false, true) => format!("?environment:{}", name.replace(':', "%3A")),
            (false, false) => format!("environment:{}", name.replace(':', "%3A")),
        }];
    }
    let mut all: Vec<String> = on.iter().flat_map(|(event, filter)| of_event(event, *filter, default)).collect();
    if all.is_empty() {
        all.push(ANY.to_owned());
    }
    all.sort();
    all.dedup();
    all
}

fn of_event(event: &str, filter: Option<&Value>, default: Option<&str>) -> Vec<String> {
    match event {
        "pull_request" => vec!["pull_request".to_owned()],
        "pull_request_review" | "pull_request_review_comment" => {
            vec!["?pull_request".to_owned(), "?ref:refs/pull/*".to_owned()]
        }
        // Whoever opens the request chooses the branch that it is for.
        "pull_request_target" => refs(filter, "branches", "ref:refs/heads/"),
        "push" => pushed(filter),
        "workflow_dispatch" | "create" => vec!["ref:refs/heads/*".to_owned(), "ref:refs/tags/*".to_owned()],
        "release" => vec!["ref:refs/tags/*".to_owned()],
        "merge_group" => vec!["ref:refs/heads/gh-readonly-queue/*".to_owned()],
        "branch_protection_rule"
        | "check_run"
        | "check_suite"
        | "delete"
        | "discussion"
        | "discussion_comment"
        | "fork"
        | "gollum"
        | "issue_comment"
        | "issues"
        | "label"
        | "milestone"
        | "page_build"
        | "project"
        | "project_card"
        | "project_column"
        | "public"
        | "repository_dispatch"
        | "schedule"
        | "watch"
        | "workflow_run" => {
            vec![default.map_or_else(|| "?ref:refs/heads/*".to_owned(), |name| format!("ref:refs/heads/{name}"))]
        }
        _ => vec![ANY.to_owned()],
    }
}

fn pushed(filter: Option<&Value>) -> Vec<String> {
    let has = |names: &[&str]| names.iter().any(|name| filter.is_some_and(|filter| filter.get(name).is_some()));
    let (heads, tags) = (["branches", "branches-ignore"], ["tags", "tags-ignore"]);
    let mut all = Vec::new();
    // A filter for the one sort alone leaves the other out.
    if has(&heads) || !has(&tags) {
        all.extend(refs(filter, "branches", "ref:refs/heads/"));
    }
    if has(&tags) || !has(&heads) {
        all.extend(refs(filter, "tags", "ref:refs/tags/"));
    }
    all
}

/// The refs that a filter lets through. One that says what it leaves out, or has signs beyond `*`, is not followed.
fn refs(filter: Option<&Value>, kind: &str, head: &str) -> Vec<String> {
    let ignore = format!("{kind}-ignore");
    if filter.is_some_and(|filter| filter.get(&ignore).is_some()) {
        return vec![format!("?{head}*")];
    }
    let names: Vec<&str> = match filter.and_then(|filter| filter.get(kind)) {
        None => return vec![format!("{head}*")],
        Some(Value::String(name)) => vec![name],
        Some(list) => list.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    };
    if names.iter().any(|name| name.contains(['!', '?', '+', '[', '$', '\\'])) {
        return vec![format!("?{head}*")];
    }
    names.into_iter().map(|name| format!("{head}{}", name.replace("**", "*"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(on: &Value, job: &Value) -> Vec<String> {
        subjects(&of(Some(on)), job, Some("trunk"))
    }

    #[test]
    fn each_event_has_its_subjects() {
        let none = json!({});
        for (on, expected) in [
            (json!("push"), &["ref:refs/heads/*", "ref:refs/tags/*"][..]),
            (
                json!({"push": {"branches": ["main", "release/**"]}}),
                &["ref:refs/heads/main", "ref:refs/heads/release/*"],
            ),
            (json!({"push": {"tags": "v*"}}), &["ref:refs/tags/v*"]),
            (json!({"push": {"branches-ignore": ["x"]}}), &["?ref:refs/heads/*"]),
            (json!({"push": {"branches": ["r[0-9]"]}}), &["?ref:refs/heads/*"]),
            (json!(["pull_request", "issues"]), &["pull_request", "ref:refs/heads/trunk"]),
            (json!({"pull_request_target": null}), &["ref:refs/heads/*"]),
            (json!("workflow_call"), &["?*"]),
            (json!("event_to_come"), &["?*"]),
            (json!(7), &["?*"]),
        ] {
            assert_eq!(told(&on, &none), expected, "{on}");
        }
        assert_eq!(subjects(&of(Some(&json!("schedule"))), &none, None), ["?ref:refs/heads/*"]);
    }

    #[test]
    fn an_environment_takes_the_place_of_the_event() {
        assert_eq!(told(&json!("push"), &json!({"environment": "prod"})), ["environment:prod"]);
        assert_eq!(told(&json!("push"), &json!({"environment": {"name": "a:b", "url": "x"}})), ["environment:a%3Ab"]);
        assert_eq!(told(&json!("push"), &json!({"environment": "${{ inputs.to }}"})), ["?environment:*"]);
        assert_eq!(told(&json!("workflow_call"), &json!({"environment": "prod"})), ["?environment:prod"]);
    }
}
