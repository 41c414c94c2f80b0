//! The ways of one identity that end in raised rights: its own, or those of another that it can act as. What leads to
//! such an identity is found in `escalate`.

use rayon::prelude::*;

use super::atlas::Atlas;
use super::free::free_itself;
use super::fresh::new_identity;
use super::raise::{change_group, grant, is_usable, join_group, raise_group_or};
use super::step::{Node, Step};
use super::technique::{How, On, Technique};
use super::within::Within;

/// How many paths are kept for one identity.
pub(super) const PATHS: usize = 3;

/// One found way: a step to another identity or, without one, the end.
pub(super) struct Way {
    pub(super) step: Step,
    pub(super) to: Option<usize>,
    /// The last identity of the way when there is no further one.
    pub(super) ends_at: usize,
}

/// What is found for each of some identities, without those for which there is nothing.
pub(super) fn raised(who: &[usize], look: impl Fn(usize) -> Vec<Way> + Sync) -> Vec<(usize, Vec<Way>)> {
    let found = who.par_iter().map(|who| (*who, look(*who)));
    found.filter(|(_, ways)| !ways.is_empty()).collect()
}

/// The ways by which an identity raises its own rights.
pub(super) fn raises_itself(atlas: &Atlas<'_, '_>, who: usize, certain: bool) -> Vec<Way> {
    let node = &atlas.nodes[who];
    let join = atlas.joins.map(|technique| technique.actions.as_slice()).unwrap_or_default();
    let mut ways = Vec::new();
    let mut add = |step: Option<Step>| {
        if let Some(step) = step.filter(|step| ways.len() < PATHS && !(certain && step.conditional)) {
            ways.push(Way { step, to: None, ends_at: who });
        }
    };
    for technique in atlas.grants(who) {
        let by_group = atlas.groups.iter().filter_map(|group| {
            let group = &atlas.nodes[*group];
            change_group(node, group, technique, join).or_else(|| join_group(node, group, technique))
        });
        let by_group = by_group.min_by_key(|step| step.conditional);
        add(grant(node, node, technique));
        add(by_group);
    }
    if ways.is_empty() && can_free(atlas, who) && node.is_limited() {
        let free = free_itself(node).filter(|step| !(certain && step.conditional));
        ways.extend(free.map(|step| Way { step, to: None, ends_at: who }));
    }
    if ways.is_empty() {
        let groups = atlas.groups.iter().map(|group| &atlas.nodes[*group]);
        let here: Vec<&Node<'_>> = groups.filter(|group| group.identity.tenant == node.identity.tenant).collect();
        let made = atlas.of_kind(who, How::NewIdentity).filter_map(|technique| new_identity(node, technique, &here));
        let best = made.min_by_key(|step| step.conditional).filter(|step| !(certain && step.conditional));
        ways.extend(best.map(|step| Way { step, to: None, ends_at: who }));
    }
    ways
}

/// Whether an identity may take away what limits somebody.
fn can_free(atlas: &Atlas<'_, '_>, who: usize) -> bool {
    atlas.grants(who).any(|technique| technique.on.is_some_and(|on| on.frees() || on == On::Policy))
}

/// The ways by which an identity becomes another and gives that one rights, in either order.
pub(super) fn raises_others(atlas: &Atlas<'_, '_>, who: usize, certain: bool) -> Vec<Way> {
    let node = &atlas.nodes[who];
    let techniques = usable(atlas, who);
    let frees = can_free(atlas, who);
    let mut ways = Vec::new();
    let lists: Vec<&Within> = techniques.iter().map(|(.., within)| within).collect();
    // Whichever failed the last time is asked first: for most it fails for the same reason every time.
    let mut step_first = false;
    for target in atlas.candidates(who, &lists) {
        let other = &atlas.nodes[target];
        let step = || atlas.step(who, target, certain);
        let raise = || {
            let fitting = techniques.iter().filter(|(.., within)| within.holds(target));
            let raises = fitting.filter_map(|(narrow, technique, _)| match other.could_be {
                Some(_) => grant(narrow, other, technique),
                None if frees => grant(node, other, technique),
                None => None,
            });
            raises.filter(|step| !(certain && step.conditional)).min_by_key(|step| step.conditional)
        };
        let (become_it, raise) = if step_first {
            let become_it = step();
            let raise = become_it.is_some().then(raise).flatten();
            (become_it, raise)
        } else {
            let raise = raise();
            (raise.is_some().then(step).flatten(), raise)
        };
        step_first = become_it.is_none() && (step_first || raise.is_some());
        if let (Some(become_it), Some(raise)) = (become_it, raise) {
            ways.push(Way { step: become_it.then(raise), to: None, ends_at: target });
            if ways.len() >= PATHS {
                break;
            }
        }
    }
    ways
}

/// The techniques that an identity can use on others: with what has a bearing on their actions alone, since everyone may
/// be asked about, and with those whom they can be used on at most.
fn usable<'n, 'a>(atlas: &Atlas<'n, 'a>, who: usize) -> Vec<(Node<'a>, &'n Technique, Within)> {
    let node = &atlas.nodes[who];
    let raising = atlas.grants(who).filter(|technique| !technique.on.is_some_and(On::frees));
    let all = raising.map(|technique| (node.about(&technique.actions), technique));
    let usable = all.filter(|(narrow, technique)| is_usable(narrow, technique));
    usable
        .map(|(narrow, technique)| {
            let within = atlas.within(&narrow, technique);
            (narrow, technique, within)
        })
        .collect()
}

/// Whom an identity can give every right without having a way to act as that one, as far as it was read.
pub(super) fn could_raise(atlas: &Atlas<'_, '_>, who: usize) -> Option<Way> {
    let node = &atlas.nodes[who];
    let here = atlas.account(&node.identity.tenant).iter().chain(&atlas.groups);
    let others: Vec<usize> = here.copied().filter(|at| *at != who).chain(atlas.beyond(who)).collect();
    let first = |(narrow, technique, within): &(Node<'_>, &Technique, Within)| {
        others.iter().filter(|at| within.holds(**at)).find_map(|at| {
            let other = &atlas.nodes[*at];
            // Room is made for the others first, by other actions.
            let actor = if other.could_be.is_some() { narrow } else { node };
            Some((raise_group_or(actor, other, technique)?, *at))
        })
    };
    let (mut step, target) = usable(atlas, who).iter().find_map(first)?;
    let other = &atlas.nodes[target];
    let acts = if other.acts() { "act as" } else { "act as a member of" };
    step.conditional = true;
    step.sentences.push(format!(
        "this holds if {} can {acts} {}, or as another that it can change so; nothing that was read lets it",
        node.identity.name,
        other.called_by(node)
    ));
    Some(Way { step, to: None, ends_at: target })
}
