//! How an identity makes a new one that has every right and acts as it. It looks for a name that everything lets through;
//! it changes nobody who is there already.

use std::sync::Arc;

use super::action::Action;
use super::assume::is_named_enough;
use super::capability::{administrator, partition};
use super::context::Terms;
use super::document::Document;
use super::evaluate::Rights;
use super::free::set_free;
use super::library::Compiled;
use super::object::{Means, Object};
use super::raise::give;
use super::step::{Node, Step, is_pass_role, list, sentence, short};
use super::technique::{How, On, Technique};
use crate::model::wildcard::covers;
use crate::model::{Identity, IdentityKind, Urn};

/// What the last part of a name is that nobody has yet.
const NEW: &str = "new";

/// The action on a group among those on a new user.
const JOIN: &str = "iam:AddUserToGroup";

/// How many names are tried: as many as differ in what policies say of them.
const NAMES: usize = 16;

/// How many permissions boundaries are tried for one name.
const BOUNDARIES: usize = 4;

/// How `who` can make an identity that is administrator and act as it, or a group that makes itself one. `groups` are
/// those of its account.
pub(super) fn new_identity(who: &Node<'_>, technique: &Technique, groups: &[&Node<'_>]) -> Option<Step> {
    let on = technique.on.filter(|_| technique.how == How::NewIdentity)?;
    if on == On::PermissionSet {
        return who.means.center.step(who, technique, None, "a new permission set".to_owned(), true);
    }
    let (kind, form) = match on {
        On::Role => (IdentityKind::AwsRole, "role"),
        On::Group if who.identity.kind == IdentityKind::AwsUser => (IdentityKind::AwsGroup, "group"),
        On::Group => return None,
        _ => (IdentityKind::AwsUser, "user"),
    };
    let start = format!("arn:{}:iam::{}:{form}/", partition(who.identity.id.as_str()), who.identity.tenant);
    let mut best: Option<Step> = None;
    for arn in &names(who, technique, &start) {
        let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let made = Identity {
            id: Urn::new(arn),
            kind,
            name,
            unique_id: None,
            labels: Default::default(),
            ..who.identity.clone()
        };
        let step = made_as(who, technique, &made, groups);
        if step.as_ref().is_some_and(|step| !step.conditional) {
            return step;
        }
        best = best.or(step);
    }
    best
}

/// Names that policies leave room for, the shortest first. Of many, those that every action lets through.
fn names(who: &Node<'_>, technique: &Technique, start: &str) -> Vec<String> {
    let patterns = technique.actions.iter().flat_map(|action| who.rights.every_pattern(action));
    let mut names: Vec<String> = patterns.filter_map(|pattern| example(&pattern, start)).collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names.dedup();
    if names.len() > NAMES {
        let of_it: Vec<&Action> = technique.actions.iter().filter(|action| action.text != JOIN).collect();
        let is_open = |arn: &str| of_it.iter().all(|action| who.rights.may(action, arn, Terms::default()).is_some());
        names.retain(|name| is_open(name));
        names.truncate(NAMES);
    }
    names
}

/// Made without a boundary; else with one that leaves it room, or that can be taken off or rewritten.
fn made_as(who: &Node<'_>, technique: &Technique, made: &Identity, groups: &[&Node<'_>]) -> Option<Step> {
    if made.kind == IdentityKind::AwsGroup {
        return give(who, technique, &Object::named(made.id.as_str()), called(made), who.could_be?);
    }
    let bare = administrator(&who.rights.of_new(made), made, who.means.table);
    let bare = bare.and_then(|room| acted_as(who, technique, made, None, room.conditional, groups));
    if bare.as_ref().is_some_and(|step| !step.conditional) {
        return bare;
    }
    let mut best = bare;
    for boundary in boundaries(who, technique) {
        let step = made_within(who, technique, made, &boundary, groups);
        if best.is_none() || step.as_ref().is_some_and(|step| !step.conditional) {
            best = step.or(best);
        }
    }
    best
}

/// The boundaries that policies ask for when something is made.
fn boundaries(who: &Node<'_>, technique: &Technique) -> Vec<String> {
    let creating = technique.actions.iter().filter(|action| action.text.starts_with("iam:Create"));
    let asked = creating.flat_map(|action| who.rights.asked_of(action, "iam:permissionsboundary"));
    let wide = Means::administrator(partition(who.identity.id.as_str()));
    let mut all: Vec<String> = Vec::new();
    for value in asked.filter(|value| !value.contains("${")) {
        if !value.contains(['*', '?']) {
            all.push(value);
        } else if covers(&value, &wide) {
            all.push(wide.clone().into_owned());
        } else {
            all.extend(who.means.policies.keys().filter(|arn| covers(&value, arn)).map(|arn| (*arn).to_owned()));
        }
    }
    all.sort_unstable();
    all.dedup();
    // What gives everything bounds nothing.
    all.sort_by_key(|arn| *arn != wide && !who.means.powerful.contains(&arn.as_str()));
    all.truncate(BOUNDARIES);
    all
}

fn made_within(
    who: &Node<'_>,
    technique: &Technique,
    made: &Identity,
    boundary: &str,
    groups: &[&Node<'_>],
) -> Option<Step> {
    let known = who
        .means
        .policies
        .get(boundary)
        .map(|policy| Compiled { policy, document: Arc::new(Document::read(&policy.document.read())) });
    let is_wide = boundary == &*Means::administrator(partition(boundary));
    let rights = Rights { boundary_unread: known.is_none() && !is_wide, boundary: known, ..who.rights.of_new(made) };
    let id = Urn::new(boundary);
    let mut node = Node::assemble(made, rights, Vec::new(), who.means);
    node.boundary = Some(&id);
    // Of a policy that is not among those of the account nothing is known to be left.
    let room = node.administrator.as_ref().filter(|_| !node.rights.boundary_unread).map(|room| room.conditional);
    if let Some(room) = room {
        return acted_as(who, technique, made, Some(boundary), room, groups);
    }
    let (free, node) = set_free(who, &node)?;
    let room = node.administrator.as_ref()?.conditional;
    Some(acted_as(who, technique, made, Some(boundary), room, groups)?.then(free))
}

/// `a new role`, or an example of a name that is allowed.
fn called(made: &Identity) -> String {
    let local = short(made.id.as_str());
    let (form, name) = local.split_once('/').unwrap_or(("identity", local));
    if name == NEW { format!("a new {form}") } else { format!("a new {form}, such as {name},") }
}

fn acted_as(
    who: &Node<'_>,
    technique: &Technique,
    made: &Identity,
    boundary: Option<&str>,
    room: bool,
    groups: &[&Node<'_>],
) -> Option<Step> {
    let arn = made.id.as_str();
    let label = match boundary {
        Some(boundary) => format!("{} within {}", called(made).trim_end_matches(','), short(boundary)),
        None => called(made),
    };
    let object = Object { boundary, ..Object::named(arn) };
    match technique.on? {
        On::Membership => {
            let (join, on_itself): (Vec<Action>, Vec<Action>) =
                technique.actions.iter().cloned().partition(|action| action.text == JOIN);
            let (open, mut cited) = who.may_to(&on_itself, &object)?;
            let strong = groups.iter().filter(|group| group.administrator.as_ref().is_some_and(|one| !one.conditional));
            let mut joined = strong.filter_map(|group| Some((who.may_to(&join, &Object::of(group))?, group.label())));
            let ((also, joining), group) = joined.next()?;
            if cited != joining {
                cited.push_str(&format!("; {joining}"));
            }
            let mut step = sentence(who, technique, (open || also, cited), label, room);
            step.sentences.push(format!("{group} is administrator"));
            Some(step)
        }
        On::Role => {
            // The new role names its maker, who then needs no policy to become it.
            let assume = Action::new("sts:AssumeRole");
            match is_named_enough(who, &who.rights, arn, &assume, Terms::default()) {
                Some(open) => give(who, technique, &object, label, room || open),
                None => Some(give(who, technique, &object, label, room)?.then(handed_over(who, arn)?)),
            }
        }
        _ => give(who, technique, &object, label, room),
    }
}

/// Who may not become a new role hands it to a service that runs what it likes: the role trusts whom its maker names.
fn handed_over(who: &Node<'_>, role: &str) -> Option<Step> {
    let is_free = |technique: &&Technique| {
        technique.how == How::PassRole && technique.provided.is_none() && technique.runs.is_empty()
    };
    let handed = who.means.techniques.iter().filter(is_free).filter_map(|technique| {
        let (pass, start): (Vec<Action>, Vec<Action>) = technique.actions.iter().cloned().partition(is_pass_role);
        if start.iter().any(|action| !who.rights.names(action)) {
            return None;
        }
        let (open, cited) = who.may_each(start.iter())?;
        let service = technique.services.first()?;
        let keys = [("iam:passedtoservice", Some(service.as_str()))];
        let grounds = who.rights.may(pass.first()?, role, Terms { keys: &keys, tags: None })?;
        let (name, started) = (&who.identity.name, list(&start));
        let text = format!(
            "{name} may pass it to {service} ({}) and call {started} ({cited}) and so {}",
            who.rights.cite(&grounds),
            technique.does
        );
        let via = vec![format!("{started} as it")];
        Some(Step { conditional: open || grounds.conditional, sentences: vec![text], via })
    });
    handed.min_by_key(|step| step.conditional)
}

/// A name of something new that a pattern covers, with this beginning: `arn:aws:iam::111122223333:role/`.
pub(super) fn example(pattern: &str, start: &str) -> Option<String> {
    let plain = format!("{start}{NEW}");
    if covers(pattern, &plain) {
        return Some(plain);
    }
    // The parts before the name may have wildcards of their own.
    let local = pattern.splitn(6, ':').nth(5)?.replace('*', NEW).replace('?', "n");
    let (account, _) = start.rsplit_once(':')?;
    let own = format!("{account}:{local}");
    let is_named = own.len() > start.len() && own.starts_with(start) && !own.contains("${");
    (is_named && covers(pattern, &own)).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn names_that_patterns_leave_room_for() {
        let start = "arn:aws:iam::111122223333:role/";
        for (pattern, expected) in [
            ("*", Some("new")),
            ("arn:aws:iam::111122223333:role/*", Some("new")),
            ("arn:aws:iam::*:role/ci/*", Some("ci/new")),
            ("arn:aws:iam::*:role/ci-??", Some("ci-nn")),
            ("arn:*:iam::111122223333:*", Some("new")),
            ("arn:aws:iam::444455556666:role/*", None),
            ("arn:aws:iam::111122223333:user/*", None),
        ] {
            let expected = expected.map(|name| format!("{start}{name}"));
            assert_eq!(example(pattern, start), expected, "{pattern}");
        }
    }
}
