//! The edges of the graph, found from both ends. Concludes nothing.

use std::collections::{BTreeMap, HashMap};

use crate::model::{Link, LinkKind, Urn};

/// All edges, one for two things and a kind.
#[derive(Debug, Default)]
pub struct Links {
    rows: Vec<Link>,
    from: HashMap<Urn, Vec<usize>>,
    to: HashMap<Urn, Vec<usize>>,
}

impl Links {
    /// Of several statements of one edge the surest counts, then the newest.
    pub(super) fn new(links: Vec<Link>) -> Self {
        let mut best: BTreeMap<(Urn, LinkKind, Urn), Link> = BTreeMap::new();
        let weight = |link: &Link| (link.confidence, link.condition.is_none(), link.evidence.observed);
        for link in links {
            let key = (link.from.clone(), link.kind, link.to.clone());
            match best.get_mut(&key) {
                Some(known) if (weight(known), &*known) >= (weight(&link), &link) => {}
                Some(known) => *known = link,
                None => {
                    best.insert(key, link);
                }
            }
        }
        let rows: Vec<Link> = best.into_values().collect();
        let (mut from, mut to) = (HashMap::<Urn, Vec<usize>>::new(), HashMap::<Urn, Vec<usize>>::new());
        for (position, link) in rows.iter().enumerate() {
            from.entry(link.from.clone()).or_default().push(position);
            to.entry(link.to.clone()).or_default().push(position);
        }
        Self { rows, from, to }
    }

    /// All edges, by their three names.
    pub fn rows(&self) -> &[Link] {
        &self.rows
    }

    /// The edges that leave a thing.
    pub fn from(&self, name: &Urn) -> impl Iterator<Item = &Link> {
        self.from.get(name).into_iter().flatten().map(|&position| &self.rows[position])
    }

    /// The edges that lead to a thing.
    pub fn to(&self, name: &Urn) -> impl Iterator<Item = &Link> {
        self.to.get(name).into_iter().flatten().map(|&position| &self.rows[position])
    }
}
