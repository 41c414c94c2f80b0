//! Whom some identities become, one after the other, whatever those can do: for a question about a few of them. The ways of
//! all of them to the top are in `escalate`.

use std::collections::{BTreeSet, VecDeque};

use super::Principal;
use super::atlas::{Atlas, is_sure};
use super::escalate::with_atlas;
use super::library::Library;
use super::probe::CapabilityTable;
use super::surroundings::Surroundings;
use super::technique::Techniques;
use super::within::Within;
use crate::model::Urn;

/// How many identities are asked whom they become.
const MOST: usize = 200;

/// A step by which one identity becomes another.
#[derive(Clone, Debug)]
pub struct Onward {
    /// Who.
    pub from: Urn,
    /// Whom it becomes.
    pub to: Urn,
    /// Holds only under a condition that cannot be judged offline.
    pub conditional: bool,
    /// The sentences that prove it.
    pub sentences: Vec<String>,
}

/// The steps that lead on from some identities, from those whom they become, and so on; whether all of them were asked.
/// An administrator is every identity of its account, and is not asked.
pub fn onward(
    principals: &[Principal<'_>],
    library: &Library,
    table: &CapabilityTable,
    techniques: &Techniques,
    around: &Surroundings<'_>,
    starts: &BTreeSet<Urn>,
) -> (Vec<Onward>, bool) {
    with_atlas(principals, library, table, techniques, around, |atlas| follow(atlas, starts))
}

fn follow(atlas: &Atlas<'_, '_>, starts: &BTreeSet<Urn>) -> (Vec<Onward>, bool) {
    let is_start = |at: &usize| starts.contains(&atlas.nodes[*at].identity.id);
    let mut seen: BTreeSet<usize> = (0..atlas.nodes.len()).filter(is_start).collect();
    let mut queue: VecDeque<usize> = seen.iter().copied().collect();
    let (mut found, mut asked) = (Vec::new(), 0);
    while let Some(who) = queue.pop_front() {
        let node = &atlas.nodes[who];
        if !node.acts() || is_sure(node) {
            continue;
        }
        if asked == MOST {
            return (found, false);
        }
        asked += 1;
        for target in atlas.candidates(who, &[&Within::Everyone]) {
            let Some(step) = atlas.step(who, target, false) else { continue };
            found.push(Onward {
                from: node.identity.id.clone(),
                to: atlas.nodes[target].identity.id.clone(),
                conditional: step.conditional,
                sentences: step.sentences,
            });
            if seen.insert(target) {
                queue.push_back(target);
            }
        }
    }
    (found, true)
}
