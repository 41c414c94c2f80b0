//! What a person reads on a terminal and acts on: worst first, by identity, with who owns it and what to do.
//! Leaves nothing out without saying so, and never reads as clean when something was not read.

mod coverage;
mod facts;
mod finding;
mod governance;
mod page;
mod passing;
mod totals;

use std::io::{self, Write};

use super::group::{self, Group};
use super::view::View;
use super::words::plural;
use super::{Report, Scan, Style, Summary};
use page::Page;

/// How many groups are shown before the reader is sent to another format.
const SHOWN_GROUPS: usize = 50;

/// `--format table`.
pub(super) struct Table;

impl Report for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".txt"]
    }

    fn write(&self, scan: &Scan<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let groups = group::groups(scan);
        let mut page = Page::new(out, style);
        let (passing, weighty): (Vec<_>, Vec<_>) = groups.iter().partition(|group| passing::is_passing(scan, group));
        for group in weighty.iter().take(SHOWN_GROUPS) {
            show(&mut page, scan, &view, group)?;
            page.blank()?;
        }
        rest(&mut page, &weighty)?;
        passing::show(&mut page, passing)?;
        governance::show(&mut page, scan)?;
        coverage::show(&mut page, scan)?;
        coverage::show_not_evaluated(&mut page, scan)?;
        totals::show(&mut page, scan, &Summary::of(scan), &groups)?;
        page.finish()
    }
}

fn show(page: &mut Page<'_>, scan: &Scan<'_>, view: &View<'_>, group: &Group<'_>) -> io::Result<()> {
    page.group_head(group.worst, &group.title)?;
    if let group::Key::Identity(id) = group.key {
        facts::show(page, scan, view, id, &group.findings)?;
    }
    finding::show_all(page, scan, &group.findings)
}

fn rest(page: &mut Page<'_>, groups: &[&Group<'_>]) -> io::Result<()> {
    let hidden = groups.get(SHOWN_GROUPS..).unwrap_or_default();
    if hidden.is_empty() {
        return Ok(());
    }
    let findings: usize = hidden.iter().map(|group| group.findings.len()).sum();
    let (groups, findings) = (plural(hidden.len(), "more group"), plural(findings, "finding"));
    page.text(
        0,
        &format!("… and {groups} with {findings}, none worse than these. --format json or csv has them all."),
    )?;
    page.blank()
}
