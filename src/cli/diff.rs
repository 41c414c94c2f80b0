//! `nonhuman diff`: what changed between two scans of a history, or between two JSON reports.

use std::path::{Path, PathBuf};

use clap::Args;

use super::arguments::Global;
use super::{Failure, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::history::{Drift, History, Snapshot, State};
use crate::model::Severity;
use crate::report::{self, DriftFormat, Style};
use crate::term;

/// `nonhuman diff`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nonhuman diff --history-file scans.db                         the last two scans
  nonhuman diff --history-file scans.db 2026-11-01              since the last scan up to that day
  nonhuman diff --history-file scans.db 2026-11-01 2026-11-22   between two days; #12 names a scan by its number
  nonhuman diff old.json new.json --format markdown             two reports of --format json

Exit codes: 0, or with --fail-on-new 1 when a finding of that severity is new or back; 2 wrong usage, or no history.")]
pub struct Diff {
    /// Two days, scan numbers (#12) or JSON reports; one day or number is compared with the last scan
    #[arg(value_name = "FROM TO", num_args = 0..=2)]
    between: Vec<String>,
    /// The history that `scan --history-file` wrote
    #[arg(long, alias = "history", value_name = "FILE", env = "NONHUMAN_HISTORY_FILE")]
    history_file: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: DriftFormat,
    /// Write it to this file in place of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show only what came: findings that are new or back; identities that appeared, grew or lost their owner
    #[arg(long, value_enum, value_name = "new|all")]
    only: Option<Shown>,
    /// Exit with 1 when a finding of this severity or above is new or back
    #[arg(long, value_name = "SEVERITY")]
    fail_on_new: Option<Severity>,
}

/// What of the changes is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    /// What came.
    New,
    /// All.
    All,
}

pub(super) fn run(arguments: &Diff, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let mut drift = drift(arguments, config, global.quiet)?;
    if arguments.only == Some(Shown::New) {
        drift.keep_new();
    }
    let style = Style { color: arguments.output.is_none() && global.color.for_stdout(), width: term::width() };
    let write = |out: &mut dyn std::io::Write| report::write_drift(&drift, arguments.format, style, out);
    match &arguments.output {
        Some(path) => output::to_file(path, write)?,
        None => output::to_stdout(write)?,
    }
    let is_raised = |severity: Severity| drift.raised().any(|one| one.finding.severity >= severity);
    Ok(Exit::of_scan(arguments.fail_on_new.is_some_and(is_raised), false, false, true))
}

fn drift(arguments: &Diff, config: &Config, quiet: bool) -> Result<Drift, Failure> {
    if let [old, new] = arguments.between.as_slice()
        && Path::new(old).is_file()
        && Path::new(new).is_file()
    {
        let (first, second) = (read(old)?, read(new)?);
        if second.at < first.at {
            return Err(Failure(format!(
                "{old} is of {}, after {new} ({}); name the earlier one first",
                first.at, second.at
            )));
        }
        if !first.looked.is_comparable(&second.looked) {
            return Err(Failure(format!(
                "{old} and {new} were made under different keys (NONHUMAN_FINGERPRINT_KEY), so that no secret of the one can \
                 be recognised in the other; scan again under one key"
            )));
        }
        if let (Some(one), Some(other)) = (first.looked.only_tree(), second.looked.only_tree())
            && one != other
            && !quiet
        {
            let (one, other) = (report::clean(one), report::clean(other));
            term::remark(&format!("the tree {one} of {old} and the tree {other} of {new} are compared as one tree"));
        }
        let before = State::before(&first, &second);
        let after = before.after(&second);
        return Ok(Drift::between(&before, &after));
    }
    let file = arguments.history_file.as_ref().or(config.history_file.as_ref()).ok_or_else(|| {
        Failure("there is nothing to compare: name two JSON reports, or a history with --history-file FILE".to_owned())
    })?;
    let history = History::open(file)?;
    let points = history.points()?;
    let Some(last) = points.last() else {
        return Err(Failure(format!("{}: there is no scan in it yet", file.display())));
    };
    let (from, to) = match arguments.between.as_slice() {
        [] => (points.iter().rev().nth(1).map(|point| point.scan), last.scan),
        [from] => (Some(history.find(from)?), last.scan),
        [from, to, ..] => (Some(history.find(from)?), history.find(to)?),
    };
    if from.is_some_and(|from| from > to) {
        return Err(Failure(format!(
            "{} is after {}; name the earlier one first",
            shown(arguments, 0),
            shown(arguments, 1)
        )));
    }
    Ok(history.drift(from, to)?)
}

fn shown(arguments: &Diff, place: usize) -> &str {
    arguments.between.get(place).map_or("the last scan", String::as_str)
}

fn read(path: &str) -> Result<Snapshot, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure(format!("{path}: {error}")))?;
    Snapshot::parse(&text).map_err(|error| Failure(format!("{path}: {error}")))
}
