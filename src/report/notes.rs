//! What formats of one line a finding say beside its message: how a value was written, who brought it, what the baseline
//! says; and the summary in one line. Decides nothing.

use super::{Scan, Summary};
use crate::model::{Exposure, Finding, Location, short_date};

/// How many characters of a commit's id are shown; enough to find it in any repository.
const SHORT_ID: usize = 12;

/// The beginning of a commit's id.
pub(super) fn short_id(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The exposure that a finding is about.
pub(super) fn exposure<'a>(scan: &Scan<'a>, finding: &Finding) -> Option<&'a Exposure> {
    scan.inventory.exposures.get(&finding.subject)
}

/// The first file of a finding's evidence, where it lies in the files of today: a place of an old commit may hold
/// something else by now, so that what moved since is told where it lies.
pub(super) fn file_of<'a>(scan: &Scan<'a>, finding: &'a Finding) -> Option<&'a Location> {
    let introduced = exposure(scan, finding).and_then(|exposure| exposure.introduced.as_ref());
    if introduced.is_some_and(|commit| !commit.in_head) {
        return None;
    }
    if let Some(place) = introduced.and_then(|commit| commit.lies_at.as_ref()) {
        return Some(place);
    }
    finding.evidence.iter().map(|evidence| &evidence.location).find(|location| location.file().is_some())
}

/// Sentences without their ends, in a fixed order; empty for most findings.
pub(super) fn notes(scan: &Scan<'_>, finding: &Finding) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(exposure) = exposure(scan, finding) {
        if !exposure.encoding.is_empty() {
            let inside_out: Vec<_> = exposure.encoding.iter().rev().map(String::as_str).collect();
            notes.push(format!("written as {}", inside_out.join(" within ")));
        }
        if let Some(commit) = &exposure.introduced {
            let (id, day) = (short_id(&commit.id), short_date(commit.date));
            let today = match &commit.lies_at {
                _ if commit.in_message => ", in its message".to_owned(),
                _ if !commit.in_head => "; it lies in HEAD no more, but in the history".to_owned(),
                Some(Location::File { line, .. }) => format!("; in HEAD it lies in line {line}"),
                _ => String::new(),
            };
            notes.push(format!("brought by commit {id} of {} <{}> on {day}{today}", commit.author, commit.email));
        }
    }
    notes.extend(finding.baseline.as_ref().map(ToString::to_string));
    notes.extend(finding.history.as_ref().map(ToString::to_string));
    notes
}

/// The message of a finding with its notes, as one text.
pub(super) fn message(scan: &Scan<'_>, finding: &Finding) -> String {
    let message = if finding.message.trim().is_empty() { &*finding.title } else { finding.message.as_str() };
    std::iter::once(message.to_owned()).chain(notes(scan, finding)).collect::<Vec<_>>().join("; ")
}

/// How many files of source were read.
pub(super) fn files_read(scan: &Scan<'_>) -> u64 {
    let entries = scan.inventory.coverage.entries().iter();
    let files = entries.filter(|entry| entry.collector == "source" && entry.what == "files" && !entry.is_hole());
    files.map(|entry| entry.count).sum()
}

/// What a scan amounts to, in one line that never reads as clean when something was not read.
pub(super) fn headline(scan: &Scan<'_>, summary: &Summary) -> String {
    let counts = summary.findings.worst_first();
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let counts: Vec<_> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(severity, count)| format!("{count} {severity}")).collect();
    let mut parts = vec![match (total, summary.incomplete) {
        (0, false) if summary.already_known > 0 => "Nothing new".to_owned(),
        (0, false) if files_read(scan) > 0 => format!("Nothing found in {} files", files_read(scan)),
        (0, false) => "Nothing found".to_owned(),
        (0, true) => "INCOMPLETE, not clean: nothing was found in what could be read".to_owned(),
        (1, _) => format!("1 finding: {}", counts.join(", ")),
        (_, _) => format!("{total} findings: {}", counts.join(", ")),
    }];
    if summary.incomplete {
        parts.push(match summary.holes {
            0 if scan.looked_at_nothing() => "nothing was there to look at".to_owned(),
            0 => "there was no rule to judge by".to_owned(),
            1 => "incomplete: 1 hole".to_owned(),
            holes => format!("incomplete: {holes} holes"),
        });
    }
    for (count, told) in [
        (summary.already_known, "known from an earlier scan and not shown"),
        (summary.in_baseline, "accepted in the baseline"),
        (summary.exposures_allowed, "allowed in place"),
        (summary.below_min_severity, "below the wanted severity"),
        (summary.rules_not_evaluated, "of the rules not evaluated everywhere"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {told}"));
        }
    }
    parts.join("; ")
}
