//! The section "Okta governance of AI agents" of the first view, where an organisation was asked for. It concludes nothing
//! itself.

use super::markup::{Markup, percent};
use crate::report::words::plural_of;
use crate::report::{Scan, okta_governance};

const NAME: &str = "Okta governance of AI agents";

/// Writes it.
pub(super) fn write(page: &mut Markup, scan: &Scan<'_>) {
    let Some(section) = okta_governance(scan) else { return };
    page.element("h2", &[], NAME);
    // Wider than a phone: it scrolls within its own box, which the keyboard reaches, too.
    page.open("div", &[("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-label", NAME)]);
    page.open("table", &[]);
    page.element("caption", &[], &section.organisations.join(", "));
    page.open("tr", &[]);
    for head in ["approach", "state", "what was read", "findings"] {
        page.element("th", &[("scope", "col")], head);
    }
    page.close("tr");
    for approach in &section.approaches {
        page.open("tr", &[]);
        page.element("th", &[("scope", "row")], approach.name).element("td", &[], approach.state);
        page.element("td", &[], &approach.facts.join("; "));
        page.open("td", &[]);
        let worst = approach.worst.map_or_else(String::new, |worst| format!(", worst {worst}"));
        page.text(&format!("{}{worst}", plural_of(approach.findings as u64, "finding")));
        for rule in &approach.rules {
            page.text(" ").element("a", &[("href", &format!("#/findings?rule={}", percent(rule)))], rule);
        }
        if !approach.not_judged.is_empty() {
            page.text(&format!(" {} not judged", plural_of(approach.not_judged.len() as u64, "rule")));
        }
        page.close("td").close("tr");
    }
    page.close("table").close("div");
}
