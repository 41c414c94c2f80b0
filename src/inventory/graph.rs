//! The steps that `link` concluded, indexed by both of their ends, and what can be reached along them. Concludes no
//! step itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use rayon::prelude::*;

use super::name_index::NameIndex;
use crate::model::{CapabilityKind, Edge, Holding, Reached, Urn};

/// Steps by where they start and where they lead, and the power at the end of them.
#[derive(Debug, Default)]
pub struct Graph {
    /// Sorted by start, end and kind.
    edges: Vec<Edge>,
    /// The numbers of the things that each edge starts at and leads to.
    ways: Vec<(u32, u32)>,
    names: Vec<Urn>,
    index: NameIndex,
    /// For each name the first of its edges; one more at the end.
    starts: Vec<u32>,
    /// The edges by their ends, and for each name the first of those.
    arriving: Vec<u32>,
    ends: Vec<u32>,
    /// What can be had at all, the strongest first.
    powers: Vec<(CapabilityKind, String)>,
    /// By the number of a name, the strongest first; and for each name where those begin, with one more at the end.
    reach: Vec<Reach>,
    reach_starts: Vec<u32>,
}

/// A thing of [`Graph::reach_of`] in short form.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// Which of the powers.
    power: u32,
    /// Who has it.
    at: u32,
    /// The first edge of the way, or [`NONE`] where it has the power itself. As short as can be: everything reaches many.
    next: u32,
    steps: u16,
    holding: Holding,
}

/// A place of power: everybody who has it, and how sure that is.
#[derive(Clone, Debug)]
pub struct Source {
    /// What can be done.
    pub kind: CapabilityKind,
    /// Where.
    pub scope: String,
    /// Who has it.
    pub holders: Vec<(Urn, Holding)>,
}

/// How many powers are told of one thing, the strongest first.
pub const MOST_REACHED: usize = 24;

impl Graph {
    /// Indexes steps. Of several of one kind between two things the surest stays.
    pub fn new(edges: Vec<Edge>) -> Self {
        let (names, numbers) = numbered_names(&edges);
        let at = |urn: &Urn| numbers.get(&urn.address()).copied().unwrap_or_default();
        // In the order of the names, which numbers give faster than long texts that begin alike.
        let mut numbered: Vec<((u32, u32), Edge)> =
            edges.into_par_iter().map(|edge| ((at(&edge.from), at(&edge.to)), edge)).collect();
        numbered.par_sort_by(|(way, edge), (other_way, other)| way.cmp(other_way).then_with(|| edge.cmp(other)));
        numbered.dedup_by(|(way, later), (first_way, first)| way == first_way && later.kind == first.kind);
        let ways: Vec<(u32, u32)> = numbered.iter().map(|(way, _)| *way).collect();
        let mut edges: Vec<Edge> = numbered.into_iter().map(|(_, edge)| edge).collect();
        edges.shrink_to_fit();
        let starts = offsets(names.len(), ways.iter().map(|(from, _)| *from));
        let mut arriving: Vec<u32> = (0..).take(edges.len()).collect();
        arriving.par_sort_by_key(|edge| ways[*edge as usize].1);
        let ends = offsets(names.len(), arriving.iter().map(|edge| ways[*edge as usize].1));
        let index = NameIndex::new(names.len(), |number| &names[number as usize]);
        Self { edges, ways, names, index, starts, arriving, ends, ..Self::default() }
    }

    /// Every step.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The steps that start here.
    pub fn from(&self, name: &Urn) -> &[Edge] {
        let Some(at) = self.number(name) else { return &[] };
        &self.edges[self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize]
    }

    /// The steps that lead here.
    pub fn to(&self, name: &Urn) -> impl Iterator<Item = &Edge> {
        let range = self.number(name).map_or(0..0, |at| self.range_to(at));
        self.arriving[range].iter().map(|edge| &self.edges[*edge as usize])
    }

    fn number(&self, name: &Urn) -> Option<u32> {
        self.index.get(name, |number| &self.names[number as usize])
    }

    fn range_to(&self, at: u32) -> std::ops::Range<usize> {
        self.ends[at as usize] as usize..self.ends[at as usize + 1] as usize
    }

    /// Every name that a step starts at or leads to, sorted.
    pub fn names(&self) -> &[Urn] {
        &self.names
    }

    /// What can be reached from here, the strongest first; what it has itself is part of it.
    pub fn reach_of(&self, name: &Urn) -> impl Iterator<Item = Reached<'_>> {
        let of = self.number(name).map_or(&[][..], |at| self.reach_at(at));
        of.iter().map(|reach| {
            let (kind, scope) = &self.powers[reach.power as usize];
            let at = &self.names[reach.at as usize];
            Reached { kind: *kind, scope, at, holding: reach.holding, steps: u32::from(reach.steps) }
        })
    }

    /// Nothing before the search.
    fn reach_at(&self, at: u32) -> &[Reach] {
        let at = at as usize;
        let range = self.reach_starts.get(at).zip(self.reach_starts.get(at + 1));
        range.map_or(&[], |(start, end)| &self.reach[*start as usize..*end as usize])
    }

    /// The way to something that [`Self::reach_of`] gave: the surest, and of those the shortest.
    pub fn way(&self, name: &Urn, to: &Reached<'_>) -> Vec<&Edge> {
        let mut way = Vec::new();
        let mut at = self.number(name);
        while let Some(here) = at
            && way.len() < self.names.len()
        {
            let of = self.reach_at(here).iter();
            let is_this = |(kind, scope): &(CapabilityKind, String)| *kind == to.kind && scope == to.scope;
            let same = of.filter(|reach| is_this(&self.powers[reach.power as usize]));
            let Some(edge) = same.map(|reach| reach.next).find(|next| *next != NONE) else { break };
            way.push(&self.edges[edge as usize]);
            at = Some(self.ways[edge as usize].1);
        }
        way
    }

    /// The surest way from one thing to another, and of those the shortest; none where there is no way.
    pub fn path(&self, from: &Urn, to: &Urn) -> Option<Vec<&Edge>> {
        let (start, goal) = (self.number(from)?, self.number(to)?);
        let mut best: HashMap<u32, (Holding, u32, Option<u32>)> = HashMap::new();
        let mut open = BinaryHeap::from([Reverse((Holding::Holds, 0_u32, start, None::<u32>))]);
        while let Some(Reverse((holding, steps, here, by))) = open.pop() {
            if best.contains_key(&here) {
                continue;
            }
            best.insert(here, (holding, steps, by));
            if here == goal {
                break;
            }
            for edge in self.starts[here as usize]..self.starts[here as usize + 1] {
                let step = &self.edges[edge as usize];
                if step.kind.carries_power() {
                    let next = self.ways[edge as usize].1;
                    open.push(Reverse((holding.max(step.holding), steps + 1, next, Some(edge))));
                }
            }
        }
        let mut way = Vec::new();
        let mut at = goal;
        while let (_, _, Some(edge)) = best.get(&at)? {
            way.push(&self.edges[*edge as usize]);
            at = self.ways[*edge as usize].0;
        }
        way.reverse();
        Some(way)
    }

    /// Finds for everything what it can reach. Each power is followed back from those who have it along all steps that
    /// carry power: the surest way wins, then the shortest, then the first by name. Nothing keeps more than
    /// [`MOST_REACHED`] powers, so that the work grows with the number of steps. Sources come strongest first.
    pub fn search(&mut self, sources: Vec<Source>) {
        for holder in sources.iter().flat_map(|source| &source.holders).map(|(holder, _)| holder) {
            if self.number(holder).is_none() {
                self.add(holder.clone());
            }
        }
        let mut search = Search::over(self);
        let mut administration: HashMap<String, u32> = HashMap::new();
        for (power, Source { kind, scope, holders }) in (0..).zip(sources) {
            if kind == CapabilityKind::Administrator {
                administration.insert(scope.clone(), power);
            }
            // Who is administrator for certain gains nothing by another power in the same place.
            let covering = [Some(scope.clone()), cluster_of(&scope)];
            let covering = covering.map(|place| administration.get(&place?).copied());
            self.powers.push((kind, scope));
            let holders = holders.iter().filter_map(|(holder, holding)| Some((self.number(holder)?, *holding)));
            search.follow_back(power, holders, covering);
        }
        (self.reach_starts, self.reach) = one_list(search.reach);
    }

    /// A thing without any step. Only called before the search, and rarely: most things have one.
    fn add(&mut self, name: Urn) {
        let at = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name);
        self.index.insert(at, |number| &self.names[number as usize]);
        let (last, end) = (self.starts.last().copied().unwrap_or_default(), self.ends.last().copied());
        self.starts.push(last);
        self.ends.push(end.unwrap_or_default());
    }
}

/// A step that carries power, as it is followed back: steps themselves are long, and lie far from each other.
struct Back {
    before: u32,
    edge: u32,
    holding: Holding,
}

/// What of everything was reached so far.
struct Search {
    /// By where they lead, and for each name the first of those.
    steps: Vec<Back>,
    ends: Vec<u32>,
    reach: Vec<Vec<Reach>>,
    /// For each name the power that reached it last.
    last: Vec<u32>,
}

/// In place of the last power: a thing reaches as many as are kept.
const FULL: u32 = u32::MAX;
/// In place of a power or an edge: there is none.
const NONE: u32 = u32::MAX - 1;

/// Things that lie equally far: each with who has the power, and the first edge of the way there.
type Level = Vec<(u32, u32, u32)>;

impl Search {
    fn over(graph: &Graph) -> Self {
        let carries = |edge: &u32| graph.edges[*edge as usize].kind.carries_power();
        let back =
            |edge: u32| Back { before: graph.ways[edge as usize].0, edge, holding: graph.edges[edge as usize].holding };
        let arriving = graph.arriving.iter().copied().filter(carries);
        let ends = offsets(graph.names.len(), arriving.clone().map(|edge| graph.ways[edge as usize].1));
        let steps = arriving.map(back).collect();
        Self { steps, ends, reach: vec![Vec::new(); graph.names.len()], last: vec![NONE; graph.names.len()] }
    }

    fn follow_back(&mut self, power: u32, holders: impl Iterator<Item = (u32, Holding)>, covering: [Option<u32>; 2]) {
        // A step further is never surer: what lies open is taken in turn of surety and distance, sorted when its turn comes.
        let mut open: BTreeMap<(Holding, u16), Level> = BTreeMap::new();
        for (at, holding) in holders {
            open.entry((holding, 0)).or_default().push((at, at, NONE));
        }
        while let Some(((holding, steps), mut level)) = open.pop_first() {
            level.sort_unstable();
            let steps_further = steps.saturating_add(1);
            let mut as_sure = Vec::new();
            for (here, at, next) in level {
                let (of, last) = (&mut self.reach[here as usize], &mut self.last[here as usize]);
                let covers = |known: &Reach| known.holding <= holding && covering.contains(&Some(known.power));
                if *last == power || *last == FULL || of.iter().any(covers) {
                    continue;
                }
                of.push(Reach { power, at, holding, steps, next });
                *last = if of.len() < MOST_REACHED { power } else { FULL };
                for back in &self.steps[self.ends[here as usize] as usize..self.ends[here as usize + 1] as usize] {
                    let last = self.last[back.before as usize];
                    if last != power && last != FULL {
                        let step = (back.before, at, back.edge);
                        match holding.max(back.holding) {
                            as_now if as_now == holding => as_sure.push(step),
                            less => open.entry((less, steps_further)).or_default().push(step),
                        }
                    }
                }
            }
            if !as_sure.is_empty() {
                open.entry((holding, steps_further)).or_default().append(&mut as_sure);
            }
        }
    }
}

/// The scope of the cluster that a namespace is in, where a scope names a namespace. A cluster may have `/` in its name.
fn cluster_of(scope: &str) -> Option<String> {
    let (cluster, _) = scope.strip_prefix("namespace ")?.rsplit_once('/')?;
    Some(format!("cluster {cluster}"))
}

/// Every name of steps once, sorted, and the number of each by where its text lies: most are shared, and texts that begin
/// alike are slow to compare.
fn numbered_names(edges: &[Edge]) -> (Vec<Urn>, HashMap<usize, u32, foldhash::fast::RandomState>) {
    let mut copies: Vec<&Urn> = edges.iter().flat_map(|edge| [&edge.from, &edge.to]).collect();
    copies.par_sort_unstable_by_key(|name| name.address());
    copies.dedup_by_key(|name| name.address());
    copies.par_sort_unstable();
    let (mut names, mut numbers): (Vec<Urn>, HashMap<usize, u32, _>) = (Vec::new(), HashMap::default());
    for name in copies {
        if names.last() != Some(name) {
            names.push(name.clone());
        }
        numbers.insert(name.address(), u32::try_from(names.len() - 1).unwrap_or(u32::MAX));
    }
    (names, numbers)
}

/// The lists one after another, and where each begins: hundreds of thousands of lists take much room by themselves.
fn one_list(lists: Vec<Vec<Reach>>) -> (Vec<u32>, Vec<Reach>) {
    let mut starts = vec![0];
    let mut all = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    for list in lists {
        all.extend(list);
        starts.push(u32::try_from(all.len()).unwrap_or(u32::MAX));
    }
    (starts, all)
}

/// Where the things of each number begin in a list that is sorted by them.
fn offsets(count: usize, sorted: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut offsets = vec![0_u32; count + 1];
    for at in sorted {
        offsets[at as usize + 1] += 1;
    }
    for place in 1..offsets.len() {
        offsets[place] += offsets[place - 1];
    }
    offsets
}
