//! What the joining passes conclude, by the name of the thing it is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Attributes, Capability, EscalationPath, Exposure, Fingerprint, Known, LastUse, Owner, TrustedPrincipal, Urn,
};

/// All conclusions.
#[derive(Debug, Default)]
pub struct Facts {
    /// Of identities.
    pub identities: BTreeMap<Urn, IdentityFacts>,
    /// Of credentials.
    pub credentials: BTreeMap<Urn, CredentialFacts>,
    /// Of exposures.
    pub exposures: BTreeMap<Urn, ExposureFacts>,
    /// Of grants: what each one alone amounts to.
    pub grants: BTreeMap<Urn, Vec<Capability>>,
    /// The roles that identities may assume by the policies of both sides: the role, whether only under a condition, and
    /// the sentences that prove it.
    pub assumes: BTreeMap<Urn, Vec<(Urn, bool, Vec<String>)>>,
    /// Who answers for identities by everything that says it, the weightiest first.
    pub owner_claims: BTreeMap<Urn, Vec<OwnerClaim>>,
    /// Accounts that are a person's own, with the person.
    pub own_accounts: BTreeMap<Urn, Urn>,
    /// How many in a hundred of a tenant's users and roles are made by code that was read.
    pub code_share: BTreeMap<String, u8>,
    /// In which environment identities and exposures stand, where something says it.
    pub environments: BTreeMap<Urn, Environment>,
    /// The environments of values that lie in files of several.
    pub spread: BTreeMap<Fingerprint, BTreeSet<String>>,
    /// Values that are one private key in another form, with the one of them that stands for all.
    pub same_keys: BTreeMap<Fingerprint, Fingerprint>,
    /// Identities that code may make whose names it computes, with that code.
    pub maybe_made: BTreeMap<Urn, String>,
    /// Grants that a platform makes itself at its start.
    pub shipped: BTreeSet<Urn>,
    /// Grants of which an audit log shows no use by their holder, with the days that it goes back.
    pub unasked: BTreeMap<Urn, i64>,
    /// Policies that were not read and are known all the same, since a platform always makes them.
    pub default_policies: BTreeSet<Urn>,
    /// Of anything: attributes that no collector saw but that follow from what several saw.
    pub attributes: BTreeMap<Urn, Attributes>,
    /// What leads where, and what can be reached.
    pub graph: super::Graph,
}

impl Facts {
    /// The value that a text is: one private key has many forms.
    pub fn value_of<'a>(&'a self, exposure: &'a Exposure) -> &'a Fingerprint {
        self.same_keys.get(&exposure.fingerprint).unwrap_or(&exposure.fingerprint)
    }
}

/// What is concluded of an identity.
#[derive(Clone, Debug, Default)]
pub struct IdentityFacts {
    /// Who answers for it.
    pub owner: Known<Owner>,
    /// Its last use, or that of its credentials.
    pub last_use: Known<LastUse>,
    /// Its credentials.
    pub credentials: BTreeSet<Urn>,
    /// The grants it holds.
    pub grants: BTreeSet<Urn>,
    /// The workloads that run as it.
    pub workloads: BTreeSet<Urn>,
    /// The exposures of its credentials.
    pub exposures: BTreeSet<Urn>,
    /// Who may become it.
    pub trusted: Vec<TrustedPrincipal>,
    /// Identities that others' configuration ties to it (IRSA and its like), in both directions.
    pub linked: BTreeSet<Urn>,
    /// What it can do, strongest first.
    pub capabilities: Vec<Capability>,
    /// Why `capabilities` and `escalations` may lack something, when a policy could not be read.
    pub rights_unknown: Option<String>,
    /// How it becomes administrator, shortest first; empty when it is one already or cannot.
    pub escalations: Vec<EscalationPath>,
    /// How it gets at stored data that it may not read itself; empty when it can become administrator for certain.
    pub data_paths: Vec<EscalationPath>,
    /// How it takes over a node of its cluster; empty when it can become administrator for certain.
    pub node_paths: Vec<EscalationPath>,
}

/// What speaks for an owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerClaim {
    /// The person or team, as written.
    pub name: String,
    /// Every place that says it.
    pub source: String,
    /// How much that is worth, in percent.
    pub weight: u8,
    /// It is no more than a hint, and makes no owner.
    pub hint: bool,
}

/// Where a thing stands: production, staging …
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Environment {
    /// `prod`, `staging`, `test`, `dev`, or what a label says else.
    pub name: String,
    /// What says it: a label, or a name.
    pub source: String,
}

/// What is concluded of a credential.
#[derive(Clone, Debug, Default)]
pub struct CredentialFacts {
    /// Its last use.
    pub last_use: Known<LastUse>,
    /// Where its value lies in the open.
    pub exposures: BTreeSet<Urn>,
}

/// What is concluded of an exposure.
#[derive(Clone, Debug, Default)]
pub struct ExposureFacts {
    /// The credential it is the value of; unknown when no inventory of its provider was read.
    pub credential: Known<Urn>,
    /// The identity that credential proves.
    pub identity: Known<Urn>,
    /// The credentials of which it may be one, where these are a few; `credential` says why it is not known which.
    pub may_be: BTreeSet<Urn>,
    /// Other places of the same value: the first few, since each of many places would have to name all others.
    pub same_value: BTreeSet<Urn>,
    /// How many other places there are.
    pub copies: usize,
}
