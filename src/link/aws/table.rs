//! The table of issuers, vendors and services: `/rules/facts/aws-trust.toml`. It must not judge.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde::Deserialize;

/// What is known of those who are let in.
#[derive(Debug)]
pub(in crate::link) struct TrustTable {
    /// Vendors by account.
    pub(super) vendors: BTreeMap<String, String>,
    /// Services that say for whom they work.
    pub(super) services: BTreeSet<String>,
    issuers: Vec<Issuer>,
}

/// An OIDC issuer.
#[derive(Debug)]
pub(super) struct Issuer {
    host: String,
    /// It signs tokens for everyone who has an account there.
    pub(super) shared: bool,
    /// The claims that bind a token to somebody.
    pub(super) claims: Vec<String>,
    /// Subjects that fix whose they are.
    pub(super) owner: Regex,
    /// Subjects that fix a single thing and let any branch of it in.
    pub(super) whole: Option<Regex>,
    /// Subjects that fix a single thing.
    pub(super) narrow: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vendor: Vec<VendorRow>,
    issuer: Vec<IssuerRow>,
    service: Vec<ServiceRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorRow {
    account: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRow {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerRow {
    host: String,
    shared: bool,
    claims: Vec<String>,
    whole: Option<String>,
    owner: String,
    narrow: String,
}

impl TrustTable {
    /// Reads the table.
    ///
    /// # Errors
    /// What is malformed.
    pub(in crate::link) fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let regex = |text: &str| Regex::new(text).map_err(|error| error.to_string());
        let issuer = |row: IssuerRow| -> Result<Issuer, String> {
            let IssuerRow { host, shared, claims, whole, owner, narrow } = row;
            let whole = whole.as_deref().map(regex).transpose()?;
            Ok(Issuer { host, shared, claims, whole, owner: regex(&owner)?, narrow: regex(&narrow)? })
        };
        Ok(Self {
            vendors: file.vendor.into_iter().map(|row| (row.account, row.name)).collect(),
            services: file.service.into_iter().map(|row| row.name).collect(),
            issuers: file.issuer.into_iter().map(issuer).collect::<Result<_, _>>()?,
        })
    }

    /// What is known of an issuer, by its host and path.
    pub(super) fn issuer(&self, name: &str) -> Option<&Issuer> {
        self.issuers.iter().find(|issuer| {
            let is_open = issuer.host.ends_with(['/', '.']);
            name == issuer.host || (is_open && name.starts_with(&issuer.host))
        })
    }
}
