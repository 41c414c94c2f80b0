//! One identity with all that is concluded of it, as the formats show it. Joins by name; concludes nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Scan;
use crate::inventory::IdentityFacts;
use crate::model::{
    Capability, CapabilityKind, Credential, EscalationPath, Exposure, FactKind, Finding, Identity, Known, LastUse,
    Owner, Provider, Reached, TrustedPrincipal, Urn,
};

/// A scan indexed by identity.
pub(super) struct View<'a> {
    scan: &'a Scan<'a>,
    findings: BTreeMap<&'a Urn, Vec<&'a Finding>>,
    hidden: BTreeMap<&'a str, BTreeSet<FactKind>>,
    not_concluded: IdentityFacts,
}

/// An identity, its facts and how many findings are about it.
#[derive(Serialize)]
pub(super) struct IdentityView<'a> {
    #[serde(flatten)]
    pub(super) identity: &'a Identity,
    pub(super) owner: &'a Known<Owner>,
    pub(super) last_use: &'a Known<LastUse>,
    pub(super) capabilities: &'a [Capability],
    pub(super) escalations: &'a [EscalationPath],
    /// Ways to stored data that it may not read itself.
    #[serde(skip_serializing_if = "<[EscalationPath]>::is_empty")]
    pub(super) data_paths: &'a [EscalationPath],
    /// Ways to a node of its cluster.
    #[serde(skip_serializing_if = "<[EscalationPath]>::is_empty")]
    pub(super) node_paths: &'a [EscalationPath],
    pub(super) credentials: &'a BTreeSet<Urn>,
    pub(super) grants: u64,
    pub(super) workloads: &'a BTreeSet<Urn>,
    pub(super) exposures: &'a BTreeSet<Urn>,
    pub(super) trusted: &'a [TrustedPrincipal],
    pub(super) linked: &'a BTreeSet<Urn>,
    pub(super) findings: u64,
    /// Of an agent: what it can do over all steps, the strongest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) reach: Vec<Reached<'a>>,
    /// Classes of facts that a hole hides for its tenant: what is empty above may only be unseen.
    pub(super) hidden: Vec<FactKind>,
}

/// A credential with its facts.
#[derive(Serialize)]
pub(super) struct CredentialView<'a> {
    #[serde(flatten)]
    credential: &'a Credential,
    last_use: &'a Known<LastUse>,
    exposures: Vec<&'a Urn>,
}

/// An exposure with its facts.
#[derive(Serialize)]
pub(super) struct ExposureView<'a> {
    #[serde(flatten)]
    exposure: &'a Exposure,
    credential: Known<&'a Urn>,
    identity: Known<&'a Urn>,
    same_value: Vec<&'a Urn>,
    copies: usize,
}

impl<'a> View<'a> {
    pub(super) fn of(scan: &'a Scan<'a>) -> Self {
        let mut findings: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for finding in scan.findings {
            if let Some(identity) = &finding.identity {
                findings.entry(identity).or_default().push(finding);
            }
        }
        let mut hidden: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for entry in scan.inventory.coverage.entries().iter().filter(|entry| entry.kinds.is_empty()) {
            hidden.entry(entry.target.as_str()).or_default().extend(&entry.blinds);
        }
        let why = "nothing was concluded of this identity";
        let not_concluded =
            IdentityFacts { owner: Known::unknown(why), last_use: Known::unknown(why), ..IdentityFacts::default() };
        Self { scan, findings, hidden, not_concluded }
    }

    /// The facts of an identity, which may be missing from the inventory itself.
    pub(super) fn facts(&self, id: &Urn) -> &IdentityFacts {
        self.scan.inventory.facts.identities.get(id).unwrap_or(&self.not_concluded)
    }

    /// The findings about an identity.
    pub(super) fn findings(&self, id: &Urn) -> &[&'a Finding] {
        self.findings.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether a hole hides facts of a class for this account, cluster or tree.
    pub(super) fn hides(&self, tenant: &str, fact: FactKind) -> bool {
        self.hidden.get(tenant).is_some_and(|facts| facts.contains(&fact))
    }

    /// What holes hide of an identity: those of its account, cluster or tree, and its own.
    fn hidden_of(&self, identity: &Identity) -> Vec<FactKind> {
        let of = |target: &str| self.hidden.get(target).into_iter().flatten().copied();
        let all: BTreeSet<FactKind> = of(&identity.tenant).chain(of(identity.id.as_str())).collect();
        all.into_iter().collect()
    }

    pub(super) fn identity<'v>(&'v self, identity: &'v Identity) -> IdentityView<'v> {
        let facts = self.facts(&identity.id);
        IdentityView {
            identity,
            owner: &facts.owner,
            last_use: &facts.last_use,
            capabilities: &facts.capabilities,
            escalations: &facts.escalations,
            data_paths: &facts.data_paths,
            node_paths: &facts.node_paths,
            credentials: &facts.credentials,
            grants: facts.grants.len() as u64,
            workloads: &facts.workloads,
            exposures: &facts.exposures,
            trusted: &facts.trusted,
            linked: &facts.linked,
            findings: self.findings(&identity.id).len() as u64,
            reach: self.reach(identity),
            hidden: self.hidden_of(identity),
        }
    }

    /// What an agent can do over all steps; of others it is asked for with `nonhuman reach`.
    pub(super) fn reach<'v>(&'v self, identity: &Identity) -> Vec<Reached<'v>> {
        let is_agent = identity.provider() == Provider::Agents;
        let all = self.scan.inventory.facts.graph.reach_of(&identity.id);
        all.filter(|one| is_agent && *one.at != identity.id).collect()
    }

    pub(super) fn credential<'v>(&'v self, credential: &'v Credential) -> CredentialView<'v> {
        let facts = self.scan.inventory.facts.credentials.get(&credential.id);
        CredentialView {
            credential,
            last_use: facts.map_or(&self.not_concluded.last_use, |facts| &facts.last_use),
            exposures: facts.map(|facts| facts.exposures.iter().collect()).unwrap_or_default(),
        }
    }

    pub(super) fn exposure<'v>(&'v self, exposure: &'v Exposure) -> ExposureView<'v> {
        let facts = self.scan.inventory.facts.exposures.get(&exposure.id);
        let missing = || Known::unknown("nothing was concluded of this exposure");
        ExposureView {
            exposure,
            credential: facts.map_or_else(missing, |facts| borrow(&facts.credential)),
            identity: facts.map_or_else(missing, |facts| borrow(&facts.identity)),
            same_value: facts.map(|facts| facts.same_value.iter().collect()).unwrap_or_default(),
            copies: facts.map_or(0, |facts| facts.copies),
        }
    }
}

/// The scopes in which something is administrator, each marked when that holds only under a condition.
pub(super) fn administrator_scopes(capabilities: &[Capability]) -> Vec<String> {
    let administrator = capabilities.iter().filter(|capability| capability.kind == CapabilityKind::Administrator);
    administrator.map(scope).collect()
}

/// The account, cluster or organisation that a finding is of: that of its identity, else of what the rule looked at.
/// `None` for what lies in a file.
pub(super) fn tenant<'a>(scan: &Scan<'a>, finding: &Finding) -> Option<&'a str> {
    let (inventory, subject) = (scan.inventory, &finding.subject);
    let of_identity = finding.identity.as_ref().and_then(|id| inventory.identities.get(id)).map(|one| &one.tenant);
    let of_setting = || inventory.settings.get(subject).map(|one| &one.tenant);
    let of_credential = || inventory.credentials.get(subject).map(|one| &one.tenant);
    let of_workload = || inventory.workloads.get(subject).map(|one| &one.tenant);
    of_identity.or_else(of_setting).or_else(of_credential).or_else(of_workload).map(String::as_str)
}

/// Where a capability holds, in words.
pub(super) fn scope(capability: &Capability) -> String {
    let condition = if capability.conditional { " (under a condition)" } else { "" };
    format!("{}{condition}", capability.scope)
}

fn borrow<T>(known: &Known<T>) -> Known<&T> {
    match known {
        Known::Value(value) => Known::Value(value),
        Known::Absent => Known::Absent,
        Known::Unknown(why) => Known::Unknown(why.clone()),
    }
}
