//! Front matter: what stands between the first two lines of `---` of a file of instructions. Of an agent its tools, mode, servers
//! and owner. Reads no instruction.

use super::agentic;
use super::file::File;
use super::given::shown;
use super::manifest::{define, tools};
use super::node::Node;
use super::parse::{Format, parse};
use super::server::servers;
use super::table::Tables;
use crate::model::{AttributeName as Name, Record};

/// Reads a file. Of instructions that are a part of an agent (skills, commands, rules) nothing is told that gives it nothing.
///
/// # Errors
/// Where the front matter is no YAML.
pub(super) fn read(file: &mut File<'_>, tables: &Tables, is_part: bool) -> Result<(), String> {
    let Some(tree) = tree(file)? else { return Ok(()) };
    let path = file.source.name.to_lowercase();
    // A workflow in words is one that starts an agent; other front matter of a page says nothing of agents.
    let is_workflow = path.contains(".github/workflows/");
    if is_workflow && tree.get("on").is_none() {
        return Ok(());
    }
    let name = tree.text_of("name").map_or_else(|| stem(file), str::to_owned);
    let mut attributes = tools(tree.any(&["tools", "allowed-tools"]));
    let mode = tree.any(&["permissionMode", "permission-mode"]).and_then(Node::text);
    if mode == Some("bypassPermissions") {
        attributes.set(Name::ApprovalsOff, true);
        attributes.set(Name::Unasked, "all its tools");
    }
    // Tools of an agent only narrow what it has anyway, and each is asked for; those of a skill or command are granted.
    if !is_part && !attributes.is(Name::ApprovalsOff) {
        attributes.remove(Name::Unrestricted);
        attributes.remove(Name::UnrestrictedBy);
    }
    // An agent of OpenCode says so itself.
    let bash = tree.at("permission.bash").into_iter().next().and_then(|hit| hit.node.text());
    if bash == Some("allow") || tree.text_of("permission") == Some("allow") {
        attributes.set(Name::Unrestricted, true);
        attributes.set(Name::UnrestrictedBy, "permission to run any command");
    }
    let owner = tree.any(&["owner", "owners", "maintainer", "contact", "team"]).map(Node::words).unwrap_or_default();
    let lists: Vec<&Node> =
        ["mcpServers", "mcp-servers", "mcp_servers"].iter().filter_map(|key| tree.get(key)).collect();
    let gives = attributes.is(Name::Unrestricted) || attributes.is(Name::ApprovalsOff) || !lists.is_empty();
    if is_part && !gives {
        return Ok(());
    }
    let at = tree.entry("name").map_or(0..0, |entry| entry.at..entry.at + 4);
    let id = match is_workflow {
        true => agentic::read(file, &tree, tables),
        false => define(file, &name, "instructions", &at, attributes),
    };
    if let (Some(owner), Some(Record::Identity(identity))) = (owner.first(), file.records.last_mut()) {
        identity.labels.insert("owner".to_owned(), shown(owner));
    }
    for server in lists.into_iter().flat_map(|list| servers(list, &tables.knowledge)) {
        let of_server = file.urn(&format!("{}/{}", shown(&name), server.name));
        super::client::add_server(file, &id, &of_server, server, tables);
    }
    Ok(())
}

/// The front matter; none where the file has none. Its places are those of the file.
fn tree(file: &File<'_>) -> Result<Option<Node>, String> {
    let text = file.text.trim_start_matches('\u{feff}');
    let Some(rest) = text.strip_prefix("---").filter(|rest| rest.starts_with(['\n', '\r'])) else { return Ok(None) };
    let Some(end) = rest.find("\n---") else {
        // A line of strokes alone is a rule across the page.
        let first = rest.trim_start().lines().next().unwrap_or_default();
        let is_key = first.split_once(':').is_some_and(|(key, _)| {
            !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
        });
        return match is_key {
            true => Err("line 1: expected a line of --- that ends the front matter".to_owned()),
            false => Ok(None),
        };
    };
    let offset = file.text.len() - rest.len();
    // As many bytes before it as the file has.
    let padded: String = file.text[..offset].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
    let padded = format!("{}{padded}{}", " ".repeat(offset - padded.len()), &rest[..=end]);
    parse(&padded, Format::Yaml).map(|(tree, _)| Some(tree)).map_err(|error| {
        let (line, column) = file.position(error.at);
        format!("line {line}, column {column} of the front matter: expected {}", error.expected)
    })
}

/// What a file is called where it says nothing: a skill is called by its folder.
fn stem(file: &File<'_>) -> String {
    let mut parts = file.shown().rsplit('/');
    let name = parts.next().unwrap_or_default().split('.').next().unwrap_or_default();
    let is_skill = name.eq_ignore_ascii_case("skill");
    parts.next().filter(|_| is_skill).unwrap_or(name).to_owned()
}
