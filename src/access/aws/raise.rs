//! How an identity raises rights: its own, those of another that it can become, through a group.
//! It looks at two identities at a time; the search over all of them is in `escalate`.

use std::borrow::Cow;
use std::sync::Arc;

use super::action::Action;
use super::capability::partition;
use super::context::Terms;
use super::document::Document;
use super::free::set_free;
use super::fresh::example;
use super::object::{ADMINISTRATOR, Means, Object};
use super::step::{Node, Step, list, sentence, sentence_if, short};
use super::technique::{How, On, Technique};
use super::truth::Truth;
use crate::model::{IdentityKind, Urn};

/// How `who` can give `target`, which may be `who` itself, every right, by a technique of [`How::Grant`] that
/// changes the target or a policy of it. What the target is denied or bounded by stays, so it must leave room, or be
/// taken away before.
pub(super) fn grant(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let on = technique.on?;
    let is_here = who.identity.tenant == target.identity.tenant;
    let is_reached = is_here || (on == On::PermissionSet && reaches(who, target));
    if !is_reached || !target.is_changeable(on) {
        return None;
    }
    let Some(room) = target.could_be else {
        // What limits a role of another account is out of reach from here.
        if !is_here {
            return None;
        }
        let is_other = !std::ptr::eq(who.identity, target.identity);
        // A look at what would be done then, before it is made room for.
        let everything = Means::administrator(partition(target.identity.id.as_str()));
        let unbound = Object { boundary: None, policy: Some(&everything), ..Object::of(target) };
        let is_allowed = || who.may_to(&technique.actions, &unbound).is_some();
        if !is_other || on.frees() || (matches!(on, On::User | On::Role) && !who.chooses && !is_allowed()) {
            return None;
        }
        let (free, freed) = set_free(who, target)?;
        return Some(free.then(grant(who, &freed, technique)?));
    };
    match on {
        On::User | On::Role => {
            let itself = std::ptr::eq(who.identity, target.identity);
            let label = if itself { "itself".to_owned() } else { target.label() };
            give(who, technique, &Object::of(target), label, room)
        }
        On::Policy => {
            let ids = target.policies.iter();
            let may = ids.filter_map(|id| Some((who.may_to(&technique.actions, &Object::named(id.as_str()))?, *id)));
            let (may, id) = may.min_by_key(|((open, _), _)| *open)?;
            let step = sentence(who, technique, may, format!("policy {id} of {}", target.label()), room);
            Some(Step { via: vec![format!("{} on {}", list(&technique.actions), short(id.as_str()))], ..step })
        }
        On::Version => go_back(who, target, technique, room),
        On::PermissionSet => {
            let label = format!("the permission set of {}", target.called_by(who));
            who.means.center.step(who, technique, Some(target), label, room)
        }
        _ => None,
    }
}

/// Whether the permission set of a role of another account can be changed from that of `who`.
fn reaches(who: &Node<'_>, target: &Node<'_>) -> bool {
    who.means.center.reaches(&who.identity.tenant, &target.identity.id)
}

/// Puts an older version of a policy of the target in force again. Where the versions were read, they decide; where only
/// one was, there may be others that the export left out.
fn go_back(who: &Node<'_>, target: &Node<'_>, technique: &Technique, room: bool) -> Option<Step> {
    let back = |(at, id): (usize, &&Urn)| {
        let may = who.may_to(&technique.actions, &Object::named(id.as_str()))?;
        let label = format!("policy {id} of {}", target.label());
        let known = who.means.policies.get(id.as_str()).map(|policy| policy.other_versions.as_slice());
        let step = match known.unwrap_or_default() {
            [] => sentence(who, technique, may, label, room),
            _ => {
                let of_it = earlier(target).iter().filter(|(policy, ..)| *policy == at);
                let (_, version, then) = of_it.min_by_key(|(.., then)| then.conditional)?;
                let label = format!("{label}, version {version},");
                sentence_if(who, technique, may, label, false, None).then(then.clone())
            }
        };
        let via = format!("{} on {}", list(&technique.actions), short(id.as_str()));
        Some(Step { via: std::iter::once(via).chain(step.via.into_iter().skip(1)).collect(), ..step })
    };
    target.policies.iter().enumerate().filter_map(back).min_by_key(|step| step.conditional)
}

/// What a target would be by each older version of its policies that was read. The same for whoever puts it in force.
fn earlier<'t>(target: &'t Node<'_>) -> &'t [(usize, String, Step)] {
    target.earlier.get_or_init(|| {
        let policies = target.policies.iter().enumerate();
        let known = policies.filter_map(|(at, id)| Some((at, *target.means.policies.get(id.as_str())?)));
        let all = known.flat_map(|(at, policy)| {
            let documents = target.means.library.others(policy);
            let versions = policy.other_versions.iter().zip(documents);
            versions.filter_map(move |(version, document)| {
                Some((at, version.name.clone(), raised_by(target, &policy.id, &document)?))
            })
        });
        all.collect()
    })
}

/// How an identity is administrator, or becomes it by itself, under another version of a policy of it.
fn raised_by(target: &Node<'_>, id: &Urn, version: &Arc<Document>) -> Option<Step> {
    let mut rights = target.rights.clone();
    for held in rights.policies.iter_mut().filter(|held| held.policy.id == *id) {
        held.document = Arc::clone(version);
    }
    let mut then = Node::assemble(target.identity, rights, target.policies.clone(), target.means);
    (then.boundary, then.groups) = (target.boundary, target.groups);
    if let Some(proof) = &then.administrator {
        let sentence = format!("{} is then administrator: {}", target.label(), proof.proof.join("; "));
        return Some(Step { conditional: proof.conditional, sentences: vec![sentence], via: Vec::new() });
    }
    let own = [On::User, On::Role];
    let all = target.means.techniques.iter();
    let raises = all.filter(|t| t.how == How::Grant && t.on.is_some_and(|on| own.contains(&on)));
    raises.filter_map(|technique| grant(&then, &then, technique)).min_by_key(|step| step.conditional)
}

/// Whether a technique can be used on anything at all. It is asked once, before everyone is looked at: conditions that
/// hold for nobody, such as another policy to be attached, are most of what stands in the way.
pub(super) fn is_usable(who: &Node<'_>, technique: &Technique) -> bool {
    let everything = Means::administrator(partition(who.identity.id.as_str()));
    let fixed = [("iam:policyarn", Some(&*everything))];
    technique.actions.iter().all(|action| match action.text.starts_with("iam:Attach") {
        true if who.chooses => !attachable(who, action).is_empty(),
        true => who.rights.may_at_all(action, Terms { keys: &fixed, tags: None }),
        false => who.rights.may_at_all(action, Terms::default()),
    })
}

/// One step by the actions of a technique that writes or attaches a policy that gives every right.
pub(super) fn give(
    who: &Node<'_>,
    technique: &Technique,
    object: &Object<'_>,
    label: String,
    open: bool,
) -> Option<Step> {
    let Some(attach) = technique.actions.iter().find(|action| action.text.starts_with("iam:Attach")) else {
        return Some(sentence(who, technique, who.may_to(&technique.actions, object)?, label, open));
    };
    let everything = Means::administrator(partition(object.arn));
    if !who.chooses {
        let object = Object { policy: Some(&everything), ..*object };
        return Some(sentence(who, technique, who.may_to(&technique.actions, &object)?, label, open));
    }
    let mut best: Option<(bool, String, &str)> = None;
    let policies = attachable(who, attach);
    for policy in policies.iter() {
        let object = Object { policy: Some(policy), ..*object };
        let Some((open, cited)) = who.may_to(&technique.actions, &object) else { continue };
        if best.as_ref().is_none_or(|(known, ..)| *known && !open) {
            best = Some((open, cited, policy.as_str()));
        }
    }
    let (conditional, cited, policy) = best?;
    let mut step = sentence(who, technique, (conditional, cited), label, open);
    if !policy.ends_with(ADMINISTRATOR) {
        step.sentences = step.sentences.into_iter().map(|text| text.replace(ADMINISTRATOR, policy)).collect();
    }
    Some(step)
}

/// The policies that give every right and might be attached: those that are there, and one of one's own making where a
/// condition on the policy's name leaves room for it. They are the same whatever they are attached to.
fn attachable<'w>(who: &'w Node<'_>, attach: &Action) -> Cow<'w, [String]> {
    let (of, known) = who.attaches.get_or_init(|| (attach.text.clone(), found_attachable(who, attach)));
    if *of == attach.text { Cow::Borrowed(known) } else { Cow::Owned(found_attachable(who, attach)) }
}

fn found_attachable(who: &Node<'_>, attach: &Action) -> Vec<String> {
    let (partition, account) = (partition(who.identity.id.as_str()), &who.identity.tenant);
    // What may do everything in IAM gives itself the rest.
    let full = format!("arn:{partition}:iam::aws:policy/IAMFullAccess");
    let mut all = vec![Means::administrator(partition).into_owned(), full];
    let asked = who.rights.asked_of(attach, "iam:policyarn");
    let start = format!("arn:{partition}:iam::{account}:policy/");
    all.extend(who.means.powerful.iter().filter(|arn| arn.starts_with(&start)).map(|arn| (*arn).to_owned()));
    let create = [Action::new("iam:CreatePolicy")];
    let made = asked.into_iter().filter(|pattern| pattern.contains('*')).filter_map(|one| example(&one, &start));
    all.extend(made.filter(|arn| who.may_to(&create, &Object::named(arn)).is_some_and(|(open, _)| !open)));
    all.retain(|arn| who.rights.may_at_all(attach, Terms { keys: &[("iam:policyarn", Some(arn))], tags: None }));
    all
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
    give(who, technique, &Object::of(target), target.label(), true)
}

/// Whether a user is in a group. Where its groups were not read, what it holds includes what they hold: a policy of the
/// group that it lacks rules membership out, an inline one that it has proves it.
fn is_member(who: &Node<'_>, group: &Node<'_>) -> Truth {
    if let Some(groups) = who.groups {
        return groups.contains(&group.identity.name.as_str()).into();
    }
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
    let mut step = give(who, technique, &Object::of(group), group.label(), who.could_be?)?;
    let member = is_member(who, group);
    if member == Truth::True {
        return Some(step);
    }
    match who.may_to(join, &Object::of(group)).filter(|_| !join.is_empty()) {
        Some((open, cited)) => {
            step.conditional |= open;
            step.sentences.push(format!("{} may join {} ({cited})", who.identity.name, group.label()));
            step.via.push(format!("{} on {}", list(join), group.label()));
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
pub(super) fn join_group(who: &Node<'_>, group: &Node<'_>, technique: &Technique) -> Option<Step> {
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    let fits = is_user && technique.on == Some(On::Membership) && group.is_changeable(On::Membership);
    if !fits || who.identity.tenant != group.identity.tenant {
        return None;
    }
    let may = who.may_to(&technique.actions, &Object::of(group))?;
    let mut rights = who.rights.clone();
    rights.policies.extend(group.rights.policies.iter().cloned());
    let then = Node::assemble(who.identity, rights, who.policies.clone(), who.means);
    if let Some(proof) = &then.administrator {
        let mut step = sentence(who, technique, may, group.label(), proof.conditional);
        step.sentences.push(format!("{} is administrator: {}", group.label(), proof.proof.join("; ")));
        return Some(step);
    }
    let raises = who.means.techniques.iter().filter(|t| t.how == How::Grant && t.on == Some(On::User));
    let raise = raises.filter_map(|t| grant(&then, &then, t)).min_by_key(|step| step.conditional)?;
    Some(sentence(who, technique, may, group.label(), false).then(raise))
}
