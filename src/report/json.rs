//! One JSON document with everything: findings, inventory with facts, coverage, rules. Its schema is
//! `docs/schema/scan-v1.json`. Its `records` are what the join needs beside the rest, the people directory too, so that
//! `show`, `reach` and their like can read the report in place of a scan.

use std::io::{self, BufWriter, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::{CompactFormatter, PrettyFormatter};

use super::escape::SafeJson;
use super::okta_governance::okta_governance;
use super::view::View;
use super::{Report, Scan, Style, Summary};
use crate::inventory::Inventory;
use crate::model::Record;

/// The name and version of the document's form; a reader may rely on it within one version.
const SCHEMA: &str = "nonhuman/scan/v1";

/// `--format json`.
pub(super) struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn suffixes(&self) -> &'static [&'static str] {
        &[".json"]
    }

    fn write(&self, scan: &Scan<'_>, _style: Style, out: &mut dyn Write) -> io::Result<()> {
        pretty(&Document(scan), out)
    }
}

/// Writes one indented document.
///
/// # Errors
/// Only those of `out`.
pub fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, SafeJson(PrettyFormatter::new())))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes one value on one line.
pub(super) fn line(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, SafeJson(CompactFormatter)))?;
    out.write_all(b"\n")
}

/// The program that made a report.
#[derive(serde::Serialize)]
pub(super) struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

impl<'a> Tool<'a> {
    pub(super) fn of(scan: &Scan<'a>) -> Self {
        Self { name: "nonhuman", version: scan.version }
    }
}

struct Document<'a>(&'a Scan<'a>);

/// The records that no other part of the document holds.
fn records(inventory: &Inventory) -> impl Iterator<Item = Record> {
    let policies = inventory.policies.iter().cloned().map(Record::Policy);
    let grants = inventory.grants.iter().cloned().map(Record::Grant);
    let trusts = inventory.trusts.iter().cloned().map(Record::Trust);
    let workloads = inventory.workloads.iter().cloned().map(Record::Workload);
    let people = inventory.people.iter().cloned().map(Record::Person);
    let usages = inventory.usages.iter().cloned().map(Record::Usage);
    policies.chain(grants).chain(trusts).chain(workloads).chain(people).chain(usages)
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scan = self.0;
        let view = View::of(scan);
        let inventory = scan.inventory;
        let mut document = serializer.serialize_map(None)?;
        document.serialize_entry("schema", SCHEMA)?;
        document.serialize_entry("tool", &Tool::of(scan))?;
        document.serialize_entry("now", &scan.now)?;
        document.serialize_entry("inputs", scan.inputs)?;
        document.serialize_entry("scopes", &inventory.scopes)?;
        document.serialize_entry("summary", &Summary::of(scan))?;
        document.serialize_entry("findings", scan.findings)?;
        document.serialize_entry("hidden", &scan.hidden)?;
        document.serialize_entry("identities", &Rows(|| inventory.identities.iter().map(|row| view.identity(row))))?;
        document
            .serialize_entry("credentials", &Rows(|| inventory.credentials.iter().map(|row| view.credential(row))))?;
        document.serialize_entry("exposures", &Rows(|| inventory.exposures.iter().map(|row| view.exposure(row))))?;
        document.serialize_entry("settings", inventory.settings.rows())?;
        document.serialize_entry("links", inventory.links.rows())?;
        if let Some(governance) = okta_governance(scan) {
            document.serialize_entry("okta_governance", &governance)?;
        }
        document.serialize_entry("coverage", inventory.coverage.entries())?;
        document.serialize_entry("not_evaluated", scan.not_evaluated)?;
        document.serialize_entry("rules", scan.rules)?;
        document.serialize_entry("records", &Rows(|| records(inventory)))?;
        document.end()
    }
}

/// An array that is made while it is written, one element at a time.
pub(super) struct Rows<F>(pub(super) F);

impl<F, I> Serialize for Rows<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
