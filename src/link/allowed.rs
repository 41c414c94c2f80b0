//! Which servers and tools the lists of a client let act unasked once its other lists had their word, and which servers it
//! does not start. Reads no text.
//!
//! Source: Claude Code Docs, "Configure permissions": deny goes before ask, ask before allow, whatever file says it;
//! "Settings": `disabledMcpjsonServers`, and which settings go before which.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Inventory, Table};
use crate::model::{AttributeName as Name, Identity, IdentityKind, Known, LinkKind, Setting, SettingKind, Urn};

/// What an entry of a list calls every server.
const ALL: &str = "*";

/// The lists of all clients.
#[derive(Default)]
pub(super) struct Allowed {
    /// By client and server the tools that act unasked; an empty name for all of them.
    servers: BTreeMap<Urn, BTreeMap<String, BTreeSet<String>>>,
    /// By client the tools of its own, each with the setting that lets it act unasked.
    tools: BTreeMap<Urn, Vec<Setting>>,
    /// What is denied or asked about: client, server or tool of its own, tool of the server.
    refused: BTreeSet<(Urn, String, String)>,
    /// Of these the whole servers that are denied.
    denied: BTreeSet<(Urn, String)>,
    /// The clients of home directories by their programs: what they refuse is refused in every tree.
    homes: BTreeMap<String, Vec<Urn>>,
}

impl Allowed {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut all = Self::default();
        let clients = inventory.identities.iter().filter(|one| one.kind == IdentityKind::AgentClient);
        for client in clients.filter(|one| one.attributes.is(Name::OfHome)) {
            all.homes.entry(program(&client.id).to_owned()).or_default().push(client.id.clone());
        }
        for (setting, client) in settings(inventory) {
            let (name, tool) = (setting.name.clone(), tool(setting).to_owned());
            match setting.kind {
                SettingKind::AgentServerUnasked => {
                    all.servers.entry(client.clone()).or_default().entry(name).or_default().insert(tool);
                }
                SettingKind::AgentToolUnasked => all.tools.entry(client.clone()).or_default().push(setting.clone()),
                SettingKind::AgentServerRefused | SettingKind::AgentToolRefused => {
                    let is_deny = setting.attributes.text(Name::Key).is_some_and(|key| key.ends_with("deny"));
                    if is_deny && tool.is_empty() {
                        all.denied.insert((client.clone(), name.clone()));
                    }
                    all.refused.insert((client.clone(), name, tool));
                }
                _ => {}
            }
        }
        all
    }

    /// Whether the lists of one client let a server of another act unasked, which neither refuses: with all its tools, or
    /// with some. The two are one where a client's own servers are asked for.
    pub(super) fn lets(&self, lister: &Urn, client: &Urn, server: &str) -> Option<bool> {
        let of_lister = self.servers.get(lister)?;
        let tools = [server, ALL].into_iter().filter_map(|name| of_lister.get(name)).flatten();
        let is_free = |tool: &&String| ![lister, client].iter().any(|one| self.refuses(one, server, tool));
        let left: Vec<&String> = tools.filter(is_free).collect();
        (!left.is_empty()).then(|| left.iter().any(|tool| tool.is_empty()))
    }

    /// The tools of a client's own that act unasked.
    pub(super) fn tools(&self, client: &Urn) -> impl Iterator<Item = &Setting> {
        let all = self.tools.get(client).into_iter().flatten();
        all.filter(|one| !self.refuses(client, &one.name, ""))
    }

    /// Whether a client may not use a server at all.
    pub(super) fn denies(&self, client: &Urn, server: &str) -> bool {
        let is_denied =
            |one: &Urn| [server, ALL].iter().any(|name| self.denied.contains(&(one.clone(), (*name).to_owned())));
        is_denied(client) || self.in_every_home(client, &is_denied)
    }

    /// Whether a client, or every home directory's client of the same program, refuses a tool of a server or the whole.
    fn refuses(&self, client: &Urn, server: &str, tool: &str) -> bool {
        let is_refused = |one: &Urn| {
            let forms = [(server, ""), (server, tool), (ALL, "")];
            forms
                .iter()
                .any(|(name, tool)| self.refused.contains(&(one.clone(), (*name).to_owned(), (*tool).to_owned())))
        };
        is_refused(client) || self.in_every_home(client, &is_refused)
    }

    fn in_every_home(&self, client: &Urn, holds: &dyn Fn(&Urn) -> bool) -> bool {
        let homes = self.homes.get(program(client)).map(Vec::as_slice).unwrap_or_default();
        !homes.is_empty() && !homes.contains(client) && homes.iter().all(holds)
    }
}

/// The program of a client, as its name ends in it.
pub(super) fn program(client: &Urn) -> &str {
    client.as_str().rsplit('#').next().unwrap_or_default()
}

/// A server's name as its client writes it.
pub(super) fn called(server: &Identity) -> &str {
    server.name.split(" (").next().unwrap_or(&server.name)
}

/// Takes the servers that their client does not start from it: they are there, and do nothing.
pub(super) fn switch_off(inventory: &mut Inventory) {
    let mut off: BTreeSet<(Urn, Urn)> = BTreeSet::new();
    for (setting, lister) in settings(inventory).filter(|(one, _)| one.kind == SettingKind::AgentServerOff) {
        for client in meant(inventory, setting, lister) {
            let used = inventory.links.from(&client).filter(|link| link.kind == LinkKind::Uses);
            let servers = used.filter_map(|link| inventory.identities.get(&link.to));
            off.extend(servers.filter(|one| is_meant(one, &setting.name)).map(|one| (client.clone(), one.id.clone())));
        }
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

/// The clients that a list of servers which are off speaks of: its own, or, where it is that of one project in a home
/// directory, the same program in the tree of that name.
fn meant(inventory: &Inventory, setting: &Setting, lister: &Urn) -> Vec<Urn> {
    let last =
        |path: &str| path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let folders: Vec<String> = setting.attributes.texts(Name::Folders).iter().map(|path| last(path)).collect();
    if folders.is_empty() {
        return vec![lister.clone()];
    }
    let is_of_project = |one: &&Identity| {
        let place = one.id.as_str().strip_prefix("agent:").and_then(|name| name.rsplit_once('#'));
        one.kind == IdentityKind::AgentClient
            && program(&one.id) == program(lister)
            && place.is_some_and(|(place, _)| folders.contains(&last(place)))
    };
    inventory.identities.iter().filter(is_of_project).map(|one| one.id.clone()).collect()
}

/// Whether a list of servers that are off means this one: it speaks of the repository's own `.mcp.json` alone.
fn is_meant(server: &Identity, name: &str) -> bool {
    let is_listed = server.evidence.location.file().is_some_and(|file| file.ends_with(".mcp.json"));
    server.kind == IdentityKind::AgentServer && is_listed && called(server) == name
}

fn settings(inventory: &Inventory) -> impl Iterator<Item = (&Setting, &Urn)> {
    inventory.settings.iter().filter_map(|one| one.part_of.as_ref().map(|client| (one, client)))
}

/// The one tool that a setting speaks of; empty where it speaks of the whole server.
fn tool(setting: &Setting) -> &str {
    setting.attributes.texts(Name::Tools).first().map_or("", |tool| tool.as_str())
}
