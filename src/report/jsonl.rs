//! One JSON object a line for log pipelines: a header, a finding a line that needs no other line to be understood,
//! then coverage. Its schema is `docs/schema/findings-v1.json`. Holds no inventory beyond the findings.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::json::{Tool, line};
use super::view::{View, administrator_scopes};
use super::{Report, Scan, Style, Summary};
use crate::model::{CoverageEntry, Finding, Identity, IdentityKind, Known, LastUse, NotEvaluated, Owner};

/// The name and version of the lines' form.
const SCHEMA: &str = "nonhuman/findings/v1";

/// `--format jsonl`.
pub(super) struct Jsonl;

impl Report for Jsonl {
    fn name(&self) -> &'static str {
        "jsonl"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".jsonl", ".ndjson"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let view = View::of(scan);
        let header = Line::Scan {
            schema: SCHEMA,
            tool: Tool::of(scan),
            inputs: scan.inputs,
            summary: Box::new(Summary::of(scan)),
        };
        line(&Stamped { now: scan.now, line: header }, &mut out)?;
        for finding in scan.findings {
            let identity = finding.identity.as_ref().and_then(|id| scan.inventory.identities.get(id));
            let about = identity.map(|identity| Box::new(About::of(identity, &view)));
            line(&Stamped { now: scan.now, line: Line::Finding { finding, about } }, &mut out)?;
        }
        for entry in scan.inventory.coverage.entries() {
            line(&Stamped { now: scan.now, line: Line::Coverage(entry) }, &mut out)?;
        }
        for entry in scan.not_evaluated {
            line(&Stamped { now: scan.now, line: Line::NotEvaluated(entry) }, &mut out)?;
        }
        out.flush()
    }
}

#[derive(Serialize)]
struct Stamped<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    now: Timestamp,
}

#[derive(Serialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
enum Line<'a> {
    Scan {
        schema: &'static str,
        tool: Tool<'a>,
        inputs: &'a [String],
        summary: Box<Summary>,
    },
    Finding {
        #[serde(flatten)]
        finding: &'a Finding,
        about: Option<Box<About<'a>>>,
    },
    Coverage(&'a CoverageEntry),
    NotEvaluated(&'a NotEvaluated),
}

/// The identity of a finding, as much as one needs to route it.
#[derive(Serialize)]
struct About<'a> {
    kind: IdentityKind,
    tenant: &'a str,
    name: &'a str,
    owner: &'a Known<Owner>,
    last_use: &'a Known<LastUse>,
    administrator: Vec<String>,
    becomes_administrator: bool,
    exposures: u64,
}

impl<'a> About<'a> {
    fn of(identity: &'a Identity, view: &'a View<'_>) -> Self {
        let facts = view.facts(&identity.id);
        Self {
            kind: identity.kind,
            tenant: &identity.tenant,
            name: &identity.name,
            owner: &facts.owner,
            last_use: &facts.last_use,
            administrator: administrator_scopes(&facts.capabilities),
            becomes_administrator: !facts.escalations.is_empty(),
            exposures: facts.exposures.len() as u64,
        }
    }
}
