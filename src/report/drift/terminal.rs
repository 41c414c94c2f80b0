//! What changed, on a terminal. Shows everything; text of the world is made harmless.

use std::io::{self, BufWriter, Write};

use anstyle::{AnsiColor, Style as Ansi};

use super::{heading, headline, identity_heading, period};
use crate::history::{Change, Drift, FindingChange, IdentityEvent};
use crate::model::Severity;
use crate::report::Style;
use crate::report::escape::{clean, flow};

pub(super) fn write(drift: &Drift, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let bold = if style.color { Ansi::new().bold() } else { Ansi::new() };
    writeln!(out, "{bold}{}{bold:#}", period(drift))?;
    writeln!(out, "{}", headline(drift))?;
    for change in Change::ALL {
        let findings: Vec<_> = drift.of(*change).collect();
        if !findings.is_empty() {
            writeln!(out, "\n{bold}{} ({}){bold:#}", heading(*change), findings.len())?;
        }
        for finding in findings {
            row(&mut out, style, finding)?;
        }
    }
    for event in IdentityEvent::ALL {
        let changed: Vec<_> = drift.identities.iter().filter(|one| one.change == *event).collect();
        if !changed.is_empty() {
            writeln!(out, "\n{bold}{} ({}){bold:#}", identity_heading(*event), changed.len())?;
        }
        for one in changed {
            writeln!(out, "  {}  {} of {}", clean(&one.name), one.kind, clean(&one.tenant))?;
            for what in &one.what {
                writeln!(out, "            {}", flow(what))?;
            }
        }
    }
    out.flush()
}

fn row(out: &mut impl Write, style: Style, change: &FindingChange) -> io::Result<()> {
    let finding = &change.finding;
    let color = match finding.severity {
        _ if !style.color => Ansi::new(),
        Severity::Critical | Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low | Severity::Info => Ansi::new(),
    };
    let was = change.was.map(|was| format!(" (was {was})")).unwrap_or_default();
    let muted = if finding.muted { " (accepted, or called false)" } else { "" };
    let rule = &finding.rule;
    writeln!(out, "  {color}{:<8}{color:#}  {rule}{was}{muted}: {}", finding.severity, flow(&finding.message))?;
    writeln!(out, "            {}  {}", clean(finding.subject.as_str()), finding.fingerprint.as_str())
}
