//! What was looked at, and which facts the holes in it make unknown.

use crate::model::{CoverageEntry, FactKind};

/// All coverage entries, sorted and without duplicates.
#[derive(Debug, Default)]
pub struct Coverage {
    entries: Vec<CoverageEntry>,
}

impl Coverage {
    /// Sorts and deduplicates.
    pub fn new(mut entries: Vec<CoverageEntry>) -> Self {
        entries.sort();
        entries.dedup();
        Self { entries }
    }

    /// Every entry.
    pub fn entries(&self) -> &[CoverageEntry] {
        &self.entries
    }

    /// The entries that make the report incomplete.
    pub fn holes(&self) -> impl Iterator<Item = &CoverageEntry> {
        self.entries.iter().filter(|entry| entry.is_hole())
    }

    /// Whether something was asked for and not read.
    pub fn is_incomplete(&self) -> bool {
        self.holes().next().is_some()
    }

    /// The hole that makes a class of facts of a target unknown, if there is one.
    pub fn blind_spot(&self, target: &str, fact: FactKind) -> Option<&CoverageEntry> {
        self.entries.iter().find(|entry| entry.target == target && entry.blinds.contains(&fact))
    }
}
