//! A part of the targets for each of several machines. Which target is whose depends on its name and the number of parts
//! alone: no machine has to ask another, and one more part moves few targets.

mod part;
mod store;
mod union;

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;

use super::{CollectError, Collector, Context, Sink};
use crate::model::FactKind;

pub use part::{Brought, Manifest, is_manifest, write};
pub use store::{PartError, Store, Variables};
pub use union::{Merged, Together, Union};

/// The largest number of parts: what a Kubernetes Indexed Job can have, in round numbers.
const MOST: u32 = 100_000;

/// One of several parts, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Shard {
    /// Which one.
    pub shard: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The `shard`th of `of` parts.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn new(shard: u64, of: u64) -> Result<Self, String> {
        match (u32::try_from(shard), u32::try_from(of)) {
            (Ok(shard), Ok(of)) if (1..=MOST).contains(&of) && (1..=of).contains(&shard) => Ok(Self { shard, of }),
            _ => Err(format!("there is no shard {shard} of {of} (they are counted from 1, up to {MOST})")),
        }
    }

    /// Whether a target is this one's: it goes to the part with the highest hash of both names ("rendezvous hashing",
    /// Thaler and Ravishankar 1998).
    pub fn owns(self, target: &str) -> bool {
        let weight = |shard: u32| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&shard.to_le_bytes());
            hasher.update(target.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let own = weight(self.shard);
        (1..=self.of).all(|other| other == self.shard || weight(other) < own)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no shard (expected such as 3/16, or auto)");
        let (shard, of) = text.split_once('/').ok_or_else(wrong)?;
        Self::new(shard.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.shard, self.of)
    }
}

/// The name of a target among those of all collectors.
pub fn name_of(collector: &str, target: &str) -> String {
    format!("{collector} {target}")
}

/// The collectors with the targets of a shard alone. What is not planned was found in a tree of this shard, and is its.
pub fn kept(collectors: Vec<Arc<dyn Collector>>, shard: Shard, planned: &[String]) -> Vec<Arc<dyn Collector>> {
    let planned: HashSet<&String> = planned.iter().collect();
    let is_own = |collector: &str, target: &str| {
        let name = name_of(collector, target);
        shard.owns(&name) || !planned.contains(&name)
    };
    let mut kept: Vec<Arc<dyn Collector>> = Vec::new();
    for inner in collectors {
        let targets: Vec<String> = inner.targets().into_iter().filter(|target| is_own(inner.name(), target)).collect();
        if !targets.is_empty() {
            kept.push(Arc::new(Kept { inner, targets }));
        }
    }
    kept
}

/// A collector with some of its targets.
struct Kept {
    inner: Arc<dyn Collector>,
    targets: Vec<String>,
}

#[async_trait]
impl Collector for Kept {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn facts(&self) -> &'static [FactKind] {
        self.inner.facts()
    }

    fn targets(&self) -> Vec<String> {
        self.targets.clone()
    }

    async fn collect(&self, target: &str, context: &Context, sink: &Sink) -> Result<(), CollectError> {
        self.inner.collect(target, context, sink).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shard_is_read_as_people_write_it() {
        assert_eq!("3/16".parse(), Ok(Shard { shard: 3, of: 16 }));
        for wrong in ["0/4", "5/4", "1/0", "x/4", "3", "1/999999999999", "-1/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_work_is_shared_evenly() {
        let owned = |shard: u32| (0..1000).filter(|n| Shard { shard, of: 4 }.owns(&format!("source repo-{n}"))).count();
        let counts: Vec<usize> = (1..=4).map(owned).collect();
        assert_eq!(counts.iter().sum::<usize>(), 1000);
        assert!(counts.iter().all(|count| (200..300).contains(count)), "{counts:?}");
    }

    proptest! {
        /// Every target is somebody's, and nobody else's; one more part takes targets only for itself.
        #[test]
        fn every_target_has_one_owner(target in "\\PC{0,40}", of in 1_u32..20) {
            let owner = |of: u32| (1..=of).filter(|shard| Shard { shard: *shard, of }.owns(&target)).collect::<Vec<_>>();
            prop_assert_eq!(owner(of).len(), 1);
            let more = owner(of + 1);
            prop_assert!(more == owner(of) || more == vec![of + 1]);
        }
    }
}
