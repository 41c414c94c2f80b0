//! The scans of a history in numbers and as a small chart of characters.

use std::io::{self, BufWriter, Write};

use crate::history::Point;
use crate::report::Style;
use crate::report::json::pretty;

/// How to write the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TrendFormat {
    /// For a terminal.
    Table,
    /// For a program.
    Json,
}

/// The columns of the chart, in characters.
const WIDEST: usize = 40;

/// Writes the numbers of these scans, oldest first, of `all`.
///
/// # Errors
/// Only those of `out`.
pub fn write_trend(
    points: &[Point],
    all: usize,
    format: TrendFormat,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format == TrendFormat::Json {
        return pretty(&serde_json::json!({"schema": "nonhuman/trend/v1", "scans": points}), out);
    }
    let mut out = BufWriter::new(out);
    if points.is_empty() {
        writeln!(out, "there is no scan yet")?;
        return out.flush();
    }
    if all > points.len() {
        writeln!(out, "the newest {} of {all} scans", points.len())?;
    }
    writeln!(
        out,
        "{:<6}{:<17}{:>5}{:>6}{:>7}{:>6}{:>6}{:>7}{:>7}  open",
        "scan", "time", "crit", "high", "medium", "low", "info", "new", "gone"
    )?;
    let most = points.iter().map(total).max().unwrap_or_default().max(1);
    let columns = style.width.saturating_sub(70).clamp(8, WIDEST);
    for point in points {
        let [critical, high, medium, low, info] = point.open;
        let at = point.at.strftime("%Y-%m-%d %H:%M");
        let (sum, mark) = (total(point), if point.complete { "" } else { "  (incomplete)" });
        let length = usize::try_from(sum).unwrap_or_default() * columns / usize::try_from(most).unwrap_or(1).max(1);
        let bar = "█".repeat(length.max(usize::from(sum > 0)));
        writeln!(
            out,
            "#{:<5}{at:<17}{critical:>5}{high:>6}{medium:>7}{low:>6}{info:>6}{:>+7}{:>+7}  {bar} {sum}{mark}",
            point.scan, point.raised, -point.resolved
        )?;
    }
    out.flush()
}

fn total(point: &Point) -> i64 {
    point.open.iter().sum()
}
