//! GitHub workflows that ask for a cloud's identity with a token of their own. Runs nothing.

use std::collections::BTreeSet;

use crate::model::{Attributes, Evidence, Urn, Workload, WorkloadKind};

/// Events that people without any right to the repository can cause, in a workflow that still has its secrets and
/// tokens. Source: GitHub Docs, "Events that trigger workflows", and "Security hardening for GitHub Actions".
const OPEN_EVENTS: &[&str] = &[
    "pull_request_target",
    "issue_comment",
    "issues",
    "workflow_run",
    "discussion",
    "discussion_comment",
    "fork",
    "watch",
];

/// A workflow that may ask for an identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Workflow {
    /// The roles it names plainly.
    roles: BTreeSet<String>,
    /// Whether outsiders can start it.
    pub(super) outsiders: bool,
    /// The line that gives it its token, from 1.
    pub(super) line: u64,
}

/// Whether a path, in lower case, is that of a workflow.
pub(super) fn is_one(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    is_yaml && (path.starts_with(".github/workflows/") || path.contains("/.github/workflows/"))
}

/// Reads a workflow that may have a token of its own; `None` for all others. By lines: what counts are a few keys, and a
/// workflow that a YAML library refuses may still run.
pub(super) fn read(text: &str) -> Option<Workflow> {
    let mut workflow = Workflow { roles: BTreeSet::new(), outsiders: false, line: 0 };
    let mut in_events = false;
    for (number, line) in (1_u64..).zip(text.lines()) {
        let bare = line.trim().trim_start_matches("- ").trim_start();
        if bare.starts_with('#') || bare.is_empty() {
            continue;
        }
        let (key, value) = bare.split_once(':').map_or((bare, ""), |(key, value)| (key.trim(), value));
        let key = key.trim_matches(['"', '\'']);
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if !line.starts_with([' ', '\t', '-']) {
            in_events = key == "on";
        }
        if in_events {
            let words = bare.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            workflow.outsiders |= words.into_iter().any(|word| OPEN_EVENTS.contains(&word));
        }
        let is_token = (key == "id-token" && value == "write") || (key == "permissions" && value == "write-all");
        if is_token && workflow.line == 0 {
            workflow.line = number;
        }
        if key == "role-to-assume" && value.starts_with("arn:") && !value.contains(['$', ' ']) {
            workflow.roles.insert(value.to_owned());
        }
    }
    (workflow.line > 0).then_some(workflow)
}

impl Workflow {
    /// As a workload of the tree it lies in.
    pub(super) fn workload(
        self,
        path: &str,
        label: &str,
        tenant: String,
        attributes: Attributes,
        evidence: Evidence,
    ) -> Workload {
        Workload {
            id: Urn::new(format!("code:{label}/{path}")),
            kind: WorkloadKind::CiGithubWorkflow,
            tenant,
            name: path.to_owned(),
            runs_as: self.roles.iter().map(Urn::new).collect(),
            labels: Default::default(),
            attributes,
            evidence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_workflows_with_a_token_count() {
        let text = "on:\n  push:\n    branches: [main]\npermissions:\n  id-token: write\njobs:\n  a:\n    steps:\n      - uses: x\n        with:\n          role-to-assume: arn:aws:iam::111122223333:role/ci # it\n      - run: echo issue_comment\n";
        let found = read(text).expect("it has a token");
        assert_eq!((found.line, found.outsiders, found.roles.len()), (5, false, 1));
        assert!(read(&text.replace("  push:", "  pull_request_target:")).is_some_and(|found| found.outsiders));
        assert!(
            read(&text.replace("on:\n  push:", "on: [push, issues]\nx:\n  y:")).is_some_and(|found| found.outsiders)
        );
        assert_eq!(read(&text.replace("id-token: write", "id-token: none")), None);
        assert!(read(&text.replace("arn:aws", "${{ vars.ROLE }}arn:aws")).is_some_and(|found| found.roles.is_empty()));
    }
}
