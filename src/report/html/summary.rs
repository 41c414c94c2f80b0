//! The first view: what a manager reads in a minute. It is whole without a script; links to the other views are all it
//! expects of them.

use super::frameworks::Framework;
use super::governance;
use super::markup::{Markup, percent};
use super::states::address;
use super::story::{STORIES, Story};
use super::trend;
use crate::model::{Outcome, short_date};
use crate::report::escape::clean;
use crate::report::gaps::{Gap, gaps};
use crate::report::notes::{headline, message};
use crate::report::words::plural_of;
use crate::report::{Scan, Summary};

/// How many holes are listed on the first view, and how many other gaps below it.
const SHOWN_GAPS: usize = 25;

/// How many findings a reader without scripts gets.
const SHOWN_FINDINGS: usize = 100;

/// Writes the view.
pub(super) fn write(page: &mut Markup, scan: &Scan<'_>, stories: &[Story<'_>], frameworks: &[Framework]) {
    let summary = Summary::of(scan);
    page.open("section", &[("id", "view-summary"), ("class", "view")]);
    page.element("h1", &[("tabindex", "-1")], "Non-human identities");
    let what = if scan.inputs.is_empty() { "nothing".to_owned() } else { scan.inputs.join(" · ") };
    page.element("p", &[("class", "lead")], &format!("{what}. Scanned {}.", short_date(scan.now)));
    verdict(page, scan, &summary);
    counts(page, &summary);
    trend::write(page, scan.trend);
    told(page, scan, stories);
    risks(page, scan, frameworks);
    governance::write(page, scan);
    not_seen(page, scan);
    page.close("section");
}

fn verdict(page: &mut Markup, scan: &Scan<'_>, summary: &Summary) {
    let class = match (summary.incomplete, scan.findings.is_empty()) {
        (true, _) => "verdict incomplete",
        (false, true) => "verdict clean",
        (false, false) => "verdict",
    };
    page.element("p", &[("class", class), ("role", "status")], &headline(scan, summary));
}

fn counts(page: &mut Markup, summary: &Summary) {
    page.open("ul", &[("class", "tiles"), ("aria-label", "Findings by severity")]);
    for (severity, count) in summary.findings.worst_first() {
        let (name, count) = (severity.as_str(), count.to_string());
        page.open("li", &[("class", "tile"), ("data-severity", name)]);
        page.open("a", &[("href", &format!("#/findings?severity={name}"))]);
        page.element("strong", &[], &count).text(" ").element("span", &[], name);
        page.close("a").close("li");
    }
    page.close("ul");
    let flagged = format!("{} of {}", summary.identities_with_findings, plural_of(summary.identities, "identity"));
    let rest = [
        plural_of(summary.credentials, "credential"),
        plural_of(summary.workloads, "workload"),
        format!("{} of secrets in the open", plural_of(summary.exposures, "place")),
        plural_of(summary.rules, "rule"),
    ];
    page.open("p", &[]).element("a", &[("href", "#/identities?with=findings")], &format!("{flagged} have findings"));
    page.text(&format!(". Looked at {}.", rest.join(", "))).close("p");
}

fn told(page: &mut Markup, scan: &Scan<'_>, stories: &[Story<'_>]) {
    if stories.is_empty() {
        return;
    }
    page.element("h2", &[], "What to know first");
    page.open("ol", &[("class", "stories")]);
    for story in stories {
        page.open("li", &[("class", "story"), ("data-severity", story.severity.as_str())]);
        page.open("h3", &[]).element("span", &[("class", "severity")], story.severity.as_str()).text(" ");
        match story.identity {
            Some(id) => page.element("a", &[("href", &format!("#/identity/{}", percent(&address(id))))], story.title),
            None => page.prose(story.title),
        };
        page.close("h3");
        page.element("p", &[], &story.sentences.join(" "));
        if let Some(id) = story.identity {
            // The scripts draw the chain here.
            page.open("div", &[("class", "picture"), ("data-identity", &address(id))]).close("div");
        }
        if !story.steps.is_empty() {
            page.open("details", &[]).element("summary", &[], "How it hangs together, step by step");
            page.open("ol", &[("class", "steps")]);
            for step in story.steps {
                page.element("li", &[], step);
            }
            page.close("ol").close("details");
        }
        page.open("p", &[("class", "remedy")]).element("strong", &[], "What to do").prose(story.remedy).close("p");
        page.close("li");
    }
    page.close("ol");
    if stories.len() == STORIES {
        let all = plural_of(scan.findings.len() as u64, "finding");
        page.open("p", &[]).element("a", &[("href", "#/findings")], &format!("All {all}")).close("p");
    }
}

/// One bar a risk of the first framework, which all rules map to.
fn risks(page: &mut Markup, scan: &Scan<'_>, frameworks: &[Framework]) {
    let Some(framework) = frameworks.first() else { return };
    let open: Vec<_> = scan.findings.iter().filter(|finding| !finding.is_accepted()).collect();
    let count = |id: &str| open.iter().filter(|finding| finding.maps.iter().any(|map| map == id)).count();
    let counts: Vec<_> = framework.control.iter().map(|control| (control, count(&control.id))).collect();
    let Some(most @ 1..) = counts.iter().map(|(_, count)| *count).max() else { return };
    page.element("h2", &[], "By kind of risk");
    page.open("table", &[("class", "risks")]);
    page.element("caption", &[], &framework.name);
    for (control, count) in counts {
        page.open("tr", &[]).open("th", &[("scope", "row")]);
        page.element("a", &[("href", &format!("#/findings?control={}", percent(&clean(&control.id))))], &control.title);
        page.close("th").element("td", &[("class", "number")], &count.to_string());
        let width = (count * 100).div_ceil(most).to_string();
        page.open("td", &[("class", "bar")]);
        page.open("svg", &[("viewBox", "0 0 100 8"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")]);
        page.open("rect", &[("width", &width), ("height", "8")]).close("rect").close("svg");
        page.close("td").close("tr");
    }
    page.close("table");
}

fn not_seen(page: &mut Markup, scan: &Scan<'_>) {
    page.element("h2", &[], "What was looked at");
    let entries = scan.inventory.coverage.entries();
    let read = entries.iter().filter(|entry| entry.outcome == Outcome::Complete && !entry.is_hole()).count() as u64;
    let gaps = gaps(scan);
    let (holes, others): (Vec<_>, Vec<_>) = gaps.iter().partition(|gap| gap.is_hole);
    page.open("p", &[]).text(&format!("{} read to the end, ", plural_of(read, "thing")));
    let told = if holes.is_empty() { "no hole".to_owned() } else { plural_of(holes.len() as u64, "hole") };
    page.element("strong", &[], &told);
    page.text(&format!(", {} left out on purpose or not judged. ", plural_of(others.len() as u64, "thing")));
    page.element("a", &[("href", "#/coverage")], "Coverage and method").close("p");
    list(page, &holes);
}

/// What was not read or not judged, a line each.
fn list(page: &mut Markup, gaps: &[&Gap<'_>]) {
    if gaps.is_empty() {
        return;
    }
    page.open("ul", &[("class", "gaps")]);
    for gap in gaps.iter().take(SHOWN_GAPS) {
        page.open("li", &[("class", if gap.is_hole { "hole" } else { "gap" })]);
        page.element("strong", &[], if gap.is_hole { "hole" } else { "not seen" }).text(" ");
        page.prose(&format!("{}: {}", gap.name, gap.text)).close("li");
    }
    page.close("ul");
    if let more @ 1.. = gaps.len().saturating_sub(SHOWN_GAPS) {
        page.element("p", &[], &format!("… and {more} more; --format json has all."));
    }
}

/// What a reader without scripts gets in place of the tables.
pub(super) fn without_scripts(page: &mut Markup, scan: &Scan<'_>) {
    page.open("noscript", &[]);
    page.element(
        "p",
        &[("class", "verdict")],
        "Without scripts this page shows its summary and the worst findings. The tables, the page of each identity and \
         its picture need scripts, which are all in this file.",
    );
    page.element("h2", &[], "The worst findings");
    page.open("table", &[]).open("tr", &[]);
    for head in ["severity", "rule", "what", "fix"] {
        page.element("th", &[("scope", "col")], head);
    }
    page.close("tr");
    let mut findings: Vec<_> = scan.findings.iter().filter(|finding| !finding.is_accepted()).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in findings.iter().take(SHOWN_FINDINGS) {
        page.open("tr", &[("data-severity", finding.severity.as_str())]);
        let cells = [finding.severity.as_str(), &finding.rule, &message(scan, finding), &finding.remedy];
        for cell in cells {
            page.element("td", &[], cell);
        }
        page.close("tr");
    }
    page.close("table");
    if let more @ 1.. = findings.len().saturating_sub(SHOWN_FINDINGS) {
        page.element("p", &[], &format!("… and {more} more, none worse than these."));
    }
    let gaps = gaps(scan);
    page.element("h2", &[], "Left out on purpose, and not judged");
    list(page, &gaps.iter().filter(|gap| !gap.is_hole).collect::<Vec<_>>());
    page.close("noscript");
}
