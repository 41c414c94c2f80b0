//! What follows for agents from what several files say: what an agent can do through its servers, who else holds its
//! credentials, whether it is on the organisation's list. Reads no text.

use std::collections::{BTreeMap, BTreeSet};

use super::allowed::{Allowed, called};
use super::federation::AllAdmitted;
use super::workflows;
use crate::inventory::Inventory;
use crate::model::{
    AttributeName as Name, Attributes, Capability, CapabilityKind, Credential, CredentialKind, Fingerprint, Identity,
    IdentityKind, Known, Link, LinkKind, Provider, Setting, SettingKind, TreeNames, Urn, wildcard,
};

/// How many agents of one value are named.
const NAMED: usize = 5;

/// What an agent can do, as an attribute and as a capability.
const ABILITIES: &[(Name, CapabilityKind, &str)] = &[
    (Name::PrivateData, CapabilityKind::ReadPrivateData, "reads data that is not public"),
    (Name::UntrustedContent, CapabilityKind::ReadUntrusted, "reads text that outsiders write"),
    (Name::Egress, CapabilityKind::SendOut, "can send data out"),
    (Name::Unrestricted, CapabilityKind::RunCode, "runs any command or reaches the whole disk"),
];

pub(super) fn link(inventory: &mut Inventory, admitted: &AllAdmitted) {
    let agents: Vec<Identity> =
        inventory.identities.iter().filter(|one| one.provider() == Provider::Agents).cloned().collect();
    if agents.is_empty() {
        return;
    }
    let allowed = Allowed::of(inventory);
    let unasked = unasked_servers(inventory, &agents, &allowed);
    abilities(inventory, &agents, &unasked, &allowed);
    roles(inventory, &agents, admitted);
    roles_of_workloads(inventory, &agents);
    registry(inventory, &agents);
    shared(inventory);
    shared_given(inventory);
    kept(inventory);
}

/// Values in the files in which clients keep their own tokens, where nobody else may read those: that is their place.
fn kept(inventory: &mut Inventory) {
    let is_private = |one: &&Credential| {
        let may_read = one.attributes.get(Name::ReadableByOthers);
        one.kind == CredentialKind::AgentTokenFile
            && !matches!(may_read, Known::Value(_) | Known::Unknown(_))
            && !one.attributes.is(Name::IsShared)
    };
    let mut found = Vec::new();
    for file in inventory.credentials.iter().filter(is_private) {
        let place = file.evidence.location.file();
        let uses = inventory.links.from(&file.holder).filter(|link| link.kind == LinkKind::Uses);
        let exposures = uses.filter_map(|link| inventory.exposures.get(&link.to));
        found.extend(exposures.filter(|one| one.evidence.location.file() == place).map(|one| one.id.clone()));
    }
    for id in found {
        inventory.facts.attributes.entry(id).or_default().set(Name::KeptByClient, true);
    }
}

/// Servers of which the settings of their client allow every tool, by a list that names them.
fn unasked_servers(inventory: &mut Inventory, agents: &[Identity], allowed: &Allowed) -> BTreeSet<Urn> {
    let mut found: BTreeMap<Urn, bool> = BTreeMap::new();
    for server in agents.iter().filter(|one| one.kind == IdentityKind::AgentServer) {
        for link in inventory.links.to(&server.id).filter(|link| link.kind == LinkKind::Uses) {
            if let Some(is_whole) = allowed.lets(&link.from, &link.from, called(server)) {
                *found.entry(server.id.clone()).or_default() |= is_whole;
            }
        }
    }
    // A list of single tools is how it should be done: it is no finding by itself, but what they do is done unasked.
    for (id, _) in found.iter().filter(|(_, is_whole)| **is_whole) {
        let attributes = inventory.facts.attributes.entry(id.clone()).or_default();
        attributes.set(Name::ApprovalsOff, true);
        attributes.set(Name::Unasked, "all its tools");
    }
    found.into_keys().collect()
}

/// What each agent can do by itself and through the servers it uses.
fn abilities(inventory: &mut Inventory, agents: &[Identity], unasked: &BTreeSet<Urn>, allowed: &Allowed) {
    let settings = settings(inventory);
    let mut concluded: BTreeMap<Urn, Attributes> = BTreeMap::new();
    for agent in agents {
        let of_agent = settings.get(&agent.id).cloned().unwrap_or_default();
        let servers: Vec<&Identity> = inventory
            .links
            .from(&agent.id)
            .filter(|link| link.kind == LinkKind::Uses)
            .filter_map(|link| inventory.identities.get(&link.to))
            .filter(|server| matches!(server.kind, IdentityKind::AgentServer | IdentityKind::AgentCloud))
            .filter(|server| !allowed.denies(&agent.id, called(server)))
            .collect();
        let tools: Vec<&Setting> = allowed.tools(&agent.id).collect();
        let mut capabilities = Vec::new();
        let mut attributes = Attributes::default();
        for (name, kind, what) in ABILITIES {
            let own = agent.attributes.is(*name).then(|| format!("{} {what}", agent.name));
            let by_server = || {
                let server = servers.iter().find(|server| server.attributes.is(*name))?;
                Some(format!("its server {} {what}", server.name))
            };
            // Whoever runs any command reads and sends whatever its machine can.
            let implies = *kind != CapabilityKind::ReadUntrusted;
            let by_setting =
                || of_agent.unrestricted.as_ref().filter(|_| implies).map(|name| format!("{name}: {what}"));
            let by_tool = || {
                let tool = tools.iter().find(|tool| tool.attributes.is(*name))?;
                Some(format!("its tool {}, which it uses unasked, {what}", tool.name))
            };
            if let Some(proof) = own.or_else(by_server).or_else(by_setting).or_else(by_tool) {
                attributes.set(*name, true);
                let scope = format!("agent {}", agent.name);
                capabilities.push(Capability { kind: *kind, scope, conditional: false, proof: vec![proof] });
            }
        }
        let sends_unasked = |server: &&Identity| {
            let is_unasked = server.attributes.is(Name::ApprovalsOff) || unasked.contains(&server.id);
            is_unasked && server.attributes.is(Name::Egress)
        };
        let sends_by_tool = tools.iter().any(|tool| tool.attributes.is(Name::Egress));
        if of_agent.approvals_off || sends_by_tool || servers.iter().any(sends_unasked) {
            attributes.set(Name::ApprovalsOff, true);
        }
        capabilities.extend(writes(agent));
        capabilities.sort();
        let facts = inventory.facts.identities.entry(agent.id.clone()).or_default();
        facts.capabilities = capabilities;
        concluded.insert(agent.id.clone(), attributes);
    }
    for (id, attributes) in concluded {
        inventory.facts.attributes.entry(id).or_default().fill(attributes, true);
    }
}

/// What the token of its pipeline lets an agent write.
fn writes(agent: &Identity) -> Option<Capability> {
    let parts = agent.attributes.texts(Name::WritePermissions);
    (!parts.is_empty()).then(|| Capability {
        kind: CapabilityKind::WriteData,
        scope: format!("its repository: {}", parts.join(", ")),
        conditional: false,
        proof: vec![format!("the token of its workflow may write {}", parts.join(", "))],
    })
}

/// What the settings of an agent take away.
#[derive(Clone, Default)]
struct Loosened {
    approvals_off: bool,
    /// The setting by which it runs anything.
    unrestricted: Option<String>,
}

fn settings(inventory: &Inventory) -> BTreeMap<Urn, Loosened> {
    let mut all: BTreeMap<Urn, Loosened> = BTreeMap::new();
    for setting in inventory.settings.iter() {
        let Some(agent) = &setting.part_of else { continue };
        match setting.kind {
            SettingKind::AgentApprovalsOff => {
                let loosened = all.entry(agent.clone()).or_default();
                loosened.approvals_off = true;
                // In this mode every command runs, too, and nobody is asked.
                let set_to = setting.attributes.text(Name::SetTo).filter(|mode| *mode == "bypassPermissions");
                if let (None, Some(mode)) = (&loosened.unrestricted, set_to) {
                    loosened.unrestricted = Some(mode.to_owned());
                }
            }
            SettingKind::AgentUnrestricted => {
                let name = setting.attributes.text(Name::SetTo).unwrap_or(&setting.name);
                all.entry(agent.clone()).or_default().unrestricted.get_or_insert_with(|| name.to_owned());
            }
            _ => {}
        }
    }
    all
}

/// The roles that agents act as, where their accounts were read.
fn roles(inventory: &mut Inventory, agents: &[Identity], admitted: &AllAdmitted) {
    let ties = |agent: &Identity| {
        let links = inventory.links.from(&agent.id).filter(|link| link.kind == LinkKind::ActsAs);
        links.cloned().collect::<Vec<_>>()
    };
    let all: Vec<Link> = agents.iter().flat_map(ties).collect();
    if all.is_empty() {
        return;
    }
    let mut strong: Vec<(Urn, Known<String>)> = Vec::new();
    for link in all {
        let facts = inventory.facts.identities.get(&link.to);
        let administrator = facts.and_then(|facts| facts.capabilities.iter().find(|one| one.is_administrator()));
        let Some(capability) = administrator else { continue };
        let condition = match workflows::is_of_agent(inventory, &link) {
            false => None,
            true => match workflows::of_agent(inventory, &link, admitted) {
                Some(edge) => edge.condition,
                None => continue,
            },
        };
        let told = format!("administrator of {}", capability.scope);
        let told = match condition {
            None => Known::Value(told),
            Some(condition) => Known::unknown(format!("its role is {told}, and it may take it on only if {condition}")),
        };
        strong.push((link.from, told));
    }
    tell_roles(inventory, strong);
}

/// Agents of a cloud act as the roles of the workloads that they are.
fn roles_of_workloads(inventory: &mut Inventory, agents: &[Identity]) {
    let mut strong: Vec<(Urn, Known<String>)> = Vec::new();
    for workload in agents.iter().filter_map(|agent| inventory.workloads.get(&agent.id)) {
        for role in &workload.runs_as {
            let facts = inventory.facts.identities.get(role);
            let all = facts.map(|facts| facts.capabilities.as_slice()).unwrap_or_default();
            let told = match all.iter().find(|one| one.is_administrator()) {
                Some(one) => Known::Value(format!("administrator of {}", one.scope)),
                None => match facts.and_then(|facts| facts.rights_unknown.clone()) {
                    Some(why) => Known::Unknown(why),
                    None if inventory.identities.get(role).is_none() => {
                        Known::Unknown(format!("the role {role} was not read"))
                    }
                    None => continue,
                },
            };
            strong.push((workload.id.clone(), told));
        }
    }
    tell_roles(inventory, strong);
}

fn tell_roles(inventory: &mut Inventory, strong: Vec<(Urn, Known<String>)>) {
    for (id, why) in strong {
        let attributes = inventory.facts.attributes.entry(id).or_default();
        if attributes.text(Name::RoleIsAdministrator).is_none() {
            attributes.set_known(Name::RoleIsAdministrator, why);
        }
    }
}

/// Agents that a list of the organisation does not name, where there is a list.
fn registry(inventory: &mut Inventory, agents: &[Identity]) {
    let listed = inventory.settings.iter().filter(|one| one.kind == SettingKind::AgentRegistered);
    let mut names: BTreeSet<String> = listed.map(|one| one.name.to_lowercase()).collect();
    // Okta lists agents that run by themselves, not the programs of people; a list of one's own may name both.
    let names_clients = !names.is_empty();
    let registered = inventory
        .identities
        .iter()
        .filter(|one| one.id.as_str().contains("/agent/") && one.provider() == Provider::Okta);
    names.extend(registered.map(|one| one.name.to_lowercase()));
    if names.is_empty() {
        return;
    }
    let trees = TreeNames::of(&inventory.scopes);
    // A name with a star speaks of a tree, and of no server by itself.
    let plain = || names.iter().filter(|name| !name.contains('*'));
    let servers = agents.iter().filter(|one| one.kind == IdentityKind::AgentServer);
    let names_servers = servers.into_iter().any(|one| {
        let id = one.id.as_str().to_lowercase();
        plain().any(|name| {
            *name == id || trees.by_folder(&id).as_ref() == Some(name) || trees.shortened(&id).as_ref() == Some(name)
        })
    });
    for agent in agents {
        // A server is part of its client, unless the list names servers, too; code is no agent that runs.
        let is_client = agent.kind == IdentityKind::AgentClient;
        let is_part = agent.kind == IdentityKind::AgentServer && !names_servers;
        if is_part || agent.kind == IdentityKind::AgentCode || is_client && !names_clients {
            continue;
        }
        let is_listed = |one: &Identity| {
            let long = names_of(one, &trees);
            names.iter().any(|name| long.iter().any(|text| is_named(name, text)))
        };
        // Who lists a client lists its servers with it.
        let mut clients = inventory.links.to(&agent.id).filter(|link| link.kind == LinkKind::Uses);
        let is_server = agent.kind == IdentityKind::AgentServer;
        let by_client = is_server && clients.any(|link| inventory.identities.get(&link.from).is_some_and(&is_listed));
        if !by_client && !is_listed(agent) {
            inventory.facts.attributes.entry(agent.id.clone()).or_default().set(Name::Unregistered, true);
        }
    }
}

/// Whether an entry of a list means a name; `agent:shop-api/*` stands for the whole tree, its client among it.
fn is_named(name: &str, text: &str) -> bool {
    let tree = name.strip_suffix("/*").map(|tree| format!("{tree}#*"));
    wildcard::matches(name, text) || tree.is_some_and(|tree| wildcard::matches(&tree, text))
}

/// What a list may call an agent, in small letters; a tree by its folder, or by the end of its name.
fn names_of(agent: &Identity, trees: &TreeNames) -> Vec<String> {
    let shorter = [trees.by_folder(agent.id.as_str()), trees.shortened(agent.id.as_str())];
    let short = agent.name.split(" (").next().unwrap_or(&agent.name).to_owned();
    let long = [agent.id.as_str().to_owned(), agent.name.clone(), short].into_iter();
    long.chain(shorter.into_iter().flatten()).map(|text| text.to_lowercase()).collect()
}

/// Values that several agents are given and that no detector knows, told at the first place of each value.
fn shared_given(inventory: &mut Inventory) {
    let found: BTreeSet<&Fingerprint> = inventory.exposures.iter().map(|exposure| &exposure.fingerprint).collect();
    let mut holders: BTreeMap<Fingerprint, (Urn, BTreeSet<Urn>)> = BTreeMap::new();
    for given in inventory.credentials.iter().filter(|one| one.kind == CredentialKind::AgentGiven) {
        let is_found = given.attributes.text(Name::SecretForm).is_some();
        let Some(print) = given.fingerprint.as_ref().filter(|print| !is_found && !found.contains(print)) else {
            continue;
        };
        let of_value = holders.entry(print.clone()).or_insert_with(|| (given.id.clone(), BTreeSet::new()));
        of_value.1.insert(given.holder.clone());
    }
    told(inventory, holders);
}

/// Values that several agents hold, told at the first place of each value.
fn shared(inventory: &mut Inventory) {
    let mut holders: BTreeMap<Fingerprint, (Urn, BTreeSet<Urn>)> = BTreeMap::new();
    for exposure in inventory.exposures.iter().filter(|exposure| !exposure.public) {
        let users = inventory.links.to(&exposure.id).filter(|link| link.kind == LinkKind::Uses);
        let agents: BTreeSet<Urn> = users
            .map(|link| link.from.clone())
            .filter(|from| inventory.identities.get(from).is_some_and(|one| one.provider() == Provider::Agents))
            .collect();
        if !agents.is_empty() {
            let of_value = holders.entry(inventory.facts.value_of(exposure).clone());
            of_value.or_insert_with(|| (exposure.id.clone(), BTreeSet::new())).1.extend(agents);
        }
    }
    told(inventory, holders);
}

/// Notes at the first place of each value which agents hold it, where there are several.
fn told(inventory: &mut Inventory, holders: BTreeMap<Fingerprint, (Urn, BTreeSet<Urn>)>) {
    for (first, agents) in holders.into_values().filter(|(_, agents)| agents.len() > 1) {
        let named: Vec<String> = agents
            .iter()
            .take(NAMED)
            .filter_map(|id| inventory.identities.get(id))
            .map(|agent| {
                format!("{} at {}", agent.name.split(" (").next().unwrap_or(&agent.name), agent.evidence.location)
            })
            .collect();
        let more = agents.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let attributes = inventory.facts.attributes.entry(first).or_default();
        attributes.set(Name::AgentCount, i64::try_from(agents.len()).unwrap_or(i64::MAX));
        attributes.set(Name::AgentsOfValue, format!("{}{more}", named.join(", ")));
    }
}
