//! `nonhuman collect`: read only, and write records.

use std::sync::Arc;

use super::arguments::{Collect, Global};
use super::{Failure, gather, output, ruleset};
use crate::config::Config;
use crate::exit::Exit;
use crate::inventory::Coverage;
use crate::model::Record;

pub(super) fn run(arguments: &Collect, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let mut wish = gather::wish(&arguments.sources, config)?;
    wish.request.source.rules = Arc::new(ruleset::names(None, config)?);
    let collected = gather::read(wish, None, global, config)?;
    let mut lines = Vec::with_capacity(collected.gathered.records.len());
    for record in &collected.gathered.records {
        lines.push(serde_json::to_string(record)?);
    }
    // The order in which threads and servers answered says nothing.
    lines.sort();
    lines.dedup();
    lines.push(serde_json::to_string(&Record::End { records: lines.len() as u64 })?);
    let write = |out: &mut dyn std::io::Write| lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    match &arguments.output {
        Some(path) => output::to_file(path, write)?,
        None => output::to_stdout(write)?,
    }
    if !collected.gathered.interrupted.is_empty() {
        gather::tell_interrupted(&collected.gathered);
        return Ok(Exit::Interrupted);
    }
    let coverage = Coverage::new(collected.gathered.records.into_iter().filter_map(coverage_entry).collect());
    Ok(Exit::of_scan(false, coverage.is_incomplete(), false, arguments.allow_partial))
}

fn coverage_entry(record: Record) -> Option<crate::model::CoverageEntry> {
    match record {
        Record::Coverage(entry) => Some(entry),
        _ => None,
    }
}
