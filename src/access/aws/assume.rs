//! How an identity becomes a role by `sts:AssumeRole`: both sides of it, and tags that one gives oneself for it.
//! It looks at two identities at a time and follows no chain.

use super::action::Action;
use super::context::Terms;
use super::evaluate::Rights;
use super::object::Object;
use super::step::{Node, Step, place};
use super::technique::{How, On, Technique};
use super::truth::Truth;
use crate::model::IdentityKind;

/// Becomes a role that lets it in, if need be with a tag that it can give itself.
pub(super) fn assume(who: &Node<'_>, target: &Node<'_>, technique: &Technique) -> Option<Step> {
    let action = technique.actions.first()?;
    let as_it_is = assume_with(who, &who.rights, target, action);
    if as_it_is.as_ref().is_some_and(|step| !step.conditional) {
        return as_it_is;
    }
    let is_better = |step: &Step| !step.conditional || as_it_is.is_none();
    let by_tag = tagged(who, target, action).filter(is_better);
    by_tag.or_else(|| with_device(who, target, action).filter(is_better)).or(as_it_is)
}

fn assume_with(who: &Node<'_>, rights: &Rights<'_>, target: &Node<'_>, action: &Action) -> Option<Step> {
    let role = target.identity.id.as_str();
    let terms = Terms { keys: &[], tags: Some(&target.identity.labels) };
    let asked = rights.context.asked_with(terms);
    let admission = target.trust.as_ref()?.admits(who.identity, &asked)?;
    let trusts = format!("{} trusts {}", target.label(), admission.whom);
    let is_other = who.identity.tenant != target.identity.tenant;
    // The guardrails of the role's own account hold for whoever comes from another one.
    let theirs = if is_other { target.rights.denied_to_others(action, role, &asked)? } else { Vec::new() };
    let may = rights.may(action, role, terms);
    if admission.direct && !is_other && may.as_ref().is_none_or(|g| g.conditional) {
        let conditional = admission.conditional || is_named_enough(who, rights, role, action, terms)?;
        let sentences = vec![format!("{trusts}, which is enough within the account")];
        return Some(Step { conditional, sentences, via: vec![place(who, target)] });
    }
    let grounds = may?;
    let asks =
        format!("{} may call {} on {} ({})", who.identity.name, action.text, target.label(), rights.cite(&grounds));
    let conditional = admission.conditional || grounds.conditional || !theirs.is_empty();
    Some(Step { conditional, sentences: vec![asks, trusts], via: vec![place(who, target)] })
}

/// Whether one that a role of its own account names itself may become it: it needs no policy, only no deny; a role's
/// boundary must allow it all the same (a user's need not: the grant names the user's own ARN). Says whether that is
/// conditional.
pub(super) fn is_named_enough(
    who: &Node<'_>,
    rights: &Rights<'_>,
    role: &str,
    action: &Action,
    terms: Terms<'_>,
) -> Option<bool> {
    let asked = rights.context.asked_with(terms);
    let limits = rights.denied(action, role, &asked)?;
    let bounded = who.identity.kind == IdentityKind::AwsRole;
    let within = if bounded {
        rights.within_limits(action, role, &asked)
    } else {
        rights.within_guardrails(action, role, &asked)
    };
    (within != Truth::False).then_some(!limits.is_empty() || within == Truth::Open)
}

/// Gives itself the tags that the role or its own policies ask for, and then becomes the role.
fn tagged(who: &Node<'_>, target: &Node<'_>, action: &Action) -> Option<Step> {
    if !who.tags {
        return None;
    }
    let mut tags = target.trust.as_ref()?.tags_asked();
    tags.extend(who.rights.tags_asked(action));
    let own = if who.identity.kind == IdentityKind::AwsUser { On::User } else { On::Role };
    let mut all = who.means.techniques.iter();
    let tagging = all.find(|one| !tags.is_empty() && one.how == How::Tag && one.on == Some(own))?;
    let (open, cited) = who.may_to(&tagging.actions, &Object::of(who))?;
    let rights = Rights { context: who.rights.context.tagged(&tags), ..who.rights.clone() };
    let mut step = assume_with(who, &rights, target, action)?;
    let names: Vec<&str> = tags.iter().map(|(name, _)| name.as_str()).collect();
    let name = &who.identity.name;
    let called = tagging.actions.first().map(|action| action.text.as_str()).unwrap_or_default();
    let text = format!("{name} may call {called} on itself ({cited}) and so {} ({})", tagging.does, names.join(", "));
    step.conditional |= open;
    step.sentences.insert(0, text);
    step.via.insert(0, format!("{called} on itself"));
    Some(step)
}

/// Enrols a device of its own where a second factor is asked for, and then becomes the role: whoever may do that is kept out
/// by no such condition.
fn with_device(who: &Node<'_>, target: &Node<'_>, action: &Action) -> Option<Step> {
    let (make, enrol) = (Action::new("iam:CreateVirtualMFADevice"), Action::new("iam:EnableMFADevice"));
    let is_user = who.identity.kind == IdentityKind::AwsUser;
    if !is_user || !who.rights.names(&make) || !who.rights.names(&enrol) {
        return None;
    }
    let (no_device, _) = who.may_each(std::iter::once(&make))?;
    let (no_enrolment, cited) = who.may_to(std::slice::from_ref(&enrol), &Object::of(who))?;
    let mut context = who.rights.context.clone();
    context.set("aws:multifactorauthpresent", vec!["true".to_owned()]);
    context.set("aws:multifactorauthage", vec!["1".to_owned()]);
    let rights = Rights { context, ..who.rights.clone() };
    let mut step = assume_with(who, &rights, target, action)?;
    let called = format!("{} and {}", make.text, enrol.text);
    let text =
        format!("{} may call {called} on itself ({cited}) and so has a second factor of its own", who.identity.name);
    step.conditional |= no_device || no_enrolment;
    step.sentences.insert(0, text);
    step.via.insert(0, format!("{called} on itself"));
    Some(step)
}
