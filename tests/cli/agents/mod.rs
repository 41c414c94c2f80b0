//! AI agents as identities: every client's layout, every rule's own case, and what hostile files may not do.

mod called;
mod change;
mod ci;
mod clean;
mod clients;
mod cloud;
mod corpus;
mod deployed;
mod frameworks;
mod gitlab;
mod given;
mod growth;
mod hostile;
mod layouts;
mod lines;
mod live;
mod roles;
mod settings;
mod table;
mod told;
mod toolkits;
mod vendors;

use std::path::Path;

use serde_json::Value;

use crate::tree::{NOW, run};

/// A report as JSON, with the exit code.
pub(super) fn scan(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let all = [&["scan"], arguments, &["--isolated", "--now", NOW, "--format", "json"]].concat();
    let ran = run(folder, &all);
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    (ran.code, report)
}

/// The findings of a rule, as message and `path:line`.
pub(super) fn of_rule(report: &Value, rule: &str) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().expect("a list");
    let found = findings.iter().filter(|finding| finding["rule"] == rule);
    found
        .map(|finding| {
            let place = &finding["evidence"][0]["location"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&finding["message"]), format!("{}:{}", text(&place["path"]), place["line"]))
        })
        .collect()
}

/// The rules that hold, each once, but those about secrets in files, and about workflows whether they have an agent or not.
pub(super) fn rules(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list");
    let mut names: Vec<String> = findings.iter().filter_map(|one| one["rule"].as_str()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names.retain(|name| !name.starts_with("leaked-") && !name.starts_with("workflow-"));
    names
}

/// The names of identities of a kind.
pub(super) fn named(report: &Value, kind: &str) -> Vec<String> {
    let identities = report["identities"].as_array().expect("a list");
    let of_kind = identities.iter().filter(|identity| identity["kind"] == kind);
    of_kind.filter_map(|identity| identity["name"].as_str()).map(str::to_owned).collect()
}
