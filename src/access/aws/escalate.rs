//! Finds the ways by which identities become administrator, or get at data, backwards from those who can.
//! It follows facts that lie in policies and in what was read of what runs; where that is not enough, paths are
//! conditional.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Principal;
use super::atlas::{Atlas, is_sure};
use super::evaluate::Rights;
use super::library::Library;
use super::object::{Means, of_groups, powerful};
use super::probe::CapabilityTable;
use super::raising::{PATHS, Way, could_raise, raised, raises_itself, raises_others};
use super::step::{Node, Step};
use super::surroundings::Surroundings;
use super::technique::Techniques;
use crate::model::{Capability, CapabilityKind, EscalationPath, Hop, Urn};

/// How many roles are named that one identity may assume.
const ROLES: usize = 20;

/// The ways that lead from identities to more than they were given.
#[derive(Debug, Default)]
pub struct Ways {
    /// To administrator, for every identity that is not one for certain: at most three each, those without conditions
    /// first, then the shorter ones.
    pub to_administrator: BTreeMap<Urn, Vec<EscalationPath>>,
    /// To stored data, for every identity that can neither read data itself nor become administrator for certain.
    pub to_data: BTreeMap<Urn, Vec<EscalationPath>>,
    /// The roles that each identity may assume, at most twenty each, with the sentences that prove it.
    pub assumes: BTreeMap<Urn, Vec<(Urn, bool, Vec<String>)>>,
}

/// Follows every known technique through all given accounts. The same input gives the same ways.
///
/// Groups only serve as steps; users and roles of all given accounts may be mixed.
pub fn escalations(
    principals: &[Principal<'_>],
    library: &Library,
    table: &CapabilityTable,
    techniques: &Techniques,
    around: &Surroundings<'_>,
) -> Ways {
    with_atlas(principals, library, table, techniques, around, ways)
}

fn ways(atlas: &Atlas<'_, '_>) -> Ways {
    let nodes = atlas.nodes;
    let goal: Vec<Option<Capability>> = nodes.iter().map(|node| node.administrator.clone()).collect();
    let search = both(atlas, &goal, vec![true; nodes.len()], true);
    let mut to_administrator = collect(atlas, &goal, &search, PATHS);
    for (id, paths) in nodes.iter().filter(|node| node.acts()).filter_map(is_perhaps) {
        to_administrator.entry(id).or_insert(paths);
    }
    let goal: Vec<Option<Capability>> = nodes.iter().map(Node::reads_data).collect();
    let is_settled = |node: &Node<'_>| {
        let paths = to_administrator.get(&node.identity.id);
        is_sure(node) || paths.is_some_and(|paths| paths.iter().any(|path| !path.conditional))
    };
    let eligible: Vec<bool> = nodes.iter().map(|node| !is_settled(node)).collect();
    let search = both(atlas, &goal, eligible, false);
    let to_data = collect(atlas, &goal, &search, 1);
    Ways { to_administrator, to_data, assumes: assumes(atlas) }
}

/// Puts all identities and their indexes together, and asks something of them.
pub(super) fn with_atlas<R>(
    principals: &[Principal<'_>],
    library: &Library,
    table: &CapabilityTable,
    techniques: &Techniques,
    around: &Surroundings<'_>,
    ask: impl FnOnce(&Atlas<'_, '_>) -> R,
) -> R {
    let mut sorted: Vec<&Principal<'_>> = principals.iter().collect();
    sorted.sort_by_key(|principal| &principal.identity.id);
    let (powerful, of_groups) = (powerful(&sorted, library, table), of_groups(&sorted));
    let means = Means {
        library,
        table,
        techniques: &techniques.all,
        powerful,
        of_groups,
        policies: around.policies(),
        center: around.center(),
    };
    let nodes: Vec<Node<'_>> = sorted
        .par_iter()
        .map(|principal| {
            let mut node = Node::new(principal, Rights::of(principal, library), &means);
            node.holds = techniques.vocabulary.iter().map(|action| node.rights.names(action)).collect();
            node
        })
        .collect();
    ask(&Atlas::new(&nodes, techniques, around))
}

/// How many are asked at once at least: fewer are not worth another thread.
const AT_ONCE: usize = 32;

/// The steps of those that have one, in order. Each is asked about itself alone.
fn steps(who: &[usize], step: impl Fn(usize) -> Option<Step> + Sync) -> Vec<(usize, Step)> {
    if who.len() < AT_ONCE {
        return who.iter().filter_map(|who| Some((*who, step(*who)?))).collect();
    }
    who.par_iter().with_min_len(AT_ONCE / 2).filter_map(|who| Some((*who, step(*who)?))).collect()
}

/// Who is administrator under a condition, as a way of its own.
fn is_perhaps(node: &Node<'_>) -> Option<(Urn, Vec<EscalationPath>)> {
    let held = node.administrator.as_ref().filter(|held| held.conditional)?;
    let steps = vec![format!("{} is administrator under a condition: {}", node.label(), held.proof.join("; "))];
    let cut = format!("take this from {}: {}", node.label(), held.proof.first().map_or("its policies", String::as_str));
    let target = node.identity.id.clone();
    Some((target.clone(), vec![EscalationPath { target, conditional: true, via: Vec::new(), steps, cut, next: None }]))
}

/// What is certain, then what is possible for those who have nothing certain.
fn both(atlas: &Atlas<'_, '_>, goal: &[Option<Capability>], mut eligible: Vec<bool>, raises: bool) -> Search {
    let nothing = Search { found: atlas.nodes.iter().map(|_| Vec::new()).collect() };
    let certain = Search::run(atlas, true, goal, &eligible, raises, nothing);
    for (open, ways) in eligible.iter_mut().zip(&certain.found) {
        *open &= ways.is_empty();
    }
    Search::run(atlas, false, goal, &eligible, raises, certain)
}

/// The paths that a search found, as many as are wanted for each.
fn collect(
    atlas: &Atlas<'_, '_>,
    goal: &[Option<Capability>],
    search: &Search,
    most: usize,
) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let mut all = BTreeMap::new();
    for (index, node) in atlas.nodes.iter().enumerate() {
        let mut paths: Vec<EscalationPath> = Vec::new();
        for way in &search.found[index] {
            let mut path = search.path(atlas, goal, way);
            path.cut = path.steps.first().map(|sentence| cut(node, sentence)).unwrap_or_default();
            if !paths.iter().any(|known| known.steps == path.steps) {
                paths.push(path);
            }
        }
        paths.sort_by_key(|path| (path.conditional, path.via.len()));
        paths.truncate(most);
        if !paths.is_empty() {
            all.insert(node.identity.id.clone(), paths);
        }
    }
    all
}

/// Which roles each identity may assume.
fn assumes(atlas: &Atlas<'_, '_>) -> BTreeMap<Urn, Vec<(Urn, bool, Vec<String>)>> {
    let mut all: Vec<Vec<(Urn, bool, Vec<String>)>> = vec![Vec::new(); atlas.nodes.len()];
    for (target, role) in atlas.nodes.iter().enumerate().filter(|(_, node)| node.trust.is_some()) {
        // An administrator may become every role of its account anyway.
        let is_settled = |who: &Node<'_>| is_sure(who) && who.identity.tenant == role.identity.tenant;
        let mut who = atlas.assumers(target);
        who.retain(|who| *who != target && !is_settled(&atlas.nodes[*who]) && all[*who].len() < ROLES);
        for (who, step) in steps(&who, |who| atlas.assumption(who, target)) {
            all[who].push((role.identity.id.clone(), step.conditional, step.sentences));
        }
    }
    let named = atlas.nodes.iter().map(|node| node.identity.id.clone()).zip(all);
    named.filter(|(_, roles)| !roles.is_empty()).collect()
}

/// The ways of each identity to a goal.
struct Search {
    found: Vec<Vec<Way>>,
}

/// What one search looks for.
struct Task<'t, 'n, 'a> {
    atlas: &'t Atlas<'n, 'a>,
    certain: bool,
    /// How many ways are looked for from each: of those that are only possible, the shortest.
    most: usize,
    /// Who has the goal.
    ends: Vec<bool>,
    /// Who is looked at besides.
    eligible: &'t [bool],
}

impl Search {
    /// Goes backwards from whoever has the goal, layer by layer, so that shorter ways are found first. `raises`: rights
    /// that one can give, to oneself or another, reach the goal, too. Goes on from what was `known` before.
    fn run(
        atlas: &Atlas<'_, '_>,
        certain: bool,
        goal: &[Option<Capability>],
        eligible: &[bool],
        raises: bool,
        known: Search,
    ) -> Search {
        let is_end = |has: &Option<Capability>| has.as_ref().is_some_and(|has| !certain || !has.conditional);
        let ends: Vec<bool> = goal.iter().map(is_end).collect();
        let mut layer: Vec<usize> = (0..goal.len()).filter(|i| ends[*i]).collect();
        let task = Task { atlas, certain, most: if certain { PATHS } else { 1 }, ends, eligible };
        let mut next: BTreeSet<usize> = (0..goal.len()).filter(|i| !known.found[*i].is_empty()).collect();
        let mut search = known;
        let everyone: Vec<usize> = (0..goal.len()).filter(|i| task.is_open(*i) && raises).collect();
        // Each is asked about itself alone, so all of them at once.
        search.take(raised(&everyone, |who| raises_itself(atlas, who, certain)), &mut next);
        search.approach(&task, &layer, &mut next);
        let left: Vec<usize> = everyone.into_iter().filter(|who| search.found[*who].is_empty()).collect();
        let mut later: BTreeSet<usize> = BTreeSet::new();
        search.take(raised(&left, |who| raises_others(atlas, who, certain)), &mut later);
        while !next.is_empty() || !later.is_empty() {
            layer = std::mem::replace(&mut next, std::mem::take(&mut later)).into_iter().collect();
            search.approach(&task, &layer, &mut next);
        }
        if raises && !certain {
            search.suppose(&task, next);
        }
        search
    }

    /// For those without a way: what they could raise if they could act as it, and whoever gets to them.
    fn suppose(&mut self, task: &Task<'_, '_, '_>, mut next: BTreeSet<usize>) {
        let left: Vec<usize> =
            (0..self.found.len()).filter(|who| task.is_open(*who) && self.found[*who].is_empty()).collect();
        self.take(raised(&left, |who| could_raise(task.atlas, who).into_iter().collect()), &mut next);
        while !next.is_empty() {
            let layer: Vec<usize> = std::mem::take(&mut next).into_iter().collect();
            self.approach(task, &layer, &mut next);
        }
    }

    /// Takes ways that were found; `next` gets those who have one.
    fn take(&mut self, found: Vec<(usize, Vec<Way>)>, next: &mut BTreeSet<usize>) {
        for (who, ways) in found {
            self.found[who] = ways;
            next.insert(who);
        }
    }

    /// One step back from every identity of a layer; `next` gets those that had no way before.
    fn approach(&mut self, task: &Task<'_, '_, '_>, layer: &[usize], next: &mut BTreeSet<usize>) {
        for &target in layer {
            let wanted = |who: usize| who != target && self.found[who].len() < task.most && task.is_open(who);
            let mut sources = task.atlas.sources(target, wanted);
            // Whomever a way passes through has one already: what is found here answers this question for nobody else.
            sources.retain(|who| !self.passes(target, *who));
            for (who, step) in steps(&sources, |who| task.atlas.step(who, target, task.certain)) {
                if self.found[who].is_empty() {
                    next.insert(who);
                }
                self.found[who].push(Way { step, to: Some(target), ends_at: target });
            }
        }
    }

    /// Whether the best way from `at` passes through `who`. It ends: a best way only leads to what was found before.
    fn passes(&self, mut at: usize, who: usize) -> bool {
        while at != who {
            match self.found[at].first() {
                Some(Way { to: Some(next), .. }) => at = *next,
                Some(way) => return way.ends_at == who,
                None => return false,
            }
        }
        true
    }

    /// One way to its end, by the first way of every identity it passes.
    fn path(&self, atlas: &Atlas<'_, '_>, goal: &[Option<Capability>], way: &Way) -> EscalationPath {
        let mut conditional = way.step.conditional;
        let (mut steps, mut via) = (way.step.sentences.clone(), way.step.via.clone());
        let (mut at, mut to) = (way.ends_at, way.to);
        while let Some(next) = to.and_then(|index| self.found[index].first()) {
            conditional |= next.step.conditional;
            steps.extend(next.step.sentences.iter().cloned());
            via.extend(next.step.via.iter().cloned());
            (at, to) = (next.ends_at, next.to);
        }
        let end = &atlas.nodes[at];
        if let Some(capability) = goal[at].as_ref().filter(|_| to.is_some()) {
            conditional |= capability.conditional;
            let verb = if capability.kind == CapabilityKind::Administrator { "is administrator" } else { "reads data" };
            steps.push(format!("{} {verb}: {}", end.label(), capability.proof.join("; ")));
        }
        let target = end.identity.id.clone();
        let passes = way.to.map(|to| &atlas.nodes[to].identity.id).filter(|to| **to != target);
        let first =
            |to: &Urn| Hop { to: to.clone(), steps: way.step.sentences.len(), conditional: way.step.conditional };
        EscalationPath { next: passes.map(first), target, conditional, via, steps, cut: String::new() }
    }
}

impl Task<'_, '_, '_> {
    /// Whether ways are still looked for from an identity.
    fn is_open(&self, who: usize) -> bool {
        self.eligible[who] && self.atlas.nodes[who].acts() && !self.ends[who]
    }
}

/// What to take away so that a way ends where it begins: the statement that its first sentence names, or a trust.
fn cut(from: &Node<'_>, sentence: &str) -> String {
    match cited(sentence) {
        Some(cited) => format!("take this from {}: {cited}", from.label()),
        None => format!("take this out: {sentence}"),
    }
}

/// The statement that a sentence of a way names as what allows it.
pub fn cited(sentence: &str) -> Option<&str> {
    let (cited, _) = sentence.split_once(" (policy ")?.1.split_once(')')?;
    let start = sentence.find("(policy ")? + 1;
    sentence.get(start..start + "policy ".len() + cited.len())
}

/// What must be so for sentences of a way to hold, as far as they say it: condition keys, denies that may bear, and what
/// must be there beside. Empty where they say nothing.
pub fn asked(sentences: &[String]) -> String {
    let mut found: Vec<String> = Vec::new();
    for sentence in sentences {
        for mark in ["under conditions on ", "limited by ", "provided that ", "this holds if "] {
            for (at, _) in sentence.match_indices(mark) {
                let rest = sentence.get(at..).unwrap_or_default();
                let end = rest.find([';', ')']).map_or(rest.len(), |end| {
                    // A bracket that opens within is closed within.
                    let is_inner = rest[..end].contains('(') && rest[end..].starts_with(')');
                    if is_inner { end + 1 } else { end }
                });
                let part = rest[..end].split(", limited by ").next().unwrap_or_default();
                let part = if mark == "limited by " { &rest[..end] } else { part };
                let text = part.trim_end_matches([',', ' ']).to_owned();
                if !found.iter().any(|known| known.contains(&text)) {
                    found.push(text);
                }
            }
        }
    }
    found.join("; ")
}
