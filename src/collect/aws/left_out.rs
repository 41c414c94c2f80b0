//! Which answers an export leaves out altogether, in one line: whole services, and lists of IAM beside the account
//! authorization details. It must not look for what an answer that is there lists and no other tells of.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::calls::{self, Call, Per, Wire};
use super::records::Projection;
use super::site::some_of;
use crate::model::{CoverageEntry, FactKind, Outcome};

/// What of IAM every export has beside the services.
const IAM: &str = "iam";

/// SSH keys are asked for user by user.
const SSH_KEYS: &str = "list-ssh-public-keys";

/// Says which lists no file has, and what is unknown without them. Identities are told apart from the rest: not to know of
/// those of agents leaves users and roles known.
pub(super) fn entries(answers: &[Answer], projection: &Projection) -> Vec<CoverageEntry> {
    let is_of_identities = |list: &&Call| list.blinds.contains(&FactKind::Identities);
    let missing: Vec<&'static Call> = lists().filter(|list| !is_given(list, answers, projection)).collect();
    let (identities, others): (Vec<&'static Call>, Vec<&'static Call>) =
        missing.iter().copied().partition(|list: &&Call| is_of_identities(list));
    let given: BTreeSet<&str> = answers.iter().map(|answer| answer.call.service).collect();
    let hole = |what: &str, some: &[&'static Call]| {
        let told: Vec<&Call> = some.iter().flat_map(|list| with_parts(list)).collect();
        let blinds: BTreeSet<FactKind> = told.iter().flat_map(|call| call.blinds).copied().collect();
        let blinds: Vec<FactKind> = blinds.into_iter().collect();
        let kinds: BTreeSet<&str> = told.iter().flat_map(|call| call.kinds).copied().collect();
        let names = names(some, &missing);
        let detail = format!("no file of {}", some_of(&names));
        let remedy = match names.len() {
            0..=5 => "add them; nonhuman permissions aws --plan lists the commands".to_owned(),
            _ => format!("add them ({}); nonhuman permissions aws --plan lists the commands", names.join(", ")),
        };
        let hole = projection.site.hole(what, Outcome::NotRead, detail);
        hole.blinds(&blinds).of_kinds(kinds).remedy(remedy)
    };
    let mut out = Vec::new();
    if !identities.is_empty() {
        out.push(hole("identities of agents", &identities));
    }
    match others.is_empty() {
        true => out.push(projection.site.complete("services", given.len() as u64)),
        false => out.push(hole("services", &others).count(given.len() as u64)),
    }
    out
}

/// The calls that others are made for, or that stand alone.
fn lists() -> impl Iterator<Item = &'static Call> {
    let is_list = |call: &&Call| {
        let is_first = !matches!(call.per, Per::Each { .. }) || call.operation == SSH_KEYS;
        is_first && !matches!(call.wire, Wire::Sdk) && call.operation != "describe-regions"
    };
    calls::all().filter(is_list)
}

/// A list and the calls that are made for what is in it. Where nothing is unknown without the list, nor is it without these.
fn with_parts(list: &'static Call) -> Vec<&'static Call> {
    if list.blinds.is_empty() {
        return Vec::new();
    }
    calls::all().filter(|call| call.is(list) || call.parent().is_some_and(|parent| parent.is(list))).collect()
}

fn is_given(list: &Call, answers: &[Answer], projection: &Projection) -> bool {
    let is_of = |answer: &Answer| answer.call.is(list) || answer.call.parent().is_some_and(|parent| parent.is(list));
    if list.operation != SSH_KEYS {
        return answers.iter().any(is_of);
    }
    // They open git repositories alone, and one file a user is asked for.
    let wanted = projection.git_users(true).len();
    answers.iter().filter(|answer| is_of(answer)).count() >= wanted
}

/// Whole services by their names, single lists with theirs.
fn names(some: &[&Call], missing: &[&Call]) -> Vec<String> {
    let is_missing = |call: &Call| missing.iter().any(|one| one.is(call));
    let is_whole = |service: &str| service != IAM && lists().filter(|one| one.service == service).all(is_missing);
    let name = |call: &&Call| match is_whole(call.service) {
        true => call.service.to_owned(),
        false => format!("{} {}", call.service, call.operation),
    };
    some.iter().map(name).collect::<BTreeSet<String>>().into_iter().collect()
}
