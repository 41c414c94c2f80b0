//! Tells a reader what was found. Changes nothing, decides nothing; every format carries the coverage.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::inventory::Inventory;
use crate::model::{Finding, NotEvaluated, RuleInfo, Severity};

/// Everything a report is made of.
pub struct Scan<'a> {
    /// The program's version.
    pub version: &'a str,
    /// The scan's point in time.
    pub now: Timestamp,
    /// What was asked to be scanned, in words: paths, `aws`, `kubernetes context prod`.
    pub inputs: &'a [String],
    /// The graph with its facts and coverage.
    pub inventory: &'a Inventory,
    /// Findings at or above the wanted severity, worst first, then by identity, rule and subject.
    pub findings: &'a [Finding],
    /// Rules that could not be judged, and why.
    pub not_evaluated: &'a [NotEvaluated],
    /// Every rule that was loaded, by id.
    pub rules: &'a [RuleInfo],
    /// Findings that were left out because they are below this severity.
    pub min_severity: Severity,
    /// How many findings were left out for that.
    pub below_min_severity: u64,
}

/// How a report may look on the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether ANSI colours may be written.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
}

/// One output format.
pub trait Report: Sync {
    /// Its name, as in `--format`.
    fn name(&self) -> &'static str;

    /// The file name endings that mean it, as in `--output`; the longest match of all formats wins.
    fn suffixes(&self) -> &'static [&'static str];

    /// Writes it.
    ///
    /// # Errors
    /// Only those of `out`.
    fn write(&self, scan: &Scan<'_>, style: Style, out: &mut dyn Write) -> io::Result<()>;
}

/// Every format.
pub const REPORTS: &[&dyn Report] = &[];
