//! Secret → credential → identity, without ever using the secret: by the public id in the text and by fingerprint.
//!
//! A wrong join destroys trust: what is ambiguous stays unlinked and says so.

use std::collections::{BTreeMap, BTreeSet};

use super::proofs;
use crate::inventory::{ExposureFacts, Inventory};
use crate::model::{Credential, CredentialKind, Exposure, FactKind, Fingerprint, IdentityKind, Known, Urn};

/// How many other places of a value each place names.
const NAMED_COPIES: usize = 10;

/// The subject of tokens that a Kubernetes API server issues.
const SERVICE_ACCOUNT_SUBJECT: &str = "system:serviceaccount:";

pub(super) fn link(inventory: &mut Inventory) {
    for identity in inventory.identities.iter() {
        inventory.facts.identities.entry(identity.id.clone()).or_default();
    }
    for credential in inventory.credentials.iter() {
        let holder = inventory.facts.identities.entry(credential.holder.clone()).or_default();
        holder.credentials.insert(credential.id.clone());
        inventory.facts.credentials.entry(credential.id.clone()).or_default();
    }
    let by_value = places_by_value(inventory);
    let by_fingerprint = credentials_by_fingerprint(inventory);
    let by_key = proofs::credentials_by_key(inventory);
    for exposure in inventory.exposures.iter() {
        let mut facts = resolve(exposure, inventory, &by_fingerprint, &by_key);
        if let Some(places) = by_value.get(&exposure.fingerprint) {
            let others = places.iter().filter(|place| **place != exposure.id);
            facts.same_value = others.take(NAMED_COPIES).cloned().collect();
            facts.copies = places.len() - 1;
        }
        if let Known::Value(identity) = &facts.identity {
            let of = inventory.facts.identities.entry(identity.clone()).or_default();
            of.exposures.insert(exposure.id.clone());
        }
        if let Known::Value(credential) = &facts.credential {
            let of = inventory.facts.credentials.entry(credential.clone()).or_default();
            of.exposures.insert(exposure.id.clone());
        }
        inventory.facts.exposures.insert(exposure.id.clone(), facts);
    }
}

fn places_by_value(inventory: &Inventory) -> BTreeMap<Fingerprint, BTreeSet<Urn>> {
    let mut places: BTreeMap<Fingerprint, BTreeSet<Urn>> = BTreeMap::new();
    for exposure in inventory.exposures.iter() {
        places.entry(exposure.fingerprint.clone()).or_default().insert(exposure.id.clone());
    }
    places
}

fn credentials_by_fingerprint(inventory: &Inventory) -> BTreeMap<Fingerprint, Vec<Urn>> {
    let mut by_value: BTreeMap<Fingerprint, Vec<Urn>> = BTreeMap::new();
    for credential in inventory.credentials.iter() {
        if let Some(fingerprint) = &credential.fingerprint {
            by_value.entry(fingerprint.clone()).or_default().push(credential.id.clone());
        }
    }
    by_value
}

fn resolve(
    exposure: &Exposure,
    inventory: &Inventory,
    by_fingerprint: &BTreeMap<Fingerprint, Vec<Urn>>,
    by_key: &BTreeMap<String, Vec<Urn>>,
) -> ExposureFacts {
    if let Some(found) = by_fingerprint.get(&exposure.fingerprint) {
        return of_one(found, inventory, "the same value");
    }
    if let Some(found) = proofs::key_name(exposure).and_then(|name| by_key.get(name)) {
        return of_one(found, inventory, "the same public key");
    }
    let proof = &exposure.proof;
    if proof.kind == CredentialKind::AwsAccessKey.as_str()
        && let Some(key_id) = &proof.key_id
    {
        return of_access_key(key_id, proof.account.as_deref(), inventory);
    }
    if let Some(subject) = proof.facts.get("subject").and_then(|subject| subject.strip_prefix(SERVICE_ACCOUNT_SUBJECT))
    {
        return of_service_account(subject, &proof.facts, inventory);
    }
    if let Some(app) = proofs::okta_client(exposure, inventory) {
        let credential = Known::unknown("nothing lists the tokens that were given out");
        return ExposureFacts { credential, identity: Known::Value(app), ..ExposureFacts::default() };
    }
    unknown(format!("nothing that was read lists credentials of the kind {}", proof.kind))
}

/// The one credential of several that have something in common; where they are of several identities, none.
fn of_one(found: &[Urn], inventory: &Inventory, common: &str) -> ExposureFacts {
    let credentials: Vec<&Credential> = found.iter().filter_map(|id| inventory.credentials.get(id)).collect();
    let holders: BTreeSet<&Urn> = credentials.iter().map(|one| &one.holder).collect();
    // Of several of one identity the one that works says what can be done with the value.
    let best = credentials.iter().max_by_key(|one| one.active == Known::Value(true));
    match (holders.len(), best) {
        (1, Some(credential)) => of_credential(credential),
        (holders, _) => unknown(format!("credentials of {holders} identities have {common}: it is not known which")),
    }
}

fn of_credential(credential: &Credential) -> ExposureFacts {
    ExposureFacts {
        credential: Known::Value(credential.id.clone()),
        identity: Known::Value(credential.holder.clone()),
        same_value: BTreeSet::new(),
        copies: 0,
    }
}

fn unknown(why: String) -> ExposureFacts {
    ExposureFacts {
        credential: Known::Unknown(why.clone()),
        identity: Known::Unknown(why),
        same_value: BTreeSet::new(),
        copies: 0,
    }
}

/// A key id is unique over all accounts, and the account it belongs to can be read out of it.
fn of_access_key(key_id: &str, account: Option<&str>, inventory: &Inventory) -> ExposureFacts {
    if let Some(credential) = inventory.credentials.get(&Urn::aws_access_key(key_id)) {
        return of_credential(credential);
    }
    let Some(account) = account else {
        return unknown(format!("no account that was read has the key {key_id}"));
    };
    let was_read = inventory.identities.iter().any(|identity| {
        identity.tenant == account && matches!(identity.kind, IdentityKind::AwsUser | IdentityKind::AwsRole)
    });
    if was_read && inventory.coverage.blind_spot(account, FactKind::Credentials).is_none() {
        // Every key of the account is known and this one is not among them: it was deleted, or is temporary.
        ExposureFacts::default()
    } else {
        unknown(format!("the keys of account {account} were not read"))
    }
}

/// A token's service account: of the cluster whose account of that name has the uid in the token. The name alone proves
/// nothing, since every cluster may have one of it.
fn of_service_account(subject: &str, facts: &BTreeMap<String, String>, inventory: &Inventory) -> ExposureFacts {
    let Some((namespace, name)) = subject.split_once(':') else {
        return unknown(format!("'{subject}' names no service account"));
    };
    let full_name = format!("{namespace}/{name}");
    let Some(uid) = facts.get("account_uid") else {
        return unknown(format!("the token does not say of which cluster its service account {full_name} is"));
    };
    let account = inventory.identities.iter().find(|identity| {
        identity.kind == IdentityKind::KubernetesServiceAccount
            && identity.name == full_name
            && identity.unique_id.as_deref() == Some(uid)
    });
    let Some(account) = account else {
        return unknown(format!("no cluster that was read has the service account {full_name} with the token's uid"));
    };
    let credential = match facts.get("secret_name") {
        None => Known::unknown("the token is not from a Secret, and nothing lists such tokens"),
        Some(secret) => {
            let id = Urn::kubernetes(&account.tenant, namespace, "secret", secret);
            inventory.credentials.get(&id).map(|credential| credential.id.clone()).into()
        }
    };
    ExposureFacts { credential, identity: Known::Value(account.id.clone()), same_value: BTreeSet::new(), copies: 0 }
}
