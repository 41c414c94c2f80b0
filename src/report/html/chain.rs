//! The picture of an identity: what opens it, what it becomes, what it can do, as boxes in columns and arrows between
//! them. Decides which of the steps that `link` concluded are drawn, not how they look; concludes none itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sheet::Cell;
use super::strings::{Strings, Text};
use crate::model::{CapabilityKind, Edge, EdgeKind, Holding, Identity, Known, PrincipalKind, Reached, Urn, short_date};
use crate::report::Scan;
use crate::report::escape::flow_short;
use crate::report::view::View;
use crate::report::words::{plural, words};

/// How many boxes that lead to one are drawn; the rest are one box with their number.
const DRAWN: usize = 6;

/// How many boxes there are at most: a picture of more is none.
const MOST: usize = 32;

/// How many steps before the identity are drawn.
const BEFORE: i32 = 3;

/// How many powers are drawn at the end.
const POWERS: usize = 5;

/// Longer names are cut, and said to be: a box shows a few words.
const LONGEST: usize = 300;

/// A box: its column, what sort of thing it is, its name, a remark, and the row of the identity it stands for.
#[derive(Serialize)]
struct Node(i32, Text, Text, Text, Option<usize>);

/// An arrow: from box, to box, what it says, how sure it is (0: it holds, 1: under a condition, 2: unknown), and the
/// condition.
#[derive(Serialize)]
struct Arrow(usize, usize, Text, u8, Text);

/// Boxes and arrows; both empty where there is nothing to draw but the identity itself.
#[derive(Default)]
pub(super) struct Chain {
    nodes: Vec<Node>,
    arrows: Vec<Arrow>,
}

impl Serialize for Chain {
    /// `0` where there is nothing to draw: most identities of a large organisation.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.arrows.is_empty() {
            serializer.serialize_u8(0)
        } else {
            (&self.nodes, &self.arrows).serialize(serializer)
        }
    }
}

impl Cell for Chain {}

/// What all pictures share.
pub(super) struct Gallery<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) view: &'a View<'a>,
    /// The row of each identity.
    pub(super) rows: &'a BTreeMap<&'a Urn, usize>,
}

impl Gallery<'_> {
    /// Draws the picture of one identity.
    pub(super) fn draw(&self, identity: &Identity, strings: &mut Strings) -> Chain {
        let mut pen = Pen { gallery: self, strings, chain: Chain::default(), names: BTreeMap::new() };
        let itself = pen.thing(0, &identity.id);
        pen.before(itself, &identity.id);
        pen.trusted(itself, &identity.id);
        pen.after(&identity.id);
        if pen.chain.arrows.is_empty() { Chain::default() } else { pen.chain }
    }
}

struct Pen<'a, 'b> {
    gallery: &'a Gallery<'a>,
    strings: &'b mut Strings,
    chain: Chain,
    /// The box of each thing.
    names: BTreeMap<String, usize>,
}

impl<'a> Pen<'a, '_> {
    fn node(&mut self, column: i32, sort: &str, label: &str, note: &str, row: Option<usize>) -> usize {
        let mut text = |text: &str| self.strings.text(&flow_short(text, LONGEST));
        let (sort, label, note) = (text(sort), text(label), text(note));
        self.chain.nodes.push(Node(column, sort, label, note, row));
        self.chain.nodes.len() - 1
    }

    fn arrow(&mut self, from: usize, to: usize, words: &str, holding: Holding, condition: &str) {
        let condition = self.strings.text(&flow_short(condition, LONGEST));
        let words = self.strings.text(words);
        // Of several steps between two boxes the first is the surest; two arrows would lie on each other.
        if !self.chain.arrows.iter().any(|one| (one.0, one.1) == (from, to)) {
            self.chain.arrows.push(Arrow(from, to, words, holding as u8, condition));
        }
    }

    fn step(&mut self, from: usize, to: usize, edge: &Edge) {
        self.arrow(from, to, edge.kind.words(), edge.holding, edge.condition.as_deref().unwrap_or_default());
    }

    fn is_full(&self) -> bool {
        self.chain.nodes.len() >= MOST
    }

    /// What leads to the identity, column by column, so that the nearest are drawn in any case.
    fn before(&mut self, itself: usize, id: &Urn) {
        let mut near = vec![(itself, id.clone())];
        for distance in 1..=BEFORE {
            let mut next = Vec::new();
            for (to, id) in near {
                next.extend(self.steps_to(-distance, to, &id));
            }
            near = next;
        }
    }

    /// The boxes of what leads to one. Beyond the first column only what holds a value or uses it is told: who else may
    /// control the holder of a key belongs on that one's page.
    fn steps_to(&mut self, column: i32, to: usize, id: &Urn) -> Vec<(usize, Urn)> {
        let is_first = column == -1;
        let is_told = |kind: EdgeKind| match kind {
            EdgeKind::ValueOf | EdgeKind::Proves | EdgeKind::RunsAs | EdgeKind::Uses => true,
            // Whoever runs a whole place controls all in it, which says nothing of one.
            EdgeKind::Controls => false,
            kind => is_first && kind.carries_power(),
        };
        let mut edges: Vec<&Edge> =
            self.gallery.scan.inventory.facts.graph.to(id).filter(|edge| is_told(edge.kind)).collect();
        edges.sort_by_key(|edge| (edge.kind, edge.holding));
        let mut drawn = Vec::new();
        for edge in edges.iter().take(DRAWN) {
            if self.is_full() {
                break;
            }
            let is_new = !self.names.contains_key(edge.from.as_str());
            let from = self.thing(column, &edge.from);
            self.step(from, to, edge);
            if is_new {
                drawn.push((from, edge.from.clone()));
            }
        }
        if let more @ 1.. = edges.len().saturating_sub(DRAWN) {
            let node = self.node(column, "and", &format!("{more} more"), "not drawn", None);
            self.arrow(node, to, "", Holding::Holds, "");
        }
        drawn
    }

    /// Those whom its trust names and who are no identities of their own: anyone, an account, a service.
    fn trusted(&mut self, itself: usize, id: &Urn) {
        let all = &self.gallery.view.facts(id).trusted;
        let others = all.iter().filter(|one| !self.names.contains_key(&one.name)).collect::<Vec<_>>();
        for principal in others.into_iter().take(DRAWN) {
            let (sort, name) = match principal.kind {
                PrincipalKind::Anyone => ("principal", "anyone"),
                PrincipalKind::Identity => continue,
                kind => (kind.as_str(), principal.name.as_str()),
            };
            let node = self.node(-1, sort, name, "", None);
            let holding = if principal.conditions.is_empty() { Holding::Holds } else { Holding::Conditional };
            self.arrow(node, itself, "may become", holding, &principal.conditions.join(", "));
        }
    }

    /// What it becomes and what can be done in the end, the strongest first.
    fn after(&mut self, id: &Urn) {
        let graph = &self.gallery.scan.inventory.facts.graph;
        let all: Vec<(Reached<'_>, Vec<&Edge>)> =
            graph.reach_of(id).map(|power| (power, graph.way(id, &power))).filter(|(_, way)| !is_told(way)).collect();
        let (mut last, shown) = (1, all.get(..POWERS).unwrap_or(&all));
        for (_, way) in shown {
            for (edge, column) in way.iter().zip(1..) {
                let (from, to) = (self.thing(column - 1, &edge.from), self.thing(column, &edge.to));
                self.step(from, to, edge);
                last = last.max(column + 1);
            }
        }
        for (power, _) in shown {
            let from = self.thing(0, power.at);
            let (word, what) = match power.kind {
                CapabilityKind::Administrator if self.has(power) => ("is", "administrator"),
                CapabilityKind::Administrator => ("can become", "administrator"),
                kind => ("can", words(kind)),
            };
            let to = self.power(last, what, power.scope);
            let holding = if power.steps == 0 { power.holding } else { Holding::Holds };
            self.arrow(from, to, word, holding, "");
        }
        if let more @ 1.. = all.len().saturating_sub(shown.len()) {
            let (node, from) =
                (self.node(last, "and", &plural(more, "more power"), "not drawn", None), self.thing(0, id));
            self.arrow(from, node, "", Holding::Holds, "");
        }
    }

    /// Whether the one at the end of a way has the power by its rights, and need not give it to itself.
    fn has(&self, power: &Reached<'_>) -> bool {
        let facts = self.gallery.view.facts(power.at);
        facts.capabilities.iter().any(|one| one.kind == power.kind && one.scope == power.scope)
    }

    /// The box of a power, which is made once.
    fn power(&mut self, column: i32, what: &str, scope: &str) -> usize {
        let name = format!("power\n{what}\n{scope}");
        if let Some(node) = self.names.get(&name) {
            return *node;
        }
        let node = self.node(column, "power", what, scope, None);
        self.names.insert(name, node);
        node
    }

    /// The box of anything that has a name, which is made once.
    fn thing(&mut self, column: i32, id: &Urn) -> usize {
        if let Some(node) = self.names.get(id.as_str()) {
            return *node;
        }
        let (sort, name, note) = self.told(id);
        let row = self.gallery.rows.get(id).copied();
        let node = self.node(column, sort, &name, &note, row);
        self.names.insert(id.to_string(), node);
        node
    }

    /// What sort of thing it is, its name, and what is most worth saying under it.
    fn told(&self, id: &Urn) -> (&'a str, String, String) {
        let gallery = self.gallery;
        let inventory = gallery.scan.inventory;
        if let Some(one) = inventory.identities.get(id) {
            (one.kind.label(), one.name.clone(), self.remark(one))
        } else if let Some(one) = inventory.credentials.get(id) {
            let note = match &one.active {
                Known::Value(true) => "works",
                Known::Value(false) => "switched off",
                _ => "unknown whether it works",
            };
            (short_kind(one.kind.as_str()), one.name.clone(), note.to_owned())
        } else if let Some(one) = inventory.exposures.get(id) {
            ("in the open", one.evidence.location.to_string(), one.title.clone())
        } else if let Some(one) = inventory.workloads.get(id) {
            (short_kind(one.kind.as_str()), one.name.clone(), one.tenant.clone())
        } else if let Some(one) = inventory.settings.get(id) {
            (short_kind(one.kind.as_str()), one.name.clone(), one.tenant.clone())
        } else if let Some(one) = inventory.people.get(id) {
            ("person", one.email.clone(), String::new())
        } else if let Some(outside) = id.as_str().strip_prefix("outside:") {
            ("outside", outside.replace('/', " "), String::new())
        } else if let Some(cluster) = id.as_str().strip_prefix("place:nodes ") {
            ("every node of", cluster.to_owned(), String::new())
        } else if let Some(place) = id.as_str().strip_prefix("place:") {
            ("every identity of", place.to_owned(), String::new())
        } else {
            ("not in the inventory", id.to_string(), String::new())
        }
    }

    fn remark(&self, identity: &Identity) -> String {
        if identity.enabled == Known::Value(false) {
            return "disabled".to_owned();
        }
        match &self.gallery.view.facts(&identity.id).owner {
            Known::Value(owner) => match (&owner.left, &owner.active) {
                (Known::Value(left), _) if *left <= self.gallery.scan.now => {
                    format!("owner left {}", short_date(*left))
                }
                (_, Known::Value(false)) => "owner no longer there".to_owned(),
                _ => format!("owner {}", owner.name),
            },
            Known::Absent => "no owner".to_owned(),
            Known::Unknown(_) => identity.tenant.clone(),
        }
    }
}

/// Who runs a whole place has the power of all in it: its box says so, and their ways would hide it.
fn is_told(way: &[&Edge]) -> bool {
    way.iter().any(|edge| edge.kind == EdgeKind::Controls)
}

/// `kubernetes.deployment` as `deployment`: the picture's columns say which system it is.
fn short_kind(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(_, kind)| kind)
}
