//! The picture of an identity: what opens it, what it becomes, what it can do, as boxes in five columns and arrows
//! between them. Decides which boxes there are, not how they look; concludes nothing that `link` did not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sheet::Cell;
use super::strings::{Strings, Text};
use crate::inventory::IdentityFacts;
use crate::model::{CapabilityKind, Identity, Known, LinkKind, PrincipalKind, Provider, Urn, short_date};
use crate::report::Scan;
use crate::report::escape::flow_short;
use crate::report::view::{View, scope};
use crate::report::words::{plural, words};

/// How many boxes of one sort are drawn; the rest are one box with their number.
const DRAWN: usize = 6;

/// Longer names are cut, and said to be: a box shows a few words.
const LONGEST: usize = 300;

/// Where a box stands, from left to right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "u8")]
enum Column {
    /// Places where a secret lies in the open.
    Open,
    /// What proves it, runs as it or may become it.
    Entry,
    /// The identity itself.
    Itself,
    /// What it becomes.
    Other,
    /// What can be done in the end.
    Power,
}

impl From<Column> for u8 {
    fn from(column: Column) -> Self {
        column as u8
    }
}

/// A box: its column, what sort of thing it is, its name, a remark, and the row of the identity it stands for.
#[derive(Serialize)]
struct Node(Column, Text, Text, Text, Option<usize>);

/// An arrow: from box, to box, what it says, and whether it holds under a condition only.
#[derive(Serialize)]
struct Edge(usize, usize, Text, bool);

/// Boxes and arrows; both empty where there is nothing to draw but the identity itself.
#[derive(Default)]
pub(super) struct Chain {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Serialize for Chain {
    /// `0` where there is nothing to draw: most identities of a large organisation.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.edges.is_empty() {
            serializer.serialize_u8(0)
        } else {
            (&self.nodes, &self.edges).serialize(serializer)
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
    /// Who can become whom by steps of its own.
    pub(super) climbers: &'a BTreeMap<&'a Urn, Vec<&'a Urn>>,
}

/// Who becomes administrator through whom: by the identity at the end, those that reach it.
pub(super) fn climbers<'a>(scan: &'a Scan<'a>) -> BTreeMap<&'a Urn, Vec<&'a Urn>> {
    let mut climbers: BTreeMap<&Urn, Vec<&Urn>> = BTreeMap::new();
    for (id, facts) in &scan.inventory.facts.identities {
        for path in facts.escalations.iter().filter(|path| path.target != *id) {
            let of = climbers.entry(&path.target).or_default();
            if of.last() != Some(&id) {
                of.push(id);
            }
        }
    }
    climbers
}

impl Gallery<'_> {
    /// Draws the picture of one identity.
    pub(super) fn draw(&self, identity: &Identity, strings: &mut Strings) -> Chain {
        let mut pen = Pen { gallery: self, strings, chain: Chain::default(), names: BTreeMap::new() };
        let itself = pen.identity(Column::Itself, &identity.id);
        let facts = self.view.facts(&identity.id);
        pen.credentials(itself, facts);
        pen.exposures(itself, facts);
        pen.workloads(itself, facts);
        pen.trusted(itself, facts);
        pen.tied(itself, identity, facts);
        pen.linked(itself, identity);
        pen.climbers(itself, identity);
        pen.becomes(itself, identity, facts);
        pen.powers(itself, facts);
        if pen.chain.edges.is_empty() { Chain::default() } else { pen.chain }
    }
}

struct Pen<'a, 'b> {
    gallery: &'a Gallery<'a>,
    strings: &'b mut Strings,
    chain: Chain,
    /// The box of each thing that has a name of its own.
    names: BTreeMap<String, usize>,
}

impl Pen<'_, '_> {
    fn node(&mut self, column: Column, sort: &str, label: &str, note: &str, row: Option<usize>) -> usize {
        let mut text = |text: &str| self.strings.text(&flow_short(text, LONGEST));
        let (sort, label, note) = (text(sort), text(label), text(note));
        self.chain.nodes.push(Node(column, sort, label, note, row));
        self.chain.nodes.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, words: &str, conditional: bool) {
        let words = self.strings.text(words);
        if !self.chain.edges.iter().any(|edge| (edge.0, edge.1, edge.2) == (from, to, words)) {
            self.chain.edges.push(Edge(from, to, words, conditional));
        }
    }

    /// The box of an identity, which is made once.
    fn identity(&mut self, column: Column, id: &Urn) -> usize {
        if let Some(node) = self.names.get(id.as_str()) {
            return *node;
        }
        let found = self.gallery.scan.inventory.identities.get(id);
        let node = match found {
            Some(identity) => {
                let note = self.remark(identity);
                let row = self.gallery.rows.get(id).copied();
                self.node(column, identity.kind.label(), &identity.name, &note, row)
            }
            None => self.node(column, "not in the inventory", id.as_str(), "", None),
        };
        self.names.insert(id.to_string(), node);
        node
    }

    /// What is most worth saying of an identity under its name.
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

    /// The box for all that are not drawn.
    fn rest(&mut self, column: Column, count: usize, noun: &str, to: usize) {
        if let more @ 1.. = count.saturating_sub(DRAWN) {
            let node = self.node(column, "and", &plural(more, noun), "listed below", None);
            self.edge(node, to, "", false);
        }
    }

    fn credentials(&mut self, itself: usize, facts: &IdentityFacts) {
        let all = facts.credentials.iter().filter_map(|id| self.gallery.scan.inventory.credentials.get(id));
        // Those that lie in the open first: they are why one looks.
        let in_open = |id: &Urn| {
            let of = self.gallery.scan.inventory.facts.credentials.get(id);
            of.is_none_or(|facts| facts.exposures.is_empty())
        };
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|credential| in_open(&credential.id));
        for credential in all.iter().take(DRAWN) {
            let note = match &credential.active {
                Known::Value(true) => "works",
                Known::Value(false) => "switched off",
                _ => "unknown whether it works",
            };
            let node = self.node(Column::Entry, short_kind(credential.kind.as_str()), &credential.name, note, None);
            self.names.insert(credential.id.to_string(), node);
            self.edge(node, itself, "proves", false);
        }
        self.rest(Column::Entry, all.len(), "more credential", itself);
    }

    fn exposures(&mut self, itself: usize, facts: &IdentityFacts) {
        let inventory = self.gallery.scan.inventory;
        let all: Vec<_> = facts.exposures.iter().filter_map(|id| inventory.exposures.get(id)).collect();
        for exposure in all.iter().take(DRAWN) {
            let place = exposure.evidence.location.to_string();
            let node = self.node(Column::Open, "in the open", &place, &exposure.title, None);
            let credential = inventory.facts.exposures.get(&exposure.id).and_then(|facts| facts.credential.value());
            let to = credential.and_then(|id| self.names.get(id.as_str()).copied()).unwrap_or(itself);
            self.edge(node, to, "holds", false);
        }
        self.rest(Column::Open, all.len(), "more place", itself);
    }

    fn workloads(&mut self, itself: usize, facts: &IdentityFacts) {
        let all: Vec<_> =
            facts.workloads.iter().filter_map(|id| self.gallery.scan.inventory.workloads.get(id)).collect();
        for workload in all.iter().take(DRAWN) {
            let node = self.node(Column::Entry, short_kind(workload.kind.as_str()), &workload.name, "", None);
            self.edge(node, itself, "runs as", false);
        }
        self.rest(Column::Entry, all.len(), "more workload", itself);
    }

    fn trusted(&mut self, itself: usize, facts: &IdentityFacts) {
        for principal in facts.trusted.iter().take(DRAWN) {
            let name = Urn::new(&principal.name);
            let node = match principal.kind {
                PrincipalKind::Identity if self.gallery.rows.contains_key(&name) => self.identity(Column::Entry, &name),
                PrincipalKind::Anyone => self.node(Column::Entry, "principal", "anyone", &principal.name, None),
                kind => self.node(Column::Entry, principal_word(kind), &principal.name, "", None),
            };
            self.edge(node, itself, "may become", !principal.conditions.is_empty());
        }
        self.rest(Column::Entry, facts.trusted.len(), "more principal", itself);
    }

    /// Identities of another system: what runs in a cluster acts as what is in a cloud.
    fn tied(&mut self, itself: usize, identity: &Identity, facts: &IdentityFacts) {
        let acts = identity.provider() == Provider::Kubernetes;
        for other in facts.linked.iter().take(DRAWN) {
            if acts {
                let node = self.identity(Column::Other, other);
                self.edge(itself, node, "acts as", false);
                self.end(node, other);
            } else {
                let node = self.identity(Column::Entry, other);
                self.edge(node, itself, "acts as", false);
            }
        }
        let column = if acts { Column::Other } else { Column::Entry };
        self.rest(column, facts.linked.len(), "more identity", itself);
    }

    /// What configuration ties it to. Its owner stands in its own box.
    fn linked(&mut self, itself: usize, identity: &Identity) {
        let links = &self.gallery.scan.inventory.links;
        let is_drawn = |kind: LinkKind| kind != LinkKind::OwnedBy;
        let leave: Vec<_> = links.from(&identity.id).filter(|link| is_drawn(link.kind)).collect();
        for link in leave.iter().take(DRAWN) {
            let node = self.thing(Column::Other, &link.to);
            self.edge(itself, node, link.kind.as_str(), link.condition.is_some());
            if matches!(link.kind, LinkKind::ActsAs | LinkKind::Uses) {
                self.end(node, &link.to);
            }
        }
        self.rest(Column::Other, leave.len(), "more tie", itself);
        let lead: Vec<_> = links.to(&identity.id).filter(|link| is_drawn(link.kind)).collect();
        for link in lead.iter().take(DRAWN) {
            let node = self.thing(Column::Entry, &link.from);
            self.edge(node, itself, link.kind.as_str(), link.condition.is_some());
        }
        self.rest(Column::Entry, lead.len(), "more tie", itself);
    }

    /// The box of anything that has a name, be it an identity or not.
    fn thing(&mut self, column: Column, id: &Urn) -> usize {
        let inventory = self.gallery.scan.inventory;
        if self.names.contains_key(id.as_str()) || inventory.identities.get(id).is_some() {
            return self.identity(column, id);
        }
        let (sort, name) = if let Some(one) = inventory.workloads.get(id) {
            (short_kind(one.kind.as_str()), one.name.clone())
        } else if let Some(one) = inventory.credentials.get(id) {
            (short_kind(one.kind.as_str()), one.name.clone())
        } else if let Some(one) = inventory.settings.get(id) {
            (short_kind(one.kind.as_str()), one.name.clone())
        } else if let Some(one) = inventory.exposures.get(id) {
            ("in the open", one.evidence.location.to_string())
        } else if let Some(one) = inventory.people.get(id) {
            ("person", one.email.clone())
        } else {
            return self.identity(column, id);
        };
        let node = self.node(column, sort, &name, "", None);
        self.names.insert(id.to_string(), node);
        node
    }

    fn climbers(&mut self, itself: usize, identity: &Identity) {
        let Some(all) = self.gallery.climbers.get(&identity.id) else { return };
        for id in all.iter().take(DRAWN) {
            let node = self.identity(Column::Entry, id);
            self.edge(node, itself, "can become", false);
        }
        self.rest(Column::Entry, all.len(), "more identity", itself);
    }

    fn becomes(&mut self, itself: usize, identity: &Identity, facts: &IdentityFacts) {
        for path in facts.escalations.iter().take(DRAWN) {
            let words = "can become";
            if path.target == identity.id {
                let power = self.power("administrator", &identity.tenant);
                self.edge(itself, power, words, path.conditional);
            } else {
                let node = self.identity(Column::Other, &path.target);
                self.edge(itself, node, words, path.conditional);
                self.end(node, &path.target);
            }
        }
        self.rest(Column::Other, facts.escalations.len(), "more way", itself);
    }

    /// What one that is reached is administrator of.
    fn end(&mut self, node: usize, id: &Urn) {
        let facts = self.gallery.view.facts(id);
        for capability in facts.capabilities.iter().filter(|one| one.kind == CapabilityKind::Administrator).take(DRAWN)
        {
            let power = self.power("administrator", &capability.scope);
            self.edge(node, power, "is", capability.conditional);
        }
    }

    fn powers(&mut self, itself: usize, facts: &IdentityFacts) {
        let whole = |scope: &str| {
            facts.capabilities.iter().any(|one| one.kind == CapabilityKind::Administrator && one.scope == scope)
        };
        let is_told = |kind, scope: &str| kind != CapabilityKind::Administrator && whole(scope);
        let all: Vec<_> = facts.capabilities.iter().filter(|one| !is_told(one.kind, &one.scope)).collect();
        for capability in all.iter().take(DRAWN) {
            if capability.kind == CapabilityKind::Administrator {
                let power = self.power("administrator", &capability.scope);
                self.edge(itself, power, "is", capability.conditional);
            } else {
                let power = self.power(words(capability.kind), &scope(capability));
                self.edge(itself, power, "can", capability.conditional);
            }
        }
        if let more @ 1.. = all.len().saturating_sub(DRAWN) {
            let node = self.node(Column::Power, "and", &plural(more, "more right"), "listed below", None);
            self.edge(itself, node, "", false);
        }
    }

    /// The box of a power, which is made once.
    fn power(&mut self, what: &str, scope: &str) -> usize {
        let name = format!("power\n{what}\n{scope}");
        if let Some(node) = self.names.get(&name) {
            return *node;
        }
        let node = self.node(Column::Power, "power", what, scope, None);
        self.names.insert(name, node);
        node
    }
}

/// `kubernetes.deployment` as `deployment`: the picture's columns say which system it is.
fn short_kind(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(_, kind)| kind)
}

fn principal_word(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Anyone => "anyone",
        PrincipalKind::Account => "account",
        PrincipalKind::Identity => "identity",
        PrincipalKind::Service => "service",
        PrincipalKind::Federated => "federation",
        PrincipalKind::Deleted => "deleted identity",
    }
}
