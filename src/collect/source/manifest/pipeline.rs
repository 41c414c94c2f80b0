//! GitLab pipelines whose jobs ask for tokens of their own, and the roles that they name. Runs nothing, and fetches no file that
//! is included.
//!
//! Source: GitLab Docs, "OpenID Connect authentication using ID tokens" (`id_tokens`; the subject is
//! `project_path:{group}/{project}:ref_type:{type}:ref:{branch}`), "CI/CD YAML syntax reference" (`rules`, `only`,
//! `extends`, `default`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::workflow::tree;
use crate::collect::agents::roles_in;

/// How many jobs one takes over from: GitLab allows eleven levels.
const MOST_PARENTS: usize = 64;
/// How many subjects are kept of one pipeline.
const MOST_SUBJECTS: usize = 200;

/// A pipeline that may ask for an identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) roles: BTreeSet<String>,
    /// The line that gives it its token, from 1.
    pub(super) line: u64,
    /// For a role, or `*` for any: what the token's subject says behind the project. `?` before what is not sure.
    pub(super) subjects: BTreeSet<String>,
}

/// Whether a path, in lower case, is that of a pipeline.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".gitlab-ci.yml") || name.ends_with(".gitlab-ci.yaml")
}

/// Reads a pipeline that may have a token of its own. `default` is the branch that is the repository's own.
pub(super) fn read(text: &str, default: Option<&str>) -> Option<Pipeline> {
    let line = (1_u64..).zip(text.lines()).find(|(_, line)| line.trim_start().starts_with("id_tokens"))?.0;
    let tree = tree(&plain(text))?;
    let mut pipeline = Pipeline { roles: BTreeSet::new(), line, subjects: BTreeSet::new() };
    let mut has_token = false;
    for (name, job) in tree.as_object()? {
        let is_job = job.is_object() && !RESERVED.contains(&name.as_str()) && !name.starts_with('.');
        let by_default = || tree.pointer("/default/id_tokens");
        if !is_job || field(&tree, job, "id_tokens").or_else(by_default).is_none() {
            continue;
        }
        has_token = true;
        let mut roles = BTreeSet::new();
        for part in ["before_script", "script", "after_script", "variables"] {
            let of_default = || tree.get(part).or_else(|| tree.pointer(&format!("/default/{part}")));
            field(&tree, job, part).or_else(of_default).into_iter().for_each(|node| texts(node, &mut roles));
        }
        tree.get("variables").into_iter().for_each(|node| texts(node, &mut roles));
        let tails = subjects(&tree, job, default);
        for role in roles.iter().map(String::as_str).chain(["*"]) {
            pipeline.subjects.extend(tails.iter().map(|tail| format!("{role} {tail}")));
        }
        pipeline.roles.extend(roles);
    }
    while pipeline.subjects.len() > MOST_SUBJECTS {
        pipeline.subjects.pop_last();
        // What was left out may be any.
        pipeline.subjects.insert("* ?*".to_owned());
    }
    has_token.then_some(pipeline)
}

/// Keys at the top that are no jobs.
const RESERVED: &[&str] = &[
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
];

/// The text without the tag of GitLab's own that a YAML library does not know: what it stands for is in another job.
fn plain(text: &str) -> String {
    text.replace("!reference", "")
}

/// A part of a job, its own or that of one it takes over from.
fn field<'v>(tree: &'v Value, job: &'v Value, key: &str) -> Option<&'v Value> {
    let mut open = vec![job];
    for _ in 0..MOST_PARENTS {
        let one = open.pop()?;
        if let Some(found) = one.get(key) {
            return Some(found);
        }
        let parents = match one.get("extends") {
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        open.extend(parents.into_iter().filter_map(|name| tree.get(name)));
    }
    None
}

/// The roles that texts of a value name, two levels deep.
fn texts(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::String(text) => found.extend(roles_in(text)),
        Value::Array(items) => items.iter().for_each(|item| inner(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| inner(item, found)),
        _ => {}
    }
}

fn inner(node: &Value, found: &mut BTreeSet<String>) {
    let lines = node.as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = node.get("value").and_then(Value::as_str);
    found.extend(node.as_str().into_iter().chain(lines).chain(value).flat_map(roles_in));
}

/// What the subjects of a job's tokens say behind the project. Whoever may push starts a pipeline for any branch or tag;
/// a condition that is not understood may mean any of them.
fn subjects(tree: &Value, job: &Value, default: Option<&str>) -> BTreeSet<String> {
    let rules = field(tree, job, "rules").or_else(|| tree.pointer("/workflow/rules"));
    let mut found = BTreeSet::new();
    for rule in rules.and_then(Value::as_array).into_iter().flatten() {
        if rule.get("when").and_then(Value::as_str) != Some("never") {
            let condition = rule.get("if").and_then(Value::as_str).unwrap_or_default();
            found.extend(of_condition(condition, default));
        }
    }
    let only = field(tree, job, "only").map(|only| only.get("refs").unwrap_or(only));
    let refs = match only {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    found.extend(refs.into_iter().map(|name| match name {
        "branches" => "ref_type:branch:ref:*".to_owned(),
        "tags" => "ref_type:tag:ref:*".to_owned(),
        name if is_plain(name) && !EVENTS.contains(&name) => format!("ref_type:branch:ref:{name}"),
        _ => "?*".to_owned(),
    }));
    if found.is_empty() {
        found.extend(["ref_type:branch:ref:*", "ref_type:tag:ref:*"].map(str::to_owned));
    }
    found
}

/// Words of `only` that are sources of pipelines and no branches.
const EVENTS: &[&str] = &[
    "api",
    "chat",
    "external",
    "external_pull_requests",
    "merge_requests",
    "pipelines",
    "pushes",
    "schedules",
    "triggers",
    "web",
];

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_alphanumeric() || "._-/".contains(letter))
        && !name.starts_with('/')
}

fn of_condition(condition: &str, default: Option<&str>) -> Vec<String> {
    let unsure = || vec!["?*".to_owned()];
    let condition = condition.trim();
    if condition.contains("||") {
        return condition.split("||").flat_map(|way| of_condition(way, default)).collect();
    }
    let parts: Vec<&str> = condition.split("&&").map(str::trim).collect();
    let compared = |names: &[&str]| {
        parts.iter().find_map(|part| {
            let (name, value) = part.split_once("==")?;
            names.contains(&name.trim()).then(|| value.trim().to_owned())
        })
    };
    let value = compared(&["$CI_COMMIT_BRANCH", "$CI_COMMIT_REF_NAME"]);
    match value.as_deref() {
        Some("$CI_DEFAULT_BRANCH") => {
            return vec![
                default
                    .map_or_else(|| "?ref_type:branch:ref:*".to_owned(), |name| format!("ref_type:branch:ref:{name}")),
            ];
        }
        Some(text) => {
            let name = text.trim_matches(['"', '\'']);
            return if is_plain(name) { vec![format!("ref_type:branch:ref:{name}")] } else { unsure() };
        }
        None => {}
    }
    if parts.contains(&"$CI_COMMIT_TAG") {
        return vec!["ref_type:tag:ref:*".to_owned()];
    }
    match compared(&["$CI_PIPELINE_SOURCE"]).as_deref().map(|text| text.trim_matches(['"', '\''])) {
        // Of a merge request the subject has the branch that is to be merged.
        Some("merge_request_event") => vec!["ref_type:branch:ref:*".to_owned()],
        Some("push" | "web" | "schedule" | "api" | "trigger") if parts.len() == 1 => {
            vec!["ref_type:branch:ref:*".to_owned(), "ref_type:tag:ref:*".to_owned()]
        }
        _ => unsure(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "stages: [deploy]\n.cloud:\n  id_tokens:\n    T:\n      aud: https://gitlab.com\ndeploy:\n  extends: .cloud\n  script:\n    - !reference [.x, script]\n    - aws sts assume-role-with-web-identity --role-arn arn:aws:iam::111122223333:role/gl --web-identity-token $T\n";

    #[test]
    fn jobs_with_tokens_name_their_roles() {
        let one = read(TEXT, Some("main")).expect("it has a token");
        assert_eq!(
            (one.line, one.roles.into_iter().collect::<Vec<_>>()),
            (3, vec!["arn:aws:iam::111122223333:role/gl".to_owned()])
        );
        assert!(one.subjects.contains("* ref_type:branch:ref:*") && one.subjects.contains("* ref_type:tag:ref:*"));
        assert_eq!(read(&TEXT.replace("id_tokens", "variables"), None), None);
        assert_eq!(read(&TEXT.replace("extends: .cloud", "stage: deploy"), None), None);
    }

    #[test]
    fn conditions_say_for_which_branches() {
        let tails = |rules: &str, default: Option<&str>| {
            let text = format!("{TEXT}  rules:\n    - if: '{rules}'\n");
            let all = read(&text, default).expect("it has a token").subjects;
            all.iter().filter_map(|one| one.strip_prefix("* ")).collect::<Vec<_>>().join(" ")
        };
        for (rules, expected) in [
            ("$CI_COMMIT_BRANCH == \"main\"", "ref_type:branch:ref:main"),
            ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "ref_type:branch:ref:trunk"),
            ("$CI_COMMIT_BRANCH == \"main\" && $X", "ref_type:branch:ref:main"),
            ("$CI_COMMIT_TAG", "ref_type:tag:ref:*"),
            ("$CI_PIPELINE_SOURCE == \"merge_request_event\"", "ref_type:branch:ref:*"),
            ("$X =~ /y/", "?*"),
            ("$CI_COMMIT_BRANCH == \"a\" || $CI_COMMIT_TAG", "ref_type:branch:ref:a ref_type:tag:ref:*"),
        ] {
            assert_eq!(tails(rules, Some("trunk")), expected, "{rules}");
        }
        assert_eq!(tails("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", None), "?ref_type:branch:ref:*");
        let only = format!("{TEXT}  only: [main, tags]\n");
        let found = read(&only, None).expect("it has a token").subjects;
        assert!(found.contains("* ref_type:branch:ref:main") && found.contains("* ref_type:tag:ref:*"));
    }
}
