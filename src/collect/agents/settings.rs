//! Settings of clients that take a person out of the loop, each at its own place: what is allowed, denied and switched off.
//! Reads no server, and weighs no list against another.

use super::file::File;
use super::given::shown;
use super::node::{Hit, Node};
use super::server::Server;
use super::table::{Meaning, SettingRule, Tables};
use crate::model::{AttributeName as Name, Attributes, SettingKind, Urn};

/// How many tools of one server are told.
const MOST_TOOLS: usize = 200;

/// Notes every place at which a rule of the table holds.
pub(super) fn judge(file: &mut File<'_>, tree: &Node, rule: &SettingRule, client: &Urn, tables: &Tables) {
    if rule.unless.iter().any(|key| !tree.at(key).is_empty()) {
        return;
    }
    if let Some(path) = &rule.denied {
        let denied: Vec<&str> = tree.at(path).into_iter().filter_map(|hit| hit.node.word()).collect();
        if rule.is.iter().any(|is| denied.contains(&is.as_str())) {
            return;
        }
    }
    let kind = match rule.means {
        Meaning::ApprovalsOff => SettingKind::AgentApprovalsOff,
        Meaning::Unrestricted => SettingKind::AgentUnrestricted,
        Meaning::AutoTrust => SettingKind::AgentAutoTrust,
        Meaning::Exposed => SettingKind::AgentExposed,
        Meaning::ServerUnasked => {
            return of_servers(file, tree, rule, client, (SettingKind::AgentServerUnasked, tables));
        }
        Meaning::ServerRefused => {
            return of_servers(file, tree, rule, client, (SettingKind::AgentServerRefused, tables));
        }
        Meaning::ServerOff => return of_servers(file, tree, rule, client, (SettingKind::AgentServerOff, tables)),
        Meaning::ToolUnasked => SettingKind::AgentToolUnasked,
        Meaning::ToolRefused => SettingKind::AgentToolRefused,
    };
    for Hit { at, key, under, node } in tree.at(&rule.key) {
        let Some(word) = word_of(node, rule).filter(|word| rule.is.iter().any(|is| is == word)) else { continue };
        let is_one = |list: &[String], name: &str| list.is_empty() || list.iter().any(|one| one == name);
        if !is_one(&rule.keys, key) || !is_one(&rule.under, under.first().copied().unwrap_or_default()) {
            continue;
        }
        let key = rule.key.replace(".[]", "");
        let name = if under.is_empty() { key.clone() } else { format!("{key} of {}", under.join("/")) };
        let mut attributes = Attributes::default().with(Name::Key, key).with(Name::SetTo, word);
        for (name, gives) in [
            (Name::PrivateData, rule.gives.private),
            (Name::UntrustedContent, rule.gives.untrusted),
            (Name::Egress, rule.gives.egress),
        ] {
            if gives {
                attributes.set(name, true);
            }
        }
        let name = rule.tool.clone().unwrap_or(name);
        let span = at..node.span.end.max(at);
        file.setting(kind, client, shown(&name), &span, attributes);
    }
}

/// The value that a rule asks about: itself, or that of a member where the others are as they must be.
fn word_of<'n>(node: &'n Node, rule: &SettingRule) -> Option<&'n str> {
    let Some(field) = &rule.field else { return node.word() };
    let is_so = |(key, is): (&String, &String)| node.get(key).and_then(Node::word) == Some(is.as_str());
    let is_free = !rule.without.iter().any(|key| node.get(key).is_some());
    node.get(field).and_then(Node::word).filter(|_| is_free && rule.beside.iter().all(is_so))
}

/// Servers of which every tool, or one, is allowed or refused: told by name, and joined with the server where that is known.
fn of_servers(
    file: &mut File<'_>,
    tree: &Node,
    rule: &SettingRule,
    client: &Urn,
    (kind, tables): (SettingKind, &Tables),
) {
    for Hit { at, node, under, .. } in tree.at(&rule.key) {
        let Some(word) = node.word() else { continue };
        let Some((server, tool)) = rule.is.iter().find_map(|is| allowed(is, word)) else { continue };
        // A tool that only reads may be used unasked; it sends nothing.
        if kind == SettingKind::AgentServerUnasked && tool.is_some_and(|tool| !tables.knowledge.acts(tool)) {
            continue;
        }
        let key = rule.key.replace(".[]", "");
        let mut attributes = Attributes::default().with(Name::Key, key).with(Name::SetTo, shown(word));
        if let Some(tool) = tool {
            attributes.set(Name::Tools, vec![shown(tool)]);
        }
        // A list that one of several projects has speaks of that project.
        if !under.is_empty() {
            attributes.set(Name::Folders, under.into_iter().map(shown).collect::<Vec<_>>());
        }
        let span = at..node.span.end.max(at);
        file.setting(kind, client, shown(server), &span, attributes);
    }
}

/// Tools that a server's own settings let run unasked, one by one.
pub(super) fn of_tools(file: &mut File<'_>, client: &Urn, server: &Server, tables: &Tables) {
    let acting: Vec<&(String, std::ops::Range<usize>)> =
        server.unasked_tools.iter().filter(|(tool, _)| tables.knowledge.acts(tool)).collect();
    for (tool, span) in file.first(&acting, MOST_TOOLS, "tools that run unasked").to_vec() {
        let attributes = Attributes::default()
            .with(Name::Key, "tools allowed")
            .with(Name::SetTo, tool.as_str())
            .with(Name::Tools, vec![tool.clone()]);
        file.setting(SettingKind::AgentServerUnasked, client, server.name.clone(), span, attributes);
    }
}

/// The server that an entry of a list means (`*` for all of them), and the tool, where it is one alone.
fn allowed<'w>(pattern: &str, word: &'w str) -> Option<(&'w str, Option<&'w str>)> {
    let Some((before, after)) = pattern.split_once("{server}") else {
        return (pattern == word).then_some(("*", None));
    };
    let rest = word.strip_prefix(before)?;
    let is_name = |name: &str| !name.is_empty() && !name.contains("__") && !name.contains(['/', ':', '*']);
    match after.split_once("{tool}") {
        Some((joint, end)) => rest
            .strip_suffix(end)?
            .split_once(joint)
            .filter(|(server, tool)| is_name(server) && is_name(tool))
            .map(|(server, tool)| (server, Some(tool))),
        None => rest.strip_suffix(after).filter(|server| is_name(server)).map(|server| (server, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn entries_of_lists_name_servers_and_tools() {
        for (pattern, word, expected) in [
            ("mcp__{server}", "mcp__gh", Some(("gh", None))),
            ("mcp__{server}__{tool}", "mcp__gh__get_issue", Some(("gh", Some("get_issue")))),
            ("mcp__{server}__*", "mcp__gh__*", Some(("gh", None))),
            ("mcp__{server}", "mcp__gh__get_issue", None),
            ("mcp__*", "mcp__*", Some(("*", None))),
            ("Mcp({server}:{tool})", "Mcp(gh:search)", Some(("gh", Some("search")))),
            ("Mcp({server}:{tool})", "Mcp(gh:*)", None),
            ("@{server}/{tool}", "@git/status", Some(("git", Some("status")))),
            ("@{server}", "@builtin/x", None),
        ] {
            assert_eq!(allowed(pattern, word), expected, "{pattern} {word}");
        }
    }
}
