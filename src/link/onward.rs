//! Steps between AWS identities that lead neither to an administrator nor to stored data, for a question about one thing: of
//! everybody they would be too many. Reads what the other passes left, and adds to the graph alone.

use std::collections::{BTreeSet, VecDeque};

use super::reach::{aws_principals, surroundings};
use super::{Guardrails, Tables, search};
use crate::access::aws;
use crate::inventory::{Graph, Inventory};
use crate::model::{Edge, EdgeKind, Holding, Provider, Urn};

/// How often steps of other systems may lead to further identities of AWS.
const ROUNDS: usize = 3;

/// Adds every step of AWS that leads on from a thing to the graph; whether all of them were looked at.
pub fn follow(inventory: &mut Inventory, tables: &Tables, from: &Urn) -> bool {
    let (mut known, mut whole) = (BTreeSet::new(), true);
    for _ in 0..ROUNDS {
        let starts = identities(inventory, from);
        if starts.is_subset(&known) {
            break;
        }
        let (found, is_whole) = steps(inventory, tables, &starts);
        whole &= is_whole;
        known = starts;
        if !add(inventory, found) {
            break;
        }
    }
    whole
}

/// The identities of AWS that lie on ways from a thing.
fn identities(inventory: &Inventory, from: &Urn) -> BTreeSet<Urn> {
    let graph = &inventory.facts.graph;
    let mut seen = BTreeSet::from([from.clone()]);
    let mut queue = VecDeque::from([from.clone()]);
    while let Some(at) = queue.pop_front() {
        for edge in graph.from(&at).iter().filter(|edge| edge.kind.carries_power()) {
            if seen.insert(edge.to.clone()) {
                queue.push_back(edge.to.clone());
            }
        }
    }
    let is_aws = |id: &Urn| inventory.identities.get(id).is_some_and(|one| one.provider() == Provider::Aws);
    seen.retain(is_aws);
    seen
}

fn steps(inventory: &Inventory, tables: &Tables, starts: &BTreeSet<Urn>) -> (Vec<aws::Onward>, bool) {
    let library = aws::Library::new(inventory.policies.iter());
    let guardrails = Guardrails::of(inventory);
    let principals = aws_principals(inventory, &guardrails);
    let around = surroundings(inventory);
    let (table, techniques) = (&tables.aws_capabilities, &tables.aws_techniques);
    aws::onward(&principals, &library, table, techniques, &around, starts)
}

/// Adds the steps that the graph does not have in any form; whether there were some.
fn add(inventory: &mut Inventory, found: Vec<aws::Onward>) -> bool {
    let graph = &inventory.facts.graph;
    let is_new = |one: &aws::Onward| !graph.from(&one.from).iter().any(|edge| edge.to == one.to);
    let new: Vec<Edge> = found.into_iter().filter(is_new).map(edge).collect();
    if new.is_empty() {
        return false;
    }
    let edges = graph.edges().iter().cloned().chain(new).collect();
    inventory.facts.graph = Graph::new(edges);
    search::link(inventory);
    true
}

fn edge(one: aws::Onward) -> Edge {
    let edge = Edge::new(&one.from, EdgeKind::Escalates, &one.to, one.sentences.join("; "));
    if !one.conditional {
        return edge;
    }
    let asked = aws::asked(&one.sentences);
    let why = if asked.is_empty() { "a step of it holds only under a condition".to_owned() } else { asked };
    edge.only(Holding::Conditional, why)
}
