//! The edges of the graph, found from both ends. Concludes nothing.

use rayon::prelude::*;

use crate::model::{Link, LinkKind, Urn};

/// All edges, one for two things and a kind.
#[derive(Debug, Default)]
pub struct Links {
    /// Sorted by where they start, their kind and where they lead.
    rows: Vec<Link>,
    /// The rows by where they lead.
    arriving: Vec<u32>,
}

impl Links {
    /// Of several statements of one edge the surest counts, then the newest.
    pub(super) fn new(mut links: Vec<Link>) -> Self {
        fn name(link: &Link) -> (&Urn, LinkKind, &Urn) {
            (&link.from, link.kind, &link.to)
        }
        let weight = |link: &Link| (link.confidence, link.condition.is_none(), link.evidence.observed);
        links.par_sort_unstable_by(|a, b| {
            name(a).cmp(&name(b)).then_with(|| weight(b).cmp(&weight(a))).then_with(|| b.cmp(a))
        });
        links.dedup_by(|later, first| name(later) == name(first));
        links.shrink_to_fit();
        let mut arriving: Vec<u32> = (0..).take(links.len()).collect();
        arriving.par_sort_by(|a, b| links[*a as usize].to.cmp(&links[*b as usize].to));
        Self { rows: links, arriving }
    }

    /// Takes in what was concluded later.
    pub fn add(&mut self, more: Vec<Link>) {
        if !more.is_empty() {
            let rows = std::mem::take(&mut self.rows);
            *self = Self::new(rows.into_iter().chain(more).collect());
        }
    }

    /// Drops what turned out not to be.
    pub fn refute(&mut self, is_refuted: impl Fn(&Link) -> bool) {
        let rows = std::mem::take(&mut self.rows);
        *self = Self::new(rows.into_iter().filter(|link| !is_refuted(link)).collect());
    }

    /// All edges, by their three names.
    pub fn rows(&self) -> &[Link] {
        &self.rows
    }

    /// The edges that leave a thing.
    pub fn from(&self, name: &Urn) -> impl Iterator<Item = &Link> {
        let start = self.rows.partition_point(|link| link.from < *name);
        self.rows[start..].iter().take_while(move |link| link.from == *name)
    }

    /// The edges that lead to a thing.
    pub fn to(&self, name: &Urn) -> impl Iterator<Item = &Link> {
        let row = |position: &u32| &self.rows[*position as usize];
        let start = self.arriving.partition_point(|position| row(position).to < *name);
        self.arriving[start..].iter().map(row).take_while(move |link| link.to == *name)
    }
}
