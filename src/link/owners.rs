//! Who answers for an identity, by what is written on it, checked against the people directory.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Deserialize;

use super::definitions;
use crate::inventory::{Inventory, OwnerClaim, Table};
use crate::model::{
    AttributeName, Confidence, FactKind, Holding, Identity, IdentityKind, Known, LinkKind, Owner, Person, Setting, Urn,
};

/// Which labels name an owner, in the order in which they are believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerLabels {
    code_owners: u8,
    maker: u8,
    configured: u8,
    workloads: u8,
    naming: u8,
    creator: u8,
    owner: Vec<OwnerLabel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerLabel {
    labels: Vec<String>,
    confidence: Confidence,
    /// In percent; by the confidence where it is not said.
    weight: Option<u8>,
}

impl OwnerLabel {
    fn weight(&self) -> u8 {
        self.weight.unwrap_or(match self.confidence {
            Confidence::Certain => 95,
            Confidence::High => 85,
            Confidence::Medium => 55,
            Confidence::Low => 30,
        })
    }
}

impl OwnerLabels {
    /// Reads `rules/facts/owners.toml`.
    ///
    /// # Errors
    /// The parser's message with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut labels: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for label in labels.owner.iter_mut().flat_map(|owner| &mut owner.labels) {
            *label = normal(label);
        }
        Ok(labels)
    }

    /// Every label that names an owner: of each line of the table the first, with how sure and how much worth it is.
    fn all(&self, labels: &BTreeMap<String, String>) -> Vec<(String, String, Confidence, u8)> {
        let normal: BTreeMap<String, (&String, &String)> =
            labels.iter().map(|(name, value)| (normal(name), (name, value))).collect();
        let of_line = |owner: &OwnerLabel| {
            owner.labels.iter().find_map(|label| {
                let (name, value) = normal.get(label)?;
                let value = value.trim();
                (!is_blank(value)).then(|| (value.to_owned(), (*name).clone(), owner.confidence, owner.weight()))
            })
        };
        self.owner.iter().filter_map(of_line).collect()
    }

    fn find(&self, labels: &BTreeMap<String, String>) -> Option<String> {
        self.all(labels).into_iter().next().map(|(name, ..)| name)
    }
}

fn normal(label: &str) -> String {
    label.to_lowercase().replace('_', "-")
}

/// Left-over defaults name nobody.
fn is_blank(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "" | "todo" | "tbd" | "n/a" | "na" | "none" | "unknown" | "-" | "?")
}

pub(super) fn link(inventory: &mut Inventory, labels: &OwnerLabels) {
    let directory = Directory::new(&inventory.people, inventory.coverage.entries());
    let code = code_of(inventory);
    let read = &*inventory;
    let claimed = |identity: &Identity| {
        let code = code.get(&identity.id);
        let sure = code.filter(|(_, holding)| *holding == Holding::Holds).map(|(code, _)| *code);
        let mut claims = claims(read, identity, labels, sure);
        if claims.is_empty() {
            claims.extend(of_workloads(read, identity, labels));
        }
        if claims.is_empty() {
            claims.extend(of_namespace(read, identity, labels));
        }
        let weighed = weigh(claims, &directory);
        // A list of owners that could not be read does not say that there are none.
        let owner: Known<Owner> = match (weighed.first(), identity.attributes.get(AttributeName::Owners)) {
            (None, Known::Unknown(why)) => Known::Unknown(why),
            (None, _) if is_untagged(read, identity) => Known::unknown("its tags were not read"),
            (first, _) => first.map(|(owner, _)| owner.clone()).into(),
        };
        let mut told: Vec<OwnerClaim> = weighed.into_iter().map(|(_, claim)| claim).collect();
        told.extend(directory.named_in(identity, labels.naming));
        if let (Some((code, _)), None) = (code, sure) {
            told.extend(of_code(code).map(|(name, file)| OwnerClaim {
                name,
                source: format!("CODEOWNERS of {file}, if that code makes it"),
                weight: labels.naming,
                hint: true,
            }));
        }
        (identity.id.clone(), owner, told)
    };
    let found: Vec<_> = read.identities.rows().par_iter().map(claimed).collect();
    for (id, owner, claims) in found {
        if !claims.is_empty() {
            inventory.facts.owner_claims.insert(id.clone(), claims);
        }
        inventory.facts.identities.entry(id).or_default().owner = owner;
    }
}

/// Whether an identity is known by name alone, from the credential report of AWS, which has no tags and no unique ids.
fn is_untagged(inventory: &Inventory, identity: &Identity) -> bool {
    let is_reported = identity.kind == IdentityKind::AwsUser && identity.unique_id.is_none();
    let blind = || inventory.coverage.blind_spot_of(&identity.id, &identity.tenant, FactKind::Identities);
    is_reported && !identity.evidence.is_declared() && blind().is_some()
}

/// One place that names an owner.
struct Named {
    name: String,
    source: String,
    confidence: Confidence,
    weight: u8,
}

/// The code that makes each identity, and how sure that is.
fn code_of(inventory: &Inventory) -> BTreeMap<Urn, (&Setting, Holding)> {
    let mut edges = Vec::new();
    definitions::link(inventory, &mut edges);
    let mut code = BTreeMap::new();
    for edge in edges {
        let Some(setting) = inventory.settings.get(&edge.to) else { continue };
        let known = code.entry(edge.from).or_insert((setting, edge.holding));
        if edge.holding < known.1 {
            *known = (setting, edge.holding);
        }
    }
    code
}

/// Who owns the file of a piece of code, with the file.
fn of_code(code: &Setting) -> impl Iterator<Item = (String, String)> {
    let file = code.evidence.location.file().unwrap_or_default();
    let names = code.attributes.texts(AttributeName::CodeOwners).iter();
    names.map(move |name| (name.trim_start_matches('@').to_owned(), file.clone()))
}

/// Every place that names an owner of an identity, by labels, its provider's configuration and the code that makes it.
fn claims(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels, code: Option<&Setting>) -> Vec<Named> {
    let word = label_word(identity);
    let of_labels = labels.all(&identity.labels).into_iter();
    let mut claims: Vec<Named> = of_labels
        .map(|(name, label, confidence, weight)| Named { name, source: format!("{word} {label}"), confidence, weight })
        .collect();
    for link in inventory.links.from(&identity.id).filter(|link| link.kind == LinkKind::OwnedBy) {
        let person = inventory.people.get(&link.to).map(|person| person.email.clone());
        let name = person.unwrap_or_else(|| link.to.as_str().trim_start_matches("person:").to_owned());
        let (source, confidence) = (link.why.clone(), link.confidence);
        claims.push(Named { name, source: source.to_string(), confidence, weight: labels.configured });
    }
    if let Some(creator) = identity.attributes.text(AttributeName::Author).and_then(person_in) {
        let (source, confidence) = ("who made it, by the audit log".to_owned(), Confidence::Low);
        claims.push(Named { name: creator.to_owned(), source, confidence, weight: labels.creator });
    }
    claims.extend(of_maker(inventory, identity, labels));
    for (name, file) in code.into_iter().flat_map(of_code) {
        let source = format!("CODEOWNERS of {file}");
        claims.push(Named { name, source, confidence: Confidence::Medium, weight: labels.code_owners });
    }
    claims
}

/// Who owns the object that made it (`metadata.ownerReferences`), or else that object.
fn of_maker(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels) -> Option<Named> {
    let maker = identity.attributes.text(AttributeName::Maker)?;
    let shown: Vec<&str> = maker.splitn(4, '/').skip(2).collect();
    let (shown, weight) = (shown.join(" "), labels.maker);
    let known = inventory.workloads.get(&Urn::new(maker)).and_then(|workload| labels.find(&workload.labels));
    let source = match &known {
        Some(_) => format!("owner of {shown}, which made it"),
        None => "ownerReferences".to_owned(),
    };
    Some(Named { name: known.unwrap_or(shown), source, confidence: Confidence::Medium, weight })
}

/// The person behind whoever an audit log names: the session of a federated role is called by the person's address
/// (`arn:aws:sts::111122223333:assumed-role/Admin/ana@acme.example`). A machine's session names nobody.
/// Source: IAM User Guide, "IAM identifiers"; Identity Center names sessions by the user name.
fn person_in(author: &str) -> Option<&str> {
    let session = author.rsplit('/').next()?;
    let (local, domain) = session.split_once('@')?;
    (!local.is_empty() && domain.contains('.')).then_some(session)
}

/// The owner of a service account's namespace: the weakest sign, which rules treat as a hint.
fn of_namespace(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels) -> Option<Named> {
    let (namespace, _) =
        identity.name.split_once('/').filter(|_| identity.kind.as_str() == "kubernetes.service-account")?;
    let setting = inventory.settings.get(&Urn::kubernetes_cluster(&identity.tenant, "ns", namespace))?;
    let name = labels.find(&setting.labels)?;
    let source = "owner of its namespace".to_owned();
    Some(Named { name, source, confidence: Confidence::Low, weight: labels.workloads })
}

/// Claims that mean the same owner added up, the weightiest first. Each further place takes its share of what is left to
/// certainty.
fn weigh(claims: Vec<Named>, directory: &Directory<'_>) -> Vec<(Owner, OwnerClaim)> {
    let mut by_owner: Vec<(String, Vec<Named>)> = Vec::new();
    for claim in claims {
        let key = directory.key(&claim.name);
        match by_owner.iter_mut().find(|(known, _)| *known == key) {
            Some((_, same)) => same.push(claim),
            None => by_owner.push((key, vec![claim])),
        }
    }
    let mut weighed: Vec<(Owner, OwnerClaim)> = by_owner
        .into_iter()
        .filter_map(|(_, same)| {
            let left = same.iter().fold(1.0, |left, one| left * (1.0 - f64::from(one.weight.min(100)) / 100.0));
            let sources: Vec<&str> = same.iter().map(|one| one.source.as_str()).collect();
            let best = same.iter().max_by_key(|one| (one.weight, one.confidence))?;
            let owner = directory.owner(same.first()?.name.clone(), sources.join("; "), best.confidence);
            let weight = ((1.0 - left) * 100.0).round() as u8;
            let claim = OwnerClaim { name: owner.name.clone(), source: owner.source.clone(), weight, hint: false };
            Some((owner, claim))
        })
        .collect();
    // The order of the table decides between equals.
    weighed.sort_by_key(|(_, claim)| std::cmp::Reverse(claim.weight));
    weighed
}

/// A service account without an own sign belongs to whoever owns everything that runs as it.
fn of_workloads(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels) -> Option<Named> {
    let facts = inventory.facts.identities.get(&identity.id).filter(|facts| !facts.workloads.is_empty())?;
    // One without a sign, or one that was not seen, may be somebody else's.
    let of_workload = |workload: &Urn| labels.find(&inventory.workloads.get(workload)?.labels);
    let names: Option<BTreeSet<String>> = facts.workloads.iter().map(of_workload).collect();
    let mut names = names?.into_iter();
    let is_blind = inventory.coverage.blind_spot(&identity.tenant, FactKind::Workloads).is_some();
    let (name, None, false) = (names.next()?, names.next(), is_blind) else { return None };
    let source = "owner of its workloads".to_owned();
    Some(Named { name, source, confidence: Confidence::Low, weight: labels.workloads })
}

fn label_word(identity: &Identity) -> &'static str {
    match identity.provider() {
        crate::model::Provider::Aws => "tag",
        crate::model::Provider::Kubernetes | crate::model::Provider::Okta | crate::model::Provider::Agents => "label",
    }
}

fn unique_names(people: &Table<Person>) -> BTreeMap<String, Option<&Person>> {
    let mut names: BTreeMap<String, Option<&Person>> = BTreeMap::new();
    for person in people {
        names.entry(person.name.to_lowercase()).and_modify(|one| *one = None).or_insert(Some(person));
    }
    names
}

/// The people that are known, by what an owner label may call them.
struct Directory<'a> {
    by_email: BTreeMap<&'a str, &'a Person>,
    /// `None` where several people have one name.
    by_name: BTreeMap<String, Option<&'a Person>>,
    /// The domains of the directory's addresses: a team's mailbox is at one of them.
    domains: BTreeSet<&'a str>,
    teams: BTreeMap<String, Vec<&'a Person>>,
    is_partial: bool,
}

impl<'a> Directory<'a> {
    fn new(people: &'a Table<Person>, coverage: &[crate::model::CoverageEntry]) -> Self {
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
            is_partial: coverage.iter().any(|entry| entry.blinds.contains(&FactKind::People)),
        }
    }

    /// What makes two names one owner: a person, a team, or else the text.
    fn key(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        let by_name = self.by_name.get(&lower).copied().flatten();
        if let Some(person) = self.by_email.get(lower.as_str()).copied().or(by_name) {
            return person.email.clone();
        }
        let members = self.team(&lower).and_then(|members| members.first());
        members.and_then(|person| person.team.as_ref()).map_or(lower, |team| format!("team {}", team.to_lowercase()))
    }

    /// A team whose name is the first part of an identity's: a hint for a reader, never an owner.
    fn named_in(&self, identity: &Identity, weight: u8) -> Option<OwnerClaim> {
        let short = identity.name.rsplit('/').next()?.to_lowercase();
        let (first, _) = short.split_once(['-', '_', '.'])?;
        self.teams.get(first)?;
        let source = format!("its name begins with the team {first}");
        Some(OwnerClaim { name: first.to_owned(), source, weight, hint: true })
    }

    fn owner(&self, name: String, source: String, confidence: Confidence) -> Owner {
        let lower = name.to_lowercase();
        if self.by_name.get(&lower) == Some(&None) {
            let active = Known::unknown("several people of the directory have this name");
            return Owner { name, source, confidence, person: None, active, left: Known::Absent };
        }
        let by_name = self.by_name.get(&lower).copied().flatten();
        if let Some(person) = self.by_email.get(lower.as_str()).copied().or(by_name) {
            let (active, left) = (person.active.clone(), person.left.clone());
            return Owner { name, source, confidence, person: Some(person.id.clone()), active, left };
        }
        let active = match self.team(&lower) {
            Some(members) if members.iter().any(|person| person.active == Known::Value(true)) => Known::Value(true),
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
