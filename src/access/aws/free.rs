//! How an identity takes away what limits it or another: its permissions boundary, and policies that deny it something.
//! What guardrails of an organisation forbid stays. It gives nobody any right.

use std::collections::BTreeSet;

use super::capability::partition;
use super::evaluate::Rights;
use super::fresh::new_identity;
use super::library::Compiled;
use super::object::{Means, Object, OfGroup};
use super::raise::grant;
use super::step::{Node, Step, sentence};
use super::technique::{How, On, Technique};
use crate::model::IdentityKind;

/// Takes away what `who` can of what limits `target`, which may be `who` itself: what it does, and the target after it.
pub(super) fn set_free<'a>(who: &Node<'a>, target: &Node<'a>) -> Option<(Step, Node<'a>)> {
    let unbound = take_boundary(who, target);
    let is_itself = std::ptr::eq(who.identity, target.identity);
    let (actor, rest) = match &unbound {
        Some((_, free)) if is_itself => (free, free),
        Some((_, free)) => (who, free),
        None => (who, target),
    };
    let undenied = take_denies(actor, rest);
    match (unbound, undenied) {
        (Some((first, _)), Some((second, free))) => Some((first.then(second), free)),
        (one, other) => other.or(one),
    }
}

/// How an identity becomes administrator by taking away what limits it, and if that is not enough by raising itself then.
pub(super) fn free_itself(who: &Node<'_>) -> Option<Step> {
    let (mut step, free) = set_free(who, who)?;
    if let Some(proof) = &free.administrator {
        step.conditional |= proof.conditional;
        step.sentences.push(format!("{} is then administrator: {}", who.identity.name, proof.proof.join("; ")));
        return Some(step);
    }
    let all = free.means.techniques.iter();
    let raised = all.filter_map(|technique| match technique.how {
        How::Grant if technique.on.is_some_and(|on| !on.frees()) => grant(&free, &free, technique),
        How::NewIdentity => new_identity(&free, technique, &[]),
        _ => None,
    });
    Some(step.then(raised.min_by_key(|step| step.conditional)?))
}

fn take_boundary<'a>(who: &Node<'a>, target: &Node<'a>) -> Option<(Step, Node<'a>)> {
    let boundary = target.boundary?;
    let rights = Rights { boundary: None, boundary_unread: false, ..target.rights.clone() };
    let mut steps = Vec::new();
    for technique in who.means.techniques {
        let step = match technique.on.filter(|_| technique.how == How::Grant) {
            Some(on @ (On::UserBoundary | On::RoleBoundary)) if target.is_changeable(on) => {
                widened(who, target, technique)
            }
            // A boundary is a policy like any other: it may be rewritten.
            Some(On::Policy) if !boundary.as_str().contains(":iam::aws:") => {
                let may = who.may_to(&technique.actions, &Object::named(boundary.as_str()));
                let label = format!("policy {boundary}, the boundary of {}", target.label());
                may.map(|may| sentence(who, technique, may, label, false))
            }
            _ => None,
        };
        steps.extend(step);
    }
    let step = steps.into_iter().min_by_key(|step| step.conditional)?;
    let mut free = Node::assemble(target.identity, rights, target.policies.clone(), target.means);
    free.groups = target.groups;
    Some((step, free))
}

/// Takes the boundary off, or puts one in its place that allows everything.
fn widened(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let own = Object::of(target);
    let puts = technique.actions.iter().any(|action| action.text.starts_with("iam:Put"));
    let wide = Means::administrator(partition(own.arn));
    let object = if puts { Object { boundary: Some(&wide), ..own } } else { own };
    let itself = std::ptr::eq(who.identity, target.identity);
    let label = if itself { "itself".to_owned() } else { target.label() };
    Some(sentence(who, technique, who.may_to(&technique.actions, &object)?, label, false))
}

/// Takes away every policy that denies the target something, as far as `who` may.
fn take_denies<'a>(who: &Node<'a>, target: &Node<'a>) -> Option<(Step, Node<'a>)> {
    let mut all = Step { conditional: false, sentences: Vec::new(), via: Vec::new() };
    let (mut kept, mut left) = (Vec::new(), BTreeSet::new());
    for held in &target.rights.policies {
        let denies = held.document.statements.iter().any(|statement| !statement.allow);
        let groups = if denies { groups_with(target, held.policy.id.as_str()) } else { Vec::new() };
        let step = match groups.as_slice() {
            _ if !denies => None,
            [] => take_own(who, target, held),
            groups => take_of_groups(who, target, held, groups, &mut left),
        };
        match step {
            Some(step) => all = all.then(step),
            None => kept.push(held.clone()),
        }
    }
    if all.sentences.is_empty() {
        return None;
    }
    if !left.is_empty() {
        kept.retain(|held| is_kept(target, held.policy.id.as_str(), &left));
    }
    let rights = Rights { policies: kept, ..target.rights.clone() };
    let mut free = Node::assemble(target.identity, rights, target.policies.clone(), target.means);
    (free.boundary, free.groups) = (target.boundary, target.groups);
    Some((all, free))
}

/// Takes away a policy that a user or role holds by itself.
fn take_own(who: &Node<'_>, target: &Node<'_>, held: &Compiled<'_>) -> Option<Step> {
    let own = Object::of(target);
    let (id, name) = (held.policy.id.as_str(), &held.policy.name);
    let stands = id.strip_prefix(own.arn).is_some_and(|rest| rest.starts_with("#inline/"));
    let removal = |technique: &&Technique| match technique.on {
        Some(on @ (On::UserInline | On::RoleInline)) => stands && target.is_changeable(on),
        Some(on @ (On::UserAttached | On::RoleAttached)) => {
            !id.contains('#') && target.is_changeable(on) && !may_be_of_group(target, id)
        }
        _ => false,
    };
    let technique = who.means.techniques.iter().find(removal)?;
    let may = who.may_to(&technique.actions, &Object { policy: Some(id), ..own })?;
    Some(sentence(who, technique, may, format!("{}, policy {name},", target.label()), false))
}

/// Takes a policy away from every group by which a user holds it, or the user out of them.
fn take_of_groups<'g>(
    who: &Node<'_>,
    target: &Node<'g>,
    held: &Compiled<'_>,
    groups: &[OfGroup<'g>],
    left: &mut BTreeSet<&'g str>,
) -> Option<Step> {
    let (id, name) = (held.policy.id.as_str(), &held.policy.name);
    if holdings(target, id) > groups.len() {
        // It is attached to the user itself, too.
        return None;
    }
    let mut all = Step { conditional: false, sentences: Vec::new(), via: Vec::new() };
    let mut leaves = BTreeSet::new();
    for group in groups.iter().filter(|group| !left.contains(group.name)) {
        let object = Object { policy: Some(id), ..Object::named(group.arn) };
        let by = |on: On| {
            let technique = who.means.techniques.iter().find(|technique| technique.on == Some(on))?;
            let may = who.may_to(&technique.actions, &object)?;
            let policy = if on == On::GroupMember { String::new() } else { format!(", policy {name},") };
            let step = sentence(who, technique, may, format!("group {}{policy}", group.name), false);
            Some((step, on == On::GroupMember))
        };
        let changed = by(if id.contains('#') { On::GroupInline } else { On::GroupAttached });
        let all_ways = [changed, by(On::GroupMember)].into_iter().flatten();
        let (step, leaving) = all_ways.min_by_key(|(step, _)| step.conditional)?;
        if leaving {
            leaves.insert(group.name);
        }
        all = all.then(step);
    }
    left.append(&mut leaves);
    Some(all)
}

/// Whether a user who leaves groups holds a policy still.
fn is_kept(target: &Node<'_>, policy: &str, left: &BTreeSet<&str>) -> bool {
    let groups = groups_with(target, policy);
    holdings(target, policy) > groups.len() || groups.iter().any(|group| !left.contains(group.name))
}

/// The groups by which a user holds a policy, where its groups were read.
fn groups_with<'a>(target: &Node<'a>, policy: &str) -> Vec<OfGroup<'a>> {
    let is_own = |group: &&OfGroup<'a>| {
        group.account == target.identity.tenant && target.groups.is_some_and(|groups| groups.contains(&group.name))
    };
    let is_user = target.identity.kind == IdentityKind::AwsUser;
    let all = target.means.of_groups.get(policy).filter(|_| is_user).into_iter().flatten();
    all.filter(is_own).copied().collect()
}

/// How often somebody holds a policy: once by itself, and once by each group.
fn holdings(target: &Node<'_>, policy: &str) -> usize {
    target.rights.policies.iter().filter(|held| held.policy.id.as_str() == policy).count()
}

/// Whether a user may hold a policy by a group, whose groups were not read.
fn may_be_of_group(target: &Node<'_>, policy: &str) -> bool {
    let is_unread = target.identity.kind == IdentityKind::AwsUser && target.groups.is_none();
    let mut all = target.means.of_groups.get(policy).filter(|_| is_unread).into_iter().flatten();
    all.any(|group| group.account == target.identity.tenant)
}
