//! What was read, what was not, and which rules were not judged for it. Shows every hole; equal ones are one line.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::page::{ALARM, Page};
use crate::model::{CoverageEntry, Outcome};
use crate::report::Scan;
use crate::report::words::{plural, some_of};

/// How many fully read targets are listed.
const SHOWN_READ: usize = 20;

/// How many targets of one hole or one reason are named.
const SHOWN_TARGETS: usize = 10;

/// Writes what was looked at.
pub(super) fn show(page: &mut Page<'_>, scan: &Scan<'_>) -> io::Result<()> {
    page.heading("Coverage")?;
    let coverage = &scan.inventory.coverage;
    if coverage.entries().is_empty() {
        page.loud_entry("hole", ALARM, "nothing was looked at")?;
        return page.blank();
    }
    let read = read(coverage.entries());
    for (target, parts) in read.iter().take(SHOWN_READ) {
        page.entry("read", &format!("{target}: {}", parts.join(", ")))?;
    }
    if let more @ 1.. = read.len().saturating_sub(SHOWN_READ) {
        page.entry("", &format!("and {}; --format json has all", plural(more, "more target")))?;
    }
    for (hole, targets) in alike(coverage.entries()) {
        show_unread(page, hole, &targets)?;
    }
    page.blank()
}

/// What was read to its end, by collector and target.
fn read(entries: &[CoverageEntry]) -> Vec<(String, Vec<String>)> {
    let mut read: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.outcome == Outcome::Complete) {
        let parts = read.entry((&entry.collector, &entry.target)).or_default();
        parts.push(format!("{} {}", entry.what, entry.count));
    }
    read.into_iter().map(|((collector, target), parts)| (format!("{collector} {target}"), parts)).collect()
}

/// Entries that differ in nothing but their target, the holes first, each with the targets it holds for.
fn alike(entries: &[CoverageEntry]) -> Vec<(&CoverageEntry, Vec<&str>)> {
    let mut alike: BTreeMap<_, (&CoverageEntry, Vec<&str>)> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.outcome != Outcome::Complete) {
        let key = (
            !entry.is_hole(),
            (&entry.collector, &entry.what, entry.outcome),
            (&entry.detail, &entry.remedy, &entry.blinds),
        );
        alike.entry(key).or_insert_with(|| (entry, Vec::new())).1.push(&entry.target);
    }
    alike.into_values().collect()
}

fn show_unread(page: &mut Page<'_>, entry: &CoverageEntry, targets: &[&str]) -> io::Result<()> {
    let targets = some_of(targets, SHOWN_TARGETS);
    let line = format!("{} {targets}: {}", entry.collector, entry.what);
    if entry.is_hole() {
        let read = if entry.count > 0 { format!(", {} read", entry.count) } else { String::new() };
        page.loud_entry("hole", ALARM, &format!("{line}: {}{read}", entry.outcome))?;
    } else {
        page.entry("not read", &line)?;
    }
    if let Some(detail) = &entry.detail {
        page.entry("", detail)?;
    }
    if !entry.blinds.is_empty() {
        let facts: Vec<_> = entry.blinds.iter().map(|fact| fact.as_str()).collect();
        page.entry("", &format!("unknown because of it: {}", facts.join(", ")))?;
    }
    match &entry.remedy {
        Some(remedy) => page.detail("fix", remedy),
        None => Ok(()),
    }
}

/// Writes which rules were not evaluated, once a reason.
pub(super) fn show_not_evaluated(page: &mut Page<'_>, scan: &Scan<'_>) -> io::Result<()> {
    if scan.not_evaluated.is_empty() {
        return Ok(());
    }
    page.heading("Not evaluated")?;
    for ((reason, targets), (rules, subjects)) in by_reason(scan) {
        let targets: Vec<_> = targets.into_iter().collect();
        let rules: Vec<_> = rules.into_iter().collect();
        page.entry("unknown", reason)?;
        let subjects = if subjects > 0 { format!("{} of ", plural(subjects, "subject")) } else { String::new() };
        let (rule_count, targets) = (plural(rules.len(), "rule"), some_of(&targets, SHOWN_TARGETS));
        page.entry("", &format!("{rule_count} for {subjects}{targets}:"))?;
        page.entry("", &rules.join(", "))?;
    }
    page.blank()
}

type Reasons<'a> = BTreeMap<(&'a str, BTreeSet<&'a str>), (BTreeSet<&'a str>, usize)>;

/// Rules by why and for which targets they were not judged, with the most subjects that any one of them missed. Rules
/// are only put together when they missed the same targets, so that no line claims more than is true.
fn by_reason<'a>(scan: &Scan<'a>) -> Reasons<'a> {
    let mut by_rule: BTreeMap<(&str, &str), (BTreeSet<&str>, u64)> = BTreeMap::new();
    for entry in scan.not_evaluated {
        let (targets, subjects) = by_rule.entry((&entry.reason, &entry.rule)).or_default();
        targets.insert(&entry.target);
        *subjects += entry.subjects;
    }
    let mut reasons = Reasons::new();
    for ((reason, rule), (targets, subjects)) in by_rule {
        let (rules, most) = reasons.entry((reason, targets)).or_default();
        rules.insert(rule);
        *most = (*most).max(usize::try_from(subjects).unwrap_or(usize::MAX));
    }
    reasons
}
