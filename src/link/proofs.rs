//! What a secret's own text proves beyond ids of one provider: the public half of its key, the client of a token, the
//! account at a service that nothing was read of. A name alone proves nothing.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::model::{AttributeName, Exposure, Provider, Urn};

/// The name of a public key that credentials and found private keys have in common.
const KEY_NAME: AttributeName = AttributeName::JwkThumbprint;

/// Credentials by the names of their public keys.
pub(super) fn credentials_by_key(inventory: &Inventory) -> BTreeMap<String, Vec<Urn>> {
    let mut by_key: BTreeMap<String, Vec<Urn>> = BTreeMap::new();
    for credential in inventory.credentials.iter() {
        if let Some(text) = credential.attributes.text(KEY_NAME) {
            by_key.entry(text.to_owned()).or_default().push(credential.id.clone());
        }
    }
    by_key
}

/// The name of the public half of a private key that lies in the open.
pub(super) fn key_name(exposure: &Exposure) -> Option<&String> {
    exposure.proof.facts.get(KEY_NAME.as_str())
}

/// The app of an Okta organisation to which a token was given: issuer and client are both in the token. The issuer's
/// host is the organisation, so that a client id alone ties nothing.
pub(super) fn okta_client(exposure: &Exposure, inventory: &Inventory) -> Option<Urn> {
    let facts = &exposure.proof.facts;
    let host = facts.get("issuer")?.strip_prefix("https://")?.split('/').next()?;
    let client = facts.get("client")?;
    let id = Urn::new(format!("okta:{host}/app/{client}"));
    if inventory.identities.get(&id).is_some() {
        return Some(id);
    }
    let mut apps = inventory.identities.iter().filter(|one| {
        one.provider() == Provider::Okta && one.tenant == host && one.attributes.text(CLIENT_ID) == Some(client)
    });
    let app = apps.next()?;
    apps.next().is_none().then(|| app.id.clone())
}

/// What Okta calls the client id of an app.
const CLIENT_ID: AttributeName = AttributeName::ClientId;

/// A thing of a system that nothing was read of, named by the secret itself: a Google service account, a user of a
/// database, a Slack workspace. Two secrets of one such thing meet there.
pub(super) fn elsewhere(exposure: &Exposure) -> Option<(Urn, &'static str)> {
    let proof = &exposure.proof;
    let fact = |name: &str| proof.facts.get(name).filter(|text| !text.is_empty());
    let (system, _) = proof.kind.split_once('.')?;
    match system {
        "gcp" => {
            let email = fact("user").filter(|user| user.ends_with(".gserviceaccount.com"))?;
            Some((Urn::new(format!("gcp:service-account/{email}")), "client_email in the key file"))
        }
        "database" | "broker" => {
            let (user, host) = (fact("user")?, fact("host")?);
            // `localhost` and single words mean another machine in every file.
            let is_one_place = host.contains('.') && !host.starts_with("127.");
            let id = format!("{system}:{}/{user}", host.to_lowercase());
            is_one_place.then(|| (Urn::new(id), "user and host in the address"))
        }
        "slack" => {
            let team = proof.account.as_ref().filter(|team| team.starts_with('T'))?;
            Some((Urn::new(format!("slack:team/{team}")), "the team in the address"))
        }
        _ => None,
    }
}
