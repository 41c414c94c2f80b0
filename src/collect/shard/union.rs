//! What several shards brought, as one. Pure: the order, repetition and grouping of shards make no difference.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Manifest, Shard};
use crate::model::{CoverageEntry, FactKind, Outcome};

/// What was brought so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Union {
    lines: BTreeSet<String>,
    planned: BTreeSet<(usize, String)>,
    read: BTreeSet<String>,
    shards: BTreeSet<Shard>,
    now: Option<Timestamp>,
}

impl Union {
    /// What one shard brought.
    pub fn of(manifest: &Manifest, lines: Vec<String>) -> Self {
        Self {
            lines: lines.into_iter().collect(),
            planned: manifest.planned.iter().cloned().enumerate().collect(),
            read: manifest.read.iter().cloned().collect(),
            shards: BTreeSet::from([manifest.shard]),
            now: Some(manifest.now),
        }
    }

    /// What either brought.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self.planned.extend(other.planned);
        self.read.extend(other.read);
        self.shards.extend(other.shards);
        self.now = self.now.max(other.now);
        self
    }

    /// Every record, one a line.
    pub fn lines(&self) -> impl Iterator<Item = &String> {
        self.lines.iter()
    }

    /// The newest point in time of a shard.
    pub fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// Every target that was read or should have been, as one run would have listed them.
    pub fn inputs(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let planned = self.planned.iter().map(|(_, target)| target);
        planned.chain(&self.read).filter(|target| seen.insert(*target)).cloned().collect()
    }

    /// The targets that no shard brought, as holes.
    pub fn missing(&self) -> Vec<CoverageEntry> {
        let targets: BTreeSet<&String> = self.planned.iter().map(|(_, target)| target).collect();
        let absent: Vec<String> = self.absent().iter().map(ToString::to_string).collect();
        let told = match absent.as_slice() {
            [] => "no shard brought it".to_owned(),
            [one] => format!("no shard brought it; missing is shard {one}"),
            several => format!("no shard brought it; missing are shards {}", several.join(", ")),
        };
        let missing = targets.into_iter().filter(|target| !self.read.contains(*target));
        missing
            .map(|name| {
                let (collector, target) = name.split_once(' ').unwrap_or(("records", name));
                CoverageEntry::hole(collector, target, "everything", Outcome::Failed, told.clone())
                    .remedy("collect the missing shards and merge again")
                    .blinds(FactKind::ALL)
            })
            .collect()
    }

    /// The shards that there should be and are not, for each number of shards that was used.
    fn absent(&self) -> Vec<Shard> {
        let mut by_number: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for shard in &self.shards {
            by_number.entry(shard.of).or_default().insert(shard.shard);
        }
        let absent = by_number.iter().flat_map(|(of, there)| {
            (1..=*of).filter(|shard| !there.contains(shard)).map(|shard| Shard { shard, of: *of })
        });
        absent.take(20).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brought() -> impl Strategy<Value = Union> {
        let names = || proptest::collection::vec("[a-d]", 0..4);
        (1_u32..4, 1_u32..4, names(), names(), names(), 0_i64..5).prop_map(|(shard, of, planned, read, lines, at)| {
            let manifest = Manifest {
                form: String::new(),
                now: Timestamp::from_second(at).unwrap_or_default(),
                version: String::new(),
                shard: Shard { shard: shard.min(of), of },
                planned,
                read,
                parts: Vec::new(),
            };
            Union::of(&manifest, lines)
        })
    }

    proptest! {
        #[test]
        fn shards_come_in_any_order_and_number(a in brought(), b in brought(), c in brought()) {
            let (x, y, z) = (|| a.clone(), || b.clone(), || c.clone());
            prop_assert_eq!(x().with(y()), y().with(x()));
            prop_assert_eq!(x().with(y()).with(z()), x().with(y().with(z())));
            prop_assert_eq!(x().with(x()), x());
            prop_assert_eq!(x().with(y()).with(y()).missing(), y().with(x()).missing());
        }

        /// What is planned is read or missing, never neither.
        #[test]
        fn nothing_is_lost(a in brought(), b in brought()) {
            let both = a.with(b);
            let missing = both.missing().len();
            let planned: BTreeSet<&String> = both.planned.iter().map(|(_, target)| target).collect();
            prop_assert_eq!(missing + planned.intersection(&both.read.iter().collect()).count(), planned.len());
        }
    }
}
