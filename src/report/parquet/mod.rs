//! Two tables for DuckDB, Spark, Athena and their like: the findings, and the identities. Typed where CSV has words; coverage
//! is in rows of its own, told by the first column. Names are written as they are: nothing here is shown to anybody.

mod file;
mod thrift;

use std::io::{self, Write};

use super::csv::{owner_status, record, told, unknowns};
use super::notes::message;
use super::view::{View, administrator_scopes, scope, tenant};
use super::{Report, Scan, Style};
use crate::inventory::IdentityFacts;
use crate::model::{CoverageEntry, FactKind, Finding, Identity, Known, LastUse, Location, NotEvaluated};
use file::{Column, Get};

/// `--format parquet`: a row a finding.
pub(super) struct Findings;

/// `--format parquet-inventory`: a row an identity.
pub(super) struct Identities;

/// A row of either table.
struct Row<'a> {
    scan: &'a Scan<'a>,
    view: &'a View<'a>,
    what: What<'a>,
}

enum What<'a> {
    Finding(&'a Finding),
    Identity(&'a Identity),
    Coverage(&'a CoverageEntry),
    NotEvaluated(&'a NotEvaluated),
}

impl Report for Findings {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".parquet"]
    }

    fn is_text(&self) -> bool {
        false
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let columns = common().into_iter().chain(told_columns()).chain(finding_columns()).collect::<Vec<_>>();
        write(scan, &view, &columns, scan.findings.iter().map(What::Finding), "nonhuman/parquet-findings/v1", out)
    }
}

impl Report for Identities {
    fn name(&self) -> &'static str {
        "parquet-inventory"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".inventory.parquet"]
    }

    fn is_text(&self) -> bool {
        false
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        let view = View::of(scan);
        let columns = common().into_iter().chain(told_columns()).chain(identity_columns()).collect::<Vec<_>>();
        let rows = scan.inventory.identities.iter().map(What::Identity);
        write(scan, &view, &columns, rows, "nonhuman/parquet-inventory/v1", out)
    }
}

fn write<'a>(
    scan: &'a Scan<'a>,
    view: &'a View<'a>,
    columns: &[Column<Row<'a>>],
    rows: impl Iterator<Item = What<'a>>,
    schema: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let coverage = scan.inventory.coverage.entries().iter().map(What::Coverage);
    let rows = rows.chain(coverage).chain(scan.not_evaluated.iter().map(What::NotEvaluated));
    let notes = [
        ("schema", schema.to_owned()),
        ("version", scan.version.to_owned()),
        ("now", scan.now.to_string()),
        ("incomplete", scan.is_incomplete().to_string()),
    ];
    file::write(columns, rows.map(|what| Row { scan, view, what }), &notes, out)
}

impl<'a> Row<'a> {
    fn finding(&self) -> Option<&'a Finding> {
        if let What::Finding(finding) = self.what { Some(finding) } else { None }
    }

    /// The identity that the row is about.
    fn identity(&self) -> Option<&'a Identity> {
        match self.what {
            What::Identity(identity) => Some(identity),
            What::Finding(finding) => self.scan.inventory.identities.get(finding.identity.as_ref()?),
            What::Coverage(_) | What::NotEvaluated(_) => None,
        }
    }

    fn facts(&self) -> Option<&IdentityFacts> {
        self.identity().map(|identity| self.view.facts(&identity.id))
    }

    fn last_use(&self) -> Option<&LastUse> {
        self.facts().and_then(|facts| facts.last_use.value())
    }

    /// What is not known of an identity is null, not `false`.
    fn power(&self, has: impl Fn(&IdentityFacts) -> bool) -> Option<bool> {
        let (identity, facts) = (self.identity()?, self.facts()?);
        let is_hidden = self.view.hides(&identity.tenant, FactKind::Grants) || facts.rights_unknown.is_some();
        Some(has(facts)).filter(|has| *has || !is_hidden)
    }

    /// The tree that a finding without an identity lies in, as it is named in the coverage.
    fn tree(&self) -> Option<String> {
        match &self.finding()?.evidence.first()?.location {
            Location::File { root, .. } if root.is_empty() => Some(".".to_owned()),
            Location::File { root, .. } => Some(root.to_string()),
            _ => None,
        }
    }

    fn line(&self, of: impl Fn(u64, u64) -> u64) -> Option<i64> {
        match self.finding()?.evidence.first()?.location {
            Location::File { line, column, .. } => i64::try_from(of(line, column)).ok(),
            _ => None,
        }
    }
}

/// The columns that both tables begin with. Part of the format: new ones go to the end of either table.
fn common<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column {
            name: "record",
            get: Get::Text(|row| {
                Some(match row.what {
                    What::Finding(_) => "finding".to_owned(),
                    What::Identity(_) => "identity".to_owned(),
                    What::Coverage(entry) => record(entry).to_owned(),
                    What::NotEvaluated(_) => "not-evaluated".to_owned(),
                })
            }),
        },
        Column { name: "scanned_at", get: Get::Time(|row| Some(row.scan.now)) },
        Column {
            name: "identity",
            get: Get::Text(|row| match row.what {
                What::Finding(finding) => finding.identity.as_ref().map(ToString::to_string),
                _ => row.identity().map(|identity| identity.id.to_string()),
            }),
        },
        Column {
            name: "provider",
            get: Get::Text(|row| match row.what {
                What::Coverage(entry) => Some(entry.collector.clone()),
                What::Finding(finding) if row.identity().is_none() => {
                    finding.evidence.first().map(|evidence| evidence.collector.to_string())
                }
                _ => row.identity().map(|identity| identity.provider().to_string()),
            }),
        },
        Column {
            name: "tenant",
            get: Get::Text(|row| match row.what {
                What::Coverage(entry) => Some(entry.target.clone()),
                What::NotEvaluated(entry) => Some(entry.target.clone()),
                What::Finding(finding) => tenant(row.scan, finding).map(str::to_owned).or_else(|| row.tree()),
                What::Identity(identity) => Some(identity.tenant.clone()),
            }),
        },
        Column { name: "kind", get: Get::Text(|row| row.identity().map(|identity| identity.kind.to_string())) },
        Column {
            name: "name",
            get: Get::Text(|row| match row.what {
                What::Coverage(entry) => Some(entry.what.clone()),
                What::NotEvaluated(entry) => Some(entry.rule.clone()),
                _ => row.identity().map(|identity| identity.name.clone()),
            }),
        },
    ]
}

/// The other columns that both tables begin with.
fn told_columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column { name: "owner", get: Get::Text(|row| row.facts()?.owner.value().map(|owner| owner.name.clone())) },
        Column { name: "owner_status", get: Get::Text(|row| Some(owner_status(&row.facts()?.owner).to_owned())) },
        Column {
            name: "detail",
            get: Get::Text(|row| match row.what {
                What::Coverage(entry) => Some(told(entry)),
                What::NotEvaluated(entry) => {
                    Some(format!("not evaluated for {} subjects: {}", entry.subjects, entry.reason))
                }
                What::Identity(identity) => Some(unknowns(row.view, identity)).filter(|text| !text.is_empty()),
                What::Finding(_) => None,
            }),
        },
        Column {
            name: "remedy",
            get: Get::Text(|row| match row.what {
                What::Finding(finding) => Some(finding.remedy.clone()),
                What::Coverage(entry) => entry.remedy.clone(),
                _ => None,
            }),
        },
        Column {
            name: "count",
            get: Get::Number(|row| match row.what {
                What::Coverage(entry) => i64::try_from(entry.count).ok(),
                What::NotEvaluated(entry) => i64::try_from(entry.subjects).ok(),
                _ => None,
            }),
        },
    ]
}

fn finding_columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column { name: "severity", get: Get::Text(|row| Some(row.finding()?.severity.to_string())) },
        Column { name: "confidence", get: Get::Text(|row| Some(row.finding()?.confidence.to_string())) },
        Column {
            name: "rule",
            get: Get::Text(|row| match row.what {
                What::Finding(finding) => Some(finding.rule.to_string()),
                What::NotEvaluated(entry) => Some(entry.rule.clone()),
                _ => None,
            }),
        },
        Column { name: "title", get: Get::Text(|row| Some(row.finding()?.title.to_string())) },
        Column { name: "message", get: Get::Text(|row| Some(message(row.scan, row.finding()?))) },
        Column { name: "chain", get: Get::Texts(|row| row.finding().map(|one| one.chain.clone()).unwrap_or_default()) },
        Column { name: "place", get: Get::Text(|row| Some(row.finding()?.evidence.first()?.location.to_string())) },
        Column { name: "file", get: Get::Text(|row| row.finding()?.evidence.first()?.location.file()) },
        Column { name: "line", get: Get::Number(|row| row.line(|line, _| line)) },
        Column { name: "column", get: Get::Number(|row| row.line(|_, column| column)) },
        Column {
            name: "maps",
            get: Get::Texts(|row| row.finding().map(|one| one.maps.clone()).unwrap_or_default().to_vec()),
        },
        Column { name: "subject", get: Get::Text(|row| Some(row.finding()?.subject.to_string())) },
        Column { name: "subject_kind", get: Get::Text(|row| Some(row.finding()?.subject_kind.to_string())) },
        Column { name: "fingerprint", get: Get::Text(|row| Some(row.finding()?.fingerprint.as_str().to_owned())) },
        Column { name: "history", get: Get::Text(|row| Some(row.finding()?.history?.state.to_string())) },
        Column { name: "first_seen", get: Get::Time(|row| Some(row.finding()?.history?.first_seen)) },
        Column { name: "baseline", get: Get::Text(|row| Some(row.finding()?.baseline.as_ref()?.state.to_string())) },
    ]
}

fn identity_columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        Column { name: "enabled", get: Get::Truth(|row| row.identity()?.enabled.value().copied()) },
        Column { name: "created", get: Get::Time(|row| row.identity()?.created.value().copied()) },
        Column { name: "owner_left", get: Get::Time(|row| row.facts()?.owner.value()?.left.value().copied()) },
        Column {
            name: "owner_source",
            get: Get::Text(|row| row.facts()?.owner.value().map(|owner| owner.source.clone())),
        },
        Column {
            name: "owner_confidence",
            get: Get::Text(|row| row.facts()?.owner.value().map(|owner| owner.confidence.to_string())),
        },
        Column { name: "last_use", get: Get::Time(|row| row.last_use()?.at) },
        Column { name: "last_use_status", get: Get::Text(|row| Some(use_status(&row.facts()?.last_use).to_owned())) },
        Column { name: "last_use_horizon", get: Get::Time(|row| row.last_use()?.horizon) },
        Column { name: "last_use_source", get: Get::Text(|row| row.last_use().map(|last| last.source.clone())) },
        Column {
            name: "administrator",
            get: Get::Truth(|row| row.power(|facts| !administrator_scopes(&facts.capabilities).is_empty())),
        },
        Column {
            name: "becomes_administrator",
            get: Get::Truth(|row| row.power(|facts| !facts.escalations.is_empty())),
        },
        Column {
            name: "capabilities",
            get: Get::Texts(|row| {
                let facts = row.facts().map(|facts| facts.capabilities.as_slice()).unwrap_or_default();
                let mut told: Vec<_> = facts.iter().map(|one| format!("{} in {}", one.kind, scope(one))).collect();
                told.sort();
                told.dedup();
                told
            }),
        },
        Column { name: "credentials", get: Get::Number(|row| number(row.facts()?.credentials.len())) },
        Column { name: "workloads", get: Get::Number(|row| number(row.facts()?.workloads.len())) },
        Column { name: "exposures", get: Get::Number(|row| number(row.facts()?.exposures.len())) },
        Column { name: "findings", get: Get::Number(|row| number(row.view.findings(&row.identity()?.id).len())) },
        Column {
            name: "worst",
            get: Get::Text(|row| {
                let findings = row.view.findings(&row.identity()?.id);
                findings.iter().map(|finding| finding.severity).max().map(|severity| severity.to_string())
            }),
        },
        Column { name: "labels", get: Get::Json(|row| serde_json::to_string(&row.identity()?.labels).ok()) },
    ]
}

fn number(length: usize) -> Option<i64> {
    i64::try_from(length).ok()
}

/// `used`, `not-since-horizon`, `never`, `no-record` (nobody records it) or `unknown` (could not look).
fn use_status(last_use: &Known<LastUse>) -> &'static str {
    match last_use {
        Known::Unknown(_) => "unknown",
        Known::Absent => "no-record",
        Known::Value(LastUse { at: Some(_), .. }) => "used",
        Known::Value(LastUse { horizon: Some(_), .. }) => "not-since-horizon",
        Known::Value(_) => "never",
    }
}
