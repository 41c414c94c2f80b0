//! One JSON object a line for log pipelines: a header, a finding a line that needs no other line to be understood,
//! then coverage. Its schema is `docs/schema/findings-v1.json`. Holds no inventory beyond the findings.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::json::{Tool, line};
use super::notes::exposure;
use super::view::{View, administrator_scopes};
use super::{Report, Scan, Style, Summary};
use crate::model::{
    Commit, CoverageEntry, Finding, Fingerprint, Identity, IdentityKind, Known, LastUse, Location, NotEvaluated, Owner,
};

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
            let told = Line::Finding { finding, place: Place::of(scan, finding), about };
            line(&Stamped { now: scan.now, line: told }, &mut out)?;
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
        #[serde(flatten)]
        place: Place<'a>,
        about: Option<Box<About<'a>>>,
    },
    Coverage(&'a CoverageEntry),
    NotEvaluated(&'a NotEvaluated),
}

/// Where a finding lies and what found it, for readers that want no more than that.
#[derive(Serialize)]
struct Place<'a> {
    /// The first file of the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detector: Option<&'a str>,
    /// The fingerprint of the value, which is the same wherever it lies; that of the finding is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Fingerprint>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    encoding: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    introduced: Option<&'a Commit>,
}

impl<'a> Place<'a> {
    fn of(scan: &Scan<'a>, finding: &Finding) -> Self {
        let place = finding.evidence.iter().map(|evidence| &evidence.location).find(|place| place.file().is_some());
        let line = match place {
            Some(Location::File { line, .. }) => Some(*line),
            _ => None,
        };
        let exposure = exposure(scan, finding);
        Self {
            path: place.and_then(Location::file),
            line,
            detector: exposure.map(|exposure| exposure.detector.as_str()),
            value: exposure.map(|exposure| &exposure.fingerprint),
            encoding: exposure.map(|exposure| exposure.encoding.as_slice()).unwrap_or_default(),
            introduced: exposure.and_then(|exposure| exposure.introduced.as_ref()),
        }
    }
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
