//! The findings of a group: rule, what is wrong, where, what to do. Leaves the identity's facts to `facts`.

use std::io;

use super::page::{Page, look};
use crate::model::{Finding, Location};
use crate::report::Scan;
use crate::report::notes::{notes, short_id};
use crate::report::words::plural;

/// How many findings of one group are shown.
const SHOWN_FINDINGS: usize = 25;

/// How many places of one finding are shown.
const SHOWN_PLACES: usize = 5;

/// Writes the findings of a group. Neighbours of one rule that have the same remedy are followed by it once.
pub(super) fn show_all(page: &mut Page<'_>, scan: &Scan<'_>, findings: &[&Finding]) -> io::Result<()> {
    let shown = findings.get(..SHOWN_FINDINGS).unwrap_or(findings);
    for (position, finding) in shown.iter().enumerate() {
        show(page, scan, finding)?;
        let same_follows =
            shown.get(position + 1).is_some_and(|next| next.rule == finding.rule && next.remedy == finding.remedy);
        if !same_follows && !finding.remedy.trim().is_empty() {
            page.detail("fix", &finding.remedy)?;
        }
    }
    match findings.len() - shown.len() {
        0 => Ok(()),
        more => page.entry("", &format!("… and {} here; --format json or csv has all", plural(more, "more finding"))),
    }
}

fn show(page: &mut Page<'_>, scan: &Scan<'_>, finding: &Finding) -> io::Result<()> {
    page.loud_entry(finding.severity.as_str(), look(finding.severity), &finding.rule)?;
    let message = if finding.message.trim().is_empty() { &*finding.title } else { finding.message.as_str() };
    page.entry("", message)?;
    for note in notes(scan, finding) {
        page.entry("", &note)?;
    }
    for (number, step) in finding.chain.iter().enumerate() {
        page.detail(&format!("{}.", number + 1), step)?;
    }
    for evidence in finding.evidence.iter().take(SHOWN_PLACES) {
        place(page, &evidence.location)?;
    }
    match finding.evidence.len().saturating_sub(SHOWN_PLACES) {
        0 => Ok(()),
        more => page.detail("", &format!("and {}; --format json has all", plural(more, "more place"))),
    }
}

fn place(page: &mut Page<'_>, location: &Location) -> io::Result<()> {
    match location {
        Location::Api { call, resource } => page.detail("see", &format!("{call} ({resource})")),
        Location::Export { file, object } => page.place("in", file, &format!("({object})")),
        Location::File { commit, .. } => {
            let note = commit.as_ref().map(|commit| format!("(commit {})", short_id(commit))).unwrap_or_default();
            page.place("at", &location.to_string(), &note)
        }
    }
}
