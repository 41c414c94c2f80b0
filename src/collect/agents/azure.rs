//! Agents that templates of Azure make: ARM (JSON) and Bicep, with the managed identity that they act as. Evaluates no
//! expression and follows no module.
//!
//! Source: Azure Resource Manager template reference; Microsoft Learn, "Azure AI Foundry", "Bot Service".

use super::file::File;
use super::given::shown;
use super::node::Node;
use crate::model::{AttributeName as Name, Attributes, IdentityKind};

/// Types of resources that are agents, with what calls them.
const TYPES: &[(&str, &str)] = &[
    ("Microsoft.CognitiveServices/accounts/projects/agents", "Azure AI Foundry agent"),
    ("Microsoft.CognitiveServices/accounts/projects/applications", "Azure AI Foundry agent"),
    ("Microsoft.CognitiveServices/accounts/projects", "Azure AI Foundry project"),
    ("Microsoft.MachineLearningServices/workspaces/onlineEndpoints", "Azure ML endpoint"),
    ("Microsoft.BotService/botServices", "Azure bot"),
];

/// How deep resources lie in each other, at most.
const DEEPEST: usize = 8;

/// What a type is called; `None` where it is no agent.
fn called(kind: &str) -> Option<&'static str> {
    let kind = kind.split('@').next().unwrap_or(kind);
    TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind)).map(|(_, what)| *what)
}

/// Whether a text is a template of Azure that speaks of agents.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("deploymentTemplate.json")
        && ["Microsoft.CognitiveServices", "Microsoft.MachineLearningServices", "Microsoft.BotService"]
            .iter()
            .any(|provider| text.contains(provider))
}

/// Reads an ARM template.
pub(super) fn template(file: &mut File<'_>, tree: &Node) {
    if let Some(list) = tree.get("resources") {
        resources(file, list, "", 0);
    }
}

/// The resources of a list, or of a map by symbolic names; those within another begin with its type.
fn resources(file: &mut File<'_>, list: &Node, outer: &str, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    for one in list.items().iter().chain(list.entries().iter().map(|entry| &entry.value)) {
        let own = one.text_of("type").unwrap_or_default();
        let kind = if outer.is_empty() || own.contains('.') { own.to_owned() } else { format!("{outer}/{own}") };
        if let Some(what) = called(&kind) {
            let name = one.text_of("name").unwrap_or(what);
            let at = one.entry("type").map_or(one.span.start, |entry| entry.at);
            let identity = one.get("identity");
            let acts_as = identity.and_then(|node| node.text_of("type")).map(str::to_owned);
            let users: Vec<String> = identity
                .and_then(|node| node.get("userAssignedIdentities"))
                .map(|node| node.entries().iter().map(|entry| shown(&entry.key)).collect())
                .unwrap_or_default();
            add(file, name, what, acts_as, &users, at);
        }
        if let Some(inner) = one.get("resources") {
            resources(file, inner, &kind, depth + 1);
        }
    }
}

/// Reads a Bicep file: declarations of resources begin a line of their own.
pub(super) fn bicep(file: &mut File<'_>) {
    let text = file.text;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.trim_start().strip_prefix("resource ") else { continue };
        let mut quoted = rest.split('\'');
        let (symbol, kind) = (quoted.next().unwrap_or_default().trim(), quoted.next().unwrap_or_default());
        let Some(what) = called(kind) else { continue };
        // The body ends with the brace that stands where the declaration began.
        let indent = &line[..line.len() - line.trim_start().len()];
        let body = text.get(at..).unwrap_or_default();
        let end = body.find(&format!("\n{indent}}}")).unwrap_or(body.len());
        let body = body.get(..end).unwrap_or_default();
        let value = |key: &str| {
            body.lines().find_map(|line| {
                let value = line.trim().strip_prefix(key)?.trim_start().strip_prefix(':')?.trim();
                Some(value.trim_matches('\'').to_owned())
            })
        };
        let name = value("name").unwrap_or_else(|| symbol.to_owned());
        let acts_as = body.contains("identity:").then(|| value("type")).flatten();
        let offset = start + (line.len() - line.trim_start().len());
        add(file, &name, what, acts_as, &[], offset);
    }
}

fn add(file: &mut File<'_>, name: &str, what: &str, acts_as: Option<String>, users: &[String], at: usize) {
    let id = file.urn(&format!("{}/{}", what.replace(' ', "-").to_lowercase(), shown(name)));
    let mut attributes = Attributes::default().with(Name::AgentProgram, what);
    if let Some(kind) = acts_as {
        let users = if users.is_empty() { String::new() } else { format!(": {}", users.join(", ")) };
        attributes.set(Name::CloudRole, format!("managed identity, {}{users}", shown(&kind)));
    }
    let told = format!("{} ({})", shown(name), file.shown());
    let identity = file.identity(&id, IdentityKind::AgentCloud, told, &(at..at + 4), attributes);
    file.add(identity);
}
