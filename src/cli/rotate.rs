//! `nonhuman rotate`: who uses a credential, and the order in which it can be replaced without an outage. Text only.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known as Graph};
use super::runbook::{Runbook, Runbooks};
use super::{Failure, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::{Credential, EdgeKind, Exposure, Known, LastUse, Urn, days_between};
use crate::report::last_use_words;

/// A use so many days ago or less says that somebody needs it now.
const RECENT: i64 = 30;

/// `nonhuman rotate`
#[derive(Debug, Args)]
pub struct Rotate {
    /// A credential, or a secret in a file: its id, the end of its id, or its name
    #[arg(value_name = "CREDENTIAL")]
    id: String,
    #[command(flatten)]
    asking: Asking,
}

/// A credential with everything that was found of it.
struct Subject<'a> {
    credential: Option<&'a Credential>,
    places: Vec<&'a Exposure>,
    /// What uses it, by configuration.
    users: Vec<(&'a Urn, &'a str)>,
    book: Runbook,
}

pub(super) fn run(arguments: &Rotate, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let known = arguments.asking.known(global, config)?;
    let books = Runbooks::load()?;
    let id = known.find(&arguments.id)?;
    let subject = subject(&known, &id, &books)?;
    let consumers: Vec<_> = subject.places.iter().map(|one| one.evidence.location.to_string()).collect();
    let users: Vec<_> = subject.users.iter().map(|(id, why)| json!({"id": id, "why": why})).collect();
    let credential = subject.credential.map(|one| &one.id);
    let data = json!({"credential": credential, "places": consumers, "used_by": users});
    let mut answer = Answer::new(format!("Replace {}", thing::label(&known.inventory, &id)), data);
    answer.add(facts(&known, &subject));
    answer.add(uses(&known, &subject));
    answer.add(order(&known, &subject));
    answer.add(doubts(&known, &subject));
    arguments.asking.tell(&known, answer)
}

fn subject<'a>(known: &'a Graph, id: &Urn, books: &Runbooks) -> Result<Subject<'a>, Failure> {
    let inventory = &known.inventory;
    let mut places: BTreeSet<&Urn> = BTreeSet::new();
    let of_exposure = inventory.exposures.get(id);
    let credential = match (inventory.credentials.get(id), of_exposure) {
        (Some(credential), _) => Some(credential),
        (None, Some(exposure)) => {
            let facts = inventory.facts.exposures.get(&exposure.id);
            facts.and_then(|facts| inventory.credentials.get(facts.credential.value()?))
        }
        _ => {
            let what = thing::label(inventory, id);
            return Err(Failure(format!("{what} is no credential; `nonhuman show {id}` names those it has")));
        }
    };
    let facts = credential.and_then(|one| inventory.facts.credentials.get(&one.id));
    places.extend(facts.into_iter().flat_map(|facts| &facts.exposures));
    places.extend(of_exposure.map(|one| &one.id));
    let values: BTreeSet<_> =
        places.iter().filter_map(|id| inventory.exposures.get(id)).map(|one| &one.fingerprint).collect();
    let all = inventory.exposures.iter().filter(|one| places.contains(&one.id) || values.contains(&one.fingerprint));
    let places: Vec<&Exposure> = all.collect();
    let used = places.iter().map(|one| &one.id).chain(credential.map(|one| &one.id));
    let mut users: Vec<(&Urn, &str)> = used
        .flat_map(|id| inventory.facts.graph.to(id))
        .filter(|edge| matches!(edge.kind, EdgeKind::Uses | EdgeKind::RunsAs))
        .map(|edge| (&edge.from, edge.why.as_str()))
        .collect();
    users.sort();
    users.dedup();
    let book = credential.map(|one| books.of_credential(one, inventory)).unwrap_or_default();
    Ok(Subject { credential, places, users, book })
}

fn facts(known: &Graph, subject: &Subject<'_>) -> Section {
    let inventory = &known.inventory;
    let mut section = Section::new("Now");
    let Some(credential) = subject.credential else {
        section.line(0, "no inventory that was read lists it, so whose it is and whether it works is not known");
        return section;
    };
    section.fact("of", thing::label(inventory, &credential.holder));
    section.fact("state", thing::credential_state(credential, known.now));
    section.fact("last used", last_use_words(&last_use(known, credential), known.now));
    if let Some(facts) = inventory.facts.identities.get(&credential.holder) {
        section.fact("owner", crate::report::owner_words(&facts.owner, known.now));
    }
    for power in inventory.facts.graph.reach_of(&credential.id).take(3) {
        section.fact("opens", thing::reached(&power));
    }
    section
}

fn last_use(known: &Graph, credential: &Credential) -> Known<LastUse> {
    let facts = known.inventory.facts.credentials.get(&credential.id);
    facts.map_or_else(|| Known::unknown("nothing that was read says"), |facts| facts.last_use.clone())
}

fn uses(known: &Graph, subject: &Subject<'_>) -> Section {
    let mut section = Section::new("Who has it");
    for place in &subject.places {
        section.line(0, format!("{}: {}", place.evidence.location, place.title));
        place.lies_since(known.now).into_iter().for_each(|text| section.line(1, text));
    }
    for (user, why) in &subject.users {
        section.line(0, format!("{} uses it: {why}", thing::label(&known.inventory, user)));
    }
    if section.is_empty() {
        section.line(0, "nothing that was read has it");
    }
    section
}

fn order(known: &Graph, subject: &Subject<'_>) -> Section {
    let mut section = Section::new("In this order");
    let mut number = 0;
    let mut step = |section: &mut Section, text: String, command: &Option<String>| {
        number += 1;
        section.line(0, format!("{number}. {text}"));
        command.iter().for_each(|command| section.line(1, command.clone()));
    };
    let book = &subject.book;
    let is_open = !subject.places.is_empty();
    if let Some(keyless) = &book.keyless {
        step(&mut section, format!("If you can, replace it by something without a key: {keyless}."), &None);
    }
    match subject.places.first().filter(|_| subject.credential.is_none()) {
        Some(place) => step(&mut section, format!("Make the new one. {}", place.remedy), &None),
        None => step(&mut section, "Make the new one beside the old; both work for a while.".to_owned(), &book.make),
    }
    let consumers = subject.places.len() + subject.users.len();
    let text = match consumers {
        0 => "Find who uses it: nothing that was read does.".to_owned(),
        1 => "Give the new one to what stands above, from a secret store and not in the file.".to_owned(),
        many => format!("Give the new one to all {many} that stand above, from a secret store and not in the files."),
    };
    step(&mut section, text, &None);
    step(
        &mut section,
        "Wait until the old one is used no more; a job that runs once a month needs a month.".to_owned(),
        &book.watch,
    );
    step(&mut section, "Switch the old one off, but keep it.".to_owned(), &book.stop);
    if book.undo.is_some() {
        step(&mut section, "If something breaks, switch it on again and note what that was.".to_owned(), &book.undo);
    }
    step(&mut section, "Delete it.".to_owned(), &book.delete);
    if is_open {
        step(
            &mut section,
            "Take it out of the files. It stays in their history: that it is dead is what counts.".to_owned(),
            &None,
        );
        section.line(0, "It lies in the open: if you suspect that somebody else has it, switch it off first.");
    }
    let _ = known;
    section
}

/// How whole the list of consumers can be.
fn doubts(known: &Graph, subject: &Subject<'_>) -> Section {
    let mut section = Section::new("How sure the list is");
    if let Some(credential) = subject.credential
        && let Known::Value(LastUse { at: Some(at), source, .. }) = last_use(known, credential)
        && days_between(at, known.now) <= RECENT
    {
        let days = days_between(at, known.now);
        let found =
            subject.places.iter().filter(|one| one.introduced.as_ref().is_none_or(|commit| commit.in_head)).count();
        let text = if found + subject.users.len() == 0 {
            format!("it was used {days} days ago ({source}): somebody has it who was not found")
        } else {
            format!("it was used {days} days ago ({source}); whether by what stands above is not known")
        };
        section.line(0, text);
    }
    let trees = known.inventory.coverage.entries().iter().filter(|one| one.collector == "source").count();
    if trees == 0 {
        section.line(0, "no source tree was read: configuration that has it was not looked for");
    }
    section.line(0, "values in secret stores, CI variables and running processes are not read");
    section
}
