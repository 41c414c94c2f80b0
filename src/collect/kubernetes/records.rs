//! From an object to records: the one projection for live answers and dumps, so that the same object gives the same
//! records. It does no I/O and keeps no object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::NAME;
use super::aggregate::Role;
use super::audit::Uses;
use super::faults::{self, Faults};
use super::held::{Account, Mounting, OnNode, Token, Waiting};
use super::makers::Makers;
use super::named::Naming;
use super::object::{Metadata, Object};
use super::one_line;
use super::resources::{Kind, TRACKING};
use super::searching::{Found, Searcher};
use crate::model::{Evidence, Known, Labels, Location, Record, Setting, Urn, parse_timestamp};

/// How many remarks about objects of one kind are kept.
const REMARKS: usize = 4;

/// Turns the objects of one cluster into records, in any order.
///
/// INVARIANT: the records depend on the set of objects alone. What depends on objects that may come later (the owner of
/// a pod, the horizon of last uses) waits for [`Projection::finish`].
pub(super) struct Projection {
    pub(super) cluster: String,
    pub(super) observed: Timestamp,
    /// This collector's name, once for all that it saw.
    collector: Arc<str>,
    /// Kinds of which the whole list was read.
    listed: BTreeSet<Kind>,
    /// Workloads of which something depends on objects that may come later.
    pub(super) waiting: Vec<Waiting>,
    /// Service accounts, until it is known what mounts their tokens.
    pub(super) accounts: Vec<Account>,
    pub(super) tokens: Vec<Token>,
    /// Service accounts that were read, and those that others name so far, by namespace and name.
    pub(super) known_accounts: BTreeSet<String>,
    pub(super) named_accounts: BTreeMap<String, Naming>,
    /// Whether something could not be read that may hold objects of any kind.
    pub(super) has_gaps: bool,
    /// Whether there may be custom resources that were not read.
    pub(super) customs_unread: bool,
    /// Whether the objects are what somebody means to make, and not what there is.
    pub(super) is_plan: bool,
    /// Whether the objects to come are of a template, and names in them may be guesses.
    pub(super) is_guess: bool,
    /// Cluster roles that are put together here, and those that they may be put together from.
    pub(super) roles: Vec<Role>,
    /// Settings of Secrets, until it is known what refers to them.
    pub(super) secrets: Vec<Setting>,
    /// How pods get the token of each service account, by namespace and name.
    pub(super) mounting: BTreeMap<String, Mounting>,
    /// The Secrets that something refers to, by namespace and name.
    pub(super) referenced_secrets: BTreeSet<String>,
    /// All Secrets that were seen, by namespace and name.
    pub(super) secret_names: BTreeSet<String>,
    /// Those of them in which a credential of a known sort lies.
    pub(super) holding: BTreeSet<String>,
    /// Whether those are all of the cluster's Secrets, and not its token Secrets alone.
    pub(super) knows_all_secrets: bool,
    /// As whom pods run on each node, by namespace and name.
    pub(super) nodes: BTreeMap<String, OnNode>,
    /// Groups of custom resources that roles name.
    pub(super) operators: BTreeSet<&'static str>,
    pub(super) since: Known<Timestamp>,
    pub(super) makers: Makers,
    /// What was found in the texts of the object that is added.
    pub(super) found: Found,
    searcher: Option<Searcher>,
    /// What audit logs say of uses, where some were read.
    pub(super) uses: Option<Uses>,
    remarks: BTreeMap<Kind, BTreeSet<String>>,
    faults: BTreeMap<Kind, Faults>,
    /// Kinds of role that a binding names.
    pub(super) referenced: BTreeSet<Kind>,
}

impl Projection {
    /// A projection for the objects of one cluster.
    pub(super) fn new(cluster: &str, observed: Timestamp) -> Self {
        Self {
            cluster: cluster.to_owned(),
            observed,
            collector: NAME.into(),
            listed: BTreeSet::new(),
            waiting: Vec::new(),
            accounts: Vec::new(),
            tokens: Vec::new(),
            known_accounts: BTreeSet::new(),
            named_accounts: BTreeMap::new(),
            has_gaps: false,
            customs_unread: false,
            is_plan: false,
            is_guess: false,
            roles: Vec::new(),
            secrets: Vec::new(),
            mounting: BTreeMap::new(),
            referenced_secrets: BTreeSet::new(),
            secret_names: BTreeSet::new(),
            holding: BTreeSet::new(),
            knows_all_secrets: false,
            nodes: BTreeMap::new(),
            operators: BTreeSet::new(),
            since: Known::unknown(format!("ConfigMap kube-system/{TRACKING} was not read")),
            makers: Makers::default(),
            found: Found::default(),
            searcher: None,
            uses: None,
            remarks: BTreeMap::new(),
            faults: BTreeMap::new(),
            referenced: BTreeSet::new(),
        }
    }

    /// The same, which also searches the texts of objects.
    #[must_use]
    pub(super) fn searching(mut self, searcher: Searcher) -> Self {
        self.searcher = Some(searcher);
        self
    }

    /// The same for objects that nobody made yet.
    #[must_use]
    pub(super) fn planned(mut self) -> Self {
        self.is_plan = true;
        self
    }

    /// Takes the texts out of an object; what was found in them is in `found`.
    pub(super) fn search(&mut self, name: &str, kind: Option<Kind>, object: &mut Object) {
        let searcher = self.searcher.as_ref();
        self.found = searcher.map(|searcher| searcher.search(&self.cluster, name, kind, object)).unwrap_or_default();
        object.data.secrets.retain(|name| !self.found.names.contains(name));
    }

    /// Says that a kind is read as a whole, so that what its objects make need not be reported beside them.
    pub(super) fn listed(&mut self, kind: Kind) {
        self.listed.insert(kind);
        self.waiting.retain(|one| one.owner != Some(kind));
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
        if !kind.resource().is_cluster_wide() && object.metadata.namespace.is_empty() {
            // Where `kubectl apply` puts a manifest that names no namespace.
            object.metadata.namespace = String::from("default");
        }
        self.search(kind.resource().short, Some(kind), &mut object);
        let evidence = self.evidence(location);
        match kind {
            Kind::ServiceAccount => self.service_account(object, evidence, out),
            Kind::Secret => self.secret(object, evidence, out),
            Kind::ConfigMap => self.config_map(object, evidence, out),
            Kind::Role | Kind::ClusterRole => self.role(kind, object, evidence, out),
            Kind::RoleBinding | Kind::ClusterRoleBinding => self.binding(kind, object, &evidence, out),
            Kind::CertificateRequest => {
                self.issued(&object, &evidence, out);
                out.extend(self.setting(kind, object, evidence));
            }
            Kind::Namespace
            | Kind::ValidatingWebhook
            | Kind::MutatingWebhook
            | Kind::ValidatingPolicy
            | Kind::MutatingPolicy => out.extend(self.setting(kind, object, evidence)),
            _ => self.workload(kind, object, evidence, out),
        }
        out.append(&mut self.found.exposures);
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

    /// Whether a kind was read as a whole.
    pub(super) fn is_listed(&self, kind: Kind) -> bool {
        self.listed.contains(&kind)
    }

    /// Evidence of what was seen at a place.
    pub(super) fn evidence(&self, location: Location) -> Evidence {
        Evidence { observed: self.observed, collector: self.collector.clone(), location }
    }

    pub(super) fn tracking(&mut self, since: Option<Timestamp>) {
        self.since = since.map_or_else(
            || Known::unknown(format!("ConfigMap kube-system/{TRACKING} has no date under 'since'")),
            Known::Value,
        );
    }
}

/// `namespace/name`, or the name of a cluster-wide object.
pub(super) fn qualified(metadata: &Metadata) -> String {
    if metadata.namespace.is_empty() {
        return metadata.name.clone();
    }
    format!("{}/{}", metadata.namespace, metadata.name)
}

pub(super) fn created(metadata: &Metadata) -> Known<Timestamp> {
    if metadata.created.is_empty() {
        return Known::unknown("the object has no creationTimestamp");
    }
    parse_timestamp(&metadata.created)
        .map_or_else(|_| Known::unknown("its creationTimestamp is not a time"), Known::Value)
}

/// Labels and annotations in one map; where both have a name the label counts, for a selector can rely on it.
pub(super) fn labels(mut labels: BTreeMap<String, String>, annotations: BTreeMap<String, String>) -> Labels {
    for (name, value) in annotations {
        labels.entry(name).or_insert(value);
    }
    labels.into_iter().collect()
}
