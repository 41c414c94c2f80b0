//! What was not read and what was not judged, as lines of text for formats that have no place of their own for it.
//! Leaves nothing out.

use super::Scan;
use crate::model::{CoverageEntry, NotEvaluated, Outcome};

/// Something that was not looked at to its end.
pub(super) struct Gap<'a> {
    /// Whether it makes the report incomplete.
    pub(super) is_hole: bool,
    /// What it is, for a title.
    pub(super) name: String,
    /// What happened and what to do, in one line.
    pub(super) text: String,
    /// The collector, or the rule.
    pub(super) group: &'a str,
}

/// The holes, then what was not read on purpose, then the rules that were not evaluated.
pub(super) fn gaps<'a>(scan: &Scan<'a>) -> Vec<Gap<'a>> {
    let coverage = scan.inventory.coverage.entries().iter().filter(|entry| entry.outcome != Outcome::Complete);
    let mut gaps: Vec<Gap<'_>> = coverage.map(unread).collect();
    if scan.looked_at_nothing() {
        gaps.push(nothing("nothing was looked at"));
    }
    if scan.rules.is_empty() {
        gaps.push(nothing("nothing was judged: there are no rules"));
    }
    gaps.sort_by_key(|gap| !gap.is_hole);
    gaps.extend(scan.not_evaluated.iter().map(unjudged));
    gaps
}

fn nothing(text: &str) -> Gap<'static> {
    Gap { is_hole: true, name: "nonhuman".to_owned(), text: text.to_owned(), group: "nonhuman" }
}

fn unread(entry: &CoverageEntry) -> Gap<'_> {
    let mut text = entry.outcome.to_string();
    if entry.count > 0 {
        text.push_str(&format!(", {}", entry.count));
    }
    if let Some(detail) = &entry.detail {
        text.push_str(&format!(": {detail}"));
    }
    if !entry.blinds.is_empty() {
        let blinds: Vec<_> = entry.blinds.iter().map(|fact| fact.as_str()).collect();
        text.push_str(&format!("; unknown because of it: {}", blinds.join(", ")));
    }
    if let Some(remedy) = &entry.remedy {
        text.push_str(&format!("; fix: {remedy}"));
    }
    let name = format!("{} {}: {}", entry.collector, entry.target, entry.what);
    Gap { is_hole: entry.is_hole(), name, text, group: &entry.collector }
}

fn unjudged(entry: &NotEvaluated) -> Gap<'_> {
    let text = format!("not evaluated for {} subjects of {}: {}", entry.subjects, entry.target, entry.reason);
    Gap { is_hole: false, name: entry.rule.clone(), text, group: &entry.rule }
}
