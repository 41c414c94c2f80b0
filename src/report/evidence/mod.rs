//! The parts of an auditor's evidence pack: the same scan gives the same bytes. Writes to memory; holds no time but the
//! scan's own.

mod oscal;
mod review;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::json::{Tool, pretty};
use super::{Report, Scan, Style, Summary, csv, json, markdown};

/// The name and version of the manifest's form.
const SCHEMA: &str = "nonhuman/evidence/v1";

const README: &str = "What lies here is the evidence of one scan by nonhuman, for an audit.

scan.json        everything: findings, inventory, owners, rights, coverage, rules (schema nonhuman/scan/v1)
findings.csv     the findings, and below them what was read and what was not
inventory.csv    every identity with owner, rights and last use
review.csv       the sheet for a review of access: fill in decision, reviewer, reviewed_on, comment
summary.md       the findings in short
oscal-assessment-results.json   the results in OSCAL 1.2.3 of NIST
rules/           the audit rules as they were used, and the hashes of the files with detectors
configuration/   the configuration and the decisions that were in force, where there were any
manifest.json    what made it, from what, when; SHA-256 and size of every file
SHA256SUMS       the same hashes: sha256sum -c SHA256SUMS

Whether all was read that was asked for stands in manifest.json as `complete`. What was not read stands in scan.json under
`coverage`, and what could not be judged under `not_evaluated`: the absence of a finding says nothing there. Every finding is
here, whatever --min-severity and --only show elsewhere; one that was accepted carries that decision. The OSCAL results call a
control satisfied only where each rule that maps to it was asked about at least one thing and none holds; of other controls
without a finding they say nothing.
";

/// One file of a pack.
pub struct Part {
    /// Its path in the pack, with `/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Part {
    /// A file of a pack.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    now: jiff::Timestamp,
    inputs: &'a [String],
    complete: bool,
    summary: Summary,
    files: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    path: &'a str,
    sha256: String,
    bytes: usize,
}

/// What a conclusion about a control rests on: that no rule holds says something only of what was asked.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// Every rule that maps to a control, loaded or not.
    pub controls: BTreeMap<String, BTreeSet<String>>,
    /// The rules that were asked about at least one thing.
    pub asked: BTreeSet<String>,
}

/// Every file of the pack, with what the caller adds (rules, configuration), sorted; the manifest and the sums last.
///
/// # Errors
/// None that is known: it is written to memory.
pub fn evidence(scan: &Scan<'_>, basis: &Basis, added: Vec<Part>) -> io::Result<Vec<Part>> {
    let style = Style { color: false, width: 80 };
    let report = |path: &str, report: &dyn Report| {
        let mut bytes = Vec::new();
        report.write(scan, style, &mut bytes).map(|()| Part::new(path, bytes))
    };
    let mut parts = added;
    parts.push(Part::new("README.txt", README));
    parts.push(report("scan.json", &json::Json)?);
    parts.push(report("findings.csv", &csv::Findings)?);
    parts.push(report("inventory.csv", &csv::Identities)?);
    parts.push(report("summary.md", &markdown::Markdown)?);
    parts.push(Part::new("review.csv", review::sheet(scan)?));
    let mut results = Vec::new();
    pretty(&oscal::results(scan, basis), &mut results)?;
    parts.push(Part::new("oscal-assessment-results.json", results));
    parts.sort_by(|a, b| a.path.cmp(&b.path));
    let files: Vec<Entry<'_>> = parts
        .iter()
        .map(|part| Entry { path: &part.path, sha256: sha256(&part.bytes), bytes: part.bytes.len() })
        .collect();
    let sums: String = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
    let mut manifest = Vec::new();
    let (tool, summary) = (Tool::of(scan), Summary::of(scan));
    let (now, inputs, complete) = (scan.now, scan.inputs, !scan.is_incomplete());
    pretty(&Manifest { schema: SCHEMA, tool, now, inputs, complete, summary, files }, &mut manifest)?;
    let sums = format!("{sums}{}  manifest.json\n", sha256(&manifest));
    parts.push(Part::new("manifest.json", manifest));
    parts.push(Part::new("SHA256SUMS", sums));
    Ok(parts)
}

/// The SHA-256 of bytes in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
