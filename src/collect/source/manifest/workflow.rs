//! GitHub workflows that ask for a cloud's identity with a token of their own. Runs nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::called::{self, Open, plain};
use super::events;
use crate::collect::agents::{held_jobs, roles_in};

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

/// The largest workflow that is read as a tree, in bytes: GitHub refuses larger ones.
const LARGEST: usize = 1024 * 1024;

/// How many subjects are kept of one workflow.
const MOST_SUBJECTS: usize = 200;

/// A workflow that may ask for an identity.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Workflow {
    /// The roles it names plainly.
    pub(super) roles: BTreeSet<String>,
    /// Whether outsiders can start it.
    pub(super) outsiders: bool,
    /// The line that gives it its token, from 1.
    pub(super) line: u64,
    /// For a role, or `*` for any that a step may ask for: what the token's subject says behind the repository.
    pub(super) subjects: BTreeSet<String>,
}

/// Whether a path, in lower case, is that of a workflow.
pub(super) fn is_one(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    is_yaml && (path.starts_with(".github/workflows/") || path.contains("/.github/workflows/"))
}

/// Reads a workflow that may have a token of its own; `None` for all others. As YAML, and by lines where a YAML library
/// refuses it: it may still run. `default` is the branch that is the repository's own, where that is known; `open` gives the
/// other workflows of the repository, which it may call.
pub(super) fn read(text: &str, default: Option<&str>, open: &Open<'_>) -> Option<Workflow> {
    let line = token_line(text)?;
    match tree(text) {
        Some(tree) => of_tree(&tree, text, line, default, open),
        None => by_lines(text),
    }
}

/// The line that speaks of the token, from 1.
fn token_line(text: &str) -> Option<u64> {
    let is_it = |line: &str| {
        let bare = line.trim_start();
        !bare.starts_with('#') && (bare.contains("id-token") || bare.contains("write-all"))
    };
    (1_u64..).zip(text.lines()).find(|(_, line)| is_it(line)).map(|(number, _)| number)
}

/// The tree of a workflow or pipeline; none where it is no YAML.
pub(super) fn tree(text: &str) -> Option<Value> {
    if text.len() > LARGEST {
        return None;
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        // `on` is a key here and no truth value.
        strict_booleans: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
    };
    serde_saphyr::from_str_with_options::<Value>(text, options).ok().filter(Value::is_object)
}

fn of_tree(tree: &Value, text: &str, line: u64, default: Option<&str>, open: &Open<'_>) -> Option<Workflow> {
    let on = events::of(tree.get("on").or_else(|| tree.get("true")));
    let is_open = on.iter().any(|(event, _)| OPEN_EVENTS.contains(event));
    // A job that asks who it is lets no outsider near its token.
    let held = if is_open { held_jobs(text, &|event| OPEN_EVENTS.contains(&event)) } else { BTreeSet::new() };
    let mut workflow = Workflow { roles: BTreeSet::new(), outsiders: false, line, subjects: BTreeSet::new() };
    let mut has_token = false;
    for (name, job) in tree.get("jobs").and_then(Value::as_object).into_iter().flatten() {
        if !gives_token(job.get("permissions").or_else(|| tree.get("permissions"))) {
            continue;
        }
        has_token = true;
        workflow.outsiders |= is_open && !held.contains(name);
        let mut ask = |tails: Vec<String>, roles: BTreeSet<String>| {
            for role in roles.iter().map(String::as_str).chain(["*"]) {
                workflow.subjects.extend(tails.iter().map(|tail| format!("{role} {tail}")));
            }
            workflow.roles.extend(roles);
        };
        let none = BTreeMap::new();
        ask(events::subjects(&on, job, default), roles_of(job, tree, &none));
        // What is called has the events and the repository of its caller, and its own word on what its token is for.
        for inner in called::jobs(job, tree, &none, open) {
            let own = inner.job.get("permissions").or_else(|| inner.of.get("permissions"));
            if own.is_none() || gives_token(own) {
                ask(events::subjects(&on, &inner.job, default), roles_of(&inner.job, &inner.of, &inner.inputs));
            }
        }
    }
    while workflow.subjects.len() > MOST_SUBJECTS {
        workflow.subjects.pop_last();
        // What was left out may be any.
        workflow.subjects.insert(format!("* {}", events::ANY));
    }
    has_token.then_some(workflow)
}

/// The roles that the steps of a job name: as the input of the action for it, as the variable that every SDK reads, or on a
/// command line. Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider" (`AWS_ROLE_ARN`).
fn roles_of(job: &Value, tree: &Value, inputs: &BTreeMap<String, String>) -> BTreeSet<String> {
    let steps: Vec<&Value> = job.get("steps").and_then(Value::as_array).into_iter().flatten().collect();
    let by_input = steps
        .iter()
        .filter_map(|step| Some(plain(step.pointer("/with/role-to-assume")?.as_str()?, &[step, job, tree], inputs)));
    let mut roles: BTreeSet<String> = by_input.filter(|role| is_plain(role)).collect();
    let places = steps.iter().copied().chain([job, tree]);
    let by_variable = places.filter_map(|place| place.pointer("/env/AWS_ROLE_ARN")?.as_str());
    roles.extend(by_variable.flat_map(|text| roles_in(&plain(text, &[job, tree], inputs))));
    let runs = steps.iter().filter_map(|step| step.get("run")?.as_str());
    roles.extend(runs.filter(|run| run.contains("assume-role-with-web-identity")).flat_map(roles_in));
    roles
}

fn is_plain(role: &str) -> bool {
    role.starts_with("arn:") && !role.contains(['$', ' '])
}

/// Whether permissions have the token in them. Without a word about it there is none.
/// Source: GitHub Docs, "Workflow syntax", `permissions`.
fn gives_token(permissions: Option<&Value>) -> bool {
    let Some(permissions) = permissions else { return false };
    let of_token = permissions.get("id-token").and_then(Value::as_str);
    permissions.as_str() == Some("write-all") || of_token == Some("write")
}

/// What can be told of a text that is no YAML: a few keys at the heads of lines.
fn by_lines(text: &str) -> Option<Workflow> {
    let any = BTreeSet::from([format!("* {}", events::ANY)]);
    let mut workflow = Workflow { roles: BTreeSet::new(), outsiders: false, line: 0, subjects: any };
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
        if key == "role-to-assume" && is_plain(value) {
            workflow.roles.insert(value.to_owned());
        }
    }
    (workflow.line > 0).then_some(workflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "on:\n  push:\n    branches: [main]\npermissions:\n  id-token: write\njobs:\n  a:\n    steps:\n      - uses: x\n        with:\n          role-to-assume: arn:aws:iam::111122223333:role/ci # it\n      - run: echo issue_comment\n";

    fn found(text: &str) -> Workflow {
        read(text, Some("main"), &|_| None).expect("it has a token")
    }

    #[test]
    fn only_workflows_with_a_token_count() {
        let one = found(TEXT);
        assert_eq!((one.line, one.outsiders, one.roles.len()), (5, false, 1));
        assert!(found(&TEXT.replace("  push:", "  pull_request_target:")).outsiders);
        assert!(found(&TEXT.replace("on:\n  push:", "on: [push, issues]\nx:\n  y:")).outsiders);
        assert_eq!(read(&TEXT.replace("id-token: write", "id-token: none"), None, &|_| None), None);
        assert!(found(&TEXT.replace("arn:aws", "${{ vars.ROLE }}arn:aws")).roles.is_empty());
    }

    #[test]
    fn a_job_that_asks_who_it_is_lets_no_outsider_in() {
        let open = TEXT.replace("  push:", "  pull_request_target:");
        for guard in [
            "github.actor == 'jana'",
            "github.event.pull_request.head.repo.full_name == github.repository",
            "github.event.pull_request.author_association == 'MEMBER'",
            "false",
        ] {
            let text = open.replace("  a:\n", &format!("  a:\n    if: {guard}\n"));
            assert!(!found(&text).outsiders, "{guard}");
        }
        let text = open.replace("  a:\n", "  a:\n    if: github.actor != 'jana'\n");
        assert!(found(&text).outsiders);
        let labelled = open.replace("    branches: [main]", "    types: [labeled]");
        assert!(!found(&labelled).outsiders);
        // Another job of it is open and has the token, too.
        let two = format!("{}  b:\n    steps: []\n", open.replace("  a:\n", "  a:\n    if: false\n"));
        assert!(found(&two).outsiders);
    }

    #[test]
    fn roles_are_named_in_variables_and_on_command_lines_too() {
        let role = "          role-to-assume: arn:aws:iam::111122223333:role/ci # it\n";
        let run = TEXT.replace(
            role,
            "      - run: aws sts assume-role-with-web-identity --role-arn arn:aws:iam::111122223333:role/ci\n",
        );
        assert_eq!(found(&run).roles, found(TEXT).roles);
        let with = TEXT
            .replace(role, "")
            .replace("permissions:", "env: {AWS_ROLE_ARN: \"arn:aws:iam::111122223333:role/ci\"}\npermissions:");
        assert_eq!(found(&with).roles, found(TEXT).roles);
    }

    #[test]
    fn flow_style_is_the_same_workflow() {
        let flow = "on: {push: {branches: [main]}}\npermissions: {id-token: write, contents: read}\njobs:\n  a:\n    steps:\n    - {uses: x, with: {role-to-assume: \"arn:aws:iam::111122223333:role/ci\"}}\n";
        let one = found(flow);
        assert_eq!((one.line, &one.roles, &one.subjects), (2, &found(TEXT).roles, &found(TEXT).subjects));
        let of_job = "on: push\njobs:\n  a: {permissions: {id-token: write}, steps: []}\n  b: {steps: []}\n";
        assert_eq!(found(of_job).line, 3);
        // A job's own permissions take the place of the workflow's.
        assert_eq!(read(&of_job.replace("id-token: write", "contents: read # id-token"), None, &|_| None), None);
    }

    #[test]
    fn a_role_may_stand_in_the_environment() {
        let role = "arn:aws:iam::111122223333:role/ci # it";
        let text = TEXT.replace(role, "${{ env.ROLE }}");
        assert!(found(&text).roles.is_empty());
        let with = format!("env: {{ROLE: \"arn:aws:iam::111122223333:role/ci\"}}\n{text}");
        assert_eq!(found(&with).roles, found(TEXT).roles);
    }

    #[test]
    fn what_a_job_calls_asks_with_the_token_of_the_job() {
        let caller = "on: pull_request_target\npermissions: {id-token: write}\njobs:\n  a:\n    uses: ./.github/workflows/aws.yml\n    with: {role: \"arn:aws:iam::111122223333:role/ci\"}\n";
        let callee = "on: {workflow_call: {inputs: {role: {type: string}, other: {default: \"arn:aws:iam::111122223333:role/other\"}}}}\njobs:\n  b:\n    environment: prod\n    env: {R: \"${{ inputs.role }}\"}\n    steps:\n      - {uses: x, with: {role-to-assume: \"${{ env.R }}\"}}\n  c:\n    permissions: {contents: read}\n    steps:\n      - {uses: x, with: {role-to-assume: \"${{ inputs.other }}\"}}\n";
        let open = |name: &str| (name == "aws.yml").then(|| callee.to_owned());
        let one = read(caller, Some("main"), &open).expect("it has a token");
        assert!(one.outsiders);
        let role = "arn:aws:iam::111122223333:role/ci";
        assert_eq!(one.roles, BTreeSet::from([role.to_owned()]), "the other job has no token");
        assert!(one.subjects.contains(&format!("{role} environment:prod")), "{:?}", one.subjects);
        // It asks for more than it was lent: nothing comes of it.
        assert_eq!(read(&caller.replace("id-token: write", "contents: read # id-token"), None, &open), None);
        // A workflow that calls itself ends.
        let itself = |_: &str| Some(caller.replace("pull_request_target", "workflow_call"));
        assert!(read(caller, None, &itself).expect("it has a token").roles.is_empty());
        // A name that leads out of the folder is nobody's.
        let out = caller.replace("workflows/aws.yml", "workflows/../../aws.yml");
        assert!(read(&out, None, &|_| panic!("it is not asked for")).expect("it has a token").roles.is_empty());
    }

    #[test]
    fn a_text_that_is_no_yaml_is_read_by_lines() {
        let broken = format!("{TEXT}  - : [}}\n");
        let one = found(&broken);
        assert_eq!((one.line, one.roles.len()), (5, 1));
        assert_eq!(one.subjects, BTreeSet::from(["* ?*".to_owned()]));
    }
}
