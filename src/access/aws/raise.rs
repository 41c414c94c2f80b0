//! How an identity raises rights: its own, those of another that it can become, through a group, past its boundary.
//! It looks at two identities at a time; the search over all of them is in `escalate`.

use super::action::Action;
use super::capability::administrator;
use super::evaluate::Rights;
use super::step::{Node, Step, sentence};
use super::technique::{How, On, Technique};
use super::truth::Truth;
use crate::model::{IdentityKind, Urn};

/// How `who` can give `target`, which may be `who` itself, every right, by a technique of [`How::Grant`] that
/// changes the target or a policy of it. What the target is denied or bounded by stays, so it must leave room.
pub(super) fn grant(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let on = technique.on?;
    if who.identity.tenant != target.identity.tenant || !target.is_changeable(on) {
        return None;
    }
    let room = target.could_be?;
    let (may, object) = match on {
        On::User | On::Role => (who.may_all(&technique.actions, target.identity.id.as_str())?, target.label()),
        On::Policy => {
            let ids = target.policies.iter();
            let may = ids.filter_map(|id| Some((who.may_all(&technique.actions, id.as_str())?, *id)));
            let (may, id) = may.min_by_key(|((open, _), _)| *open)?;
            (may, format!("policy {id} of {}", target.label()))
        }
        On::Group | On::Membership | On::Boundary => return None,
    };
    let itself = std::ptr::eq(who.identity, target.identity) && on != On::Policy;
    Some(sentence(who, technique, may, if itself { "itself".to_owned() } else { object }, room))
}

/// As [`grant`], of groups, too, whoever their members are; and of groups that make whoever joins them administrator.
pub(super) fn raise_group_or(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let on = technique.on?;
    let fits = match on {
        On::Group => true,
        On::Membership => target.administrator.is_some(),
        _ => {
            return grant(who, target, technique)
                .filter(|_| target.administrator.as_ref().is_none_or(|one| one.conditional));
        }
    };
    if !fits || who.identity.tenant != target.identity.tenant || !target.is_changeable(on) {
        return None;
    }
    let may = who.may_all(&technique.actions, target.identity.id.as_str())?;
    Some(sentence(who, technique, may, target.label(), true))
}

/// Whether a user is in a group. Membership itself is not among the facts, but what a user holds includes what its
/// groups hold: a policy of the group that it lacks rules membership out, an inline one that it has proves it.
fn is_member(who: &Node<'_>, group: &Node<'_>) -> Truth {
    let holds = |id: &Urn| who.rights.policies.iter().any(|held| held.policy.id == *id);
    let mut answer = Truth::Open;
    for policy in group.rights.policies.iter().map(|held| held.policy) {
        if !holds(&policy.id) {
            return Truth::False;
        }
        if policy.id.as_str().starts_with(&format!("{}#inline/", group.identity.id)) {
            answer = Truth::True;
        }
    }
    answer
}

/// How a user can give itself every right by changing a group that it is in or that it may join.
pub(super) fn change_group(who: &Node<'_>, group: &Node<'_>, technique: &Technique, join: &[Action]) -> Option<Step> {
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    let fits = is_user && technique.on == Some(On::Group) && group.is_changeable(On::Group);
    if !fits || who.identity.tenant != group.identity.tenant {
        return None;
    }
    let may = who.may_all(&technique.actions, group.identity.id.as_str())?;
    let mut step = sentence(who, technique, may, group.label(), who.could_be?);
    let member = is_member(who, group);
    if member == Truth::True {
        return Some(step);
    }
    match who.may_all(join, group.identity.id.as_str()).filter(|_| !join.is_empty()) {
        Some((open, cited)) => {
            step.conditional |= open;
            step.sentences.push(format!("{} may join {} ({cited})", who.identity.name, group.label()));
        }
        None if member == Truth::Open => {
            step.conditional = true;
            step.sentences.push(format!("this holds if {} is a member of {}", who.label(), group.label()));
        }
        None => return None,
    }
    Some(step)
}

/// How a user can join a group that makes it administrator or lets it give itself every right.
pub(super) fn join_group(who: &Node<'_>, group: &Node<'_>, technique: &Technique, all: &[Technique]) -> Option<Step> {
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    let fits = is_user && technique.on == Some(On::Membership) && group.is_changeable(On::Membership);
    if !fits || who.identity.tenant != group.identity.tenant {
        return None;
    }
    let may = who.may_all(&technique.actions, group.identity.id.as_str())?;
    let mut rights = who.rights.clone();
    rights.policies.extend(group.rights.policies.iter().cloned());
    let then = Node::assemble(who.identity, rights, who.policies.clone(), who.table);
    if let Some(proof) = &then.administrator {
        let mut step = sentence(who, technique, may, group.label(), proof.conditional);
        step.sentences.push(format!("{} is administrator: {}", group.label(), proof.proof.join("; ")));
        return Some(step);
    }
    let raises = all.iter().filter(|t| t.how == How::Grant && t.on == Some(On::User));
    let raise = raises.filter_map(|t| grant(&then, &then, t)).min_by_key(|step| step.conditional)?;
    let mut step = sentence(who, technique, may, group.label(), raise.conditional);
    step.sentences.extend(raise.sentences);
    Some(step)
}

/// How an identity can take away the boundary that keeps it from being administrator.
pub(super) fn without_boundary(who: &Node<'_>, technique: &Technique) -> Option<Step> {
    if technique.on != Some(On::Boundary) || who.rights.boundary.is_none() || !who.is_changeable(On::Boundary) {
        return None;
    }
    let may = who.may_all(&technique.actions, who.identity.id.as_str())?;
    let free = administrator(&Rights { boundary: None, ..who.rights.clone() }, who.identity, who.table)?;
    let mut step = sentence(who, technique, may, "itself".to_owned(), free.conditional);
    step.sentences.push(format!("{} is then administrator: {}", who.identity.name, free.proof.join("; ")));
    Some(step)
}
