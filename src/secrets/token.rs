//! What JSON Web Tokens say of themselves. Reads their public claims; checks no signature.

use std::collections::BTreeMap;

use base64::Engine;

use super::verify::URL_SAFE;

/// A JSON Web Token that is signed; its public claims become facts (RFC 7519 §4.1).
pub(super) fn jwt(value: &[u8], facts: &mut BTreeMap<String, String>) -> Option<()> {
    let mut parts = value.split(|byte| *byte == b'.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.is_empty() || parts.next().is_some() {
        return None;
    }
    let header: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(header).ok()?).ok()?;
    let algorithm = header.get("alg")?.as_str()?;
    if algorithm.eq_ignore_ascii_case("none") {
        return None;
    }
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(claims).ok()?).ok()?;
    // The token of every manual is about 1234567890.
    let subject = claims.get("sub").and_then(serde_json::Value::as_str);
    if subject.is_some_and(|subject| super::placeholder::is_placeholder(subject.as_bytes())) {
        return None;
    }
    let named = [
        ("iss", "issuer"),
        ("sub", "subject"),
        // The workflow of a token of GitHub (GitHub Docs, "OpenID Connect reference").
        ("workflow_ref", "workflow"),
        // The Secret of a Kubernetes token that never expires.
        ("kubernetes.io/serviceaccount/secret.name", "secret_name"),
        ("kubernetes.io/serviceaccount/service-account.uid", "account_uid"),
    ];
    for (claim, fact) in named {
        if let Some(text) = claims.get(claim).and_then(serde_json::Value::as_str) {
            facts.insert(fact.to_owned(), text.to_owned());
        }
    }
    if let Some(audience) = claims.get("aud").and_then(|aud| aud.as_str().or_else(|| aud.get(0)?.as_str())) {
        facts.insert("audience".to_owned(), audience.to_owned());
    }
    // The client that an access token was given to (RFC 9068 §2.2; Okta writes `cid`).
    if let Some(client) = ["cid", "client_id", "azp"].iter().find_map(|name| claims.get(*name)?.as_str()) {
        facts.insert("client".to_owned(), client.to_owned());
    }
    // A bound token of Kubernetes nests what a legacy one says flat.
    if let Some(uid) = claims.pointer("/kubernetes.io/serviceaccount/uid").and_then(serde_json::Value::as_str) {
        facts.insert("account_uid".to_owned(), uid.to_owned());
    }
    if let Some(expires) = claims.get("exp").and_then(serde_json::Value::as_i64)
        && let Ok(expires) = jiff::Timestamp::from_second(expires)
    {
        facts.insert("expires".to_owned(), expires.to_string());
    }
    claims.is_object().then_some(())
}

/// Whether a token is a key of Supabase that gives this role, however its JSON is written (Supabase docs, "Understanding API
/// keys": the claims `iss` and `role` of the legacy keys).
pub(super) fn is_supabase_key(value: &[u8], role: &str, facts: &mut BTreeMap<String, String>) -> bool {
    let claims = || -> Option<serde_json::Value> {
        let claims = value.split(|byte| *byte == b'.').nth(1)?;
        serde_json::from_slice(&URL_SAFE.decode(claims).ok()?).ok()
    };
    let claims = claims().unwrap_or_default();
    let text = |name: &str| claims.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    text("iss").starts_with("supabase") && text("role") == role && jwt(value, facts).is_some()
}
