//! What the join knows of an identity in words that every format shows alike: owner, last use, powers, ways up. Says
//! `unknown` and why wherever it could not be looked; lays nothing out.

use jiff::Timestamp;

use super::view::scope;
use crate::model::{
    Capability, CapabilityKind, Confidence, EscalationPath, Known, LastUse, Owner, Urn, short_date, show_age,
};

/// How many of a list are shown in a line.
pub(super) const SHOWN: usize = 3;

/// Who answers for it, whether they are still there, and where that is written.
pub fn owner(owner: &Known<Owner>, now: Timestamp) -> String {
    let owner = match owner {
        Known::Unknown(why) => return format!("unknown: {why}"),
        Known::Absent => return "none found".to_owned(),
        Known::Value(owner) => owner,
    };
    let presence = match (&owner.active, &owner.left) {
        (_, Known::Value(left)) if *left <= now => format!(", left {}", short_date(*left)),
        (_, Known::Value(left)) => format!(", leaves {}", short_date(*left)),
        (Known::Value(false), _) => ", no longer there".to_owned(),
        (Known::Value(true), _) => String::new(),
        (Known::Absent, _) => ", not in the directory".to_owned(),
        (Known::Unknown(_), _) => ", whether still there is unknown".to_owned(),
    };
    let weak = if owner.confidence <= Confidence::Medium {
        format!(", {} confidence", owner.confidence)
    } else {
        String::new()
    };
    format!("{}{presence} ({}{weak})", owner.name, owner.source)
}

/// When it was last used, or how far back nothing was seen.
pub fn last_use(last_use: &Known<LastUse>, now: Timestamp) -> String {
    match last_use {
        Known::Unknown(why) => format!("unknown: {why}"),
        Known::Absent => "no source says when".to_owned(),
        Known::Value(LastUse { at: Some(at), source, .. }) => {
            let seconds = now.as_second().saturating_sub(at.as_second());
            let when = if seconds >= 0 { "ago" } else { "after the scan's date" };
            format!("{}, {} {when} ({source})", short_date(*at), show_age(seconds))
        }
        Known::Value(LastUse { at: None, horizon: Some(horizon), source }) => {
            format!("not since {}, and {source} sees no further back", short_date(*horizon))
        }
        Known::Value(LastUse { at: None, horizon: None, source }) => format!("never ({source})"),
    }
}

/// One line a kind of capability, in the order in which they come: the strongest first. What an administrator can do
/// anyway is left out.
pub(super) fn capabilities(capabilities: &[Capability]) -> Vec<String> {
    let mut kinds: Vec<(CapabilityKind, Vec<String>)> = Vec::new();
    let shown = |one: &&Capability| !is_part_of(one, capabilities) && !is_said_by(one, capabilities);
    for capability in capabilities.iter().filter(shown) {
        let scope = scope(capability);
        match kinds.iter_mut().find(|(kind, _)| *kind == capability.kind) {
            Some((_, scopes)) if scopes.contains(&scope) => {}
            Some((_, scopes)) => scopes.push(scope),
            None => kinds.push((capability.kind, vec![scope])),
        }
    }
    kinds.iter().map(|(kind, scopes)| format!("{}: {}", words(*kind), some_of(scopes, SHOWN))).collect()
}

/// Whether an administrator's power over the same scope includes it, so that it need not be said.
fn is_part_of(capability: &Capability, all: &[Capability]) -> bool {
    let whole = |other: &Capability| other.kind == CapabilityKind::Administrator && !other.conditional;
    capability.kind != CapabilityKind::Administrator
        && all.iter().any(|other| whole(other) && other.scope == capability.scope)
}

/// Whether another capability says the same in the vocabulary of all providers.
fn is_said_by(capability: &Capability, all: &[Capability]) -> bool {
    let same = |other: &Capability| other.scope == capability.scope && other.proof == capability.proof;
    capability.kind.as_str().contains('.') && all.iter().any(|other| !other.kind.as_str().contains('.') && same(other))
}

/// What a capability lets one do.
pub fn words(kind: CapabilityKind) -> &'static str {
    match kind {
        CapabilityKind::Administrator => "do everything (administrator)",
        CapabilityKind::Escalate => "give itself more rights",
        CapabilityKind::Impersonate => "act as other identities",
        CapabilityKind::ReadSecrets => "read stored secrets",
        CapabilityKind::RunCode => "run code as something else",
        CapabilityKind::MintCredentials => "mint credentials",
        CapabilityKind::ReadPrivateData => "read private data",
        CapabilityKind::ReadUntrusted => "read text of outsiders",
        CapabilityKind::SendOut => "send data out",
        CapabilityKind::ReadData => "read stored data",
        CapabilityKind::WriteData => "change stored data",
        CapabilityKind::DeleteData => "destroy stored data",
        CapabilityKind::ChangeNetwork => "change what the network lets through",
        // What only one provider knows is called by its name, which says it.
        other => other.as_str(),
    }
}

/// How it becomes administrator, and in how many `ways`.
pub(super) fn way(path: &EscalationPath, id: &Urn, ways: usize) -> String {
    let through = if path.target == *id { String::new() } else { format!(" as {}", path.target) };
    let condition = if path.conditional { ", if a condition holds" } else { "" };
    let others = if ways > 1 { format!(" (and in {})", plural(ways - 1, "other way")) } else { String::new() };
    format!("become administrator{through} in {}{condition}{others}", plural(path.length(), "step"))
}

/// `1 finding`, `3 findings`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    match (count, noun.strip_suffix("ity")) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ities"),
        (_, None) => format!("{count} {noun}s"),
    }
}

/// As [`plural`], of a number that may be large.
pub(super) fn plural_of(count: u64, noun: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

/// The first few of a list, and how many more there are.
pub(super) fn some_of<T: AsRef<str>>(items: &[T], shown: usize) -> String {
    let list: Vec<_> = items.iter().take(shown).map(AsRef::as_ref).collect();
    match items.len().saturating_sub(shown) {
        0 => list.join(", "),
        more => format!("{} and {more} more", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(plural(1, "identity"), "1 identity");
        assert_eq!(plural(2, "identity"), "2 identities");
        assert_eq!(plural(0, "hole"), "0 holes");
        assert_eq!(some_of(&["a", "b", "c"], 2), "a, b and 1 more");
    }
}
