//! `nonhuman reach`: everything that can be got to from one thing, as a tree, and the power that waits there.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known};
use super::{Failure, show, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::{AttributeName, CapabilityKind, Credential, CredentialKind, Edge, EdgeKind, Provider, Urn};

/// The deepest branch of the tree, and the longest tree, in lines: longer ones are not read.
const DEEPEST: usize = 12;
const LONGEST: usize = 400;

/// How many things of one sort are told one by one.
const MOST_ALIKE: usize = 6;

/// `nonhuman reach`
#[derive(Debug, Args)]
pub struct Reach {
    /// An identity, agent, credential, workload or secret: its id, the end of its id, or its name
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    asking: Asking,
}

pub(super) fn run(arguments: &Reach, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let mut known = arguments.asking.known(global, config)?;
    let id = known.find(&arguments.id)?;
    let cut_off = known.follow(&id);
    let graph = &known.inventory.facts.graph;
    let powers: Vec<_> =
        graph.reach_of(&id).map(|power| json!({"power": power, "way": graph.way(&id, &power)})).collect();
    let (given, rows) = given(&known, &id);
    let mut answer =
        Answer::new(thing::label(&known.inventory, &id), json!({"id": id, "reach": powers, "given": rows}));
    let mut tree = Tree { known: &known, section: Section::new("Leads to"), seen: BTreeSet::new(), lines: 0 };
    tree.branch(&id, 0);
    if tree.section.is_empty() {
        let own = graph.reach_of(&id).find(|power| power.kind == CapabilityKind::Administrator && power.steps == 0);
        let account = own.filter(|power| power.scope.starts_with("account "));
        match account {
            Some(power) => {
                tree.section.line(0, format!("every user and role of {}, as its administrator", power.scope))
            }
            None => tree.section.line(0, "nothing that was read leads on from it"),
        }
    }
    cut_off.into_iter().for_each(|line| tree.section.line(0, line));
    // What it comes to first: the tree may be long.
    show::reach(&known, &id, &mut answer);
    if graph.reach_of(&id).next().is_none() {
        let mut section = Section::new("What can be done with it");
        section.line(0, "no power that is known of; see below what could not be seen");
        answer.add(section);
    }
    answer.add(given);
    answer.add(tree.section);
    arguments.asking.tell(&known, answer)
}

/// How many credentials of one agent are named.
const MOST_GIVEN: usize = 20;

/// What an agent and the servers and models that it uses are given: values that stand there, and what they are called where
/// they are kept, which is not followed.
fn given(known: &Known, id: &Urn) -> (Section, Vec<serde_json::Value>) {
    let inventory = &known.inventory;
    let (mut section, mut rows) = (Section::new("Is given"), Vec::new());
    let is_agent = |id: &Urn| inventory.identities.get(id).is_some_and(|one| one.provider() == Provider::Agents);
    let used = inventory.facts.graph.from(id).iter().map(|edge| &edge.to);
    let holders: BTreeSet<&Urn> = used.chain([id]).filter(|one| is_agent(id) && is_agent(one)).collect();
    for holder in holders {
        let rights = inventory.identities.get(holder).and_then(|one| one.attributes.text(AttributeName::GivenRights));
        let of_holder = inventory.facts.identities.get(holder).map(|facts| &facts.credentials);
        let credentials = of_holder.into_iter().flatten().filter_map(|one| inventory.credentials.get(one));
        let credentials: Vec<&Credential> =
            credentials.filter(|one| one.kind == CredentialKind::AgentGiven).take(MOST_GIVEN).collect();
        let rights = rights.filter(|rights| !rights.is_empty());
        if rights.is_none() && credentials.is_empty() {
            continue;
        }
        section.line(0, thing::label(inventory, holder));
        rights.into_iter().for_each(|rights| section.line(1, format!("by its pipeline: {rights}")));
        for one in credentials {
            let by = one.attributes.text(AttributeName::GivenAs).unwrap_or("settings");
            let reference = one.attributes.text(AttributeName::Reference);
            let text = match reference {
                Some(reference) => format!("{} ({by}) as {reference}, whose value was not read", one.name),
                None => format!("{} ({by}), whose value stands at {}", one.name, one.evidence.location),
            };
            section.line(1, text);
            rows.push(json!({"holder": holder, "name": one.name, "by": by, "reference": reference}));
        }
    }
    (section, rows)
}

/// What sort of thing a step leads to, and where: things of one sort are told together.
fn what(known: &Known, edge: &Edge) -> String {
    let inventory = &known.inventory;
    if let Some(identity) = inventory.identities.get(&edge.to) {
        let namespace = identity.name.split_once('/').map(|(namespace, _)| namespace).unwrap_or_default();
        let is_of_cluster = identity.provider() == Provider::Kubernetes;
        let namespace = if is_of_cluster { format!(" of namespace {namespace}") } else { String::new() };
        return format!("{}{namespace}, {}", identity.kind.label(), identity.tenant);
    }
    let credential = inventory.credentials.get(&edge.to).map(|one| one.kind.to_string());
    let workload = inventory.workloads.get(&edge.to).map(|one| one.kind.to_string());
    credential.or(workload).unwrap_or_else(|| edge.to.to_string())
}

struct Tree<'a> {
    known: &'a Known,
    section: Section,
    seen: BTreeSet<Urn>,
    lines: usize,
}

impl Tree<'_> {
    /// Each thing is opened once: a second time it is only named.
    fn branch(&mut self, id: &Urn, depth: usize) {
        self.seen.insert(id.clone());
        let graph = &self.known.inventory.facts.graph;
        let mut alike: BTreeMap<(EdgeKind, String), Vec<&Edge>> = BTreeMap::new();
        let mut order = Vec::new();
        for edge in graph.from(id).iter().filter(|edge| edge.kind.carries_power()) {
            let key = (edge.kind, what(self.known, edge));
            let of_key = alike.entry(key.clone()).or_default();
            if of_key.is_empty() {
                order.push(key);
            }
            of_key.push(edge);
        }
        for key in order {
            let edges = alike.remove(&key).unwrap_or_default();
            self.twigs(&key.1, edges, depth);
        }
    }

    /// Steps to things of one sort: where there are many, only those that lead to the strongest powers are told one by one.
    fn twigs(&mut self, what: &str, mut edges: Vec<&Edge>, depth: usize) {
        let known = self.known;
        let graph = &known.inventory.facts.graph;
        let folded = edges.len().saturating_sub(MOST_ALIKE);
        if folded > 0 {
            let strength = |edge: &&Edge| {
                let strongest = graph.reach_of(&edge.to).next();
                strongest.map_or((usize::MAX, 0), |power| {
                    let kind = CapabilityKind::ALL.iter().position(|kind| *kind == power.kind);
                    (kind.unwrap_or_default(), power.steps)
                })
            };
            edges.sort_by_key(|edge| (strength(edge), &edge.to));
            let with_power = edges.iter().filter(|edge| graph.reach_of(&edge.to).next().is_some()).count();
            let words = edges[0].kind.words();
            let powers = match with_power {
                0 => "none of which can do anything that is known".to_owned(),
                some => format!("{some} of which can do something; the strongest:"),
            };
            self.section.line(depth, format!("{words} {} things like {what}, {powers}", edges.len()));
            self.lines += 1;
            edges.truncate(with_power);
            edges.retain(|edge| !self.seen.contains(&edge.to));
            edges.truncate(MOST_ALIKE);
        }
        let depth = depth + usize::from(folded > 0);
        for edge in edges {
            self.lines += 1;
            if self.lines == LONGEST {
                self.section.line(depth, "… the tree goes on; `--format json` names all that can be done");
            }
            if self.lines >= LONGEST {
                return;
            }
            let text = thing::step(&self.known.inventory, edge);
            let leads_on = graph.from(&edge.to).iter().any(|next| next.kind.carries_power());
            if self.seen.contains(&edge.to) {
                let above = if leads_on { " (opened above)" } else { "" };
                self.section.line(depth, format!("{text}{above}"));
            } else if depth >= DEEPEST {
                self.section.line(depth, format!("{text} …"));
            } else {
                self.section.line(depth, text);
                self.branch(&edge.to, depth + 1);
            }
        }
    }
}
