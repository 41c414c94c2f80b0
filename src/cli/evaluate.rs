//! `nonhuman evaluate`: judge records that `collect` wrote, perhaps on another machine.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::arguments::{Evaluate, Global};
use super::baseline::Searched;
use super::scan::Judging;
use super::{Failure, gather};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::{CoverageEntry, FactKind, Outcome, Record, SubjectKind};

pub(super) fn run(arguments: &Evaluate, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    let now = gather::now(arguments.now.as_deref())?;
    let mut records = Vec::new();
    for path in &arguments.records {
        read(path, &mut records)?;
    }
    let inputs: Vec<_> = arguments.records.iter().map(|path| format!("records {}", path.display())).collect();
    if records.is_empty() {
        return Err(Failure(format!("{}: there are no records to judge", inputs.join(", "))));
    }
    // Which files were searched is not in the records, so no entry of a baseline is called stale.
    judging.judge(records, now, &inputs, &Searched::default())
}

fn read(path: &Path, records: &mut Vec<Record>) -> Result<(), Failure> {
    let named = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(named)?))
    };
    let mut ended = false;
    let before = records.len() as u64;
    for (number, line) in reader.lines().enumerate() {
        let line = line.map_err(named)?;
        if line.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str(&line).map_err(|error| {
            let place = format!("{}:{}:{}", path.display(), number + 1, error.column());
            Failure(format!("{place}: this is no record as `nonhuman collect` writes it: {}", reason(&error)))
        })?;
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
