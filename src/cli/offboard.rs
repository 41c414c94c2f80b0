//! `nonhuman offboard`: what dies, is orphaned or stays open to somebody when a person leaves, with the order of work.
//! Text only: nothing is switched off.

mod order;
mod signs_in;

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Section};
use super::arguments::Global;
use super::question::{Asking, Known as Graph};
use super::runbook::Runbooks;
use super::{Failure, names, thing};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::{
    CapabilityKind, Credential, EdgeKind, Exposure, Identity, Known, Person, Setting, SettingKind, Urn, short_date,
};
use crate::report::clean;

/// `nonhuman offboard`
#[derive(Debug, Args)]
pub struct Offboard {
    /// A person: e-mail address or name
    #[arg(value_name = "PERSON")]
    person: String,
    #[command(flatten)]
    asking: Asking,
}

/// A person by everything that names them.
struct Leaver<'a> {
    /// As asked, or the e-mail address.
    email: String,
    person: Option<&'a Person>,
}

/// What bears on a leaver.
struct Bill<'a> {
    /// Identities that are the person.
    own: Vec<&'a Identity>,
    /// Accounts and keys that are called much like the person, with what is.
    alike: Vec<(Urn, String)>,
    /// Identities that nobody else answers for.
    orphaned: Vec<&'a Identity>,
    /// Credentials of both that go on working.
    credentials: Vec<&'a Credential>,
    /// Secrets that the person wrote into a file.
    written: Vec<&'a Exposure>,
    /// Teams of which nobody is left.
    teams: BTreeSet<String>,
}

pub(super) fn run(arguments: &Offboard, global: &Global, config: &Config) -> Result<Exit, Failure> {
    let known = arguments.asking.known(global, config)?;
    let books = Runbooks::load()?;
    let leaver = leaver(&known, &arguments.person)?;
    let bill = bill(&known, &leaver);
    let signs_in = signs_in::of(&known, &leaver);
    let ids = |list: &[&Identity]| list.iter().map(|one| one.id.clone()).collect::<Vec<Urn>>();
    let data = json!({
        "person": leaver.email,
        "own": ids(&bill.own),
        "may_be_theirs": bill.alike.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        "signs_in": signs_in.ids(),
        "orphaned": ids(&bill.orphaned),
        "credentials": bill.credentials.iter().map(|one| &one.id).collect::<Vec<_>>(),
        "written": bill.written.iter().map(|one| &one.id).collect::<Vec<_>>(),
        "teams": bill.teams,
    });
    let mut answer = Answer::new(leaver.words(), data);
    for section in own(&known, &leaver, &bill) {
        answer.add(section);
    }
    answer.add(signs_in.section());
    answer.add(alike(&known, &bill));
    answer.add(orphaned(&known, &bill));
    answer.add(open(&known, &bill));
    answer.add(asleep(&known, &bill));
    answer.add(written(&known, &bill));
    answer.add(order::runbook(&known, &bill, &books));
    if answer.sections.is_empty() {
        let mut section = Section::new("Nothing");
        section.line(0, "nothing that was read is theirs, is owned by them or was written by them");
        answer.add(section);
    }
    arguments.asking.tell(&known, answer)
}

impl Leaver<'_> {
    fn words(&self) -> String {
        let Some(person) = self.person else {
            return format!("When {} leaves (not in the people directory)", self.email);
        };
        let who = format!("{} <{}>", person.name, person.email);
        match (&person.active, &person.left) {
            (_, Known::Value(left)) => format!("{who}, who left on {}", short_date(*left)),
            (Known::Value(false), _) => format!("{who}, who has left"),
            _ => format!("When {who} leaves"),
        }
    }

    /// Whether the person is gone already.
    fn is_gone(&self) -> bool {
        self.person.is_some_and(|person| person.active == Known::Value(false) || person.left.value().is_some())
    }

    /// Whether a text names the person: the address, in any case, or the name where only one has it.
    fn is_named(&self, text: &str) -> bool {
        let text = text.trim();
        text.eq_ignore_ascii_case(&self.email)
            || self.person.is_some_and(|person| text.to_lowercase() == person.name.to_lowercase())
    }
}

/// The person of the directory, or the one whom an owner or a commit names.
fn leaver<'a>(known: &'a Graph, asked: &str) -> Result<Leaver<'a>, Failure> {
    let lower = asked.trim().trim_start_matches("person:").to_lowercase();
    let people = &known.inventory.people;
    let found: Vec<&Person> = people
        .iter()
        .filter(|one| {
            one.email == lower || one.name.to_lowercase() == lower || one.email.split('@').next() == Some(&lower)
        })
        .collect();
    match found.as_slice() {
        [one] => return Ok(Leaver { email: one.email.clone(), person: Some(one) }),
        [] => {}
        many => {
            let list: Vec<String> = many.iter().map(|one| format!("\n  {}", one.email)).collect();
            return Err(Failure(format!("'{asked}' can mean {} people; name one:{}", many.len(), list.concat())));
        }
    }
    let leaver = Leaver { email: lower, person: None };
    let is_owner = known
        .inventory
        .facts
        .identities
        .values()
        .any(|facts| facts.owner.value().is_some_and(|owner| leaver.is_named(&owner.name)));
    let wrote = |one: &Exposure| one.introduced.as_ref().is_some_and(|commit| leaver.is_named(&commit.email));
    let is_known = is_owner
        || !signs_in::of(known, &leaver).by.is_empty()
        || known.inventory.exposures.iter().any(wrote)
        || known.inventory.identities.iter().any(|one| leaver.is_named(&one.name));
    if is_known {
        return Ok(leaver);
    }
    let directory = if people.is_empty() { "no people directory was read" } else { "the people directory has nobody" };
    let near = names::near(&known.inventory, &leaver.email);
    let near: Vec<String> = near.iter().map(|name| format!("\n  {}", clean(name))).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; did you mean{}", near.concat()) };
    Err(Failure(format!("{directory} called '{asked}', and no owner, commit or account names them{hint}")))
}

fn bill<'a>(known: &'a Graph, leaver: &Leaver<'_>) -> Bill<'a> {
    let inventory = &known.inventory;
    let teams = last_of_teams(known, leaver);
    let is_theirs = |one: &&Identity| {
        let person = inventory.facts.own_accounts.get(&one.id);
        person.is_some() && person == leaver.person.map(|person| &person.id) || is_own(one, leaver)
    };
    let own: Vec<&Identity> = inventory.identities.iter().filter(is_theirs).collect();
    let own_ids: BTreeSet<&Urn> = own.iter().map(|one| &one.id).collect();
    let is_orphaned = |one: &&Identity| {
        let owner = inventory.facts.identities.get(&one.id).and_then(|facts| facts.owner.value());
        let linked = inventory.facts.graph.from(&one.id).iter().any(|edge| {
            edge.kind == EdgeKind::OwnedBy && edge.to.as_str().strip_prefix("person:") == Some(&leaver.email)
        });
        let by_owner = owner.is_some_and(|owner| {
            let is_person = leaver.person.is_some() && owner.person.as_ref() == leaver.person.map(|one| &one.id);
            is_person || leaver.is_named(&owner.name) || teams.contains(&team_of(&owner.name))
        });
        !own_ids.contains(&one.id) && (by_owner || linked && owner.is_none())
    };
    // What a manifest declares and a cluster has is one thing: the cluster's.
    let orphaned: Vec<&Identity> = inventory
        .identities
        .iter()
        .filter(is_orphaned)
        .filter(|one| names::alive(inventory, one.kind.as_str(), &one.name, &one.evidence.location).is_none())
        .collect();
    let all: BTreeSet<&Urn> = own.iter().chain(&orphaned).map(|one| &one.id).collect();
    let is_here =
        |one: &&Credential| names::alive(inventory, one.kind.as_str(), &one.name, &one.evidence.location).is_none();
    let works = |one: &&Credential| one.active != Known::Value(false);
    let mut credentials: Vec<&Credential> =
        inventory.credentials.iter().filter(|one| all.contains(&one.holder)).filter(works).filter(is_here).collect();
    credentials.sort_by_key(|one| (strength(known, &one.id), &one.id));
    let wrote =
        |one: &&Exposure| one.introduced.as_ref().is_some_and(|commit| leaver.is_named(&commit.email)) && !one.public;
    let mut written: Vec<&Exposure> = inventory.exposures.iter().filter(wrote).collect();
    written.sort_by_key(|one| (strength(known, &one.id), std::cmp::Reverse(one.severity), &one.id));
    let alike = named_alike(known, leaver, &all);
    Bill { own, alike, orphaned, credentials, written, teams }
}

/// Accounts and public keys that are called much like the person, which may be theirs or somebody else's.
fn named_alike(known: &Graph, leaver: &Leaver<'_>, known_ids: &BTreeSet<&Urn>) -> Vec<(Urn, String)> {
    let inventory = &known.inventory;
    let claims = inventory.facts.owner_claims.iter().filter(|(id, _)| !known_ids.contains(id));
    let hinted = claims.filter_map(|(id, claims)| {
        let claim = claims.iter().find(|one| one.hint && leaver.is_named(&one.name))?;
        // A file's owners say nothing of whose account it is.
        (!claim.source.contains("CODEOWNERS")).then(|| (id.clone(), claim.source.clone()))
    });
    let local = leaver.email.split('@').next().unwrap_or_default();
    let is_key = |one: &&Setting| {
        let name = one.name.split('@').next().unwrap_or_default();
        let is_named = one.name.contains('@') && (leaver.is_named(&one.name) || name.eq_ignore_ascii_case(local));
        one.kind == SettingKind::CodePublicKey && local.len() > 2 && is_named
    };
    let keys = inventory.settings.iter().filter(is_key);
    hinted.chain(keys.map(|one| (one.id.clone(), format!("its comment, at {}", one.evidence.location)))).collect()
}

/// Whether an identity is the person: it is called by the address, or is marked as a person's and called by the part
/// before the `@`.
fn is_own(identity: &Identity, leaver: &Leaver<'_>) -> bool {
    let short = identity.name.rsplit('/').next().unwrap_or(&identity.name);
    let local = leaver.email.split('@').next().unwrap_or_default();
    let is_human = identity.attributes.is(crate::model::AttributeName::Human);
    leaver.email.contains('@') && short.eq_ignore_ascii_case(&leaver.email)
        || (is_human || identity.name.starts_with("people/")) && short.eq_ignore_ascii_case(local)
}

/// `payments` of `payments-team@acme.example`.
fn team_of(name: &str) -> String {
    let local = name.split('@').next().unwrap_or(name).to_lowercase();
    local.strip_suffix("-team").or_else(|| local.strip_prefix("team-")).unwrap_or(&local).to_owned()
}

fn last_of_teams(known: &Graph, leaver: &Leaver<'_>) -> BTreeSet<String> {
    let Some(team) = leaver.person.and_then(|person| person.team.as_ref()) else { return BTreeSet::new() };
    let others =
        known.inventory.people.iter().any(|one| {
            one.email != leaver.email && one.team.as_ref() == Some(team) && one.active != Known::Value(false)
        });
    if others { BTreeSet::new() } else { BTreeSet::from([team_of(team)]) }
}

/// Lower is stronger.
fn strength(known: &Graph, id: &Urn) -> usize {
    let strongest = known.inventory.facts.graph.reach_of(id).next();
    strongest
        .map_or(usize::MAX, |power| CapabilityKind::ALL.iter().position(|kind| *kind == power.kind).unwrap_or_default())
}

/// Their own accounts: those that work, under a heading that says whether they should, and those that ended.
fn own(known: &Graph, leaver: &Leaver<'_>, bill: &Bill<'_>) -> [Section; 2] {
    let title = if leaver.is_gone() { "Theirs, and still works" } else { "Ends with them" };
    let (mut works, mut ended) = (Section::new(title), Section::new("Theirs, and ended already"));
    for identity in &bill.own {
        let is_off = identity.enabled == Known::Value(false);
        let section = if is_off { &mut ended } else { &mut works };
        section.line(0, thing::label(&known.inventory, &identity.id));
        if is_off {
            continue;
        }
        if let Some(facts) = known.inventory.facts.identities.get(&identity.id) {
            section.line(1, format!("last used: {}", crate::report::last_use_words(&facts.last_use, known.now)));
        }
        for power in known.inventory.facts.graph.reach_of(&identity.id).take(3) {
            section.line(1, thing::reached(&power));
        }
    }
    [works, ended]
}

fn alike(known: &Graph, bill: &Bill<'_>) -> Section {
    let mut section = Section::new("May be theirs: ask before you touch it");
    for (id, why) in &bill.alike {
        section.line(0, thing::label(&known.inventory, id));
        section.line(1, why.clone());
    }
    section
}

fn orphaned(known: &Graph, bill: &Bill<'_>) -> Section {
    let mut section = Section::new("Has nobody then");
    for identity in &bill.orphaned {
        section.line(0, thing::label(&known.inventory, &identity.id));
        if let Some(facts) = known.inventory.facts.identities.get(&identity.id) {
            section.line(1, crate::report::owner_words(&facts.owner, known.now));
            section.line(1, format!("last used: {}", crate::report::last_use_words(&facts.last_use, known.now)));
        }
    }
    bill.teams.iter().for_each(|team| section.line(0, format!("the team {team}: nobody else of it is there")));
    section
}

fn open(known: &Graph, bill: &Bill<'_>) -> Section {
    let mut section = Section::new("Stays open to whoever has a copy");
    for credential in bill.credentials.iter().filter(|one| !known.inventory.is_rejected(one)) {
        let of = thing::label(&known.inventory, &credential.holder);
        section.line(0, format!("{} {} of {of}", credential.kind, credential.name));
        section.line(1, thing::credential_state(&known.inventory, credential, known.now));
        for power in known.inventory.facts.graph.reach_of(&credential.id).take(3) {
            section.line(1, thing::reached(&power));
        }
    }
    section
}

fn asleep(known: &Graph, bill: &Bill<'_>) -> Section {
    let mut section = Section::new("Works again if its user is reactivated");
    for credential in bill.credentials.iter().filter(|one| known.inventory.is_rejected(one)) {
        let of = thing::label(&known.inventory, &credential.holder);
        section.line(0, format!("{} {} of {of}", credential.kind, credential.name));
    }
    section
}

fn written(known: &Graph, bill: &Bill<'_>) -> Section {
    let mut section = Section::new("Secrets they wrote into files");
    for exposure in &bill.written {
        section.line(0, format!("{}: {} {}", exposure.evidence.location, exposure.title, exposure.preview));
        let facts = known.inventory.facts.exposures.get(&exposure.id);
        let identity = facts.and_then(|facts| facts.identity.value());
        match credential_of(known, exposure) {
            Some(one) => {
                let of = thing::label(&known.inventory, &one.holder);
                let state = thing::credential_state(&known.inventory, one, known.now);
                section.line(1, format!("{} {} of {of}: {state}", one.kind, one.name));
            }
            None => identity
                .into_iter()
                .for_each(|id| section.line(1, format!("a token of {}", thing::label(&known.inventory, id)))),
        }
        for power in known.inventory.facts.graph.reach_of(&exposure.id).take(3) {
            section.line(1, thing::reached(&power));
        }
        exposure.lies_since(known.now).into_iter().for_each(|text| section.line(1, text));
    }
    section
}

/// The credential that a text in a file is.
fn credential_of<'a>(known: &'a Graph, exposure: &Exposure) -> Option<&'a Credential> {
    let facts = known.inventory.facts.exposures.get(&exposure.id)?;
    known.inventory.credentials.get(facts.credential.value()?)
}
