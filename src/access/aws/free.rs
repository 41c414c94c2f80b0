//! How an identity takes away what limits it or another: its permissions boundary, and policies that deny it something.
//! What guardrails of an organisation forbid stays. It gives nobody any right.

use super::capability::partition;
use super::evaluate::Rights;
use super::fresh::new_identity;
use super::object::{Means, Object};
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
        (Some((first, _)), Some((second, free))) => {
            let sentences = first.sentences.into_iter().chain(second.sentences).collect();
            Some((Step { conditional: first.conditional || second.conditional, sentences }, free))
        }
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
    let raised = raised.min_by_key(|step| step.conditional)?;
    step.conditional |= raised.conditional;
    step.sentences.extend(raised.sentences);
    Some(step)
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
    let own = Object::of(target);
    let mut all = Step { conditional: false, sentences: Vec::new() };
    let mut kept = Vec::new();
    for held in &target.rights.policies {
        let denies = held.document.statements.iter().any(|statement| !statement.allow);
        let (id, name) = (held.policy.id.as_str(), &held.policy.name);
        let stands = id.strip_prefix(own.arn).is_some_and(|rest| rest.starts_with("#inline/"));
        let removal = |technique: &&Technique| match technique.on {
            Some(on @ (On::UserInline | On::RoleInline)) => stands && target.is_changeable(on),
            Some(on @ (On::UserAttached | On::RoleAttached)) => {
                !id.contains('#') && target.is_changeable(on) && !is_of_group(target, id)
            }
            _ => false,
        };
        let object = Object { policy: Some(id), ..own };
        let step = who.means.techniques.iter().filter(|_| denies).find(removal).and_then(|technique| {
            let may = who.may_to(&technique.actions, &object)?;
            Some(sentence(who, technique, may, format!("{}, policy {name},", target.label()), false))
        });
        match step {
            Some(step) => {
                all.conditional |= step.conditional;
                all.sentences.extend(step.sentences);
            }
            None => kept.push(held.clone()),
        }
    }
    if all.sentences.is_empty() {
        return None;
    }
    let rights = Rights { policies: kept, ..target.rights.clone() };
    let mut free = Node::assemble(target.identity, rights, target.policies.clone(), target.means);
    (free.boundary, free.groups) = (target.boundary, target.groups);
    Some((all, free))
}

/// Whether a user holds a policy by a group, so that it keeps it whatever is detached from itself. Where its groups were
/// not read it may be in any.
fn is_of_group(target: &Node<'_>, policy: &str) -> bool {
    let is_own = |name: &str| target.groups.is_none_or(|groups| groups.contains(&name));
    let is_user = target.identity.kind == IdentityKind::AwsUser;
    let account = target.identity.tenant.as_str();
    let held = target.means.of_groups.range((account, policy, "")..);
    let mut held = held.take_while(|(at, id, _)| *at == account && *id == policy);
    is_user && held.any(|(.., name)| is_own(name))
}
