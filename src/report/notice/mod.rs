//! Messages about a scan for machines and chats: what is new, what is gone, what was not read. Bounded; says what it
//! leaves out.

mod issue;
mod metrics;
mod slack;
mod webhook;

use jiff::Timestamp;

pub use metrics::last_complete;

use super::Scan;
use super::notes::headline;
use super::{SeverityCounts, Summary};
use crate::history::{Change, Drift};
use crate::model::Finding;

/// A scan and what changed since the last one.
pub struct Notice<'a> {
    /// The scan.
    pub scan: &'a Scan<'a>,
    /// What changed, where scans are remembered.
    pub drift: Option<&'a Drift>,
    /// How long the scan took, in milliseconds.
    pub milliseconds: u64,
    /// The last scan that read all it was asked for, as far as that is known; this one may be it.
    pub last_complete: Option<Timestamp>,
}

impl Notice<'_> {
    /// Whether there is anything to say: something changed, or was not read. Without a memory there always is.
    pub fn is_worth_telling(&self) -> bool {
        self.scan.is_incomplete() || self.drift.is_none_or(|drift| !drift.is_empty())
    }

    /// The findings that ask for somebody: new or back, or all where nothing is remembered.
    pub fn raised(&self) -> impl Iterator<Item = &Finding> {
        let has_memory = self.drift.is_some();
        let is_raised =
            move |one: &&Finding| !one.is_accepted() && (!has_memory || one.history.is_some_and(|it| it.is_raised()));
        self.scan.findings.iter().filter(is_raised)
    }

    fn headline(&self) -> String {
        let scan = headline(self.scan, &Summary::of(self.scan));
        let Some(drift) = self.drift else { return scan };
        let raised = SeverityCounts::of(self.raised());
        let new: Vec<_> =
            raised.worst_first().iter().filter(|(_, n)| *n > 0).map(|(s, n)| format!("{n} {s}")).collect();
        let gone = drift.of(Change::Resolved).count();
        let new = if new.is_empty() { "nothing new".to_owned() } else { format!("new: {}", new.join(", ")) };
        format!("{new}; {gone} resolved. {scan}")
    }
}
