//! Finds the ways by which identities become administrator, backwards from the administrators.
//! It follows facts that lie in policies; what runs where is not known here, so paths that need it are conditional.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Principal;
use super::evaluate::Rights;
use super::library::Library;
use super::probe::CapabilityTable;
use super::step::{Held, Node, Step, become_by, change_group, grant, is_pass_role, join_group, without_boundary};
use super::technique::{How, On, Technique, Techniques};
use super::document::Form;
use super::trust::account_of;
use crate::model::{EscalationPath, Urn};

/// How many paths are kept for one identity.
const PATHS: usize = 3;

/// The ways to administrator of every identity that is not one for certain: at most three each, those without
/// conditions first, then the shorter ones. The same input gives the same paths.
///
/// Groups only serve as steps; users and roles of all given accounts may be mixed.
pub fn escalations(
    principals: &[Principal<'_>],
    library: &Library,
    table: &CapabilityTable,
    techniques: &Techniques,
) -> BTreeMap<Urn, Vec<EscalationPath>> {
    let mut sorted: Vec<&Principal<'_>> = principals.iter().collect();
    sorted.sort_by_key(|principal| &principal.identity.id);
    let nodes: Vec<Node<'_>> =
        sorted.iter().map(|principal| Node::new(principal, Rights::of(principal, library), table)).collect();
    let atlas = Atlas::new(&nodes, techniques);
    let (certain, possible) = (atlas.search(true), atlas.search(false));
    let mut all = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        let mut paths: Vec<EscalationPath> = Vec::new();
        for search in [&certain, &possible] {
            for path in atlas.paths(search, index) {
                if paths.len() < PATHS && !paths.iter().any(|known| known.steps == path.steps) {
                    paths.push(path);
                }
            }
        }
        if !paths.is_empty() {
            all.insert(node.identity.id.clone(), paths);
        }
    }
    all
}

/// All identities with the indexes that spare comparing each with each.
struct Atlas<'n, 'a> {
    nodes: &'n [Node<'a>],
    techniques: &'n [Technique],
    by_arn: HashMap<&'n str, usize>,
    /// For each technique, who holds its actions at all.
    holders: Vec<BTreeMap<usize, Held>>,
    groups: Vec<usize>,
    /// How one joins a group.
    joins: Option<&'n Technique>,
}

/// One found way: a step to another identity or, without one, the end.
struct Way {
    step: Step,
    to: Option<usize>,
    /// The last identity of the way when there is no further one.
    ends_at: usize,
}

type Search = Vec<Vec<Way>>;

impl<'n, 'a> Atlas<'n, 'a> {
    fn new(nodes: &'n [Node<'a>], techniques: &'n Techniques) -> Self {
        let techniques = &techniques.all;
        let by_arn = nodes.iter().enumerate().map(|(i, node)| (node.identity.id.as_str(), i)).collect();
        let groups = (0..nodes.len()).filter(|i| !nodes[*i].acts()).collect();
        let passers: BTreeSet<usize> = techniques
            .iter()
            .flat_map(|technique| technique.actions.iter().filter(|action| is_pass_role(action)))
            .take(1)
            .flat_map(|pass| (0..nodes.len()).filter(|i| !nodes[*i].rights.may_somewhere(pass).is_empty()))
            .collect();
        let held = |technique: &Technique| {
            let asks = |i: &usize| {
                let wanted = technique.how != How::PassRole || passers.contains(i);
                nodes[*i].acts() && wanted && !is_sure(&nodes[*i])
            };
            let actions =
                || technique.actions.iter().filter(|action| technique.how != How::PassRole || !is_pass_role(action));
            (0..nodes.len()).filter(asks).filter_map(|i| Some((i, Some(nodes[i].may_each(actions())?)))).collect()
        };
        let joins = techniques.iter().find(|t| t.how == How::Grant && t.on == Some(On::Membership));
        Self { nodes, techniques, by_arn, holders: techniques.iter().map(held).collect(), groups, joins }
    }

    /// Goes backwards from the administrators, layer by layer, so that shorter ways are found first.
    fn search(&self, certain: bool) -> Search {
        let mut found: Search = self.nodes.iter().map(|_| Vec::new()).collect();
        let is_end = |node: &Node<'_>| node.administrator.as_ref().is_some_and(|a| !certain || !a.conditional);
        let mut layer: Vec<usize> = (0..self.nodes.len()).filter(|i| is_end(&self.nodes[*i])).collect();
        let ends: BTreeSet<usize> = layer.iter().copied().collect();
        let everyone_else = || (0..self.nodes.len()).filter(|i| !ends.contains(i) && self.nodes[*i].acts());
        let mut next: BTreeSet<usize> = BTreeSet::new();
        for who in everyone_else() {
            found[who] = self.raises_itself(who, certain);
            if !found[who].is_empty() {
                next.insert(who);
            }
        }
        self.approach(&layer, &ends, certain, &mut found, &mut next);
        let mut later: BTreeSet<usize> = BTreeSet::new();
        for who in everyone_else() {
            if found[who].len() < PATHS {
                let is_first = found[who].is_empty();
                self.raises_others(who, certain, &mut found[who]);
                if is_first && !found[who].is_empty() {
                    later.insert(who);
                }
            }
        }
        while !next.is_empty() || !later.is_empty() {
            layer = std::mem::replace(&mut next, std::mem::take(&mut later)).into_iter().collect();
            self.approach(&layer, &ends, certain, &mut found, &mut next);
        }
        found
    }

    /// One step back from every identity of a layer; `next` gets those that had no way before.
    fn approach(
        &self,
        layer: &[usize],
        ends: &BTreeSet<usize>,
        certain: bool,
        found: &mut Search,
        next: &mut BTreeSet<usize>,
    ) {
        for &target in layer {
            for who in self.sources(target) {
                if who == target || found[who].len() >= PATHS || ends.contains(&who) || passes(found, target, who) {
                    continue;
                }
                if let Some(step) = self.step(who, target, certain) {
                    if found[who].is_empty() {
                        next.insert(who);
                    }
                    found[who].push(Way { step, to: Some(target), ends_at: target });
                }
            }
        }
    }

    /// The techniques of [`How::Grant`] that an identity can use on something.
    fn grants(&self, who: usize) -> impl Iterator<Item = &'n Technique> {
        let all = self.techniques.iter().zip(&self.holders);
        all.filter(move |(t, holders)| t.how == How::Grant && holders.contains_key(&who)).map(|(t, _)| t)
    }

    /// The ways by which an identity raises its own rights.
    fn raises_itself(&self, who: usize, certain: bool) -> Vec<Way> {
        let node = &self.nodes[who];
        let join = self.joins.map(|technique| technique.actions.as_slice()).unwrap_or_default();
        let mut ways = Vec::new();
        for technique in self.grants(who) {
            let by_group = self.groups.iter().filter_map(|group| {
                let group = &self.nodes[*group];
                change_group(node, group, technique, join)
                    .or_else(|| join_group(node, group, technique, self.techniques))
            });
            let by_group = by_group.min_by_key(|step| step.conditional);
            for step in
                [grant(node, node, technique), without_boundary(node, technique), by_group].into_iter().flatten()
            {
                if ways.len() < PATHS && !(certain && step.conditional) {
                    ways.push(Way { step, to: None, ends_at: who });
                }
            }
        }
        ways
    }

    /// The ways by which an identity becomes another and gives that one rights, in either order.
    fn raises_others(&self, who: usize, certain: bool, ways: &mut Vec<Way>) {
        if self.grants(who).next().is_none() {
            return;
        }
        for target in (0..self.nodes.len()).filter(|target| *target != who && self.nodes[*target].acts()) {
            if ways.len() >= PATHS {
                return;
            }
            if let Some(step) = self.raise_other(who, target, certain) {
                ways.push(Way { step, to: None, ends_at: target });
            }
        }
    }

    fn raise_other(&self, who: usize, target: usize, certain: bool) -> Option<Step> {
        let (node, other) = (&self.nodes[who], &self.nodes[target]);
        let raise = self
            .grants(who)
            .filter_map(|technique| grant(node, other, technique))
            .filter(|step| !(certain && step.conditional))
            .min_by_key(|step| step.conditional)?;
        let become_it = self.step(who, target, certain)?;
        let sentences = become_it.sentences.into_iter().chain(raise.sentences).collect();
        Some(Step { conditional: become_it.conditional || raise.conditional, sentences })
    }

    /// The best single step by which `who` becomes `target`.
    fn step(&self, who: usize, target: usize, certain: bool) -> Option<Step> {
        let mut open = None;
        for (technique, holders) in self.techniques.iter().zip(&self.holders) {
            if technique.how != How::Assume && !holders.contains_key(&who) {
                continue;
            }
            let held = holders.get(&who).unwrap_or(&None);
            match become_by(&self.nodes[who], &self.nodes[target], technique, held) {
                Some(step) if !step.conditional => return Some(step),
                Some(step) if !certain => open = open.or(Some(step)),
                _ => {}
            }
        }
        open
    }

    /// Who might become `target` in one step.
    fn sources(&self, target: usize) -> BTreeSet<usize> {
        let node = &self.nodes[target];
        let mut sources = BTreeSet::new();
        let trusted: Vec<_> = node.trust.iter().flat_map(|trust| trust.allowed_names()).collect();
        for (technique, holders) in self.techniques.iter().zip(&self.holders) {
            let fits = match technique.how {
                How::Grant => false,
                How::Assume => {
                    sources.extend(self.assumers(&trusted, &node.identity.tenant, holders));
                    false
                }
                How::OtherIdentity => true,
                How::PassRole | How::ExistingCompute => trusted.iter().any(|(form, name)| {
                    *name == "*" || (*form == Form::Service && technique.services.iter().any(|service| service == name))
                }),
            };
            if fits {
                let same = |i: &&usize| self.nodes[**i].identity.tenant == node.identity.tenant;
                sources.extend(holders.keys().filter(same).copied());
            }
        }
        sources.into_iter().filter(|i| self.nodes[*i].acts()).collect()
    }

    /// Who the names in a trust policy stand for: by ARN, or everyone of an account who may call `sts:AssumeRole`.
    fn assumers(&self, trusted: &[(Form, &str)], home: &str, holders: &BTreeMap<usize, Held>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (_, name) in trusted.iter().filter(|(form, _)| *form == Form::Aws) {
            if let Some(index) = self.by_arn.get(name) {
                found.insert(*index);
            } else if *name == "*" {
                found.extend(holders.keys());
                found.extend((0..self.nodes.len()).filter(|i| self.nodes[*i].identity.tenant == home));
            } else if let Some(account) = account_of(name) {
                found.extend(holders.keys().filter(|i| self.nodes[**i].identity.tenant == account));
                let role = name.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
                found.extend((0..self.nodes.len()).filter(|i| {
                    role.is_some_and(|role| {
                        self.nodes[*i].identity.name == role && self.nodes[*i].identity.tenant == account
                    })
                }));
            } else {
                let same = |i: &usize| self.nodes[*i].identity.unique_id.as_deref() == Some(*name);
                found.extend((0..self.nodes.len()).filter(same));
            }
        }
        found
    }

    fn paths(&self, search: &Search, who: usize) -> Vec<EscalationPath> {
        search[who].iter().map(|way| self.path(search, way)).collect()
    }

    /// One way to its end, by the first way of every identity it passes.
    fn path(&self, search: &Search, way: &Way) -> EscalationPath {
        let mut conditional = way.step.conditional;
        let mut steps = way.step.sentences.clone();
        let (mut at, mut to) = (way.ends_at, way.to);
        while let Some(next) = to.and_then(|index| search[index].first()) {
            conditional |= next.step.conditional;
            steps.extend(next.step.sentences.iter().cloned());
            (at, to) = (next.ends_at, next.to);
        }
        let end = &self.nodes[at];
        if let Some(capability) = end.administrator.as_ref().filter(|_| to.is_some()) {
            conditional |= capability.conditional;
            steps.push(format!("{} is administrator: {}", end.label(), capability.proof.join("; ")));
        }
        EscalationPath { target: end.identity.id.clone(), conditional, steps }
    }
}

fn is_sure(node: &Node<'_>) -> bool {
    node.administrator.as_ref().is_some_and(|administrator| !administrator.conditional)
}

/// Whether the best way from `at` passes through `who`. It ends: a best way only leads to what was found before.
fn passes(found: &Search, mut at: usize, who: usize) -> bool {
    while at != who {
        match found[at].first() {
            Some(Way { to: Some(next), .. }) => at = *next,
            Some(way) => return way.ends_at == who,
            None => return false,
        }
    }
    true
}
