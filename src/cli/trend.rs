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
    /// Take the newest scan out of the history first, as if it had never been: one of a clock that was ahead, for example
    #[arg(long)]
    forget_last: bool,
    /// How to write it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: TrendFormat,
}

pub(super) fn run(arguments: &Trend, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let file = arguments.history_file.as_ref().or(config.history_file.as_ref()).ok_or_else(|| {
        Failure("there is no history: --history-file FILE, or 'history-file' in nonhuman.toml".to_owned())
    })?;
    let mut history = History::open(file)?;
    if arguments.forget_last {
        let told = match history.forget_last()? {
            Some(at) => format!("{}: the scan of {at} is taken out", file.display()),
            None => format!("{}: there is no scan in it", file.display()),
        };
        term::remark(&told);
    }
    let points = history.points()?;
    let shown = &points[points.len().saturating_sub(arguments.last)..];
    let style = Style { color: global.color.for_stdout(), width: term::width() };
    output::to_stdout(|out| report::write_trend(shown, points.len(), arguments.format, style, out))?;
    Ok(Exit::Clean)
}
