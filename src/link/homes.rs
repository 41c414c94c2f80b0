//! User settings of an agent's client together with what repositories give the same client: they hold in every tree that the
//! user opens. Says nothing of a client that is dangerous by itself: that is told where it is.
//!
//! Source: Claude Code, Gemini CLI and Codex documentation, "Settings precedence": user settings apply to all projects.

use std::collections::BTreeMap;

use super::allowed::{Allowed, called, program};
use crate::inventory::Inventory;
use crate::model::{AttributeName as Name, Identity, IdentityKind, LinkKind, Urn};

/// The three things that are harmless alone, and that nobody is asked.
const PARTS: [Name; 4] = [Name::PrivateData, Name::UntrustedContent, Name::Egress, Name::ApprovalsOff];

/// How many homes are named at one client.
const NAMED: usize = 5;

pub(super) fn link(inventory: &mut Inventory) {
    let clients = || inventory.identities.iter().filter(|one| one.kind == IdentityKind::AgentClient);
    let (homes, trees): (Vec<&Identity>, Vec<&Identity>) = clients().partition(|one| one.attributes.is(Name::OfHome));
    let mut by_program: BTreeMap<&str, Vec<&Identity>> = BTreeMap::new();
    for home in homes {
        by_program.entry(program(&home.id)).or_default().push(home);
    }
    if by_program.is_empty() {
        return;
    }
    let allowed = Allowed::of(inventory);
    let mut found: Vec<(Urn, Vec<String>)> = Vec::new();
    for tree in trees {
        let homes = by_program.get(program(&tree.id)).map(Vec::as_slice).unwrap_or_default();
        let with = homes.iter().filter(|home| is_dangerous(inventory, tree, home, &allowed));
        let names: Vec<String> = with.take(NAMED).map(|home| home.name.clone()).collect();
        if !names.is_empty() {
            found.push((tree.id.clone(), names));
        }
    }
    for (id, names) in found {
        inventory.facts.attributes.entry(id).or_default().set(Name::TrifectaWith, names);
    }
}

/// Whether the two together have all parts, and neither has them alone.
fn is_dangerous(inventory: &Inventory, tree: &Identity, home: &Identity, allowed: &Allowed) -> bool {
    let has = |one: &Identity, part: Name| inventory.facts.attributes.get(&one.id).is_some_and(|all| all.is(part));
    let alone = |one: &Identity| PARTS.iter().all(|part| has(one, *part));
    let either = |part: Name| has(tree, part) || has(home, part);
    let is_unasked =
        either(Name::ApprovalsOff) || sends(inventory, tree, home, allowed) || sends(inventory, home, tree, allowed);
    !alone(tree) && !alone(home) && is_unasked && PARTS[..3].iter().all(|part| either(*part))
}

/// Whether a server of a client sends data out, and a list of the other side lets it do so unasked.
fn sends(inventory: &Inventory, client: &Identity, lister: &Identity, allowed: &Allowed) -> bool {
    let servers = inventory.links.from(&client.id).filter(|link| link.kind == LinkKind::Uses);
    let mut servers = servers.filter_map(|link| inventory.identities.get(&link.to));
    servers.any(|server| {
        server.attributes.is(Name::Egress) && allowed.lets(&lister.id, &client.id, called(server)).is_some()
    })
}
