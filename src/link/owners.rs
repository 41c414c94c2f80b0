//! Who answers for an identity, by what is written on it, checked against the people directory.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Deserialize;

use super::definitions;
use super::directory::Directory;
use super::persons::People;
use crate::inventory::{Inventory, OwnerClaim};
use crate::model::{
    AttributeName, Attributes, Confidence, Evidence, FactKind, Holding, Identity, IdentityKind, Known, Labels,
    LinkKind, Owner, Urn,
};

/// Which labels name an owner, in the order in which they are believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerLabels {
    own_account: u8,
    code_owners: u8,
    git_author: u8,
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
    /// The name ends before this in the value.
    until: Option<String>,
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
    fn all(&self, labels: &Labels) -> Vec<(String, String, Confidence, u8)> {
        let normal: BTreeMap<String, (&String, &String)> =
            labels.iter().map(|(name, value)| (normal(name), (name, value))).collect();
        let of_line = |owner: &OwnerLabel| {
            owner.labels.iter().find_map(|label| {
                let (name, value) = normal.get(label)?;
                let value = owner.until.as_ref().and_then(|end| Some(value.split_once(end)?.0)).unwrap_or(value).trim();
                (!is_blank(value)).then(|| (value.to_owned(), (*name).clone(), owner.confidence, owner.weight()))
            })
        };
        self.owner.iter().filter_map(of_line).collect()
    }

    fn find(&self, labels: &Labels) -> Option<String> {
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
    let code = code_of(inventory);
    let read = &*inventory;
    let people = People::of(read);
    let directory = Directory::new(&read.people, &people, read.coverage.entries());
    let claimed = |identity: &Identity| {
        let whose = people.whose(identity);
        let own = whose.as_ref().filter(|sign| sign.is_sure);
        let code = code.get(&identity.id);
        let sure = code.filter(|(_, holding)| *holding == Holding::Holds).map(|(code, _)| *code);
        let mut claims = claims(read, identity, labels, sure);
        claims.extend(own.map(|sign| Named {
            name: sign.person.email.clone(),
            source: sign.why.clone(),
            confidence: Confidence::Certain,
            weight: labels.own_account,
        }));
        if claims.is_empty() {
            let of_others = of_workloads(read, identity, labels).or_else(|| of_role(read, identity, labels));
            claims.extend(of_others.or_else(|| of_namespace(read, identity, labels)));
        }
        let weighed = weigh(claims, &directory);
        // A list of owners that could not be read does not say that there are none.
        let owner: Known<Owner> = match (weighed.first(), identity.attributes.get(AttributeName::Owners)) {
            (None, Known::Unknown(why)) => Known::Unknown(why),
            (None, _) if is_untagged(read, identity) => Known::unknown("its tags were not read"),
            (None, _) if identity.is_only_named() => Known::unknown("the service account itself was not read"),
            (first, _) => first.map(|(owner, _)| owner.clone()).into(),
        };
        let mut told: Vec<OwnerClaim> = weighed.into_iter().map(|(_, claim)| claim).collect();
        told.extend(directory.named_in(identity, labels.naming));
        told.extend(whose.iter().filter(|sign| !sign.is_sure).map(|sign| OwnerClaim {
            name: sign.person.email.clone(),
            source: sign.why.clone(),
            weight: labels.naming,
            hint: true,
        }));
        if let (Some((code, _)), None) = (code, sure) {
            told.extend(hints_of_code(*code, labels.naming));
        }
        (identity.id.clone(), owner, told, own.map(|sign| sign.person.id.clone()))
    };
    let found: Vec<_> = read.identities.rows().par_iter().map(claimed).collect();
    for (id, owner, claims, person) in found {
        if let Some(person) = person {
            inventory.facts.own_accounts.insert(id.clone(), person);
        }
        if !claims.is_empty() {
            inventory.facts.owner_claims.insert(id.clone(), claims);
        }
        inventory.facts.identities.entry(id).or_default().owner = owner;
    }
}

/// Who would answer for an identity if a piece of code made it.
fn hints_of_code<'a>(code: Code<'a>, weight: u8) -> impl Iterator<Item = OwnerClaim> + use<'a> {
    let named = of_code(code).map(|(name, file)| (name, format!("CODEOWNERS of {file}")));
    let named = named.chain(author_of(code).map(|(name, place)| (name, format!("who wrote {place}, by git"))));
    named.map(move |(name, source)| OwnerClaim {
        name,
        source: format!("{source}, if that code makes it"),
        weight,
        hint: true,
    })
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
fn code_of(inventory: &Inventory) -> BTreeMap<Urn, (Code<'_>, Holding)> {
    let mut edges = Vec::new();
    definitions::link(inventory, &mut edges);
    let mut code = BTreeMap::new();
    for edge in edges {
        let setting = inventory.settings.get(&edge.to).map(|one| (&one.attributes, &one.evidence));
        let manifest = || inventory.identities.get(&edge.to).map(|one| (&one.attributes, &one.evidence));
        let Some(made_by) = setting.or_else(manifest) else { continue };
        let known = code.entry(edge.from).or_insert((made_by, edge.holding));
        if edge.holding < known.1 {
            *known = (made_by, edge.holding);
        }
    }
    // A manifest is its own code.
    let is_own = |one: &&Identity| {
        !one.attributes.texts(AttributeName::CodeOwners).is_empty()
            || one.attributes.text(AttributeName::GitAuthor).is_some()
    };
    for one in inventory.identities.iter().filter(is_own) {
        code.insert(one.id.clone(), ((&one.attributes, &one.evidence), Holding::Holds));
    }
    code
}

/// A piece of code that makes an identity: who owns its file, and where that is.
type Code<'a> = (&'a Attributes, &'a Evidence);

/// Who owns the file of a piece of code, with the file.
fn of_code<'a>((attributes, evidence): Code<'a>) -> impl Iterator<Item = (String, String)> + use<'a> {
    let file = evidence.location.file().unwrap_or_default();
    let names = attributes.texts(AttributeName::CodeOwners).iter();
    names.map(move |name| (name.trim_start_matches('@').to_owned(), file.clone()))
}

/// Who wrote the line that a piece of code begins with, and where that is. A program that writes to a repository owns nothing.
fn author_of((attributes, evidence): Code<'_>) -> Option<(String, String)> {
    let author = attributes.text(AttributeName::GitAuthor).filter(|author| !author.contains("[bot]"))?;
    Some((author.to_owned(), evidence.location.to_string()))
}

/// Every place that names an owner of an identity, by labels, its provider's configuration and the code that makes it.
fn claims(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels, code: Option<Code<'_>>) -> Vec<Named> {
    let word = label_word(identity);
    let of_labels = labels.all(&identity.labels).into_iter();
    let mut claims: Vec<Named> = Vec::new();
    for (names, label, confidence, weight) in of_labels {
        let named = |name: &str| Named { name: name.to_owned(), source: format!("{word} {label}"), confidence, weight };
        claims.extend(each(&names).into_iter().map(named));
    }
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
    if let Some((name, place)) = code.and_then(author_of) {
        let source = format!("who wrote {place}, by git");
        claims.push(Named { name, source, confidence: Confidence::Low, weight: labels.git_author });
    }
    claims
}

/// The names that one text has: people are listed in many ways, and written as in a letter's head.
fn each(text: &str) -> Vec<&str> {
    let parts = |signs: &[char]| text.split(signs).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let addresses = parts(&[',', ';', '/', '|', ' ']);
    let list = match addresses.iter().all(|part| part.contains('@')) {
        true => addresses,
        false => parts(&[',', ';']),
    };
    let bare = |name| {
        let inner = |name: &'_ str| -> Option<(usize, usize)> { Some((name.find('<')? + 1, name.rfind('>')?)) };
        let name: &str = name;
        let name = inner(name).and_then(|(from, to)| name.get(from..to)).unwrap_or(name);
        name.strip_prefix("mailto:").unwrap_or(name).trim()
    };
    list.into_iter().map(bare).filter(|name| !name.is_empty()).collect()
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
    // Of several that are worth as much somebody who is there; then the order of the table decides.
    weighed.sort_by_key(|(owner, claim)| (std::cmp::Reverse(claim.weight), owner.active == Known::Value(false)));
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

/// An agent of a cloud without an own sign belongs to whoever owns the one role that it acts as.
fn of_role(inventory: &Inventory, identity: &Identity, labels: &OwnerLabels) -> Option<Named> {
    let is_agent = identity.kind == IdentityKind::AgentCloud;
    let workload = inventory.workloads.get(&identity.id).filter(|_| is_agent)?;
    let [role] = workload.runs_as.as_slice() else { return None };
    let role = inventory.identities.get(role)?;
    let source = format!("owner of its role {}", role.name);
    Some(Named { name: labels.find(&role.labels)?, source, confidence: Confidence::Low, weight: labels.workloads })
}

fn label_word(identity: &Identity) -> &'static str {
    match identity.provider() {
        crate::model::Provider::Aws => "tag",
        crate::model::Provider::Kubernetes | crate::model::Provider::Okta | crate::model::Provider::Agents => "label",
    }
}
