//! Two tables for spreadsheets: the findings, and the identities. Every cell is guarded against formulas; coverage is
//! in rows of its own, told by the first column.

use std::io::{self, BufWriter, Write};

use ::csv::Writer;

use super::escape::{cell, flow};
use super::notes::message;
use super::view::{View, administrator_scopes, tenant};
use super::{Report, Scan, Style};
use crate::model::{CoverageEntry, FactKind, Finding, Identity, Known, LastUse, Location, Outcome, Owner, short_date};

/// `--format csv`: a row a finding.
pub(super) struct Findings;

/// `--format csv-inventory`: a row an identity.
pub(super) struct Identities;

/// The columns of the findings table. Part of the format: new ones go to the end.
const FINDING_COLUMNS: [&str; 21] = [
    "record",
    "severity",
    "confidence",
    "rule",
    "title",
    "tenant",
    "kind",
    "name",
    "owner",
    "owner_status",
    "message",
    "remedy",
    "place",
    "file",
    "line",
    "column",
    "maps",
    "count",
    "identity",
    "subject",
    "fingerprint",
];

/// The columns of the identities table. Part of the format: new ones go to the end.
const IDENTITY_COLUMNS: [&str; 22] = [
    "record",
    "tenant",
    "kind",
    "name",
    "enabled",
    "created",
    "owner",
    "owner_status",
    "owner_left",
    "owner_source",
    "last_use",
    "last_use_source",
    "administrator",
    "becomes_administrator",
    "credentials",
    "workloads",
    "exposures",
    "findings",
    "worst",
    "detail",
    "remedy",
    "identity",
];

impl Report for Findings {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".csv"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let mut sheet = Sheet::new(out, &FINDING_COLUMNS)?;
        for finding in scan.findings {
            sheet.row(&finding_cells(scan, &view, finding))?;
        }
        sheet.coverage(scan, "message")
    }
}

impl Report for Identities {
    fn name(&self) -> &'static str {
        "csv-inventory"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".inventory.csv"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let mut sheet = Sheet::new(out, &IDENTITY_COLUMNS)?;
        for identity in &scan.inventory.identities {
            sheet.row(&identity_cells(&view, identity))?;
        }
        sheet.coverage(scan, "detail")
    }
}

/// One named cell. Columns that a row does not name stay empty, cells of columns that a table lacks are left out.
pub(super) type Cell = (&'static str, String);

pub(super) struct Sheet<'a> {
    writer: Writer<BufWriter<&'a mut dyn Write>>,
    columns: &'static [&'static str],
}

impl<'a> Sheet<'a> {
    pub(super) fn new(out: &'a mut dyn Write, columns: &'static [&'static str]) -> io::Result<Self> {
        let mut writer = Writer::from_writer(BufWriter::new(out));
        writer.write_record(columns)?;
        Ok(Self { writer, columns })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        for column in self.columns {
            let text = cells.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text.as_str());
            self.writer.write_field(cell(text).as_ref())?;
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    /// Ends the table.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Adds what was read, what was not, and which rules were not evaluated, then ends the table. `text` is the
    /// column for prose.
    fn coverage(mut self, scan: &Scan<'_>, text: &'static str) -> io::Result<()> {
        for entry in scan.inventory.coverage.entries() {
            self.row(&[
                ("record", record(entry).to_owned()),
                ("tenant", entry.target.clone()),
                ("kind", entry.collector.clone()),
                ("name", entry.what.clone()),
                (text, told(entry)),
                ("remedy", flow(entry.remedy.as_deref().unwrap_or_default())),
                ("count", entry.count.to_string()),
            ])?;
        }
        for entry in scan.not_evaluated {
            let reason = format!("not evaluated for {} subjects: {}", entry.subjects, flow(&entry.reason));
            self.row(&[
                ("record", "not-evaluated".to_owned()),
                ("tenant", entry.target.clone()),
                ("name", entry.rule.clone()),
                ("rule", entry.rule.clone()),
                (text, reason),
                ("count", entry.subjects.to_string()),
            ])?;
        }
        self.writer.flush()
    }
}

pub(super) fn record(entry: &CoverageEntry) -> &'static str {
    match entry.outcome {
        _ if entry.is_hole() => "hole",
        Outcome::Complete => "read",
        _ => "not-read",
    }
}

/// What happened to something that was looked at, in one line.
pub(super) fn told(entry: &CoverageEntry) -> String {
    let mut told = format!("{}, {} read", entry.outcome, entry.count);
    if let Some(detail) = &entry.detail {
        told.push_str(&format!(": {}", flow(detail)));
    }
    if !entry.blinds.is_empty() {
        let blinds: Vec<_> = entry.blinds.iter().map(|fact| fact.as_str()).collect();
        told.push_str(&format!("; unknown because of it: {}", blinds.join(", ")));
    }
    told
}

fn finding_cells(scan: &Scan<'_>, view: &View<'_>, finding: &Finding) -> Vec<Cell> {
    let mut row = vec![
        ("record", "finding".to_owned()),
        ("severity", finding.severity.to_string()),
        ("confidence", finding.confidence.to_string()),
        ("rule", finding.rule.to_string()),
        ("title", flow(&finding.title)),
        ("message", flow(&message(scan, finding))),
        ("remedy", flow(&finding.remedy)),
        ("maps", finding.maps.join(" ")),
        ("subject", finding.subject.to_string()),
        ("fingerprint", finding.fingerprint.as_str().to_owned()),
    ];
    if let Some(evidence) = finding.evidence.first() {
        row.push(("place", evidence.location.to_string()));
        row.push(("file", evidence.location.file().unwrap_or_default()));
        if let Location::File { line, column, .. } = &evidence.location {
            row.push(("line", line.to_string()));
            row.push(("column", column.to_string()));
        }
    }
    row.extend(tenant(scan, finding).map(|tenant| ("tenant", tenant.to_owned())));
    let Some(id) = &finding.identity else { return row };
    row.push(("identity", id.to_string()));
    if let Some(identity) = scan.inventory.identities.get(id) {
        row.push(("kind", identity.kind.to_string()));
        row.push(("name", identity.name.clone()));
    }
    let owner = &view.facts(id).owner;
    row.push(("owner", owner.value().map(|owner| owner.name.clone()).unwrap_or_default()));
    row.push(("owner_status", owner_status(owner).to_owned()));
    row
}

pub(super) fn identity_cells(view: &View<'_>, identity: &Identity) -> Vec<Cell> {
    let facts = view.facts(&identity.id);
    let findings = view.findings(&identity.id);
    let owner = facts.owner.value();
    let worst = findings.iter().map(|finding| finding.severity).max();
    vec![
        ("record", "identity".to_owned()),
        ("tenant", identity.tenant.clone()),
        ("kind", identity.kind.to_string()),
        ("name", identity.name.clone()),
        ("enabled", known(&identity.enabled, |enabled| if *enabled { "yes" } else { "no" }.to_owned())),
        ("created", known(&identity.created, |created| short_date(*created))),
        ("owner", owner.map(|owner| owner.name.clone()).unwrap_or_default()),
        ("owner_status", owner_status(&facts.owner).to_owned()),
        ("owner_left", owner.and_then(|owner| owner.left.value()).map(|left| short_date(*left)).unwrap_or_default()),
        ("owner_source", owner.map(|owner| owner.source.clone()).unwrap_or_default()),
        ("last_use", last_use(&facts.last_use)),
        ("last_use_source", facts.last_use.value().map(|last| last.source.clone()).unwrap_or_default()),
        ("administrator", power(view, identity, administrator_scopes(&facts.capabilities))),
        ("becomes_administrator", power(view, identity, facts.escalations.first().map(|_| "yes".to_owned()))),
        ("credentials", facts.credentials.len().to_string()),
        ("workloads", facts.workloads.len().to_string()),
        ("exposures", facts.exposures.len().to_string()),
        ("findings", findings.len().to_string()),
        ("worst", worst.map(|severity| severity.to_string()).unwrap_or_default()),
        ("detail", unknowns(view, identity)),
        ("identity", identity.id.to_string()),
    ]
}

/// `no` only where the grants could be read.
fn power(view: &View<'_>, identity: &Identity, ways: impl IntoIterator<Item = String>) -> String {
    let ways: Vec<_> = ways.into_iter().collect();
    match ways.is_empty() {
        false => ways.join("; "),
        true if view.hides(&identity.tenant, FactKind::Grants) => "unknown".to_owned(),
        true => "no".to_owned(),
    }
}

/// Why something in the row is not known.
pub(super) fn unknowns(view: &View<'_>, identity: &Identity) -> String {
    let facts = view.facts(&identity.id);
    let owner = facts.owner.why_unknown().map(|why| format!("owner unknown: {}", flow(why)));
    let last_use = facts.last_use.why_unknown().map(|why| format!("last use unknown: {}", flow(why)));
    let hidden: Vec<_> = view.identity(identity).hidden.iter().map(|fact| fact.as_str()).collect();
    let hidden = (!hidden.is_empty()).then(|| format!("not all was read of: {}", hidden.join(", ")));
    [owner, last_use, hidden].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn known<T>(fact: &Known<T>, show: impl Fn(&T) -> String) -> String {
    match fact {
        Known::Value(value) => show(value),
        Known::Absent => String::new(),
        Known::Unknown(_) => "unknown".to_owned(),
    }
}

/// `present`, `left`, `unverified` (no directory says), `none` or `unknown` (could not look).
pub(super) fn owner_status(owner: &Known<Owner>) -> &'static str {
    match owner {
        Known::Absent => "none",
        Known::Unknown(_) => "unknown",
        Known::Value(owner) => match owner.active {
            Known::Value(true) => "present",
            Known::Value(false) => "left",
            Known::Absent | Known::Unknown(_) => "unverified",
        },
    }
}

/// A date, or `never`, `not since <date>`, `no record`, `unknown`.
fn last_use(last_use: &Known<LastUse>) -> String {
    match last_use {
        Known::Unknown(_) => "unknown".to_owned(),
        Known::Absent => "no record".to_owned(),
        Known::Value(LastUse { at: Some(at), .. }) => short_date(*at),
        Known::Value(LastUse { at: None, horizon: Some(horizon), .. }) => format!("not since {}", short_date(*horizon)),
        Known::Value(LastUse { at: None, horizon: None, .. }) => "never".to_owned(),
    }
}
