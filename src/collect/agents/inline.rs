//! Servers that a pipeline hands to its agent in line: a text of JSON among its inputs, or behind a flag of its command.
//! Opens no file that a flag names.
//!
//! Source: Claude Code Docs, "CLI reference", `--mcp-config`; claude-code-base-action, `mcp_config`; run-gemini-cli, `settings`.

use std::ops::Range;

use super::client::add_server;
use super::embedded;
use super::file::File;
use super::node::{Entry, Node, Value};
use super::notes::SERVER_KEYS;
use super::parse::{Format, parse};
use super::server::servers;
use super::shell;
use super::table::Tables;
use crate::model::Urn;

/// The flags behind which settings may stand.
const FLAGS: &[&str] = &["--mcp-config", "--settings", "--additional-mcp-config"];

/// The servers of a step's inputs and commands, as those of its agent; gives where they stand.
pub(super) fn of_step(file: &mut File<'_>, agent: &Urn, part: &str, step: &Node, tables: &Tables) -> Vec<Range<usize>> {
    let inputs = step.get("with").map(Node::entries).unwrap_or_default().iter();
    let mut spans = Vec::new();
    for entry in inputs.chain(step.entry("run")) {
        let trees = match entry.value.text().filter(|text| speaks_of_servers(text)) {
            Some(text) if text.trim_start().starts_with('{') => whole(file.text, entry, text).into_iter().collect(),
            Some(text) => behind_flags(file.text, &entry.value.span, text),
            None => continue,
        };
        add(file, agent, part, &trees, tables, &mut spans);
    }
    spans
}

/// The servers behind flags of command lines, as those of their agent; gives where they stand.
pub(super) fn of_commands(
    file: &mut File<'_>,
    agent: &Urn,
    part: &str,
    commands: &Node,
    tables: &Tables,
) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let lines = if commands.items().is_empty() { std::slice::from_ref(commands) } else { commands.items() };
    for line in lines {
        let Some(text) = line.text().filter(|text| speaks_of_servers(text)) else { continue };
        let trees = behind_flags(file.text, &line.span, text);
        add(file, agent, part, &trees, tables, &mut spans);
    }
    spans
}

fn speaks_of_servers(text: &str) -> bool {
    SERVER_KEYS.iter().any(|key| text.contains(key))
}

fn add(file: &mut File<'_>, agent: &Urn, part: &str, trees: &[Node], tables: &Tables, spans: &mut Vec<Range<usize>>) {
    for list in trees.iter().flat_map(|tree| SERVER_KEYS.iter().filter_map(|key| tree.get(key))) {
        for server in servers(list, &tables.knowledge) {
            spans.push(server.span.clone());
            let id = file.urn(&format!("{part}/{}", server.name));
            add_server(file, agent, &id, server, tables);
        }
    }
}

/// A text that is JSON as a whole, with its places in the file.
fn whole(outer: &str, entry: &Entry, text: &str) -> Option<Node> {
    embedded::within(outer, entry, text, Format::Json)
}

/// The texts of JSON behind flags. Where one stands on a line of its own its places are those of the file; else they are
/// where it begins.
fn behind_flags(outer: &str, span: &Range<usize>, text: &str) -> Vec<Node> {
    let mut found = Vec::new();
    for words in shell::commands(text) {
        for (at, word) in words.iter().enumerate() {
            let (flag, inline) = word.split_once('=').map_or((word.as_str(), None), |(flag, text)| (flag, Some(text)));
            let Some(json) = inline.or_else(|| words.get(at + 1).map(String::as_str)).filter(|_| FLAGS.contains(&flag))
            else {
                continue;
            };
            let Ok((tree, _)) = parse(json, Format::Json) else { continue };
            let written = outer.get(span.clone()).and_then(|slice| slice.find(json)).map(|at| span.start + at);
            let place = |at: usize| written.map_or(span.start, |from| from + at);
            if matches!(tree.value, Value::Map(_)) {
                found.push(embedded::moved(tree, &place));
            }
        }
    }
    found
}
