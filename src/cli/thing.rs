//! Names and states of the graph's things as a reader says them. Concludes nothing.

use jiff::Timestamp;

use crate::inventory::Inventory;
use crate::model::{Credential, Edge, Holding, Known, Location, Reached, Urn, days_between, short_date};
use crate::report::{capability_words, headline};

/// A thing in a line: what it is and how it is called.
pub(super) fn label(inventory: &Inventory, id: &Urn) -> String {
    if let Some(identity) = inventory.identities.get(id) {
        return headline(identity);
    }
    if let Some(credential) = inventory.credentials.get(id) {
        return format!("{} {}", credential.kind, credential.name);
    }
    if let Some(exposure) = inventory.exposures.get(id) {
        return format!("{} at {}", exposure.title, exposure.evidence.location);
    }
    if let Some(workload) = inventory.workloads.get(id) {
        return format!("{} {} ({})", workload.kind, workload.name, workload.tenant);
    }
    if let Some(setting) = inventory.settings.get(id) {
        return format!("{} {} ({})", setting.kind, setting.name, setting.tenant);
    }
    if let Some(person) = inventory.people.get(id) {
        return format!("{} ({})", person.name, person.email);
    }
    if let Some(cluster) = id.as_str().strip_prefix("place:nodes ") {
        return format!("every node of {cluster}");
    }
    if let Some(place) = id.as_str().strip_prefix("place:") {
        return format!("every service account of {place}");
    }
    match id.as_str().strip_prefix("outside:") {
        Some("internet") => "anyone on the internet".to_owned(),
        Some(other) => format!("{} of others", other.replace('/', " ")),
        None => format!("{id} (nothing was read of it)"),
    }
}

/// A step as a sentence's end: what it is and how sure.
pub(super) fn step(inventory: &Inventory, edge: &Edge) -> String {
    format!("{} {}{}", edge.kind.words(), label(inventory, &edge.to), doubt(edge))
}

/// What stands in the way of a step.
pub(super) fn doubt(edge: &Edge) -> String {
    let condition = edge.condition.as_deref().unwrap_or("it is not known whether it holds");
    match edge.holding {
        Holding::Holds => String::new(),
        Holding::Conditional => format!(" [if: {condition}]"),
        Holding::Unknown => format!(" [unknown: {condition}]"),
    }
}

/// Why a step can be taken, and in a line of its own what takes it away.
pub(super) fn reason(why: &str) -> Vec<String> {
    match why.split_once("to cut it: ") {
        Some((why, cut)) => {
            let why = why.trim_end_matches([' ', ';', ',']);
            let lines = [why.to_owned(), format!("cut it here: {cut}")];
            lines.into_iter().filter(|line| !line.is_empty()).collect()
        }
        None => vec![why.to_owned()],
    }
}

/// A power and how it is had.
pub(super) fn reached(power: &Reached<'_>) -> String {
    let sure = match power.holding {
        Holding::Holds => "",
        Holding::Conditional => ", if a condition holds",
        Holding::Unknown => ", as far as is known",
    };
    let steps = match power.steps {
        0 => "by its own rights".to_owned(),
        1 => "one step away".to_owned(),
        steps => format!("{steps} steps away"),
    };
    format!("{}: {} ({steps}{sure})", capability_words(power.kind), power.scope)
}

/// A credential of which something may be the value: whose it is, whether it works, and who answers for that.
pub(super) fn candidate(inventory: &Inventory, credential: &Credential, now: Timestamp) -> String {
    let (of, state) = (label(inventory, &credential.holder), credential_state(inventory, credential, now));
    let owner = inventory.facts.identities.get(&credential.holder).map(|facts| &facts.owner);
    let owner = owner.map(|owner| format!("; owner {}", crate::report::owner_words(owner, now))).unwrap_or_default();
    format!("{} {} of {of}: {state}{owner}", credential.kind, credential.name)
}

/// Whether a credential works, since when and until when.
pub(super) fn credential_state(inventory: &Inventory, credential: &Credential, now: Timestamp) -> String {
    if let Some(place) = declared(credential.kind.as_str(), &credential.evidence.location) {
        return format!("declared at {place}; whether a cluster has it is not known from there");
    }
    let mut parts = Vec::new();
    parts.push(match &credential.active {
        _ if inventory.is_rejected(credential) => "rejected now, works again if its user is reactivated".to_owned(),
        Known::Value(true) if inventory.is_asleep(credential) => {
            "works again as soon as its identity is switched on".to_owned()
        }
        Known::Value(true) => "works".to_owned(),
        Known::Value(false) => "switched off".to_owned(),
        Known::Absent => "may work".to_owned(),
        Known::Unknown(why) => format!("may work ({why})"),
    });
    if let Known::Value(created) = &credential.created {
        parts.push(format!("made {}, {} days ago", short_date(*created), days_between(*created, now)));
    }
    match &credential.expires {
        Known::Value(expires) if *expires < now => parts.push(format!("expired {}", short_date(*expires))),
        Known::Value(expires) => parts.push(format!("expires {}", short_date(*expires))),
        Known::Absent => parts.push("never expires".to_owned()),
        Known::Unknown(_) => {}
    }
    parts.join(", ")
}

/// The file and line that declare something of a cluster, where a manifest does: whether a cluster has it is another matter.
pub(super) fn declared(kind: &str, location: &Location) -> Option<String> {
    let is_manifest = kind.starts_with("kubernetes.") && matches!(location, Location::File { .. });
    is_manifest.then(|| location.to_string())
}

/// The place in a file, or the call that showed it.
pub(super) fn place(location: &Location) -> String {
    location.to_string()
}
