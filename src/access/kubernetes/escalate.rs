//! The shortest way from each subject of a cluster to its administrator or to a cloud role, and where to cut it.
//! It follows rights that hold without a condition only, and reads no object itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Capability, CapabilityKind, EscalationPath, Urn};

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

/// Which identities of a place a right takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Every one there is.
    Any,
    /// Those that pods run as.
    Pods,
    /// Those of whom a Secret holds a token.
    Token,
}

/// Where a right holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place<'a> {
    /// In the whole cluster.
    Cluster,
    /// In one namespace.
    Namespace(&'a str),
    /// For what has this name: a service account, or for [`Reach::Token`] a Secret. In every namespace where none is said.
    Named {
        /// The namespace.
        namespace: Option<&'a str>,
        /// The name in it.
        name: &'a str,
    },
    /// For one user.
    User(&'a str),
    /// For one group.
    Group(&'a str),
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
}

/// The shortest way of each subject that has one; those that are at the top have none.
pub fn escalations(actors: &[Actor<'_>]) -> BTreeMap<Urn, EscalationPath> {
    let mut ways = Search::new(actors, false).ways();
    let rests = |actor: &Actor<'_>| matches!(actor.pods, Pods::Resting(_)) || !actor.holds.is_empty();
    if actors.iter().any(rests) {
        for (id, mut way) in Search::new(actors, true).ways() {
            way.conditional = true;
            ways.entry(id).or_insert(way);
        }
    }
    ways
}

struct Search<'a> {
    actors: &'a [Actor<'a>],
    /// Whether what rests counts as if it ran, and a pod's further tokens as its own.
    wakes: bool,
    next: Vec<Option<Next>>,
    /// Who can take over which group, by which capability.
    takers: BTreeMap<Group<'a>, Vec<(usize, usize)>>,
    /// Groups of which somebody leads up.
    open: BTreeSet<Group<'a>>,
}

impl<'a> Search<'a> {
    fn new(actors: &'a [Actor<'a>], wakes: bool) -> Self {
        let mut takers: BTreeMap<Group<'a>, Vec<(usize, usize)>> = BTreeMap::new();
        for (index, actor) in actors.iter().enumerate() {
            for (number, capability) in actor.capabilities.iter().enumerate().filter(|(_, one)| !one.conditional) {
                if let Some(group) = takes_over(capability) {
                    takers.entry(group).or_default().push((index, number));
                }
            }
        }
        Self { actors, wakes, next: vec![None; actors.len()], takers, open: BTreeSet::new() }
    }

    /// The way of each that has one.
    fn ways(mut self) -> BTreeMap<Urn, EscalationPath> {
        self.run();
        let ways = self.next.iter().enumerate().filter_map(|(index, next)| match next {
            Some(Next::Alone { .. } | Next::As { .. } | Next::Holds { .. }) => {
                Some((self.actors.get(index)?.id.clone(), self.path(index)))
            }
            _ => None,
        });
        ways.collect()
    }

    fn run(&mut self) {
        let mut frontier = Vec::new();
        for (index, actor) in self.actors.iter().enumerate() {
            if actor.top.is_some() {
                self.next[index] = Some(Next::End);
                frontier.push(index);
            }
        }
        // A right that is as good as all needs nobody else: one step.
        for (index, actor) in self.actors.iter().enumerate() {
            let alone = actor.capabilities.iter().position(is_enough);
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
                if self.wakes {
                    self.held_by(other, &mut reached);
                }
            }
            frontier = reached;
        }
    }

    /// The groups that a service account is in.
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
                    target = Some(actor.id.clone());
                    steps.push(format!("{} {}, which is as good as every right", actor.name, step(*capability)));
                    break;
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
        steps.extend(self.cut(start));
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

    /// The bindings without which the subject has no way up.
    fn cut(&self, start: usize) -> Option<String> {
        const NAMED: usize = 4;
        let actor = self.actors.get(start)?;
        let leads_up = |one: &&Capability| {
            let opens = takes_over(one).is_some_and(|group| self.open.contains(&group));
            !one.conditional && (is_enough(one) || opens)
        };
        let bindings: BTreeSet<&str> = actor
            .capabilities
            .iter()
            .filter(leads_up)
            .filter_map(|one| one.proof.first().map(String::as_str))
            .collect();
        let more = bindings.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named: Vec<&str> = bindings.into_iter().take(NAMED).collect();
        (!named.is_empty()).then(|| format!("to cut it: take {} away from {}{more}", named.join(", "), actor.name))
    }
}

/// Whether a right is worth all of the cluster by itself.
fn is_enough(capability: &Capability) -> bool {
    let wide = place(capability) == Place::Cluster;
    let kind = match capability.kind {
        CapabilityKind::Escalate
        | CapabilityKind::KubernetesImpersonateUsers
        | CapabilityKind::KubernetesIssueCertificates => wide,
        CapabilityKind::KubernetesWriteLogin => true,
        _ => false,
    };
    kind && !capability.conditional
}

/// Which identities a right takes over, and where.
pub fn takes_over(capability: &Capability) -> Option<(Reach, Place<'_>)> {
    let place = place(capability);
    let reach = match capability.kind {
        CapabilityKind::KubernetesCreatePods
        | CapabilityKind::KubernetesWriteWorkloads
        | CapabilityKind::KubernetesRequestTokens
        | CapabilityKind::KubernetesTokenSecrets
        | CapabilityKind::KubernetesImpersonateAccounts
        // What it binds or is in a namespace lets it run pods there.
        | CapabilityKind::Escalate
        | CapabilityKind::Administrator => Some(Reach::Any),
        CapabilityKind::KubernetesEnterPods
        | CapabilityKind::KubernetesDebugPods
        | CapabilityKind::KubernetesReachKubelets => Some(Reach::Pods),
        CapabilityKind::ReadSecrets => Some(Reach::Token),
        // Without a limit it is as good as every right, and needs nobody.
        CapabilityKind::KubernetesImpersonateUsers if matches!(place, Place::User(_) | Place::Group(_)) => {
            Some(Reach::Any)
        }
        _ => None,
    }?;
    Some((reach, place))
}

/// The place that the scope of a capability means.
fn place(capability: &Capability) -> Place<'_> {
    let below = |word: &str| capability.scope.strip_prefix(word)?.split_once('/').map(|(_, below)| below);
    if let Some(namespace) = below("namespace ") {
        return Place::Namespace(namespace);
    }
    if let Some(name) = below("user ") {
        return Place::User(name);
    }
    if let Some(name) = below("group ") {
        return Place::Group(name);
    }
    let named = below("service-account ").or_else(|| below("secret ")).and_then(|below| below.split_once('/'));
    named.map_or(Place::Cluster, |(namespace, name)| Place::Named {
        namespace: Some(namespace).filter(|namespace| *namespace != "*"),
        name,
    })
}

/// `may create pods in namespace ci (rolebinding ci/b, role ci/r, rule 2 …)`.
fn sentence(capability: &Capability) -> String {
    let what = match capability.kind {
        CapabilityKind::KubernetesCreatePods => "may create pods",
        CapabilityKind::KubernetesWriteWorkloads => "may write controllers that create pods",
        CapabilityKind::KubernetesRequestTokens => "may have tokens of service accounts issued",
        CapabilityKind::KubernetesTokenSecrets => "may make and read token Secrets",
        CapabilityKind::KubernetesImpersonateAccounts => "may impersonate service accounts",
        CapabilityKind::KubernetesImpersonateUsers => "may impersonate users and groups",
        CapabilityKind::KubernetesEnterPods => "may run commands in pods",
        CapabilityKind::KubernetesDebugPods => "may add containers to running pods",
        CapabilityKind::KubernetesReachKubelets => "may run commands in every pod through the kubelets",
        CapabilityKind::KubernetesIssueCertificates => "may have client certificates issued",
        CapabilityKind::KubernetesWriteLogin => "may change who is who for the API server",
        CapabilityKind::ReadSecrets => "may read token Secrets",
        CapabilityKind::Administrator => "may do everything",
        _ => "may give itself more rights",
    };
    let place = match (place(capability), capability.kind) {
        (Place::Cluster, _) => "in the whole cluster".to_owned(),
        (Place::Namespace(name), _) => format!("in namespace {name}"),
        (Place::User(name) | Place::Group(name), _) => format!("called {name}"),
        (Place::Named { namespace, name }, _) => {
            let namespace = namespace.map_or_else(|| "any namespace".to_owned(), |name| format!("namespace {name}"));
            format!("called {name} in {namespace}")
        }
    };
    format!("{what} {place} ({})", capability.proof.join(", "))
}
