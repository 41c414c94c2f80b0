//! How an identity makes a new one that has every right and acts as it. It looks for a name that everything lets through;
//! it changes nobody who is there already.

use super::action::Action;
use super::assume::is_named_enough;
use super::capability::{administrator, partition};
use super::context::Terms;
use super::object::Object;
use super::raise::give;
use super::step::{Node, Step, sentence};
use super::technique::{How, On, Technique};
use crate::model::wildcard::covers;
use crate::model::{Identity, IdentityKind, Urn};

/// What the last part of a name is that nobody has yet.
const NEW: &str = "new";

/// How many names are tried: as many as differ in what policies say of them.
const NAMES: usize = 16;

/// How `who` can make an identity that is administrator and act as it. `groups` are those of its account.
pub(super) fn new_identity(who: &Node<'_>, technique: &Technique, groups: &[&Node<'_>]) -> Option<Step> {
    let on = technique.on.filter(|_| technique.how == How::NewIdentity)?;
    if on == On::PermissionSet {
        let may = who.may_each(technique.actions.iter())?;
        return Some(sentence(who, technique, may, "a new permission set".to_owned(), true));
    }
    let (kind, form) = match on {
        On::Role => (IdentityKind::AwsRole, "role"),
        _ => (IdentityKind::AwsUser, "user"),
    };
    let start = format!("arn:{}:iam::{}:{form}/", partition(who.identity.id.as_str()), who.identity.tenant);
    let patterns = technique.actions.iter().flat_map(|action| who.rights.every_pattern(action));
    let mut names: Vec<String> = patterns.filter_map(|pattern| example(&pattern, &start)).collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names.dedup();
    let mut best: Option<Step> = None;
    for arn in names.iter().take(NAMES) {
        let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let made = Identity {
            id: Urn::new(arn),
            kind,
            name,
            unique_id: None,
            labels: std::collections::BTreeMap::new(),
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

fn made_as(who: &Node<'_>, technique: &Technique, made: &Identity, groups: &[&Node<'_>]) -> Option<Step> {
    let rights = who.rights.of_new(made);
    let room = administrator(&rights, made, who.means.table)?.conditional;
    let arn = made.id.as_str();
    let local = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let (_, name) = local.split_once('/').unwrap_or(("", local));
    let form = if made.kind == IdentityKind::AwsRole { "role" } else { "user" };
    let label = if name == NEW { format!("a new {form}") } else { format!("a new {form}, such as {name},") };
    let object = Object::named(arn);
    match technique.on? {
        On::Membership => {
            let (join, on_itself): (Vec<Action>, Vec<Action>) =
                technique.actions.iter().cloned().partition(|action| action.text == "iam:AddUserToGroup");
            let (open, cited) = who.may_to(&on_itself, &object)?;
            let strong = groups.iter().filter(|group| group.administrator.as_ref().is_some_and(|one| !one.conditional));
            let mut joined = strong.filter_map(|group| Some((who.may_to(&join, &Object::of(group))?, group.label())));
            let ((also, joining), group) = joined.next()?;
            let mut cited = cited;
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
            let open = is_named_enough(who, &who.rights, arn, &assume, Terms::default())?;
            give(who, technique, &object, label, room || open)
        }
        _ => give(who, technique, &object, label, room),
    }
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
