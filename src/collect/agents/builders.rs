//! Agents that builders on the web export: workflows of n8n and flows of Flowise. Runs nothing.

use super::client::add_server;
use super::file::File;
use super::given::shown;
use super::manifest::{MOST_AGENTS, define};
use super::node::Node;
use super::server::Server;
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes};

/// Workflows of n8n: a node that is an agent, with the credentials that it and its tools name.
pub(super) fn n8n(file: &mut File<'_>, tree: &Node, tables: &Tables) {
    let nodes = tree.get("nodes").map(Node::items).unwrap_or_default();
    let is_agent = |node: &&Node| node.text_of("type").is_some_and(|kind| kind == "@n8n/n8n-nodes-langchain.agent");
    let Some(agent) = nodes.iter().find(is_agent) else { return };
    let mut names: Vec<String> = Vec::new();
    for entry in nodes.iter().filter_map(|node| node.get("credentials")).flat_map(Node::entries) {
        let name = entry.value.text_of("name").unwrap_or_default();
        names.push(shown(&format!("{} {name}", entry.key)));
    }
    names.sort();
    names.dedup();
    let mut attributes = Attributes::default();
    if !names.is_empty() {
        attributes.set(Name::GivenSecrets, names);
    }
    let name = tree.text_of("name").or_else(|| agent.text_of("name")).unwrap_or("agent").to_owned();
    let at = agent.entry("type").map_or(agent.span.clone(), |entry| entry.at..entry.at + 4);
    let id = define(file, &name, "n8n", &at, attributes);
    let is_client = |node: &&Node| node.text_of("type").is_some_and(|kind| kind.ends_with(".mcpClientTool"));
    for node in nodes.iter().filter(is_client) {
        let url = node.get("parameters").and_then(|all| all.any(&["endpointUrl", "sseEndpoint"]));
        let Some(text) = url.and_then(|url| Some((url.text()?, url.span.clone()))) else { continue };
        let mut server = Server { name: shown(node.text_of("name").unwrap_or("MCP")), ..Server::default() };
        (server.at, server.span) = (node.span.start, node.span.clone());
        server.reach(text.0, &text.1);
        server.judge(&tables.knowledge);
        let of_server = file.urn(&format!("{}/{}", shown(&name), server.name));
        add_server(file, &id, &of_server, server, tables);
    }
}

/// Flows of Flowise: nodes of the category of agents.
pub(super) fn flowise(file: &mut File<'_>, tree: &Node) {
    let nodes = tree.get("nodes").map(Node::items).unwrap_or_default();
    let data = nodes.iter().filter_map(|node| node.get("data"));
    let agents = data.filter(|data| {
        data.text_of("category")
            .is_some_and(|category| matches!(category, "Agents" | "Sequential Agents" | "Multi Agents"))
    });
    let agents: Vec<&Node> = agents.collect();
    for agent in file.first(&agents, MOST_AGENTS, "agents") {
        let name = agent.text_of("label").or_else(|| agent.text_of("name")).unwrap_or("agent").to_owned();
        let at = agent.entry("category").map_or(agent.span.clone(), |entry| entry.at..entry.at + 8);
        define(file, &name, "Flowise", &at, Attributes::default());
    }
}
