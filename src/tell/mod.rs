//! Carries messages to the addresses that the user gave, a few times at most and within half a minute. It must not fail a
//! report, follow a redirect, or write an address out: that of a chat is a secret.

#[cfg(feature = "http-client")]
mod send;

use std::fmt;

/// What goes to one address.
pub struct Parcel {
    /// What it is called where it is not delivered: `webhook`, `Slack`.
    pub name: &'static str,
    /// The address. It has no `Debug`: it may hold a secret.
    pub url: String,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// The key under which the body is signed.
    pub key: Option<SigningKey>,
}

/// The key of a webhook's signature.
#[derive(Clone)]
pub struct SigningKey(
    #[cfg_attr(not(feature = "http-client"), allow(dead_code, reason = "without a client nothing is signed"))] String,
);

impl SigningKey {
    /// Takes a secret that both sides know.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }
}

/// A parcel that did not arrive, and why; in words that name the host at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// What it is called.
    pub name: &'static str,
    /// Why.
    pub why: String,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not delivered to the {}: {}", self.name, self.why)
    }
}

/// Delivers all of them, side by side. Returns those that did not arrive.
#[cfg(feature = "http-client")]
pub fn deliver(parcels: Vec<Parcel>) -> Vec<Undelivered> {
    send::deliver(parcels)
}

/// This build has no client: nothing arrives.
#[cfg(not(feature = "http-client"))]
pub fn deliver(parcels: Vec<Parcel>) -> Vec<Undelivered> {
    let why = "this build cannot send; use one with the feature 'http-client'";
    parcels.into_iter().map(|parcel| Undelivered { name: parcel.name, why: why.to_owned() }).collect()
}

/// Whether an address is one that is sent to: https, or http to this machine.
///
/// # Errors
/// Says what is wrong with it, without quoting it.
#[cfg(feature = "http-client")]
pub fn check(url: &str) -> Result<(), String> {
    send::split(url).map(|_| ())
}

/// Whatever it is, it is not sent to.
///
/// # Errors
/// Never.
#[cfg(not(feature = "http-client"))]
pub fn check(_url: &str) -> Result<(), String> {
    Ok(())
}
