//! Apps and API service integrations: the identity, its secrets and keys, its scopes.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::answer::{App, ClientSecret, Integration, Jwk, OAuthClient, RefreshToken, ScopeGrant};
use super::super::endpoint::{APPS, CLIENT_KEYS, CLIENT_SECRETS, Endpoint, INTEGRATIONS, REFRESH_TOKENS, SCOPE_GRANTS};
use super::{Directory, Log, Site, count, email_in, set_some, time, without_secrets};
use crate::model::{
    AttributeName, Attributes, Credential, CredentialKind, Grant, GrantKind, Identity, IdentityKind, Known, Labels,
    Policy, PolicyLanguage, Record, Urn,
};
use crate::secrets::jwk_thumbprint;

/// What hangs on an app. Absent: it is of a kind that has none, so it was not asked for.
#[derive(Default)]
pub(in crate::collect::okta) struct AppParts {
    pub(in crate::collect::okta) secrets: Known<Vec<ClientSecret>>,
    pub(in crate::collect::okta) keys: Known<Vec<Jwk>>,
    pub(in crate::collect::okta) grants: Known<Vec<ScopeGrant>>,
    pub(in crate::collect::okta) tokens: Known<Vec<RefreshToken>>,
    pub(in crate::collect::okta) roles: Known<Vec<String>>,
    pub(in crate::collect::okta) audience: Option<Audience>,
    /// An agent of the registry is linked to it.
    pub(in crate::collect::okta) is_agents: bool,
    /// People use AI by it.
    pub(in crate::collect::okta) is_ai: bool,
    /// Whoever made it, as far as the log goes back.
    pub(in crate::collect::okta) maker: Option<String>,
}

/// Who may use an AI app, and by what they prove themselves.
#[derive(Default)]
pub(in crate::collect::okta) struct Audience {
    pub(in crate::collect::okta) everyone: Known<bool>,
    pub(in crate::collect::okta) users: Known<i64>,
    /// Users without a second factor, by login.
    pub(in crate::collect::okta) bare: Known<Vec<String>>,
    /// Users with weak factors alone, by login.
    pub(in crate::collect::okta) weak: Known<Vec<String>>,
}

/// How many users are named.
const NAMED: usize = 10;

impl AppParts {
    pub(in crate::collect::okta) fn live_secrets(&self) -> Known<i64> {
        live(&self.secrets, |secret| secret.status == "ACTIVE")
    }

    pub(in crate::collect::okta) fn live_keys(&self) -> Known<i64> {
        live(&self.keys, |key| key.status != "INACTIVE")
    }

    pub(in crate::collect::okta) fn live_tokens(&self) -> Known<i64> {
        live(&self.tokens, |token| token.status == "ACTIVE")
    }
}

fn live<T>(list: &Known<Vec<T>>, is_live: impl Fn(&T) -> bool) -> Known<i64> {
    match list {
        Known::Value(list) => Known::Value(count(list.iter().filter(|one| is_live(one)).count())),
        Known::Absent => Known::Value(0),
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}

/// The scopes that hold, sorted; those of people's consent too.
pub(in crate::collect::okta) fn scopes(grants: &Known<Vec<ScopeGrant>>) -> Known<Vec<String>> {
    let of = |grants: &Vec<ScopeGrant>| {
        let mut scopes: Vec<String> =
            grants.iter().filter(|grant| grant.status != "REVOKED").map(|grant| grant.scope_id.clone()).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    };
    match grants {
        Known::Value(grants) => Known::Value(of(grants)),
        Known::Absent => Known::Absent,
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}

/// The records of an app.
pub(in crate::collect::okta) fn app(site: &Site<'_>, app: &App, parts: &AppParts, log: &Log) -> Vec<Record> {
    let id = site.urn("app", &app.id);
    let mut records = Vec::new();
    if let Known::Value(secrets) = &parts.secrets {
        records
            .extend(secrets.iter().map(|one| Record::Credential(secret(site, one, &id, (&CLIENT_SECRETS, &app.id)))));
    }
    if let Known::Value(keys) = &parts.keys {
        records.extend(
            keys.iter()
                .enumerate()
                .map(|(number, key)| Record::Credential(public_key(site, key, number, &id, (&CLIENT_KEYS, &app.id)))),
        );
    }
    let granted = scopes(&parts.grants);
    if let Known::Value(granted) = &granted
        && !granted.is_empty()
    {
        records.extend(scope_grant(site, &id, granted, (&SCOPE_GRANTS, &app.id)));
    }
    let mut labels = Labels::new();
    let note = app.settings.notes.admin.as_deref().and_then(email_in);
    if let Some(owner) = note.or_else(|| parts.maker.clone()) {
        labels.insert("owner".to_owned(), owner);
    }
    let client = app.credentials.oauth_client.as_ref().and_then(|client| client.client_id.clone());
    records.extend(log.usage(site, client.as_deref().unwrap_or(&app.id), &id));
    let grants = app.settings.oauth_client.as_ref().map(|client| client.grant_types.as_slice()).unwrap_or_default();
    let is_service = grants.iter().any(|grant| grant == "client_credentials");
    records.push(Record::Identity(Identity {
        id,
        kind: if is_service { IdentityKind::OktaServiceApp } else { IdentityKind::OktaApp },
        tenant: site.host.clone(),
        name: if app.label.is_empty() { app.name.clone() } else { app.label.clone() },
        enabled: Known::Value(app.status == "ACTIVE"),
        created: time(app.created.as_deref()),
        unique_id: Some(app.id.clone()),
        builtin: is_own(&app.name),
        labels,
        attributes: attributes(app, parts, &granted, log),
        evidence: site.evidence(&APPS, "", &app.label),
    }));
    records
}

/// The apps that Okta itself puts into every organisation.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "saasure" | "okta_enduser" | "okta_browser_plugin" | "flow" | "okta_iga" | "okta_oin_submission_tester_app"
    )
}

fn attributes(app: &App, parts: &AppParts, granted: &Known<Vec<String>>, log: &Log) -> Attributes {
    let mut it = Attributes::default()
        .with(AttributeName::Status, app.status.as_str())
        .with(AttributeName::AgentApp, parts.is_agents)
        .with(AttributeName::AiApp, parts.is_ai || parts.is_agents);
    it.set_known(AttributeName::Scopes, granted.clone());
    consents(&mut it, &parts.grants);
    it.set_known(AttributeName::AdminRoles, parts.roles.clone());
    it.set_known(AttributeName::LiveSecrets, parts.live_secrets());
    let dead = live(&parts.secrets, |secret| secret.status != "ACTIVE");
    it.set_known(AttributeName::DeadSecrets, dead);
    it.set_known(AttributeName::LiveRefreshTokens, parts.live_tokens());
    if let Some(client) = &app.settings.oauth_client {
        oauth_attributes(&mut it, client);
    } else {
        it.set(AttributeName::Form, app.sign_on_mode.as_str());
    }
    if let Some(credentials) = &app.credentials.oauth_client {
        set_some(&mut it, AttributeName::AuthMethod, credentials.token_endpoint_auth_method.clone());
        set_some(&mut it, AttributeName::ClientId, credentials.client_id.clone());
        it.set(AttributeName::Pkce, credentials.pkce_required.unwrap_or_default());
        set_some(&mut it, AttributeName::KeyRotation, credentials.auto_key_rotation);
        let client_id = credentials.client_id.as_deref().unwrap_or(&app.id);
        it.set_known(AttributeName::UnusedScopes, log.unused_scopes(client_id, granted));
    }
    if let Some(audience) = &parts.audience {
        it.set_known(AttributeName::AssignedToEveryone, audience.everyone.clone());
        it.set_known(AttributeName::Users, audience.users.clone());
        it.set_known(AttributeName::UsersWithoutFactor, audience.bare.clone().map(|users| count(users.len())));
        it.set_known(AttributeName::UsersWithWeakFactors, audience.weak.clone().map(|users| count(users.len())));
        let names = [&audience.bare, &audience.weak].into_iter().filter_map(Known::value).flatten();
        it.set(AttributeName::WeakUsers, names.take(NAMED).cloned().collect::<Vec<String>>());
    }
    it
}

/// What people let the app have in their own name, beside what an administrator gave it.
fn consents(it: &mut Attributes, grants: &Known<Vec<ScopeGrant>>) {
    let of_people = |grant: &&ScopeGrant| grant.source.as_deref() == Some("END_USER") && grant.status != "REVOKED";
    let consented = |grants: &Vec<ScopeGrant>| grants.iter().filter(of_people).cloned().collect::<Vec<_>>();
    match grants {
        Known::Value(grants) => {
            let given = consented(grants);
            let scopes: BTreeSet<String> = given.iter().map(|grant| grant.scope_id.clone()).collect();
            let people: BTreeSet<&str> = given.iter().filter_map(|grant| grant.user_id.as_deref()).collect();
            it.set(AttributeName::ConsentedScopes, scopes.into_iter().collect::<Vec<String>>());
            it.set(AttributeName::Consents, count(people.len()));
        }
        Known::Absent => {}
        Known::Unknown(why) => {
            it.set_known(AttributeName::ConsentedScopes, Known::<Vec<String>>::Unknown(why.clone()));
            it.set_known(AttributeName::Consents, Known::<i64>::Unknown(why.clone()));
        }
    }
}

/// A refresh token of an app.
pub(in crate::collect::okta) fn refresh_token(
    site: &Site<'_>,
    token: &RefreshToken,
    app: &App,
    people: &Directory,
) -> Record {
    let holder = site.urn("app", &app.id);
    let user = token.user_id.as_deref().map(|id| people.email(id).unwrap_or_else(|| id.to_owned()));
    let expires = time(token.expires_at.as_deref());
    let is_over = matches!(&expires, Known::Value(expires) if *expires < site.now);
    Record::Credential(Credential {
        id: Urn::new(format!("{holder}#refresh-token/{}", token.id)),
        kind: CredentialKind::OktaRefreshToken,
        holder,
        tenant: site.host.clone(),
        name: user.map_or_else(|| token.id.clone(), |user| format!("{} of {user}", token.id)),
        active: Known::Value(token.status == "ACTIVE" && !is_over),
        created: time(token.created.as_deref()),
        expires,
        fingerprint: None,
        attributes: Attributes::default()
            .with(AttributeName::Status, token.status.as_str())
            .with(AttributeName::Scopes, token.scopes.clone()),
        evidence: site.evidence(&REFRESH_TOKENS, &app.id, &token.id),
    })
}

fn oauth_attributes(it: &mut Attributes, client: &OAuthClient) {
    set_some(it, AttributeName::Form, client.application_type.clone());
    it.set(AttributeName::GrantTypes, client.grant_types.clone());
    let redirects: Vec<String> = client.redirect_uris.iter().map(|url| without_secrets(url)).collect();
    it.set(AttributeName::RedirectUris, redirects);
    let wildcard = client.wildcard_redirect.as_deref().is_some_and(|text| text != "DISABLED");
    it.set(AttributeName::WildcardRedirect, wildcard);
    it.set(AttributeName::Dpop, client.dpop_bound_access_tokens);
    set_some(it, AttributeName::KeysUrl, client.jwks_uri.as_deref().map(without_secrets));
    let network = client.network.as_ref().and_then(|network| network.connection.clone());
    set_some(it, AttributeName::Network, network);
}

pub(super) fn secret(
    site: &Site<'_>,
    secret: &ClientSecret,
    holder: &Urn,
    (endpoint, parent): (&Endpoint, &str),
) -> Credential {
    Credential {
        id: Urn::new(format!("{holder}#secret/{}", secret.id)),
        kind: CredentialKind::OktaClientSecret,
        holder: holder.clone(),
        tenant: site.host.clone(),
        name: secret.id.clone(),
        active: Known::Value(secret.status == "ACTIVE"),
        created: time(secret.created.as_deref()),
        expires: Known::Absent,
        fingerprint: None,
        attributes: Attributes::default().with(AttributeName::Status, secret.status.as_str()),
        evidence: site.evidence(endpoint, parent, &secret.id),
    }
}

/// A public key as a credential.
pub(super) fn public_key(
    site: &Site<'_>,
    key: &Jwk,
    number: usize,
    holder: &Urn,
    (endpoint, parent): (&Endpoint, &str),
) -> Credential {
    let name = key.kid.clone().or_else(|| key.id.clone()).unwrap_or_else(|| format!("key {}", number + 1));
    let mut attributes = Attributes::default();
    set_some(&mut attributes, AttributeName::KeyBits, key.n.as_deref().and_then(modulus_bits));
    let parts = json!({"kty": key.kty, "n": key.n, "e": key.e, "crv": key.crv, "x": key.x, "y": key.y});
    set_some(&mut attributes, AttributeName::JwkThumbprint, jwk_thumbprint(&parts));
    // A key that stands in the app itself has no date there.
    let created = match &key.created {
        Some(text) => time(Some(text)),
        None => Known::unknown("the answer does not say when the key was made"),
    };
    Credential {
        id: Urn::new(format!("{holder}#key/{name}")),
        kind: CredentialKind::OktaClientKey,
        holder: holder.clone(),
        tenant: site.host.clone(),
        active: Known::Value(key.status != "INACTIVE"),
        created,
        expires: Known::Absent,
        fingerprint: None,
        attributes,
        evidence: site.evidence(endpoint, parent, &name),
        name,
    }
}

/// The length of an RSA key; `None` for a modulus that is no base64url.
fn modulus_bits(modulus: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(modulus.trim_end_matches('=')).ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    let leading = i64::from(bytes.get(first)?.leading_zeros());
    Some(count(bytes.len() - first) * 8 - leading)
}

/// The scopes of a client as a policy of its own.
pub(super) fn scope_grant(
    site: &Site<'_>,
    holder: &Urn,
    scopes: &[String],
    (endpoint, parent): (&Endpoint, &str),
) -> [Record; 2] {
    let policy = Urn::new(format!("{holder}#scopes"));
    let evidence = site.evidence(endpoint, parent, "scopes");
    [
        Record::Policy(Policy {
            id: policy.clone(),
            name: "API scopes".to_owned(),
            language: PolicyLanguage::OktaScopes,
            tenant: site.host.clone(),
            builtin: false,
            document: json!({ "scopes": scopes }).into(),
            other_versions: Vec::new(),
            evidence: evidence.clone(),
        }),
        Record::Grant(Grant {
            id: Urn::new(format!("{holder}#grant/scopes")),
            to: holder.clone(),
            policy,
            kind: GrantKind::Policy,
            tenant: site.host.clone(),
            scope: "organisation".to_owned(),
            via: Vec::new(),
            evidence,
        }),
    ]
}

/// The records of an API service integration.
pub(in crate::collect::okta) fn integration(
    site: &Site<'_>,
    it: &Integration,
    secrets: &Known<Vec<ClientSecret>>,
    maker: (Option<String>, Known<bool>),
    log: &Log,
) -> Vec<Record> {
    let id = site.urn("api-service", &it.id);
    let endpoint = &super::super::endpoint::INTEGRATION_SECRETS;
    let mut records = Vec::new();
    if let Known::Value(secrets) = secrets {
        records.extend(secrets.iter().map(|one| Record::Credential(secret(site, one, &id, (endpoint, &it.id)))));
    }
    if !it.granted_scopes.is_empty() {
        records.extend(scope_grant(site, &id, &it.granted_scopes, (&INTEGRATIONS, "")));
    }
    records.extend(log.usage(site, &it.id, &id));
    let (maker, is_there) = maker;
    let mut attributes = Attributes::default().with(AttributeName::Scopes, it.granted_scopes.clone());
    attributes.set_known(AttributeName::CreatorLeft, is_there.map(|there| !there));
    attributes.set_known(AttributeName::LiveSecrets, live(secrets, |secret| secret.status == "ACTIVE"));
    set_some(&mut attributes, AttributeName::Form, it.kind.clone());
    records.push(Record::Identity(Identity {
        id,
        kind: IdentityKind::OktaApiService,
        tenant: site.host.clone(),
        name: it.name.clone(),
        enabled: Known::Value(true),
        created: time(it.created_at.as_deref()),
        unique_id: Some(it.id.clone()),
        builtin: false,
        labels: maker.map(|maker| ("owner".to_owned(), maker)).into_iter().collect(),
        attributes,
        evidence: site.evidence(&INTEGRATIONS, "", &it.name),
    }));
    records
}
