//! What changed, for a comment on a pull request or a chat. Nothing of the world becomes a link, a mention or markup; what
//! does not fit is counted.

use std::io::{self, BufWriter, Write};

use super::{heading, headline, identity_heading, period};
use crate::history::{Change, Drift, IdentityEvent};
use crate::report::escape::flow_short;
use crate::report::markdown::{code, escape};

/// How many rows of one kind are listed.
const SHOWN: usize = 30;

/// The longest text of a cell, in characters.
const LONGEST: usize = 300;

pub(super) fn write(drift: &Drift, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    writeln!(out, "### nonhuman: {}\n\n{}", headline(drift), period(drift))?;
    for change in Change::ALL {
        let findings: Vec<_> = drift.of(*change).collect();
        if findings.is_empty() {
            continue;
        }
        writeln!(out, "\n#### {} ({})\n", heading(*change), findings.len())?;
        writeln!(out, "| severity | rule | subject | what |\n|---|---|---|---|")?;
        for one in findings.iter().take(SHOWN) {
            let (it, was) = (&one.finding, one.was.map(|was| format!(" (was {was})")).unwrap_or_default());
            let (subject, message) = (code(it.subject.as_str()), escape(&flow_short(&it.message, LONGEST)));
            writeln!(out, "| {}{was} | {} | {subject} | {message} |", it.severity, code(&it.rule))?;
        }
        more(&mut out, findings.len())?;
    }
    for event in IdentityEvent::ALL {
        let changed: Vec<_> = drift.identities.iter().filter(|one| one.change == *event).collect();
        if changed.is_empty() {
            continue;
        }
        writeln!(out, "\n#### {} ({})\n", identity_heading(*event), changed.len())?;
        for one in changed.iter().take(SHOWN) {
            let what = if one.what.is_empty() { String::new() } else { format!(": {}", one.what.join("; ")) };
            writeln!(out, "- {}{}", code(one.id.as_str()), escape(&flow_short(&what, LONGEST)))?;
        }
        more(&mut out, changed.len())?;
    }
    out.flush()
}

fn more(out: &mut impl Write, all: usize) -> io::Result<()> {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "\n… and {more} more; `nonhuman diff --format json` has all."),
    }
}
