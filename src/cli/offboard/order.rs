//! The order in which a leaver is settled: what is closed, replaced, taken out and handed on. Text only.

use std::collections::BTreeSet;

use super::super::question::Known as Graph;
use super::super::runbook::{Runbooks, quoted};
use super::super::{names, thing};
use super::{Bill, credential_of};
use crate::cli::answer::Section;
use crate::model::{Identity, IdentityKind, Known, Urn};

/// What gives a user of a cluster rights: a cluster has no list of users in which one could be switched off.
fn bindings(known: &Graph, identity: &Identity) -> BTreeSet<String> {
    let facts = known.inventory.facts.identities.get(&identity.id);
    let is_user = identity.kind == IdentityKind::KubernetesUser;
    let grants = facts.into_iter().filter(|_| is_user).flat_map(|facts| &facts.grants);
    let grants = grants.filter_map(|id| known.inventory.grants.get(id));
    grants.map(|grant| grant.via.last().map_or_else(|| grant.id.to_string(), ToString::to_string)).collect()
}

pub(super) fn runbook(known: &Graph, bill: &Bill<'_>, books: &Runbooks) -> Section {
    let mut section = Section::new("In this order");
    let mut number = 0;
    let mut step = |section: &mut Section, text: String| {
        number += 1;
        section.line(0, format!("{number}. {text}"));
    };
    for identity in bill.own.iter().filter(|one| one.enabled != Known::Value(false)) {
        step(&mut section, format!("Close {}.", thing::label(&known.inventory, &identity.id)));
        books.of_identity(identity).stop.into_iter().for_each(|command| section.line(1, command));
        bindings(known, identity)
            .into_iter()
            .for_each(|binding| section.line(1, format!("take them out of {binding}")));
    }
    for credential in &bill.credentials {
        let book = books.of_credential(credential, &known.inventory);
        let users = known.inventory.facts.credentials.get(&credential.id).map_or(0, |facts| facts.exposures.len());
        let places = match users {
            0 => String::new(),
            1 => " It lies in a file.".to_owned(),
            many => format!(" It lies in {many} files."),
        };
        // What only the person used is not made anew.
        if let Some(own) = bill.own.iter().find(|one| one.id == credential.holder) {
            let of = thing::label(&known.inventory, &own.id);
            step(&mut section, format!("End {} {} of {of}.{places}", credential.kind, credential.name));
            book.stop.or(book.delete).into_iter().for_each(|command| section.line(1, command));
            continue;
        }
        step(&mut section, format!("Replace {} {}.{places}", credential.kind, credential.name));
        section.line(1, format!("nonhuman rotate {}", quoted(credential.id.as_str())));
        if let Some(place) = thing::declared(credential.kind.as_str(), &credential.evidence.location) {
            section.line(1, format!("then: take it out of {place}, and apply that"));
            continue;
        }
        let end = book.stop.or(book.delete);
        end.into_iter().for_each(|command| section.line(1, format!("then: {command}")));
        for place in names::declarations(&known.inventory, credential) {
            section.line(1, format!("and: take it out of {place}, else it is made again"));
        }
    }
    for (text, commands) in of_written(known, bill, books) {
        step(&mut section, text);
        commands.into_iter().for_each(|command| section.line(1, command));
    }
    for identity in &bill.orphaned {
        let what = thing::label(&known.inventory, &identity.id);
        step(&mut section, format!("Give {what} to somebody who is there, or take it away."));
    }
    section
}

/// A step, with the commands for it, for each secret that they wrote into files and that is not replaced already.
fn of_written(known: &Graph, bill: &Bill<'_>, books: &Runbooks) -> Vec<(String, Vec<String>)> {
    let mut told: BTreeSet<&Urn> = bill.credentials.iter().map(|one| &one.id).collect();
    let mut steps = Vec::new();
    for exposure in &bill.written {
        let place = &exposure.evidence.location;
        let Some(one) = credential_of(known, exposure) else {
            steps.push((format!("{} at {place}: {}", exposure.title, exposure.remedy), Vec::new()));
            continue;
        };
        if !told.insert(&one.id) {
            continue;
        }
        let (book, name) = (books.of_credential(one, &known.inventory), format!("{} {}", one.kind, one.name));
        if one.active == Known::Value(false) {
            let text = format!("Delete {name}, which is switched off and lies at {place}.");
            steps.push((text, book.delete.into_iter().collect()));
            continue;
        }
        let mut commands = vec![format!("nonhuman rotate {}", quoted(one.id.as_str()))];
        commands.extend(book.stop.or(book.delete).map(|command| format!("then: {command}")));
        steps.push((format!("Replace {name}, which they wrote to {place}."), commands));
    }
    steps
}
