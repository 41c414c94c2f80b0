//! What one scan saw, as far as the next one must know it. Takes it from a graph and its findings; compares nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::looked::{Looked, Place, called, looked, passed_over};
use crate::inventory::{IdentityFacts, Inventory};
use crate::model::{
    Capability, EscalationPath, Evidence, FactKind, Finding, Fingerprint, Hidden, Holding, Identity, Known, Link,
    LinkKind, Location, Owner, Provider, Reached, Severity, TreeNames, Urn,
};

/// A finding as a scan saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingSeen {
    /// Its fingerprint, the same in every scan.
    pub fingerprint: Fingerprint,
    /// The rule's id.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the rule looked at.
    pub subject: Urn,
    /// The identity it is about.
    pub identity: Option<Urn>,
    /// The rule's title.
    pub title: String,
    /// What is wrong; ages in it are those of the scan that first saw it so.
    pub message: String,
    /// Somebody decided that it is not to be raised.
    pub muted: bool,
    /// Where one has to look to see it.
    pub places: BTreeSet<Place>,
    /// The tree that its secret lies in, by its path (in a history, of the machine; in a report, as it was given), and the file in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<(String, String)>,
}

/// Who answers for an identity, as a scan saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerSeen {
    /// As written at the source.
    pub name: String,
    /// The directory says that the owner has left.
    pub left: bool,
}

/// An identity as a scan saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitySeen {
    /// Its stable name.
    pub id: Urn,
    /// What sort of identity it is.
    pub kind: String,
    /// The account or cluster it lives in.
    pub tenant: String,
    /// Its name there.
    pub name: String,
    /// Where one has to look to see it.
    pub place: Place,
    /// Who answers for it; unknown where nobody could look.
    pub owner: Known<OwnerSeen>,
    /// What was read when this owner was told and has not been read since.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owner_unread: BTreeSet<Place>,
    /// What it can do, as far as the policies could be read.
    pub rights: BTreeSet<String>,
    /// All policies could be read: a right that is not there is not had.
    pub all_rights: bool,
    /// What it can reach through its configuration.
    pub reach: BTreeSet<String>,
    /// Of an agent: what it can do over all steps, with the identity through which.
    #[serde(default)]
    pub powers: BTreeMap<String, Urn>,
}

/// Everything that is remembered of one scan.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The scan's point in time.
    pub at: Timestamp,
    /// The program's version.
    pub version: String,
    /// What was asked to be read.
    pub inputs: Vec<String>,
    /// Something was not read that was asked for.
    pub incomplete: bool,
    /// What was looked at.
    pub looked: Looked,
    /// By fingerprint.
    pub findings: BTreeMap<Fingerprint, FindingSeen>,
    /// By name.
    pub identities: BTreeMap<Urn, IdentitySeen>,
    /// What was judged.
    pub judged: Judged,
}

/// What was judged of what was seen: the absence of a finding says something only there.
#[derive(Clone, Debug)]
pub struct Judged {
    /// By rule, the subjects for which it gave no answer.
    pub unanswered: BTreeMap<String, BTreeSet<Urn>>,
    /// Findings below this severity were left out.
    pub min_severity: Severity,
    /// Findings that were left out since a baseline accepts them, or an earlier scan saw them.
    pub hidden: Hidden,
    /// Findings were left out so, and which is not told.
    pub hides_unknown: bool,
    /// Exposures that a comment in place or a file of the caller allows: they are there, and not raised.
    pub allowed: BTreeSet<Urn>,
    /// What is there beside identities: that no rule holds for it may be since something else was not looked at.
    pub there: BTreeSet<Urn>,
    /// Findings whose file is there and was not read.
    pub unread: BTreeSet<Fingerprint>,
    /// Rule and target for which it gave none to an unknown set of subjects.
    pub blind: BTreeSet<(String, String)>,
}

/// The parts of a scan that are remembered.
pub struct Seen<'a> {
    /// The scan's point in time.
    pub at: Timestamp,
    /// The program's version.
    pub version: &'a str,
    /// What was asked to be read.
    pub inputs: &'a [String],
    /// The graph with its facts.
    pub inventory: &'a Inventory,
    /// Every finding, shown or not.
    pub findings: &'a [Finding],
    /// Rules with the targets of which a hole may hide whole subjects.
    pub blind: BTreeSet<(String, String)>,
    /// By rule, the subjects for which it gave no answer.
    pub unanswered: BTreeMap<String, BTreeSet<Urn>>,
    /// The rules that were loaded, each with the digest of what it asks.
    pub rules: BTreeMap<String, String>,
    /// Findings whose file is there and was not read; `None` where others read, who do not tell.
    pub unread: Option<BTreeSet<Fingerprint>>,
}

impl Snapshot {
    /// Takes from a scan what is remembered.
    pub fn of(seen: Seen<'_>) -> Self {
        let Seen { inventory, .. } = seen;
        let names = TreeNames::of(&inventory.scopes);
        let home = |id: &Urn| inventory.identities.get(id).map(|one| (one.provider().to_string(), one.tenant.clone()));
        let findings = seen.findings.iter().map(|one| (one.fingerprint.clone(), FindingSeen::of(one, home, &names)));
        let identities = inventory.identities.iter().map(|identity| {
            let facts = inventory.facts.identities.get(&identity.id);
            (identity.id.clone(), IdentitySeen::of(identity, facts, inventory).called(&names))
        });
        Self {
            at: seen.at,
            version: seen.version.to_owned(),
            inputs: seen.inputs.to_vec(),
            incomplete: inventory.coverage.is_incomplete(),
            looked: Looked {
                rules: seen.rules,
                passed_over: match seen.unread {
                    Some(_) => BTreeMap::new(),
                    None => passed_over(inventory.coverage.entries(), &names),
                },
                ..looked(inventory.coverage.entries(), inventory.scopes.clone())
            },
            findings: findings.collect(),
            identities: identities.collect(),
            judged: Judged {
                blind: called(seen.blind, &names),
                unanswered: seen.unanswered,
                min_severity: Severity::Info,
                hidden: Hidden::default(),
                hides_unknown: false,
                allowed: inventory
                    .exposures
                    .iter()
                    .filter(|one| one.allowed_by.is_some())
                    .map(|one| one.id.clone())
                    .collect(),
                there: there(inventory),
                unread: seen.unread.unwrap_or_default(),
            },
        }
    }
}

/// The name of everything that a rule can look at, but identities.
fn there(inventory: &Inventory) -> BTreeSet<Urn> {
    let credentials = inventory.credentials.iter().map(|one| one.id.clone());
    let exposures = inventory.exposures.iter().map(|one| one.id.clone());
    let grants = inventory.grants.iter().map(|one| one.id.clone());
    let workloads = inventory.workloads.iter().map(|one| one.id.clone());
    let settings = inventory.settings.iter().map(|one| one.id.clone());
    credentials.chain(exposures).chain(grants).chain(workloads).chain(settings).collect()
}

impl FindingSeen {
    /// The trees that it lies in, as they were named.
    pub fn trees(&self) -> BTreeSet<&str> {
        let of_trees = self.places.iter().filter(|place| ["source", "agents"].contains(&place.collector.as_str()));
        of_trees.map(|place| place.target.as_str()).filter(|target| !target.is_empty()).collect()
    }

    /// Whether it is about a secret in a file.
    pub(super) fn is_exposure(&self) -> bool {
        self.subject.as_str().starts_with("exposure:")
    }

    /// Whether it tells a secret by what is known of its credential.
    pub(super) fn tells_exposure(&self) -> bool {
        self.is_exposure() && self.rule.starts_with("leaked-")
    }

    /// The object of Kubernetes that it is about, without its cluster: namespace, kind and name; and whether it was only
    /// written into a manifest of a source tree.
    pub(super) fn kubernetes_object(&self) -> Option<(&str, bool)> {
        let place = self.subject.as_str().strip_prefix("k8s:")?;
        let (start, _) = place.rmatch_indices('/').nth(2)?;
        let (cluster, object) = place.split_at(start);
        Some((object, cluster.ends_with(" (manifests)")))
    }

    /// Whether it is another finding than one of the same name: trees of one folder name give equal names.
    pub(super) fn is_elsewhere(&self, other: &Self) -> bool {
        let (trees, others) = (self.trees(), other.trees());
        !trees.is_empty() && !others.is_empty() && trees.is_disjoint(&others)
    }

    /// `home` gives the provider and the tenant of an identity.
    pub(super) fn of(finding: &Finding, home: impl Fn(&Urn) -> Option<(String, String)>, names: &TreeNames) -> Self {
        let home = finding.identity.as_ref().or(Some(&finding.subject)).and_then(home);
        let place = |evidence: &Evidence| {
            let target = match &evidence.location {
                Location::File { root, .. } => names.name(root).to_owned(),
                _ => home
                    .as_ref()
                    .filter(|(name, _)| **name == *evidence.collector)
                    .map(|(_, it)| it.clone())
                    .unwrap_or_default(),
            };
            Place { collector: evidence.collector.to_string(), target }
        };
        Self {
            fingerprint: finding.fingerprint.clone(),
            rule: finding.rule.to_string(),
            severity: finding.severity,
            subject: finding.subject.clone(),
            identity: finding.identity.clone(),
            title: finding.title.to_string(),
            message: finding.message.clone(),
            muted: finding.is_accepted(),
            places: finding.evidence.iter().map(place).collect(),
            file: finding.evidence.first().and_then(|evidence| match &evidence.location {
                Location::File { root, path, commit: None, .. } if &*evidence.collector == "source" => {
                    // What lies in an archive is read with it.
                    Some((root.to_string(), path.split("!/").next().unwrap_or_default().to_owned()))
                }
                _ => None,
            }),
        }
    }
}

impl IdentitySeen {
    fn of(identity: &Identity, facts: Option<&IdentityFacts>, inventory: &Inventory) -> Self {
        let is_hidden = inventory.coverage.blind_spot(&identity.tenant, FactKind::Grants).is_some();
        let is_whole = facts.is_some_and(|facts| facts.rights_unknown.is_none()) && !is_hidden;
        Self {
            owner: facts.map_or_else(|| Known::unknown("nothing was concluded of it"), |facts| owner(&facts.owner)),
            rights: facts.map(|facts| rights(&facts.capabilities, &facts.escalations)).unwrap_or_default(),
            all_rights: is_whole,
            reach: inventory.links.from(&identity.id).filter_map(reached).collect(),
            powers: powers(identity, inventory.facts.graph.reach_of(&identity.id)),
            ..Self::bare(identity)
        }
    }

    /// With the tree that it lives in by its name.
    pub(super) fn called(mut self, names: &TreeNames) -> Self {
        self.place = Place::of(&self.place.collector, &self.place.target, names);
        self
    }

    /// Without what is concluded.
    pub(super) fn bare(identity: &Identity) -> Self {
        Self {
            id: identity.id.clone(),
            kind: identity.kind.to_string(),
            tenant: identity.tenant.clone(),
            name: identity.name.clone(),
            place: Place { collector: identity.evidence.collector.to_string(), target: identity.tenant.clone() },
            owner: Known::Absent,
            owner_unread: BTreeSet::new(),
            rights: BTreeSet::new(),
            all_rights: false,
            reach: BTreeSet::new(),
            powers: BTreeMap::new(),
        }
    }
}

/// What an agent can do over all steps, with the identity through which: whatever lies beyond the agents themselves, whose
/// own abilities are rights of theirs.
pub(super) fn powers<'a>(identity: &Identity, reach: impl Iterator<Item = Reached<'a>>) -> BTreeMap<String, Urn> {
    let is_agent = identity.provider() == Provider::Agents;
    let beyond = reach.filter(|one| is_agent && *one.at != identity.id && !one.at.as_str().starts_with("agent:"));
    beyond
        .map(|one| {
            let sure = if one.holding == Holding::Holds { "" } else { " (under a condition)" };
            (format!("{} in {}{sure}", one.kind, one.scope), one.at.clone())
        })
        .collect()
}

pub(super) fn owner(owner: &Known<Owner>) -> Known<OwnerSeen> {
    owner.clone().map(|owner| OwnerSeen { left: owner.active == Known::Value(false), name: owner.name })
}

/// What an edge of its configuration opens to an identity; `None` where it is no way to anything.
pub(super) fn reached(link: &Link) -> Option<String> {
    let condition = link.condition.as_ref().map(|text| format!(" (if {text})")).unwrap_or_default();
    let opens = matches!(link.kind, LinkKind::Uses | LinkKind::ActsAs | LinkKind::MemberOf);
    opens.then(|| format!("{} {}{condition}", link.kind, link.to))
}

/// What an identity can do, one line each, without the steps that prove it: those change with the names of policies.
pub(super) fn rights(capabilities: &[Capability], escalations: &[EscalationPath]) -> BTreeSet<String> {
    let mut rights: BTreeSet<String> = capabilities
        .iter()
        .map(|one| {
            let condition = if one.conditional { " (under a condition)" } else { "" };
            format!("{} in {}{condition}", one.kind, one.scope)
        })
        .collect();
    rights.extend(escalations.iter().map(|way| {
        let condition = if way.conditional { " (under a condition)" } else { "" };
        format!("becomes administrator through {}{condition}", way.target)
    }));
    rights
}
