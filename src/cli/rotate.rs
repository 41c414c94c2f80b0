//! `nonhuman rotate`: who uses a credential, and the order in which it can be replaced without an outage. Text only.

mod places;

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known as Graph};
use super::runbook::{Runbook, Runbooks, quoted};
use super::{Failure, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::inventory::Inventory;
use crate::model::{
    Credential, CredentialKind, Edge, EdgeKind, Exposure, Identity, IdentityKind, Known, LastUse, Urn, days_between,
};
use crate::report::last_use_words;

/// A use so many days ago or less says that somebody needs it now.
const RECENT: i64 = 30;

/// How many credentials of one identity are listed.
const LISTED: usize = 12;

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
    /// Places that may be it, and under which condition.
    maybe: Vec<(&'a Exposure, &'a str)>,
    /// What uses it, by configuration.
    users: Vec<(&'a Urn, &'a str)>,
    /// What is given to agents: this, and the same value elsewhere.
    given: Vec<&'a Credential>,
    /// Other keys that its user has.
    others: Vec<&'a Credential>,
    /// The file and line that declare it, where nothing but a manifest does.
    declared: Option<String>,
    book: Runbook,
}

impl Subject<'_> {
    /// How many places and things have it. An object that holds it in its own text is there as what uses it; what only a
    /// history has uses nothing.
    fn consumers(&self) -> usize {
        let is_user = |place: &Exposure| self.users.iter().any(|(user, _)| places::is_in(place, user));
        let lies = |place: &&&Exposure| places::lies_now(place) && !is_user(place);
        self.places.iter().filter(lies).count() + self.users.len() + self.given.len()
    }

    /// Whether its user can have no second of it.
    fn is_alone(&self) -> bool {
        self.credential.is_some_and(|one| one.kind == CredentialKind::AwsPassword)
    }

    /// Whether it is of the root user, who needs none.
    fn is_of_root(&self) -> bool {
        self.credential.is_some_and(|one| one.holder.as_str().ends_with(":root"))
    }

    /// Whether it is switched off already.
    fn is_off(&self) -> bool {
        self.credential.is_some_and(|one| one.active == Known::Value(false))
    }

    /// Whether no more than its public name lies in each of the files.
    fn lies_by_name_alone(&self) -> bool {
        !self.places.is_empty() && self.places.iter().all(|place| place.public)
    }
}

pub(super) fn run(arguments: &Rotate, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let known = arguments.asking.known(global, config)?;
    let books = Runbooks::load()?;
    let id = credential_of(&known, known.find(&arguments.id)?)?;
    let subject = subject(&known, &id, &books)?;
    let consumers: Vec<_> = subject.places.iter().map(|one| one.evidence.location.to_string()).collect();
    let users: Vec<_> = subject.users.iter().map(|(id, why)| json!({"id": id, "why": why})).collect();
    let credential = subject.credential.map(|one| &one.id);
    let data = json!({"credential": credential, "places": consumers, "used_by": users});
    let mut answer = Answer::new(format!("Replace {}", thing::label(&known.inventory, &id)), data);
    answer.add(facts(&known, &subject));
    answer.add(places::uses(&known, &subject));
    answer.add(order(&subject));
    answer.add(doubts(&known, &subject));
    arguments.asking.tell(&known, answer)
}

/// A credential itself, or the one that an identity has.
fn credential_of(known: &Graph, id: Urn) -> Result<Urn, Failure> {
    let inventory = &known.inventory;
    if inventory.credentials.get(&id).is_some() || inventory.exposures.get(&id).is_some() {
        return Ok(id);
    }
    let held: Vec<&Urn> = inventory.credentials.iter().filter(|one| one.holder == id).map(|one| &one.id).collect();
    let what = thing::label(inventory, &id);
    match held.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure(format!("{what} is no credential, and none of it was read"))),
        many => {
            let list: Vec<String> = many.iter().take(LISTED).map(|id| format!("\n  {}", quoted(id.as_str()))).collect();
            let more = many.len().saturating_sub(LISTED);
            let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            Err(Failure(format!("{what} has {} credentials; name one of them:{}{more}", many.len(), list.concat())))
        }
    }
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
        _ => return Err(Failure(format!("{} is no credential", thing::label(inventory, id)))),
    };
    let facts = credential.and_then(|one| inventory.facts.credentials.get(&one.id));
    places.extend(facts.into_iter().flat_map(|facts| &facts.exposures));
    places.extend(of_exposure.map(|one| &one.id));
    let values: BTreeSet<_> =
        places.iter().filter_map(|id| inventory.exposures.get(id)).map(|one| inventory.facts.value_of(one)).collect();
    let all = inventory
        .exposures
        .iter()
        .filter(|one| places.contains(&one.id) || values.contains(inventory.facts.value_of(one)));
    let places: Vec<&Exposure> = all.collect();
    let graph = &inventory.facts.graph;
    let in_secrets = credential
        .into_iter()
        .flat_map(|one| graph.to(&one.id))
        .filter(|edge| edge.kind == EdgeKind::ValueOf && inventory.settings.get(&edge.from).is_some());
    let in_secrets: Vec<(&Urn, &str)> = in_secrets.map(|edge| (&edge.from, &*edge.why)).collect();
    let held = in_secrets.iter().map(|(secret, _)| *secret);
    let maybe = places::maybe(inventory, credential, &places);
    let used = places.iter().map(|one| &one.id).chain(credential.map(|one| &one.id)).chain(held);
    let mut users: Vec<(&Urn, &str)> = used
        .flat_map(|id| inventory.facts.graph.to(id))
        .filter(|edge| matches!(edge.kind, EdgeKind::Uses | EdgeKind::RunsAs))
        // A service account has it by what runs as it, which is here itself.
        .filter(|edge| !is_by_its_workload(inventory, edge))
        .map(|edge| (&edge.from, &*edge.why))
        .chain(in_secrets.iter().copied())
        .collect();
    users.sort();
    users.dedup();
    let declared = credential.and_then(|one| thing::declared(one.kind.as_str(), &one.evidence.location));
    let book = credential.filter(|_| declared.is_none()).map(|one| books.of_credential(one, inventory));
    let given = credential.map(|one| given_too(known, one)).unwrap_or_default();
    let others = credential.filter(|one| one.kind == CredentialKind::AwsAccessKey).map(|one| {
        let is_other = |other: &&Credential| other.kind == one.kind && other.holder == one.holder && other.id != one.id;
        inventory.credentials.iter().filter(is_other).collect()
    });
    Ok(Subject {
        others: others.unwrap_or_default(),
        credential,
        places,
        maybe,
        users,
        given,
        declared,
        book: book.unwrap_or_default(),
    })
}

fn is_by_its_workload(inventory: &Inventory, edge: &Edge) -> bool {
    let is_account = |one: &Identity| one.kind == IdentityKind::KubernetesServiceAccount;
    edge.kind == EdgeKind::Uses && inventory.identities.get(&edge.from).is_some_and(is_account)
}

/// A credential that an agent is given, with those of the same value.
fn given_too<'a>(known: &'a Graph, credential: &'a Credential) -> Vec<&'a Credential> {
    let is_given = |one: &Credential| one.kind == CredentialKind::AgentGiven;
    if !is_given(credential) {
        return Vec::new();
    }
    let is_same = |one: &&Credential| {
        one.id == credential.id
            || is_given(one) && one.fingerprint.is_some() && one.fingerprint == credential.fingerprint
    };
    known.inventory.credentials.iter().filter(is_same).collect()
}

fn facts(known: &Graph, subject: &Subject<'_>) -> Section {
    let inventory = &known.inventory;
    let mut section = Section::new("Now");
    let Some(credential) = subject.credential else {
        section.line(0, "no inventory that was read lists it, so whose it is and whether it works is not known");
        places::candidates(known, subject, &mut section);
        return section;
    };
    section.fact("of", thing::label(inventory, &credential.holder));
    section.fact("state", thing::credential_state(&known.inventory, credential, known.now));
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

/// Steps with their numbers.
struct Steps {
    section: Section,
    number: usize,
}

impl Steps {
    fn step(&mut self, text: impl AsRef<str>, command: Option<&String>) {
        self.number += 1;
        self.section.line(0, format!("{}. {}", self.number, text.as_ref()));
        command.into_iter().for_each(|command| self.section.line(1, command.clone()));
    }
}

fn order(subject: &Subject<'_>) -> Section {
    let mut steps = Steps { section: Section::new("In this order"), number: 0 };
    if let Some(place) = &subject.declared {
        steps.step(format!("Change {place}: what it declares is made again as long as it stands there."), None);
        let apply =
            "Apply it, and look into the cluster that it is applied to: what lives there has a name of its own here.";
        steps.step(apply, None);
        return steps.section;
    }
    let book = &subject.book;
    if subject.is_off() {
        steps.step("It is switched off already: nothing needs a new one. Delete it.", book.delete.as_ref());
        if subject.consumers() > 0 {
            steps.step("Take it out of what stands above; it is of no use there.", None);
        }
        return steps.section;
    }
    if let [other] = subject.others.as_slice() {
        let text = format!(
            "Its user has another key, {}, and may have two at most: end the one that is used less first.",
            other.name
        );
        steps.step(text, None);
    }
    match &book.keyless {
        Some(keyless) if subject.is_of_root() => {
            steps.step(format!("Make no new one. Give what uses it {keyless}."), None);
        }
        Some(keyless) => {
            steps.step(format!("If you can, replace it by something without a key: {keyless}."), None);
        }
        None => {}
    }
    match subject.places.first().filter(|_| subject.credential.is_none()) {
        Some(_) => steps.step("Make the new one where it comes from, and let the old one be for now.", None),
        None if subject.is_of_root() => {}
        None if subject.is_alone() => {
            steps.step("Change it: there can be one only, so the old one ends at once.", book.make.as_ref());
        }
        None => steps.step("Make the new one beside the old; both work for a while.", book.make.as_ref()),
    }
    steps.step(given(subject), None);
    places::objects(subject).for_each(|(_, command)| command.into_iter().for_each(|one| steps.section.line(1, one)));
    if subject.is_alone() {
        steps.step("If only a machine used it, delete it instead.", book.delete.as_ref());
        return steps.section;
    }
    ended(subject, &mut steps);
    steps.section
}

/// How those who have the old one get the new one.
fn given(subject: &Subject<'_>) -> String {
    match subject.consumers() {
        0 => "Find who uses it: nothing that was read does.".to_owned(),
        _ if subject.is_of_root() => "Change what stands above to that.".to_owned(),
        1 => {
            format!("Give the new one to what stands above, from a secret store and not {}.", places::as_text(subject))
        }
        many => {
            let not_so = places::as_text(subject);
            format!("Give the new one to all {many} that stand above, from a secret store and not {not_so}.")
        }
    }
}

/// How the old one is ended once everybody has the new one.
fn ended(subject: &Subject<'_>, steps: &mut Steps) {
    let book = &subject.book;
    let wait = "Wait until the old one is used no more; a job that runs once a month needs a month.";
    steps.step(wait, book.watch.as_ref());
    if let Some(place) = subject.places.first().filter(|_| subject.credential.is_none()) {
        steps.step(format!("Switch the old one off. {}", place.remedy), None);
    } else if book.stop.is_some() || book.delete.is_none() {
        steps.step("Switch the old one off, but keep it.", book.stop.as_ref());
    }
    if book.undo.is_some() {
        steps.step("If something breaks, switch it on again and note what that was.", book.undo.as_ref());
    }
    let can_wait = book.undo.is_some() || book.delete.is_none();
    steps.step(if can_wait { "Delete it." } else { "Delete it; this cannot be undone." }, book.delete.as_ref());
    if !subject.places.is_empty() {
        steps.step(places::taken_out(subject), None);
        let open = match subject.lies_by_name_alone() {
            true => "Only its public name lies there, which opens nothing.",
            false => "It lies in the open: if you suspect that somebody else has it, switch it off first.",
        };
        steps.section.line(0, open);
    }
}

/// How whole the list of consumers can be.
fn doubts(known: &Graph, subject: &Subject<'_>) -> Section {
    let mut section = Section::new("How sure the list is");
    if let Some(credential) = subject.credential
        && let used @ Known::Value(LastUse { at: Some(at), .. }) = last_use(known, credential)
        && days_between(at, known.now) <= RECENT
    {
        let used = last_use_words(&used, known.now);
        let found =
            subject.places.iter().filter(|one| one.introduced.as_ref().is_none_or(|commit| commit.in_head)).count();
        let text = if found + subject.users.len() + subject.given.len() == 0 {
            format!("it was used {used}: somebody has it who was not found")
        } else {
            format!("it was used {used}; whether by what stands above is not known")
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
