//! Files that describe agents: A2A cards, definitions of Claude, Copilot, CrewAI, LangGraph, ADK, n8n, Dify, Flowise and
//! others, and code that is built on a framework. Runs nothing and follows no reference.

use super::address::address;
use super::builders;
use super::dependency;
use super::file::File;
use super::front;
use super::given::shown;
use super::node::{Node, Value};
use super::parse::{Format, parse};
use super::table::Tables;
use crate::model::wildcard::matches;
use crate::model::{AttributeName as Name, Attributes, IdentityKind, LinkKind, SettingKind, Urn};

/// How many agents of one file are told.
pub(super) const MOST_AGENTS: usize = 500;

/// What a file of a known name holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Card,
    FrontMatter,
    /// Instructions that are a part of an agent, and one by themselves only where they give it something.
    Part,
    CrewAi,
    LangGraph,
    Adk,
    Plugin,
    Declared,
    Dependencies,
}

/// The names of files, in small letters, with what they hold.
const NAMES: &[(&str, Form)] = &[
    ("*.well-known/agent-card.json", Form::Card),
    ("*.well-known/agent.json", Form::Card),
    ("agent-card.json", Form::Card),
    ("agent_card.json", Form::Card),
    ("*/agent-card.json", Form::Card),
    ("*/agent_card.json", Form::Card),
    ("*.claude/agents/*.md", Form::FrontMatter),
    ("*.github/agents/*.md", Form::FrontMatter),
    ("*.github/chatmodes/*.md", Form::FrontMatter),
    ("*.github/workflows/*.md", Form::FrontMatter),
    ("*.opencode/agent/*.md", Form::FrontMatter),
    ("*.opencode/agents/*.md", Form::FrontMatter),
    ("*.agent.md", Form::FrontMatter),
    ("agents.md", Form::FrontMatter),
    ("*/agents.md", Form::FrontMatter),
    ("gemini.md", Form::FrontMatter),
    ("*/gemini.md", Form::FrontMatter),
    ("claude.md", Form::FrontMatter),
    ("*/claude.md", Form::FrontMatter),
    ("*/copilot-instructions.md", Form::FrontMatter),
    ("skill.md", Form::Part),
    ("*/skill.md", Form::Part),
    ("*.claude/commands/*.md", Form::Part),
    ("*.claude/rules/*.md", Form::Part),
    ("*.cursor/rules/*.mdc", Form::Part),
    ("*.cursor/commands/*.md", Form::Part),
    ("*.windsurf/rules/*.md", Form::Part),
    ("*.github/prompts/*.prompt.md", Form::Part),
    ("*.github/instructions/*.instructions.md", Form::Part),
    ("*.opencode/command/*.md", Form::Part),
    ("*.opencode/commands/*.md", Form::Part),
    ("*config/agents.yaml", Form::CrewAi),
    ("agents.yaml", Form::CrewAi),
    ("*/agents.yaml", Form::CrewAi),
    ("langgraph.json", Form::LangGraph),
    ("*/langgraph.json", Form::LangGraph),
    ("root_agent.yaml", Form::Adk),
    ("*/root_agent.yaml", Form::Adk),
    ("*ai-plugin.json", Form::Plugin),
    ("*declarativeagent*.json", Form::Declared),
    ("*.agent", Form::Declared),
    ("*.genaiplannerbundle-meta.xml", Form::Declared),
    ("*.genaiplanner-meta.xml", Form::Declared),
    ("*.genaiplannerbundle", Form::Declared),
    ("*.genaiplanner", Form::Declared),
    ("*.bot-meta.xml", Form::Declared),
];

fn form(path: &str) -> Option<Form> {
    let lower = path.to_lowercase();
    if dependency::is_one(&lower) {
        return Some(Form::Dependencies);
    }
    NAMES.iter().find(|(name, _)| matches(name, &lower)).map(|(_, form)| *form)
}

/// Whether a path is that of a description.
pub(super) fn is_one(path: &str) -> bool {
    form(path).is_some()
}

/// Whether a file is source code in which agents are made.
pub(super) fn is_code(path: &str) -> bool {
    let extension = path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("py" | "ts" | "tsx" | "js" | "mjs" | "cs" | "java" | "go" | "rs" | "kt"))
}

/// Reads a description.
///
/// # Errors
/// Where it breaks the rules of its format.
pub(super) fn read(file: &mut File<'_>, tables: &Tables) -> Result<(), String> {
    let Some(form) = form(file.source.name) else { return Ok(()) };
    match form {
        Form::Dependencies => {
            dependency::read(file, &tables.frameworks);
            return Ok(());
        }
        Form::FrontMatter => return front::read(file, tables, false),
        Form::Part => return front::read(file, tables, true),
        Form::Declared => {
            declared(file);
            return Ok(());
        }
        _ => {}
    }
    let tree = tree(file)?;
    match form {
        Form::Card => card(file, &tree),
        Form::CrewAi => crew(file, &tree),
        Form::LangGraph => {
            for graph in tree.get("graphs").map(Node::entries).unwrap_or_default() {
                let at = graph.at..graph.at + graph.key.len();
                let id = define(file, &graph.key, "LangGraph", &at, Attributes::default());
                // `env` is a map of variables, or the name of a file of them.
                let mut given = Vec::new();
                tree.get("env").into_iter().for_each(|env| super::given::of_map(env, "env", &mut given));
                super::client::given(file, &id, &given, &(0..0), tables);
            }
        }
        Form::Adk => {
            let name = tree.text_of("name").unwrap_or("root_agent").to_owned();
            let attributes = tools(tree.get("tools"));
            let at = tree.entry("name").map_or(0..0, |entry| entry.at..entry.at + 4);
            define(file, &name, "Google ADK", &at, attributes);
        }
        Form::Plugin => plugin(file, &tree),
        Form::FrontMatter | Form::Part | Form::Declared | Form::Dependencies => {}
    }
    Ok(())
}

fn tree(file: &File<'_>) -> Result<Node, String> {
    let format = Format::of_path(file.source.name).unwrap_or(Format::Json);
    parse(file.text, format).map(|(tree, _)| tree).map_err(|error| {
        let (line, column) = file.position(error.at);
        format!("line {line}, column {column}: expected {}", error.expected)
    })
}

/// An agent that a file describes.
pub(super) fn define(
    file: &mut File<'_>,
    name: &str,
    program: &str,
    at: &std::ops::Range<usize>,
    mut attributes: Attributes,
) -> Urn {
    let name = shown(name);
    let id = file.urn(&name);
    attributes.set(Name::AgentProgram, program);
    let told = format!("{name} ({})", file.shown());
    let identity = file.identity(&id, IdentityKind::AgentDefinition, told, at, attributes);
    file.add(identity);
    id
}

pub(super) fn tools(list: Option<&Node>) -> Attributes {
    let mut attributes = Attributes::default();
    let Some(list) = list else { return attributes };
    let mut words: Vec<String> = match list.text() {
        Some(text) => text.split(',').map(shown).filter(|word| !word.is_empty()).collect(),
        None => list.words().into_iter().map(shown).collect(),
    };
    words.extend(list.items().iter().filter_map(|item| item.text_of("name")).map(shown));
    let is_all = |word: &String| matches!(word.as_str(), "*" | "Bash" | "Bash(*)" | "Bash(**)" | "Bash(:*)" | "shell");
    if let Some(word) = words.iter().find(|word| is_all(word)).cloned() {
        attributes.set(Name::Unrestricted, true);
        attributes.set(Name::UnrestrictedBy, format!("tools: {word}"));
    }
    if !words.is_empty() {
        attributes.set(Name::Tools, words);
    }
    attributes
}

/// An A2A card. Source: A2A protocol specification 0.3 and 1.0, "AgentCard": 1.0 moved `url` to `supportedInterfaces`
/// and `security` to `securityRequirements`.
fn card(file: &mut File<'_>, tree: &Node) {
    let Some(name) = tree.text_of("name") else { return };
    let interfaces = tree.any(&["supportedInterfaces", "additionalInterfaces"]).map(Node::items).unwrap_or_default();
    let urls: Vec<&str> =
        tree.text_of("url").into_iter().chain(interfaces.iter().filter_map(|one| one.text_of("url"))).collect();
    // A file of this name that is no card has neither.
    if urls.is_empty() && tree.any(&["skills", "capabilities"]).is_none() {
        return;
    }
    let is_empty = |node: &Node| match &node.value {
        Value::List(items) => items.iter().all(|item| item.entries().is_empty()),
        Value::Map(entries) => entries.is_empty(),
        _ => true,
    };
    let has_schemes = tree.get("securitySchemes").is_some_and(|node| !is_empty(node));
    // One alternative that asks for nothing is enough.
    let asks = |node: &Node| !is_empty(node) && node.items().iter().all(|item| !item.entries().is_empty());
    let has_needs = tree.any(&["security", "securityRequirements"]).is_some_and(asks);
    // Before 0.3 a card said `authentication: {schemes: […]}`.
    let has_old =
        tree.get("authentication").and_then(|node| node.get("schemes")).is_some_and(|node| !node.items().is_empty());
    let mut attributes = Attributes::default();
    if !(has_old || has_schemes && has_needs) {
        attributes.set(Name::Unauthenticated, true);
    }
    if urls.iter().any(|url| address(url).is_some_and(|address| address.is_plain)) {
        attributes.set(Name::PlainHttp, true);
    }
    if tree.get("signatures").is_none_or(is_empty) {
        attributes.set(Name::Unsigned, true);
    }
    // Of several the one that is told of.
    let is_plain = |url: &&&str| address(url).is_some_and(|address| address.is_plain);
    if let Some(address) = urls.iter().find(is_plain).or(urls.first()).and_then(|url| address(url)) {
        attributes.set(Name::Endpoint, address.endpoint);
    }
    let at = tree.entry("name").map_or(0..0, |entry| entry.at..entry.at + 4);
    let id = file.urn("card");
    let told = format!("{} ({})", shown(name), file.shown());
    let mut identity = file.identity(&id, IdentityKind::AgentCard, told, &at, attributes);
    if let Some(provider) = tree.get("provider").and_then(|provider| provider.text_of("organization")) {
        identity.labels.insert("provider".to_owned(), shown(provider));
    }
    file.add(identity);
}

/// CrewAI: a map of agents, each with a role and a goal.
fn crew(file: &mut File<'_>, tree: &Node) {
    for entry in file.first(tree.entries(), MOST_AGENTS, "agents") {
        if entry.value.get("role").is_some() && entry.value.any(&["goal", "backstory"]).is_some() {
            let at = entry.at..entry.at + entry.key.len();
            let mut attributes = tools(entry.value.get("tools"));
            // In its other mode a container runs the code.
            if entry.value.is_true("allow_code_execution")
                && entry.value.text_of("code_execution_mode") == Some("unsafe")
            {
                attributes.set(Name::Unrestricted, true);
                attributes.set(Name::UnrestrictedBy, "code_execution_mode: unsafe");
            }
            define(file, &entry.key, "CrewAI", &at, attributes);
        }
    }
}

/// An agent that a platform knows by its file: its name is that of the file. Of a bot of Salesforce the metadata says whether
/// it is an agent, and as whom it acts. Source: Salesforce Metadata API, `Bot` (`type`, `botUser`).
fn declared(file: &mut File<'_>) {
    let name = file.shown().rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default().to_owned();
    let lower = file.source.name.to_lowercase();
    let program = if lower.ends_with(".json") { "declared agent" } else { "Agentforce" };
    let between = |tag: &str| {
        let (_, rest) = file.text.split_once(&format!("<{tag}>"))?;
        rest.split_once(&format!("</{tag}>")).map(|(inner, _)| shown(inner))
    };
    if lower.ends_with(".bot-meta.xml") && !between("type").is_some_and(|kind| kind.ends_with("Copilot")) {
        return;
    }
    let mut attributes = Attributes::default();
    if let Some(user) = between("botUser").filter(|user| !user.is_empty()) {
        attributes.set(Name::CloudRole, user);
    }
    define(file, &name, program, &(0..0), attributes);
}

/// A plugin of OpenAI's first form.
fn plugin(file: &mut File<'_>, tree: &Node) {
    let Some(name) = tree.text_of("name_for_model").or_else(|| tree.text_of("name_for_human")) else { return };
    let mut attributes = Attributes::default();
    if tree.get("auth").and_then(|auth| auth.text_of("type")) == Some("none") {
        attributes.set(Name::Unauthenticated, true);
    }
    let at = tree.entry("auth").map_or(0..0, |entry| entry.at..entry.at + 4);
    define(file, name, "AI plugin", &at, attributes);
}

/// Words that stand in files of which the name says nothing.
pub(super) const CONTENT: &[&str] = &[
    "mcp_config",
    "n8n-nodes-langchain.",
    "kind: app",
    "\"Agents\"",
    "\"Sequential Agents\"",
    "GptComponentMetadata",
    "authenticationMode",
];

/// Recognises exports of builders by what they hold; what cannot be read is none of them.
pub(super) fn by_content(file: &mut File<'_>, tables: &Tables) {
    if is_code(file.source.name) {
        for (at, framework) in tables.frameworks.calls(file.text) {
            dependency::uses(file, framework, &(at..at + 1), crate::model::Confidence::Low);
        }
        return;
    }
    if !CONTENT.iter().any(|word| file.text.contains(word)) {
        return;
    }
    let Ok(tree) = tree(file) else { return };
    builders::n8n(file, &tree, tables);
    builders::flowise(file, &tree);
    let app = tree.get("app");
    if tree.text_of("kind") == Some("app")
        && let Some(name) = app.and_then(|app| app.text_of("name"))
    {
        let at = tree.entry("app").map_or(0..0, |entry| entry.at..entry.at + 3);
        let mode = app.and_then(|app| app.text_of("mode")).unwrap_or("app");
        define(file, name, &format!("Dify {mode}"), &at, Attributes::default());
    }
    copilot_studio(file, &tree);
}

/// An agent of Copilot Studio, which is a folder: one file describes it, another says who may talk to it.
/// Source: Microsoft Learn, "Copilot Studio extension for Visual Studio Code"; `bot` table of Dataverse, `authenticationMode`.
fn copilot_studio(file: &mut File<'_>, tree: &Node) {
    let is_description = tree.text_of("kind") == Some("GptComponentMetadata");
    let mode = tree.entry("authenticationMode").filter(|_| tree.get("schemaName").is_some());
    if !is_description && mode.is_none() {
        return;
    }
    let folder = file.source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let place = [file.source.label, folder].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let id = Urn::new(format!("agent:{place}#copilot-studio"));
    let name = tree.text_of("displayName").or_else(|| place.rsplit('/').next()).map(shown).unwrap_or_default();
    let attributes = Attributes::default().with(Name::AgentProgram, "Copilot Studio");
    let told = format!("{name} ({})", file.shown());
    let identity = file.identity(&id, IdentityKind::AgentDefinition, told, &(0..0), attributes);
    file.add(identity);
    if let Some(entry) = mode.filter(|entry| entry.value.word().is_some_and(|mode| mode.eq_ignore_ascii_case("none"))) {
        let attributes = Attributes::default().with(Name::Key, "authenticationMode").with(Name::SetTo, "None");
        let span = entry.at..entry.at + entry.key.len();
        file.setting(SettingKind::AgentExposed, &id, "authenticationMode".to_owned(), &span, attributes);
    }
}

/// Ties an agent to the role it acts as.
pub(super) fn acts_as(file: &mut File<'_>, id: &Urn, role: &str, at: &std::ops::Range<usize>) {
    if role.starts_with("arn:") && role.contains(":role/") {
        file.link(id, LinkKind::ActsAs, &Urn::new(role), "its definition names this role", at);
    }
}
