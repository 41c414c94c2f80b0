//! Tells a reader what was found. Changes nothing, decides nothing; every format carries the coverage.

mod csv;
mod drift;
mod escape;
mod evidence;
mod gaps;
mod github;
mod gitlab;
mod group;
mod html;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod notes;
mod notice;
mod okta_governance;
mod parquet;
mod sarif;
mod summary;
mod table;
mod view;
mod words;

use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use crate::history::Point;
use crate::inventory::Inventory;
use crate::model::{Finding, Hidden, NotEvaluated, RuleInfo, Severity};

pub use drift::{DriftFormat, TrendFormat, write_drift, write_trend};
pub use escape::{clean, flow};
pub use evidence::{Basis, Part, evidence, sha256};
pub use group::headline;
pub use json::pretty as pretty_json;
pub use notice::{Notice, last_complete};
pub use okta_governance::{Approach, OktaGovernance, okta_governance};
pub use summary::{SeverityCounts, Summary};
pub use words::{last_use as last_use_words, owner as owner_words, words as capability_words};

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
    /// How many findings were left out because the caller's baseline accepts them.
    pub in_baseline: u64,
    /// How many findings were left out because an earlier scan of the history saw them, too.
    pub already_known: u64,
    /// Which ones these are, so that who compares two reports knows them.
    pub hidden: Hidden,
    /// The scans of the history, oldest first, this one last; empty where none is remembered.
    pub trend: &'a [Point],
}

impl Scan<'_> {
    /// Whether something that was asked for was not read, or nothing was looked at, or there was no rule to judge by.
    /// A report of an incomplete scan never reads as clean (promise 1 of the design).
    pub fn is_incomplete(&self) -> bool {
        self.inventory.coverage.is_incomplete() || self.looked_at_nothing() || self.rules.is_empty()
    }

    /// Whether not one thing was read, be it that nothing was there.
    pub fn looked_at_nothing(&self) -> bool {
        self.inventory.coverage.entries().iter().all(|entry| entry.count == 0)
    }
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

    /// Whether it can be shown on a terminal.
    fn is_text(&self) -> bool {
        true
    }

    /// Writes it.
    ///
    /// # Errors
    /// Only those of `out`.
    fn write(&self, scan: &Scan<'_>, style: Style, out: &mut dyn Write) -> io::Result<()>;
}

/// Every format.
pub const REPORTS: &[&dyn Report] = &[
    &table::Table,
    &json::Json,
    &jsonl::Jsonl,
    &csv::Findings,
    &csv::Identities,
    &sarif::Sarif,
    &github::GitHub,
    &gitlab::GitLab,
    &junit::JUnit,
    &markdown::Markdown,
    &html::Html,
    &parquet::Findings,
    &parquet::Identities,
];

/// The format of this name, as in `--format`.
pub fn by_name(name: &str) -> Option<&'static dyn Report> {
    REPORTS.iter().copied().find(|report| report.name() == name)
}

/// The format that a file's name asks for, as in `--output`: the longest ending of all formats wins, so that
/// `acme.inventory.csv` is the inventory and `acme.csv` the findings. Upper and lower case are the same.
pub fn by_file(path: &Path) -> Option<&'static dyn Report> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let endings = REPORTS.iter().copied().flat_map(|report| report.suffixes().iter().map(move |end| (*end, report)));
    endings.filter(|(end, _)| name.ends_with(end)).max_by_key(|(end, _)| end.len()).map(|(_, report)| report)
}
