//! The steps that `link` concluded, indexed by both of their ends, and what can be reached along them. Concludes no
//! step itself.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::model::{Edge, Holding, Reached, Urn};

/// Steps by where they start and where they lead, and the power at the end of them.
#[derive(Debug, Default)]
pub struct Graph {
    /// Sorted by start, end and kind.
    edges: Vec<Edge>,
    names: Vec<Urn>,
    index: HashMap<Urn, u32>,
    /// For each name the first of its edges; one more at the end.
    starts: Vec<u32>,
    /// The edges by their ends, and for each name the first of those.
    arriving: Vec<u32>,
    ends: Vec<u32>,
    reach: HashMap<u32, Vec<Reach>>,
}

/// A thing of [`Graph::reach_of`] in short form.
#[derive(Clone, Debug)]
struct Reach {
    reached: Reached,
    /// The first edge of the way; none where it has the power itself.
    next: Option<u32>,
}

/// A place of power: everybody who has it, and how sure that is.
#[derive(Clone, Debug)]
pub struct Source {
    /// What is had: `at` is ignored.
    pub power: Reached,
    /// Who has it.
    pub holders: Vec<(Urn, Holding)>,
}

/// How many powers are told of one thing, the strongest first.
pub const MOST_REACHED: usize = 24;

impl Graph {
    /// Indexes steps. Of several of one kind between two things the surest stays.
    pub fn new(mut edges: Vec<Edge>) -> Self {
        edges.sort();
        edges.dedup_by(|later, first| later.from == first.from && later.to == first.to && later.kind == first.kind);
        let mut names: Vec<Urn> = edges.iter().flat_map(|edge| [edge.from.clone(), edge.to.clone()]).collect();
        names.sort_unstable();
        names.dedup();
        let index: HashMap<Urn, u32> = names.iter().cloned().zip(0..).collect();
        let at = |urn: &Urn| index.get(urn).copied().unwrap_or_default();
        let starts = offsets(names.len(), edges.iter().map(|edge| at(&edge.from)));
        let mut arriving: Vec<u32> = (0..).take(edges.len()).collect();
        let targets: Vec<u32> = edges.iter().map(|edge| at(&edge.to)).collect();
        arriving.sort_by_key(|edge| targets[*edge as usize]);
        let ends = offsets(names.len(), arriving.iter().map(|edge| targets[*edge as usize]));
        Self { edges, names, index, starts, arriving, ends, reach: HashMap::new() }
    }

    /// Every step.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The steps that start here.
    pub fn from(&self, name: &Urn) -> &[Edge] {
        let Some(&at) = self.index.get(name) else { return &[] };
        &self.edges[self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize]
    }

    /// The steps that lead here.
    pub fn to(&self, name: &Urn) -> impl Iterator<Item = &Edge> {
        let range = self.index.get(name).map_or(0..0, |&at| self.range_to(at));
        self.arriving[range].iter().map(|edge| &self.edges[*edge as usize])
    }

    fn range_to(&self, at: u32) -> std::ops::Range<usize> {
        self.ends[at as usize] as usize..self.ends[at as usize + 1] as usize
    }

    /// Every name that a step starts at or leads to, sorted.
    pub fn names(&self) -> &[Urn] {
        &self.names
    }

    /// What can be reached from here, the strongest first; what it has itself is part of it.
    pub fn reach_of(&self, name: &Urn) -> impl Iterator<Item = &Reached> {
        let of = self.index.get(name).and_then(|at| self.reach.get(at));
        of.into_iter().flatten().map(|reach| &reach.reached)
    }

    /// The way to something that [`Self::reach_of`] gave: the surest, and of those the shortest.
    pub fn way(&self, name: &Urn, to: &Reached) -> Vec<&Edge> {
        let mut way = Vec::new();
        let mut at = self.index.get(name).copied();
        while let Some(here) = at
            && way.len() < self.names.len()
        {
            let of = self.reach.get(&here).into_iter().flatten();
            let same = of.filter(|reach| reach.reached.kind == to.kind && reach.reached.scope == to.scope);
            let Some(edge) = same.filter_map(|reach| reach.next).next().map(|edge| &self.edges[edge as usize]) else {
                break;
            };
            way.push(edge);
            at = self.index.get(&edge.to).copied();
        }
        way
    }

    /// The surest way from one thing to another, and of those the shortest; none where there is no way.
    pub fn path(&self, from: &Urn, to: &Urn) -> Option<Vec<&Edge>> {
        let (start, goal) = (*self.index.get(from)?, *self.index.get(to)?);
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
                if step.kind.carries_power()
                    && let Some(&next) = self.index.get(&step.to)
                {
                    open.push(Reverse((holding.max(step.holding), steps + 1, next, Some(edge))));
                }
            }
        }
        let mut way = Vec::new();
        let mut at = goal;
        while let (_, _, Some(edge)) = best.get(&at)? {
            let edge = &self.edges[*edge as usize];
            way.push(edge);
            at = *self.index.get(&edge.from)?;
        }
        way.reverse();
        Some(way)
    }

    /// Finds for everything what it can reach. Each power is followed back from those who have it along all steps that
    /// carry power: the surest way wins, then the shortest, then the first by name. Nothing keeps more than
    /// [`MOST_REACHED`] powers, so that the work grows with the number of steps. Sources come strongest first.
    pub fn search(&mut self, sources: &[Source]) {
        for holder in sources.iter().flat_map(|source| &source.holders).map(|(holder, _)| holder) {
            if !self.index.contains_key(holder) {
                self.add(holder.clone());
            }
        }
        let mut reach: HashMap<u32, Vec<Reach>> = HashMap::new();
        for source in sources {
            self.follow_back(source, &mut reach);
        }
        self.reach = reach;
    }

    /// A thing without any step. Only called before the search, and rarely: most things have one.
    fn add(&mut self, name: Urn) {
        let at = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.index.insert(name.clone(), at);
        self.names.push(name);
        let (last, end) = (self.starts.last().copied().unwrap_or_default(), self.ends.last().copied());
        self.starts.push(last);
        self.ends.push(end.unwrap_or_default());
    }

    fn follow_back(&self, source: &Source, reach: &mut HashMap<u32, Vec<Reach>>) {
        let mut open = BinaryHeap::new();
        for (holder, holding) in &source.holders {
            if let Some(&at) = self.index.get(holder) {
                open.push(Reverse((*holding, 0_u32, at, at, None::<u32>)));
            }
        }
        while let Some(Reverse((holding, steps, here, holder, by))) = open.pop() {
            let of = reach.entry(here).or_default();
            let last_is_this = of.last().is_some_and(|last| is_same(&last.reached, &source.power));
            let is_covered = of.iter().any(|known| covers(&known.reached, &source.power, holding));
            if last_is_this || is_covered || of.len() >= MOST_REACHED {
                continue;
            }
            let at = self.names[holder as usize].clone();
            of.push(Reach { reached: Reached { at, holding, steps, ..source.power.clone() }, next: by });
            for edge in &self.arriving[self.range_to(here)] {
                let step = &self.edges[*edge as usize];
                if step.kind.carries_power()
                    && let Some(&before) = self.index.get(&step.from)
                {
                    open.push(Reverse((holding.max(step.holding), steps + 1, before, holder, Some(*edge))));
                }
            }
        }
    }
}

fn is_same(a: &Reached, b: &Reached) -> bool {
    a.kind == b.kind && a.scope == b.scope
}

/// Whether who reaches `known` for certain gains nothing by the other: it is administrator there already.
fn covers(known: &Reached, other: &Reached, holding: Holding) -> bool {
    let is_within = known.scope == other.scope
        || known.scope.strip_prefix("cluster ").is_some_and(|cluster| {
            let below = other.scope.strip_prefix("namespace ").and_then(|scope| scope.strip_prefix(cluster));
            below.is_some_and(|rest| rest.starts_with('/'))
        });
    known.kind == crate::model::CapabilityKind::Administrator && known.holding <= holding && is_within
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
