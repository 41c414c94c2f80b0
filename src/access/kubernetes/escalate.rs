//! The shortest way from each subject of a cluster to its administrator, a cloud role or a node, and where to cut it.
//! It follows rights that hold without a condition, but for the last step to a node, and reads no object itself.

use std::collections::{BTreeMap, BTreeSet};

use super::cut::bindings;
use super::right::{Place, Reach, is_enough, sentence, takes_nodes, takes_over};
use crate::model::{Capability, EscalationPath, Grant, Urn};

/// A subject of the cluster with what is known of it.
#[derive(Clone, Debug)]
pub struct Actor<'a> {
    /// Who.
    pub id: &'a Urn,
    /// Its name for a reader.
    pub name: &'a str,
    /// The namespace of a service account; `None` for users and groups, whom pods cannot run as.
    pub namespace: Option<&'a str>,
    /// Whether it is a group.
    pub is_group: bool,
    /// What runs as it.
    pub pods: Pods,
    /// The service accounts, as namespace/name, whose token Secrets its pods are given.
    pub holds: Vec<&'a str>,
    /// The Secrets of its namespace that hold a token of it.
    pub tokens: Vec<&'a str>,
    /// What it can do.
    pub capabilities: &'a [Capability],
    /// Its grants, each with what it amounts to by itself.
    pub grants: Vec<(&'a Grant, &'a [Capability])>,
    /// Where a way may end: what it is or becomes by itself, and a sentence that says so.
    pub top: Option<(Urn, String)>,
}

/// Whether there are pods of a service account, which somebody may get into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pods {
    /// Nothing runs as it.
    None,
    /// What would run as it does not run for now: why.
    Resting(&'static str),
    /// Some run, or will.
    Running,
}

/// Some service accounts of a namespace, or of the whole cluster.
type Group<'a> = (Reach, Place<'a>);

/// How a subject goes on.
#[derive(Clone)]
enum Next {
    /// It is where the way ends.
    End,
    /// By a right of its own, which is as good as all.
    Alone { capability: usize },
    /// As another.
    As { other: usize, capability: usize },
    /// As another whose token its pods have.
    Holds { other: usize },
    /// By the rights of a group that it is in.
    Member { group: usize },
}

/// Where ways are to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Administrator,
    Node,
}

/// The ways of the subjects of a cluster.
#[derive(Debug, Default)]
pub struct Ways {
    /// The shortest of each to its administrator or to a cloud role; of those that are neither already. What a group that
    /// the cluster puts its accounts into by itself gives them is told of the group.
    pub up: BTreeMap<Urn, EscalationPath>,
    /// The shortest to a node, of those that have none for certain to the administrator.
    pub to_nodes: BTreeMap<Urn, EscalationPath>,
}

/// The shortest ways there are in a cluster with these nodes.
pub fn escalations(actors: &[Actor<'_>], nodes: &[Urn]) -> Ways {
    let mut ways =
        Ways { up: Search::new(actors, nodes, false, Goal::Administrator).ways(|_| true), ..Ways::default() };
    let rests = |actor: &Actor<'_>| matches!(actor.pods, Pods::Resting(_)) || !actor.holds.is_empty();
    if actors.iter().any(rests) {
        let new = Search::new(actors, nodes, true, Goal::Administrator).ways(|id| !ways.up.contains_key(id));
        ways.up.extend(new.into_iter().map(|(id, way)| (id, EscalationPath { conditional: true, ..way })));
    }
    let takes = |conditional: bool| {
        let mut all = actors.iter().flat_map(|actor| actor.capabilities);
        all.any(|one| takes_nodes(one) && one.conditional == conditional)
    };
    let is_below = |id: &Urn| ways.up.get(id).is_none_or(|way| way.conditional);
    if takes(false) {
        ways.to_nodes = Search::new(actors, nodes, false, Goal::Node).ways(is_below);
    }
    if takes(true) || actors.iter().any(rests) {
        let is_new = |id: &Urn| is_below(id) && !ways.to_nodes.contains_key(id);
        let new = Search::new(actors, nodes, true, Goal::Node).ways(is_new);
        ways.to_nodes.extend(new.into_iter().map(|(id, way)| (id, EscalationPath { conditional: true, ..way })));
    }
    ways
}

pub(super) struct Search<'a> {
    pub(super) actors: &'a [Actor<'a>],
    nodes: &'a [Urn],
    /// Whether what rests counts as if it ran, and a pod's further tokens as its own.
    wakes: bool,
    goal: Goal,
    next: Vec<Option<Next>>,
    /// Who can take over which group, by which capability.
    takers: BTreeMap<Group<'a>, Vec<(usize, usize)>>,
    /// Groups of which somebody leads up.
    open: BTreeSet<Group<'a>>,
    /// The groups of the cluster that have rights, and its service accounts by namespace.
    named: BTreeMap<&'a str, usize>,
    members: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Search<'a> {
    fn new(actors: &'a [Actor<'a>], nodes: &'a [Urn], wakes: bool, goal: Goal) -> Self {
        let mut takers: BTreeMap<Group<'a>, Vec<(usize, usize)>> = BTreeMap::new();
        let mut named = BTreeMap::new();
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, actor) in actors.iter().enumerate() {
            for (number, capability) in actor.capabilities.iter().enumerate().filter(|(_, one)| !one.conditional) {
                if let Some(group) = takes_over(capability) {
                    takers.entry(group).or_default().push((index, number));
                }
            }
            match actor.namespace {
                Some(namespace) => members.entry(namespace).or_default().push(index),
                None if actor.is_group => _ = named.insert(actor.name, index),
                None => {}
            }
        }
        let next = vec![None; actors.len()];
        Self { actors, nodes, wakes, goal, next, takers, open: BTreeSet::new(), named, members }
    }

    /// The way of each that has one and is wanted.
    fn ways(mut self, is_wanted: impl Fn(&Urn) -> bool) -> BTreeMap<Urn, EscalationPath> {
        self.run();
        let ways = self.next.iter().enumerate().filter_map(|(index, next)| match next {
            Some(Next::Alone { .. } | Next::As { .. } | Next::Holds { .. }) => {
                let actor = self.actors.get(index)?;
                (actor.top.is_none() && is_wanted(actor.id)).then(|| (actor.id.clone(), self.path(index)))
            }
            _ => None,
        });
        ways.collect()
    }

    fn run(&mut self) {
        let mut frontier = Vec::new();
        for (index, actor) in self.actors.iter().enumerate().filter(|_| self.goal == Goal::Administrator) {
            if actor.top.is_some() {
                self.next[index] = Some(Next::End);
                frontier.push(index);
            }
        }
        // A right that is as good as all, or takes a node, needs nobody else: one step.
        for (index, actor) in self.actors.iter().enumerate() {
            let alone = actor.capabilities.iter().enumerate().filter(|(_, one)| self.suffices(one));
            let alone = alone.min_by_key(|(_, one)| one.conditional).map(|(number, _)| number);
            if let (Some(capability), None) = (alone, &self.next[index]) {
                self.next[index] = Some(Next::Alone { capability });
                frontier.push(index);
            }
        }
        while !frontier.is_empty() {
            let mut reached = Vec::new();
            for other in frontier {
                for group in self.groups_of(other) {
                    self.take_over(group, other, &mut reached);
                }
                self.give_members(other, &mut reached);
                if self.wakes {
                    self.held_by(other, &mut reached);
                }
            }
            frontier = reached;
        }
    }

    /// Whether a right leads to the goal by itself.
    pub(super) fn suffices(&self, one: &Capability) -> bool {
        match self.goal {
            Goal::Administrator => is_enough(one),
            Goal::Node => takes_nodes(one) && (self.wakes || !one.conditional),
        }
    }

    /// Whether a right leads to somebody who leads on.
    pub(super) fn leads_on(&self, one: &Capability) -> bool {
        !one.conditional && takes_over(one).is_some_and(|group| self.open.contains(&group))
    }

    /// The groups with rights that a service account is in (Kubernetes documentation, "Service accounts").
    pub(super) fn in_groups(&self, actor: &Actor<'_>) -> impl Iterator<Item = &'a Actor<'a>> {
        let own = actor.namespace.map(|namespace| format!("system:serviceaccounts:{namespace}"));
        let all = ["system:serviceaccounts", "system:authenticated"].map(str::to_owned);
        let names = own.into_iter().flat_map(move |own| [own].into_iter().chain(all.clone()));
        names.filter_map(|name| self.actors.get(*self.named.get(name.as_str())?))
    }

    /// The members of a group that leads up do, too.
    fn give_members(&mut self, group: usize, reached: &mut Vec<usize>) {
        let Some(actor) = self.actors.get(group).filter(|actor| actor.is_group) else { return };
        let members: Vec<usize> = match actor.name.strip_prefix("system:serviceaccounts") {
            Some("") => self.members.values().flatten().copied().collect(),
            Some(rest) => rest.strip_prefix(':').and_then(|of| self.members.get(of)).cloned().unwrap_or_default(),
            None if actor.name == "system:authenticated" => self.members.values().flatten().copied().collect(),
            None => return,
        };
        for member in members {
            if let Some(next @ None) = self.next.get_mut(member) {
                *next = Some(Next::Member { group });
                reached.push(member);
            }
        }
    }

    /// What a service account can be taken over by.
    fn groups_of(&self, index: usize) -> Vec<Group<'a>> {
        let Some(actor) = self.actors.get(index) else { return Vec::new() };
        let Some(namespace) = actor.namespace else {
            let place = if actor.is_group { Place::Group(actor.name) } else { Place::User(actor.name) };
            return vec![(Reach::Any, place)];
        };
        let name = actor.name.rsplit('/').next().unwrap_or(actor.name);
        let mut groups = Vec::new();
        let has_token = !actor.tokens.is_empty();
        let has_pods = match actor.pods {
            Pods::None => false,
            Pods::Resting(_) => self.wakes,
            Pods::Running => true,
        };
        for (reach, holds) in [(Reach::Any, true), (Reach::Pods, has_pods), (Reach::Token, has_token)] {
            if holds {
                groups.extend([(reach, Place::Namespace(namespace)), (reach, Place::Cluster)]);
            }
        }
        let named = |reach, name| [Some(namespace), None].map(|namespace| (reach, Place::Named { namespace, name }));
        groups.extend(named(Reach::Any, name));
        groups.extend(named(Reach::Pods, name).into_iter().filter(|_| has_pods));
        groups.extend(actor.tokens.iter().flat_map(|secret| named(Reach::Token, secret)));
        groups
    }

    /// Those whose pods have a token of another.
    fn held_by(&mut self, other: usize, reached: &mut Vec<usize>) {
        let Some(name) = self.actors.get(other).filter(|actor| actor.namespace.is_some()).map(|actor| actor.name)
        else {
            return;
        };
        for (index, actor) in self.actors.iter().enumerate().filter(|(_, actor)| actor.holds.contains(&name)) {
            if let (Some(next @ None), true) = (self.next.get_mut(index), actor.name != name) {
                *next = Some(Next::Holds { other });
                reached.push(index);
            }
        }
    }

    fn take_over(&mut self, group: Group<'a>, other: usize, reached: &mut Vec<usize>) {
        if !self.open.insert(group) {
            return;
        }
        for (index, capability) in self.takers.get(&group).into_iter().flatten().copied() {
            if let Some(next @ None) = self.next.get_mut(index) {
                *next = Some(Next::As { other, capability });
                reached.push(index);
            }
        }
    }

    /// The steps, in order, and the cut.
    fn path(&self, start: usize) -> EscalationPath {
        let mut steps = Vec::new();
        let mut at = start;
        let mut target = None;
        // Each step leads to a subject that was reached before, so this ends.
        while let (Some(actor), Some(Some(next))) = (self.actors.get(at), self.next.get(at)) {
            let step = |number: usize| actor.capabilities.get(number).map(sentence).unwrap_or_default();
            match next {
                Next::End => {
                    if let Some((id, text)) = &actor.top {
                        target = Some(id.clone());
                        steps.push(text.clone());
                    }
                    break;
                }
                Next::Alone { capability } => {
                    let (end, words) = match self.goal {
                        Goal::Administrator => (actor.id.clone(), "which is as good as every right".to_owned()),
                        Goal::Node => self.node(actor),
                    };
                    target = Some(end);
                    steps.push(format!("{} {}, {words}", actor.name, step(*capability)));
                    break;
                }
                Next::Member { group } => {
                    let name = self.actors.get(*group).map_or("a group", |group| group.name);
                    steps.push(format!("{} is in group {name}", actor.name));
                    at = *group;
                }
                Next::Holds { other } => {
                    let name = self.actors.get(*other).map_or("another", |other| other.name);
                    steps.push(format!("whoever is in a pod of {} has the token Secret of {name} there", actor.name));
                    at = *other;
                }
                Next::As { other, capability } => {
                    let name = self.actors.get(*other).map_or("another", |other| other.name);
                    let gets_in = actor.capabilities.get(*capability).and_then(takes_over).map(|(reach, _)| reach);
                    let provided = match self.actors.get(*other).map(|other| other.pods) {
                        Some(Pods::Resting(why)) if gets_in == Some(Reach::Pods) => {
                            format!(", provided that a pod of it runs: what runs as it is {why}")
                        }
                        _ => String::new(),
                    };
                    steps.push(format!("{} {}, and so acts as {name}{provided}", actor.name, step(*capability)));
                    at = *other;
                }
            }
        }
        steps.extend(self.actors.get(start).and_then(|actor| bindings(self, actor)));
        let target = target.or_else(|| self.actors.get(start).map(|actor| actor.id.clone()));
        EscalationPath {
            target: target.unwrap_or_else(|| Urn::new("")),
            conditional: false,
            via: Vec::new(),
            steps,
            cut: String::new(),
            next: None,
        }
    }

    /// A node of the cluster, and in words which there are.
    fn node(&self, actor: &Actor<'_>) -> (Urn, String) {
        let cluster =
            actor.id.as_str().strip_prefix("k8s:").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        match self.nodes {
            [] => {
                (Urn::kubernetes_cluster(cluster, "node", "*"), "and so has every node and the pods on it".to_owned())
            }
            [only] => (only.clone(), format!("and so has node {} and the pods on it", last(only))),
            [first, rest @ ..] => (
                first.clone(),
                format!("and so has node {} or any of {} others, and the pods on it", last(first), rest.len()),
            ),
        }
    }
}

/// The name at the end of an id.
fn last(id: &Urn) -> &str {
    id.as_str().rsplit('/').next().unwrap_or_default()
}
