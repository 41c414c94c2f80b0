//! Whom a name means that is written as an owner: a person of the directory, a team of it, or nobody that is known.

use std::collections::{BTreeMap, BTreeSet};

use super::persons::People;
use crate::inventory::{OwnerClaim, Table};
use crate::model::{Confidence, FactKind, Identity, Known, Owner, Person, Urn};

fn unique_names(people: &Table<Person>) -> BTreeMap<String, Option<&Person>> {
    let mut names: BTreeMap<String, Option<&Person>> = BTreeMap::new();
    for person in people {
        names.entry(person.name.to_lowercase()).and_modify(|one| *one = None).or_insert(Some(person));
    }
    names
}

/// The words of names and the parts of addresses before the `@`.
fn unique_words(people: &Table<Person>) -> BTreeMap<String, Option<&Urn>> {
    let mut words: BTreeMap<String, Option<&Urn>> = BTreeMap::new();
    for person in people {
        let name = person.name.to_lowercase();
        let local = person.email.split('@').next().unwrap_or_default();
        let of_address = local.split(['.', '-', '_', '+']).chain([local]).map(str::to_owned);
        for word in name.split_whitespace().map(str::to_owned).chain(of_address).collect::<BTreeSet<_>>() {
            let known = words.entry(word).or_insert(Some(&person.id));
            *known = known.filter(|one| **one == person.id);
        }
    }
    words
}

/// The people that are known, by what an owner label may call them.
pub(super) struct Directory<'a> {
    by_email: BTreeMap<&'a str, &'a Person>,
    /// `None` where several people have one name.
    by_name: BTreeMap<String, Option<&'a Person>>,
    /// The domains of the directory's addresses: a team's mailbox is at one of them.
    domains: BTreeSet<&'a str>,
    teams: BTreeMap<String, Vec<&'a Person>>,
    /// First and last names and the parts of addresses; `None` where several people have one.
    by_word: BTreeMap<String, Option<&'a Urn>>,
    people: &'a People<'a>,
    is_partial: bool,
    /// Whether it lists nobody who is there: a list of leavers, which says of no team that it has nobody left.
    lists_leavers_alone: bool,
}

impl<'a> Directory<'a> {
    pub(super) fn new(
        people: &'a Table<Person>,
        accounts: &'a People<'a>,
        coverage: &[crate::model::CoverageEntry],
    ) -> Self {
        let mut teams: BTreeMap<String, Vec<&Person>> = BTreeMap::new();
        for person in people {
            if let Some(team) = &person.team {
                teams.entry(team.to_lowercase()).or_default().push(person);
            }
        }
        Self {
            by_email: people.iter().map(|person| (person.email.as_str(), person)).collect(),
            by_name: unique_names(people),
            domains: people
                .iter()
                .filter_map(|person| person.email.split_once('@'))
                .map(|(_, domain)| domain)
                .collect(),
            teams,
            by_word: unique_words(people),
            people: accounts,
            lists_leavers_alone: !people.iter().any(|person| person.active == Known::Value(true)),
            is_partial: coverage.iter().any(|entry| entry.blinds.contains(&FactKind::People)),
        }
    }

    /// The person whom a text in small letters names: by address, by name, or by what stands before the `@` where no team
    /// is called so.
    fn person(&self, lower: &str) -> Option<&'a Person> {
        let by_name = || self.by_name.get(lower).copied().flatten();
        let is_free = || self.team(lower).is_none() && !self.is_also_anothers(lower);
        let by_short = || self.people.by_short(lower).filter(|_| is_free());
        self.by_email.get(lower).copied().or_else(by_name).or_else(by_short)
    }

    /// Whether one word is also a part of another's name: `kim` is whoever has kim@, or Kim Beck.
    fn is_also_anothers(&self, lower: &str) -> bool {
        self.by_word.get(lower) == Some(&None)
    }

    /// What makes two names one owner: a person, a team, or else the text.
    pub(super) fn key(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        if let Some(person) = self.person(&lower) {
            return person.email.clone();
        }
        let members = self.team(&lower).and_then(|members| members.first());
        members.and_then(|person| person.team.as_ref()).map_or(lower, |team| format!("team {}", team.to_lowercase()))
    }

    /// A team whose name is the first part of an identity's: a hint for a reader, never an owner.
    pub(super) fn named_in(&self, identity: &Identity, weight: u8) -> Option<OwnerClaim> {
        let short = identity.name.rsplit('/').next()?.to_lowercase();
        let (first, _) = short.split_once(['-', '_', '.'])?;
        self.teams.get(first)?;
        let source = format!("its name begins with the team {first}");
        Some(OwnerClaim { name: first.to_owned(), source, weight, hint: true })
    }

    pub(super) fn owner(&self, name: String, source: String, confidence: Confidence) -> Owner {
        let lower = name.to_lowercase();
        let is_nobody_else = || self.person(&lower).is_none() && self.team(&lower).is_none();
        if self.by_name.get(&lower) == Some(&None) || self.is_also_anothers(&lower) && is_nobody_else() {
            let active = Known::unknown("several people of the directory have this name");
            return Owner { name, source, confidence, person: None, active, left: Known::Absent };
        }
        if let Some(person) = self.person(&lower) {
            let (active, left) = (person.active.clone(), person.left.clone());
            return Owner { name, source, confidence, person: Some(person.id.clone()), active, left };
        }
        let active = match self.team(&lower) {
            Some(members) if members.iter().any(|person| person.active == Known::Value(true)) => Known::Value(true),
            Some(_) if self.lists_leavers_alone => {
                Known::unknown("the people directory lists nobody who is there, of this team or any")
            }
            Some(_) if self.is_partial => Known::unknown("the people directory was not read to its end"),
            // The forge has a list of its own of who is in its team.
            Some(_) if lower.contains('/') => Known::unknown(
                "whom the people directory has in a team of this name has left; the forge's team may have others",
            ),
            Some(_) => Known::Value(false),
            None if self.by_email.is_empty() => Known::unknown("no people directory was read"),
            None => Known::unknown("not in the people directory"),
        };
        let left = match (&active, self.team(&lower)) {
            // A team is gone when the last of it went.
            (Known::Value(false), Some(members)) => {
                members.iter().filter_map(|person| person.left.value()).max().copied().into()
            }
            _ => Known::Absent,
        };
        Owner { name, source, confidence, person: None, active, left }
    }

    /// A team by its name, as `payments`, `payments-team`, `team-payments` or `payments-team@acme.example`.
    fn team(&self, name: &str) -> Option<&Vec<&'a Person>> {
        // A forge's team, `acme/payments`, where the organisation there has the name of the directory's domain: that of
        // another is another's team.
        let name = match name.rsplit_once('/') {
            Some((organisation, team)) => {
                let is_own = |domain: &&str| domain.split('.').next() == Some(organisation);
                self.domains.iter().any(is_own).then_some(team)?
            }
            None => name,
        };
        let (local, domain) = name.split_once('@').map_or((name, None), |(local, domain)| (local, Some(domain)));
        if domain.is_some_and(|domain| !self.domains.contains(domain)) {
            return None;
        }
        let bare = local.strip_suffix("-team").or_else(|| local.strip_prefix("team-")).unwrap_or(local);
        self.teams.get(local).or_else(|| self.teams.get(bare))
    }
}
