//! With what a scan looked: what of trees, how far, for which secrets, under which key. Compares; knows no flag.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{TreeName, names};

names! {
    /// What of trees was read.
    Extent {
        /// The files that lie in them.
        WorkTree = "work-tree",
        /// What the index changes.
        Staged = "staged",
        /// What some commits add.
        Range = "range",
        /// What any commit ever added.
        History = "history",
        /// Files that a list or standard input gave.
        Given = "given",
    }
}

/// With what a scan looked. That something is gone is known only where a later scan looked with no less.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// The program's version: another one may give the same secret to another detector.
    pub version: String,
    /// The fingerprint of a public text under the key of this scan: under another key no value can be recognised.
    pub key: String,
    /// What of trees was read.
    pub extent: Extent,
    /// Files that `.gitignore` names were read, too.
    pub ignored_files: bool,
    /// Archives were opened.
    pub archives: bool,
    /// Code that makes identities was read, too.
    pub definitions: bool,
    /// Larger files were read only this far; in bytes.
    pub max_file_size: u64,
    /// Detectors of the program that were not loaded, or were replaced.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub detectors_off: BTreeSet<String>,
    /// Detectors that the program has not by itself.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub detectors_added: BTreeSet<String>,
    /// A digest of those and of the files they come from: under one name another expression may stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_digest: Option<String>,
    /// Trees whose names in the graph had to be lengthened, since two of this scan have folders of one name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lengthened: BTreeSet<String>,
    /// Trees that have a name beside the path that they were given by, by that path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trees: BTreeMap<String, TreeName>,
    /// The first commit of each tree whose repository says nothing of where it comes from, by the tree's name: what tells
    /// it from another tree of that name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub first_commits: BTreeMap<String, String>,
    /// In a history alone: the true path of each tree of which nothing but the name of its folder is known, by that name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<String, String>,
}

impl Scope {
    /// Whether a scan with this scope sees all in a tree that one with another saw there.
    pub fn covers(&self, then: &Self, tree: &str) -> bool {
        let extent = match (then.extent, self.extent) {
            (Extent::WorkTree, Extent::WorkTree) => true,
            // The ends of a range move, and what is staged or listed is something else each time.
            (Extent::History | Extent::Range, Extent::History) => true,
            _ => false,
        };
        extent
            && self.key == then.key
            && (self.ignored_files || !then.ignored_files)
            && (self.archives || !then.archives)
            && (self.definitions || !then.definitions)
            && self.max_file_size >= then.max_file_size
            && self.lengthened.contains(tree) == then.lengthened.contains(tree)
    }

    /// Whether a scan with this scope would tell an exposure by the same detector as one with another did. `told` is the
    /// exposure's name behind `exposure:`, which begins with the detector's.
    pub fn has_detector(&self, then: &Self, told: &str) -> bool {
        let is_in = |set: &BTreeSet<String>| {
            set.iter().any(|detector| told.strip_prefix(detector.as_str()).is_some_and(|rest| rest.starts_with('/')))
        };
        let is_own = !is_in(&then.detectors_added) && !is_in(&self.detectors_off);
        let is_same = || is_in(&self.detectors_added) && self.added_digest == then.added_digest;
        self.version == then.version && self.key == then.key && (is_own || is_same())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            version: "1".to_owned(),
            key: "k".to_owned(),
            extent: Extent::WorkTree,
            ignored_files: false,
            archives: true,
            definitions: false,
            max_file_size: 10,
            detectors_off: BTreeSet::new(),
            detectors_added: BTreeSet::new(),
            added_digest: None,
            lengthened: BTreeSet::new(),
            trees: BTreeMap::new(),
            first_commits: BTreeMap::new(),
            folders: BTreeMap::new(),
        }
    }

    #[test]
    fn less_does_not_cover_more() {
        let is = |change: fn(&mut Scope)| {
            let mut other = scope();
            change(&mut other);
            (other.covers(&scope(), "t"), scope().covers(&other, "t"))
        };
        assert_eq!(is(|_| ()), (true, true));
        assert_eq!(is(|one| one.ignored_files = true), (true, false));
        assert_eq!(is(|one| one.archives = false), (false, true));
        assert_eq!(is(|one| one.definitions = true), (true, false));
        assert_eq!(is(|one| one.max_file_size = 9), (false, true));
        assert_eq!(is(|one| one.key = "other".to_owned()), (false, false));
        assert_eq!(is(|one| one.lengthened = BTreeSet::from(["t".to_owned()])), (false, false));
        assert_eq!(is(|one| one.lengthened = BTreeSet::from(["u".to_owned()])), (true, true));
        for extent in [Extent::Staged, Extent::Range, Extent::History, Extent::Given] {
            let other = Scope { extent, ..scope() };
            assert_eq!((other.covers(&scope(), "t"), scope().covers(&other, "t")), (false, false), "{extent}");
            assert_eq!(other.covers(&other, "t"), extent == Extent::History, "{extent}");
        }
        let range = Scope { extent: Extent::Range, ..scope() };
        assert!(Scope { extent: Extent::History, ..scope() }.covers(&range, "t"));
    }

    #[test]
    fn a_detector_that_is_not_loaded_sees_nothing() {
        let off = Scope { detectors_off: BTreeSet::from(["d".to_owned()]), ..scope() };
        let added = Scope { detectors_added: BTreeSet::from(["x".to_owned()]), ..scope() };
        let other = Scope { added_digest: Some("2".to_owned()), ..added.clone() };
        assert!(!other.has_detector(&added, "x/1/t/a") && other.has_detector(&added, "d/1/t/a"));
        let newer = Scope { version: "2".to_owned(), ..scope() };
        assert!(scope().has_detector(&scope(), "d/1/t/a"));
        assert!(!off.has_detector(&scope(), "d/1/t/a") && off.has_detector(&scope(), "e/1/t/a"));
        assert!(!scope().has_detector(&added, "x/1/t/a") && added.has_detector(&added, "x/1/t/a"));
        assert!(!newer.has_detector(&scope(), "d/1/t/a"));
    }
}
