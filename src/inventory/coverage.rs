//! What was looked at, and which facts the holes in it make unknown.

use std::collections::HashMap;

use crate::model::{CoverageEntry, FactKind, Urn};

/// All coverage entries, sorted and without duplicates.
#[derive(Debug, Default)]
pub struct Coverage {
    entries: Vec<CoverageEntry>,
    /// Of each target the entries that make something unknown: every field of every subject asks.
    blind: HashMap<String, Vec<usize>>,
    /// Whether some of these are trees of manifests, of which folders and overlays may be targets of their own.
    has_trees: bool,
}

/// How the target of a tree of manifests ends; what is behind it names a folder or overlay in the tree.
const TREE: &str = "(manifests)";

impl Coverage {
    /// Sorts and deduplicates.
    pub fn new(mut entries: Vec<CoverageEntry>) -> Self {
        entries.sort();
        entries.dedup();
        let mut blind: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.blinds.is_empty()) {
            blind.entry(entry.target.clone()).or_default().push(at);
        }
        let has_trees = blind.keys().any(|target| target.ends_with(TREE));
        Self { entries, blind, has_trees }
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

    /// As [`Self::blind_spot`], for one thing of the target: a hole may be of it alone.
    pub fn blind_spot_of(&self, thing: &Urn, target: &str, fact: FactKind) -> Option<&CoverageEntry> {
        self.blind_spot(target, fact).or_else(|| self.blind_spot(thing.as_str(), fact))
    }

    /// The hole that makes a class of facts of a target unknown, whatever they are of, if there is one.
    pub fn blind_spot(&self, target: &str, fact: FactKind) -> Option<&CoverageEntry> {
        self.blinding(target, fact).find(|entry| entry.kinds.is_empty())
    }

    /// As [`Self::blind_spot_of`], also for a hole that is of things of this kind alone.
    pub fn blind_spot_to(&self, kind: &str, thing: &Urn, target: &str, fact: FactKind) -> Option<&CoverageEntry> {
        let all = self.blinding(target, fact).chain(self.blinding(thing.as_str(), fact));
        all.into_iter().find(|entry| entry.is_of(kind))
    }

    fn blinding(&self, target: &str, fact: FactKind) -> impl Iterator<Item = &CoverageEntry> {
        // What could not be read of a tree may belong to any folder of it.
        let tree = || target.find(TREE).and_then(|at| target.get(..at + TREE.len())).filter(|tree| *tree != target);
        let tree = if self.has_trees { tree().and_then(|tree| self.blind.get(tree)) } else { None };
        let of_target = self.blind.get(target).into_iter().chain(tree).flatten().map(|at| &self.entries[*at]);
        of_target.filter(move |entry| entry.blinds.contains(&fact))
    }
}
