//! Which servers the lists of a client let act unasked once its other lists had their word, and which it does not start.
//! Reads no text.
//!
//! Source: Claude Code Docs, "Configure permissions": deny goes before ask, ask before allow, whatever file says it;
//! "Settings": `disabledMcpjsonServers`.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Inventory, Table};
use crate::model::{AttributeName as Name, Identity, IdentityKind, Known, LinkKind, Setting, SettingKind, Urn};

/// By client the servers that act unasked, and whether with all their tools.
pub(super) type Allowed = BTreeMap<Urn, BTreeMap<String, bool>>;

/// What is allowed and neither refused nor asked about. A tool that is refused of a server leaves its others.
pub(super) fn of(inventory: &Inventory) -> Allowed {
    let mut refused: BTreeSet<(&Urn, &str, &str)> = BTreeSet::new();
    for (setting, client) in of_kind(inventory, SettingKind::AgentServerRefused) {
        refused.insert((client, &setting.name, tool(setting)));
    }
    let mut all = Allowed::new();
    for (setting, client) in of_kind(inventory, SettingKind::AgentServerUnasked) {
        let tool = tool(setting);
        let is_refused = ["", tool].iter().any(|tool| refused.contains(&(client, setting.name.as_str(), *tool)));
        if !is_refused {
            *all.entry(client.clone()).or_default().entry(setting.name.clone()).or_default() |= tool.is_empty();
        }
    }
    all
}

/// Takes the servers that their client does not start from it: they are there, and do nothing.
pub(super) fn switch_off(inventory: &mut Inventory) {
    let mut off: BTreeSet<(Urn, Urn)> = BTreeSet::new();
    for (setting, client) in of_kind(inventory, SettingKind::AgentServerOff) {
        let used = inventory.links.from(client).filter(|link| link.kind == LinkKind::Uses);
        let servers = used.filter_map(|link| inventory.identities.get(&link.to));
        off.extend(servers.filter(|one| is_meant(one, &setting.name)).map(|one| (client.clone(), one.id.clone())));
    }
    if off.is_empty() {
        return;
    }
    let is_off = |from: &Urn, to: &Urn| off.contains(&(from.clone(), to.clone()));
    inventory.links.refute(|link| link.kind == LinkKind::Uses && is_off(&link.from, &link.to));
    let servers: BTreeSet<&Urn> = off.iter().map(|(_, server)| server).collect();
    let mut rows: Vec<Identity> = inventory.identities.rows().to_vec();
    for server in rows.iter_mut().filter(|one| servers.contains(&one.id)) {
        server.enabled = Known::Value(false);
    }
    inventory.identities = Table::new(rows);
}

/// Whether a list of servers that are off means this one: it speaks of the repository's own `.mcp.json` alone.
fn is_meant(server: &Identity, name: &str) -> bool {
    let is_listed = server.evidence.location.file().is_some_and(|file| file.ends_with(".mcp.json"));
    server.kind == IdentityKind::AgentServer && is_listed && server.name.split(" (").next() == Some(name)
}

fn of_kind(inventory: &Inventory, kind: SettingKind) -> impl Iterator<Item = (&Setting, &Urn)> {
    let settings = inventory.settings.iter().filter(move |one| one.kind == kind);
    settings.filter_map(|one| one.part_of.as_ref().map(|client| (one, client)))
}

/// The one tool that a setting speaks of; empty where it speaks of the whole server.
fn tool(setting: &Setting) -> &str {
    setting.attributes.texts(Name::Tools).first().map_or("", |tool| tool.as_str())
}
