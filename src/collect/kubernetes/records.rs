//! From an object to records: the one projection for live answers and dumps, so that the same object gives the same
//! records. It does no I/O and keeps no object.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::faults::{self, Faults};
use super::object::{Metadata, Object, OwnerRef};
use super::resources::{Kind, TOKEN_TYPE, TRACKING};
use super::{NAME, builtin, one_line};
use crate::model::{
    Attributes, Credential, CredentialKind, Evidence, Identity, IdentityKind, Known, Location, Record, Urn, Usage,
    Workload, parse_timestamp,
};

/// How many remarks about objects of one kind are kept.
const REMARKS: usize = 4;

/// Turns the objects of one cluster into records, in any order.
///
/// INVARIANT: the records depend on the set of objects alone. What depends on objects that may come later (the owner of
/// a pod, the horizon of last uses) waits for [`Projection::finish`].
pub(super) struct Projection {
    pub(super) cluster: String,
    observed: Timestamp,
    /// Kinds of which the whole list was read.
    listed: BTreeSet<Kind>,
    /// Workloads that another kind makes, until it is known whether that kind was read.
    owned: Vec<(Kind, Workload)>,
    tokens: Vec<Token>,
    since: Known<Timestamp>,
    remarks: BTreeMap<Kind, BTreeSet<String>>,
    faults: BTreeMap<Kind, Faults>,
    /// Kinds of role that a binding names.
    pub(super) referenced: BTreeSet<Kind>,
}

/// What is to be said of a token's last use.
struct Token {
    id: Urn,
    used: Known<Timestamp>,
    evidence: Evidence,
}

impl Projection {
    /// A projection for the objects of one cluster.
    pub(super) fn new(cluster: &str, observed: Timestamp) -> Self {
        Self {
            cluster: cluster.to_owned(),
            observed,
            listed: BTreeSet::new(),
            owned: Vec::new(),
            tokens: Vec::new(),
            since: Known::unknown(format!("ConfigMap kube-system/{TRACKING} was not read")),
            remarks: BTreeMap::new(),
            faults: BTreeMap::new(),
            referenced: BTreeSet::new(),
        }
    }

    /// Says that a kind is read as a whole, so that what its objects make need not be reported beside them.
    pub(super) fn listed(&mut self, kind: Kind) {
        self.listed.insert(kind);
        self.owned.retain(|(owner, _)| *owner != kind);
    }

    /// Whether an object becomes records at all; of Secrets and ConfigMaps only a few do.
    pub(super) fn wants(kind: Kind, object: &Object) -> bool {
        match kind {
            // A type that is no text may be this one: it is looked at, and is a hole.
            Kind::Secret => object.secret_type == TOKEN_TYPE || object.wrong.has("type"),
            Kind::ConfigMap => object.metadata.name == TRACKING && object.metadata.namespace == "kube-system",
            _ => true,
        }
    }

    /// Adds the records of one object to `out`. Says whether all of it could be read; what could not is noted, and the
    /// rest of the object becomes records.
    pub(super) fn add(&mut self, kind: Kind, mut object: Object, location: Location, out: &mut Vec<Record>) -> bool {
        let fault = faults::of(kind, &object);
        if let Some(fault) = &fault {
            let text = faults::described(kind, &object, fault);
            self.faults.entry(kind).or_default().add(&location, object.position, text, fault.blinds);
        }
        if !faults::is_nameable(&object.wrong, &object.metadata.name) {
            return false;
        }
        let cluster_wide = matches!(kind, Kind::ClusterRole | Kind::ClusterRoleBinding);
        if !cluster_wide && object.metadata.namespace.is_empty() {
            // Where `kubectl apply` puts a manifest that names no namespace.
            object.metadata.namespace = String::from("default");
        }
        let evidence = Evidence { observed: self.observed, collector: NAME.to_owned(), location };
        match kind {
            Kind::ServiceAccount => out.push(self.service_account(object.metadata, evidence)),
            Kind::Secret => self.token(object.metadata, evidence, out),
            Kind::ConfigMap => self.tracking(object.since),
            Kind::Role | Kind::ClusterRole => out.push(self.role(kind, object, evidence)),
            Kind::RoleBinding | Kind::ClusterRoleBinding => self.binding(kind, object, &evidence, out),
            _ => self.workload(kind, object, evidence, out),
        }
        fault.is_none()
    }

    /// Forgets the malformed objects of a kind, which is listed again from its beginning.
    #[cfg(feature = "kubernetes")]
    pub(super) fn forget_faults(&mut self, kind: Kind) {
        self.faults.remove(&kind);
    }

    /// The objects of a kind that are malformed, if any are.
    pub(super) fn faults(&self, kind: Kind) -> Option<&Faults> {
        self.faults.get(&kind)
    }

    /// The records that could only be made when every object had been seen.
    pub(super) fn finish(&mut self) -> Vec<Record> {
        let mut records: Vec<Record> =
            std::mem::take(&mut self.owned).into_iter().map(|(_, workload)| Record::Workload(workload)).collect();
        for token in std::mem::take(&mut self.tokens) {
            let last = match (token.used, &self.since) {
                (Known::Absent, Known::Unknown(why)) => Known::unknown(why.clone()),
                (used, _) => used,
            };
            records.push(Record::Usage(Usage {
                of: token.id,
                last,
                horizon: self.since.value().copied(),
                source: String::from("label kubernetes.io/legacy-token-last-used"),
                evidence: token.evidence,
            }));
        }
        records
    }

    /// What was passed over among the objects of a kind, in one line.
    pub(super) fn remarks(&self, kind: Kind) -> Option<String> {
        let texts: Vec<&str> = self.remarks.get(&kind)?.iter().map(String::as_str).collect();
        let more = if texts.len() == REMARKS { " (and perhaps more)" } else { "" };
        Some(format!("passed over: {}{more}", texts.join("; ")))
    }

    /// Keeps a remark; of many the alphabetically first, so that the order of arrival does not show.
    pub(super) fn remark(&mut self, kind: Kind, text: String) {
        let texts = self.remarks.entry(kind).or_default();
        texts.insert(one_line(&text));
        if texts.len() > REMARKS {
            texts.pop_last();
        }
    }

    /// The URN of an object.
    pub(super) fn urn(&self, kind: Kind, metadata: &Metadata) -> Urn {
        let short = kind.resource().short;
        if metadata.namespace.is_empty() {
            return Urn::kubernetes_cluster(&self.cluster, short, &metadata.name);
        }
        Urn::kubernetes(&self.cluster, &metadata.namespace, short, &metadata.name)
    }

    fn service_account(&self, metadata: Metadata, evidence: Evidence) -> Record {
        Record::Identity(Identity {
            id: self.urn(Kind::ServiceAccount, &metadata),
            kind: IdentityKind::KubernetesServiceAccount,
            tenant: self.cluster.clone(),
            name: qualified(&metadata),
            enabled: Known::Value(true),
            created: created(&metadata),
            unique_id: Some(metadata.uid).filter(|uid| !uid.is_empty()),
            builtin: builtin::service_account(&metadata.namespace, &metadata.name),
            attributes: Attributes::default(),
            labels: labels(metadata.labels.0, metadata.annotations.0),
            evidence,
        })
    }

    /// A Secret of type `kubernetes.io/service-account-token`. The labels are described under "Legacy ServiceAccount
    /// token cleaner" in the Kubernetes documentation: a token with `invalid-since` is refused by the API server.
    fn token(&mut self, metadata: Metadata, evidence: Evidence, out: &mut Vec<Record>) {
        let account = metadata.annotations.0.get("kubernetes.io/service-account.name");
        let Some(account) = account.filter(|name| !name.is_empty()) else { return };
        let id = self.urn(Kind::Secret, &metadata);
        let label = |name: &str| metadata.labels.0.get(name);
        let used = label("kubernetes.io/legacy-token-last-used").map_or(Known::Absent, |date| {
            parse_timestamp(date)
                .map_or_else(|_| Known::unknown("its label legacy-token-last-used is not a date"), Known::Value)
        });
        out.push(Record::Credential(Credential {
            id: id.clone(),
            kind: CredentialKind::KubernetesTokenSecret,
            holder: Urn::kubernetes(&self.cluster, &metadata.namespace, "sa", account),
            tenant: self.cluster.clone(),
            name: qualified(&metadata),
            active: Known::Value(label("kubernetes.io/legacy-token-invalid-since").is_none()),
            created: created(&metadata),
            expires: Known::Absent,
            fingerprint: None,
            attributes: Attributes::default(),
            evidence: evidence.clone(),
        }));
        self.tokens.push(Token { id, used, evidence });
    }

    fn tracking(&mut self, since: Option<Timestamp>) {
        self.since = since.map_or_else(
            || Known::unknown(format!("ConfigMap kube-system/{TRACKING} has no date under 'since'")),
            Known::Value,
        );
    }

    fn workload(&mut self, kind: Kind, object: Object, evidence: Evidence, out: &mut Vec<Record>) {
        let Some(workload) = kind.resource().workload else { return };
        let owner = object.metadata.owners.iter().find_map(controller);
        if owner.is_some_and(|owner| self.listed.contains(&owner)) {
            return;
        }
        let id = self.urn(kind, &object.metadata);
        // The kubelet's static pods are shown by mirror pods, which run as no service account.
        let mirror = object.metadata.annotations.0.contains_key("kubernetes.io/config.mirror");
        let account = object.spec.service_account().or(if mirror { None } else { Some("default") });
        let runs_as = account.map(|name| Urn::kubernetes(&self.cluster, &object.metadata.namespace, "sa", name));
        let workload = Workload {
            id,
            kind: workload,
            tenant: self.cluster.clone(),
            name: qualified(&object.metadata),
            runs_as: runs_as.into_iter().collect(),
            attributes: Attributes::default(),
            labels: labels(object.metadata.labels.0, object.metadata.annotations.0),
            evidence,
        };
        match owner {
            Some(owner) => self.owned.push((owner, workload)),
            None => out.push(Record::Workload(workload)),
        }
    }
}

/// The kind that manages an object, if it is one that we read.
fn controller(owner: &OwnerRef) -> Option<Kind> {
    owner.controller.then(|| Kind::of(&owner.api_version, &owner.kind)).flatten()
}

/// `namespace/name`, or the name of a cluster-wide object.
pub(super) fn qualified(metadata: &Metadata) -> String {
    if metadata.namespace.is_empty() {
        return metadata.name.clone();
    }
    format!("{}/{}", metadata.namespace, metadata.name)
}

fn created(metadata: &Metadata) -> Known<Timestamp> {
    if metadata.created.is_empty() {
        return Known::unknown("the object has no creationTimestamp");
    }
    parse_timestamp(&metadata.created)
        .map_or_else(|_| Known::unknown("its creationTimestamp is not a time"), Known::Value)
}

/// Labels and annotations in one map; where both have a name the label counts, for a selector can rely on it.
fn labels(mut labels: BTreeMap<String, String>, annotations: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (name, value) in annotations {
        labels.entry(name).or_insert(value);
    }
    labels
}
