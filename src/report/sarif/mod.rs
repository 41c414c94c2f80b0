//! SARIF 2.1.0 (OASIS Standard, errata 01) for code scanning views. Gives every finding the real place it was seen in
//! and invents none: an object that exists only behind an API has a logical location alone.

mod form;
mod place;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::escape::flow;
use super::json::{Rows, pretty};
use super::notes::message;
use super::view::View;
use super::{Report, Scan, Style, Summary};
use crate::model::{BaselineNote, CoverageEntry, Finding, NotEvaluated, Outcome, RuleInfo, Severity};
use form::{
    CodeFlow, Driver, FindingProperties, Help, Invocation, Location, Log, Message, Notification, Reference,
    ReportedResult, Rule, RuleConfiguration, RuleProperties, Run, RunProperties, Suppression, ThreadFlow,
    ThreadFlowLocation, Tool,
};

/// `--format sarif`.
pub(super) struct Sarif;

impl Report for Sarif {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".sarif", ".sarif.json"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let hits = hits(scan.findings);
        let positions: BTreeMap<_, _> = hits.keys().enumerate().map(|(position, rule)| (*rule, position)).collect();
        let results = || {
            scan.findings
                .iter()
                .map(|finding| result(scan, &view, finding, positions.get(&*finding.rule).copied().unwrap_or_default()))
        };
        let rules = hits.iter().map(|(id, worst)| rule(scan, id, worst)).collect();
        pretty(&log(scan, rules, Rows(results)), out)
    }
}

fn log<R: Serialize>(scan: &Scan<'_>, rules: Vec<Rule>, results: R) -> Log<R> {
    let run = Run {
        tool: Tool { driver: Driver { name: "nonhuman", semantic_version: scan.version.to_owned(), rules } },
        invocations: [Invocation {
            execution_successful: !scan.is_incomplete(),
            start_time_utc: scan.now,
            tool_execution_notifications: notifications(scan),
        }],
        original_uri_base_ids: place::base(),
        column_kind: "unicodeCodePoints",
        results,
        properties: RunProperties {
            inputs: scan.inputs.to_vec(),
            summary: Summary::of(scan),
            coverage: scan.inventory.coverage.entries().to_vec(),
        },
    };
    Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] }
}

/// The worst finding of each rule that has any, by rule id.
fn hits(findings: &[Finding]) -> BTreeMap<&str, &Finding> {
    let mut hits: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in findings {
        let worst = hits.entry(&finding.rule).or_insert(finding);
        if finding.severity > worst.severity {
            *worst = finding;
        }
    }
    hits
}

fn rule(scan: &Scan<'_>, id: &str, worst: &Finding) -> Rule {
    let info = scan.rules.iter().find(|rule| rule.id == id);
    let (title, remedy) = info.map_or((&*worst.title, &worst.remedy), |info| (&*info.title, &info.remedy));
    let why = info.map(|info| info.why.trim()).filter(|why| !why.is_empty()).unwrap_or(title);
    Rule {
        id: id.to_owned(),
        short_description: Message { text: flow(title) },
        full_description: Message { text: flow(why) },
        help: help(why, remedy, info),
        default_configuration: RuleConfiguration { level: level(worst.severity) },
        properties: RuleProperties {
            security_severity: security_severity(worst.severity),
            tags: std::iter::once("security".to_owned()).chain(worst.maps.iter().cloned()).collect(),
        },
    }
}

fn help(why: &str, remedy: &str, info: Option<&RuleInfo>) -> Help {
    let maps = info.map(|info| info.maps.join(", ")).filter(|maps| !maps.is_empty());
    let mut text = format!("{}\n\nFix: {}", flow(why), flow(remedy));
    let mut markdown = format!("{why}\n\n**Fix:** {}", remedy.trim());
    if let Some(maps) = maps {
        text.push_str(&format!("\n\nMaps to: {maps}"));
        markdown.push_str(&format!("\n\n**Maps to:** {maps}"));
    }
    Help { text, markdown }
}

/// GitHub sorts alerts by this number: over 9 is critical, 7–8.9 high, 4–6.9 medium, 0.1–3.9 low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Text of the world as SARIF prose. `[x](y)` would be a link (section 3.11.6), so a stranger's tag could place one.
fn prose(text: &str) -> String {
    flow(text).replace("](", "] (")
}

fn sentence(text: &str) -> String {
    let text = prose(text);
    if text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

fn result(scan: &Scan<'_>, view: &View<'_>, finding: &Finding, rule_index: usize) -> ReportedResult {
    let primary = place::primary(scan, finding);
    let told = message(scan, finding);
    let accepted = finding.baseline.as_deref().filter(|_| finding.is_accepted());
    let owner = finding.identity.as_ref().and_then(|id| view.facts(id).owner.value());
    ReportedResult {
        rule_id: finding.rule.to_string(),
        rule_index,
        level: level(finding.severity),
        message: Message { text: format!("{} Fix: {}", sentence(&told), prose(&finding.remedy)) },
        code_flows: code_flows(finding, &primary),
        locations: vec![primary],
        related_locations: place::related(scan, finding),
        partial_fingerprints: BTreeMap::from([("nonhuman/v1", finding.fingerprint.as_str().to_owned())]),
        suppressions: accepted.into_iter().map(suppression).collect(),
        properties: FindingProperties {
            severity: finding.severity,
            confidence: finding.confidence,
            subject: finding.subject.clone(),
            identity: finding.identity.clone(),
            owner: owner.map(|owner| owner.name.clone()),
            seen: place::behind_apis(finding),
            tags: finding.maps.to_vec(),
        },
    }
}

fn suppression(note: &BaselineNote) -> Suppression {
    Suppression { kind: "external", status: "accepted", justification: prose(&note.to_string()) }
}

/// The steps that prove a finding, each at the finding's own place: GitHub refuses a file in which any location lacks
/// a physical one.
fn code_flows(finding: &Finding, primary: &Location) -> Vec<CodeFlow> {
    let Some(physical) = &primary.physical_location else { return Vec::new() };
    if finding.chain.is_empty() {
        return Vec::new();
    }
    let step = |text: &String| ThreadFlowLocation {
        location: Location { message: Some(Message { text: prose(text) }), ..Location::physical(physical.clone()) },
    };
    vec![CodeFlow { thread_flows: [ThreadFlow { locations: finding.chain.iter().map(step).collect() }] }]
}

fn notifications(scan: &Scan<'_>) -> Vec<Notification> {
    let coverage = &scan.inventory.coverage;
    let mut notifications: Vec<_> =
        coverage.entries().iter().filter(|entry| entry.outcome != Outcome::Complete).map(hole).collect();
    if scan.looked_at_nothing() {
        notifications.push(notification("nonhuman/hole", "error", "Nothing was looked at.".to_owned()));
    }
    if scan.rules.is_empty() {
        notifications.push(notification(
            "nonhuman/hole",
            "error",
            "Nothing was judged: there are no rules.".to_owned(),
        ));
    }
    notifications.extend(scan.not_evaluated.iter().map(not_evaluated));
    notifications
}

fn notification(id: &'static str, level: &'static str, text: String) -> Notification {
    let descriptor = Reference { id: id.to_owned() };
    Notification { descriptor, associated_rule: None, level, message: Message { text } }
}

fn hole(entry: &CoverageEntry) -> Notification {
    let (id, level) = match entry.outcome {
        Outcome::Failed | Outcome::Refused => ("nonhuman/hole", "error"),
        Outcome::Partial => ("nonhuman/hole", "warning"),
        Outcome::NotRead if entry.is_hole() => ("nonhuman/hole", "warning"),
        Outcome::NotRead | Outcome::Complete => ("nonhuman/not-read", "note"),
    };
    let detail = entry.detail.as_deref().unwrap_or("no reason was given");
    let mut text =
        sentence(&format!("{} {}: {}: {}: {detail}", entry.collector, entry.target, entry.what, entry.outcome));
    if !entry.blinds.is_empty() {
        let blinds: Vec<_> = entry.blinds.iter().map(|fact| fact.as_str()).collect();
        text.push_str(&format!(" Unknown because of it: {}.", blinds.join(", ")));
    }
    if let Some(remedy) = &entry.remedy {
        text.push_str(&format!(" Fix: {}", prose(remedy)));
    }
    notification(id, level, text)
}

fn not_evaluated(entry: &NotEvaluated) -> Notification {
    let text = format!("Not evaluated for {} subjects of {}: {}", entry.subjects, entry.target, entry.reason);
    Notification {
        associated_rule: Some(Reference { id: entry.rule.clone() }),
        ..notification("nonhuman/not-evaluated", "warning", sentence(&text))
    }
}
