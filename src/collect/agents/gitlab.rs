//! Agents that pipelines of GitLab start, with what starts them and what they are given. Runs nothing and fetches no
//! template.
//!
//! Source: GitLab Docs, "CI/CD YAML syntax reference": `rules`, `only`, `workflow`, `extends`, `secrets`, `id_tokens`;
//! "Merge request pipelines": those of forks run in the fork, unless a member of the project starts them.

use std::collections::BTreeSet;

use super::client;
use super::file::File;
use super::given::Given;
use super::inline;
use super::node::{Entry, Node, Value};
use super::rights::Rights;
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes, IdentityKind, LinkKind, Urn};

/// How many jobs one takes over from: GitLab allows eleven levels.
const MOST_PARENTS: usize = 64;

/// Variables by which whoever starts a pipeline hands in what others wrote: an issue, a comment, the body of a webhook.
/// Source: GitLab Docs, "Trigger pipelines by using the API"; the vendors' own templates for mentions.
const HANDED_IN: &[&str] = &["TRIGGER_PAYLOAD", "AI_FLOW_INPUT", "AI_FLOW_CONTEXT", "AI_FLOW_EVENT", "CHAT_INPUT"];

/// Variables with text that whoever opens a merge request or writes a commit chooses. Source: "Predefined CI/CD variables".
const WRITTEN: &[&str] = &[
    "CI_MERGE_REQUEST_TITLE",
    "CI_MERGE_REQUEST_DESCRIPTION",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_TITLE",
    "CI_COMMIT_DESCRIPTION",
];

/// Whether a path in small letters is that of a pipeline.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, ".gitlab-ci.yml" | ".gitlab-ci.yaml")
        || name.ends_with(".gitlab-ci.yml")
        || [".gitlab/duo/", ".gitlab/ci/"].iter().any(|folder| path.contains(folder))
            && (name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// Reads a pipeline.
pub(super) fn read(file: &mut File<'_>, tree: &Node, tables: &Tables) {
    let frameworks = &tables.frameworks;
    let pipeline = Pipeline { tree };
    if file.source.name.contains(".gitlab/duo/")
        && let Some(commands) = tree.get("commands")
    {
        return flow(file, tree, commands, tables);
    }
    let taken_over: BTreeSet<&str> =
        tree.entries().iter().filter_map(|job| job.value.get("extends")).flat_map(Node::words).collect();
    for job in tree.entries() {
        // A template is told where it is used.
        if job.key.starts_with('.') && taken_over.contains(job.key.as_str()) {
            continue;
        }
        let script = pipeline.script(job);
        let Some(program) = frameworks.of_script(&script) else { continue };
        let mut attributes = Attributes::default().with(Name::AgentProgram, program);
        if !frameworks.loose(&script).is_empty() {
            attributes.set(Name::ApprovalsOff, true);
            attributes.set(Name::Unasked, "all its tools");
        }
        let sources = pipeline.sources(job);
        let speaks_of = |names: &[&str]| {
            names.iter().any(|name| script.contains(&format!("${name}")) || script.contains(&format!("${{{name}")))
        };
        let mut rights = Rights { writes: Vec::new(), secrets: pipeline.secrets(job, &script) };
        // Whoever may open an issue instructs an agent that is handed its text.
        let hands_in =
            speaks_of(HANDED_IN) && (sources.is_empty() || sources.iter().any(|one| HANDS.contains(&one.as_str())));
        if hands_in {
            attributes.set(Name::UntrustedTrigger, true);
            rights.secrets.insert("the CI/CD variables of the project".to_owned());
        }
        if hands_in || speaks_of(WRITTEN) {
            attributes.set(Name::UntrustedContent, true);
        }
        let sources = if sources.is_empty() { vec!["every pipeline".to_owned()] } else { sources };
        attributes.set(Name::Triggers, sources);
        rights.set(&mut attributes);
        let part = super::given::shown(&job.key);
        let id = file.urn(&part);
        let place = job.at..job.at + job.key.len();
        let name = format!("{program} in job {part} ({})", file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &place, attributes);
        file.add(identity);
        let given = pipeline.written(job, file.text);
        let scripts = ["before_script", "script"].iter().filter_map(|part| pipeline.field(&job.value, part));
        let inner: Vec<_> = scripts.flat_map(|script| inline::of_commands(file, &id, &part, script, tables)).collect();
        client::given_but(file, &id, &given, (&place, &inner), tables);
        let has_token = pipeline.field(&job.value, "id_tokens").is_some();
        for role in pipeline.roles(job, &script).into_iter().filter(|_| has_token) {
            let why = "its job takes on this role through a token of its own";
            file.link(&id, LinkKind::ActsAs, &Urn::new(role), why, &place);
        }
    }
}

/// An external agent of GitLab Duo: its file is no pipeline. A member mentions or assigns it, what outsiders wrote in that
/// issue or merge request is handed to it, and it gets the variables that it lists.
/// Source: GitLab Docs, "External agents", "Flow configuration", "Triggers": the Developer role is needed.
fn flow(file: &mut File<'_>, tree: &Node, commands: &Node, tables: &Tables) {
    let mut lines = Vec::new();
    texts(commands, &mut lines);
    let script = lines.join("\n");
    let program = tables.frameworks.of_script(&script).unwrap_or("GitLab Duo").to_owned();
    let mut attributes = Attributes::default().with(Name::AgentProgram, program.as_str());
    if !tables.frameworks.loose(&script).is_empty() {
        attributes.set(Name::ApprovalsOff, true);
        attributes.set(Name::Unasked, "all its tools");
    }
    attributes.set(Name::Triggers, ["mention", "assignment", "review request"].map(str::to_owned).to_vec());
    attributes.set(Name::UntrustedContent, true);
    let variables = tree.get("variables");
    let listed = variables.map(Node::items).unwrap_or_default().iter().filter_map(Node::text);
    let listed = listed.chain(variables.map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()));
    let secrets = listed.filter(|name| super::given::is_secret_name(name) || name.contains("TOKEN"));
    let rights = Rights { writes: Vec::new(), secrets: secrets.map(super::given::shown).collect() };
    rights.set(&mut attributes);
    let name = file.shown().rsplit('/').next().unwrap_or_default();
    let part = super::given::shown(name.split('.').next().unwrap_or(name));
    let id = file.urn(&part);
    let place = tree.entry("commands").map_or(0..0, |entry| entry.at..entry.at + entry.key.len());
    let name = format!("{program} in flow {part} ({})", file.shown());
    let identity = file.identity(&id, IdentityKind::AgentCi, name, &place, attributes);
    file.add(identity);
    let mut given = super::assigned::of_maps(&[(variables, "env")]);
    let text = file.text.get(commands.span.clone()).unwrap_or_default();
    super::assigned::of_commands(text, commands.span.start, &mut given);
    let inner = inline::of_commands(file, &id, &part, commands, tables);
    client::given_but(file, &id, &given, (&place, &inner), tables);
}

/// Sources of pipelines that a program starts, which may hand in any text.
const HANDS: &[&str] = &["trigger", "api", "webhook", "chat", "pipeline"];

struct Pipeline<'n> {
    tree: &'n Node,
}

impl<'n> Pipeline<'n> {
    /// A part of a job, its own or that of the last one it takes over from.
    fn field(&self, job: &'n Node, key: &str) -> Option<&'n Node> {
        let mut open = vec![job];
        for _ in 0..MOST_PARENTS {
            let one = open.pop()?;
            if let Some(found) = one.get(key) {
                return Some(found);
            }
            let parents = one.get("extends").map(Node::words).unwrap_or_default();
            open.extend(parents.into_iter().filter_map(|name| self.tree.get(name)));
        }
        None
    }

    fn script(&self, job: &'n Entry) -> String {
        let parts = ["before_script", "script", "after_script"];
        let nodes = parts.iter().filter_map(|part| self.field(&job.value, part));
        let mut lines = Vec::new();
        nodes.for_each(|node| texts(node, &mut lines));
        lines.join("\n")
    }

    /// The secrets of a job that stand in the file.
    fn written(&self, job: &'n Entry, text: &str) -> Vec<Given> {
        let maps = [self.field(&job.value, "variables"), self.tree.get("variables")];
        let mut found = super::assigned::of_maps(&maps.map(|map| (map, "env")));
        for part in ["before_script", "script"].iter().filter_map(|part| self.field(&job.value, part)) {
            let commands = text.get(part.span.clone()).unwrap_or_default();
            super::assigned::of_commands(commands, part.span.start, &mut found);
        }
        found
    }

    /// The roles of AWS that the job names, in its commands or variables.
    fn roles(&self, job: &'n Entry, script: &str) -> BTreeSet<String> {
        let mut values = Vec::new();
        for variables in [self.field(&job.value, "variables"), self.tree.get("variables")].into_iter().flatten() {
            variables
                .entries()
                .iter()
                .for_each(|entry| texts(entry.value.get("value").unwrap_or(&entry.value), &mut values));
        }
        super::doors::roles_in(&format!("{script}\n{}", values.join("\n")))
    }

    /// What starts the job, as `CI_PIPELINE_SOURCE` says it, or a kind of `only`; empty where nothing is said.
    fn sources(&self, job: &'n Entry) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut is_any = false;
        let workflow = self.tree.get("workflow").and_then(|workflow| workflow.get("rules"));
        let rules = self.field(&job.value, "rules").or(workflow).map(Node::items).unwrap_or_default();
        for rule in rules.iter().filter(|rule| rule.text_of("when") != Some("never")) {
            let named = rule.text_of("if").map(sources_of).unwrap_or_default();
            is_any |= named.is_empty();
            found.extend(named);
        }
        if let Some(only) = self.field(&job.value, "only") {
            found.extend(only.get("refs").unwrap_or(only).words().into_iter().map(super::given::shown));
        }
        if is_any { Vec::new() } else { found.into_iter().collect() }
    }

    /// The names of secrets that the job speaks of or is given by name.
    fn secrets(&self, job: &'n Entry, script: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for word in script.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '$') {
            if let Some(name) = word.strip_prefix('$').filter(|name| super::given::is_secret_name(name)) {
                names.insert(name.to_owned());
            }
        }
        for (key, is_sure) in [("variables", false), ("secrets", true), ("id_tokens", true)] {
            for entry in self.field(&job.value, key).map(Node::entries).unwrap_or_default() {
                if is_sure || super::given::is_secret_name(&entry.key) {
                    names.insert(super::given::shown(&entry.key));
                }
            }
        }
        names
    }
}

/// The sources that a condition compares with: `$CI_PIPELINE_SOURCE == "x"`, or `=~ /x|y/`.
fn sources_of(condition: &str) -> Vec<String> {
    let mut found = Vec::new();
    for after in condition.split("CI_PIPELINE_SOURCE").skip(1) {
        let rest = after.trim_start_matches(['}', ' ', '"', '\'']);
        let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix("=~"));
        let Some(value) = value.map(str::trim_start) else { continue };
        let open = value.chars().next().unwrap_or(' ');
        let inner = value.get(1..).and_then(|rest| rest.split(open).next()).unwrap_or_default();
        let words = inner.split('|').map(|word| word.trim_matches(['^', '$', '(', ')', ' ']));
        found.extend(words.filter(|word| !word.is_empty()).map(super::given::shown));
    }
    found
}

/// Every text below a value. As deep as what was parsed, which is bounded.
fn texts(node: &Node, found: &mut Vec<String>) {
    match &node.value {
        Value::Text(text) => found.push(text.clone()),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_what_starts_a_pipeline() {
        for (condition, expected) in [
            ("$CI_PIPELINE_SOURCE == \"merge_request_event\"", "merge_request_event"),
            ("$CI_PIPELINE_SOURCE == 'web' || $CI_PIPELINE_SOURCE == 'trigger'", "web,trigger"),
            ("${CI_PIPELINE_SOURCE} =~ /^(api|trigger)$/", "api,trigger"),
            ("$CI_PIPELINE_SOURCE != 'schedule'", ""),
            ("$CI_COMMIT_BRANCH == 'main'", ""),
        ] {
            assert_eq!(sources_of(condition).join(","), expected, "{condition}");
        }
    }
}
