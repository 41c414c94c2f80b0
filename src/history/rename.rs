//! Follows trees that are called otherwise since: by where their repository comes from, in place of the path that they were
//! given by and the name of their folder. Pure; compares nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::load::Kind;
use super::looked::{Looked, OF_TREES, Place};
use super::snapshot::{FindingSeen, IdentitySeen, Snapshot};
use super::state::{State, Tracked};
use crate::model::{Fingerprint, Scope, TreeName, TreeNames, Urn, is_told_apart};

/// What was called otherwise: its kind, its name then and its name now.
pub(super) type Renamed = Vec<(Kind, String, String)>;

/// How trees are called now, by how they were called then: the tree itself, and what lies in it.
pub(super) struct Called(BTreeMap<String, (String, TreeName)>);

impl Called {
    /// How the trees of a later scan are called that are still known by the path that they were given by.
    fn by(scopes: &BTreeSet<Scope>) -> Self {
        let names = TreeNames::of(scopes);
        // What is told apart from another tree of its name was never called by that name alone.
        let is_apart = |tree: &TreeName| {
            scopes
                .iter()
                .filter_map(|scope| scope.first_commits.get(&tree.name))
                .any(|first| is_told_apart(&tree.name, first))
        };
        let known = names.all().filter(|(_, tree)| !is_apart(tree));
        Self(known.map(|(path, tree)| (path.to_owned(), (tree.name.clone(), tree.clone()))).collect())
    }

    /// The same for two reports. Whoever compares two reports of one tree each means one tree: two checkouts of it.
    pub(super) fn between(first: &Snapshot, second: &Snapshot) -> Self {
        let mut called = Self::by(&second.looked.scopes);
        if let (Some(then), Some(now)) = (first.looked.only_tree(), second.looked.only_tree())
            && then != now
        {
            let tree = TreeName { name: label(second, now), folder: label(first, then) };
            called.0 = BTreeMap::from([(then.to_owned(), (now.to_owned(), tree))]);
        }
        called
    }

    /// What a name of the later scan was then, if that was another one.
    pub(super) fn before(&self, urn: &Urn) -> Option<Urn> {
        self.0.values().find_map(|(_, tree)| tree.by_folder(urn.as_str())).map(|urn| Urn::new(&urn))
    }
}

/// How the names of what lies in a tree call it: by its name, or by its folder.
fn label(scan: &Snapshot, tree: &str) -> String {
    let named = TreeNames::of(&scan.looked.scopes);
    let named: Vec<&TreeName> = named.all().map(|(_, one)| one).filter(|one| one.name == tree).collect();
    let folder = tree.rsplit('/').next().unwrap_or(tree);
    let folder = named.first().map_or(folder, |one| one.folder.as_str()).to_owned();
    let urns = scan.findings.values().map(|one| &one.subject).chain(scan.identities.keys());
    let is_in = |urn: &Urn| {
        let probe = TreeName { name: format!("{tree}-"), folder: tree.to_owned() };
        probe.by_name(urn.as_str()).is_some()
    };
    if urns.into_iter().any(is_in) { tree.to_owned() } else { folder }
}

impl State {
    /// The same in the names that the trees of a later scan have.
    pub(super) fn in_names_of(self, scopes: &BTreeSet<Scope>) -> (Self, Renamed) {
        self.called(&Called::by(scopes))
    }

    /// The same with its trees called so.
    pub(super) fn called(self, names: &Called) -> (Self, Renamed) {
        let mut renaming = Renaming { names, looked: BTreeMap::new(), renamed: Vec::new() };
        let Self { at, looked, findings, identities } = self;
        let looked = renaming.looked(&looked);
        let findings = findings.into_iter().map(|(key, one)| renaming.finding(key, one)).collect();
        let identities = identities.into_iter().map(|(key, one)| renaming.identity(key, one)).collect();
        (Self { at, looked, findings, identities }, renaming.renamed)
    }
}

struct Renaming<'n> {
    names: &'n Called,
    /// What was renamed already, by its address: many things were seen by one scan.
    looked: BTreeMap<usize, Arc<Looked>>,
    renamed: Renamed,
}

impl Renaming<'_> {
    /// How what lies in the tree of a place is called, where that is otherwise than then.
    fn tree(&self, place: &Place) -> Option<&TreeName> {
        self.names.0.get(&place.target).map(|(_, tree)| tree)
    }

    fn place(&self, place: &Place) -> Place {
        if OF_TREES.contains(&place.collector.as_str()) { self.tree_place(place) } else { place.clone() }
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
        let (scopes, rules) = (looked.scopes.clone(), looked.rules.clone());
        let mut renamed = Looked { scopes, rules, ..Looked::default() };
        renamed.places = looked.places.iter().map(|(place, what)| (self.place(place), what.clone())).collect();
        renamed.holes = looked.holes.iter().map(|(place, what)| (self.place(place), what.clone())).collect();
        renamed.passed_over = looked.passed_over.iter().map(|(place, count)| (self.place(place), *count)).collect();
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
        let target = self.names.0.get(&place.target).map_or(&place.target, |(target, _)| target);
        Place { collector: place.collector.clone(), target: target.clone() }
    }

    fn identity(&mut self, key: Urn, one: Tracked<IdentitySeen>) -> (Urn, Tracked<IdentitySeen>) {
        let looked = self.looked(&one.looked);
        let mut one = Tracked { looked, ..one };
        let Some(tree) = self.tree(&one.thing.place).cloned() else { return (key, one) };
        one.thing.place = self.place(&one.thing.place);
        one.thing.owner_unread = one.thing.owner_unread.iter().map(|place| self.place(place)).collect();
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
