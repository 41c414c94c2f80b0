//! `nonhuman collect`: read only, and write records.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::arguments::{Global, Sources};
use super::{Failure, baseline, gather, output, ruleset};
use crate::collect::lines::{Lines, Sorted};
use crate::collect::shard::{Brought, PartError, Shard, Store, write};
use crate::config::{self, Config};
use crate::exit::Exit;
use crate::inventory::Coverage;
use crate::model::Record;
use crate::term;

/// `nonhuman collect`
#[derive(Debug, Args)]
pub struct Collect {
    #[command(flatten)]
    sources: Sources,
    /// Read only this part of the targets, such as 3/16; auto takes it from Kubernetes, AWS Batch, Cloud Run, GitLab or
    /// Slurm (a Kubernetes job says how many there are in NONHUMAN_SHARDS)
    #[arg(long, value_name = "I/N", requires = "parts", conflicts_with = "output", help_heading = "Shards")]
    shard: Option<String>,
    /// Write compressed records with their coverage into this folder or bucket, for `merge`: DIR, s3://BUCKET/PREFIX,
    /// gs://BUCKET/PREFIX or az://CONTAINER/PREFIX
    #[arg(long, visible_alias = "out", value_name = "PLACE", requires = "shard", help_heading = "Shards")]
    parts: Option<String>,
    /// Write the records to this file in place of standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Report")]
    output: Option<PathBuf>,
    /// Do not exit with 3 when something could not be looked at
    #[arg(long, help_heading = "Report")]
    allow_partial: bool,
}

pub(super) fn run(arguments: &Collect, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let mut wish = gather::wish(&arguments.sources, config)?;
    wish.request.source.rules = Arc::new(ruleset::names(None, config)?);
    wish.shard = arguments.shard.as_deref().map(shard).transpose()?;
    let (shard, now) = (wish.shard, wish.now);
    if let Some(place) = &arguments.parts
        && let Err(error) = Store::open(place, &config::bucket_variable).and_then(|store| store.prepare())
    {
        return not_written(&error);
    }
    let (mut lines, mut coverage) = (Lines::default(), Vec::new());
    let mut failed = None;
    // Each record is dropped when its line is there: in memory it is several times as large.
    let keep = |record: Record| {
        let line = serde_json::to_string(&record).map_err(std::io::Error::from);
        match line.and_then(|line| lines.push(&line)) {
            Ok(()) => coverage.extend(coverage_entry(record)),
            Err(error) => failed = Some(error),
        }
    };
    let collected = gather::read_into(wish, None, global, config, keep)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    // The order in which threads and servers answered says nothing.
    let lines = lines.sorted()?;
    let was_interrupted = !collected.ended.interrupted.is_empty();
    if let (Some(shard), Some(place)) = (shard, &arguments.parts) {
        // Without a manifest what was cut short counts as missing.
        if !was_interrupted {
            let (planned, read) = (collected.planned.clone(), collected.inputs.clone());
            let key = baseline::key().as_str().to_owned();
            let brought = Brought { now, key, shard, planned, read, lines };
            // Opened anew: what let us in hours ago may hold no more.
            let written = Store::open(place, &config::bucket_variable).and_then(|store| write(&store, brought));
            if let Err(error) = written {
                return not_written(&error);
            }
        }
    } else {
        let write = |out: &mut dyn std::io::Write| told(lines, out);
        match &arguments.output {
            Some(path) => output::to_file(path, write)?,
            None => output::to_stdout(write)?,
        }
    }
    if was_interrupted {
        gather::tell_interrupted(&collected.ended);
        return Ok(Exit::Interrupted);
    }
    let coverage = Coverage::new(coverage);
    Ok(Exit::of_scan(false, coverage.is_incomplete(), false, arguments.allow_partial))
}

/// Writes the lines, and how many they are.
fn told(lines: Sorted, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut records = 0;
    for line in lines {
        writeln!(out, "{}", line?)?;
        records += 1;
    }
    writeln!(out, "{}", serde_json::to_string(&Record::End { records })?)
}

/// What may go well another time ends as incomplete, so that a scheduler tries again.
fn not_written(error: &PartError) -> Result<Exit, Failure> {
    if !error.may_pass {
        return Err(Failure(error.to_string()));
    }
    term::remark(&format!("error: {error}; this shard is not written"));
    Ok(Exit::Incomplete)
}

/// The shard that a flag names, or the machinery around us.
fn shard(text: &str) -> Result<Shard, Failure> {
    if text != "auto" {
        return text.parse().map_err(|error| Failure(format!("--shard: {error}")));
    }
    let Some((shard, of)) = config::shard()? else {
        let known = "JOB_COMPLETION_INDEX with NONHUMAN_SHARDS, AWS_BATCH_JOB_ARRAY_INDEX, CLOUD_RUN_TASK_INDEX, \
                     CI_NODE_INDEX, SLURM_ARRAY_TASK_ID";
        return Err(Failure(format!("--shard auto: no variable says which shard this is (looked for {known})")));
    };
    Shard::new(shard, of).map_err(|error| Failure(format!("--shard auto: {error}")))
}

fn coverage_entry(record: Record) -> Option<crate::model::CoverageEntry> {
    match record {
        Record::Coverage(entry) => Some(entry),
        _ => None,
    }
}
