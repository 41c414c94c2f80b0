//! The last line of the terminal report: how much was found, in how much, and whether that is all there is.

use std::io;

use super::page::{ALARM, BOLD, Page};
use crate::report::group::{Group, Key};
use crate::report::notes::files_read;
use crate::report::words::plural;
use crate::report::{Scan, Summary};

/// Writes it.
pub(super) fn show(page: &mut Page<'_>, scan: &Scan<'_>, summary: &Summary, groups: &[Group<'_>]) -> io::Result<()> {
    let gap = incomplete(scan, summary);
    let mut parts = vec![match (&gap, groups.is_empty()) {
        (None, true) => nothing(scan, summary),
        (Some(gap), true) => {
            format!(
                "INCOMPLETE, not clean: nothing was found in what could be read, but {gap}. {}",
                looked_at(scan, summary)
            )
        }
        (_, false) => found(summary, groups),
    }];
    if let (Some(gap), false) = (&gap, groups.is_empty()) {
        parts.push(format!("incomplete: {gap}"));
    }
    if summary.rules_not_evaluated > 0 {
        parts.push(format!("{} not evaluated everywhere", plural(number(summary.rules_not_evaluated), "rule")));
    }
    if summary.below_min_severity > 0 {
        let left_out = plural(number(summary.below_min_severity), "finding");
        parts.push(format!("{left_out} below {} not shown", summary.min_severity));
    }
    if summary.already_known > 0 {
        let known = plural(number(summary.already_known), "finding");
        parts.push(format!("{known} of earlier scans not shown (--only all shows them)"));
    }
    if summary.in_baseline > 0 {
        parts.push(format!("{} accepted in the baseline", plural(number(summary.in_baseline), "finding")));
    }
    if summary.exposures_allowed > 0 {
        parts.push(format!("{} allowed in place, not judged", plural(number(summary.exposures_allowed), "exposure")));
    }
    let look = if gap.is_some() { ALARM } else { BOLD };
    page.closing(look, &parts.join("; "))
}

/// Why the report is incomplete, if it is.
fn incomplete(scan: &Scan<'_>, summary: &Summary) -> Option<String> {
    if !summary.incomplete {
        None
    } else if summary.holes > 0 {
        Some(plural(number(summary.holes), "hole"))
    } else if scan.looked_at_nothing() {
        Some("nothing was there to look at".to_owned())
    } else {
        Some("there was no rule to judge by".to_owned())
    }
}

fn found(summary: &Summary, groups: &[Group<'_>]) -> String {
    let counts = summary.findings.worst_first();
    let counts: Vec<_> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(severity, count)| format!("{count} {severity}")).collect();
    let files = groups.iter().filter(|group| matches!(group.key, Key::File(_))).count();
    let flagged = number(summary.identities_with_findings);
    let others = groups.len().saturating_sub(files + flagged);
    let mut places = Vec::new();
    if summary.identities > 0 {
        places.push(format!("{flagged} of {}", plural(number(summary.identities), "identity")));
    }
    for (count, noun) in [(files, "file"), (others, "other thing")] {
        if count > 0 {
            places.push(plural(count, noun));
        }
    }
    format!("{} in {}", counts.join(" · "), places.join(" and "))
}

fn nothing(scan: &Scan<'_>, summary: &Summary) -> String {
    let threshold = match summary.below_min_severity {
        0 => String::new(),
        _ => format!(" at or above {}", summary.min_severity),
    };
    let what = if summary.already_known > 0 { "Nothing new" } else { "Nothing found" };
    format!("{what}{threshold}. {}", looked_at(scan, summary))
}

fn looked_at(scan: &Scan<'_>, summary: &Summary) -> String {
    let of_graph = [
        plural(number(summary.identities), "identity"),
        plural(number(summary.credentials), "credential"),
        plural(number(summary.workloads), "workload"),
    ];
    // Where source alone was searched, there is no graph to tell of.
    let is_source = summary.identities + summary.credentials + summary.workloads == 0
        && scan.inventory.coverage.entries().iter().any(|entry| entry.collector == "source");
    let what = if is_source { plural(number(files_read(scan)), "file") } else { of_graph.join(", ") };
    let (exposures, rules) = (plural(number(summary.exposures), "exposure"), plural(number(summary.rules), "rule"));
    format!("Looked at {what} and {exposures} with {rules}")
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
