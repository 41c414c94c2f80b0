//! Posts parcels with our own HTTP client. Knows nothing of what is in them.

use std::sync::Arc;
use std::time::Duration;

use ring::hmac;

use super::{Parcel, SigningKey, Undelivered};
use crate::collect::http::{Client, HttpError, Limits, Origin, Request};

/// The header with the signature: `sha256=` and the HMAC-SHA-256 of the body in hexadecimal digits, as GitHub signs its
/// webhooks ("Validating webhook deliveries").
const SIGNATURE: &str = "X-Nonhuman-Signature-256";

/// The header by which a receiver knows what it has already: the same for every try of one body.
const DELIVERY: &str = "X-Nonhuman-Delivery";

/// How long all tries of one parcel may take.
const PATIENCE: Duration = Duration::from_secs(30);

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    attempt: Duration::from_secs(8),
    idle: Duration::from_secs(1),
    body: 64 * 1024,
    attempts: 3,
    longest_pause: Duration::from_secs(10),
    patience: Duration::from_secs(25),
};

pub(super) fn deliver(parcels: Vec<Parcel>) -> Vec<Undelivered> {
    if parcels.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = parcels.iter().map(|parcel| parcel.name).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return names.into_iter().map(|name| Undelivered { name, why: error.to_string() }).collect();
        }
    };
    let sent = runtime.block_on(futures::future::join_all(parcels.iter().map(post)));
    names.into_iter().zip(sent).filter_map(|(name, sent)| sent.err().map(|why| Undelivered { name, why })).collect()
}

async fn post(parcel: &Parcel) -> Result<(), String> {
    let (origin, path) = split(&parcel.url)?;
    let host = origin.to_string();
    let client = Client::new(origin, LIMITS, Arc::new(|_| {})).map_err(|error| error.to_string())?;
    let make = || request(parcel, &path);
    let answer = tokio::time::timeout(PATIENCE, client.send(make))
        .await
        .map_err(|_| format!("{host} took longer than {} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?;
    if answer.is_success() { Ok(()) } else { Err(format!("{host} answered {}", answer.status)) }
}

fn request(parcel: &Parcel, path: &str) -> Result<Request, HttpError> {
    let request = Request::post(path, "application/json", parcel.body.clone());
    let request = request.header(DELIVERY, &blake3::hash(&parcel.body).to_hex()[..32])?;
    match &parcel.key {
        Some(key) => request.header(SIGNATURE, &signature(key, &parcel.body)),
        None => Ok(request),
    }
}

fn signature(key: &SigningKey, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.0.as_bytes()), body);
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// Scheme and host, and the rest.
pub(super) fn split(url: &str) -> Result<(Origin, String), String> {
    let url = url.trim();
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..].find(['/', '?', '#']).map_or(url.len(), |at| after + at);
    let (origin, path) = url.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok((Origin::parse(origin).map_err(|error| error.to_string())?, path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    /// Test case 2 of RFC 4231.
    #[test]
    fn a_body_is_signed_as_the_standard_says() {
        let key = SigningKey::new("Jefe".to_owned());
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(&key, b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn an_address_is_split_and_a_wrong_one_not_quoted() {
        let (origin, path) = split("https://hooks.chat.example/services/T0/B0/x?y=1#z").unwrap();
        assert_eq!(
            (origin.to_string().as_str(), path.as_str()),
            ("https://hooks.chat.example", "/services/T0/B0/x?y=1")
        );
        assert_eq!(split("https://hooks.chat.example").unwrap().1, "/");
        assert_eq!(split("https://hooks.chat.example?a=b").unwrap().1, "/?a=b");
        for wrong in ["http://hooks.chat.example/secret", "ftp://x/secret", "https://u:p@x/secret", ""] {
            let error = split(wrong).err().unwrap();
            assert!(!error.contains("secret") && !error.contains(":p@"), "{error}");
        }
    }
}
