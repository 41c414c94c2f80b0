//! The steps that prove a finding, in reading order: from the string in a file to what it can do and who answers.

use jiff::Timestamp;

use super::Rule;
use super::view::Noun;
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{
    AttributeName, Capability, EdgeKind, EscalationPath, Exposure, Identity, Known, Owner, SettingKind, short_date,
};

/// The steps behind a finding. A rule about power shows what proves the power; a rule about an exposure whose
/// identity is known tells its whole way.
pub(super) fn steps(rule: &Rule, noun: Noun<'_>, inventory: &Inventory, now: Timestamp) -> Vec<String> {
    match noun {
        Noun::Exposure(exposure) => {
            let mut steps = of_exposure(exposure, inventory).unwrap_or_default();
            let since = exposure.lies_since(now).map(|since| format!("it lies there {since}"));
            steps.splice(steps.len().min(1)..steps.len().min(1), since);
            steps.extend(unlocked(exposure, inventory));
            steps.extend(listed(exposure, inventory));
            steps.extend(candidates(exposure, inventory));
            steps.extend(copies(exposure, inventory));
            steps
        }
        Noun::Identity(_, facts) if rule.reads("untrusted_content") => {
            facts.capabilities.iter().flat_map(|one| one.proof.clone()).collect()
        }
        Noun::Identity(_, facts) if ["wide_capabilities", "local_capabilities"].iter().any(|name| rule.reads(name)) => {
            of_rights(rule, facts)
        }
        Noun::Identity(_, facts) if rule.reads("reaches_data") || rule.reads("could_reach_data") => {
            best(&facts.data_paths)
        }
        Noun::Identity(_, facts)
            if ["administrator", "becomes_administrator", "could_become_administrator"]
                .iter()
                .any(|name| rule.reads(name)) =>
        {
            let own = of_power(facts);
            let group = match noun {
                Noun::Identity(it, _) => it.attributes.text(AttributeName::AdministratorByGroup),
                _ => None,
            };
            match group.filter(|_| own.is_empty()) {
                Some(group) => {
                    vec![format!("its cluster puts it into {group}, which is administrator or can become it")]
                }
                None => own,
            }
        }
        Noun::Grant(grant) if rule.reads("capabilities") => {
            let capabilities = inventory.facts.grants.get(&grant.id).into_iter().flatten();
            capabilities.filter(|one| rule.when().contains(&format!("\"{}\"", one.kind))).map(proven).collect()
        }
        _ => Vec::new(),
    }
}

/// The rights that a rule names, with what proves each, the first few of many scopes.
fn of_rights(rule: &Rule, facts: &IdentityFacts) -> Vec<String> {
    const SHOWN: usize = 6;
    let named = |one: &&Capability| !one.conditional && rule.when().contains(&format!("\"{}\"", one.kind));
    let wide = rule.reads("wide_capabilities") && !rule.reads("local_capabilities");
    let local = rule.reads("local_capabilities") && !rule.reads("wide_capabilities");
    let scoped = |one: &&Capability| {
        let is_local = one.scope.starts_with("namespace ");
        !(wide && is_local || local && !is_local || one.is_of_named())
    };
    let all: Vec<&Capability> = facts.capabilities.iter().filter(named).filter(scoped).collect();
    let mut steps: Vec<String> = all.iter().take(SHOWN).map(|one| proven(one)).collect();
    if all.len() > SHOWN {
        steps.push(format!("and in {} further scopes", all.len() - SHOWN));
    }
    steps
}

fn proven(capability: &Capability) -> String {
    format!("{}: {}", capability.scope, capability.proof.join(", "))
}

fn of_exposure(exposure: &Exposure, inventory: &Inventory) -> Option<Vec<String>> {
    let facts = inventory.facts.exposures.get(&exposure.id)?;
    let identity = inventory.identities.get(facts.identity.value()?)?;
    let mut steps = vec![format!("{} lies at {}", exposure.title, exposure.evidence.location)];
    match facts.credential.value().and_then(|id| inventory.credentials.get(id)) {
        Some(credential) => {
            let state = match credential.active {
                Known::Value(true) if inventory.is_asleep(credential) => "would work if that were switched on",
                Known::Value(true) => "works",
                Known::Value(false) => "is switched off",
                _ => "may work",
            };
            steps.push(format!("it is {} of {}, and it {state}", credential.name, describe(identity)));
        }
        None => steps.push(format!("it is a token of {}", describe(identity))),
    }
    let of_identity = inventory.facts.identities.get(&identity.id)?;
    steps.extend(of_power(of_identity));
    steps.extend(of_owner(&of_identity.owner));
    Some(steps)
}

/// What lets the public half of a private key in.
fn unlocked(exposure: &Exposure, inventory: &Inventory) -> Vec<String> {
    let edges = inventory.facts.graph.from(&exposure.id).iter().filter(|edge| edge.kind == EdgeKind::Unlocks);
    let settings = edges.filter_map(|edge| inventory.settings.get(&edge.to));
    settings.map(|one| format!("its public half stands at {} ({})", one.evidence.location, one.name)).collect()
}

/// The key of a provider's list that has its ends.
fn listed(exposure: &Exposure, inventory: &Inventory) -> Vec<String> {
    let edges = inventory.facts.graph.from(&exposure.id).iter().filter(|edge| edge.kind == EdgeKind::ValueOf);
    let keys = edges.filter_map(|edge| inventory.settings.get(&edge.to));
    let keys = keys.filter(|one| one.kind == SettingKind::ListedKey);
    keys.map(|one| {
        let status = one.attributes.text(AttributeName::KeyStatus).unwrap_or("state not told");
        format!("by its ends it is the key {} of {} ({}; {status})", one.name, one.tenant, one.evidence.location)
    })
    .collect()
}

/// The credentials of which it may be one, and what those can do.
fn candidates(exposure: &Exposure, inventory: &Inventory) -> Vec<String> {
    const SHOWN: usize = 5;
    let Some(facts) = inventory.facts.exposures.get(&exposure.id).filter(|facts| !facts.may_be.is_empty()) else {
        return Vec::new();
    };
    let mut steps: Vec<String> = facts.credential.why_unknown().map(str::to_owned).into_iter().collect();
    for one in facts.may_be.iter().filter_map(|id| inventory.credentials.get(id)).take(SHOWN) {
        let holder = inventory.identities.get(&one.holder);
        let of = holder.map_or_else(|| one.holder.to_string(), describe);
        let power = inventory.facts.identities.get(&one.holder).map(of_power).unwrap_or_default();
        let power = power.first().map(|power| format!(": {power}")).unwrap_or_default();
        steps.push(format!("if it is {} of {of}{power}", one.name));
    }
    if facts.may_be.len() > SHOWN {
        steps.push(format!("or one of {} more", facts.may_be.len() - SHOWN));
    }
    steps
}

/// The other places of the same value.
fn copies(exposure: &Exposure, inventory: &Inventory) -> Vec<String> {
    let facts = inventory.facts.exposures.get(&exposure.id);
    let others = facts.into_iter().flat_map(|facts| &facts.same_value);
    let places = others.filter_map(|id| inventory.exposures.get(id)).map(|one| &one.evidence.location);
    let mut steps: Vec<_> = places.map(|place| format!("the same value lies at {place}")).collect();
    let copies = inventory.facts.exposures.get(&exposure.id).map_or(0, |facts| facts.copies);
    if copies > steps.len() {
        steps.push(format!("and at {} further places", copies - steps.len()));
    }
    steps
}

fn describe(identity: &Identity) -> String {
    format!("{} {} ({})", identity.kind.label(), identity.name, identity.tenant)
}

fn of_power(facts: &IdentityFacts) -> Vec<String> {
    if let Some(capability) = facts.capabilities.iter().find(|one| one.is_administrator()) {
        return vec![format!("administrator of {}: {}", capability.scope, capability.proof.join(", "))];
    }
    best(&facts.escalations)
}

/// The steps of the first way that holds for certain, else of the first.
fn best(paths: &[EscalationPath]) -> Vec<String> {
    let path = paths.iter().find(|path| !path.conditional).or_else(|| paths.first());
    path.map(|path| path.steps.clone()).unwrap_or_default()
}

fn of_owner(owner: &Known<Owner>) -> Option<String> {
    let owner = owner.value()?;
    Some(match (&owner.active, &owner.left) {
        (Known::Value(false), Known::Value(left)) => {
            format!("its owner {} left on {} ({})", owner.name, short_date(*left), owner.source)
        }
        (Known::Value(false), _) => format!("its owner {} has left ({})", owner.name, owner.source),
        _ => format!("its owner is {} ({})", owner.name, owner.source),
    })
}
