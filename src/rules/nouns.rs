//! What each noun answers for each of its fields. The names are those of `fields.rs`.

use jiff::Timestamp;

use super::view::{Field, Noun};
use super::{across, joined, paths};
use crate::inventory::{ExposureFacts, IdentityFacts, Inventory};
use crate::model::{
    AttributeName, AttributeType, AttributeValue, Capability, CapabilityKind, Credential, CredentialKind,
    CredentialState, Exposure, Grant, Identity, IdentityKind, Known, LastUse, PrincipalKind, Setting, Workload,
    short_date,
};

/// Groups that stand for everyone, or everyone who is logged in. Source: Kubernetes, "Authenticating", anonymous
/// requests and the groups that the API server adds.
const EVERYONE: &[&str] = &["system:anonymous", "system:unauthenticated", "system:authenticated"];

pub(super) fn identity(
    it: &Identity,
    facts: &IdentityFacts,
    name: &str,
    inventory: &Inventory,
    now: Timestamp,
) -> Field {
    match name {
        "id" => text(it.id.as_str()),
        "kind" => text(it.kind.as_str()),
        "provider" => text(it.provider().as_str()),
        "tenant" => text(&it.tenant),
        "name" => text(&it.name),
        "enabled" => known(&it.enabled, |enabled| Field::Bool(*enabled), Field::Bool(true)),
        "builtin" => Field::Bool(it.builtin),
        "age" => known(&it.created, |created| since(*created, now), Field::Null),
        "labels" => Field::Labels(it.labels.clone()),
        "credentials" => count(facts.credentials.len()),
        "active_credentials" => active_credentials(facts, inventory),
        "workloads" | "workloads_seen" => count(facts.workloads.len()),
        "grants" => count(facts.grants.len()),
        "linked" => count(facts.linked.len()),
        "exposures" => count(facts.exposures.len()),
        "trusted" => count(facts.trusted.len()),
        "trusts_anyone" => {
            Field::Bool(facts.trusted.iter().any(|one| one.kind == PrincipalKind::Anyone && one.conditions.is_empty()))
        }
        "anyone" => Field::Bool(is_everyone(it)),
        "declared" => Field::Bool(it.evidence.is_declared()),
        "never_used" | "unused_for" | "last_used" => use_of(&facts.last_use, &it.created, name, now),
        "owner" | "owner_source" | "owner_left" | "owner_left_on" => owner(facts, name),
        _ => joined::identity(it, facts, name, inventory).unwrap_or_else(|| rights(it, facts, name)),
    }
}

fn rights(it: &Identity, facts: &IdentityFacts, name: &str) -> Field {
    let is_administrator = facts.capabilities.iter().any(Capability::is_administrator);
    let becomes = !is_administrator && facts.escalations.iter().any(|path| !path.conditional);
    let gets_data = facts.data_paths.iter().any(|path| !path.conditional);
    let field = match name {
        "could_become_administrator" => Field::Bool(!is_administrator && !becomes && !facts.escalations.is_empty()),
        "reaches_data" => Field::Bool(gets_data),
        "could_reach_data" => Field::Bool(!gets_data && !facts.data_paths.is_empty()),
        "becomes_in" | "becomes" | "becomes_steps" | "becomes_via" | "cut" => paths::field(it, facts, name),
        "capabilities" => {
            let mut kinds: Vec<String> = facts.capabilities.iter().map(|one| one.kind.to_string()).collect();
            kinds.dedup();
            Field::Texts(kinds)
        }
        "wide_capabilities" => Field::Texts(kinds_of(facts, false)),
        "local_capabilities" => Field::Texts(kinds_of(facts, true)),
        "local_scopes" => Field::Text(local_scopes(facts)),
        "administers" => Field::Texts(administered(facts)),
        "administrator" => Field::Bool(is_administrator),
        "extent" => Field::Text(extent(facts)),
        "becomes_administrator" => Field::Bool(becomes),
        _ => unreachable_field(it.id.as_str(), name),
    };
    match (&field, &facts.rights_unknown) {
        (Field::Bool(false) | Field::Texts(_), Some(why)) => Field::Unknown(why.clone()),
        _ => field,
    }
}

/// What an administrator can do, in words: a statement may deny single things.
fn extent(facts: &IdentityFacts) -> String {
    let mut all = facts.capabilities.iter();
    match all.find(|one| one.is_administrator()).map(Capability::denied).filter(|denied| !denied.is_empty()) {
        Some(denied) => format!("everything but {}", denied.join(", ")),
        None => "everything".to_owned(),
    }
}

/// What it can do without a condition: in all of its account or cluster, or only in namespaces of it. Rights to single
/// things are neither.
fn kinds_of(facts: &IdentityFacts, local: bool) -> Vec<String> {
    let is_meant = |one: &Capability| one.scope.starts_with("namespace ") == local && !one.is_of_named();
    let meant = facts.capabilities.iter().filter(|one| !one.conditional && is_meant(one));
    let mut kinds: Vec<String> = meant.map(|one| one.kind.to_string()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The namespaces in which it can do everything.
fn administered(facts: &IdentityFacts) -> Vec<String> {
    let all = facts.capabilities.iter().filter(|one| one.kind == CapabilityKind::Administrator && !one.conditional);
    let scopes = all.filter_map(|one| one.scope.strip_prefix("namespace "));
    scopes.map(|scope| scope.rsplit('/').next().unwrap_or(scope).to_owned()).collect()
}

/// The namespaces, the first few of many by name.
fn local_scopes(facts: &IdentityFacts) -> String {
    const SHOWN: usize = 5;
    let scopes = facts.capabilities.iter().filter_map(|one| one.scope.strip_prefix("namespace "));
    let mut names: Vec<&str> = scopes.map(|scope| scope.rsplit('/').next().unwrap_or(scope)).collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn is_everyone(it: &Identity) -> bool {
    let is_subject = matches!(it.kind, IdentityKind::KubernetesGroup | IdentityKind::KubernetesUser);
    is_subject && (EVERYONE.contains(&it.name.as_str()) || it.name == "system:serviceaccounts")
}

fn active_credentials(facts: &IdentityFacts, inventory: &Inventory) -> Field {
    let mut active = 0;
    for credential in facts.credentials.iter().filter_map(|id| inventory.credentials.get(id)) {
        match &credential.active {
            _ if inventory.is_rejected(credential) => {}
            Known::Value(true) => active += 1,
            Known::Unknown(why) => return Field::Unknown(why.clone()),
            _ => {}
        }
    }
    Field::Int(active)
}

fn owner(facts: &IdentityFacts, name: &str) -> Field {
    let owner = match &facts.owner {
        Known::Value(owner) => owner,
        Known::Unknown(why) => return Field::Unknown(why.clone()),
        Known::Absent if name == "owner_left" => return Field::Bool(false),
        Known::Absent => return Field::Null,
    };
    match name {
        "owner" => text(&owner.name),
        "owner_source" => text(&owner.source),
        "owner_left" => known(&owner.active, |active| Field::Bool(!active), Field::Bool(false)),
        _ => known(&owner.left, |left| Field::Text(short_date(*left)), Field::Null),
    }
}

pub(super) fn credential(it: &Credential, name: &str, inventory: &Inventory, now: Timestamp) -> Field {
    let unread = Known::unknown("nothing that was read says when it was last used");
    let facts = inventory.facts.credentials.get(&it.id);
    match name {
        "id" => text(it.id.as_str()),
        "kind" => text(it.kind.as_str()),
        "declared" => Field::Bool(it.evidence.is_declared()),
        "tenant" => text(&it.tenant),
        "name" => text(&it.name),
        "active" => known(&it.active, |active| Field::Bool(*active), Field::Bool(true)),
        "age" => known(&it.created, |created| since(*created, now), Field::Null),
        "expires_in" => known(&it.expires, |expires| Field::Int(expires.as_second() - now.as_second()), Field::Null),
        "never_expires" => known(&it.expires, |_| Field::Bool(false), Field::Bool(true)),
        "exposures" => count(facts.map_or(0, |facts| facts.exposures.len())),
        "never_used" | "unused_for" | "last_used" => {
            use_of(facts.map_or(&unread, |facts| &facts.last_use), &it.created, name, now)
        }
        _ => joined::credential(it, name, inventory).unwrap_or_else(|| unreachable_field(it.id.as_str(), name)),
    }
}

pub(super) fn grant(it: &Grant, name: &str, inventory: &Inventory) -> Field {
    match name {
        "id" => text(it.id.as_str()),
        "kind" => text(it.kind.as_str()),
        "provider" => text(if it.id.as_str().starts_with("k8s:") { "kubernetes" } else { "aws" }),
        "declared" => Field::Bool(it.evidence.is_declared()),
        "shipped" => Field::Bool(inventory.facts.shipped.contains(&it.id)),
        "holder_exists" => match inventory.identities.get(&it.to) {
            Some(holder) if holder.is_only_named() && !it.evidence.is_declared() => {
                Field::Unknown("the service account itself was not read".to_owned())
            }
            holder => Field::Bool(holder.is_some()),
        },
        "by_user_name" => Field::Bool(it.id.as_str().contains("#user/system:serviceaccount:")),
        "unasked_days" => inventory.facts.unasked.get(&it.id).map_or(Field::Null, |days| Field::Int(*days)),
        "crosses_namespaces" => Field::Bool(across::crosses_namespaces(it)),
        "enters_production_from" => across::enters_production_from(it, inventory),
        "tenant" => text(&it.tenant),
        "scope" => text(&it.scope),
        "policy" => text(it.policy.as_str()),
        "policy_exists" => {
            let is_default = inventory.facts.default_policies.contains(&it.policy);
            Field::Bool(is_default || inventory.policies.get(&it.policy).is_some())
        }
        "policy_name" => Field::Text(short_name(it.policy.as_str())),
        "via_name" => Field::Text(it.via.iter().map(|via| short_name(via.as_str())).collect::<Vec<_>>().join(", ")),
        "via" => Field::Text(it.via.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        "capabilities" => {
            let capabilities = inventory.facts.grants.get(&it.id).into_iter().flatten();
            Field::Texts(capabilities.map(|one| one.kind.to_string()).collect())
        }
        _ => unreachable_field(it.id.as_str(), name),
    }
}

pub(super) fn exposure(it: &Exposure, name: &str, inventory: &Inventory, now: Timestamp) -> Field {
    let facts = inventory.facts.exposures.get(&it.id);
    let optional = |value: &Option<String>| value.as_deref().map_or(Field::Null, text);
    match name {
        "id" => text(it.id.as_str()),
        "detector" => text(&it.detector),
        "title" => text(&it.title),
        "severity" => text(it.severity.as_str()),
        "confidence" => text(it.confidence.as_str()),
        "kind" => text(&it.proof.kind),
        "path" => Field::Text(it.evidence.location.file().unwrap_or_default()),
        "line" => match &it.evidence.location {
            crate::model::Location::File { line, .. } => Field::Int(i64::try_from(*line).unwrap_or(i64::MAX)),
            _ => Field::Int(0),
        },
        "preview" => text(&it.preview),
        "remedy" => text(&it.remedy),
        "key_id" => optional(&it.proof.key_id),
        "account" => optional(&it.proof.account),
        "public" => Field::Bool(it.public),
        "state" => text(state(it, inventory, now).as_str()),
        "allowed" => Field::Bool(it.allowed_by.is_some()),
        "copies" => count(facts.map_or(0, |facts| facts.copies)),
        "first_copy" => {
            Field::Bool(facts.and_then(|facts| facts.same_value.first()).is_none_or(|other| *other > it.id))
        }
        "known" => Field::Bool(facts.is_some_and(|facts| facts.identity.value().is_some())),
        _ => joined::exposure(it, name, inventory, now).unwrap_or_else(|| unreachable_field(it.id.as_str(), name)),
    }
}

pub(super) fn workload(it: &Workload, name: &str, inventory: &Inventory) -> Field {
    match name {
        "id" => text(it.id.as_str()),
        "kind" => text(it.kind.as_str()),
        "declared" => Field::Bool(it.evidence.is_declared()),
        "tenant" => text(&it.tenant),
        "name" => text(&it.name),
        "labels" => Field::Labels(it.labels.clone()),
        "runs_as" => count(it.runs_as.len()),
        "missing_identities" => count(it.runs_as.iter().filter(|id| inventory.identities.get(id).is_none()).count()),
        _ => joined::workload(it, name, inventory).unwrap_or_else(|| unreachable_field(it.id.as_str(), name)),
    }
}

pub(super) fn setting(it: &Setting, name: &str) -> Field {
    match name {
        "id" => text(it.id.as_str()),
        "kind" => text(it.kind.as_str()),
        "declared" => Field::Bool(it.evidence.is_declared()),
        "tenant" => text(&it.tenant),
        "name" => text(&it.name),
        "labels" => Field::Labels(it.labels.clone()),
        "part_of" => it.part_of.as_ref().map_or(Field::Null, |whole| text(whole.as_str())),
        _ => unreachable_field(it.id.as_str(), name),
    }
}

/// An attribute as a field: as it was read, else as it was concluded.
pub(super) fn attribute(noun: Noun<'_>, name: AttributeName, inventory: &Inventory, now: Timestamp) -> Field {
    let read = match noun {
        Noun::Identity(it, _) => it.attributes.get(name),
        Noun::Credential(it) => it.attributes.get(name),
        Noun::Workload(it) => it.attributes.get(name),
        Noun::Setting(it) => it.attributes.get(name),
        Noun::Grant(_) | Noun::Exposure(_) => Known::Absent,
    };
    let value = match (read, inventory.facts.attributes.get(noun.id())) {
        (Known::Absent, Some(concluded)) => concluded.get(name),
        (read, _) => read,
    };
    match value {
        Known::Value(AttributeValue::Bool(value)) => Field::Bool(*value),
        Known::Value(AttributeValue::Int(number)) => Field::Int(*number),
        Known::Value(AttributeValue::Time(then)) => since(*then, now),
        Known::Value(AttributeValue::Text(value)) => text(value),
        Known::Value(AttributeValue::Texts(values)) => Field::Texts(values.clone()),
        Known::Unknown(why) => Field::Unknown(why),
        Known::Absent => match name.ty() {
            AttributeType::Bool => Field::Bool(false),
            AttributeType::Texts => Field::Texts(Vec::new()),
            AttributeType::Int | AttributeType::Time | AttributeType::Text => Field::Null,
        },
    }
}

/// Whether an exposed credential works. Only its provider's list or its own text can say so.
pub(super) fn state(it: &Exposure, inventory: &Inventory, now: Timestamp) -> CredentialState {
    let expires = it.proof.facts.get("expires").and_then(|text| text.parse::<Timestamp>().ok());
    if expires.is_some_and(|expires| expires < now) {
        return CredentialState::Dead;
    }
    let facts = inventory.facts.exposures.get(&it.id);
    let credential = facts.and_then(|facts| inventory.credentials.get(facts.credential.value()?));
    match credential.map(|credential| &credential.active) {
        Some(Known::Value(true)) if credential.is_some_and(|one| inventory.is_asleep(one)) => CredentialState::Asleep,
        Some(Known::Value(true)) => CredentialState::Live,
        Some(Known::Value(false)) => CredentialState::Dead,
        _ if facts.is_some_and(|facts| is_gone(it, facts)) => CredentialState::Gone,
        _ => CredentialState::Unknown,
    }
}

/// Whether every key of its account was read, and it is none of them.
fn is_gone(it: &Exposure, facts: &ExposureFacts) -> bool {
    let is_key = it.proof.kind == CredentialKind::AwsAccessKey.as_str() && it.proof.key_id.is_some();
    is_key && facts.credential == Known::Absent && facts.identity == Known::Absent
}

/// The three fields of a last use. "Never" counts from the day the thing was made, or from where the source's sight
/// begins, whichever is later.
fn use_of(last_use: &Known<LastUse>, created: &Known<Timestamp>, name: &str, now: Timestamp) -> Field {
    let last_use = match last_use {
        Known::Value(last_use) => last_use,
        Known::Absent => return Field::Unknown("nothing that was read says when it was last used".to_owned()),
        Known::Unknown(why) => return Field::Unknown(why.clone()),
    };
    match (name, last_use.at) {
        ("never_used", at) => Field::Bool(at.is_none()),
        ("last_used", at) => at.map_or(Field::Null, |at| Field::Text(short_date(at))),
        (_, Some(at)) => since(at, now),
        (_, None) => match (created, last_use.horizon) {
            (Known::Value(created), Some(horizon)) => since((*created).max(horizon), now),
            (Known::Value(created), None) => since(*created, now),
            (_, Some(horizon)) => since(horizon, now),
            (Known::Unknown(why), None) => Field::Unknown(why.clone()),
            (Known::Absent, None) => Field::Null,
        },
    }
}

/// `clusterrole view` of `k8s:prod//clusterrole/view`, `deploy` of `arn:aws:iam::1:policy/team/deploy`.
fn short_name(urn: &str) -> String {
    let mut parts = urn.rsplit(['/', ':']);
    let name = parts.next().unwrap_or(urn);
    match urn.strip_prefix("k8s:").and_then(|below| below.split_once('/')) {
        // A name may hold colons (`system:basic-user`), so that of a cluster is cut at the slash.
        Some((_, below)) => below.rsplitn(3, '/').take(2).fold(String::new(), |right, part| {
            if right.is_empty() { part.to_owned() } else { format!("{part} {right}") }
        }),
        None => name.to_owned(),
    }
}

fn since(then: Timestamp, now: Timestamp) -> Field {
    Field::Int(now.as_second() - then.as_second())
}

pub(super) fn text(text: impl AsRef<str>) -> Field {
    Field::Text(text.as_ref().to_owned())
}

fn count(number: usize) -> Field {
    Field::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn known<T>(value: &Known<T>, read: impl FnOnce(&T) -> Field, absent: Field) -> Field {
    match value {
        Known::Value(value) => read(value),
        Known::Absent => absent,
        Known::Unknown(why) => Field::Unknown(why.clone()),
    }
}

/// The field list and this file name the same fields (`every_field_is_answered` below); should they ever differ, the
/// rule is not evaluated rather than wrong.
fn unreachable_field(subject: &str, name: &str) -> Field {
    Field::Unknown(format!("{subject} does not answer '{name}'"))
}
