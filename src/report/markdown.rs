//! A short report for people on a forge: a comment on a pull request, `$GITHUB_STEP_SUMMARY`. Nothing of the world becomes
//! a link, a mention or markup; what does not fit is counted.

use std::io::{self, BufWriter, Write};

use super::escape::{flow, flow_short};
use super::gaps::gaps;
use super::notes::{headline, message};
use super::okta_governance::okta_governance;
use super::{Report, Scan, Style, Summary};
use crate::model::Finding;

/// How many findings are listed: a comment of a pull request holds 65,536 characters.
const SHOWN: usize = 50;

/// How many gaps are listed.
const SHOWN_GAPS: usize = 30;

/// The longest text of a cell, in characters.
const LONGEST: usize = 500;

/// `--format markdown`.
pub(super) struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".md"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        writeln!(out, "### nonhuman: {}", headline(scan, &Summary::of(scan)))?;
        if !scan.findings.is_empty() {
            writeln!(out, "\n| severity | rule | where | what | fix |\n|---|---|---|---|---|")?;
        }
        for finding in scan.findings.iter().take(SHOWN) {
            row(&mut out, scan, finding)?;
        }
        if let more @ 1.. = scan.findings.len().saturating_sub(SHOWN) {
            writeln!(out, "\n… and {more} more, none worse than these; `--format json` has all.")?;
        }
        governance(&mut out, scan)?;
        let gaps = gaps(scan);
        if !gaps.is_empty() {
            writeln!(out, "\n<details><summary>What was not read or not judged ({})</summary>\n", gaps.len())?;
            for gap in gaps.iter().take(SHOWN_GAPS) {
                let word = if gap.is_hole { "**hole** " } else { "" };
                writeln!(out, "- {word}{}: {}", escape(&gap.name), escape(&flow_short(&gap.text, LONGEST)))?;
            }
            if let more @ 1.. = gaps.len().saturating_sub(SHOWN_GAPS) {
                writeln!(out, "- … and {more} more; `--format json` has all.")?;
            }
            writeln!(out, "\n</details>")?;
        }
        out.flush()
    }
}

/// The six approaches of Okta's guidance, where an organisation was read.
fn governance(out: &mut impl Write, scan: &Scan<'_>) -> io::Result<()> {
    let Some(section) = okta_governance(scan) else { return Ok(()) };
    writeln!(out, "\n#### Okta governance of AI agents ({})\n", escape(&section.organisations.join(", ")))?;
    writeln!(out, "| approach | state | what was read | findings | not judged |\n|---|---|---|---|---|")?;
    for approach in &section.approaches {
        let worst = approach.worst.map_or_else(String::new, |worst| format!(", worst {worst}"));
        writeln!(
            out,
            "| {} | {} | {} | {}{worst} | {} |",
            approach.name,
            approach.state,
            escape(&approach.facts.join("; ")),
            approach.findings,
            approach.not_judged.len()
        )?;
    }
    Ok(())
}

fn row(out: &mut impl Write, scan: &Scan<'_>, finding: &Finding) -> io::Result<()> {
    let place = finding.evidence.first().map_or_else(|| finding.subject.to_string(), |one| one.location.to_string());
    let (message, remedy) = (flow_short(&message(scan, finding), LONGEST), flow_short(&finding.remedy, LONGEST));
    let severity = if finding.is_accepted() { "accepted".to_owned() } else { finding.severity.to_string() };
    let rule = &finding.rule;
    writeln!(out, "| {severity} | {} | {} | {} | {} |", code(rule), code(&place), escape(&message), escape(&remedy))
}

/// Text in which every sign that Markdown could take for its own is told to be none, and no name after an `@` is called.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in flow(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("@<!-- -->"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter => safe.push(letter),
        }
    }
    safe
}

/// A path or a name, as code. A cell ends at `|` even within code, unless it is escaped.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", flow(text).replace('`', "'").replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_place_no_markup() {
        assert_eq!(escape("[x](http://e) <b>|@all"), "\\[x\\]\\(http://e\\) &lt;b&gt;\\|@<!-- -->all");
        assert_eq!(code("a`|b\n"), "`a'\\|b`");
    }
}
