//! The section "Okta governance of AI agents" for a terminal, where an organisation was read. It concludes nothing itself.

use std::io;

use super::page::Page;
use crate::report::words::plural;
use crate::report::{Scan, okta_governance};

/// Writes it.
pub(super) fn show(page: &mut Page<'_>, scan: &Scan<'_>) -> io::Result<()> {
    let Some(section) = okta_governance(scan) else { return Ok(()) };
    page.heading(&format!("Okta governance of AI agents ({})", section.organisations.join(", ")))?;
    for approach in &section.approaches {
        let worst = approach.worst.map_or_else(String::new, |worst| format!(", worst {worst}"));
        let found = match approach.findings {
            0 if approach.not_judged.is_empty() => "nothing found".to_owned(),
            0 => format!("nothing found, and {} could not be judged", plural(approach.not_judged.len(), "rule")),
            count => format!("{}{worst}: {}", plural(count, "finding"), approach.rules.join(", ")),
        };
        page.entry(approach.state, &format!("{}: {found}", approach.name))?;
        page.detail("", &approach.facts.join("; "))?;
    }
    page.blank()
}
