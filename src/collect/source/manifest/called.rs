//! Workflows that a job calls from the same repository: what they ask for, they ask for with the token of whoever calls them.
//! Runs nothing, and follows nothing out of the folder of workflows.
//!
//! Source: GitHub Docs, "Reusing workflows"; "OpenID Connect reference", "Using OpenID Connect with reusable workflows".

use std::collections::BTreeMap;

use serde_json::Value;

use super::workflow::tree;

/// How a workflow of the same repository is called.
const LOCAL: &str = "./.github/workflows/";

/// How deep calls are followed. GitHub follows ten.
const DEEPEST: usize = 10;

/// How many jobs of called workflows are looked at.
const MOST_JOBS: usize = 200;

/// How many texts stand one behind the other: an input that is given a variable, which is given an input.
const MOST_STEPS: usize = 4;

/// Gives the text of a workflow by the name of its file.
pub(super) type Open<'o> = dyn Fn(&str) -> Option<String> + 'o;

/// A job of a called workflow, with all that its expressions may name.
pub(super) struct Called {
    /// The job.
    pub(super) job: Value,
    /// The workflow that it is of.
    pub(super) of: Value,
    /// What its workflow was given, by the names of the inputs.
    pub(super) inputs: BTreeMap<String, String>,
}

/// The jobs of the workflow that a job calls, and of those that these call in turn. `inputs` is what the calling workflow was
/// given itself.
pub(super) fn jobs(job: &Value, of: &Value, inputs: &BTreeMap<String, String>, open: &Open<'_>) -> Vec<Called> {
    let mut found = Vec::new();
    follow(job, of, inputs, open, DEEPEST, &mut found);
    found
}

fn follow(
    job: &Value,
    of: &Value,
    inputs: &BTreeMap<String, String>,
    open: &Open<'_>,
    depth: usize,
    found: &mut Vec<Called>,
) {
    let name = job.get("uses").and_then(Value::as_str).and_then(|uses| uses.trim().strip_prefix(LOCAL));
    let Some(name) = name.filter(|name| depth > 0 && is_file_name(name)) else { return };
    let Some(called) = open(name).as_deref().and_then(tree) else { return };
    let given = given(job, of, inputs, &called);
    for (_, inner) in called.get("jobs").and_then(Value::as_object).into_iter().flatten() {
        if found.len() >= MOST_JOBS {
            return;
        }
        found.push(Called { job: inner.clone(), of: called.clone(), inputs: given.clone() });
        follow(inner, &called, &given, open, depth - 1, found);
    }
}

fn is_file_name(name: &str) -> bool {
    !name.contains(['/', '\\']) && name.len() < 200 && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// What a called workflow is given: by the job that calls it, else by its own defaults.
fn given(job: &Value, of: &Value, inputs: &BTreeMap<String, String>, called: &Value) -> BTreeMap<String, String> {
    let on = called.get("on").or_else(|| called.get("true"));
    let declared = on.and_then(|on| on.pointer("/workflow_call/inputs")).and_then(Value::as_object);
    let defaults = declared.into_iter().flatten().filter_map(|(name, input)| Some((name, input.get("default")?)));
    let with = job.get("with").and_then(Value::as_object).into_iter().flatten();
    let texts = defaults.chain(with).filter_map(|(name, value)| Some((name.clone(), value.as_str()?)));
    texts.map(|(name, text)| (name, plain(text, &[job, of], inputs))).collect()
}

/// A text with what it names in its place, where it is one expression of the environment or of the inputs.
pub(super) fn plain(text: &str, places: &[&Value], inputs: &BTreeMap<String, String>) -> String {
    let mut text = text.trim().to_owned();
    for _ in 0..MOST_STEPS {
        let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        let next = match inner.and_then(|inner| inner.split_once('.')) {
            Some(("env", name)) => places.iter().find_map(|place| place.get("env")?.get(name)?.as_str()),
            Some(("inputs", name)) => inputs.get(name).map(String::as_str),
            _ => None,
        };
        let Some(next) = next else { break };
        text = next.trim().to_owned();
    }
    text
}
