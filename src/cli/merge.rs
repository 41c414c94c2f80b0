//! `nonhuman merge`: one report from what many machines collected.

use std::path::{Path, PathBuf};

use clap::Args;
use walkdir::WalkDir;

use super::arguments::{Global, Reporting};
use super::baseline::Searched;
use super::scan::Judging;
use super::{Failure, gather};
use crate::collect::shard::{Manifest, PartError, Union, is_manifest};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::{CoverageEntry, FactKind, Outcome, Record, SubjectKind};

/// `nonhuman merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// Folders that `collect --shard … --parts DIR` wrote into, or manifests (.shard.json)
    #[arg(value_name = "PARTS", required = true)]
    parts: Vec<PathBuf>,
    /// Judge ages as of this time, such as 2026-11-22 [default: that of the newest shard]
    #[arg(long, value_name = "TIME", env = "NONHUMAN_NOW", help_heading = "General")]
    now: Option<String>,
    #[command(flatten)]
    reporting: Reporting,
}

pub(super) fn run(arguments: &Merge, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let judging = Judging::new(SubjectKind::ALL, &arguments.reporting, global, config)?;
    let mut union = Union::default();
    let mut broken = Vec::new();
    for manifest in manifests(&arguments.parts)? {
        match read(&manifest) {
            Ok(brought) => union = union.with(brought),
            Err(error) => broken.push(hole(&error)),
        }
    }
    let mut records = Vec::new();
    for line in union.lines() {
        match serde_json::from_str(line) {
            Ok(record) => records.push(record),
            Err(error) => return Err(Failure(format!("a part holds a line that is no record: {error}"))),
        }
    }
    records.extend(union.missing().into_iter().chain(broken).map(Record::Coverage));
    let now = match (&arguments.now, union.now()) {
        (None, Some(now)) => now,
        (text, _) => gather::now(text.as_deref())?,
    };
    judging.judge(records, now, &union.inputs(), &Searched::default())
}

/// Every manifest that was named, or lies in a folder that was, by name.
fn manifests(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut manifests = Vec::new();
    for path in paths {
        gather::must_exist(path)?;
        for entry in WalkDir::new(path).max_depth(1).sort_by_file_name() {
            let entry = entry?;
            if is_manifest(entry.path()) {
                manifests.push(entry.into_path());
            }
        }
    }
    if manifests.is_empty() {
        let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let what = "there is no shard in it (expected files that end in .shard.json; `collect --shard` writes them)";
        return Err(Failure(format!("{}: {what}", named.join(", "))));
    }
    Ok(manifests)
}

fn read(path: &Path) -> Result<Union, PartError> {
    let manifest = Manifest::read(path)?;
    let lines = manifest.lines(path.parent().unwrap_or(Path::new(".")))?;
    Ok(Union::of(&manifest, lines))
}

/// A shard that cannot be used may have held anything.
fn hole(error: &PartError) -> CoverageEntry {
    CoverageEntry::hole("records", &error.path, "shard", Outcome::Failed, error.what.clone())
        .remedy("collect this shard again and merge again")
        .blinds(FactKind::ALL)
}
