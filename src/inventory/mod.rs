//! Puts records together into one graph. The result depends on the set of records alone: not on their order, on
//! duplicates, or on which shard or thread brought them.

mod build;
mod coverage;
mod facts;
mod graph;
mod links;
mod merge;
mod name_index;
mod table;

pub use coverage::Coverage;
pub use facts::{CredentialFacts, Environment, ExposureFacts, Facts, IdentityFacts, OwnerClaim};
pub use graph::{Graph, MOST_REACHED, Source};
pub use links::Links;
pub use table::{Keyed, Table};

use std::collections::BTreeSet;

use crate::model::{
    Credential, CredentialKind, Exposure, Grant, Identity, Known, Person, Policy, Scope, Setting, Trust, Usage,
    Workload,
};

/// Everything that is known of the world, indexed by name, with the facts that `link` concludes from it.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Identities by URN.
    pub identities: Table<Identity>,
    /// Credentials by URN.
    pub credentials: Table<Credential>,
    /// Policies by URN.
    pub policies: Table<Policy>,
    /// Grants by URN.
    pub grants: Table<Grant>,
    /// Trust documents by the identity they open.
    pub trusts: Table<Trust>,
    /// Workloads by URN.
    pub workloads: Table<Workload>,
    /// Settings by URN.
    pub settings: Table<Setting>,
    /// Edges that collectors saw, from both ends.
    pub links: Links,
    /// People by URN.
    pub people: Table<Person>,
    /// Exposures by URN; several places of one value are several exposures.
    pub exposures: Table<Exposure>,
    /// Statements of last use, sorted; several sources may speak of one thing.
    pub usages: Vec<Usage>,
    /// What was looked at.
    pub coverage: Coverage,
    /// With what was looked, of each run whose records are here.
    pub scopes: BTreeSet<Scope>,
    /// What `link` concluded. Empty until it ran.
    pub facts: Facts,
}

impl Inventory {
    /// Whether a credential's identity is switched off, so that it opens nothing for now.
    pub fn is_asleep(&self, credential: &Credential) -> bool {
        let holder = self.identities.get(&credential.holder);
        holder.is_some_and(|holder| holder.enabled == Known::Value(false))
    }

    /// Whether a credential is void only for as long as its user is switched off, by its provider's own rule.
    /// Source: Okta Help Center, "Manage Okta API tokens": a token is valid only while the user who made it is active.
    pub fn is_rejected(&self, credential: &Credential) -> bool {
        let is_token = credential.kind == CredentialKind::OktaApiToken;
        is_token && credential.active != Known::Value(false) && self.is_asleep(credential)
    }
}
