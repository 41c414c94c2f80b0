//! Where a scan looked, as far as the next one must know it. Takes it from the coverage; concludes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{CoverageEntry, FactKind, Outcome, Scope, TreeNames};

/// A place that a collector looked at: an account, a cluster, a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The collector's name.
    pub collector: String,
    /// The account, cluster or tree; empty where it cannot be told, which stands for all of the collector.
    pub target: String,
}

impl Place {
    /// The place of a target as the coverage calls it. A tree is known by its name, so that it is one in every checkout.
    pub(super) fn of(collector: &str, target: &str, names: &TreeNames) -> Self {
        let target = if OF_TREES.contains(&collector) { names.name(target) } else { target };
        Self { collector: collector.to_owned(), target: target.to_owned() }
    }
}

/// The collectors that read trees, and so see what the scope of a scan lets them.
pub(super) const OF_TREES: [&str; 2] = ["source", "agents"];

/// Rules with the targets that they are blind in, under every name of these.
pub(super) fn called(blind: BTreeSet<(String, String)>, names: &TreeNames) -> BTreeSet<(String, String)> {
    let named = blind.iter().map(|(rule, target)| (rule.clone(), names.name(target).to_owned()));
    let named: Vec<_> = named.collect();
    blind.into_iter().chain(named).collect()
}

/// What was looked at, by place: each thing, and whether it was a hole that may hide things. A hole that only hides facts of
/// things (their use, their rights) is known to the rules that need them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// By place.
    pub places: BTreeMap<Place, BTreeMap<String, bool>>,
    /// With what was looked.
    pub scopes: BTreeSet<Scope>,
    /// By place, all that was not read to its end, whatever it hides.
    pub holes: BTreeMap<Place, BTreeSet<String>>,
    /// The rules that were loaded, each with the digest of what it asks; empty where that is not known.
    pub rules: BTreeMap<String, String>,
    /// By tree, how many files were passed over that another scan may have read. Told only where the scan does not know
    /// of each file whether it was.
    pub passed_over: BTreeMap<Place, u64>,
}

impl Looked {
    /// Whether values of both can be recognised: under another key each has another fingerprint.
    pub fn is_comparable(&self, other: &Self) -> bool {
        let keys = |one: &'_ Self| one.scopes.iter().map(|scope| scope.key.clone()).collect::<BTreeSet<_>>();
        let (keys, others) = (keys(self), keys(other));
        keys.is_empty() || others.is_empty() || keys == others
    }
}

impl Looked {
    /// Whether a rule is loaded, and asks what it did then. Of those from before that was known nothing else is told.
    pub(super) fn asks_as(&self, then: &Self, rule: &str) -> bool {
        let now = self.rules.get(rule);
        let then = then.rules.get(rule).filter(|digest| !digest.is_empty());
        now.is_some_and(|now| now.is_empty() || then.is_none_or(|then| then == now))
    }

    /// The only tree that was looked at, if it was one.
    pub fn only_tree(&self) -> Option<&str> {
        let trees = self.places.keys().filter(|place| OF_TREES.contains(&place.collector.as_str()));
        let trees: BTreeSet<&str> = trees.map(|place| place.target.as_str()).collect();
        trees.first().copied().filter(|_| trees.len() == 1)
    }

    /// The trees of both whose names in the graph are longer in one of them alone.
    pub(super) fn renamed(&self, other: &Self) -> Vec<String> {
        let longer = |one: &Self, tree: &String| one.scopes.iter().any(|scope| scope.lengthened.contains(tree));
        let trees: BTreeSet<&String> = self.places.keys().map(|place| &place.target).collect();
        let both = other.places.keys().map(|place| &place.target).filter(|tree| trees.contains(tree));
        let both: BTreeSet<&String> = both.filter(|tree| longer(self, tree) != longer(other, tree)).collect();
        both.into_iter().cloned().collect()
    }
}

impl FromIterator<(Place, BTreeMap<String, bool>)> for Looked {
    fn from_iter<I: IntoIterator<Item = (Place, BTreeMap<String, bool>)>>(places: I) -> Self {
        Self { places: places.into_iter().collect(), ..Self::default() }
    }
}

/// What may hide a file that was read before, though it lies there still.
const HIDING: [&str; 2] = ["files named by .gitignore", "symbolic links"];

/// How many files each tree has that were passed over and may hide a secret.
pub(super) fn passed_over(entries: &[CoverageEntry], names: &TreeNames) -> BTreeMap<Place, u64> {
    let mut passed_over = BTreeMap::new();
    let hides = |one: &&CoverageEntry| one.collector == "source" && HIDING.contains(&one.what.as_str());
    for entry in entries.iter().filter(hides) {
        let place = Place::of(&entry.collector, &entry.target, names);
        *passed_over.entry(place).or_default() += entry.count;
    }
    passed_over
}

/// What of a tree is read where there is such a thing.
const OF_SCOPE: [&str; 2] = ["archives", "code that makes identities"];

/// Coverage by place.
pub(super) fn looked(entries: &[CoverageEntry], scopes: BTreeSet<Scope>) -> Looked {
    let names = &TreeNames::of(&scopes);
    let mut looked = Looked { scopes, ..Looked::default() };
    // What is left out on purpose was not looked at. Whether there is an archive, or code that makes identities, changes nothing
    // of how a tree is read: whether they would be read stands in the scope.
    let is_read = |entry: &&CoverageEntry| entry.outcome != Outcome::NotRead || entry.is_hole();
    let is_counted = |entry: &&CoverageEntry| {
        entry.collector != "source" || entry.is_hole() || !OF_SCOPE.contains(&entry.what.as_str())
    };
    for entry in entries.iter().filter(is_read).filter(is_counted) {
        let place = Place::of(&entry.collector, &entry.target, names);
        if entry.is_hole() {
            looked.holes.entry(place.clone()).or_default().insert(entry.what.clone());
        }
        let hides = entry.kinds.is_empty() && (entry.blinds.is_empty() || entry.blinds.contains(&FactKind::Identities));
        *looked.places.entry(place).or_default().entry(entry.what.clone()).or_default() |= entry.is_hole() && hides;
    }
    looked
}
