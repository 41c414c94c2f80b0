//! `nonhuman trend`: the scans of a history in numbers.

use std::path::PathBuf;

use clap::Args;

use super::arguments::Global;
use super::{Failure, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::history::History;
use crate::report::{self, Style, TrendFormat};
use crate::term;

/// `nonhuman trend`
#[derive(Debug, Args)]
pub struct Trend {
    /// The history that `scan --history-file` wrote
    #[arg(long, alias = "history", value_name = "FILE", env = "NONHUMAN_HISTORY_FILE")]
    history_file: Option<PathBuf>,
    /// Show this many scans, the newest
    #[arg(long, value_name = "N", default_value_t = 30)]
    last: usize,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: TrendFormat,
}

pub(super) fn run(arguments: &Trend, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let file = arguments.history_file.as_ref().or(config.history_file.as_ref()).ok_or_else(|| {
        Failure("there is no history: --history-file FILE, or 'history-file' in nonhuman.toml".to_owned())
    })?;
    let points = History::open(file)?.points()?;
    let shown = &points[points.len().saturating_sub(arguments.last)..];
    let style = Style { color: global.color.for_stdout(), width: term::width() };
    output::to_stdout(|out| report::write_trend(shown, points.len(), arguments.format, style, out))?;
    Ok(Exit::Clean)
}
