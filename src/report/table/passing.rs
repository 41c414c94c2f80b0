//! Findings of no weight about secrets, counted by file: weak values that tests hand over, keys that are made to be public.
//! They are no reading for a person who wants to act; every other format lists each.

use std::io;

use super::page::Page;
use crate::model::Severity;
use crate::report::Scan;
use crate::report::group::{Group, Key};
use crate::report::notes::exposure;
use crate::report::words::plural;

/// How many files are named.
const SHOWN_FILES: usize = 5;

/// Whether a group is of a file in which nothing weighs anything.
pub(super) fn is_passing(scan: &Scan<'_>, group: &Group<'_>) -> bool {
    let is_secret = || group.findings.iter().all(|finding| exposure(scan, finding).is_some());
    matches!(group.key, Key::File(_)) && group.worst == Severity::Info && is_secret()
}

/// Writes how many there are, and where most are.
pub(super) fn show(page: &mut Page<'_>, mut groups: Vec<&Group<'_>>) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    let count = |groups: &[&Group<'_>]| groups.iter().map(|group| group.findings.len()).sum::<usize>();
    groups.sort_by(|a, b| (b.findings.len(), &a.title).cmp(&(a.findings.len(), &b.title)));
    page.heading("In passing")?;
    let (findings, files) = (plural(count(&groups), "secret"), plural(groups.len(), "file"));
    page.entry(
        Severity::Info.as_str(),
        &format!(
            "{findings} of no weight in {files}: weak values that tests and examples hand over, and keys that are made to \
             be public. --format json or csv lists each, --min-severity low leaves them out."
        ),
    )?;
    for group in groups.iter().take(SHOWN_FILES) {
        let Key::File(path) = &group.key else { continue };
        page.place("at", path, &format!("({})", group.findings.len()))?;
    }
    if let rest @ [_, ..] = groups.get(SHOWN_FILES..).unwrap_or_default() {
        page.detail("", &format!("and {} in {}", count(rest), plural(rest.len(), "more file")))?;
    }
    page.blank()
}
