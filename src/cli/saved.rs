//! Reads what an earlier run saved: records as `collect` writes them, or a JSON report, which holds the same. Judges
//! nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::Failure;
use crate::model::{
    CoverageEntry, Credential, Exposure, FactKind, Identity, Link, Outcome, Record, Scope, Setting, Shared,
};

/// The keys of a JSON report, of which another program may write any first.
const REPORT_KEYS: &[&str] = &[
    "schema",
    "tool",
    "now",
    "inputs",
    "summary",
    "findings",
    "identities",
    "credentials",
    "exposures",
    "settings",
    "links",
    "okta_governance",
    "coverage",
    "not_evaluated",
    "rules",
    "records",
];

/// Whether a first line begins a JSON report, however it is laid out; records begin with `record`.
fn begins_report(line: &str) -> bool {
    let Some(rest) = line.trim_start_matches('\u{feff}').trim_start().strip_prefix('{') else { return false };
    let key = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
    rest.trim().is_empty() || key.is_some_and(|key| REPORT_KEYS.contains(&key))
}

/// A JSON report, as far as the join needs it. What it concludes is concluded anew.
#[derive(Deserialize)]
struct Report {
    now: Timestamp,
    identities: Vec<Identity>,
    credentials: Vec<Credential>,
    exposures: Vec<Exposure>,
    settings: Vec<Setting>,
    links: Vec<Link>,
    coverage: Vec<CoverageEntry>,
    #[serde(default)]
    scopes: Vec<Scope>,
    records: Option<Vec<Record>>,
}

/// Adds the records of a file, `-` for standard input. Gives the time of the scan where the file says it.
///
/// # Errors
/// Names the file and the place in it.
pub(super) fn read(path: &Path, records: &mut Vec<Record>) -> Result<Option<Timestamp>, Failure> {
    let named = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(named)?))
    };
    let mut first = String::new();
    reader.read_line(&mut first).map_err(named)?;
    if begins_report(&first) {
        return report(path, first.as_bytes().chain(reader), records).map(Some);
    }
    lines(path, first, reader, records)?;
    Ok(None)
}

fn report(path: &Path, reader: impl Read, records: &mut Vec<Record>) -> Result<Timestamp, Failure> {
    let report: Report = serde_json::from_reader(reader).map_err(|error| {
        let place = format!("{}:{}:{}", path.display(), error.line(), error.column());
        Failure(format!("{place}: this is no JSON report of nonhuman: {}", reason(&error)))
    })?;
    let Some(others) = report.records else {
        let message = "the report has no 'records': it was written by an older nonhuman; scan again";
        return Err(Failure(format!("{}: {message}", path.display())));
    };
    let before = records.len();
    records.extend(report.identities.into_iter().map(Record::Identity));
    records.extend(report.credentials.into_iter().map(Record::Credential));
    records.extend(report.exposures.into_iter().map(|one| Record::Exposure(Box::new(one))));
    records.extend(report.settings.into_iter().map(Record::Setting));
    records.extend(report.links.into_iter().map(Record::Link));
    records.extend(report.coverage.into_iter().map(Record::Coverage));
    records.extend(report.scopes.into_iter().map(|one| Record::Scope(Box::new(one))));
    records.extend(others);
    let mut shared = Shared::default();
    records[before..].iter_mut().for_each(|record| shared.share(record));
    Ok(report.now)
}

fn lines(path: &Path, first: String, reader: impl BufRead, records: &mut Vec<Record>) -> Result<(), Failure> {
    let mut ended = false;
    let before = records.len() as u64;
    let mut shared = Shared::default();
    for (number, line) in std::iter::once(Ok(first)).chain(reader.lines()).enumerate() {
        let line = line.map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut record = serde_json::from_str(&line).map_err(|error| {
            let place = format!("{}:{}:{}", path.display(), number + 1, error.column());
            Failure(format!("{place}: this is no record as `nonhuman collect` writes it: {}", reason(&error)))
        })?;
        shared.share(&mut record);
        match record {
            Record::End { records: count } => ended = count == records.len() as u64 - before,
            record => records.push(record),
        }
    }
    if !ended && records.len() as u64 > before {
        records.push(Record::Coverage(cut_short(path)));
    }
    Ok(())
}

/// A file without its last line may lack anything: every rule that needs something may lack it.
fn cut_short(path: &Path) -> CoverageEntry {
    let target = path.display().to_string();
    let detail = "its last line is missing or counts other lines: it was cut short";
    CoverageEntry::hole("records", &target, "records", Outcome::Partial, detail)
        .remedy("collect again, and give `evaluate` the whole file")
        .blinds(FactKind::ALL)
}

/// The parser's message without its place, which is given with the file.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}
