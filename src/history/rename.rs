//! Follows trees that are called otherwise since: by where their repository comes from, in place of the path that they were
//! given by and the name of their folder. Pure; compares nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::load::Kind;
use super::looked::{Looked, OF_TREES, Place};
use super::snapshot::{FindingSeen, IdentitySeen};
use super::state::{State, Tracked};
use crate::model::{Fingerprint, Scope, TreeName, TreeNames, Urn};

/// What was called otherwise: its kind, its name then and its name now.
pub(super) type Renamed = Vec<(Kind, String, String)>;

impl State {
    /// The same in the names that the trees of a later scan have.
    pub(super) fn in_names_of(self, scopes: &BTreeSet<Scope>) -> (Self, Renamed) {
        let names = TreeNames::of(scopes);
        let mut renaming = Renaming { names: &names, looked: BTreeMap::new(), renamed: Vec::new() };
        let Self { at, looked, findings, identities } = self;
        let looked = renaming.looked(&looked);
        let findings = findings.into_iter().map(|(key, one)| renaming.finding(key, one)).collect();
        let identities = identities.into_iter().map(|(key, one)| renaming.identity(key, one)).collect();
        (Self { at, looked, findings, identities }, renaming.renamed)
    }
}

struct Renaming<'n> {
    names: &'n TreeNames,
    /// What was renamed already, by its address: many things were seen by one scan.
    looked: BTreeMap<usize, Arc<Looked>>,
    renamed: Renamed,
}

impl Renaming<'_> {
    /// The tree of a place that is still called by its path.
    fn tree(&self, place: &Place) -> Option<&TreeName> {
        self.names.get(&place.target)
    }

    fn place(&self, place: &Place) -> Place {
        let tree = self.tree(place).filter(|_| OF_TREES.contains(&place.collector.as_str()));
        let target = tree.map_or(&place.target, |tree| &tree.name);
        Place { collector: place.collector.clone(), target: target.clone() }
    }

    fn looked(&mut self, looked: &Arc<Looked>) -> Arc<Looked> {
        let is_same = |place: &Place| self.tree(place).is_none();
        if looked.places.keys().chain(looked.holes.keys()).all(is_same) {
            return Arc::clone(looked);
        }
        let address = Arc::as_ptr(looked) as usize;
        if let Some(known) = self.looked.get(&address) {
            return Arc::clone(known);
        }
        let mut renamed = Looked { scopes: looked.scopes.clone(), ..Looked::default() };
        renamed.places = looked.places.iter().map(|(place, what)| (self.place(place), what.clone())).collect();
        renamed.holes = looked.holes.iter().map(|(place, what)| (self.place(place), what.clone())).collect();
        let renamed = Arc::new(renamed);
        self.looked.insert(address, Arc::clone(&renamed));
        renamed
    }

    fn finding(&mut self, key: Fingerprint, one: Tracked<FindingSeen>) -> (Fingerprint, Tracked<FindingSeen>) {
        let looked = self.looked(&one.looked);
        let mut one = Tracked { looked, ..one };
        let Some(tree) = one.thing.places.iter().find_map(|place| self.tree(place)).cloned() else { return (key, one) };
        let thing = &mut one.thing;
        let called = |urn: &Urn| tree.by_name(urn.as_str()).map(Urn::new);
        thing.places = thing.places.iter().map(|place| self.tree_place(place)).collect();
        thing.identity = thing.identity.as_ref().map(|id| called(id).unwrap_or_else(|| id.clone()));
        let Some(subject) = called(&thing.subject) else { return (key, one) };
        thing.fingerprint = Fingerprint::of_public(&[&thing.rule, subject.as_str()]);
        thing.subject = subject;
        let now = thing.fingerprint.clone();
        self.renamed.push((Kind::Finding, key.as_str().to_owned(), now.as_str().to_owned()));
        (now, one)
    }

    /// The place of a finding in a file, whoever read it.
    fn tree_place(&self, place: &Place) -> Place {
        let target = self.tree(place).map_or(&place.target, |tree| &tree.name);
        Place { collector: place.collector.clone(), target: target.clone() }
    }

    fn identity(&mut self, key: Urn, one: Tracked<IdentitySeen>) -> (Urn, Tracked<IdentitySeen>) {
        let looked = self.looked(&one.looked);
        let mut one = Tracked { looked, ..one };
        let Some(tree) = self.tree(&one.thing.place).cloned() else { return (key, one) };
        one.thing.place = self.place(&one.thing.place);
        let reached = |text: &String| {
            let (kind, urn) = text.split_once(' ')?;
            Some(format!("{kind} {}", tree.by_name(urn)?))
        };
        one.thing.name = told(&tree, &one.thing.name);
        one.thing.rights = one.thing.rights.iter().map(|text| told(&tree, text)).collect();
        one.thing.reach = one.thing.reach.iter().map(|text| reached(text).unwrap_or_else(|| text.clone())).collect();
        let Some(id) = tree.by_name(key.as_str()).map(Urn::new) else { return (key, one) };
        one.thing.id = id.clone();
        self.renamed.push((Kind::Identity, key.as_str().to_owned(), id.as_str().to_owned()));
        (id, one)
    }
}

/// Clients of agents are called by their trees, too, and stand so among what they can do.
fn told(tree: &TreeName, text: &str) -> String {
    let ending = format!("({})", tree.folder);
    match text.strip_suffix(ending.as_str()) {
        Some(start) => format!("{start}({})", tree.name),
        None => text.to_owned(),
    }
}
