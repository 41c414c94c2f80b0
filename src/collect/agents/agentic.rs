//! Workflows in words: front matter that says when an agent runs, with which rights, and for whom. Compiles nothing.
//!
//! Source: GitHub Agentic Workflows, "Frontmatter": `on`, `engine`, `permissions`, `roles`, `tools`.

use std::collections::BTreeSet;

use super::file::File;
use super::given::shown;
use super::node::Node;
use super::rights::{Rights, names_of_secrets, triggers, writes};
use super::table::Tables;
use crate::model::{AttributeName as Name, Attributes, IdentityKind, Urn};

/// Reads the front matter of a workflow; gives the agent's name in the graph.
pub(super) fn read(file: &mut File<'_>, tree: &Node, tables: &Tables) -> Urn {
    let engine = tree.get("engine");
    let engine = engine.and_then(|node| node.text().or_else(|| node.text_of("id"))).unwrap_or("copilot");
    let on = tree.get("on");
    let triggers = triggers(on);
    let is_untrusted = triggers.iter().any(|trigger| tables.frameworks.is_untrusted(trigger));
    // Without a word about it only those who may write start it.
    let roles = tree.get("roles").or_else(|| on.and_then(|on| on.get("roles"))).map(Node::words).unwrap_or_default();
    let mut attributes = Attributes::default().with(Name::AgentProgram, "GitHub Agentic Workflows");
    if is_untrusted {
        attributes.set(Name::UntrustedContent, true);
        if roles.contains(&"all") {
            attributes.set(Name::UntrustedTrigger, true);
        }
    }
    attributes.set(Name::Triggers, triggers.into_iter().filter(|one| one != "roles").collect::<Vec<_>>());
    let mut secrets = BTreeSet::new();
    names_of_secrets(tree, &mut secrets);
    Rights { writes: writes(tree.get("permissions")), secrets }.set(&mut attributes);
    let bash = tree.get("tools").and_then(|tools| tools.get("bash")).map(Node::words).unwrap_or_default();
    if bash.iter().any(|word| matches!(*word, "*" | ":*")) {
        attributes.set(Name::ApprovalsOff, true);
        attributes.set(Name::Unasked, "any command");
    }
    let stem = file.shown().rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default().to_owned();
    let id = file.urn(&shown(tree.text_of("name").unwrap_or(&stem)));
    let at = tree.entry("on").map_or(0..0, |entry| entry.at..entry.at + 2);
    let told = format!("{} of {} ({})", shown(engine), shown(&stem), file.shown());
    let identity = file.identity(&id, IdentityKind::AgentCi, told, &at, attributes);
    file.add(identity);
    id
}
