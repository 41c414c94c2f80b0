//! What the join knows of an identity, in the lines under its name: who owns it, when it was used, what it can do.
//! Says `unknown` and why wherever it could not be looked.

use std::collections::BTreeSet;
use std::io;

use jiff::Timestamp;

use super::page::{Page, plural, some_of};
use crate::inventory::IdentityFacts;
use crate::model::{
    Capability, CapabilityKind, Confidence, EscalationPath, FactKind, Finding, Known, LastUse, Location, Owner, Urn,
    short_date, show_age,
};
use crate::report::Scan;
use crate::report::view::{View, scope};

/// How many of a list are shown in a line.
const SHOWN: usize = 3;

/// How many places of exposures are shown.
const SHOWN_PLACES: usize = 10;

/// Writes the lines. Places that one of `findings` shows anyway are left to it.
pub(super) fn show(
    page: &mut Page<'_>,
    scan: &Scan<'_>,
    view: &View<'_>,
    id: &Urn,
    findings: &[&Finding],
) -> io::Result<()> {
    let facts = view.facts(id);
    page.entry("owner", &owner(&facts.owner, scan.now))?;
    page.entry("used", &last_use(&facts.last_use, scan.now))?;
    let hidden = scan.inventory.identities.get(id).is_some_and(|it| view.hides(&it.tenant, FactKind::Grants));
    powers(page, facts, id, findings)?;
    if hidden && facts.capabilities.is_empty() && facts.escalations.is_empty() {
        page.entry("can", "unknown: not all grants could be read, see Coverage")?;
    } else if hidden {
        page.entry("", "more may be hidden: not all grants could be read, see Coverage")?;
    }
    exposures(page, scan, facts, findings)?;
    if !facts.workloads.is_empty() {
        let names: Vec<_> = facts.workloads.iter().map(|urn| workload(scan, urn)).collect();
        page.entry("runs", &format!("{}: {}", plural(names.len(), "workload"), some_of(&names, SHOWN)))?;
    }
    if !facts.linked.is_empty() {
        let names: Vec<_> = facts.linked.iter().map(Urn::as_str).collect();
        page.entry("tied to", &some_of(&names, SHOWN))?;
    }
    Ok(())
}

fn owner(owner: &Known<Owner>, now: Timestamp) -> String {
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

fn last_use(last_use: &Known<LastUse>, now: Timestamp) -> String {
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

/// What it can do and become. A way that one of `findings` shows step by step is left to it.
fn powers(page: &mut Page<'_>, facts: &IdentityFacts, id: &Urn, findings: &[&Finding]) -> io::Result<()> {
    let mut label = "can";
    for line in capabilities(&facts.capabilities) {
        page.entry(std::mem::take(&mut label), &line)?;
    }
    let Some(path) = facts.escalations.first() else { return Ok(()) };
    let told = findings.iter().any(|finding| finding.chain == path.steps);
    let ending = if told { ", see below" } else { ":" };
    page.entry(label, &format!("{}{ending}", way(path, id, facts.escalations.len())))?;
    let steps = if told { &[] } else { path.steps.as_slice() };
    for (number, step) in steps.iter().enumerate() {
        page.detail(&format!("{}.", number + 1), step)?;
    }
    Ok(())
}

/// One line a kind of capability, in the order in which they come: the strongest first. What an administrator can do
/// anyway is left out.
fn capabilities(capabilities: &[Capability]) -> Vec<String> {
    let mut kinds: Vec<(CapabilityKind, Vec<String>)> = Vec::new();
    for capability in capabilities.iter().filter(|capability| !is_part_of(capability, capabilities)) {
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

fn words(kind: CapabilityKind) -> &'static str {
    match kind {
        CapabilityKind::Administrator => "do everything (administrator)",
        CapabilityKind::Escalate => "give itself more rights",
        CapabilityKind::Impersonate => "act as other identities",
        CapabilityKind::ReadSecrets => "read stored secrets",
        CapabilityKind::RunCode => "run code as something else",
        CapabilityKind::MintCredentials => "mint credentials",
    }
}

fn way(path: &EscalationPath, id: &Urn, ways: usize) -> String {
    let through = if path.target == *id { String::new() } else { format!(" as {}", path.target) };
    let condition = if path.conditional { ", if a condition holds" } else { "" };
    let others = if ways > 1 { format!(" (and in {})", plural(ways - 1, "other way")) } else { String::new() };
    format!("become administrator{through} in {}{condition}{others}", plural(path.steps.len(), "step"))
}

fn exposures(page: &mut Page<'_>, scan: &Scan<'_>, facts: &IdentityFacts, findings: &[&Finding]) -> io::Result<()> {
    let exposures: Vec<_> = facts.exposures.iter().filter_map(|urn| scan.inventory.exposures.get(urn)).collect();
    if exposures.is_empty() {
        return Ok(());
    }
    let titles: BTreeSet<_> = exposures.iter().map(|exposure| exposure.title.as_str()).collect();
    let titles: Vec<_> = titles.into_iter().collect();
    page.entry("exposed", &format!("{} in {}", some_of(&titles, SHOWN), plural(exposures.len(), "place")))?;
    let told: BTreeSet<&Location> =
        findings.iter().flat_map(|finding| &finding.evidence).map(|evidence| &evidence.location).collect();
    let untold: Vec<_> = exposures.iter().filter(|exposure| !told.contains(&exposure.evidence.location)).collect();
    for exposure in untold.iter().take(SHOWN_PLACES) {
        let allowed = exposure.allowed_by.as_ref().map(|by| format!("(allowed by {by})")).unwrap_or_default();
        page.place("at", &exposure.evidence.location.to_string(), &allowed)?;
    }
    match untold.len().saturating_sub(SHOWN_PLACES) {
        0 => Ok(()),
        more => page.detail("", &format!("and {}; --format json has all", plural(more, "more place"))),
    }
}

fn workload(scan: &Scan<'_>, urn: &Urn) -> String {
    let workload = scan.inventory.workloads.get(urn);
    workload
        .map_or_else(|| urn.to_string(), |workload| format!("{} {}", short_kind(workload.kind.as_str()), workload.name))
}

/// `kubernetes.deployment` as `deployment`: the header has said which system it is.
fn short_kind(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(_, kind)| kind)
}
