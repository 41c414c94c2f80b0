//! What else of a cluster decides what rights in it amount to, looked up once: its roles, what its namespaces let in, which
//! rules of a role count at all. Concludes nothing of anybody.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Tables;
use crate::access::kubernetes::{self, Admission, Around};
use crate::inventory::Inventory;
use crate::model::{AttributeName, Policy, PolicyLanguage, SettingKind, Urn, WorkloadKind};

/// By cluster, resource and name: namespace and service account.
type Runs<'a> = BTreeMap<(&'a str, &'static str, &'a str), Vec<(&'a str, &'a str)>>;

/// The clusters that were read.
pub(super) struct Clusters<'a> {
    inventory: &'a Inventory,
    tables: &'a Tables,
    /// By cluster and namespace.
    levels: BTreeMap<(&'a str, &'a str), Admission>,
    /// What the most open namespace of each cluster lets in.
    widest: BTreeMap<&'a str, Admission>,
    runs: Runs<'a>,
    /// Clusters with webhooks or policies that may refuse pods.
    guarded: BTreeSet<&'a str>,
    /// The minor version of each cluster's API server, the oldest of several.
    minors: BTreeMap<&'a str, u32>,
    /// By role.
    relevant: BTreeMap<&'a Urn, Vec<usize>>,
}

impl<'a> Clusters<'a> {
    pub(super) fn of(inventory: &'a Inventory, tables: &'a Tables) -> Self {
        let namespaces = inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesNamespace);
        let mut levels = BTreeMap::new();
        let mut widest: BTreeMap<&str, Admission> = BTreeMap::new();
        for one in namespaces {
            let level = match one.attributes.text(AttributeName::PodSecurity) {
                Some("privileged") => Admission::Open,
                Some("baseline" | "restricted") => Admission::Refused,
                // A level that is none is not enforced.
                _ => Admission::Unsaid,
            };
            levels.insert((one.tenant.as_str(), one.name.as_str()), level);
            let open = |level: Admission| match level {
                Admission::Open => 0,
                Admission::Unsaid => 1,
                Admission::Refused => 2,
            };
            let known = widest.entry(&one.tenant).or_insert(level);
            if open(level) < open(*known) {
                *known = level;
            }
        }
        let is_role = |one: &&Policy| one.language == PolicyLanguage::KubernetesRbac;
        let relevant = |one: &'a Policy| (&one.id, kubernetes::relevant_rules(one, &tables.kubernetes_capabilities));
        let roles: Vec<&Policy> = inventory.policies.iter().filter(is_role).collect();
        let relevant: Vec<_> = roles.into_par_iter().map(relevant).collect();
        let relevant = relevant.into_iter().collect();
        let guards = inventory.settings.iter().filter(|one| one.attributes.is(AttributeName::GuardsPods));
        let guarded = guards.map(|one| one.tenant.as_str()).collect();
        let minors = minors(inventory);
        Self { inventory, tables, levels, widest, runs: runs(inventory), guarded, minors, relevant }
    }

    fn runs(&self, cluster: &str, namespace: Option<&str>, resource: &str, name: &str) -> Vec<(String, String)> {
        let all = self.runs.get(&(cluster, resource, name)).into_iter().flatten();
        let here = all.filter(|(place, _)| namespace.is_none_or(|namespace| namespace == *place));
        here.map(|(place, account)| ((*place).to_owned(), (*account).to_owned())).collect()
    }

    /// The role of a name: as it was read, or as it always is.
    fn role(&self, id: &Urn) -> Option<&'a Policy> {
        self.inventory.policies.get(id).or_else(|| self.tables.kubernetes_bootstrap.role(id))
    }

    fn admission(&self, cluster: &str, namespace: Option<&str>) -> Admission {
        let level = match namespace {
            Some(namespace) => self.levels.get(&(cluster, namespace)),
            None => self.widest.get(cluster),
        };
        level.copied().unwrap_or(Admission::Unsaid)
    }

    /// Asks with all of this.
    pub(super) fn ask<R>(&self, question: impl FnOnce(&Around<'_>) -> R) -> R {
        let role = |id: &Urn| self.role(id);
        let is_there = |id: &Urn| self.inventory.settings.get(id).is_some();
        let admission = |cluster: &str, namespace: Option<&str>| self.admission(cluster, namespace);
        let relevant = |role: &Policy| self.relevant.get(&role.id).map(Vec::as_slice);
        let runs = |cluster: &str, namespace: Option<&str>, resource: &str, name: &str| {
            self.runs(cluster, namespace, resource, name)
        };
        let is_guarded = |cluster: &str| self.guarded.contains(cluster);
        let minor = |cluster: &str| self.minors.get(cluster).copied();
        question(&Around {
            role: &role,
            is_there: &is_there,
            admission: &admission,
            is_guarded: &is_guarded,
            minor: &minor,
            runs: &runs,
            relevant: &relevant,
        })
    }
}

/// The minor versions of API servers, such as 36 of `v1.36.2`: what an older one of several still allows can be done there.
fn minors(inventory: &Inventory) -> BTreeMap<&str, u32> {
    let mut minors = BTreeMap::new();
    for one in inventory.settings.iter() {
        let Some(version) = one.attributes.text(AttributeName::ServerVersion) else { continue };
        let Some(rest) = version.trim_start_matches('v').strip_prefix("1.") else { continue };
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
        if let Ok(minor) = digits.parse::<u32>() {
            minors.entry(one.tenant.as_str()).and_modify(|known: &mut u32| *known = minor.min(*known)).or_insert(minor);
        }
    }
    minors
}

/// What runs as which account and would run as what its object says anew: not what has finished, and no Job, of which the
/// template cannot be changed.
fn runs(inventory: &Inventory) -> Runs<'_> {
    let mut runs = Runs::new();
    for one in inventory.workloads.iter() {
        let resource = match one.kind {
            WorkloadKind::KubernetesPod if one.attributes.text(AttributeName::Rests).is_none() => "pods",
            WorkloadKind::KubernetesDeployment => "deployments",
            WorkloadKind::KubernetesReplicaSet => "replicasets",
            WorkloadKind::KubernetesReplicationController => "replicationcontrollers",
            WorkloadKind::KubernetesStatefulSet => "statefulsets",
            WorkloadKind::KubernetesDaemonSet => "daemonsets",
            WorkloadKind::KubernetesCronJob => "cronjobs",
            _ => continue,
        };
        let mut parts = one.id.as_str().splitn(4, '/').skip(1);
        let (Some(namespace), Some(name)) = (parts.next(), parts.nth(1)) else { continue };
        let accounts = one.runs_as.iter().filter_map(|account| account.as_str().rsplit('/').next());
        let accounts = accounts.map(|account| (namespace, account));
        runs.entry((&one.tenant, resource, name)).or_default().extend(accounts);
    }
    for node in inventory.settings.iter().filter(|one| one.kind == SettingKind::KubernetesNode) {
        let accounts = node.attributes.texts(AttributeName::PodsOf).iter().filter_map(|one| one.split_once('/'));
        runs.entry((&node.tenant, "nodes", &node.name)).or_default().extend(accounts);
    }
    runs
}
