//! Workflow commands of GitHub Actions, so that findings stand beside the lines of a pull request. Writes commands and a
//! last line; nothing of the world can become a command.
//!
//! Form and escapes: docs.github.com, "Workflow commands for GitHub Actions", and `@actions/core` command.ts. GitHub
//! shows ten annotations of each kind a step, so the worst come first.

use std::io::{self, BufWriter, Write};

use super::escape::{clean, flow, flow_short};
use super::gaps::gaps;
use super::notes::{exposure, file_of, headline, message};
use super::words::plural;
use super::{Report, Scan, Style, Summary};
use crate::model::{Finding, Location, Severity};

/// The longest text of an annotation, in characters.
const LONGEST: usize = 2_000;

/// `--format github`.
pub(super) struct GitHub;

impl Report for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".github.txt"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let mut worst_first: Vec<&Finding> = scan.findings.iter().collect();
        worst_first.sort_by_key(|finding| (finding.is_accepted(), std::cmp::Reverse(finding.severity)));
        // Of what weighs nothing one line tells: a step shows ten notices, and a log is read by people.
        let is_passing = |finding: &&Finding| {
            finding.severity == Severity::Info && !finding.is_accepted() && exposure(scan, finding).is_some()
        };
        let passing = worst_first.extract_if(.., |finding| is_passing(finding)).count();
        for finding in worst_first {
            let title = format!("{} {}: {}", finding.severity, finding.rule, finding.title);
            let text = format!("{}. Fix: {}", message(scan, finding).trim_end_matches('.'), finding.remedy);
            let properties = place(file_of(scan, finding));
            command(&mut out, kind(finding), properties, &title, &text)?;
        }
        if passing > 0 {
            let text = "weak values that tests and examples hand over, and keys that are made to be public; other formats \
                        list each";
            command(&mut out, "notice", Vec::new(), &format!("{} of no weight", plural(passing, "secret")), text)?;
        }
        for gap in gaps(scan) {
            let kind = if gap.is_hole { "warning" } else { "notice" };
            command(&mut out, kind, Vec::new(), &gap.name, &gap.text)?;
        }
        // It begins with a letter, so it is no command.
        writeln!(out, "nonhuman: {}", headline(scan, &Summary::of(scan)))?;
        out.flush()
    }
}

fn kind(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if finding.is_accepted() => "notice",
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

/// Columns only where they are of one line: GitHub refuses an end column with an end line.
fn place(location: Option<&Location>) -> Vec<(&'static str, String)> {
    let Some(location) = location else { return Vec::new() };
    let path = location.file().unwrap_or_default();
    let mut properties = vec![("file", clean(path.strip_prefix("./").unwrap_or(&path)).into_owned())];
    match location {
        Location::File { line, column, end_line, end_column, .. } if line == end_line => {
            properties.extend([
                ("line", line.to_string()),
                ("col", column.to_string()),
                ("endColumn", end_column.saturating_sub(1).max(*column).to_string()),
            ]);
        }
        Location::File { line, end_line, .. } => {
            properties.extend([("line", line.to_string()), ("endLine", end_line.to_string())]);
        }
        _ => {}
    }
    properties
}

fn command(
    out: &mut impl Write,
    kind: &str,
    mut properties: Vec<(&'static str, String)>,
    title: &str,
    text: &str,
) -> io::Result<()> {
    properties.push(("title", flow(title)));
    let properties: Vec<_> = properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    writeln!(out, "::{kind} {}::{}", properties.join(","), data(&flow_short(text, LONGEST)))
}

/// The escapes of a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a command's properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_place() {
        assert_eq!(property("a,line=1::x\n%"), "a%2Cline=1%3A%3Ax%0A%25");
        assert_eq!(data("100% :: a,b\r\n"), "100%25 :: a,b%0D%0A");
    }
}
