//! Agents that workflows of GitHub start, with what starts them, what they may write and which secrets they get. Runs
//! nothing.

use std::collections::BTreeSet;

use super::assigned;
use super::called::{Calls, Defined, Waiting};
use super::client;
use super::file::File;
use super::frameworks::Frameworks;
use super::gitlab;
use super::given::Given;
use super::guard::Gates;
use super::inline;
use super::node::{Entry, Node};
use super::parse::{Format, parse};
use super::rights::{Rights, names_of_secrets, triggers, writes};
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes, IdentityKind, LinkKind, Urn};

/// Whether a path is that of a pipeline, or of an action that pipelines use.
pub(super) fn is_workflow(path: &str) -> bool {
    let lower = path.to_lowercase();
    let is_yaml = lower.ends_with(".yml") || lower.ends_with(".yaml");
    let is_in = |folder: &str| lower.starts_with(folder) || lower.contains(&format!("/{folder}"));
    (is_yaml && is_in(".github/workflows/")) || is_action(&lower) || gitlab::is_one(&lower)
}

/// Whether a path in small letters is that of an action.
fn is_action(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"))
}

/// Reads a pipeline; what it calls in other files of the tree is noted for the time when those are read.
///
/// # Errors
/// Where it is no YAML.
pub(super) fn read(file: &mut File<'_>, tables: &Tables, calls: &mut Calls) -> Result<(), String> {
    let path = file.source.name.to_lowercase();
    // A pipeline without an agent is none of ours, however it is written; one that calls others may have theirs.
    let may_call = !gitlab::is_one(&path) && file.text.contains("./");
    if !tables.frameworks.may_start(file.text) && !may_call && !file.text.contains("copilot") {
        return Ok(());
    }
    let (tree, odd) = parse(file.text, Format::Yaml).map_err(|error| {
        let (line, column) = file.position(error.at);
        format!("line {line}, column {column}: expected {}", error.expected)
    })?;
    file.odd = odd;
    if gitlab::is_one(&path) {
        gitlab::read(file, &tree, tables);
    } else if is_action(&path) {
        action(file, &tree, tables, calls);
    } else {
        Workflow::of(&tree, tables).read(file, &tree, calls);
    }
    Ok(())
}

/// What a step or job says of an agent.
struct Place {
    /// Its name in the graph behind the file, which stays the same when others come and go.
    id: String,
    /// The same for a reader.
    told: String,
    at: std::ops::Range<usize>,
}

impl Place {
    /// Of a step: by its id, else its name, else by what it starts, with a number from the second on.
    fn of_step(file: &mut File<'_>, job: &str, step: &Node, key: &str, starts: &str) -> Self {
        let own = step.text_of("id").or_else(|| step.text_of("name")).map(super::given::shown);
        let job = super::given::shown(job);
        let is_joint = |letter: char| !letter.is_ascii_alphanumeric();
        let slug =
            || starts.split(is_joint).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_lowercase();
        let base = format!("{job}/{}", own.clone().unwrap_or_else(slug));
        // A name that another step has already is counted on until it is free.
        let mut count = 1;
        let mut id = base.clone();
        while file.again(&format!("step {id}")) > 0 {
            count += 1;
            id = format!("{base}/{count}");
        }
        let again = if count == 1 { String::new() } else { format!(" ({count})") };
        let told = own.map_or_else(|| format!("{job}{again}"), |own| format!("{job}, step {own}{again}"));
        let at = step.entry(key).map_or(step.span.clone(), |entry| entry.at..entry.at + key.len());
        Self { id, told, at }
    }
}

/// What holds for a whole workflow.
struct Workflow<'n> {
    tables: &'n Tables,
    triggers: Vec<String>,
    is_untrusted: bool,
    permissions: Option<&'n Node>,
    env: Option<&'n Node>,
    gates: Gates<'n>,
}

impl<'n> Workflow<'n> {
    fn of(tree: &'n Node, tables: &'n Tables) -> Self {
        let triggers = triggers(tree.get("on"));
        Self {
            tables,
            is_untrusted: triggers.iter().any(|trigger| tables.frameworks.is_untrusted(trigger)),
            triggers,
            permissions: tree.get("permissions"),
            env: tree.get("env"),
            gates: Gates::of(tree, &|event| tables.frameworks.is_untrusted(event)),
        }
    }

    fn read(&self, file: &mut File<'_>, tree: &Node, calls: &mut Calls) {
        let frameworks = &self.tables.frameworks;
        for job in tree.get("jobs").map(Node::entries).unwrap_or_default() {
            self.called(file, job, calls);
            self.copilot(file, job);
            for step in job.value.get("steps").map(Node::items).unwrap_or_default() {
                if let Some((program, key)) = started(step, frameworks) {
                    self.agent(file, job, step, (program, key));
                    let given = job.value.get("permissions").or(self.permissions);
                    let mut defined = defined(step, &[&job.value, step], program, frameworks);
                    defined.writes = given.map(|given| writes(Some(given)));
                    calls.define(file.source.name, defined);
                } else if let Some(target) = local(step) {
                    calls.lead_on(file.source.name, target);
                    self.uses_action(file, job, step, target, calls);
                }
            }
        }
    }

    /// Who starts it, as far as a job or step lets them.
    fn start(&self, job: &str, step: &Node) -> Attributes {
        let mut attributes = Attributes::default().with(Name::Triggers, self.triggers.clone());
        if self.is_untrusted && !self.gates.hold(job, step) {
            attributes.set(Name::UntrustedTrigger, true);
            attributes.set(Name::UntrustedContent, true);
        }
        attributes
    }

    /// What a step of a job gets.
    fn rights(&self, job: &Node, step: &Node) -> Rights {
        let mut secrets = BTreeSet::new();
        for node in [Some(step), job.get("env"), self.env].into_iter().flatten() {
            names_of_secrets(node, &mut secrets);
        }
        // What another step logs in with is there for the rest of the job.
        let steps = job.get("steps").map(Node::items).unwrap_or_default();
        for step in steps.iter().filter(|step| step.text_of("uses").is_some_and(is_login)) {
            names_of_secrets(step, &mut secrets);
        }
        Rights { writes: writes(job.get("permissions").or(self.permissions)), secrets }
    }

    /// A step that starts an agent.
    fn agent(&self, file: &mut File<'_>, job: &Entry, step: &Node, (program, key): (&str, &str)) {
        let place = Place::of_step(file, &job.key, step, key, program);
        let mut attributes = self.start(&job.key, step).with(Name::AgentProgram, program);
        // Some actions ask who it is, unless they are told not to; then outsiders write only what it reads.
        if let Some((input, _)) = inputs(step).find(|(key, value)| self.tables.frameworks.is_open(key, value)) {
            let anybody = format!("anybody ({input} is *)");
            attributes.set(Name::Triggers, [self.triggers.clone(), vec![anybody]].concat());
        } else if self.tables.frameworks.asks(step.text_of("uses").unwrap_or_default()) {
            attributes.remove(Name::UntrustedTrigger);
        }
        self.rights(&job.value, step).set(&mut attributes);
        set_loose(&mut attributes, step, program, &self.tables.frameworks);
        set_package(&mut attributes, step.text_of("uses"));
        let id = file.urn(&place.id);
        let name = format!("{program} in job {} ({})", place.told, file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &place.at, attributes);
        file.add(identity);
        let given = self.written(file.text, &job.value, step);
        let inner = inline::of_step(file, &id, &place.id, step, self.tables);
        client::given_but(file, &id, &given, (&step.span, &inner), self.tables);
        self.roles(file, &id, &job.value);
    }

    /// The secrets of a step that stand in the file.
    fn written(&self, text: &str, job: &Node, step: &Node) -> Vec<Given> {
        let maps = [(step.get("env"), "env"), (job.get("env"), "env"), (self.env, "env"), (step.get("with"), "input")];
        written_in(text, step, &maps)
    }

    /// The job that prepares the machine of GitHub's own agent, by its name: what it sets up the agent has. A person assigns
    /// the agent's work. Source: GitHub Docs, "Customizing the development environment for Copilot coding agent".
    fn copilot(&self, file: &mut File<'_>, job: &Entry) {
        const JOB: &str = "copilot-setup-steps";
        if job.key != JOB {
            return;
        }
        let mut attributes = Attributes::default().with(Name::AgentProgram, "Copilot coding agent");
        attributes.set(Name::Triggers, vec!["assignment".to_owned()]);
        let mut rights = self.rights(&job.value, &job.value);
        // These rights are those of the preparation; the agent's own token is GitHub's.
        rights.writes = Vec::new();
        rights.set(&mut attributes);
        let id = file.urn(JOB);
        let name = format!("Copilot coding agent ({})", file.shown());
        let at = job.at..job.at + job.key.len();
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &at, attributes);
        file.add(identity);
        self.roles(file, &id, &job.value);
    }

    /// A step that uses an action of the same repository, which may start an agent.
    fn uses_action(&self, file: &mut File<'_>, job: &Entry, step: &Node, target: &str, calls: &mut Calls) {
        let place = Place::of_step(
            file,
            &job.key,
            step,
            "uses",
            target.trim_end_matches('/').rsplit('/').next().unwrap_or(target),
        );
        let id = file.urn(&place.id);
        let attributes = self.start(&job.key, step);
        let identity = file.identity(&id, IdentityKind::AgentCi, place.told, &place.at, attributes);
        let mut linked = File::new(file.source, file.text);
        let given = self.written(file.text, &job.value, step);
        client::given(&mut linked, &id, &given, &step.span, self.tables);
        self.roles(&mut linked, &id, &job.value);
        let waiting =
            Waiting::new(file, target, identity, linked.records, self.rights(&job.value, step), self.gates.start());
        calls.wait(waiting);
    }

    /// A job that calls a workflow. What the job gives it stands here; what it does, in another file of the tree, or where
    /// nobody looks: then its name says whether it starts an agent.
    fn called(&self, file: &mut File<'_>, job: &Entry, calls: &mut Calls) {
        let Some(uses) = job.value.text_of("uses") else { return };
        let path = uses.split('@').next().unwrap_or(uses);
        let frameworks = &self.tables.frameworks;
        let by_name =
            frameworks.of_action(uses).or_else(|| frameworks.of_name(path.rsplit('/').next().unwrap_or(path)));
        let is_local = path.starts_with("./");
        if by_name.is_none() && !is_local {
            return;
        }
        let mut attributes = self.start(&job.key, &job.value);
        let mut secrets = BTreeSet::new();
        match job.value.get("secrets") {
            Some(all) if all.text() == Some("inherit") => {
                secrets.insert("every secret of the repository".to_owned());
            }
            Some(some) => names_of_secrets(some, &mut secrets),
            None => {}
        }
        let rights = Rights { writes: writes(job.value.get("permissions").or(self.permissions)), secrets };
        let job_name = super::given::shown(&job.key);
        let at = job.value.entry("uses").map_or(job.at..job.at + job.key.len(), |entry| entry.at..entry.at + 4);
        let id = file.urn(&job_name);
        let given = assigned::of_maps(&[(job.value.get("with"), "input"), (job.value.get("secrets"), "input")]);
        let mut linked = File::new(file.source, file.text);
        client::given(&mut linked, &id, &given, &at, self.tables);
        if is_local {
            calls.lead_on(file.source.name, path);
            let identity = file.identity(&id, IdentityKind::AgentCi, job_name, &at, attributes);
            let mut waiting = Waiting::new(file, path, identity, linked.records, rights, self.gates.start());
            waiting.by_name = by_name.map(str::to_owned);
            return calls.wait(waiting);
        }
        let program = by_name.unwrap_or_default();
        attributes.set(Name::AgentProgram, program);
        attributes.set(Name::SeenWith, "low");
        rights.set(&mut attributes);
        set_package(&mut attributes, Some(uses));
        let path = super::given::shown(path);
        let name = format!("{program} in job {job_name}, by the name of {path} ({})", file.shown());
        let identity = file.identity(&id, IdentityKind::AgentCi, name, &at, attributes);
        file.add(identity);
        file.records.append(&mut linked.records);
    }

    /// Cloud roles that the job takes on without any key.
    fn roles(&self, file: &mut File<'_>, id: &Urn, job: &Node) {
        for step in job.get("steps").map(Node::items).unwrap_or_default() {
            let Some(role) = step.get("with").and_then(|with| with.text_of("role-to-assume")) else { continue };
            let places = [step.get("env"), job.get("env"), self.env];
            let role = of_environment(role, &places).unwrap_or(role).trim();
            if role.starts_with("arn:") && !role.contains(['$', ' ']) {
                let why = "its job takes on this role through the workflow's own token";
                file.link(id, LinkKind::ActsAs, &Urn::new(role), why, &step.span);
            }
        }
    }
}

/// The text behind `${{ env.NAME }}`, of the innermost place that has it.
fn of_environment<'n>(role: &str, places: &[Option<&'n Node>]) -> Option<&'n str> {
    let inner = role.trim().strip_prefix("${{")?.strip_suffix("}}")?.trim();
    let name = inner.strip_prefix("env.")?;
    places.iter().flatten().find_map(|place| place.text_of(name))
}

/// The agent that a step starts, and by which key.
fn started<'t>(step: &Node, frameworks: &'t Frameworks) -> Option<(&'t str, &'static str)> {
    let by_action = frameworks.of_action(step.text_of("uses").unwrap_or_default()).map(|name| (name, "uses"));
    by_action.or_else(|| frameworks.of_script(step.text_of("run").unwrap_or_default()).map(|name| (name, "run")))
}

/// The secrets of a step's maps and commands that stand in the file.
fn written_in(text: &str, step: &Node, maps: &[(Option<&Node>, &'static str)]) -> Vec<Given> {
    let mut found = assigned::of_maps(maps);
    if let Some(run) = step.get("run") {
        assigned::of_commands(text.get(run.span.clone()).unwrap_or_default(), run.span.start, &mut found);
    }
    found
}

/// The action of the same repository that a step uses.
fn local(step: &Node) -> Option<&str> {
    step.text_of("uses").filter(|uses| uses.starts_with("./"))
}

/// A step for those who call the file that it stands in.
fn defined(step: &Node, guards: &[&Node], program: &str, frameworks: &Frameworks) -> Defined {
    let mut attributes = Attributes::default().with(Name::AgentProgram, program);
    set_loose(&mut attributes, step, program, frameworks);
    set_package(&mut attributes, step.text_of("uses"));
    let asks = frameworks.asks(step.text_of("uses").unwrap_or_default())
        && !inputs(step).any(|(key, value)| frameworks.is_open(key, value));
    let conditions = guards.iter().filter_map(|node| node.text_of("if")).map(str::to_owned).collect();
    Defined { program: program.to_owned(), attributes, conditions, asks, writes: None, records: Vec::new() }
}

/// A composite action: its steps are those of whoever uses it. Source: GitHub Docs, "Metadata syntax for GitHub Actions".
fn action(file: &mut File<'_>, tree: &Node, tables: &Tables, calls: &mut Calls) {
    let frameworks = &tables.frameworks;
    let Some(runs) = tree.get("runs").filter(|runs| runs.text_of("using") == Some("composite")) else { return };
    let folder = file.source.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    for step in runs.get("steps").map(Node::items).unwrap_or_default() {
        if let Some((program, key)) = started(step, frameworks) {
            let mut defined = defined(step, &[step], program, frameworks);
            let place = Place::of_step(file, "action", step, key, program);
            let name = format!("{program} in an action ({})", file.shown());
            let id = file.urn(&place.id);
            let identity = file.identity(&id, IdentityKind::AgentCi, name, &place.at, defined.attributes.clone());
            // What stands in the action is given to whoever uses it.
            let mut linked = File::new(file.source, file.text);
            let given = written_in(file.text, step, &[(step.get("env"), "env"), (step.get("with"), "input")]);
            client::given(&mut linked, &id, &given, &step.span, tables);
            defined.records = std::mem::take(&mut linked.records);
            calls.unused(folder, file.source.path, (identity, defined.records.clone()));
            calls.define(folder, defined);
        } else if let Some(target) = local(step) {
            calls.lead_on(folder, target);
        }
    }
}

/// Actions that leave credentials behind for later steps.
fn is_login(uses: &str) -> bool {
    ["aws-actions/configure-aws-credentials", "azure/login", "google-github-actions/auth", "docker/login-action"]
        .iter()
        .any(|login| uses.to_lowercase().starts_with(login))
}

fn set_package(attributes: &mut Attributes, uses: Option<&str>) {
    let Some(uses) = uses else { return };
    let path = uses.split('@').next().unwrap_or(uses);
    let is_commit =
        uses.rsplit_once('@').is_some_and(|(_, id)| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    attributes.set(Name::Package, super::given::shown(path));
    attributes.set(Name::Fetched, !path.starts_with("./"));
    attributes.set(Name::Pinned, is_commit);
}

/// The inputs of a step.
fn inputs(step: &Node) -> impl Iterator<Item = (&str, &str)> {
    let entries = step.get("with").map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.word()?)))
}

/// Notes where a step has its agent act without anybody being asked.
fn set_loose(attributes: &mut Attributes, step: &Node, program: &str, frameworks: &Frameworks) {
    let by_input = inputs(step).any(|(key, value)| frameworks.is_off(program, key, value));
    if by_input || !frameworks.loose(step.text_of("run").unwrap_or_default()).is_empty() {
        attributes.set(Name::ApprovalsOff, true);
        attributes.set(Name::Unasked, "all its tools");
    }
}
