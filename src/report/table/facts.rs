//! What the join knows of an identity, in the lines under its name: who owns it, when it was used, what it can do.
//! Says `unknown` and why wherever it could not be looked.

use std::collections::BTreeSet;
use std::io;

use super::page::Page;
use crate::inventory::IdentityFacts;
use crate::model::{FactKind, Finding, Holding, Location, Urn};
use crate::report::view::View;
use crate::report::words::{SHOWN, capabilities, last_use, owner, plural, some_of, way};
use crate::report::{Scan, capability_words};

/// How many places of exposures are shown.
const SHOWN_PLACES: usize = 10;

/// How many powers of an agent are shown.
const SHOWN_POWERS: usize = 3;

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
    reach(page, scan, view, id)?;
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

/// What an agent can do through its credentials, the strongest first.
fn reach(page: &mut Page<'_>, scan: &Scan<'_>, view: &View<'_>, id: &Urn) -> io::Result<()> {
    let Some(identity) = scan.inventory.identities.get(id) else { return Ok(()) };
    let beyond = view.reach(identity).into_iter().filter(|one| !one.at.as_str().starts_with("agent:"));
    let mut label = "reaches";
    for one in beyond.take(SHOWN_POWERS) {
        let sure = if one.holding == Holding::Holds { "" } else { ", if a condition holds" };
        let at = scan.inventory.identities.get(one.at).map_or(one.at.as_str(), |end| end.name.as_str());
        let steps = plural(one.steps as usize, "step");
        let text = format!("{}: {} (as {at}, {steps}{sure})", capability_words(one.kind), one.scope);
        page.entry(std::mem::take(&mut label), &text)?;
    }
    Ok(())
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
