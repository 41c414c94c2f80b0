//! Words and numbers by which the page sorts, filters and colours. Decides nothing that the facts do not say.

use crate::inventory::IdentityFacts;
use crate::model::{
    AttributeValue, Attributes, Capability, CapabilityKind, CoverageEntry, Known, Location, Outcome, Owner, Severity,
    TrustedPrincipal, Urn, short_date,
};
use crate::report::Scan;
use crate::report::escape::flow_short;

/// Longer texts are cut, and said to be.
pub(super) const LONGEST: usize = 2_000;

/// A severity as a number that sorts, 4 the worst.
pub(super) fn rank(severity: Severity) -> u8 {
    severity as u8
}

/// Whether it was read, was left out on purpose, or is a hole.
pub(super) fn state(entry: &CoverageEntry) -> &'static str {
    match (entry.is_hole(), entry.outcome) {
        (true, _) => "hole",
        (false, Outcome::Complete) => "read",
        (false, _) => "not read",
    }
}

/// How it stands with the owner, in a word.
pub(super) fn owner_state(owner: &Known<Owner>, scan: &Scan<'_>) -> &'static str {
    match owner {
        Known::Absent => "none",
        Known::Unknown(_) => "unknown",
        Known::Value(owner) if owner.left.value().is_some_and(|left| *left <= scan.now) => "left",
        Known::Value(owner) if owner.active == Known::Value(false) => "left",
        Known::Value(owner) if owner.active == Known::Value(true) => "there",
        Known::Value(_) => "unchecked",
    }
}

/// How powerful it is: 4 administrator, 3 can become it, 2 more than usual, 1 nothing of note, 0 could not be seen.
pub(super) fn power(facts: &IdentityFacts, is_hidden: bool) -> u8 {
    let is_administrator = |one: &Capability| one.kind == CapabilityKind::Administrator;
    if facts.capabilities.iter().any(is_administrator) {
        4
    } else if !facts.escalations.is_empty() {
        3
    } else if !facts.capabilities.is_empty() {
        2
    } else if facts.rights_unknown.is_some() || is_hidden {
        0
    } else {
        1
    }
}

/// Who may become it, and what limits that.
pub(super) fn trusted(principal: &TrustedPrincipal) -> String {
    let conditions = match principal.conditions.as_slice() {
        [] => "no condition".to_owned(),
        conditions => format!("limited by {}", conditions.join(", ")),
    };
    format!("{} {} ({conditions})", principal.kind, principal.name)
}

/// The name of an identity by which the page is asked for it. One of any length is cut; the page tells two that became
/// alike apart by their rows.
pub(super) fn address(id: &Urn) -> String {
    flow_short(id.as_str(), LONGEST)
}

/// A place in two parts, of which the first is the same for many.
pub(super) fn place(location: &Location) -> (String, &str) {
    match location {
        Location::Api { call, resource } => (format!("{call} ({resource})"), ""),
        Location::Export { file, object } => (file.to_string(), object),
        Location::File { .. } => (location.to_string(), ""),
    }
}

/// What only the provider knows of it, by name.
pub(super) fn attributes(attributes: &Attributes) -> Vec<(&'static str, String)> {
    let all = attributes.iter().filter_map(|(name, value)| {
        let text = match value {
            Known::Absent => return None,
            Known::Unknown(why) => format!("unknown: {why}"),
            Known::Value(AttributeValue::Bool(value)) => (if *value { "yes" } else { "no" }).to_owned(),
            Known::Value(AttributeValue::Int(value)) => value.to_string(),
            Known::Value(AttributeValue::Time(at)) => short_date(*at),
            Known::Value(AttributeValue::Text(text)) => text.clone(),
            Known::Value(AttributeValue::Texts(texts)) => texts.join(", "),
        };
        Some((name.as_str(), text))
    });
    all.collect()
}
