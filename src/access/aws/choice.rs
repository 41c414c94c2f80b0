//! What the caller of an action chooses: the region in which it asks, and the tags of what it makes. A condition on these
//! is no doubt where one choice meets every statement of a step. It chooses nothing that a request does not carry.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::capability::partition;
use super::condition::Clause;
use super::region::{self, Region, regions_of};
use super::step::{Held, Node};

/// The condition key of the names of the tags, lower case.
const TAG_KEYS: &str = "aws:tagkeys";

/// As [`Node::may_make`], with the choice of region and tags that leaves the fewest conditions.
pub(super) fn may_make_by_choice(node: &Node<'_>, actions: &[&Action]) -> Held {
    let found = node.may_make(actions.iter().copied());
    if !matches!(found, Some((true, _))) {
        return found;
    }
    let clauses: Vec<&Clause> =
        actions.iter().flat_map(|action| node.rights.allows(action)).flat_map(|(one, _)| &one.conditions).collect();
    let regions = candidates(&clauses, regions_of(partition(node.identity.id.as_str())));
    let tags: BTreeMap<&str, String> = clauses.iter().filter_map(|clause| clause.request_tag()).collect();
    if regions.is_empty() && tags.is_empty() {
        return found;
    }
    let named: Vec<Action> = actions.iter().map(|action| (*action).clone()).collect();
    let mut chosen = node.about(&named);
    for (name, value) in &tags {
        chosen.rights.context.set(&format!("aws:requesttag/{name}"), vec![value.clone()]);
    }
    if !tags.is_empty() {
        chosen.rights.context.set(TAG_KEYS, tags.keys().map(|name| (*name).to_owned()).collect());
    }
    let make = |node: &Node<'_>| node.may_make(actions.iter().copied());
    if regions.is_empty() {
        return make(&chosen).filter(|(open, _)| !open).or(found);
    }
    let mut best: Held = None;
    for name in regions {
        chosen.rights.region = Some(Region::tried(name, partition(node.identity.id.as_str())));
        match make(&chosen) {
            Some((false, cited)) => return Some((false, cited)),
            open => best = best.or(open),
        }
    }
    // Without tags nothing but the region was chosen, so that a step that no region allows is none.
    if tags.is_empty() { best } else { best.or(found) }
}

/// The regions that may make a difference to conditions: all of the partition, and those that are named; none where no
/// condition asks for the region.
fn candidates<'c>(clauses: &[&'c Clause], all: &[&'static str]) -> BTreeSet<&'c str> {
    let asking: Vec<&&Clause> = clauses.iter().filter(|clause| &*clause.key == region::KEY).collect();
    let named = asking.iter().flat_map(|clause| &clause.values).map(AsRef::as_ref);
    let mut names: BTreeSet<&str> = named.filter(|name: &&str| !name.contains(['*', '?', '$'])).collect();
    if !asking.is_empty() {
        names.extend(all);
    }
    names
}
