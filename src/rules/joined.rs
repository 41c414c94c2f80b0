//! What the join concluded, as fields: reach, environment, exposure in time. Concludes nothing itself.

use jiff::Timestamp;

use super::view::Field;
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{
    AttributeName, CapabilityKind, Credential, Edge, EdgeKind, Exposure, Holding, Identity, IdentityKind, Known,
    Provider, Reached, Severity, Urn, Workload,
};

/// A field of an identity that the join answers.
pub(super) fn identity(it: &Identity, facts: &IdentityFacts, name: &str, inventory: &Inventory) -> Option<Field> {
    Some(match name {
        "environment" => environment(&it.id, inventory),
        "defined_in" => defined_in(&it.id, inventory),
        "code_share" => Field::Int(inventory.facts.code_share.get(&it.tenant).copied().map_or(0, i64::from)),
        "reach" => Field::Texts(kinds(inventory, &it.id)),
        "reaches_administrator" => match (administers(inventory, &it.id, None), &facts.rights_unknown) {
            (false, Some(why)) => Field::Unknown(why.clone()),
            (reaches, _) => Field::Bool(reaches),
        },
        "reaches_cloud_administrator" => Field::Bool(administers(inventory, &it.id, Some(Provider::Aws))),
        "could_reach_cloud_administrator" => {
            let is_it = |power: &Reached<'_>| {
                power.holding == Holding::Conditional
                    && is_of_administrator(power)
                    && Provider::of(power.at) == Some(Provider::Aws)
            };
            let is_sure = administers(inventory, &it.id, Some(Provider::Aws));
            Field::Bool(!is_sure && inventory.facts.graph.reach_of(&it.id).any(|power| is_it(&power)))
        }
        "reaches_through" => Field::Text(through(inventory, &it.id)),
        "alive_elsewhere" => Field::Bool(twin(it, inventory).is_some()),
        "still_alive" => Field::Text(still_alive(it, facts, inventory)),
        "own_account" => Field::Bool(inventory.facts.own_accounts.contains_key(&it.id)),
        "assumed_by" => Field::Int(count(inventory.facts.graph.to(&it.id).filter(|edge| edge.kind.carries_power()))),
        _ => return None,
    })
}

/// A field of a credential that the join answers.
pub(super) fn credential(it: &Credential, name: &str, inventory: &Inventory) -> Option<Field> {
    Some(match name {
        "reach" => Field::Texts(kinds(inventory, &it.id)),
        "reaches_administrator" => Field::Bool(administers(inventory, &it.id, None)),
        "keyless_by" => keyless_by(it, inventory).map_or(Field::Null, |name| Field::Text(name.to_owned())),
        _ => return None,
    })
}

/// A field of a workload that the join answers.
pub(super) fn workload(it: &Workload, name: &str, inventory: &Inventory) -> Option<Field> {
    let acts_as = |holding: Holding| {
        let edges = inventory.facts.graph.from(&it.id).iter();
        edges.filter(move |edge| edge.kind == EdgeKind::RunsAs && edge.holding == holding)
    };
    let names = |holding| {
        let known = acts_as(holding).filter_map(|edge| inventory.identities.get(&edge.to));
        Field::Text(known.map(|one| one.name.as_str()).collect::<Vec<_>>().join(", "))
    };
    Some(match name {
        "acts_as" => Field::Int(count(acts_as(Holding::Holds))),
        "acts_as_names" => names(Holding::Holds),
        "could_act_as" => Field::Int(count(acts_as(Holding::Conditional))),
        "could_act_as_names" => names(Holding::Conditional),
        "could_reach_administrator" => {
            let reached = inventory.facts.graph.reach_of(&it.id);
            let mut sure = reached.filter(|power| power.holding != Holding::Unknown && is_of_administrator(power));
            Field::Bool(sure.next().is_some())
        }
        "reach" => Field::Texts(kinds(inventory, &it.id)),
        "reaches_administrator" => Field::Bool(administers(inventory, &it.id, None)),
        "reaches_through" => Field::Text(through(inventory, &it.id)),
        "given_administrator" => {
            let mut given = inventory.facts.graph.from(&it.id).iter().filter(|edge| edge.kind == EdgeKind::Uses);
            Field::Bool(given.any(|edge| administers(inventory, &edge.to, None)))
        }
        _ => return None,
    })
}

/// Issuers of tokens for what runs from a repository (GitHub Docs and GitLab Docs, OpenID Connect in AWS; HCP Terraform,
/// dynamic provider credentials).
const PIPELINES: &[&str] = &["token.actions.githubusercontent.com", "gitlab", "app.terraform.io"];

/// The provider of tokens that the account of a key already trusts, where the key lies in the open: what has the key could
/// ask for a token in its place.
fn keyless_by<'a>(it: &Credential, inventory: &'a Inventory) -> Option<&'a str> {
    inventory.facts.credentials.get(&it.id).filter(|facts| !facts.exposures.is_empty())?;
    // Identities stand in the order of their ids: those of one account's providers stand together.
    let account: Vec<&str> = it.holder.as_str().splitn(6, ':').take(5).collect();
    let head = format!("{}:oidc-provider/", account.join(":"));
    let rows = inventory.identities.rows();
    let start = rows.partition_point(|one| one.id.as_str() < head.as_str());
    let mut providers = rows[start..].iter().take_while(|one| one.id.as_str().starts_with(&head));
    let is_of_pipelines = |name: &str| PIPELINES.iter().any(|issuer| name.contains(issuer));
    providers.find(|one| is_of_pipelines(&one.name)).map(|one| one.name.as_str())
}

/// The same thing, what it acts as, or another account of the same person, that is alive in another system.
fn twin<'a>(it: &Identity, inventory: &'a Inventory) -> Option<&'a Identity> {
    let graph = &inventory.facts.graph;
    let ties = |edge: &&Edge| matches!(edge.kind, EdgeKind::RegisteredAs | EdgeKind::ActsAs);
    let ahead = graph.from(&it.id).iter().filter(ties).map(|edge| &edge.to);
    let behind = graph.to(&it.id).filter(ties).map(|edge| &edge.from);
    let mut others = ahead.chain(behind).filter_map(|id| inventory.identities.get(id));
    others.find(|one| one.enabled == Known::Value(true)).or_else(|| other_account(it, inventory))
}

/// Another account of the person whose address an account has that is switched off. One that says nothing of being
/// switched on or off, as a user of a cluster, can be used.
fn other_account<'a>(it: &Identity, inventory: &'a Inventory) -> Option<&'a Identity> {
    if it.enabled != Known::Value(false) || it.kind != IdentityKind::OktaUser {
        return None;
    }
    let name = it.name.to_lowercase();
    let person = inventory.people.iter().find(|person| person.email == name)?;
    let own = inventory.facts.own_accounts.iter().filter(|(_, whose)| **whose == person.id);
    let mut own = own.filter_map(|(id, _)| inventory.identities.get(id));
    own.find(|one| one.tenant != it.tenant && one.enabled != Known::Value(false))
}

/// What goes on of an identity that is switched off.
fn still_alive(it: &Identity, facts: &IdentityFacts, inventory: &Inventory) -> String {
    let of_credential = |id| inventory.credentials.get(id).filter(|one| !inventory.is_rejected(one));
    let works = facts.credentials.iter().filter_map(of_credential).filter(|one| one.active == Known::Value(true));
    let counted = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        many => Some(format!("{many} {what}s")),
    };
    let twin = twin(it, inventory).map(|one| format!("its twin {} {} ({})", one.kind.label(), one.name, one.tenant));
    let parts = [counted(works.count(), "working credential"), counted(facts.workloads.len(), "workload"), twin];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// A field of an exposure that the join answers.
pub(super) fn exposure(it: &Exposure, name: &str, inventory: &Inventory, now: Timestamp) -> Option<Field> {
    let introduced = it.introduced.as_ref();
    Some(match name {
        "environment" => environment(&it.id, inventory),
        "environments" => match inventory.facts.spread.get(inventory.facts.value_of(it)) {
            Some(names) => Field::Texts(names.iter().cloned().collect()),
            None => Field::Texts(Vec::new()),
        },
        "environment_count" => Field::Int(
            i64::try_from(inventory.facts.spread.get(inventory.facts.value_of(it)).map_or(0, |names| names.len()))
                .unwrap_or(0),
        ),
        "exposed_for" => introduced.map_or(Field::Null, |commit| Field::Int(now.as_second() - commit.date.as_second())),
        "in_head" => Field::Bool(introduced.is_none_or(|commit| commit.in_head)),
        "written_by" => introduced.map_or(Field::Null, |commit| Field::Text(commit.email.clone())),
        "reach" => Field::Texts(kinds(inventory, &it.id)),
        "reaches_administrator" => Field::Bool(administers(inventory, &it.id, None)),
        "unlocks" => Field::Texts(unlocks(inventory, &it.id)),
        _ => return None,
    })
}

/// Where the public half of a private key stands that is in another file than the key.
fn unlocks(inventory: &Inventory, id: &Urn) -> Vec<String> {
    let own = inventory.exposures.get(id).and_then(|one| one.evidence.location.file());
    let edges = inventory.facts.graph.from(id).iter().filter(|edge| edge.kind == EdgeKind::Unlocks);
    let settings = edges.filter_map(|edge| inventory.settings.get(&edge.to));
    let others = settings.filter(|one| one.evidence.location.file() != own);
    others.map(|one| format!("{} ({})", one.evidence.location, one.name)).collect()
}

/// How bad a leak is by what it opens; the detector's word where too little is known of that.
pub(super) fn severity(it: &Exposure, inventory: &Inventory) -> Severity {
    let facts = inventory.facts.exposures.get(&it.id);
    let identity = facts.and_then(|facts| facts.identity.value());
    let Some(of) = identity.and_then(|id| inventory.facts.identities.get(id)) else { return it.severity };
    let reached = inventory.facts.graph.reach_of(&it.id);
    let worst = reached.map(|power| of_power(&power)).max();
    // Whoever wrote the tree that the secret lies in wrote this export, too: it makes nothing milder.
    let told = identity.and_then(|id| inventory.identities.get(id));
    if told.is_some_and(|one| one.attributes.is(AttributeName::ToldByTree)) {
        return worst.map_or(it.severity, |worst| worst.max(it.severity));
    }
    match worst {
        Some(severity) if severity >= Severity::High => severity,
        _ if of.rights_unknown.is_some() => it.severity,
        Some(severity) => severity,
        None if of.grants.is_empty() => Severity::Medium,
        None => Severity::High,
    }
}

/// The detector's word, and more where one of the credentials of which it may be one can do more. What it may be makes nothing
/// milder: it may be none of them.
pub(super) fn severity_by_candidates(it: &Exposure, inventory: &Inventory) -> Severity {
    let has_candidates = inventory.facts.exposures.get(&it.id).is_some_and(|facts| !facts.may_be.is_empty());
    let reached = inventory.facts.graph.reach_of(&it.id).filter(|_| has_candidates);
    reached.map(|power| of_power(&power)).max().map_or(it.severity, |worst| worst.max(it.severity))
}

fn of_power(power: &Reached<'_>) -> Severity {
    match (power.kind, power.holding) {
        (CapabilityKind::Administrator, Holding::Holds) if is_whole(power) => Severity::Critical,
        _ => Severity::High,
    }
}

fn is_whole(power: &Reached<'_>) -> bool {
    !power.scope.starts_with("namespace ")
}

fn environment(id: &Urn, inventory: &Inventory) -> Field {
    inventory.facts.environments.get(id).map_or(Field::Null, |one| Field::Text(one.name.clone()))
}

/// The file of the code that makes it.
fn defined_in(id: &Urn, inventory: &Inventory) -> Field {
    if let Some(why) = inventory.facts.maybe_made.get(id) {
        return Field::Unknown(why.clone());
    }
    let mut edges = inventory.facts.graph.from(id).iter().filter(|edge| edge.kind == EdgeKind::DefinedBy);
    edges.next().map_or(Field::Null, |edge| {
        let file = inventory.settings.get(&edge.to).and_then(|setting| setting.evidence.location.file());
        Field::Text(file.unwrap_or_else(|| edge.to.to_string()))
    })
}

fn kinds(inventory: &Inventory, id: &Urn) -> Vec<String> {
    let sure = inventory.facts.graph.reach_of(id).filter(|power| power.holding == Holding::Holds);
    let mut kinds: Vec<String> = sure.map(|power| power.kind.to_string()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn is_administration(power: &Reached<'_>) -> bool {
    power.holding == Holding::Holds && is_of_administrator(power)
}

fn is_of_administrator(power: &Reached<'_>) -> bool {
    power.kind == CapabilityKind::Administrator && is_whole(power)
}

fn administers(inventory: &Inventory, id: &Urn, provider: Option<Provider>) -> bool {
    let fits = |power: &Reached<'_>| provider.is_none_or(|provider| Provider::of(power.at) == Some(provider));
    inventory.facts.graph.reach_of(id).any(|power| is_administration(&power) && fits(&power))
}

/// The way to the strongest power that others have, in names.
fn through(inventory: &Inventory, id: &Urn) -> String {
    let graph = &inventory.facts.graph;
    let others = || graph.reach_of(id).filter(|power| power.steps > 0);
    let sure = others().find(|power| is_administration(power));
    // Where nothing is sure, what could be: a rule that asks for that says so.
    let Some(power) = sure.or_else(|| others().find(|power| is_of_administrator(power))) else { return String::new() };
    let name = |urn: &Urn| inventory.identities.get(urn).map_or_else(|| urn.to_string(), |one| one.name.clone());
    let names: Vec<String> = graph.way(id, &power).iter().map(|edge| name(&edge.to)).collect();
    format!("{} ({})", names.join(" → "), power.scope)
}

fn count<T>(list: impl Iterator<Item = T>) -> i64 {
    i64::try_from(list.count()).unwrap_or(i64::MAX)
}
