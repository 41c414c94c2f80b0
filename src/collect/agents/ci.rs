//! Agents that pipelines start: GitHub workflows and GitLab pipelines, with what starts them, what they may write and
//! which secrets they get. Runs nothing.

use std::collections::BTreeSet;

use super::file::File;
use super::frameworks::Frameworks;
use super::guard::Gates;
use super::node::{Entry, Node, Value};
use super::parse::{Format, parse};
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes, IdentityKind, LinkKind, Urn};

/// Whether a path is that of a pipeline.
pub(super) fn is_workflow(path: &str) -> bool {
    let lower = path.to_lowercase();
    let is_yaml = lower.ends_with(".yml") || lower.ends_with(".yaml");
    let is_in = |folder: &str| lower.starts_with(folder) || lower.contains(&format!("/{folder}"));
    (is_yaml && is_in(".github/workflows/")) || is_gitlab(&lower)
}

fn is_gitlab(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, ".gitlab-ci.yml" | ".gitlab-ci.yaml")
        || name.ends_with(".gitlab-ci.yml")
        || path.contains(".gitlab/duo/")
}

/// Reads a pipeline.
///
/// # Errors
/// Where it is no YAML.
pub(super) fn read(file: &mut File<'_>, tables: &Tables) -> Result<(), String> {
    // A pipeline without an agent is none of ours, however it is written.
    if !tables.frameworks.may_start(file.text) {
        return Ok(());
    }
    let (tree, _) = parse(file.text, Format::Yaml).map_err(|error| {
        let (line, column) = file.position(error.at);
        format!("line {line}, column {column}: expected {}", error.expected)
    })?;
    if is_gitlab(&file.source.name.to_lowercase()) {
        gitlab(file, &tree, &tables.frameworks);
    } else {
        github(file, &tree, tables);
    }
    Ok(())
}

/// What holds for a whole workflow.
struct Workflow<'n> {
    triggers: Vec<String>,
    permissions: Option<&'n Node>,
    env: Option<&'n Node>,
    gates: Gates<'n>,
}

impl Workflow<'_> {
    /// Whether outsiders start it, or write what it reads.
    fn is_untrusted(&self, frameworks: &Frameworks) -> bool {
        self.triggers.iter().any(|trigger| frameworks.is_untrusted(trigger))
    }
}

fn github(file: &mut File<'_>, tree: &Node, tables: &Tables) {
    let workflow = Workflow {
        triggers: triggers(tree.get("on")),
        permissions: tree.get("permissions"),
        env: tree.get("env"),
        gates: Gates::of(tree, &tables.frameworks),
    };
    for job in tree.get("jobs").map(Node::entries).unwrap_or_default() {
        called(file, &workflow, job, &tables.frameworks);
        let steps = job.value.get("steps").map(Node::items).unwrap_or_default();
        for (number, step) in steps.iter().enumerate() {
            let uses = step.text_of("uses").unwrap_or_default();
            let run = step.text_of("run").unwrap_or_default();
            let by_action = tables.frameworks.of_action(uses).map(|name| (name, "uses"));
            let by_script = || tables.frameworks.of_script(run).map(|(name, _)| (name, "run"));
            if let Some((program, key)) = by_action.or_else(by_script) {
                let id = step.text_of("id").map_or_else(|| (number + 1).to_string(), super::given::shown);
                let part = format!("{}/{id}", super::given::shown(&job.key));
                let place = step.entry(key).map_or(step.span.clone(), |entry| entry.at..entry.at + key.len());
                let agent = Agent { part, program, place, step, steps };
                agent.add(file, &workflow, job, tables);
            }
        }
    }
}

/// A job that calls a workflow of which the name says that it starts an agent: the workflow itself may be anywhere, what the
/// job gives it stands here.
fn called(file: &mut File<'_>, workflow: &Workflow<'_>, job: &Entry, frameworks: &Frameworks) {
    let Some(uses) = job.value.text_of("uses") else { return };
    let path = uses.split('@').next().unwrap_or(uses);
    let Some(program) = frameworks.of_name(path.rsplit('/').next().unwrap_or(path)) else { return };
    let mut attributes = Attributes::default().with(Name::AgentProgram, program).with(Name::SeenWith, "low");
    attributes.set(Name::Triggers, workflow.triggers.clone());
    if workflow.is_untrusted(frameworks) && !workflow.gates.hold(&job.key, &job.value) {
        attributes.set(Name::UntrustedTrigger, true);
        attributes.set(Name::UntrustedContent, true);
    }
    let writes = writes(job.value.get("permissions").or(workflow.permissions));
    let mut secrets = BTreeSet::new();
    match job.value.get("secrets") {
        Some(all) if all.text() == Some("inherit") => drop(secrets.insert("every secret of the repository".to_owned())),
        Some(some) => names_of_secrets(some, &mut secrets),
        None => {}
    }
    set_rights(&mut attributes, writes, secrets);
    attributes.set(Name::Package, super::given::shown(path));
    attributes.set(Name::Fetched, !path.starts_with("./"));
    attributes.set(Name::Pinned, is_commit(uses));
    let part = super::given::shown(&job.key);
    let id = file.urn(&part);
    let name = format!("{program} in job {part}, by the name of {} ({})", super::given::shown(path), file.shown());
    let place = job.value.entry("uses").map_or(job.at..job.at + job.key.len(), |entry| entry.at..entry.at + 4);
    let identity = file.identity(&id, IdentityKind::AgentCi, name, &place, attributes);
    file.add(identity);
}

/// A step that starts an agent.
struct Agent<'n> {
    part: String,
    program: &'n str,
    place: std::ops::Range<usize>,
    step: &'n Node,
    /// All steps of its job.
    steps: &'n [Node],
}

impl Agent<'_> {
    fn add(&self, file: &mut File<'_>, workflow: &Workflow<'_>, entry: &Entry, tables: &Tables) {
        let job = &entry.value;
        let frameworks = &tables.frameworks;
        let mut attributes = Attributes::default().with(Name::AgentProgram, self.program);
        attributes.set(Name::Triggers, workflow.triggers.clone());
        if workflow.is_untrusted(frameworks) && !workflow.gates.hold(&entry.key, self.step) {
            attributes.set(Name::UntrustedTrigger, true);
            attributes.set(Name::UntrustedContent, true);
        }
        let writes = writes(job.get("permissions").or(workflow.permissions));
        let mut secrets = BTreeSet::new();
        for node in [Some(self.step), job.get("env"), workflow.env].into_iter().flatten() {
            names_of_secrets(node, &mut secrets);
        }
        // What another step logs in with is there for the rest of the job.
        for step in self.steps.iter().filter(|step| step.text_of("uses").is_some_and(is_login)) {
            names_of_secrets(step, &mut secrets);
        }
        set_rights(&mut attributes, writes, secrets);
        let text = file.text.get(self.step.span.clone()).unwrap_or_default();
        if frameworks.approvals_off(text).is_some() {
            attributes.set(Name::ApprovalsOff, true);
            attributes.set(Name::Unasked, "all its tools");
        }
        if let Some(uses) = self.step.text_of("uses") {
            attributes.set(Name::Fetched, true);
            attributes.set(Name::Package, super::given::shown(uses.split('@').next().unwrap_or(uses)));
            attributes.set(Name::Pinned, is_commit(uses));
        }
        let id = file.urn(&self.part);
        let name = format!("{} in job {} ({})", self.program, self.part, file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &self.place, attributes);
        file.add(identity);
        super::client::given(file, &id, &[], &self.step.span, tables);
        self.roles(file, &id);
    }

    /// Cloud roles that the job takes on without any key.
    fn roles(&self, file: &mut File<'_>, id: &Urn) {
        for step in self.steps {
            let Some(role) = step.get("with").and_then(|with| with.text_of("role-to-assume")) else { continue };
            if role.starts_with("arn:") {
                let why = "its job takes on this role through the workflow's own token";
                file.link(id, LinkKind::ActsAs, &Urn::new(role), why, &step.span);
            }
        }
    }
}

/// Actions that leave credentials behind for later steps.
fn is_login(uses: &str) -> bool {
    ["aws-actions/configure-aws-credentials", "azure/login", "google-github-actions/auth", "docker/login-action"]
        .iter()
        .any(|login| uses.to_lowercase().starts_with(login))
}

fn is_commit(uses: &str) -> bool {
    uses.rsplit_once('@').is_some_and(|(_, id)| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn triggers(on: Option<&Node>) -> Vec<String> {
    let Some(on) = on else { return Vec::new() };
    let keys = on.entries().iter().map(|entry| entry.key.as_str());
    let mut all: Vec<String> = keys.chain(on.words()).map(super::given::shown).collect();
    all.sort();
    all.dedup();
    all
}

/// Notes what an agent is given, by itself and in words.
fn set_rights(attributes: &mut Attributes, writes: Vec<String>, secrets: BTreeSet<String>) {
    let secrets: Vec<String> = secrets.into_iter().collect();
    let parts = [("may write ", &writes), ("gets ", &secrets)];
    let parts = parts.into_iter().filter(|(_, list)| !list.is_empty());
    let words: Vec<String> = parts.map(|(verb, list)| format!("{verb}{}", list.join(", "))).collect();
    attributes.set(Name::GivenRights, words.join(" and "));
    if !writes.is_empty() {
        attributes.set(Name::WritePermissions, writes);
    }
    if !secrets.is_empty() {
        attributes.set(Name::GivenSecrets, secrets);
    }
}

/// What the workflow's token may write. Without a word about it the repository's own setting counts, which is not here.
fn writes(permissions: Option<&Node>) -> Vec<String> {
    let Some(permissions) = permissions else { return Vec::new() };
    if permissions.text() == Some("write-all") {
        return vec!["everything".to_owned()];
    }
    let is_write = |node: &Node| node.text() == Some("write");
    let entries = permissions.entries().iter().filter(|entry| is_write(&entry.value));
    // The token of id-token proves who asks; by itself it writes nothing.
    entries.filter(|entry| entry.key != "id-token").map(|entry| super::given::shown(&entry.key)).collect()
}

/// The names behind `secrets.` in every expression below a value; the workflow's own token is no secret of it.
fn names_of_secrets(node: &Node, found: &mut BTreeSet<String>) {
    match &node.value {
        Value::Text(text) => {
            for after in text.split("secrets.").skip(1) {
                let name: String =
                    after.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
                if !name.is_empty() && name != "GITHUB_TOKEN" {
                    found.insert(name);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| names_of_secrets(item, found)),
        Value::Map(entries) => entries.iter().for_each(|entry| names_of_secrets(&entry.value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn gitlab(file: &mut File<'_>, tree: &Node, frameworks: &Frameworks) {
    for job in tree.entries() {
        let parts = ["before_script", "script", "after_script"];
        let scripts = parts.iter().filter_map(|part| job.value.get(part)).flat_map(Node::words);
        let script = scripts.collect::<Vec<_>>().join("\n");
        let is_duo = file.source.name.contains(".gitlab/duo/") && job.key == "commands";
        let program = frameworks.of_script(&script).map(|(name, _)| name).or(is_duo.then_some("GitLab Duo"));
        let Some(program) = program else { continue };
        let mut attributes = Attributes::default().with(Name::AgentProgram, program);
        if frameworks.approvals_off(&script).is_some() {
            attributes.set(Name::ApprovalsOff, true);
            attributes.set(Name::Unasked, "all its tools");
        }
        let mut names = BTreeSet::new();
        for word in script.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != '$') {
            if let Some(name) = word.strip_prefix('$').filter(|name| super::given::is_secret_name(name)) {
                names.insert(name.to_owned());
            }
        }
        for entry in job.value.get("variables").map(Node::entries).unwrap_or_default() {
            if super::given::is_secret_name(&entry.key) {
                names.insert(super::given::shown(&entry.key));
            }
        }
        if !names.is_empty() {
            attributes.set(Name::GivenSecrets, names.into_iter().collect::<Vec<_>>());
        }
        let part = super::given::shown(&job.key);
        let id = file.urn(&part);
        let place = job.at..job.at + job.key.len();
        let name = format!("{program} in job {part} ({})", file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &place, attributes);
        file.add(identity);
    }
}
