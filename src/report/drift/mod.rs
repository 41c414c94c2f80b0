//! What changed between two scans, for a reader. Changes nothing and decides nothing.

mod markdown;
mod terminal;
mod trend;

use std::io::{self, Write};

use super::Style;
use super::json::pretty;
use crate::history::{Change, Drift, IdentityEvent};

pub use trend::{TrendFormat, write_trend};

/// The name and version of the JSON form.
const SCHEMA: &str = "nonhuman/diff/v1";

/// How to write what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DriftFormat {
    /// For a terminal.
    Table,
    /// For a comment or a chat.
    Markdown,
    /// For a program.
    Json,
}

/// Writes what changed.
///
/// # Errors
/// Only those of `out`.
pub fn write_drift(drift: &Drift, format: DriftFormat, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        DriftFormat::Table => terminal::write(drift, style, out),
        DriftFormat::Markdown => markdown::write(drift, out),
        DriftFormat::Json => pretty(&Document { schema: SCHEMA, drift }, out),
    }
}

#[derive(serde::Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    drift: &'a Drift,
}

/// The heading of a change of findings.
fn heading(change: Change) -> &'static str {
    match change {
        Change::New => "New",
        Change::Reopened => "Reopened",
        Change::Severity => "Changed severity",
        Change::Resolved => "Resolved",
        Change::Muted => "Accepted or called false",
        Change::NotSeen => "Not seen (their source was not read this time)",
    }
}

/// The heading of a change of identities.
fn identity_heading(event: IdentityEvent) -> &'static str {
    match event {
        IdentityEvent::Appeared => "Identities that appeared",
        IdentityEvent::Vanished => "Identities that vanished",
        IdentityEvent::NotSeen => "Identities that were not looked for",
        IdentityEvent::RightsGrew => "Rights that grew",
        IdentityEvent::RightsShrank => "Rights that vanished",
        IdentityEvent::OwnerLeft => "Owners who left",
        IdentityEvent::OwnerChanged => "Owners that changed",
        IdentityEvent::ReachGrew => "New reach",
        IdentityEvent::ReachShrank => "Reach that is gone",
    }
}

/// The change in one line; never `nothing` where something is left out.
fn headline(drift: &Drift) -> String {
    let mut parts: Vec<String> = Change::ALL
        .iter()
        .map(|change| (change, drift.of(*change).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(change, count)| format!("{count} {change}"))
        .collect();
    if parts.is_empty() {
        parts.push("no finding changed".to_owned());
    }
    match drift.identities.len() {
        0 => {}
        1 => parts.push("1 change of identities".to_owned()),
        count => parts.push(format!("{count} changes of identities")),
    }
    parts.push(format!("{} still open", drift.still_open));
    parts.join(", ")
}

/// The two points in time.
fn period(drift: &Drift) -> String {
    let shown = |at: Option<jiff::Timestamp>| at.map_or_else(|| "the beginning".to_owned(), |at| at.to_string());
    format!("{} → {}", shown(drift.from), shown(drift.to))
}
